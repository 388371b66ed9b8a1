/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters and timers of a hart (Priv. 3.1.10 - 3.1.12, Sstc). cycle and instret both count
 * instructions: a base is added to the host's count, which may be an estimate. Event counters read
 * as zero.
 *
 * The supervisor timer has no state of its own besides stimecmp: mip.STIP is a comparison with the
 * time, and the host's timer only makes the hart look (Sstc, chapter 1). The result of the last
 * look is kept, because interrupts are looked for much more often than the timer passes.
 */
#include "modules/riscv/rv_time.h"
#include "modules/riscv/system.h"

/* Hosts before minor 1 of qh.cpu always count. */
static uint64_t count(const RvCpu *cpu)
{
    const QhCpuService *host = rv_services(cpu)->cpu;

    return QH_HAS(host, icount) ? host->icount((QhCpu *)&cpu->base) : cpu->base.icount;
}

uint64_t rv_counter_read(const RvCpu *cpu, uint64_t base, uint32_t inhibit_bit)
{
    return cpu->mcountinhibit & inhibit_bit ? base : base + count(cpu);
}

/* The write takes the place of the increment of its own instruction, so the next one reads what
 * was written (Priv. 3.1.11). */
void rv_counter_write(RvCpu *cpu, uint64_t *base, uint32_t inhibit_bit, uint64_t value)
{
    *base = cpu->mcountinhibit & inhibit_bit ? value : value - (count(cpu) + 1);
}

static void inhibit_one(RvCpu *cpu, uint64_t *base, uint32_t bit, uint64_t value)
{
    if ((cpu->mcountinhibit ^ value) & bit) {
        *base = value & bit ? *base + count(cpu) : *base - count(cpu);
    }
}

void rv_counter_inhibit(RvCpu *cpu, uint64_t value)
{
    inhibit_one(cpu, &cpu->mcycle_base, RV_COUNTER_CY, value);
    inhibit_one(cpu, &cpu->minstret_base, RV_COUNTER_IR, value);
    cpu->mcountinhibit = value & (RV_COUNTER_CY | RV_COUNTER_IR);
}

uint64_t rv_cpu_time(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);
    const TargetServices *services = rv_services(cpu);
    uint64_t offset = __atomic_load_n(&cpu->time_offset, __ATOMIC_RELAXED);

    return rv_time_at(services->timer->now(services->host, QH_CLOCK_VIRTUAL), cpu->timebase_hz,
                      offset);
}

gboolean rv_stimer_expired(const RvCpu *cpu)
{
    if (!(cpu->menvcfg & RV_ENVCFG_STCE)) {
        return FALSE;
    }
    return rv_cpu_time((QhCpu *)&cpu->base) >= __atomic_load_n(&cpu->stimecmp, __ATOMIC_RELAXED);
}

/* Note whether stimecmp has passed, and have the timer call when it will. */
static void look_at_time(RvCpu *cpu)
{
    const TargetServices *services = rv_services(cpu);
    uint64_t offset = __atomic_load_n(&cpu->time_offset, __ATOMIC_RELAXED);
    int64_t when = rv_time_when(cpu->stimecmp, cpu->timebase_hz, offset);

    cpu->system->stimer_expired = rv_stimer_expired(cpu);
    if (!(cpu->menvcfg & RV_ENVCFG_STCE) || when == INT64_MAX || cpu->system->stimer_expired) {
        services->timer->disarm(cpu->system->stimer);
    } else {
        services->timer->arm(cpu->system->stimer, when);
    }
}

void rv_stimer_update(RvCpu *cpu)
{
    if (cpu->system->stimer != NULL) {
        look_at_time(cpu);
        rv_irq_update(cpu);
    }
}

void rv_stimer_look(RvCpu *cpu)
{
    if (__atomic_load_n(&cpu->system->stimer_fired, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(&cpu->system->stimer_fired, 0, __ATOMIC_ACQUIRE)) {
        look_at_time(cpu);
    }
}

void rv_stimer_fire(void *opaque)
{
    RvCpu *cpu = opaque;

    __atomic_store_n(&cpu->system->stimer_fired, 1, __ATOMIC_RELEASE);
    rv_services(cpu)->cpu->kick(&cpu->base);
}

static void update_on_cpu(QhCpu *base, void *data)
{
    (void)data;
    rv_stimer_update(rv_cpu(base));
}

void rv_cpu_set_time_offset(QhCpu *base, uint64_t offset)
{
    RvCpu *cpu = rv_cpu(base);

    __atomic_store_n(&cpu->time_offset, offset, __ATOMIC_RELAXED);
    rv_services(cpu)->cpu->run_on(base, update_on_cpu, NULL);
}
