/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/acpi.h"

#include <string.h>

#define TABLES_FILE "etc/acpi/tables"
#define RSDP_FILE   "etc/acpi/rsdp"
#define LOADER_FILE "etc/table-loader"

#define OEM_ID       "QHOST "
#define OEM_TABLE_ID "QHVIRT  "
#define CREATOR      "QHST"
#define CHECKSUM_AT  9u /* in a header */

#define RSDP_BYTES    36u /* 5.2.5.3 */
#define RSDP_V1_BYTES 20u
#define RSDP_XSDT_AT  24u

/* Commands of the table loader, 128 bytes each (EDK2, OvmfPkg/AcpiPlatformDxe/QemuLoader.h) */
#define COMMAND_BYTES  128u
#define FILE_BYTES     56u
#define CMD_ALLOCATE   1u
#define CMD_POINTER    2u
#define CMD_CHECKSUM   3u
#define ZONE_HIGH      1u
#define ZONE_LOW       2u /* below 1 MiB, where there is such a place */
#define TABLES_ALIGNED 64u
#define RSDP_ALIGNED   16u

void acpi_init(Acpi *acpi)
{
    acpi->tables = g_byte_array_new();
    acpi->loader = g_byte_array_new();
    acpi->listed = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void acpi_clear(Acpi *acpi)
{
    g_byte_array_unref(acpi->tables);
    g_byte_array_unref(acpi->loader);
    g_array_unref(acpi->listed);
}

static uint8_t *command(Acpi *acpi, uint32_t number, const char *file)
{
    uint32_t at = acpi->loader->len, little = GUINT32_TO_LE(number);
    uint8_t *data;

    g_byte_array_set_size(acpi->loader, at + COMMAND_BYTES);
    data = acpi->loader->data + at;
    memset(data, 0, COMMAND_BYTES);
    memcpy(data, &little, 4);
    g_strlcpy((char *)data + 4, file, FILE_BYTES);
    return data + 4 + FILE_BYTES;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    uint32_t little = GUINT32_TO_LE(value);

    memcpy(at, &little, 4);
    return at + 4;
}

static void add_allocate(Acpi *acpi, const char *file, uint32_t alignment, uint8_t zone)
{
    *put32(command(acpi, CMD_ALLOCATE, file), alignment) = zone;
}

/* The @bytes at @at of @file are an offset into the tables, and become an address. */
static void add_pointer(Acpi *acpi, const char *file, uint32_t at, uint32_t bytes)
{
    uint8_t *rest = command(acpi, CMD_POINTER, file);

    g_strlcpy((char *)rest, TABLES_FILE, FILE_BYTES);
    *put32(rest + FILE_BYTES, at) = (uint8_t)bytes;
}

static void add_checksum(Acpi *acpi, const char *file, uint32_t at, uint32_t start, uint32_t length)
{
    put32(put32(put32(command(acpi, CMD_CHECKSUM, file), at), start), length);
}

void acpi_bytes(Acpi *acpi, const void *data, uint32_t bytes)
{
    g_byte_array_append(acpi->tables, data, bytes);
}

void acpi_put(Acpi *acpi, uint64_t value, uint32_t bytes)
{
    uint64_t little = GUINT64_TO_LE(value);

    g_assert(bytes <= 8);
    acpi_bytes(acpi, &little, bytes);
}

void acpi_zeros(Acpi *acpi, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        acpi_put(acpi, 0, 1);
    }
}

void acpi_memory(Acpi *acpi, uint64_t address)
{
    acpi_put(acpi, 0, 1);  /* system memory */
    acpi_put(acpi, 32, 1); /* bits */
    acpi_put(acpi, 0, 1);
    acpi_put(acpi, 3, 1); /* accessed as 32 bits */
    acpi_put(acpi, address, 8);
}

uint32_t acpi_offset(const Acpi *acpi)
{
    return acpi->tables->len - acpi->table;
}

/* 5.2.6; the length comes with acpi_end. Tables start at multiples of 8. */
uint32_t acpi_begin(Acpi *acpi, const char *signature, uint8_t revision, gboolean listed)
{
    acpi_zeros(acpi, -acpi->tables->len & 7);
    acpi->table = acpi->tables->len;
    acpi_bytes(acpi, signature, 4);
    acpi_put(acpi, 0, 4);
    acpi_put(acpi, revision, 1);
    acpi_put(acpi, 0, 1);
    acpi_bytes(acpi, OEM_ID, 6);
    acpi_bytes(acpi, OEM_TABLE_ID, 8);
    acpi_put(acpi, 1, 4);
    acpi_bytes(acpi, CREATOR, 4);
    acpi_put(acpi, 1, 4);
    if (listed) {
        g_array_append_val(acpi->listed, acpi->table);
    }
    return acpi->table;
}

void acpi_end(Acpi *acpi)
{
    uint32_t length = acpi_offset(acpi);

    put32(acpi->tables->data + acpi->table + 4, length);
    add_checksum(acpi, TABLES_FILE, acpi->table + CHECKSUM_AT, acpi->table, length);
}

/* The command runs before that for the table's checksum, which acpi_end adds. */
void acpi_pointer(Acpi *acpi, uint32_t place, uint32_t bytes)
{
    add_pointer(acpi, TABLES_FILE, acpi->tables->len, bytes);
    acpi_put(acpi, place, bytes);
}

static uint32_t add_xsdt(Acpi *acpi)
{
    uint32_t place = acpi_begin(acpi, "XSDT", 1, FALSE);

    for (guint i = 0; i < acpi->listed->len; i++) {
        acpi_pointer(acpi, g_array_index(acpi->listed, uint32_t, i), 8);
    }
    acpi_end(acpi);
    return place;
}

static void fill_rsdp(Acpi *acpi, uint8_t rsdp[RSDP_BYTES], uint32_t xsdt)
{
    memset(rsdp, 0, RSDP_BYTES);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, OEM_ID, 6);
    rsdp[15] = 2;
    put32(rsdp + 20, RSDP_BYTES);
    put32(rsdp + RSDP_XSDT_AT, xsdt);
    add_pointer(acpi, RSDP_FILE, RSDP_XSDT_AT, 8);
    add_checksum(acpi, RSDP_FILE, 8, 0, RSDP_V1_BYTES);
    add_checksum(acpi, RSDP_FILE, 32, 0, RSDP_BYTES);
}

gboolean acpi_publish(Acpi *acpi, Board *board, GError **error)
{
    const QhFwService *fw = board->services->fw;
    g_autoptr(GByteArray) commands = acpi->loader;
    uint8_t rsdp[RSDP_BYTES];

    fill_rsdp(acpi, rsdp, add_xsdt(acpi));
    /* the files come first, then what is done to them */
    acpi->loader = g_byte_array_new();
    add_allocate(acpi, RSDP_FILE, RSDP_ALIGNED, ZONE_LOW);
    add_allocate(acpi, TABLES_FILE, TABLES_ALIGNED, ZONE_HIGH);
    g_byte_array_append(acpi->loader, commands->data, commands->len);
    return !fw->present(board->machine) ||
           (fw->set(board->machine, TABLES_FILE, acpi->tables->data, acpi->tables->len, error) &&
            fw->set(board->machine, RSDP_FILE, rsdp, sizeof(rsdp), error) &&
            fw->set(board->machine, LOADER_FILE, acpi->loader->data, acpi->loader->len, error));
}
