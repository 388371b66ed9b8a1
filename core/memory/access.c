/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical accesses. Every access to a device window goes through io_read or io_write, where the
 * rules of its table, the device lock and the DMA guard are kept once for all devices: a device
 * that is inside a call is not entered again, whoever asks.
 */
#include "core/device/instance.h"
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"

#include <string.h>

static uint64_t swap(uint64_t value, uint32_t width)
{
    return __builtin_bswap64(value) >> (64 - 8 * width);
}

static uint64_t truncate_to(uint64_t value, uint32_t width)
{
    return width == 8 ? value : value & ((G_GUINT64_CONSTANT(1) << (8 * width)) - 1);
}

/* Whether the table lets such an access in at all. */
static gboolean allowed(const QhIoWindow *io, uint64_t offset, uint32_t width)
{
    const QhIoOps *ops = io->ops;

    if ((width != 1 && width != 2 && width != 4 && width != 8) || width < ops->min_size) {
        return FALSE;
    }
    if (width > ops->max_size && (ops->flags & QH_IO_SPLIT) == 0) {
        return FALSE;
    }
    if (offset % width != 0 && (ops->flags & QH_IO_UNALIGNED) == 0) {
        return FALSE;
    }
    return width <= io->bytes && offset <= io->bytes - width;
}

/* Take the device lock and enter the owner; on QH_BUS_OK leave_window undoes both. */
static uint32_t enter_window(const QhIoWindow *io, gboolean *ret_locked)
{
    *ret_locked = FALSE;
    if ((io->ops->flags & QH_IO_LOCKLESS) != 0) {
        return QH_BUS_OK;
    }
    if (!qh_machine_locked_by_me(io->machine)) {
        qh_machine_lock(io->machine);
        *ret_locked = TRUE;
    }
    if (io->owner != NULL && !qh_instance_enter(io->owner)) {
        if (*ret_locked) {
            qh_machine_unlock(io->machine);
        }
        return QH_BUS_NESTED;
    }
    return QH_BUS_OK;
}

static void leave_window(const QhIoWindow *io, gboolean locked)
{
    if ((io->ops->flags & QH_IO_LOCKLESS) == 0 && io->owner != NULL) {
        qh_instance_leave(io->owner);
    }
    if (locked) {
        qh_machine_unlock(io->machine);
    }
}

/* How far part @i of an access lies from the lowest bits, in the window's byte order. */
static uint32_t part_shift(const QhIoOps *ops, uint32_t width, uint32_t part, uint32_t i)
{
    uint32_t byte = i * part;

    return 8 * ((ops->flags & QH_IO_BIG_ENDIAN) != 0 ? width - part - byte : byte);
}

uint32_t qh_io_read(QhIoWindow *io,
                    uint64_t offset,
                    uint32_t width,
                    gboolean big_endian,
                    uint32_t attrs,
                    uint64_t *ret_value)
{
    const QhIoOps *ops = io->ops;
    gboolean locked;

    if (ops->read == NULL || !allowed(io, offset, width)) {
        return QH_BUS_ERROR;
    }
    uint32_t status = enter_window(io, &locked);
    if (status != QH_BUS_OK) {
        return status;
    }

    uint32_t part = MIN(width, ops->max_size);
    uint64_t value = 0;
    for (uint32_t i = 0; i < width / part && status == QH_BUS_OK; i++) {
        uint64_t bits = 0;

        status = ops->read(io->opaque, offset + i * part, part, attrs, &bits);
        value |= truncate_to(bits, part) << part_shift(ops, width, part, i);
    }
    leave_window(io, locked);
    if (status == QH_BUS_OK) {
        gboolean other_order = big_endian != ((ops->flags & QH_IO_BIG_ENDIAN) != 0);

        *ret_value = other_order ? swap(value, width) : value;
    }
    return status;
}

uint32_t qh_io_write(QhIoWindow *io,
                     uint64_t offset,
                     uint32_t width,
                     gboolean big_endian,
                     uint32_t attrs,
                     uint64_t value)
{
    const QhIoOps *ops = io->ops;
    gboolean locked;

    if (ops->write == NULL || !allowed(io, offset, width)) {
        return QH_BUS_ERROR;
    }
    uint32_t status = enter_window(io, &locked);
    if (status != QH_BUS_OK) {
        return status;
    }

    uint32_t part = MIN(width, ops->max_size);
    if (big_endian != ((ops->flags & QH_IO_BIG_ENDIAN) != 0)) {
        value = swap(value, width);
    }
    for (uint32_t i = 0; i < width / part && status == QH_BUS_OK; i++) {
        uint64_t bits = truncate_to(value >> part_shift(ops, width, part, i), part);

        status = ops->write(io->opaque, offset + i * part, part, attrs, bits);
    }
    leave_window(io, locked);
    return status;
}

/* The widest access that starts at @address, is naturally aligned and no longer than @bytes. */
static uint32_t natural_width(const QhIoWindow *io, uint64_t offset, uint64_t bytes)
{
    uint32_t width = 8;

    while (width > 1 && (offset % width != 0 || width > bytes || width > io->ops->max_size)) {
        width /= 2;
    }
    return width;
}

/* @bytes of a window as single accesses; bytes are moved in memory order. */
static uint32_t
io_read_bytes(QhIoWindow *io, uint64_t offset, uint8_t *buffer, uint64_t bytes, uint32_t attrs)
{
    while (bytes > 0) {
        uint32_t width = natural_width(io, offset, bytes);
        uint64_t value = 0;
        uint32_t status = qh_io_read(io, offset, width, FALSE, attrs, &value);

        if (status != QH_BUS_OK) {
            return status;
        }
        value = GUINT64_TO_LE(value);
        memcpy(buffer, &value, width);
        buffer += width;
        offset += width;
        bytes -= width;
    }
    return QH_BUS_OK;
}

static uint32_t io_write_bytes(
    QhIoWindow *io, uint64_t offset, const uint8_t *buffer, uint64_t bytes, uint32_t attrs)
{
    while (bytes > 0) {
        uint32_t width = natural_width(io, offset, bytes);
        uint64_t value = 0;

        memcpy(&value, buffer, width);
        uint32_t status = qh_io_write(io, offset, width, FALSE, attrs, GUINT64_FROM_LE(value));
        if (status != QH_BUS_OK) {
            return status;
        }
        buffer += width;
        offset += width;
        bytes -= width;
    }
    return QH_BUS_OK;
}

static void ram_write(const QhSection *section, uint64_t offset, const void *buffer, uint64_t bytes)
{
    qh_ram_write(section->ram, section->ram_offset + offset, buffer, bytes);
}

/* What one walk over the map does with what it meets. */
#define WALK_IO    (1u << 0) /* device windows may be reached */
#define WALK_ROM   (1u << 1) /* read-only RAM may be written */
#define WALK_PROBE (1u << 2) /* only look */

/*
 * Read into @into or write from @from, whichever is not NULL. The map may change while this goes
 * on: each section is looked up when its turn comes.
 */
static uint32_t walk(QhSpace *space,
                     uint64_t address,
                     uint8_t *into,
                     const uint8_t *from,
                     uint64_t length,
                     uint32_t attrs,
                     uint32_t flags)
{
    while (length > 0) {
        QhSection section;

        if (!qh_space_find(space, address, &section)) {
            return QH_BUS_NONE;
        }
        uint64_t skip = address - section.first;
        uint64_t room = section.last - address; /* one less than the bytes, which may be 2^64 */
        uint64_t chunk = length - 1 <= room ? length : room + 1;
        uint32_t status = QH_BUS_OK;

        /* what takes a write: a device, or RAM; flash is RAM to those who may write ROM */
        gboolean io =
            section.ram == NULL || (from != NULL && section.io != NULL && (flags & WALK_ROM) == 0);

        if (io && (flags & WALK_IO) == 0) {
            return QH_BUS_ERROR;
        }
        if (!io && from != NULL && section.readonly && (flags & WALK_ROM) == 0) {
            return QH_BUS_ERROR;
        }
        if ((flags & WALK_PROBE) != 0) {
            status = QH_BUS_OK;
        } else if (io && into != NULL) {
            status = io_read_bytes(section.io, section.io_offset + skip, into, chunk, attrs);
        } else if (io) {
            status = io_write_bytes(section.io, section.io_offset + skip, from, chunk, attrs);
        } else if (into != NULL) {
            memcpy(into, section.ram->host + section.ram_offset + skip, chunk);
        } else {
            ram_write(&section, skip, from, chunk);
        }
        if (status != QH_BUS_OK) {
            return status;
        }
        into = into != NULL ? into + chunk : NULL;
        from = from != NULL ? from + chunk : NULL;
        length -= chunk;
        if (length > 0 && __builtin_add_overflow(address, chunk, &address)) {
            return QH_BUS_NONE;
        }
    }
    return QH_BUS_OK;
}

uint32_t
qh_space_read(QhSpace *space, uint64_t address, void *buffer, uint64_t length, uint32_t attrs)
{
    return walk(space, address, buffer, NULL, length, attrs, WALK_IO);
}

uint32_t qh_space_write(
    QhSpace *space, uint64_t address, const void *buffer, uint64_t length, uint32_t attrs)
{
    return walk(space, address, NULL, buffer, length, attrs, WALK_IO);
}

uint32_t qh_space_write_rom(QhSpace *space, uint64_t address, const void *buffer, uint64_t length)
{
    return walk(space, address, NULL, buffer, length, QH_ATTR_NONE, WALK_ROM);
}

gboolean qh_space_is_memory(QhSpace *space, uint64_t address, uint64_t length)
{
    return walk(space, address, NULL, NULL, length, QH_ATTR_NONE, WALK_PROBE) == QH_BUS_OK;
}

/* A device that does DMA counts as inside a call: what it reaches cannot come back to it. */
static uint32_t
dma(QhInstance *device, QhSpace *space, uint64_t address, void *into, const void *from, uint64_t n)
{
    uint32_t flags = qh_instance_dma_to_io(device) ? WALK_IO : 0;
    gboolean entered = qh_instance_enter(device);
    uint32_t status = walk(space, address, into, from, n, QH_ATTR_NONE, flags);

    if (entered) {
        qh_instance_leave(device);
    }
    return status;
}

uint32_t
qh_dma_read(QhInstance *device, QhSpace *space, uint64_t address, void *buffer, uint64_t length)
{
    return dma(device, space, address, buffer, NULL, length);
}

uint32_t qh_dma_write(
    QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length)
{
    return dma(device, space, address, NULL, buffer, length);
}

/* The host address of the aligned word, or NULL with the reason in *@ret_status. */
static void *
word_at(QhSpace *space, uint64_t address, uint32_t width, QhSection *section, uint32_t *ret_status)
{
    *ret_status = QH_BUS_ERROR;
    if ((width != 4 && width != 8) || address % width != 0) {
        return NULL;
    }
    if (!qh_space_find(space, address, section)) {
        *ret_status = QH_BUS_NONE;
        return NULL;
    }
    if (section->ram == NULL) {
        return NULL;
    }
    *ret_status = QH_BUS_OK;
    return section->ram->host + section->ram_offset + (address - section->first);
}

uint32_t qh_space_read_word(
    QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    QhSection section;
    uint32_t status;
    const void *host = word_at(space, address, width, &section, &status);

    (void)attrs;
    if (host == NULL) {
        return status;
    }
    if (width == 4) {
        uint32_t word = __atomic_load_n((const uint32_t *)host, __ATOMIC_ACQUIRE);
        *ret_value = GUINT32_FROM_LE(word);
    } else {
        uint64_t word = __atomic_load_n((const uint64_t *)host, __ATOMIC_ACQUIRE);
        *ret_value = GUINT64_FROM_LE(word);
    }
    return QH_BUS_OK;
}

uint32_t qh_space_cas_word(QhSpace *space,
                           uint64_t address,
                           uint32_t width,
                           uint32_t attrs,
                           uint64_t *expected,
                           uint64_t desired)
{
    QhSection section;
    uint32_t status;
    void *host = word_at(space, address, width, &section, &status);

    (void)attrs;
    if (host == NULL || section.readonly) {
        return host == NULL ? status : QH_BUS_ERROR;
    }
    uint64_t offset = (uint64_t)((uint8_t *)host - section.ram->host);
    qh_ram_note_write(section.ram, offset, width);
    if (width == 4) {
        uint32_t old = GUINT32_TO_LE((uint32_t)*expected);

        __atomic_compare_exchange_n((uint32_t *)host, &old, GUINT32_TO_LE((uint32_t)desired), FALSE,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *expected = GUINT32_FROM_LE(old);
    } else {
        uint64_t old = GUINT64_TO_LE(*expected);

        __atomic_compare_exchange_n((uint64_t *)host, &old, GUINT64_TO_LE(desired), FALSE,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *expected = GUINT64_FROM_LE(old);
    }
    qh_ram_note_write(section.ram, offset, width);
    return QH_BUS_OK;
}
