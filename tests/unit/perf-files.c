/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What perf reads, byte by byte; and the filter of -dfilter. */
#include "core/host/log.h"
#include "core/jit/perf.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t number(const char *data, gsize at, gsize bytes)
{
    uint64_t value = 0;

    memcpy((char *)&value + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), data + at, bytes);
    return value;
}

static void test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("qh-perf-XXXXXX", NULL);
    g_autofree char *map_path = g_strdup_printf("/tmp/perf-%d.map", (int)getpid());
    g_autofree char *dump_path = g_strdup_printf("%s/jit-%d.dump", folder, (int)getpid());
    g_autofree char *map = NULL, *dump = NULL, *wanted = NULL, *maps = NULL;
    g_autoptr(GError) error = NULL;
    static const uint8_t code[5] = {0x90, 0x90, 0xc3, 1, 2};
    gsize length, at;
    QhPerf *perf;

    g_assert_cmpint(g_chdir(folder), ==, 0);
    perf = qh_perf_new(TRUE, TRUE, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    g_assert_nonnull(strstr(maps, dump_path)); /* how perf finds it */
    qh_perf_note(perf, code, 3, 0x80001234, "riscv64");
    qh_perf_note(perf, code, 0, 1, NULL);
    qh_perf_note(perf, code + 1, 4, 0xffffffff80000000, NULL);
    qh_perf_free(perf);

    g_assert_true(g_file_get_contents(map_path, &map, NULL, NULL));
    wanted = g_strdup_printf("%lx 3 guest-0x80001234 riscv64\n%lx 4 guest-0xffffffff80000000\n",
                             (unsigned long)(uintptr_t)code, (unsigned long)(uintptr_t)code + 1);
    g_assert_cmpstr(map, ==, wanted);

    g_assert_true(g_file_get_contents(dump_path, &dump, &length, NULL));
    g_assert_cmphex(number(dump, 0, 4), ==, 0x4a695444);
    g_assert_cmpuint(number(dump, 4, 4), ==, 1);
    g_assert_cmpuint(number(dump, 8, 4), ==, 40);
    g_assert_cmpuint(number(dump, 20, 4), ==, (uint64_t)getpid());
    at = 40;
    g_assert_cmpuint(number(dump, at, 4), ==, 0);
    g_assert_cmpuint(number(dump, at + 4, 4), ==, 56 + strlen("guest-0x80001234 riscv64") + 1 + 3);
    g_assert_cmphex(number(dump, at + 24, 8), ==, (uintptr_t)code);
    g_assert_cmphex(number(dump, at + 32, 8), ==, (uintptr_t)code);
    g_assert_cmpuint(number(dump, at + 40, 8), ==, 3);
    g_assert_cmpuint(number(dump, at + 48, 8), ==, 0);
    g_assert_cmpstr(dump + at + 56, ==, "guest-0x80001234 riscv64");
    at += number(dump, at + 4, 4);
    g_assert_cmpmem(dump + at - 3, 3, code, 3);
    g_assert_cmpuint(number(dump, at + 48, 8), ==, 1);
    at += number(dump, at + 4, 4);
    g_assert_cmpmem(dump + at - 4, 4, code + 1, 4);
    g_assert_cmpuint(number(dump, at, 4), ==, 3);
    g_assert_cmpuint(at + 16, ==, length);
    g_unlink(map_path);
    g_unlink(dump_path);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    g_rmdir(folder);
}

/* A link that somebody has put into /tmp is not followed. */
static void test_link(void)
{
    g_autofree char *folder = g_dir_make_tmp("qh-perf-XXXXXX", NULL);
    g_autofree char *map_path = g_strdup_printf("/tmp/perf-%d.map", (int)getpid());
    g_autofree char *victim = g_build_filename(folder, "victim", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(symlink(victim, map_path), ==, 0);
    g_assert_null(qh_perf_new(TRUE, FALSE, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_FAILED);
    g_assert_false(g_file_test(victim, G_FILE_TEST_EXISTS));
    g_unlink(map_path);
    g_rmdir(folder);
}

static void test_filter(void)
{
    static const char *const bad[] = {"",
                                      ",",
                                      "x",
                                      "1",
                                      "1..",
                                      "2..1",
                                      "1+0",
                                      "0..0x1g",
                                      "1-3",
                                      "1.2",
                                      "1..2,",
                                      "-1",
                                      "99999999999999999999..1"};
    QhLog *log = qh_log_new(NULL);
    g_autoptr(GError) error = NULL;
    GArray *ranges;

    g_assert_true(qh_log_in_filter(log, 5));
    ranges = qh_log_parse_filter("0x1000..0x1fff,100+8,0xffffffffffffffff-0x10", &error);
    g_assert_no_error(error);
    qh_log_set_filter(log, ranges);
    g_array_unref(ranges);
    g_assert_true(qh_log_in_filter(log, 0x1000) && qh_log_in_filter(log, 0x1fff));
    g_assert_false(qh_log_in_filter(log, 0xfff) || qh_log_in_filter(log, 0x2000));
    g_assert_true(qh_log_in_filter(log, 100) && qh_log_in_filter(log, 107));
    g_assert_false(qh_log_in_filter(log, 99) || qh_log_in_filter(log, 108));
    g_assert_true(qh_log_in_filter(log, UINT64_MAX) && qh_log_in_filter(log, UINT64_MAX - 15));
    g_assert_false(qh_log_in_filter(log, UINT64_MAX - 16));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        ranges = qh_log_parse_filter(bad[i], &error);
        g_assert_null(ranges);
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
        g_clear_error(&error);
    }
    qh_log_free(log);
}

static void test_log_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("qh-log-XXXXXX", NULL);
    g_autofree char *template = g_build_filename(folder, "log.%d.txt", NULL);
    g_autofree char *path = g_strdup_printf("%s/log.%d.txt", folder, (int)getpid());
    g_autoptr(GError) error = NULL;
    QhLog *log = qh_log_new(NULL);

    g_assert_true(qh_log_set_file(log, template, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_false(qh_log_set_file(log, "/tmp/%s", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(qh_log_set_file(log, "/tmp/%d%d", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    qh_log_free(log);
    g_unlink(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    (void)QH_ERROR;
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/perf/files", test_files);
    g_test_add_func("/perf/link", test_link);
    g_test_add_func("/log/filter", test_filter);
    g_test_add_func("/log/file", test_log_file);
    return g_test_run();
}
