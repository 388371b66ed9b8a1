/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that module.c offers for the CPU and gdb slots. */
#ifndef RV_SLOTS_H
#define RV_SLOTS_H

#include "abi/cpu.h"
#include "abi/gdb.h"

/* ctx of the offer: an RvTarget of the same width. */
extern const QhCpuOps rv32_cpu_ops, rv64_cpu_ops;
extern const QhGdbOps rv32_gdb_ops, rv64_gdb_ops;

#endif
