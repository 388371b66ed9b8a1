/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of vector instructions share: vtype as the state key has it, and the rules of
 * register groups (Unpriv. V, 31.5.2 "Vector Operands"). emul: log2 of EMUL. */
#ifndef RV_TRANS_V_H
#define RV_TRANS_V_H

#include "modules/riscv/translate.h"
#include "modules/riscv/vector.h"

/* mstatus.VS is not Off; and besides vtype is legal. */
gboolean rv_v_on(const RvDis *d);
gboolean rv_v_ready(const RvDis *d);
/* Floating point may be used, too. */
gboolean rv_v_fp_ready(const RvDis *d);

/* log2 of the bytes of an element, of LMUL. */
uint32_t rv_v_sew(const RvDis *d);
int32_t rv_v_lmul(const RvDis *d);

/* As rv_fp_write, for vector registers and CSRs. */
void rv_v_write(RvDis *d);

/* @emul exists, and a group of that size may begin at @reg. */
gboolean rv_v_aligned(uint32_t reg, int32_t emul);

gboolean rv_v_overlap(uint32_t a, int32_t a_emul, uint32_t b, int32_t b_emul);

/* Whether @dest may overlap @source as it does, elements being wider as the EMUL is larger. */
gboolean rv_v_may_hold(uint32_t dest, int32_t d_emul, uint32_t source, int32_t s_emul);

#endif
