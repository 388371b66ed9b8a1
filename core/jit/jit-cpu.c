/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/jit-cpu.h"

#include "abi/target.h"
#include "core/jit/engine-priv.h"
#include "core/os/memory.h"

#include <string.h>

/* Stamps carry the low half of the generation; when it comes round the entries must go. */
static void new_generation(QhJitCpu *jit)
{
    jit->jump_generation++;
    if ((uint32_t)jit->jump_generation == 0) {
        memset(jit->jumps, 0xff, QH_JUMP_ENTRIES * sizeof(*jit->jumps));
    }
    jit->jump_stamp = (uint64_t)jit->mmu.context_stamp << 32 | (uint32_t)jit->jump_generation;
}

void qh_jit_forget_jumps(QhJitCpu *jit)
{
    new_generation(jit);
}

static void forget_page(QhJitCpu *jit, uint64_t address)
{
    QhJumpEntry *first = qh_jit_jump(jit, address & ~G_GUINT64_CONSTANT(4095));
    size_t in_page = (size_t)(first - jit->jumps) & ~(size_t)(QH_JUMP_OF_PAGE - 1);

    memset(&jit->jumps[in_page], 0xff, QH_JUMP_OF_PAGE * sizeof(*jit->jumps));
}

void qh_jit_forget_jumps_of_page(QhJitCpu *jit, uint64_t address)
{
    forget_page(jit, address);
    forget_page(jit, address - 4096); /* an instruction there may reach into this page */
}

static gboolean allocate(QhJitCpu *jit, GError **error)
{
    jit->jumps = g_try_malloc(QH_JUMP_ENTRIES * sizeof(*jit->jumps));
    jit->scratch = g_try_new0(QhScratch, 1);
    if (jit->scratch != NULL) {
        jit->scratch->lower = qh_t0_lower_new();
    }
    if (jit->jumps == NULL || jit->scratch == NULL || jit->scratch->lower == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no memory for the buffers of a CPU");
        return FALSE;
    }
    memset(jit->jumps, 0xff, QH_JUMP_ENTRIES * sizeof(*jit->jumps));
    return TRUE;
}

QhJitCpu *qh_jit_cpu_new(QhCluster *cluster, QhVcpu *vcpu, uint32_t index, GError **error)
{
    const QhTargetOps *target = cluster->target_ops;
    uint64_t tables = (uint64_t)target->n_mmu_indices * QH_TLB_ENTRIES * sizeof(QhTlbEntry);
    uint64_t bytes = tables + sizeof(QhJitCpu) + cluster->cpu_ops->state_size + 64;
    QhJitCpu *jit;
    QhCpu *cpu;
    char *block;

    if (target->n_mmu_indices > QH_TLB_INDICES || cluster->cpu_ops->state_size < sizeof(QhCpu)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "target '%s' has %u mmu indices and a CPU state of %u bytes", cluster->target,
                    target->n_mmu_indices, cluster->cpu_ops->state_size);
        return NULL;
    }
    block = qh_os_pages_new(bytes, error);
    if (block == NULL) {
        return NULL;
    }
    jit = (QhJitCpu *)(block + tables);
    jit->block = block;
    jit->block_bytes = bytes;
    jit->engine = cluster->engine;
    jit->vcpu = vcpu;
    jit->machine = cluster->machine;
    jit->space = cluster->space;
    jit->cpu_ops = cluster->cpu_ops;
    jit->fp_nan_rule = target->nan_rule;
    jit->fp_tininess = target->tininess_before_rounding;
    cpu = qh_jit_state(jit);
    cpu->ctx = cluster->cpu_slot.ctx;
    cpu->vcpu = vcpu;
    cpu->index = index;
    if (!qh_softmmu_init(jit, (QhTlbEntry *)block, target->n_mmu_indices, target->page_bits,
                         error) ||
        !allocate(jit, error)) {
        qh_jit_cpu_free(jit);
        return NULL;
    }
    new_generation(jit);
    return jit;
}

void qh_jit_cpu_free(QhJitCpu *jit)
{
    if (jit == NULL) {
        return;
    }
    if (jit->scratch != NULL) {
        qh_t0_lower_free(jit->scratch->lower);
        g_free(jit->scratch->loose);
        g_free(jit->scratch);
    }
    g_free(jit->jumps);
    qh_softmmu_clear(jit);
    qh_os_pages_free(jit->block, jit->block_bytes);
}
