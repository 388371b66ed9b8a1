/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expansion ROM of a function (PCI 6.2.5.2): a file of the user's, behind a register that
 * decodes only while the guest has enabled it. What is behind the end of the file reads as ones, as
 * an empty chip does.
 */
#include "modules/pci/rom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROM_MAX (16u << 20)

static gboolean cannot_use(const PciFunction *function, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot use romfile '%.256s': %s",
                function->romfile, why);
    return FALSE;
}

/* All of the file, which has @bytes. */
static int read_all(int fd, uint8_t *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, to + done, bytes - done);

        if (n <= 0 && errno != EINTR) {
            return n < 0 ? errno : EIO;
        }
        done += (size_t)MAX(n, 0);
    }
    return 0;
}

static gboolean load(PciFunction *function, int fd, GError **error)
{
    struct stat info;

    if (fstat(fd, &info) < 0) {
        return cannot_use(function, g_strerror(errno), error);
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > ROM_MAX) {
        return cannot_use(function,
                          !S_ISREG(info.st_mode) ? "it is no regular file"
                          : info.st_size <= 0    ? "it is empty"
                                                 : "it has more than 16 MiB",
                          error);
    }
    function->rom_bytes = (uint32_t)info.st_size;
    function->rom = g_try_malloc(function->rom_bytes);
    int failed = function->rom != NULL ? read_all(fd, function->rom, function->rom_bytes) : ENOMEM;
    return failed == 0 || cannot_use(function, g_strerror(failed), error);
}

gboolean pci_rom_init(PciFunction *function, GError **error)
{
    function->rom_at = PCI_UNMAPPED;
    if (function->romfile == NULL || function->romfile[0] == '\0' || function->rombar == 0) {
        return TRUE;
    }
    int fd = open(function->romfile, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return cannot_use(function, g_strerror(errno), error);
    }
    gboolean ok = load(function, fd, error);
    close(fd);
    return ok && pci_bar(function, PCI_ROM_BAR, QH_PCI_NO_WINDOW, 0, function->rom_bytes, error);
}

void pci_rom_free(PciFunction *function)
{
    g_clear_pointer(&function->rom, g_free);
    function->rom_bytes = 0;
}

static uint32_t rom_read(void *opaque,
                         uint64_t offset,
                         uint32_t width,
                         G_GNUC_UNUSED uint32_t attrs,
                         uint64_t *ret_value)
{
    const PciFunction *function = opaque;
    uint8_t bytes[8];

    memset(bytes, 0xff, sizeof(bytes));
    if (offset < function->rom_bytes) {
        memcpy(bytes, function->rom + offset, MIN(width, function->rom_bytes - offset));
    }
    memcpy(ret_value, bytes, sizeof(bytes));
    *ret_value = GUINT64_FROM_LE(*ret_value) & (width < 8 ? (UINT64_C(1) << 8 * width) - 1 : ~0ull);
    return QH_BUS_OK;
}

/* Nothing happens to a ROM that is written to. */
static uint32_t rom_write(G_GNUC_UNUSED void *opaque,
                          G_GNUC_UNUSED uint64_t offset,
                          G_GNUC_UNUSED uint32_t width,
                          G_GNUC_UNUSED uint32_t attrs,
                          G_GNUC_UNUSED uint64_t value)
{
    return QH_BUS_OK;
}

static const QhIoOps rom_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = rom_read,
    .write = rom_write,
};

void pci_rom_map(PciFunction *function)
{
    const QhMemService *mem = function->services->mem;
    QhSpace *space = function->bus->root->memory;
    const PciBar *bar = &function->bars[PCI_ROM_BAR];

    if (function->rom == NULL) {
        return;
    }
    if (function->rom_at != PCI_UNMAPPED) {
        mem->unmap(space, function->rom_at, bar->bytes, 0);
    }
    function->rom_at = PCI_UNMAPPED;
    if (bar->address != PCI_UNMAPPED) {
        g_autofree char *name = g_strdup_printf("%s.rom", function->device->id);

        if (mem->map_io(space, name, bar->address, bar->bytes, &rom_io, function,
                        function->device->instance, 0, NULL)) {
            function->rom_at = bar->address;
        }
    }
}
