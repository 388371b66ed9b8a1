/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/base.h"
#include "core/cli/keyval.h"

static void check_list(const char *text, const char *implied, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QhKeyval) list = qh_keyval_parse(text, implied, &error);
    g_autoptr(GString) shown = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < qh_keyval_length(list); i++) {
        g_string_append_printf(shown, "[%s|%s]", qh_keyval_key(list, i), qh_keyval_value(list, i));
    }
    g_assert_cmpstr(shown->str, ==, expected);
}

static void test_lists(void)
{
    check_list("", "type", "");
    check_list("virt", "type", "[type|virt]");
    check_list("virt,acpi=off", "type", "[type|virt][acpi|off]");
    check_list("a=1,b,c=", NULL, "[a|1][b|on][c|]");
    check_list("path=/a,,b,,c,server", NULL, "[path|/a,b,c][server|on]");
    check_list("a==b", NULL, "[a|=b]");
    check_list("x,y", "first", "[first|x][y|on]");
    check_list("k=,,", NULL, "[k|,]");
    check_list("a=1,", NULL, "[a|1]");
}

static void test_bad_lists(void)
{
    static const char *const bad[] = {"=x", "a=1,=2", ",", "a=1,,,b", "\xff=1"};

    /* "a=1,,,b" is a=1, and an item "b": the only good one among these */
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QhKeyval) list = qh_keyval_parse(bad[i], NULL, &error);

        if (i == 3) {
            g_assert_nonnull(list);
            g_assert_cmpstr(qh_keyval_get(list, "a"), ==, "1,");
            g_assert_cmpstr(qh_keyval_get(list, "b"), ==, "on");
        } else {
            g_assert_error(error, QH_ERROR, (gint)QH_ERROR_USAGE);
            g_assert_null(list);
        }
    }
}

static void test_get(void)
{
    static const char *const known[] = {"a", "b", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(QhKeyval) list = qh_keyval_parse("a=1,a=2,b=off", NULL, NULL);
    gboolean flag = TRUE;
    uint64_t number = 7;

    g_assert_cmpstr(qh_keyval_get(list, "a"), ==, "2");
    g_assert_null(qh_keyval_get(list, "c"));
    g_assert_true(qh_keyval_only(list, known, &error));
    g_assert_true(qh_keyval_bool(list, "b", &flag, &error));
    g_assert_false(flag);
    g_assert_true(qh_keyval_uint(list, "c", 10, &number, &error));
    g_assert_cmpuint(number, ==, 7);
    g_assert_false(qh_keyval_uint(list, "a", 1, &number, &error));
    g_assert_error(error, QH_ERROR, (gint)QH_ERROR_USAGE);
    g_assert_cmpuint(number, ==, 7);
    g_assert_cmpstr(error->message, ==, "a=2: more than 1");
}

static void test_only(void)
{
    static const char *const known[] = {"a", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(QhKeyval) list = qh_keyval_parse("a=1,z=2", NULL, NULL);

    g_assert_false(qh_keyval_only(list, known, &error));
    g_assert_nonnull(strstr(error->message, "'z'"));
}

typedef struct Size {
    const char *text;
    uint64_t unit, bytes;
} Size;

static void test_sizes(void)
{
    static const Size good[] = {
        {"512",     1 << 20, 512u << 20 },
        {"0",       1,       0          },
        {"524288k", 1 << 20, 512u << 20 },
        {"1.5G",    1,       3ull << 29 },
        {"2g",      1,       2ull << 30 },
        {"8b",      1 << 20, 8          },
        {"15E",     1,       15ull << 60},
        {"0x1000",  1 << 20, 0x1000     },
        {"0.5k",    1,       512        },
    };
    static const char *const bad[] = {"",
                                      "k",
                                      "-1",
                                      "1.",
                                      "1.k",
                                      "1kk",
                                      "1x",
                                      "16E",
                                      " 1",
                                      "1 ",
                                      "0x",
                                      "1e3",
                                      "18446744073709551616",
                                      "+1",
                                      "nan",
                                      "1.5.",
                                      "0xg"};

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t bytes = 1;
        g_autoptr(GError) error = NULL;

        g_assert_true(qh_text_size(good[i].text, good[i].unit, &bytes, &error));
        g_assert_cmpuint(bytes, ==, good[i].bytes);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint64_t bytes = 77;
        g_autoptr(GError) error = NULL;

        g_test_message("'%s'", bad[i]);
        g_assert_false(qh_text_size(bad[i], 1, &bytes, &error));
        g_assert_error(error, QH_ERROR, (gint)QH_ERROR_USAGE);
        g_assert_cmpuint(bytes, ==, 77);
    }
}

static void test_numbers(void)
{
    static const char *const bad[] = {"", "-1", " 1", "1 ", "0x", "0x ", "0x-1", "1a", "+2", "101"};
    uint64_t number = 0;
    gboolean flag = FALSE;

    g_assert_true(qh_text_uint("100", 100, &number, NULL));
    g_assert_cmpuint(number, ==, 100);
    g_assert_true(qh_text_uint("0x1F", 100, &number, NULL));
    g_assert_cmpuint(number, ==, 31);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(qh_text_uint(bad[i], 100, &number, &error));
        g_assert_error(error, QH_ERROR, (gint)QH_ERROR_USAGE);
    }
    g_assert_true(qh_text_bool("yes", &flag, NULL) && flag);
    g_assert_true(qh_text_bool("false", &flag, NULL) && !flag);
    g_assert_false(qh_text_bool("ON", &flag, NULL));
    g_assert_false(qh_text_bool("", &flag, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/keyval/lists", test_lists);
    g_test_add_func("/cli/keyval/bad", test_bad_lists);
    g_test_add_func("/cli/keyval/get", test_get);
    g_test_add_func("/cli/keyval/only", test_only);
    g_test_add_func("/cli/keyval/sizes", test_sizes);
    g_test_add_func("/cli/keyval/numbers", test_numbers);
    return g_test_run();
}
