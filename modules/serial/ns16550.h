/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The National Semiconductor PC16550D UART. "8.x" in comments is that section of its data sheet
 * (TL/C/8652, June 1995), whose register names are used.
 */
#ifndef NS_NS16550_H
#define NS_NS16550_H

#include "abi/device.h"
#include "abi/services.h"
#include "modules/support/uart-line.h"

/* What the module asks of the host; ctx of its device slots. */
typedef struct NsServices {
    QhHost *host;
    const QhCharService *chr;
    const QhDeviceService *device;
    const QhTimerService *timer;
    const QhLogService *log;
} NsServices;

typedef struct NsUart {
    UartLine line; /* flags of the characters: error bits of LSR */

    /* properties */
    uint32_t baudbase;
    uint8_t reg_shift;

    /* registers */
    uint8_t ier, fcr, lcr, mcr, lsr, msr, scr;
    uint16_t divisor;
    uint8_t thre_pending;    /* the THRE interrupt is not yet acknowledged (8.5, table IV) */
    uint8_t timeout_pending; /* the character timeout has struck (8.7) */
} NsUart;

extern const QhDeviceOps ns16550_ops;

#endif
