/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI Express ports and bridges: the root port, the ports of a switch, and the bridges to
 * conventional PCI. All are a function with header type 1 and a bus behind it.
 */
#include "modules/pci/port.h"
#include "modules/pci/express.h"

#define VENDOR_REDHAT 0x1b36u
#define VENDOR_TI     0x104cu
#define CLASS_BRIDGE  0x060400u

/* The port's function on its own bus, the bus behind it, and what every bridge has. */
static gboolean begin(PciBridgeDevice *device, gboolean express, GError **error)
{
    const PciServices *services = device->base.ctx;

    device->function = services->device->child_data(&device->base);
    if (!pci_bus_init(&device->bus, &device->base, NULL, error)) {
        return FALSE;
    }
    device->bus.express = express;
    pci_bridge_init(device->function, &device->bus);
    return TRUE;
}

static gboolean needs_express(const PciBridgeDevice *device, GError **error)
{
    if (!device->function->bus->express) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' needs a PCI Express bus, and its bus is conventional PCI",
                    device->base.id);
        return FALSE;
    }
    return TRUE;
}

/* Messages for hot-plug events; INTx where the guest has no use for messages. */
static gboolean finish(PciBridgeDevice *device, uint32_t type, uint32_t port, GError **error)
{
    return pci_msi(device->function, 1, error) &&
           pci_express_init(device->function, type, port, error);
}

static void bridge_reset(QhDevice *base, uint32_t kind)
{
    PciBridgeDevice *device = (PciBridgeDevice *)base;

    (void)kind;
    if (device->function != NULL) {
        pci_bridge_reset_bus(&device->bus);
    }
}

static void port_written(PciFunction *function, uint32_t offset, uint32_t width)
{
    PciPort *port = (PciPort *)function->device;
    uint32_t control = PCI_GET16(function, function->express + EXP_SLOT_CONTROL);
    uint32_t old = port->control;

    pci_bridge_written(function, offset, width);
    port->control = control;
    if (port->hotplug) {
        pci_slot_written(port, offset, width, old);
        port->control = PCI_GET16(function, function->express + EXP_SLOT_CONTROL);
    }
}

static gboolean port_realize(PciPort *port, uint32_t type, GError **error)
{
    PciBridgeDevice *device = &port->base;

    if (!begin(device, TRUE, error) || !needs_express(device, error) ||
        !finish(device, type, port->port, error)) {
        return FALSE;
    }
    device->bus.single_slot = TRUE;
    device->function->bridge_written = port_written;
    if (port->hotplug) {
        pci_slot_init(port);
        port->control = PCI_GET16(device->function, device->function->express + EXP_SLOT_CONTROL);
    }
    return TRUE;
}

static void port_reset(QhDevice *base, uint32_t kind)
{
    PciPort *port = (PciPort *)base;

    bridge_reset(base, kind);
    if (port->base.function != NULL && port->hotplug) {
        pci_slot_reset(port);
        port->control =
            PCI_GET16(port->base.function, port->base.function->express + EXP_SLOT_CONTROL);
    }
}

static gboolean root_port_realize(QhDevice *device, GError **error)
{
    return port_realize((PciPort *)device, PCI_EXPRESS_ROOT_PORT, error);
}

static gboolean downstream_realize(QhDevice *device, GError **error)
{
    return port_realize((PciPort *)device, PCI_EXPRESS_DOWNSTREAM, error);
}

static gboolean upstream_realize(QhDevice *base, GError **error)
{
    PciBridgeDevice *device = (PciBridgeDevice *)base;

    return begin(device, TRUE, error) && needs_express(device, error) &&
           finish(device, PCI_EXPRESS_UPSTREAM, 0, error);
}

static gboolean pcie_pci_realize(QhDevice *base, GError **error)
{
    PciBridgeDevice *device = (PciBridgeDevice *)base;

    return begin(device, FALSE, error) && needs_express(device, error) &&
           finish(device, PCI_EXPRESS_TO_PCI, 0, error);
}

static gboolean pci_bridge_realize(QhDevice *base, GError **error)
{
    PciBridgeDevice *device = (PciBridgeDevice *)base;

    return begin(device, FALSE, error) && pci_msi(device->function, 1, error);
}

#define AT(member) offsetof(PciPort, member)

static const QhProperty port_properties[] = {
    QH_PROPERTY("port", QH_PROPERTY_U8, AT(port), "0", 0, 0, "number of the link"),
    QH_PROPERTY("chassis", QH_PROPERTY_U8, AT(chassis), "0", 0, 0, "number of the chassis"),
    QH_PROPERTY("slot", QH_PROPERTY_U16, AT(slot), "0", 0, 8191, "number of the slot"),
    QH_PROPERTY("hotplug",
                QH_PROPERTY_BOOL,
                AT(hotplug),
                "on",
                0,
                0,
                "devices come and go while the guest runs"),
};

static const QhPropertyTable port_table = QH_PROPERTY_TABLE(port_properties);

static const QhPciClass root_port_class = {
    .size = sizeof(QhPciClass),
    .vendor = VENDOR_REDHAT,
    .device = 0x000c,
    .class_code = CLASS_BRIDGE,
    .interrupt_pin = 1,
};
static const QhPciClass upstream_class = {
    .size = sizeof(QhPciClass),
    .vendor = VENDOR_TI,
    .device = 0x8232,
    .class_code = CLASS_BRIDGE,
    .revision = 2,
};
static const QhPciClass downstream_class = {
    .size = sizeof(QhPciClass),
    .vendor = VENDOR_TI,
    .device = 0x8233,
    .class_code = CLASS_BRIDGE,
    .revision = 1,
    .interrupt_pin = 1,
};
static const QhPciClass pcie_pci_class = {
    .size = sizeof(QhPciClass),
    .vendor = VENDOR_REDHAT,
    .device = 0x000e,
    .class_code = CLASS_BRIDGE,
};
static const QhPciClass pci_bridge_class = {
    .size = sizeof(QhPciClass),
    .vendor = VENDOR_REDHAT,
    .device = 0x0001,
    .class_code = CLASS_BRIDGE,
};

#define FIELD(member, type_) QH_STATE_FIELD(PciPort, member, type_, 1)
static const QhStateField port_fields[] = {
    FIELD(control, I32), FIELD(leaving, I32),   FIELD(asked_ns, I64),
    FIELD(touched, I32), FIELD(signalled, I32),
};
#undef FIELD
static const QhStateTable port_state = QH_STATE_TABLE(port_fields, 0);

/* All that a bridge is stands in its configuration space, which is the bus's part. */
static const QhStateTable bridge_state = {
    .size = sizeof(QhStateTable),
    .field_size = sizeof(QhStateField),
};

const QhDeviceOps pci_root_port_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciPort),
    .description = "PCI Express root port",
    .bus = QH_PCI_BUS,
    .properties = &port_table,
    .state = &port_state,
    .realize = root_port_realize,
    .reset = port_reset,
    .bus_class = &root_port_class,
};
const QhDeviceOps pci_downstream_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciPort),
    .description = "Downstream port of a PCI Express switch (TI XIO3130)",
    .bus = QH_PCI_BUS,
    .properties = &port_table,
    .state = &port_state,
    .realize = downstream_realize,
    .reset = port_reset,
    .bus_class = &downstream_class,
};
const QhDeviceOps pci_upstream_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciBridgeDevice),
    .description = "Upstream port of a PCI Express switch (TI X3130)",
    .bus = QH_PCI_BUS,
    .state = &bridge_state,
    .realize = upstream_realize,
    .reset = bridge_reset,
    .bus_class = &upstream_class,
};
const QhDeviceOps pci_pcie_pci_bridge_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciBridgeDevice),
    .description = "PCI Express to PCI bridge",
    .bus = QH_PCI_BUS,
    .state = &bridge_state,
    .realize = pcie_pci_realize,
    .reset = bridge_reset,
    .bus_class = &pcie_pci_class,
};
const QhDeviceOps pci_bridge_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciBridgeDevice),
    .description = "PCI to PCI bridge",
    .bus = QH_PCI_BUS,
    .state = &bridge_state,
    .realize = pci_bridge_realize,
    .reset = bridge_reset,
    .bus_class = &pci_bridge_class,
};
