/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame buffer that firmware puts somewhere into RAM and tells of through the fw_cfg file
 * etc/ramfb: address (64 bits), then format (a FourCC), flags, width, height and stride (32 bits
 * each), all big-endian. Nothing else is to it: EDK2 and U-Boot draw on it before a driver is
 * there.
 */
#include "modules/display/display.h"

#include <string.h>

#define CONFIG_FILE  "etc/ramfb"
#define CONFIG_BYTES 28u

/* drm_fourcc.h: letters, first one lowest */
#define FOURCC(a, b, c, d)                                                                         \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

typedef struct Ramfb {
    QhDevice base;
    uint8_t config[CONFIG_BYTES];
    uint8_t active; /* @config was written as a whole and makes sense */
    gboolean added; /* the file */
    QhDisplay *display;
    uint32_t width, height; /* that the screen has now */
} Ramfb;

typedef struct Mode {
    uint64_t address;
    uint32_t width, height, stride, format, row_bytes;
} Mode;

static const FbServices *services(const Ramfb *ramfb)
{
    return ramfb->base.ctx;
}

static uint32_t big32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static gboolean mode_of(const Ramfb *ramfb, Mode *ret)
{
    static const struct {
        uint32_t fourcc, format, bytes;
    } formats[] = {
        {FOURCC('X', 'R', '2', '4'), QH_PIXEL_X8R8G8B8, 4},
        {FOURCC('A', 'R', '2', '4'), QH_PIXEL_A8R8G8B8, 4},
        {FOURCC('X', 'B', '2', '4'), QH_PIXEL_X8B8G8R8, 4},
        {FOURCC('R', 'G', '2', '4'), QH_PIXEL_R8G8B8,   3},
        {FOURCC('R', 'G', '1', '6'), QH_PIXEL_R5G6B5,   2},
    };
    const uint8_t *config = ramfb->config;

    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].fourcc == big32(config + 8)) {
            ret->address = (uint64_t)big32(config) << 32 | big32(config + 4);
            ret->width = big32(config + 16);
            ret->height = big32(config + 20);
            ret->stride = big32(config + 24);
            ret->format = formats[i].format;
            if (ret->width == 0 || ret->width > QH_DISPLAY_MAX_SIDE || ret->height == 0 ||
                ret->height > QH_DISPLAY_MAX_SIDE) {
                return FALSE;
            }
            ret->row_bytes = ret->width * formats[i].bytes;
            ret->stride = ret->stride != 0 ? ret->stride : ret->row_bytes;
            return ret->stride >= ret->row_bytes && ret->stride <= 4 * QH_DISPLAY_MAX_SIDE;
        }
    }
    return FALSE;
}

/* Rows that lie in one run of RAM at a time; what is not RAM is not drawn. */
static void draw(Ramfb *ramfb, const Mode *mode)
{
    const FbServices *s = services(ramfb);
    QhSpace *space = s->mem->system(ramfb->base.machine);
    QhInstance *instance = ramfb->base.instance;

    for (uint32_t row = 0; row < mode->height;) {
        uint64_t left = (uint64_t)(mode->height - row - 1) * mode->stride + mode->row_bytes;
        uint64_t bytes = left;
        void *pixels = s->mem->dma_map(instance, space,
                                       mode->address + (uint64_t)row * mode->stride, &bytes, FALSE);
        uint32_t rows = 0;

        if (pixels != NULL && bytes >= mode->row_bytes) {
            rows = (uint32_t)((bytes - mode->row_bytes) / mode->stride) + 1;
            s->display->draw(ramfb->display, 0, row, mode->width, rows, pixels, mode->stride,
                             mode->format);
        }
        if (pixels != NULL) {
            s->mem->dma_unmap(instance, pixels, bytes, 0);
        }
        row += MAX(rows, 1);
    }
}

static void refresh(void *opaque)
{
    Ramfb *ramfb = opaque;
    const QhDisplayService *display = services(ramfb)->display;
    Mode mode = {0};
    gboolean on = ramfb->active && mode_of(ramfb, &mode);
    uint32_t width = on ? mode.width : 0, height = on ? mode.height : 0;

    if (width != ramfb->width || height != ramfb->height) {
        if (!display->resize(ramfb->display, width, height)) {
            return;
        }
        ramfb->width = width;
        ramfb->height = height;
    }
    if (on) {
        draw(ramfb, &mode);
    }
}

static const QhDisplayOps display_ops = {
    .size = sizeof(QhDisplayOps),
    .refresh = refresh,
};

static void config_written(void *opaque, uint32_t offset, uint32_t bytes)
{
    Ramfb *ramfb = opaque;
    const FbServices *s = services(ramfb);
    Mode mode = {0};

    if (offset != 0 || bytes != CONFIG_BYTES) {
        return;
    }
    ramfb->active = mode_of(ramfb, &mode) ? 1 : 0;
    if (!ramfb->active) {
        s->log->guest(s->host, QH_LOG_GUEST_ERROR, "ramfb: a format or a size that does not exist");
    }
    refresh(ramfb);
}

static void reset(QhDevice *device, uint32_t kind)
{
    Ramfb *ramfb = (Ramfb *)device;

    (void)kind;
    memset(ramfb->config, 0, sizeof(ramfb->config));
    ramfb->active = 0;
    refresh(ramfb);
}

static gboolean realize(QhDevice *device, GError **error)
{
    Ramfb *ramfb = (Ramfb *)device;
    const FbServices *s = services(ramfb);
    const QhFwItem item = {
        .size = sizeof(QhFwItem),
        .flags = QH_FW_IN_PLACE | QH_FW_WRITABLE,
        .name = CONFIG_FILE,
        .data = ramfb->config,
        .bytes = CONFIG_BYTES,
        .written = config_written,
        .opaque = ramfb,
    };

    if (!s->fw->present(device->machine)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': the machine has no fw_cfg for firmware to find it by",
                    device->id);
        return FALSE;
    }
    ramfb->display = s->display->display_new(device, 0, &display_ops, ramfb, error);
    ramfb->added = ramfb->display != NULL && s->fw->add(device->machine, &item, error);
    return ramfb->added;
}

static void unrealize(QhDevice *device)
{
    Ramfb *ramfb = (Ramfb *)device;

    if (ramfb->added) {
        services(ramfb)->fw->remove(device->machine, CONFIG_FILE);
    }
    services(ramfb)->display->display_free(ramfb->display);
}

static const QhStateField fields[] = {
    QH_STATE_FIELD(Ramfb, config, I8, CONFIG_BYTES),
    QH_STATE_FIELD(Ramfb, active, I8, 1),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

const QhDeviceOps fb_ramfb_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Ramfb),
    .description = "Frame buffer in the guest's memory, set up by firmware",
    .state = &state_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
