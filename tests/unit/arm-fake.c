/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/arm-fake.h"

#include <string.h>

#include "modules/arm/helper.h"
#include "modules/arm/module.h"

static ArmFake *of_cpu(QhCpu *cpu)
{
    return cpu->ctx;
}

static ArmFakeTlb *tlb_of(QhCpu *cpu)
{
    return &of_cpu(cpu)->tlb[cpu->index];
}

static uint32_t log_mask(QhHost *host)
{
    (void)host;
    return 0;
}

static void log_guest(QhHost *host, uint32_t bit, const char *text)
{
    (void)host;
    (void)bit;
    (void)text;
}

static int64_t timer_now(QhHost *host, uint32_t clock)
{
    (void)host;
    (void)clock;
    return 0;
}

static QhTimer *timer_new(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque)
{
    (void)clock;
    (void)fn;
    (void)opaque;
    return (QhTimer *)host;
}

static void timer_arm(QhTimer *timer, int64_t expire_ns)
{
    (void)timer;
    (void)expire_ns;
}

static void timer_done(QhTimer *timer)
{
    (void)timer;
}

static void irq_set(QhIrq *irq, gboolean level)
{
    (void)irq;
    (void)level;
}

static uint64_t *at(ArmFake *fake, uint64_t address)
{
    if (address < FAKE_RAM || address - FAKE_RAM > FAKE_RAM_BYTES - 8 || address & 7) {
        return NULL;
    }
    return (uint64_t *)(void *)(fake->ram + (address - FAKE_RAM));
}

static uint32_t
read_word(QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    uint64_t *word = at((ArmFake *)space, address);

    (void)attrs;
    g_assert_cmpuint(width, ==, 8);
    if (word == NULL) {
        return QH_BUS_NONE;
    }
    *ret_value = *word;
    return QH_BUS_OK;
}

static QhSpace *cpu_space(QhCpu *cpu)
{
    return (QhSpace *)of_cpu(cpu);
}

static uint32_t table_read(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *ret_value)
{
    return read_word(cpu_space(cpu), address, width, QH_ATTR_NONE, ret_value);
}

static uint32_t
table_cas(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired)
{
    ArmFake *fake = of_cpu(cpu);
    uint64_t *word = at(fake, address);

    g_assert_cmpuint(width, ==, 8);
    if (word == NULL) {
        return QH_BUS_NONE;
    }
    if (fake->cas_failures > 0) {
        fake->cas_failures--;
        *expected ^= UINT64_C(1) << 55; /* a bit for software */
        return QH_BUS_OK;
    }
    if (*word == *expected) {
        *word = desired;
    } else {
        *expected = *word;
    }
    return QH_BUS_OK;
}

static void kick(QhCpu *cpu)
{
    (void)cpu;
}

static void run(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data)
{
    fn(cpu, data);
}

static gboolean is_settled(QhCpu *cpu)
{
    return !of_cpu(cpu)->unsettled;
}

static void tlb_flush(QhCpu *cpu, uint32_t mask)
{
    tlb_of(cpu)->flushes++;
    tlb_of(cpu)->mask = mask;
}

static void tlb_flush_page(QhCpu *cpu, uint64_t address, uint32_t mask)
{
    tlb_of(cpu)->page_flushes++;
    tlb_of(cpu)->page = address;
    tlb_of(cpu)->mask = mask;
}

static void tlb_set_context(QhCpu *cpu, uint64_t context)
{
    tlb_of(cpu)->context = context;
}

static void tlb_set_contexts(QhCpu *cpu, uint32_t mask, uint64_t context)
{
    for (uint32_t i = 0; i < ARM_N_MMU; i++) {
        if (mask >> i & 1) {
            tlb_of(cpu)->contexts[i] = context;
        }
    }
    tlb_of(cpu)->context = context;
    tlb_of(cpu)->n_set++;
}

static void tlb_flush_context(QhCpu *cpu, uint64_t context)
{
    tlb_of(cpu)->context_flushes++;
    tlb_of(cpu)->flushed_context = context;
}

static QhCpu *by_index(QhHost *host, uint32_t index)
{
    ArmFake *fake = (ArmFake *)host;
    ArmCpu *cpu = index == 0 ? fake->cpu : index == 1 ? fake->second : NULL;

    return cpu != NULL ? &cpu->base : NULL;
}

static uint64_t icount(QhCpu *cpu)
{
    return cpu->icount;
}

static const QhLogService log_service = {
    .size = sizeof(QhLogService), .mask = log_mask, .guest = log_guest};
static const QhTimerService timer_service = {.size = sizeof(QhTimerService),
                                             .now = timer_now,
                                             .timer_new = timer_new,
                                             .arm = timer_arm,
                                             .disarm = timer_done,
                                             .timer_free = timer_done};
static const QhMemService mem_service = {.size = sizeof(QhMemService), .read_word = read_word};
static const QhDeviceService device_service = {.size = sizeof(QhDeviceService), .irq_set = irq_set};
static const QhCpuService cpu_service = {.size = sizeof(QhCpuService),
                                         .kick = kick,
                                         .run_on = run,
                                         .run_before = run,
                                         .is_settled = is_settled,
                                         .tlb_flush = tlb_flush,
                                         .tlb_flush_page = tlb_flush_page,
                                         .tlb_set_context = tlb_set_context,
                                         .tlb_set_contexts = tlb_set_contexts,
                                         .tlb_flush_context = tlb_flush_context,
                                         .by_index = by_index,
                                         .space = cpu_space,
                                         .icount = icount,
                                         .table_read = table_read,
                                         .table_cas = table_cas};

static ArmCpu *new_cpu(ArmFake *fake, const char *model, gboolean el2, uint32_t index)
{
    ArmCpu *cpu = aligned_alloc(64, (sizeof(ArmCpu) + 63) & ~(size_t)63);
    QhCpu *base = &cpu->base;

    memset(cpu, 0, sizeof(*cpu));
    base->ctx = fake;
    base->index = index;
    while (strcmp(arm64_cpu_ops.models[base->model].name, model) != 0) {
        base->model++;
        g_assert_cmpuint(base->model, <, arm64_cpu_ops.n_models);
    }
    arm64_cpu_ops.model_defaults(base);
    g_assert_true(arm64_cpu_ops.realize(base, NULL));
    cpu->has_el2 = el2 != FALSE;
    arm64_cpu_ops.reset(base);
    return cpu;
}

ArmFake *arm_fake_new(const char *model, gboolean el2, uint32_t n)
{
    ArmFake *fake = g_new0(ArmFake, 1);

    fake->target.services = (TargetServices){.host = (QhHost *)fake,
                                             .log = &log_service,
                                             .timer = &timer_service,
                                             .mem = &mem_service,
                                             .device = &device_service,
                                             .cpu = &cpu_service};
    fake->ram = g_malloc0(FAKE_RAM_BYTES);
    fake->cpu = new_cpu(fake, model, el2, 0);
    fake->second = n > 1 ? new_cpu(fake, model, el2, 1) : NULL;
    memset(fake->tlb, 0, sizeof(fake->tlb));
    return fake;
}

static void free_cpu(ArmCpu *cpu)
{
    if (cpu != NULL) {
        arm64_cpu_ops.unrealize(&cpu->base);
        free(cpu);
    }
}

void arm_fake_free(ArmFake *fake)
{
    if (fake != NULL) {
        free_cpu(fake->cpu);
        free_cpu(fake->second);
        g_free(fake->ram);
        g_free(fake);
    }
}

void arm_fake_poke(ArmFake *fake, uint64_t address, uint64_t value)
{
    *at(fake, address) = value;
}

uint64_t arm_fake_peek(ArmFake *fake, uint64_t address)
{
    return *at(fake, address);
}

void arm_fake_at(ArmCpu *cpu, uint32_t el)
{
    arm_cpu_set_el(cpu, el, el != 0);
    arm_cpu_update_key(cpu);
}

uint32_t arm_fake_insn(uint32_t encoding, gboolean read)
{
    return 0xd5000000u | (read ? 1u << 21 : 0) | encoding << 5 | 1;
}

uint64_t arm_fake_mrs(ArmCpu *cpu, uint32_t encoding)
{
    uint64_t value = arm_helper_mrs(&cpu->base, arm_fake_insn(encoding, TRUE));

    g_assert_cmpuint(cpu->base.unwind, ==, 0);
    return value;
}

void arm_fake_msr(ArmCpu *cpu, uint32_t encoding, uint64_t value)
{
    arm_helper_msr(&cpu->base, arm_fake_insn(encoding, FALSE), value);
    g_assert_cmpuint(cpu->base.unwind, ==, 0);
}

uint32_t arm_fake_trapped(ArmCpu *cpu, uint32_t encoding, gboolean read)
{
    uint32_t insn = arm_fake_insn(encoding, read);

    if (read) {
        arm_helper_mrs(&cpu->base, insn);
    } else {
        arm_helper_msr(&cpu->base, insn, 0);
    }
    g_assert_cmpuint(cpu->base.unwind, ==, 1);
    cpu->base.unwind = 0;
    return cpu->el;
}
