/* SPDX-License-Identifier: MIT */
/*
 * Buses. A device makes a bus in its realize (bus_new of service "qh.device"); a device class says
 * with QhDeviceOps.bus on which kind of bus its devices sit. What the two sides of one kind say to
 * each other stands in a header of its own, of which the host knows nothing (abi/pci.h): the bus's
 * `service` for the devices, the class's `bus_class` for the bus.
 *
 * A child's life: created, its own properties and those of the bus set, attach (it gets its
 * address), realize, plug (the guest may see it); then unplug_request and unplug_done, or the
 * machine's end; detach, unrealize, free.
 */
#ifndef QH_ABI_BUS_H
#define QH_ABI_BUS_H

#include "abi/property.h"
#include "abi/state.h"

typedef struct QhDevice QhDevice; /* abi/device.h */

/* Methods of a bus. @parent is the device that made it, @data the bytes the bus keeps for @child.
 */
typedef struct QhBusOps {
    uint32_t size;
    uint32_t child_size; /* bytes kept for each child, zeroed by the host */
    const char *kind;    /* "pci": what QhDeviceOps.bus of a child says */
    /* What each device on the bus can be given besides its own ("addr"); offsets into @data. */
    const QhPropertyTable *properties;
    const void *service; /* table for the devices on it, as the kind's header says */

    /* Mandatory: find a place for @child; before its realize. FALSE with @error: the address is
     * taken, the bus is full, cannot be plugged while the machine runs. [main] */
    gboolean (*attach)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error);
    /* Optional: @child is realized; show it to the guest. @hot: the machine has been started.
     * [main, device lock] */
    void (*plug)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot);
    /* Optional: ask the guest to let go of @child; unplug_done follows some time. Absent: it cannot
     * be taken out. FALSE with @error: this one cannot. [main, device lock] */
    gboolean (*unplug_request)(
        QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error);
    /* Mandatory: @child is going, whether it was realized or not. [main] */
    void (*detach)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data);
    /* Optional: where it is, for people and bus=: "04.0"; the caller g_frees it. [main] */
    char *(*address)(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data);

    /* What of @data a snapshot holds; absent with a child_size: devices on the bus cannot be saved.
     */
    const QhStateTable *child_state;
    /* Optional: whether that is all there is of this child. [device] */
    gboolean (*child_can_be_saved)(const void *data);
    /* Optional: @data was loaded from a snapshot; put back what depends on it. Comes before the
     * child's own state_loaded. [device] */
    void (*child_loaded)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data);

    /* Optional: what Open Firmware calls @child, with its unit: "scsi@3"; NULL: it is left out of
     * paths. The caller g_frees it. For the firmware's boot order. [main] */
    char *(*firmware_name)(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data);
    /* Optional: state of @child besides the table (abi/state.h). [device], CPUs stopped */
    void (*child_stream)(
        QhDevice *parent, QhBus *bus, QhDevice *child, void *data, QhStateStream *stream);
} QhBusOps;

#endif
