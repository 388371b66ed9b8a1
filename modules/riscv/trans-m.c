/* SPDX-License-Identifier: GPL-2.0-or-later */
/* M and Zmmul. Division by zero and overflow are QH_DIV_RISCV's, which is the default of the IR. */
#include "modules/riscv/translate.h"

static QhValue widen(RvDis *d, uint32_t reg, uint32_t op)
{
    return qh_ir_1(d->block, op, QH_TYPE_I64, rv_get_x(d, reg));
}

/* The upper half of the product. With XLEN 32 the 64-bit product has it whole. */
static gboolean high_half(RvDis *d, const RvArgR *a, uint32_t op, QhValue x, QhValue y)
{
    if (d->is64) {
        rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    } else {
        QhValue product = qh_ir_2(d->block, QH_IR_mul, QH_TYPE_I64, x, y);
        rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, product, 32, 32));
    }
    return TRUE;
}

static gboolean divide32(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x32(d, a->rs1), y = rv_get_x32(d, a->rs2);

    rv_set_x32(d, a->rd, qh_ir(d->block, op, QH_TYPE_I32, QH_DIV_RISCV, x, y, 0));
    return TRUE;
}

static gboolean divide(RvDis *d, const RvArgR *a, uint32_t op)
{
    if (!d->is64) {
        return divide32(d, a, op);
    }
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);
    rv_set_x(d, a->rd, qh_ir(d->block, op, QH_TYPE_I64, QH_DIV_RISCV, x, y, 0));
    return TRUE;
}

gboolean rv_trans_mul(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    rv_set_x_xlen(d, a->rd, qh_ir_2(d->block, QH_IR_mul, QH_TYPE_I64, x, y));
    return TRUE;
}

gboolean rv_trans_mulw(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    x = qh_ir_2(d->block, QH_IR_mul, QH_TYPE_I64, x, y);
    rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, x));
    return TRUE;
}

gboolean rv_trans_mulh(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    return high_half(d, a, QH_IR_mulhs, x, y);
}

gboolean rv_trans_mulhu(RvDis *d, const RvArgR *a)
{
    QhValue x = d->is64 ? rv_get_x(d, a->rs1) : widen(d, a->rs1, QH_IR_ext32u);
    QhValue y = d->is64 ? rv_get_x(d, a->rs2) : widen(d, a->rs2, QH_IR_ext32u);

    return high_half(d, a, QH_IR_mulhu, x, y);
}

gboolean rv_trans_mulhsu(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1);
    QhValue y = d->is64 ? rv_get_x(d, a->rs2) : widen(d, a->rs2, QH_IR_ext32u);

    return high_half(d, a, QH_IR_mulhsu, x, y);
}

gboolean rv_trans_div(RvDis *d, const RvArgR *a)
{
    return divide(d, a, QH_IR_divs);
}

gboolean rv_trans_divu(RvDis *d, const RvArgR *a)
{
    return divide(d, a, QH_IR_divu);
}

gboolean rv_trans_rem(RvDis *d, const RvArgR *a)
{
    return divide(d, a, QH_IR_rems);
}

gboolean rv_trans_remu(RvDis *d, const RvArgR *a)
{
    return divide(d, a, QH_IR_remu);
}

gboolean rv_trans_divw(RvDis *d, const RvArgR *a)
{
    return divide32(d, a, QH_IR_divs);
}

gboolean rv_trans_divuw(RvDis *d, const RvArgR *a)
{
    return divide32(d, a, QH_IR_divu);
}

gboolean rv_trans_remw(RvDis *d, const RvArgR *a)
{
    return divide32(d, a, QH_IR_rems);
}

gboolean rv_trans_remuw(RvDis *d, const RvArgR *a)
{
    return divide32(d, a, QH_IR_remu);
}
