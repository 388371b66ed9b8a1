/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hot-plug slot (PCIe 6.7). A card that comes shows as a presence change. To take one out the
 * attention button is pressed; the guest blinks, lets go, and turns the slot's power off: then the
 * card leaves. A guest that turns the power off unasked gets it back by turning it on. One that has
 * no driver for slots finds cards with power when it looks for them again.
 */
#include "modules/pci/express.h"
#include "modules/pci/port.h"

/* A guest that ignored the button may be asked again; pressing it earlier would call it off. */
#define ASK_AGAIN_NS (G_GINT64_CONSTANT(10) * 1000000000)

static PciPort *port_of(const PciBus *bus)
{
    return (PciPort *)bus->bridge->device;
}

static uint32_t at(const PciPort *port, uint32_t offset)
{
    return port->base.function->express + offset;
}

static uint32_t control(const PciPort *port)
{
    return PCI_GET16(port->base.function, at(port, EXP_SLOT_CONTROL));
}

static void change16(const PciPort *port, uint32_t offset, uint32_t clear, uint32_t set)
{
    uint8_t *word = port->base.function->config + at(port, offset);

    pci_put(word, 2, (pci_get(word, 2) & ~clear) | set);
}

static gboolean is_present(const PciPort *port)
{
    const PciFunction *first = port->base.bus.functions[0];

    return first != NULL && first->present;
}

static gboolean powered(const PciBus *bus)
{
    return (control(port_of(bus)) & EXP_SLOT_POWER_OFF) == 0;
}

/* The interrupt is a level for INTx, and its rise a message (PCIe 6.7.3.4). */
static void update_interrupt(PciPort *port)
{
    uint32_t status = PCI_GET16(port->base.function, at(port, EXP_SLOT_STATUS));
    uint32_t enabled = control(port);
    uint32_t events = status & enabled & 0x1f;
    gboolean on;

    if ((status & EXP_SLOT_LINK_CHANGED) != 0 && (enabled & EXP_SLOT_LINK_ENABLE) != 0) {
        events |= EXP_SLOT_LINK_CHANGED;
    }
    on = events != 0 && (enabled & EXP_SLOT_HOTPLUG_INTERRUPT) != 0;
    if (on && !port->signalled) {
        (void)pci_msi_notify(port->base.function, 0);
    }
    port->signalled = on;
    pci_set_line(port->base.function, on);
}

static void event(PciPort *port, uint32_t bits)
{
    change16(port, EXP_SLOT_STATUS, 0, bits);
    update_interrupt(port);
}

/* Presence and link as they are now; tells whether the link has changed. */
static gboolean show_state(PciPort *port)
{
    gboolean present = is_present(port);
    gboolean active = present && powered(&port->base.bus);
    gboolean was_active =
        (PCI_GET16(port->base.function, at(port, EXP_LINK_STATUS)) & EXP_LINK_STATUS_ACTIVE) != 0;

    change16(port, EXP_SLOT_STATUS, EXP_SLOT_PRESENT, present ? EXP_SLOT_PRESENT : 0);
    change16(port, EXP_LINK_STATUS, EXP_LINK_STATUS_ACTIVE, active ? EXP_LINK_STATUS_ACTIVE : 0);
    return active != was_active;
}

static void set_power(PciPort *port, gboolean on)
{
    change16(port, EXP_SLOT_CONTROL, EXP_SLOT_POWER_OFF | EXP_SLOT_POWER_INDICATOR,
             on ? EXP_SLOT_POWER_IS_ON : EXP_SLOT_POWER_OFF | EXP_SLOT_POWER_IS_OFF);
}

static void plugged(PciBus *bus, PciFunction *function, gboolean hot)
{
    PciPort *port = port_of(bus);

    (void)function;
    if (!hot || !port->touched) {
        set_power(port, TRUE);
    }
    if (!hot) {
        (void)show_state(port);
        return;
    }
    event(port, EXP_SLOT_PRESENCE_CHANGED | (show_state(port) ? EXP_SLOT_LINK_CHANGED : 0));
}

static void unplugged(PciBus *bus)
{
    PciPort *port = port_of(bus);

    port->leaving = FALSE;
    event(port, EXP_SLOT_PRESENCE_CHANGED | (show_state(port) ? EXP_SLOT_LINK_CHANGED : 0));
}

/* All functions of the slot go together. */
static void release(PciPort *port)
{
    for (uint32_t i = 0; i < 8; i++) {
        const PciFunction *function = port->base.bus.functions[i];

        if (function != NULL) {
            function->services->device->unplug_done(function->device);
        }
    }
}

static gboolean unplug_request(PciBus *bus, PciFunction *function, GError **error)
{
    PciPort *port = port_of(bus);
    const PciServices *services = function->services;
    int64_t now = services->timer->now(services->host, QH_CLOCK_VIRTUAL);

    if (port->leaving && now - port->asked_ns < ASK_AGAIN_NS) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "Device %s is already in the process of unplug",
                    function->device->id);
        return FALSE;
    }
    if (!powered(bus) || !services->device->is_hot(function->device->machine)) {
        release(port);
        return TRUE;
    }
    port->leaving = TRUE;
    port->asked_ns = now;
    event(port, EXP_SLOT_BUTTON);
    return TRUE;
}

static void power_changed(PciPort *port, gboolean on)
{
    PciBus *bus = &port->base.bus;

    if (!on && port->leaving) {
        release(port);
    }
    for (uint32_t i = 0; on && i < 8; i++) {
        PciFunction *function = bus->functions[i];

        if (function != NULL && function->present) {
            pci_function_reset(function);
            function->services->device->reset(function->device, QH_RESET_COLD);
        }
    }
    if (show_state(port)) {
        change16(port, EXP_SLOT_STATUS, 0, EXP_SLOT_LINK_CHANGED);
    }
    pci_update_bus(bus);
}

void pci_slot_written(PciPort *port, uint32_t offset, uint32_t width, uint32_t old)
{
    uint32_t first = at(port, EXP_SLOT_CONTROL);
    uint32_t new = control(port);

    if (offset < first + 2 && offset + width > first) {
        port->touched = TRUE;
        if (((old ^ new) & EXP_SLOT_POWER_OFF) != 0) {
            power_changed(port, (new &EXP_SLOT_POWER_OFF) == 0);
        } else if (port->leaving && (old & EXP_SLOT_POWER_INDICATOR) == EXP_SLOT_POWER_BLINKS &&
                   (new &EXP_SLOT_POWER_INDICATOR) == EXP_SLOT_POWER_IS_ON) {
            const PciFunction *function = port->base.bus.functions[0];

            port->leaving = FALSE;
            if (function != NULL) {
                function->services->device->unplug_failed(function->device);
            }
        }
        change16(port, EXP_SLOT_STATUS, 0, EXP_SLOT_COMMAND_DONE);
    }
    if (offset < first + 4 && offset + width > first) {
        update_interrupt(port);
    }
}

void pci_slot_reset(PciPort *port)
{
    change16(port, EXP_SLOT_CONTROL, UINT16_MAX, EXP_SLOT_ATTENTION_IS_OFF);
    set_power(port, is_present(port));
    change16(port, EXP_SLOT_STATUS, EXP_SLOT_STATUS_BITS, 0);
    (void)show_state(port);
    port->signalled = port->touched = FALSE;
    if (port->leaving) {
        release(port);
    }
}

void pci_slot_init(PciPort *port)
{
    PciFunction *function = port->base.function;
    PciBus *bus = &port->base.bus;

    bus->hotplug = TRUE;
    bus->plugged = plugged;
    bus->unplug_request = unplug_request;
    bus->unplugged = unplugged;
    bus->powered = powered;
    pci_put(function->config + at(port, EXP_SLOT_CAP), 4,
            EXP_SLOT_CAP_BITS | (uint32_t)port->slot << EXP_SLOT_CAP_NUMBER);
    pci_put(function->writable + at(port, EXP_SLOT_CONTROL), 2, EXP_SLOT_CONTROL_BITS);
    pci_put(function->clearable + at(port, EXP_SLOT_STATUS), 2, EXP_SLOT_STATUS_BITS);
    pci_slot_reset(port);
}
