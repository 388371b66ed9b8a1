/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about the protocol, the command line and the human monitor. */
#include "config-host.h"
#include "core/cli/options.h"
#include "core/host/run-state.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-control.h"
#include "qapi/qapi-commands-misc.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_query_version(QhHost *host, QhQmpVersionInfo *ret, GError **error)
{
    (void)host;
    (void)error;
    /* The level of QEMU's protocol that is spoken; clients look at it and refuse old ones. */
    ret->qemu = (QhQmpVersionTriple){.major = 11, .minor = 1, .micro = 0};
    ret->package = g_strdup("qemu-host " QH_VERSION);
    return TRUE;
}

gboolean qh_qmp_query_commands(QhHost *host, QhQmpCommandInfoList *ret, GError **error)
{
    (void)host;
    (void)error;
    for (size_t i = 0; i < qh_qapi_n_commands; i++) {
        QH_QAPI_APPEND(ret)->name = g_strdup(qh_qapi_commands[i].name);
    }
    return TRUE;
}

gboolean qh_qmp_quit(QhHost *host, GError **error)
{
    (void)error;
    qh_run_state_request_shutdown(qh_host_run_state(host), QH_CAUSE_HOST_QMP_QUIT, 0);
    return TRUE;
}

gboolean qh_qmp_human_monitor_command(QhHost *host,
                                      const QhQmpHumanMonitorCommandArgs *args,
                                      char **ret,
                                      GError **error)
{
    int64_t cpu = args->has_cpu_index ? args->cpu_index : 0;
    GString *out = g_string_new(NULL);

    (void)error;
    qh_monitor_run(host, args->command_line,
                   cpu >= 0 && cpu < UINT32_MAX ? (uint32_t)cpu : UINT32_MAX, out);
    *ret = g_string_free(out, FALSE);
    return TRUE;
}

gboolean qh_qmp_query_command_line_options(QhHost *host,
                                           const QhQmpQueryCommandLineOptionsArgs *args,
                                           QhQmpCommandLineOptionInfoList *ret,
                                           GError **error)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    (void)host;
    if (!qh_cli_describe(args->option, writer)) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "invalid option name: %.128s",
                    args->option != NULL ? args->option : "");
        return FALSE;
    }
    return qh_qapi_read_back(&qh_qapi_list_CommandLineOptionInfo, writer, ret, error);
}
