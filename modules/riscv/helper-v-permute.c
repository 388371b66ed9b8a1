/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permutations (Unpriv. V, 31.16). */
#include <string.h>

#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"
#include "modules/riscv/vector.h"

typedef struct Permute {
    RvCpu *cpu;
    uint8_t *d;
    const uint8_t *a;
    const uint8_t *mask; /* NULL: all are active */
    uint32_t sew;
    uint32_t start, vl, vlmax;
} Permute;

static Permute begin(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    int32_t lmul = (int32_t)(cpu->vtype & RV_VTYPE_LMUL_MASK);
    uint32_t sew = (uint32_t)cpu->vtype >> RV_VTYPE_SEW_SHIFT & 3;

    lmul = lmul < 4 ? lmul : lmul - 8;
    Permute p = {.cpu = cpu,
                 .d = rv_v_reg(cpu, rv_v_vd(insn)),
                 .a = rv_v_reg(cpu, rv_v_vs2(insn)),
                 .mask = rv_v_masked(insn) ? (const uint8_t *)cpu->v : NULL,
                 .sew = sew,
                 .start = (uint32_t)cpu->vstart,
                 .vl = (uint32_t)cpu->vl,
                 .vlmax = (cpu->vlen / 8u << (lmul + 3)) >> (3 + sew)};
    cpu->vstart = 0;
    return p;
}

static gboolean active(const Permute *p, uint32_t i)
{
    return p->mask == NULL || rv_v_bit(p->mask, i);
}

/* A value of an x register as wide as those are. */
static uint64_t unsigned_x(const RvCpu *cpu, uint64_t x)
{
    return cpu->base.state_key & RV_KEY_64 ? x : (uint32_t)x;
}

void rv_helper_vslideup(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);
    uint64_t offset = unsigned_x(p.cpu, x);

    for (uint32_t i = (uint32_t)MAX(p.start, MIN(offset, p.vl)); i < p.vl; i++) {
        if (active(&p, i)) {
            rv_v_set(p.d, i, p.sew, rv_v_get(p.a, i - (uint32_t)offset, p.sew));
        }
    }
}

void rv_helper_vslidedown(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);
    uint32_t offset = (uint32_t)MIN(unsigned_x(p.cpu, x), p.vlmax);

    if (p.mask == NULL && p.start == 0 && p.vl + offset <= p.vlmax) {
        memmove(p.d, p.a + ((size_t)offset << p.sew), (size_t)p.vl << p.sew);
        return;
    }
    for (uint32_t i = p.start; i < p.vl; i++) {
        if (active(&p, i)) {
            rv_v_set(p.d, i, p.sew, i + offset < p.vlmax ? rv_v_get(p.a, i + offset, p.sew) : 0);
        }
    }
}

void rv_helper_vslide1up(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);

    for (uint32_t i = p.start; i < p.vl; i++) {
        if (active(&p, i)) {
            rv_v_set(p.d, i, p.sew, i == 0 ? x : rv_v_get(p.a, i - 1, p.sew));
        }
    }
}

void rv_helper_vslide1down(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);

    for (uint32_t i = p.start; i < p.vl; i++) {
        if (active(&p, i)) {
            rv_v_set(p.d, i, p.sew, i + 1 == p.vl ? x : rv_v_get(p.a, i + 1, p.sew));
        }
    }
}

static void gather(const Permute *p, const uint8_t *index, uint32_t width)
{
    for (uint32_t i = p->start; i < p->vl; i++) {
        if (active(p, i)) {
            uint64_t from = rv_v_get(index, i, width);
            rv_v_set(p->d, i, p->sew, from < p->vlmax ? rv_v_get(p->a, (uint32_t)from, p->sew) : 0);
        }
    }
}

void rv_helper_vrgather(QhCpu *base, uint32_t insn)
{
    Permute p = begin(base, insn);

    gather(&p, rv_v_reg(p.cpu, rv_v_vs1(insn)), p.sew);
}

void rv_helper_vrgatherei16(QhCpu *base, uint32_t insn)
{
    Permute p = begin(base, insn);

    gather(&p, rv_v_reg(p.cpu, rv_v_vs1(insn)), 1);
}

void rv_helper_vrgather_x(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);
    uint64_t from = unsigned_x(p.cpu, x);
    uint64_t value = from < p.vlmax ? rv_v_get(p.a, (uint32_t)from, p.sew) : 0;

    for (uint32_t i = p.start; i < p.vl; i++) {
        if (active(&p, i)) {
            rv_v_set(p.d, i, p.sew, value);
        }
    }
}

/* Reserved with vstart != 0 (31.16.5). */
void rv_helper_vcompress(QhCpu *base, uint32_t insn)
{
    if (rv_cpu(base)->vstart != 0) {
        rv_cpu_raise(rv_cpu(base), RV_CAUSE_ILLEGAL, insn);
        return;
    }
    Permute p = begin(base, insn);
    const uint8_t *bits = rv_v_reg(p.cpu, rv_v_vs1(insn));
    uint32_t n = 0;

    for (uint32_t i = 0; i < p.vl; i++) {
        if (rv_v_bit(bits, i)) {
            rv_v_set(p.d, n++, p.sew, rv_v_get(p.a, i, p.sew));
        }
    }
}

/* vmv.s.x, vfmv.s.f: nothing when vstart >= vl (31.16.1). */
void rv_helper_vmv_s(QhCpu *base, uint32_t insn, uint64_t x)
{
    Permute p = begin(base, insn);

    if (p.start < p.vl) {
        rv_v_set(p.d, 0, p.sew, x);
    }
}

/* vmv<nr>r.v: from element vstart on (31.16.6). */
void rv_helper_vmv_whole(QhCpu *base, uint32_t insn)
{
    Permute p = begin(base, insn);
    uint32_t bytes = (rv_v_vs1(insn) + 1) * (p.cpu->vlen / 8u), skip = p.start << p.sew;

    if (skip < bytes) {
        memmove(p.d + skip, p.a + skip, bytes - skip);
    }
}
