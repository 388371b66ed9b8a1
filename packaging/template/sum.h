/* SPDX-License-Identifier: MIT */
/* What the files of the module share. */
#ifndef SUM_H
#define SUM_H

#include "abi/device.h"
#include "abi/services.h"

/* What init asked the host for; the context of the device. */
typedef struct SumServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhTimerService *timer;
} SumServices;

extern const QhDeviceOps sum_device;

#endif
