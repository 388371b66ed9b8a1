/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mask instructions (Unpriv. V, 31.15), 64 elements at a time. */
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"
#include "modules/riscv/vector.h"

/* Bits 31-26 of the mask-register logical instructions (31.15.1). */
static uint64_t logic(uint32_t funct6, uint64_t a, uint64_t b)
{
    switch (funct6) {
    case 0x18: /* vmandn */
        return a & ~b;
    case 0x19: /* vmand */
        return a & b;
    case 0x1a: /* vmor */
        return a | b;
    case 0x1b: /* vmxor */
        return a ^ b;
    case 0x1c: /* vmorn */
        return a | ~b;
    case 0x1d: /* vmnand */
        return ~(a & b);
    case 0x1e: /* vmnor */
        return ~(a | b);
    default: /* vmxnor */
        return ~(a ^ b);
    }
}

void rv_helper_v_logic(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint32_t start = (uint32_t)cpu->vstart, vl = (uint32_t)cpu->vl;
    RvU64 *d = (RvU64 *)rv_v_reg(cpu, rv_v_vd(insn));
    const RvU64 *a = (const RvU64 *)rv_v_reg(cpu, rv_v_vs2(insn));
    const RvU64 *b = (const RvU64 *)rv_v_reg(cpu, rv_v_vs1(insn));

    cpu->vstart = 0;
    for (uint32_t word = start / 64; word * 64 < vl; word++) {
        uint64_t body = rv_v_range(word, start, vl);
        d[word] = (d[word] & ~body) | (logic(insn >> 26, a[word], b[word]) & body);
    }
}

/* The active elements of word @word. */
static uint64_t active_word(const RvCpu *cpu, uint32_t insn, uint32_t word)
{
    uint64_t body = rv_v_range(word, 0, (uint32_t)cpu->vl);

    return rv_v_masked(insn) ? body & cpu->v[word] : body;
}

/* All below are reserved with vstart != 0. */
static gboolean refuse_start(RvCpu *cpu, uint32_t insn)
{
    if (cpu->vstart != 0) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
        return TRUE;
    }
    return FALSE;
}

uint64_t rv_helper_vcpop(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    const RvU64 *a = (const RvU64 *)rv_v_reg(cpu, rv_v_vs2(insn));
    uint64_t count = 0;

    if (refuse_start(cpu, insn)) {
        return 0;
    }
    for (uint32_t word = 0; word * 64 < cpu->vl; word++) {
        count += (uint64_t)__builtin_popcountll(a[word] & active_word(cpu, insn, word));
    }
    return count;
}

uint64_t rv_helper_vfirst(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    const RvU64 *a = (const RvU64 *)rv_v_reg(cpu, rv_v_vs2(insn));

    if (refuse_start(cpu, insn)) {
        return 0;
    }
    for (uint32_t word = 0; word * 64 < cpu->vl; word++) {
        uint64_t bits = a[word] & active_word(cpu, insn, word);
        if (bits != 0) {
            return word * 64 + (uint64_t)__builtin_ctzll(bits);
        }
    }
    return UINT64_MAX;
}

/* vs1 of vmsbf, vmsof, vmsif */
#define SET_BEFORE 1u
#define SET_ONLY   2u

void rv_helper_v_set_first(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    RvU64 *d = (RvU64 *)rv_v_reg(cpu, rv_v_vd(insn));
    const RvU64 *a = (const RvU64 *)rv_v_reg(cpu, rv_v_vs2(insn));
    gboolean found = FALSE;

    if (refuse_start(cpu, insn)) {
        return;
    }
    for (uint32_t word = 0; word * 64 < cpu->vl; word++) {
        uint64_t active = active_word(cpu, insn, word), bits = a[word] & active;
        uint64_t first = bits & -bits;
        uint64_t before = first - 1; /* all of them when there is none */
        uint64_t result = rv_v_vs1(insn) == SET_BEFORE ? before
                          : rv_v_vs1(insn) == SET_ONLY ? first
                                                       : before | first;
        d[word] = (d[word] & ~active) | (found ? 0 : result & active);
        found = found || bits != 0;
    }
}

void rv_helper_viota(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint32_t sew = (uint32_t)cpu->vtype >> RV_VTYPE_SEW_SHIFT & 7;
    uint8_t *d = rv_v_reg(cpu, rv_v_vd(insn));
    const uint8_t *a = rv_v_reg(cpu, rv_v_vs2(insn)), *mask = (const uint8_t *)cpu->v;
    uint64_t count = 0;

    if (refuse_start(cpu, insn)) {
        return;
    }
    for (uint32_t i = 0; i < cpu->vl; i++) {
        if (!rv_v_masked(insn) || rv_v_bit(mask, i)) {
            rv_v_set(d, i, sew, count);
            count += rv_v_bit(a, i);
        }
    }
}

void rv_helper_vid(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint32_t sew = (uint32_t)cpu->vtype >> RV_VTYPE_SEW_SHIFT & 7;
    uint8_t *d = rv_v_reg(cpu, rv_v_vd(insn));
    const uint8_t *mask = (const uint8_t *)cpu->v;

    for (uint32_t i = (uint32_t)cpu->vstart; i < cpu->vl; i++) {
        if (!rv_v_masked(insn) || rv_v_bit(mask, i)) {
            rv_v_set(d, i, sew, i);
        }
    }
    cpu->vstart = 0;
}
