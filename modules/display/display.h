/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both devices share. */
#ifndef DISPLAY_DISPLAY_H
#define DISPLAY_DISPLAY_H

#include "abi/display.h"
#include "abi/fw-cfg.h"
#include "abi/memory.h"
#include "abi/pci.h"
#include "abi/services.h"

/* What the module asks of the host; ctx of its device slots. */
typedef struct FbServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhDisplayService *display;
    const QhMemService *mem;
    const QhFwService *fw;
    const QhLogService *log;
} FbServices;

extern const QhDeviceOps fb_bochs_ops, fb_ramfb_ops;

#endif
