/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every helper of the Arm translator, doing nothing: for tests that look at records only. */
#include "modules/arm/helper.h"
#include "modules/arm/sysreg.h"

#define I32  uint32_t
#define I64  uint64_t
#define F32  float
#define F64  double
#define V128 unsigned __int128
#define VOID void
#define NONE(ret)                                                                                  \
    {                                                                                              \
        return (ret)0;                                                                             \
    }
#define ARM_HELPER_0(name, ret, attrs, reads, writes)                                              \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu) NONE(ret)
#define ARM_HELPER_1(name, ret, a, attrs, reads, writes)                                           \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu, G_GNUC_UNUSED a x) NONE(ret)
#define ARM_HELPER_2(name, ret, a, b, attrs, reads, writes)                                        \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu, G_GNUC_UNUSED a x, G_GNUC_UNUSED b y) NONE(ret)
#define ARM_HELPER_3(name, ret, a, b, c, attrs, reads, writes)                                     \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu, G_GNUC_UNUSED a x, G_GNUC_UNUSED b y,          \
                          G_GNUC_UNUSED c z) NONE(ret)
#define ARM_HELPER_4(name, ret, a, b, c, d, attrs, reads, writes)                                  \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu, G_GNUC_UNUSED a x, G_GNUC_UNUSED b y,          \
                          G_GNUC_UNUSED c z, G_GNUC_UNUSED d u) NONE(ret)
#define ARM_HELPER_5(name, ret, a, b, c, d, e, attrs, reads, writes)                               \
    ret arm_helper_##name(G_GNUC_UNUSED QhCpu *cpu, G_GNUC_UNUSED a x, G_GNUC_UNUSED b y,          \
                          G_GNUC_UNUSED c z, G_GNUC_UNUSED d u, G_GNUC_UNUSED e v) NONE(ret)
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
