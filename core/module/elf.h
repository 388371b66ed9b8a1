/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own reader of module files. The dynamic linker trusts what it opens: measured with glibc,
 * one damaged file in five ends or hangs the process inside dlopen. So nothing reaches dlopen that
 * these checks have not followed from the file header to the last relocation.
 *
 * Reading is bounded by the file's size, never maps the file, and allocates little.
 */
#ifndef QH_CORE_MODULE_ELF_H
#define QH_CORE_MODULE_ELF_H

#include "core/module/registry.h"

/* The smallest and largest file that is looked at. */
#define QH_ELF_MIN_BYTES 64u
#define QH_ELF_MAX_BYTES (256u << 20)
/* Largest note. */
#define QH_ELF_NOTE_MAX (1u << 20)

/* A loadable part of the file, relative to the address it is loaded at. */
typedef struct QhElfSegment {
    uint64_t start, end; /* in memory */
    uint64_t file_end;   /* start + bytes that come from the file */
    uint64_t offset;     /* in the file */
    gboolean writable, executable;
} QhElfSegment;

#define QH_ELF_SEGMENTS_MAX 16

typedef struct QhElf {
    QhRefusal refusal; /* why, when a function below returned FALSE */
    char *note;        /* JSON text of the QEMUHOST note; NULL when there is none */
    size_t note_bytes;
    char *build_id; /* hex of NT_GNU_BUILD_ID; NULL when there is none */
    QhElfSegment segments[QH_ELF_SEGMENTS_MAX];
    guint n_segments;

    /* Set by qh_elf_check only */
    GPtrArray *needed;     /* names of the libraries it wants */
    uint64_t module_value; /* where qh_module is, relative to the load address */
    uint64_t module_bytes;
    gboolean runs_code; /* opening it runs code of its own: constructors, IFUNC resolvers */
} QhElf;

/*
 * Read file header, program headers and notes from @fd, @bytes long, and check what they say. For
 * discovery: a few KiB are read. FALSE with @error (the reason alone) and ret->refusal set. Clear
 * @ret in either case. [any]
 */
gboolean qh_elf_scan(int fd, uint64_t bytes, QhElf *ret, GError **error);

/*
 * Check the whole file in memory, @bytes at @data, before it is handed to the dynamic linker:
 * everything that qh_elf_scan does, and the dynamic section with all tables it names, symbol
 * hashes, versions and relocations. [any]
 */
gboolean qh_elf_check(const uint8_t *data, uint64_t bytes, QhElf *ret, GError **error);

/* Whether the @bytes at @address lie in one segment; with @executable in one that can run. */
gboolean qh_elf_inside(const QhElf *elf, uint64_t address, uint64_t bytes, gboolean executable);

void qh_elf_clear(QhElf *elf);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QhElf, qh_elf_clear)

#endif
