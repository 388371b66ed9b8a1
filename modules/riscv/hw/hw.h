/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of the RISC-V boards; the class tables that module.c offers. */
#ifndef RV_HW_H
#define RV_HW_H

#include "abi/device.h"

extern const QhDeviceOps rv_aclint_mtimer_device; /* "riscv.aclint.mtimer" */
extern const QhDeviceOps rv_aclint_swi_device;    /* "riscv.aclint.swi" */
extern const QhDeviceOps rv_aplic_device;         /* "riscv.aplic" */
extern const QhDeviceOps rv_imsic_device;         /* "riscv.imsic" */
extern const QhDeviceOps rv_plic_device;          /* "riscv.sifive.plic" */
extern const QhDeviceOps rv_test_device;          /* "riscv.sifive.test" */
extern const QhDeviceOps rv_goldfish_rtc_device;  /* "goldfish_rtc" */

/* Harts and interrupt sources that the device models can serve. */
#define RV_MAX_HARTS        32
#define RV_PLIC_MAX_SOURCES 1024 /* PLIC, 1: 1023 sources, number 0 means none */

#endif
