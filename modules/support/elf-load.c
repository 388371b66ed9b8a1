/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest ELF executables (System V ABI, chapters 4 and 5). Every offset is checked against the file
 * before it is used; header fields are read byte by byte in the file's own order.
 */
#include "modules/support/elf-load.h"

#include <elf.h>
#include <string.h>

typedef struct Reader {
    const char *name;
    const uint8_t *data;
    uint64_t bytes;
    gboolean is64, big_endian;
} Reader;

/* The @width-byte number at @offset, which the caller has checked. */
static uint64_t number(const Reader *reader, uint64_t offset, uint32_t width)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        uint32_t at = reader->big_endian ? i : width - 1 - i;
        value = (value << 8) | reader->data[offset + at];
    }
    return value;
}

/* A field of a header at @base that lies at @at32 in 32-bit files and at @at64 in 64-bit ones. */
static uint64_t field(const Reader *reader, uint64_t base, size_t at32, size_t at64, uint32_t width)
{
    return number(reader, base + (reader->is64 ? at64 : at32), width);
}

#define WORD(reader) ((reader)->is64 ? 8u : 4u)

static gboolean refuse(const Reader *reader, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s': %s", reader->name, why);
    return FALSE;
}

gboolean qh_elf_is_elf(const uint8_t *data, uint64_t bytes)
{
    return bytes >= EI_NIDENT && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static gboolean check_header(Reader *reader, uint32_t machine, QhElfInfo *info, GError **error)
{
    const uint8_t *ident = reader->data;

    if (!qh_elf_is_elf(reader->data, reader->bytes)) {
        return refuse(reader, "not an ELF file", error);
    }
    if ((ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
        (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)) {
        return refuse(reader, "an ELF file of unknown class or byte order", error);
    }
    reader->is64 = ident[EI_CLASS] == ELFCLASS64;
    reader->big_endian = ident[EI_DATA] == ELFDATA2MSB;
    if (reader->bytes < (reader->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr))) {
        return refuse(reader, "the ELF header is cut off", error);
    }

    info->bits = reader->is64 ? 64 : 32;
    info->big_endian = reader->big_endian;
    info->machine = (uint32_t)number(reader, offsetof(Elf64_Ehdr, e_machine), 2);
    info->entry = field(reader, 0, offsetof(Elf32_Ehdr, e_entry), offsetof(Elf64_Ehdr, e_entry),
                        WORD(reader));
    if (info->machine != machine) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s': an ELF file for machine %u, not for machine %u", reader->name,
                    info->machine, machine);
        return FALSE;
    }
    return TRUE;
}

/* One program header; segments that are not loaded are passed over. */
static gboolean load_segment(const Reader *reader,
                             uint64_t header,
                             QhElfSegmentFn fn,
                             void *opaque,
                             QhElfInfo *info,
                             GError **error)
{
    uint32_t word = WORD(reader);
    uint64_t offset, address, file_bytes, memory_bytes;

    if (number(reader, header, 4) != PT_LOAD) {
        return TRUE;
    }
    offset =
        field(reader, header, offsetof(Elf32_Phdr, p_offset), offsetof(Elf64_Phdr, p_offset), word);
    address =
        field(reader, header, offsetof(Elf32_Phdr, p_paddr), offsetof(Elf64_Phdr, p_paddr), word);
    file_bytes =
        field(reader, header, offsetof(Elf32_Phdr, p_filesz), offsetof(Elf64_Phdr, p_filesz), word);
    memory_bytes =
        field(reader, header, offsetof(Elf32_Phdr, p_memsz), offsetof(Elf64_Phdr, p_memsz), word);
    if (offset > reader->bytes || file_bytes > reader->bytes - offset) {
        return refuse(reader, "a segment lies beyond the end of the file", error);
    }
    if (memory_bytes < file_bytes || address + memory_bytes < address) {
        return refuse(reader, "a segment has an impossible size", error);
    }
    if (memory_bytes == 0) {
        return TRUE;
    }
    info->low = MIN(info->low, address);
    info->high = MAX(info->high, address + memory_bytes);
    return fn(opaque, address, reader->data + offset, file_bytes, memory_bytes, error);
}

gboolean qh_elf_load(const char *name,
                     const uint8_t *data,
                     uint64_t bytes,
                     uint32_t machine,
                     QhElfSegmentFn fn,
                     void *opaque,
                     QhElfInfo *ret_info,
                     GError **error)
{
    Reader reader = {.name = name, .data = data, .bytes = bytes};
    QhElfInfo info = {.low = G_MAXUINT64};
    uint64_t table, entry_bytes, n;

    if (!check_header(&reader, machine, &info, error)) {
        return FALSE;
    }
    table = field(&reader, 0, offsetof(Elf32_Ehdr, e_phoff), offsetof(Elf64_Ehdr, e_phoff),
                  WORD(&reader));
    entry_bytes =
        field(&reader, 0, offsetof(Elf32_Ehdr, e_phentsize), offsetof(Elf64_Ehdr, e_phentsize), 2);
    n = field(&reader, 0, offsetof(Elf32_Ehdr, e_phnum), offsetof(Elf64_Ehdr, e_phnum), 2);
    if (n == 0 || entry_bytes < (reader.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
        table > bytes || n * entry_bytes > bytes - table) {
        return refuse(&reader, "the program headers lie beyond the end of the file", error);
    }
    for (uint64_t i = 0; i < n; i++) {
        if (!load_segment(&reader, table + i * entry_bytes, fn, opaque, &info, error)) {
            return FALSE;
        }
    }
    if (info.high == 0) {
        return refuse(&reader, "an ELF file without anything to load", error);
    }
    *ret_info = info;
    return TRUE;
}
