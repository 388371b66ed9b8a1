/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Megabytes a second of CPU through the JSON reader: json-throughput [MEGABYTES]. Promised: 100. */
#include "core/json/json.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static void drop(QhJson *value, const GError *error, void *data)
{
    (void)data;
    g_assert_no_error(error);
    qh_json_unref(value);
}

/* Text like that of query-qmp-schema; like a command; and one long string. */
static char *make_text(guint kind)
{
    GString *text = g_string_new(NULL);

    if (kind == 0) {
        g_string_append_c(text, '[');
        for (int i = 0; i < 3000; i++) {
            g_string_append_printf(text,
                                   "{\"name\": \"%d\", \"meta-type\": \"object\", \"members\": "
                                   "[{\"name\": \"device\", \"type\": \"str\"}, {\"name\": "
                                   "\"speed\", \"default\": null, \"type\": \"int\"}]}, ",
                                   i);
        }
        g_string_append(text, "1]\n");
    } else if (kind == 1) {
        for (int i = 0; i < 3000; i++) {
            g_string_append_printf(
                text, "{\"execute\": \"query-status\", \"id\": \"libvirt-%d\"}\r\n", i);
        }
    } else {
        g_string_append_c(text, '"');
        for (int i = 0; i < 500000; i++) {
            g_string_append_c(text, 'a' + i % 26);
        }
        g_string_append(text, "\"\n");
    }
    return g_string_free(text, FALSE);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"schema", "commands", "string"};
    uint64_t bytes = (argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 200) * 1000000;

    for (guint kind = 0; kind < G_N_ELEMENTS(names); kind++) {
        g_autofree char *text = make_text(kind);
        size_t length = strlen(text);
        QhJsonReader *reader = qh_json_reader_new(NULL, drop, NULL);
        uint64_t done = 0;
        clock_t start = clock();

        for (; done < bytes; done += length) {
            for (size_t i = 0; i < length; i += 65536) {
                qh_json_reader_feed(reader, text + i, MIN(65536, length - i));
            }
        }
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        printf("%-10s %7.1f MB/s\n", names[kind], done / 1e6 / seconds);
        qh_json_reader_free(reader);
    }
    return 0;
}
