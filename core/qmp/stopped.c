/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/qmp/stopped.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"

gboolean qh_stopped_begin(QhHost *host)
{
    QhMachine *machine = qh_host_machine(host);
    gboolean running = machine != NULL && qh_run_state_is_running(qh_host_run_state(host));

    if (running) {
        qh_machine_stop(machine);
    }
    return running;
}

void qh_stopped_end(QhHost *host, gboolean resume)
{
    if (resume) {
        qh_machine_start(qh_host_machine(host));
    }
}
