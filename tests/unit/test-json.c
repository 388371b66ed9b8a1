/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json/json.h"
#include <string.h>

/* @text must be read, and written again as @expect. */
static void check_round_trip(const char *text, const char *expect)
{
    GError *error = NULL;
    QhJson *json = qh_json_parse(text, -1, NULL, &error);

    g_assert_no_error(error);
    g_autofree char *written = qh_json_to_text(json);
    g_assert_cmpstr(written, ==, expect);
    qh_json_unref(json);
}

/* @text must be refused with a message that begins with @expect. */
static void check_refused(const char *text, const char *expect)
{
    GError *error = NULL;
    QhJson *json = qh_json_parse(text, -1, NULL, &error);

    g_assert_null(json);
    g_assert_nonnull(error);
    if (!g_str_has_prefix(error->message, expect)) {
        g_error("'%.80s': '%.80s' does not begin with '%s'", text, error->message, expect);
    }
    g_clear_error(&error);
}

static void test_values(void)
{
    static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "12345",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "0.1",
        "-2.5",
        "1e+300",
        "\"\"",
        "\"a\"",
        "\"\\u0000\"",
        "\"\\u00e9\"",
        "\"\\ud834\\udd1e\"",
        "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u007f\"",
        "[]",
        "{}",
        "[1, [2, [3]]]",
        "{\"a\": {\"b\": []}, \"c\": null}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
        check_round_trip(same[i], same[i]);
    }
    check_round_trip(" [ 1 , 2 ]\r\n", "[1, 2]");
    check_round_trip("{'a': 'b\"'}", "{\"a\": \"b\\\"\"}");
    check_round_trip("'\\''", "\"'\"");
    check_round_trip("\"\\/\"", "\"/\"");
    check_round_trip("-0", "0");
    check_round_trip("18446744073709551616", "1.8446744073709552e+19");
    check_round_trip("-9223372036854775809", "-9.223372036854776e+18");
    check_round_trip("1E2", "100.0");
    check_round_trip("-0.0", "-0.0");
    check_round_trip("\"\xc3\xa9\xf0\x9d\x84\x9e\"", "\"\\u00e9\\ud834\\udd1e\"");
}

static void test_refusals(void)
{
    check_refused("", "reading JSON text: it is empty");
    check_refused("1 2", "reading JSON text: something follows");
    check_refused("[1,]", "1:4: JSON parse error, expecting value");
    check_refused("{\"a\":1,}", "1:8: JSON parse error, expecting key");
    check_refused("{\"a\" 1}", "1:6: JSON parse error, expecting ':'");
    check_refused("{1:2}", "1:2: JSON parse error, expecting key");
    check_refused("[1 2]", "1:4: JSON parse error, expecting ',' or ']'");
    check_refused("{\"a\":1]", "1:7: JSON parse error, expecting ',' or '}'");
    check_refused("\n\n [}", "3:3: JSON parse error, expecting value");
    check_refused("]", "1:1: JSON parse error, expecting value");
    check_refused("{\"a\":1,\"a\":2}", "1:13: JSON parse error, duplicate key 'a'");
    check_refused("01", "1:1: JSON parse error, stray '1'");
    check_refused("-", "1:1: JSON parse error, stray ' '");
    check_refused("1.", "1:1: JSON parse error, stray ' '");
    check_refused("1.x", "1:1: JSON parse error, stray 'x'");
    check_refused("1e+", "1:1: JSON parse error, stray ' '");
    check_refused("1e999", "1:1: JSON parse error, number out of range");
    check_refused("nul", "1:1: JSON parse error, invalid keyword 'nul'");
    check_refused("NaN", "1:1: JSON parse error, stray 'N'");
    check_refused("\"a", "1:3: JSON parse error, unexpected end");
    check_refused("[[", "1:3: JSON parse error, unexpected end");
    check_refused("\"a\nb\"", "1:1: JSON parse error, stray byte 0x0a");
    check_refused("\"\\q\"", "1:1: JSON parse error, invalid escape");
    check_refused("\"\\u12g4\"", "1:1: JSON parse error, \\u needs four");
    check_refused("\"\\udc00\"", "1:1: JSON parse error, half a surrogate");
    check_refused("\"\\ud800x\"", "1:1: JSON parse error, half a surrogate");
    check_refused("\"\xc0\x80\"", "1:1: JSON parse error, invalid UTF-8");
    check_refused("\"\xed\xa0\x80\"", "1:1: JSON parse error, invalid UTF-8");
    check_refused("\"\xf4\x90\x80\x80\"", "1:1: JSON parse error, invalid UTF-8");
    check_refused("\"\xe2\x82\"", "1:1: JSON parse error, invalid UTF-8");
    check_refused("\xff", "1:1: JSON parse error, stray byte 0xff");
    check_refused("%s", "1:1: JSON parse error, stray '%'");
}

static void test_number_access(void)
{
    g_autoptr(QhJson) array =
        qh_json_parse("[-1, 9223372036854775808, 2.0, \"x\", 7]", -1, NULL, NULL);
    int64_t i = 55;
    uint64_t u = 55;

    g_assert_true(qh_json_int(qh_json_at(array, 0), &i));
    g_assert_cmpint(i, ==, -1);
    g_assert_false(qh_json_uint(qh_json_at(array, 0), &u));
    g_assert_false(qh_json_int(qh_json_at(array, 1), &i));
    g_assert_true(qh_json_uint(qh_json_at(array, 1), &u));
    g_assert_cmpuint(u, ==, 9223372036854775808u);
    g_assert_false(qh_json_int(qh_json_at(array, 2), &i));
    g_assert_cmpfloat(qh_json_double(qh_json_at(array, 2)), ==, 2.0);
    g_assert_false(qh_json_uint(qh_json_at(array, 3), &u));
    g_assert_true(qh_json_uint(qh_json_at(array, 4), &u));
    g_assert_cmpuint(u, ==, 7);
    g_assert_null(qh_json_at(array, 5));
    g_assert_cmpstr(qh_json_string(qh_json_at(array, 3)), ==, "x");
    g_assert_null(qh_json_string(qh_json_at(array, 4)));
}

static void test_objects(void)
{
    g_autoptr(QhJson) object = qh_json_new_object();

    for (int i = 0; i < 40; i++) {
        g_autofree char *key = g_strdup_printf("k%d", i);
        qh_json_set(object, key, qh_json_new_int(i));
    }
    qh_json_set(object, "k3", qh_json_new_string("three"));
    g_assert_cmpuint(qh_json_length(object), ==, 40);
    g_assert_cmpstr(qh_json_string(qh_json_get(object, "k3")), ==, "three");
    g_assert_null(qh_json_get(object, "k40"));

    g_autofree char *text = qh_json_to_text(object);
    g_autoptr(QhJson) again = qh_json_parse(text, -1, NULL, NULL);
    g_assert_cmpstr(qh_json_key(again, 39), ==, "k39");
    g_assert_nonnull(qh_json_get(again, "k20"));
    qh_json_set(again, "new", qh_json_new_null());
    qh_json_set(again, "k20", qh_json_new_bool(TRUE));
    g_assert_true(qh_json_bool(qh_json_get(again, "k20")));
    g_assert_nonnull(qh_json_get(again, "new"));

    qh_json_ref(again);
    qh_json_unref(again);
    g_assert_cmpuint(qh_json_length(again), ==, 41);
}

static void test_many_keys(void)
{
    GString *text = g_string_new("{");

    for (int i = 0; i < 100000; i++) {
        g_string_append_printf(text, "\"k%d\":%d,", i, i);
    }
    g_string_append(text, "\"k77\":0}");
    check_refused(text->str, "1:1477789: JSON parse error, duplicate key 'k77'");
    g_string_free(text, TRUE);
}

/* Keys that have one hash under g_str_hash must cost no more than others. */
static void test_colliding_keys(void)
{
    GString *text = g_string_new("{");
    gint64 start = g_get_monotonic_time();

    for (int i = 0; i < 65536; i++) {
        g_string_append_c(text, '"');
        for (int bit = 0; bit < 16; bit++) {
            g_string_append(text, i >> bit & 1 ? "Ez" : "FY");
        }
        g_string_append_printf(text, "\":%d,", i);
    }
    g_string_append(text, "\"x\":0}");
    g_autoptr(QhJson) json = qh_json_parse(text->str, -1, NULL, NULL);
    g_assert_cmpuint(qh_json_length(json), ==, 65537);
    for (size_t i = 0; i < qh_json_length(json); i++) {
        g_assert_true(qh_json_get(json, qh_json_key(json, i)) == qh_json_value(json, i));
    }
    g_string_free(text, TRUE);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

static void test_limits(void)
{
    QhJsonLimits limits = {.token_bytes = 8, .value_bytes = 40, .nesting = 3, .tokens = 10};
    static const char *const over[] = {
        "\"123456789\"",
        "[[[[1]]]]",
        "[1,2,3,4,5,6]",
        "[\"12345678\",\"12345678\",\"12345678\",\"12345678\"]",
    };
    GError *error = NULL;

    QhJson *fits = qh_json_parse("[[[\"12345678\", 1]]]", -1, &limits, &error);
    g_assert_no_error(error);
    qh_json_unref(fits);
    for (guint i = 0; i < G_N_ELEMENTS(over); i++) {
        g_assert_null(qh_json_parse(over[i], -1, &limits, &error));
        g_assert_nonnull(strstr(error->message, "limit exceeded"));
        g_clear_error(&error);
    }
}

/* What a stream gave, one character each: v for a value, e for an error. */
static void record(QhJson *value, const GError *error, void *data)
{
    g_assert_true((value != NULL) != (error != NULL));
    g_string_append_c(data, value != NULL ? 'v' : 'e');
    qh_json_unref(value);
}

static char *stream(const char *bytes, size_t length, size_t piece)
{
    GString *got = g_string_new(NULL);
    QhJsonLimits limits = {.token_bytes = 100, .nesting = 1024};
    QhJsonReader *reader = qh_json_reader_new(&limits, record, got);

    for (size_t i = 0; i < length; i += piece) {
        qh_json_reader_feed(reader, bytes + i, MIN(piece, length - i));
    }
    qh_json_reader_free(reader);
    return g_string_free(got, FALSE);
}

/* The number of answers of QEMU 11.1.3, measured, but for binary input: one for each line. */
static void test_resync(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *expect;
    } cases[] = {
#define CASE(text, expect) {text, sizeof(text) - 1, expect}
        CASE("{\"a\": 1}{\"b\": 2}\n", "vv"),
        CASE("{\xff{\"a\":1}\n", "ev"),
        CASE("{\0{\"a\":1}\n", "ev"),
        CASE("{'bad \xff{}\n", "ev"),
        CASE("{\"a\": %s}\n{}", "eev"),
        CASE("{\"a\":01}\n{}", "eev"),
        CASE("{\"a\":-}\n{}", "ev"),
        CASE("{\"a\":.5}\n{}", "eev"),
        CASE("{\"a\":TRUE}\n{}", "eev"),
        CASE("{\"a\":1,}\n{}", "ev"),
        CASE("{\"a\":1]\n{}", "ev"),
        CASE("{\"a\" [1, 2, {}], 3}\n{}", "ev"),
        CASE("]\n{}", "ev"),
        CASE("{'a': 'x\n{}", "ev"),
        CASE("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n{}", "eeeev"),
        CASE("{\0\"\0a\0\"\0:\0001\0}\0\n{}", "ev"),
        CASE("\x16\x03\x01\0\xc8\1\0\n{}", "ev"),
        CASE("1 2 null x\n", "vvve"),
#undef CASE
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        static const size_t pieces[] = {1, 2, 3, 7, 100};
        for (guint k = 0; k < G_N_ELEMENTS(pieces); k++) {
            g_autofree char *got = stream(cases[i].bytes, cases[i].length, pieces[k]);
            g_assert_cmpstr(got, ==, cases[i].expect);
        }
    }
}

/* A limit costs one error, however far beyond it the input goes. */
static void test_resync_limits(void)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < 100000; i++) {
        g_string_append_c(text, '[');
    }
    g_string_append(text, "\n{}\n\"");
    for (int i = 0; i < 100000; i++) {
        g_string_append_c(text, 'A');
    }
    g_string_append(text, "\",]}\n{}\n");
    for (size_t piece = 1; piece < 20000; piece = piece * 3 + 1) {
        g_autofree char *got = stream(text->str, text->len, piece);
        g_assert_cmpstr(got, ==, "evev");
    }
    g_string_free(text, TRUE);
}

static void test_writer(void)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    size_t length;

    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "bad \xff utf-8 \xe2\x82");
    qh_json_write_begin_array(writer);
    qh_json_write_double(writer, 1.0 / 0.0);
    qh_json_write_double(writer, 0.0 / 0.0);
    qh_json_write_double(writer, 1e22);
    qh_json_write_string(writer, NULL);
    qh_json_write_uint(writer, UINT64_MAX);
    qh_json_write_int(writer, INT64_MIN);
    qh_json_write_end_array(writer);
    qh_json_write_key(writer, "x");
    qh_json_write_null(writer);
    qh_json_write_end_object(writer);
    g_autofree char *text = qh_json_writer_steal(writer, &length);
    g_assert_cmpstr(text, ==,
                    "{\"bad \\ufffd utf-8 \\ufffd\\ufffd\": [null, null, 1e+22, \"\", "
                    "18446744073709551615, -9223372036854775808], \"x\": null}");
    g_assert_cmpuint(length, ==, strlen(text));

    qh_json_write_bool(writer, TRUE);
    g_autofree char *second = qh_json_writer_steal(writer, NULL);
    g_assert_cmpstr(second, ==, "true");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/refusals", test_refusals);
    g_test_add_func("/json/numbers", test_number_access);
    g_test_add_func("/json/objects", test_objects);
    g_test_add_func("/json/many-keys", test_many_keys);
    g_test_add_func("/json/colliding-keys", test_colliding_keys);
    g_test_add_func("/json/limits", test_limits);
    g_test_add_func("/json/resync", test_resync);
    g_test_add_func("/json/resync-limits", test_resync_limits);
    g_test_add_func("/json/writer", test_writer);
    return g_test_run();
}
