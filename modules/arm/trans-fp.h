/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translators of scalar and vector floating point share. */
#ifndef ARM_TRANS_FP_H
#define ARM_TRANS_FP_H

#include "modules/arm/fp.h"
#include "modules/arm/translate.h"

/* Whether the field `type` names a format that this CPU has. */
gboolean arm_fp_exists(const ArmDis *d, uint32_t format);
/* Whether IR operations do it: singles or doubles, and neither FZ nor DN. */
gboolean arm_fp_plain(const ArmDis *d, uint32_t format);
/* FPCR.RMode as QH_ROUND_. */
uint32_t arm_fp_round(const ArmDis *d);
static inline uint32_t arm_fp_type(uint32_t format)
{
    return format == ARM_FMT_D ? QH_TYPE_F64 : QH_TYPE_F32;
}

/* A register's single or double. */
QhValue arm_fp_get(ArmDis *d, uint32_t format, uint32_t reg);
void arm_fp_set(ArmDis *d, uint32_t format, uint32_t reg, QhValue value);
/* ARM_FOP_ADD .. NMUL, and MLA .. NMLS, of singles or doubles. */
QhValue arm_fp_ir2(ArmDis *d, uint32_t format, uint32_t op, QhValue a, QhValue b);
QhValue arm_fp_ir3(ArmDis *d, uint32_t format, uint32_t op, QhValue a, QhValue b, QhValue addend);
/* Helper fp_scalar with word @word. */
QhValue arm_fp_call(ArmDis *d, uint32_t word, QhValue a, QhValue b, QhValue c);
/* The number that an eight-bit immediate says. */
uint64_t arm_fp_expand_imm(uint32_t format, uint32_t imm);

#endif
