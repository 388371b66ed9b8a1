/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on a keyboard, from SDL's numbers to Linux's. */
#include "modules/ui-sdl/keys.h"

#include <glib.h>
#include <linux/input-event-codes.h>

/* Usages of the keyboard page (HID Usage Tables 1.4, chapter 10) as numbers. */
static void known(void)
{
    static const struct {
        int32_t usage;
        uint16_t key;
    } pairs[] = {
        {0x04, KEY_A         },
        {0x1d, KEY_Z         },
        {0x1e, KEY_1         },
        {0x27, KEY_0         },
        {0x28, KEY_ENTER     },
        {0x29, KEY_ESC       },
        {0x2c, KEY_SPACE     },
        {0x31, KEY_BACKSLASH },
        {0x3a, KEY_F1        },
        {0x45, KEY_F12       },
        {0x46, KEY_SYSRQ     },
        {0x4f, KEY_RIGHT     },
        {0x50, KEY_LEFT      },
        {0x51, KEY_DOWN      },
        {0x52, KEY_UP        },
        {0x58, KEY_KPENTER   },
        {0x62, KEY_KP0       },
        {0x64, KEY_102ND     },
        {0x65, KEY_COMPOSE   },
        {0x87, KEY_RO        },
        {0xe0, KEY_LEFTCTRL  },
        {0xe1, KEY_LEFTSHIFT },
        {0xe2, KEY_LEFTALT   },
        {0xe3, KEY_LEFTMETA  },
        {0xe4, KEY_RIGHTCTRL },
        {0xe5, KEY_RIGHTSHIFT},
        {0xe6, KEY_RIGHTALT  },
        {0xe7, KEY_RIGHTMETA },
    };

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_assert_cmpuint(sd_key(pairs[i].usage), ==, pairs[i].key);
    }
}

/* All 102 keys of an international keyboard, and no two are the same but 0x31 and 0x32, which are
 * one place. */
static void each_once(void)
{
    int32_t seen[SD_KEYS] = {0};

    for (int32_t usage = 4; usage < 0xe8; usage++) {
        uint16_t key = sd_key(usage);

        g_assert_cmpuint(key, <, SD_KEYS);
        if (usage <= 0x65 || usage >= 0xe0) {
            g_assert_cmpuint(key, !=, KEY_RESERVED);
        }
        if (key != KEY_RESERVED && usage != 0x32) {
            g_assert_cmpint(seen[key], ==, 0);
            seen[key] = usage;
        }
    }
}

static void unknown(void)
{
    static const int32_t none[] = {G_MININT32, -1, 0, 1, 3, 0xe8, 511, 512, G_MAXINT32};

    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        g_assert_cmpuint(sd_key(none[i]), ==, KEY_RESERVED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sdl-keys/known", known);
    g_test_add_func("/sdl-keys/each-once", each_once);
    g_test_add_func("/sdl-keys/unknown", unknown);
    return g_test_run();
}
