/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices' ends: their making, finding, media, and what happens on errors. */
#include "core/block/device-priv.h"
#include "core/block/job.h"
#include "core/device/bus.h"
#include "core/device/instance.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/qmp/qmp.h"

#include <errno.h>
#include <string.h>

QhDrive *qh_block_device_new(QhBlockGraph *graph, const char *id, QhBlockNode *node)
{
    QhDrive *block = g_new0(QhDrive, 1);

    block->graph = graph;
    block->id = g_strdup(id);
    block->refs = 1;
    block->write_cache = 1;
    block->on_write = QH_BLOCK_ON_ENOSPC;
    g_mutex_init(&block->lock);
    g_queue_init(&block->waiting);
    graph->blocks = g_list_append(graph->blocks, block);
    if (node != NULL) {
        g_autofree char *what = g_strdup_printf("drive '%s'", id != NULL ? id : node->name);

        /* it does nothing yet, so that nothing can speak against it */
        block->user = qh_block_user_new(node, what, 0, QH_BLOCK_USE_ALL, NULL);
        qh_block_user_set_resume(block->user, qh_block_device_resume, block);
    }
    return block;
}

QhDrive *qh_block_device_ref(QhDrive *block)
{
    block->refs++;
    return block;
}

void qh_block_device_unref(QhDrive *block)
{
    if (block == NULL || --block->refs > 0) {
        return;
    }
    block->graph->blocks = g_list_remove(block->graph->blocks, block);
    qh_block_throttle_free(block->throttle);
    qh_block_user_free(block->user);
    g_mutex_clear(&block->lock);
    g_free(block->id);
    g_free(block->serial);
    g_free(block->interface);
    g_free(block);
}

static QhDrive *find_id(QhBlockGraph *graph, const char *id)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        QhDrive *block = at->data;

        if (g_strcmp0(block->id, id) == 0) {
            return block;
        }
    }
    return NULL;
}

QhDrive *qh_block_device_get(QhBlockGraph *graph, const char *name, GError **error)
{
    QhDrive *block = find_id(graph, name);
    QhBlockNode *node = qh_block_find(graph, name);

    if (block != NULL) {
        return qh_block_device_ref(block);
    }
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "Can't find value '%s': there is no drive "
                    "and no block node of that name",
                    name);
        return NULL;
    }
    return qh_block_device_new(graph, NULL, node);
}

QhDrive *qh_block_device_find(QhBlockGraph *graph, const char *name)
{
    QhDrive *block = find_id(graph, name);

    for (GList *at = graph->blocks; at != NULL && block == NULL; at = at->next) {
        QhDrive *one = at->data;

        if (one->device == NULL) {
            continue;
        }
        const char *id = qh_instance_id(one->device);
        const char *last = g_str_has_prefix(name, "/machine/peripheral/")
                               ? name + strlen("/machine/peripheral/")
                               : name;
        size_t length = strlen(id);
        if (g_str_equal(id, name) ||
            (strncmp(last, id, length) == 0 && (last[length] == '\0' || last[length] == '/'))) {
            block = one;
        }
    }
    return block;
}

QhDrive *
qh_block_device_named(QhBlockGraph *graph, const char *device, const char *id, GError **error)
{
    const char *name = id != NULL ? id : device;
    QhDrive *block = name != NULL ? qh_block_device_find(graph, name) : NULL;

    if (name == NULL || (device != NULL && id != NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    if (block == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%.64s' not found", name);
    }
    return block;
}

void qh_block_device_foreach(QhBlockGraph *graph,
                             void (*fn)(QhDrive *block, void *data),
                             void *data)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        fn(at->data, data);
    }
}

const char *qh_block_device_id(const QhDrive *block)
{
    return block->id != NULL ? block->id : "";
}

const char *qh_block_device_text(const QhDrive *block)
{
    return block->id != NULL       ? block->id
           : block->user != NULL   ? block->user->edge.node->name
           : block->device != NULL ? qh_instance_id(block->device)
                                   : "";
}

QhInstance *qh_block_device_instance(const QhDrive *block)
{
    return block->device;
}

QhBlockUser *qh_block_device_user(const QhDrive *block)
{
    return block->user;
}

QhBlockNode *qh_block_device_node(const QhDrive *block)
{
    return block->user != NULL ? block->user->edge.node : NULL;
}

gboolean qh_block_device_removable(const QhDrive *block)
{
    return block->handlers.medium_changed != NULL;
}

gboolean qh_block_device_tray_open(const QhDrive *block)
{
    return block->tray_open;
}

gboolean qh_block_device_locked(const QhDrive *block)
{
    return block->locked;
}

gboolean qh_block_device_write_cache(const QhDrive *block)
{
    return g_atomic_int_get(&block->write_cache) != 0;
}

const QhBlockCounts *qh_block_device_counts(const QhDrive *block, uint32_t kind)
{
    return &block->counts[MIN(kind, QH_BLOCK_WRITE_ZEROES)];
}

void qh_block_device_set_errors(QhDrive *block, QhBlockOnError read, QhBlockOnError write)
{
    block->on_read = read;
    block->on_write = write;
}

QhBlockIoStatus qh_block_device_io_status(const QhDrive *block)
{
    return block->io_status;
}

void qh_block_devices_forget_errors(QhBlockGraph *graph)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        ((QhDrive *)at->data)->io_status = QH_BLOCK_IO_OK;
    }
}

void qh_block_device_set_writeback(QhDrive *block, gboolean on)
{
    g_atomic_int_set(&block->write_cache, on);
}

void qh_block_device_set_serial(QhDrive *block, const char *serial)
{
    g_free(block->serial);
    block->serial = g_strdup(serial);
}

gboolean qh_block_device_open_user(QhDrive *block, GError **error)
{
    uint32_t share = QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED | QH_BLOCK_USE_RESIZE;
    gboolean write = block->want_write || !block->user->edge.node->read_only;

    share |= block->share_writes ? QH_BLOCK_USE_WRITE : 0;

    if (!qh_block_user_set_access(block->user, QH_BLOCK_USE_READ | (write ? QH_BLOCK_USE_WRITE : 0),
                                  share, error)) {
        return FALSE;
    }
    block->writes = write;
    return TRUE;
}

static QhBlockOnError action_of(const QhDrive *block, uint32_t kind, int error)
{
    QhBlockOnError on = kind == QH_BLOCK_READ ? block->on_read : block->on_write;

    if (on == QH_BLOCK_ON_ENOSPC) {
        return error == ENOSPC ? QH_BLOCK_ON_STOP : QH_BLOCK_ON_REPORT;
    }
    return on;
}

static void stop_machine(void *data)
{
    qh_run_state_stop_for_error(qh_host_run_state(data));
}

static void send(const QhDrive *block, const char *name, QhJson *data)
{
    qh_qmp_emit_later(block->graph->host, name, data);
}

void qh_block_device_set_tray(QhDrive *block, gboolean open)
{
    QhJson *data;

    if (block->tray_open == open) {
        return;
    }
    block->tray_open = open;
    data = qh_json_new_object();
    qh_json_set(data, "device", qh_json_new_string(qh_block_device_id(block)));
    qh_json_set(data, "id",
                qh_json_new_string(block->device != NULL ? qh_instance_id(block->device) : ""));
    qh_json_set(data, "tray-open", qh_json_new_bool(open));
    send(block, "DEVICE_TRAY_MOVED", data);
}

void qh_block_device_move_tray(QhDrive *block, gboolean open)
{
    qh_block_device_set_tray(block, open);
}

static void send_error(const QhDrive *block, uint32_t kind, int error, const char *action)
{
    QhJson *data = qh_json_new_object();
    g_autofree char *path =
        block->device != NULL ? qh_instance_inner_path(block->device) : g_strdup("");

    qh_json_set(data, "qom-path", qh_json_new_string(path));
    qh_json_set(data, "device", qh_json_new_string(qh_block_device_id(block)));
    if (block->user != NULL) {
        qh_json_set(data, "node-name", qh_json_new_string(block->user->edge.node->name));
    }
    qh_json_set(data, "operation", qh_json_new_string(kind == QH_BLOCK_READ ? "read" : "write"));
    qh_json_set(data, "action", qh_json_new_string(action));
    qh_json_set(data, "nospace", qh_json_new_bool(error == ENOSPC));
    qh_json_set(data, "reason", qh_json_new_string(g_strerror(error)));
    send(block, "BLOCK_IO_ERROR", data);
}

gboolean qh_block_device_ignores(QhDrive *block, uint32_t kind, int error)
{
    if (action_of(block, kind, error) != QH_BLOCK_ON_IGNORE) {
        return FALSE;
    }
    send_error(block, kind, error, "ignore");
    return TRUE;
}

gboolean qh_block_device_report_error(QhDrive *block, uint32_t kind, int error)
{
    if (action_of(block, kind, error) != QH_BLOCK_ON_STOP) {
        send_error(block, kind, error, "report");
        return TRUE;
    }
    send_error(block, kind, error, "stop");
    if (block->io_status == QH_BLOCK_IO_OK) {
        block->io_status = error == ENOSPC ? QH_BLOCK_IO_NOSPACE : QH_BLOCK_IO_FAILED;
    }
    qh_host_defer(block->graph->host, stop_machine, block->graph->host);
    return FALSE;
}

gboolean qh_block_device_set_medium(QhDrive *block, QhBlockNode *node, GError **error)
{
    QhBlockUser *old = block->user, *user = NULL;

    if (node != NULL) {
        g_autofree char *what = g_strdup_printf("drive '%s'", qh_block_device_text(block));

        user = qh_block_user_new(node, what, 0, QH_BLOCK_USE_ALL, error);
        if (user == NULL) {
            return FALSE;
        }
        block->user = user;
        if (block->device != NULL && !qh_block_device_open_user(block, error)) {
            block->user = old;
            qh_block_user_free(user);
            return FALSE;
        }
        qh_block_user_set_resume(user, qh_block_device_resume, block);
    }
    block->user = user;
    qh_block_user_free(old);
    if (block->device != NULL && block->handlers.medium_changed != NULL) {
        block->handlers.medium_changed(block->opaque, node != NULL);
    }
    return TRUE;
}

gboolean qh_block_device_request_eject(QhDrive *block, gboolean force, GError **error)
{
    if (!qh_block_device_removable(block)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Device '%s' is not removable",
                    qh_block_device_text(block));
        return FALSE;
    }
    if (block->locked && !block->tray_open && !force) {
        if (block->handlers.eject_request != NULL) {
            block->handlers.eject_request(block->opaque);
        }
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Device '%s' is locked and force was not specified, wait for tray to open and "
                    "try again",
                    qh_block_device_text(block));
        return FALSE;
    }
    return TRUE;
}

static gboolean has_node(QhBlockNode *from, const QhBlockNode *node)
{
    for (; from != NULL; from = qh_block_node_child(from, "file")) {
        if (from == node) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_block_devices_resized(QhBlockGraph *graph, QhBlockNode *node)
{
    for (GList *at = graph->blocks; at != NULL; at = at->next) {
        QhDrive *block = at->data;

        if (block->user != NULL && block->handlers.resized != NULL &&
            has_node(block->user->edge.node, node)) {
            block->handlers.resized(block->opaque);
        }
    }
}

void qh_block_graph_free(QhBlockGraph *graph)
{
    if (graph == NULL) {
        return;
    }
    qh_block_jobs_free(graph);
    while (graph->blocks != NULL) {
        QhDrive *block = graph->blocks->data;

        block->refs = 1;
        qh_block_device_unref(block);
    }
    qh_block_ring_free(graph->ring);
    qh_block_pool_free(graph->pool);
    g_autoptr(GPtrArray) monitored = g_ptr_array_new();
    GHashTableIter at;
    gpointer node;
    g_hash_table_iter_init(&at, graph->nodes);
    while (g_hash_table_iter_next(&at, NULL, &node)) {
        if (((QhBlockNode *)node)->monitored) {
            g_ptr_array_add(monitored, node);
        }
    }
    for (guint i = 0; i < monitored->len; i++) {
        QhBlockNode *one = g_ptr_array_index(monitored, i);

        one->monitored = FALSE;
        qh_block_node_unref(one);
    }
    g_hash_table_unref(graph->nodes);
    g_ptr_array_unref(graph->users);
    g_mutex_clear(&graph->done_lock);
    g_free(graph);
}

typedef struct Corrupt {
    QhBlockGraph *graph;
    char *node, *text;
    uint64_t offset;
    gboolean fatal;
} Corrupt;

static void tell_corrupt(void *data)
{
    Corrupt *corrupt = data;
    g_autoptr(QhJson) event = qh_json_new_object();

    qh_log_warn(qh_host_log(corrupt->graph->host), "image of node '%s' is broken: %s",
                corrupt->node, corrupt->text);
    qh_json_set(event, "device", qh_json_new_string(""));
    qh_json_set(event, "node-name", qh_json_new_string(corrupt->node));
    qh_json_set(event, "msg", qh_json_new_string(corrupt->text));
    qh_json_set(event, "offset", qh_json_new_int((int64_t)(corrupt->offset & INT64_MAX)));
    qh_json_set(event, "fatal", qh_json_new_bool(corrupt->fatal));
    qh_qmp_emit(qh_host_qmp(corrupt->graph->host), "BLOCK_IMAGE_CORRUPTED", event);
    g_free(corrupt->node);
    g_free(corrupt->text);
    g_free(corrupt);
}

void qh_block_report_corrupt(QhBlockNode *node, const char *what, uint64_t offset, gboolean fatal)
{
    Corrupt *corrupt = g_new0(Corrupt, 1);

    corrupt->graph = node->graph;
    corrupt->node = g_strdup(node->name);
    corrupt->text = g_strdup(what);
    corrupt->offset = offset;
    corrupt->fatal = fatal;
    qh_host_defer(node->graph->host, tell_corrupt, corrupt);
}
