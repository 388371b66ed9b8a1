/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_PROPERTY_H
#define QH_ABI_PROPERTY_H

#include "abi/base.h"

#define QH_PROPERTY_BOOL      0u
#define QH_PROPERTY_U8        1u
#define QH_PROPERTY_U16       2u
#define QH_PROPERTY_U32       3u
#define QH_PROPERTY_U64       4u
#define QH_PROPERTY_SIZE      5u
#define QH_PROPERTY_STRING    6u
#define QH_PROPERTY_CHARDEV   7u
#define QH_PROPERTY_ONOFFAUTO 8u

#define QH_PROPERTY_BLOCK  9u
#define QH_PROPERTY_NETDEV 10u
#define QH_PROPERTY_OBJECT 11u
#define QH_PROPERTY_MAC    12u
#define QH_PROPERTY_ENUM   13u
#define QH_PROPERTY_I32    14u

typedef struct QhProperty {
    const char *name;
    const char *description;
    const char *default_text;
    uint32_t type;
    uint32_t offset;
    uint64_t min;
    uint64_t max;
    const char *values;
} QhProperty;

#define QH_PROPERTY(name_, type_, offset_, default_, min_, max_, description_)                     \
    {                                                                                              \
        .name = (name_), .description = (description_), .default_text = (default_),                \
        .type = (type_), .offset = (offset_), .min = (min_), .max = (max_),                        \
    }

typedef struct QhPropertyTable {
    uint32_t size;
    uint32_t property_size;
    uint32_t n_properties;
    uint32_t reserved;
    const QhProperty *properties;
} QhPropertyTable;

#define QH_PROPERTY_TABLE(rows_)                                                                   \
    {                                                                                              \
        .size = sizeof(QhPropertyTable), .property_size = sizeof(QhProperty),                      \
        .n_properties = sizeof(rows_) / sizeof((rows_)[0]), .properties = (rows_),                 \
    }

#endif
