/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on removable media. */
#include "core/block/device.h"
#include "core/machine/machine.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-tables.h"

static QhDrive *removable(QhHost *host, const char *device, const char *id, GError **error)
{
    QhDrive *block = qh_block_device_named(qh_host_blocks(host), device, id, error);

    if (block == NULL) {
        return NULL;
    }
    if (!qh_block_device_removable(block)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Device '%.64s' is not removable",
                    id != NULL ? id : device);
        return NULL;
    }
    return block;
}

/* With the device lock: the device hears of it. */
static gboolean set_medium(QhHost *host, QhDrive *block, QhBlockNode *node, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine != NULL) {
        qh_machine_lock(machine);
    }
    gboolean ok = qh_block_device_set_medium(block, node, error);
    if (machine != NULL) {
        qh_machine_unlock(machine);
    }
    return ok;
}

gboolean
qh_qmp_blockdev_open_tray(QhHost *host, const QhQmpBlockdevOpenTrayArgs *args, GError **error)
{
    QhDrive *block = removable(host, args->device, args->id, error);

    if (block == NULL ||
        !qh_block_device_request_eject(block, args->has_force && args->force, error)) {
        return FALSE;
    }
    qh_block_device_move_tray(block, TRUE);
    return TRUE;
}

gboolean
qh_qmp_blockdev_close_tray(QhHost *host, const QhQmpBlockdevCloseTrayArgs *args, GError **error)
{
    QhDrive *block = removable(host, args->device, args->id, error);

    if (block == NULL) {
        return FALSE;
    }
    qh_block_device_move_tray(block, FALSE);
    return TRUE;
}

static gboolean needs_open(const QhDrive *block, GError **error)
{
    if (!qh_block_device_tray_open(block)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Tray of device '%s' is not open",
                    qh_block_device_text(block));
        return FALSE;
    }
    return TRUE;
}

gboolean qh_qmp_blockdev_remove_medium(QhHost *host,
                                       const QhQmpBlockdevRemoveMediumArgs *args,
                                       GError **error)
{
    QhDrive *block = removable(host, NULL, args->id, error);

    return block != NULL && needs_open(block, error) && set_medium(host, block, NULL, error);
}

gboolean qh_qmp_blockdev_insert_medium(QhHost *host,
                                       const QhQmpBlockdevInsertMediumArgs *args,
                                       GError **error)
{
    QhDrive *block = removable(host, NULL, args->id, error);
    QhBlockNode *node = qh_block_find(qh_host_blocks(host), args->node_name);

    if (block == NULL || !needs_open(block, error)) {
        return FALSE;
    }
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Node '%.64s' not found", args->node_name);
        return FALSE;
    }
    if (qh_block_device_node(block) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "There already is a medium in device '%s'",
                    qh_block_device_text(block));
        return FALSE;
    }
    return set_medium(host, block, node, error);
}

gboolean qh_qmp_eject(QhHost *host, const QhQmpEjectArgs *args, GError **error)
{
    QhDrive *block = removable(host, args->device, args->id, error);

    if (block == NULL ||
        !qh_block_device_request_eject(block, args->has_force && args->force, error)) {
        return FALSE;
    }
    qh_block_device_move_tray(block, TRUE);
    return set_medium(host, block, NULL, error);
}

gboolean qh_qmp_blockdev_change_medium(QhHost *host,
                                       const QhQmpBlockdevChangeMediumArgs *args,
                                       GError **error)
{
    QhDrive *block = removable(host, args->device, args->id, error);
    g_autoptr(QhJson) options = qh_json_new_object();
    QhBlockNode *old;

    if (block == NULL ||
        !qh_block_device_request_eject(block, args->has_force && args->force, error)) {
        return FALSE;
    }
    old = qh_block_device_node(block);
    gboolean read_only = old != NULL && qh_block_node_read_only(old);
    if (args->has_read_only_mode) {
        read_only =
            args->read_only_mode == QH_QMP_BLOCKDEV_CHANGE_READ_ONLY_MODE_READ_ONLY ||
            (args->read_only_mode == QH_QMP_BLOCKDEV_CHANGE_READ_ONLY_MODE_RETAIN && read_only);
    }
    qh_json_set(options, "driver", qh_json_new_string(args->format != NULL ? args->format : "raw"));
    qh_json_set(options, "file.driver", qh_json_new_string("file"));
    qh_json_set(options, "file.filename", qh_json_new_string(args->filename));
    qh_json_set(options, "read-only", qh_json_new_bool(read_only));
    QhBlockNode *node = qh_block_add(qh_host_blocks(host), options, 0, error);
    if (node == NULL) {
        return FALSE;
    }
    qh_block_device_move_tray(block, TRUE);
    gboolean ok = set_medium(host, block, node, error);
    qh_block_device_move_tray(block, FALSE);
    qh_block_node_unref(node);
    return ok;
}
