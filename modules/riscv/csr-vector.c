/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of the vector extension (Unpriv. V, 31.3). Any write makes the state dirty. */
#include "modules/riscv/csr-table.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"

void rv_helper_vs_dirty(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    cpu->mstatus |= RV_MSTATUS_VS;
    rv_cpu_update_key(cpu);
}

uint64_t rv_csr_read_vstart(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vstart;
}

/* As many bits as the index of the last element of the longest vector needs. */
void rv_csr_write_vstart(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->vstart = value & (cpu->vlen - 1u);
    rv_helper_vs_dirty(&cpu->base);
}

uint64_t rv_csr_read_vxsat(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vxsat;
}

void rv_csr_write_vxsat(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->vxsat = value & 1;
    rv_helper_vs_dirty(&cpu->base);
}

uint64_t rv_csr_read_vxrm(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vxrm;
}

void rv_csr_write_vxrm(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->vxrm = value & 3;
    rv_helper_vs_dirty(&cpu->base);
}

uint64_t rv_csr_read_vcsr(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vxrm << 1 | cpu->vxsat;
}

void rv_csr_write_vcsr(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    rv_csr_write_vxrm(cpu, number, value >> 1, mask);
    rv_csr_write_vxsat(cpu, number, value, mask);
}

uint64_t rv_csr_read_vl(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vl;
}

/* vill is the top bit of XLEN. */
uint64_t rv_csr_read_vtype(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vtype & RV_VTYPE_VILL ? UINT64_C(1) << (cpu->mxlen - 1) : cpu->vtype;
}

uint64_t rv_csr_read_vlenb(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->vlen / 8;
}
