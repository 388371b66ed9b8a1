/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the devices of this module share: services of the host, and the classes they offer. */
#ifndef FW_FIRMWARE_H
#define FW_FIRMWARE_H

#include "abi/block.h"
#include "abi/device.h"
#include "abi/fw-cfg.h"
#include "abi/services.h"

/* ctx of the device slots. */
typedef struct FwServices {
    QhHost *host;
    const QhBlockService *block;
    const QhDeviceService *device;
    const QhFwService *fw;
    const QhLogService *log;
    const QhMemService *mem;
} FwServices;

extern const QhDeviceOps fw_cfg_mem_ops; /* "fw_cfg_mem" */
extern const QhDeviceOps fw_pflash_ops;  /* "cfi.pflash01" */

#endif
