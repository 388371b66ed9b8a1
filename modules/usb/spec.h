/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of USB 2.0 chapter 9 and USB 3.1 chapter 9. */
#ifndef USB_SPEC_H
#define USB_SPEC_H

/* bmRequestType */
#define USB_IN             0x80u
#define USB_TYPE_MASK      0x60u
#define USB_TYPE_STANDARD  0x00u
#define USB_TYPE_CLASS     0x20u
#define USB_RECIPIENT_MASK 0x1fu
#define USB_TO_DEVICE      0u
#define USB_TO_INTERFACE   1u
#define USB_TO_ENDPOINT    2u
#define USB_TO_OTHER       3u

/* Requests: bmRequestType << 8 | bRequest. */
#define USB_REQUEST(type, request)   ((uint32_t)(type) << 8 | (request))
#define USB_GET_STATUS_DEVICE        USB_REQUEST(0x80, 0)
#define USB_GET_STATUS_INTERFACE     USB_REQUEST(0x81, 0)
#define USB_GET_STATUS_ENDPOINT      USB_REQUEST(0x82, 0)
#define USB_CLEAR_FEATURE_DEVICE     USB_REQUEST(0x00, 1)
#define USB_CLEAR_FEATURE_INTERFACE  USB_REQUEST(0x01, 1)
#define USB_CLEAR_FEATURE_ENDPOINT   USB_REQUEST(0x02, 1)
#define USB_SET_FEATURE_DEVICE       USB_REQUEST(0x00, 3)
#define USB_SET_FEATURE_INTERFACE    USB_REQUEST(0x01, 3)
#define USB_SET_FEATURE_ENDPOINT     USB_REQUEST(0x02, 3)
#define USB_SET_ADDRESS              USB_REQUEST(0x00, 5)
#define USB_GET_DESCRIPTOR           USB_REQUEST(0x80, 6)
#define USB_GET_DESCRIPTOR_INTERFACE USB_REQUEST(0x81, 6)
#define USB_GET_CONFIGURATION        USB_REQUEST(0x80, 8)
#define USB_SET_CONFIGURATION        USB_REQUEST(0x00, 9)
#define USB_GET_INTERFACE            USB_REQUEST(0x81, 10)
#define USB_SET_INTERFACE            USB_REQUEST(0x01, 11)
#define USB_SET_SEL                  USB_REQUEST(0x00, 48)
#define USB_SET_ISOCH_DELAY          USB_REQUEST(0x00, 49)

#define USB_FEATURE_ENDPOINT_HALT 0u
#define USB_FEATURE_REMOTE_WAKEUP 1u
#define USB_FEATURE_U1_ENABLE     48u
#define USB_FEATURE_LTM_ENABLE    50u

#define USB_DT_DEVICE        1u
#define USB_DT_CONFIGURATION 2u
#define USB_DT_STRING        3u
#define USB_DT_INTERFACE     4u
#define USB_DT_ENDPOINT      5u
#define USB_DT_QUALIFIER     6u
#define USB_DT_OTHER_SPEED   7u
#define USB_DT_BOS           15u
#define USB_DT_CAPABILITY    16u
#define USB_DT_HID           0x21u
#define USB_DT_REPORT        0x22u
#define USB_DT_HUB           0x29u
#define USB_DT_COMPANION     48u

#define USB_STRING_MANUFACTURER 1u
#define USB_STRING_PRODUCT      2u
#define USB_STRING_SERIAL       3u

#define USB_ATTRIBUTE_SELF_POWERED  0x40u
#define USB_ATTRIBUTE_REMOTE_WAKEUP 0x20u

#define USB_BULK      2u
#define USB_INTERRUPT 3u

#define USB_CLASS_HID     3u
#define USB_CLASS_STORAGE 8u
#define USB_CLASS_HUB     9u

#endif
