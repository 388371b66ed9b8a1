/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of 64 and 128 bits, lane by lane, in memory order of a little-endian register. */
#include "core/jit/backend/interp/cells.h"

typedef struct Vec {
    QhCell128 bits;
    uint32_t bytes;
} Vec;

static Vec get(QhCpu *cpu, const QhT0Op *op, int16_t at)
{
    gboolean whole = op[1].type == QH_TYPE_V128;

    return (Vec){whole ? qh_get128(cpu, at) : qh_get64(cpu, at), whole ? 16 : 8};
}

static void put(QhCpu *cpu, const QhT0Op *op, QhCell128 bits)
{
    if (op[1].type == QH_TYPE_V128) {
        qh_put128(cpu, op->d, bits);
    } else {
        qh_put64(cpu, op->d, (uint64_t)bits);
    }
}

static uint32_t lane_bits(const QhT0Op *op)
{
    return 8u << (op[1].flags & 3);
}

static uint64_t lane(QhCell128 bits, uint32_t i, uint32_t width)
{
    uint64_t word = (uint64_t)(bits >> i * width);

    return width == 64 ? word : word & ((G_GUINT64_CONSTANT(1) << width) - 1);
}

static int64_t lane_signed(QhCell128 bits, uint32_t i, uint32_t width)
{
    return (int64_t)((uint64_t)(bits >> i * width) << (64 - width)) >> (64 - width);
}

static QhCell128 put_lane(QhCell128 bits, uint32_t i, uint32_t width, uint64_t value)
{
    QhCell128 mask = width == 64 ? UINT64_MAX : (G_GUINT64_CONSTANT(1) << width) - 1;

    return (bits & ~(mask << i * width)) | ((QhCell128)value & mask) << i * width;
}

#define BITWISE(name, expression)                                                                  \
    static void name(QhCpu *cpu, const QhT0Op *op)                                                 \
    {                                                                                              \
        QhCell128 a = get(cpu, op, op->a).bits, b = get(cpu, op, op->b).bits;                      \
        QhCell128 c = get(cpu, op, op->c).bits;                                                    \
        (void)b, (void)c;                                                                          \
        put(cpu, op, expression);                                                                  \
    }
BITWISE(vand, a &b)
BITWISE(vor, a | b)
BITWISE(vxor, a ^ b)
BITWISE(vandn, a & ~b)
BITWISE(vnot, ~a)
BITWISE(vblend, (a & b) | (~a & c))

/* a and b: lanes zero-extended; sa and sb: sign-extended; is_signed: QH_LANE_SIGNED */
#define LANES(name, expression)                                                                    \
    static void name(QhCpu *cpu, const QhT0Op *op)                                                 \
    {                                                                                              \
        Vec va = get(cpu, op, op->a), vb = get(cpu, op, op->b);                                    \
        uint32_t width = lane_bits(op);                                                            \
        gboolean is_signed = (op[1].flags & QH_LANE_SIGNED) != 0;                                  \
        QhCell128 result = 0;                                                                      \
        (void)is_signed;                                                                           \
        for (uint32_t i = 0; i < va.bytes * 8 / width; i++) {                                      \
            uint64_t a = lane(va.bits, i, width), b = lane(vb.bits, i, width);                     \
            int64_t sa = lane_signed(va.bits, i, width), sb = lane_signed(vb.bits, i, width);      \
            (void)a, (void)b, (void)sa, (void)sb;                                                  \
            result = put_lane(result, i, width, (uint64_t)(expression));                           \
        }                                                                                          \
        put(cpu, op, result);                                                                      \
    }

/* The nearest value that a lane can hold. */
static uint64_t saturate(__int128 value, uint32_t width, gboolean is_signed)
{
    __int128 max = is_signed ? ((__int128)1 << (width - 1)) - 1 : ((__int128)1 << width) - 1;
    __int128 min = is_signed ? -max - 1 : 0;

    return (uint64_t)(value > max ? max : value < min ? min : value);
}

LANES(vadd, a + b)
LANES(vsub, a - b)
LANES(vmul, a *b)
LANES(vneg, -a)
LANES(vabs, sa < 0 ? -a : a)
LANES(vmin, is_signed ? (sa < sb ? a : b) : (a < b ? a : b))
LANES(vmax, is_signed ? (sa > sb ? a : b) : (a > b ? a : b))
LANES(vsatadd,
      is_signed ? saturate((__int128)sa + sb, width, TRUE)
                : saturate((__int128)a + b, width, FALSE))
LANES(vsatsub,
      is_signed ? saturate((__int128)sa - sb, width, TRUE)
                : saturate((__int128)a - b, width, FALSE))
LANES(vshl, a << op[1].extra)
LANES(vshr, is_signed ? (uint64_t)(sa >> op[1].extra) : a >> op[1].extra)
LANES(vcmp_eq, a == b ? UINT64_MAX : 0)
LANES(vcmp_gt, (is_signed ? sa > sb : a > b) ? UINT64_MAX : 0)

static void vdup(QhCpu *cpu, const QhT0Op *op)
{
    uint32_t width = lane_bits(op);
    uint64_t value = qh_get64(cpu, op->a);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < 128 / width; i++) {
        result = put_lane(result, i, width, value);
    }
    put(cpu, op, result);
}

static void extract_from(QhCpu *cpu, const QhT0Op *op, QhCell128 bits)
{
    uint32_t width = lane_bits(op);

    qh_put64(cpu, op->d,
             op[1].flags & QH_LANE_SIGNED ? (uint64_t)lane_signed(bits, op[1].extra, width)
                                          : lane(bits, op[1].extra, width));
}

static void vextract_64(QhCpu *cpu, const QhT0Op *op)
{
    extract_from(cpu, op, qh_get64(cpu, op->a));
}

static void vextract_128(QhCpu *cpu, const QhT0Op *op)
{
    extract_from(cpu, op, qh_get128(cpu, op->a));
}

static void vinsert(QhCpu *cpu, const QhT0Op *op)
{
    put(cpu, op,
        put_lane(get(cpu, op, op->a).bits, op[1].extra, lane_bits(op), qh_get64(cpu, op->b)));
}

static void vshuffle(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < a.bytes; i++) {
        uint64_t from = lane(b.bits, i, 8);
        result = put_lane(result, i, 8, from < a.bytes ? lane(a.bits, (uint32_t)from, 8) : 0);
    }
    put(cpu, op, result);
}

/* Lanes of a and b in turn, from the low or the high half. */
static void zip(QhCpu *cpu, const QhT0Op *op, gboolean high)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b);
    uint32_t width = lane_bits(op), n = a.bytes * 8 / width, first = high ? n / 2 : 0;
    QhCell128 result = 0;

    for (uint32_t i = 0; i < n / 2; i++) {
        result = put_lane(result, 2 * i, width, lane(a.bits, first + i, width));
        result = put_lane(result, 2 * i + 1, width, lane(b.bits, first + i, width));
    }
    put(cpu, op, n < 2 ? (high ? b.bits : a.bits) : result);
}

static void vzip_lo(QhCpu *cpu, const QhT0Op *op)
{
    zip(cpu, op, FALSE);
}

static void vzip_hi(QhCpu *cpu, const QhT0Op *op)
{
    zip(cpu, op, TRUE);
}

static void vlow(QhCpu *cpu, const QhT0Op *op)
{
    put(cpu, op, (uint64_t)get(cpu, op, op->a).bits);
}

static void vext(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b);
    uint32_t shift = op[1].extra * 8;

    put(cpu, op, shift == 0 ? a.bits : a.bits >> shift | b.bits << (a.bytes * 8 - shift));
}

static void vdup_lane(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a);
    uint32_t width = lane_bits(op);
    uint64_t value = lane(a.bits, op[1].extra, width);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < a.bytes * 8 / width; i++) {
        result = put_lane(result, i, width, value);
    }
    put(cpu, op, result);
}

/* Every other lane of a and b. */
static void unzip(QhCpu *cpu, const QhT0Op *op, gboolean odd)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b);
    uint32_t width = lane_bits(op), n = a.bytes * 8 / width, first = odd ? 1 : 0;
    QhCell128 result = 0;

    for (uint32_t i = 0; i < n / 2; i++) {
        result = put_lane(result, i, width, lane(a.bits, 2 * i + first, width));
        result = put_lane(result, n / 2 + i, width, lane(b.bits, 2 * i + first, width));
    }
    put(cpu, op, n < 2 ? (odd ? b.bits : a.bits) : result);
}

static void vunzip_even(QhCpu *cpu, const QhT0Op *op)
{
    unzip(cpu, op, FALSE);
}

static void vunzip_odd(QhCpu *cpu, const QhT0Op *op)
{
    unzip(cpu, op, TRUE);
}

static void widen(QhCpu *cpu, const QhT0Op *op, gboolean high)
{
    Vec a = get(cpu, op, op->a);
    uint32_t width = lane_bits(op), n = a.bytes * 4 / width;
    gboolean is_signed = (op[1].flags & QH_LANE_SIGNED) != 0;
    QhCell128 result = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = high ? n + i : i;
        result = put_lane(result, i, 2 * width,
                          is_signed ? (uint64_t)lane_signed(a.bits, from, width)
                                    : lane(a.bits, from, width));
    }
    put(cpu, op, result);
}

static void vwiden_lo(QhCpu *cpu, const QhT0Op *op)
{
    widen(cpu, op, FALSE);
}

static void vwiden_hi(QhCpu *cpu, const QhT0Op *op)
{
    widen(cpu, op, TRUE);
}

static void vrev(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a);
    uint32_t width = lane_bits(op), last = (8u << op[1].extra) / width - 1;
    QhCell128 result = 0;

    for (uint32_t i = 0; i < a.bytes * 8 / width; i++) {
        result = put_lane(result, i, width, lane(a.bits, i ^ last, width));
    }
    put(cpu, op, result);
}

static void vmul_even(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b);
    uint32_t width = lane_bits(op);
    gboolean is_signed = (op[1].flags & QH_LANE_SIGNED) != 0;
    QhCell128 result = 0;

    for (uint32_t i = 0; i < a.bytes * 4 / width; i++) {
        uint64_t of_unsigned = lane(a.bits, 2 * i, width) * lane(b.bits, 2 * i, width);
        int64_t of_signed = lane_signed(a.bits, 2 * i, width) * lane_signed(b.bits, 2 * i, width);
        result = put_lane(result, i, 2 * width, is_signed ? (uint64_t)of_signed : of_unsigned);
    }
    put(cpu, op, result);
}

static uint64_t shift_lane(uint64_t a, int64_t sa, int32_t by, uint32_t width, gboolean is_signed)
{
    if (by >= 0) {
        return by >= (int32_t)width ? 0 : a << by;
    }
    if (is_signed) {
        return (uint64_t)(sa >> MIN(-by, (int32_t)width - 1));
    }
    return -by >= (int32_t)width ? 0 : a >> -by;
}

LANES(vshift, shift_lane(a, sa, (int8_t)b, width, is_signed))
LANES(vmulh,
      is_signed ? (uint64_t)((__int128)sa *sb >> width) : (uint64_t)((QhCell128)a *b >> width))
LANES(vpopcnt, __builtin_popcountll(a))

static void vdot(QhCpu *cpu, const QhT0Op *op)
{
    Vec a = get(cpu, op, op->a), b = get(cpu, op, op->b), c = get(cpu, op, op->c);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < a.bytes / 4; i++) {
        uint64_t sum = lane(c.bits, i, 32);
        for (uint32_t k = 4 * i; k < 4 * i + 4; k++) {
            uint64_t left =
                op[1].flags & 1 ? (uint64_t)lane_signed(a.bits, k, 8) : lane(a.bits, k, 8);
            uint64_t right =
                op[1].flags & 2 ? (uint64_t)lane_signed(b.bits, k, 8) : lane(b.bits, k, 8);
            sum += left * right;
        }
        result = put_lane(result, i, 32, sum);
    }
    put(cpu, op, result);
}

QhT0Fn qh_t0_vec_fn(const QhIrRecord *record, uint32_t from_type)
{
    static const QhT0Fn fns[] = {
        vand,
        vor,
        vxor,
        vandn,
        vnot,
        vadd,
        vsub,
        vmul,
        vneg,
        vabs,
        vmin,
        vmax,
        vsatadd,
        vsatsub,
        vshl,
        vshr,
        vcmp_eq,
        vcmp_gt,
        vblend,
        vdup,
        vextract_128,
        vinsert,
        vshuffle,
        vzip_lo,
        vzip_hi,
        vlow,
        vext,
        vdup_lane,
        vunzip_even,
        vunzip_odd,
        vwiden_lo,
        vwiden_hi,
        vrev,
        vmul_even,
        vshift,
        vpopcnt,
        vdot,
        qh_t0_vaes,
        vmulh,
        qh_t0_vsha256,
        qh_t0_vsha256_msg,
    };

    _Static_assert(G_N_ELEMENTS(fns) == QH_IR_vsha256_msg - QH_IR_vand + 1,
                   "one for each operation");
    if (record->op >= QH_IR_vfadd) {
        return qh_t0_vfp_fn(record->op);
    }
    if (record->op == QH_IR_vextract && from_type == QH_TYPE_V64) {
        return vextract_64;
    }
    return fns[record->op - QH_IR_vand];
}
