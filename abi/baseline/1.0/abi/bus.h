/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_BUS_H
#define QH_ABI_BUS_H

#include "abi/property.h"
#include "abi/state.h"

typedef struct QhDevice QhDevice;

typedef struct QhBusOps {
    uint32_t size;
    uint32_t child_size;
    const char *kind;

    const QhPropertyTable *properties;
    const void *service;

    gboolean (*attach)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error);

    void (*plug)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot);

    gboolean (*unplug_request)(
        QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error);

    void (*detach)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data);

    char *(*address)(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data);

    const QhStateTable *child_state;

    gboolean (*child_can_be_saved)(const void *data);

    void (*child_loaded)(QhDevice *parent, QhBus *bus, QhDevice *child, void *data);

    char *(*firmware_name)(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data);

    void (*child_stream)(
        QhDevice *parent, QhBus *bus, QhDevice *child, void *data, QhStateStream *stream);
} QhBusOps;

#endif
