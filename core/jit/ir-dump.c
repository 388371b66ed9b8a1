/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of `-d ir`: "  7 add.i64 %5, %6", flags in braces, names of slots and helpers. */
#include "core/jit/ir.h"

#include <inttypes.h>

static void dump_slot(GString *text, const QhIrContext *context, uint32_t slot)
{
    const QhStateField *field = qh_ir_slot(context->state, slot);

    if (field != NULL) {
        g_string_append(text, field->name);
    } else {
        g_string_append_printf(text, "slot%u", slot);
    }
}

static void dump_memop(GString *text, uint32_t memop)
{
    g_string_append_printf(text, "[%u%s%s%s%s%s mmu%u]", 8u << (memop & QH_MEM_SIZE_MASK),
                           memop & QH_MEM_SIGNED ? "s" : "u", memop & QH_MEM_BE ? " be" : "",
                           memop & QH_MEM_ALIGN ? " align" : "",
                           memop & QH_MEM_ACQUIRE ? " acq" : "",
                           memop & QH_MEM_RELEASE ? " rel" : "", QH_MEM_INDEX_OF(memop));
}

static void dump_operand(GString *text, const QhIrContext *context, char kind, uint32_t word)
{
    const QhHelper *helper;

    switch (kind) {
    case 'S':
        dump_slot(text, context, word);
        break;
    case 'T':
        g_string_append_printf(text, "local%u", word);
        break;
    case 'L':
        g_string_append_printf(text, "label %u", word);
        break;
    case 'X':
        g_string_append_printf(text, "0x%x", word);
        break;
    case 'O':
        dump_memop(text, word);
        break;
    case 'H':
        helper = qh_ir_helper(context->translator, word);
        g_string_append(text, helper != NULL ? helper->name : "?");
        break;
    default:
        g_string_append_printf(text, "%%%u", word);
        break;
    }
}

/* Operations whose immediates are one 64-bit number. */
static gboolean dump_wide(GString *text, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_const:
    case QH_IR_const_pc:
    case QH_IR_exit_pc:
    case QH_IR_exit_state:
        g_string_append_printf(text, " 0x%" PRIx64, record->b | (uint64_t)record->c << 32);
        return TRUE;
    default:
        return FALSE;
    }
}

static void dump_record(GString *text, const QhIrContext *context, const QhIrRecord *record)
{
    const QhIrOpInfo *info = qh_ir_op_info(record->op);
    const uint32_t words[] = {record->a, record->b, record->c};
    const char *separator = " ";

    if (info == NULL) {
        g_string_append_printf(text, "op0x%x", record->op);
        return;
    }
    g_string_append(text, info->name);
    if (record->type != QH_TYPE_NONE) {
        g_string_append_printf(text, ".%s", qh_ir_type_name(record->type));
    }
    if (record->flags != 0) {
        g_string_append_printf(text, "{%u}", record->flags);
    }
    if (dump_wide(text, record)) {
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        char kind = (i == 0 ? info->a : i == 1 ? info->b : info->c)[0];
        if (kind != '_' && (kind != 'Y' || words[i] != 0)) {
            g_string_append(text, separator);
            dump_operand(text, context, kind, words[i]);
            separator = ", ";
        }
    }
}

char *qh_ir_dump(const QhIrContext *context, const QhIrRecord *records, uint32_t n)
{
    GString *text = g_string_new(NULL);

    for (uint32_t i = 0; i < n; i++) {
        g_string_append_printf(text, "%4u ", i);
        dump_record(text, context, &records[i]);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
