/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/board-load.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "modules/support/elf-load.h"

#define GZIP_WINDOW (15 + 16) /* inflateInit2: the largest window, with gzip's header */

static gboolean read_all(int fd, uint8_t *data, uint64_t bytes)
{
    uint64_t used = 0;

    while (used < bytes) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            return FALSE;
        }
        used += n > 0 ? (uint64_t)n : 0;
    }
    return TRUE;
}

/* A pipe or a device file has no size, and could fill the memory. */
uint8_t *board_read_file(const char *path, uint64_t limit, uint64_t *ret_bytes, GError **error)
{
    struct stat st;
    g_autofree uint8_t *data = NULL;
    int fd = g_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    const char *why = NULL;
    gboolean too_large = FALSE;

    if (fd < 0 || fstat(fd, &st) != 0) {
        why = g_strerror(errno);
    } else if (!S_ISREG(st.st_mode)) {
        why = "not a regular file";
    } else if (st.st_size == 0) {
        why = "the file is empty";
    } else if ((uint64_t)st.st_size > limit) {
        too_large = TRUE;
    } else {
        data = g_try_malloc((uint64_t)st.st_size);
        why = data == NULL                                ? "not enough memory"
              : !read_all(fd, data, (uint64_t)st.st_size) ? "it is shorter than it said"
                                                          : NULL;
    }
    if (fd >= 0) {
        g_close(fd, NULL);
    }
    if (too_large) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot read '%s': it is larger than the %" G_GUINT64_FORMAT
                    " MiB that there is room for",
                    path, limit >> 20);
        return NULL;
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': %s", path, why);
        return NULL;
    }
    *ret_bytes = (uint64_t)st.st_size;
    return g_steal_pointer(&data);
}

/* What the gzip file @data holds, at most @limit bytes: RFC 1952. */
static uint8_t *unpack(const char *path,
                       const uint8_t *data,
                       uint64_t bytes,
                       uint64_t limit,
                       uint64_t *ret_bytes,
                       GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_autofree uint8_t *part = g_malloc(1u << 20);
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)MIN(bytes, G_MAXUINT32)};
    int status = inflateInit2(&stream, GZIP_WINDOW);

    limit = MIN(limit, (uint64_t)G_MAXINT32);
    while (status == Z_OK && all->len <= limit) {
        stream.next_out = part;
        stream.avail_out = 1u << 20;
        status = inflate(&stream, Z_NO_FLUSH);
        g_byte_array_append(all, part, (1u << 20) - stream.avail_out);
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || all->len > limit) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot unpack '%s': %s", path,
                    all->len > limit ? "its content is larger than what there is room for"
                                     : "it is damaged");
        return NULL;
    }
    *ret_bytes = all->len;
    return g_byte_array_free(g_steal_pointer(&all), FALSE);
}

/* RAM is zero at the start, so what @memory_bytes has more than @bytes needs no image. */
static gboolean place(BoardLoader *loader,
                      uint64_t address,
                      const uint8_t *data,
                      uint64_t bytes,
                      uint64_t memory_bytes,
                      GError **error)
{
    Board *board = loader->board;

    loader->start = MIN(loader->start, address);
    loader->end = MAX(loader->end, address + memory_bytes);
    return bytes == 0 ||
           board->services->machine->add_image(board->machine, board->space, loader->name, address,
                                               data, bytes, error);
}

static gboolean place_segment(void *opaque,
                              uint64_t address,
                              const uint8_t *data,
                              uint64_t bytes,
                              uint64_t memory_bytes,
                              GError **error)
{
    return place(opaque, address, data, bytes, memory_bytes, error);
}

static gboolean load_elf(
    BoardLoader *loader, const uint8_t *data, uint64_t bytes, uint64_t *ret_entry, GError **error)
{
    QhElfInfo info;

    if (!qh_elf_load(loader->name, data, bytes, loader->elf_machine, place_segment, loader, &info,
                     error)) {
        return FALSE;
    }
    if (info.bits > loader->bits || info.big_endian) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s': a %u-bit %s-endian program on a %u-bit CPU", loader->name, info.bits,
                    info.big_endian ? "big" : "little", loader->bits);
        return FALSE;
    }
    *ret_entry = info.entry;
    return TRUE;
}

gboolean board_load_program(
    BoardLoader *loader, const char *path, uint64_t address, uint64_t *ret_entry, GError **error)
{
    uint64_t limit = loader->limit != 0 ? loader->limit : loader->board->map.ram_bytes;
    uint64_t bytes, room;
    g_autofree uint8_t *data = board_read_file(path, limit, &bytes, error);

    if (data != NULL && bytes > 2 && data[0] == 0x1f && data[1] == 0x8b) {
        g_autofree uint8_t *packed = g_steal_pointer(&data);
        data = unpack(path, packed, bytes, limit, &bytes, error);
    }
    if (data == NULL) {
        return FALSE;
    }
    loader->name = path;
    loader->start = G_MAXUINT64;
    if (qh_elf_is_elf(data, bytes)) {
        return load_elf(loader, data, bytes, ret_entry, error);
    }
    room = bytes;
    if (loader->image != NULL && !loader->image(data, bytes, &address, &room, error)) {
        g_prefix_error(error, "'%s': ", path);
        return FALSE;
    }
    if (room > limit) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s' needs more memory than the guest has (-m)", path);
        return FALSE;
    }
    *ret_entry = address;
    return place(loader, address, data, bytes, room, error);
}

gboolean board_load_initrd(BoardLoader *loader, uint64_t start, uint64_t limit, GError **error)
{
    Board *board = loader->board;
    const char *path = board->services->machine->config(board->machine)->initrd;
    uint64_t bytes;
    g_autofree uint8_t *data = NULL;

    if (path == NULL) {
        return TRUE;
    }
    data = board_read_file(path, board->map.ram_bytes, &bytes, error);
    if (data == NULL) {
        return FALSE;
    }
    if (start > limit || bytes > limit - start) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "initrd '%s' does not fit: %" G_GUINT64_FORMAT
                    " MiB of RAM are too few for it and the kernel (-m)",
                    path, board->map.ram_bytes >> 20);
        return FALSE;
    }
    loader->name = path;
    board->initrd = start;
    board->initrd_end = start + bytes;
    return place(loader, start, data, bytes, bytes, error);
}

gboolean
board_load_tree(Board *board, uint64_t address, uint8_t *tree, uint32_t bytes, GError **error)
{
    const QhMachineService *service = board->services->machine;
    const char *path = service->config(board->machine)->dtb;
    uint64_t file_bytes;

    board->device_tree = tree;
    board->device_tree_bytes = bytes;
    if (tree != NULL && path != NULL) {
        board_clear(board);
        board->device_tree = board_read_file(path, BOARD_TREE_ROOM, &file_bytes, error);
        board->device_tree_bytes = board->device_tree != NULL ? (uint32_t)file_bytes : 0;
    }
    return board->device_tree != NULL &&
           service->add_image(board->machine, board->space, "device tree", address,
                              board->device_tree, board->device_tree_bytes, error);
}

/* Selectors of size and data; the command line counts its NUL. */
enum {
    KERNEL_SIZE = 0x08,
    INITRD_SIZE = 0x0b,
    KERNEL_DATA = 0x11,
    INITRD_DATA,
    CMDLINE_SIZE = 0x14,
    CMDLINE_DATA
};

static gboolean offer(Board *board,
                      uint16_t size_selector,
                      uint16_t data_selector,
                      const void *data,
                      uint64_t bytes,
                      GError **error)
{
    const QhFwService *fw = board->services->fw;
    uint32_t size = GUINT32_TO_LE((uint32_t)bytes);
    QhFwItem item = {
        .size = sizeof(QhFwItem),
        .selector = size_selector,
        .bytes = sizeof(size),
        .data = &size,
    };

    if (!fw->add(board->machine, &item, error)) {
        return FALSE;
    }
    item.selector = data_selector;
    item.bytes = (uint32_t)bytes;
    item.data = (void *)data;
    return fw->add(board->machine, &item, error);
}

static gboolean offer_file(
    Board *board, const char *path, uint16_t size_selector, uint16_t data_selector, GError **error)
{
    uint64_t bytes, limit = MIN(board->map.ram_bytes, (uint64_t)G_MAXINT32);
    g_autofree uint8_t *data = board_read_file(path, limit, &bytes, error);

    return data != NULL && offer(board, size_selector, data_selector, data, bytes, error);
}

gboolean board_offer_kernel(Board *board, GError **error)
{
    const QhMachineConfig *config = board->services->machine->config(board->machine);
    const char *append = config->append != NULL ? config->append : "";

    if (config->kernel == NULL || !board->has_fw_cfg) {
        return TRUE;
    }
    return offer_file(board, config->kernel, KERNEL_SIZE, KERNEL_DATA, error) &&
           (config->initrd == NULL ||
            offer_file(board, config->initrd, INITRD_SIZE, INITRD_DATA, error)) &&
           offer(board, CMDLINE_SIZE, CMDLINE_DATA, append, strlen(append) + 1, error);
}

gboolean board_find_bios(Board *board, const char *const *names, char **ret_path, GError **error)
{
    const QhMachineService *service = board->services->machine;
    const char *bios = service->config(board->machine)->bios;

    *ret_path = NULL;
    if (bios != NULL && strcmp(bios, "none") == 0) {
        return TRUE;
    }
    if (bios != NULL && strcmp(bios, "default") != 0) {
        *ret_path = g_file_test(bios, G_FILE_TEST_EXISTS)
                        ? g_strdup(bios)
                        : service->find_firmware(board->machine, bios, error);
        return *ret_path != NULL;
    }
    for (uint32_t i = 0; names != NULL && names[i] != NULL && *ret_path == NULL; i++) {
        *ret_path =
            service->find_firmware(board->machine, names[i], names[i + 1] == NULL ? error : NULL);
    }
    return names == NULL || *ret_path != NULL;
}
