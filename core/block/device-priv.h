/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside a device's end of the graph. */
#ifndef QH_CORE_BLOCK_DEVICE_PRIV_H
#define QH_CORE_BLOCK_DEVICE_PRIV_H

#include "core/block/block-priv.h"
#include "core/block/device.h"
#include "core/block/throttle.h"

struct QhDrive {
    QhBlockGraph *graph;
    char *id, *serial;
    char *interface; /* of -drive; NULL: no drive, or the machine's own */
    uint32_t index;
    gboolean is_drive; /* -drive holds one of the references */
    guint refs;
    QhBlockUser *user; /* NULL: no medium */
    QhInstance *device;
    QhBlockHandlers handlers;
    void *opaque;
    gboolean want_write, share_writes, writes;
    QhBlockIoStatus io_status;
    gint write_cache; /* atomic */
    gboolean tray_open, locked;
    QhBlockOnError on_read, on_write;
    QhBlockCounts counts[5]; /* by kind; device lock */
    uint64_t idle_since;
    GMutex lock;    /* of waiting */
    GQueue waiting; /* QhBlockRequest: the user was held when they came */
    QhBlockThrottle *throttle;
};

void qh_block_device_dispatch(QhDrive *block, QhBlockRequest *request); /* [device] */
/* Send those that wait to the pool, as far as the user is not held. */
void qh_block_device_resume(void *block);
/* The user does what the device wants. */
gboolean qh_block_device_open_user(QhDrive *block, GError **error);
gboolean qh_block_device_report_error(QhDrive *block, uint32_t kind, int error);
/* rerror=ignore and the like; emits the event. [device] */
gboolean qh_block_device_ignores(QhDrive *block, uint32_t kind, int error);
void qh_block_device_set_tray(QhDrive *block, gboolean open);

#endif
