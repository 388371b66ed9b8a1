/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus: 32 devices of 8 functions, who has which number, and who answers on which bus number. On a
 * link (below a port) there is only device 0.
 */
#include "modules/pci/express.h"
#include "modules/pci/rom.h"

#include <string.h>

/* Every device of ours that offers a bus begins so. */
typedef struct BusParent {
    QhDevice base;
    PciBus bus;
} BusParent;

static PciBus *bus_of(QhDevice *parent)
{
    return &((BusParent *)parent)->bus;
}

gboolean pci_bus_init(PciBus *bus, QhDevice *parent, const char *name, GError **error)
{
    const PciServices *services = parent->ctx;

    bus->handle = services->device->bus_new(parent, &pci_bus_ops, name, error);
    return bus->handle != NULL;
}

uint32_t pci_bus_number(const PciBus *bus)
{
    return bus->bridge != NULL ? bus->bridge->config[PCI_SECONDARY_BUS] : 0;
}

static gboolean is_powered(const PciBus *bus)
{
    return bus->powered == NULL || bus->powered(bus);
}

static PciFunction *function_at(const PciBus *bus, uint32_t devfn)
{
    PciFunction *function = bus->functions[devfn];
    const PciFunction *first = bus->functions[devfn & ~7u];

    /* without function 0 nobody looks for the others (PCI 3.2.2.3.4) */
    return function != NULL && function->present && first != NULL && first->present ? function
                                                                                    : NULL;
}

PciFunction *pci_bus_find(PciBus *root, uint32_t number, uint32_t devfn)
{
    PciBus *bus = root;
    uint32_t i = 0;

    while (pci_bus_number(bus) != number) {
        PciFunction *bridge = NULL;

        /* down through the bridge whose range holds the number; numbers go up on the way */
        for (i = 0; i < 256 && bridge == NULL; i++) {
            PciFunction *next = function_at(bus, i);

            if (next != NULL && next->secondary != NULL &&
                next->config[PCI_SECONDARY_BUS] > pci_bus_number(bus) &&
                next->config[PCI_SECONDARY_BUS] <= number &&
                next->config[PCI_SUBORDINATE_BUS] >= number) {
                bridge = next;
            }
        }
        if (bridge == NULL || !is_powered(bridge->secondary)) {
            return NULL;
        }
        bus = bridge->secondary;
    }
    return is_powered(bus) ? function_at(bus, devfn) : NULL;
}

gboolean pci_is_master(const PciFunction *function)
{
    while ((PCI_GET16(function, PCI_COMMAND) & PCI_COMMAND_MASTER) != 0) {
        function = function->bus->bridge;
        if (function == NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* "4", "0x4.0x1", "1f.7": hexadecimal, as addr= has always been. */
static gboolean parse_address(const char *text, uint32_t *ret_slot, uint32_t *ret_fn)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);
    uint64_t values[2] = {0, 0};

    if (parts[0] == NULL || (parts[1] != NULL && parts[2] != NULL)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < 2 && parts[i] != NULL; i++) {
        const char *part = parts[i];

        if (part[0] == '0' && (part[1] == 'x' || part[1] == 'X')) {
            part += 2;
        }
        if (!g_ascii_isxdigit(part[0]) ||
            !g_ascii_string_to_unsigned(part, 16, 0, i == 0 ? 31 : 7, &values[i], NULL)) {
            return FALSE;
        }
    }
    *ret_slot = (uint32_t)values[0];
    *ret_fn = (uint32_t)values[1];
    return TRUE;
}

static gboolean slot_is_free(const PciBus *bus, uint32_t slot)
{
    for (uint32_t fn = 0; fn < 8; fn++) {
        if (bus->functions[slot * 8 + fn] != NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean find_free(const PciBus *bus, const char *name, uint32_t *ret_devfn, GError **error)
{
    for (uint32_t slot = 0; slot < (bus->single_slot ? 1u : 32u); slot++) {
        if (slot_is_free(bus, slot)) {
            *ret_devfn = slot * 8;
            return TRUE;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "bus '%s' has no free slot", name);
    return FALSE;
}

/* A device with several functions says so in function 0 (PCI 6.2.1). */
static gboolean
check_functions(const PciBus *bus, const PciFunction *function, uint32_t devfn, GError **error)
{
    const PciFunction *first = bus->functions[devfn & ~7u];

    if ((devfn & 7) != 0 && first != NULL && !first->multifunction) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "function 0 of slot %02x, device '%s', is not multifunction=on", devfn / 8,
                    first->device->id);
        return FALSE;
    }
    for (uint32_t fn = 1; fn < 8 && (devfn & 7) == 0 && !function->multifunction; fn++) {
        if (bus->functions[devfn + fn] != NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "slot %02x has other functions: function 0 needs multifunction=on",
                        devfn / 8);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_hot(const PciBus *bus, const char *name, uint32_t devfn, GError **error)
{
    if (!bus->hotplug) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "bus '%s' does not support hotplugging", name);
        return FALSE;
    }
    if (bus->functions[devfn & ~7u] != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "slot %02x of bus '%s' is in use: function 0 is plugged last", devfn / 8, name);
        return FALSE;
    }
    return TRUE;
}

static gboolean choose(
    const PciBus *bus, const char *name, PciFunction *function, uint32_t *ret_devfn, GError **error)
{
    uint32_t slot, fn;

    if (function->addr == NULL || function->addr[0] == '\0') {
        return find_free(bus, name, ret_devfn, error);
    }
    if (!parse_address(function->addr, &slot, &fn)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "addr=%s is not an address: SLOT or SLOT.FUNCTION, hexadecimal, at most 1f.7",
                    function->addr);
        return FALSE;
    }
    if (bus->single_slot && slot != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "bus '%s' has slot 0 only, not %02x", name,
                    slot);
        return FALSE;
    }
    *ret_devfn = slot * 8 + fn;
    if (bus->functions[*ret_devfn] != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "slot %02x function %x of bus '%s' is in use by device '%s'", slot, fn, name,
                    bus->functions[*ret_devfn]->device->id);
        return FALSE;
    }
    return check_functions(bus, function, *ret_devfn, error);
}

static gboolean attach(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, GError **error)
{
    const PciServices *services = parent->ctx;
    const QhPciClass *klass = services->device->child_class(child);
    const char *name = services->device->bus_name(handle);
    PciBus *bus = bus_of(parent);
    PciFunction *function = data;
    uint32_t devfn = 0;

    if (klass == NULL || !QH_HAS(klass, interrupt_pin)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "its class does not describe a PCI function");
        return FALSE;
    }
    if (!choose(bus, name, function, &devfn, error) ||
        (services->device->is_hot(child->machine) && !check_hot(bus, name, devfn, error))) {
        return FALSE;
    }
    function->device = child;
    function->klass = klass;
    function->services = services;
    function->bus = bus;
    function->devfn = (uint8_t)devfn;
    pci_function_init(function);
    if ((klass->flags & QH_PCI_EXPRESS) != 0 && bus->express &&
        !pci_express_init(function, PCI_EXPRESS_ENDPOINT, 0, error)) {
        return FALSE;
    }
    if (!pci_rom_init(function, error)) {
        pci_rom_free(function);
        return FALSE;
    }
    bus->functions[devfn] = function;
    return TRUE;
}

static void plug(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, gboolean hot)
{
    PciBus *bus = bus_of(parent);
    PciFunction *function = data;

    (void)handle;
    (void)child;
    memcpy(function->at_reset, function->config, PCI_CONFIG_BYTES);
    function->present = TRUE;
    if (bus->plugged != NULL && (function->devfn & 7) == 0) {
        bus->plugged(bus, function, hot);
    }
}

static gboolean
unplug_request(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, GError **error)
{
    PciBus *bus = bus_of(parent);
    const PciServices *services = parent->ctx;

    (void)child;
    if (!bus->hotplug) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "bus '%s' does not support hotplugging",
                    services->device->bus_name(handle));
        return FALSE;
    }
    return bus->unplug_request(bus, data, error);
}

static void detach(QhDevice *parent, QhBus *handle, QhDevice *child, void *data)
{
    PciBus *bus = bus_of(parent);
    PciFunction *function = data;

    (void)handle;
    (void)child;
    pci_set_line(function, FALSE);
    pci_unmap_all(function);
    pci_msix_free(function);
    pci_rom_free(function);
    function->present = FALSE;
    function->msi = 0;
    bus->functions[function->devfn] = NULL;
    if (bus->unplugged != NULL && (function->devfn & 7) == 0) {
        bus->unplugged(bus);
    }
}

static char *address(QhDevice *parent, QhBus *handle, QhDevice *child, const void *data)
{
    const PciFunction *function = data;

    (void)parent;
    (void)handle;
    (void)child;
    return g_strdup_printf("%02x.%x", function->devfn / 8, function->devfn & 7);
}

/* The generic names of the PCI Bus Binding to Open Firmware 2.1 (2.2.1.2), pciVENDOR,DEVICE for the
 * rest; the unit is the device, and the function unless that is 0 (2.2.1.3). */
static char *firmware_name(G_GNUC_UNUSED QhDevice *parent,
                           G_GNUC_UNUSED QhBus *handle,
                           G_GNUC_UNUSED QhDevice *child,
                           const void *data)
{
    static const struct {
        uint8_t base, sub;
        const char *name;
    } names[] = {
        {0x01, 0x00, "scsi"      },
        {0x01, 0x01, "ide"       },
        {0x02, 0x00, "ethernet"  },
        {0x03, 0x00, "display"   },
        {0x06, 0x04, "pci-bridge"},
        {0x0c, 0x03, "usb"       },
    };
    const PciFunction *function = data;
    const uint8_t *config = function->config;
    g_autofree char *name = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(names) && name == NULL; i++) {
        if (config[0x0b] == names[i].base && config[0x0a] == names[i].sub) {
            name = g_strdup(names[i].name);
        }
    }
    if (name == NULL) {
        name = g_strdup_printf("pci%02x%02x,%02x%02x", config[1], config[0], config[3], config[2]);
    }
    return (function->devfn & 7) == 0
               ? g_strdup_printf("%s@%x", name, function->devfn / 8)
               : g_strdup_printf("%s@%x,%x", name, function->devfn / 8, function->devfn & 7);
}

static const QhProperty properties[] = {
    QH_PROPERTY("addr",
                QH_PROPERTY_STRING,
                offsetof(PciFunction, addr),
                NULL,
                0,
                0,
                "slot and function on the bus, hexadecimal: 4, 0x4.0x1"),
    QH_PROPERTY("multifunction",
                QH_PROPERTY_BOOL,
                offsetof(PciFunction, multifunction),
                "off",
                0,
                0,
                "other functions of the slot are used, too"),
    QH_PROPERTY("romfile",
                QH_PROPERTY_STRING,
                offsetof(PciFunction, romfile),
                NULL,
                0,
                0,
                "file with the expansion ROM"),
    QH_PROPERTY("rombar",
                QH_PROPERTY_U32,
                offsetof(PciFunction, rombar),
                "1",
                0,
                0,
                "0: the guest does not see the expansion ROM"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member_, type_, count_) QH_STATE_FIELD(PciFunction, member_, type_, count_)

static const QhStateField fields[] = {
    FIELD(config, I8, PCI_CONFIG_BYTES),
    FIELD(msi_pending, I32, 0),
    FIELD(line, I32, 0),
    FIELD(line_shown, I32, 0),
};

static const QhStateTable function_state = QH_STATE_TABLE(fields, 0);

/* The table of MSI-X is as long as the class wants. */
static void stream_msix(G_GNUC_UNUSED QhDevice *parent,
                        G_GNUC_UNUSED QhBus *bus,
                        G_GNUC_UNUSED QhDevice *child,
                        void *data,
                        QhStateStream *stream)
{
    pci_msix_stream(data, stream);
}

static void loaded(G_GNUC_UNUSED QhDevice *parent,
                   G_GNUC_UNUSED QhBus *bus,
                   G_GNUC_UNUSED QhDevice *child,
                   void *data)
{
    pci_update_bars(data);
}

const QhBusOps pci_bus_ops = {
    .size = sizeof(QhBusOps),
    .child_size = sizeof(PciFunction),
    .kind = QH_PCI_BUS,
    .properties = &property_table,
    .service = &pci_service,
    .attach = attach,
    .plug = plug,
    .unplug_request = unplug_request,
    .detach = detach,
    .address = address,
    .firmware_name = firmware_name,
    .child_state = &function_state,
    .child_loaded = loaded,
    .child_stream = stream_msix,
};
