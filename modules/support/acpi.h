/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables (ACPI 6.5, 5.2) in one file of fw_cfg, and the commands by which firmware places it,
 * fills in addresses and checksums (QEMU's etc/table-loader, which EDK2 and SeaBIOS run).
 *
 * A table lies between acpi_begin and acpi_end; all but those with @listed FALSE are listed in the
 * XSDT. All calls are [main].
 */
#ifndef SUPPORT_ACPI_H
#define SUPPORT_ACPI_H

#include "modules/support/aml.h"
#include "modules/support/board.h"

typedef struct Acpi {
    GByteArray *tables;
    GByteArray *loader;
    GArray *listed; /* uint32_t: where they start */
    uint32_t table; /* where the one that is open starts */
} Acpi;

void acpi_init(Acpi *acpi);
void acpi_clear(Acpi *acpi);

/* Open a table with its header; gives its place, for acpi_pointer. */
uint32_t acpi_begin(Acpi *acpi, const char *signature, uint8_t revision, gboolean listed);
void acpi_end(Acpi *acpi);

/* Fields, little-endian. */
void acpi_put(Acpi *acpi, uint64_t value, uint32_t bytes);
void acpi_zeros(Acpi *acpi, uint32_t bytes);
void acpi_bytes(Acpi *acpi, const void *data, uint32_t bytes);
/* A field that will hold the address of the table at @place. */
void acpi_pointer(Acpi *acpi, uint32_t place, uint32_t bytes);
/* Generic address structure (5.2.3.2) of memory, 32-bit accesses. */
void acpi_memory(Acpi *acpi, uint64_t address);
/* How far the open table has come. */
uint32_t acpi_offset(const Acpi *acpi);

/* Add the XSDT and the files, if the machine has a device that shows them. FALSE with @error. */
gboolean acpi_publish(Acpi *acpi, Board *board, GError **error);

/*
 * acpi-board.c: what all boards have. @gsi is the number of the controller's input 0. The PCI host
 * with its windows and interrupts; MCFG; virtio slots; fw_cfg.
 */
void acpi_dsdt_pcie(Aml *aml, const Board *board, uint32_t gsi);
void acpi_add_mcfg(Acpi *acpi, const Board *board);
void acpi_dsdt_virtio(Aml *aml, const Board *board, uint32_t gsi);
void acpi_dsdt_fw_cfg(Aml *aml, const Board *board);

#endif
