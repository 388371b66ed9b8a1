/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCSI host device (5.6). */
#ifndef VIRTIO_SCSI_H
#define VIRTIO_SCSI_H

#include "abi/object.h"
#include "modules/support/scsi-hba.h"
#include "modules/virtio/virtio.h"

/* 5.6.2: queues before those of requests */
enum { SCSI_CONTROL_QUEUE, SCSI_EVENT_QUEUE, SCSI_FIRST_QUEUE };

enum { F_SCSI_HOTPLUG = 1, F_SCSI_CHANGE = 2 };

/* 5.6.6.3: events, and reasons of a transport reset */
enum { SCSI_EVENT_NONE = 0, SCSI_EVENT_TRANSPORT_RESET = 1, SCSI_EVENT_PARAM_CHANGE = 3 };
enum { SCSI_RESET_RESCAN = 1, SCSI_RESET_REMOVED = 2 };

typedef struct VirtioScsi {
    VirtioDevice virtio;

    /* properties */
    uint16_t num_queues; /* 0: as many as suit the machine */
    uint16_t queue_size;
    uint8_t seg_max_adjust, hotplug, param_change;
    uint32_t max_sectors, cmd_per_lun;
    QhObject *iothread;

    ScsiHba hba;
    QhBus *bus;
    uint32_t sense_size, cdb_size; /* as the driver set them */
    uint8_t events_missed;
    uint32_t batch; /* inside kick: completions are shown at its end */
} VirtioScsi;

extern const VirtioFunction virtio_scsi;

/* The bus that units sit on; in realize. [main] */
gboolean virtio_scsi_bus_new(VirtioScsi *scsi, GError **error);
/* Tell the driver, or that events were missed, as soon as there is a buffer. */
void virtio_scsi_event(VirtioScsi *scsi, uint32_t event, const QhScsiDevice *unit, uint32_t reason);
/* The driver has put buffers for events. */
void virtio_scsi_event_kick(VirtioScsi *scsi);

#endif
