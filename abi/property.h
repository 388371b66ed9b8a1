/* SPDX-License-Identifier: MIT */
/* Property tables: what a user may set on a device, a machine or a CPU model. */
#ifndef QH_ABI_PROPERTY_H
#define QH_ABI_PROPERTY_H

#include "abi/base.h"

/* QhProperty.type, and the C type at QhProperty.offset */
#define QH_PROPERTY_BOOL      0u /* uint8_t; on|off|true|false|yes|no */
#define QH_PROPERTY_U8        1u
#define QH_PROPERTY_U16       2u
#define QH_PROPERTY_U32       3u
#define QH_PROPERTY_U64       4u
#define QH_PROPERTY_SIZE      5u /* uint64_t bytes; accepts the suffixes b k M G T P E */
#define QH_PROPERTY_STRING    6u /* char *, g_malloc'ed by the host and freed by it; may be NULL */
#define QH_PROPERTY_CHARDEV   7u /* QhChar *, NULL when not set; the host owns it */
#define QH_PROPERTY_ONOFFAUTO 8u /* uint8_t; 0 auto, 1 on, 2 off */
/* Since 1.1 */
#define QH_PROPERTY_BLOCK  9u  /* QhDrive *, by node name or drive id; NULL when not set */
#define QH_PROPERTY_NETDEV 10u /* QhNet *, by id; NULL when not set */
#define QH_PROPERTY_OBJECT 11u /* QhObject *, by the id of an -object; NULL when not set */
#define QH_PROPERTY_MAC    12u /* uint8_t[6]; 52:54:00:12:34:56; all zero when not set */
#define QH_PROPERTY_ENUM   13u /* uint8_t; index into QhProperty.values */
#define QH_PROPERTY_I32    14u /* int32_t; min and max are those of the 64-bit value */

typedef struct QhProperty {
    const char *name;
    const char *description;
    const char *default_text; /* as a user would write it; NULL means zero */
    uint32_t type;
    uint32_t offset; /* bytes from the start of the state struct that the host fills */
    uint64_t min;    /* both 0: the whole range of the type */
    uint64_t max;
    const char *values; /* ENUM: its names in order, "writethrough|writeback" */
} QhProperty;

/* A row of a table: QH_PROPERTY("baud", QH_PROPERTY_U32, offsetof(Uart, baud), "9600", 1, 9999,
 * "bits a second"). */
#define QH_PROPERTY(name_, type_, offset_, default_, min_, max_, description_)                     \
    {                                                                                              \
        .name = (name_), .description = (description_), .default_text = (default_),                \
        .type = (type_), .offset = (offset_), .min = (min_), .max = (max_),                        \
    }

typedef struct QhPropertyTable {
    uint32_t size;
    uint32_t property_size; /* sizeof(QhProperty) */
    uint32_t n_properties;
    uint32_t reserved;
    const QhProperty *properties;
} QhPropertyTable;

/* The table whose rows are the array @rows_. */
#define QH_PROPERTY_TABLE(rows_)                                                                   \
    {                                                                                              \
        .size = sizeof(QhPropertyTable), .property_size = sizeof(QhProperty),                      \
        .n_properties = sizeof(rows_) / sizeof((rows_)[0]), .properties = (rows_),                 \
    }

#endif
