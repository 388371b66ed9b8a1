/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device (QEMU, docs/specs/fw_cfg.rst, "Hardware Interface"): a
 * selector, a data port that goes through the selected item byte by byte, and a DMA register that
 * takes the address of a small structure in guest memory. What there is to read is the host's
 * (abi/fw-cfg.h); the signature, the feature word and the directory are made here.
 *
 * The transport is apart from the device: on a memory bus the selector is big-endian and the data
 * port as wide as the access; an I/O port form needs a window table of its own and nothing else.
 */
#include "modules/firmware/firmware.h"

#include <string.h>

#define SELECTOR_MASK 0xbfffu /* bit 14 used to ask for writing, and is ignored */

#define KEY_SIGNATURE 0x00u
#define KEY_ID        0x01u
#define KEY_DIRECTORY 0x19u

#define ID_TRADITIONAL 1u
#define ID_DMA         2u

/* the structure of a transfer, "DMA Interface" */
#define DMA_ERROR  (1u << 0)
#define DMA_READ   (1u << 1)
#define DMA_SKIP   (1u << 2)
#define DMA_SELECT (1u << 3)
#define DMA_WRITE  (1u << 4)
#define DMA_BYTES  16u

#define DMA_SIGNATURE G_GUINT64_CONSTANT(0x51454d5520434647) /* "QEMU CFG" */
#define ENTRY_BYTES   64u                                    /* of the directory */

typedef struct FwCfg {
    QhDevice base;
    uint64_t dma_high; /* upper half of the address, until the lower one starts the transfer */
    uint32_t offset;   /* in the selected item */
    uint16_t selector;
    GByteArray *directory; /* made when it is selected; derived */
} FwCfg;

static const FwServices *services_of(const FwCfg *cfg)
{
    return cfg->base.ctx;
}

static QhMachine *machine_of(const FwCfg *cfg)
{
    return cfg->base.machine;
}

static void append_be32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

/* A count; for each file size, selector, two reserved bytes and a name of 56 bytes. */
static void make_directory(FwCfg *cfg)
{
    QhFwView file = {.size = sizeof(file)};
    uint32_t n = 0;

    g_byte_array_set_size(cfg->directory, 0);
    append_be32(cfg->directory, 0);
    while (services_of(cfg)->fw->file(machine_of(cfg), n, &file)) {
        uint16_t selector = GUINT16_TO_BE(file.selector);
        uint8_t entry[ENTRY_BYTES - 4] = {0};

        memcpy(entry, &selector, sizeof(selector));
        memcpy(entry + 4, file.name, MIN(strlen(file.name), QH_FW_NAME_MAX));
        append_be32(cfg->directory, file.bytes);
        g_byte_array_append(cfg->directory, entry, sizeof(entry));
        n++;
    }
    n = GUINT32_TO_BE(n);
    memcpy(cfg->directory->data, &n, sizeof(n));
}

/* What is selected; an item that does not exist has no bytes. */
static QhFwView view(FwCfg *cfg, gboolean select)
{
    static const uint8_t signature[4] = {'Q', 'E', 'M', 'U'};
    static const uint8_t id[4] = {ID_TRADITIONAL | ID_DMA, 0, 0, 0};
    QhFwView item = {.size = sizeof(item)};

    switch (cfg->selector) {
    case KEY_SIGNATURE:
        item.data = (uint8_t *)signature;
        item.bytes = sizeof(signature);
        break;
    case KEY_ID:
        item.data = (uint8_t *)id;
        item.bytes = sizeof(id);
        break;
    case KEY_DIRECTORY:
        if (select || cfg->directory->len == 0) {
            make_directory(cfg);
        }
        item.data = cfg->directory->data;
        item.bytes = cfg->directory->len;
        break;
    default:
        if (!services_of(cfg)->fw->view(machine_of(cfg), cfg->selector, select, &item)) {
            item.bytes = 0;
        }
    }
    return item;
}

static void select_item(FwCfg *cfg, uint16_t selector)
{
    cfg->selector = selector & SELECTOR_MASK;
    cfg->offset = 0;
    view(cfg, TRUE);
}

/* @width bytes from the data port, the first one the most significant; behind the end are zeroes.
 */
static uint64_t read_data(FwCfg *cfg, uint32_t width)
{
    QhFwView item = view(cfg, FALSE);
    uint64_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        uint8_t byte = cfg->offset < item.bytes ? item.data[cfg->offset++] : 0;

        value = value << 8 | byte;
    }
    return value;
}

static gboolean write_zeroes(FwCfg *cfg, QhSpace *space, uint64_t address, uint64_t bytes)
{
    static const uint8_t zeroes[4096];
    const FwServices *services = services_of(cfg);

    while (bytes > 0) {
        uint64_t chunk = MIN(bytes, sizeof(zeroes));

        if (services->mem->dma_write(cfg->base.instance, space, address, zeroes, chunk) !=
            QH_BUS_OK) {
            return FALSE;
        }
        address += chunk;
        bytes -= chunk;
    }
    return TRUE;
}

/* Read or write @bytes of the item at the offset; FALSE: guest memory or the item refuses. */
static gboolean move(FwCfg *cfg, gboolean write, QhSpace *space, uint64_t address, uint32_t bytes)
{
    const FwServices *services = services_of(cfg);
    QhFwView item = view(cfg, FALSE);
    uint32_t rest = cfg->offset < item.bytes ? item.bytes - cfg->offset : 0;
    uint32_t part = MIN(rest, bytes);
    uint8_t *data = part > 0 ? item.data + cfg->offset : NULL;

    if (write) {
        if ((item.flags & QH_FW_WRITABLE) == 0 || part != bytes ||
            services->mem->dma_read(cfg->base.instance, space, address, data, part) != QH_BUS_OK) {
            return FALSE;
        }
        services->fw->wrote(machine_of(cfg), cfg->selector, cfg->offset, part);
    } else if ((part > 0 && services->mem->dma_write(cfg->base.instance, space, address, data,
                                                     part) != QH_BUS_OK) ||
               !write_zeroes(cfg, space, address + part, bytes - part)) {
        return FALSE;
    }
    cfg->offset += part;
    return TRUE;
}

/* The structure at @address says what to do; its control word becomes the answer. */
static void transfer(FwCfg *cfg, uint64_t address)
{
    const FwServices *services = services_of(cfg);
    QhSpace *space = services->mem->system(machine_of(cfg));
    uint32_t words[4], control, bytes, answer = 0;

    if (services->mem->dma_read(cfg->base.instance, space, address, words, DMA_BYTES) !=
        QH_BUS_OK) {
        answer = GUINT32_TO_BE(DMA_ERROR);
        services->mem->dma_write(cfg->base.instance, space, address, &answer, sizeof(answer));
        return;
    }
    control = GUINT32_FROM_BE(words[0]);
    bytes = GUINT32_FROM_BE(words[1]);
    uint64_t at = (uint64_t)GUINT32_FROM_BE(words[2]) << 32 | GUINT32_FROM_BE(words[3]);

    if ((control & DMA_SELECT) != 0) {
        select_item(cfg, (uint16_t)(control >> 16));
    }
    if ((control & (DMA_READ | DMA_WRITE)) != 0) {
        gboolean write = (control & DMA_READ) == 0;

        answer = move(cfg, write, space, at, bytes) ? 0 : DMA_ERROR;
    } else if ((control & DMA_SKIP) != 0) {
        uint32_t end = view(cfg, FALSE).bytes;

        cfg->offset += MIN(bytes, end - MIN(cfg->offset, end));
    }
    answer = GUINT32_TO_BE(answer);
    services->mem->dma_write(cfg->base.instance, space, address, &answer, sizeof(answer));
}

/* Windows on a memory bus: data at 0, selector at 8, DMA at 16, all big-endian. */

#define WINDOW_DATA     0u
#define WINDOW_SELECTOR 8u
#define WINDOW_DMA      16u
#define WINDOW_BYTES    24u

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    FwCfg *cfg = opaque;

    if (offset < WINDOW_SELECTOR) {
        /* a debugger moves nothing */
        *ret_value = (attrs & QH_ATTR_DEBUG) != 0 ? 0 : read_data(cfg, width);
        return QH_BUS_OK;
    }
    if (offset < WINDOW_DMA) {
        return QH_BUS_ERROR;
    }
    *ret_value = DMA_SIGNATURE >> 8 * (WINDOW_BYTES - offset - width);
    *ret_value &= width < 8 ? (UINT64_C(1) << 8 * width) - 1 : UINT64_MAX;
    return QH_BUS_OK;
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    FwCfg *cfg = opaque;

    (void)attrs;
    if (offset < WINDOW_SELECTOR) {
        return QH_BUS_OK; /* the port could be written once; what is written is dropped */
    }
    if (offset == WINDOW_SELECTOR && width == 2) {
        select_item(cfg, (uint16_t)value);
        return QH_BUS_OK;
    }
    if (offset == WINDOW_DMA && width == 8) {
        transfer(cfg, value);
        return QH_BUS_OK;
    }
    if (offset == WINDOW_DMA && width == 4) {
        cfg->dma_high = value << 32;
        return QH_BUS_OK;
    }
    if (offset == WINDOW_DMA + 4 && width == 4) {
        uint64_t address = cfg->dma_high | value;

        cfg->dma_high = 0;
        transfer(cfg, address);
        return QH_BUS_OK;
    }
    return QH_BUS_ERROR;
}

static const QhIoOps window_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_BIG_ENDIAN,
    .min_size = 1,
    .max_size = 8,
    .read = window_read,
    .write = window_write,
};

static const QhWindow windows[] = {
    {.name = "fw_cfg", .bytes = WINDOW_BYTES, .ops = &window_ops},
};

static gboolean realize(QhDevice *device, GError **error)
{
    FwCfg *cfg = (FwCfg *)device;

    if (!services_of(cfg)->fw->show(device->machine, device, error)) {
        return FALSE;
    }
    cfg->directory = g_byte_array_new();
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    FwCfg *cfg = (FwCfg *)device;

    if (cfg->directory != NULL) {
        g_byte_array_unref(cfg->directory);
        services_of(cfg)->fw->show(device->machine, NULL, NULL);
    }
}

static void reset(QhDevice *device, uint32_t kind)
{
    FwCfg *cfg = (FwCfg *)device;

    (void)kind;
    cfg->dma_high = 0;
    cfg->offset = 0;
    cfg->selector = 0;
    g_byte_array_set_size(cfg->directory, 0);
}

static void state_loaded(QhDevice *device)
{
    g_byte_array_set_size(((FwCfg *)device)->directory, 0);
}

static const QhStateField fields[] = {
    QH_STATE_FIELD(FwCfg, dma_high, I64, 1),
    QH_STATE_FIELD(FwCfg, offset, I32, 1),
    QH_STATE_FIELD(FwCfg, selector, I16, 1),
};

static const QhStateTable state = QH_STATE_TABLE(fields, 1);

const QhDeviceOps fw_cfg_mem_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(FwCfg),
    .description = "firmware configuration, in memory",
    .state = &state,
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .state_loaded = state_loaded,
};
