/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a machine is at one moment, but its RAM: CPUs, devices, lines, timers, guest time, the
 * order of turns, random numbers. RAM is large, and what becomes of it is a matter of what the
 * snapshot is for: core/snapshot/pages.h keeps what changes.
 */
#ifndef QH_CORE_SNAPSHOT_SNAPSHOT_H
#define QH_CORE_SNAPSHOT_SNAPSHOT_H

#include "core/machine/machine.h"
#include "core/snapshot/stream.h"

/* No CPU runs code; the device lock is held. NULL with @error set when a CPU or a device cannot be
 * saved; the caller unrefs. [main], or deterministic mode's thread that has the turn */
GBytes *qh_snapshot_save(QhMachine *machine, GError **error);
/* The same; @mapped gets a QhStreamMap for each run of guest memory that a device goes on writing
 * to through a pointer that it keeps. */
GBytes *qh_snapshot_save_with_maps(QhMachine *machine, GArray *mapped, GError **error);

/* Make @machine what it was when @snapshot was taken of it, or of one like it. All or nothing:
 * FALSE with @error set, and nothing has changed, when it is damaged or of another machine. As
 * above. */
gboolean qh_snapshot_load(QhMachine *machine, GBytes *snapshot, GError **error);

#endif
