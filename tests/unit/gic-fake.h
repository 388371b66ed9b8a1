/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt controllers without a host: lines that remember their level, and a little RAM. */
#ifndef GIC_FAKE_H
#define GIC_FAKE_H

#include "modules/arm/gic.h"
#include "modules/arm/hw/hw.h"
#include "modules/arm/sysreg.h"

#define FAKE_RAM       UINT64_C(0x40000000)
#define FAKE_RAM_BYTES (4u << 20)
#define FAKE_CPUS      4u

typedef struct GicFake {
    ArmTarget target; /* first: QhCpu.ctx leads here, and QhDevice.ctx */
    ArmCpu *cpu[FAKE_CPUS];
    uint8_t *ram;
    GPtrArray *devices;
    uint8_t line[4 * ARM_GICV3_MAX_CPUS]; /* outputs of the devices */
    uint32_t n_changes;                   /* of lines */
    gboolean locked;
    uint32_t trapped; /* level of the last trapped or undefined access; 0: none since */
} GicFake;

GicFake *gic_fake_new(void);
void gic_fake_free(GicFake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GicFake, gic_fake_free)

/* A realized device after reset; @properties "name=value,..." or "". NULL with @error set when
 * realize refuses. */
QhDevice *
gic_fake_add(GicFake *fake, const QhDeviceOps *ops, const char *properties, GError **error);
/* Drive input @n of @device. */
void gic_fake_irq(GicFake *fake, QhDevice *device, uint32_t n, gboolean level);

/* Registers of window @window, as PE @pe. The access must be answered. */
uint64_t gic_fake_read(
    GicFake *fake, QhDevice *device, uint32_t window, uint32_t pe, uint64_t offset, uint32_t width);
void gic_fake_write(GicFake *fake,
                    QhDevice *device,
                    uint32_t window,
                    uint32_t pe,
                    uint64_t offset,
                    uint32_t width,
                    uint64_t value);

/* System register @name of PE @pe. */
uint64_t gic_fake_mrs(GicFake *fake, uint32_t pe, const char *name);
void gic_fake_msr(GicFake *fake, uint32_t pe, const char *name, uint64_t value);

/* Save the state of @device, or load it. */
GByteArray *gic_fake_save(QhDevice *device);
void gic_fake_load(QhDevice *device, GByteArray *saved);

#endif
