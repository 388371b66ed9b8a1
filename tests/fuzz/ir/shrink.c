/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a failing program small: records become nothing, or a constant when others need their
 * value, as long as the program is valid and still fails; at the end what has become nothing is
 * taken out.
 */
#include "program.h"

#include <string.h>

static gboolean is_value_kind(char kind)
{
    return kind == 'V' || kind == 'B' || kind == 'W' || kind == 'N' || kind == 'Y' || kind == 'L';
}

static void renumber_word(uint32_t *word, uint32_t down, const uint32_t *map)
{
    if (*word != 0) { /* no value is the first record's: that is an insn_start */
        *word = map != NULL ? map[*word] : *word - down;
    }
}

void fz_renumber(QhIrRecord *record, uint32_t down, const uint32_t *map)
{
    const QhIrOpInfo *info = qh_ir_op_info(record->op);

    if (record->op == QH_IR_call) {
        uint32_t n_args = record->a < FZ_N_HELPERS ? fz_helpers[record->a].n_args : 0;
        if (n_args > 0) {
            renumber_word(&record->b, down, map);
        }
        if (n_args > 1) {
            renumber_word(&record->c, down, map);
        }
        return;
    }
    if (is_value_kind(info->a[0])) {
        renumber_word(&record->a, down, map);
    }
    if (is_value_kind(info->b[0])) {
        renumber_word(&record->b, down, map);
    }
    if (is_value_kind(info->c[0])) {
        renumber_word(&record->c, down, map);
    }
}

/* Whether all blocks pass, also each instruction by itself where that is promised. */
static gboolean is_valid(const FzProgram *program, const QhIrContext *context)
{
    for (uint32_t i = 0; i < program->n_blocks; i++) {
        const FzBlock *block = &program->block[i];
        g_autoptr(GError) error = NULL;
        if (!qh_ir_validate(context, block->records, block->n, &error)) {
            return FALSE;
        }
    }
    return TRUE;
}

typedef struct Shrink {
    FzProgram *program;
    FzProgram *attempt;
    const QhIrContext *context;
    gboolean (*fails)(const FzProgram *program, void *data);
    void *data;
} Shrink;

static gboolean keep_attempt(Shrink *shrink)
{
    if (!is_valid(shrink->attempt, shrink->context) ||
        !shrink->fails(shrink->attempt, shrink->data)) {
        return FALSE;
    }
    *shrink->program = *shrink->attempt;
    return TRUE;
}

static QhIrRecord nothing(void)
{
    return (QhIrRecord){.op = QH_IR_nop};
}

static QhIrRecord zero_of(const QhIrRecord *record)
{
    gboolean is_bool = (qh_ir_op_info(record->op)->attrs & QH_IR_A_BOOL) != 0;

    return (QhIrRecord){.op = QH_IR_const, .type = is_bool ? QH_TYPE_B1 : record->type};
}

/* Records @at to @at + @n of @which become nothing. */
static gboolean drop(Shrink *shrink, uint32_t which, uint32_t at, uint32_t n)
{
    FzBlock *block = &shrink->attempt->block[which];
    gboolean changed = FALSE;

    *shrink->attempt = *shrink->program;
    for (uint32_t i = at; i < at + n && i < block->n; i++) {
        if (!block->keep[i] && block->records[i].op != QH_IR_insn_start &&
            block->records[i].op != QH_IR_nop) {
            block->records[i] = nothing();
            changed = TRUE;
        }
    }
    return changed && keep_attempt(shrink);
}

static gboolean make_zero(Shrink *shrink, uint32_t which, uint32_t at)
{
    const QhIrRecord *record = &shrink->program->block[which].records[at];

    if (record->op == QH_IR_const || shrink->program->block[which].keep[at] ||
        !(qh_ir_op_info(record->op)->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL))) {
        return FALSE;
    }
    *shrink->attempt = *shrink->program;
    shrink->attempt->block[which].records[at] = zero_of(record);
    if (at > 0 && record->op == QH_IR_cas) {
        shrink->attempt->block[which].records[at - 1] = nothing();
    }
    return keep_attempt(shrink);
}

/* The block ends the program at once; so does what only it leads to. */
static gboolean empty_block(Shrink *shrink, uint32_t which)
{
    FzBlock *block = &shrink->attempt->block[which];

    *shrink->attempt = *shrink->program;
    if (block->n == 2) {
        return FALSE;
    }
    block->records[0] = (QhIrRecord){.op = QH_IR_insn_start};
    block->records[1] = (QhIrRecord){.op = QH_IR_exit_pc, .b = FZ_HALT};
    block->n = 2;
    block->n_insns = 1;
    block->insn_at[1] = 2;
    return keep_attempt(shrink);
}

static gboolean zero_state(Shrink *shrink, uint32_t at)
{
    static const uint8_t zeros[8];
    uint32_t base = (TOY_X + 9) * 8; /* x9 and x10 keep the program going */

    if (at == base || at == base + 8 || memcmp(shrink->program->state + at, zeros, 8) == 0) {
        return FALSE;
    }
    *shrink->attempt = *shrink->program;
    memset(shrink->attempt->state + at, 0, 8);
    return keep_attempt(shrink);
}

static gboolean one_pass(Shrink *shrink)
{
    gboolean changed = FALSE;

    for (uint32_t i = 0; i < shrink->program->n_blocks; i++) {
        changed |= empty_block(shrink, i);
        for (uint32_t n = 32; n > 0; n /= 2) {
            for (uint32_t at = 1; at < shrink->program->block[i].n; at += n) {
                changed |= drop(shrink, i, at, n);
            }
        }
        for (uint32_t at = shrink->program->block[i].n; at-- > 1;) {
            changed |= make_zero(shrink, i, at);
        }
    }
    for (uint32_t at = 0; at + 8 <= sizeof(shrink->program->state); at += 8) {
        changed |= zero_state(shrink, at);
    }
    return changed;
}

static void squeeze(FzBlock *block)
{
    uint32_t map[FZ_RECORDS + 1] = {0}, n = 0, insn = 0;

    for (uint32_t i = 0; i < block->n; i++) {
        map[i] = n;
        n += block->records[i].op != QH_IR_nop;
    }
    for (uint32_t i = 0; i < block->n; i++) {
        QhIrRecord record = block->records[i];
        if (record.op == QH_IR_insn_start) {
            block->insn_at[insn++] = (uint16_t)map[i];
        }
        if (record.op != QH_IR_nop) {
            fz_renumber(&record, 0, map);
            block->keep[map[i]] = block->keep[i];
            block->records[map[i]] = record;
        }
    }
    block->n = n;
    block->insn_at[insn] = (uint16_t)n;
}

void fz_shrink(FzProgram *program,
               const QhIrContext *context,
               gboolean (*fails)(const FzProgram *program, void *data),
               void *data)
{
    g_autofree FzProgram *attempt = g_new(FzProgram, 1);
    Shrink shrink = {program, attempt, context, fails, data};

    for (uint32_t pass = 0; pass < 4 && one_pass(&shrink); pass++) {
    }
    *attempt = *program;
    for (uint32_t i = 0; i < attempt->n_blocks; i++) {
        squeeze(&attempt->block[i]);
    }
    keep_attempt(&shrink);
}
