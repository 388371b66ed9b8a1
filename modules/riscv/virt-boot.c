/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct boot of the virt board. Firmware goes to the start of RAM, the kernel behind it (2 MiB
 * aligned on RV64, 4 MiB on RV32, where page tables map it with megapages), the initrd behind the
 * kernel, the device tree near the end of RAM that every mode can reach. OpenSBI's fw_dynamic
 * learns the kernel's address from a structure in a2 (OpenSBI, docs/firmware/fw_dynamic.md); a
 * kernel image says how much room it needs (Linux, Documentation/arch/riscv/boot-image-header.rst).
 */
#include "modules/riscv/virt.h"

#include <elf.h>
#include <string.h>

#include "modules/support/board-load.h"

#define MIB          (1u << 20)
#define LOW_MEMORY   G_GUINT64_CONSTANT(0xc0000000) /* the device tree is below it, in easy reach */
#define IMAGE_HEADER 64u

/* Bytes of RAM that a raw image needs: a kernel Image says so itself. */
static gboolean image_room(
    const uint8_t *data, uint64_t bytes, uint64_t *address, uint64_t *ret_room, GError **error)
{
    uint64_t size;

    (void)address;
    (void)error;
    if (bytes >= IMAGE_HEADER && memcmp(data + 56, "RSC\x05", 4) == 0) {
        memcpy(&size, data + 16, sizeof(size));
        *ret_room = MAX(GUINT64_FROM_LE(size), bytes);
    }
    return TRUE;
}

/* The firmware of -bios, or OpenSBI where packages put it. */
static gboolean find_bios(RvVirt *virt, char **ret_path, GError **error)
{
    g_autofree char *packaged =
        g_strdup_printf("riscv%u-linux-gnu/opensbi/generic/fw_dynamic.bin", virt->xlen);
    g_autofree char *plain = g_strdup_printf("opensbi-riscv%u-generic-fw_dynamic.bin", virt->xlen);
    const char *const names[] = {packaged, plain, NULL};
    gboolean by_default = rv_virt_services(virt)->machine->config(virt->base.machine)->bios == NULL;

    if (board_find_bios(&virt->board, names, ret_path, error)) {
        return TRUE;
    }
    if (by_default) {
        g_prefix_error(error, "no firmware for riscv%u (Debian: package opensbi; or -bios FILE): ",
                       virt->xlen);
    }
    return FALSE;
}

/* struct fw_dynamic_info, version 2: magic, version, next_addr, next_mode, options, boot_hart. */
static gboolean add_info(RvVirt *virt, uint64_t next, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    QhMachine *machine = virt->base.machine;
    const uint64_t words[6] = {0x4942534f, 2, next, RV_PRIV_S, 0, 0};
    uint32_t width = virt->xlen / 8;
    uint8_t info[sizeof(words)];

    for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++) {
        uint64_t little = GUINT64_TO_LE(words[i]);
        memcpy(info + i * width, &little, width);
    }
    virt->entry.info = RV_VIRT_MROM;
    return services->machine->add_image(machine, services->mem->system(machine),
                                        "firmware information", RV_VIRT_MROM, info,
                                        width * G_N_ELEMENTS(words), error);
}

gboolean rv_virt_load(RvVirt *virt, GError **error)
{
    const TargetServices *services = rv_virt_services(virt);
    const QhMachineConfig *config = services->machine->config(virt->base.machine);
    Board *board = &virt->board;
    BoardLoader loader = {
        .board = board,
        .elf_machine = EM_RISCV,
        .bits = virt->xlen,
        .image = image_room,
        .end = RV_VIRT_RAM,
    };
    uint64_t kernel = 0, kernel_align = virt->xlen == 32 ? 4 * MIB : 2 * MIB;
    uint64_t top = MIN(RV_VIRT_RAM + board->map.ram_bytes, LOW_MEMORY);
    uint32_t tree_bytes = 0;
    g_autofree char *bios = NULL;

    if (board->map.ram_bytes < 4 * BOARD_TREE_ROOM) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "machine 'virt' needs at least 8 MiB of RAM (-m)");
        return FALSE;
    }
    virt->entry.device_tree = (top - BOARD_TREE_ROOM) & ~(uint64_t)(BOARD_TREE_ROOM - 1);
    virt->entry.pc = RV_VIRT_RAM;
    if (!find_bios(virt, &bios, error) ||
        (bios != NULL && !board_load_program(&loader, bios, RV_VIRT_RAM, &virt->entry.pc, error))) {
        return FALSE;
    }
    if (config->kernel != NULL) {
        /* firmware uses memory beyond its image: data, heap, a scratch area per hart */
        uint64_t start = bios == NULL ? RV_VIRT_RAM
                                      : board_align(MAX(loader.end, RV_VIRT_RAM + 1), kernel_align);
        if (!board_load_program(&loader, config->kernel, start, &kernel, error)) {
            return FALSE;
        }
        if (bios == NULL) {
            virt->entry.pc = kernel;
        }
    } else if (board->flash_filled && bios != NULL) {
        kernel = RV_VIRT_FLASH; /* in supervisor mode, as a kernel would be */
    } else if (board->flash_filled) {
        virt->entry.pc = RV_VIRT_FLASH;
    }
    if (bios != NULL && !add_info(virt, kernel, error)) {
        return FALSE;
    }
    if (!board_load_initrd(&loader, board_align(loader.end, 2 * MIB), virt->entry.device_tree,
                           error)) {
        return FALSE;
    }
    if (loader.end > virt->entry.device_tree) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the firmware and the kernel do not fit into %" G_GUINT64_FORMAT
                    " MiB of RAM (-m)",
                    board->map.ram_bytes >> 20);
        return FALSE;
    }
    uint8_t *tree = rv_virt_device_tree(virt, &tree_bytes, error);
    return board_load_tree(board, virt->entry.device_tree, tree, tree_bytes, error);
}
