/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector operations that move lanes or change their width, and those that the host does in several
 * steps. Of a v64 only what needs no thought is compiled; the rest is left to the interpreter's
 * function, as is what the processor lacks.
 */
#include "core/jit/backend/x86_64/lower-vector.h"

#define P66         (QH_X_0F | QH_X_66)
#define P38         (QH_X_0F38 | QH_X_66)
#define PSHUFD      (0x70u | P66)
#define PSHUFLW     (0x70u | QH_X_0F | QH_X_F2)
#define PSHUFHW     (0x70u | QH_X_0F | QH_X_F3)
#define PAND        (0xdbu | P66)
#define POR         (0xebu | P66)
#define PXOR        (0xefu | P66)
#define PSUBB       (0xf8u | P66)
#define PSUBD       (0xfau | P66)
#define PSUBQ       (0xfbu | P66)
#define PADDB       (0xfcu | P66)
#define PMULLW      (0xd5u | P66)
#define SHA256RNDS2 (0xcbu | QH_X_0F38)
#define SHA256MSG1  (0xccu | QH_X_0F38)
#define SHA256MSG2  (0xcdu | QH_X_0F38)
#define PMULHW      (0xe5u | P66)
#define PMULHUW     (0xe4u | P66)
#define PMULUDQ     (0xf4u | P66)
#define PMULDQ      (0x28u | P38)
#define PMADDWD     (0xf5u | P66)
#define PADDD       (0xfeu | P66)
#define AESIMC      (0xdbu | P38)
#define AESENC      (0xdcu | P38)
#define AESENCLAST  (0xddu | P38)
#define AESDEC      (0xdeu | P38)
#define AESDECLAST  (0xdfu | P38)
#define PACKUSWB    (0x67u | P66)
#define PACKSSDW    (0x6bu | P66)
#define SHUFPS      (0xc6u | QH_X_0F)
#define PUNPCKLBW   (0x60u | P66)
#define PUNPCKHBW   (0x68u | P66)
#define PUNPCKHQDQ  (0x6du | P66)
#define PALIGNR     (0x0fu | QH_X_0F3A | QH_X_66)
#define SHIFT_16    (0x71u | P66) /* by an immediate: 2 right, 4 right signed, 6 left */
#define SHIFT_32    (0x72u | P66)
#define SHIFT_64    (0x73u | P66)
#define RIGHT       2u
#define RIGHT_S     4u
#define LEFT        6u
/* VEX: reg = vvvv shifted by the lanes of rm, which are unsigned; | W: 64 bits */
#define VPSLLV  (0x47u | P38)
#define VPSRLV  (0x45u | P38)
#define VPSRAVD (0x46u | P38)
#define XMM15   QH_XMM(15)

static gboolean is_whole(const QhIrRecord *record)
{
    return record->type == QH_TYPE_V128;
}

static void shift_i(QhT1 *t, uint32_t group, uint32_t number, QhReg d, uint32_t by)
{
    qh_x_i8(&t->a, group, number, qh_rm_reg(d), by);
}

static void copy(QhT1 *t, QhReg d, QhReg from)
{
    if (d != from) {
        qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(from));
    }
}

/* @word, 32 bits, in all of @d */
static void fill(QhT1 *t, QhReg d, uint32_t word)
{
    qh_x_mov_i(&t->a, QH_RAX, word);
    qh_x(&t->a, QH_X_MOVD, d, qh_rm_reg(QH_RAX));
    qh_x_i8(&t->a, PSHUFD, d, qh_rm_reg(d), 0);
}

/* --- Shifts and products that the host has not --- */

/* In words, with the bits of the neighbour cut off; a sign is added by (x ^ sign) - sign. */
void qh_t1_shift_bytes(QhT1 *t, const QhIrRecord *record)
{
    gboolean left = record->op == QH_IR_vshl, is_signed = (record->flags & QH_LANE_SIGNED) != 0;
    uint32_t by = record->b, mask = left ? 0xffu << by & 0xffu : 0xffu >> by;
    QhReg d = qh_t1_def_copy(t, record->a);

    if (by == 0) {
        return;
    }
    shift_i(t, SHIFT_16, left ? LEFT : RIGHT, d, by);
    fill(t, XMM15, mask * 0x01010101u);
    qh_x(&t->a, PAND, d, qh_rm_reg(XMM15));
    if (!left && is_signed) {
        fill(t, XMM15, (0x80u >> by) * 0x01010101u);
        qh_x(&t->a, PXOR, d, qh_rm_reg(XMM15));
        qh_x(&t->a, PSUBB, d, qh_rm_reg(XMM15));
    }
}

void qh_t1_sar_64(QhT1 *t, const QhIrRecord *record)
{
    QhReg d = qh_t1_def_copy(t, record->a);

    if (record->b == 0) {
        return;
    }
    shift_i(t, SHIFT_64, RIGHT, d, record->b);
    qh_x_mov_i(&t->a, QH_RAX, G_GUINT64_CONSTANT(1) << (63 - record->b));
    qh_x(&t->a, QH_X_MOVD | QH_X_W, XMM15, qh_rm_reg(QH_RAX));
    qh_x(&t->a, QH_X_PUNPCKLQDQ, XMM15, qh_rm_reg(XMM15));
    qh_x(&t->a, PXOR, d, qh_rm_reg(XMM15));
    qh_x(&t->a, PSUBQ, d, qh_rm_reg(XMM15));
}

/* Even bytes by a product of words; odd ones by one whose second factor has them on top. */
void qh_t1_mul_bytes(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a), b = qh_t1_use_xmm(t, record->b), d = qh_t1_def(t);

    copy(t, XMM15, a);
    shift_i(t, SHIFT_16, RIGHT, XMM15, 8);
    copy(t, d, b);
    shift_i(t, SHIFT_16, RIGHT, d, 8);
    shift_i(t, SHIFT_16, LEFT, d, 8);
    qh_x(&t->a, PMULLW, XMM15, qh_rm_reg(d));
    qh_t1_vector_op3(t, PMULLW, d, a, b);
    shift_i(t, SHIFT_16, LEFT, d, 8);
    shift_i(t, SHIFT_16, RIGHT, d, 8);
    qh_x(&t->a, POR, d, qh_rm_reg(XMM15));
}

/* By the signed low byte of each lane. The host's shifts give 0 for counts that are too large, and
 * of a count and its opposite one is too large, unless both are 0. */
static void vshift(QhT1 *t, const QhIrRecord *record)
{
    uint32_t lane = record->flags & 3, wide = lane == QH_LANE_64 ? QH_X_W : 0;
    gboolean is_signed = (record->flags & QH_LANE_SIGNED) != 0;
    QhReg a, b, d;

    if (!(t->features & QH_T1_HAS_AVX2) || lane < QH_LANE_32 || (wide && is_signed)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    d = qh_t1_def(t);
    copy(t, d, b);
    shift_i(t, wide ? SHIFT_64 : SHIFT_32, LEFT, d, wide ? 56 : 24);
    shift_i(t, SHIFT_32, RIGHT_S, d, 24); /* of 64 bits this is in the upper half */
    if (wide) {
        shift_i(t, SHIFT_64, RIGHT, d, 32);
    }
    qh_x(&t->a, PXOR, XMM15, qh_rm_reg(XMM15));
    qh_x(&t->a, PSUBD, XMM15, qh_rm_reg(d));
    if (is_signed) { /* too large a count gives the sign here, so that is cut by that of d */
        QhReg negative = qh_t1_temp_xmm(t);
        qh_x_vex(&t->a, VPSRAVD, XMM15, a, qh_rm_reg(XMM15));
        copy(t, negative, d);
        shift_i(t, SHIFT_32, RIGHT_S, negative, 31);
        qh_x(&t->a, PAND, XMM15, qh_rm_reg(negative));
    } else {
        qh_x_vex(&t->a, VPSRLV | wide, XMM15, a, qh_rm_reg(XMM15));
    }
    qh_x_vex(&t->a, VPSLLV | wide, d, a, qh_rm_reg(d));
    qh_x(&t->a, POR, d, qh_rm_reg(XMM15));
}

/* Sums within pairs of bits, of pairs, of nibbles; x - (x & mask) is what the mask leaves out. */
static void vpopcnt(QhT1 *t, const QhIrRecord *record)
{
    QhReg a, d;

    if ((record->flags & 3) != QH_LANE_8) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    d = qh_t1_def(t);
    copy(t, XMM15, a);
    shift_i(t, SHIFT_16, RIGHT, XMM15, 1);
    fill(t, d, 0x55555555);
    qh_x(&t->a, PAND, XMM15, qh_rm_reg(d));
    qh_t1_vector_op3(t, PSUBB, d, a, XMM15);
    for (uint32_t by = 2; by <= 4; by += 2) {
        fill(t, XMM15, by == 2 ? 0x33333333 : 0x0f0f0f0f);
        qh_x(&t->a, PAND, XMM15, qh_rm_reg(d));
        qh_x(&t->a, PSUBB, d, qh_rm_reg(XMM15));
        shift_i(t, SHIFT_16, RIGHT, d, by);
        qh_x(&t->a, PADDB, d, qh_rm_reg(XMM15));
    }
}

/* --- Moving lanes --- */

static void vlow(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a);

    qh_x(&t->a, QH_X_MOVQ, qh_t1_def_late(t), qh_rm_reg(a));
}

static void vext(QhT1 *t, const QhIrRecord *record)
{
    QhReg low, high;

    if (!is_whole(record) || !(t->features & QH_T1_HAS_SSSE3)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    low = qh_t1_use_xmm(t, record->a);
    if (t->features & QH_T1_HAS_AVX) {
        high = qh_t1_use_xmm(t, record->b);
        qh_x_vex_i8(&t->a, PALIGNR, qh_t1_def_late(t), high, qh_rm_reg(low), record->c);
    } else {
        qh_x_i8(&t->a, PALIGNR, qh_t1_def_copy(t, record->b), qh_rm_reg(low), record->c);
    }
}

/* Bytes are doubled first, so that they are words. */
static void vdup_lane(QhT1 *t, const QhIrRecord *record)
{
    uint32_t lane = record->flags & 3, index = record->b;
    QhReg a, d;

    if (lane >= QH_LANE_32) {
        uint32_t order = lane == QH_LANE_32 ? index * 0x55 : index == 0 ? 0x44 : 0xee;
        a = qh_t1_use_xmm(t, record->a);
        qh_x_i8(&t->a, PSHUFD, qh_t1_def_late(t), qh_rm_reg(a), order);
        return;
    }
    d = qh_t1_def_copy(t, record->a);
    if (lane == QH_LANE_8) {
        qh_x(&t->a, index < 8 ? PUNPCKLBW : PUNPCKHBW, d, qh_rm_reg(d));
        index &= 7;
    }
    qh_x_i8(&t->a, index < 4 ? PSHUFLW : PSHUFHW, d, qh_rm_reg(d), (index & 3) * 0x55);
    qh_x_i8(&t->a, PSHUFD, d, qh_rm_reg(d), index < 4 ? 0x00 : 0xff);
}

/* Leave in @d what packing makes lanes of: the low half of each with its sign, the high half with
 * its sign, or bytes without it. */
static void keep_half(QhT1 *t, uint32_t lane, gboolean odd, QhReg d)
{
    uint32_t group = lane == QH_LANE_8 ? SHIFT_16 : SHIFT_32, by = 8u << lane;

    if (!odd) {
        shift_i(t, group, LEFT, d, by);
    }
    shift_i(t, group, lane == QH_LANE_8 ? RIGHT : RIGHT_S, d, by);
}

static void unzip(QhT1 *t, const QhIrRecord *record, gboolean odd)
{
    uint32_t lane = record->flags & 3, pack = lane == QH_LANE_8 ? PACKUSWB : PACKSSDW;
    QhReg b, d;

    if (!is_whole(record)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    b = qh_t1_use_xmm(t, record->b);
    d = qh_t1_def_copy(t, record->a);
    if (lane == QH_LANE_64) {
        qh_x(&t->a, odd ? PUNPCKHQDQ : QH_X_PUNPCKLQDQ, d, qh_rm_reg(b));
    } else if (lane == QH_LANE_32) {
        qh_x_i8(&t->a, SHUFPS, d, qh_rm_reg(b), odd ? 0xdd : 0x88);
    } else if (record->a == record->b) {
        keep_half(t, lane, odd, d);
        qh_x(&t->a, pack, d, qh_rm_reg(d));
    } else {
        copy(t, XMM15, b);
        keep_half(t, lane, odd, XMM15);
        keep_half(t, lane, odd, d);
        qh_x(&t->a, pack, d, qh_rm_reg(XMM15));
    }
}

static void widen(QhT1 *t, const QhIrRecord *record, gboolean high)
{
    static const uint32_t of_unsigned[] = {0x30 | P38, 0x33 | P38, 0x35 | P38};
    static const uint32_t of_signed[] = {0x20 | P38, 0x23 | P38, 0x25 | P38};
    const uint32_t *ops = record->flags & QH_LANE_SIGNED ? of_signed : of_unsigned;
    QhReg a;

    if (!(t->features & QH_T1_HAS_SSE41)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    if (high) {
        qh_x_i8(&t->a, PSHUFD, XMM15, qh_rm_reg(a), is_whole(record) ? 0xee : 0x55);
        a = XMM15;
    }
    qh_x(&t->a, ops[record->flags & 3], qh_t1_def_late(t), qh_rm_reg(a));
}

/* Words of a group by shuffles; bytes are swapped within words first. */
static void vrev(QhT1 *t, const QhIrRecord *record)
{
    uint32_t lane = record->flags & 3, group = record->b;
    QhReg d = qh_t1_def_copy(t, record->a);

    if (lane == QH_LANE_32 && group == 3) {
        qh_x_i8(&t->a, PSHUFD, d, qh_rm_reg(d), 0xb1);
        return;
    }
    if (lane == QH_LANE_8 && group > 0) {
        copy(t, XMM15, d);
        shift_i(t, SHIFT_16, RIGHT, XMM15, 8);
        shift_i(t, SHIFT_16, LEFT, d, 8);
        qh_x(&t->a, POR, d, qh_rm_reg(XMM15));
    }
    if (lane < QH_LANE_32 && group >= 2) {
        qh_x_i8(&t->a, PSHUFLW, d, qh_rm_reg(d), group == 2 ? 0xb1 : 0x1b);
        qh_x_i8(&t->a, PSHUFHW, d, qh_rm_reg(d), group == 2 ? 0xb1 : 0x1b);
    }
}

static void vmul_even(QhT1 *t, const QhIrRecord *record)
{
    gboolean is_signed = (record->flags & QH_LANE_SIGNED) != 0;
    QhReg b;

    if ((record->flags & 3) != QH_LANE_32 || (is_signed && !(t->features & QH_T1_HAS_SSE41))) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    b = qh_t1_use_xmm(t, record->b);
    qh_x(&t->a, is_signed ? PMULDQ : PMULUDQ, qh_t1_def_copy(t, record->a), qh_rm_reg(b));
}

/* @to = sums of two products of words: bytes of a times bytes of b, the even or the odd ones. */
static void products(QhT1 *t, const QhIrRecord *record, gboolean odd, QhReg to, QhReg a, QhReg b)
{
    copy(t, to, a);
    copy(t, XMM15, b);
    if (!odd) {
        shift_i(t, SHIFT_16, LEFT, to, 8);
        shift_i(t, SHIFT_16, LEFT, XMM15, 8);
    }
    shift_i(t, SHIFT_16, record->flags & 1 ? RIGHT_S : RIGHT, to, 8);
    shift_i(t, SHIFT_16, record->flags & 2 ? RIGHT_S : RIGHT, XMM15, 8);
    qh_x(&t->a, PMADDWD, to, qh_rm_reg(XMM15));
}

static void vdot(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a), b = qh_t1_use_xmm(t, record->b);
    QhReg c = qh_t1_use_xmm(t, record->c), odd = qh_t1_temp_xmm(t), d = qh_t1_def(t);

    products(t, record, FALSE, d, a, b);
    products(t, record, TRUE, odd, a, b);
    qh_x(&t->a, PADDD, d, qh_rm_reg(odd));
    qh_x(&t->a, PADDD, d, qh_rm_reg(c));
}

/* With a round key of 0; the host has MixColumns only within a round, so it undoes the rest first.
 */
static void vaes(QhT1 *t, const QhIrRecord *record)
{
    static const uint32_t ops[] = {AESENCLAST, AESDECLAST, AESENC, AESIMC, AESENC, AESDEC};
    uint32_t kind = record->flags;
    QhReg a, d;

    if (!(t->features & QH_T1_HAS_AES)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    if (kind == QH_AES_INV_MIX) {
        a = qh_t1_use_xmm(t, record->a);
        qh_x(&t->a, AESIMC, qh_t1_def_late(t), qh_rm_reg(a));
        return;
    }
    d = qh_t1_def_copy(t, record->a);
    qh_x(&t->a, PXOR, XMM15, qh_rm_reg(XMM15));
    if (kind == QH_AES_MIX) {
        qh_x(&t->a, AESDECLAST, d, qh_rm_reg(XMM15));
    }
    qh_x(&t->a, ops[kind], d, qh_rm_reg(XMM15));
}

/*
 * The host's two rounds have the state as a b e f and c d g h from the top, and the message in
 * xmm0, which is put back: it may be anybody's. After two rounds what was a b e f is c d g h.
 */
static void vsha256(QhT1 *t, const QhIrRecord *record)
{
    QhReg a, b, c, d, temp[3], abef, cdgh;
    uint32_t order = record->flags ? 0x11 : 0xbb;

    if (!(t->features & QH_T1_HAS_SHA)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    c = qh_t1_use_xmm(t, record->c);
    temp[0] = qh_t1_temp_xmm(t);
    temp[1] = qh_t1_temp_xmm(t);
    temp[2] = d = qh_t1_def(t);
    abef = temp[0] == QH_XMM(0) ? temp[2] : temp[0];
    cdgh = temp[1] == QH_XMM(0) ? temp[2] : temp[1];
    copy(t, abef, b);
    qh_x_i8(&t->a, SHUFPS, abef, qh_rm_reg(a), 0x11);
    copy(t, cdgh, b);
    qh_x_i8(&t->a, SHUFPS, cdgh, qh_rm_reg(a), 0xbb);
    copy(t, XMM15, QH_XMM(0));
    copy(t, QH_XMM(0), c);
    qh_x(&t->a, SHA256RNDS2, cdgh, qh_rm_reg(abef));
    qh_x_i8(&t->a, PSHUFD, QH_XMM(0), qh_rm_reg(QH_XMM(0)), 0xee);
    qh_x(&t->a, SHA256RNDS2, abef, qh_rm_reg(cdgh));
    copy(t, QH_XMM(0), XMM15);
    qh_x_i8(&t->a, SHUFPS, abef, qh_rm_reg(cdgh), order);
    copy(t, d, abef);
}

static void vsha256_msg(QhT1 *t, const QhIrRecord *record)
{
    QhReg b;

    if (!(t->features & QH_T1_HAS_SHA)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    b = qh_t1_use_xmm(t, record->b);
    qh_x(&t->a, record->flags ? SHA256MSG2 : SHA256MSG1, qh_t1_def_copy(t, record->a),
         qh_rm_reg(b));
}

/* Of words there are only products of even lanes: those of the odd ones have their upper halves in
 * place, those of the even ones are moved. */
static void vmulh(QhT1 *t, const QhIrRecord *record)
{
    uint32_t lane = record->flags & 3, op;
    gboolean is_signed = (record->flags & QH_LANE_SIGNED) != 0;
    QhReg a, b, odd, d;

    if (lane == QH_LANE_8 || lane == QH_LANE_64 ||
        (lane == QH_LANE_32 && is_signed && !(t->features & QH_T1_HAS_SSE41))) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    if (lane == QH_LANE_16) {
        qh_t1_vector_op3(t, is_signed ? PMULHW : PMULHUW, qh_t1_def(t), a, b);
        return;
    }
    op = is_signed ? PMULDQ : PMULUDQ;
    odd = qh_t1_temp_xmm(t);
    d = qh_t1_def(t);
    copy(t, odd, a);
    shift_i(t, SHIFT_64, RIGHT, odd, 32);
    copy(t, XMM15, b);
    shift_i(t, SHIFT_64, RIGHT, XMM15, 32);
    qh_x(&t->a, op, odd, qh_rm_reg(XMM15));
    qh_t1_vector_op3(t, op, d, a, b);
    shift_i(t, SHIFT_64, RIGHT, d, 32);
    shift_i(t, SHIFT_64, RIGHT, odd, 32);
    shift_i(t, SHIFT_64, LEFT, odd, 32);
    qh_x(&t->a, POR, d, qh_rm_reg(odd));
}

void qh_t1_lower_lanes(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_vlow:
        vlow(t, record);
        break;
    case QH_IR_vext:
        vext(t, record);
        break;
    case QH_IR_vdup_lane:
        vdup_lane(t, record);
        break;
    case QH_IR_vunzip_even:
    case QH_IR_vunzip_odd:
        unzip(t, record, record->op == QH_IR_vunzip_odd);
        break;
    case QH_IR_vwiden_lo:
    case QH_IR_vwiden_hi:
        widen(t, record, record->op == QH_IR_vwiden_hi);
        break;
    case QH_IR_vrev:
        vrev(t, record);
        break;
    case QH_IR_vmul_even:
        vmul_even(t, record);
        break;
    case QH_IR_vshift:
        vshift(t, record);
        break;
    case QH_IR_vdot:
        vdot(t, record);
        break;
    case QH_IR_vaes:
        vaes(t, record);
        break;
    case QH_IR_vmulh:
        vmulh(t, record);
        break;
    case QH_IR_vsha256:
        vsha256(t, record);
        break;
    case QH_IR_vsha256_msg:
        vsha256_msg(t, record);
        break;
    default:
        vpopcnt(t, record);
        break;
    }
}
