/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector loads and stores (Unpriv. V, 31.7): what is reserved; the rest is in helper-v-mem.c. */
#include "modules/riscv/trans-v.h"

/* log2 of the bytes of the width field: 000 8 bits, 101 16, 110 32, 111 64 (31.7.3). */
static int32_t width_of(const RvDis *d)
{
    uint32_t field = d->insn >> 12 & 7;

    return field == 0 ? 0 : (int32_t)field - 4;
}

static uint32_t fields_of(const RvDis *d)
{
    return (d->insn >> 29) + 1;
}

/* The groups of all fields: at most 8 registers, and within the file (31.7.8). */
static gboolean groups_fit(const RvDis *d, uint32_t vd, int32_t emul)
{
    uint32_t registers = fields_of(d) << MAX(emul, 0);

    return rv_v_aligned(vd, emul) && registers <= 8 && vd + registers <= 32;
}

static gboolean call(RvDis *d, const RvArgVMem *a, gboolean is_store)
{
    rv_v_write(d);
    QhValue args[] = {rv_const32(d, d->insn), rv_get_x(d, a->rs1), rv_get_x(d, a->rs2)};
    rv_call(d, QH_TYPE_NONE, is_store ? RV_HELPER_ID(v_store) : RV_HELPER_ID(v_load), 3, args);
    return TRUE;
}

/* Unit-stride and strided: the width is that of the elements. */
static gboolean plain(RvDis *d, const RvArgVMem *a, gboolean is_store)
{
    int32_t emul = width_of(d) - (int32_t)rv_v_sew(d) + rv_v_lmul(d);

    return rv_v_ready(d) && groups_fit(d, a->vd, emul) && (a->vm || a->vd != 0 || is_store) &&
           call(d, a, is_store);
}

gboolean rv_trans_vload(RvDis *d, const RvArgVMem *a)
{
    return plain(d, a, FALSE);
}

gboolean rv_trans_vstore(RvDis *d, const RvArgVMem *a)
{
    return plain(d, a, TRUE);
}

gboolean rv_trans_vload_first(RvDis *d, const RvArgVMem *a)
{
    return plain(d, a, FALSE);
}

gboolean rv_trans_vload_strided(RvDis *d, const RvArgVMem *a)
{
    return plain(d, a, FALSE);
}

gboolean rv_trans_vstore_strided(RvDis *d, const RvArgVMem *a)
{
    return plain(d, a, TRUE);
}

/* Indexed: the width is that of the indices, elements have SEW. */
static gboolean indexed(RvDis *d, const RvArgVMem *a, gboolean is_store)
{
    int32_t lmul = rv_v_lmul(d), emul = width_of(d) - (int32_t)rv_v_sew(d) + lmul;

    if (!rv_v_ready(d) || !groups_fit(d, a->vd, lmul) || !rv_v_aligned(a->rs2, emul)) {
        return FALSE;
    }
    for (uint32_t i = 0; !is_store && i < fields_of(d); i++) {
        uint32_t vd = a->vd + (i << MAX(lmul, 0));
        if (fields_of(d) > 1 ? rv_v_overlap(vd, lmul, a->rs2, emul)
                             : !rv_v_may_hold(vd, lmul, a->rs2, emul)) {
            return FALSE;
        }
    }
    return (a->vm || a->vd != 0 || is_store) && call(d, a, is_store);
}

gboolean rv_trans_vload_indexed(RvDis *d, const RvArgVMem *a)
{
    return indexed(d, a, FALSE);
}

gboolean rv_trans_vstore_indexed(RvDis *d, const RvArgVMem *a)
{
    return indexed(d, a, TRUE);
}

gboolean rv_trans_vlm(RvDis *d, const RvArgVMem *a)
{
    return rv_v_ready(d) && call(d, a, FALSE);
}

gboolean rv_trans_vsm(RvDis *d, const RvArgVMem *a)
{
    return rv_v_ready(d) && call(d, a, TRUE);
}

/* Whole registers, whatever vtype is (31.7.9). */
static gboolean whole(RvDis *d, const RvArgVMem *a, gboolean is_store)
{
    return rv_v_on(d) && a->vd % fields_of(d) == 0 && call(d, a, is_store);
}

gboolean rv_trans_vload_whole(RvDis *d, const RvArgVMem *a)
{
    return whole(d, a, FALSE);
}

gboolean rv_trans_vstore_whole(RvDis *d, const RvArgVMem *a)
{
    return whole(d, a, TRUE);
}
