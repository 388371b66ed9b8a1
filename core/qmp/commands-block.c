/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on block nodes and disks. */
#include "core/block/describe.h"
#include "core/block/throttle.h"
#include "core/machine/machine.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_blockdev_add(QhHost *host, const QhQmpBlockdevOptions *args, GError **error)
{
    g_autoptr(QhJson) options = qh_qapi_to_json(&qh_qapi_BlockdevOptions, args, error);
    QhBlockNode *node =
        options != NULL ? qh_block_add(qh_host_blocks(host), options, QH_BLOCK_ADD_MONITOR, error)
                        : NULL;

    if (node == NULL) {
        return FALSE;
    }
    qh_block_node_unref(node);
    return TRUE;
}

gboolean qh_qmp_blockdev_del(QhHost *host, const QhQmpBlockdevDelArgs *args, GError **error)
{
    return qh_block_del(qh_host_blocks(host), args->node_name, error);
}

gboolean qh_qmp_blockdev_reopen(QhHost *host, const QhQmpBlockdevReopenArgs *args, GError **error)
{
    for (size_t i = 0; i < args->options.n; i++) {
        g_autoptr(QhJson) options =
            qh_qapi_to_json(&qh_qapi_BlockdevOptions, &args->options.items[i], error);

        if (options == NULL || !qh_block_reopen(qh_host_blocks(host), options, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean answer(const QhQapiType *type, QhJson *json, void *ret, GError **error)
{
    gboolean ok = qh_qapi_read(type, json, ret, error);

    qh_json_unref(json);
    return ok;
}

gboolean qh_qmp_query_named_block_nodes(QhHost *host,
                                        const QhQmpQueryNamedBlockNodesArgs *args,
                                        QhQmpBlockDeviceInfoList *ret,
                                        GError **error)
{
    return answer(&qh_qapi_list_BlockDeviceInfo,
                  qh_block_describe_nodes(qh_host_blocks(host), args->has_flat && args->flat), ret,
                  error);
}

gboolean qh_qmp_query_block(QhHost *host, QhQmpBlockInfoList *ret, GError **error)
{
    return answer(&qh_qapi_list_BlockInfo, qh_block_describe_devices(qh_host_blocks(host)), ret,
                  error);
}

gboolean qh_qmp_query_blockstats(QhHost *host,
                                 const QhQmpQueryBlockstatsArgs *args,
                                 QhQmpBlockStatsList *ret,
                                 GError **error)
{
    gboolean nodes = args->has_query_nodes && args->query_nodes;

    return answer(&qh_qapi_list_BlockStats, qh_block_describe_stats(qh_host_blocks(host), nodes),
                  ret, error);
}

gboolean qh_qmp_block_resize(QhHost *host, const QhQmpBlockResizeArgs *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = args->node_name != NULL ? qh_block_find(graph, args->node_name) : NULL;

    if (args->node_name == NULL) {
        QhDrive *block = qh_block_device_named(qh_host_blocks(host), args->device, NULL, error);

        if (block == NULL) {
            return FALSE;
        }
        node = qh_block_device_node(block);
    }
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Cannot find device='%.64s' nor node-name='%.64s'",
                    args->device != NULL ? args->device : "",
                    args->node_name != NULL ? args->node_name : "");
        return FALSE;
    }
    if (args->size < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'size' expects a >0 size");
        return FALSE;
    }
    QhBlockUser *user = qh_block_user_new(
        node, "block_resize", QH_BLOCK_USE_READ | QH_BLOCK_USE_RESIZE, QH_BLOCK_USE_ALL, error);
    if (user == NULL) {
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok = qh_block_truncate(node, (uint64_t)args->size, error);
    qh_block_release(graph, node);
    qh_block_user_free(user);
    if (ok) {
        QhMachine *machine = qh_host_machine(host);

        if (machine != NULL) {
            qh_machine_lock(machine);
        }
        qh_block_devices_resized(graph, node);
        if (machine != NULL) {
            qh_machine_unlock(machine);
        }
    }
    return ok;
}

gboolean
qh_qmp_block_set_io_throttle(QhHost *host, const QhQmpBlockSetIoThrottleArgs *args, GError **error)
{
    QhDrive *block = qh_block_device_named(qh_host_blocks(host), args->device, args->id, error);
    QhMachine *machine = qh_host_machine(host);
    const int64_t values[] = {
        args->bps,
        args->bps_rd,
        args->bps_wr,
        args->iops,
        args->iops_rd,
        args->iops_wr,
        args->bps_max,
        args->bps_rd_max,
        args->bps_wr_max,
        args->iops_max,
        args->iops_rd_max,
        args->iops_wr_max,
        args->bps_max_length,
        args->bps_rd_max_length,
        args->bps_wr_max_length,
        args->iops_max_length,
        args->iops_rd_max_length,
        args->iops_wr_max_length,
        args->iops_size,
    };
    QhBlockLimits limits = {0};
    uint64_t *places[] = {
        &limits.bps[0],          &limits.bps[1],          &limits.bps[2],
        &limits.iops[0],         &limits.iops[1],         &limits.iops[2],
        &limits.bps_max[0],      &limits.bps_max[1],      &limits.bps_max[2],
        &limits.iops_max[0],     &limits.iops_max[1],     &limits.iops_max[2],
        &limits.bps_seconds[0],  &limits.bps_seconds[1],  &limits.bps_seconds[2],
        &limits.iops_seconds[0], &limits.iops_seconds[1], &limits.iops_seconds[2],
        &limits.iops_size,
    };

    if (block == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        if (values[i] < 0) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "bps/iops/max values must be within [0, 1000000000000000]");
            return FALSE;
        }
        *places[i] = (uint64_t)values[i];
    }
    if (machine != NULL) {
        qh_machine_lock(machine);
    }
    gboolean ok = qh_block_throttle_set(block, &limits, error);
    if (machine != NULL) {
        qh_machine_unlock(machine);
    }
    return ok;
}
