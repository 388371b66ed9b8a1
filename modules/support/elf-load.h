/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading of guest ELF executables, 32 and 64 bits, either byte order, without trust in the file.
 */
#ifndef QH_SUPPORT_ELF_LOAD_H
#define QH_SUPPORT_ELF_LOAD_H

#include "abi/base.h"

/* What was found. */
typedef struct QhElfInfo {
    uint64_t entry;
    uint64_t low, high; /* physical addresses: lowest byte, highest byte + 1 */
    uint32_t machine;   /* e_machine */
    uint32_t bits;      /* 32 or 64 */
    gboolean big_endian;
} QhElfInfo;

/* One loadable segment: @data (@bytes) goes to physical address @address; the rest of @memory_bytes
 * is zero. Returns FALSE with @error set to stop. */
typedef gboolean (*QhElfSegmentFn)(void *opaque,
                                   uint64_t address,
                                   const uint8_t *data,
                                   uint64_t bytes,
                                   uint64_t memory_bytes,
                                   GError **error);

/* Whether @data starts like an ELF file. */
gboolean qh_elf_is_elf(const uint8_t *data, uint64_t bytes);

/*
 * Check the executable @data of @machine (e_machine) and hand each PT_LOAD segment to @fn. @name is
 * the file's name for errors. FALSE with @error set when the file is damaged or for another
 * machine.
 */
gboolean qh_elf_load(const char *name,
                     const uint8_t *data,
                     uint64_t bytes,
                     uint32_t machine,
                     QhElfSegmentFn fn,
                     void *opaque,
                     QhElfInfo *ret_info,
                     GError **error);

#endif
