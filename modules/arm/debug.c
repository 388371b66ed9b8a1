/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-hosted debug (Arm D2): breakpoint and watchpoint registers, MDSCR, the OS lock, and which
 * instruction hits a breakpoint. There is no external debugger behind the DCC: it is always empty.
 */
#include "debug.h"

#include "modules/arm/helper.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* MDSCR_EL1: what has an effect, or is read back by guests. */
#define MDSCR_TDCC  ARM_BIT(12)
#define MDSCR_BITS  (ARM_MDSCR_SS | MDSCR_TDCC | ARM_MDSCR_KDE | ARM_MDSCR_MDE)
#define MDCR_TDA    ARM_BIT(9)
#define MDCR_TDOSA  ARM_BIT(10)
#define MDCR_TDRA   ARM_BIT(11)
#define MDCR_BITS   UINT64_C(0xfff)
#define OSLSR_FIXED 8u /* OSLM: the lock is there */

/* DBGBCR and DBGWCR, control fields (Arm D19.3). */
#define BCR_BITS  UINT64_C(0x00ffe1e6)
#define WCR_BITS  UINT64_C(0x1f1ffffe)
#define CR_ENABLE 1u

#define CLAIM_TAGS 0xffu

#define ADDRESS_BITS ((UINT64_C(1) << 53) - 1) /* of an address, those that are compared */
#define DFSC_DEBUG   0x22u

/* After a reset the OS lock is on, and all counters are EL1's (D19.3). */
void arm_debug_reset(ArmCpu *cpu)
{
    cpu->mdscr = cpu->mdccint = cpu->osdlr = 0;
    cpu->oslar = 1;
    cpu->mdcr_el2 = cpu->n_counters;
    for (uint32_t n = 0; n < ARM_MAX_BREAKPOINTS; n++) {
        cpu->dbgbcr[n] = cpu->dbgwcr[n] = 0;
    }
}

/* DBGBCR and DBGWCR: which levels they are for, without EL3 (D2.8.6, D2.10.5). */
static gboolean is_for_level(uint64_t control, uint32_t el)
{
    uint32_t user = control >> 2 & 1, kernel = control >> 1 & 1, higher = control >> 13 & 1;
    uint32_t state = control >> 14 & 3;

    if (state == 2) { /* secure only */
        return FALSE;
    }
    return el == 0 ? user != 0 : el == 1 ? kernel != 0 : higher && (kernel || state == 3);
}

/* An address breakpoint without a link, BT 0, is all that is known. */
static gboolean is_armed(const ArmCpu *cpu, uint32_t n)
{
    uint64_t control = cpu->dbgbcr[n];

    return (control & CR_ENABLE) && (control >> 20 & 15) == 0 && is_for_level(control, cpu->el);
}

gboolean arm_debug_breaks(const ArmCpu *cpu)
{
    if (!(cpu->mdscr & ARM_MDSCR_MDE) || !arm_debug_enabled(cpu)) {
        return FALSE;
    }
    for (uint32_t n = 0; n < cpu->n_breakpoints; n++) {
        if (is_armed(cpu, n)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Bits 52 to 2 of both addresses (D2.8.4). */
void arm_helper_breakpoint(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);

    for (uint32_t n = 0; n < cpu->n_breakpoints; n++) {
        if (is_armed(cpu, n) && ((cpu->dbgbvr[n] ^ base->pc) & ADDRESS_BITS & ~UINT64_C(3)) == 0) {
            arm_cpu_raise(cpu, arm_debug_level(cpu), ARM_ESR(ARM_EC_BREAKPOINT, DFSC_DEBUG), 0);
            return;
        }
    }
}

/* What watchpoint @n watches (D2.10.4): a power of two of bytes by MASK, or bytes of a double word
 * by BAS, whose bits are adjacent. */
static void watched(const ArmCpu *cpu, uint32_t n, uint64_t *ret_first, uint64_t *ret_last)
{
    uint32_t mask = cpu->dbgwcr[n] >> 24 & 31, bytes = cpu->dbgwcr[n] >> 5 & 0xff;

    if (mask >= 3) {
        *ret_first = cpu->dbgwvr[n] & (UINT64_MAX << mask);
        *ret_last = *ret_first + ((UINT64_C(1) << mask) - 1);
    } else {
        *ret_first = cpu->dbgwvr[n] + (uint32_t)__builtin_ctz(bytes | 0x100);
        *ret_last = cpu->dbgwvr[n] + (bytes == 0 ? 0 : 31u - (uint32_t)__builtin_clz(bytes));
    }
}

uint32_t arm_debug_watch(
    const ArmCpu *cpu, uint64_t address, uint32_t access, gboolean user, uint64_t *ret_syndrome)
{
    uint32_t kind = access == QH_ACCESS_WRITE ? 2 : 1; /* LSC */
    uint32_t result = ARM_WATCH_NONE;

    for (uint32_t n = 0; n < cpu->n_watchpoints; n++) {
        uint64_t control = cpu->dbgwcr[n], first, last;

        if (!(control & CR_ENABLE)) {
            continue;
        }
        watched(cpu, n, &first, &last);
        if (((address & ADDRESS_BITS) | 0xfff) < (first & ADDRESS_BITS) ||
            (address & ADDRESS_BITS & ~UINT64_C(0xfff)) > (last & ADDRESS_BITS)) {
            continue;
        }
        result = ARM_WATCH_NEAR;
        if ((control >> 3 & kind) && is_for_level(control, user ? 0 : cpu->el) &&
            (address & ADDRESS_BITS) >= (first & ADDRESS_BITS) &&
            (address & ADDRESS_BITS) <= (last & ADDRESS_BITS) && arm_debug_enabled(cpu)) {
            uint64_t iss = DFSC_DEBUG | (access == QH_ACCESS_WRITE ? 1u << 6 : 0);

            /* 0: the level that aborts go to, which is that of debug exceptions but for TDE */
            uint64_t level = cpu->el < 2 && arm_debug_level(cpu) == 2 ? 2 : 0;

            *ret_syndrome = ARM_ESR(ARM_EC_WATCHPOINT, iss) | level << 62;
            return ARM_WATCH_HIT;
        }
    }
    return result;
}

/* What decides about hits has changed. */
static void settle(ArmCpu *cpu)
{
    arm_cpu_update_key(cpu);
    arm_services(cpu)->cpu->tlb_flush(&cpu->base, UINT32_MAX);
}

static gboolean trapped(ArmCpu *cpu, const ArmSysreg *reg, gboolean write, uint64_t bit)
{
    gboolean traps =
        (cpu->mdcr_el2 & (bit | ARM_MDCR_TDE)) != 0 || (arm_hcr(cpu) & ARM_HCR_TGE) != 0;

    return cpu->has_el2 && cpu->el < 2 && traps ? arm_sysreg_trap_to(cpu, reg, write, 2) : TRUE;
}

static gboolean trap_debug(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trapped(cpu, reg, write, MDCR_TDA);
}

static gboolean trap_os(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trapped(cpu, reg, write, MDCR_TDOSA);
}

static gboolean trap_rom(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trapped(cpu, reg, write, MDCR_TDRA);
}

/* The DCC at EL0: MDSCR.TDCC traps it to EL1. */
static gboolean trap_dcc(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 0 && (cpu->mdscr & MDSCR_TDCC) && !(arm_hcr(cpu) & ARM_HCR_TGE)) {
        return arm_sysreg_trap_to(cpu, reg, write, 1);
    }
    return trapped(cpu, reg, write, MDCR_TDA);
}

static gboolean read_zero(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)cpu, (void)reg;
    *ret_value = 0;
    return TRUE;
}

static gboolean write_nothing(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)cpu, (void)reg, (void)value;
    return TRUE;
}

static gboolean write_mdscr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    if ((cpu->mdscr ^ value) & ARM_MDSCR_MDE) {
        cpu->mdscr = value & MDSCR_BITS;
        settle(cpu);
    }
    cpu->mdscr = value & MDSCR_BITS;
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean write_mdcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->mdcr_el2 = value & MDCR_BITS;
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean needs_el2(const ArmCpu *cpu)
{
    return cpu->has_el2;
}

static gboolean write_oslar(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->oslar = value & 1;
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean read_oslsr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = OSLSR_FIXED | cpu->oslar << 1;
    return TRUE;
}

static gboolean read_claim(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)cpu, (void)reg;
    *ret_value = CLAIM_TAGS;
    return TRUE;
}

/* Number N of these registers is CRm. */
static uint32_t number_of(const ArmSysreg *reg)
{
    return reg->encoding >> 3 & 15;
}

static uint64_t *pair_of(ArmCpu *cpu, const ArmSysreg *reg)
{
    uint32_t n = number_of(reg);

    switch (reg->encoding & 7) {
    case 4:
        return n < cpu->n_breakpoints ? &cpu->dbgbvr[n] : NULL;
    case 5:
        return n < cpu->n_breakpoints ? &cpu->dbgbcr[n] : NULL;
    case 6:
        return n < cpu->n_watchpoints ? &cpu->dbgwvr[n] : NULL;
    default:
        return n < cpu->n_watchpoints ? &cpu->dbgwcr[n] : NULL;
    }
}

static gboolean read_pair(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    const uint64_t *place = pair_of(cpu, reg);

    if (place == NULL) {
        arm_raise_undefined(cpu);
        return FALSE;
    }
    *ret_value = *place;
    return TRUE;
}

static gboolean write_pair(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint64_t *place = pair_of(cpu, reg);

    if (place == NULL) {
        arm_raise_undefined(cpu);
        return FALSE;
    }
    *place = value & reg->mask;
    settle(cpu);
    return TRUE;
}

#define RO1 (ARM_R1 | ARM_R2 | ARM_R3)
#define WO1 (ARM_W1 | ARM_W2 | ARM_W3)
#define RW1 (RO1 | WO1)
#define RO0 (RO1 | ARM_R0)
#define RW0 (RW1 | ARM_R0 | ARM_W0)

#define ROW(name_, op1, crn, crm, op2, rights_, trap_, read_, write_)                              \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(2, op1, crn, crm, op2), .rights = (rights_),         \
        .trap = (trap_), .read = (read_), .write = (write_),                                       \
    }
#define PLAIN(name_, op1, crn, crm, op2, trap_, member, mask_)                                     \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(2, op1, crn, crm, op2), .rights = RW1,               \
        .trap = (trap_), .offset = offsetof(ArmCpu, member), .mask = (mask_),                      \
    }
#define PAIR(name_, n, op2, mask_)                                                                 \
    {                                                                                              \
        .name = name_ #n "_EL1", .encoding = ARM_SYSREG(2, 0, 0, n, op2), .rights = RW1,           \
        .trap = trap_debug, .read = read_pair, .write = write_pair, .mask = (mask_),               \
    }
#define FOUR(n)                                                                                    \
    PAIR("DBGBVR", n, 4, ~UINT64_C(3)), PAIR("DBGBCR", n, 5, BCR_BITS | CR_ENABLE),                \
        PAIR("DBGWVR", n, 6, ~UINT64_C(3)), PAIR("DBGWCR", n, 7, WCR_BITS | CR_ENABLE)

const ArmSysreg arm_sysregs_debug[] = {
    ROW("OSDTRRX_EL1", 0, 0, 0, 2, RW1, trap_debug, read_zero, write_nothing),
    PLAIN("MDCCINT_EL1", 0, 0, 2, 0, trap_debug, mdccint, ARM_BIT(30) | ARM_BIT(29)),
    {
                                                                                 .name = "MDSCR_EL1",
                                                                                 .encoding = ARM_SYSREG(2, 0, 0, 2, 2),
                                                                                 .rights = RW1,
                                                                                 .trap = trap_debug,
                                                                                 .write = write_mdscr,
                                                                                 .offset = offsetof(ArmCpu, mdscr),
                                                                                 },
    ROW("OSDTRTX_EL1", 0, 0, 3, 2, RW1, trap_debug, read_zero, write_nothing),
    ROW("OSECCR_EL1", 0, 0, 6, 2, RW1, trap_debug, read_zero, write_nothing),
    FOUR(0),
    FOUR(1),
    FOUR(2),
    FOUR(3),
    FOUR(4),
    FOUR(5),
    FOUR(6),
    FOUR(7),
    FOUR(8),
    FOUR(9),
    FOUR(10),
    FOUR(11),
    FOUR(12),
    FOUR(13),
    FOUR(14),
    FOUR(15),
    ROW("MDRAR_EL1", 0, 1, 0, 0, RO1, trap_rom, read_zero, NULL),
    ROW("OSLAR_EL1", 0, 1, 0, 4, WO1, trap_os, NULL, write_oslar),
    ROW("OSLSR_EL1", 0, 1, 1, 4, RO1, trap_os, read_oslsr, NULL),
    PLAIN("OSDLR_EL1", 0, 1, 3, 4, trap_os, osdlr, 1),
    ROW("DBGPRCR_EL1", 0, 1, 4, 4, RW1, trap_os, read_zero, write_nothing),
    ROW("DBGCLAIMSET_EL1", 0, 7, 8, 6, RW1, trap_debug, read_claim, write_nothing),
    ROW("DBGCLAIMCLR_EL1", 0, 7, 9, 6, RW1, trap_debug, read_zero, write_nothing),
    ROW("DBGAUTHSTATUS_EL1", 0, 7, 14, 6, RO1, trap_debug, read_zero, NULL),
    ROW("MDCCSR_EL0", 3, 0, 1, 0, RO0, trap_dcc, read_zero, NULL),
    ROW("DBGDTR_EL0", 3, 0, 4, 0, RW0, trap_dcc, read_zero, write_nothing),
    ROW("DBGDTRRX_EL0", 3, 0, 5, 0, RW0, trap_dcc, read_zero, write_nothing),
    {
                                                                                 .name = "MDCR_EL2",
                                                                                 .encoding = ARM_SYSREG(3, 4, 1, 1, 1),
                                                                                 .rights = ARM_R2 | ARM_R3 | ARM_W2 | ARM_W3,
                                                                                 .needs = needs_el2,
                                                                                 .write = write_mdcr,
                                                                                 .offset = offsetof(ArmCpu, mdcr_el2),
                                                                                 },
    {.name = NULL                 },
};
