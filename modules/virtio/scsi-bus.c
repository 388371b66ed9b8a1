/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bus of a virtio SCSI host device, and what the driver hears of it (5.6.6.3). */
#include "modules/virtio/scsi.h"

#define EVENT_BYTES   16u
#define EVENTS_MISSED 0x80000000u

/* --- Events --- */

static void put_lun(uint8_t *at, const QhScsiDevice *unit)
{
    ScsiAddress place = scsi_hba_place(unit);

    at[0] = 1;
    at[1] = (uint8_t)place.target;
    at[2] = place.lun >= 256 ? (uint8_t)(0x40 | place.lun >> 8) : 0;
    at[3] = (uint8_t)place.lun;
}

void virtio_scsi_event(VirtioScsi *scsi, uint32_t event, const QhScsiDevice *unit, uint32_t reason)
{
    VirtioQueue *queue = scsi->virtio.queues[SCSI_EVENT_QUEUE];
    uint8_t data[EVENT_BYTES] = {0};

    if (!virtio_queue_ready(queue)) {
        return;
    }
    VirtioChain *chain = virtio_queue_pop(queue);
    if (chain == NULL) {
        scsi->events_missed = 1;
        return;
    }
    if (chain->in_bytes < EVENT_BYTES) {
        virtio_device_break(&scsi->virtio, "a buffer too short for an event");
        virtio_queue_push(chain, 0);
        return;
    }
    virtio_put32(data, event | (scsi->events_missed ? EVENTS_MISSED : 0));
    if (unit != NULL) {
        put_lun(data + 4, unit);
    }
    virtio_put32(data + 12, reason);
    scsi->events_missed = 0;
    virtio_chain_write(chain, 0, data, sizeof(data));
    virtio_queue_push(chain, sizeof(data));
    virtio_queue_flush(queue);
}

void virtio_scsi_event_kick(VirtioScsi *scsi)
{
    if (scsi->events_missed) {
        virtio_scsi_event(scsi, SCSI_EVENT_NONE, NULL, 0);
    }
}

/* 5.6.6.3: the reason is the additional sense code, its qualifier above it. */
static void changed(QhScsiDevice *unit, uint32_t code)
{
    VirtioScsi *scsi = scsi_hba_adapter(unit);

    if (virtio_has(&scsi->virtio, F_SCSI_CHANGE)) {
        virtio_scsi_event(scsi, SCSI_EVENT_PARAM_CHANGE, unit, code >> 8 | (code & 0xff) << 8);
    }
}

static const QhScsiService bus_service = {
    .size = sizeof(QhScsiService),
    .changed = changed,
};

/* --- The bus --- */

static VirtioScsi *scsi_of(QhDevice *parent)
{
    return (VirtioScsi *)parent;
}

static gboolean
bus_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    (void)data;
    return scsi_hba_attach(&scsi_of(parent)->hba, bus, child, error);
}

static void bus_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot)
{
    VirtioScsi *scsi = scsi_of(parent);

    (void)bus;
    (void)data;
    scsi_hba_plug(&scsi->hba, child, hot);
    if (hot && virtio_has(&scsi->virtio, F_SCSI_HOTPLUG)) {
        virtio_scsi_event(scsi, SCSI_EVENT_TRANSPORT_RESET, (QhScsiDevice *)child,
                          SCSI_RESET_RESCAN);
    }
}

/* The unit is gone for the driver from here on; it is told, not asked. */
static gboolean
bus_unplug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    VirtioScsi *scsi = scsi_of(parent);

    (void)bus;
    (void)data;
    (void)error;
    scsi_hba_unplug(&scsi->hba, child, TRUE);
    if (virtio_has(&scsi->virtio, F_SCSI_HOTPLUG)) {
        virtio_scsi_event(scsi, SCSI_EVENT_TRANSPORT_RESET, (QhScsiDevice *)child,
                          SCSI_RESET_REMOVED);
    }
    scsi->virtio.services->device->unplug_done(child);
    return TRUE;
}

static void bus_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    (void)bus;
    (void)data;
    scsi_hba_detach(&scsi_of(parent)->hba, child);
}

static char *bus_address(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    (void)parent;
    (void)bus;
    (void)data;
    return scsi_hba_address(child);
}

static char *bus_firmware_name(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    (void)parent;
    (void)bus;
    (void)data;
    return scsi_hba_firmware_name(child);
}

static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .kind = QH_SCSI_BUS,
    .service = &bus_service,
    .attach = bus_attach,
    .plug = bus_plug,
    .unplug_request = bus_unplug,
    .detach = bus_detach,
    .address = bus_address,
    .firmware_name = bus_firmware_name,
};

gboolean virtio_scsi_bus_new(VirtioScsi *scsi, GError **error)
{
    QhDevice *device = &scsi->virtio.base;

    scsi->bus = scsi->virtio.services->device->bus_new(device, &bus_ops, NULL, error);
    return scsi->bus != NULL;
}
