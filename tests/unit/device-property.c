/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties from text: what is taken, what is refused and how the refusal reads. */
#include "core/device/instance.h"
#include "tests/unit/machine-fake.h"

#include <string.h>

typedef struct State {
    uint8_t flag, small, choice;
    uint16_t medium;
    uint32_t ranged;
    uint64_t large, bytes;
    char *text;
    QhChar *chr;
} State;

static const QhProperty properties[] = {
    QH_PROPERTY("flag", QH_PROPERTY_BOOL, offsetof(State, flag), "on", 0, 0, ""),
    QH_PROPERTY("small", QH_PROPERTY_U8, offsetof(State, small), NULL, 0, 0, ""),
    QH_PROPERTY("medium", QH_PROPERTY_U16, offsetof(State, medium), "0x10", 0, 0, ""),
    QH_PROPERTY("ranged", QH_PROPERTY_U32, offsetof(State, ranged), "5", 2, 9, ""),
    QH_PROPERTY("large", QH_PROPERTY_U64, offsetof(State, large), NULL, 0, 0, ""),
    QH_PROPERTY("bytes", QH_PROPERTY_SIZE, offsetof(State, bytes), "4M", 0, 0, ""),
    QH_PROPERTY("text", QH_PROPERTY_STRING, offsetof(State, text), "word", 0, 0, ""),
    QH_PROPERTY("chr", QH_PROPERTY_CHARDEV, offsetof(State, chr), NULL, 0, 0, ""),
    QH_PROPERTY("choice", QH_PROPERTY_ONOFFAUTO, offsetof(State, choice), NULL, 0, 0, ""),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

static void test_defaults(void)
{
    State state = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(qh_properties_set_defaults(NULL, &table, &state, "thing", &error));
    g_assert_no_error(error);
    g_assert_cmpuint(state.flag, ==, 1);
    g_assert_cmpuint(state.medium, ==, 16);
    g_assert_cmpuint(state.ranged, ==, 5);
    g_assert_cmpuint(state.bytes, ==, 4 << 20);
    g_assert_cmpstr(state.text, ==, "word");
    qh_properties_clear(&table, &state);
    g_assert_null(state.text);
    g_assert_true(qh_properties_set_defaults(NULL, NULL, &state, "thing", &error));
}

static void test_good(void)
{
    static const struct {
        const char *property, *value, *text;
    } good[] = {
        {"flag",   "off",                  "off"                 },
        {"flag",   "yes",                  "on"                  },
        {"flag",   "false",                "off"                 },
        {"small",  "255",                  "255"                 },
        {"small",  "0xfF",                 "255"                 },
        {"small",  "007",                  "7"                   },
        {"medium", "65535",                "65535"               },
        {"ranged", "2",                    "2"                   },
        {"ranged", "9",                    "9"                   },
        {"large",  "18446744073709551615", "18446744073709551615"},
        {"bytes",  "1.5k",                 "1536"                },
        {"bytes",  "512b",                 "512"                 },
        {"bytes",  "0x200",                "512"                 },
        {"bytes",  "15E",                  "17293822569102704640"},
        {"bytes",  "0",                    "0"                   },
        {"text",   "",                     ""                    },
        {"text",   "two words",            "two words"           },
        {"choice", "auto",                 "auto"                },
        {"choice", "off",                  "off"                 },
        {"choice", "on",                   "on"                  },
    };
    State state = {0};

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;

        qh_property_set(NULL, &table, &state, "thing", good[i].property, good[i].value, &error);
        g_assert_no_error(error);
        g_autofree char *text = qh_property_text(&table, &state, good[i].property);
        g_assert_cmpstr(text, ==, good[i].text);
    }
    qh_properties_clear(&table, &state);
}

static void test_bad(void)
{
    static const char *const bad[][2] = {
        {"flag",   ""                    },
        {"flag",   "1"                   },
        {"flag",   "ON"                  },
        {"small",  "256"                 },
        {"small",  "-1"                  },
        {"small",  "+1"                  },
        {"small",  " 1"                  },
        {"small",  "1 "                  },
        {"small",  ""                    },
        {"small",  "0x"                  },
        {"small",  "0x-1"                },
        {"small",  "ten"                 },
        {"medium", "65536"               },
        {"ranged", "1"                   },
        {"ranged", "10"                  },
        {"ranged", "4294967298"          },
        {"large",  "18446744073709551616"},
        {"large",  "1k"                  },
        {"bytes",  "16E"                 },
        {"bytes",  "99999999999999999999"},
        {"bytes",  "1kk"                 },
        {"bytes",  "k"                   },
        {"bytes",  ".5k"                 },
        {"bytes",  "-5"                  },
        {"bytes",  ""                    },
        {"choice", "maybe"               },
        {"chr",    "nobody"              },
    };
    State state = {.flag = 7, .small = 7, .choice = 2, .medium = 7, .ranged = 7, .large = 7};
    State before = state;

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(
            qh_property_set(NULL, &table, &state, "thing 't'", bad[i][0], bad[i][1], &error));
        g_assert_true(error != NULL && error->domain == QH_ERROR);
        g_assert_nonnull(strstr(error->message, "thing 't'"));
        g_assert_nonnull(strstr(error->message, bad[i][0]));
    }
    g_assert_cmpmem(&state, sizeof(state), &before, sizeof(before));
}

static void test_unknown(void)
{
    State state = {0};
    g_autoptr(GError) error = NULL;

    g_assert_false(qh_property_set(NULL, &table, &state, "thing 't'", "colour", "red", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==,
                    "thing 't' has no property 'colour' (it has: flag, small, medium, ranged, "
                    "large, bytes, text, chr, choice)");
    g_clear_error(&error);
    g_assert_false(qh_property_set(NULL, NULL, &state, "thing 't'", "colour", "red", &error));
    g_assert_cmpstr(error->message, ==, "thing 't' has no property 'colour' (it has none)");
    g_assert_null(qh_property_text(&table, &state, "colour"));
    g_assert_null(qh_property_text(&table, &state, "chr"));
    g_assert_null(qh_property_text(&table, &state, "text"));
}

static void test_size(void)
{
    uint64_t bytes = 0;
    g_autoptr(GError) error = NULL;

    g_assert_true(qh_size_parse("2G", &bytes, &error));
    g_assert_cmpuint(bytes, ==, G_GUINT64_CONSTANT(2) << 30);
    g_assert_false(qh_size_parse("2X", &bytes, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/device/property/defaults", test_defaults);
    g_test_add_func("/device/property/good", test_good);
    g_test_add_func("/device/property/bad", test_bad);
    g_test_add_func("/device/property/unknown", test_unknown);
    g_test_add_func("/device/property/size", test_size);
    return g_test_run();
}
