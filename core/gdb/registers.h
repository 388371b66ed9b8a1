/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of one target as gdb sees them: slot gdb/TARGET over the state table. */
#ifndef QH_CORE_GDB_REGISTERS_H
#define QH_CORE_GDB_REGISTERS_H

#include "core/machine/machine.h"

typedef struct QhGdbRegisters QhGdbRegisters;

/* A target without the slot has no registers, but memory can be looked at. */
QhGdbRegisters *qh_gdb_registers_new(QhCluster *cluster);
void qh_gdb_registers_free(QhGdbRegisters *registers);

/* Whether gdb expects watchpoints to stop before the access. */
gboolean qh_gdb_registers_watch_before(const QhGdbRegisters *registers);
/* target.xml (GDB manual, G.2 "Target Description Format"); NULL without the slot. */
const char *qh_gdb_registers_xml(const QhGdbRegisters *registers);
/* Append the value of register @number as digits in the target's byte order. FALSE: unknown.
 * [vcpu, stopped] */
gboolean
qh_gdb_register_read(const QhGdbRegisters *registers, QhVcpu *vcpu, uint64_t number, GString *text);
/* Append those of the first feature, which are what a g packet has. */
void qh_gdb_registers_read_all(const QhGdbRegisters *registers, QhVcpu *vcpu, GString *text);
/* Set register @number from the digits at *@at. FALSE: unknown, or not enough digits. */
gboolean qh_gdb_register_write(const QhGdbRegisters *registers,
                               QhVcpu *vcpu,
                               uint64_t number,
                               const char **at);
gboolean qh_gdb_registers_write_all(const QhGdbRegisters *registers, QhVcpu *vcpu, const char **at);

#endif
