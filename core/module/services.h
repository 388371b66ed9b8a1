/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service tables that modules may ask for by name. */
#ifndef QH_CORE_MODULE_SERVICES_H
#define QH_CORE_MODULE_SERVICES_H

#include "abi/module.h"

/* One row of the table in services.c. */
typedef struct QhServiceEntry {
    const char *name; /* "qh.mem" */
    uint16_t major, minor;
    const void *table;
} QhServiceEntry;

const void *
qh_service_find(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error);

#endif
