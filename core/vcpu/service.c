/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service "qh.cpu". */
#include "core/jit/jit-cpu.h"
#include "core/vcpu/vcpu.h"

static void kick(QhCpu *cpu)
{
    qh_vcpu_kick(cpu->vcpu);
}

static void run_on(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data)
{
    qh_vcpu_run_on(cpu->vcpu, fn, data);
}

static void run_before(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data)
{
    qh_vcpu_run_before(cpu->vcpu, fn, data);
}

static gboolean is_settled(QhCpu *cpu)
{
    return qh_vcpu_is_settled(cpu->vcpu);
}

static void tlb_flush(QhCpu *cpu, uint32_t mmu_mask)
{
    qh_softmmu_flush(qh_jit_of(cpu), mmu_mask);
}

static void tlb_flush_page(QhCpu *cpu, uint64_t address, uint32_t mmu_mask)
{
    qh_softmmu_flush_page(qh_jit_of(cpu), address, mmu_mask);
}

static void tlb_set_context(QhCpu *cpu, uint64_t context)
{
    qh_softmmu_set_context(qh_jit_of(cpu), UINT32_MAX, context);
}

static void tlb_set_contexts(QhCpu *cpu, uint32_t mmu_mask, uint64_t context)
{
    qh_softmmu_set_context(qh_jit_of(cpu), mmu_mask, context);
}

static void tlb_flush_context(QhCpu *cpu, uint64_t context)
{
    qh_softmmu_flush_context(qh_jit_of(cpu), context);
}

static gboolean is_index(const QhCpu *cpu, uint32_t index)
{
    return index < qh_jit_of((QhCpu *)cpu)->mmu.n_indices;
}

static gboolean load(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t *ret_value)
{
    g_return_val_if_fail(is_index(cpu, QH_MEM_INDEX_OF(memop)), FALSE);
    g_return_val_if_fail((memop & QH_MEM_SIZE_MASK) <= QH_MEM_64, FALSE);
    return qh_softmmu_load(qh_jit_of(cpu), address, memop, ret_value);
}

static gboolean store(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t value)
{
    g_return_val_if_fail(is_index(cpu, QH_MEM_INDEX_OF(memop)), FALSE);
    g_return_val_if_fail((memop & QH_MEM_SIZE_MASK) <= QH_MEM_64, FALSE);
    return qh_softmmu_store(qh_jit_of(cpu), address, memop, &value);
}

static void *
probe(QhCpu *cpu, uint64_t address, uint32_t length, uint32_t access, uint32_t mmu_index)
{
    g_return_val_if_fail(is_index(cpu, mmu_index) && access <= QH_ACCESS_FETCH, NULL);
    return qh_softmmu_probe(qh_jit_of(cpu), address, length, access, mmu_index);
}

static QhCpu *by_index(QhHost *host, uint32_t index)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine == NULL || index >= qh_machine_n_vcpus(machine)) {
        return NULL;
    }
    return qh_vcpu_state(qh_machine_vcpu(machine, index));
}

static void power(QhCpu *cpu, gboolean on)
{
    qh_vcpu_power(cpu->vcpu, on);
}

static QhSpace *space(QhCpu *cpu)
{
    return qh_jit_of(cpu)->space;
}

static uint64_t icount(QhCpu *cpu)
{
    return qh_vcpu_icount(cpu->vcpu);
}

static uint32_t table_read(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *ret_value)
{
    return qh_softmmu_table_read(qh_jit_of(cpu), address, width, ret_value);
}

static uint32_t
table_cas(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired)
{
    return qh_softmmu_table_cas(qh_jit_of(cpu), address, width, expected, desired);
}

const QhCpuService qh_cpu_service = {
    .size = sizeof(qh_cpu_service),
    .kick = kick,
    .run_on = run_on,
    .tlb_flush = tlb_flush,
    .tlb_flush_page = tlb_flush_page,
    .tlb_set_context = tlb_set_context,
    .tlb_flush_context = tlb_flush_context,
    .load = load,
    .store = store,
    .probe = probe,
    .by_index = by_index,
    .power = power,
    .space = space,
    .icount = icount,
    .table_read = table_read,
    .table_cas = table_cas,
    .run_before = run_before,
    .is_settled = is_settled,
    .tlb_set_contexts = tlb_set_contexts,
};
