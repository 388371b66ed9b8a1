/* SPDX-License-Identifier: GPL-2.0-or-later */
/* balloon and info balloon: QMP's commands in words. Their bodies are a module's. */
#include "core/cli/keyval.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qmp-priv.h"
#include "core/qmp/qmp.h"

#define MEGABYTE (1 << 20)

static QhJson *run(const QhMonitorCall *call, const char *command, QhJson *arguments)
{
    g_autoptr(QhJson) request = qh_json_new_object();

    qh_json_set(request, "execute", qh_json_new_string(command));
    if (arguments != NULL) {
        qh_json_set(request, "arguments", arguments);
    }
    g_autoptr(QhJson) reply = qh_qmp_execute(qh_host_qmp(call->host), request);
    const QhJson *error = reply != NULL ? qh_json_get(reply, "error") : NULL;

    if (error != NULL) {
        g_string_append_printf(call->out, "Error: %s\n",
                               qh_json_string(qh_json_get(error, "desc")));
        return NULL;
    }
    return g_steal_pointer(&reply);
}

void qh_monitor_balloon(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;
    uint64_t megabytes;

    if (!qh_text_uint(call->args, 1 << 30, &megabytes, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    QhJson *arguments = qh_json_new_object();

    qh_json_set(arguments, "value", qh_json_new_int((int64_t)megabytes * MEGABYTE));
    qh_json_unref(run(call, "balloon", arguments));
}

void qh_monitor_info_balloon(const QhMonitorCall *call)
{
    g_autoptr(QhJson) reply = run(call, "query-balloon", NULL);

    if (reply != NULL) {
        int64_t actual = 0;

        (void)qh_json_int(qh_json_get(qh_json_get(reply, "return"), "actual"), &actual);
        g_string_append_printf(call->out, "balloon: actual=%" G_GINT64_FORMAT "\n",
                               actual / MEGABYTE);
    }
}
