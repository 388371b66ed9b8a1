/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GICv2m message frame (Arm SBSA, appendix E "GICv2m architecture"): a write of an interrupt's
 * number to a register makes an edge on that SPI. Output N is SPI base-spi + N.
 */
#include "hw.h"

#include "modules/arm/services.h"

#define MSI_TYPER  0x008u
#define MSI_SETSPI 0x040u
#define MSI_IIDR   0xfccu
#define MAX_SPIS   256u

typedef struct Gicv2m {
    QhDevice base;
    uint32_t base_spi; /* properties; number with SGIs and PPIs */
    uint32_t n_spis;
} Gicv2m;

static uint32_t
frame_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Gicv2m *frame = opaque;

    (void)width, (void)attrs;
    *ret_value = offset == MSI_TYPER  ? frame->base_spi << 16 | frame->n_spis
                 : offset == MSI_IIDR ? 0x53u << 20
                                      : 0;
    return QH_BUS_OK;
}

static uint32_t
frame_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Gicv2m *frame = opaque;
    const QhDeviceService *device = ((const TargetServices *)frame->base.ctx)->device;
    uint32_t n = ((uint32_t)value & 0x3ff) - frame->base_spi;

    (void)width, (void)attrs;
    if (offset == MSI_SETSPI && n < frame->n_spis) {
        device->set_irq(&frame->base, n, TRUE);
        device->set_irq(&frame->base, n, FALSE);
    }
    return QH_BUS_OK;
}

static const QhIoOps frame_io = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = frame_read,
    .write = frame_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    const Gicv2m *frame = (Gicv2m *)device;

    if (frame->base_spi + frame->n_spis > 1020) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (arm-gicv2m): SPIs %u to %u go beyond 1019", device->id,
                    frame->base_spi, frame->base_spi + frame->n_spis - 1);
        return FALSE;
    }
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    (void)device, (void)kind;
}

static void stream(QhDevice *device, QhStateStream *s)
{
    const Gicv2m *frame = (Gicv2m *)device;

    s->same(s, frame->base_spi, "base-spi");
    s->same(s, frame->n_spis, "num-spi");
}

static const QhProperty properties[] = {
    QH_PROPERTY("base-spi",
                QH_PROPERTY_U32,
                offsetof(Gicv2m, base_spi),
                "80",
                32,
                1019,
                "number of the first SPI"),
    QH_PROPERTY(
        "num-spi", QH_PROPERTY_U32, offsetof(Gicv2m, n_spis), "64", 1, MAX_SPIS, "how many SPIs"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

static const QhWindow windows[] = {
    {"gicv2m", 0x1000, &frame_io},
};

const QhDeviceOps arm_gicv2m_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Gicv2m),
    .description = "Message frame of a GICv2",
    .properties = &property_table,
    QH_WINDOWS(windows),
    .n_irq_out = MAX_SPIS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
    .stream = stream,
};
