/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing what an address space leads to, and the table of service qh.mem. */
#include "abi/device.h"
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"

#define PAGE (G_GUINT64_CONSTANT(1) << QH_PAGE_BITS_MIN)

static gboolean reaches(const QhSpace *space, const QhSpace *target)
{
    if (space == target) {
        return TRUE;
    }
    for (guint i = 0; i < space->mappings->len; i++) {
        const Mapping *mapping = g_ptr_array_index(space->mappings, i);

        if (mapping->target != NULL && reaches(mapping->target, target)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_range(
    const QhSpace *space, const char *what, uint64_t address, uint64_t bytes, GError **error)
{
    uint64_t last;

    if (bytes == 0 || __builtin_add_overflow(address, bytes - 1, &last) || last > space->last) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map %s, 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER
                    "x of '%s': the range is empty or does not end inside the address space",
                    what, bytes, address, space->name);
        return FALSE;
    }
    return TRUE;
}

/* Insert before the first mapping of the same or a lower priority: the later one wins. */
static void add_mapping(QhSpace *space, const Mapping *mapping)
{
    guint at = 0;

    while (at < space->mappings->len &&
           ((const Mapping *)g_ptr_array_index(space->mappings, at))->priority >
               mapping->priority) {
        at++;
    }
    Mapping *copy = g_new(Mapping, 1);
    *copy = *mapping;
    g_ptr_array_insert(space->mappings, (gint)at, copy);
    qh_space_rebuild(space);
}

static gboolean map_ram(QhSpace *space,
                        uint64_t address,
                        uint64_t bytes,
                        QhRam *ram,
                        uint64_t ram_offset,
                        uint32_t flags,
                        int32_t priority,
                        GError **error)
{
    if (!check_range(space, ram->name, address, bytes, error)) {
        return FALSE;
    }
    if ((address | bytes | ram_offset) % PAGE != 0 || ram_offset > ram->bytes ||
        bytes > ram->bytes - ram_offset) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map RAM '%s' at 0x%" G_GINT64_MODIFIER
                    "x of '%s': the range is not a multiple of 4096 or not inside the block",
                    ram->name, address, space->name);
        return FALSE;
    }
    Mapping mapping = {
        .first = address,
        .last = address + (bytes - 1),
        .priority = priority,
        .readonly = (flags & QH_MAP_READONLY) != 0,
        .ram = ram,
        .offset = ram_offset,
    };
    g_mutex_lock(&space->memory->lock);
    add_mapping(space, &mapping);
    g_mutex_unlock(&space->memory->lock);
    return TRUE;
}

/* A window that was mapped before is used again, so that a guest that moves a window to and fro
 * does not make the list grow. */
static QhIoWindow *window_find(QhMemory *memory, const QhIoWindow *like)
{
    for (guint i = 0; i < memory->windows->len; i++) {
        QhIoWindow *window = g_ptr_array_index(memory->windows, i);

        if (window->ops == like->ops && window->opaque == like->opaque &&
            window->owner == like->owner && window->bytes == like->bytes &&
            g_str_equal(window->name, like->name)) {
            return window;
        }
    }
    QhIoWindow *window = g_new(QhIoWindow, 1);
    *window = *like;
    window->name = g_strdup(like->name);
    g_ptr_array_add(memory->windows, window);
    return window;
}

static gboolean is_width(uint32_t bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

gboolean qh_space_map_window(QhSpace *space,
                             uint64_t address,
                             const QhIoWindow *like,
                             QhRam *ram,
                             uint32_t mode,
                             int32_t priority,
                             GError **error)
{
    const QhIoOps *ops = like->ops;

    if (!check_range(space, like->name, address, like->bytes, error)) {
        return FALSE;
    }
    if (ops == NULL || !QH_HAS(ops, write) || !is_width(ops->min_size) ||
        !is_width(ops->max_size) || ops->min_size > ops->max_size) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map window '%s': its access sizes are not 1, 2, 4 or 8 in order, or "
                    "its table is too short",
                    like->name);
        return FALSE;
    }
    if (ram != NULL && ((address | like->bytes) % PAGE != 0 || like->bytes > ram->bytes)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map window '%s' at 0x%" G_GINT64_MODIFIER
                    "x: there is memory behind it, and it is not a multiple of 4096 or longer",
                    like->name, address);
        return FALSE;
    }
    Mapping mapping = {.first = address,
                       .last = address + (like->bytes - 1),
                       .priority = priority,
                       .ram = ram,
                       .mode = mode};
    g_mutex_lock(&space->memory->lock);
    mapping.io = window_find(space->memory, like);
    add_mapping(space, &mapping);
    g_mutex_unlock(&space->memory->lock);
    return TRUE;
}

static gboolean map_io(QhSpace *space,
                       const char *name,
                       uint64_t address,
                       uint64_t bytes,
                       const QhIoOps *ops,
                       void *opaque,
                       QhInstance *owner,
                       int32_t priority,
                       GError **error)
{
    const QhIoWindow window = {
        .name = (char *)name,
        .ops = ops,
        .opaque = opaque,
        .owner = owner,
        .machine = space->memory->machine,
        .bytes = bytes,
    };

    return qh_space_map_window(space, address, &window, NULL, QH_WINDOW_IO, priority, error);
}

void qh_space_set_mode(QhSpace *space, uint64_t address, const QhInstance *owner, uint32_t mode)
{
    g_mutex_lock(&space->memory->lock);
    for (guint i = 0; i < space->mappings->len; i++) {
        Mapping *mapping = g_ptr_array_index(space->mappings, i);

        if (mapping->first == address && mapping->io != NULL && mapping->io->owner == owner &&
            mapping->mode != mode) {
            mapping->mode = mode;
            qh_space_rebuild(space);
        }
    }
    g_mutex_unlock(&space->memory->lock);
}

static gboolean map_space(QhSpace *space,
                          uint64_t address,
                          uint64_t bytes,
                          QhSpace *target,
                          uint64_t target_offset,
                          int32_t priority,
                          GError **error)
{
    if (!check_range(space, target->name, address, bytes, error) ||
        !check_range(target, "a part of it", target_offset, bytes, error)) {
        return FALSE;
    }
    g_mutex_lock(&space->memory->lock);
    gboolean circular = reaches(target, space);
    if (!circular) {
        Mapping mapping = {
            .first = address,
            .last = address + (bytes - 1),
            .priority = priority,
            .target = target,
            .offset = target_offset,
        };
        add_mapping(space, &mapping);
    }
    g_mutex_unlock(&space->memory->lock);
    if (circular) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map address space '%s' into '%s': it leads back there", target->name,
                    space->name);
    }
    return !circular;
}

static gboolean unmap(QhSpace *space, uint64_t address, uint64_t bytes, int32_t priority)
{
    gboolean found = FALSE;

    g_mutex_lock(&space->memory->lock);
    for (guint i = 0; i < space->mappings->len && !found; i++) {
        const Mapping *mapping = g_ptr_array_index(space->mappings, i);

        found = mapping->first == address && mapping->last - mapping->first == bytes - 1 &&
                mapping->priority == priority;
        if (found) {
            g_ptr_array_remove_index(space->mappings, i);
            qh_space_rebuild(space);
        }
    }
    g_mutex_unlock(&space->memory->lock);
    return found;
}

static void *ram_host(QhRam *ram)
{
    return ram->host;
}

static uint64_t ram_bytes(QhRam *ram)
{
    return ram->bytes;
}

static QhSpace *system_space(QhMachine *machine)
{
    return qh_memory_system(qh_machine_memory(machine));
}

static uint32_t shared_ram(QhSpace *space, QhSharedRam *ret, uint32_t max)
{
    uint64_t address = 0;
    uint32_t n = 0;

    for (;;) {
        QhSection section;
        gboolean found = qh_space_find(space, address, &section);

        if (found && section.ram != NULL && section.io == NULL && !section.readonly) {
            if (n < max) {
                ret[n] = (QhSharedRam){.address = section.first,
                                       .bytes = section.last - section.first + 1,
                                       .offset = section.ram_offset,
                                       .fd = section.ram->fd};
            }
            n++;
        }
        if (section.last >= space->last || section.last == UINT64_MAX) {
            return n;
        }
        address = section.last + 1;
    }
}

const QhMemService qh_mem_service = {
    .size = sizeof(QhMemService),
    .ram_new = qh_ram_new,
    .ram_host = ram_host,
    .ram_bytes = ram_bytes,
    .system = system_space,
    .space_new = qh_space_new,
    .map_ram = map_ram,
    .map_io = map_io,
    .map_space = map_space,
    .unmap = unmap,
    .read = qh_space_read,
    .write = qh_space_write,
    .dma_read = qh_dma_read,
    .dma_write = qh_dma_write,
    .read_word = qh_space_read_word,
    .cas_word = qh_space_cas_word,
    .dma_map = qh_dma_map,
    .dma_unmap = qh_dma_unmap,
    .ram_write = qh_ram_write,
    .ram_give_back = qh_ram_give_back,
    .shared_ram = shared_ram,
};
