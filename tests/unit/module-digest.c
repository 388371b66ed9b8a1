/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest that clients keep their knowledge of modules under: what may not leave it as it is. */
#include "core/module/digest.h"

#include <string.h>

static char *digest_of(const char *const *texts, guint n)
{
    QhDigest digest;

    qh_digest_init(&digest);
    for (guint i = 0; i < n; i++) {
        qh_digest_add(&digest, texts[i], strlen(texts[i]));
    }
    return qh_digest_text(&digest);
}

static char *digest_of_bytes(const void *bytes, size_t n)
{
    QhDigest digest;

    qh_digest_init(&digest);
    qh_digest_add(&digest, bytes, n);
    return qh_digest_text(&digest);
}

static void test_form(void)
{
    g_autofree char *none = digest_of(NULL, 0);

    g_assert_cmpuint(strlen(none), ==, 64);
    g_assert_cmpuint(strspn(none, "0123456789abcdef"), ==, 64);
}

/* The same bytes cut elsewhere, in another order, or with an empty text more. */
static void test_parts(void)
{
    static const char *const lists[][3] = {
        {"alpha",     "beta",  ""    },
        {"beta",      "alpha", ""    },
        {"alphabeta", "",      ""    },
        {"alphab",    "eta",   ""    },
        {"",          "alpha", "beta"},
        {"alpha",     "",      "beta"},
    };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (guint n = i == 0 ? 0 : 3; n <= 3; n++) {
            g_assert_true(g_hash_table_add(seen, digest_of(lists[i], n)));
        }
    }
    g_autofree char *once = digest_of(lists[0], 3), *again = digest_of(lists[0], 3);
    g_assert_cmpstr(once, ==, again);
}

/* Each bit, each length, and zeros at the end. */
static void test_bits(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    uint8_t bytes[100] = {0};

    for (size_t n = 0; n <= sizeof(bytes); n++) {
        g_assert_true(g_hash_table_add(seen, digest_of_bytes(bytes, n)));
    }
    for (guint bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        g_assert_true(g_hash_table_add(seen, digest_of_bytes(bytes, sizeof(bytes))));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* A bit of the text changes about half of the digits, wherever it is. */
static void test_spread(void)
{
    char text[64 + 1] = "an ordinary text of sixty-four bytes, changed in one place each";
    g_autofree char *before = digest_of_bytes(text, 64);

    for (guint i = 0; i < 64; i++) {
        guint changed = 0;

        text[i] ^= 1;
        g_autofree char *after = digest_of_bytes(text, 64);
        text[i] ^= 1;
        for (guint digit = 0; digit < 64; digit++) {
            changed += before[digit] != after[digit];
        }
        g_assert_cmpuint(changed, >, 40); /* of 60 that are expected */
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/form", test_form);
    g_test_add_func("/digest/parts", test_parts);
    g_test_add_func("/digest/bits", test_bits);
    g_test_add_func("/digest/spread", test_spread);
    return g_test_run();
}
