/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard, mouse and tablet: their state, and the tables that make them what they are. */
#ifndef USB_HID_H
#define USB_HID_H

#include "modules/usb/usb.h"

#define HID_KEYBOARD 0u
#define HID_MOUSE    1u
#define HID_TABLET   2u

#define HID_QUEUE        16u
#define HID_REPORT_BYTES 8u
#define HID_KEYS         16u
#define HID_MOVE_MAX     32767

typedef struct UsbHid {
    QhDevice base;
    /* properties */
    uint32_t usb_version, head;
    char *display;

    uint32_t kind;
    QhInput *input;
    QhTimer *timer;

    uint8_t protocol; /* 0: boot, 1: report */
    uint8_t idle;     /* 4 ms each; 0: reports come only when something changes */
    uint8_t leds, modifiers, buttons;
    uint8_t changed; /* since the last sync */
    uint8_t keys[HID_KEYS];
    uint32_t n_keys, n_reports;
    int32_t dx, dy, wheel; /* not reported yet */
    uint16_t x, y;
    uint8_t reports[HID_QUEUE][HID_REPORT_BYTES];
} UsbHid;

/* At full and at high speed. */
extern const QhUsbDescription hid_descriptions[3][2];

const uint8_t *hid_report_descriptor(uint32_t kind, uint32_t *ret_bytes);
void hid_descriptor(uint32_t kind, uint8_t out[9]); /* 6.2.1 */
/* Usage of the keyboard page for a KEY_... code of Linux; 0: there is none. */
uint32_t hid_usage_of_key(uint32_t code);

#endif
