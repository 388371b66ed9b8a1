/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of SMBIOS. Each structure is a header, a formatted area of little-endian fields and
 * the strings that the area refers to by number (DSP0134, 6.1). Section numbers below are those of
 * DSP0134 3.3.0. Types 0 and 2 are left to the firmware unless the user asks for them.
 */
#include "core/firmware/smbios-priv.h"

#include <string.h>

#define HANDLE_CHASSIS 0x300u
#define HANDLE_CPUS    0x4000u
#define HANDLE_ARRAY   0x1000u
#define HANDLE_MAPPED  0x1300u
#define HANDLE_PORTS   0x800u
#define HANDLE_ONBOARD 0x2900u
#define MAPPED_MAX     0x100u
#define CPUS_MAX       0x1000u

#define MIB UINT64_C(0x100000)

/* A structure in the making; bytes of the area that nobody puts are zero. */
typedef struct Structure {
    GByteArray *table;
    const QhSmbios *user;
    GHashTable *record; /* values of one of several; NULL: there is one of the type */
    uint32_t type;
    uint32_t start;     /* of the header in the table */
    uint32_t n_strings; /* so far */
    GString *strings;
} Structure;

static void begin(Structure *s, uint32_t type, uint32_t length, uint32_t handle)
{
    const uint8_t header[] = {(uint8_t)type, (uint8_t)length, (uint8_t)handle,
                              (uint8_t)(handle >> 8)};

    s->type = type;
    s->start = s->table->len;
    s->n_strings = 0;
    g_string_truncate(s->strings, 0);
    g_byte_array_set_size(s->table, s->start + length);
    memset(s->table->data + s->start, 0, length);
    memcpy(s->table->data + s->start, header, sizeof(header));
}

/* Two zeros without strings; with some each has its zero, and one more follows (6.1.3). */
static void end(Structure *s)
{
    static const uint8_t zeros[2];

    g_byte_array_append(s->table, (const uint8_t *)s->strings->str, (guint)s->strings->len);
    g_byte_array_append(s->table, zeros, s->n_strings == 0 ? 2 : 1);
}

static void put(Structure *s, uint32_t offset, uint32_t width, uint64_t value)
{
    uint8_t *area = s->table->data + s->start;

    g_assert(offset + width <= area[1]);
    for (uint32_t i = 0; i < width; i++) {
        area[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

/* An empty text is no string: 0. */
static void put_text(Structure *s, uint32_t offset, const char *text)
{
    if (text != NULL && *text != '\0') {
        g_string_append_len(s->strings, text, (gssize)strlen(text) + 1);
        put(s, offset, 1, ++s->n_strings);
    }
}

static const char *value_of(const Structure *s, const char *key)
{
    return s->record != NULL ? g_hash_table_lookup(s->record, key)
                             : qh_smbios_value(s->user, s->type, key);
}

static void put_string(Structure *s, uint32_t offset, const char *key, const char *preset)
{
    const char *value = value_of(s, key);

    put_text(s, offset, value != NULL ? value : preset);
}

static uint64_t number(const Structure *s, const char *key, uint64_t preset)
{
    const char *value = value_of(s, key);
    gboolean hex = value != NULL && g_ascii_strncasecmp(value, "0x", 2) == 0;

    return value != NULL ? g_ascii_strtoull(value, NULL, hex ? 16 : 10) : preset;
}

static gboolean is_on(const Structure *s, const char *key, gboolean preset)
{
    const char *value = value_of(s, key);

    return value != NULL ? g_str_equal(value, "on") : preset;
}

/* 7.2.1: the first three fields are little-endian numbers, the rest is in the order of the text. */
static void put_uuid(Structure *s, uint32_t offset, const char *text)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t n = 0;
    uint8_t uuid[16] = {0};

    for (; text != NULL && *text != '\0' && n < 32; text++) {
        if (g_ascii_isxdigit(*text)) {
            uuid[n / 2] = (uint8_t)(uuid[n / 2] << 4 | g_ascii_xdigit_value(*text));
            n++;
        }
    }
    for (uint32_t i = 0; i < sizeof(uuid); i++) {
        put(s, offset + i, 1, uuid[order[i]]);
    }
}

/* 7.1 */
static void add_firmware(Structure *s)
{
    const char *release = qh_smbios_value(s->user, 0, "release");
    const char *minor = release != NULL ? strchr(release, '.') : NULL;

    begin(s, 0, 0x1a, 0);
    put_string(s, 0x04, "vendor", NULL);
    put_string(s, 0x05, "version", NULL);
    put_string(s, 0x08, "date", NULL);
    put(s, 0x0a, 8, 1u << 3); /* characteristics are not told */
    put(s, 0x13, 1, (is_on(s, "uefi", FALSE) ? 1u << 3 : 0) | (is_on(s, "vm", TRUE) ? 1u << 4 : 0));
    put(s, 0x14, 1, minor != NULL ? g_ascii_strtoull(release, NULL, 10) : 0xff);
    put(s, 0x15, 1, minor != NULL ? g_ascii_strtoull(minor + 1, NULL, 10) : 0xff);
    put(s, 0x16, 2, 0xffff); /* no embedded controller */
    end(s);
}

/* 7.2 */
static void add_system(Structure *s, const QhSmbiosFacts *facts)
{
    const char *uuid = qh_smbios_value(s->user, 1, "uuid");

    begin(s, 1, 0x1b, 0x100);
    put_string(s, 0x04, "manufacturer", "QEMU");
    put_string(s, 0x05, "product", facts->product);
    put_string(s, 0x06, "version", facts->version);
    put_string(s, 0x07, "serial", NULL);
    put_uuid(s, 0x08, uuid != NULL ? uuid : facts->uuid);
    put(s, 0x18, 1, 6); /* woken by the power switch */
    put_string(s, 0x19, "sku", NULL);
    put_string(s, 0x1a, "family", NULL);
    end(s);
}

/* 7.3 */
static void add_board(Structure *s, const QhSmbiosFacts *facts)
{
    begin(s, 2, 0x0f, 0x200);
    put_string(s, 0x04, "manufacturer", "QEMU");
    put_string(s, 0x05, "product", facts->product);
    put_string(s, 0x06, "version", facts->version);
    put_string(s, 0x07, "serial", NULL);
    put_string(s, 0x08, "asset", NULL);
    put(s, 0x09, 1, 1); /* a hosting board */
    put_string(s, 0x0a, "location", NULL);
    put(s, 0x0b, 2, HANDLE_CHASSIS);
    put(s, 0x0d, 1, 0x0a); /* motherboard */
    end(s);
}

/* 7.4: states are "safe", security is unknown */
static void add_chassis(Structure *s, const QhSmbiosFacts *facts)
{
    begin(s, 3, 0x16, HANDLE_CHASSIS);
    put_string(s, 0x04, "manufacturer", "QEMU");
    put(s, 0x05, 1, 1); /* other */
    put_string(s, 0x06, "version", facts->version);
    put_string(s, 0x07, "serial", NULL);
    put_string(s, 0x08, "asset", NULL);
    put(s, 0x09, 3, 0x030303);
    put(s, 0x0c, 1, 2);
    put_string(s, 0x15, "sku", NULL);
    end(s);
}

/* A byte that says "look at the word" when the number is too large for it. */
static void put_count(Structure *s, uint32_t byte_at, uint32_t word_at, uint64_t count)
{
    put(s, byte_at, 1, MIN(count, 0xff));
    put(s, word_at, 2, MIN(count, 0xfffe));
}

/* 7.5, one socket */
static void add_processor(Structure *s, const QhSmbiosFacts *facts, uint32_t n)
{
    uint64_t family;

    begin(s, 4, 0x30, HANDLE_CPUS + n);
    family = number(s, "processor-family", facts->family);
    g_autofree char *preset = g_strdup_printf("%s %u",
                                              qh_smbios_value(s->user, 4, "sock_pfx") != NULL
                                                  ? qh_smbios_value(s->user, 4, "sock_pfx")
                                                  : "CPU",
                                              n);

    put_text(s, 0x04, preset);
    put(s, 0x05, 1, 3);                                   /* a central processor */
    put(s, 0x06, 1, family == 0 ? 2 : MIN(family, 0xfe)); /* 2: unknown, fe: look at the word */
    put_string(s, 0x07, "manufacturer", "QEMU");
    put(s, 0x08, 8, number(s, "processor-id", 0));
    put_string(s, 0x10, "version", facts->version);
    put(s, 0x14, 2, number(s, "max-speed", 0)); /* 0: unknown */
    put(s, 0x16, 2, number(s, "current-speed", 0));
    put(s, 0x18, 1, 0x41);   /* populated, enabled */
    put(s, 0x19, 1, 1);      /* upgrade: other */
    put(s, 0x1a, 2, 0xffff); /* caches are not told */
    put(s, 0x1c, 4, 0xffffffff);
    put_string(s, 0x20, "serial", NULL);
    put_string(s, 0x21, "asset", NULL);
    put_string(s, 0x22, "part", NULL);
    put_count(s, 0x23, 0x2a, facts->cores);
    put_count(s, 0x24, 0x2c, facts->cores);
    put_count(s, 0x25, 0x2e, (uint64_t)facts->cores * facts->threads);
    put(s, 0x26, 2, 1u << 1); /* characteristics: unknown */
    put(s, 0x28, 2, family == 0 ? 2 : family);
    end(s);
}

/* 7.9: the inner side has no connector */
static void add_connector(Structure *s, uint32_t n)
{
    begin(s, QH_SMBIOS_CONNECTOR, 9, HANDLE_PORTS + n);
    put_string(s, 0x04, "internal_reference", NULL);
    put_string(s, 0x06, "external_reference", NULL);
    put(s, 0x07, 1, number(s, "connector_type", 0));
    put(s, 0x08, 1, number(s, "port_type", 0));
    end(s);
}

/* 7.42: all ones where there is no place on a bus */
static gboolean add_onboard(Structure *s, const QhSmbiosFacts *facts, uint32_t n, GError **error)
{
    const char *id = value_of(s, "pcidev"), *kind = value_of(s, "kind");
    uint16_t place = 0xffff;

    if (id != NULL && facts->place == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "type=41: pcidev: there is no device '%s'",
                    id);
        return FALSE;
    }
    if (id != NULL && !facts->place(facts->data, id, &place, error)) {
        g_prefix_error(error, "type=41: pcidev: ");
        return FALSE;
    }
    begin(s, QH_SMBIOS_ONBOARD, 0x0b, HANDLE_ONBOARD + n);
    put_string(s, 0x04, "designation", NULL);
    put(s, 0x05, 1, 0x80 | (kind != NULL ? qh_smbios_kind(kind) : 1)); /* enabled; other */
    put(s, 0x06, 1, number(s, "instance", n + 1));
    put(s, 0x07, 2, id != NULL ? 0 : 0xffff);
    put(s, 0x09, 1, place >> 8);
    put(s, 0x0a, 1, place & 0xff);
    end(s);
    return TRUE;
}

/* Structures of which the user makes as many as wanted. */
static gboolean add_records(Structure *s, const QhSmbiosFacts *facts, GError **error)
{
    uint32_t ports = 0, devices = 0;
    gboolean ok = TRUE;

    for (guint i = 0; s->user != NULL && ok && i < s->user->records->len; i++) {
        const QhSmbiosRecord *record = g_ptr_array_index(s->user->records, i);

        s->record = record->values;
        s->type = record->type;
        if (record->type == QH_SMBIOS_CONNECTOR) {
            add_connector(s, ports++);
        } else {
            ok = add_onboard(s, facts, devices++, error);
        }
    }
    s->record = NULL;
    return ok;
}

/* 7.12 */
static void add_oem_strings(Structure *s)
{
    const GPtrArray *strings = s->user->oem_strings;

    begin(s, 11, 5, 0xb00);
    put(s, 0x04, 1, strings->len);
    for (guint i = 0; i < strings->len; i++) {
        const char *text = g_ptr_array_index(strings, i);

        g_string_append_len(s->strings, text, (gssize)strlen(text) + 1);
        s->n_strings++;
    }
    end(s);
}

/* 7.17 */
static void add_array(Structure *s, const QhSmbiosFacts *facts)
{
    gboolean fits = facts->ram_bytes / 1024 < 0x80000000u;

    begin(s, 16, 0x17, HANDLE_ARRAY);
    put(s, 0x04, 1, 1); /* other */
    put(s, 0x05, 1, 3); /* system memory */
    put(s, 0x06, 1, 3); /* no error correction */
    put(s, 0x07, 4, fits ? facts->ram_bytes / 1024 : 0x80000000u);
    put(s, 0x0b, 2, 0xfffe); /* errors are not told */
    put(s, 0x0d, 2, 1);      /* one device */
    put(s, 0x0f, 8, fits ? 0 : facts->ram_bytes);
    end(s);
}

/* 7.18: all memory is one device */
static void add_memory(Structure *s, const QhSmbiosFacts *facts)
{
    uint64_t mib = facts->ram_bytes / MIB + (facts->ram_bytes % MIB != 0 ? 1 : 0);
    const char *prefix = qh_smbios_value(s->user, 17, "loc_pfx");
    g_autofree char *location = g_strdup_printf("%s 0", prefix != NULL ? prefix : "DIMM");

    begin(s, 17, 0x5c, 0x1100);
    put(s, 0x04, 2, HANDLE_ARRAY);
    put(s, 0x06, 2, 0xfffe);
    put(s, 0x08, 4, 0xffffffff); /* widths are unknown */
    put(s, 0x0c, 2, MIN(mib, 0x7fff));
    put(s, 0x0e, 1, 9); /* DIMM */
    put_text(s, 0x10, location);
    put_string(s, 0x11, "bank", NULL);
    put(s, 0x12, 1, 7);       /* RAM */
    put(s, 0x13, 2, 1u << 1); /* other */
    put(s, 0x15, 2, number(s, "speed", 0));
    put_string(s, 0x17, "manufacturer", "QEMU");
    put_string(s, 0x18, "serial", NULL);
    put_string(s, 0x19, "asset", NULL);
    put_string(s, 0x1a, "part", NULL);
    put(s, 0x1c, 4, mib >= 0x7fff ? MIN(mib, 0x7fffffff) : 0);
    put(s, 0x20, 2, number(s, "speed", 0));
    put(s, 0x28, 1, 2);       /* technology: unknown */
    put(s, 0x29, 2, 1u << 3); /* volatile */
    put(s, 0x3c, 8, facts->ram_bytes);
    end(s);
}

/* 7.20 */
static void add_mapped(Structure *s, const QhSmbiosRun *run, uint32_t n)
{
    uint64_t first = run->first / 1024, last = run->last / 1024;
    gboolean fits = last < 0xffffffffu;

    begin(s, 19, 0x1f, HANDLE_MAPPED + n);
    put(s, 0x04, 4, fits ? first : 0xffffffffu);
    put(s, 0x08, 4, fits ? last : 0xffffffffu);
    put(s, 0x0c, 2, HANDLE_ARRAY);
    put(s, 0x0e, 1, 1); /* one device */
    put(s, 0x0f, 8, fits ? 0 : run->first);
    put(s, 0x17, 8, fits ? 0 : run->last);
    end(s);
}

static gboolean is_raw(const QhSmbios *user, uint32_t type)
{
    return user != NULL && user->is_raw[type];
}

static gboolean said(const QhSmbios *user, uint32_t type)
{
    return user != NULL && user->said[type];
}

static gboolean add_all(Structure *s, const QhSmbiosFacts *facts, GError **error)
{
    const QhSmbios *user = s->user;

    if (said(user, 0)) {
        add_firmware(s);
    }
    if (!is_raw(user, 1)) {
        add_system(s, facts);
    }
    if (said(user, 2)) {
        add_board(s, facts);
    }
    if (!is_raw(user, 3)) {
        add_chassis(s, facts);
    }
    for (uint32_t i = 0; i < facts->sockets && !is_raw(user, 4); i++) {
        add_processor(s, facts, i);
    }
    if (!add_records(s, facts, error)) {
        return FALSE;
    }
    if (said(user, 11) && user->oem_strings->len > 0) {
        add_oem_strings(s);
    }
    if (!is_raw(user, 16)) {
        add_array(s, facts);
    }
    if (!is_raw(user, 17)) {
        add_memory(s, facts);
    }
    for (uint32_t i = 0; i < facts->n_runs && !is_raw(user, 19); i++) {
        add_mapped(s, &facts->runs[i], i);
    }
    if (!is_raw(user, 32)) {
        begin(s, 32, 0x0b, 0x2000); /* 7.33: no errors at the last start */
        end(s);
    }
    if (user != NULL) {
        g_byte_array_append(s->table, user->raw->data, user->raw->len);
    }
    begin(s, QH_SMBIOS_END, QH_SMBIOS_HEADER, 0x7f00);
    end(s);
    return TRUE;
}

/* 5.2.2; the address is the firmware's */
static void make_anchor(uint32_t table_bytes, uint8_t ret[QH_SMBIOS_ANCHOR_BYTES])
{
    const uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES] = {
        '_', 'S', 'M', '3', '_', 0, QH_SMBIOS_ANCHOR_BYTES, 3, 3, 0, 1};
    uint8_t sum = 0;

    memcpy(ret, anchor, sizeof(anchor));
    for (uint32_t i = 0; i < 4; i++) {
        ret[0x0c + i] = (uint8_t)(table_bytes >> (8 * i));
    }
    for (uint32_t i = 0; i < QH_SMBIOS_ANCHOR_BYTES; i++) {
        sum = (uint8_t)(sum + ret[i]);
    }
    ret[5] = (uint8_t)-sum;
}

gboolean qh_smbios_build(const QhSmbios *smbios,
                         const QhSmbiosFacts *facts,
                         GByteArray **ret_table,
                         uint8_t ret_anchor[QH_SMBIOS_ANCHOR_BYTES],
                         GError **error)
{
    Structure s = {.table = g_byte_array_new(), .user = smbios};

    if (facts->sockets > CPUS_MAX || facts->n_runs > MAPPED_MAX) {
        g_byte_array_unref(s.table);
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot make SMBIOS tables: %u sockets, %u runs of memory are too many",
                    facts->sockets, facts->n_runs);
        return FALSE;
    }
    s.strings = g_string_new(NULL);
    gboolean ok = add_all(&s, facts, error);
    g_string_free(s.strings, TRUE);
    if (!ok) {
        g_byte_array_unref(s.table);
        return FALSE;
    }
    make_anchor(s.table->len, ret_anchor);
    *ret_table = s.table;
    return TRUE;
}
