/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of devices and buses, for the sources of core/device. */
#ifndef QH_CORE_DEVICE_INSTANCE_PRIV_H
#define QH_CORE_DEVICE_INSTANCE_PRIV_H

#include "core/device/instance.h"
#include "core/machine/machine-priv.h"

/* Where a window lies, to take it off the map again. */
typedef struct QhPlaced {
    QhSpace *space;
    uint64_t address, bytes;
    uint32_t window;
    int32_t priority;
} QhPlaced;

/* What lies behind a window. */
typedef struct QhWindowRam {
    QhRam *ram; /* or NULL */
    uint32_t mode;
} QhWindowRam;

struct QhBus {
    QhInstance *parent;
    const QhBusOps *ops;
    char *name;
    GPtrArray *children; /* QhInstance *, in the order in which they were attached */
};

struct QhInstance {
    QhMachine *machine;
    char *name;
    char *id;
    gboolean named; /* the user or the board gave the id */
    gboolean users; /* made by -device or device_add */
    guint serial;   /* never used again in this machine */
    QhSlotRef slot;
    const QhDeviceOps *ops;
    QhDevice *state;
    uint64_t *window_bytes;
    QhWindowRam *window_ram;
    GArray *placed;     /* QhPlaced */
    QhIrq **out;        /* where each output line leads */
    uint8_t *out_level; /* as the device drives it */
    QhIrq **in;
    gboolean in_realize;
    gboolean realized;
    gboolean tried;  /* realize was called, so unrealize must be */
    gboolean inside; /* DMA guard; under the device lock */
    gboolean held;   /* output lines are not presented */

    GPtrArray *buses;         /* QhBus *, of which it is the parent */
    QhBus *bus;               /* it is attached to, or NULL */
    QhBus *wanted;            /* bus the user named, until it is attached */
    const QhBusOps *bus_kind; /* what describes @bus_data; NULL: sits on no bus */
    void *bus_data;           /* bytes that its bus keeps for it */
    gboolean going;           /* unplug_done was called */
};

/* Set what -global says about properties of @table, which is the device's own or its bus's. */
gboolean qh_instance_apply_globals(QhInstance *instance,
                                   const QhPropertyTable *table,
                                   void *state,
                                   GError **error);
/* FALSE with @error when -global names a property that neither has. */
gboolean qh_instance_check_globals(QhInstance *instance, GError **error);

/* Its own table, or that of its bus, whichever has @property; NULL when neither has. @ret_state is
 * what the table's offsets are of. */
const QhPropertyTable *
qh_instance_table(const QhInstance *instance, const char *property, void **ret_state);

/* bus.c: choose a bus and attach to it, before realize; show it to the guest, after. */
gboolean qh_instance_attach(QhInstance *instance, GError **error);
void qh_instance_plug(QhInstance *instance);
/* Children of its buses first, then itself off its bus. */
void qh_instance_detach(QhInstance *instance);
QhBus *qh_bus_new(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error);
QhInstance *qh_instance_create_on(
    QhMachine *machine, QhBus *bus, const char *name, const char *id, GError **error);

/* plug.c */
void qh_instance_unplug_done(QhDevice *child);
void qh_instance_unplug_failed(QhDevice *child);

#endif
