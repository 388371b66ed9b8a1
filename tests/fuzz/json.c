/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON reader and writer on any bytes: what is read does not depend on how the input was cut;
 * what was read can be written; what was written is ASCII and reads back as the same.
 */
#include "core/json/json.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_value(QhJson *value, GString *log)
{
    g_autofree char *text = qh_json_to_text(value);
    GError *error = NULL;

    for (const char *p = text; *p != '\0'; p++) {
        g_assert(*p >= 0x20 && *p < 0x7F);
    }
    QhJson *again = qh_json_parse(text, -1, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *second = qh_json_to_text(again);
    g_assert_cmpstr(text, ==, second);
    qh_json_unref(again);
    g_string_append(log, text);
    g_string_append_c(log, '\n');
}

static void record(QhJson *value, const GError *error, void *data)
{
    GString *log = data;

    g_assert((value != NULL) != (error != NULL));
    if (value != NULL) {
        check_value(value, log);
        qh_json_unref(value);
    } else {
        g_string_append_printf(log, "error: %s\n", error->message);
    }
}

static char *read_in_pieces(const uint8_t *data, size_t bytes, size_t piece)
{
    QhJsonLimits limits = {.token_bytes = 200, .value_bytes = 2000, .nesting = 20, .tokens = 300};
    GString *log = g_string_new(NULL);
    QhJsonReader *reader = qh_json_reader_new(&limits, record, log);

    for (size_t i = 0; i < bytes; i += piece) {
        qh_json_reader_feed(reader, (const char *)data + i, MIN(piece, bytes - i));
    }
    qh_json_reader_end(reader);
    qh_json_reader_free(reader);
    return g_string_free(log, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    g_autofree char *whole = read_in_pieces(data, bytes, MAX(bytes, 1));
    g_autofree char *single = read_in_pieces(data, bytes, 1);
    g_autofree char *some = read_in_pieces(data, bytes, 13);
    QhJson *value = qh_json_parse((const char *)data, (gssize)bytes, NULL, NULL);

    g_assert_cmpstr(whole, ==, some);
    g_assert_cmpstr(whole, ==, single);
    qh_json_unref(value);
    return 0;
}
