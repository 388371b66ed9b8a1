/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of the Arm boards; the class tables that module.c offers. */
#ifndef ARM_HW_H
#define ARM_HW_H

#include "abi/device.h"

extern const QhDeviceOps arm_pl011_device;     /* "pl011" */
extern const QhDeviceOps arm_pl031_device;     /* "pl031" */
extern const QhDeviceOps arm_pl061_device;     /* "pl061" */
extern const QhDeviceOps arm_gpio_key_device;  /* "gpio-key": a press of the power button */
extern const QhDeviceOps arm_gicv2_device;     /* "arm_gic" */
extern const QhDeviceOps arm_gicv2m_device;    /* "arm-gicv2m" */
extern const QhDeviceOps arm_gicv3_device;     /* "arm-gicv3" */
extern const QhDeviceOps arm_gicv3_its_device; /* "arm-gicv3-its" */

/*
 * Windows, in order. arm_gic: distributor, CPU interface; with has-virtualization-extensions GICH,
 * GICV. arm-gicv2m: the frame; its output N is SPI base-spi + N. arm-gicv3: distributor (64 KiB),
 * redistributors (128 KiB each), and those from number first-region on when that property is not 0.
 * arm-gicv3-its: 128 KiB.
 */

/* Press and let go of @key, a gpio-key. [device] */
void arm_gpio_key_press(QhDevice *key);

/* PEs that the interrupt controllers serve. */
#define ARM_GICV2_MAX_CPUS 8u
#define ARM_GICV3_MAX_CPUS 128u /* the host makes a line for each of their PPIs */

#endif
