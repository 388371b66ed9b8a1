/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every helper of the Arm translator, doing nothing: for tests that look at records only. */
#include "modules/arm/sysreg.h"
#include "modules/support/helper-rows.h"

#define HELPER(name, ret, ...)                                                                     \
    ret arm_helper_##name(void);                                                                   \
    ret arm_helper_##name(void)                                                                    \
    {                                                                                              \
        return (ret)0;                                                                             \
    }
#include "modules/arm/helpers.def"

/* TPIDR_EL0 for everybody, TPIDR_EL1 from EL1, no others. */
const ArmSysreg *arm_sysreg_find_under(const ArmCpu *cpu, uint64_t state_key, uint32_t encoding)
{
    static const ArmSysreg rows[] = {
        {.name = "TPIDR_EL0",
         .encoding = ARM_SYSREG(3, 3, 13, 0, 2),
         .rights = 0xff,
         .slot = ARM_SLOT_TPIDR_EL0,
         .mask = ~0ull },
        {.name = "TPIDR_EL1",
         .encoding = ARM_SYSREG(3, 0, 13, 0, 4),
         .rights = 0xfc,
         .slot = ARM_SLOT_TPIDR_EL1,
         .mask = 0xffff},
    };

    (void)cpu;
    (void)state_key;
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].encoding == encoding) {
            return &rows[i];
        }
    }
    return NULL;
}
