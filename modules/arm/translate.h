/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block under translation, and what the handlers in trans-*.c build on.
 *
 * A handler is named by its row in decode/ and gets the fields of the instruction. It returns FALSE
 * before it has emitted anything when the encoding is unallocated after all; the caller then raises
 * the exception of an undefined instruction.
 *
 * What the X registers hold is known by modules/support/known.h; a label ends that, so arm_land
 * forgets it. The translator remembers, too, which instruction set the flags last, so that a
 * condition becomes one comparison of its operands.
 */
#ifndef ARM_TRANSLATE_H
#define ARM_TRANSLATE_H

#include "abi/ir-emit.h"
#include "modules/arm/cpu.h"
#include "modules/arm/decode.h" /* generated */
#include "modules/arm/helper.h"
#include "modules/support/known.h"

/* How the block goes on after the present instruction. */
#define ARM_NEXT_INSN  0u /* with the next instruction */
#define ARM_NEXT_STATE 1u /* end the block; look at state key and interrupts */
#define ARM_NEXT_DONE  2u /* the handler has emitted a terminal */

/* Values of a V register, each 0 until there is one. A scalar view is of the low bits. */
typedef struct ArmVValues {
    QhValue whole;  /* v128 */
    QhValue bits;   /* i64, the low half */
    QhValue single; /* f32 */
    QhValue wide;   /* f64 */
} ArmVValues;

/* What set the flags last in this block: operands of cmp, or a chain of CCMP. */
typedef struct ArmFlags {
    uint32_t kind; /* QH_CC_...; ARM_FLAGS_UNKNOWN; ARM_FLAGS_SELECT */
    uint32_t type; /* QH_TYPE_I32 or _I64 */
    QhValue a, b, result;
    QhValue chosen; /* SELECT: b1; TRUE: as kind_if says; FALSE: nzcv. ADC: C if not 0 */
    uint32_t kind_if, nzcv;
} ArmFlags;
#define ARM_FLAGS_UNKNOWN 0x100u
#define ARM_FLAGS_SELECT  0x101u
#define ARM_FLAGS_FCMP    0x102u /* of type f32 or f64; result is NZCV as an i64 */

struct ArmDis {
    QhBlock *block;
    const ArmCpu *cpu; /* configuration only */
    uint64_t pc;       /* of this instruction */
    uint64_t next_pc;
    uint32_t insn;
    uint32_t next; /* ARM_NEXT_... */
    uint64_t key;  /* the block's state key */
    uint64_t have; /* ARM_HAVE_... */
    uint32_t el;
    uint32_t mem;        /* QH_MEM_INDEX, alignment and byte order of loads and stores */
    uint32_t mem_unpriv; /* the same for LDTR and STTR */

    Known known;     /* about the X registers and, at 32, SP */
    QhValue low[33]; /* their low halves, as i32 */
    ArmVValues v[32];
    ArmFlags flags;
    gboolean fixed;       /* the block has something that depends on where it lies */
    gboolean sp_checked;  /* this instruction has looked at the alignment of SP */
    gboolean key_changed; /* the block has written the state key: it leaves with a look at it */
};

#define ARM_SP 32u /* number of SP in these calls; 31 is the zero register */
/* Register field @n where 31 is SP. */
#define ARM_OR_SP(n) ((n) == 31u ? ARM_SP : (n))

/* Register @reg as an i64, and its low half as an i32. */
QhValue arm_get_x(ArmDis *d, uint32_t reg);
QhValue arm_get_w(ArmDis *d, uint32_t reg);
/* Write an i64; write an i32, zero-extended. Number 31 drops it. */
void arm_set_x(ArmDis *d, uint32_t reg, QhValue value);
void arm_set_w(ArmDis *d, uint32_t reg, QhValue value);
void arm_set_x_const(ArmDis *d, uint32_t reg, uint64_t value);
/* Whether @reg is known to be *@ret_value. */
gboolean arm_x_const(const ArmDis *d, uint32_t reg, uint64_t *ret_value);
/* By width: @sf 1 is 64 bits. The value has type arm_type(sf). */
static inline uint32_t arm_type(uint32_t sf)
{
    return sf ? QH_TYPE_I64 : QH_TYPE_I32;
}
static inline QhValue arm_get(ArmDis *d, uint32_t sf, uint32_t reg)
{
    return sf ? arm_get_x(d, reg) : arm_get_w(d, reg);
}
static inline void arm_set(ArmDis *d, uint32_t sf, uint32_t reg, QhValue value)
{
    if (sf) {
        arm_set_x(d, reg, value);
    } else {
        arm_set_w(d, reg, value);
    }
}

/* An address at a known distance from pc: as a value, and in a register. */
QhValue arm_near(ArmDis *d, uint64_t address);
void arm_set_x_near(ArmDis *d, uint32_t reg, uint64_t address);
/* Whether @reg is known to hold such an address. */
gboolean arm_x_near(const ArmDis *d, uint32_t reg, uint64_t *ret_address);

/* Write SP (number ARM_SP in the calls above does not look at the alignment). @aligned: it is a
 * multiple of 16 if the old one was. */
void arm_set_sp(ArmDis *d, QhValue value, gboolean aligned);

/* Registers were written behind the translator's back (a helper with GPR or VECTOR in its writes).
 */
void arm_forget(ArmDis *d);
/* qh_ir_land, which ends the life of all values. */
void arm_land(ArmDis *d, QhValue branch);

QhValue arm_const(ArmDis *d, uint64_t value);
static inline QhValue arm_const32(ArmDis *d, uint32_t value)
{
    return qh_ir_const(d->block, QH_TYPE_I32, value);
}

/* Base register @reg, where 31 is SP (with its alignment check) ... */
QhValue arm_base(ArmDis *d, uint32_t reg);
/* ... plus @offset. */
QhValue arm_address(ArmDis *d, uint32_t reg, int64_t offset);

/* Call helper ARM_HELPER_ID(name) of result type @type. */
static inline QhValue
arm_call(ArmDis *d, uint32_t type, uint32_t helper, uint32_t n, const QhValue *args)
{
    return qh_ir_call(d->block, type, helper, n, args);
}

/* Condition @cond (Arm C1.2.4) as a b1; 14 and 15 are TRUE. */
QhValue arm_condition(ArmDis *d, uint32_t cond);
/* Emit setflags of @kind and remember it. @type: of @a, @b and @result. */
void arm_set_flags(ArmDis *d, uint32_t kind, uint32_t type, QhValue a, QhValue b, QhValue result);
/* The flags of @compared, ADD or SUB_NB with its operands and result, if b1 @chosen is true, and
 * @nzcv otherwise (CCMP). */
void arm_choose_flags(ArmDis *d, QhValue chosen, const ArmFlags *compared, uint32_t nzcv);
/* The flags of the comparison of @a with @b, of type f32 or f64 (FCMP, FCMPE). */
void arm_set_fp_flags(ArmDis *d, uint32_t type, QhValue a, QhValue b, gboolean signaling);
/* NZCV as an i64 in bits 3 .. 0; and the flags from such a value (QH_CC_BITS). */
QhValue arm_get_nzcv(ArmDis *d);
void arm_put_nzcv(ArmDis *d, QhValue nzcv);

/* Raise ARM_RAISE_... @cause with @payload as this instruction's outcome; ends the block. */
void arm_raise(ArmDis *d, uint32_t cause, uint64_t payload);

/* PSTATE.BTYPE and the software-step state of the next instruction are @btype and what they must
 * be; called before an exit that is none of the two below. */
void arm_finish(ArmDis *d, uint32_t btype);
/* End the block with a jump to @target, or to the value @pc; @hint: QH_EXIT_... */
void arm_exit_to(ArmDis *d, uint64_t target, uint32_t hint);
void arm_exit_value(ArmDis *d, QhValue pc, uint32_t hint);
/* The same with the BTYPE that the branch sets; 3 becomes 1 on a page that is not guarded. */
void arm_exit_indirect(ArmDis *d, QhValue pc, uint32_t hint, uint32_t btype);

/* Whether FP and SIMD instructions may run; FALSE: the trap has been emitted, and the handler
 * returns TRUE. Every handler of theirs asks first. */
gboolean arm_fp_access(ArmDis *d);

/* V registers: 128 bits; the low 64 as i64; as f64 and f32. Writes of a scalar zero the rest. */
QhValue arm_get_v(ArmDis *d, uint32_t reg);
QhValue arm_get_v64(ArmDis *d, uint32_t reg);
QhValue arm_get_f64(ArmDis *d, uint32_t reg);
QhValue arm_get_f32(ArmDis *d, uint32_t reg);
void arm_set_v(ArmDis *d, uint32_t reg, QhValue value);
void arm_set_v64(ArmDis *d, uint32_t reg, QhValue bits);
void arm_set_f64(ArmDis *d, uint32_t reg, QhValue value);
void arm_set_f32(ArmDis *d, uint32_t reg, QhValue value);

extern const QhTranslatorOps arm_translator_ops;

#endif
