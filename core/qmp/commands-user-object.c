/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on objects that users make. */
#include "core/object/object.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-object.h"
#include "qapi/qapi-tables.h"
#include <string.h>

gboolean qh_qmp_object_add(QhHost *host, const QhQmpObjectOptions *args, GError **error)
{
    g_autoptr(QhJson) options = qh_qapi_to_json(&qh_qapi_ObjectOptions, args, error);

    return options != NULL && qh_objects_add(qh_host_objects(host), options, error);
}

gboolean qh_qmp_object_del(QhHost *host, const QhQmpObjectDelArgs *args, GError **error)
{
    return qh_objects_remove(qh_host_objects(host), args->id, error);
}

static gboolean is_on(QhObject *object, const char *property)
{
    g_autofree char *text = qh_object_property(object, property);

    return g_strcmp0(text, "on") == 0;
}

static void add_memdev(QhObject *object, void *data)
{
    QhObjectHead *state;
    const QhMemoryMethods *methods = qh_object_methods(object, QH_MEMORY_INTERFACE, &state, NULL);

    if (methods == NULL) {
        return;
    }
    QhQmpMemdev *memdev = QH_QAPI_APPEND((QhQmpMemdevList *)data);
    memdev->id = g_strdup(qh_object_id(object));
    memdev->size = methods->bytes(state);
    memdev->merge = is_on(object, "merge");
    memdev->dump = is_on(object, "dump");
    memdev->prealloc = is_on(object, "prealloc");
    memdev->share = is_on(object, "share");
    memdev->has_reserve = TRUE;
    memdev->reserve = is_on(object, "reserve");
}

gboolean qh_qmp_query_memdev(QhHost *host, QhQmpMemdevList *ret, GError **error)
{
    (void)error;
    qh_objects_foreach(qh_host_objects(host), add_memdev, ret);
    return TRUE;
}

static int64_t number_of(QhObject *object, const char *property)
{
    g_autofree char *text = qh_object_property(object, property);

    return text != NULL ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static void add_iothread(QhObject *object, void *data)
{
    QhObjectHead *state;
    const QhIothreadMethods *methods =
        qh_object_methods(object, QH_IOTHREAD_INTERFACE, &state, NULL);

    if (methods == NULL) {
        return;
    }
    QhQmpIOThreadInfo *info = QH_QAPI_APPEND((QhQmpIOThreadInfoList *)data);
    info->id = g_strdup(qh_object_id(object));
    info->thread_id = methods->thread_id(state);
    info->poll_max_ns = number_of(object, "poll-max-ns");
    info->poll_grow = number_of(object, "poll-grow");
    info->poll_shrink = number_of(object, "poll-shrink");
    info->poll_weight = number_of(object, "poll-weight");
    info->aio_max_batch = number_of(object, "aio-max-batch");
}

gboolean qh_qmp_query_iothreads(QhHost *host, QhQmpIOThreadInfoList *ret, GError **error)
{
    (void)error;
    qh_objects_foreach(qh_host_objects(host), add_iothread, ret);
    return TRUE;
}

void qh_monitor_object_add(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!qh_objects_add_option(qh_host_objects(call->host), call->args, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
    }
}

void qh_monitor_object_del(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!qh_objects_remove(qh_host_objects(call->host), call->args, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
    }
}
