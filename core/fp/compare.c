/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparison, minimum and maximum. */
#include "core/fp/parts.h"

static uint32_t order_magnitudes(QhFpParts a, QhFpParts b)
{
    if (a.kind != b.kind) {
        return a.kind < b.kind ? QH_FP_LESS : QH_FP_GREATER;
    }
    if (a.kind != QH_FP_FINITE) {
        return QH_FP_EQUAL;
    }
    if (a.exponent != b.exponent) {
        return a.exponent < b.exponent ? QH_FP_LESS : QH_FP_GREATER;
    }
    if (a.significand != b.significand) {
        return a.significand < b.significand ? QH_FP_LESS : QH_FP_GREATER;
    }
    return QH_FP_EQUAL;
}

uint32_t qh_fp_order(QhFpParts a, QhFpParts b)
{
    if (a.kind == QH_FP_ZERO && b.kind == QH_FP_ZERO) {
        return QH_FP_EQUAL;
    }
    if (a.sign != b.sign) {
        return a.sign ? QH_FP_LESS : QH_FP_GREATER;
    }
    return a.sign ? order_magnitudes(b, a) : order_magnitudes(a, b);
}

uint32_t
qh_fp_compare(uint32_t format, QhFpBits a, QhFpBits b, gboolean signaling, QhFpStatus *status)
{
    const QhFpFormat *f = qh_fp_format(format);
    QhFpParts left = qh_fp_unpack(f, a, status);
    QhFpParts right = qh_fp_unpack(f, b, status);

    if (!qh_fp_is_nan(left) && !qh_fp_is_nan(right)) {
        return qh_fp_order(left, right);
    }
    if (signaling || left.kind == QH_FP_SIGNALING || right.kind == QH_FP_SIGNALING) {
        status->flags |= QH_FP_INVALID;
    }
    return QH_FP_UNORDERED;
}

static gboolean is_max(uint32_t op)
{
    return op == QH_FP_MAX || op == QH_FP_MAXIMUM || op == QH_FP_MAXNUM;
}

/* What @op gives when at least one is a NaN. */
static QhFpParts min_max_nan(uint32_t op, const QhFpParts *p, QhFpStatus *status)
{
    gboolean number_wins = op != QH_FP_MINIMUM && op != QH_FP_MAXIMUM;
    gboolean signaling = p[0].kind == QH_FP_SIGNALING || p[1].kind == QH_FP_SIGNALING;

    if ((op == QH_FP_MINNUM || op == QH_FP_MAXNUM) && signaling) {
        number_wins = FALSE;
    }
    if (number_wins && !(qh_fp_is_nan(p[0]) && qh_fp_is_nan(p[1]))) {
        status->flags |= signaling ? QH_FP_INVALID : 0;
        return qh_fp_is_nan(p[0]) ? p[1] : p[0];
    }
    return qh_fp_pick_nan(p, 2, status);
}

QhFpParts qh_fp_min_max(uint32_t op, QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    if (qh_fp_is_nan(a) || qh_fp_is_nan(b)) {
        const QhFpParts both[2] = {a, b};
        return min_max_nan(op, both, status);
    }
    uint32_t order = qh_fp_order(a, b);
    if (order == QH_FP_EQUAL) {
        /* -0 is below +0. */
        return (a.sign != 0) != is_max(op) ? a : b;
    }
    return (order == QH_FP_LESS) != is_max(op) ? a : b;
}
