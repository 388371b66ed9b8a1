/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A good small module. bad.py makes all bad ones from it, by changing lines or adding some. */
#include "abi/device.h"
#include "abi/module.h"

typedef struct Subject {
    QhDevice base;
    uint32_t value;
    uint32_t more;
} Subject;

static gboolean realize(QhDevice *device, GError **error)
{
    (void)error;
    ((Subject *)device)->value = 1;
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    (void)kind;
    ((Subject *)device)->value = 0;
}

static uint32_t
read_register(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    *ret_value = 0;
    return QH_BUS_OK;
}

static uint32_t
write_register(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    (void)value;
    return QH_BUS_OK;
}

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = read_register,
    .write = write_register,
};
static const QhWindow windows[] = {
    {.name = "registers", .bytes = 16, .ops = &io},
};
static const QhProperty properties[] = {
    {.name = "value", .type = QH_PROPERTY_U32, .offset = offsetof(Subject, value)},
    {.name = "more",  .type = QH_PROPERTY_U32, .offset = offsetof(Subject, more) },
};
/* In full: tests put wrong values here. */
static const QhPropertyTable property_table = {
    .size = sizeof(QhPropertyTable),
    .property_size = sizeof(QhProperty),
    .n_properties = G_N_ELEMENTS(properties),
    .properties = properties,
};
static const QhStateField fields[] = {
    {.name = "value", .offset = offsetof(Subject, value), .type = QH_TYPE_I32},
};
static const QhStateTable state = QH_STATE_TABLE(fields, 0);
static const QhDeviceOps device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Subject),
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .realize = realize,
    .reset = reset,
};
static const QhOffer offer = {
    .size = sizeof(QhOffer),
    .major = 1,
    .minor = 0,
    .kind = "device",
    .name = "subject-device",
    .interface = QH_DEVICE_INTERFACE,
    .ops = &device,
};

/* BEFORE INIT */

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    *ret_ctx = g_malloc0(16);
    return host->offer(txn, &offer, error);
}

static void fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = QH_ABI_MINOR,
    .init = init,
    .fini = fini,
};
