/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device classes of this module. */
#ifndef USB_CLASSES_H
#define USB_CLASSES_H

#include "abi/device.h"

extern const QhDeviceOps usb_qemu_xhci_ops, usb_nec_xhci_ops, usb_hub_ops, usb_kbd_ops,
    usb_mouse_ops, usb_tablet_ops, usb_storage_ops;

#endif
