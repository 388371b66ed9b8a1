/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Intel 82574L gigabit Ethernet controller as a device: properties, resets, life. */
#include "modules/e1000e/e1000e.h"

#include <string.h>

#define PBA_AT 0x2000u

void e1000e_guest_error(const E1000e *e, const char *text)
{
    const E1000eServices *s = e1000e_services(e);

    s->log->guest(s->host, QH_LOG_GUEST_ERROR, text);
}

void e1000e_count(E1000e *e, uint32_t offset, uint32_t n)
{
    uint32_t *at = &REG(e, offset);

    *at += MIN(n, UINT32_MAX - *at);
}

void e1000e_count64(E1000e *e, uint32_t offset, uint64_t n)
{
    uint64_t sum = REG(e, offset) | (uint64_t)REG(e, offset + 4) << 32;

    sum += MIN(n, UINT64_MAX - sum);
    REG(e, offset) = (uint32_t)sum;
    REG(e, offset + 4) = (uint32_t)(sum >> 32);
}

/* Chapter 10: initial values. The address comes out of the NVM. */
void e1000e_reset_registers(E1000e *e)
{
    const E1000eServices *s = e1000e_services(e);

    s->timer->disarm(e->later);
    memset(e->regs, 0, sizeof(e->regs));
    memset(e->contexts, 0, sizeof(e->contexts));
    e->sent = e->io_address = 0;
    REG(e, REG_CTRL) = CTRL_LINK_UP | 1u | 2u << 8;
    REG(e, REG_STATUS) = STATUS_DUPLEX | STATUS_1000 | 2u << 8 | STATUS_MASTER;
    REG(e, REG_EECD) = EECD_PRESENT | EECD_READ_DONE;
    REG(e, REG_VET) = 0x8100;
    REG(e, REG_LEDCTL) = 0x07068302;
    REG(e, REG_PBA) = 0x00140014;
    REG(e, REG_PSRCTL) = 0x00040402;
    REG(e, REG_RAL) = e->mac[0] | (uint32_t)e->mac[1] << 8 | (uint32_t)e->mac[2] << 16 |
                      (uint32_t)e->mac[3] << 24;
    REG(e, REG_RAH) = e->mac[4] | (uint32_t)e->mac[5] << 8 | RAH_VALID;
}

/* CTRL.RST: all but the PHY. */
void e1000e_master_reset(E1000e *e)
{
    e1000e_reset_registers(e);
    e1000e_show_link(e);
    e1000e_update_interrupt(e);
}

static void reset(QhDevice *device, uint32_t kind)
{
    E1000e *e = (E1000e *)device;

    (void)kind;
    e1000e_reset_registers(e);
    e1000e_phy_reset(e);
    e1000e_update_interrupt(e);
    e1000e_services(e)->net->purge(e->netdev);
}

static void on_later(void *opaque)
{
    e1000e_transmit_all(opaque);
}

static gboolean check(const E1000e *e, GError **error)
{
    const char *why = NULL;

    if (e1000e_services(e)->net == NULL) {
        why = "this host has no networks";
    } else if (e->netdev == NULL) {
        why = "property 'netdev' is not set";
    } else if ((e->mac[0] & 1) != 0) {
        why = "the address in 'mac' is a multicast address";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize network card '%s': %s",
                    e->base.id, why);
    }
    return why == NULL;
}

/* What the user says of the subsystem lies in the header, which is the bus's to begin with. */
static void name_subsystem(E1000e *e)
{
    uint8_t *config = e->pci->config(&e->base);

    config[0x2c] = (uint8_t)e->subsystem_vendor;
    config[0x2d] = (uint8_t)(e->subsystem_vendor >> 8);
    config[0x2e] = (uint8_t)e->subsystem;
    config[0x2f] = (uint8_t)(e->subsystem >> 8);
}

static gboolean realize(QhDevice *device, GError **error)
{
    E1000e *e = (E1000e *)device;
    const E1000eServices *s = e1000e_services(e);

    if (!check(e, error)) {
        return FALSE;
    }
    e->pci = s->device->bus_service(device->bus);
    e->frame = g_malloc0(QH_NET_FRAME_MAX);
    e->later = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_later, e);
    name_subsystem(e);
    if (!e->pci->bar(device, 0, 0, 0, 0, error) || !e->pci->bar(device, 1, 1, 0, 0, error) ||
        !e->pci->bar(device, 2, 2, QH_PCI_BAR_IO, 0, error) || !e->pci->msi(device, 1, error) ||
        !e->pci->msix(device, E1000E_VECTORS, 3, 0, PBA_AT, error) ||
        !s->net->attach(e->netdev, device->instance, 1, e->mac, &e1000e_net_handlers, e, error)) {
        return FALSE;
    }
    e->attached = TRUE;
    e->link_up = s->net->link_up(e->netdev) != FALSE;
    s->net->set_offloads(e->netdev, 0);
    e1000e_nvm_fill(e);
    e1000e_reset_registers(e);
    e1000e_phy_reset(e);
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    E1000e *e = (E1000e *)device;
    const E1000eServices *s = e1000e_services(e);

    if (e->attached) {
        s->net->detach(e->netdev);
        e->attached = FALSE;
    }
    s->timer->timer_free(e->later);
    g_clear_pointer(&e->frame, g_free);
}

static void run_state(QhDevice *device, gboolean running)
{
    if (running) {
        e1000e_transmit_all((E1000e *)device);
        e1000e_receive_ready((E1000e *)device);
    }
}

/* The cable is the host's: a guest that was saved with another learns of it. */
static void state_loaded(QhDevice *device)
{
    E1000e *e = (E1000e *)device;

    e->io_address &= 0x1ffff;
    e->link_up = e1000e_services(e)->net->link_up(e->netdev) != FALSE;
    e1000e_show_link(e);
}

#define OPTION(name_, type_, member_, default_, text_)                                             \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(E1000e, member_), default_, 0, 0, text_)
static const QhProperty properties[] = {
    OPTION("netdev", NETDEV, netdev, NULL, "what it is plugged into"),
    OPTION("mac", MAC, mac, NULL, "address; made up when not given"),
    OPTION("subsys_ven", U16, subsystem_vendor, "32902", "subsystem vendor"),
    OPTION("subsys", U16, subsystem, "0", "subsystem"),
    OPTION("bootindex", I32, bootindex, "-1", "place in the order of booting; -1: none"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, bits, n)                                                                     \
    {                                                                                              \
        .name = #member, .offset = offsetof(E1000e, member), .type = QH_TYPE_I##bits,              \
        .klass = QH_CLASS_CTRL, .count = (n), .flags = (n) > 1 ? QH_STATE_HIDDEN : 0               \
    }
static const QhStateField fields[] = {
    FIELD(regs, 32, E1000E_WORDS),
    FIELD(phy, 16, E1000E_PHY_PAGES *E1000E_PHY_WORDS),
    FIELD(phy_page, 16, 1),
    FIELD(sent, 32, 1),
    FIELD(line, 8, 1),
    FIELD(io_address, 32, 1),
    FIELD(contexts, 32, 4 * E1000E_QUEUES),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);
static const QhWindow windows[] = {
    {.name = "registers", .bytes = 0x20000, .ops = &e1000e_memory_ops},
    {.name = "flash",     .bytes = 0x20000, .ops = &e1000e_flash_ops },
    {.name = "ports",     .bytes = 32,      .ops = &e1000e_io_ops    },
};
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS,
    .vendor = 0x8086,
    .device = 0x10d3,
    .subsystem_vendor = 0x8086,
    .class_code = 0x020000,
    .interrupt_pin = 1,
};

const QhDeviceOps e1000e_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(E1000e),
    .description = "Intel 82574L gigabit Ethernet",
    .bus = QH_PCI_BUS,
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &pci_class,
    .run_state = run_state,
    .state_loaded = state_loaded,
};
