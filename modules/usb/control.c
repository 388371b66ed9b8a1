/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoint 0: standard requests (USB 2.0 9.4, USB 3.1 9.4); and packets of the other endpoints. */
#include "modules/usb/spec.h"
#include "modules/usb/usb.h"

#include <string.h>

const QhUsbEndpoint *usb_endpoint(const UsbFunction *function, uint8_t address)
{
    const QhUsbDescription *d = usb_description(function);

    if (d == NULL || function->configuration == 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < d->n_interfaces; i++) {
        const QhUsbInterface *interface = &d->interfaces[i];

        if (interface->alternate != function->alternates[interface->number % USB_ALTERNATES]) {
            continue;
        }
        for (uint32_t k = 0; k < interface->n_endpoints; k++) {
            if (interface->endpoints[k].address == address) {
                return &interface->endpoints[k];
            }
        }
    }
    return NULL;
}

static uint16_t *halts(UsbFunction *function, uint8_t endpoint)
{
    return (endpoint & USB_IN) != 0 ? &function->halted_in : &function->halted_out;
}

void usb_halt(UsbFunction *function, uint8_t endpoint, gboolean halted)
{
    uint16_t bit = (uint16_t)(1u << (endpoint & 15));
    uint16_t *bits = halts(function, endpoint);

    *bits = (uint16_t)(halted ? *bits | bit : *bits & ~bit);
}

static uint32_t reply(GByteArray *bytes, uint32_t length, uint8_t *data, uint32_t *ret_bytes)
{
    if (bytes == NULL) {
        return QH_USB_STALL;
    }
    *ret_bytes = MIN(length, bytes->len);
    memcpy(data, bytes->data, *ret_bytes);
    g_byte_array_unref(bytes);
    return QH_USB_OK;
}

static uint32_t
reply_word(uint32_t value, uint32_t width, uint32_t length, uint8_t *data, uint32_t *ret_bytes)
{
    const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

    *ret_bytes = MIN(length, width);
    memcpy(data, bytes, *ret_bytes);
    return QH_USB_OK;
}

static const QhUsbInterface *
interface_of(const UsbFunction *function, uint32_t number, uint32_t alternate)
{
    const QhUsbDescription *d = usb_description(function);

    for (uint32_t i = 0; i < d->n_interfaces && function->configuration != 0; i++) {
        if (d->interfaces[i].number == number && d->interfaces[i].alternate == alternate) {
            return &d->interfaces[i];
        }
    }
    return NULL;
}

static uint32_t set_configuration(UsbFunction *function, uint32_t value)
{
    if (value > 1) {
        return QH_USB_STALL;
    }
    function->configuration = (uint8_t)value;
    function->halted_in = function->halted_out = 0;
    memset(function->alternates, 0, sizeof(function->alternates));
    if (function->klass->configured != NULL) {
        function->klass->configured(function->device, function->configuration);
    }
    return QH_USB_OK;
}

static uint32_t set_interface(UsbFunction *function, const QhUsbSetup *setup)
{
    const QhUsbInterface *interface = interface_of(function, setup->index, setup->value);

    if (interface == NULL || interface->number >= USB_ALTERNATES) {
        return QH_USB_STALL;
    }
    function->alternates[interface->number] = interface->alternate;
    for (uint32_t i = 0; i < interface->n_endpoints; i++) {
        usb_halt(function, interface->endpoints[i].address, FALSE);
    }
    if (function->klass->alternate != NULL) {
        function->klass->alternate(function->device, interface->number, interface->alternate);
    }
    return QH_USB_OK;
}

static uint32_t device_feature(UsbFunction *function, uint32_t feature, gboolean set)
{
    const QhUsbDescription *d = usb_description(function);

    if (feature == USB_FEATURE_REMOTE_WAKEUP &&
        (d->attributes & USB_ATTRIBUTE_REMOTE_WAKEUP) != 0) {
        function->remote_wakeup = set != FALSE;
        return QH_USB_OK;
    }
    return function->speed == QH_USB_SUPER && feature >= USB_FEATURE_U1_ENABLE &&
                   feature <= USB_FEATURE_LTM_ENABLE
               ? QH_USB_OK
               : QH_USB_STALL;
}

static uint32_t endpoint_feature(UsbFunction *function, const QhUsbSetup *setup, gboolean set)
{
    uint8_t address = (uint8_t)setup->index;

    if (setup->value != USB_FEATURE_ENDPOINT_HALT) {
        return QH_USB_STALL;
    }
    if ((address & 15) == 0) {
        return QH_USB_OK; /* the next SETUP clears it anyway */
    }
    if (usb_endpoint(function, address) == NULL) {
        return QH_USB_STALL;
    }
    usb_halt(function, address, set);
    if (!set && function->klass->unhalted != NULL) {
        function->klass->unhalted(function->device, address);
    }
    return QH_USB_OK;
}

static uint32_t
endpoint_status(UsbFunction *function, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    uint8_t address = (uint8_t)setup->index;
    uint16_t bit = (uint16_t)(1u << (address & 15));

    if ((address & 15) != 0 && usb_endpoint(function, address) == NULL) {
        return QH_USB_STALL;
    }
    return reply_word((*halts(function, address) & bit) != 0, 2, setup->length, data, ret_bytes);
}

static uint32_t
class_control(UsbFunction *function, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    return function->klass->control != NULL
               ? function->klass->control(function->device, setup, data, ret_bytes)
               : QH_USB_STALL;
}

static uint32_t
get_interface(UsbFunction *function, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    if (interface_of(function, setup->index, 0) == NULL || setup->index >= USB_ALTERNATES) {
        return QH_USB_STALL;
    }
    return reply_word(function->alternates[setup->index], 1, setup->length, data, ret_bytes);
}

static uint32_t device_status(const UsbFunction *function,
                              const QhUsbSetup *setup,
                              uint8_t *data,
                              uint32_t *ret_bytes)
{
    gboolean self = (usb_description(function)->attributes & USB_ATTRIBUTE_SELF_POWERED) != 0;

    return reply_word((self ? 1u : 0u) | (function->remote_wakeup != 0 ? 2u : 0u), 2, setup->length,
                      data, ret_bytes);
}

uint32_t
usb_control(UsbFunction *function, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    *ret_bytes = 0;
    if (!function->present || usb_description(function) == NULL) {
        return QH_USB_ERROR;
    }
    switch (USB_REQUEST(setup->type, setup->request)) {
    case USB_GET_STATUS_DEVICE:
        return device_status(function, setup, data, ret_bytes);
    case USB_GET_STATUS_INTERFACE:
        return reply_word(0, 2, setup->length, data, ret_bytes);
    case USB_GET_STATUS_ENDPOINT:
        return endpoint_status(function, setup, data, ret_bytes);
    case USB_CLEAR_FEATURE_DEVICE:
    case USB_SET_FEATURE_DEVICE:
        return device_feature(function, setup->value, setup->request == 3);
    case USB_CLEAR_FEATURE_INTERFACE:
    case USB_SET_FEATURE_INTERFACE:
        return function->speed == QH_USB_SUPER && setup->value == 0 ? QH_USB_OK : QH_USB_STALL;
    case USB_CLEAR_FEATURE_ENDPOINT:
    case USB_SET_FEATURE_ENDPOINT:
        return endpoint_feature(function, setup, setup->request == 3);
    case USB_SET_ADDRESS:
        function->address = (uint8_t)(setup->value & 127);
        return QH_USB_OK;
    case USB_GET_DESCRIPTOR: {
        GByteArray *bytes =
            usb_descriptor(function, (uint8_t)(setup->value >> 8), (uint8_t)setup->value);

        return bytes != NULL ? reply(bytes, setup->length, data, ret_bytes)
                             : class_control(function, setup, data, ret_bytes);
    }
    case USB_GET_CONFIGURATION:
        return reply_word(function->configuration, 1, setup->length, data, ret_bytes);
    case USB_SET_CONFIGURATION:
        return set_configuration(function, setup->value & 0xff);
    case USB_GET_INTERFACE:
        return get_interface(function, setup, data, ret_bytes);
    case USB_SET_INTERFACE:
        return set_interface(function, setup);
    case USB_SET_SEL:
    case USB_SET_ISOCH_DELAY:
        return function->speed == QH_USB_SUPER ? QH_USB_OK : QH_USB_STALL;
    default:
        return class_control(function, setup, data, ret_bytes);
    }
}

uint32_t usb_packet(UsbFunction *function, QhUsbPacket *packet)
{
    if (!function->present) {
        return QH_USB_ERROR;
    }
    if (function->klass->packet == NULL || usb_endpoint(function, packet->endpoint) == NULL ||
        (*halts(function, packet->endpoint) & 1u << (packet->endpoint & 15)) != 0) {
        return QH_USB_STALL;
    }
    uint32_t status = function->klass->packet(function->device, packet);
    if (status == QH_USB_STALL) {
        usb_halt(function, packet->endpoint, TRUE);
    }
    return status;
}
