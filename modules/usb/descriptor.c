/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors made from a class's tables: USB 2.0 9.6, USB 3.1 9.6. */
#include "modules/usb/spec.h"
#include "modules/usb/usb.h"

#include <string.h>

#define CHARACTERS_MAX 126u /* of a string: its length is a byte */

static void put8(GByteArray *out, uint32_t value)
{
    uint8_t byte = (uint8_t)value;

    g_byte_array_append(out, &byte, 1);
}

static void put16(GByteArray *out, uint32_t value)
{
    put8(out, value);
    put8(out, value >> 8);
}

static uint32_t version_of(uint32_t speed)
{
    return speed == QH_USB_SUPER ? 0x0300 : 0x0200;
}

static GByteArray *device_descriptor(const UsbFunction *function)
{
    const QhUsbClass *klass = function->klass;
    const QhUsbDescription *d = usb_description(function);
    GByteArray *out = g_byte_array_new();

    put8(out, 18);
    put8(out, USB_DT_DEVICE);
    put16(out, version_of(function->speed));
    put8(out, d->klass);
    put8(out, d->subclass);
    put8(out, d->protocol);
    put8(out, d->max_packet_0);
    put16(out, klass->vendor);
    put16(out, klass->product);
    put16(out, klass->release);
    put8(out, USB_STRING_MANUFACTURER);
    put8(out, USB_STRING_PRODUCT);
    put8(out, USB_STRING_SERIAL);
    put8(out, 1); /* configurations */
    return out;
}

/* 9.6.2: what the device would be at the other of full and high speed. */
static GByteArray *qualifier(const UsbFunction *function)
{
    uint32_t other = function->speed == QH_USB_HIGH ? QH_USB_FULL : QH_USB_HIGH;
    const QhUsbDescription *d = function->klass->speeds[other];

    if (function->speed == QH_USB_SUPER || d == NULL || function->max_speed < other) {
        return NULL;
    }
    GByteArray *out = g_byte_array_new();
    put8(out, 10);
    put8(out, USB_DT_QUALIFIER);
    put16(out, 0x0200);
    put8(out, d->klass);
    put8(out, d->subclass);
    put8(out, d->protocol);
    put8(out, d->max_packet_0);
    put8(out, 1);
    put8(out, 0);
    return out;
}

static void put_endpoint(GByteArray *out, const QhUsbEndpoint *endpoint, uint32_t speed)
{
    put8(out, 7);
    put8(out, USB_DT_ENDPOINT);
    put8(out, endpoint->address);
    put8(out, endpoint->attributes);
    put16(out, endpoint->max_packet);
    put8(out, endpoint->interval);
    if (speed == QH_USB_SUPER) {
        uint32_t burst = endpoint->max_burst;
        gboolean periodic = (endpoint->attributes & 1) != 0;

        put8(out, 6);
        put8(out, USB_DT_COMPANION);
        put8(out, burst);
        put8(out, 0);
        put16(out, periodic ? endpoint->max_packet * (burst + 1) : 0);
    }
}

static void put_interface(GByteArray *out, const QhUsbInterface *interface, uint32_t speed)
{
    put8(out, 9);
    put8(out, USB_DT_INTERFACE);
    put8(out, interface->number);
    put8(out, interface->alternate);
    put8(out, interface->n_endpoints);
    put8(out, interface->klass);
    put8(out, interface->subclass);
    put8(out, interface->protocol);
    put8(out, 0);
    if (interface->extra_bytes > 0) {
        g_byte_array_append(out, interface->extra, interface->extra_bytes);
    }
    for (uint32_t i = 0; i < interface->n_endpoints; i++) {
        put_endpoint(out, &interface->endpoints[i], speed);
    }
}

static GByteArray *configuration(const UsbFunction *function, uint32_t speed, uint8_t type)
{
    const QhUsbDescription *d = speed <= QH_USB_SUPER ? function->klass->speeds[speed] : NULL;
    uint32_t n = 0;

    if (d == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < d->n_interfaces; i++) {
        n = MAX(n, d->interfaces[i].number + 1u);
    }
    GByteArray *out = g_byte_array_new();
    put8(out, 9);
    put8(out, type);
    put16(out, 0); /* the whole length, below */
    put8(out, n);
    put8(out, 1); /* its number */
    put8(out, 0);
    put8(out, 0x80u | d->attributes);
    put8(out, speed == QH_USB_SUPER ? d->max_power / 4 : d->max_power); /* there 8 mA each */
    for (uint32_t i = 0; i < d->n_interfaces; i++) {
        put_interface(out, &d->interfaces[i], speed);
    }
    out->data[2] = (uint8_t)out->len;
    out->data[3] = (uint8_t)(out->len >> 8);
    return out;
}

static GByteArray *other_speed(const UsbFunction *function)
{
    uint32_t other = function->speed == QH_USB_HIGH ? QH_USB_FULL : QH_USB_HIGH;

    return function->speed == QH_USB_SUPER || function->max_speed < other
               ? NULL
               : configuration(function, other, USB_DT_OTHER_SPEED);
}

/* USB 3.1 9.6.2: link power management, and the speeds that there are. */
static GByteArray *bos(const UsbFunction *function)
{
    uint32_t speeds = USB_SPEED_BIT(QH_USB_SUPER);

    if (function->speed != QH_USB_SUPER) {
        return NULL;
    }
    for (uint32_t i = QH_USB_FULL; i <= QH_USB_HIGH; i++) {
        speeds |= function->klass->speeds[i] != NULL ? USB_SPEED_BIT(i) : 0;
    }
    GByteArray *out = g_byte_array_new();
    put8(out, 5);
    put8(out, USB_DT_BOS);
    put16(out, 22);
    put8(out, 2);
    /* USB 2.0 extension */
    put8(out, 7);
    put8(out, USB_DT_CAPABILITY);
    put8(out, 2);
    put16(out, 0);
    put16(out, 0);
    /* SuperSpeed */
    put8(out, 10);
    put8(out, USB_DT_CAPABILITY);
    put8(out, 3);
    put8(out, 0);
    put16(out, speeds);
    put8(out, QH_USB_FULL);
    put8(out, 0);
    put16(out, 0);
    return out;
}

static const char *text_of(const UsbFunction *function, uint8_t index)
{
    const QhUsbClass *klass = function->klass;

    switch (index) {
    case USB_STRING_MANUFACTURER:
        return klass->manufacturer;
    case USB_STRING_PRODUCT:
        return klass->product_name;
    case USB_STRING_SERIAL:
        return function->serial != NULL       ? function->serial
               : function->own_serial != NULL ? function->own_serial
                                              : klass->serial;
    default:
        return NULL;
    }
}

static GByteArray *string(const UsbFunction *function, uint8_t index)
{
    g_autofree gunichar2 *units = NULL;
    const char *text = text_of(function, index);
    glong n = 0;

    if (index != 0) {
        units = text != NULL ? g_utf8_to_utf16(text, -1, NULL, &n, NULL) : NULL;
        if (units == NULL) {
            return NULL;
        }
        n = MIN(n, (glong)CHARACTERS_MAX);
    }
    GByteArray *out = g_byte_array_new();
    put8(out, index == 0 ? 4 : 2 + 2 * (uint32_t)n);
    put8(out, USB_DT_STRING);
    if (index == 0) {
        put16(out, 0x0409); /* English (United States) */
    }
    for (glong i = 0; i < n; i++) {
        put16(out, units[i]);
    }
    return out;
}

GByteArray *usb_descriptor(const UsbFunction *function, uint8_t type, uint8_t index)
{
    switch (type) {
    case USB_DT_DEVICE:
        return index == 0 ? device_descriptor(function) : NULL;
    case USB_DT_CONFIGURATION:
        return index == 0 ? configuration(function, function->speed, type) : NULL;
    case USB_DT_STRING:
        return string(function, index);
    case USB_DT_QUALIFIER:
        return qualifier(function);
    case USB_DT_OTHER_SPEED:
        return index == 0 ? other_speed(function) : NULL;
    case USB_DT_BOS:
        return bos(function);
    default:
        return NULL;
    }
}
