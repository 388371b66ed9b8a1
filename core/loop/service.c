/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service "qh.loop". */
#include "abi/services.h"
#include "core/machine/machine.h"

static GMainContext *context(QhHost *host)
{
    return qh_host_context(host);
}

static gboolean enter(QhHost *host)
{
    return qh_machine_enter(qh_host_machine(host)) != NULL;
}

static void leave(QhHost *host, gboolean entered)
{
    qh_machine_leave(entered ? qh_host_machine(host) : NULL);
}

extern const QhLoopService qh_loop_service;
const QhLoopService qh_loop_service = {
    .size = sizeof(QhLoopService),
    .context = context,
    .enter = enter,
    .leave = leave,
};
