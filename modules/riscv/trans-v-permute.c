/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector instructions on masks and those that move elements (Unpriv. V, 31.15 and 31.16). */
#include "modules/riscv/trans-v.h"

static void call_insn(RvDis *d, uint32_t helper)
{
    QhValue insn = rv_const32(d, d->insn);

    rv_call(d, QH_TYPE_NONE, helper, 1, &insn);
}

static void call_scalar(RvDis *d, uint32_t helper, QhValue scalar)
{
    QhValue args[] = {rv_const32(d, d->insn), scalar};

    rv_call(d, QH_TYPE_NONE, helper, 2, args);
}

/* vd may not be the mask of the same instruction (31.5.3). */
static gboolean mask_free(const RvArgV *a)
{
    return a->vm || a->vd != 0;
}

/* Masks */

static gboolean logic(RvDis *d)
{
    if (!rv_v_ready(d)) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(v_logic));
    return TRUE;
}

#define LOGIC(name)                                                                                \
    gboolean rv_trans_##name(RvDis *d, const RvArgV *a)                                            \
    {                                                                                              \
        (void)a;                                                                                   \
        return logic(d);                                                                           \
    }
LOGIC(vmand)
LOGIC(vmnand)
LOGIC(vmandn)
LOGIC(vmxor)
LOGIC(vmor)
LOGIC(vmnor)
LOGIC(vmorn)
LOGIC(vmxnor)

static gboolean count(RvDis *d, const RvArgV *a, uint32_t helper)
{
    if (!rv_v_ready(d)) {
        return FALSE;
    }
    QhValue insn = rv_const32(d, d->insn);
    rv_v_write(d);
    QhValue result = rv_call(d, QH_TYPE_I64, helper, 1, &insn);
    rv_set_x(d, a->vd, result);
    return TRUE;
}

gboolean rv_trans_vcpop(RvDis *d, const RvArgV *a)
{
    return count(d, a, RV_HELPER_ID(vcpop));
}

gboolean rv_trans_vfirst(RvDis *d, const RvArgV *a)
{
    return count(d, a, RV_HELPER_ID(vfirst));
}

static gboolean set_first(RvDis *d, const RvArgV *a)
{
    if (!rv_v_ready(d) || !mask_free(a) || a->vd == a->vs2) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(v_set_first));
    return TRUE;
}

gboolean rv_trans_vmsbf(RvDis *d, const RvArgV *a)
{
    return set_first(d, a);
}

gboolean rv_trans_vmsif(RvDis *d, const RvArgV *a)
{
    return set_first(d, a);
}

gboolean rv_trans_vmsof(RvDis *d, const RvArgV *a)
{
    return set_first(d, a);
}

gboolean rv_trans_viota(RvDis *d, const RvArgV *a)
{
    if (!rv_v_ready(d) || !mask_free(a) || !rv_v_aligned(a->vd, rv_v_lmul(d)) ||
        rv_v_overlap(a->vd, rv_v_lmul(d), a->vs2, 0)) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(viota));
    return TRUE;
}

gboolean rv_trans_vid(RvDis *d, const RvArgV *a)
{
    if (!rv_v_ready(d) || !mask_free(a) || !rv_v_aligned(a->vd, rv_v_lmul(d))) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(vid));
    return TRUE;
}

/* Element 0 and scalars; LMUL does not matter */

/* Element 0 of @reg, extended to 64 bits as @sign says. */
static QhValue first_element(RvDis *d, uint32_t reg, uint32_t sign)
{
    uint32_t offset = (uint32_t)offsetof(RvCpu, v) + reg * (d->cpu->vlen / 8u);

    return qh_ir(d->block, QH_IR_ld_state, QH_TYPE_I64, 0, offset, rv_v_sew(d) | sign, 0);
}

gboolean rv_trans_vmv_x_s(RvDis *d, const RvArgV *a)
{
    if (!rv_v_ready(d)) {
        return FALSE;
    }
    rv_v_write(d);
    rv_set_x_xlen(d, a->vd, first_element(d, a->vs2, QH_MEM_SIGNED));
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_VSTART, rv_const(d, 0));
    return TRUE;
}

gboolean rv_trans_vmv_s_x(RvDis *d, const RvArgV *a)
{
    if (!rv_v_ready(d)) {
        return FALSE;
    }
    rv_v_write(d);
    call_scalar(d, RV_HELPER_ID(vmv_s), rv_get_x(d, (uint32_t)a->vs1 & 31));
    return TRUE;
}

/* Whether there are numbers of SEW. */
static gboolean has_sew(const RvDis *d)
{
    uint32_t sew = rv_v_sew(d);

    return rv_v_ready(d) && rv_v_fp_ready(d) && sew != 0 && (sew != 1 || d->cpu->ext_zvfh) &&
           (sew != 3 || d->cpu->ext_zve64d);
}

static uint64_t box(const RvDis *d)
{
    uint32_t bits = 8u << rv_v_sew(d);

    return bits == 64 ? 0 : UINT64_MAX << bits;
}

gboolean rv_trans_vfmv_f_s(RvDis *d, const RvArgV *a)
{
    if (!has_sew(d)) {
        return FALSE;
    }
    rv_v_write(d);
    rv_fp_write(d);
    QhValue element = first_element(d, a->vs2, 0);
    rv_set_f(d, a->vd, qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, element, rv_const(d, box(d))));
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_VSTART, rv_const(d, 0));
    return TRUE;
}

/* The scalar in an f register as an element: what is not boxed is the canonical NaN. */
static QhValue unboxed(RvDis *d, uint32_t reg)
{
    QhValue value = rv_get_f(d, reg);

    if (rv_v_sew(d) == 3) {
        return value;
    }
    QhValue boxed = qh_ir_cmp(d->block, QH_COND_GEU, QH_TYPE_I64, value, rv_const(d, box(d)));
    return qh_ir_select(d->block, QH_TYPE_I64, boxed, value,
                        rv_const(d, rv_v_sew(d) == 1 ? 0x7e00 : 0x7fc00000));
}

gboolean rv_trans_vfmv_s_f(RvDis *d, const RvArgV *a)
{
    if (!has_sew(d)) {
        return FALSE;
    }
    rv_v_write(d);
    call_scalar(d, RV_HELPER_ID(vmv_s), unboxed(d, (uint32_t)a->vs1 & 31));
    return TRUE;
}

/* Slides: up, the source must stay whole (31.16.3). */

static gboolean slide(RvDis *d, uint32_t helper, QhValue scalar)
{
    rv_v_write(d);
    call_scalar(d, helper, scalar);
    return TRUE;
}

static gboolean slide_fits(const RvDis *d, const RvArgV *a, gboolean up)
{
    int32_t lmul = rv_v_lmul(d);

    return rv_v_ready(d) && mask_free(a) && rv_v_aligned(a->vd, lmul) &&
           rv_v_aligned(a->vs2, lmul) && !(up && a->vd == a->vs2);
}

/* x register or unsigned immediate. */
static QhValue offset(RvDis *d, const RvArgV *a)
{
    uint32_t field = (uint32_t)a->vs1 & 31;

    return (d->insn >> 12 & 7) == 3 ? rv_const(d, field) : rv_get_x(d, field);
}

gboolean rv_trans_vslideup(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, TRUE) && slide(d, RV_HELPER_ID(vslideup), offset(d, a));
}

gboolean rv_trans_vslidedown(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, FALSE) && slide(d, RV_HELPER_ID(vslidedown), offset(d, a));
}

gboolean rv_trans_vslide1up(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, TRUE) && slide(d, RV_HELPER_ID(vslide1up), offset(d, a));
}

gboolean rv_trans_vslide1down(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, FALSE) && slide(d, RV_HELPER_ID(vslide1down), offset(d, a));
}

gboolean rv_trans_vfslide1up(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, TRUE) && has_sew(d) &&
           slide(d, RV_HELPER_ID(vslide1up), unboxed(d, (uint32_t)a->vs1 & 31));
}

gboolean rv_trans_vfslide1down(RvDis *d, const RvArgV *a)
{
    return slide_fits(d, a, FALSE) && has_sew(d) &&
           slide(d, RV_HELPER_ID(vslide1down), unboxed(d, (uint32_t)a->vs1 & 31));
}

/* Gathers: no source may overlap the destination (31.16.4). */

gboolean rv_trans_vrgather(RvDis *d, const RvArgV *a)
{
    uint32_t vs1 = (uint32_t)a->vs1 & 31;

    if (!slide_fits(d, a, TRUE)) {
        return FALSE;
    }
    if ((d->insn >> 12 & 7) != 0) {
        rv_v_write(d);
        call_scalar(d, RV_HELPER_ID(vrgather_x), offset(d, a));
        return TRUE;
    }
    if (!rv_v_aligned(vs1, rv_v_lmul(d)) || vs1 == a->vd) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(vrgather));
    return TRUE;
}

gboolean rv_trans_vrgatherei16(RvDis *d, const RvArgV *a)
{
    uint32_t vs1 = (uint32_t)a->vs1 & 31;
    int32_t emul = rv_v_lmul(d) + 1 - (int32_t)rv_v_sew(d);

    if (!slide_fits(d, a, TRUE) || !rv_v_aligned(vs1, emul) ||
        rv_v_overlap(a->vd, rv_v_lmul(d), vs1, emul)) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(vrgatherei16));
    return TRUE;
}

gboolean rv_trans_vcompress(RvDis *d, const RvArgV *a)
{
    if (!slide_fits(d, a, TRUE) || rv_v_overlap(a->vd, rv_v_lmul(d), (uint32_t)a->vs1 & 31, 0)) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(vcompress));
    return TRUE;
}

gboolean rv_trans_vmv_whole(RvDis *d, const RvArgV *a)
{
    uint32_t registers = (d->insn >> 15 & 31) + 1;

    if (!rv_v_ready(d) || a->vd % registers != 0 || a->vs2 % registers != 0) {
        return FALSE;
    }
    rv_v_write(d);
    call_insn(d, RV_HELPER_ID(vmv_whole));
    return TRUE;
}
