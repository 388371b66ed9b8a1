/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IR validator, and T0 on whatever passes it. The first eight bytes name a program of ir/, the
 * others change its records: index, member, value. What is still valid runs twice from the same
 * state, with everything merged that lowering can merge and with nothing merged; both must leave
 * the same.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define EDIT_BYTES 4u

/* Nothing is merged in the first. */
static FzMachine *plain, *merged;

/* One change; @edit is EDIT_BYTES long. */
static void change(FzBlock *block, const uint8_t *edit)
{
    QhIrRecord *record = &block->records[edit[0] % block->n];
    uint32_t value = edit[2] < 0xf0 ? edit[2] : UINT32_MAX - edit[2] + 0xf0 + edit[3] * 0x1010101u;

    switch (edit[1] % 6) {
    case 0:
        record->op = (uint16_t)value;
        break;
    case 1:
        record->type = (uint8_t)(edit[3] & 1 ? value : value % (QH_TYPE_V128 + 1));
        break;
    case 2:
        record->flags = (uint8_t)value;
        break;
    case 3:
        record->a = edit[3] & 1 ? value : (uint32_t)(record - block->records) - edit[2] % 8;
        break;
    case 4:
        record->b = edit[3] & 1 ? value : (uint32_t)(record - block->records) - edit[2] % 8;
        break;
    default:
        record->c = value;
        break;
    }
}

/* Whether it reads what belongs to the host: there the two machines are not the same. */
static gboolean looks_outside(const FzBlock *block)
{
    for (uint32_t i = 0; i < block->n; i++) {
        const QhIrRecord *record = &block->records[i];
        if ((record->op == QH_IR_ld_state &&
             (record->a < FZ_STATE_FROM || record->a + 16 > FZ_STATE_END)) ||
            (record->op == QH_IR_get_slot && record->a == TOY_HOST)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void check(const FzProgram *program)
{
    const QhIrContext *context = fz_context(plain);
    const FzBlock *block = &program->block[0];
    g_autofree char *text = qh_ir_dump(context, block->records, block->n);
    g_autofree char *why = NULL;
    g_autoptr(GError) error = NULL;

    if (!qh_ir_validate(context, block->records, block->n, &error)) {
        g_assert_nonnull(error);
        return;
    }
    if (looks_outside(block)) {
        return;
    }
    fz_run_block(plain, program);
    fz_run_block(merged, program);
    why = fz_compare(plain, merged);
    if (why != NULL) {
        g_error("merged and plain code differ: %s\n%s", why, text);
    }
}

static void free_machines(void)
{
    fz_machine_free(plain);
    fz_machine_free(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static FzProgram program;
    uint64_t index;

    if (plain == NULL) {
        QhEngineOptions options;
        qh_engine_options_init(&options);
        options.backend = QH_BACKEND_INTERP;
        plain = fz_machine_new(0, &options, TRUE);
        merged = fz_machine_new(0, &options, FALSE);
        atexit(free_machines);
    }
    if (bytes < sizeof(index)) {
        return 0;
    }
    memcpy(&index, data, sizeof(index));
    fz_generate(&program, 1, index);
    for (size_t at = sizeof(index); at + EDIT_BYTES <= bytes; at += EDIT_BYTES) {
        change(&program.block[0], data + at);
    }
    check(&program);
    return 0;
}
