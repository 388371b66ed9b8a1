/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree's node of the PCI host: bindings/pci/host-generic-pci.yaml, and the PCI Bus
 * Binding to Open Firmware.
 */
#include "modules/riscv/virt-tree.h"

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

static void write_cells(RvTree *tree, const char *name, GArray *cells)
{
    for (guint i = 0; i < cells->len; i++) {
        uint32_t *cell = &g_array_index(cells, uint32_t, i);

        *cell = GUINT32_TO_BE(*cell);
    }
    rv_tree_bytes(tree, name, cells->data, cells->len * (uint32_t)sizeof(uint32_t));
}

/* Four devices, then it repeats: pin P of device D is line (D + P - 1) mod 4. */
static void add_interrupt_map(RvTree *tree)
{
    g_autoptr(GArray) map = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) mask = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t mask_row[4] = {(RV_VIRT_PCIE_LINES - 1) << 11, 0, 0, 7};

    for (uint32_t device = 0; device < RV_VIRT_PCIE_LINES; device++) {
        for (uint32_t pin = 1; pin <= RV_VIRT_PCIE_LINES; pin++) {
            const uint32_t row[7] = {
                device << 11,
                0,
                0,
                pin,
                RV_PHANDLE_PLIC,
                RV_VIRT_PCIE_IRQ + (device + pin - 1) % RV_VIRT_PCIE_LINES,
                RV_TREE_LEVEL_HIGH,
            };
            g_array_append_vals(map, row, tree->virt->aia == RV_VIRT_AIA_NONE ? 6 : 7);
        }
    }
    g_array_append_vals(mask, mask_row, G_N_ELEMENTS(mask_row));
    write_cells(tree, "interrupt-map", map);
    write_cells(tree, "interrupt-map-mask", mask);
}

static void add_pcie(RvTree *tree)
{
    const RvVirt *virt = tree->virt;
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) buses = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t bus_range[2] = {0, (RV_VIRT_PCIE_ECAM_BYTES >> 20) - 1};

    rv_tree_begin(tree, "pci@%x", RV_VIRT_PCIE_ECAM);
    rv_tree_text(tree, "compatible", "pci-host-ecam-generic");
    rv_tree_text(tree, "device_type", "pci");
    rv_tree_cell(tree, "#address-cells", 3);
    rv_tree_cell(tree, "#size-cells", 2);
    rv_tree_cell(tree, "#interrupt-cells", 1);
    rv_tree_cell(tree, "linux,pci-domain", 0);
    g_array_append_vals(buses, bus_range, G_N_ELEMENTS(bus_range));
    write_cells(tree, "bus-range", buses);
    rv_tree_flag(tree, "dma-coherent");
    if (virt->aia == RV_VIRT_AIA_IMSIC) {
        rv_tree_cell(tree, "msi-parent", RV_PHANDLE_IMSIC_S);
    }
    rv_tree_reg(tree, RV_VIRT_PCIE_ECAM, RV_VIRT_PCIE_ECAM_BYTES);
    add_range(ranges, PCI_IO_SPACE, 0, RV_VIRT_PCIE_PIO, RV_VIRT_PCIE_PIO_BYTES);
    add_range(ranges, PCI_MEMORY32, RV_VIRT_PCIE_MMIO, RV_VIRT_PCIE_MMIO, RV_VIRT_PCIE_MMIO_BYTES);
    add_range(ranges, PCI_MEMORY64, virt->pcie_high, virt->pcie_high, virt->pcie_high_bytes);
    write_cells(tree, "ranges", ranges);
    add_interrupt_map(tree);
    rv_tree_end(tree);
}

/* One node for both banks: bindings/mtd/mtd-physmap.yaml. */
static void add_flash(RvTree *tree)
{
    uint64_t cells[2 * RV_VIRT_N_FLASH];

    for (uint32_t n = 0; n < RV_VIRT_N_FLASH; n++) {
        cells[2 * n] = GUINT64_TO_BE((uint64_t)RV_VIRT_FLASH + n * RV_VIRT_FLASH_BYTES);
        cells[2 * n + 1] = GUINT64_TO_BE((uint64_t)RV_VIRT_FLASH_BYTES);
    }
    rv_tree_begin(tree, "flash@%x", RV_VIRT_FLASH);
    rv_tree_text(tree, "compatible", "cfi-flash");
    rv_tree_bytes(tree, "reg", cells, sizeof(cells));
    rv_tree_cell(tree, "bank-width", 4);
    rv_tree_end(tree);
}

void rv_tree_add_io(RvTree *tree)
{
    if (tree->virt->has_fw_cfg) {
        rv_tree_begin(tree, "fw-cfg@%x", RV_VIRT_FW_CFG);
        rv_tree_text(tree, "compatible", "qemu,fw-cfg-mmio");
        rv_tree_reg(tree, RV_VIRT_FW_CFG, RV_VIRT_FW_CFG_BYTES);
        rv_tree_flag(tree, "dma-coherent");
        rv_tree_end(tree);
    }
    if (tree->virt->has_flash) {
        add_flash(tree);
    }
    if (tree->virt->has_pcie) {
        add_pcie(tree);
    }
}
