/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer operations that are too rare, or too long, for a handler of their own. */
#include "core/jit/backend/interp/cells.h"

#define A64 qh_get64(cpu, op->a)
#define B64 qh_get64(cpu, op->b)
#define C64 qh_get64(cpu, op->c)
#define A32 qh_get32(cpu, op->a)
#define B32 qh_get32(cpu, op->b)

/* One function for i64 and one for i32; U and S are the unsigned and signed type. */
#define BOTH(name, expression)                                                                     \
    static void name##_64(QhCpu *cpu, const QhT0Op *op)                                            \
    {                                                                                              \
        typedef uint64_t U;                                                                        \
        typedef int64_t S;                                                                         \
        U a = A64, b = B64;                                                                        \
        const uint32_t width = 64;                                                                 \
        (void)b, (void)width, (void)(S)0;                                                          \
        qh_put64(cpu, op->d, (U)(expression));                                                     \
    }                                                                                              \
    static void name##_32(QhCpu *cpu, const QhT0Op *op)                                            \
    {                                                                                              \
        typedef uint32_t U;                                                                        \
        typedef int32_t S;                                                                         \
        U a = A32, b = B32;                                                                        \
        const uint32_t width = 32;                                                                 \
        (void)b, (void)width, (void)(S)0;                                                          \
        qh_put32(cpu, op->d, (U)(expression));                                                     \
    }

#define MIN_S ((U)1 << (width - 1))
#define ARM   (op[1].flags == QH_DIV_ARM)
#define SAT   (op[1].flags == QH_SHIFT_SATURATE)

static uint64_t clmul(uint64_t a, uint64_t b, uint32_t width, gboolean high)
{
    QhCell128 sum = 0;

    for (uint32_t i = 0; i < width; i++) {
        if (b >> i & 1) {
            sum ^= (QhCell128)a << i;
        }
    }
    return (uint64_t)(high ? sum >> width : sum);
}

static uint64_t reverse(uint64_t a)
{
    a = (a >> 1 & 0x5555555555555555) | (a & 0x5555555555555555) << 1;
    a = (a >> 2 & 0x3333333333333333) | (a & 0x3333333333333333) << 2;
    a = (a >> 4 & 0x0f0f0f0f0f0f0f0f) | (a & 0x0f0f0f0f0f0f0f0f) << 4;
    return GUINT64_SWAP_LE_BE(a);
}

static uint64_t count_leading(uint64_t a, uint32_t width)
{
    return a == 0 ? width : (uint64_t)__builtin_clzll(a) - (64 - width);
}

static uint64_t count_trailing(uint64_t a, uint32_t width)
{
    return a == 0 ? width : (uint64_t)__builtin_ctzll(a);
}

/* The low bits of a; deposit and extract know that length is 1 to 64. */
static uint64_t low_bits(uint32_t length)
{
    return length >= 64 ? UINT64_MAX : (G_GUINT64_CONSTANT(1) << length) - 1;
}

static uint64_t extract(uint64_t a, uint32_t extra, gboolean is_signed)
{
    uint32_t length = extra >> 8, left = 64 - length - (extra & 255);

    a <<= left;
    return is_signed ? (uint64_t)((int64_t)a >> (64 - length)) : a >> (64 - length);
}

static uint64_t deposit(uint64_t a, uint64_t b, uint32_t extra)
{
    uint32_t position = extra & 255;
    uint64_t mask = low_bits(extra >> 8) << position;

    return (a & ~mask) | (b << position & mask);
}

BOTH(neg, -a)
BOTH(not_, ~a)
BOTH(andn, a & ~b)
BOTH(orn, a | ~b)
BOTH(xnor, ~(a ^ b))
BOTH(mulhu, (QhCell128)a *b >> width)
BOTH(mulhs, (QhCell128)((__int128)(S)a *(S)b) >> width)
BOTH(mulhsu, (QhCell128)((__int128)(S)a *(__int128)b) >> width)
BOTH(divu, b == 0 ? (ARM ? 0 : ~(U)0) : a / b)
BOTH(remu, b == 0 ? a : a % b)
BOTH(divs, b == 0 ? (ARM ? 0 : ~(U)0) : (a == MIN_S && b == ~(U)0) ? a : (U)((S)a / (S)b))
BOTH(rems, b == 0 ? a : (a == MIN_S && b == ~(U)0) ? 0 : (U)((S)a % (S)b))
BOTH(shl_, b >= width && SAT ? 0 : a << (b & (width - 1)))
BOTH(shr_, b >= width && SAT ? 0 : a >> (b & (width - 1)))
BOTH(sar_, (U)((S)a >> (b >= width && SAT ? width - 1 : b & (width - 1))))
BOTH(rol, a << (b & (width - 1)) | a >> (-b & (width - 1)))
BOTH(ror, a >> (b & (width - 1)) | a << (-b & (width - 1)))
BOTH(addc, a + b + (U)C64)
BOTH(subb, a - b - (U)C64)
BOTH(clz, count_leading(a, width))
BOTH(ctz, count_trailing(a, width))
BOTH(popcnt, __builtin_popcountll(a))
BOTH(bswap, width == 64 ? GUINT64_SWAP_LE_BE((uint64_t)a) : GUINT32_SWAP_LE_BE((uint32_t)a))
BOTH(bitrev, reverse(a) >> (64 - width))
BOTH(minu, a < b ? a : b)
BOTH(maxu, a > b ? a : b)
BOTH(mins, (S)a < (S)b ? a : b)
BOTH(maxs, (S)a > (S)b ? a : b)
BOTH(clmul_, clmul(a, b, width, FALSE))
BOTH(clmulh, clmul(a, b, width, TRUE))
BOTH(ext8s, (S)(int8_t)a)
BOTH(ext16s, (S)(int16_t)a)
BOTH(ext8u, (uint8_t)a)
BOTH(ext16u, (uint16_t)a)
BOTH(extractu, extract(a, op[1].extra, FALSE))
BOTH(extracts, extract(a, op[1].extra, TRUE))
BOTH(deposit_, deposit(a, b, op[1].extra))

/* Results that are b1: 64 bits, 0 or 1. */
#define BOOL(name, type, get, expression)                                                          \
    static void name(QhCpu *cpu, const QhT0Op *op)                                                 \
    {                                                                                              \
        type a = get(cpu, op->a), b = get(cpu, op->b);                                             \
        (void)b;                                                                                   \
        qh_put64(cpu, op->d, (expression) ? 1 : 0);                                                \
    }
BOOL(addc_carry_64, uint64_t, qh_get64, ((QhCell128)a + b + C64) >> 64)
BOOL(addc_carry_32, uint32_t, qh_get32, ((uint64_t)a + b + C64) >> 32)
BOOL(subb_borrow_64, uint64_t, qh_get64, (QhCell128)a < (QhCell128)b + C64)
BOOL(subb_borrow_32, uint32_t, qh_get32, (uint64_t)a < (uint64_t)b + C64)
BOOL(int2bool_64, uint64_t, qh_get64, a != 0)
BOOL(int2bool_32, uint32_t, qh_get32, a != 0)
/* on b1 operands */
BOOL(orn_b1, uint64_t, qh_get64, a | (b ^ 1))
BOOL(xnor_b1, uint64_t, qh_get64, a == b)

static void concat128(QhCpu *cpu, const QhT0Op *op)
{
    qh_put128(cpu, op->d, (QhCell128)B64 << 64 | A64);
}

static void fp_flags_get(QhCpu *cpu, const QhT0Op *op)
{
    qh_put32(cpu, op->d, cpu->fp_flags);
}

static void fp_flags_set(QhCpu *cpu, const QhT0Op *op)
{
    cpu->fp_flags = A32;
}

/* extra: bytes from the state; insn: the memop. */
static void ld_state(QhCpu *cpu, const QhT0Op *op)
{
    uint32_t memop = op[1].insn, bytes = 1u << (memop & QH_MEM_SIZE_MASK);
    uint32_t to = qh_ir_type_bytes(op[1].type), shift = 64 - 8 * MIN(bytes, 8u);
    const char *from = (const char *)cpu + op[1].extra;
    QhCell128 wide;
    uint64_t value = 0;

    if (bytes == 16) {
        memcpy(&wide, from, 16);
        qh_put128(cpu, op->d, wide);
        return;
    }
    memcpy((char *)&value + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), from, bytes);
    if (memop & QH_MEM_SIGNED) {
        value = (uint64_t)((int64_t)(value << shift) >> shift);
    }
    if (to == 4) {
        qh_put32(cpu, op->d, (uint32_t)value);
    } else {
        qh_put64(cpu, op->d, value);
    }
}

static void st_state(QhCpu *cpu, const QhT0Op *op)
{
    uint32_t bytes = 1u << (op[1].insn & QH_MEM_SIZE_MASK);
    uint32_t from = qh_ir_type_bytes(op[1].type);
    char *to = (char *)cpu + op[1].extra;
    QhCell128 wide;
    uint64_t value;

    if (bytes == 16) {
        wide = qh_get128(cpu, op->a);
        memcpy(to, &wide, 16);
        return;
    }
    value = from == 4 ? A32 : A64;
    memcpy(to, (const char *)&value + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), bytes);
}

#define PAIR(name, fn)                                                                             \
    case QH_IR_##name:                                                                             \
        return wide ? fn##_64 : fn##_32

static QhT0Fn bit_fn(const QhIrRecord *record)
{
    gboolean wide = record->type == QH_TYPE_I64;

    switch (record->op) {
        PAIR(clz, clz);
        PAIR(ctz, ctz);
        PAIR(popcnt, popcnt);
        PAIR(bswap, bswap);
        PAIR(bitrev, bitrev);
        PAIR(minu, minu);
        PAIR(maxu, maxu);
        PAIR(mins, mins);
        PAIR(maxs, maxs);
        PAIR(clmul, clmul_);
        PAIR(clmulh, clmulh);
        PAIR(ext8s, ext8s);
        PAIR(ext16s, ext16s);
        PAIR(ext8u, ext8u);
        PAIR(ext16u, ext16u);
        PAIR(extractu, extractu);
        PAIR(extracts, extracts);
        PAIR(deposit, deposit_);
        PAIR(int2bool, int2bool);
    case QH_IR_concat128:
        return concat128;
    case QH_IR_ld_state:
        return ld_state;
    case QH_IR_st_state:
        return st_state;
    default:
        return NULL;
    }
}

QhT0Fn qh_t0_int_fn(const QhIrRecord *record)
{
    gboolean wide = record->type == QH_TYPE_I64;

    if (record->type == QH_TYPE_B1) {
        return record->op == QH_IR_orn    ? orn_b1
               : record->op == QH_IR_xnor ? xnor_b1
                                          : bit_fn(record);
    }
    switch (record->op) {
        PAIR(neg, neg);
        PAIR(not, not_);
        PAIR(andn, andn);
        PAIR(orn, orn);
        PAIR(xnor, xnor);
        PAIR(mulhu, mulhu);
        PAIR(mulhs, mulhs);
        PAIR(mulhsu, mulhsu);
        PAIR(divu, divu);
        PAIR(divs, divs);
        PAIR(remu, remu);
        PAIR(rems, rems);
        PAIR(shl, shl_);
        PAIR(shr, shr_);
        PAIR(sar, sar_);
        PAIR(rol, rol);
        PAIR(ror, ror);
        PAIR(addc, addc);
        PAIR(subb, subb);
        PAIR(addc_carry, addc_carry);
        PAIR(subb_borrow, subb_borrow);
    default:
        return bit_fn(record);
    }
}

/* fp_flags_get and _set are numbered among the floating-point operations. */
QhT0Fn qh_t0_fp_flags_fn(uint32_t op)
{
    return op == QH_IR_fp_flags_get ? fp_flags_get : fp_flags_set;
}
