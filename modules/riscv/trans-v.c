/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vector extension: configuration, and operations that vector.def describes.
 *
 * What vtype says is part of the state key, so it is checked once, here. An operation becomes a
 * call: its number, the instruction's bits, which name the registers, and the scalar. vset{i}vl{i}
 * with a vtype other than the present one changes the key in the middle of a block: the translator
 * goes on under the new key, and the block ends with a look at it (RV_NEXT_STATE).
 */
#include "modules/riscv/trans-v.h"

gboolean rv_v_on(const RvDis *d)
{
    return (d->key & RV_KEY_VS) != 0;
}

gboolean rv_v_ready(const RvDis *d)
{
    return rv_v_on(d) && !(d->key & RV_KEY_VILL);
}

uint32_t rv_v_sew(const RvDis *d)
{
    return d->key >> (RV_KEY_VTYPE_SHIFT + RV_VTYPE_SEW_SHIFT) & 7;
}

int32_t rv_v_lmul(const RvDis *d)
{
    uint32_t lmul = d->key >> RV_KEY_VTYPE_SHIFT & RV_VTYPE_LMUL_MASK;

    return lmul < 4 ? (int32_t)lmul : (int32_t)lmul - 8;
}

void rv_v_write(RvDis *d)
{
    if (!(d->key & RV_KEY_VS_DIRTY)) {
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(vs_dirty), 0, NULL);
        d->key |= RV_KEY_VS_DIRTY;
        d->next = RV_NEXT_STATE;
    }
}

static uint32_t group_size(int32_t emul)
{
    return emul <= 0 ? 1 : 1u << emul;
}

gboolean rv_v_aligned(uint32_t reg, int32_t emul)
{
    return emul >= -3 && emul <= 3 && reg % group_size(emul) == 0;
}

gboolean rv_v_overlap(uint32_t a, int32_t a_emul, uint32_t b, int32_t b_emul)
{
    return a < b + group_size(b_emul) && b < a + group_size(a_emul);
}

gboolean rv_v_may_hold(uint32_t dest, int32_t d_emul, uint32_t source, int32_t s_emul)
{
    if (d_emul == s_emul || !rv_v_overlap(dest, d_emul, source, s_emul)) {
        return TRUE;
    }
    if (d_emul < s_emul) {
        return dest == source;
    }
    return s_emul >= 0 && source + group_size(s_emul) == dest + group_size(d_emul);
}

/* Configuration (Unpriv. V, 31.6). */

/* New vl, vtype and state key; returns vl. */
static QhValue set_constant_vtype(RvDis *d, uint64_t vtype, QhValue avl)
{
    int32_t vlmax = rv_v_log_vlmax(d->cpu, vtype);
    uint32_t key;
    QhValue vl;

    rv_v_write(d);
    if (vlmax < 0) {
        vtype = RV_VTYPE_VILL;
        vl = rv_const(d, 0);
    } else {
        QhValue most = rv_const(d, UINT64_C(1) << vlmax);
        vl = avl == 0 ? most : qh_ir_2(d->block, QH_IR_minu, QH_TYPE_I64, avl, most);
    }
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_VL, vl);
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_VTYPE, rv_const(d, vtype));
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_VSTART, rv_const(d, 0));
    key = (d->key & ~(RV_KEY_VTYPE | RV_KEY_VILL)) | rv_key_of_vtype(vtype);
    if (key != d->key) {
        d->key = key;
        qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_STATE_KEY, rv_const(d, key));
    }
    return vl;
}

/* AVL (31.6.2): 0 for the largest there is. */
static QhValue avl_of(RvDis *d, uint32_t rd, uint32_t rs1)
{
    if (rs1 == 0) {
        return rd != 0 ? 0 : qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_VL);
    }
    QhValue x = rv_get_x(d, rs1);
    return d->is64 ? x : qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, x);
}

gboolean rv_trans_vsetvli(RvDis *d, const RvArgVSet *a)
{
    if (!rv_v_on(d)) {
        return FALSE;
    }
    rv_set_x(d, a->rd, set_constant_vtype(d, a->zimm, avl_of(d, a->rd, a->rs1)));
    return TRUE;
}

gboolean rv_trans_vsetivli(RvDis *d, const RvArgVSetI *a)
{
    if (!rv_v_on(d)) {
        return FALSE;
    }
    rv_set_x(d, a->rd, set_constant_vtype(d, a->zimm, rv_const(d, a->avl)));
    return TRUE;
}

gboolean rv_trans_vsetvl(RvDis *d, const RvArgR *a)
{
    if (!rv_v_on(d)) {
        return FALSE;
    }
    QhValue avl = avl_of(d, a->rd, a->rs1);
    QhValue args[] = {rv_get_x(d, a->rs2), avl == 0 ? rv_const(d, UINT64_MAX) : avl};
    rv_v_write(d);
    rv_set_x(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(vsetvl), 2, args));
    d->next = RV_NEXT_STATE;
    return TRUE;
}

uint64_t rv_helper_vsetvl(QhCpu *base, uint64_t vtype, uint64_t avl)
{
    RvCpu *cpu = rv_cpu(base);
    int32_t vlmax = rv_v_log_vlmax(cpu, cpu->mxlen == 32 ? (uint32_t)vtype : vtype);

    cpu->vstart = 0;
    cpu->vtype = vlmax < 0 ? RV_VTYPE_VILL : vtype;
    cpu->vl = vlmax < 0 ? 0 : MIN(avl, UINT64_C(1) << vlmax);
    rv_cpu_update_key(cpu);
    return cpu->vl;
}

/* Operations. */

/* Whether there are numbers of 8 << @width bits; @halfmin: conversions between formats. */
static gboolean has_format(const RvDis *d, uint32_t width, gboolean halfmin)
{
    switch (width) {
    case 1:
        return d->cpu->ext_zvfh || (halfmin && d->cpu->ext_zvfhmin);
    case 2:
        return d->cpu->ext_zve32f;
    case 3:
        return d->cpu->ext_zve64d;
    default:
        return FALSE;
    }
}

gboolean rv_v_fp_ready(const RvDis *d)
{
    /* 31.13: a reserved rounding mode is an error of all of them */
    return rv_fp_on(d) && rv_frm(d) <= QH_ROUND_NEAREST_AWAY;
}

static gboolean formats_exist(const RvDis *d, const RvVOp *op)
{
    gboolean halfmin = (op->flags & RV_V_HALFMIN) != 0;
    uint32_t sew = rv_v_sew(d);

    if (!(op->flags & (RV_V_FD | RV_V_FA))) {
        return TRUE;
    }
    return rv_v_fp_ready(d) &&
           (!(op->flags & RV_V_FD) || has_format(d, sew + (uint32_t)op->d, halfmin)) &&
           (!(op->flags & RV_V_FA) || (has_format(d, sew + (uint32_t)op->a, halfmin) &&
                                       (op->flags & RV_V_UNARY || has_format(d, sew, FALSE))));
}

/* Elements and groups of @op with vd, vs2, vs1 exist and do not overlap in a reserved way
 * (Unpriv. V, 31.5.2 and 31.5.3). */
static gboolean registers_fit(const RvDis *d, const RvArgV *a, const RvVOp *op)
{
    gboolean bits = op->d == RV_V_BITS, reduce = (op->flags & RV_V_REDUCE) != 0;
    gboolean vector = (d->insn >> 12 & 7) < 3 && !(op->flags & RV_V_UNARY);
    uint32_t vd = a->vd, vs2 = a->vs2, vs1 = (uint32_t)a->vs1 & 31;
    int32_t sew = (int32_t)rv_v_sew(d), lmul = rv_v_lmul(d), a_emul = lmul + op->a;
    int32_t d_emul = bits || reduce ? 0 : lmul + op->d;
    int32_t widest = sew + MAX(bits ? 0 : op->d, op->a);

    if (8u << widest > d->cpu->elen || sew + op->a < 0 || !rv_v_aligned(vs2, a_emul)) {
        return FALSE;
    }
    if (reduce) {
        return TRUE;
    }
    if (!rv_v_aligned(vd, d_emul) || (!a->vm && vd == 0 && !bits)) {
        return FALSE;
    }
    if (vector && (!rv_v_aligned(vs1, lmul) || !(bits ? vd == vs1 || !rv_v_overlap(vd, 0, vs1, lmul)
                                                      : rv_v_may_hold(vd, d_emul, vs1, lmul)))) {
        return FALSE;
    }
    return bits ? vd == vs2 || !rv_v_overlap(vd, 0, vs2, a_emul)
                : rv_v_may_hold(vd, d_emul, vs2, a_emul);
}

/* The scalar operand, or the immediate (31.10.1). */
static QhValue scalar(RvDis *d, const RvArgV *a, const RvVOp *op)
{
    switch (d->insn >> 12 & 7) {
    case 3:
        return rv_const(d, (uint64_t)(int64_t)(op->flags & RV_V_UIMM ? a->vs1 & 63 : a->vs1));
    case 4:
    case 6:
        return rv_get_x(d, (uint32_t)a->vs1 & 31);
    case 5:
        return rv_get_f(d, (uint32_t)a->vs1 & 31);
    default:
        return rv_const(d, 0);
    }
}

static gboolean operation(RvDis *d, const RvArgV *a, uint32_t id)
{
    const RvVOp *op = &rv_v_ops[id];

    if (!rv_v_ready(d) || op->kernels[rv_v_sew(d)] == NULL || !formats_exist(d, op) ||
        !registers_fit(d, a, op) || (op->flags & RV_V_NO64 && rv_v_sew(d) == 3 && !d->cpu->ext_v)) {
        return FALSE;
    }
    rv_v_write(d);
    if (op->flags & (RV_V_FD | RV_V_FA)) {
        rv_fp_write(d);
    }
    QhValue args[] = {rv_const32(d, id), rv_const32(d, d->insn), scalar(d, a, op)};
    if (op->flags & RV_V_REDUCE) {
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(v_reduce), 2, args);
    } else if (op->flags & (RV_V_FD | RV_V_FA)) {
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(v_op_fp), 3, args);
    } else {
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(v_op), 3, args);
    }
    return TRUE;
}

#define RV_V(name, ...)                                                                            \
    gboolean rv_trans_##name(RvDis *d, const RvArgV *a)                                            \
    {                                                                                              \
        return operation(d, a, RV_V_ID(name));                                                     \
    }
#include "modules/riscv/vector.def"
#undef RV_V
