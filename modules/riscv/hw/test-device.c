/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SiFive's test finisher: one word by which the guest ends the run. Linux drives it as a syscon
 * (bindings power/reset/syscon-poweroff, syscon-reboot); firmware and bare programs report their
 * exit status through it.
 */
#include "hw.h"

#include "modules/riscv/cpu.h"

#define FAIL  0x3333 /* the exit status is in the upper half */
#define PASS  0x5555
#define RESET 0x7777

static uint32_t
test_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    *ret_value = 0;
    return QH_BUS_OK;
}

static uint32_t
test_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    QhDevice *device = opaque;
    TargetServices *services = device->ctx;

    (void)width;
    (void)attrs;
    if (offset != 0) {
        return QH_BUS_OK;
    }
    switch (value & 0xffff) {
    case FAIL:
        services->machine->request_shutdown(device->machine, QH_SHUTDOWN_GUEST_PANIC,
                                            (int32_t)((value >> 16) & 0xffff));
        break;
    case PASS:
        services->machine->request_shutdown(device->machine, QH_SHUTDOWN_GUEST_SHUTDOWN, 0);
        break;
    case RESET:
        services->machine->request_reset(device->machine, QH_SHUTDOWN_GUEST_RESET);
        break;
    default:
        services->log->guest(services->host, QH_LOG_GUEST_ERROR,
                             "riscv.sifive.test: a command that is none was written");
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
    (void)device;
    (void)kind;
}

static const QhIoOps io = {
    .size = sizeof(QhIoOps),
    .min_size = 2,
    .max_size = 4,
    .read = test_read,
    .write = test_write,
};

static const QhWindow windows[] = {
    {"test", 0x1000, &io}
};

const QhDeviceOps rv_test_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(QhDevice),
    .description = "SiFive test finisher: power off, reset, exit status",
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
};
