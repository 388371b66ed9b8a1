/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with a PCI Express host bridge: the module's sources over the real core, seen from the
 * guest's side through configuration space and memory.
 */
#ifndef QH_TESTS_UNIT_PCI_FIXTURE_H
#define QH_TESTS_UNIT_PCI_FIXTURE_H

#include "core/device/bus.h"
#include "modules/pci/pci.h"
#include "tests/unit/machine-fake.h"

#define ECAM      0x30000000u
#define MMIO      0x40000000u
#define MMIO_SIZE 0x10000000u
#define PIO       0x3000000u

/* A device for tests: 4 MSI-X vectors in BAR 1, 4 KiB of registers in the 64-bit BAR 2, 16 ports in
 * BAR 4, resets of its function. */
typedef struct PciCard {
    QhDevice base;
    uint32_t registers[4];
    guint n_resets, n_masked, n_unmasked, n_written;
} PciCard;

typedef struct PciFixture {
    QhHost *host;
    QhMachine *machine;
    QhSpace *space;
    uint32_t lines; /* INTx at the root, a bit each */
} PciFixture;

void pci_set_up(PciFixture *f, gconstpointer data);
void pci_tear_down(PciFixture *f, gconstpointer data);

uint32_t cfg_read(PciFixture *f, uint32_t bus, uint32_t devfn, uint32_t offset, uint32_t width);
void cfg_write(
    PciFixture *f, uint32_t bus, uint32_t devfn, uint32_t offset, uint32_t width, uint32_t value);
/* Offset of a capability, 0 when there is none. */
uint32_t cfg_find(PciFixture *f, uint32_t bus, uint32_t devfn, uint8_t id);
/* 32 bits of physical memory; the first form tells the status. */
uint32_t mem_try(PciFixture *f, uint64_t address, uint32_t *ret);
uint32_t mem_read(PciFixture *f, uint64_t address);
void mem_write(PciFixture *f, uint64_t address, uint32_t value);

gboolean try_add(PciFixture *f, const char *json, GError **error);
void add(PciFixture *f, const char *json);
void add_fails(PciFixture *f, const char *json, const char *part);
PciCard *card_of(PciFixture *f, const char *id);
const QhPciService *pci_of(PciCard *card);
/* Run what the main loop has. */
void settle(void);

#endif
