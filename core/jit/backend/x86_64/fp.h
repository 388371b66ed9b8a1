/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating-point status and compiled code.
 *
 * While compiled code runs, MXCSR masks all exceptions, rounds to nearest even, flushes nothing,
 * and its status bits are flags that the guest has raised besides those in QhCpu.fp_flags: no
 * operation has to move its flags. They are collected when somebody may look at fp_flags. C code
 * leaves any status bits of its own, so the stubs change MXCSR on the way to C and back (stubs.c);
 * calls of helpers keep it in QhJitHot.mxcsr. A cold function adds the flags it raises to fp_flags
 * itself.
 */
#ifndef QH_CORE_JIT_X86_64_FP_H
#define QH_CORE_JIT_X86_64_FP_H

#include "abi/cpu.h"
#include "core/jit/backend/x86_64/t1.h"

/* All exceptions masked, no status bits (Intel SDM volume 1, 10.2.3). */
#define QH_T1_MXCSR        0x1f80u
#define QH_T1_MXCSR_STATUS 0x3fu

/* QH_FP_... by status bits of MXCSR. */
extern const uint8_t qh_t1_fp_flag_map[64];

/* Around the call of a helper with these QH_HELPER_... attributes. before may change rax, rcx and
 * the host's flags; after changes nothing. */
void qh_t1_emit_fp_before_call(QhT1 *t, uint32_t attrs);
void qh_t1_emit_fp_after_call(QhT1 *t);

/* --- What lower-fp.c, lower-fp-convert.c and cold-fp.c share --- */

/* The prefix of scalar instructions, and of those that look at whole registers. */
static inline uint32_t qh_t1_scalar(uint32_t type)
{
    return type == QH_TYPE_F32 ? QH_X_F3 : QH_X_F2;
}

static inline uint32_t qh_t1_packed(uint32_t type)
{
    return type == QH_TYPE_F32 ? 0 : QH_X_66;
}

/* The cold stub of the present record with all its operands: x has the operation and the types of
 * result and operand, y the flags. */
QhT1Cold *qh_t1_fp_cold(QhT1 *t, const QhIrRecord *record);
/* All of the record in C. */
void qh_t1_fp_cold_only(QhT1 *t, const QhIrRecord *record);
/* Whether NaNs or tiny results need the operands again, so that they must outlive the operation. */
gboolean qh_t1_fp_keeps(const QhT1 *t);
/* --- fp-result.c --- */

/* Goes to the stub if @reg holds a NaN; if it holds one or the smallest normal number, of either
 * sign (and perhaps if it holds a very large one). Then it uses rax and the stub's word. */
void qh_t1_fp_check_nan(QhT1 *t, QhT1Cold *cold, uint32_t type, QhReg reg);
void qh_t1_fp_check_tiny_or_nan(QhT1 *t, QhT1Cold *cold, uint32_t type, QhReg reg);
/* Whether this operation can have zeros above its result; whether the present record's is wanted
 * with them. */
gboolean qh_t1_fp_makes_whole(const QhIrRecord *record);
gboolean qh_t1_fp_is_whole(const QhT1 *t);
/* Whether nothing that the result is to have zeros for is above operand @value, seen as one of
 * @type; always if they are not wanted. */
gboolean qh_t1_fp_is_clean(const QhT1 *t, uint32_t value, uint32_t type);
/* @d = the scalar in @from, with zeros above it (may use rax); the same, but with them only if it
 * is not @clean already. */
void qh_t1_fp_clean(QhT1 *t, uint32_t type, QhReg d, QhReg from);
void qh_t1_fp_place(QhT1 *t, uint32_t type, QhReg d, QhReg from, gboolean clean);

/* --- fp-finite.c --- */

/* The product of the present record has been checked, with this stub. */
void qh_t1_fp_product_done(QhT1 *t, QhT1Cold *cold);
/* Whether the sum @record, with the operands in its stub, is that of a number that is known to be
 * finite; then it is made without a check, and sum_done called behind it. */
gboolean qh_t1_fp_is_sum_of_product(QhT1 *t, const QhIrRecord *record, QhT1Cold *cold);
void qh_t1_fp_sum_done(QhT1 *t, QhT1Cold *cold);

/* --- */

/* quiet.c: whether fp_flags_set record @set writes the flags that there were before some
 * comparisons; code for the comparison @record (t->i) if it is one of those. */
gboolean qh_t1_flags_unchanged(const QhT1 *t, uint32_t set);
gboolean qh_t1_quiet_compare(QhT1 *t, const QhIrRecord *record);
/* One operand; the instruction may read @a and write @d. */
void qh_t1_fp_unary(QhT1 *t, const QhIrRecord *record, uint32_t op, gboolean may_be_tiny);
void qh_t1_lower_fp_convert(QhT1 *t, const QhIrRecord *record);

/* cold-fp.c: the whole operation in software; only a NaN is to be made the default one; the same
 * after a fused multiply-add, with an invalid product noticed. */
uint32_t qh_t1_cold_fp(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
uint32_t qh_t1_cold_nan(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
uint32_t qh_t1_cold_fma_nan(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
#define QH_T1_FP_X(op, to, from) ((op) | (uint32_t)(to) << 12 | (uint32_t)(from) << 20)
#define QH_T1_FP_TYPE(x)         ((x) >> 12 & 0xff) /* of the result */

#endif
