/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One random operation: any row of ir-ops.def but those that make blocks, with operands to match.
 */
#include "generate.h"

static uint64_t interesting_int(FzRandom *random)
{
    static const uint64_t words[] = {0,
                                     1,
                                     2,
                                     31,
                                     32,
                                     63,
                                     64,
                                     0x7f,
                                     0x80,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x100000000,
                                     INT64_MAX,
                                     (uint64_t)INT64_MIN,
                                     UINT64_MAX,
                                     UINT64_MAX - 1,
                                     0xffffffff80000000,
                                     0xffffffff7fffffff,
                                     0x3ff0000000000000,
                                     0x0102030405060708};

    switch (fz_below(random, 4)) {
    case 0:
        return words[fz_below(random, G_N_ELEMENTS(words))];
    case 1:
        return fz_random(random) >> fz_below(random, 64);
    case 2:
        return (uint64_t)((int64_t)fz_random(random) >> fz_below(random, 64));
    default:
        return fz_random(random);
    }
}

/* A number with so many bits of fraction, and exponents where things happen. */
static uint64_t interesting_float(FzRandom *random, uint32_t fraction, uint32_t exponent_bits)
{
    uint64_t mask = (UINT64_C(1) << fraction) - 1, bits = fz_random(random) & mask, exponent;
    uint32_t ones = (1u << exponent_bits) - 1, bias = ones / 2;

    switch (fz_below(random, 6)) {
    case 0:
        bits = fz_below(random, 3);
        break;
    case 1:
        bits = mask - fz_below(random, 3);
        break;
    case 2:
        bits = UINT64_C(1) << fz_below(random, fraction);
        break;
    default:
        break;
    }
    switch (fz_below(random, 8)) {
    case 0:
        exponent = fz_below(random, 2);
        break;
    case 1:
        exponent = ones - fz_below(random, 2);
        break;
    case 2:
        exponent = bias + fz_below(random, 66);
        break;
    case 3:
        exponent = fz_below(random, ones + 1);
        break;
    case 4:
        exponent = bias / 2 + fz_below(random, 4);
        break;
    default:
        exponent = bias - 4 + fz_below(random, 8);
        break;
    }
    return bits | (exponent | (uint64_t)fz_below(random, 2) << exponent_bits) << fraction;
}

uint64_t fz_interesting(FzRandom *random, uint32_t type)
{
    switch (type) {
    case QH_TYPE_B1:
        return fz_below(random, 2);
    case QH_TYPE_I32:
        return (uint32_t)interesting_int(random);
    case QH_TYPE_F32:
        return interesting_float(random, 23, 8);
    case QH_TYPE_F64:
        return interesting_float(random, 52, 11);
    default:
        return interesting_int(random);
    }
}

static uint32_t pick(FzGen *gen, const uint8_t *from, uint32_t n)
{
    return from[fz_below(gen->random, n)];
}

static uint32_t slot_of(FzGen *gen, uint32_t type)
{
    FzRandom *random = gen->random;

    switch (type) {
    case QH_TYPE_I32:
        return fz_below(random, 12) == 0 ? TOY_KIND : TOY_W + fz_below(random, 4);
    case QH_TYPE_F32:
        return TOY_F + fz_below(random, 4);
    case QH_TYPE_F64:
        return TOY_D + fz_below(random, 4);
    case QH_TYPE_I128:
        return TOY_Q + fz_below(random, 2);
    case QH_TYPE_V128:
        return TOY_V + fz_below(random, 4);
    case QH_TYPE_V64:
        return TOY_S + fz_below(random, 2);
    default:
        switch (fz_below(random, 20)) {
        case 0:
            return TOY_ZERO;
        case 1:
            return TOY_LAZY + fz_below(random, 3);
        case 2:
            return TOY_X + 11 + fz_below(random, 5);
        default:
            return TOY_X + fz_below(random, 9);
        }
    }
}

static void remember(FzGen *gen, uint32_t type, uint32_t value)
{
    gen->values[type][gen->n_values[type]++ % FZ_RECENT] = value;
}

uint32_t fz_value(FzGen *gen, uint32_t type)
{
    uint32_t n = MIN(gen->n_values[type], FZ_RECENT), value;

    if (n > 0 && fz_below(gen->random, 8) < 5) {
        return gen->values[type][fz_below(gen->random, n)];
    }
    if (type == QH_TYPE_B1 || type == QH_TYPE_F128 || fz_below(gen->random, 4) == 0) {
        value = fz_const(gen, type, fz_interesting(gen->random, type));
    } else {
        value = fz_add(gen, QH_IR_get_slot, type, 0, slot_of(gen, type), 0, 0);
    }
    remember(gen, type, value);
    return value;
}

static const uint8_t all_types[] = {QH_TYPE_I64, QH_TYPE_I32,  QH_TYPE_F64,  QH_TYPE_F32,
                                    QH_TYPE_V64, QH_TYPE_V128, QH_TYPE_I128, QH_TYPE_F128,
                                    QH_TYPE_I64, QH_TYPE_I32,  QH_TYPE_B1};
static const uint8_t int_types[] = {QH_TYPE_I64, QH_TYPE_I64, QH_TYPE_I32, QH_TYPE_B1};
static const uint8_t float_types[] = {QH_TYPE_F64, QH_TYPE_F32};
static const uint8_t vector_types[] = {QH_TYPE_V128, QH_TYPE_V64};
static const uint8_t wide_types[] = {QH_TYPE_I128, QH_TYPE_V128, QH_TYPE_F128};

static uint32_t record_type(FzGen *gen, uint32_t op)
{
    switch (op) {
    case QH_IR_ext32s:
    case QH_IR_ext32u:
    case QH_IR_zext:
    case QH_IR_sext:
    case QH_IR_low64:
    case QH_IR_high64:
    case QH_IR_vextract:
    case QH_IR_fcmp_bits:
        return QH_TYPE_I64;
    case QH_IR_vfwiden:
    case QH_IR_vfnarrow:
        return QH_TYPE_V128;
    case QH_IR_trunc:
    case QH_IR_cc2:
    case QH_IR_fp_flags_get:
    case QH_IR_fp_flags_set:
        return QH_TYPE_I32;
    case QH_IR_f32to64:
        return QH_TYPE_F64;
    case QH_IR_f64to32:
        return QH_TYPE_F32;
    case QH_IR_vaes:
    case QH_IR_vsha256:
    case QH_IR_vsha256_msg:
        return QH_TYPE_V128;
    case QH_IR_concat128:
        return pick(gen, wide_types, 2);
    case QH_IR_cas:
        return fz_below(gen->random, 4) == 0 ? QH_TYPE_I128 : pick(gen, int_types, 3);
    case QH_IR_get_slot:
    case QH_IR_set_slot: /* no slot is an f128 */
        return pick(gen, all_types, 7);
    default:
        break;
    }
    switch (qh_ir_op_info(op)->types[0]) {
    case 'I':
        return pick(gen, int_types, 3);
    case 'B':
        return pick(gen, int_types, 4);
    case 'F':
        return pick(gen, float_types, 2);
    case 'V':
        return pick(gen, vector_types, 2);
    case 'A':
        return pick(gen, all_types, G_N_ELEMENTS(all_types));
    case 'M':
        return pick(gen, all_types, G_N_ELEMENTS(all_types) - 1);
    default:
        return QH_TYPE_NONE;
    }
}

/* The type of an operand that differs from the record's. */
static uint32_t other_type(FzGen *gen, uint32_t op, uint32_t type)
{
    switch (op) {
    case QH_IR_f32to64:
        return QH_TYPE_F32;
    case QH_IR_f64to32:
        return QH_TYPE_F64;
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return pick(gen, int_types + 1, 2);
    case QH_IR_fto_s:
    case QH_IR_fto_u:
    case QH_IR_fcmp_bits:
        return pick(gen, float_types, 2);
    case QH_IR_bits2f:
        return type == QH_TYPE_F64 ? QH_TYPE_I64 : QH_TYPE_I32;
    case QH_IR_f2bits:
        return type == QH_TYPE_I64 ? QH_TYPE_F64 : QH_TYPE_F32;
    case QH_IR_vextract:
        return pick(gen, vector_types, 2);
    default: /* low64 high64 */
        return pick(gen, wide_types, 3);
    }
}

static uint32_t memop_of(FzGen *gen, uint32_t op, uint32_t type)
{
    FzRandom *random = gen->random;
    uint32_t size = (uint32_t)__builtin_ctz(qh_ir_type_bytes(type) | 16u), memop = size;

    if (type == QH_TYPE_I64 || type == QH_TYPE_I32) {
        memop = fz_below(random, 2) ? size : fz_below(random, size + 1);
        memop |= fz_below(random, 2) ? QH_MEM_SIGNED : 0;
    }
    if (op == QH_IR_ld_state || op == QH_IR_st_state) {
        return memop;
    }
    memop |= fz_below(random, 6) == 0 ? QH_MEM_BE : 0;
    memop |= fz_below(random, 8) == 0 ? QH_MEM_ALIGN : 0;
    memop |= fz_below(random, 8) == 0 ? QH_MEM_ACQUIRE : 0;
    memop |= fz_below(random, 8) == 0 ? QH_MEM_RELEASE : 0;
    memop |= fz_below(random, 10) == 0 ? QH_MEM_ATOMIC_BYTE : 0;
    memop |= fz_below(random, 16) == 0 ? QH_MEM_AS_WRITE : 0;
    return memop | QH_MEM_INDEX(fz_below(random, 5) == 0);
}

/* Mostly into the data pages, often aligned, often off the same base, now and then at a border. */
static uint32_t address_of(FzGen *gen)
{
    FzRandom *random = gen->random;
    uint32_t base, offset = fz_below(random, 0x200);

    if (fz_below(random, 60) == 0) {
        return fz_value(gen, QH_TYPE_I64);
    }
    if (fz_below(random, 3)) {
        offset &= ~7u;
    }
    switch (fz_below(random, 12)) {
    case 0:
        offset += fz_below(random, FZ_PAGES) * 0x1000;
        break;
    case 1:
        offset = (1 + fz_below(random, FZ_PAGES)) * 0x1000 - fz_below(random, 18);
        break;
    case 2:
        offset += 0x1000;
        break;
    default:
        break;
    }
    base = fz_add(gen, QH_IR_get_slot, QH_TYPE_I64, 0, FZ_BASE, 0, 0);
    if (fz_below(random, 6) == 0) { /* known only at run time */
        uint32_t index = fz_add(gen, QH_IR_and, QH_TYPE_I64, 0, fz_value(gen, QH_TYPE_I64),
                                fz_const(gen, QH_TYPE_I64, 0x1ff8), 0);
        return fz_add(gen, QH_IR_add, QH_TYPE_I64, 0, base, index, 0);
    }
    if (offset == 0) {
        return base;
    }
    return fz_add(gen, QH_IR_add, QH_TYPE_I64, 0, base, fz_const(gen, QH_TYPE_I64, offset), 0);
}

static uint32_t immediate(FzGen *gen, uint32_t op, uint32_t type, uint32_t flags, uint32_t b)
{
    FzRandom *random = gen->random;
    uint32_t width = qh_ir_type_bytes(type) * 8, lane = 8u << (flags & 3), at;

    switch (op) {
    case QH_IR_deposit:
        at = fz_below(random, width);
        return at | (1 + fz_below(random, width - at)) << 8;
    case QH_IR_extractu:
    case QH_IR_extracts: /* b, then c */
        return b == UINT32_MAX ? fz_below(random, width) : 1 + fz_below(random, width - b);
    case QH_IR_fence:
        return fz_below(random, 16);
    case QH_IR_flags_unless:
        return fz_below(random, 64);
    case QH_IR_ld_state:
    case QH_IR_st_state:
        return (uint32_t)offsetof(Toy, array) + fz_below(random, 4) * 8;
    case QH_IR_vshl:
    case QH_IR_vshr:
        return fz_below(random, lane);
    case QH_IR_vinsert:
        return fz_below(random, width / lane);
    case QH_IR_vdup_lane:
        return fz_below(random, width / lane);
    case QH_IR_vext:
        return fz_below(random, width / 8);
    case QH_IR_vrev:
        return (flags & 3) + fz_below(random, 4 - (flags & 3));
    case QH_IR_vextract: /* of a v64, or the low half of a v128 */
        return fz_below(random, 64 / lane);
    default:
        return 0;
    }
}

static uint32_t
operand(FzGen *gen, char kind, uint32_t op, uint32_t type, uint32_t flags, uint32_t before)
{
    switch (kind) {
    case 'V':
        return fz_value(gen, type);
    case 'B':
        return fz_value(gen, QH_TYPE_B1);
    case 'W':
        return op >= QH_IR_ld && op <= QH_IR_prefetch ? address_of(gen)
                                                      : fz_value(gen, QH_TYPE_I64);
    case 'N':
        return fz_value(gen, QH_TYPE_I32);
    case 'S':
        return slot_of(gen, type);
    case 'T':
        return type * 4 + fz_below(gen->random, 4);
    case 'O':
        return memop_of(gen, op, type);
    case 'X':
        return immediate(gen, op, type, flags, before);
    case 'Y':
        return fz_value(gen, other_type(gen, op, type));
    default:
        return 0;
    }
}

/* Vectors of numbers, mostly in the rounding that the host has. */
static uint32_t vf_flags(FzRandom *random, uint32_t op)
{
    uint32_t lane = QH_LANE_32 + fz_below(random, 2), other = 0;
    uint32_t rounding = fz_below(random, 3) ? 0 : fz_below(random, QH_ROUND_ODD + 1);

    switch (op) {
    case QH_IR_vffma:
    case QH_IR_vfmin:
    case QH_IR_vfmax:
        other = fz_below(random, 4);
        break;
    case QH_IR_vfcmp:
        other = fz_below(random, 8);
        break;
    case QH_IR_vfround:
        other = fz_below(random, 2);
        break;
    case QH_IR_vfto_s:
    case QH_IR_vfto_u:
        other = fz_below(random, 3);
        rounding = fz_below(random, 2) ? QH_ROUND_ZERO : rounding;
        break;
    case QH_IR_vfwiden:
        lane = QH_LANE_32;
        break;
    case QH_IR_vfnarrow:
        lane = QH_LANE_64;
        break;
    default:
        break;
    }
    return lane | QH_VF_ROUND(rounding) | QH_VF_OTHER(other);
}

static uint32_t flags_of(FzGen *gen, uint32_t op)
{
    FzRandom *random = gen->random;

    if (op >= QH_IR_vfadd) {
        return vf_flags(random, op);
    }
    switch (op) {
    case QH_IR_vdot:
        return fz_below(random, 4);
    case QH_IR_vaes:
        return fz_below(random, QH_AES_INV_SUB_MIX + 1);
    case QH_IR_vsha256:
    case QH_IR_vsha256_msg:
        return fz_below(random, 2);
    case QH_IR_vlow:
    case QH_IR_vext:
        return 0;
    case QH_IR_vwiden_lo:
    case QH_IR_vwiden_hi:
    case QH_IR_vmul_even:
        return fz_below(random, 3) | fz_below(random, 2) << 2;
    case QH_IR_cmp:
        return fz_below(random, QH_COND_GTU + 1);
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fsqrt:
    case QH_IR_f64to32:
    case QH_IR_f32to64:
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return fz_below(random, 2) * fz_below(random, QH_ROUND_ODD + 1);
    case QH_IR_ffma:
        return fz_below(random, 2) * fz_below(random, QH_ROUND_ODD + 1) | fz_below(random, 4) << 3;
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return fz_below(random, QH_ROUND_ODD + 1) | fz_below(random, 3) << 3;
    case QH_IR_fround:
        return fz_below(random, QH_ROUND_ODD + 1) | fz_below(random, 2) << 3;
    case QH_IR_fcmp:
        return fz_below(random, 4) | fz_below(random, 2) << 3;
    case QH_IR_fcmp_bits:
        return fz_below(random, 2) << 3;
    case QH_IR_fmin:
    case QH_IR_fmax:
        return fz_below(random, 4);
    case QH_IR_atomic_rmw:
        return fz_below(random, QH_RMW_MAXU + 1);
    case QH_IR_setflags:
        return fz_below(random, QH_CC_BITS + 1);
    case QH_IR_flag:
        return (fz_below(random, 2) ? fz_below(random, QH_FLAG_A + 1)
                                    : QH_FLAG_HI + fz_below(random, 3)) |
               (fz_below(random, 2) ? QH_FLAG_NOT : 0);
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        return fz_below(random, 2);
    default:
        return op >= QH_IR_vadd && op <= QH_IR_vmulh ? fz_below(random, 8) : 0;
    }
}

static void keep_value(FzGen *gen, uint32_t type, uint32_t value)
{
    remember(gen, type, value);
    if (type != QH_TYPE_B1 && type != QH_TYPE_F128 && fz_below(gen->random, 3) == 0) {
        fz_add(gen, QH_IR_set_slot, type, 0, slot_of(gen, type), value, 0);
    }
}

static void add_call(FzGen *gen)
{
    uint32_t helper = fz_below(gen->random, FZ_H_LAST_RANDOM + 1), args[8], value;
    const QhHelper *h = &fz_helpers[helper];

    for (uint32_t i = 0; i < h->n_args; i++) {
        gboolean address = i == 0 && (helper == FZ_H_LOAD || helper == FZ_H_STORE);
        args[i] = address ? address_of(gen) : fz_value(gen, h->args[i]);
    }
    for (uint32_t i = 2; i < h->n_args; i += 3) {
        fz_add(gen, QH_IR_ext, QH_TYPE_NONE, 0, args[i], i + 1 < h->n_args ? args[i + 1] : 0,
               i + 2 < h->n_args ? args[i + 2] : 0);
    }
    value = fz_add(gen, QH_IR_call, h->ret, 0, helper, h->n_args > 0 ? args[0] : 0,
                   h->n_args > 1 ? args[1] : 0);
    if (h->ret != QH_TYPE_NONE) {
        keep_value(gen, h->ret, value);
    }
}

/* Which operation: groups by weight, then any of the group. */
static uint32_t pick_op(FzGen *gen)
{
    static const struct {
        uint16_t weight, first, last;
    } groups[] = {
        {30, QH_IR_add,       QH_IR_high64      },
        {6,  QH_IR_mov,       QH_IR_select      },
        {8,  QH_IR_get_slot,  QH_IR_set_slot    },
        {6,  QH_IR_get_local, QH_IR_st_state    },
        {5,  QH_IR_setflags,  QH_IR_flags_unless},
        {16, QH_IR_ld,        QH_IR_prefetch    },
        {8,  QH_IR_ld,        QH_IR_st          },
        {6,  QH_IR_call,      QH_IR_call        },
        {16, QH_IR_fadd,      QH_IR_fcmp_bits   },
        {12, QH_IR_vand,      QH_IR_vsha256_msg },
        {12, QH_IR_vfadd,     QH_IR_vfnarrow    },
    };
    uint32_t at = fz_below(gen->random, 125), i = 0, op;

    while (at >= groups[i].weight) {
        at -= groups[i++].weight;
    }
    do {
        op = groups[i].first + fz_below(gen->random, groups[i].last - groups[i].first + 1u);
    } while (qh_ir_op_info(op) == NULL);
    return op;
}

void fz_operation(FzGen *gen)
{
    uint32_t op = pick_op(gen), type, flags, a, b, c, expected = 0, value;
    const QhIrOpInfo *info = qh_ir_op_info(op);

    if (op == QH_IR_call) {
        add_call(gen);
        return;
    }
    type = record_type(gen, op);
    flags = flags_of(gen, op);
    a = operand(gen, info->a[0], op, type, flags, UINT32_MAX);
    b = operand(gen, info->b[0], op, type, flags, UINT32_MAX);
    if (op == QH_IR_fcmp_bits) { /* two of one type */
        b = fz_value(gen, gen->block->records[a].type);
    }
    c = operand(gen, info->c[0], op, type, flags, b);
    if (op == QH_IR_setflags && flags <= QH_CC_SUB_NB) { /* c is what it says it is */
        c = fz_add(gen, flags == QH_CC_ADD ? QH_IR_add : QH_IR_sub, type, 0, a, b, 0);
    }
    if (op == QH_IR_cas) {
        expected = fz_value(gen, type);
        fz_add(gen, QH_IR_ext, QH_TYPE_NONE, 0, expected, 0, 0);
    }
    if (op == QH_IR_prefetch) {
        type = QH_TYPE_NONE;
    }
    value = fz_add(gen, op, type, flags, a, b, c);
    if (info->attrs & QH_IR_A_BOOL) {
        keep_value(gen, QH_TYPE_B1, value);
    } else if (info->attrs & QH_IR_A_VALUE) {
        keep_value(gen, type, value);
    }
}
