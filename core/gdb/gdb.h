/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gdb stub: gdb's remote serial protocol on a character device. Threads are CPUs (thread N is
 * CPU N - 1), processes are clusters (process N is cluster N - 1).
 */
#ifndef QH_CORE_GDB_GDB_H
#define QH_CORE_GDB_GDB_H

#include "core/host/host.h"

/*
 * Serve gdb on @device: "tcp:HOST:PORT" (a listening socket), or what -serial takes: "stdio",
 * "pty", "unix:PATH,server=on,wait=off", "chardev:ID" ... Replaces an earlier one; "none" only ends
 * that. The guest stops when gdb connects. [main]
 */
gboolean qh_gdb_listen(QhHost *host, const char *device, GError **error);

#endif
