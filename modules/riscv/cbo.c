/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache-block operations (Unpriv. Zicbom, Zicboz). There are no caches to manage, so what is left
 * of cbo.inval, cbo.clean and cbo.flush are their traps: the enables in menvcfg and senvcfg, and an
 * access check whose faults are those of a store.
 */
#include <string.h>

#include "abi/ir.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"

#define CBO_INVAL 0u /* in bits 31-20 of the instruction */

/* Whether @field of menvcfg, and of senvcfg below S, is not zero (Priv. 3.1.18, 12.1.10). */
static gboolean enabled(const RvCpu *cpu, uint64_t field)
{
    if (cpu->priv != RV_PRIV_M && !(cpu->menvcfg & field)) {
        return FALSE;
    }
    return cpu->priv != RV_PRIV_U || !cpu->ext_s || cpu->senvcfg & field;
}

static uint32_t data_index(const RvCpu *cpu)
{
    return (uint32_t)(cpu->base.state_key >> RV_KEY_DATA_SHIFT & 15);
}

void rv_helper_cbo_manage(QhCpu *base, uint32_t insn, uint64_t address)
{
    RvCpu *cpu = rv_cpu(base);
    QhTranslation translation = {.size = sizeof(translation)};
    QhMemFault fault = {.size = sizeof(fault)};
    uint32_t cause;

    if (!enabled(cpu, insn >> 20 == CBO_INVAL ? RV_ENVCFG_CBIE : RV_ENVCFG_CBCFE)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
        return;
    }
    if (!rv_mmu_translate(cpu, address, QH_ACCESS_READ, data_index(cpu), &translation, &fault)) {
        cause = fault.cause == RV_CAUSE_LOAD_PAGE ? RV_CAUSE_STORE_PAGE : RV_CAUSE_STORE_ACCESS;
        rv_cpu_raise(cpu, cause, address);
    }
}

void rv_helper_cbo_zero(QhCpu *base, uint32_t insn, uint64_t address)
{
    RvCpu *cpu = rv_cpu(base);
    const QhCpuService *host = rv_services(cpu)->cpu;
    uint64_t block = address & ~(uint64_t)(cpu->cboz_bytes - 1);
    void *bytes;

    if (!enabled(cpu, RV_ENVCFG_CBZE)) {
        rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
        return;
    }
    bytes = host->probe(base, block, cpu->cboz_bytes, QH_ACCESS_WRITE, data_index(cpu));
    if (bytes != NULL) {
        memset(bytes, 0, cpu->cboz_bytes);
        return;
    }
    for (uint32_t i = 0; i < cpu->cboz_bytes && !base->unwind; i += 8) {
        host->store(base, block + i, QH_MEM_64 | QH_MEM_INDEX(data_index(cpu)), 0);
    }
}
