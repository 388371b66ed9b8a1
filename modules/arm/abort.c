/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hypervisor is told of the access that stage 2 refused, so that it can do it itself (Arm
 * D19 "ESR_EL2", ISS of a data abort, ISV): loads and stores of one general-purpose register
 * without write-back. Of all others it is told nothing, and has to look at the instruction.
 */
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"

#define ISV       ARM_BIT(24)
#define SAS_SHIFT 22u
#define SSE       ARM_BIT(21)
#define SRT_SHIFT 16u
#define SF        ARM_BIT(15)
#define AR        ARM_BIT(14)
#define S1PTW     ARM_BIT(7)

/* The instruction at pc; FALSE: it cannot be read. */
static gboolean read_insn(ArmCpu *cpu, uint32_t *ret_insn)
{
    const TargetServices *services = arm_services(cpu);
    ArmRequest request = arm_request(cpu, cpu->base.pc, QH_ACCESS_FETCH, cpu->base.state_key & 15);
    uint32_t insn;
    ArmFound found;
    ArmFault fault;

    request.quiet = TRUE;
    if (!arm_walk(&request, &found, &fault) ||
        services->mem->read(services->cpu->space(&cpu->base), found.phys, &insn, sizeof(insn),
                            QH_ATTR_DEBUG) != QH_BUS_OK) {
        return FALSE;
    }
    *ret_insn = GUINT32_FROM_LE(insn);
    return TRUE;
}

static uint64_t describe(uint32_t insn, gboolean sign, gboolean wide, gboolean ordered)
{
    return ISV | (uint64_t)(insn >> 30) << SAS_SHIFT | (sign ? SSE : 0) |
           (uint64_t)(insn & 31) << SRT_SHIFT | (wide ? SF : 0) | (ordered ? AR : 0);
}

/* Arm C4.1.94, "Load/store register": immediate, unscaled, unprivileged, register offset. */
static gboolean is_plain(uint32_t insn)
{
    uint32_t form = insn >> 10 & 3;

    if ((insn >> 24 & 0x3f) == 0x39) {
        return TRUE;
    }
    if ((insn >> 24 & 0x3f) != 0x38) {
        return FALSE;
    }
    return insn & 1u << 21 ? form == 2 : form == 0 || form == 2;
}

uint64_t arm_syndrome_of_insn(uint32_t insn)
{
    uint32_t size = insn >> 30, opc = insn >> 22 & 3;

    if (is_plain(insn)) {
        if (opc == 3 ? size >= 2 : opc == 2 && size == 3) { /* none; a prefetch */
            return 0;
        }
        return describe(insn, opc >= 2, opc < 2 ? size == 3 : opc == 2, FALSE);
    }
    /* LDAR, STLR; LDAPR */
    if ((insn & 0x3fa08000) == 0x08808000 || (insn & 0x3ffffc00) == 0x38bfc000) {
        return describe(insn, FALSE, size == 3, TRUE);
    }
    return 0;
}

uint64_t arm_access_syndrome(ArmCpu *cpu, uint64_t esr)
{
    uint32_t insn;

    if ((esr >> 26 & 63) != ARM_EC_DABORT || esr & S1PTW || !read_insn(cpu, &insn)) {
        return 0;
    }
    return arm_syndrome_of_insn(insn);
}
