/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables, walked as a guest walks them: lengths, strings, ends, the sum of the anchor. */
#include "core/firmware/smbios.h"

#include <string.h>

typedef struct Found {
    const uint8_t *area;
    const char *strings;
    guint n; /* of this type */
} Found;

static const QhSmbiosRun runs[] = {
    {0x80000000,  0x8fffffff  },
    {0x100000000, 0x600000ffff}
};

static const QhSmbiosFacts facts = {
    .product = "Board of tests",
    .version = "tests",
    .uuid = "00112233-4455-6677-8899-aabbccddeeff",
    .sockets = 2,
    .cores = 300,
    .threads = 2,
    .family = 0x201,
    .ram_bytes = UINT64_C(0x6010000000),
    .runs = runs,
    .n_runs = G_N_ELEMENTS(runs),
};

static uint64_t le(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) {
        value = value << 8 | at[bytes];
    }
    return value;
}

/* Every structure of @type counted, the last one found; all of the table is walked. */
static Found walk(const GByteArray *table, uint32_t type)
{
    Found found = {0};
    g_autoptr(GHashTable) handles = g_hash_table_new(NULL, NULL);
    guint at = 0;
    gboolean ended = FALSE;

    while (at < table->len) {
        const uint8_t *area = table->data + at;

        g_assert_false(ended);
        g_assert_cmpuint(table->len - at, >=, 6);
        g_assert_cmpuint(area[1], >=, 4);
        g_assert_true(g_hash_table_add(handles, GUINT_TO_POINTER((guint)le(area + 2, 2) + 1)));
        if (area[0] == type) {
            found = (Found){area, (const char *)area + area[1], found.n + 1};
        }
        for (at += area[1] + 2u; at <= table->len; at++) {
            if (table->data[at - 1] == 0 && table->data[at - 2] == 0) {
                break;
            }
        }
        g_assert_cmpuint(at, <=, table->len);
        ended = area[0] == 127;
    }
    g_assert_true(ended);
    return found;
}

static const char *text(const Found *found, uint32_t offset)
{
    const char *at = found->strings;

    g_assert_cmpuint(offset, <, found->area[1]);
    if (found->area[offset] == 0) {
        return NULL;
    }
    for (uint32_t n = found->area[offset]; n > 1; n--) {
        g_assert_cmpint(*at, !=, 0);
        at += strlen(at) + 1;
    }
    return at;
}

static GByteArray *build(const QhSmbios *smbios, uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES])
{
    g_autoptr(GError) error = NULL;
    GByteArray *table = NULL;

    g_assert_true(qh_smbios_build(smbios, &facts, &table, anchor, &error));
    g_assert_no_error(error);
    return table;
}

static void set(QhSmbios *smbios, uint32_t type, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(qh_smbios_set(smbios, type, key, value, &error));
    g_assert_no_error(error);
}

static void refused(QhSmbios *smbios, uint32_t type, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(qh_smbios_set(smbios, type, key, value, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_USAGE);
}

static void test_presets(void)
{
    static const uint8_t uuid[] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES], sum = 0;
    g_autoptr(GByteArray) table = build(NULL, anchor);
    Found found = walk(table, 1);

    for (guint i = 0; i < sizeof(anchor); i++) {
        sum = (uint8_t)(sum + anchor[i]);
    }
    g_assert_cmpuint(sum, ==, 0);
    g_assert_cmpmem(anchor, 5, "_SM3_", 5);
    g_assert_cmpuint(anchor[6], ==, sizeof(anchor));
    g_assert_cmpuint(le(anchor + 12, 4), ==, table->len);

    g_assert_cmpstr(text(&found, 5), ==, "Board of tests");
    g_assert_null(text(&found, 7));
    g_assert_cmpmem(found.area + 8, 16, uuid, 16);

    found = walk(table, 4);
    g_assert_cmpuint(found.n, ==, 2);
    g_assert_cmpstr(text(&found, 4), ==, "CPU 1");
    g_assert_cmpuint(found.area[6], ==, 0xfe);
    g_assert_cmpuint(le(found.area + 0x28, 2), ==, 0x201);
    g_assert_cmpuint(found.area[0x23], ==, 0xff);
    g_assert_cmpuint(le(found.area + 0x2a, 2), ==, 300);
    g_assert_cmpuint(le(found.area + 0x2e, 2), ==, 600);

    g_assert_cmpuint(walk(table, 0).n, ==, 0);
    g_assert_cmpuint(walk(table, 2).n, ==, 0);
    g_assert_cmpuint(walk(table, 3).n, ==, 1);
    g_assert_cmpuint(walk(table, 32).n, ==, 1);
}

static void test_memory(void)
{
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    g_autoptr(GByteArray) table = build(NULL, anchor);
    Found found = walk(table, 17);

    g_assert_cmpuint(le(found.area + 0x0c, 2), ==, 0x7fff);
    g_assert_cmpuint(le(found.area + 0x1c, 4), ==, 0x60100);
    g_assert_cmpuint(le(found.area + 0x3c, 8), ==, facts.ram_bytes);
    found = walk(table, 16);
    g_assert_cmpuint(le(found.area + 7, 4), ==, facts.ram_bytes / 1024);
    found = walk(table, 19);
    g_assert_cmpuint(found.n, ==, 2);
    g_assert_cmpuint(le(found.area + 4, 4), ==, 0x100000000 / 1024);
    g_assert_cmpuint(le(found.area + 8, 4), ==, 0x600000ffff / 1024);
}

static void test_values(void)
{
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    g_autoptr(QhSmbios) smbios = qh_smbios_new();

    g_assert_false(qh_smbios_given(smbios));
    set(smbios, 0, "release", "12.34");
    set(smbios, 0, "uefi", "on");
    set(smbios, 1, "serial", "first");
    set(smbios, 1, "serial", "second");
    set(smbios, 1, "manufacturer", "");
    set(smbios, 2, NULL, NULL);
    set(smbios, 4, "processor-id", "0xfedcba9876543210");
    set(smbios, 4, "max-speed", "1234");
    set(smbios, 11, "value", "one");
    set(smbios, 11, "value", "two");
    set(smbios, 17, "loc_pfx", "Slot");
    g_assert_true(qh_smbios_given(smbios));
    g_autoptr(GByteArray) table = build(smbios, anchor);

    Found found = walk(table, 0);
    g_assert_cmpuint(found.area[0x13], ==, 0x18);
    g_assert_cmpuint(found.area[0x14], ==, 12);
    g_assert_cmpuint(found.area[0x15], ==, 34);
    found = walk(table, 1);
    g_assert_cmpstr(text(&found, 7), ==, "second");
    g_assert_null(text(&found, 4));
    g_assert_cmpuint(walk(table, 2).n, ==, 1);
    found = walk(table, 4);
    g_assert_cmpuint(le(found.area + 8, 8), ==, 0xfedcba9876543210);
    g_assert_cmpuint(le(found.area + 0x14, 2), ==, 1234);
    found = walk(table, 11);
    g_assert_cmpuint(found.area[4], ==, 2);
    g_assert_cmpmem(found.strings, 9, "one\0two\0", 9);
    found = walk(table, 17);
    g_assert_cmpstr(text(&found, 0x10), ==, "Slot 0");
}

static gboolean place(void *data, const char *id, uint16_t *ret, GError **error)
{
    g_assert_true(data == &facts);
    if (!g_str_equal(id, "nic")) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "no %s", id);
        return FALSE;
    }
    *ret = 5 << 3 | 1;
    return TRUE;
}

/* Types of which each option makes one. */
static void test_records(void)
{
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    g_autoptr(QhSmbios) smbios = qh_smbios_new();
    g_autoptr(GError) error = NULL;
    QhSmbiosFacts with_place = facts;
    GByteArray *made = NULL;

    set(smbios, 8, NULL, NULL);
    set(smbios, 8, "internal_reference", "J1");
    set(smbios, 8, NULL, NULL);
    set(smbios, 8, "external_reference", "COM");
    set(smbios, 8, "connector_type", "8");
    set(smbios, 8, "port_type", "9");
    set(smbios, 41, NULL, NULL);
    set(smbios, 41, "designation", "Front");
    set(smbios, 41, "kind", "sas");
    set(smbios, 41, "instance", "7");
    refused(smbios, 8, "speed", "1");
    refused(smbios, 41, "kind", "modem");
    g_autoptr(GByteArray) table = build(smbios, anchor);
    Found found = walk(table, 8);
    g_assert_cmpuint(found.n, ==, 2);
    g_assert_null(text(&found, 4));
    g_assert_cmpstr(text(&found, 6), ==, "COM");
    g_assert_cmpuint(found.area[7], ==, 8);
    g_assert_cmpuint(found.area[8], ==, 9);
    found = walk(table, 41);
    g_assert_cmpstr(text(&found, 4), ==, "Front");
    g_assert_cmphex(found.area[5], ==, 0x8a);
    g_assert_cmpuint(found.area[6], ==, 7);
    g_assert_cmphex(le(found.area + 7, 4), ==, 0xffffffff);

    set(smbios, 41, NULL, NULL);
    set(smbios, 41, "pcidev", "nic");
    set(smbios, 41, "kind", "ethernet");
    with_place.place = place;
    with_place.data = (void *)&facts;
    g_assert_true(qh_smbios_build(smbios, &with_place, &made, anchor, &error));
    g_assert_no_error(error);
    found = walk(made, 41);
    g_assert_cmpuint(found.n, ==, 2);
    g_assert_cmphex(found.area[5], ==, 0x85);
    g_assert_cmphex(le(found.area + 7, 2), ==, 0);
    g_assert_cmphex(found.area[9], ==, 0);
    g_assert_cmphex(found.area[10], ==, 0x29);
    g_byte_array_unref(made);
    set(smbios, 41, "pcidev", "disk");
    g_assert_false(qh_smbios_build(smbios, &with_place, &made, anchor, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_NOT_FOUND);
    g_clear_error(&error);
    with_place.place = NULL;
    g_assert_false(qh_smbios_build(smbios, &with_place, &made, anchor, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    for (guint i = 2; i < 256; i++) {
        set(smbios, 8, NULL, NULL);
    }
    refused(smbios, 8, NULL, NULL);
}

static void test_bad_values(void)
{
    g_autoptr(QhSmbios) smbios = qh_smbios_new();

    refused(smbios, 5, NULL, NULL);
    refused(smbios, 255, NULL, NULL);
    refused(smbios, 1, "vendor", "x");
    refused(smbios, 0, "release", "1.2.3");
    refused(smbios, 0, "release", "256.0");
    refused(smbios, 0, "release", ".");
    refused(smbios, 4, "max-speed", "-1");
    refused(smbios, 4, "max-speed", "65536");
    refused(smbios, 4, "processor-id", "0x10000000000000000");
    refused(smbios, 1, "uuid", "00112233");
    refused(smbios, 11, "value", "");
    for (guint i = 0; i < 255; i++) {
        set(smbios, 11, "value", "x");
    }
    refused(smbios, 11, "value", "x");
}

static void test_raw(void)
{
    static const uint8_t two[] = "\x01\x05\x34\x12\x01raw\0\0\x2b\x04\x35\x12\0";
    static const uint8_t end[] = {127, 4, 0, 0, 0, 0}, cut[] = {1, 6, 0, 0, 0, 0, 0},
                         small[] = {1, 3, 0, 0, 0, 0};
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    g_autoptr(QhSmbios) smbios = qh_smbios_new();

    g_assert_false(qh_smbios_add_raw(smbios, end, sizeof(end), NULL));
    g_assert_false(qh_smbios_add_raw(smbios, cut, sizeof(cut), NULL));
    g_assert_false(qh_smbios_add_raw(smbios, small, sizeof(small), NULL));
    g_assert_false(qh_smbios_add_raw(smbios, two, 0, NULL));
    g_assert_false(qh_smbios_add_raw(smbios, two, sizeof(two) - 1, NULL));
    g_assert_false(qh_smbios_given(smbios));
    g_assert_true(qh_smbios_add_raw(smbios, two, sizeof(two), NULL));
    refused(smbios, 1, "serial", "x");
    set(smbios, 3, "serial", "x");
    g_assert_false(qh_smbios_add_raw(smbios, (const uint8_t *)"\3\4\0\1\0", 6, NULL));

    g_autoptr(GByteArray) table = build(smbios, anchor);
    Found found = walk(table, 1);

    g_assert_cmpuint(found.n, ==, 1);
    g_assert_cmpstr(text(&found, 4), ==, "raw");
    g_assert_cmpuint(walk(table, 43).n, ==, 1);
}

static void test_too_many(void)
{
    QhSmbiosFacts many = facts;
    g_autoptr(GError) error = NULL;
    uint8_t anchor[QH_SMBIOS_ANCHOR_BYTES];
    GByteArray *table = NULL;

    many.sockets = 4097;
    g_assert_false(qh_smbios_build(NULL, &many, &table, anchor, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/presets", test_presets);
    g_test_add_func("/smbios/memory", test_memory);
    g_test_add_func("/smbios/values", test_values);
    g_test_add_func("/smbios/records", test_records);
    g_test_add_func("/smbios/bad-values", test_bad_values);
    g_test_add_func("/smbios/raw", test_raw);
    g_test_add_func("/smbios/too-many", test_too_many);
    return g_test_run();
}
