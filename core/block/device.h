/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices' ends of the graph: what service "qh.block" (abi/block.h) hands out. */
#ifndef QH_CORE_BLOCK_DEVICE_H
#define QH_CORE_BLOCK_DEVICE_H

#include "core/block/block.h"

/* What rerror= and werror= may say. */
typedef enum {
    QH_BLOCK_ON_REPORT,
    QH_BLOCK_ON_IGNORE,
    QH_BLOCK_ON_STOP,
    QH_BLOCK_ON_ENOSPC, /* stop when the host's disk is full, otherwise report */
} QhBlockOnError;

/* Whether the guest goes on: BlockDeviceIoStatus of QMP. */
typedef enum {
    QH_BLOCK_IO_OK,
    QH_BLOCK_IO_FAILED,
    QH_BLOCK_IO_NOSPACE,
} QhBlockIoStatus;

/* Counted since the device was attached. */
typedef struct QhBlockCounts {
    uint64_t operations, bytes, failed, invalid, merged, total_ns;
} QhBlockCounts;

/*
 * An end with name @id (of -drive; NULL: it has none) on @node (NULL: an empty drive). The caller
 * gets a reference. [main]
 */
QhDrive *qh_block_device_new(QhBlockGraph *graph, const char *id, QhBlockNode *node);
QhDrive *qh_block_device_ref(QhDrive *block);
void qh_block_device_unref(QhDrive *block); /* NULL is accepted */
/* For a property drive=NAME: the drive of that name, or a new end on the node of that name. The
 * caller gets a reference. NULL with @error. [main] */
QhDrive *qh_block_device_get(QhBlockGraph *graph, const char *name, GError **error);
/* By drive id, by the id of the device, or by the path of that in the object tree. [main] */
QhDrive *qh_block_device_find(QhBlockGraph *graph, const char *name);
/* What a command's arguments @device (a drive's id) and @id (the device's own) mean, exactly one of
 * which is given. NULL with @error. [main] */
QhDrive *
qh_block_device_named(QhBlockGraph *graph, const char *device, const char *id, GError **error);
void qh_block_device_foreach(QhBlockGraph *graph,
                             void (*fn)(QhDrive *block, void *data),
                             void *data);

const char *qh_block_device_id(const QhDrive *block); /* "" when it has none */
/* What a user calls it: drive id, node name or device id. */
const char *qh_block_device_text(const QhDrive *block);
QhInstance *qh_block_device_instance(const QhDrive *block); /* NULL: not attached */
QhBlockNode *qh_block_device_node(const QhDrive *block);    /* NULL: no medium */
QhBlockUser *qh_block_device_user(const QhDrive *block);    /* NULL: no medium */
gboolean qh_block_device_removable(const QhDrive *block);
gboolean qh_block_device_tray_open(const QhDrive *block);
gboolean qh_block_device_locked(const QhDrive *block);
gboolean qh_block_device_write_cache(const QhDrive *block);
/* Counts of @kind (QH_BLOCK_READ ...). */
const QhBlockCounts *qh_block_device_counts(const QhDrive *block, uint32_t kind);
void qh_block_device_set_errors(QhDrive *block, QhBlockOnError read, QhBlockOnError write);
QhBlockIoStatus qh_block_device_io_status(const QhDrive *block);
/* The machine goes on: what failed is tried again, all is well until it fails anew. [main] */
void qh_block_devices_forget_errors(QhBlockGraph *graph);
void qh_block_device_set_writeback(QhDrive *block, gboolean on);
void qh_block_device_set_serial(QhDrive *block, const char *serial);

/* Put a medium in, or take it out (NULL): the guest sees it. [main] */
gboolean qh_block_device_set_medium(QhDrive *block, QhBlockNode *node, GError **error);
/* Ask the guest to let the medium go: TRUE when it is free to be taken now. [main] */
gboolean qh_block_device_request_eject(QhDrive *block, gboolean force, GError **error);
/*
 * What -drive says, as an object: file, format, if, index, id, media, cache, snapshot, readonly,
 * werror, rerror, discard, aio, limits, and options of the format. The graph keeps it. [main]
 */
gboolean qh_block_drive_add(QhBlockGraph *graph,
                            const QhJson *options,
                            const char *default_interface, /* where there is no if=; or NULL */
                            GError **error);
/* By interface ("none", "pflash" ...; NULL @interface is the machine's own) and index. */
QhDrive *qh_block_drive_find(QhBlockGraph *graph, const char *interface, uint32_t index);
/* The if= of a drive; NULL: it is no drive, or has none. */
const char *qh_block_drive_interface(const QhDrive *block);
gboolean qh_block_drive_del(QhBlockGraph *graph, const char *id, GError **error);
/* The first drive with an interface for which no device was made; NULL: all have one. */
QhDrive *qh_block_drive_orphan(QhBlockGraph *graph);

/* Open or close the tray, as the guest would; the event. [main] */
void qh_block_device_move_tray(QhDrive *block, gboolean open);
/* All devices with @node in their graph are told that a length has changed. [main] */
void qh_block_devices_resized(QhBlockGraph *graph, QhBlockNode *node);

/*
 * Of a machine that keeps its past: @fn sees each range of a disk before a device's request changes
 * it. In deterministic mode requests are done when submit returns, so there is one at a time. NULL
 * @fn: nobody. [main] CPUs stopped; @fn on a worker, while the CPU waits with the device lock
 */
typedef void (*QhBlockKeeper)(void *data, QhDrive *block, uint64_t offset, uint64_t bytes);
void qh_block_set_keeper(QhBlockGraph *graph, QhBlockKeeper fn, void *data);
/* For the keeper: what is there; put it back. 0 or an errno. */
int qh_block_device_peek(QhDrive *block, uint64_t offset, void *data, uint64_t bytes);
int qh_block_device_poke(QhDrive *block, uint64_t offset, const void *data, uint64_t bytes);
int qh_block_device_poke_zeroes(QhDrive *block, uint64_t offset, uint64_t bytes);

extern const QhBlockService qh_block_service;
extern const QhBlockDriverService qh_block_driver_service;

#endif
