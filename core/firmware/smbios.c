/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user says of SMBIOS: values by type and key, strings for the owner (type 11), and whole
 * structures. Values are checked here, once, so that building cannot fail on them.
 */
#include "core/firmware/smbios-priv.h"

#include <string.h>

/* How a value is to be read. */
typedef enum { TEXT, NUMBER, SWITCH, RELEASE, UUID, OEM_STRING, DEVICE_KIND } Kind;

typedef struct Field {
    uint32_t type;
    const char *key;
    Kind kind;
    uint64_t max; /* of NUMBER */
} Field;

static const Field fields[] = {
    {0,  "vendor",             TEXT,        0         },
    {0,  "version",            TEXT,        0         },
    {0,  "date",               TEXT,        0         },
    {0,  "release",            RELEASE,     0         },
    {0,  "uefi",               SWITCH,      0         },
    {0,  "vm",                 SWITCH,      0         },
    {1,  "manufacturer",       TEXT,        0         },
    {1,  "product",            TEXT,        0         },
    {1,  "version",            TEXT,        0         },
    {1,  "serial",             TEXT,        0         },
    {1,  "uuid",               UUID,        0         },
    {1,  "sku",                TEXT,        0         },
    {1,  "family",             TEXT,        0         },
    {2,  "manufacturer",       TEXT,        0         },
    {2,  "product",            TEXT,        0         },
    {2,  "version",            TEXT,        0         },
    {2,  "serial",             TEXT,        0         },
    {2,  "asset",              TEXT,        0         },
    {2,  "location",           TEXT,        0         },
    {3,  "manufacturer",       TEXT,        0         },
    {3,  "version",            TEXT,        0         },
    {3,  "serial",             TEXT,        0         },
    {3,  "asset",              TEXT,        0         },
    {3,  "sku",                TEXT,        0         },
    {4,  "sock_pfx",           TEXT,        0         },
    {4,  "manufacturer",       TEXT,        0         },
    {4,  "version",            TEXT,        0         },
    {4,  "serial",             TEXT,        0         },
    {4,  "asset",              TEXT,        0         },
    {4,  "part",               TEXT,        0         },
    {4,  "max-speed",          NUMBER,      UINT16_MAX},
    {4,  "current-speed",      NUMBER,      UINT16_MAX},
    {4,  "processor-family",   NUMBER,      UINT16_MAX},
    {4,  "processor-id",       NUMBER,      UINT64_MAX},
    {8,  "internal_reference", TEXT,        0         },
    {8,  "external_reference", TEXT,        0         },
    {8,  "connector_type",     NUMBER,      UINT8_MAX },
    {8,  "port_type",          NUMBER,      UINT8_MAX },
    {11, "value",              OEM_STRING,  0         },
    {17, "loc_pfx",            TEXT,        0         },
    {17, "bank",               TEXT,        0         },
    {17, "manufacturer",       TEXT,        0         },
    {17, "serial",             TEXT,        0         },
    {17, "asset",              TEXT,        0         },
    {17, "part",               TEXT,        0         },
    {17, "speed",              NUMBER,      UINT16_MAX},
    {41, "designation",        TEXT,        0         },
    {41, "kind",               DEVICE_KIND, 0         },
    {41, "instance",           NUMBER,      UINT8_MAX },
    {41, "pcidev",             TEXT,        0         },
};

static void record_free(gpointer data)
{
    QhSmbiosRecord *record = data;

    g_hash_table_unref(record->values);
    g_free(record);
}

QhSmbios *qh_smbios_new(void)
{
    QhSmbios *smbios = g_new0(QhSmbios, 1);

    smbios->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    smbios->oem_strings = g_ptr_array_new_with_free_func(g_free);
    smbios->records = g_ptr_array_new_with_free_func(record_free);
    smbios->raw = g_byte_array_new();
    return smbios;
}

void qh_smbios_free(QhSmbios *smbios)
{
    if (smbios == NULL) {
        return;
    }
    g_hash_table_unref(smbios->values);
    g_ptr_array_unref(smbios->oem_strings);
    g_ptr_array_unref(smbios->records);
    g_byte_array_unref(smbios->raw);
    g_free(smbios);
}

gboolean qh_smbios_given(const QhSmbios *smbios)
{
    for (uint32_t type = 0; type < QH_SMBIOS_TYPES; type++) {
        if (smbios->said[type] || smbios->is_raw[type]) {
            return TRUE;
        }
    }
    return FALSE;
}

const char *qh_smbios_value(const QhSmbios *smbios, uint32_t type, const char *key)
{
    g_autofree char *name = g_strdup_printf("%u.%s", type, key);

    return smbios != NULL ? g_hash_table_lookup(smbios->values, name) : NULL;
}

static gboolean wrong(uint32_t type, const char *key, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "type=%u: %s%s%s", type, key != NULL ? key : "",
                key != NULL ? ": " : "", why);
    return FALSE;
}

uint32_t qh_smbios_kind(const char *name)
{
    static const char *const names[] = {"other",     "unknown", "video", "scsi", "ethernet",
                                        "tokenring", "sound",   "pata",  "sata", "sas"};

    for (uint32_t i = 0; name != NULL && i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], name)) {
            return i + 1;
        }
    }
    return 0;
}

static gboolean is_repeated(uint32_t type)
{
    return type == QH_SMBIOS_CONNECTOR || type == QH_SMBIOS_ONBOARD;
}

static gboolean begin_record(QhSmbios *smbios, uint32_t type, GError **error)
{
    QhSmbiosRecord *record;
    guint n = 0;

    for (guint i = 0; i < smbios->records->len; i++) {
        n += ((QhSmbiosRecord *)g_ptr_array_index(smbios->records, i))->type == type;
    }
    if (n >= QH_SMBIOS_RECORDS) {
        return wrong(type, NULL, "there are 256 of them already", error);
    }
    record = g_new(QhSmbiosRecord, 1);
    record->type = type;
    record->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_ptr_array_add(smbios->records, record);
    return TRUE;
}

/* The last one of @type; there is one. */
static QhSmbiosRecord *current_record(QhSmbios *smbios, uint32_t type)
{
    guint i = smbios->records->len;

    do {
        g_assert(i > 0);
        i--;
    } while (((QhSmbiosRecord *)g_ptr_array_index(smbios->records, i))->type != type);
    return g_ptr_array_index(smbios->records, i);
}

/* "1.23": two bytes */
static gboolean is_release(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);

    return g_strv_length(parts) == 2 &&
           g_ascii_string_to_unsigned(parts[0], 10, 0, UINT8_MAX, NULL, NULL) &&
           g_ascii_string_to_unsigned(parts[1], 10, 0, UINT8_MAX, NULL, NULL);
}

static gboolean is_number(const char *text, uint64_t max)
{
    gboolean hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");

    return g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, max, NULL, NULL);
}

static gboolean check(const Field *field, const char *value, GError **error)
{
    switch (field->kind) {
    case NUMBER:
        if (!is_number(value, field->max)) {
            g_autofree char *why =
                g_strdup_printf("has to be a number from 0 to %" G_GUINT64_FORMAT, field->max);
            return wrong(field->type, field->key, why, error);
        }
        return TRUE;
    case SWITCH:
        return g_str_equal(value, "on") || g_str_equal(value, "off") ||
               wrong(field->type, field->key, "is neither on nor off", error);
    case RELEASE:
        return is_release(value) ||
               wrong(field->type, field->key, "has to be MAJOR.MINOR, each 0 to 255", error);
    case UUID:
        return g_uuid_string_is_valid(value) || wrong(field->type, field->key, "not a UUID", error);
    case OEM_STRING:
        /* an empty one would end the list of strings (6.1.3) */
        return *value != '\0' || wrong(field->type, field->key, "is empty", error);
    case DEVICE_KIND:
        return qh_smbios_kind(value) != 0 ||
               wrong(
                   field->type, field->key,
                   "has to be other, unknown, video, scsi, ethernet, tokenring, sound, pata, sata "
                   "or sas",
                   error);
    case TEXT:
        break;
    }
    return TRUE;
}

static const Field *find(uint32_t type, const char *key, gboolean *ret_type_known)
{
    *ret_type_known = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (fields[i].type == type) {
            *ret_type_known = TRUE;
            if (g_strcmp0(fields[i].key, key) == 0) {
                return &fields[i];
            }
        }
    }
    return NULL;
}

gboolean
qh_smbios_set(QhSmbios *smbios, uint32_t type, const char *key, const char *value, GError **error)
{
    gboolean known;
    const Field *field = find(type, key, &known);

    if (!known) {
        return wrong(type, NULL, "only 0, 1, 2, 3, 4, 8, 11, 17 and 41 can be set", error);
    }
    if (smbios->is_raw[type]) {
        return wrong(type, NULL, "a file has the structures of this type", error);
    }
    if (key != NULL && field == NULL) {
        return wrong(type, key, "is not known here", error);
    }
    if (field != NULL && !check(field, value, error)) {
        return FALSE;
    }
    if (is_repeated(type) && (field == NULL || !smbios->said[type]) &&
        !begin_record(smbios, type, error)) {
        return FALSE;
    }
    if (field != NULL && is_repeated(type)) {
        g_hash_table_replace(current_record(smbios, type)->values, g_strdup(key), g_strdup(value));
    } else if (field != NULL && field->kind == OEM_STRING) {
        if (smbios->oem_strings->len == UINT8_MAX) {
            return wrong(type, NULL, "there are more than 255 strings", error);
        }
        g_ptr_array_add(smbios->oem_strings, g_strdup(value));
    } else if (field != NULL) {
        g_hash_table_replace(smbios->values, g_strdup_printf("%u.%s", type, key), g_strdup(value));
    }
    smbios->said[type] = TRUE;
    return TRUE;
}

/* Of the structure at @data with its strings (6.1.3), 0 when it is none. */
static uint64_t structure_bytes(const uint8_t *data, uint64_t bytes)
{
    if (bytes < QH_SMBIOS_HEADER || data[1] < QH_SMBIOS_HEADER) {
        return 0;
    }
    for (uint64_t end = (uint64_t)data[1] + 2; end <= bytes; end++) {
        if (data[end - 1] == 0 && data[end - 2] == 0) {
            return end;
        }
    }
    return 0;
}

static gboolean bad_raw(uint64_t offset, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "SMBIOS structure at byte %" G_GUINT64_FORMAT ": %s", offset, why);
    return FALSE;
}

gboolean qh_smbios_add_raw(QhSmbios *smbios, const uint8_t *data, uint64_t bytes, GError **error)
{
    gboolean types[QH_SMBIOS_TYPES] = {FALSE};

    if (bytes == 0 || bytes > QH_SMBIOS_FILE_MAX) {
        return bad_raw(0, bytes == 0 ? "there is none" : "there is more than 1 MiB", error);
    }
    for (uint64_t at = 0, n; at < bytes; at += n) {
        n = structure_bytes(data + at, bytes - at);
        if (n == 0) {
            return bad_raw(at, "it has no header, or no two zeros at its end", error);
        }
        if (data[at] == QH_SMBIOS_END) {
            return bad_raw(at, "the end of the table (type 127) is made by the host", error);
        }
        if (smbios->said[data[at]]) {
            return bad_raw(at, "the command line has values for this type, too", error);
        }
        types[data[at]] = TRUE;
    }
    if (smbios->raw->len + bytes > QH_SMBIOS_RAW_MAX) {
        return bad_raw(0, "there are more than 64 MiB of them", error);
    }
    for (uint32_t type = 0; type < QH_SMBIOS_TYPES; type++) {
        smbios->is_raw[type] |= types[type];
    }
    g_byte_array_append(smbios->raw, data, (guint)bytes);
    return TRUE;
}
