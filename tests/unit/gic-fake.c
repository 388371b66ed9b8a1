/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/gic-fake.h"

#include <stdlib.h>
#include <string.h>

#include "modules/arm/system.h"

typedef struct Added {
    const QhDeviceOps *ops;
    QhDevice *device;
} Added;

static void set_irq(QhDevice *device, uint32_t n, gboolean level)
{
    GicFake *fake = (GicFake *)device->machine;

    g_assert_true(fake->locked);
    g_assert_cmpuint(n, <, G_N_ELEMENTS(fake->line));
    fake->n_changes += fake->line[n] != (level != FALSE);
    fake->line[n] = level != FALSE;
}

static void lock(QhMachine *machine)
{
    GicFake *fake = (GicFake *)machine;

    g_assert_false(fake->locked);
    fake->locked = TRUE;
}

static void unlock(QhMachine *machine)
{
    GicFake *fake = (GicFake *)machine;

    g_assert_true(fake->locked);
    fake->locked = FALSE;
}

static void window_set_bytes(QhDevice *device, uint32_t window, uint64_t bytes)
{
    (void)device, (void)window, (void)bytes;
}

static uint8_t *at(GicFake *fake, uint64_t address, uint64_t length)
{
    if (address < FAKE_RAM || address - FAKE_RAM > FAKE_RAM_BYTES ||
        length > FAKE_RAM_BYTES - (address - FAKE_RAM)) {
        return NULL;
    }
    return fake->ram + (address - FAKE_RAM);
}

static uint32_t
dma_read(QhInstance *device, QhSpace *space, uint64_t address, void *buffer, uint64_t length)
{
    const uint8_t *bytes = at((GicFake *)space, address, length);

    (void)device;
    if (bytes == NULL) {
        return QH_BUS_NONE;
    }
    memcpy(buffer, bytes, length);
    return QH_BUS_OK;
}

static uint32_t
dma_write(QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length)
{
    uint8_t *bytes = at((GicFake *)space, address, length);

    (void)device;
    if (bytes == NULL) {
        return QH_BUS_NONE;
    }
    memcpy(bytes, buffer, length);
    return QH_BUS_OK;
}

static QhSpace *system_space(QhMachine *machine)
{
    return (QhSpace *)machine;
}

static uint32_t log_mask(QhHost *host)
{
    (void)host;
    return QH_LOG_GUEST_ERROR;
}

static void log_guest(QhHost *host, uint32_t bit, const char *text)
{
    (void)host, (void)bit;
    g_assert_nonnull(text);
}

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .set_irq = set_irq,
    .lock = lock,
    .unlock = unlock,
    .window_set_bytes = window_set_bytes,
};
static const QhMemService mem_service = {
    .size = sizeof(QhMemService),
    .dma_read = dma_read,
    .dma_write = dma_write,
    .system = system_space,
};
static const QhLogService log_service = {
    .size = sizeof(QhLogService),
    .mask = log_mask,
    .guest = log_guest,
};

/* What the privileged half of a PE does with a trapped access. */
gboolean
arm_sysreg_trap_to(ArmCpu *cpu, const struct ArmSysreg *reg, gboolean write, uint32_t level)
{
    (void)reg, (void)write;
    ((GicFake *)cpu->base.ctx)->trapped = level;
    return FALSE;
}

void arm_raise_undefined(ArmCpu *cpu)
{
    ((GicFake *)cpu->base.ctx)->trapped = 1;
}

GicFake *gic_fake_new(void)
{
    GicFake *fake = g_new0(GicFake, 1);

    fake->ram = g_malloc0(FAKE_RAM_BYTES);
    fake->devices = g_ptr_array_new_with_free_func(g_free);
    fake->target.services.host = (QhHost *)fake;
    fake->target.services.device = &device_service;
    fake->target.services.mem = &mem_service;
    fake->target.services.log = &log_service;
    for (uint32_t n = 0; n < FAKE_CPUS; n++) {
        fake->cpu[n] = aligned_alloc(64, (sizeof(ArmCpu) + 63) / 64 * 64);
        memset(fake->cpu[n], 0, sizeof(ArmCpu));
        fake->cpu[n]->base.ctx = &fake->target;
        fake->cpu[n]->base.index = n;
        fake->cpu[n]->mpidr = UINT64_C(0x80000000) | n;
        fake->cpu[n]->el = 1;
    }
    return fake;
}

void gic_fake_free(GicFake *fake)
{
    for (guint i = fake->devices->len; i-- > 0;) {
        Added *added = g_ptr_array_index(fake->devices, i);

        if (added->ops->unrealize != NULL) {
            added->ops->unrealize(added->device);
        }
        g_free(added->device);
    }
    g_ptr_array_unref(fake->devices);
    for (uint32_t n = 0; n < FAKE_CPUS; n++) {
        free(fake->cpu[n]);
    }
    g_free(fake->ram);
    g_free(fake);
}

static void set_property(QhDevice *device, const QhProperty *property, const char *value)
{
    void *member = (char *)device + property->offset;

    if (property->type == QH_PROPERTY_BOOL) {
        *(uint8_t *)member = value != NULL && strcmp(value, "on") == 0;
    } else {
        g_assert_cmpuint(property->type, ==, QH_PROPERTY_U32);
        *(uint32_t *)member = value == NULL ? 0 : (uint32_t)strtoul(value, NULL, 0);
    }
}

static void set_properties(QhDevice *device, const QhPropertyTable *table, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 0);

    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property = &table->properties[i];
        const char *value = property->default_text;

        for (uint32_t k = 0; parts[k] != NULL; k++) {
            if (g_str_has_prefix(parts[k], property->name) &&
                parts[k][strlen(property->name)] == '=') {
                value = parts[k] + strlen(property->name) + 1;
            }
        }
        set_property(device, property, value);
    }
}

static Added *find(GicFake *fake, QhDevice *device)
{
    for (guint i = 0; i < fake->devices->len; i++) {
        Added *added = g_ptr_array_index(fake->devices, i);

        if (added->device == device) {
            return added;
        }
    }
    g_assert_not_reached();
}

QhDevice *
gic_fake_add(GicFake *fake, const QhDeviceOps *ops, const char *properties, GError **error)
{
    Added *added = g_new0(Added, 1);

    added->ops = ops;
    added->device = g_malloc0(ops->state_size);
    added->device->ctx = &fake->target.services;
    added->device->machine = (QhMachine *)fake;
    added->device->id = "gic";
    set_properties(added->device, ops->properties, properties);
    g_ptr_array_add(fake->devices, added);
    if (!ops->realize(added->device, error)) {
        return NULL;
    }
    lock((QhMachine *)fake);
    ops->reset(added->device, QH_RESET_COLD);
    unlock((QhMachine *)fake);
    return added->device;
}

void gic_fake_irq(GicFake *fake, QhDevice *device, uint32_t n, gboolean level)
{
    lock((QhMachine *)fake);
    find(fake, device)->ops->irq_in(device, n, level);
    unlock((QhMachine *)fake);
}

uint64_t gic_fake_read(
    GicFake *fake, QhDevice *device, uint32_t window, uint32_t pe, uint64_t offset, uint32_t width)
{
    const QhIoOps *ops = find(fake, device)->ops->windows[window].ops;
    uint64_t value = 0;

    lock((QhMachine *)fake);
    g_assert_cmpuint(ops->read(device, offset, width, QH_ATTR_REQUESTER(pe), &value), ==,
                     QH_BUS_OK);
    unlock((QhMachine *)fake);
    return value;
}

void gic_fake_write(GicFake *fake,
                    QhDevice *device,
                    uint32_t window,
                    uint32_t pe,
                    uint64_t offset,
                    uint32_t width,
                    uint64_t value)
{
    const QhIoOps *ops = find(fake, device)->ops->windows[window].ops;

    lock((QhMachine *)fake);
    g_assert_cmpuint(ops->write(device, offset, width, QH_ATTR_REQUESTER(pe), value), ==,
                     QH_BUS_OK);
    unlock((QhMachine *)fake);
}

static const ArmSysreg *row(const char *name)
{
    for (const ArmSysreg *reg = arm_sysregs_gic; reg->name != NULL; reg++) {
        if (strcmp(reg->name, name) == 0) {
            return reg;
        }
    }
    g_error("no row %s", name);
}

uint64_t gic_fake_mrs(GicFake *fake, uint32_t pe, const char *name)
{
    const ArmSysreg *reg = row(name);
    uint64_t value = UINT64_MAX;

    g_assert_true(reg->needs == NULL || reg->needs(fake->cpu[pe]));
    if (reg->trap == NULL || reg->trap(fake->cpu[pe], reg, FALSE)) {
        g_assert_true(reg->read(fake->cpu[pe], reg, &value));
    }
    return value;
}

void gic_fake_msr(GicFake *fake, uint32_t pe, const char *name, uint64_t value)
{
    const ArmSysreg *reg = row(name);

    g_assert_true(reg->needs == NULL || reg->needs(fake->cpu[pe]));
    if (reg->trap == NULL || reg->trap(fake->cpu[pe], reg, TRUE)) {
        g_assert_true(reg->write(fake->cpu[pe], reg, value));
    }
}

/* A stream that is a sequence of bytes. */
typedef struct Tape {
    QhStateStream stream;
    GByteArray *bytes;
    guint next;
} Tape;

static void tape_bytes(QhStateStream *stream, void *object, uint64_t bytes)
{
    Tape *tape = (Tape *)stream;

    if (stream->mode == QH_STATE_SAVE) {
        g_byte_array_append(tape->bytes, object, (guint)bytes);
    } else {
        g_assert_cmpuint(tape->next + bytes, <=, tape->bytes->len);
        memcpy(object, tape->bytes->data + tape->next, bytes);
        tape->next += (guint)bytes;
    }
}

static uint64_t tape_number(QhStateStream *stream, uint64_t value)
{
    tape_bytes(stream, &value, sizeof(value));
    return value;
}

static void tape_same(QhStateStream *stream, uint64_t value, const char *what)
{
    (void)what;
    g_assert_cmpuint(tape_number(stream, value), ==, value);
}

static void run_tape(QhDevice *device, GByteArray *bytes, uint32_t mode)
{
    Tape tape = {
        .stream = {.size = sizeof(QhStateStream),
                   .mode = mode,
                   .bytes = tape_bytes,
                   .number = tape_number,
                   .same = tape_same},
        .bytes = bytes,
    };

    find((GicFake *)device->machine, device)->ops->stream(device, &tape.stream);
}

GByteArray *gic_fake_save(QhDevice *device)
{
    GByteArray *bytes = g_byte_array_new();

    run_tape(device, bytes, QH_STATE_SAVE);
    return bytes;
}

void gic_fake_load(QhDevice *device, GByteArray *saved)
{
    run_tape(device, saved, QH_STATE_LOAD);
}
