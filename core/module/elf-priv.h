/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the ELF reader share: elf.c (headers, notes), elf-dynamic.c (the rest). */
#ifndef QH_CORE_MODULE_ELF_PRIV_H
#define QH_CORE_MODULE_ELF_PRIV_H

#include "core/module/elf.h"
#include <link.h>

/* Put there by the linker: the file header of this program. What it is, a module must be. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A file under the reader: in memory, or by descriptor. */
typedef struct QhElfSource {
    const uint8_t *data; /* NULL: read from fd */
    int fd;
    uint64_t bytes;
    ElfW(Phdr) * phdrs; /* owned */
    guint n_phdrs;
} QhElfSource;

/* Set ret->refusal and @error; always FALSE. */
gboolean qh_elf_refuse(QhElf *elf, QhRefusal refusal, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

gboolean qh_elf_read_headers(QhElfSource *source, QhElf *ret, GError **error);
gboolean qh_elf_check_dynamic(const QhElfSource *source, QhElf *ret, GError **error);

#endif
