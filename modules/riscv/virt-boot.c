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
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/support/elf-load.h"

#define MIB      (1u << 20)
#define DTB_ROOM (2u * MIB)
#define LOW_MEMORY                                                                                 \
    G_GUINT64_CONSTANT(0xc0000000) /* below this the device tree is in easy reach                  \
                                    */
#define IMAGE_HEADER 64u

typedef struct Loader {
    RvVirt *virt;
    const char *name;
    uint64_t end; /* highest byte used so far, + 1 */
} Loader;

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/*
 * The whole file, at most @limit bytes, g_malloc'ed. A pipe or device file is read up to the limit
 * as well, so that it cannot fill the memory.
 */
static uint8_t *read_file(const char *path, uint64_t limit, uint64_t *ret_bytes, GError **error)
{
    struct stat st;
    g_autofree uint8_t *data = NULL;
    uint64_t used = 0, room;
    int fd = g_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > limit) {
        const char *why = fd < 0                 ? g_strerror(errno)
                          : !S_ISREG(st.st_mode) ? "not a regular file"
                                                 : "larger than the guest's RAM";
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': %s", path, why);
        if (fd >= 0) {
            g_close(fd, NULL);
        }
        return NULL;
    }
    room = (uint64_t)st.st_size;
    data = g_try_malloc(room + 1);
    while (data != NULL && used < room) {
        ssize_t n = read(fd, data + used, room - used);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            break;
        }
        used += n > 0 ? (uint64_t)n : 0;
    }
    g_close(fd, NULL);
    if (data == NULL || used != room || room == 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': %s", path,
                    room == 0 ? "the file is empty" : "it is shorter than it said");
        return NULL;
    }
    *ret_bytes = used;
    return g_steal_pointer(&data);
}

static gboolean place(Loader *loader,
                      uint64_t address,
                      const uint8_t *data,
                      uint64_t bytes,
                      uint64_t memory_bytes,
                      GError **error)
{
    const RvServices *services = rv_virt_services(loader->virt);
    QhMachine *machine = loader->virt->base.machine;

    loader->end = MAX(loader->end, address + memory_bytes);
    return bytes == 0 || services->machine->add_image(machine, services->mem->system(machine),
                                                      loader->name, address, data, bytes, error);
}

/* RAM is zero at the start, so the rest of a segment needs no image. */
static gboolean place_segment(void *opaque,
                              uint64_t address,
                              const uint8_t *data,
                              uint64_t bytes,
                              uint64_t memory_bytes,
                              GError **error)
{
    return place(opaque, address, data, bytes, memory_bytes, error);
}

/* Bytes of RAM that a raw image needs: a kernel Image says so itself. */
static uint64_t image_room(const uint8_t *data, uint64_t bytes)
{
    uint64_t size;

    if (bytes < IMAGE_HEADER || memcmp(data + 56, "RSC\x05", 4) != 0) {
        return bytes;
    }
    memcpy(&size, data + 16, sizeof(size));
    size = GUINT64_FROM_LE(size);
    return MAX(size, bytes);
}

/* Load @path, an ELF file to its own addresses or anything else to @address; *@ret_entry is where
 * it starts. */
static gboolean load_program(
    Loader *loader, const char *path, uint64_t address, uint64_t *ret_entry, GError **error)
{
    uint64_t bytes;
    g_autofree uint8_t *data = read_file(path, loader->virt->ram_bytes, &bytes, error);
    QhElfInfo info;

    if (data == NULL) {
        return FALSE;
    }
    loader->name = path;
    if (!qh_elf_is_elf(data, bytes)) {
        *ret_entry = address;
        return place(loader, address, data, bytes, image_room(data, bytes), error);
    }
    if (!qh_elf_load(path, data, bytes, EM_RISCV, place_segment, loader, &info, error)) {
        return FALSE;
    }
    if (info.bits > loader->virt->xlen || info.big_endian) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s': a %u-bit %s-endian program on a %u-bit hart", path, info.bits,
                    info.big_endian ? "big" : "little", loader->virt->xlen);
        return FALSE;
    }
    *ret_entry = info.entry;
    return TRUE;
}

/* The firmware of -bios: a path, "none" (NULL, no error), or OpenSBI where packages put it. */
static gboolean find_bios(RvVirt *virt, char **ret_path, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    QhMachine *machine = virt->base.machine;
    const char *bios = services->machine->config(machine)->bios;
    g_autofree char *packaged = NULL;
    g_autofree char *plain = NULL;

    *ret_path = NULL;
    if (bios != NULL && strcmp(bios, "none") == 0) {
        return TRUE;
    }
    if (bios != NULL && strcmp(bios, "default") != 0) {
        *ret_path = g_file_test(bios, G_FILE_TEST_EXISTS)
                        ? g_strdup(bios)
                        : services->machine->find_firmware(machine, bios, error);
        return *ret_path != NULL;
    }
    packaged = g_strdup_printf("riscv%u-linux-gnu/opensbi/generic/fw_dynamic.bin", virt->xlen);
    plain = g_strdup_printf("opensbi-riscv%u-generic-fw_dynamic.bin", virt->xlen);
    *ret_path = services->machine->find_firmware(machine, packaged, NULL);
    if (*ret_path == NULL) {
        *ret_path = services->machine->find_firmware(machine, plain, error);
    }
    if (*ret_path == NULL) {
        g_prefix_error(error, "no firmware for riscv%u (Debian: package opensbi; or -bios FILE): ",
                       virt->xlen);
    }
    return *ret_path != NULL;
}

/* struct fw_dynamic_info, version 2: magic, version, next_addr, next_mode, options, boot_hart. */
static gboolean add_info(RvVirt *virt, uint64_t next, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
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

static gboolean load_initrd(Loader *loader, const char *path, uint64_t limit, GError **error)
{
    RvVirt *virt = loader->virt;
    uint64_t bytes, start;
    g_autofree uint8_t *data = read_file(path, virt->ram_bytes, &bytes, error);

    if (data == NULL) {
        return FALSE;
    }
    start = align_up(loader->end, 2 * MIB);
    if (start > limit || bytes > limit - start) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "initrd '%s' does not fit: %" G_GUINT64_FORMAT
                    " MiB of RAM are too few for it and the kernel (-m)",
                    path, virt->ram_bytes >> 20);
        return FALSE;
    }
    loader->name = path;
    virt->initrd = start;
    virt->initrd_end = start + bytes;
    return place(loader, start, data, bytes, bytes, error);
}

/* The user's -dtb, or the board's own tree, at @address. */
static gboolean load_device_tree(RvVirt *virt, uint64_t address, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    QhMachine *machine = virt->base.machine;
    const char *path = services->machine->config(machine)->dtb;
    uint64_t bytes = 0;

    if (path != NULL) {
        virt->device_tree = read_file(path, DTB_ROOM, &bytes, error);
        virt->device_tree_bytes = (uint32_t)bytes;
    } else {
        virt->device_tree = rv_virt_device_tree(virt, &virt->device_tree_bytes, error);
    }
    virt->entry.device_tree = address;
    return virt->device_tree != NULL &&
           services->machine->add_image(machine, services->mem->system(machine), "device tree",
                                        address, virt->device_tree, virt->device_tree_bytes, error);
}

gboolean rv_virt_load(RvVirt *virt, GError **error)
{
    const RvServices *services = rv_virt_services(virt);
    const QhMachineConfig *config = services->machine->config(virt->base.machine);
    Loader loader = {.virt = virt, .end = RV_VIRT_RAM};
    uint64_t kernel = 0, kernel_align = virt->xlen == 32 ? 4 * MIB : 2 * MIB;
    uint64_t top = MIN(RV_VIRT_RAM + virt->ram_bytes, LOW_MEMORY);
    uint64_t tree_at;
    g_autofree char *bios = NULL;

    if (virt->ram_bytes < 4 * DTB_ROOM) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "machine 'virt' needs at least 8 MiB of RAM (-m)");
        return FALSE;
    }
    tree_at = (top - DTB_ROOM) & ~(uint64_t)(DTB_ROOM - 1);
    virt->entry.pc = RV_VIRT_RAM;
    if (!find_bios(virt, &bios, error) ||
        (bios != NULL && !load_program(&loader, bios, RV_VIRT_RAM, &virt->entry.pc, error))) {
        return FALSE;
    }
    if (config->kernel != NULL) {
        /* firmware uses memory beyond its image: data, heap, a scratch area per hart */
        uint64_t start =
            bios == NULL ? RV_VIRT_RAM : align_up(MAX(loader.end, RV_VIRT_RAM + 1), kernel_align);
        if (!load_program(&loader, config->kernel, start, &kernel, error)) {
            return FALSE;
        }
        if (bios == NULL) {
            virt->entry.pc = kernel;
        }
    } else if (virt->flash_filled && bios != NULL) {
        kernel = RV_VIRT_FLASH; /* in supervisor mode, as a kernel would be */
    } else if (virt->flash_filled) {
        virt->entry.pc = RV_VIRT_FLASH;
    }
    if (bios != NULL && !add_info(virt, kernel, error)) {
        return FALSE;
    }
    if (config->initrd != NULL && !load_initrd(&loader, config->initrd, tree_at, error)) {
        return FALSE;
    }
    if (loader.end > tree_at) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the firmware and the kernel do not fit into %" G_GUINT64_FORMAT
                    " MiB of RAM (-m)",
                    virt->ram_bytes >> 20);
        return FALSE;
    }
    return load_device_tree(virt, tree_at, error);
}
