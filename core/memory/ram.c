/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"
#include "core/os/bus-error.h"
#include "core/os/memory.h"

#include <string.h>

/* Blocks are numbered in steps of the largest guest page, so that no two share one. */
#define BASE_STEP G_GUINT64_CONSTANT(0x10000)
#define PAGE      (G_GUINT64_CONSTANT(1) << QH_PAGE_BITS_MIN)
#define RAM_MAX   (G_GUINT64_CONSTANT(1) << 46)

static gboolean check_ram(const QhMemory *memory, const char *name, uint64_t bytes, GError **error)
{
    if (bytes == 0 || bytes % PAGE != 0 || bytes > RAM_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot create RAM '%s' of %" G_GUINT64_FORMAT
                    " bytes: the size must be a multiple of 4096, not zero and at most 64 TiB",
                    name, bytes);
        return FALSE;
    }
    for (guint i = 0; i < memory->rams->len; i++) {
        const QhRam *ram = g_ptr_array_index(memory->rams, i);

        if (g_str_equal(ram->name, name)) {
            g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                        "cannot create RAM '%s': there is a block of that name", name);
            return FALSE;
        }
    }
    return TRUE;
}

/* One that was given back, with zeroes in it. */
static QhRam *take_spare(QhMemory *memory, const char *name, uint64_t bytes)
{
    for (guint i = 0; i < memory->rams->len; i++) {
        QhRam *ram = g_ptr_array_index(memory->rams, i);

        if (ram->spare && ram->bytes == bytes) {
            qh_ram_note_write(ram, 0, bytes);
            memset(ram->host, 0, bytes);
            qh_ram_note_write(ram, 0, bytes);
            g_free(ram->name);
            ram->name = g_strdup(name);
            ram->spare = FALSE;
            return ram;
        }
    }
    return NULL;
}

void qh_ram_give_back(QhRam *ram)
{
    if (ram != NULL) {
        g_free(ram->name);
        ram->name = g_strdup_printf("spare.%" G_GUINT64_FORMAT, ram->base);
        ram->spare = TRUE;
    }
}

QhRam *qh_ram_new(QhMachine *machine, const char *name, uint64_t bytes, GError **error)
{
    QhMemory *memory = qh_machine_memory(machine);

    if (!check_ram(memory, name, bytes, error)) {
        return NULL;
    }

    int fd = -1;
    int file = qh_machine_ram_file(machine, name);
    QhRam *spare = file < 0 ? take_spare(memory, name, bytes) : NULL;
    if (spare != NULL) {
        return spare;
    }
    void *host = file >= 0 ? qh_os_shared_map(file, name, bytes, &fd, error)
                 : qh_machine_ram_is_private(machine, name)
                     ? qh_os_private_new(name, bytes, error)
                     : qh_os_shared_new(name, bytes, &fd, error);
    if (host == NULL) {
        return NULL;
    }
    void *flags = qh_os_pages_new(bytes >> QH_PAGE_BITS_MIN, error);
    if (flags == NULL) {
        qh_os_shared_free(host, bytes, fd);
        return NULL;
    }

    QhRam *ram = g_new0(QhRam, 1);
    ram->name = g_strdup(name);
    ram->host = host;
    ram->bytes = bytes;
    ram->page_flags = flags;
    ram->fd = fd;
    ram->machine = machine;
    g_mutex_lock(&memory->lock);
    ram->base = memory->next_base;
    memory->next_base += (bytes + BASE_STEP - 1) / BASE_STEP * BASE_STEP;
    g_ptr_array_add(memory->rams, ram);
    g_mutex_unlock(&memory->lock);
    if (file >= 0) {
        qh_machine_watch_ram(machine, ram);
    }
    return ram;
}

void qh_ram_free(QhRam *ram)
{
    if (ram == NULL) {
        return;
    }
    QhMemory *memory = qh_machine_memory(ram->machine);
    g_mutex_lock(&memory->lock);
    g_ptr_array_remove(memory->rams, ram);
    g_mutex_unlock(&memory->lock);
}

static void ram_destroy(void *data)
{
    QhRam *ram = data;

    qh_os_pages_free(ram->page_flags, ram->bytes >> QH_PAGE_BITS_MIN);
    qh_os_bus_error_unwatch(ram->in_file ? ram->host : NULL);
    qh_os_shared_free(ram->host, ram->bytes, ram->fd);
    g_free(ram->name);
    g_free(ram);
}

/* The mark goes when the keeper has seen the page: who finds it gone may write. */
static void keep_page(QhRam *ram, uint64_t page)
{
    QhMemory *memory = qh_machine_memory(ram->machine);

    g_mutex_lock(&memory->keep_lock);
    if ((__atomic_load_n(&ram->page_flags[page], __ATOMIC_SEQ_CST) & QH_PAGE_KEEP) != 0) {
        if (memory->keeper != NULL) {
            memory->keeper(memory->keeper_data, ram, page << QH_PAGE_BITS_MIN);
        }
        __atomic_fetch_and(&ram->page_flags[page], (uint8_t)~QH_PAGE_KEEP, __ATOMIC_SEQ_CST);
    }
    g_mutex_unlock(&memory->keep_lock);
}

void qh_ram_keep(QhRam *ram, uint64_t offset, uint64_t bytes)
{
    QhMemory *memory = qh_machine_memory(ram->machine);
    uint64_t first = offset >> QH_PAGE_BITS_MIN;

    if (bytes == 0 || __atomic_load_n(&memory->keeper, __ATOMIC_RELAXED) == NULL) {
        return;
    }
    for (uint64_t page = first; page <= (offset + bytes - 1) >> QH_PAGE_BITS_MIN; page++) {
        if ((__atomic_load_n(&ram->page_flags[page], __ATOMIC_RELAXED) & QH_PAGE_KEEP) != 0) {
            keep_page(ram, page);
        }
    }
}

void qh_memory_set_keeper(QhMemory *memory, QhPageKeeper fn, void *data)
{
    g_mutex_lock(&memory->keep_lock);
    memory->keeper = fn;
    memory->keeper_data = data;
    g_mutex_unlock(&memory->keep_lock);
}

void qh_memory_keep_all(QhMemory *memory)
{
    for (guint i = 0; i < memory->rams->len; i++) {
        const QhRam *ram = g_ptr_array_index(memory->rams, i);
        for (uint64_t page = 0; page < ram->bytes >> QH_PAGE_BITS_MIN; page++) {
            __atomic_fetch_or(&ram->page_flags[page], QH_PAGE_KEEP, __ATOMIC_SEQ_CST);
        }
    }
}

void qh_memory_foreach_ram(QhMemory *memory, void (*fn)(QhRam *, void *), void *data)
{
    for (guint i = 0; i < memory->rams->len; i++) {
        fn(g_ptr_array_index(memory->rams, i), data);
    }
}

void qh_ram_note_write(QhRam *ram, uint64_t offset, uint64_t bytes)
{
    if (bytes == 0) {
        return;
    }
    uint64_t last = (offset + bytes - 1) >> QH_PAGE_BITS_MIN;

    for (uint64_t page = offset >> QH_PAGE_BITS_MIN; page <= last; page++) {
        uint8_t flags = __atomic_load_n(&ram->page_flags[page], __ATOMIC_RELAXED);

        if ((flags & QH_PAGE_KEEP) != 0) {
            keep_page(ram, page);
        }
        if ((flags & QH_PAGE_DIRTY) == 0) {
            flags = __atomic_fetch_or(&ram->page_flags[page], QH_PAGE_DIRTY, __ATOMIC_SEQ_CST);
        }
        if ((flags & QH_PAGE_CODE) != 0) {
            uint64_t first_byte = MAX(offset, page << QH_PAGE_BITS_MIN);
            uint64_t end = MIN(offset + bytes, (page + 1) << QH_PAGE_BITS_MIN);

            qh_machine_code_written(ram->machine, ram->base + first_byte, end - first_byte);
        }
    }
}

void qh_ram_write(QhRam *ram, uint64_t offset, const void *data, uint64_t bytes)
{
    qh_ram_note_write(ram, offset, bytes);
    memcpy(ram->host + offset, data, bytes);
    qh_ram_note_write(ram, offset, bytes);
}

static void window_free(void *data)
{
    QhIoWindow *window = data;

    g_free(window->name);
    g_free(window);
}

static void space_destroy(void *data)
{
    QhSpace *space = data;

    g_ptr_array_unref(space->mappings);
    g_free(atomic_load(&space->view));
    g_free(space->name);
    g_free(space);
}

QhMemory *qh_memory_new(QhMachine *machine)
{
    QhMemory *memory = g_new0(QhMemory, 1);

    memory->machine = machine;
    g_mutex_init(&memory->lock);
    g_mutex_init(&memory->keep_lock);
    memory->rams = g_ptr_array_new_with_free_func(ram_destroy);
    memory->spaces = g_ptr_array_new_with_free_func(space_destroy);
    memory->windows = g_ptr_array_new_with_free_func(window_free);
    memory->next_base = BASE_STEP;
    return memory;
}

void qh_memory_free(QhMemory *memory)
{
    if (memory == NULL) {
        return;
    }
    g_ptr_array_unref(memory->spaces);
    g_ptr_array_unref(memory->windows);
    g_ptr_array_unref(memory->rams);
    g_mutex_clear(&memory->lock);
    g_mutex_clear(&memory->keep_lock);
    g_free(memory);
}

QhSpace *qh_memory_system(QhMemory *memory)
{
    if (memory->spaces->len == 0) {
        return qh_space_new(memory->machine, "memory", 0);
    }
    return g_ptr_array_index(memory->spaces, 0);
}

void qh_memory_forget(QhMemory *memory, const QhInstance *owner)
{
    g_mutex_lock(&memory->lock);
    for (guint i = memory->windows->len; i-- > 0;) {
        const QhIoWindow *window = g_ptr_array_index(memory->windows, i);

        if (window->owner == owner) {
            g_ptr_array_remove_index(memory->windows, i);
        }
    }
    g_mutex_unlock(&memory->lock);
}

void qh_memory_foreach_space(QhMemory *memory, void (*fn)(QhSpace *, void *), void *data)
{
    (void)qh_memory_system(memory);
    for (guint i = 0; i < memory->spaces->len; i++) {
        fn(g_ptr_array_index(memory->spaces, i), data);
    }
}
