/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI of what all boards take from other modules: PCI Firmware 3.3 (MCFG, _OSC), ACPI 6.5. */
#include "modules/support/acpi.h"

#define N_SLOTS 32u /* of a PCI bus */

/* Opcodes of the method below (ACPI 6.5, 20.3) */
enum {
    OP_LOCAL0 = 0x60,
    OP_ARG0 = 0x68,
    OP_ARG1,
    OP_ARG2,
    OP_ARG3,
    OP_STORE = 0x70,
    OP_AND = 0x7b,
    OP_OR = 0x7d,
    OP_CREATE_DWORD = 0x8a,
    OP_LNOT = 0x92,
    OP_LEQUAL,
    OP_RETURN = 0xa4,
};

/* Native hot plug of PCI Express and SHPC, PME, AER, the capability structure (PCI Firmware 4.5).
 */
#define OSC_GRANTED 0x1fu

static void create_dword(Aml *aml, uint32_t offset, const char *name)
{
    aml_byte(aml, OP_CREATE_DWORD);
    aml_byte(aml, OP_ARG3);
    aml_integer(aml, offset);
    aml_path(aml, name);
}

/* @name |= @bits, behind the condition of an If that is open. */
static void or_into(Aml *aml, const char *name, uint32_t bits)
{
    aml_byte(aml, OP_OR);
    aml_path(aml, name);
    aml_integer(aml, bits);
    aml_path(aml, name);
}

static void begin_if_not_equal(Aml *aml)
{
    aml_begin_if(aml);
    aml_byte(aml, OP_LNOT);
    aml_byte(aml, OP_LEQUAL);
}

/*
 * The operating system asks for control of what the second word lists, and gets what is in
 * OSC_GRANTED. Nobody else's UUID is ever passed to a host bridge, so Arg0 is not looked at. Bit 4
 * of the first word says that something was not granted, bit 3 that the revision is unknown.
 */
static void add_osc(Aml *aml)
{
    aml_begin_method(aml, "_OSC", 4);
    create_dword(aml, 0, "CDW1");
    create_dword(aml, 8, "CDW3");
    aml_byte(aml, OP_AND);
    aml_path(aml, "CDW3");
    aml_integer(aml, OSC_GRANTED);
    aml_byte(aml, OP_LOCAL0);
    begin_if_not_equal(aml);
    aml_byte(aml, OP_ARG1);
    aml_integer(aml, 1);
    or_into(aml, "CDW1", 0x08);
    aml_end(aml);
    begin_if_not_equal(aml);
    aml_path(aml, "CDW3");
    aml_byte(aml, OP_LOCAL0);
    or_into(aml, "CDW1", 0x10);
    aml_end(aml);
    aml_byte(aml, OP_STORE);
    aml_byte(aml, OP_LOCAL0);
    aml_path(aml, "CDW3");
    aml_byte(aml, OP_RETURN);
    aml_byte(aml, OP_ARG3);
    aml_end(aml);
}

/* 6.2.13: pin P of slot D is line (D + P) mod 4, a GSI of its own. */
static void add_routing(Aml *aml, const Board *board, uint32_t gsi)
{
    aml_name(aml, "_PRT");
    aml_begin_package(aml, N_SLOTS * BOARD_PCIE_LINES);
    for (uint32_t slot = 0; slot < N_SLOTS; slot++) {
        for (uint32_t pin = 0; pin < BOARD_PCIE_LINES; pin++) {
            aml_begin_package(aml, 4);
            aml_integer(aml, slot << 16 | 0xffff);
            aml_integer(aml, pin);
            aml_integer(aml, 0);
            aml_integer(aml, gsi + board->map.pcie.irq + (slot + pin) % BOARD_PCIE_LINES);
            aml_end(aml);
        }
    }
    aml_end(aml);
}

/* ECAM is no resource of the bridge: a device of the mother board says that it is taken. */
static void add_reserved(Aml *aml, const Board *board)
{
    aml_begin_device(aml, "RES0");
    aml_name(aml, "_HID");
    aml_eisa(aml, "PNP0C02");
    aml_begin_resources(aml, "_CRS");
    aml_window(aml, 0, board->map.pcie.ecam, board->map.pcie.ecam_bytes, 0);
    aml_end_resources(aml);
    aml_end(aml);
}

void acpi_dsdt_pcie(Aml *aml, const Board *board, uint32_t gsi)
{
    const BoardPcie *pcie = &board->map.pcie;

    if (!board->has_pcie) {
        return;
    }
    aml_begin_device(aml, "PCI0");
    aml_name(aml, "_HID");
    aml_eisa(aml, "PNP0A08");
    aml_name(aml, "_CID");
    aml_eisa(aml, "PNP0A03");
    aml_name_integer(aml, "_SEG", 0);
    aml_name_integer(aml, "_BBN", 0);
    aml_name_integer(aml, "_UID", 0);
    aml_name_integer(aml, "_CCA", 1);
    add_routing(aml, board, gsi);
    aml_begin_resources(aml, "_CRS");
    aml_buses(aml, 0, (uint32_t)(pcie->ecam_bytes >> 20));
    aml_window(aml, 0, pcie->mmio, pcie->mmio_bytes, 0);
    aml_window(aml, 1, 0, pcie->pio_bytes, pcie->pio);
    if (pcie->high_bytes != 0) {
        aml_window(aml, 0, pcie->high, pcie->high_bytes, 0);
    }
    aml_end_resources(aml);
    add_osc(aml);
    add_reserved(aml, board);
    aml_end(aml);
}

void acpi_add_mcfg(Acpi *acpi, const Board *board)
{
    const BoardPcie *pcie = &board->map.pcie;

    if (!board->has_pcie) {
        return;
    }
    acpi_begin(acpi, "MCFG", 1, TRUE);
    acpi_zeros(acpi, 8);
    acpi_put(acpi, pcie->ecam, 8);
    acpi_put(acpi, 0, 2); /* segment, first and last bus */
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, (pcie->ecam_bytes >> 20) - 1, 1);
    acpi_zeros(acpi, 4);
    acpi_end(acpi);
}

/* The _HID of Linux's virtio-mmio driver. */
void acpi_dsdt_virtio(Aml *aml, const Board *board, uint32_t gsi)
{
    const BoardMap *map = &board->map;

    for (uint32_t i = 0; i < board->n_virtio; i++) {
        g_autofree char *name = g_strdup_printf("VR%02u", i);

        aml_begin_device(aml, name);
        aml_name_string(aml, "_HID", "LNRO0005");
        aml_name_integer(aml, "_UID", i);
        aml_name_integer(aml, "_CCA", 1);
        aml_begin_resources(aml, "_CRS");
        aml_memory32(aml, (uint32_t)(map->virtio + i * map->virtio_bytes),
                     (uint32_t)map->virtio_bytes);
        aml_interrupt(aml, gsi + map->virtio_irq + i);
        aml_end_resources(aml);
        aml_end(aml);
    }
}

void acpi_dsdt_fw_cfg(Aml *aml, const Board *board)
{
    if (!board->has_fw_cfg) {
        return;
    }
    aml_begin_device(aml, "FWCF");
    aml_name_string(aml, "_HID", "QEMU0002");
    aml_name_integer(aml, "_STA", 0xb); /* there, works, not shown */
    aml_name_integer(aml, "_CCA", 1);
    aml_begin_resources(aml, "_CRS");
    aml_memory32(aml, (uint32_t)board->map.fw_cfg, (uint32_t)board->map.fw_cfg_bytes);
    aml_end_resources(aml);
    aml_end(aml);
}
