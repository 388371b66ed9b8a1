/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a unit was, as text: the state before and after both runs by slot, the code, the log, the
 * memory that differs.
 */
#include "core/jit/lockstep-priv.h"

#include <string.h>

#define X64 "0x%" G_GINT64_MODIFIER "x"

static void add_value(GString *text, const uint8_t *state, const QhStateField *field)
{
    uint32_t bytes = qh_ir_type_bytes(field->type) * MAX(field->count, 1);

    g_string_append(text, " ");
    for (uint32_t i = bytes; i-- > 0;) {
        g_string_append_printf(text, "%02x", state[field->offset + i]);
    }
}

/* All slots that are not zero, or differ: before, compiled, interpreted. */
static void add_state(GString *text, const QhLockstep *lockstep)
{
    static const uint8_t zeros[16];
    const QhStateTable *table = lockstep->jit->cpu_ops->state;
    uint32_t state_size = lockstep->jit->cpu_ops->state_size;
    const uint8_t *now = (const uint8_t *)qh_jit_state(lockstep->jit);
    const QhCpu *cpus[] = {(const QhCpu *)lockstep->before, (const QhCpu *)lockstep->compiled,
                           (const QhCpu *)now};

    g_string_append(text, "# state: before, compiled, interpreted\n");
    for (uint32_t i = 0; i < G_N_ELEMENTS(cpus); i++) {
        g_string_append_printf(
            text,
            "cpu pc " X64 " key " X64 " icount %" G_GUINT64_FORMAT " fp_flags 0x%x halted %u\n",
            cpus[i]->pc, cpus[i]->state_key, cpus[i]->icount, cpus[i]->fp_flags, cpus[i]->halted);
    }
    for (uint32_t i = 0; i < table->n_fields; i++) {
        const QhStateField *field = qh_ir_slot(table, i);
        uint32_t bytes = qh_ir_type_bytes(field->type) * MAX(field->count, 1);
        gboolean differs;
        if (field->offset > state_size || bytes > state_size - field->offset) {
            continue; /* no slot */
        }
        differs = memcmp(now + field->offset, lockstep->compiled + field->offset, bytes) != 0;
        if (bytes <= 16 && !differs && memcmp(now + field->offset, zeros, bytes) == 0 &&
            memcmp(lockstep->before + field->offset, zeros, bytes) == 0) {
            continue;
        }
        g_string_append_printf(text, "%s %s", differs ? "DIFFERS" : "slot", field->name);
        add_value(text, lockstep->before, field);
        add_value(text, lockstep->compiled, field);
        add_value(text, now, field);
        g_string_append(text, "\n");
    }
}

static void add_block(GString *text, const QhLockstep *lockstep, const QhCodeKey *key)
{
    const QhTranslatorOps *ops = lockstep->jit->engine->cluster->translator_ops;
    void *ctx = lockstep->jit->engine->cluster->translator_slot.ctx;
    uint8_t code[256];
    uint32_t at = 0, bytes = sizeof(code), length = 1;

    g_string_append_printf(text, "block pc " X64 " ram " X64 " key " X64 " flags %u\n", key->pc,
                           key->ram_address, key->state_key, key->flags);
    bytes = MIN(bytes, 4096u - (uint32_t)(key->pc & 4095));
    if (!qh_vcpu_debug_read(lockstep->jit->vcpu, key->pc, code, bytes)) {
        return;
    }
    for (uint32_t i = 0; i < 24 && at < bytes && length > 0 && ops->disassemble != NULL; i++) {
        g_autofree char *line =
            ops->disassemble(ctx, key->pc + at, key->state_key, code + at, bytes - at, &length);
        g_string_append_printf(text, "  " X64 ":", key->pc + at);
        for (uint32_t k = 0; k < length && at + k < bytes; k++) {
            g_string_append_printf(text, " %02x", code[at + k]);
        }
        g_string_append_printf(text, "  %s\n", line);
        at += length;
        if (key->flags & QH_CODE_SINGLE) {
            break;
        }
    }
}

static void add_events(GString *text, const QhLockstep *lockstep)
{
    const QhTranslatorOps *ops = lockstep->jit->engine->cluster->translator_ops;

    for (guint i = 0; i < lockstep->events->len; i++) {
        const QhLockstepEvent *event = &g_array_index(lockstep->events, QhLockstepEvent, i);
        if (event->kind == QH_EVENT_HELPER) {
            const QhHelper *helper = qh_ir_helper(ops, event->helper);
            g_string_append_printf(text, "call %s", helper->name);
            for (uint32_t k = 0; k < helper->n_args; k++) {
                g_string_append_printf(text, " " X64, event->args[k][0]);
            }
            g_string_append_printf(text, " -> " X64 ", %u words of state, %u of memory\n",
                                   event->value[0], event->n_deltas, event->n_ranges);
        } else {
            g_string_append_printf(text, "%s offset " X64 " %u bytes " X64 " status %u\n",
                                   event->kind == QH_EVENT_READ ? "read" : "write", event->offset,
                                   event->helper, event->value[0], event->status);
        }
    }
}

static void add_memory(GString *text, const QhLockstep *lockstep)
{
    for (uint32_t i = 0; i < lockstep->n_pages; i++) {
        const QhLockstepPage *page = &lockstep->pages[i];
        const uint8_t *now = page->ram->host + page->offset;
        uint32_t shown = 0;
        g_string_append_printf(text, "page %s + " X64 "\n", page->ram->name, page->offset);
        for (uint32_t at = 0; at < 4096 && shown < 16; at++) {
            if (now[at] != page->copy[at]) {
                shown++;
                g_string_append_printf(text, "DIFFERS byte 0x%x compiled %02x interpreted %02x\n",
                                       at, page->copy[at], now[at]);
            }
        }
    }
}

char *qh_lockstep_report(const QhLockstep *lockstep, uint32_t left, uint64_t n_insns)
{
    GString *text = g_string_new("# compiled code and the interpreter came to different ends\n");

    g_string_append_printf(text,
                           "# %s\nunit %" G_GUINT64_FORMAT " of CPU %u: %" G_GUINT64_FORMAT
                           " instructions, left %u\n",
                           lockstep->difference, lockstep->stats.n_units,
                           qh_jit_state(lockstep->jit)->index, n_insns, left);
    add_state(text, lockstep);
    g_string_append(text, "# what the interpreter ran\n");
    for (guint i = 0; i < lockstep->blocks->len; i++) {
        add_block(text, lockstep, &g_array_index(lockstep->blocks, QhCodeKey, i));
    }
    g_string_append(text, "# what came from outside\n");
    add_events(text, lockstep);
    g_string_append(text, "# pages that were written\n");
    add_memory(text, lockstep);
    return g_string_free(text, FALSE);
}
