/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the base instruction set. */
#include "modules/arm/helper.h"
#include "modules/arm/system.h"

void arm_helper_sp_written(QhCpu *cpu)
{
    arm_cpu_update_key(arm_cpu(cpu));
}

void arm_helper_check_btype(QhCpu *cpu, uint32_t insn)
{
    ArmCpu *arm = arm_cpu(cpu);

    (void)insn;
    if (arm_mmu_is_guarded(arm, cpu->pc)) {
        /* EC 0x0d, IL; ISS is BTYPE (Arm D17.2.37 "ISS encoding for an exception from a Branch
         * Target Identification instruction"). */
        arm_cpu_raise(arm, 0, 0x0dull << 26 | 1ull << 25 | arm->btype, 0);
    }
}

void arm_helper_br_btype(QhCpu *cpu)
{
    ArmCpu *arm = arm_cpu(cpu);

    arm->btype = arm_mmu_is_guarded(arm, cpu->pc) ? 3 : 1;
    arm_cpu_update_key(arm);
}

/* Four bits at a time through the tables of the reflected polynomials 0x04c11db7, 0x1edc6f41. */
uint32_t arm_helper_crc32(QhCpu *cpu, uint32_t sum, uint64_t data, uint32_t which)
{
    static const uint32_t tables[2][16] = {
        {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
         0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4,
         0xa00ae278, 0xbdbdf21c},
        {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362,
         0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab,
         0xe330a81a, 0xf36e6f75},
    };
    const uint32_t *table = tables[which >> 2 & 1];

    (void)cpu;
    for (uint32_t i = 0; i < 2u << (which & 3); i++) {
        sum = sum >> 4 ^ table[(sum ^ data) & 15];
        data >>= 4;
    }
    return sum;
}
