/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes, worked out when they are read. The kind's slot holds QH_CC_... and, above it,
 * the type of the operands; the operands are zero-extended to 64 bits.
 */
#include "core/jit/backend/interp/cells.h"

typedef struct Lazy {
    uint32_t kind;
    uint32_t width;
    uint64_t a, b, result;
    uint64_t sign; /* the top bit of a word */
    uint64_t mask;
} Lazy;

static Lazy lazy_read(QhCpu *cpu, const QhT0Op *op)
{
    uint32_t kind = qh_get32(cpu, op->a);
    Lazy lazy = {.kind = kind & 0xff, .width = kind >> 8 == QH_TYPE_I32 ? 32 : 64};

    lazy.a = qh_get64(cpu, op->b);
    lazy.b = qh_get64(cpu, op->c);
    lazy.result = qh_get64(cpu, (int16_t)op[1].extra);
    lazy.mask = lazy.width == 32 ? UINT32_MAX : UINT64_MAX;
    lazy.sign = lazy.mask ^ lazy.mask >> 1;
    return lazy;
}

static gboolean is_subtract(uint32_t kind)
{
    return kind == QH_CC_SUB || kind == QH_CC_SUB_NB || kind == QH_CC_SBC;
}

/* The borrow of a - b - borrow_in = result. */
static gboolean borrow(const Lazy *lazy)
{
    uint64_t out = (~lazy->a & lazy->b) | ((~lazy->a | lazy->b) & lazy->result);

    return (out & lazy->sign) != 0;
}

static gboolean carry(const Lazy *lazy)
{
    uint64_t n = lazy->b & (lazy->width - 1);

    switch (lazy->kind) {
    case QH_CC_ADD:
    case QH_CC_ADC:
        return (((lazy->a & lazy->b) | ((lazy->a | lazy->b) & ~lazy->result)) & lazy->sign) != 0;
    case QH_CC_SUB:
    case QH_CC_SBC:
        return borrow(lazy);
    case QH_CC_SUB_NB:
        return !borrow(lazy);
    case QH_CC_SHL: /* the bit that left last; a: what was shifted */
        return n != 0 && (lazy->a >> (lazy->width - n) & 1);
    case QH_CC_SHR:
    case QH_CC_SAR:
        return n != 0 && (lazy->a >> (n - 1) & 1);
    case QH_CC_MUL: /* b: the high half of the product; set when result does not hold it all */
        return lazy->b != ((lazy->result & lazy->sign) ? lazy->mask : 0);
    case QH_CC_INC: /* carry is kept: b has what it was */
    case QH_CC_DEC:
        return lazy->b & 1;
    default:
        return FALSE;
    }
}

static gboolean overflow(const Lazy *lazy)
{
    switch (lazy->kind) {
    case QH_CC_ADD:
    case QH_CC_ADC:
        return (~(lazy->a ^ lazy->b) & (lazy->a ^ lazy->result) & lazy->sign) != 0;
    case QH_CC_INC:
        return lazy->result == lazy->sign;
    case QH_CC_DEC:
        return lazy->result == lazy->sign - 1;
    case QH_CC_SHL: /* by one: sign changed */
        return ((lazy->a ^ lazy->result) & lazy->sign) != 0;
    case QH_CC_SHR:
        return (lazy->a & lazy->sign) != 0;
    case QH_CC_MUL:
        return carry(lazy);
    default:
        return is_subtract(lazy->kind) &&
               ((lazy->a ^ lazy->b) & (lazy->a ^ lazy->result) & lazy->sign) != 0;
    }
}

static gboolean adjust(const Lazy *lazy)
{
    switch (lazy->kind) {
    case QH_CC_INC:
        return (lazy->result & 15) == 0;
    case QH_CC_DEC:
        return (lazy->result & 15) == 15;
    case QH_CC_ADD:
    case QH_CC_ADC:
        return (lazy->a ^ lazy->b ^ lazy->result) >> 4 & 1;
    default:
        return is_subtract(lazy->kind) && ((lazy->a ^ lazy->b ^ lazy->result) >> 4 & 1);
    }
}

uint32_t qh_t0_flag_bit(uint32_t flag)
{
    static const uint8_t bits[] = {
        [QH_FLAG_Z] = 2, [QH_FLAG_N] = 3, [QH_FLAG_C] = 1,
        [QH_FLAG_V] = 0, [QH_FLAG_P] = 4, [QH_FLAG_A] = 5,
    };

    return 1u << bits[flag];
}

static gboolean one_flag(const Lazy *lazy, uint32_t which)
{
    if (lazy->kind == QH_CC_BITS) {
        return (lazy->a & qh_t0_flag_bit(which)) != 0;
    }
    switch (which) {
    case QH_FLAG_Z:
        return (lazy->result & lazy->mask) == 0;
    case QH_FLAG_N:
        return (lazy->result & lazy->sign) != 0;
    case QH_FLAG_C:
        return carry(lazy);
    case QH_FLAG_V:
        return overflow(lazy);
    case QH_FLAG_P: /* even number of ones in the low byte */
        return __builtin_parity((uint32_t)lazy->result & 0xff) == 0;
    default:
        return adjust(lazy);
    }
}

static void flag(QhCpu *cpu, const QhT0Op *op)
{
    Lazy lazy = lazy_read(cpu, op);
    uint32_t which = op[1].flags & ~QH_FLAG_NOT;
    gboolean set;

    switch (which) {
    case QH_FLAG_HI:
        set = one_flag(&lazy, QH_FLAG_C) && !one_flag(&lazy, QH_FLAG_Z);
        break;
    case QH_FLAG_GE:
        set = one_flag(&lazy, QH_FLAG_N) == one_flag(&lazy, QH_FLAG_V);
        break;
    case QH_FLAG_GT:
        set =
            one_flag(&lazy, QH_FLAG_N) == one_flag(&lazy, QH_FLAG_V) && !one_flag(&lazy, QH_FLAG_Z);
        break;
    default:
        set = one_flag(&lazy, which);
        break;
    }
    qh_put64(cpu, op->d, set != ((op[1].flags & QH_FLAG_NOT) != 0) ? 1 : 0);
}

static uint32_t order(gboolean less, gboolean equal)
{
    return equal ? 0 : less ? 1 : 2;
}

/* z/Architecture, "Condition Code": by the kind of the instruction that set it. */
static void cc2(QhCpu *cpu, const QhT0Op *op)
{
    Lazy lazy = lazy_read(cpu, op);
    uint32_t up = 64 - lazy.width, code;
    int64_t result = (int64_t)(lazy.result << up);

    switch (lazy.kind) {
    case QH_CC_CMPS:
        code = order((int64_t)(lazy.a << up) < (int64_t)(lazy.b << up), lazy.a == lazy.b);
        break;
    case QH_CC_CMPU:
        code = order(lazy.a < lazy.b, lazy.a == lazy.b);
        break;
    case QH_CC_LOGIC:
        code = result != 0;
        break;
    case QH_CC_TEST: /* under mask: b are the selected bits of a */
        code = lazy.result == 0 ? 0 : lazy.result == lazy.b ? 3 : 1;
        break;
    case QH_CC_BITS:
        code = lazy.a & 3;
        break;
    default: /* signed result, 3 for overflow */
        code = overflow(&lazy) ? 3 : order(result < 0, result == 0);
        break;
    }
    qh_put32(cpu, op->d, code);
}

static void flags_unless(QhCpu *cpu, const QhT0Op *op)
{
    if (qh_get64(cpu, op->a) == 0) {
        qh_put32(cpu, op->d, QH_CC_BITS | QH_TYPE_I64 << 8);
        qh_put64(cpu, op->b, op[1].flags);
        qh_put64(cpu, op->c, op[1].flags);
        qh_put64(cpu, (int16_t)op[1].extra, op[1].flags);
    }
}

QhT0Fn qh_t0_flag_fn(const QhIrRecord *record)
{
    if (record->op == QH_IR_flags_unless) {
        return flags_unless;
    }
    return record->op == QH_IR_cc2 ? cc2 : flag;
}
