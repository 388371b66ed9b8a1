/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buses as the monitors see them, and devices that the user adds and takes out. */
#ifndef QH_CORE_DEVICE_BUS_H
#define QH_CORE_DEVICE_BUS_H

#include "core/device/instance.h"

/* By name, by the id of a device with a single bus, or by a path that ends with either. NULL with
 * @error that lists the buses. [main] */
QhBus *qh_bus_find(QhMachine *machine, const char *name, GError **error);
const char *qh_bus_name(const QhBus *bus);
const char *qh_bus_kind(const QhBus *bus);
gboolean qh_bus_is_below(const QhBus *bus); /* its parent sits on a bus, too */
void qh_bus_free(void *bus);                /* its parent calls it */
void qh_bus_foreach_child(QhBus *bus, void (*fn)(QhInstance *, void *), void *data);
void qh_instance_foreach_bus(QhInstance *instance, void (*fn)(QhBus *, void *), void *data);
QhBus *qh_instance_bus(const QhInstance *instance); /* it sits on; NULL: on none */
/* Where on its bus, for people; NULL when it sits on none or that has no words for it; the caller
 * g_frees it. [main] */
char *qh_instance_address(const QhInstance *instance);
/* Whether -device or device_add made it, with or without an id. [main] */
gboolean qh_instance_is_users(const QhInstance *instance);
gboolean qh_instance_has_user_id(const QhInstance *instance);
/* "/machine/peripheral/ID", "/machine/peripheral-anon/device[N]", "/machine/unattached/device[N]";
 * and the device at such a path, or with that id, or NULL. [main] */
char *qh_instance_path(const QhInstance *instance);
/* The same, of the part of it that holds its drive (QhDeviceOps.inner). */
char *qh_instance_inner_path(const QhInstance *instance);
QhInstance *qh_instance_at_path(QhMachine *machine, const char *path);

/* Walk its own properties, then those of its bus. @state is what the row's offset is of. [main] */
typedef void (*QhPropertyFn)(const QhProperty *property, const char *text, void *data);
void qh_instance_foreach_property(QhInstance *instance, QhPropertyFn fn, void *data);

/* A property's value as -device has it: text, or what JSON makes of it; the caller g_frees it.
 * NULL: neither text nor a number nor a truth value. */
char *qh_property_text_of_json(const QhJson *value);
/*
 * -device and device_add: @options is an object with "driver" and, optionally, "id", "bus" and
 * properties of the class and of the bus. When the machine has been reset already the device is,
 * too. [main]
 */
gboolean qh_machine_add_device(QhMachine *machine, const QhJson *options, GError **error);
/* device_del: ask for @id (or a path) to be taken out. It goes when the guest agrees, with event
 * DEVICE_DELETED. [main] */
gboolean qh_machine_remove_device(QhMachine *machine, const char *id, GError **error);

/* The machine runs (@running) or has stopped: tell the devices. [main, device lock] */
void qh_machine_tell_run_state(QhMachine *machine, gboolean running);

#endif
