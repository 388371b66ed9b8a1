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

typedef struct QhProperty {
    const char *name;
    const char *description;
    const char *default_text; /* as a user would write it; NULL means zero */
    uint32_t type;
    uint32_t offset; /* bytes from the start of the state struct that the host fills */
    uint64_t min;    /* both 0: the whole range of the type */
    uint64_t max;
} QhProperty;

typedef struct QhPropertyTable {
    uint32_t size;
    uint32_t property_size; /* sizeof(QhProperty) */
    uint32_t n_properties;
    uint32_t reserved;
    const QhProperty *properties;
} QhPropertyTable;

#endif
