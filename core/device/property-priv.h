/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources about properties share. */
#ifndef QH_CORE_DEVICE_PROPERTY_PRIV_H
#define QH_CORE_DEVICE_PROPERTY_PRIV_H

#include "core/device/instance.h"

/* property.c */
const QhProperty *qh_property_find(const QhPropertyTable *table, const char *name);
const QhProperty *qh_property_at(const QhPropertyTable *table, uint32_t i);

/* property-refs.c: members that point to something with an id. @at is the member. */
gboolean qh_property_is_reference(uint32_t type);
gboolean qh_property_set_reference(QhHost *host,
                                   const QhProperty *property,
                                   void *at,
                                   const char *subject,
                                   const char *value,
                                   GError **error);
/* The member no longer points anywhere. */
void qh_property_drop_reference(uint32_t type, void *at);
char *qh_property_reference_text(uint32_t type, const void *at);

#endif
