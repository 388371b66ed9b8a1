/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constants and identities. Goes over the records once, front to back, and changes them in place: a
 * record keeps its number and its value, and becomes `const`, `mov`, or the same operation on
 * earlier values. Operands are resolved first, so that a `mov` costs its users nothing.
 */
#include "core/jit/backend/x86_64/fold.h"

typedef struct Fold {
    const QhT1Source *source;
    QhIrRecord *records;
} Fold;

static gboolean is_int(uint32_t type)
{
    return type == QH_TYPE_I32 || type == QH_TYPE_I64 || type == QH_TYPE_B1;
}

static uint32_t width_of(uint32_t type)
{
    return type == QH_TYPE_I64 ? 64 : type == QH_TYPE_I32 ? 32 : 1;
}

static uint64_t ones_of(uint32_t type)
{
    return type == QH_TYPE_I64 ? UINT64_MAX : type == QH_TYPE_I32 ? UINT32_MAX : 1;
}

static gboolean constant(const Fold *fold, uint32_t value, uint64_t *ret_bits)
{
    const QhIrRecord *record = &fold->records[value];

    if (record->op != QH_IR_const || !is_int(record->type)) {
        return FALSE;
    }
    *ret_bits = (record->b | (uint64_t)record->c << 32) & ones_of(record->type);
    return TRUE;
}

static void become_const(QhIrRecord *record, uint32_t type, uint64_t bits)
{
    *record = (QhIrRecord){
        .op = QH_IR_const, .type = (uint8_t)type, .b = (uint32_t)bits, .c = (uint32_t)(bits >> 32)};
}

static void become_mov(QhIrRecord *record, uint32_t type, uint32_t value)
{
    *record = (QhIrRecord){.op = QH_IR_mov, .type = (uint8_t)type, .a = value};
}

static uint32_t result_type(const QhIrRecord *record)
{
    return qh_ir_ops[record->op].attrs & QH_IR_A_BOOL ? QH_TYPE_B1 : record->type;
}

/* The value itself, behind mov. */
static uint32_t resolve(const Fold *fold, uint32_t value)
{
    while (fold->records[value].op == QH_IR_mov) {
        value = fold->records[value].a;
    }
    return value;
}

static void resolve_operands(const Fold *fold, QhIrRecord *record)
{
    uint32_t values = qh_ir_ops[record->op].values;

    if (record->op == QH_IR_ext || record->op == QH_IR_call) {
        return; /* not all their words are values */
    }
    if (values & 1) {
        record->a = resolve(fold, record->a);
    }
    if (values & 2) {
        record->b = resolve(fold, record->b);
    }
    if (values & 4) {
        record->c = resolve(fold, record->c);
    }
}

/* A constant result. */
static gboolean fold_const(const Fold *fold, QhIrRecord *record)
{
    const uint32_t operands[] = {record->a, record->b, record->c};
    uint32_t kinds = qh_ir_ops[record->op].values;
    uint64_t values[3] = {0}, result;

    for (uint32_t i = 0; i < 3; i++) {
        if ((kinds >> i & 1) && !constant(fold, operands[i], &values[i])) {
            return FALSE;
        }
    }
    if (!qh_t1_fold_evaluate(record, values, &result)) {
        return FALSE;
    }
    become_const(record, result_type(record), result);
    return TRUE;
}

static gboolean commutes(uint32_t op)
{
    switch (op) {
    case QH_IR_add:
    case QH_IR_mul:
    case QH_IR_and:
    case QH_IR_or:
    case QH_IR_xor:
    case QH_IR_xnor:
        return TRUE;
    default:
        return FALSE;
    }
}

/* x op b with a constant b. */
static gboolean with_const(QhIrRecord *record, uint64_t b)
{
    uint32_t type = record->type;
    gboolean all = b == ones_of(type);

    switch (record->op) {
    case QH_IR_add:
    case QH_IR_sub:
    case QH_IR_xor:
    case QH_IR_rol:
    case QH_IR_ror:
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
        if (b != 0) {
            return FALSE;
        }
        become_mov(record, type, record->a);
        return TRUE;
    case QH_IR_or:
    case QH_IR_and:
        if (b != 0 && !all) {
            return FALSE;
        }
        if ((b == 0) == (record->op == QH_IR_or)) {
            become_mov(record, type, record->a);
        } else {
            become_const(record, type, b);
        }
        return TRUE;
    case QH_IR_andn:
        if (b != 0) {
            return FALSE;
        }
        become_mov(record, type, record->a);
        return TRUE;
    case QH_IR_mul:
        if (b > 1) {
            return FALSE;
        }
        if (b == 0) {
            become_const(record, type, 0);
        } else {
            become_mov(record, type, record->a);
        }
        return TRUE;
    default:
        return FALSE;
    }
}

/* x op x */
static gboolean with_itself(QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_sub:
    case QH_IR_xor:
    case QH_IR_andn:
        become_const(record, record->type, 0);
        return TRUE;
    case QH_IR_and:
    case QH_IR_or:
    case QH_IR_minu:
    case QH_IR_maxu:
    case QH_IR_mins:
    case QH_IR_maxs:
        become_mov(record, record->type, record->a);
        return TRUE;
    case QH_IR_cmp:
        become_const(record, QH_TYPE_B1,
                     record->flags == QH_COND_EQ || record->flags == QH_COND_GE ||
                         record->flags == QH_COND_LE || record->flags == QH_COND_GEU ||
                         record->flags == QH_COND_LEU);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean fold_binary(const Fold *fold, QhIrRecord *record)
{
    uint64_t bits;
    uint32_t swap;

    if (commutes(record->op) && constant(fold, record->a, &bits)) {
        swap = record->a;
        record->a = record->b;
        record->b = swap;
    }
    if (constant(fold, record->b, &bits)) {
        return with_const(record, bits);
    }
    return record->a == record->b && with_itself(record);
}

/* What a part is taken of: bits @at and following, sign- or zero-extended. */
typedef struct Part {
    uint32_t value, at, length;
    gboolean is_signed;
} Part;

/* @record as a part of a 64- or 32-bit word. */
static gboolean as_part(const QhIrRecord *record, Part *ret_part)
{
    *ret_part = (Part){.value = record->a};
    switch (record->op) {
    case QH_IR_ext8s:
    case QH_IR_ext16s:
    case QH_IR_ext32s:
        ret_part->length = 8u << (record->op - QH_IR_ext8s);
        ret_part->is_signed = TRUE;
        return TRUE;
    case QH_IR_ext8u:
    case QH_IR_ext16u:
    case QH_IR_ext32u:
        ret_part->length = 8u << (record->op - QH_IR_ext8u);
        return TRUE;
    case QH_IR_extractu:
    case QH_IR_extracts:
        ret_part->at = record->b;
        ret_part->length = record->c;
        ret_part->is_signed = record->op == QH_IR_extracts;
        return TRUE;
    default:
        return FALSE;
    }
}

static void become_part(QhIrRecord *record, const Part *part)
{
    *record = (QhIrRecord){.op = part->is_signed ? QH_IR_extracts : QH_IR_extractu,
                           .type = record->type,
                           .a = part->value,
                           .b = part->at,
                           .c = part->length};
}

/* Whether @value is its own low @length bits, extended. */
static gboolean is_extended(const Fold *fold, uint32_t value, uint32_t length, gboolean is_signed)
{
    const QhIrRecord *record = &fold->records[value];
    uint32_t bits, memop = record->b;
    Part part;

    if (record->op == QH_IR_bool2int) {
        return length > 1 || !is_signed;
    }
    if (record->op == QH_IR_sext) {
        return is_signed && length >= 32;
    }
    if (record->op == QH_IR_zext) {
        return length > 32 || (!is_signed && length == 32);
    }
    if (record->op == QH_IR_ld) {
        bits = 8u << (memop & QH_MEM_SIZE_MASK);
        part = (Part){.length = bits, .is_signed = (memop & QH_MEM_SIGNED) != 0};
    } else if (!as_part(record, &part)) {
        return FALSE;
    }
    return part.is_signed ? is_signed && part.length <= length
                          : part.length < length || (part.length == length && !is_signed);
}

/* A part of a shifted word, and a part of a part, are parts of the word. */
static gboolean fold_part(const Fold *fold, QhIrRecord *record)
{
    const QhIrRecord *from = &fold->records[record->a];
    Part outer, inner;
    uint64_t count;

    if (!as_part(record, &outer)) {
        return FALSE;
    }
    if (outer.length == width_of(record->type) ||
        (outer.at == 0 && is_extended(fold, record->a, outer.length, outer.is_signed))) {
        become_mov(record, record->type, record->a);
        return TRUE;
    }
    if (from->type != record->type) {
        return FALSE;
    }
    if (from->op == QH_IR_shl && constant(fold, from->b, &count) && count <= outer.at) {
        outer.value = from->a;
        outer.at -= (uint32_t)count;
        become_part(record, &outer);
        return TRUE;
    }
    if (as_part(from, &inner) && outer.at + outer.length <= inner.length) {
        outer.value = inner.value;
        outer.at += inner.at;
        become_part(record, &outer);
        return TRUE;
    }
    return FALSE;
}

/* Conversions there and back. */
static gboolean fold_convert(const Fold *fold, QhIrRecord *record)
{
    const QhIrRecord *from = &fold->records[record->a];

    switch (record->op) {
    case QH_IR_trunc:
        if (from->op == QH_IR_sext || from->op == QH_IR_zext) {
            become_mov(record, QH_TYPE_I32, from->a);
            return TRUE;
        }
        if (from->op == QH_IR_ext32s || from->op == QH_IR_ext32u) {
            record->a = from->a;
        }
        return FALSE;
    case QH_IR_sext:
    case QH_IR_zext:
        if (from->op != QH_IR_trunc) {
            return FALSE;
        }
        record->op = record->op == QH_IR_sext ? QH_IR_ext32s : QH_IR_ext32u;
        record->a = from->a;
        return FALSE; /* which may be simpler still */
    case QH_IR_int2bool:
        if (from->op == QH_IR_bool2int) {
            become_mov(record, QH_TYPE_B1, from->a);
            return TRUE;
        }
        return FALSE;
    default:
        return FALSE;
    }
}

/* A truth value that was made a number is compared with 0. */
static gboolean fold_compare(const Fold *fold, QhIrRecord *record)
{
    const QhIrRecord *from = &fold->records[record->a];
    uint64_t bits;

    if (record->op != QH_IR_cmp || from->op != QH_IR_bool2int ||
        !constant(fold, record->b, &bits) || bits != 0 || record->flags > QH_COND_NE) {
        return FALSE;
    }
    if (record->flags == QH_COND_NE) {
        become_mov(record, QH_TYPE_B1, from->a);
    } else {
        *record = (QhIrRecord){.op = QH_IR_not, .type = QH_TYPE_B1, .a = from->a};
    }
    return TRUE;
}

static void fold_branch(const Fold *fold, QhIrRecord *record)
{
    const QhIrRecord *from = &fold->records[record->a];

    if (from->op == QH_IR_not) {
        record->a = from->a;
        record->flags ^= 1;
    }
}

/* The bits of an f32 with nothing above them need not go through a general register: flag 1. */
static void fold_concat(const Fold *fold, QhIrRecord *record)
{
    const QhIrRecord *low = &fold->records[record->a];
    uint64_t high;

    if (low->op == QH_IR_zext && constant(fold, record->b, &high) && high == 0 &&
        fold->records[low->a].op == QH_IR_f2bits) {
        record->flags = 1;
        record->a = fold->records[low->a].a;
    }
}

static void fold_record(const Fold *fold, QhIrRecord *record)
{
    const QhIrOp *op = &qh_ir_ops[record->op];
    uint64_t bits = 0;

    resolve_operands(fold, record);
    if (record->op == QH_IR_brc) {
        fold_branch(fold, record);
        return;
    }
    if (record->op == QH_IR_concat128) {
        fold_concat(fold, record);
        return;
    }
    if (record->op == QH_IR_select &&
        (record->b == record->c || constant(fold, record->a, &bits))) {
        become_mov(record, record->type,
                   record->b == record->c || bits != 0 ? record->b : record->c);
        return;
    }
    if (record->op < QH_IR_add || record->op > QH_IR_int2bool || !is_int(record->type) ||
        fold_const(fold, record) || fold_convert(fold, record)) {
        return;
    }
    if (op->kinds[1] == QH_IR_KIND_V && op->kinds[2] == QH_IR_KIND__) {
        if (!fold_binary(fold, record)) {
            fold_compare(fold, record);
        }
        return;
    }
    while (fold_part(fold, record)) {
        if (record->op == QH_IR_mov) {
            return;
        }
    }
}

void qh_t1_fold(QhT1Source *source)
{
    Fold fold = {source, source->records};

    for (uint32_t i = 0; i < source->n_blocks; i++) {
        const QhT1Block *block = &source->blocks[i];
        for (uint32_t k = block->first; k < block->first + block->n_records; k++) {
            fold_record(&fold, &source->records[k]);
        }
    }
}
