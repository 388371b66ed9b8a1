/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block under translation, and what the handlers in trans-*.c build on.
 *
 * A handler is named by its row in decode/ and gets the fields of the instruction. It returns FALSE
 * before it has emitted anything when the instruction does not exist after all (a reserved
 * encoding, a floating-point instruction with mstatus.FS off); the caller then raises the
 * illegal-instruction exception.
 *
 * What the x registers hold is known by modules/support/known.h; a label ends that, so rv_land
 * forgets it.
 */
#ifndef RV_TRANSLATE_H
#define RV_TRANSLATE_H

#include "abi/ir-emit.h"
#include "modules/riscv/cpu.h"
#include "modules/riscv/decode.h" /* generated */
#include "modules/riscv/helper.h"
#include "modules/support/known.h"

/* How the block goes on after the present instruction. */
#define RV_NEXT_INSN  0u /* with the next instruction */
#define RV_NEXT_STATE 1u /* end the block; look at state key and interrupts */
#define RV_NEXT_DONE  2u /* the handler has emitted a terminal */

/* Values of an f register: its 64 bits, and what they are as f32 (unboxed) or f64. 0: none yet. */
typedef struct RvFValues {
    QhValue bits, single, wide;
} RvFValues;

struct RvDis {
    QhBlock *block;
    const RvCpu *cpu; /* configuration only */
    uint64_t pc;      /* of this instruction */
    uint64_t next_pc;
    uint32_t insn;   /* its bits, 16 or 32 of them */
    uint32_t length; /* bytes, 2 or 4 */
    uint32_t next;   /* RV_NEXT_... */
    uint32_t key;    /* the state key as it is at this instruction */
    uint64_t have;   /* RV_HAVE_... */
    uint32_t priv;
    uint32_t mem;  /* QH_MEM_INDEX of loads and stores */
    gboolean is64; /* XLEN is 64 */

    Known known; /* about the x registers */
    RvFValues f[32];
    gboolean fixed; /* the block has something that depends on where it lies */
};

/* The value of x register @reg, XLEN 32: sign-extended. */
QhValue rv_get_x(RvDis *d, uint32_t reg);
/* Its low 32 bits as an i32. */
QhValue rv_get_x32(RvDis *d, uint32_t reg);
/* Write an i64 that is already as cpu.h wants it; x0 drops it. */
void rv_set_x(RvDis *d, uint32_t reg, QhValue value);
/* Write the low half of @value, sign-extended, when XLEN is 32; all of it otherwise. */
void rv_set_x_xlen(RvDis *d, uint32_t reg, QhValue value);
/* Write an i32, sign-extended. */
void rv_set_x32(RvDis *d, uint32_t reg, QhValue value);
void rv_set_x_const(RvDis *d, uint32_t reg, uint64_t value);
/* Whether x register @reg is known to be *@ret_value. */
gboolean rv_x_const(const RvDis *d, uint32_t reg, uint64_t *ret_value);

/* An address at a known distance from pc: as a value, in a register, and whether it is in one. With
 * XLEN 32, where they wrap, they are constants. */
QhValue rv_near(RvDis *d, uint64_t address);
void rv_set_x_near(RvDis *d, uint32_t reg, uint64_t address);
gboolean rv_x_near(const RvDis *d, uint32_t reg, uint64_t *ret_address);

/* Registers were written behind the translator's back (a helper with GPR in its writes). */
void rv_forget(RvDis *d);
/* qh_ir_land, which ends the life of all values. */
void rv_land(RvDis *d, QhValue branch);

QhValue rv_const(RvDis *d, uint64_t value);

static inline QhValue rv_const32(RvDis *d, uint32_t value)
{
    return qh_ir_const(d->block, QH_TYPE_I32, value);
}

/* @address as wide as the mode's addresses. */
uint64_t rv_wrap(const RvDis *d, uint64_t address);
/* Address x@base + @offset as an access needs it. */
QhValue rv_address(RvDis *d, uint32_t base, int32_t offset);

/* Call helper RV_HELPER_ID(name) of result type @type. */
static inline QhValue
rv_call(RvDis *d, uint32_t type, uint32_t helper, uint32_t n, const QhValue *args)
{
    return qh_ir_call(d->block, type, helper, n, args);
}

/* Raise @cause with @tval as this instruction's outcome; ends the block. */
void rv_raise(RvDis *d, uint32_t cause, uint64_t tval);

/* The same when @tval is an address at a known distance from pc. */
void rv_raise_near(RvDis *d, uint32_t cause, uint64_t tval);

/* Whether the block has changed the state key behind its back and goes on under the new one; then
 * it must leave with a look at it. */
static inline gboolean rv_key_changed(const RvDis *d)
{
    return d->key != (uint32_t)d->block->state_key;
}

/* The record that leaves for @target. */
void rv_emit_exit(RvDis *d, uint64_t target, uint32_t hint);

/* End the block with a jump to @target; @hint: QH_EXIT_... */
void rv_exit_to(RvDis *d, uint64_t target, uint32_t hint);

/* Floating point, for trans-f.c: whether mstatus.FS allows it ... */
static inline gboolean rv_fp_on(const RvDis *d)
{
    return (d->key & RV_KEY_FS) != 0;
}

/* ... and to be called by each handler that writes an f register or fflags, before it emits that
 * write: makes FS Dirty and ends the block behind the instruction, unless the key says Dirty. */
void rv_fp_write(RvDis *d);

/* frm of the state key: the rounding mode of rm = 7. 5 .. 7 are illegal. */
static inline uint32_t rv_frm(const RvDis *d)
{
    return (d->key >> RV_KEY_FRM_SHIFT) & 7u;
}

/* f registers as 64 bits. */
static inline QhValue rv_get_f(RvDis *d, uint32_t reg)
{
    if (d->f[reg].bits == 0) {
        d->f[reg].bits = qh_ir_get(d->block, QH_TYPE_I64, RV_SLOT_F(reg));
    }
    return d->f[reg].bits;
}

static inline void rv_set_f(RvDis *d, uint32_t reg, QhValue value)
{
    qh_ir_set(d->block, QH_TYPE_I64, RV_SLOT_F(reg), value);
    d->f[reg] = (RvFValues){.bits = value};
}

extern const QhTranslatorOps rv_translator_ops;

#endif
