/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors of 64 and 128 bits in xmm registers. Of a v64 the upper half of its register may be
 * anything. What the host has no instruction for is done by the interpreter's function.
 */
#include "core/jit/backend/x86_64/lower-vector.h"

#include "core/jit/backend/interp/t0.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

#define P66     (QH_X_0F | QH_X_66)
#define P38     (QH_X_0F38 | QH_X_66)
#define P3A     (QH_X_0F3A | QH_X_66)
#define SSE41   QH_T1_HAS_SSE41
#define SSSE3   QH_T1_HAS_SSSE3
#define SSE42   QH_T1_HAS_SSE42
#define NONE    UINT32_MAX /* no such instruction */
#define PXOR    (0xefu | P66)
#define POR     (0xebu | P66)
#define PAND    (0xdbu | P66)
#define PANDN   (0xdfu | P66) /* ~reg & rm */
#define PCMPEQD (0x76u | P66)
#define PADDUSB (0xdcu | P66)
#define PSHUFB  (0x00u | P38)
#define PSHUFD  (0x70u | P66)
#define PSHUFLW (0x70u | QH_X_0F | QH_X_F2)
#define PINSRW  (0xc4u | P66)
#define PEXTRW  (0xc5u | P66) /* into the general register reg */
#define XMM15   QH_XMM(15)

/* An instruction of two operands by lane size, and what it needs. */
typedef struct Form {
    uint32_t op, needs;
} Form;

static const Form vadd[] = {
    {0xfc | P66, 0},
    {0xfd | P66, 0},
    {0xfe | P66, 0},
    {0xd4 | P66, 0}
};
static const Form vsub[] = {
    {0xf8 | P66, 0},
    {0xf9 | P66, 0},
    {0xfa | P66, 0},
    {0xfb | P66, 0}
};
static const Form vmul[] = {
    {NONE,       0    },
    {0xd5 | P66, 0    },
    {0x40 | P38, SSE41},
    {NONE,       0    }
};
static const Form vabs[] = {
    {0x1c | P38, SSSE3},
    {0x1d | P38, SSSE3},
    {0x1e | P38, SSSE3},
    {NONE,       0    }
};
static const Form vmin_u[] = {
    {0xda | P66, 0    },
    {0x3a | P38, SSE41},
    {0x3b | P38, SSE41},
    {NONE,       0    }
};
static const Form vmin_s[] = {
    {0x38 | P38, SSE41},
    {0xea | P66, 0    },
    {0x39 | P38, SSE41},
    {NONE,       0    }
};
static const Form vmax_u[] = {
    {0xde | P66, 0    },
    {0x3e | P38, SSE41},
    {0x3f | P38, SSE41},
    {NONE,       0    }
};
static const Form vmax_s[] = {
    {0x3c | P38, SSE41},
    {0xee | P66, 0    },
    {0x3d | P38, SSE41},
    {NONE,       0    }
};
static const Form vsatadd_u[] = {
    {0xdc | P66, 0},
    {0xdd | P66, 0},
    {NONE,       0},
    {NONE,       0}
};
static const Form vsatadd_s[] = {
    {0xec | P66, 0},
    {0xed | P66, 0},
    {NONE,       0},
    {NONE,       0}
};
static const Form vsatsub_u[] = {
    {0xd8 | P66, 0},
    {0xd9 | P66, 0},
    {NONE,       0},
    {NONE,       0}
};
static const Form vsatsub_s[] = {
    {0xe8 | P66, 0},
    {0xe9 | P66, 0},
    {NONE,       0},
    {NONE,       0}
};
static const Form vcmp_eq[] = {
    {0x74 | P66, 0    },
    {0x75 | P66, 0    },
    {0x76 | P66, 0    },
    {0x29 | P38, SSE41}
};
static const Form vcmp_gt[] = {
    {0x64 | P66, 0    },
    {0x65 | P66, 0    },
    {0x66 | P66, 0    },
    {0x37 | P38, SSE42}
};
static const Form vzip_lo[] = {
    {0x60 | P66, 0},
    {0x61 | P66, 0},
    {0x62 | P66, 0},
    {0x6c | P66, 0}
};
static const Form vzip_hi[] = {
    {0x68 | P66, 0},
    {0x69 | P66, 0},
    {0x6a | P66, 0},
    {0x6d | P66, 0}
};

static gboolean has_avx(const QhT1 *t)
{
    return (t->features & QH_T1_HAS_AVX) != 0;
}

static gboolean has(const QhT1 *t, const Form *form)
{
    return form->op != NONE && (form->needs & ~t->features) == 0;
}

void qh_t1_vector_op3(QhT1 *t, uint32_t op, QhReg d, QhReg left, QhReg right)
{
    if (has_avx(t)) {
        qh_x_vex(&t->a, op, d, left, qh_rm_reg(right));
        return;
    }
    if (d != left) {
        qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(left));
    }
    qh_x(&t->a, op, d, qh_rm_reg(right));
}

/* --- In C --- */

static void get(const QhT1Regs *regs, QhReg reg, uint64_t ret[2])
{
    ret[0] = QH_IS_XMM(reg) ? regs->xmm[reg & 15][0] : regs->gpr[reg];
    ret[1] = QH_IS_XMM(reg) ? regs->xmm[reg & 15][1] : 0;
}

/* The interpreter's function, with the first cells that it uses for values: none is in use while
 * compiled code runs. */
static uint32_t cold_vector(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    QhJitCpu *jit = qh_jit_of(cpu);
    uint32_t first = QH_IR_MAX_LOCALS + 1;
    const QhReg from[] = {cold->a, cold->b, cold->c};
    int16_t at[4];
    QhT0Op ops[2];

    for (uint32_t i = 0; i < 4; i++) {
        at[i] = (int16_t)(((char *)&jit->frame[first + i] - (char *)cpu) / 4);
    }
    for (uint32_t i = 0; i < 3 && from[i] != QH_NO_REG; i++) {
        get(regs, from[i], jit->frame[first + i]);
    }
    memset(ops, 0, sizeof(ops));
    ops[0].a = at[0];
    ops[0].b = at[1];
    ops[0].c = at[2];
    ops[0].d = at[3];
    ops[1].type = (uint8_t)cold->x;
    ops[1].flags = (uint8_t)(cold->x >> 8);
    ops[1].extra = cold->y;
    ((QhT0Fn)(uintptr_t)cold->word)(cpu, ops);
    if (QH_IS_XMM(cold->d)) {
        memcpy(regs->xmm[cold->d & 15], jit->frame[first + 3], 16);
    } else {
        regs->gpr[cold->d] = jit->frame[first + 3][0];
    }
    return QH_T1_RESUME;
}

static uint32_t immediate_of(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_vinsert:
    case QH_IR_vext:
        return record->c;
    case QH_IR_vshl:
    case QH_IR_vshr:
    case QH_IR_vextract:
    case QH_IR_vdup_lane:
    case QH_IR_vrev:
        return record->b;
    default:
        return 0;
    }
}

QhT1Cold *qh_t1_vector_cold(QhT1 *t, const QhIrRecord *record)
{
    uint32_t used[8];
    uint32_t n = qh_ir_uses(t->source->context->translator, t->records, t->i, used);
    QhT1Cold *cold = qh_t1_cold(t, cold_vector);

    cold->a = qh_t1_use(t, used[0]);
    cold->b = n > 1 ? qh_t1_use(t, used[1]) : QH_NO_REG;
    cold->c = n > 2 ? qh_t1_use(t, used[2]) : QH_NO_REG;
    cold->x = record->type | (uint32_t)record->flags << 8;
    cold->y = immediate_of(record);
    cold->word = (uintptr_t)qh_t0_vec_fn(record, t->records[record->a].type);
    return cold;
}

void qh_t1_vector_in_c(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold = qh_t1_vector_cold(t, record);

    cold->d = qh_t1_def_late(t);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_jmp(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* --- Two operands --- */

static void emit_binary(QhT1 *t, uint32_t op, uint32_t a, uint32_t b)
{
    QhReg left, right, d;

    if (has_avx(t)) {
        left = qh_t1_use_xmm(t, a);
        right = qh_t1_use_xmm(t, b);
        d = qh_t1_def_late(t);
        qh_x_vex(&t->a, op, d, left, qh_rm_reg(right));
    } else {
        right = qh_t1_use_xmm(t, b);
        d = qh_t1_def_copy(t, a);
        qh_x(&t->a, op, d, qh_rm_reg(right));
    }
}

static void binary(QhT1 *t, const QhIrRecord *record, const Form *forms)
{
    const Form *form = &forms[record->flags & 3];

    if (has(t, form)) {
        emit_binary(t, form->op, record->a, record->b);
    } else {
        qh_t1_vector_in_c(t, record);
    }
}

static void
by_sign(QhT1 *t, const QhIrRecord *record, const Form *of_unsigned, const Form *of_signed)
{
    binary(t, record, record->flags & QH_LANE_SIGNED ? of_signed : of_unsigned);
}

/* xmm15 = all ones */
static void ones(QhT1 *t)
{
    qh_x(&t->a, PCMPEQD, XMM15, qh_rm_reg(XMM15));
}

static void vnot(QhT1 *t, const QhIrRecord *record)
{
    QhReg d = qh_t1_def_copy(t, record->a);

    ones(t);
    qh_x(&t->a, PXOR, d, qh_rm_reg(XMM15));
}

/* a > b, unsigned, is that the greater one of both is not b. */
static void greater(QhT1 *t, const QhIrRecord *record)
{
    const Form *max = &vmax_u[record->flags & 3];
    QhReg a, b, d;

    if (record->flags & QH_LANE_SIGNED) {
        binary(t, record, vcmp_gt);
        return;
    }
    if (!has(t, max)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    d = qh_t1_def(t);
    qh_t1_vector_op3(t, max->op, d, a, b);
    qh_x(&t->a, vcmp_eq[record->flags & 3].op, d, qh_rm_reg(b));
    ones(t);
    qh_x(&t->a, PXOR, d, qh_rm_reg(XMM15));
}

static void vblend(QhT1 *t, const QhIrRecord *record)
{
    QhReg b = qh_t1_use_xmm(t, record->b), c = qh_t1_use_xmm(t, record->c);
    QhReg a = qh_t1_use_xmm(t, record->a), d = qh_t1_def(t);

    qh_x(&t->a, QH_X_MOVAPS, XMM15, qh_rm_reg(a));
    qh_x(&t->a, PAND, XMM15, qh_rm_reg(b));
    qh_t1_vector_op3(t, PANDN, d, a, c);
    qh_x(&t->a, POR, d, qh_rm_reg(XMM15));
}

/* --- One operand --- */

static void vneg(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a), d = qh_t1_def(t);

    qh_x(&t->a, PXOR, d, qh_rm_reg(d));
    qh_x(&t->a, vsub[record->flags & 3].op, d, qh_rm_reg(a));
}

static void unary(QhT1 *t, const QhIrRecord *record, const Form *forms)
{
    const Form *form = &forms[record->flags & 3];
    QhReg a;

    if (!has(t, form)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    qh_x(&t->a, form->op, qh_t1_def_late(t), qh_rm_reg(a));
}

/* Numbers of the group of shifts by an immediate; there is none for bytes. */
static void shift(QhT1 *t, const QhIrRecord *record, uint32_t number)
{
    static const uint32_t ops[] = {NONE, 0x71 | P66, 0x72 | P66, 0x73 | P66};
    uint32_t lane = record->flags & 3;
    QhReg d;

    if (lane == QH_LANE_8) {
        qh_t1_shift_bytes(t, record);
        return;
    }
    if (lane == QH_LANE_64 && number == 4) {
        qh_t1_sar_64(t, record);
        return;
    }
    d = qh_t1_def_copy(t, record->a);
    qh_x_i8(&t->a, ops[lane], number, qh_rm_reg(d), record->b);
}

/* --- Lanes --- */

static void vdup(QhT1 *t, const QhIrRecord *record)
{
    static const Form low_pair = {0x60 | P66, 0}; /* PUNPCKLBW */
    QhReg a = qh_t1_use_gpr(t, record->a), d = qh_t1_def(t);
    uint32_t lane = record->flags & 3;

    qh_x(&t->a, QH_X_MOVD | (lane == QH_LANE_64 ? QH_X_W : 0), d, qh_rm_reg(a));
    if (lane == QH_LANE_64) {
        qh_x(&t->a, QH_X_PUNPCKLQDQ, d, qh_rm_reg(d));
        return;
    }
    if (lane == QH_LANE_8) {
        qh_x(&t->a, low_pair.op, d, qh_rm_reg(d));
    }
    if (lane != QH_LANE_32) {
        qh_x_i8(&t->a, PSHUFLW, d, qh_rm_reg(d), 0);
    }
    qh_x_i8(&t->a, PSHUFD, d, qh_rm_reg(d), 0);
}

/* 64-bit lane @number of @from into general register d */
static void extract_64(QhT1 *t, QhReg d, QhReg from, uint32_t number)
{
    if (number != 0) {
        qh_x_i8(&t->a, PSHUFD, XMM15, qh_rm_reg(from), 0xee);
        from = XMM15;
    }
    qh_x(&t->a, QH_X_MOVD_ST | QH_X_W, from, qh_rm_reg(d));
}

static void vextract(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a), d = qh_t1_def(t);
    gboolean is_signed = (record->flags & QH_LANE_SIGNED) != 0;

    switch (record->flags & 3) {
    case QH_LANE_64:
        extract_64(t, d, a, record->b);
        break;
    case QH_LANE_32:
        if (record->b != 0) {
            qh_x_i8(&t->a, PSHUFD, XMM15, qh_rm_reg(a), record->b);
            a = XMM15;
        }
        qh_x(&t->a, QH_X_MOVD_ST, a, qh_rm_reg(d));
        if (is_signed) {
            qh_x(&t->a, QH_X_MOVSXD, d, qh_rm_reg(d));
        }
        break;
    case QH_LANE_16:
        qh_x_i8(&t->a, PEXTRW, d, qh_rm_reg(a), record->b);
        if (is_signed) {
            qh_x(&t->a, QH_X_MOVSX16 | QH_X_W, d, qh_rm_reg(d));
        }
        break;
    default:
        qh_x_i8(&t->a, PEXTRW, d, qh_rm_reg(a), record->b / 2);
        if (record->b & 1) {
            qh_x_i8(&t->a, QH_X_SHIFT_I, 5, qh_rm_reg(d), 8); /* shr */
        }
        qh_x(&t->a, is_signed ? QH_X_MOVSX8 | QH_X_W : QH_X_MOVZX8, d, qh_rm_reg(d));
        break;
    }
}

static void vinsert(QhT1 *t, const QhIrRecord *record)
{
    static const Form forms[] = {
        {0x20 | P3A,          SSE41},
        {PINSRW,              0    },
        {0x22 | P3A,          SSE41},
        {0x22 | P3A | QH_X_W, SSE41}
    };
    const Form *form = &forms[record->flags & 3];
    QhReg b, d;

    if (!has(t, form)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    b = qh_t1_use_gpr(t, record->b);
    d = qh_t1_def_copy(t, record->a);
    qh_x_i8(&t->a, form->op, d, qh_rm_reg(b), record->c);
}

/* PSHUFB looks at bits 0-3 and at bit 7, which gives 0: a sum that saturates moves what is out of
 * range there. Of a v64 the upper half is made the same as the lower one, as bit 3 is set then. */
static void vshuffle(QhT1 *t, const QhIrRecord *record)
{
    gboolean whole = record->type == QH_TYPE_V128;
    QhReg a, b, d;

    if (!(t->features & SSSE3)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    d = qh_t1_def(t);
    qh_x_mov_i(&t->a, QH_RAX, whole ? 0x70707070 : 0x78787878);
    qh_x(&t->a, QH_X_MOVD, XMM15, qh_rm_reg(QH_RAX));
    qh_x_i8(&t->a, PSHUFD, XMM15, qh_rm_reg(XMM15), 0);
    qh_x(&t->a, PADDUSB, XMM15, qh_rm_reg(b));
    if (whole) {
        qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(a));
    } else {
        qh_x_i8(&t->a, PSHUFD, d, qh_rm_reg(a), 0x44);
    }
    qh_x(&t->a, PSHUFB, d, qh_rm_reg(XMM15));
}

/* The high halves of two v64 are the upper half of all their lanes in turn. */
static void zip(QhT1 *t, const QhIrRecord *record, gboolean high)
{
    uint32_t lane = record->flags & 3;
    QhReg b, d;

    if (record->type == QH_TYPE_V128) {
        binary(t, record, high ? vzip_hi : vzip_lo);
    } else if (lane == QH_LANE_64) {
        qh_t1_def_copy(t, high ? record->b : record->a);
    } else {
        b = qh_t1_use_xmm(t, record->b);
        d = qh_t1_def_copy(t, record->a);
        qh_x(&t->a, vzip_lo[lane].op, d, qh_rm_reg(b));
        if (high) {
            qh_x_i8(&t->a, QH_X_PSRLDQ_I, 3, qh_rm_reg(d), 8);
        }
    }
}

static void lower_lanes(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_vdup:
        vdup(t, record);
        break;
    case QH_IR_vextract:
        vextract(t, record);
        break;
    case QH_IR_vinsert:
        vinsert(t, record);
        break;
    case QH_IR_vshuffle:
        vshuffle(t, record);
        break;
    case QH_IR_vzip_lo:
    case QH_IR_vzip_hi:
        zip(t, record, record->op == QH_IR_vzip_hi);
        break;
    default:
        qh_t1_lower_lanes(t, record);
        break;
    }
}

static void lower_arithmetic(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_vadd:
        binary(t, record, vadd);
        break;
    case QH_IR_vsub:
        binary(t, record, vsub);
        break;
    case QH_IR_vmul:
        if ((record->flags & 3) == QH_LANE_8) {
            qh_t1_mul_bytes(t, record);
        } else {
            binary(t, record, vmul);
        }
        break;
    case QH_IR_vneg:
        vneg(t, record);
        break;
    case QH_IR_vabs:
        unary(t, record, vabs);
        break;
    case QH_IR_vmin:
        by_sign(t, record, vmin_u, vmin_s);
        break;
    case QH_IR_vmax:
        by_sign(t, record, vmax_u, vmax_s);
        break;
    case QH_IR_vsatadd:
        by_sign(t, record, vsatadd_u, vsatadd_s);
        break;
    case QH_IR_vsatsub:
        by_sign(t, record, vsatsub_u, vsatsub_s);
        break;
    case QH_IR_vcmp_eq:
        binary(t, record, vcmp_eq);
        break;
    case QH_IR_vcmp_gt:
        greater(t, record);
        break;
    default:
        lower_lanes(t, record);
        break;
    }
}

void qh_t1_lower_vector(QhT1 *t, const QhIrRecord *record)
{
    if (record->op >= QH_IR_vfadd) {
        qh_t1_lower_vfp(t, record);
        return;
    }
    switch (record->op) {
    case QH_IR_vand:
        emit_binary(t, PAND, record->a, record->b);
        break;
    case QH_IR_vor:
        emit_binary(t, POR, record->a, record->b);
        break;
    case QH_IR_vxor:
        emit_binary(t, PXOR, record->a, record->b);
        break;
    case QH_IR_vandn: /* the host inverts the first one */
        emit_binary(t, PANDN, record->b, record->a);
        break;
    case QH_IR_vnot:
        vnot(t, record);
        break;
    case QH_IR_vblend:
        vblend(t, record);
        break;
    case QH_IR_vshl:
        shift(t, record, 6);
        break;
    case QH_IR_vshr:
        shift(t, record, record->flags & QH_LANE_SIGNED ? 4 : 2);
        break;
    default:
        lower_arithmetic(t, record);
        break;
    }
}
