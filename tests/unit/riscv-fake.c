/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/riscv-fake.h"

#include <stdlib.h>
#include <string.h>

#include "modules/riscv/module.h"

static RvFake *of_cpu(QhCpu *cpu)
{
    return cpu->ctx;
}

static uint32_t log_mask(QhHost *host)
{
    return ((RvFake *)host)->log_mask;
}

static void log_guest(QhHost *host, uint32_t bit, const char *text)
{
    RvFake *fake = (RvFake *)host;

    (void)bit;
    g_free(fake->log);
    fake->log = g_strdup(text);
}

static int64_t timer_now(QhHost *host, uint32_t clock)
{
    g_assert_cmpuint(clock, ==, QH_CLOCK_VIRTUAL);
    return ((RvFake *)host)->now_ns;
}

static QhTimer *timer_new(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque)
{
    RvFake *fake = (RvFake *)host;

    (void)clock;
    fake->timer_fn = fn;
    fake->timer_opaque = opaque;
    return (QhTimer *)fake;
}

static void timer_arm(QhTimer *timer, int64_t expire_ns)
{
    ((RvFake *)timer)->armed_ns = expire_ns;
}

static void timer_disarm(QhTimer *timer)
{
    ((RvFake *)timer)->armed_ns = -1;
}

static void timer_free(QhTimer *timer)
{
    (void)timer;
}

static uint8_t *at(RvFake *fake, uint64_t address, uint32_t width)
{
    if (address < FAKE_RAM || address - FAKE_RAM > FAKE_RAM_BYTES - width) {
        return NULL;
    }
    return fake->ram + (address - FAKE_RAM);
}

static uint32_t
read_word(QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    uint8_t *bytes = at((RvFake *)space, address, width);

    (void)attrs;
    if (bytes == NULL) {
        return QH_BUS_NONE;
    }
    *ret_value = 0;
    memcpy(ret_value, bytes, width);
    return QH_BUS_OK;
}

static uint32_t cas_word(QhSpace *space,
                         uint64_t address,
                         uint32_t width,
                         uint32_t attrs,
                         uint64_t *expected,
                         uint64_t desired)
{
    RvFake *fake = (RvFake *)space;
    uint64_t found = 0;

    if (fake->cas_failures > 0) {
        fake->cas_failures--;
        *expected ^= 0x100; /* an RSW bit, as if software had set it meanwhile */
        return QH_BUS_OK;
    }
    if (read_word(space, address, width, attrs, &found) != QH_BUS_OK) {
        return QH_BUS_NONE;
    }
    if (found == *expected) {
        memcpy(at(fake, address, width), &desired, width);
    }
    *expected = found;
    return QH_BUS_OK;
}

static void cpu_kick(QhCpu *cpu)
{
    of_cpu(cpu)->kicks++;
}

static void run_on(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data)
{
    fn(cpu, data);
}

static void tlb_flush(QhCpu *cpu, uint32_t mmu_mask)
{
    of_cpu(cpu)->flushes++;
    of_cpu(cpu)->flushed_indices = mmu_mask;
}

static void tlb_flush_page(QhCpu *cpu, uint64_t address, uint32_t mmu_mask)
{
    of_cpu(cpu)->page_flushes++;
    of_cpu(cpu)->flushed_page = address;
    of_cpu(cpu)->flushed_indices = mmu_mask;
}

static void tlb_set_context(QhCpu *cpu, uint64_t context)
{
    of_cpu(cpu)->context = context;
}

static void tlb_flush_context(QhCpu *cpu, uint64_t context)
{
    of_cpu(cpu)->context_flushes++;
    of_cpu(cpu)->flushed_context = context;
}

static QhSpace *cpu_space(QhCpu *cpu)
{
    return (QhSpace *)of_cpu(cpu);
}

static uint64_t icount(QhCpu *cpu)
{
    return cpu->icount + of_cpu(cpu)->icount_ahead;
}

static uint32_t table_read(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *ret_value)
{
    return read_word(cpu_space(cpu), address, width, QH_ATTR_NONE, ret_value);
}

static uint32_t
table_cas(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired)
{
    return cas_word(cpu_space(cpu), address, width, QH_ATTR_NONE, expected, desired);
}

static const QhLogService log_service = {
    .size = sizeof(QhLogService), .mask = log_mask, .guest = log_guest};
static const QhTimerService timer_service = {.size = sizeof(QhTimerService),
                                             .now = timer_now,
                                             .timer_new = timer_new,
                                             .arm = timer_arm,
                                             .disarm = timer_disarm,
                                             .timer_free = timer_free};
static const QhMemService mem_service = {
    .size = sizeof(QhMemService), .read_word = read_word, .cas_word = cas_word};
/* As old as it gets: none of the members that came later. */
static const QhMachineService machine_service = {.size = 0};

static const QhCpuService cpu_service = {.size = sizeof(QhCpuService),
                                         .kick = cpu_kick,
                                         .run_on = run_on,
                                         .tlb_flush = tlb_flush,
                                         .tlb_flush_page = tlb_flush_page,
                                         .tlb_set_context = tlb_set_context,
                                         .tlb_flush_context = tlb_flush_context,
                                         .space = cpu_space,
                                         .icount = icount,
                                         .table_read = table_read,
                                         .table_cas = table_cas};

/* What the host's property code does, for the types that CPUs use. */
static void set_property(const QhPropertyTable *table, RvCpu *cpu, const char *setting)
{
    g_auto(GStrv) parts = g_strsplit(setting, "=", 2);

    for (uint32_t i = 0; i < table->n_properties; i++) {
        const QhProperty *property = &table->properties[i];
        char *member = (char *)cpu + property->offset;
        uint64_t number = strtoull(parts[1], NULL, 0);

        if (strcmp(property->name, parts[0]) != 0) {
            continue;
        }
        if (property->type == QH_PROPERTY_BOOL) {
            *(uint8_t *)member = strcmp(parts[1], "on") == 0;
        } else if (property->type == QH_PROPERTY_U8) {
            *(uint8_t *)member = (uint8_t)number;
        } else if (property->type == QH_PROPERTY_U16) {
            *(uint16_t *)member = (uint16_t)number;
        } else if (property->type == QH_PROPERTY_U32) {
            *(uint32_t *)member = (uint32_t)number;
        } else {
            *(uint64_t *)member = number;
        }
        return;
    }
    g_error("no CPU property %s", parts[0]);
}

RvFake *rv_fake_new(uint32_t xlen, const char *model, const char *properties, GError **error)
{
    const QhCpuOps *ops = xlen == 64 ? &rv64_cpu_ops : &rv32_cpu_ops;
    g_autoptr(RvFake) fake = g_new0(RvFake, 1);
    g_auto(GStrv) settings = g_strsplit(properties != NULL ? properties : "", ",", 0);
    QhCpu *base;

    fake->target.xlen = xlen;
    fake->target.services = (TargetServices){.host = (QhHost *)fake,
                                             .log = &log_service,
                                             .timer = &timer_service,
                                             .mem = &mem_service,
                                             .cpu = &cpu_service,
                                             .machine = &machine_service};
    fake->armed_ns = -1;
    fake->ram = g_malloc0(FAKE_RAM_BYTES);
    fake->cpu = g_malloc0(ops->state_size);
    base = &fake->cpu->base;
    base->ctx = fake;
    while (strcmp(ops->models[base->model].name, model) != 0) {
        base->model++;
        g_assert_cmpuint(base->model, <, ops->n_models);
    }
    ops->model_defaults(base);
    for (char **setting = settings; *setting != NULL; setting++) {
        set_property(ops->properties, fake->cpu, *setting);
    }
    if (!ops->realize(base, error)) {
        return NULL;
    }
    ops->reset(base);
    fake->flushes = fake->context_flushes = fake->page_flushes = 0;
    return g_steal_pointer(&fake);
}

RvFake *rv_fake_ok(uint32_t xlen, const char *model, const char *properties)
{
    g_autoptr(GError) error = NULL;
    RvFake *fake = rv_fake_new(xlen, model, properties, &error);

    g_assert_no_error(error);
    g_assert_nonnull(fake);
    return fake;
}

void rv_fake_free(RvFake *fake)
{
    if (fake != NULL) {
        rv64_cpu_ops.unrealize(&fake->cpu->base);
        g_free(fake->cpu);
        g_free(fake->ram);
        g_free(fake->log);
        g_free(fake);
    }
}

void rv_fake_poke(RvFake *fake, uint64_t address, uint32_t width, uint64_t value)
{
    memcpy(at(fake, address, width), &value, width);
}

uint64_t rv_fake_peek(RvFake *fake, uint64_t address, uint32_t width)
{
    uint64_t value = 0;

    memcpy(&value, at(fake, address, width), width);
    return value;
}

void rv_fake_set_priv(RvFake *fake, uint32_t priv)
{
    fake->cpu->priv = priv;
    rv_cpu_update_key(fake->cpu);
}

uint64_t rv_fake_csr(RvFake *fake, uint32_t number)
{
    uint64_t value = 0;

    g_assert_true(rv_csr_read(fake->cpu, number, &value));
    return value;
}

void rv_fake_set_csr(RvFake *fake, uint32_t number, uint64_t value)
{
    g_assert_true(rv_csr_write(fake->cpu, number, value, UINT64_MAX, NULL));
}
