/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI from the guest's side: configuration space, BARs, interrupts, bridges, addresses, DMA. */
#include "core/loop/timers.h"
#include "tests/unit/pci-fixture.h"

#include <string.h>
#include <unistd.h>

#define EDU_DEVFN   (5u << 3)
#define MASTER_ON   (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY)
#define MSI_ADDRESS (FAKE_RAM_AT + 0x100u)

static void test_identity(PciFixture *f, gconstpointer data)
{
    (void)data;
    add(f, "{\"driver\": \"edu\", \"addr\": \"5\"}");
    g_assert_cmphex(cfg_read(f, 0, 0, 0, 4), ==, 0x00081b36);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, 0, 4), ==, 0x11e81234);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, 8, 4), ==, 0x00ff0010);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_SUBSYSTEM_VID, 4), ==, 0x11001af4);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_INTERRUPT_PIN, 1), ==, 1);
    /* nobody there: all ones, whatever the width */
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN + 1, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, 31 << 3, 0, 2), ==, 0xffff);
    g_assert_cmphex(cfg_read(f, 7, 0, 2, 1), ==, 0xff);
    cfg_write(f, 7, 0, 4, 4, 0xffffffff);

    /* what may not be written stays */
    cfg_write(f, 0, EDU_DEVFN, 0, 4, 0);
    cfg_write(f, 0, EDU_DEVFN, 8, 4, 0);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, 0xffff);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, 0, 4), ==, 0x11e81234);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, 8, 4), ==, 0x00ff0010);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_COMMAND, 2), ==, 0x0547);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, 0xffc, 4), ==, 0);
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_WARM, NULL));
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_COMMAND, 2), ==, 0);
}

static void test_bars(PciFixture *f, gconstpointer data)
{
    uint32_t value;

    (void)data;
    add(f, "{\"driver\": \"edu\", \"addr\": \"5\"}");
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_BAR0, 4), ==, 0xfff00000);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0 + 4, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_BAR0 + 4, 4), ==, 0);

    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO + 0x12345678);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_BAR0, 4), ==, MMIO + 0x12300000);
    g_assert_cmpuint(mem_try(f, MMIO + 0x12300000, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO + 0x100000);
    g_assert_cmpuint(mem_try(f, MMIO + 0x100000, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmphex(mem_read(f, MMIO + 0x100000), ==, 0x010000ed);
    mem_write(f, MMIO + 0x100004, 0x12345678);
    g_assert_cmphex(mem_read(f, MMIO + 0x100004), ==, ~0x12345678u);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO + 0x300000);
    g_assert_cmpuint(mem_try(f, MMIO + 0x100000, &value), !=, QH_BUS_OK);
    g_assert_cmphex(mem_read(f, MMIO + 0x300000), ==, 0x010000ed);
    /* outside what the board lets through, at 0 and at the end it is nowhere */
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, 0x20000000);
    g_assert_cmpuint(mem_try(f, 0x20000000, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, 0);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, 0xffffffff);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO);
    g_assert_cmphex(mem_read(f, MMIO), ==, 0x010000ed);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, 0);
    g_assert_cmpuint(mem_try(f, MMIO, &value), !=, QH_BUS_OK);
}

static void test_wide_and_io(PciFixture *f, gconstpointer data)
{
    const uint32_t devfn = 6u << 3;
    uint32_t value;

    (void)data;
    add(f, "{\"driver\": \"card\", \"addr\": \"6\", \"id\": \"c\"}");
    cfg_write(f, 0, devfn, PCI_BAR0 + 8, 4, 0xffffffff);
    cfg_write(f, 0, devfn, PCI_BAR0 + 12, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_BAR0 + 8, 4), ==, 0xfffff004);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_BAR0 + 12, 4), ==, 0xffffffff);
    cfg_write(f, 0, devfn, PCI_BAR0 + 16, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_BAR0 + 16, 4), ==, 0xfffffff1);
    cfg_write(f, 0, devfn, PCI_BAR0 + 8, 4, 0x1000);
    cfg_write(f, 0, devfn, PCI_BAR0 + 12, 4, 4);
    cfg_write(f, 0, devfn, PCI_BAR0 + 16, 4, 0x2000);
    cfg_write(f, 0, devfn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    mem_write(f, 0x400001004, 7);
    g_assert_cmpuint(card_of(f, "c")->registers[1], ==, 7);
    g_assert_cmpuint(mem_try(f, PIO + 0x2004, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, devfn, PCI_COMMAND, 2, PCI_COMMAND_IO);
    g_assert_cmpuint(mem_read(f, PIO + 0x2004), ==, 7);
    g_assert_cmpuint(mem_try(f, 0x400001004, &value), !=, QH_BUS_OK);
    g_assert_cmpuint(card_of(f, "c")->n_written, >, 0);
}

static void test_rom(PciFixture *f, gconstpointer data)
{
    const uint32_t devfn = 5u << 3;
    g_autofree char *path = NULL;
    g_autofree char *good = NULL;
    g_autofree char *off = NULL;
    g_autofree char *empty = NULL;
    char text[3001];
    uint32_t value;
    int fd = g_file_open_tmp("qh-rom-XXXXXX", &path, NULL);

    (void)data;
    g_assert_cmpint(fd, >=, 0);
    empty = g_strdup_printf("{\"driver\": \"edu\", \"addr\": \"7\", \"romfile\": \"%s\"}", path);
    add_fails(f, empty, "it is empty");
    memset(text, 'a', sizeof(text));
    memcpy(text, "\x55\xaa\x01\x02", 4);
    g_assert_cmpint(write(fd, text, sizeof(text)), ==, sizeof(text));
    close(fd);
    good = g_strdup_printf("{\"driver\": \"edu\", \"addr\": \"5\", \"romfile\": \"%s\"}", path);
    add(f, good);
    off = g_strdup_printf(
        "{\"driver\": \"edu\", \"addr\": \"6\", \"romfile\": \"%s\", \"rombar\": 0}", path);
    add(f, off);
    add(f, "{\"driver\": \"edu\", \"addr\": \"8\", \"romfile\": \"\"}");
    add_fails(f, "{\"driver\": \"edu\", \"romfile\": \"/nonexistent\"}", "No such file");
    add_fails(f, "{\"driver\": \"edu\", \"romfile\": \"/\"}", "no regular file");
    g_assert_cmpint(unlink(path), ==, 0);

    cfg_write(f, 0, devfn + 8, PCI_ROM, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, devfn + 8, PCI_ROM, 4), ==, 0);
    cfg_write(f, 0, devfn, PCI_ROM, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_ROM, 4), ==, 0xfffff001);
    /* it decodes when both its own bit and that of the command register are on */
    cfg_write(f, 0, devfn, PCI_ROM, 4, MMIO + 0x1000);
    cfg_write(f, 0, devfn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_cmpuint(mem_try(f, MMIO + 0x1000, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, devfn, PCI_ROM, 4, MMIO + 0x1001);
    g_assert_cmphex(mem_read(f, MMIO + 0x1000), ==, 0x0201aa55);
    g_assert_cmphex(mem_read(f, MMIO + 0x1000 + 3000), ==, 0xffffff61);
    g_assert_cmphex(mem_read(f, MMIO + 0x1ffc), ==, 0xffffffff);
    mem_write(f, MMIO + 0x1000, 0);
    g_assert_cmphex(mem_read(f, MMIO + 0x1000), ==, 0x0201aa55);
    cfg_write(f, 0, devfn, PCI_ROM, 4, MMIO + 0x8001);
    g_assert_cmpuint(mem_try(f, MMIO + 0x1000, &value), !=, QH_BUS_OK);
    g_assert_cmphex(mem_read(f, MMIO + 0x8000), ==, 0x0201aa55);
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_WARM, NULL));
    g_assert_cmpuint(mem_try(f, MMIO + 0x8000, &value), !=, QH_BUS_OK);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_ROM, 4), ==, 0);
}

static void test_intx(PciFixture *f, gconstpointer data)
{
    (void)data;
    add(f, "{\"driver\": \"edu\", \"addr\": \"5\"}");
    add(f, "{\"driver\": \"card\", \"addr\": \"4\", \"id\": \"c\"}");
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    mem_write(f, MMIO + 0x60, 0x10);
    g_assert_cmphex(f->lines, ==, 1u << ((5 + 0) % 4));
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_STATUS, 2) & 8, ==, 8);
    /* pin B of device 4 is the same line: it stays high until both are done */
    PciCard *card = card_of(f, "c");
    pci_of(card)->set_irq(&card->base, TRUE);
    g_assert_cmphex(f->lines, ==, 1u << ((4 + 1) % 4));
    mem_write(f, MMIO + 0x64, 0x10);
    g_assert_cmphex(f->lines, ==, 2);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, PCI_STATUS, 2) & 8, ==, 0);
    cfg_write(f, 0, 4 << 3, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
    g_assert_cmphex(f->lines, ==, 0);
    g_assert_cmphex(cfg_read(f, 0, 4 << 3, PCI_STATUS, 2) & 8, ==, 8);
    cfg_write(f, 0, 4 << 3, PCI_COMMAND, 2, 0);
    g_assert_cmphex(f->lines, ==, 2);
    pci_of(card)->set_irq(&card->base, FALSE);
    g_assert_cmphex(f->lines, ==, 0);
}

static void test_msi(PciFixture *f, gconstpointer data)
{
    (void)data;
    add(f, "{\"driver\": \"edu\", \"addr\": \"5\"}");
    uint32_t msi = cfg_find(f, 0, EDU_DEVFN, PCI_CAP_MSI);
    g_assert_cmpuint(msi, !=, 0);
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    cfg_write(f, 0, EDU_DEVFN, msi + 4, 4, MSI_ADDRESS);
    cfg_write(f, 0, EDU_DEVFN, msi + 12, 2, 0xabc);
    cfg_write(f, 0, EDU_DEVFN, msi + 2, 2, 1);
    mem_write(f, MMIO + 0x60, 1);
    g_assert_cmphex(f->lines, ==, 0);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS), ==, 0); /* it may not write */
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, MASTER_ON);
    mem_write(f, MMIO + 0x60, 1);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS), ==, 0xabc);
    mem_write(f, MSI_ADDRESS, 0);
    cfg_write(f, 0, EDU_DEVFN, msi + 16, 4, 0xffffffff);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, msi + 16, 4), ==, 1);
    mem_write(f, MMIO + 0x60, 1);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS), ==, 0);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, msi + 20, 4), ==, 1);
    cfg_write(f, 0, EDU_DEVFN, msi + 16, 4, 0);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS), ==, 0xabc);
    g_assert_cmphex(cfg_read(f, 0, EDU_DEVFN, msi + 20, 4), ==, 0);
}

static void test_msix(PciFixture *f, gconstpointer data)
{
    const uint32_t devfn = 6u << 3, bar = MMIO + 0x10000;

    (void)data;
    add(f, "{\"driver\": \"card\", \"addr\": \"6\", \"id\": \"c\"}");
    PciCard *card = card_of(f, "c");
    const QhPciService *pci = pci_of(card);
    uint32_t cap = cfg_find(f, 0, devfn, PCI_CAP_MSIX);
    g_assert_cmphex(cfg_read(f, 0, devfn, cap + 2, 2), ==, 3);
    g_assert_cmphex(cfg_read(f, 0, devfn, cap + 4, 4), ==, 1);
    g_assert_cmphex(cfg_read(f, 0, devfn, cap + 8, 4), ==, 0x801);
    cfg_write(f, 0, devfn, PCI_BAR0 + 4, 4, bar);
    cfg_write(f, 0, devfn, PCI_COMMAND, 2, MASTER_ON);
    g_assert_cmphex(mem_read(f, bar + 12), ==, 1);
    g_assert_false(pci->notify(&card->base, 0));
    g_assert_cmpuint(pci->interrupt_mode(&card->base), ==, QH_PCI_INTX);

    for (uint32_t n = 0; n < 4; n++) {
        mem_write(f, bar + 16 * n, MSI_ADDRESS + 4 * n);
        mem_write(f, bar + 16 * n + 8, 0x100 + n);
        mem_write(f, bar + 16 * n + 12, n == 3 ? 0xffffffff : 0);
    }
    g_assert_cmphex(mem_read(f, bar + 16 * 3 + 12), ==, 1);
    cfg_write(f, 0, devfn, cap + 2, 2, 0xc000); /* on, all masked */
    g_assert_cmpuint(pci->interrupt_mode(&card->base), ==, QH_PCI_MSIX);
    g_assert_true(pci->notify(&card->base, 2));
    g_assert_cmphex(mem_read(f, bar + 0x800), ==, 4);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS + 8), ==, 0);
    cfg_write(f, 0, devfn, cap + 2, 2, 0x8000);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS + 8), ==, 0x102);
    g_assert_cmphex(mem_read(f, bar + 0x800), ==, 0);
    g_assert_cmpuint(card->n_unmasked, ==, 3);
    g_assert_true(pci->notify(&card->base, 3));
    g_assert_true(pci->vector_is_masked(&card->base, 3));
    g_assert_cmphex(mem_read(f, bar + 0x800), ==, 8);
    mem_write(f, bar + 0x800, 0); /* read-only */
    g_assert_cmphex(mem_read(f, bar + 0x800), ==, 8);
    mem_write(f, bar + 16 * 3 + 12, 0);
    g_assert_cmphex(mem_read(f, MSI_ADDRESS + 12), ==, 0x103);
    g_assert_true(pci->notify(&card->base, 77)); /* no such vector: nothing happens */
    pci->set_irq(&card->base, TRUE);
    g_assert_cmphex(f->lines, ==, 0);
    pci->set_irq(&card->base, FALSE);
}

static void
number_port(PciFixture *f, uint32_t bus, uint32_t devfn, uint32_t secondary, uint32_t last)
{
    cfg_write(f, bus, devfn, PCI_PRIMARY_BUS, 4, last << 16 | secondary << 8 | bus);
    cfg_write(f, bus, devfn, PCI_MEMORY_BASE, 4, (MMIO + 0xf00000) | MMIO >> 16);
    cfg_write(f, bus, devfn, PCI_COMMAND, 2, MASTER_ON);
}

static void test_bridges(PciFixture *f, gconstpointer data)
{
    uint32_t value;

    (void)data;
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"addr\": \"1\", \"chassis\": 1}");
    add(f, "{\"driver\": \"x3130-upstream\", \"id\": \"u\", \"bus\": \"p\"}");
    add(f, "{\"driver\": \"xio3130-downstream\", \"id\": \"d\", \"bus\": \"u\", \"addr\": \"2\"}");
    add(f, "{\"driver\": \"edu\", \"id\": \"e\", \"bus\": \"d\"}");
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0xffffffff);
    number_port(f, 0, 1 << 3, 1, 3);
    g_assert_cmphex(cfg_read(f, 1, 0, 0, 4), ==, 0x8232104c);
    number_port(f, 1, 0, 2, 3);
    g_assert_cmphex(cfg_read(f, 2, 2 << 3, 0, 4), ==, 0x8233104c);
    number_port(f, 2, 2 << 3, 3, 3);
    g_assert_cmphex(cfg_read(f, 3, 0, 0, 4), ==, 0x11e81234);
    g_assert_cmphex(cfg_read(f, 3, 1 << 3, 0, 4), ==, 0xffffffff);
    cfg_write(f, 3, 0, PCI_BAR0, 4, MMIO + 0x200000);
    cfg_write(f, 3, 0, PCI_COMMAND, 2, MASTER_ON);
    g_assert_cmphex(mem_read(f, MMIO + 0x200000), ==, 0x010000ed);
    /* one closed window on the way is enough */
    cfg_write(f, 1, 0, PCI_MEMORY_BASE, 4, 0x0000fff0);
    g_assert_cmpuint(mem_try(f, MMIO + 0x200000, &value), !=, QH_BUS_OK);
    number_port(f, 1, 0, 2, 3);
    g_assert_cmphex(mem_read(f, MMIO + 0x200000), ==, 0x010000ed);
    cfg_write(f, 0, 1 << 3, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    g_assert_cmpuint(mem_try(f, MMIO + 0x200000, &value), !=, QH_BUS_OK);
    cfg_write(f, 0, 1 << 3, PCI_COMMAND, 2, MASTER_ON);
    PciCard *edu = card_of(f, "e");
    g_assert_cmphex(pci_of(edu)->requester(&edu->base), ==, 0x300);
    g_assert_true(pci_of(edu)->is_master(&edu->base));
    cfg_write(f, 2, 2 << 3, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_assert_false(pci_of(edu)->is_master(&edu->base));
    /* interrupts: pin A of device 0, turned by the downstream port's 2, the others' 0, slot 1 */
    mem_write(f, MMIO + 0x200060, 1);
    g_assert_cmphex(f->lines, ==, 1u << 3);
    /* a reset of the bus below the root port takes everything with it */
    cfg_write(f, 0, 1 << 3, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_RESET);
    g_assert_cmphex(f->lines, ==, 0);
    cfg_write(f, 0, 1 << 3, PCI_BRIDGE_CONTROL, 2, 0);
    g_assert_cmphex(cfg_read(f, 1, 0, PCI_SECONDARY_BUS, 1), ==, 0);
    g_assert_cmphex(cfg_read(f, 3, 0, 0, 4), ==, 0xffffffff);
}

static void test_conventional(PciFixture *f, gconstpointer data)
{
    (void)data;
    add(f, "{\"driver\": \"pcie-pci-bridge\", \"id\": \"b\"}");
    add(f, "{\"driver\": \"pci-bridge\", \"id\": \"c\", \"bus\": \"b\", \"addr\": \"3\"}");
    add(f, "{\"driver\": \"card\", \"id\": \"x\", \"bus\": \"c\", \"addr\": \"1f\"}");
    add_fails(f, "{\"driver\": \"pcie-root-port\", \"bus\": \"c\"}", "needs a PCI Express bus");
    number_port(f, 0, 1 << 3, 1, 2);
    number_port(f, 1, 3 << 3, 2, 2);
    g_assert_cmphex(cfg_read(f, 2, 31 << 3, 0, 4), ==, 0x56781234);
    g_assert_cmpuint(cfg_find(f, 2, 31 << 3, PCI_CAP_EXPRESS), ==, 0);
    g_assert_cmphex(cfg_read(f, 2, 31 << 3, 0x100, 4), ==, 0xffffffff);
    g_assert_false(pci_of(card_of(f, "x"))->is_express(&card_of(f, "x")->base));
}

static void test_flr(PciFixture *f, gconstpointer data)
{
    const uint32_t devfn = 6u << 3;

    (void)data;
    add(f, "{\"driver\": \"card\", \"addr\": \"6\", \"id\": \"c\"}");
    uint32_t express = cfg_find(f, 0, devfn, PCI_CAP_EXPRESS);
    guint before = card_of(f, "c")->n_resets;
    cfg_write(f, 0, devfn, PCI_COMMAND, 2, MASTER_ON);
    cfg_write(f, 0, devfn, express + 8, 2, 0x8000);
    g_assert_cmpuint(card_of(f, "c")->n_resets, ==, before + 1);
    g_assert_cmphex(cfg_read(f, 0, devfn, PCI_COMMAND, 2), ==, 0);
    g_assert_cmphex(cfg_read(f, 0, devfn, express + 8, 2), ==, 0x2810);
}

static void test_dma(PciFixture *f, gconstpointer data)
{
    static const uint64_t bad[][3] = {
        {FAKE_RAM_AT,    0x3ffff,    4         },
        {FAKE_RAM_AT,    0x40ffd,    4         },
        {FAKE_RAM_AT,    0x40000,    4097      },
        {FAKE_RAM_AT,    0x40000,    UINT64_MAX},
        {FAKE_RAM_AT,    UINT64_MAX, 2         },
        {MMIO,           0x40000,    4         },
        {UINT64_MAX - 1, 0x40000,    4         },
    };
    (void)data;
    add(f, "{\"driver\": \"edu\", \"addr\": \"5\", \"dma_mask\": \"0xffffffffffffffff\"}");
    cfg_write(f, 0, EDU_DEVFN, PCI_BAR0, 4, MMIO);
    cfg_write(f, 0, EDU_DEVFN, PCI_COMMAND, 2, MASTER_ON);
    mem_write(f, FAKE_RAM_AT + 0x40, 0x11223344);
    for (guint round = 0; round < 2 + G_N_ELEMENTS(bad); round++) {
        uint64_t ram = round < 2 ? FAKE_RAM_AT + 0x40 + 0x40 * round : bad[round - 2][0];
        uint64_t inner = round < 2 ? 0x40100 : bad[round - 2][1];
        uint64_t count = round < 2 ? 4 : bad[round - 2][2];
        uint64_t values[4] = {round == 0 ? ram : inner, round == 0 ? inner : ram, count,
                              round == 0 ? 5 : 7};

        for (guint i = 0; i < 4; i++) {
            g_assert_cmpuint(qh_space_write(f->space, MMIO + 0x80 + 8 * i, &values[i], 8, 0), ==,
                             QH_BUS_OK);
        }
        qh_timers_start_virtual(qh_host_timers(f->host));
        settle();
        qh_timers_stop_virtual(qh_host_timers(f->host));
        g_assert_cmphex(mem_read(f, MMIO + 0x98) & 1, ==, 0);
        g_assert_cmphex(mem_read(f, MMIO + 0x24), ==, 0x100);
        mem_write(f, MMIO + 0x64, 0x100);
    }
    g_assert_cmphex(mem_read(f, FAKE_RAM_AT + 0x80), ==, 0x11223344);
    g_assert_cmphex(mem_read(f, FAKE_RAM_AT), ==, 0x12345678); /* the image: nobody wrote there */
}

static void test_addresses(PciFixture *f, gconstpointer data)
{
    static const char *const bad[][2] = {
        {"{\"driver\": \"edu\", \"addr\": \"20\"}",                     "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"1.8\"}",                    "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"x\"}",                      "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"1.2.3\"}",                  "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"-1\"}",                     "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"0x\"}",                     "not an address"      },
        {"{\"driver\": \"edu\", \"addr\": \"0\"}",                      "in use by"           },
        {"{\"driver\": \"edu\", \"addr\": \"0x1.0x1\", \"id\": \"e\"}", "in use by device 'b'"},
        {"{\"driver\": \"edu\", \"addr\": \"2.1\"}",                    "multifunction=on"    },
        {"{\"driver\": \"edu\", \"addr\": \"3\"}",                      "multifunction=on"    },
        {"{\"driver\": \"edu\", \"bus\": \"p\", \"addr\": \"1\"}",      "slot 0 only"         },
        {"{\"driver\": \"edu\", \"bus\": \"nowhere\"}",                 "no bus 'nowhere'"    },
        {"{\"driver\": \"gpex-root\"}",                                 "only a machine"      },
    };

    (void)data;
    add(f, "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"addr\": \"0x8\"}");
    add(f, "{\"driver\": \"edu\", \"id\": \"a\", \"addr\": \"0x1\", \"multifunction\": true}");
    add(f, "{\"driver\": \"edu\", \"id\": \"b\", \"addr\": \"0x1.0x1\"}");
    add(f, "{\"driver\": \"edu\", \"id\": \"c\", \"addr\": \"2\"}");
    add(f, "{\"driver\": \"edu\", \"id\": \"d\", \"addr\": \"3.7\"}");
    g_assert_cmphex(cfg_read(f, 0, 1 << 3, PCI_HEADER_TYPE, 1), ==, 0x80);
    g_assert_cmphex(cfg_read(f, 0, 1 << 3 | 1, 0, 4), ==, 0x11e81234);
    g_assert_cmphex(cfg_read(f, 0, 3 << 3 | 7, 0, 4), ==, 0xffffffff); /* no function 0 */
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        add_fails(f, bad[i][0], bad[i][1]);
    }
    /* 0 .. 3 and 8 are taken; the root bus has 32 slots, the port one more */
    for (guint i = 0; i < 28; i++) {
        add(f, "{\"driver\": \"edu\"}");
    }
    add_fails(f, "{\"driver\": \"edu\"}", "no free slot");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(PciFixture *f, gconstpointer data);
    } tests[] = {
        {"/pci/identity",     test_identity    },
        {"/pci/bars",         test_bars        },
        {"/pci/wide-and-io",  test_wide_and_io },
        {"/pci/rom",          test_rom         },
        {"/pci/intx",         test_intx        },
        {"/pci/msi",          test_msi         },
        {"/pci/msix",         test_msix        },
        {"/pci/bridges",      test_bridges     },
        {"/pci/conventional", test_conventional},
        {"/pci/flr",          test_flr         },
        {"/pci/dma",          test_dma         },
        {"/pci/addresses",    test_addresses   },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, PciFixture, NULL, pci_set_up, tests[i].fn, pci_tear_down);
    }
    return g_test_run();
}
