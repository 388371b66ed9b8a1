/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate between modules and the engine: after it, records index arrays, offsets and functions
 * without a further look. One pass; each record is checked against its row of ir-ops.def first
 * (types, kinds of operands), then against the rules that only its operation has.
 */
#include "core/jit/ir.h"

#include <stdarg.h>

typedef struct Checker {
    const QhIrContext *context;
    const QhIrRecord *records;
    uint8_t *types; /* of the values of the records before i; QH_TYPE_NONE: no value */
    uint32_t n;
    uint32_t i;     /* the record under check */
    uint32_t first; /* values before it are out of reach: the last label */
    uint32_t n_ext; /* ext records directly before i */
    gboolean lazy;  /* the lazy slots are in order */
    uint8_t local_types[QH_IR_MAX_LOCALS];
    GError **error;
} Checker;

G_GNUC_PRINTF(2, 3)
G_GNUC_NO_INLINE
static gboolean fail(Checker *check, const char *format, ...)
{
    const QhIrOpInfo *info = qh_ir_op_info(check->records[check->i].op);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(check->error, QH_ERROR, QH_ERROR_INVALID, "ir record %u (%s): %s", check->i,
                info != NULL ? info->name : "unknown", text);
    return FALSE;
}

static gboolean is_int(uint32_t type)
{
    return type == QH_TYPE_I32 || type == QH_TYPE_I64;
}

static gboolean is_float(uint32_t type)
{
    return type == QH_TYPE_F32 || type == QH_TYPE_F64;
}

static gboolean is_vector(uint32_t type)
{
    return type == QH_TYPE_V64 || type == QH_TYPE_V128;
}

/* Whether @word names a value of @type, which is not none. */
static inline gboolean is_value_of(const Checker *check, uint32_t word, uint32_t type)
{
    return word - check->first < check->i - check->first && check->types[word] == type;
}

static const char *const operand_names[] = {"a", "b", "c"};

static gboolean check_reach(Checker *check, const char *what, uint32_t value)
{
    if (value >= check->i) {
        return fail(check, "operand %s: value %u is not defined before it", what, value);
    }
    if (value < check->first) {
        return fail(check, "operand %s: value %u lies before label %u", what, value, check->first);
    }
    if (check->types[value] == QH_TYPE_NONE) {
        return fail(check, "operand %s: record %u makes no value", what, value);
    }
    return TRUE;
}

static gboolean check_value(Checker *check, const char *what, uint32_t value, uint32_t type)
{
    if (!check_reach(check, what, value)) {
        return FALSE;
    }
    if (check->types[value] != type) {
        return fail(check, "operand %s: value %u is %s, not %s", what, value,
                    qh_ir_type_name(check->types[value]), qh_ir_type_name(type));
    }
    return TRUE;
}

static gboolean check_label(Checker *check, const char *what, uint32_t label)
{
    if (label >= check->n || check->records[label].op != QH_IR_label) {
        return fail(check, "operand %s: record %u is no label", what, label);
    }
    return TRUE;
}

static gboolean check_slot(Checker *check, uint32_t slot)
{
    const QhIrRecord *record = &check->records[check->i];
    const QhStateField *field = qh_ir_slot(check->context->state, slot);

    if (field == NULL) {
        return fail(check, "slot %u of %u", slot, check->context->state->n_fields);
    }
    if (field->count > 1) {
        return fail(check, "slot %u (%s) is an array", slot, field->name);
    }
    if (field->type != record->type || qh_ir_type_bytes(record->type) < 4) {
        return fail(check, "slot %u (%s) is %s, not %s", slot, field->name,
                    qh_ir_type_name(field->type), qh_ir_type_name(record->type));
    }
    if (field->offset > check->context->state_size ||
        qh_ir_type_bytes(field->type) > check->context->state_size - field->offset) {
        return fail(check, "slot %u (%s) lies outside the state", slot, field->name);
    }
    if (record->op == QH_IR_set_slot && field->offset < offsetof(QhCpu, pc)) {
        return fail(check, "slot %u (%s) belongs to the host", slot, field->name);
    }
    return TRUE;
}

static gboolean check_local(Checker *check, uint32_t local)
{
    uint32_t type = check->records[check->i].type;

    if (local >= QH_IR_MAX_LOCALS) {
        return fail(check, "local %u of %u", local, QH_IR_MAX_LOCALS);
    }
    if (check->local_types[local] != QH_TYPE_NONE && check->local_types[local] != type) {
        return fail(check, "local %u is %s, not %s", local,
                    qh_ir_type_name(check->local_types[local]), qh_ir_type_name(type));
    }
    check->local_types[local] = (uint8_t)type;
    return TRUE;
}

static gboolean check_memop_size(Checker *check, uint32_t memop)
{
    const QhIrRecord *record = &check->records[check->i];
    uint32_t bytes = 1u << (memop & QH_MEM_SIZE_MASK);

    if ((memop & QH_MEM_SIZE_MASK) > QH_MEM_128) {
        return fail(check, "memop 0x%x: no such size", memop);
    }
    if (record->op == QH_IR_prefetch) {
        return TRUE;
    }
    if (is_int(record->type)) {
        if (bytes > qh_ir_type_bytes(record->type)) {
            return fail(check, "memop 0x%x: %u bytes do not fit in %s", memop, bytes,
                        qh_ir_type_name(record->type));
        }
        return TRUE;
    }
    if (bytes != qh_ir_type_bytes(record->type)) {
        return fail(check, "memop 0x%x: %u bytes for a %s", memop, bytes,
                    qh_ir_type_name(record->type));
    }
    if (memop & QH_MEM_SIGNED) {
        return fail(check, "memop 0x%x: sign extension of a %s", memop,
                    qh_ir_type_name(record->type));
    }
    return TRUE;
}

static gboolean check_memop(Checker *check, uint32_t memop)
{
    const uint32_t known = QH_MEM_SIZE_MASK | QH_MEM_SIGNED | QH_MEM_BE | QH_MEM_ALIGN_MASK |
                           QH_MEM_SEQ | QH_MEM_ATOMIC_BYTE | QH_MEM_AS_WRITE | QH_MEM_INDEX(15);

    if ((memop & ~known) != 0 || (memop & QH_MEM_ALIGN_MASK) > QH_MEM_ALIGN) {
        return fail(check, "memop 0x%x has unknown bits", memop);
    }
    if (QH_MEM_INDEX_OF(memop) >= check->context->n_mmu_indices) {
        return fail(check, "memop 0x%x: mmu index %u of %u", memop, QH_MEM_INDEX_OF(memop),
                    check->context->n_mmu_indices);
    }
    return check_memop_size(check, memop);
}

/* ld_state and st_state: only the size and the sign mean anything. */
static gboolean check_state_access(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    uint32_t bytes = 1u << (record->b & QH_MEM_SIZE_MASK);

    if ((record->b & ~(QH_MEM_SIZE_MASK | QH_MEM_SIGNED)) != 0) {
        return fail(check, "memop 0x%x of a state access", record->b);
    }
    if (!check_memop_size(check, record->b)) {
        return FALSE;
    }
    if (record->a > check->context->state_size || bytes > check->context->state_size - record->a) {
        return fail(check, "offset %u lies outside the state", record->a);
    }
    if (record->op == QH_IR_st_state && record->a < offsetof(QhCpu, pc)) {
        return fail(check, "offset %u belongs to the host", record->a);
    }
    return TRUE;
}

/* Labels, slots, locals and memops. */
static gboolean check_other(Checker *check, uint32_t which, uint32_t kind, uint32_t word)
{
    const QhIrRecord *record = &check->records[check->i];

    switch (kind) {
    case QH_IR_KIND_L:
        return check_label(check, operand_names[which], word);
    case QH_IR_KIND_S:
        return check_slot(check, word);
    case QH_IR_KIND_T:
        return check_local(check, word);
    default: /* QH_IR_KIND_O */
        if (record->op == QH_IR_ld_state || record->op == QH_IR_st_state) {
            return check_state_access(check);
        }
        return check_memop(check, word);
    }
}

static inline gboolean
check_operand(Checker *check, uint32_t which, uint32_t kind, uint32_t word, uint32_t type)
{
    static const uint8_t types[] = {
        [QH_IR_KIND_B] = QH_TYPE_B1, [QH_IR_KIND_W] = QH_TYPE_I64, [QH_IR_KIND_N] = QH_TYPE_I32};

    if (kind == QH_IR_KIND__) {
        return word == 0 || fail(check, "operand %s is unused, but %u", operand_names[which], word);
    }
    if (kind <= QH_IR_KIND_N) {
        uint32_t wanted = kind == QH_IR_KIND_V ? type : types[kind];
        return is_value_of(check, word, wanted) ||
               check_value(check, operand_names[which], word, wanted);
    }
    if (kind == QH_IR_KIND_Y || kind >= QH_IR_KIND_X) {
        return TRUE; /* the operation's own rules */
    }
    return check_other(check, which, kind, word);
}

/* The flag values that an operation may have, as a limit; combinations are looked at below. */
static uint32_t flags_limit(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_brc:
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        return 1;
    case QH_IR_cmp:
        return QH_COND_GTU;
    case QH_IR_fcmp:
        return QH_FCOND_UNORDERED | QH_FCMP_SIGNALING;
    case QH_IR_fcmp_bits:
        return QH_FCMP_SIGNALING;
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fsqrt:
    case QH_IR_f64to32:
    case QH_IR_f32to64:
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return QH_ROUND_ODD;
    case QH_IR_ffma:
        return QH_ROUND_ODD | QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND;
    case QH_IR_fround:
        return QH_ROUND_ODD | 8u;
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return QH_ROUND_ODD | QH_FTO_INDEFINITE;
    case QH_IR_fmin:
    case QH_IR_fmax:
        return QH_FMINMAX_NUM;
    case QH_IR_atomic_rmw:
        return QH_RMW_MAXU;
    case QH_IR_exit_pc:
    case QH_IR_exit_value:
        return QH_EXIT_RET;
    case QH_IR_setflags:
        return QH_CC_BITS;
    case QH_IR_flag:
        return QH_FLAG_GT | QH_FLAG_NOT;
    case QH_IR_vdot:
        return 3;
    case QH_IR_vaes:
        return QH_AES_INV_SUB_MIX;
    case QH_IR_vsha256:
    case QH_IR_vsha256_msg:
        return 1;
    case QH_IR_vlow:
    case QH_IR_vext:
        return 0;
    default:
        return record->op >= QH_IR_vadd && record->op <= QH_IR_vmulh ? QH_LANE_64 | QH_LANE_SIGNED
                                                                     : 0;
    }
}

/* Bits 5-7 of the flags of operations on vectors of numbers. */
static uint32_t vf_limit(uint32_t op)
{
    switch (op) {
    case QH_IR_vffma:
    case QH_IR_vfmin:
    case QH_IR_vfmax:
        return 3;
    case QH_IR_vfcmp:
        return 7;
    case QH_IR_vfround:
        return 1;
    case QH_IR_vfto_s:
    case QH_IR_vfto_u:
        return 2;
    default:
        return 0;
    }
}

static gboolean bad_vf_flags(const QhIrRecord *record)
{
    uint32_t lane = record->flags & 3u;

    return (record->flags >> 2 & 7) > QH_ROUND_ODD || record->flags >> 5 > vf_limit(record->op) ||
           lane < (record->op == QH_IR_vfnarrow ? QH_LANE_64 : QH_LANE_32) ||
           lane > (record->op == QH_IR_vfwiden ? QH_LANE_32 : QH_LANE_64);
}

static gboolean bad_flag(uint32_t flags)
{
    uint32_t which = flags & ~QH_FLAG_NOT;

    return which > QH_FLAG_GT || which == QH_FLAG_CC2 || which == QH_FLAG_CC2 + 1;
}

static gboolean check_flags(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    uint32_t limit = flags_limit(record);
    gboolean bad = record->op >= QH_IR_vfadd ? bad_vf_flags(record) : record->flags > limit;

    switch (record->op) {
    case QH_IR_fcmp:
    case QH_IR_fcmp_bits:
        bad = (record->flags & ~limit) != 0;
        break;
    case QH_IR_ffma:
    case QH_IR_fround:
        bad = (record->flags & 7u) > QH_ROUND_ODD || (record->flags & ~(limit | 7u)) != 0;
        break;
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        bad = (record->flags & 7u) > QH_ROUND_ODD || (record->flags & ~7u) > QH_FTO_INDEFINITE;
        break;
    case QH_IR_flag:
        bad = bad_flag(record->flags);
        break;
    default:
        break;
    }
    return !bad || fail(check, "flags 0x%x", record->flags);
}

static gboolean check_extract(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    gboolean is_deposit = record->op == QH_IR_deposit;
    uint32_t width = qh_ir_type_bytes(record->type) * 8;
    uint32_t position = is_deposit ? record->c & 255u : record->b;
    uint32_t length = is_deposit ? record->c >> 8 : record->c;

    if (position >= width || length == 0 || length > width - position) {
        return fail(check, "%u bits from bit %u of %s", length, position,
                    qh_ir_type_name(record->type));
    }
    return TRUE;
}

static gboolean check_call(Checker *check)
{
    static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    const QhIrRecord *record = &check->records[check->i];
    const QhHelper *helper = qh_ir_helper(check->context->translator, record->a);
    uint32_t words[2 + 3 * 2] = {record->b, record->c};
    uint32_t n_ext;

    if (helper == NULL) {
        return fail(check, "helper %u of %u", record->a, check->context->translator->n_helpers);
    }
    if (helper->n_args > G_N_ELEMENTS(helper->args)) {
        return fail(check, "helper %s has %u arguments", helper->name, helper->n_args);
    }
    if (record->type != helper->ret) {
        return fail(check, "helper %s returns %s, not %s", helper->name,
                    qh_ir_type_name(helper->ret), qh_ir_type_name(record->type));
    }
    n_ext = qh_ir_n_ext(check->context->translator, record);
    if (check->n_ext != n_ext) {
        return fail(check, "%u ext records before it, not %u", check->n_ext, n_ext);
    }
    for (uint32_t i = 0; i < n_ext; i++) {
        const QhIrRecord *ext = &check->records[check->i - n_ext + i];
        words[2 + 3 * i] = ext->a;
        words[3 + 3 * i] = ext->b;
        words[4 + 3 * i] = ext->c;
    }
    for (uint32_t i = 0; i < 2 + 3 * n_ext; i++) {
        if (i >= helper->n_args) {
            if (words[i] != 0) {
                return fail(check, "helper %s has %u arguments", helper->name, helper->n_args);
            }
            continue;
        }
        if (!check_value(check, names[i], words[i],
                         helper->args[i] == QH_TYPE_I8 || helper->args[i] == QH_TYPE_I16
                             ? QH_TYPE_I32
                             : helper->args[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_cas(Checker *check)
{
    const QhIrRecord *ext = &check->records[check->i - 1];
    uint32_t type = check->records[check->i].type;

    if (check->n_ext != 1 || ext->b != 0 || ext->c != 0) {
        return fail(check, "needs one ext record with one operand");
    }
    if (!is_int(type) && type != QH_TYPE_I128) {
        return fail(check, "type %s", qh_ir_type_name(type));
    }
    return check_value(check, "expected", ext->a, type);
}

static gboolean check_const(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    gboolean is_short =
        record->type == QH_TYPE_B1 || record->type == QH_TYPE_I32 || record->type == QH_TYPE_F32;

    if (is_short && record->c != 0) {
        return fail(check, "more bits than %s has", qh_ir_type_name(record->type));
    }
    if (record->type == QH_TYPE_B1 && record->b > 1) {
        return fail(check, "b1 of %u", record->b);
    }
    return TRUE;
}

static gboolean check_type_is(Checker *check, gboolean ok)
{
    return ok || fail(check, "type %s", qh_ir_type_name(check->records[check->i].type));
}

/* Operand a, a value of another type than the result. */
static gboolean check_conversion(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    uint32_t from;

    if (!check_reach(check, "a", record->a)) {
        return FALSE;
    }
    from = check->types[record->a];
    switch (record->op) {
    case QH_IR_low64:
    case QH_IR_high64:
        return check_type_is(check, record->type == QH_TYPE_I64 && qh_ir_type_bytes(from) == 16);
    case QH_IR_f32to64:
        return check_type_is(check, record->type == QH_TYPE_F64 && from == QH_TYPE_F32);
    case QH_IR_f64to32:
        return check_type_is(check, record->type == QH_TYPE_F32 && from == QH_TYPE_F64);
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return check_type_is(check, is_int(from));
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return check_type_is(check, is_float(from));
    case QH_IR_fcmp_bits:
        return check_type_is(check, record->type == QH_TYPE_I64 && is_float(from)) &&
               check_value(check, "b", record->b, from);
    case QH_IR_bits2f:
        return check_type_is(check, is_int(from) &&
                                        qh_ir_type_bytes(from) == qh_ir_type_bytes(record->type));
    default: /* f2bits */
        return check_type_is(check, is_float(from) &&
                                        qh_ir_type_bytes(from) == qh_ir_type_bytes(record->type));
    }
}

static gboolean check_lanes(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];
    uint32_t lane_bytes = 1u << (record->flags & 3u);
    uint32_t bytes = qh_ir_type_bytes(record->type);
    uint32_t lane = record->c;

    if (record->op == QH_IR_vshl || record->op == QH_IR_vshr) {
        return record->b < lane_bytes * 8 ||
               fail(check, "shift by %u in lanes of %u bytes", record->b, lane_bytes);
    }
    if (record->op == QH_IR_vwiden_lo || record->op == QH_IR_vwiden_hi ||
        record->op == QH_IR_vmul_even) {
        return lane_bytes < 8 || fail(check, "lanes of %u bytes have no wider ones", lane_bytes);
    }
    if (record->op == QH_IR_vrev) {
        return (record->b <= 3 && 1u << record->b >= lane_bytes) ||
               fail(check, "groups of 1 << %u bytes with lanes of %u", record->b, lane_bytes);
    }
    if (record->op == QH_IR_vext) {
        return record->c < bytes || fail(check, "byte %u of %u", record->c, bytes);
    }
    if (record->op == QH_IR_vdup_lane) {
        lane = record->b;
    }
    if (record->op == QH_IR_vextract) {
        if (!check_reach(check, "a", record->a)) {
            return FALSE;
        }
        bytes = qh_ir_type_bytes(check->types[record->a]);
        lane = record->b;
        if (record->type != QH_TYPE_I64 || !is_vector(check->types[record->a])) {
            return fail(check, "needs a vector and gives an i64");
        }
    }
    return lane < bytes / lane_bytes || fail(check, "lane %u of %u", lane, bytes / lane_bytes);
}

/* Whether the first thing after @label is the start of an instruction. */
static gboolean label_at_start(const Checker *check, uint32_t label)
{
    uint32_t i = label + 1;

    while (i < check->n &&
           (check->records[i].op == QH_IR_label || check->records[i].op == QH_IR_nop)) {
        i++;
    }
    return i < check->n && check->records[i].op == QH_IR_insn_start;
}

static gboolean check_branch(Checker *check, uint32_t label)
{
    uint32_t from = MIN(label, check->i), to = MAX(label, check->i);

    if (label_at_start(check, label)) {
        return TRUE;
    }
    for (uint32_t i = from; i < to; i++) {
        if (check->records[i].op == QH_IR_insn_start) {
            return fail(check, "label %u is in the middle of another instruction", label);
        }
    }
    return TRUE;
}

/* Interpreter and compiler address these slots directly. */
#define LAZY_REACH 0x10000u

static gboolean check_lazy(Checker *check)
{
    static const uint8_t types[] = {QH_TYPE_I32, QH_TYPE_I64, QH_TYPE_I64, QH_TYPE_I64};
    const QhTranslatorOps *ops = check->context->translator;

    if (check->lazy) {
        return TRUE;
    }
    if (!ops->lazy_flags) {
        return fail(check, "the translator has no lazy flag slots");
    }
    for (uint32_t i = 0; i < 4; i++) {
        const QhStateField *field = qh_ir_slot(check->context->state, ops->lazy_slots[i]);
        if (field == NULL || field->type != types[i] || field->offset < offsetof(QhCpu, pc) ||
            field->offset % 4 != 0 || field->offset > LAZY_REACH ||
            field->offset > check->context->state_size - qh_ir_type_bytes(types[i])) {
            return fail(check, "lazy flag slot %u is no %s slot", i, qh_ir_type_name(types[i]));
        }
    }
    check->lazy = TRUE;
    return TRUE;
}

/* What only this operation demands. */
static gboolean check_special(Checker *check)
{
    const QhIrRecord *record = &check->records[check->i];

    switch (record->op) {
    case QH_IR_insn_start: /* a block lies on one page, of at most 64 KiB */
        return record->a <= UINT16_MAX || fail(check, "%u bytes from the start", record->a);
    case QH_IR_const:
        return check_const(check);
    case QH_IR_const_pc:
        return check->records[check->i].type == QH_TYPE_I64 || fail(check, "a pc is i64");
    case QH_IR_br:
        return check_branch(check, record->a);
    case QH_IR_brc:
        return check_branch(check, record->b);
    case QH_IR_extractu:
    case QH_IR_extracts:
    case QH_IR_deposit:
        return check_extract(check);
    case QH_IR_ext32s:
    case QH_IR_ext32u:
    case QH_IR_zext:
    case QH_IR_sext:
        return check_type_is(check, record->type == QH_TYPE_I64);
    case QH_IR_trunc:
    case QH_IR_cc2:
    case QH_IR_fp_flags_get:
    case QH_IR_fp_flags_set:
        return check_type_is(check, record->type == QH_TYPE_I32) &&
               (record->op != QH_IR_cc2 || check_lazy(check));
    case QH_IR_vaes:
    case QH_IR_vsha256:
    case QH_IR_vsha256_msg:
        return check_type_is(check, record->type == QH_TYPE_V128);
    case QH_IR_concat128:
        return check_type_is(check, record->type == QH_TYPE_I128 || record->type == QH_TYPE_V128);
    case QH_IR_setflags:
    case QH_IR_flag:
        return check_lazy(check);
    case QH_IR_flags_unless:
        return record->b < 64 ? check_lazy(check) : fail(check, "flags 0x%x", record->b);
    case QH_IR_fence:
        return record->a <= QH_FENCE_ALL || fail(check, "orders 0x%x", record->a);
    case QH_IR_call:
        return check_call(check);
    case QH_IR_cas:
        return check_cas(check);
    case QH_IR_vfwiden:
    case QH_IR_vfnarrow:
        return check_type_is(check, record->type == QH_TYPE_V128);
    case QH_IR_vshl:
    case QH_IR_vshr:
    case QH_IR_vinsert:
    case QH_IR_vextract:
    case QH_IR_vext:
    case QH_IR_vdup_lane:
    case QH_IR_vwiden_lo:
    case QH_IR_vwiden_hi:
    case QH_IR_vrev:
    case QH_IR_vmul_even:
        return check_lanes(check);
    default:
        return qh_ir_ops[record->op].kinds[0] != QH_IR_KIND_Y || check_conversion(check);
    }
}

static inline gboolean check_record(Checker *check, const QhIrRecord *record, const QhIrOp *op)
{
    uint32_t type = record->type;

    if (record->op >= QH_IR_OP_LIMIT || op->types == 0) {
        return fail(check, "operation 0x%x", record->op);
    }
    if (type > QH_TYPE_V128 || !(op->types >> type & 1)) {
        return fail(check, "type %s", qh_ir_type_name(type));
    }
    /* 0 is good for all but vectors of numbers, whose lanes have at least 32 bits */
    if (((record->flags != 0 || record->op >= QH_IR_vfadd) && !check_flags(check)) ||
        !check_operand(check, 0, op->kinds[0], record->a, type) ||
        !check_operand(check, 1, op->kinds[1], record->b, type) ||
        !check_operand(check, 2, op->kinds[2], record->c, type)) {
        return FALSE;
    }
    check->types[check->i] = op->attrs & QH_IR_A_BOOL    ? QH_TYPE_B1
                             : op->attrs & QH_IR_A_VALUE ? (uint8_t)type
                                                         : QH_TYPE_NONE;
    if (record->op == QH_IR_ext) {
        check->n_ext++;
        return check->i + 1 < check->n || fail(check, "is the last record");
    }
    if (!check_special(check)) {
        return FALSE;
    }
    if (check->n_ext > 0) {
        if (record->op != QH_IR_call && record->op != QH_IR_cas) {
            return fail(check, "takes no ext records");
        }
        check->n_ext = 0;
    }
    return TRUE;
}

static gboolean check_flow(Checker *check, gboolean terminal)
{
    uint32_t i = check->i;

    if (check->records[i].op == QH_IR_label) {
        check->first = i;
    }
    if (i + 1 == check->n) {
        return terminal || fail(check, "the last record is no terminal");
    }
    if (terminal && check->records[i + 1].op != QH_IR_label) {
        return fail(check, "a terminal before the end without a label after it");
    }
    return TRUE;
}

/* Clearing what is set before it is read would take as long as checking a short block. */
#if __has_attribute(uninitialized)
#define SCRATCH __attribute__((uninitialized))
#else
#define SCRATCH
#endif

gboolean
qh_ir_validate(const QhIrContext *context, const QhIrRecord *records, uint32_t n, GError **error)
{
    SCRATCH uint8_t types[QH_IR_MAX_RECORDS];
    Checker check = {
        .context = context, .records = records, .types = types, .n = n, .error = error};

    if (n == 0 || n > QH_IR_MAX_RECORDS) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "ir block of %u records, not 1 to %u", n,
                    QH_IR_MAX_RECORDS);
        return FALSE;
    }
    for (; check.i < n; check.i++) {
        const QhIrRecord *record = &records[check.i];
        const QhIrOp *op = &qh_ir_ops[record->op % QH_IR_OP_LIMIT];
        if (!check_record(&check, record, op) ||
            !check_flow(&check, (op->attrs & QH_IR_A_TERMINAL) != 0)) {
            return FALSE;
        }
    }
    return TRUE;
}
