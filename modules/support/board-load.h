/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct boot: the files of -bios, -kernel, -initrd and -dtb into the guest's memory. The files are
 * not trusted; none may be larger than RAM. All calls are [main], in create.
 */
#ifndef SUPPORT_BOARD_LOAD_H
#define SUPPORT_BOARD_LOAD_H

#include "modules/support/board.h"

/* The device tree lies in so many bytes, aligned to them. */
#define BOARD_TREE_ROOM (2u << 20)

typedef struct BoardLoader {
    Board *board;
    uint32_t elf_machine; /* e_machine of programs */
    uint32_t bits;        /* of the CPU: 32 or 64; programs may have fewer */
    /*
     * Bytes of RAM that the raw image @data needs, at least @bytes; may move *@address, where it
     * goes. Optional; missing: @bytes. FALSE with @error when it cannot be run.
     */
    gboolean (*image)(
        const uint8_t *data, uint64_t bytes, uint64_t *address, uint64_t *ret_room, GError **error);
    uint64_t limit;   /* bytes of a program at the most; 0: as many as RAM has */
    const char *name; /* of what is being loaded */
    uint64_t start;   /* lowest byte of the last program */
    uint64_t end;     /* highest byte used so far, + 1; set to where RAM starts */
} BoardLoader;

static inline uint64_t board_align(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* The whole regular file @path, at most @limit bytes; the caller g_frees it. NULL with @error, also
 * when it is empty. */
uint8_t *board_read_file(const char *path, uint64_t limit, uint64_t *ret_bytes, GError **error);

/* Load @path, an ELF file to its own addresses or anything else to @address, unpacked if it is a
 * gzip file; *@ret_entry is where it starts. */
gboolean board_load_program(
    BoardLoader *loader, const char *path, uint64_t address, uint64_t *ret_entry, GError **error);

/* Load -initrd, if it was given, to @start, before @limit. */
gboolean board_load_initrd(BoardLoader *loader, uint64_t start, uint64_t limit, GError **error);

/* Put -dtb, or else @tree (which this takes over; NULL with @error set: failed), at @address. */
gboolean
board_load_tree(Board *board, uint64_t address, uint8_t *tree, uint32_t bytes, GError **error);

/*
 * Leave -kernel, -initrd and -append to the firmware, under the selectors that QEMU has for them
 * (docs/specs/fw_cfg, "Kernel"). Nothing happens without -kernel or a device that shows items.
 */
gboolean board_offer_kernel(Board *board, GError **error);

/*
 * Path of the firmware: -bios, by path or as a name in the places that firmware is found in; for
 * "default" and without the option the first of @names (NULL ends it; no names: there is none by
 * default) that is there. *@ret_path NULL: none is wanted ("none"). The caller g_frees it.
 */
gboolean board_find_bios(Board *board, const char *const *names, char **ret_path, GError **error);

#endif
