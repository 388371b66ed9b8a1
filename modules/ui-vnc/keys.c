/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux' key numbers from what clients send: numbers of a PC keyboard's keys (set 1, 0x80 added to
 * those that follow 0xe0), and X11's key symbols, for which a keyboard with the layout of the
 * United States is assumed: a client that knows extended key events does not need that.
 */
#include "modules/ui-vnc/client.h"

#include <linux/input-event-codes.h>

uint16_t vn_key_of_number(uint32_t number)
{
    static const struct {
        uint8_t number;
        uint16_t key;
    } grey[] = {
        {0x9c, KEY_KPENTER   },
        {0x9d, KEY_RIGHTCTRL },
        {0xa0, KEY_MUTE      },
        {0xae, KEY_VOLUMEDOWN},
        {0xb0, KEY_VOLUMEUP  },
        {0xb5, KEY_KPSLASH   },
        {0xb7, KEY_SYSRQ     },
        {0xb8, KEY_RIGHTALT  },
        {0xc6, KEY_PAUSE     },
        {0xc7, KEY_HOME      },
        {0xc8, KEY_UP        },
        {0xc9, KEY_PAGEUP    },
        {0xcb, KEY_LEFT      },
        {0xcd, KEY_RIGHT     },
        {0xcf, KEY_END       },
        {0xd0, KEY_DOWN      },
        {0xd1, KEY_PAGEDOWN  },
        {0xd2, KEY_INSERT    },
        {0xd3, KEY_DELETE    },
        {0xdb, KEY_LEFTMETA  },
        {0xdc, KEY_RIGHTMETA },
        {0xdd, KEY_COMPOSE   },
        {0xde, KEY_POWER     },
    };

    if (number == 0x54) { /* Alt and Print */
        return KEY_SYSRQ;
    }
    if (number > 0 && number <= KEY_F12) {
        return (uint16_t)number;
    }
    for (guint i = 0; i < G_N_ELEMENTS(grey); i++) {
        if (grey[i].number == number) {
            return grey[i].key;
        }
    }
    return KEY_RESERVED;
}

/* ASCII 0x20 to 0x7e; a shifted character is its key: the client sends Shift itself. */
static const uint8_t printable[] = {
    KEY_SPACE,     KEY_1,          KEY_APOSTROPHE, KEY_3,          KEY_4,     KEY_5,
    KEY_7,         KEY_APOSTROPHE, KEY_9,          KEY_0,          KEY_8,     KEY_EQUAL,
    KEY_COMMA,     KEY_MINUS,      KEY_DOT,        KEY_SLASH,      KEY_0,     KEY_1,
    KEY_2,         KEY_3,          KEY_4,          KEY_5,          KEY_6,     KEY_7,
    KEY_8,         KEY_9,          KEY_SEMICOLON,  KEY_SEMICOLON,  KEY_COMMA, KEY_EQUAL,
    KEY_DOT,       KEY_SLASH,      KEY_2,          KEY_A,          KEY_B,     KEY_C,
    KEY_D,         KEY_E,          KEY_F,          KEY_G,          KEY_H,     KEY_I,
    KEY_J,         KEY_K,          KEY_L,          KEY_M,          KEY_N,     KEY_O,
    KEY_P,         KEY_Q,          KEY_R,          KEY_S,          KEY_T,     KEY_U,
    KEY_V,         KEY_W,          KEY_X,          KEY_Y,          KEY_Z,     KEY_LEFTBRACE,
    KEY_BACKSLASH, KEY_RIGHTBRACE, KEY_6,          KEY_MINUS,      KEY_GRAVE, KEY_A,
    KEY_B,         KEY_C,          KEY_D,          KEY_E,          KEY_F,     KEY_G,
    KEY_H,         KEY_I,          KEY_J,          KEY_K,          KEY_L,     KEY_M,
    KEY_N,         KEY_O,          KEY_P,          KEY_Q,          KEY_R,     KEY_S,
    KEY_T,         KEY_U,          KEY_V,          KEY_W,          KEY_X,     KEY_Y,
    KEY_Z,         KEY_LEFTBRACE,  KEY_BACKSLASH,  KEY_RIGHTBRACE, KEY_GRAVE,
};
G_STATIC_ASSERT(G_N_ELEMENTS(printable) == 0x7f - 0x20);

/* X11's keysymdef.h: 0xff08 and up, and what stands alone. */
static const struct {
    uint16_t symbol;
    uint8_t key;
} others[] = {
    {0xff08, KEY_BACKSPACE },
    {0xff09, KEY_TAB       },
    {0xff0a, KEY_LINEFEED  },
    {0xff0d, KEY_ENTER     },
    {0xff13, KEY_PAUSE     },
    {0xff14, KEY_SCROLLLOCK},
    {0xff15, KEY_SYSRQ     },
    {0xff1b, KEY_ESC       },
    {0xff50, KEY_HOME      },
    {0xff51, KEY_LEFT      },
    {0xff52, KEY_UP        },
    {0xff53, KEY_RIGHT     },
    {0xff54, KEY_DOWN      },
    {0xff55, KEY_PAGEUP    },
    {0xff56, KEY_PAGEDOWN  },
    {0xff57, KEY_END       },
    {0xff61, KEY_SYSRQ     },
    {0xff63, KEY_INSERT    },
    {0xff67, KEY_COMPOSE   },
    {0xff6b, KEY_PAUSE     },
    {0xff7f, KEY_NUMLOCK   },
    {0xff8d, KEY_KPENTER   },
    {0xff95, KEY_KP7       },
    {0xff96, KEY_KP4       },
    {0xff97, KEY_KP8       },
    {0xff98, KEY_KP6       },
    {0xff99, KEY_KP2       },
    {0xff9a, KEY_KP9       },
    {0xff9b, KEY_KP3       },
    {0xff9c, KEY_KP1       },
    {0xff9d, KEY_KP5       },
    {0xff9e, KEY_KP0       },
    {0xff9f, KEY_KPDOT     },
    {0xffaa, KEY_KPASTERISK},
    {0xffab, KEY_KPPLUS    },
    {0xffac, KEY_KPCOMMA   },
    {0xffad, KEY_KPMINUS   },
    {0xffae, KEY_KPDOT     },
    {0xffaf, KEY_KPSLASH   },
    {0xffb0, KEY_KP0       },
    {0xffb1, KEY_KP1       },
    {0xffb2, KEY_KP2       },
    {0xffb3, KEY_KP3       },
    {0xffb4, KEY_KP4       },
    {0xffb5, KEY_KP5       },
    {0xffb6, KEY_KP6       },
    {0xffb7, KEY_KP7       },
    {0xffb8, KEY_KP8       },
    {0xffb9, KEY_KP9       },
    {0xffbd, KEY_KPEQUAL   },
    {0xffc8, KEY_F11       },
    {0xffc9, KEY_F12       },
    {0xffe1, KEY_LEFTSHIFT },
    {0xffe2, KEY_RIGHTSHIFT},
    {0xffe3, KEY_LEFTCTRL  },
    {0xffe4, KEY_RIGHTCTRL },
    {0xffe5, KEY_CAPSLOCK  },
    {0xffe7, KEY_LEFTMETA  },
    {0xffe8, KEY_RIGHTMETA },
    {0xffe9, KEY_LEFTALT   },
    {0xffea, KEY_RIGHTALT  },
    {0xffeb, KEY_LEFTMETA  },
    {0xffec, KEY_RIGHTMETA },
    {0xffff, KEY_DELETE    },
    {0xfe03, KEY_RIGHTALT  },
    {0xfe20, KEY_TAB       },
};

uint16_t vn_key_of_symbol(uint32_t keysym)
{
    if (keysym >= 0x20 && keysym < 0x7f) {
        return printable[keysym - 0x20];
    }
    if (keysym >= 0xffbe && keysym <= 0xffc7) {
        return (uint16_t)(KEY_F1 + (keysym - 0xffbe));
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        if (others[i].symbol == keysym) {
            return others[i].key;
        }
    }
    return KEY_RESERVED;
}
