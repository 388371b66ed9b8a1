/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors (HID 1.11 6.2, report items: 6.2.2) and usages of keys (HID Usage Tables, page 7). */
#include "modules/usb/hid.h"
#include "modules/usb/spec.h"

/* clang-format off */
static const uint8_t keyboard_report[] = {
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,             /* desktop, keyboard: application */
    0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7,             /* eight modifiers, a bit each */
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02,
    0x75, 0x08, 0x95, 0x01, 0x81, 0x01,             /* a reserved byte */
    0x05, 0x08, 0x19, 0x01, 0x29, 0x05,             /* five lamps, and three bits of nothing */
    0x75, 0x01, 0x95, 0x05, 0x91, 0x02,
    0x75, 0x03, 0x95, 0x01, 0x91, 0x01,
    0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00,       /* six keys */
    0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x06, 0x81, 0x00,
    0xc0,
};
static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, /* desktop, mouse, pointer */
    0x05, 0x09, 0x19, 0x01, 0x29, 0x08,             /* eight buttons */
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38, /* x, y, wheel: relative */
    0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06,
    0xc0, 0xc0,
};
static const uint8_t tablet_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
    0x05, 0x09, 0x19, 0x01, 0x29, 0x08,
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31,             /* x and y, 0 to 32767: absolute */
    0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f,
    0x75, 0x10, 0x95, 0x02, 0x81, 0x02,
    0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00, /* wheel */
    0x75, 0x08, 0x95, 0x01, 0x81, 0x06,
    0xc0, 0xc0,
};

/* Linux' key for each usage from 4 on; 0: it has none. */
#define FIRST_USAGE 4u
static const uint8_t keys[] = {
    30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45,
    21, 44,                                              /* 0x04: A to Z */
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11,                      /* 0x1e: 1 to 0 */
    28, 1, 14, 15, 57, 12, 13, 26, 27, 43,               /* 0x28: enter ... backslash */
    0, 39, 40, 41, 51, 52, 53, 58,                       /* 0x32: (# of others), ; ' ` , . / caps */
    59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88,      /* 0x3a: F1 to F12 */
    99, 70, 119, 110, 102, 104, 111, 107, 109, 106, 105, 108, 103, /* 0x46: print ... up */
    69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, /* 0x53: keypad */
    86, 127, 116, 117,                                   /* 0x64: <>, compose, power, keypad = */
    183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, /* 0x68: F13 to F24 */
    134, 138, 130, 132, 128, 129, 131, 137, 133, 135, 136, /* 0x74: open ... find */
    113, 115, 114, 0, 0, 0, 121, 0, 89, 93, 124, 92, 94, 95, 0, 0, 0, /* 0x7f: mute ... */
    122, 123, 90, 91, 85,                                /* 0x90: Hangul ... Zenkaku */
};
static const uint8_t modifiers[] = {29, 42, 56, 125, 97, 54, 100, 126}; /* 0xe0 */
/* clang-format on */

static const struct {
    const uint8_t *bytes;
    uint32_t n;
} reports[] = {
    [HID_KEYBOARD] = {keyboard_report, sizeof(keyboard_report)},
    [HID_MOUSE] = {mouse_report,    sizeof(mouse_report)   },
    [HID_TABLET] = {tablet_report,   sizeof(tablet_report)  },
};

uint32_t hid_usage_of_key(uint32_t code)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
        if (modifiers[i] == code) {
            return 0xe0 + i;
        }
    }
    for (uint32_t i = 0; code != 0 && i < G_N_ELEMENTS(keys); i++) {
        if (keys[i] == code) {
            return FIRST_USAGE + i;
        }
    }
    return 0;
}

const uint8_t *hid_report_descriptor(uint32_t kind, uint32_t *ret_bytes)
{
    *ret_bytes = reports[kind].n;
    return reports[kind].bytes;
}

#define HID_DESCRIPTOR(report) 9, USB_DT_HID, 0x11, 0x01, 0, 1, USB_DT_REPORT, sizeof(report), 0
static const uint8_t descriptors[3][9] = {
    [HID_KEYBOARD] = {HID_DESCRIPTOR(keyboard_report)},
    [HID_MOUSE] = {HID_DESCRIPTOR(mouse_report)},
    [HID_TABLET] = {HID_DESCRIPTOR(tablet_report)},
};

void hid_descriptor(uint32_t kind, uint8_t out[9])
{
    for (uint32_t i = 0; i < 9; i++) {
        out[i] = descriptors[kind][i];
    }
}

#define ENDPOINT(bytes, interval_)                                                                 \
    {                                                                                              \
        .address = 0x81, .attributes = USB_INTERRUPT, .max_packet = (bytes),                       \
        .interval = (interval_)                                                                    \
    }
/* Every 8 to 10 ms at full speed; 2^(7 - 1) microframes are 8 ms. */
static const QhUsbEndpoint endpoints[3][2] = {
    [HID_KEYBOARD] = {ENDPOINT(8, 10), ENDPOINT(8, 7)},
    [HID_MOUSE] = {ENDPOINT(4, 10), ENDPOINT(4, 7)},
    [HID_TABLET] = {ENDPOINT(8, 10), ENDPOINT(8, 4)},
};

#define INTERFACE(kind, speed, subclass_, protocol_)                                               \
    {                                                                                              \
        .klass = USB_CLASS_HID, .subclass = (subclass_), .protocol = (protocol_),                  \
        .n_endpoints = 1, .extra_bytes = 9, .extra = descriptors[kind],                            \
        .endpoints = &endpoints[kind][speed],                                                      \
    }
static const QhUsbInterface interfaces[3][2] = {
    [HID_KEYBOARD] = {INTERFACE(HID_KEYBOARD, 0, 1, 1), INTERFACE(HID_KEYBOARD, 1, 1, 1)},
    [HID_MOUSE] = {INTERFACE(HID_MOUSE,    0, 1, 2), INTERFACE(HID_MOUSE,    1, 1, 2)},
    [HID_TABLET] = {INTERFACE(HID_TABLET,   0, 0, 0), INTERFACE(HID_TABLET,   1, 0, 0)},
};

#define DESCRIPTION(kind, speed, packet_0)                                                         \
    {                                                                                              \
        .size = sizeof(QhUsbDescription), .max_packet_0 = (packet_0),                              \
        .attributes = USB_ATTRIBUTE_REMOTE_WAKEUP, .max_power = 50, .n_interfaces = 1,             \
        .interfaces = &interfaces[kind][speed],                                                    \
    }
const QhUsbDescription hid_descriptions[3][2] = {
    [HID_KEYBOARD] = {DESCRIPTION(HID_KEYBOARD, 0, 8), DESCRIPTION(HID_KEYBOARD, 1, 64)},
    [HID_MOUSE] = {DESCRIPTION(HID_MOUSE,    0, 8), DESCRIPTION(HID_MOUSE,    1, 64)},
    [HID_TABLET] = {DESCRIPTION(HID_TABLET,   0, 8), DESCRIPTION(HID_TABLET,   1, 64)},
};
