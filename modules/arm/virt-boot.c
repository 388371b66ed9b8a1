/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the virt board starts. With firmware (-bios, or a filled bank of flash) at its first
 * instruction, address 0; it finds the device tree at the start of RAM and the kernel in fw_cfg.
 * Without, straight in the kernel, as Linux's Documentation/arch/arm64/booting.rst has it: the
 * image at its text offset from a multiple of 2 MiB, the initrd behind it, the address of the
 * device tree in x0.
 */
#include "modules/arm/virt.h"

#include <elf.h>
#include <string.h>

#include "modules/support/board-load.h"

#define MIB             (UINT64_C(1) << 20)
#define IMAGE_HEADER    64u
#define IMAGE_MAGIC     "ARM\x64"
#define OLD_TEXT_OFFSET 0x80000u     /* where image_size is 0 */
#define INITRD_AFTER    (128u * MIB) /* or half of a smaller RAM: the kernel has room to unpack */
#define FLAG_BIG_ENDIAN 1u
#define BARE_PROGRAM    0x80000u /* customary start of programs behind the start of RAM */

static uint64_t header_word(const uint8_t *data, uint32_t at)
{
    uint64_t word;

    memcpy(&word, data + at, sizeof(word));
    return GUINT64_FROM_LE(word);
}

/* A kernel Image says where it wants to be and how much room it needs; *@address is a multiple of
 * 2 MiB. Anything else is a program for exactly there. */
static gboolean place_image(
    const uint8_t *data, uint64_t bytes, uint64_t *address, uint64_t *ret_room, GError **error)
{
    uint64_t offset, size;

    if (bytes < IMAGE_HEADER || memcmp(data + 56, IMAGE_MAGIC, 4) != 0) {
        return TRUE;
    }
    offset = header_word(data, 8);
    size = header_word(data, 16);
    if (size == 0) { /* before Linux 3.17 */
        offset = OLD_TEXT_OFFSET;
    } else if (header_word(data, 24) & FLAG_BIG_ENDIAN) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "a big-endian kernel");
        return FALSE;
    }
    if (offset >= 2 * MIB) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the kernel's text offset of 0x%" G_GINT64_MODIFIER "x is not below 2 MiB",
                    offset);
        return FALSE;
    }
    *address += offset;
    *ret_room = MAX(size, bytes);
    return TRUE;
}

static gboolean load_firmware(ArmVirt *virt, BoardLoader *loader, const char *bios, GError **error)
{
    virt->entry_pc = ARM_VIRT_FLASH;
    virt->entry_x0 = ARM_VIRT_RAM;
    if (bios != NULL && !virt->board.has_flash) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "machine 'virt': -bios needs flash (module firmware)");
        return FALSE;
    }
    if (bios != NULL && virt->board.flash_filled) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "machine 'virt': -bios and a drive both fill the first bank of flash");
        return FALSE;
    }
    loader->limit = ARM_VIRT_FLASH_BYTES;
    if (bios != NULL && !board_load_program(loader, bios, ARM_VIRT_FLASH, &virt->entry_pc, error)) {
        return FALSE;
    }
    return board_offer_kernel(&virt->board, error);
}

/* The device tree goes to the start of RAM, where bare programs look for it, or, if that is taken,
 * behind all else. */
static gboolean load_kernel(ArmVirt *virt, BoardLoader *loader, const char *path, GError **error)
{
    uint64_t half = MIN(virt->board.map.ram_bytes / 2, INITRD_AFTER);
    uint64_t end = ARM_VIRT_RAM + virt->board.map.ram_bytes, start;

    if (!board_load_program(loader, path, ARM_VIRT_RAM + 2 * MIB, &virt->entry_pc, error)) {
        return FALSE;
    }
    start = board_align(MAX(loader->end, ARM_VIRT_RAM + half), 2 * MIB);
    virt->entry_x0 = ARM_VIRT_RAM;
    if (!board_load_initrd(loader, start, end, error)) {
        return FALSE;
    }
    if (loader->start < ARM_VIRT_RAM + BARE_PROGRAM) {
        virt->entry_x0 = board_align(loader->end, 2 * MIB);
    }
    if (loader->end > end || virt->entry_x0 > end - BARE_PROGRAM) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the kernel and its initrd do not fit into %" G_GUINT64_FORMAT
                    " MiB of RAM (-m)",
                    virt->board.map.ram_bytes >> 20);
        return FALSE;
    }
    return TRUE;
}

gboolean arm_virt_load(ArmVirt *virt, GError **error)
{
    const TargetServices *services = arm_virt_services(virt);
    const QhMachineConfig *config = services->machine->config(virt->base.machine);
    BoardLoader loader = {
        .board = &virt->board,
        .elf_machine = EM_AARCH64,
        .bits = 64,
        .image = place_image,
        .end = ARM_VIRT_RAM,
    };
    g_autofree char *bios = NULL;
    uint8_t *tree;
    uint32_t bytes = 0;

    if (!board_find_bios(&virt->board, NULL, &bios, error)) {
        return FALSE;
    }
    if (bios != NULL || virt->board.flash_filled || config->kernel == NULL) {
        if (!load_firmware(virt, &loader, bios, error)) {
            return FALSE;
        }
    } else if (!load_kernel(virt, &loader, config->kernel, error)) {
        return FALSE;
    }
    tree = arm_virt_device_tree(virt, &bytes, error);
    return board_load_tree(&virt->board, virt->entry_x0, tree, bytes, error);
}
