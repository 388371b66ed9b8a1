/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver of vector operations: finds the operands of an instruction, runs its kernel over the
 * body elements and applies the mask.
 *
 * A kernel without RV_V_EACH has no effect but its results. It is run over all elements of the
 * body, active or not, so that its loop is one that the compiler vectorises; masked, or with
 * registers that overlap at different widths, its results go through a buffer.
 */
#include <string.h>

#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"
#include "modules/riscv/vector.h"

/* Words of vector.def. */
#define BITS    RV_V_BITS
#define EACH    RV_V_EACH
#define UIMM    RV_V_UIMM
#define FD      RV_V_FD
#define FA      RV_V_FA
#define CARRY   RV_V_CARRY
#define UNARY   RV_V_UNARY
#define NO64    RV_V_NO64
#define REDUCE  RV_V_REDUCE
#define HALFMIN RV_V_HALFMIN
#define SWAP    RV_VF_SWAP
#define SIGNED  RV_VF_SIGNED
#define RTZ     RV_VF_RTZ
#define ROD     RV_VF_ROD
#define EQ      RV_VF_EQ
#define NE      RV_VF_NE
#define LT      RV_VF_LT
#define LE      RV_VF_LE
#define GT      RV_VF_GT
#define GE      RV_VF_GE

const RvVOp rv_v_ops[RV_N_V] = {
#define RV_V(name, kernels_, d_, a_, flags_, arg_)                                                 \
    {.kernels = rv_v_##kernels_, .d = d_, .a = a_, .flags = flags_, .arg = arg_},
#include "modules/riscv/vector.def"
#undef RV_V
};

/* Kernels write what is read; the compiler must not clear a kilobyte for each instruction. */
#if __has_attribute(uninitialized)
#define SCRATCH __attribute__((uninitialized))
#else
#define SCRATCH
#endif

typedef struct Buffer {
    uint64_t words[RV_V_GROUP_BYTES / 8];
} Buffer;

void rv_v_expand(const uint8_t *bits, uint32_t n, uint8_t *ret_bytes)
{
    for (uint32_t i = 0; i < n; i += 8) {
        /* Bit k of the byte alone in byte k, then to bit 0 of it. */
        uint64_t spread =
            bits[i >> 3] * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
        uint64_t ones = (spread + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
        memcpy(ret_bytes + i, &ones, 8);
    }
}

/* Bytes of 0 or 1 to bits; @bytes has room for a multiple of 64. */
static uint64_t pack_word(const uint8_t *bytes)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t eight;
        memcpy(&eight, bytes + i * 8, 8);
        bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << (i * 8);
    }
    return bits;
}

/* The mask @bytes into register vd, where the elements are body and active. */
static void write_bits(RvVec *v, const uint8_t *bytes, gboolean masked)
{
    RvU64 *to = (RvU64 *)rv_v_reg(v->cpu, rv_v_vd(v->insn));
    const RvU64 *mask = (const RvU64 *)v->cpu->v;

    for (uint32_t word = v->start / 64; word * 64 < v->vl; word++) {
        uint64_t keep = rv_v_range(word, v->start, v->vl) & (masked ? mask[word] : UINT64_MAX);
        to[word] = (to[word] & ~keep) | (pack_word(bytes + word * 64) & keep);
    }
}

#define SPREAD(type)                                                                               \
    for (uint32_t i = 0; i < n; i++) {                                                             \
        ((type *)to)[i] = (type)value;                                                             \
    }

static void spread(void *to, uint32_t width, uint64_t value, uint32_t n)
{
    switch (width) {
    case 0:
        memset(to, (int)(value & 0xff), n);
        break;
    case 1:
        SPREAD(RvU16)
        break;
    case 2:
        SPREAD(RvU32)
        break;
    default:
        SPREAD(RvU64)
    }
}

#define MERGE(type)                                                                                \
    for (uint32_t i = 0; i < n; i++) {                                                             \
        ((type *)to)[i] = active[i] ? ((const type *)from)[i] : ((type *)to)[i];                   \
    }

static void merge(void *to, const void *from, const uint8_t *active, uint32_t width, uint32_t n)
{
    switch (width) {
    case 0:
        MERGE(RvU8)
        break;
    case 1:
        MERGE(RvU16)
        break;
    case 2:
        MERGE(RvU32)
        break;
    default:
        MERGE(RvU64)
    }
}

/* A scalar of an f register as an element: what is not NaN-boxed is the canonical NaN (Unpriv. V,
 * 31.13). */
static uint64_t unbox(uint64_t value, uint32_t sew)
{
    switch (sew) {
    case 1:
        return value >= UINT64_C(0xffffffffffff0000) ? value & 0xffff : 0x7e00;
    case 2:
        return value >= UINT64_C(0xffffffff00000000) ? value & 0xffffffff : 0x7fc00000;
    default:
        return value;
    }
}

/* Whether writing @n elements at @d in any order could spoil the source at @s. */
static gboolean
spoils(const uint8_t *d, uint32_t d_width, const uint8_t *s, uint32_t s_width, uint32_t n)
{
    if (d == s && d_width == s_width) {
        return FALSE;
    }
    return d < s + ((size_t)n << s_width) && s < d + ((size_t)n << d_width);
}

/* vs1 or the scalar: the elements from v->start. */
static const uint8_t *second_operand(RvVec *v, uint64_t scalar, uint32_t n, Buffer *buffer)
{
    uint32_t form = v->insn >> 12 & 7;

    if (v->op->flags & RV_V_REDUCE) {
        return rv_v_reg(v->cpu, rv_v_vs1(v->insn));
    }
    if (form < 3) {
        return rv_v_reg(v->cpu, rv_v_vs1(v->insn)) + ((size_t)v->start << v->sew);
    }
    spread(buffer, v->sew, form == 5 ? unbox(scalar, v->sew) : scalar, n);
    return (const uint8_t *)buffer;
}

/* Run a kernel whose results are elements. @active: as in RvVec, from element v->start. */
static void
run_elements(RvVec *v, const uint8_t *a, const uint8_t *b, const uint8_t *active, uint32_t n)
{
    RvVKernel *kernel = v->op->kernels[v->sew];
    gboolean reduce = (v->op->flags & RV_V_REDUCE) != 0;
    gboolean carry = (v->op->flags & RV_V_CARRY) != 0;
    uint32_t d_width = v->sew + (uint32_t)v->op->d, a_width = v->sew + (uint32_t)v->op->a;
    uint8_t *d = rv_v_reg(v->cpu, rv_v_vd(v->insn)) + (reduce ? 0 : (size_t)v->start << d_width);
    Buffer result SCRATCH;

    if (v->op->flags & RV_V_EACH) {
        v->active = active;
        kernel(v, d, a, b, d, n);
    } else if ((active != NULL && !carry) || spoils(d, d_width, a, a_width, n) ||
               spoils(d, d_width, b, v->sew, n)) {
        kernel(v, &result, a, b, carry ? active : d, n);
        if (active != NULL && !carry) {
            merge(d, &result, active, d_width, n);
        } else {
            memcpy(d, &result, (size_t)n << d_width);
        }
    } else {
        kernel(v, d, a, b, carry ? active : d, n);
    }
}

static void
run_bits(RvVec *v, const uint8_t *a, const uint8_t *b, const uint8_t *active, uint32_t n)
{
    gboolean carry = (v->op->flags & RV_V_CARRY) != 0;
    uint8_t bytes[RV_V_GROUP_BYTES + 64] SCRATCH;

    /* what the kernel does not write must be 0 or 1, too */
    uint32_t first = v->start & ~63u;
    memset(bytes + first, 0, ((v->vl + 63) & ~63u) - first);
    v->active = active;
    v->op->kernels[v->sew](v, bytes + v->start, a, b,
                           carry ? (const void *)active : bytes + v->start, n);
    write_bits(v, bytes, active != NULL && !carry);
}

static void run(QhCpu *base, uint32_t id, uint32_t insn, uint64_t scalar)
{
    RvCpu *cpu = rv_cpu(base);
    RvVec v = {.cpu = cpu,
               .op = &rv_v_ops[id],
               .insn = insn,
               .sew = (uint32_t)cpu->vtype >> RV_VTYPE_SEW_SHIFT & 3,
               .vl = (uint32_t)cpu->vl,
               .start = (uint32_t)cpu->vstart,
               .fp = {.rounding = cpu->frm & 7}};
    uint8_t active[RV_V_GROUP_BYTES] SCRATCH;
    gboolean masked = rv_v_masked(insn);
    uint32_t n = v.vl - v.start;
    const uint8_t *a, *b;
    Buffer spread_scalar SCRATCH;

    cpu->vstart = 0;
    if (v.start >= v.vl) {
        return;
    }
    a = rv_v_reg(cpu, rv_v_vs2(insn)) + ((size_t)v.start << (v.sew + (uint32_t)v.op->a));
    b = v.op->flags & RV_V_UNARY ? a : second_operand(&v, scalar, n, &spread_scalar);
    if (masked) {
        rv_v_expand((const uint8_t *)cpu->v, v.vl, active);
    }
    if (v.op->d == RV_V_BITS) {
        run_bits(&v, a, b, masked ? active + v.start : NULL, n);
    } else {
        run_elements(&v, a, b, masked ? active + v.start : NULL, n);
    }
    base->fp_flags |= v.fp.flags;
}

void rv_helper_v_op(QhCpu *base, uint32_t id, uint32_t insn, uint64_t scalar)
{
    run(base, id, insn, scalar);
}

void rv_helper_v_op_fp(QhCpu *base, uint32_t id, uint32_t insn, uint64_t scalar)
{
    run(base, id, insn, scalar);
}

/* Unpriv. V, 31.14: reductions with vstart != 0 are reserved. */
void rv_helper_v_reduce(QhCpu *base, uint32_t id, uint32_t insn)
{
    if (rv_cpu(base)->vstart != 0) {
        rv_cpu_raise(rv_cpu(base), RV_CAUSE_ILLEGAL, insn);
        return;
    }
    run(base, id, insn, 0);
}
