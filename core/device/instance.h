/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device instances, their properties and lines. */
#ifndef QH_CORE_DEVICE_INSTANCE_H
#define QH_CORE_DEVICE_INSTANCE_H

#include "abi/device.h"
#include "core/json/json.h"
#include "core/module/registry.h"

QhInstance *qh_instance_create(QhMachine *machine, const char *name, const char *id, GError **error);
void qh_instance_free(QhInstance *instance);
gboolean qh_instance_set(QhInstance *instance, const char *property, const char *value,
                         GError **error);
gboolean qh_instance_realize(QhInstance *instance, GError **error);
void qh_instance_reset(QhInstance *instance, uint32_t kind);
const char *qh_instance_id(const QhInstance *instance);
const char *qh_instance_class(const QhInstance *instance);
QhDevice *qh_instance_state(QhInstance *instance);

/* DMA guard: TRUE if the device may be entered now; pairs with leave. [device] */
gboolean qh_instance_enter(QhInstance *instance);
void qh_instance_leave(QhInstance *instance);

/* Whether its DMA may reach device windows (QH_DEVICE_DMA_TO_IO). [any] */
gboolean qh_instance_dma_to_io(const QhInstance *instance);

/* Lines */
QhIrq *qh_irq_new(void (*fn)(void *opaque, uint32_t n, gboolean level), void *opaque, uint32_t n);
void qh_irq_free(QhIrq *irq);
void qh_irq_set(QhIrq *irq, gboolean level); /* NULL is an open line */

/*
 * Set member @property of @state, described by @table, from text: shared by devices, machines and
 * CPU models. @subject names the thing in errors ("device 'ns16550'"). [main]
 */
gboolean qh_property_set(QhHost *host, const QhPropertyTable *table, void *state,
                         const char *subject, const char *property, const char *value,
                         GError **error);
gboolean qh_properties_set_defaults(QhHost *host, const QhPropertyTable *table, void *state,
                                    const char *subject, GError **error);
void qh_properties_clear(const QhPropertyTable *table, void *state); /* frees strings */
/* Its current value as text, for expansion and info; the caller g_frees it. */
char *qh_property_text(const QhPropertyTable *table, const void *state, const char *property);

extern const QhDeviceService qh_device_service;

#endif
