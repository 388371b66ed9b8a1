/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info usb: the text of x-query-usb. */
#include "core/qmp/monitor.h"
#include "core/qmp/qmp.h"

void qh_monitor_info_usb(const QhMonitorCall *call)
{
    g_autoptr(QhJson) request = qh_json_new_object();

    qh_json_set(request, "execute", qh_json_new_string("x-query-usb"));
    g_autoptr(QhJson) reply = qh_qmp_execute(qh_host_qmp(call->host), request);
    const QhJson *result = reply != NULL ? qh_json_get(reply, "return") : NULL;
    const char *text =
        result != NULL ? qh_json_string(qh_json_get(result, "human-readable-text")) : NULL;

    g_string_append(call->out, text != NULL ? text : "USB support not enabled\n");
}
