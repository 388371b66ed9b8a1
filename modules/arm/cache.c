/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache maintenance (Arm C5.4). There are no caches: stores make translated code that they change
 * go away by themselves, so IC is nothing but its traps and the fault of an address that EL0 may
 * not touch. What remains is DC ZVA, and DC IVAC, which needs the right to write.
 */
#include <string.h>

#include "abi/ir.h"
#include "modules/arm/helper.h"
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg-rows.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

static uint32_t data_index(const ArmCpu *cpu)
{
    return (uint32_t)(cpu->base.state_key >> ARM_KEY_DATA_SHIFT & 15);
}

/* Arm D8.12: the fault of cache maintenance has CM and WnR set. */
static void raise_fault(ArmCpu *cpu, const QhMemFault *fault, uint64_t address)
{
    QhMemFault shown = *fault;

    shown.kind = QH_FAULT_TRANSLATE;
    shown.address = address;
    shown.payload |= 1u << 8 | 1u << 6;
    arm_mmu_fault(cpu, &shown);
}

gboolean arm_cache_check(ArmCpu *cpu, uint64_t address, gboolean write)
{
    QhTranslation translation = {.size = sizeof(translation)};
    QhMemFault fault = {.size = sizeof(fault)};

    if (arm_mmu_translate(cpu, address, write ? QH_ACCESS_WRITE : QH_ACCESS_READ, data_index(cpu),
                          &translation, &fault)) {
        return TRUE;
    }
    raise_fault(cpu, &fault, address);
    return FALSE;
}

/* Arm C5.4 "DC ZVA": at EL0 with SCTLR.DZE, below EL2 without HCR_EL2.TDZ. */
static gboolean zva_allowed(ArmCpu *cpu, uint32_t insn)
{
    uint64_t hcr = arm_hcr(cpu);
    uint32_t regime = arm_regime_level(cpu);

    if (cpu->el == 0 && !(cpu->sctlr[regime] & ARM_SCTLR_DZE)) {
        arm_sysreg_trap_insn(cpu, insn, hcr & ARM_HCR_TGE ? 2 : regime);
        return FALSE;
    }
    if (cpu->el < 2 && regime == 1 && hcr & ARM_HCR_TDZ) {
        arm_sysreg_trap_insn(cpu, insn, 2);
        return FALSE;
    }
    return TRUE;
}

void arm_helper_dc_zva(QhCpu *base, uint32_t insn, uint64_t address)
{
    ArmCpu *cpu = arm_cpu(base);
    const QhCpuService *host = arm_services(cpu)->cpu;
    uint32_t length = 4u << cpu->dcz_log2, index = data_index(cpu);
    uint64_t block = address & ~(uint64_t)(length - 1);
    void *bytes;

    if (!zva_allowed(cpu, insn)) {
        return;
    }
    bytes = host->probe(base, block, length, QH_ACCESS_WRITE, index);
    if (bytes != NULL) {
        memset(bytes, 0, length);
        return;
    }
    for (uint32_t i = 0; i < length && !base->unwind; i += 8) {
        host->store(base, block + i, QH_MEM_64 | QH_MEM_INDEX(index), 0);
    }
}
