/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device instances, their properties and lines. */
#ifndef QH_CORE_DEVICE_INSTANCE_H
#define QH_CORE_DEVICE_INSTANCE_H

#include "abi/device.h"
#include "core/json/json.h"
#include "core/module/registry.h"
#include "core/snapshot/stream.h"

/* A device of class @name, loading the module that offers it if need be; @id NULL: one is made up.
 * The machine owns it. NULL with @error set. [main] */
QhInstance *
qh_instance_create(QhMachine *machine, const char *name, const char *id, GError **error);
/* Takes its windows off the map and gives it up; the machine calls this for what is left. [main] */
void qh_instance_free(QhInstance *instance);
gboolean
qh_instance_set(QhInstance *instance, const char *property, const char *value, GError **error);
gboolean qh_instance_realize(QhInstance *instance, GError **error);
/* Output lines that the device drives while held are presented by release: so a machine resets all
 * its devices before any of them sees another's new level. Lowers all lines first. [device] */
void qh_instance_hold(QhInstance *instance);
void qh_instance_reset(QhInstance *instance, uint32_t kind);
void qh_instance_release(QhInstance *instance);
/* What the device shows besides properties, as QhDeviceOps.show; NULL: nothing. [main] */
char *qh_instance_show(QhInstance *instance, const char *name);
const char *qh_instance_id(const QhInstance *instance);
const char *qh_instance_class(const QhInstance *instance);
QhMachine *qh_instance_machine(const QhInstance *instance);
QhDevice *qh_instance_state(QhInstance *instance);
const QhDeviceOps *qh_instance_ops(const QhInstance *instance);
/* The line into input @n, NULL if it has no such; window @n mapped into @space. [main] */
QhIrq *qh_instance_irq_in(QhInstance *instance, uint32_t n);
gboolean qh_instance_map(
    QhInstance *instance, uint32_t window, QhSpace *space, uint64_t address, GError **error);

/* Its state table and the levels of its lines; fails for a device that cannot be saved. After a
 * load nobody has been told of levels: whoever is at the other end is loaded, too. [device] */
void qh_instance_stream(QhInstance *instance, QhStream *stream);
/* After all is loaded: QhDeviceOps.state_loaded. [device] */
void qh_instance_loaded(QhInstance *instance);

/* DMA guard: TRUE if the device may be entered now; pairs with leave. [device] */
gboolean qh_instance_enter(QhInstance *instance);
void qh_instance_leave(QhInstance *instance);

/* Whether its DMA may reach device windows (QH_DEVICE_DMA_TO_IO). [any] */
gboolean qh_instance_dma_to_io(const QhInstance *instance);

/* Lines: @fn is called on each change of level. */
QhIrq *qh_irq_new(void (*fn)(void *opaque, uint32_t n, gboolean level), void *opaque, uint32_t n);
void qh_irq_free(QhIrq *irq);
/* A line that is set from any thread: every setting is passed on, so that the last one counts. */
QhIrq *
qh_irq_new_shared(void (*fn)(void *opaque, uint32_t n, gboolean level), void *opaque, uint32_t n);
void qh_irq_set(QhIrq *irq, gboolean level);      /* NULL is an open line */
void qh_irq_stream(QhIrq *irq, QhStream *stream); /* its level [device] */

/* "512", "0x200", "512M", "1.5G" in bytes; suffixes b k M G T P E, powers of 1024. FALSE with
 * @error set when it is malformed or above 2^64 - 1. [any] */
gboolean qh_size_parse(const char *text, uint64_t *ret_bytes, GError **error);

/*
 * Set member @property of @state, described by @table, from text: shared by devices, machines and
 * CPU models. @subject names the thing in errors ("device 'ns16550'"). [main]
 */
gboolean qh_property_set(QhHost *host,
                         const QhPropertyTable *table,
                         void *state,
                         const char *subject,
                         const char *property,
                         const char *value,
                         GError **error);
gboolean qh_properties_set_defaults(
    QhHost *host, const QhPropertyTable *table, void *state, const char *subject, GError **error);
void qh_properties_clear(const QhPropertyTable *table, void *state); /* frees strings */
uint32_t qh_property_bytes(uint32_t type); /* of the member that it fills */
/* Its current value as text, for expansion and info; the caller g_frees it. */
char *qh_property_text(const QhPropertyTable *table, const void *state, const char *property);

extern const QhDeviceService qh_device_service;

#endif
