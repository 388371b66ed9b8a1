/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prototypes and numbers of the helpers. The rows stand in helper-*.def, by the source file that
 * has the functions. Row NAME is `RET arm_helper_NAME(QhCpu *cpu, ...)` and ARM_HELPER_ID(NAME).
 * The classes of state are GPR, FLAGS, VECTOR (V registers), FPSTATE (flags), SYSTEM (all the rest
 * but GPR and VECTOR).
 */
#ifndef ARM_HELPER_H
#define ARM_HELPER_H

#include "modules/support/helper-rows.h"

#define HELPER(name, ret, args, ...) ret arm_helper_##name HELPER_TAKES args;
#include "modules/arm/helpers.def"
#undef HELPER

#define ARM_HELPER_ID(name) ARM_HELPER_ID_##name
#define HELPER(name, ...)   ARM_HELPER_ID_##name,
enum {
#include "modules/arm/helpers.def"
    ARM_N_HELPERS
};
#undef HELPER

extern const QhHelper arm_helpers[ARM_N_HELPERS]; /* helper.c */

#endif
