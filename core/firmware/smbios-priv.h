/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources about SMBIOS share. */
#ifndef QH_CORE_FIRMWARE_SMBIOS_PRIV_H
#define QH_CORE_FIRMWARE_SMBIOS_PRIV_H

#include "core/firmware/smbios.h"

#define QH_SMBIOS_TYPES   256u
#define QH_SMBIOS_END     127u
#define QH_SMBIOS_HEADER  4u /* type, length, handle */
#define QH_SMBIOS_RAW_MAX (64u << 20)

/* Types of which there may be several: each option makes one. */
#define QH_SMBIOS_CONNECTOR 8u
#define QH_SMBIOS_ONBOARD   41u
#define QH_SMBIOS_RECORDS   256u /* of a type, at most */

typedef struct QhSmbiosRecord {
    uint32_t type;
    GHashTable *values; /* key -> text, checked */
} QhSmbiosRecord;

struct QhSmbios {
    GPtrArray *records;     /* QhSmbiosRecord */
    GHashTable *values;     /* "1.serial" -> text, checked */
    GPtrArray *oem_strings; /* char *, of type 11 */
    GByteArray *raw;        /* structures of files */
    gboolean said[QH_SMBIOS_TYPES], is_raw[QH_SMBIOS_TYPES];
};

/* What the user says of @key; NULL: nothing. @smbios may be NULL. */
const char *qh_smbios_value(const QhSmbios *smbios, uint32_t type, const char *key);

/* Number of @name among the kinds of type 41 (DSP0134 7.42.2), 0: there is no such. */
uint32_t qh_smbios_kind(const char *name);

#endif
