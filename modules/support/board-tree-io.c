/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nodes of what a board takes from other modules. PCI host: bindings/pci/host-generic-pci.yaml,
 * and the PCI Bus Binding to Open Firmware; flash: bindings/mtd/mtd-physmap.yaml.
 */
#include "modules/support/board-tree.h"

/* phys.hi of a PCI address: space code in bits 25:24 */
#define PCI_IO_SPACE 0x01000000u
#define PCI_MEMORY32 0x02000000u
#define PCI_MEMORY64 0x03000000u

static void add_range(GArray *cells, uint32_t kind, uint64_t pci, uint64_t cpu, uint64_t bytes)
{
    const uint32_t row[7] = {
        kind,          (uint32_t)(pci >> 32),   (uint32_t)pci,   (uint32_t)(cpu >> 32),
        (uint32_t)cpu, (uint32_t)(bytes >> 32), (uint32_t)bytes,
    };

    g_array_append_vals(cells, row, G_N_ELEMENTS(row));
}

/* One row: a device's pin, the controller with an address that it does not look at, the interrupt.
 */
static void add_pin(const BoardTree *tree, GArray *map, uint32_t device, uint32_t pin)
{
    const BoardInterrupt *interrupt = &tree->interrupt;
    const uint32_t source[5] = {device << 11, 0, 0, pin, interrupt->phandle};
    const uint32_t zero = 0;

    g_array_append_vals(map, source, G_N_ELEMENTS(source));
    for (uint32_t i = 0; i < interrupt->address_cells; i++) {
        g_array_append_val(map, zero);
    }
    g_array_append_vals(map, interrupt->cells, interrupt->n_cells);
    g_array_index(map, uint32_t, map->len - interrupt->n_cells + interrupt->number) =
        tree->board->map.pcie.irq + (device + pin - 1) % BOARD_PCIE_LINES;
}

/* Four devices, then it repeats: pin P of device D is line (D + P - 1) mod 4. */
static void add_interrupt_map(BoardTree *tree)
{
    g_autoptr(GArray) map = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t mask[4] = {(BOARD_PCIE_LINES - 1) << 11, 0, 0, 7};

    for (uint32_t device = 0; device < BOARD_PCIE_LINES; device++) {
        for (uint32_t pin = 1; pin <= BOARD_PCIE_LINES; pin++) {
            add_pin(tree, map, device, pin);
        }
    }
    board_tree_cells(tree, "interrupt-map", (const uint32_t *)map->data, map->len);
    board_tree_cells(tree, "interrupt-map-mask", mask, G_N_ELEMENTS(mask));
}

static void add_pcie(BoardTree *tree)
{
    const BoardPcie *pcie = &tree->board->map.pcie;
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t buses[2] = {0, (uint32_t)(pcie->ecam_bytes >> 20) - 1};

    board_tree_begin(tree, "pcie@%" G_GINT64_MODIFIER "x", pcie->ecam);
    board_tree_text(tree, "compatible", "pci-host-ecam-generic");
    board_tree_text(tree, "device_type", "pci");
    board_tree_cell(tree, "#address-cells", 3);
    board_tree_cell(tree, "#size-cells", 2);
    board_tree_cell(tree, "#interrupt-cells", 1);
    board_tree_cell(tree, "linux,pci-domain", 0);
    board_tree_cells(tree, "bus-range", buses, G_N_ELEMENTS(buses));
    board_tree_flag(tree, "dma-coherent");
    if (tree->msi_parent != 0) {
        board_tree_cell(tree, "msi-parent", tree->msi_parent);
    }
    if (tree->msi_map != 0) {
        const uint32_t ids[4] = {0, tree->msi_map, 0, 0x10000};

        board_tree_cells(tree, "msi-map", ids, G_N_ELEMENTS(ids));
    }
    board_tree_reg(tree, pcie->ecam, pcie->ecam_bytes);
    add_range(ranges, PCI_IO_SPACE, 0, pcie->pio, pcie->pio_bytes);
    add_range(ranges, PCI_MEMORY32, pcie->mmio, pcie->mmio, pcie->mmio_bytes);
    if (pcie->high_bytes != 0) {
        add_range(ranges, PCI_MEMORY64, pcie->high, pcie->high, pcie->high_bytes);
    }
    board_tree_cells(tree, "ranges", (const uint32_t *)ranges->data, ranges->len);
    add_interrupt_map(tree);
    board_tree_end(tree);
}

/* One node for both banks. */
static void add_flash(BoardTree *tree)
{
    const BoardMap *map = &tree->board->map;
    uint64_t reg[2 * BOARD_N_FLASH];

    for (uint32_t n = 0; n < BOARD_N_FLASH; n++) {
        reg[2 * n] = map->flash + n * map->flash_bytes;
        reg[2 * n + 1] = map->flash_bytes;
    }
    board_tree_begin(tree, "flash@%" G_GINT64_MODIFIER "x", map->flash);
    board_tree_text(tree, "compatible", "cfi-flash");
    board_tree_wide(tree, "reg", reg, G_N_ELEMENTS(reg));
    board_tree_cell(tree, "bank-width", 4);
    board_tree_end(tree);
}

void board_tree_io(BoardTree *tree)
{
    static const char *const virtio[] = {"virtio,mmio", NULL};
    static const char *const fw_cfg[] = {"qemu,fw-cfg-mmio", NULL};
    const Board *board = tree->board;
    const BoardMap *map = &board->map;

    for (uint32_t i = 0; i < board->n_virtio; i++) {
        board_tree_device(tree, "virtio_mmio", virtio, map->virtio + i * map->virtio_bytes,
                          map->virtio_bytes, map->virtio_irq + i);
        board_tree_flag(tree, "dma-coherent");
        board_tree_end(tree);
    }
    if (board->has_fw_cfg) {
        board_tree_device(tree, "fw-cfg", fw_cfg, map->fw_cfg, map->fw_cfg_bytes, BOARD_NO_IRQ);
        board_tree_flag(tree, "dma-coherent");
        board_tree_end(tree);
    }
    if (board->has_flash) {
        add_flash(tree);
    }
    if (board->has_pcie) {
        add_pcie(tree);
    }
}
