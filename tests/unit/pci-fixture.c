/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/pci-fixture.h"

#include <string.h>

extern const QhTimerService qh_timer_service;
extern const QhLogService qh_log_service;

static PciServices services;

static uint32_t
card_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)width;
    (void)attrs;
    *ret_value = ((PciCard *)opaque)->registers[offset / 4 % 4];
    return QH_BUS_OK;
}

static uint32_t
card_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)width;
    (void)attrs;
    ((PciCard *)opaque)->registers[offset / 4 % 4] = (uint32_t)value;
    return QH_BUS_OK;
}

static void card_reset(QhDevice *device, uint32_t kind)
{
    PciCard *card = (PciCard *)device;

    (void)kind;
    card->n_resets++;
    memset(card->registers, 0, sizeof(card->registers));
}

static gboolean card_realize(QhDevice *device, GError **error)
{
    const QhPciService *pci = qh_device_service.bus_service(device->bus);

    return pci->bar(device, 2, 0, QH_PCI_BAR_64, 0, error) &&
           pci->bar(device, 4, 1, QH_PCI_BAR_IO, 0, error) &&
           pci->msix(device, 4, 1, 0, 0x800, error);
}

static void card_masked(QhDevice *device, uint32_t n, gboolean masked)
{
    PciCard *card = (PciCard *)device;

    (void)n;
    card->n_masked += masked != FALSE;
    card->n_unmasked += masked == FALSE;
}

static void card_written(QhDevice *device, uint32_t offset, uint32_t width)
{
    (void)offset;
    (void)width;
    ((PciCard *)device)->n_written++;
}

static const QhIoOps card_io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = card_read,
    .write = card_write,
};
static const QhWindow card_windows[] = {
    {.name = "memory", .bytes = 0x1000, .ops = &card_io},
    {.name = "ports",  .bytes = 16,     .ops = &card_io},
};
static const QhPciClass card_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS | QH_PCI_FLR,
    .vendor = 0x1234,
    .device = 0x5678,
    .class_code = 0x020000,
    .interrupt_pin = 2,
    .config_written = card_written,
    .vector_masked = card_masked,
};
static const QhDeviceOps card_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(PciCard),
    .bus = QH_PCI_BUS,
    QH_WINDOWS(card_windows),
    .realize = card_realize,
    .reset = card_reset,
    .bus_class = &card_class,
};

static const FakeClass classes[] = {
    {"gpex-pcihost",       &pci_host_ops,            &services},
    {"gpex-root",          &pci_host_root_ops,       &services},
    {"pcie-root-port",     &pci_root_port_ops,       &services},
    {"x3130-upstream",     &pci_upstream_ops,        &services},
    {"xio3130-downstream", &pci_downstream_ops,      &services},
    {"pcie-pci-bridge",    &pci_pcie_pci_bridge_ops, &services},
    {"pci-bridge",         &pci_bridge_ops,          &services},
    {"edu",                &pci_edu_ops,             &services},
    {"card",               &card_ops,                &services},
    {NULL,                 NULL,                     NULL     },
};

static void set_line(void *opaque, uint32_t n, gboolean level)
{
    PciFixture *f = opaque;

    f->lines = (f->lines & ~(1u << n)) | (level ? 1u << n : 0);
}

static void make_host(PciFixture *f)
{
    static const char *const settings[][2] = {
        {"mmio-base",      "0x40000000" },
        {"mmio-size",      "0x10000000" },
        {"high-mmio-base", "0x400000000"},
        {"high-mmio-size", "0x400000000"},
        {"pio-base",       "0x3000000"  },
        {"pio-size",       "0x10000"    },
    };
    g_autoptr(GError) error = NULL;
    QhInstance *bridge = qh_instance_create(f->machine, "gpex-pcihost", "host", &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_assert_true(qh_instance_set(bridge, settings[i][0], settings[i][1], NULL));
    }
    qh_instance_realize(bridge, &error);
    g_assert_no_error(error);
    g_assert_true(qh_instance_map(bridge, 0, f->space, ECAM, NULL));
    for (uint32_t i = 0; i < PCI_N_LINES; i++) {
        qh_device_service.connect(bridge, i, qh_device_service.irq_new(f->machine, set_line, f, i));
    }
}

void pci_set_up(PciFixture *f, gconstpointer data)
{
    (void)data;
    fake_selected = "toy";
    fake_classes = classes;
    fake_order = g_string_new(NULL);
    f->host = qh_host_new();
    services = (PciServices){
        .host = f->host,
        .device = &qh_device_service,
        .mem = &qh_mem_service,
        .timer = &qh_timer_service,
        .log = &qh_log_service,
    };
    f->machine = qh_machine_new(f->host, qh_machine_options_new(), NULL);
    g_assert_nonnull(f->machine);
    f->space = qh_machine_system(f->machine);
    make_host(f);
}

void pci_tear_down(PciFixture *f, gconstpointer data)
{
    static const FakeCounts none;

    (void)data;
    qh_host_free(f->host);
    g_string_free(fake_order, TRUE);
    g_free(fake_events());
    g_assert_cmpmem(&fake_counts, sizeof(fake_counts), &none, sizeof(none));
    g_assert_cmpuint(f->lines, ==, 0);
    fake_classes = NULL;
}

static uint64_t cfg_address(uint32_t bus, uint32_t devfn, uint32_t offset)
{
    return ECAM + (bus << 20 | devfn << 12 | offset);
}

uint32_t cfg_read(PciFixture *f, uint32_t bus, uint32_t devfn, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;

    g_assert_cmpuint(qh_space_read(f->space, cfg_address(bus, devfn, offset), &value, width, 0), ==,
                     QH_BUS_OK);
    return value;
}

void cfg_write(
    PciFixture *f, uint32_t bus, uint32_t devfn, uint32_t offset, uint32_t width, uint32_t value)
{
    g_assert_cmpuint(qh_space_write(f->space, cfg_address(bus, devfn, offset), &value, width, 0),
                     ==, QH_BUS_OK);
}

uint32_t cfg_find(PciFixture *f, uint32_t bus, uint32_t devfn, uint8_t id)
{
    uint32_t at = cfg_read(f, bus, devfn, PCI_CAPABILITIES, 1);

    for (guint i = 0; at != 0 && i < 48; i++) {
        if (cfg_read(f, bus, devfn, at, 1) == id) {
            return at;
        }
        at = cfg_read(f, bus, devfn, at + 1, 1);
    }
    return 0;
}

uint32_t mem_try(PciFixture *f, uint64_t address, uint32_t *ret)
{
    return qh_space_read(f->space, address, ret, 4, 0);
}

uint32_t mem_read(PciFixture *f, uint64_t address)
{
    uint32_t value = 0;

    g_assert_cmpuint(mem_try(f, address, &value), ==, QH_BUS_OK);
    return value;
}

void mem_write(PciFixture *f, uint64_t address, uint32_t value)
{
    g_assert_cmpuint(qh_space_write(f->space, address, &value, 4, 0), ==, QH_BUS_OK);
}

gboolean try_add(PciFixture *f, const char *json, GError **error)
{
    g_autoptr(QhJson) options = qh_json_parse(json, -1, NULL, NULL);

    g_assert_nonnull(options);
    return qh_machine_add_device(f->machine, options, error);
}

void add(PciFixture *f, const char *json)
{
    g_autoptr(GError) error = NULL;

    try_add(f, json, &error);
    g_assert_no_error(error);
}

void add_fails(PciFixture *f, const char *json, const char *part)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(try_add(f, json, &error));
    if (strstr(error->message, part) == NULL) {
        g_error("'%s' is not in '%s'", part, error->message);
    }
}

PciCard *card_of(PciFixture *f, const char *id)
{
    QhInstance *device = qh_instance_at_path(f->machine, id);

    return device != NULL ? (PciCard *)qh_instance_state(device) : NULL;
}

const QhPciService *pci_of(PciCard *card)
{
    return qh_device_service.bus_service(card->base.bus);
}

void settle(void)
{
    gint64 until = g_get_monotonic_time() + 20000;

    while (g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, FALSE);
    }
}
