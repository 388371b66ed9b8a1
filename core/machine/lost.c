/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM that lies in a user's file. When somebody makes the file shorter, or its disk fails, the
 * guest cannot go on: it is stopped as after an internal error, and the log says what has become of
 * its memory. The host goes on, so that the user can look and end it.
 */
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/machine/machine-priv.h"
#include "core/os/bus-error.h"

#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void append_name(QhRam *ram, void *data)
{
    GString *names = data;

    if (ram->in_file) {
        g_string_append_printf(names, "%s'%s'", names->len > 0 ? ", " : "", ram->name);
    }
}

static gboolean on_lost(int fd, GIOCondition condition, gpointer data)
{
    QhMachine *machine = data;
    g_autoptr(GString) names = g_string_new(NULL);
    uint64_t n;

    (void)condition;
    if (read(fd, &n, sizeof(n)) != sizeof(n)) {
        return G_SOURCE_CONTINUE;
    }
    qh_memory_foreach_ram(machine->memory, append_name, names);
    qh_log_error(qh_host_log(machine->host),
                 "guest memory in a file (%s) is gone: the file has become shorter or cannot be "
                 "read; the guest is stopped and has to be started anew",
                 names->str);
    qh_run_state_stop_for_internal_error(qh_host_run_state(machine->host));
    return G_SOURCE_CONTINUE;
}

void qh_machine_watch_ram(QhMachine *machine, QhRam *ram)
{
    if (machine->lost_source == NULL) {
        machine->lost_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        machine->lost_source = g_unix_fd_source_new(machine->lost_fd, G_IO_IN);
        g_source_set_callback(machine->lost_source, (GSourceFunc)(void (*)(void))on_lost, machine,
                              NULL);
        g_source_attach(machine->lost_source, qh_host_context(machine->host));
    }
    ram->in_file = TRUE;
    if (!qh_os_bus_error_watch(ram->host, ram->bytes, machine->lost_fd)) {
        qh_log_warn(qh_host_log(machine->host),
                    "memory '%s': too many files of memory; if this one became shorter the host "
                    "would end",
                    ram->name);
    }
}

void qh_machine_unwatch_ram(QhMachine *machine)
{
    if (machine->lost_source != NULL) {
        g_source_destroy(machine->lost_source);
        g_clear_pointer(&machine->lost_source, g_source_unref);
        close(machine->lost_fd);
    }
}
