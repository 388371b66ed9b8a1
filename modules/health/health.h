/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both devices share. */
#ifndef HEALTH_HEALTH_H
#define HEALTH_HEALTH_H

#include "abi/machine.h"
#include "abi/pci.h"
#include "abi/services.h"

/* What the module asks of the host; ctx of its device slots. */
typedef struct HealthServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhMachineService *machine;
    const QhTimerService *timer;
    const QhLogService *log;
} HealthServices;

extern const QhDeviceOps health_i6300esb_ops, health_pvpanic_ops;

#endif
