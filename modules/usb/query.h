/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of x-query-usb, in slot command/x-query-usb. */
#ifndef USB_QUERY_H
#define USB_QUERY_H

#include "abi/command.h"
#include "modules/usb/usb.h"

extern const QhCommandOps usb_query_ops;

#endif
