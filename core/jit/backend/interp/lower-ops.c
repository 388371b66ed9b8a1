/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threaded operation a record becomes. */
#include "core/jit/backend/interp/helper-call.h"
#include "core/jit/backend/interp/lower-priv.h"

/* Forms of one arithmetic operation; 0 where there is none. */
typedef struct Forms {
    uint16_t rr64, ri64, rr32, ri32, rrw, riw;
} Forms;

#define SIX(op)                                                                                    \
    {                                                                                              \
        QH_T0_##op##64, QH_T0_##op##64i, QH_T0_##op##32, QH_T0_##op##32i, QH_T0_##op##w,           \
            QH_T0_##op##wi                                                                         \
    }
#define FOUR(op)                                                                                   \
    {                                                                                              \
        QH_T0_##op##64, QH_T0_##op##64i, QH_T0_##op##32, QH_T0_##op##32i, 0, 0                     \
    }

static const Forms *forms_of(uint32_t op)
{
    static const Forms add = SIX(add), mul = SIX(mul), shl = SIX(shl), shr = SIX(shr),
                       sar = SIX(sar), and = FOUR(and), or = FOUR(or), xor = FOUR(xor),
                       sub = {
                           QH_T0_sub64, 0, QH_T0_sub32, 0, QH_T0_subw, 0};

    switch (op) {
    case QH_IR_add:
        return &add;
    case QH_IR_sub:
        return &sub;
    case QH_IR_mul:
        return &mul;
    case QH_IR_shl:
        return &shl;
    case QH_IR_shr:
        return &shr;
    case QH_IR_sar:
        return &sar;
    case QH_IR_and:
        return &and;
    case QH_IR_or:
        return & or ;
    case QH_IR_xor:
        return &xor;
    default:
        return NULL;
    }
}

static gboolean commutes(uint32_t op)
{
    return op == QH_IR_add || op == QH_IR_mul || op == QH_IR_and || op == QH_IR_or ||
           op == QH_IR_xor;
}

static gboolean small(uint64_t bits)
{
    return (int64_t)bits == (int32_t)bits;
}

gboolean qh_t0_immediate(const QhT0Lower *lower, uint32_t value, uint64_t *ret_bits)
{
    return !lower->source->plain && qh_t0_const(lower, value, ret_bits) &&
           (lower->values[value].bytes == 4 || small(*ret_bits));
}

static void emit_rr(QhT0Lower *lower, uint32_t op, uint32_t a, uint32_t b)
{
    int16_t at_a = qh_t0_place(lower, a), at_b = qh_t0_place(lower, b);
    int16_t d = qh_t0_dest(lower);
    QhT0Op *unit = qh_t0_emit(lower, op);

    unit->d = d;
    unit->a = at_a;
    unit->b = at_b;
}

static void emit_ri(QhT0Lower *lower, uint32_t op, uint32_t a, int32_t imm)
{
    int16_t at_a = qh_t0_place(lower, a), d = qh_t0_dest(lower);
    QhT0Op *unit = qh_t0_emit(lower, op);

    unit->d = d;
    unit->a = at_a;
    unit->imm = imm;
}

static void emit_r(QhT0Lower *lower, uint32_t op, uint32_t a)
{
    emit_ri(lower, op, a, 0);
}

/* @record as an operation on 64 bits, 32 bits, or 32 bits that are then sign-extended. */
static gboolean lower_binary(QhT0Lower *lower, const QhIrRecord *record, gboolean wraps)
{
    const Forms *forms = forms_of(record->op);
    gboolean narrow = record->type == QH_TYPE_I32;
    uint32_t a = record->a, b = record->b, with_imm, plain;
    uint64_t bits;

    if (forms == NULL || record->flags != 0) {
        return FALSE;
    }
    with_imm = wraps ? forms->riw : narrow ? forms->ri32 : forms->ri64;
    plain = wraps ? forms->rrw : narrow ? forms->rr32 : forms->rr64;
    if (commutes(record->op) && qh_t0_immediate(lower, a, &bits)) {
        a = record->b;
        b = record->a;
    }
    if (qh_t0_immediate(lower, b, &bits)) {
        if (record->op == QH_IR_sub && bits != G_GUINT64_CONSTANT(0xffffffff80000000)) {
            bits = -bits;
            with_imm = wraps ? QH_T0_addwi : narrow ? QH_T0_add32i : QH_T0_add64i;
        }
        if (with_imm != 0) {
            emit_ri(lower, with_imm, a, (int32_t)bits);
            return TRUE;
        }
    }
    emit_rr(lower, plain, a, b);
    return TRUE;
}

typedef struct CondForms {
    uint16_t set64, set32, set64i, branch64, branch32, branch64i, branch32i;
} CondForms;

/* By QH_COND_...; those without a form for two registers are turned round. */
static const CondForms cond_forms[] = {
    {QH_T0_eq64,  QH_T0_eq32,  QH_T0_eq64i,  QH_T0_beq64,  QH_T0_beq32,  QH_T0_beq64i,  QH_T0_beq32i},
    {QH_T0_ne64,  QH_T0_ne32,  QH_T0_ne64i,  QH_T0_bne64,  QH_T0_bne32,  QH_T0_bne64i,  QH_T0_bne32i},
    {QH_T0_lt64,  QH_T0_lt32,  QH_T0_lt64i,  QH_T0_blt64,  QH_T0_blt32,  QH_T0_blt64i,  QH_T0_blt32i},
    {QH_T0_ge64,  QH_T0_ge32,  QH_T0_ge64i,  QH_T0_bge64,  QH_T0_bge32,  QH_T0_bge64i,  QH_T0_bge32i},
    {0,           0,           QH_T0_le64i,  0,            0,            0,             0           },
    {0,           0,           QH_T0_gt64i,  0,            0,            0,             0           },
    {QH_T0_ltu64, QH_T0_ltu32, QH_T0_ltu64i, QH_T0_bltu64, QH_T0_bltu32, QH_T0_bltu64i,
     QH_T0_bltu32i                                                                                  },
    {QH_T0_geu64, QH_T0_geu32, QH_T0_geu64i, QH_T0_bgeu64, QH_T0_bgeu32, QH_T0_bgeu64i,
     QH_T0_bgeu32i                                                                                  },
    {0,           0,           QH_T0_leu64i, 0,            0,            0,             0           },
    {0,           0,           QH_T0_gtu64i, 0,            0,            0,             0           },
};

/* a COND b is b SWAPPED(COND) a. */
static uint32_t swapped(uint32_t cond)
{
    static const uint8_t map[] = {QH_COND_EQ, QH_COND_NE,  QH_COND_GT,  QH_COND_LE,  QH_COND_GE,
                                  QH_COND_LT, QH_COND_GTU, QH_COND_LEU, QH_COND_GEU, QH_COND_LTU};

    return map[cond];
}

static uint32_t inverse(uint32_t cond)
{
    static const uint8_t map[] = {QH_COND_NE, QH_COND_EQ,  QH_COND_GE,  QH_COND_LT,  QH_COND_GT,
                                  QH_COND_LE, QH_COND_GEU, QH_COND_LTU, QH_COND_GTU, QH_COND_LEU};

    return map[cond];
}

static void lower_cmp(QhT0Lower *lower, const QhIrRecord *record)
{
    uint32_t cond = record->flags, a = record->a, b = record->b;
    uint64_t bits;

    if (record->type == QH_TYPE_I64 && qh_t0_immediate(lower, b, &bits)) {
        emit_ri(lower, cond_forms[cond].set64i, a, (int32_t)bits);
        return;
    }
    if (record->type == QH_TYPE_I64 && qh_t0_immediate(lower, a, &bits)) {
        emit_ri(lower, cond_forms[swapped(cond)].set64i, b, (int32_t)bits);
        return;
    }
    if (cond_forms[cond].set64 == 0) {
        cond = swapped(cond);
        a = record->b;
        b = record->a;
    }
    emit_rr(lower, record->type == QH_TYPE_I64 ? cond_forms[cond].set64 : cond_forms[cond].set32, a,
            b);
}

static void lower_extend(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhLowerValue *value = &lower->values[record->a];

    if (value->make == QH_MAKE_WRAP) {
        lower_binary(lower, &lower->source->records[record->a], TRUE);
    } else {
        emit_r(lower, QH_T0_ext32s, record->a);
    }
}

static void lower_extract(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t a = qh_t0_place(lower, record->a), d = qh_t0_dest(lower);
    QhT0Op *unit =
        qh_t0_emit(lower, record->op == QH_IR_extractu ? QH_T0_extractu : QH_T0_extracts);

    unit->d = d;
    unit->a = a;
    unit->b = (int16_t)(64 - record->b - record->c);
    unit->c = (int16_t)(64 - record->c);
}

static void lower_select(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t a = qh_t0_place(lower, record->a), b = qh_t0_place(lower, record->b);
    int16_t c = qh_t0_place(lower, record->c), d = qh_t0_dest(lower);
    uint32_t bytes = lower->values[lower->i].bytes;
    QhT0Op *unit = qh_t0_emit(lower, bytes == 4   ? QH_T0_select32
                                     : bytes == 8 ? QH_T0_select64
                                                  : QH_T0_select128);

    unit->d = d;
    unit->a = a;
    unit->b = b;
    unit->c = c;
}

/* b1 values have 64 bits, so the operations on i64 serve them. */
static gboolean lower_truth(QhT0Lower *lower, const QhIrRecord *record)
{
    QhIrRecord wide = *record;

    if (record->type != QH_TYPE_B1) {
        return FALSE;
    }
    wide.type = QH_TYPE_I64;
    if (record->op == QH_IR_not) {
        emit_ri(lower, QH_T0_xor64i, record->a, 1);
        return TRUE;
    }
    return lower_binary(lower, &wide, FALSE);
}

static uint32_t fn_extra(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_extractu:
    case QH_IR_extracts:
        return record->b | record->c << 8;
    case QH_IR_deposit:
    case QH_IR_vinsert:
    case QH_IR_vext:
        return record->c;
    case QH_IR_vshl:
    case QH_IR_vshr:
    case QH_IR_vextract:
    case QH_IR_vdup_lane:
    case QH_IR_vrev:
        return record->b;
    case QH_IR_ld_state:
    case QH_IR_st_state:
        return record->a;
    default:
        return 0;
    }
}

/* The operands go to a, b, c in the order of qh_ir_uses. */
void qh_t0_lower_fn(QhT0Lower *lower, const QhIrRecord *record, QhT0Fn fn)
{
    const QhIrOpInfo *info = qh_ir_op_info(record->op);
    int16_t at[8] = {0};
    uint32_t used[8];
    uint32_t n = qh_ir_uses(lower->source->context->translator, record, 0, used);
    QhT0Op *unit;

    for (uint32_t i = 0; i < n; i++) {
        at[i] = qh_t0_place(lower, used[i]);
    }
    if (info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) {
        at[3] = qh_t0_dest(lower);
    }
    unit = qh_t0_emit(lower, QH_T0_fn);
    unit->d = at[3];
    unit->a = at[0];
    unit->b = at[1];
    unit->c = at[2];
    unit[1].fn = fn;
    unit[1].flags = record->flags;
    unit[1].type = record->type;
    unit[1].insn =
        (uint16_t)(record->op == QH_IR_ld_state || record->op == QH_IR_st_state ? record->b : 0);
    unit[1].extra = fn_extra(record);
}

static gboolean lower_common(QhT0Lower *lower, const QhIrRecord *record)
{
    gboolean wide = record->type == QH_TYPE_I64;

    switch (record->op) {
    case QH_IR_cmp:
        lower_cmp(lower, record);
        return TRUE;
    case QH_IR_select:
        lower_select(lower, record);
        return TRUE;
    case QH_IR_int2bool:
        if (wide) {
            emit_ri(lower, QH_T0_ne64i, record->a, 0);
        }
        return wide;
    case QH_IR_ext32s:
    case QH_IR_sext:
        lower_extend(lower, record);
        return TRUE;
    case QH_IR_ext32u:
    case QH_IR_zext:
        emit_r(lower, QH_T0_ext32u, record->a);
        return TRUE;
    case QH_IR_extractu:
    case QH_IR_extracts:
        if (wide) {
            lower_extract(lower, record);
        }
        return wide;
    case QH_IR_ext8s:
    case QH_IR_ext16s:
    case QH_IR_ext8u:
    case QH_IR_ext16u:
        if (wide) {
            static const uint16_t ops[] = {QH_T0_ext8s, QH_T0_ext16s, 0, QH_T0_ext8u, QH_T0_ext16u};
            emit_r(lower, ops[record->op - QH_IR_ext8s], record->a);
        }
        return wide;
    case QH_IR_andn:
        if (record->type != QH_TYPE_I32) {
            emit_rr(lower, QH_T0_andn64, record->a, record->b);
        }
        return record->type != QH_TYPE_I32;
    case QH_IR_not:
        if (wide) {
            emit_r(lower, QH_T0_not64, record->a);
        }
        return wide;
    default:
        return FALSE;
    }
}

void qh_t0_lower_int(QhT0Lower *lower, const QhIrRecord *record)
{
    if (lower_truth(lower, record) || lower_binary(lower, record, FALSE) ||
        lower_common(lower, record)) {
        return;
    }
    qh_t0_lower_fn(lower, record, qh_t0_int_fn(record));
}

static uint16_t current_insn(const QhT0Lower *lower)
{
    return (uint16_t)lower->insn;
}

static void set_memory(const QhT0Lower *lower, QhT0Op *unit, const QhIrRecord *record)
{
    unit[1].mem.memop = record->b;
    unit[1].mem.tlb = lower->source->tlb[QH_MEM_INDEX_OF(record->b)];
    unit[1].insn = current_insn(lower);
    unit[1].type = record->type;
    unit[1].flags = record->flags;
}

/* The address as a place and a constant. */
static int16_t address(QhT0Lower *lower, uint32_t value, int32_t *ret_imm)
{
    const QhLowerValue *v = &lower->values[value];
    const QhIrRecord *record = &lower->source->records[value];
    uint64_t bits;

    *ret_imm = 0;
    if (v->make == QH_MAKE_ADDR) {
        qh_t0_const(lower, record->b, &bits);
        *ret_imm = (int32_t)bits;
        return qh_t0_place(lower, record->a);
    }
    return qh_t0_place(lower, value);
}

/* Accesses that need no more than a look into the table: host byte order, no order of their own. */
static gboolean is_plain(const QhIrRecord *record)
{
    uint32_t odd = QH_MEM_AS_WRITE | QH_MEM_SEQ;

#if defined(__x86_64__)
    /* loads acquire and stores release by themselves */
    odd = QH_MEM_AS_WRITE | (record->op == QH_IR_ld ? QH_MEM_RELEASE : QH_MEM_ACQUIRE);
#endif
    return !(record->b & odd) && ((record->b & QH_MEM_BE) != 0) == (G_BYTE_ORDER == G_BIG_ENDIAN);
}

/* Its halves lie in memory as in a cell. */
static gboolean is_plain_128(const QhIrRecord *record)
{
    return is_plain(record) && (record->b & QH_MEM_SIZE_MASK) == QH_MEM_128 &&
           G_BYTE_ORDER == G_LITTLE_ENDIAN;
}

static uint32_t load_op(const QhIrRecord *record, uint32_t bytes)
{
    static const uint16_t wide[] = {QH_T0_ld8u, QH_T0_ld16u, QH_T0_ld32u, QH_T0_ld64,
                                    QH_T0_ld8s, QH_T0_ld16s, QH_T0_ld32s, QH_T0_ld64};
    static const uint16_t narrow[] = {QH_T0_ldw8u, QH_T0_ldw16u, QH_T0_ld_any, 0,
                                      QH_T0_ldw8s, QH_T0_ldw16s, QH_T0_ld_any, 0};
    uint32_t size = record->b & QH_MEM_SIZE_MASK;
    uint32_t form = size + (record->b & QH_MEM_SIGNED ? 4 : 0);

    if (size > QH_MEM_64 || !is_plain(record)) {
        return is_plain_128(record) ? QH_T0_ld128 : QH_T0_ld_any;
    }
    if (bytes == 4 && size == QH_MEM_32) {
        return QH_T0_ldw32;
    }
    return bytes == 4 ? narrow[form] : wide[form];
}

static uint32_t store_op(const QhIrRecord *record)
{
    static const uint16_t ops[] = {QH_T0_st8, QH_T0_st16, QH_T0_st32, QH_T0_st64};
    uint32_t size = record->b & QH_MEM_SIZE_MASK;

    if (size > QH_MEM_64 || !is_plain(record)) {
        return is_plain_128(record) ? QH_T0_st128 : QH_T0_st_any;
    }
    return ops[size];
}

static void lower_load(QhT0Lower *lower, const QhIrRecord *record)
{
    int32_t imm;
    int16_t a = address(lower, record->a, &imm), d = qh_t0_dest(lower);
    QhT0Op *unit = qh_t0_emit(lower, load_op(record, lower->values[lower->i].bytes));

    unit->d = d;
    unit->a = a;
    unit->imm = imm;
    set_memory(lower, unit, record);
}

static void lower_store(QhT0Lower *lower, const QhIrRecord *record)
{
    int32_t imm;
    int16_t a = address(lower, record->a, &imm), d = qh_t0_place(lower, record->c);
    QhT0Op *unit = qh_t0_emit(lower, store_op(record));

    unit->d = d;
    unit->a = a;
    unit->imm = imm;
    set_memory(lower, unit, record);
}

static void lower_atomic(QhT0Lower *lower, const QhIrRecord *record)
{
    gboolean is_cas = record->op == QH_IR_cas;
    int16_t a = qh_t0_place(lower, record->a), b = qh_t0_place(lower, record->c), c = 0, d;
    QhT0Op *unit;

    if (is_cas) {
        c = qh_t0_place(lower, record[-1].a);
    }
    d = qh_t0_dest(lower);
    unit = qh_t0_emit(lower, is_cas ? QH_T0_cas : QH_T0_rmw);
    unit->d = d;
    unit->a = a;
    unit->b = b;
    unit->c = c;
    set_memory(lower, unit, record);
}

void qh_t0_lower_memory(QhT0Lower *lower, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_ld:
        lower_load(lower, record);
        break;
    case QH_IR_st:
        lower_store(lower, record);
        break;
    case QH_IR_fence:
        qh_t0_emit(lower, QH_T0_fence)->imm = (int32_t)record->a;
        break;
    default:
        lower_atomic(lower, record);
        break;
    }
}

void qh_t0_lower_call(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhT0Source *source = lower->source;
    const QhHelper *helper = qh_ir_helper(source->context->translator, record->a);
    const QhHelperCall *call = &source->calls[record->a];
    uint32_t used[8];
    uint32_t n = qh_ir_uses(source->context->translator, source->records, lower->i, used);
    int16_t at[8] = {0}, d = 0;
    QhT0Op *unit;

    for (uint32_t i = 0; i < n; i++) {
        at[i] = qh_t0_place(lower, used[i]);
    }
    qh_t0_clobber_classes(lower, helper->writes);
    if (helper->ret != QH_TYPE_NONE) {
        d = qh_t0_dest(lower);
    }
    unit = qh_t0_emit(lower, call->direct ? QH_T0_call0 + n : QH_T0_call_any);
    unit->d = d;
    unit->a = (int16_t)(helper->attrs & (QH_HELPER_SYNC | QH_HELPER_MAY_RAISE));
    unit->b = (int16_t)n;
    unit->c = (int16_t)(helper->ret == QH_TYPE_NONE ? 0 : lower->values[lower->i].bytes);
    unit[1].helper = helper->fn;
    unit[1].insn = current_insn(lower);
    unit[1].type = helper->ret;
    for (uint32_t i = 0; i < n; i++) {
        ((int16_t *)&unit[2])[i] = at[i];
    }
    unit[3].go = call;
}

static void add_icount(QhT0Lower *lower, int32_t delta)
{
    if (delta != 0) {
        qh_t0_emit(lower, QH_T0_icount)->imm = delta;
    }
}

static void emit_br(QhT0Lower *lower, uint32_t label)
{
    const QhLowerLabel *to = &lower->labels[label];
    QhT0Op *unit = qh_t0_emit(lower, to->placed ? QH_T0_br_poll : QH_T0_br);

    if (to->placed) {
        unit[1].insn = to->insn;
    }
    lower->fixups[lower->n_fixups].op = (uint32_t)(unit - lower->ops);
    lower->fixups[lower->n_fixups++].label = label;
}

typedef struct Comparison {
    uint32_t cond, a, b;
} Comparison;

static Comparison turned(Comparison c)
{
    return (Comparison){.cond = swapped(c.cond), .a = c.b, .b = c.a};
}

/* The branch for @c if one side is a constant of 16 bits; NULL: it has no such form. */
static QhT0Op *emit_branch_imm(QhT0Lower *lower, gboolean wide, Comparison c)
{
    uint64_t bits;
    int64_t value;
    int16_t a;
    QhT0Op *unit;

    if (qh_t0_immediate(lower, c.a, &bits)) {
        c = turned(c);
    } else if (!qh_t0_immediate(lower, c.b, &bits)) {
        return NULL;
    }
    value = (int32_t)bits;
    if (cond_forms[c.cond].branch64 == 0) { /* <= n is < n + 1, > n is >= n + 1 */
        if (value++ < 0 && (c.cond == QH_COND_LEU || c.cond == QH_COND_GTU)) {
            return NULL;
        }
        c.cond = inverse(swapped(c.cond));
    }
    if (value != (int16_t)value) {
        return NULL;
    }
    a = qh_t0_place(lower, c.a);
    unit = qh_t0_emit(lower, wide ? cond_forms[c.cond].branch64i : cond_forms[c.cond].branch32i);
    unit->a = a;
    unit->d = (int16_t)value;
    return unit;
}

static QhT0Op *emit_branch(QhT0Lower *lower, gboolean wide, Comparison c)
{
    QhT0Op *unit = emit_branch_imm(lower, wide, c);
    int16_t a, b;

    if (unit != NULL) {
        return unit;
    }
    if (cond_forms[c.cond].branch64 == 0) {
        c = turned(c);
    }
    a = qh_t0_place(lower, c.a);
    b = qh_t0_place(lower, c.b);
    unit = qh_t0_emit(lower, wide ? cond_forms[c.cond].branch64 : cond_forms[c.cond].branch32);
    unit->a = a;
    unit->d = b;
    return unit;
}

/* A conditional branch; its distance is set by the caller. Taken if the condition is @sense. */
static uint32_t emit_condition(QhT0Lower *lower, uint32_t condition, gboolean sense)
{
    const QhIrRecord *cmp = &lower->source->records[condition];
    QhT0Op *unit;

    if (lower->values[condition].make == QH_MAKE_CMP) {
        Comparison c = {.cond = sense ? cmp->flags : inverse(cmp->flags), .a = cmp->a, .b = cmp->b};
        unit = emit_branch(lower, cmp->type == QH_TYPE_I64, c);
    } else {
        int16_t at = qh_t0_place(lower, condition);
        unit = qh_t0_emit(lower, sense ? QH_T0_bnz : QH_T0_bz);
        unit->a = at;
    }
    return (uint32_t)(unit - lower->ops);
}

/* Instructions that a branch to @label adds to those counted at the end. */
static int32_t branch_count(const QhT0Lower *lower, uint32_t label)
{
    const QhLowerLabel *to = &lower->labels[label];

    return to->at_start ? (int32_t)lower->insn + 1 - to->insn : 0;
}

static void lower_brc(QhT0Lower *lower, const QhIrRecord *record)
{
    int32_t delta = branch_count(lower, record->b);
    gboolean sense = !(record->flags & 1);
    uint32_t at;

    if (!lower->labels[record->b].placed && delta == 0) {
        at = emit_condition(lower, record->a, sense);
        lower->fixups[lower->n_fixups].op = at;
        lower->fixups[lower->n_fixups++].label = record->b;
        return;
    }
    at = emit_condition(lower, record->a, !sense);
    add_icount(lower, delta);
    emit_br(lower, record->b);
    lower->ops[at].imm = (int32_t)(lower->n_ops - at);
}

static void lower_exit_pc(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhT0Source *source = lower->source;
    uint64_t pc = record->b | (uint64_t)record->c << 32;
    gboolean near =
        source->chains && pc >> source->granule_bits == source->pc >> source->granule_bits;
    QhT0Op *unit = qh_t0_emit(lower, source->leaves    ? QH_T0_exit_state
                                     : !near           ? QH_T0_exit_far
                                     : pc > source->pc ? QH_T0_exit_near
                                                       : QH_T0_exit_near_back);

    unit->imm = (int32_t)lower->insn + 1;
    unit[1].word = pc - source->pc;
}

static void lower_exit_value(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t a = qh_t0_place(lower, record->a);
    gboolean looks = record->op == QH_IR_exit_value && !lower->source->leaves;
    QhT0Op *unit = qh_t0_emit(lower, looks ? QH_T0_exit_value : QH_T0_exit_vstate);

    unit->a = a;
    unit->imm = (int32_t)lower->insn + 1;
}

static void lower_raise(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t a = qh_t0_place(lower, record->b);
    QhT0Op *unit = qh_t0_emit(lower, QH_T0_raise);

    unit->a = a;
    unit[1].insn = current_insn(lower);
    unit[1].extra = record->a;
}

void qh_t0_lower_flow(QhT0Lower *lower, const QhIrRecord *record)
{
    QhT0Op *unit;

    switch (record->op) {
    case QH_IR_br:
        add_icount(lower, branch_count(lower, record->a));
        emit_br(lower, record->a);
        break;
    case QH_IR_brc:
        lower_brc(lower, record);
        break;
    case QH_IR_exit_pc:
        lower_exit_pc(lower, record);
        break;
    case QH_IR_exit_value:
    case QH_IR_exit_vstate:
        lower_exit_value(lower, record);
        break;
    case QH_IR_exit_state:
        unit = qh_t0_emit(lower, QH_T0_exit_state);
        unit->imm = (int32_t)lower->insn + 1;
        unit[1].word = (record->b | (uint64_t)record->c << 32) - lower->source->pc;
        break;
    case QH_IR_raise:
        lower_raise(lower, record);
        break;
    default:
        qh_t0_emit(lower, QH_T0_exit_cpu)->imm = (int32_t)lower->insn + 1;
        break;
    }
}
