/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duo.h"

typedef struct Mailbox {
    QhDevice base;
    uint64_t word[2]; /* to the second, to the first CPU */
} Mailbox;

static uint32_t
mailbox_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Mailbox *mailbox = opaque;

    (void)width;
    (void)attrs;
    *ret_value = offset < DUO_EXIT ? mailbox->word[offset / 8] : 0;
    return QH_BUS_OK;
}

static uint32_t
mailbox_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Mailbox *mailbox = opaque;
    const DuoServices *services = mailbox->base.ctx;

    (void)width;
    (void)attrs;
    if (offset < DUO_EXIT) {
        mailbox->word[offset / 8] = value;
        services->device->set_irq(&mailbox->base, (uint32_t)offset / 8, value != 0);
    } else if (offset == DUO_EXIT) {
        services->machine->request_shutdown(mailbox->base.machine, QH_SHUTDOWN_GUEST_SHUTDOWN,
                                            (int32_t)value);
    }
    return QH_BUS_OK;
}

static gboolean realize(QhDevice *device, GError **error)
{
    (void)device;
    (void)error;
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Mailbox *mailbox = (Mailbox *)device;

    (void)kind;
    mailbox->word[0] = mailbox->word[1] = 0;
}

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 8,
    .max_size = 8,
    .read = mailbox_read,
    .write = mailbox_write,
};

static const QhWindow windows[] = {
    {"mailbox", 0x1000, &io}
};

const QhDeviceOps duo_mailbox = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Mailbox),
    .description = "A word in each direction, with an interrupt",
    QH_WINDOWS(windows),
    .n_irq_out = 2,
    .flags = QH_DEVICE_NOT_CREATABLE | QH_DEVICE_NO_SNAPSHOT,
    .realize = realize,
    .reset = reset,
};
