/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of floating-point operations (Unpriv. V, 31.13 and 31.14.3). One function serves all
 * formats: numbers are as wide as the elements, and the service does the arithmetic bit by bit.
 */
#include "modules/riscv/helper.h"
#include "modules/riscv/vector-host.h"

#define KERNEL(name)                                                                               \
    static void name(RvVec *v, void *d, const void *a, const void *b, const void *c, uint32_t n)
#define TABLE(name) RvVKernel *const rv_v_##name[4] = {name, name, name, name};

static const QhFpService *service(const RvVec *v)
{
    return rv_target(&v->cpu->base)->services.fp;
}

/* QH_FP_F16 ... of numbers of 1 << @width bytes. */
static uint32_t format(uint32_t width)
{
    return QH_FP_F16 + width - 1;
}

static uint32_t a_width(const RvVec *v)
{
    return v->sew + (uint32_t)v->op->a;
}

static uint32_t d_width(const RvVec *v)
{
    return v->sew + (uint32_t)v->op->d;
}

static gboolean active(const RvVec *v, uint32_t i)
{
    return v->active == NULL || v->active[i];
}

static QhFpBits get(const void *elements, uint32_t i, uint32_t width)
{
    return (QhFpBits){rv_v_get(elements, i, width), 0};
}

/* Number @i of @elements in the format of the wider results. */
static QhFpBits get_wide(RvVec *v, const void *elements, uint32_t i, uint32_t width)
{
    QhFpBits number = get(elements, i, width);

    if (width == d_width(v)) {
        return number;
    }
    return service(v)->convert(format(width), format(d_width(v)), number, &v->fp);
}

/* @op on two numbers of @width. */
static uint64_t op2(RvVec *v, uint32_t width, uint32_t op, uint64_t a, uint64_t b)
{
    uint64_t result;

    if (op <= QH_FP_DIV && rv_v_host_usable(v, width) && rv_v_host_op2(width, op, a, b, &result)) {
        return result;
    }
    return service(v)->op2(format(width), op, (QhFpBits){a, 0}, (QhFpBits){b, 0}, &v->fp).lo;
}

static uint64_t fused(RvVec *v, uint32_t width, uint32_t negate, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t result;

    if (rv_v_host_usable(v, width) && rv_v_host_fma(width, negate, a, b, c, &result)) {
        return result;
    }
    return service(v)
        ->fma(format(width), negate, (QhFpBits){a, 0}, (QhFpBits){b, 0}, (QhFpBits){c, 0}, &v->fp)
        .lo;
}

KERNEL(fop2)
{
    uint32_t op = v->op->arg & ~RV_VF_SWAP;
    gboolean swap = (v->op->arg & RV_VF_SWAP) != 0;

    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint64_t x = rv_v_get(a, i, v->sew), y = rv_v_get(b, i, v->sew);
            rv_v_set(d, i, v->sew, op2(v, v->sew, op, swap ? y : x, swap ? x : y));
        }
    }
}
TABLE(fop2)

KERNEL(fwop2)
{
    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            QhFpBits x = get_wide(v, a, i, a_width(v)), y = get_wide(v, b, i, v->sew);
            QhFpBits result = service(v)->op2(format(d_width(v)), v->op->arg, x, y, &v->fp);
            rv_v_set(d, i, d_width(v), result.lo);
        }
    }
}
TABLE(fwop2)

KERNEL(ffma)
{
    uint32_t negate = v->op->arg & (QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND);
    gboolean swap = (v->op->arg & RV_VF_SWAP) != 0; /* vd is a factor, vs2 the addend */

    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint64_t x = rv_v_get(a, i, v->sew), y = rv_v_get(b, i, v->sew);
            uint64_t z = rv_v_get(c, i, v->sew);
            rv_v_set(d, i, v->sew, fused(v, v->sew, negate, swap ? z : x, y, swap ? x : z));
        }
    }
}
TABLE(ffma)

KERNEL(fwfma)
{
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            QhFpBits x = get_wide(v, a, i, v->sew), y = get_wide(v, b, i, v->sew);
            QhFpBits result = service(v)->fma(format(d_width(v)), v->op->arg, x, y,
                                              get(c, i, d_width(v)), &v->fp);
            rv_v_set(d, i, d_width(v), result.lo);
        }
    }
}
TABLE(fwfma)

KERNEL(fsqrt)
{
    (void)b, (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            rv_v_set(d, i, v->sew, service(v)->sqrt(format(v->sew), get(a, i, v->sew), &v->fp).lo);
        }
    }
}
TABLE(fsqrt)

KERNEL(fclass)
{
    static const uint64_t boxes[] = {0, UINT64_C(0xffffffffffff0000), UINT64_C(0xffffffff00000000),
                                     0};

    (void)b, (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint64_t number = rv_v_get(a, i, v->sew) | boxes[v->sew];
            rv_v_set(d, i, v->sew, rv_helper_fclass(&v->cpu->base, format(v->sew), number));
        }
    }
}
TABLE(fclass)

/* arg: 0 the sign of vs1, 1 its opposite, 2 the product of signs */
KERNEL(fsgnj)
{
    uint64_t sign = UINT64_C(1) << ((8u << v->sew) - 1);

    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint64_t x = rv_v_get(a, i, v->sew), y = rv_v_get(b, i, v->sew);
            y ^= v->op->arg == 1 ? sign : v->op->arg == 2 ? x & sign : 0;
            rv_v_set(d, i, v->sew, (x & ~sign) | (y & sign));
        }
    }
}
TABLE(fsgnj)

/* Whether @order, which compare returned, is what @relation asks for. */
static gboolean holds(uint32_t relation, uint32_t order)
{
    switch (relation) {
    case RV_VF_EQ:
        return order == QH_FP_EQUAL;
    case RV_VF_NE:
        return order != QH_FP_EQUAL;
    case RV_VF_LT:
        return order == QH_FP_LESS;
    case RV_VF_LE:
        return order == QH_FP_LESS || order == QH_FP_EQUAL;
    case RV_VF_GT:
        return order == QH_FP_GREATER;
    default:
        return order == QH_FP_GREATER || order == QH_FP_EQUAL;
    }
}

/* Equality is quiet, order is not (31.13.13). */
KERNEL(fcompare)
{
    uint8_t *bytes = d;
    gboolean signaling = v->op->arg != RV_VF_EQ && v->op->arg != RV_VF_NE;

    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint32_t order = service(v)->compare(format(v->sew), get(a, i, v->sew),
                                                 get(b, i, v->sew), signaling, &v->fp);
            bytes[i] = (uint8_t)holds(v->op->arg, order);
        }
    }
}
TABLE(fcompare)

/* To an integer of 8 or 16 bits, which the service has not: the nearest bound is taken after the
 * rounding, and then the only flag is invalid. */
static uint64_t to_narrow(RvVec *v, QhFpBits number, uint32_t width, gboolean is_signed)
{
    QhFpStatus status = v->fp;
    uint32_t bits = 8u << width;
    int64_t top = (INT64_C(1) << (bits - (is_signed ? 1 : 0))) - 1;
    int64_t bottom = is_signed ? -top - 1 : 0;
    int64_t result;

    status.flags = 0;
    result =
        (int32_t)service(v)->to_int(format(a_width(v)), number, 32, TRUE, QH_FTO_SATURATE, &status);
    if (result > top || result < bottom) {
        result = result > top ? top : bottom;
        status.flags = QH_FP_INVALID;
    }
    v->fp.flags |= status.flags;
    return (uint64_t)result;
}

KERNEL(fto_int)
{
    gboolean is_signed = (v->op->arg & RV_VF_SIGNED) != 0;
    uint32_t width = d_width(v);

    (void)b, (void)c;
    if (v->op->arg & RV_VF_RTZ) {
        v->fp.rounding = QH_ROUND_ZERO;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            QhFpBits number = get(a, i, a_width(v));
            uint64_t result = width < 2
                                  ? to_narrow(v, number, width, is_signed)
                                  : service(v)->to_int(format(a_width(v)), number, 8u << width,
                                                       is_signed, QH_FTO_SATURATE, &v->fp);
            rv_v_set(d, i, width, result);
        }
    }
}
TABLE(fto_int)

KERNEL(ffrom_int)
{
    gboolean is_signed = (v->op->arg & RV_VF_SIGNED) != 0;
    uint32_t spare = 64 - (8u << a_width(v));

    (void)b, (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            uint64_t value = rv_v_get(a, i, a_width(v));
            if (is_signed) {
                value = (uint64_t)((int64_t)(value << spare) >> spare);
            }
            rv_v_set(d, i, d_width(v),
                     service(v)->from_int(format(d_width(v)), value, is_signed, &v->fp).lo);
        }
    }
}
TABLE(ffrom_int)

KERNEL(fconvert)
{
    (void)b, (void)c;
    if (v->op->arg & RV_VF_ROD) {
        v->fp.rounding = QH_ROUND_ODD;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            QhFpBits number = get(a, i, a_width(v));
            rv_v_set(
                d, i, d_width(v),
                service(v)->convert(format(a_width(v)), format(d_width(v)), number, &v->fp).lo);
        }
    }
}
TABLE(fconvert)

/* In the order of the elements, which the manual allows for the unordered sum, too (31.14.3). */
KERNEL(fred)
{
    uint64_t x = rv_v_get(b, 0, v->sew);

    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            x = op2(v, v->sew, v->op->arg, x, rv_v_get(a, i, v->sew));
        }
    }
    rv_v_set(d, 0, v->sew, x);
}
TABLE(fred)

KERNEL(fwred)
{
    QhFpBits x = get(b, 0, d_width(v));

    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        if (active(v, i)) {
            QhFpBits y = get_wide(v, a, i, v->sew);
            x = service(v)->op2(format(d_width(v)), v->op->arg, x, y, &v->fp);
        }
    }
    rv_v_set(d, 0, d_width(v), x.lo);
}
TABLE(fwred)
