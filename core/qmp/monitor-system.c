/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor's commands on memory and the machine: QMP's commands in words. Only their
 * arguments are read here; what they mean, and what is wrong with them, is said where QMP's are.
 */
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-dump.h"
#include "qapi/qapi-commands-machine.h"
#include "qapi/qapi-commands-object.h"
#include "qapi/qapi-commands-run-state.h"
#include "qapi/qapi-tables.h"

#include <errno.h>
#include <string.h>

/* @error by its address: it is set while the arguments are evaluated. */
static void show(const QhMonitorCall *call, gboolean done, GError *const *error)
{
    if (!done) {
        g_string_append_printf(call->out, "Error: %s\n", (*error)->message);
    }
}

/* The next word of @rest, a copy; NULL when there is none. A file name may be in double quotes. */
static char *next_word(const char **rest)
{
    const char *start = *rest + strspn(*rest, " \t");
    const char *end;

    if (*start == '"') {
        end = strchr(++start, '"');
        if (end == NULL) {
            return NULL;
        }
        *rest = end + 1;
    } else {
        end = start + strcspn(start, " \t");
        *rest = end;
    }
    return end > start ? g_strndup(start, (gsize)(end - start)) : NULL;
}

static gboolean is_at_end(const char *rest)
{
    return rest[strspn(rest, " \t")] == '\0';
}

/* A number in C's spelling, all of @word; no sign. */
static gboolean number_of(const char *word, uint64_t *ret)
{
    char *end;

    if (word == NULL || !g_ascii_isdigit(*word)) {
        return FALSE;
    }
    errno = 0;
    *ret = g_ascii_strtoull(word, &end, 0);
    return *end == '\0' && errno == 0;
}

/* ADDRESS SIZE FILE */
static gboolean
range_of(const QhMonitorCall *call, uint64_t *ret_address, uint64_t *ret_size, char **ret_file)
{
    const char *rest = call->args;
    g_autofree char *address = next_word(&rest);
    g_autofree char *size = next_word(&rest);
    g_autofree char *file = next_word(&rest);

    if (!number_of(address, ret_address) || !number_of(size, ret_size) || file == NULL ||
        !is_at_end(rest)) {
        g_string_append(call->out, "Error: an address, a size and a file name are wanted\n");
        return FALSE;
    }
    *ret_file = g_steal_pointer(&file);
    return TRUE;
}

void qh_monitor_memsave(const QhMonitorCall *call)
{
    QhQmpMemsaveArgs args = {.has_cpu_index = TRUE, .cpu_index = call->cpu_index};
    g_autoptr(GError) error = NULL;

    if (range_of(call, &args.val, &args.size, &args.filename)) {
        show(call, qh_qmp_memsave(call->host, &args, &error), &error);
    }
    g_free(args.filename);
}

void qh_monitor_pmemsave(const QhMonitorCall *call)
{
    QhQmpPmemsaveArgs args = {0};
    g_autoptr(GError) error = NULL;

    if (range_of(call, &args.val, &args.size, &args.filename)) {
        show(call, qh_qmp_pmemsave(call->host, &args, &error), &error);
    }
    g_free(args.filename);
}

/* dump-guest-memory [-d] FILE [BEGIN LENGTH] */
void qh_monitor_dump_guest_memory(const QhMonitorCall *call)
{
    const char *rest = call->args;
    g_autofree char *file = next_word(&rest);
    gboolean detach = g_strcmp0(file, "-d") == 0;

    if (detach) {
        g_free(file);
        file = next_word(&rest);
    }
    g_autofree char *begin = next_word(&rest);
    g_autofree char *length = next_word(&rest);
    uint64_t from = 0, bytes = 0;
    g_autoptr(GError) error = NULL;

    if (file == NULL || *file == '-' || !is_at_end(rest) ||
        (begin != NULL && (!number_of(begin, &from) || !number_of(length, &bytes) ||
                           from > INT64_MAX || bytes > INT64_MAX))) {
        g_string_append(call->out, "Error: [-d] FILE [BEGIN LENGTH] is wanted\n");
        return;
    }
    g_autofree char *protocol = g_strdup_printf("file:%s", file);
    const QhQmpDumpGuestMemoryArgs args = {
        .protocol = protocol,
        .has_detach = TRUE,
        .detach = detach,
        .has_begin = begin != NULL,
        .begin = (int64_t)from,
        .has_length = begin != NULL,
        .length = (int64_t)bytes,
    };
    show(call, qh_qmp_dump_guest_memory(call->host, &args, &error), &error);
}

void qh_monitor_dumpdtb(const QhMonitorCall *call)
{
    const char *rest = call->args;
    g_autofree char *file = next_word(&rest);
    const QhQmpDumpdtbArgs args = {.filename = file};
    g_autoptr(GError) error = NULL;

    if (file == NULL || !is_at_end(rest)) {
        g_string_append(call->out, "Error: a file name is wanted\n");
        return;
    }
    show(call, qh_qmp_dumpdtb(call->host, &args, &error), &error);
}

void qh_monitor_system_wakeup(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    show(call, qh_qmp_system_wakeup(call->host, &error), &error);
}

void qh_monitor_nmi(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    show(call, qh_qmp_inject_nmi(call->host, &error), &error);
}

void qh_monitor_watchdog_action(const QhMonitorCall *call)
{
    QhQmpWatchdogSetActionArgs args = {.action = UINT32_MAX};
    g_autoptr(GError) error = NULL;

    for (uint32_t i = 0; i < qh_qapi_WatchdogAction.n_values; i++) {
        if (g_str_equal(qh_qapi_WatchdogAction.values[i], call->args)) {
            args.action = i;
        }
    }
    if (args.action == UINT32_MAX) {
        g_string_append_printf(call->out, "Error: there is no watchdog action '%.64s'\n",
                               call->args);
        return;
    }
    show(call, qh_qmp_watchdog_set_action(call->host, &args, &error), &error);
}

void qh_monitor_info_memory_size_summary(const QhMonitorCall *call)
{
    QhQmpMemoryInfo info = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_memory_size_summary(call->host, &info, &error)) {
        show(call, FALSE, &error);
        return;
    }
    g_string_append_printf(call->out, "base memory: %" G_GUINT64_FORMAT "\n", info.base_memory);
    if (info.has_plugged_memory) {
        g_string_append_printf(call->out, "plugged memory: %" G_GUINT64_FORMAT "\n",
                               info.plugged_memory);
    }
}

void qh_monitor_info_iothreads(const QhMonitorCall *call)
{
    QhQmpIOThreadInfoList list = {0};
    g_autoptr(GError) error = NULL;

    show(call, qh_qmp_query_iothreads(call->host, &list, &error), &error);
    for (size_t i = 0; i < list.n; i++) {
        g_string_append_printf(call->out, "%s: thread_id=%" G_GINT64_FORMAT "\n", list.items[i].id,
                               list.items[i].thread_id);
    }
    qh_qapi_clear(&qh_qapi_list_IOThreadInfo, &list);
}

void qh_monitor_info_memdev(const QhMonitorCall *call)
{
    QhQmpMemdevList list = {0};
    g_autoptr(GError) error = NULL;

    show(call, qh_qmp_query_memdev(call->host, &list, &error), &error);
    for (size_t i = 0; i < list.n; i++) {
        const QhQmpMemdev *memdev = &list.items[i];

        g_string_append_printf(
            call->out,
            "memory backend: %s\n  size: %" G_GUINT64_FORMAT
            "\n  merge: %s\n  dump: %s\n  prealloc: %s\n  share: %s\n  policy: %s\n",
            memdev->id != NULL ? memdev->id : "-", memdev->size, memdev->merge ? "true" : "false",
            memdev->dump ? "true" : "false", memdev->prealloc ? "true" : "false",
            memdev->share ? "true" : "false", qh_qapi_HostMemPolicy.values[memdev->policy]);
    }
    qh_qapi_clear(&qh_qapi_list_Memdev, &list);
}

void qh_monitor_info_dump(const QhMonitorCall *call)
{
    QhQmpDumpQueryResult result = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_dump(call->host, &result, &error)) {
        show(call, FALSE, &error);
        return;
    }
    g_string_append_printf(call->out, "Status: %s\n", qh_qapi_DumpStatus.values[result.status]);
    if (result.status == QH_QMP_DUMP_STATUS_ACTIVE && result.total > 0) {
        g_string_append_printf(call->out, "Finished: %.2f %%\n",
                               100.0 * (double)result.completed / (double)result.total);
    }
}
