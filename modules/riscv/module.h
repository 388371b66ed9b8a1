/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that module.c offers, wherever they are filled in. */
#ifndef RV_MODULE_H
#define RV_MODULE_H

#include "abi/gdb.h"
#include "abi/machine.h"
#include "abi/target.h"
#include "abi/translator.h"

extern const QhTargetOps rv32_target, rv64_target; /* module.c */
extern const QhCpuOps rv32_cpu_ops, rv64_cpu_ops;  /* cpu.c */
extern const QhGdbOps rv32_gdb_ops, rv64_gdb_ops;  /* gdb.c */
extern const QhTranslatorOps rv_translator_ops;    /* translate.c */
extern const QhMachineOps rv_virt_machine;         /* machine-virt.c */

#endif
