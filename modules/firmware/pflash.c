/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command side of the flash. While the chips give their array, reads and instruction fetches do
 * not come here at all (QH_WINDOW_ROM); the first command turns the window into a device, and the
 * command "read array" turns it back. Programming clears bits, erasing sets them (P30, 9 and 10).
 */
#include "modules/firmware/pflash.h"

#include <string.h>

/* status register, P30 7.1 */
#define SR_PROTECTED     0x02u
#define SR_PROGRAM_ERROR 0x10u
#define SR_ERASE_ERROR   0x20u
#define SR_READY         0x80u

/* commands, P30 table 23 */
#define CMD_PROGRAM_ALT  0x10u
#define CMD_ERASE        0x20u
#define CMD_PROGRAM      0x40u
#define CMD_CLEAR_STATUS 0x50u
#define CMD_LOCK         0x60u
#define CMD_STATUS       0x70u
#define CMD_ID           0x90u
#define CMD_QUERY        0x98u
#define CMD_SUSPEND      0xb0u
#define CMD_CONFIRM      0xd0u
#define CMD_BUFFER       0xe8u
#define CMD_ARRAY        0xffu

#define LOCK_SET    0x01u
#define LOCK_CLEAR  0xd0u
#define LOCK_DOWN   0x2fu
#define BUFFER_BITS 6u /* a chip's write buffer has 2^6 bytes */

static const FwServices *services_of(const FwFlash *flash)
{
    return flash->base.ctx;
}

static void set_mode(FwFlash *flash, uint8_t mode)
{
    flash->mode = mode;
    services_of(flash)->device->window_set_mode(
        &flash->base, 0, mode == FW_FLASH_ARRAY ? QH_WINDOW_ROM : QH_WINDOW_IO);
}

/* Two commands that do not belong together: both error bits (P30, 7.1). */
static void bad_sequence(FwFlash *flash)
{
    flash->status |= SR_PROGRAM_ERROR | SR_ERASE_ERROR;
    flash->mode = FW_FLASH_STATUS;
}

static void program(FwFlash *flash, uint64_t offset, const uint8_t *data, uint32_t bytes)
{
    uint8_t result[sizeof(flash->buffer)];

    flash->mode = FW_FLASH_STATUS;
    if (flash->read_only) {
        flash->status |= SR_PROGRAM_ERROR | SR_PROTECTED;
        return;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        result[i] = flash->host[offset + i] & data[i];
    }
    services_of(flash)->mem->ram_write(flash->ram, offset, result, bytes);
    fw_flash_save(flash, offset, bytes, SR_PROGRAM_ERROR);
}

static void erase(FwFlash *flash, uint64_t offset)
{
    uint8_t ones[4096];
    uint64_t first = offset - offset % flash->sector_bytes;

    flash->mode = FW_FLASH_STATUS;
    if (flash->read_only) {
        flash->status |= SR_ERASE_ERROR | SR_PROTECTED;
        return;
    }
    memset(ones, 0xff, sizeof(ones));
    for (uint64_t at = 0; at < flash->sector_bytes; at += sizeof(ones)) {
        services_of(flash)->mem->ram_write(flash->ram, first + at, ones, sizeof(ones));
    }
    fw_flash_save(flash, first, flash->sector_bytes, SR_ERASE_ERROR);
}

/* A word for the buffer; all have to lie in as many words as were announced, behind the first. */
static void fill(FwFlash *flash, uint64_t offset, const uint8_t *data, uint32_t width)
{
    uint64_t room = (uint64_t)flash->count * flash->width;

    if (flash->words == flash->count) {
        flash->buffer_at = offset;
        memset(flash->buffer, 0xff, sizeof(flash->buffer));
    }
    if (offset < flash->buffer_at || offset + width > flash->buffer_at + room ||
        offset + width > flash->bytes) {
        bad_sequence(flash);
        return;
    }
    memcpy(flash->buffer + (offset - flash->buffer_at), data, width);
    if (--flash->words == 0) {
        flash->mode = FW_FLASH_CONFIRM;
    }
}

static void program_buffer(FwFlash *flash)
{
    uint64_t rest = flash->bytes - flash->buffer_at;

    program(flash, flash->buffer_at, flash->buffer,
            (uint32_t)MIN(rest, (uint64_t)flash->count * flash->width));
}

/* The first write of a command. */
static void command(FwFlash *flash, uint8_t code)
{
    switch (code) {
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALT:
        set_mode(flash, FW_FLASH_PROGRAM);
        break;
    case CMD_BUFFER:
        set_mode(flash, FW_FLASH_COUNT);
        break;
    case CMD_ERASE:
        set_mode(flash, FW_FLASH_ERASE);
        break;
    case CMD_LOCK:
        set_mode(flash, FW_FLASH_LOCK);
        break;
    case CMD_ID:
        set_mode(flash, FW_FLASH_ID);
        break;
    case CMD_QUERY:
        set_mode(flash, FW_FLASH_QUERY);
        break;
    case CMD_CLEAR_STATUS:
        flash->status = 0;
        break;
    case CMD_STATUS:
    case CMD_SUSPEND: /* nothing that could be suspended takes long */
    case CMD_CONFIRM: /* resume */
        set_mode(flash, FW_FLASH_STATUS);
        break;
    default: /* "read array", 0xf0 of other command sets, and what the chips do not know */
        set_mode(flash, FW_FLASH_ARRAY);
    }
}

static uint32_t
flash_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    FwFlash *flash = opaque;
    uint64_t little = GUINT64_TO_LE(value);
    const uint8_t *data = (const uint8_t *)&little;

    (void)attrs;
    if (flash->busy) {
        return QH_BUS_OK; /* not heard; a guest waits for the ready bit */
    }
    switch (flash->mode) {
    case FW_FLASH_PROGRAM:
        program(flash, offset, data, width);
        break;
    case FW_FLASH_COUNT:
        flash->words = flash->count = data[0] + 1u;
        flash->mode = FW_FLASH_FILL;
        break;
    case FW_FLASH_FILL:
        fill(flash, offset, data, width);
        break;
    case FW_FLASH_CONFIRM:
        data[0] == CMD_CONFIRM ? program_buffer(flash) : bad_sequence(flash);
        break;
    case FW_FLASH_ERASE:
        data[0] == CMD_CONFIRM ? erase(flash, offset) : bad_sequence(flash);
        break;
    case FW_FLASH_LOCK: /* blocks are never locked */
        if (data[0] == LOCK_SET || data[0] == LOCK_CLEAR || data[0] == LOCK_DOWN) {
            flash->mode = FW_FLASH_STATUS;
        } else {
            bad_sequence(flash);
        }
        break;
    default:
        command(flash, data[0]);
    }
    return QH_BUS_OK;
}

/* What one chip answers at @address, in its words. */
static uint16_t chip_answer(const FwFlash *flash, uint64_t address)
{
    switch (flash->mode) {
    case FW_FLASH_ID: {
        uint32_t word = (uint32_t)(address & 0xff);

        return word < 2 ? flash->id[word] : 0; /* 2: the block is not locked */
    }
    case FW_FLASH_QUERY: {
        uint32_t word = (uint32_t)(address & 0xff);

        return word < FW_CFI_BYTES ? flash->cfi[word] : 0;
    }
    default:
        return flash->status | (flash->busy ? 0 : SR_READY);
    }
}

static uint32_t
flash_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const FwFlash *flash = opaque;
    uint64_t little = 0;
    uint8_t *data = (uint8_t *)&little;

    if (flash->mode == FW_FLASH_ARRAY || (attrs & QH_ATTR_DEBUG) != 0) {
        memcpy(data, flash->host + offset, width);
    } else {
        for (uint32_t i = 0; i < width; i++) {
            uint64_t at = offset + i;
            uint16_t answer = chip_answer(flash, at / flash->width);

            data[i] = (uint8_t)(answer >> 8 * (at % flash->chip_width));
        }
    }
    *ret_value = GUINT64_FROM_LE(little);
    return QH_BUS_OK;
}

static const QhIoOps flash_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = flash_read,
    .write = flash_write,
};

static const QhWindow windows[] = {
    {.name = "flash", .ops = &flash_ops},
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

/* The tables of CFI 2 and, from 0x31 on, of P30 B: one chip's view of itself. */
static void describe(FwFlash *flash)
{
    uint32_t n_chips = flash->width / flash->chip_width;
    uint8_t *cfi = flash->cfi;

    memcpy(cfi + 0x10, "QRY", 3);
    put16(cfi + 0x13, 0x0001); /* Intel's command set */
    put16(cfi + 0x15, 0x31);   /* where its table is */
    cfi[0x1b] = 0x17;          /* 1.7 V */
    cfi[0x1c] = 0x20;          /* 2.0 V */
    cfi[0x1f] = 8;             /* 2^n us for a word, and for a buffer */
    cfi[0x20] = 9;
    cfi[0x21] = 9; /* 2^n ms for a block */
    cfi[0x23] = 1; /* and at most 2^n times as long */
    cfi[0x24] = 1;
    cfi[0x25] = 2;
    cfi[0x27] = (uint8_t)__builtin_ctzll(flash->bytes / n_chips);
    put16(cfi + 0x28, flash->chip_width == 1 ? 0 : 1); /* x8, x16 */
    put16(cfi + 0x2a, BUFFER_BITS);
    cfi[0x2c] = 1; /* all blocks are alike */
    put16(cfi + 0x2d, flash->n_sectors - 1);
    put16(cfi + 0x2f, (uint32_t)(flash->sector_bytes / n_chips / 256));
    memcpy(cfi + 0x31, "PRI10", 5);
    cfi[0x3d] = 0x18; /* 1.8 V */
}

static gboolean check(const FwFlash *flash, GError **error)
{
    const char *why = NULL;
    uint64_t bytes = flash->sector_bytes * flash->n_sectors;

    if (flash->width != 1 && flash->width != 2 && flash->width != 4) {
        why = "width has to be 1, 2 or 4";
    } else if ((flash->chip_width != 1 && flash->chip_width != 2) ||
               flash->chip_width > flash->width) {
        why = "device-width has to be 1 or 2, and not more than width";
    } else if (flash->n_sectors == 0 || flash->n_sectors > 0x10000 || flash->sector_bytes < 4096 ||
               flash->sector_bytes > (64u << 20) || flash->sector_bytes % 4096 != 0 ||
               bytes > (G_GUINT64_CONSTANT(1) << 30) || (bytes & (bytes - 1)) != 0) {
        why = "num-blocks blocks of sector-length, a multiple of 4 KiB, have to be a power of two "
              "and at most 1 GiB";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "device '%s' (cfi.pflash01): %s",
                    flash->base.id, why);
    }
    return why == NULL;
}

static gboolean realize(QhDevice *device, GError **error)
{
    FwFlash *flash = (FwFlash *)device;
    const FwServices *services = services_of(flash);

    if (!check(flash, error)) {
        return FALSE;
    }
    flash->bytes = flash->sector_bytes * flash->n_sectors;
    flash->ram = services->mem->ram_new(
        device->machine, flash->name != NULL ? flash->name : device->id, flash->bytes, error);
    if (flash->ram == NULL) {
        return FALSE;
    }
    flash->host = services->mem->ram_host(flash->ram);
    describe(flash);
    services->device->window_set_bytes(device, 0, flash->bytes);
    if (!services->device->window_set_ram(device, 0, flash->ram, QH_WINDOW_ROM)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "device '%s' (cfi.pflash01): the host does not map its memory", device->id);
        return FALSE;
    }
    return flash->drive == NULL || fw_flash_load(flash, error);
}

static void unrealize(QhDevice *device)
{
    FwFlash *flash = (FwFlash *)device;

    services_of(flash)->block->detach(flash->drive);
}

static void reset(QhDevice *device, uint32_t kind)
{
    FwFlash *flash = (FwFlash *)device;

    (void)kind;
    flash->status = 0;
    set_mode(flash, FW_FLASH_ARRAY);
}

static void run_state(QhDevice *device, gboolean running)
{
    if (running) {
        fw_flash_retry((FwFlash *)device);
    }
}

static void state_loaded(QhDevice *device)
{
    FwFlash *flash = (FwFlash *)device;

    flash->count = MIN(flash->count, FW_BUFFER_WORDS);
    flash->words = MIN(flash->words, flash->count);
    flash->buffer_at = MIN(flash->buffer_at, flash->bytes - flash->width);
    if (flash->mode > FW_FLASH_LOCK || (flash->mode == FW_FLASH_FILL && flash->words == 0)) {
        flash->mode = FW_FLASH_STATUS;
    }
    set_mode(flash, flash->mode);
}

#define FIELD(member, kind) QH_STATE_FIELD(FwFlash, member, kind, 1)

static const QhStateField fields[] = {
    FIELD(mode, I8),       FIELD(status, I8),
    FIELD(words, I32),     FIELD(count, I32),
    FIELD(buffer_at, I64), QH_STATE_FIELD(FwFlash, buffer, I8, FW_BUFFER_WORDS *FW_WIDTH_MAX),
};

static const QhStateTable state = QH_STATE_TABLE(fields, 1);

#define NUMBER(name_, type_, member_, default_, text_)                                             \
    QH_PROPERTY(name_, type_, offsetof(FwFlash, member_), default_, 0, 0, text_)

static const QhProperty properties[] = {
    NUMBER("drive", QH_PROPERTY_BLOCK, drive, NULL, "what is in it, and keeps it"),
    NUMBER("name", QH_PROPERTY_STRING, name, NULL, "name of its memory"),
    NUMBER("num-blocks", QH_PROPERTY_U32, n_sectors, "128", "blocks that are erased at once"),
    NUMBER("sector-length", QH_PROPERTY_SIZE, sector_bytes, "256k", "bytes of a block"),
    NUMBER("width", QH_PROPERTY_U8, width, "4", "bytes of the bus"),
    NUMBER("device-width", QH_PROPERTY_U8, chip_width, "2", "bytes of one chip"),
    NUMBER("id0", QH_PROPERTY_U16, id[0], "0x89", "the maker's number"),
    NUMBER("id1", QH_PROPERTY_U16, id[1], "0x18", "the chip's number"),
    NUMBER("id2", QH_PROPERTY_U16, id[2], "0", "not used"),
    NUMBER("id3", QH_PROPERTY_U16, id[3], "0", "not used"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const QhDeviceOps fw_pflash_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(FwFlash),
    .description = "NOR flash with Intel's command set",
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .run_state = run_state,
    .state_loaded = state_loaded,
};
