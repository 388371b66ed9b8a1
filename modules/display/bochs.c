/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The "dispi" registers of the Bochs VBE extension behind PCI BARs, as QEMU's device of this name
 * lays them out (docs/specs/standard-vga): BAR 0 is the frame buffer, BAR 2 has the EDID at 0, VGA
 * ports at 0x400, dispi at 0x500, and the byte order of the frame buffer at 0x604. VGA itself is
 * not there: its ports take writes and read zero.
 *
 * The frame buffer is RAM that the guest writes without telling. While somebody looks, all of what
 * the mode shows is drawn again, and the host finds what has changed.
 */
#include "modules/display/display.h"

#include <string.h>

#define MMIO_BYTES       4096u
#define EDID_BYTES       0x400u
#define DISPI_AT         0x500u
#define EXTRA_AT         0x600u
#define EXTRA_BYTES      8u
#define BIG_ENDIAN_FB    0xbebebebeu
#define LITTLE_ENDIAN_FB 0x1e1e1e1eu

enum { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY };
#define N_REGS      11u
#define DISPI_ID    0xb0c5u
#define ENABLED     0x01u
#define GET_CAPS    0x02u
#define NO_CLEAR    0x80u
#define MEMORY_UNIT 0x10000u
#define VGAMEM_MIN  (1u << 20)
#define VGAMEM_MAX  (256u << 20)
#define CLEAR_BYTES 0x10000u

typedef struct Bochs {
    QhDevice base;
    uint64_t vgamem;     /* property */
    uint32_t xres, yres; /* properties */
    uint8_t edid;        /* property */
    uint16_t regs[N_REGS];
    uint8_t big_endian;
    QhRam *ram;
    QhDisplay *display;
    uint32_t width, height; /* that the screen has now */
    uint8_t edid_data[EDID_BYTES];
} Bochs;

/* What the registers ask for. */
typedef struct Mode {
    uint32_t width, height, stride, format;
    uint64_t offset;
} Mode;

static const FbServices *services(const Bochs *bochs)
{
    return bochs->base.ctx;
}

/* FALSE: off, or what is asked for does not fit into the video memory. */
static gboolean mode_of(const Bochs *bochs, Mode *ret)
{
    static const struct {
        uint8_t bpp, bytes;
        uint32_t little, big;
    } depths[] = {
        {32, 4, QH_PIXEL_X8R8G8B8, QH_PIXEL_B8G8R8X8},
        {24, 3, QH_PIXEL_R8G8B8,   QH_PIXEL_R8G8B8  },
        {16, 2, QH_PIXEL_R5G6B5,   QH_PIXEL_R5G6B5  },
        {15, 2, QH_PIXEL_X1R5G5B5, QH_PIXEL_X1R5G5B5},
    };
    const uint16_t *regs = bochs->regs;
    uint32_t virt_width = MAX(regs[VIRT_WIDTH], regs[XRES]);

    for (guint i = 0; (regs[ENABLE] & ENABLED) != 0 && i < G_N_ELEMENTS(depths); i++) {
        if (depths[i].bpp == regs[BPP]) {
            *ret = (Mode){
                .width = regs[XRES],
                .height = regs[YRES],
                .stride = virt_width * depths[i].bytes,
                .format = bochs->big_endian ? depths[i].big : depths[i].little,
                .offset = (uint64_t)regs[Y_OFFSET] * virt_width * depths[i].bytes +
                          (uint64_t)regs[X_OFFSET] * depths[i].bytes,
            };
            return ret->width != 0 && ret->height != 0 &&
                   (uint64_t)regs[X_OFFSET] + ret->width <= virt_width &&
                   ret->offset + (uint64_t)(ret->height - 1) * ret->stride +
                           (uint64_t)ret->width * depths[i].bytes <=
                       bochs->vgamem;
        }
    }
    return FALSE;
}

static void refresh(void *opaque)
{
    Bochs *bochs = opaque;
    const QhDisplayService *display = services(bochs)->display;
    Mode mode = {0};
    gboolean on = mode_of(bochs, &mode);
    uint32_t width = on ? mode.width : 0, height = on ? mode.height : 0;

    if (width != bochs->width || height != bochs->height) {
        if (!display->resize(bochs->display, width, height)) {
            return;
        }
        bochs->width = width;
        bochs->height = height;
    }
    if (on) {
        const uint8_t *pixels = services(bochs)->mem->ram_host(bochs->ram);

        display->draw(bochs->display, 0, 0, width, height, pixels + mode.offset, mode.stride,
                      mode.format);
    }
}

static const QhDisplayOps display_ops = {
    .size = sizeof(QhDisplayOps),
    .refresh = refresh,
};

static uint32_t dispi_read(const Bochs *bochs, uint32_t reg)
{
    gboolean limits = (bochs->regs[ENABLE] & GET_CAPS) != 0;

    switch (reg) {
    case ID:
        return DISPI_ID;
    case XRES:
        return limits ? QH_DISPLAY_MAX_SIDE : bochs->regs[reg];
    case YRES:
        return limits ? QH_DISPLAY_MAX_SIDE : bochs->regs[reg];
    case BPP:
        return limits ? 32 : bochs->regs[reg];
    case MEMORY:
        return (uint32_t)(bochs->vgamem / MEMORY_UNIT);
    case VIRT_HEIGHT:
        /* as many lines as the memory holds: the guest cannot choose it */
        return bochs->regs[VIRT_WIDTH] != 0 && bochs->regs[BPP] >= 8
                   ? (uint32_t)MIN(bochs->vgamem /
                                       (bochs->regs[VIRT_WIDTH] * ((bochs->regs[BPP] + 7u) / 8)),
                                   UINT16_MAX)
                   : 0;
    default:
        return reg < N_REGS ? bochs->regs[reg] : 0;
    }
}

static void clear_memory(Bochs *bochs)
{
    static const uint8_t zeroes[CLEAR_BYTES];

    for (uint64_t at = 0; at < bochs->vgamem; at += CLEAR_BYTES) {
        services(bochs)->mem->ram_write(bochs->ram, at, zeroes, CLEAR_BYTES);
    }
}

static void dispi_write(Bochs *bochs, uint32_t reg, uint32_t value)
{
    if (reg == ID || reg >= MEMORY) {
        return;
    }
    gboolean turns_on =
        reg == ENABLE && (value & ENABLED) != 0 && (bochs->regs[ENABLE] & ENABLED) == 0;
    bochs->regs[reg] = (uint16_t)value;
    if (!turns_on) {
        return;
    }
    bochs->regs[VIRT_WIDTH] = MAX(bochs->regs[VIRT_WIDTH], bochs->regs[XRES]);
    if ((value & NO_CLEAR) == 0) {
        clear_memory(bochs);
    }
}

static uint64_t bytes_at(const uint8_t *data, uint64_t offset, uint32_t width)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        value |= (uint64_t)data[offset + i] << (8 * i);
    }
    return value;
}

static uint32_t
mmio_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Bochs *bochs = opaque;
    uint32_t reg = (uint32_t)(offset - DISPI_AT) / 2;

    (void)attrs;
    *ret_value = 0;
    if (offset + width <= EDID_BYTES) {
        *ret_value = bytes_at(bochs->edid_data, offset, width);
    } else if (offset >= DISPI_AT && offset < DISPI_AT + 2 * N_REGS && width <= 2) {
        *ret_value = dispi_read(bochs, reg) >> (8 * (offset & 1));
    } else if (offset == EXTRA_AT && width == 4) {
        *ret_value = EXTRA_BYTES;
    } else if (offset == EXTRA_AT + 4 && width == 4) {
        *ret_value = bochs->big_endian ? BIG_ENDIAN_FB : LITTLE_ENDIAN_FB;
    }
    return QH_BUS_OK;
}

static uint32_t
mmio_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Bochs *bochs = opaque;

    (void)attrs;
    if (offset >= DISPI_AT && offset < DISPI_AT + 2 * N_REGS && width == 2) {
        dispi_write(bochs, (uint32_t)(offset - DISPI_AT) / 2, (uint32_t)value);
    } else if (offset == EXTRA_AT + 4 && width == 4 && value == BIG_ENDIAN_FB) {
        bochs->big_endian = 1;
    } else if (offset == EXTRA_AT + 4 && width == 4 && value == LITTLE_ENDIAN_FB) {
        bochs->big_endian = 0;
    }
    return QH_BUS_OK;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Bochs *bochs = (Bochs *)device;

    (void)kind;
    memset(bochs->regs, 0, sizeof(bochs->regs));
    bochs->big_endian = 0;
    refresh(bochs);
}

static gboolean check_memory(const Bochs *bochs, GError **error)
{
    if (bochs->vgamem >= VGAMEM_MIN && bochs->vgamem <= VGAMEM_MAX &&
        (bochs->vgamem & (bochs->vgamem - 1)) == 0) {
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "device '%s': vgamem has to be a power of two from 1 MiB to 256 MiB",
                bochs->base.id);
    return FALSE;
}

static gboolean realize(QhDevice *device, GError **error)
{
    Bochs *bochs = (Bochs *)device;
    const FbServices *s = services(bochs);
    const QhPciService *bus = s->device->bus_service(device->bus);

    if (!check_memory(bochs, error)) {
        return FALSE;
    }
    if (bochs->edid) {
        const QhEdid edid = {.size = sizeof(edid),
                             .width = bochs->xres,
                             .height = bochs->yres,
                             .max_width = (uint32_t)MIN(QH_DISPLAY_MAX_SIDE, bochs->vgamem / 4)};

        s->display->edid(&edid, bochs->edid_data, EDID_BYTES);
    }
    g_autofree char *name = g_strdup_printf("%s.vram", device->id);
    bochs->ram = s->mem->ram_new(device->machine, name, bochs->vgamem, error);
    if (bochs->ram == NULL) {
        return FALSE;
    }
    s->device->window_set_bytes(device, 0, bochs->vgamem);
    s->device->window_set_ram(device, 0, bochs->ram, QH_WINDOW_RAM);
    bochs->display = s->display->display_new(device, 0, &display_ops, bochs, error);
    return bochs->display != NULL && bus->bar(device, 0, 0, QH_PCI_BAR_PREFETCH, 0, error) &&
           bus->bar(device, 2, 1, 0, 0, error);
}

static void unrealize(QhDevice *device)
{
    Bochs *bochs = (Bochs *)device;

    services(bochs)->display->display_free(bochs->display);
    services(bochs)->mem->ram_give_back(bochs->ram);
}

static const QhProperty properties[] = {
    QH_PROPERTY("vgamem",
                QH_PROPERTY_SIZE,
                offsetof(Bochs, vgamem),
                "16777216",
                VGAMEM_MIN,
                VGAMEM_MAX,
                "video memory, a power of two"),
    QH_PROPERTY("edid",
                QH_PROPERTY_BOOL,
                offsetof(Bochs, edid),
                "on",
                0,
                0,
                "tell the guest about the screen"),
    QH_PROPERTY(
        "xres", QH_PROPERTY_U32, offsetof(Bochs, xres), "1280", 32, 4095, "preferred width"),
    QH_PROPERTY(
        "yres", QH_PROPERTY_U32, offsetof(Bochs, yres), "800", 32, 4095, "preferred height"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const QhStateField fields[] = {
    {.name = "dispi",
     .offset = offsetof(Bochs, regs),
     .count = N_REGS,
     .type = QH_TYPE_I16,
     .klass = QH_CLASS_CTRL},
    QH_STATE_FIELD(Bochs, big_endian, I8, 1),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);
static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = mmio_read,
    .write = mmio_write,
};
static const QhWindow windows[] = {
    {.name = "vram", .bytes = 0,          .ops = &io_ops},
    {.name = "mmio", .bytes = MMIO_BYTES, .ops = &io_ops},
};
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS,
    .vendor = 0x1234,
    .device = 0x1111,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x038000,
    .revision = 2,
};

const QhDeviceOps fb_bochs_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Bochs),
    .description = "Frame buffer with the registers of Bochs",
    .bus = QH_PCI_BUS,
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .bus_class = &pci_class,
};
