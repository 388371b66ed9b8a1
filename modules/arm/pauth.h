/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointer authentication (Arm D8.10). All calls are [vcpu]. */
#ifndef ARM_PAUTH_H
#define ARM_PAUTH_H

#include "modules/arm/cpu.h"

/* What a PAC instruction does; bits 12-10 of the instruction have the same order. */
#define ARM_PAUTH_B    1u /* key B, not A */
#define ARM_PAUTH_DATA 2u /* a data key, not an instruction key */
#define ARM_PAUTH_AUTH 4u /* authenticate, not sign */

/* @pointer signed, or its signature taken off; the latter with an error code in its place when the
 * signature is wrong. Unchanged while SCTLR has the key switched off. */
uint64_t arm_pauth(const ArmCpu *cpu, uint64_t pointer, uint64_t modifier, uint32_t what);

/* QARMA5 of one block (R. Avanzi, "The QARMA Block Cipher Family", 2017, with its S-box sigma 2),
 * as Arm's ComputePAC uses it. */
uint64_t arm_qarma5(uint64_t data, uint64_t modifier, uint64_t key_high, uint64_t key_low);

#endif
