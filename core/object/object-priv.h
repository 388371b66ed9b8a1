/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the objects: the classes that the host has itself. */
#ifndef QH_CORE_OBJECT_OBJECT_PRIV_H
#define QH_CORE_OBJECT_OBJECT_PRIV_H

#include "core/object/object.h"

#include <unistd.h>

/* The table of a class's rows. */
#define QH_OBJECT_PROPERTIES(rows)                                                                 \
    {                                                                                              \
        .size = sizeof(QhPropertyTable), .property_size = sizeof(QhProperty),                      \
        .n_properties = G_N_ELEMENTS(rows), .properties = (rows),                                  \
    }

extern const QhObjectOps qh_object_throttle_group, qh_object_rng_random, qh_object_rng_builtin,
    qh_object_secret_class, qh_object_filter_dump, qh_object_fsdev_local, qh_object_iothread,
    qh_object_memory_ram, qh_object_memory_memfd, qh_object_memory_file;

#endif
