/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector operations: what translator, driver and kernels share.
 *
 * A kernel is a loop over elements of fixed types (helper-v-*.c). vector.def lists the operations,
 * each with its kernels and its shape: how wide the elements of its operands are compared with SEW.
 * From the shape the translator checks registers (trans-v.c), and the driver finds the elements,
 * spreads a scalar, and applies the mask (helper-v.c); so a kernel knows nothing of groups or
 * masks.
 *
 * Elements that are agnostic are left undisturbed, which the manual allows (Unpriv. V, 31.3.4.3).
 */
#ifndef RV_VECTOR_H
#define RV_VECTOR_H

#include "modules/riscv/cpu.h"

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN); /* elements are accessed where they are */

/* Elements in registers; they may lie anywhere in RvCpu.v. */
typedef uint8_t __attribute__((may_alias)) RvU8;
typedef uint16_t __attribute__((may_alias)) RvU16;
typedef uint32_t __attribute__((may_alias)) RvU32;
typedef uint64_t __attribute__((may_alias)) RvU64;
typedef unsigned __int128 RvU128;
typedef int8_t __attribute__((may_alias)) RvS8;
typedef int16_t __attribute__((may_alias)) RvS16;
typedef int32_t __attribute__((may_alias)) RvS32;
typedef int64_t __attribute__((may_alias)) RvS64;
typedef __int128 RvS128;

/* Bytes of the longest group of registers, and elements of the longest vector. */
#define RV_V_GROUP_BYTES (RV_VLEN_MAX)

/* RvVOp.flags */
#define RV_V_EACH    (1u << 0) /* skips inactive elements itself, in order and in place */
#define RV_V_UIMM    (1u << 1) /* the immediate is unsigned */
#define RV_V_FD      (1u << 2) /* the destination's elements are floating-point numbers */
#define RV_V_FA      (1u << 3) /* those of vs2 (and vs1 or the scalar) are */
#define RV_V_CARRY   (1u << 4) /* v0 holds carries, not a mask */
#define RV_V_UNARY   (1u << 5) /* no vs1 */
#define RV_V_NO64    (1u << 6) /* 64-bit elements need all of V */
#define RV_V_REDUCE  (1u << 7) /* vd[0] from vs1[0] and all of vs2; vstart must be 0 */
#define RV_V_HALFMIN (1u << 8) /* Zvfhmin is enough for half precision */

/* RvVOp.arg of floating-point operations, besides numbers of the service */
#define RV_VF_SWAP   (1u << 8) /* vs1 first; of multiply-add: vd is a factor */
#define RV_VF_SIGNED (1u << 9) /* the integer is */
#define RV_VF_RTZ    (1u << 10)
#define RV_VF_ROD    (1u << 11)
#define RV_VF_EQ     0u
#define RV_VF_NE     1u
#define RV_VF_LT     2u
#define RV_VF_LE     3u
#define RV_VF_GT     4u
#define RV_VF_GE     5u

/* RvVOp.d of a destination that is a mask */
#define RV_V_BITS 8

typedef struct RvVec RvVec;

/*
 * @n elements: @d from @a (vs2), @b (vs1 or the scalar, spread) and @c (the old @d; with CARRY
 * bytes of 0 or 1, or NULL). A mask result is bytes of 0 or 1. @d is not restrict: it may be one of
 * the others. With RV_V_EACH also v->active.
 */
typedef void RvVKernel(RvVec *v, void *d, const void *a, const void *b, const void *c, uint32_t n);

typedef struct RvVOp {
    RvVKernel *const *kernels; /* [4], by log2 of SEW in bytes; NULL: no such operation */
    int8_t d, a;               /* log2 of the element width compared with SEW */
    uint16_t flags;            /* RV_V_... */
    uint32_t arg;              /* the kernel's own */
} RvVOp;

/* One instruction in execution. */
struct RvVec {
    RvCpu *cpu;
    const RvVOp *op;
    uint32_t insn;
    uint32_t sew;          /* log2 of the bytes of an element */
    uint32_t vl, start;    /* elements [start, vl) are the body */
    const uint8_t *active; /* RV_V_EACH: a byte of 0 or 1 for each element; NULL: all are active */
    QhFpStatus fp;
};

/* RV_V_ID(name): numbers of the rows of vector.def. */
#define RV_V_ID(name)   RV_V_ID_##name
#define RV_V(name, ...) RV_V_ID_##name,
enum {
#include "modules/riscv/vector.def"
    RV_N_V
};
#undef RV_V

extern const RvVOp rv_v_ops[RV_N_V]; /* helper-v.c */

#define RV_V(name, kernels_, ...) extern RvVKernel *const rv_v_##kernels_[4];
#include "modules/riscv/vector.def"
#undef RV_V

/* log2 of VLMAX, or -1 when @vtype is not supported: LMUL >= SEW / ELEN (Unpriv. V, 31.3.4.2). */
static inline int32_t rv_v_log_vlmax(const RvCpu *cpu, uint64_t vtype)
{
    uint32_t sew = vtype >> RV_VTYPE_SEW_SHIFT & 7;
    int32_t lmul = (int32_t)(vtype & RV_VTYPE_LMUL_MASK);

    lmul = lmul < 4 ? lmul : lmul - 8;
    if (vtype & ~(uint64_t)RV_VTYPE_VALID_BITS || lmul == -4 || 8u << sew > cpu->elen ||
        (lmul < 0 && 8u << sew > (uint32_t)cpu->elen >> -lmul)) {
        return -1;
    }
    return (int32_t)g_bit_nth_msf(cpu->vlen, -1) + lmul - (int32_t)sew - 3;
}

/* Register @number. */
static inline uint8_t *rv_v_reg(RvCpu *cpu, uint32_t number)
{
    return (uint8_t *)cpu->v + number * (cpu->vlen / 8u);
}

static inline uint32_t rv_v_vd(uint32_t insn)
{
    return insn >> 7 & 31;
}

static inline uint32_t rv_v_vs1(uint32_t insn)
{
    return insn >> 15 & 31;
}

static inline uint32_t rv_v_vs2(uint32_t insn)
{
    return insn >> 20 & 31;
}

/* Whether v0 masks the instruction. */
static inline gboolean rv_v_masked(uint32_t insn)
{
    return !(insn >> 25 & 1);
}

static inline gboolean rv_v_bit(const uint8_t *bits, uint32_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

/* Element @i of width 1 << @width. */
static inline uint64_t rv_v_get(const void *elements, uint32_t i, uint32_t width)
{
    switch (width) {
    case 0:
        return ((const RvU8 *)elements)[i];
    case 1:
        return ((const RvU16 *)elements)[i];
    case 2:
        return ((const RvU32 *)elements)[i];
    default:
        return ((const RvU64 *)elements)[i];
    }
}

static inline void rv_v_set(void *elements, uint32_t i, uint32_t width, uint64_t value)
{
    switch (width) {
    case 0:
        ((RvU8 *)elements)[i] = (uint8_t)value;
        break;
    case 1:
        ((RvU16 *)elements)[i] = (uint16_t)value;
        break;
    case 2:
        ((RvU32 *)elements)[i] = (uint32_t)value;
        break;
    default:
        ((RvU64 *)elements)[i] = value;
    }
}

/* Bytes of 0 or 1 from the first @n bits; @ret_bytes has room for a multiple of 8. */
void rv_v_expand(const uint8_t *bits, uint32_t n, uint8_t *ret_bytes);

/* Bits [@start, @end) of word @word: ones, the others 0. */
static inline uint64_t rv_v_range(uint32_t word, uint32_t start, uint32_t end)
{
    uint32_t first = word * 64;
    uint64_t mask = UINT64_MAX;

    if (start > first) {
        mask = start - first < 64 ? mask << (start - first) : 0;
    }
    if (end < first + 64) {
        mask &= end > first ? ~(UINT64_MAX << (end - first)) : 0;
    }
    return mask;
}

#endif
