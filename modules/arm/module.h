/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that module.c offers, wherever they are filled in. */
#ifndef ARM_MODULE_H
#define ARM_MODULE_H

#include "abi/command.h"
#include "abi/gdb.h"
#include "abi/machine.h"
#include "abi/target.h"
#include "abi/translator.h"

extern const QhTargetOps arm64_target;           /* module.c */
extern const QhCpuOps arm64_cpu_ops;             /* cpu.c */
extern const QhTranslatorOps arm_translator_ops; /* translate.c */
extern const QhGdbOps arm64_gdb_ops;             /* gdb.c */
extern const QhMachineOps arm_virt_machine;      /* machine-virt.c */
extern const QhCommandOps arm_gic_query;         /* gic-query.c */

#endif
