/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/jit-cpu.h"

#include "abi/target.h"
#include "core/jit/engine-priv.h"
#include "core/jit/lockstep.h"
#include "core/os/memory.h"

#include <string.h>

void qh_jit_forget_jumps(QhJitCpu *jit)
{
    jit->jump_generation++;
    jit->hot.jump_id = QH_JUMP_NONE;
    jit->jump_misses = 0;
    qh_jit_forget_calls(jit);
    memset(jit->jump_pages, 0, sizeof(jit->jump_pages));
}

/* A state key that comes back, as at every system call, finds the id it had. Code on pages that are
 * the same in all contexts has the same id in all of them. */
void qh_jit_new_jump_id(QhJitCpu *jit)
{
    uint64_t key = qh_jit_state(jit)->state_key;
    uint32_t stamp = jit->mmu.own_code >> (key & 15) & 1 ? jit->mmu.context_stamp : 0;
    uint64_t mix = (key ^ (uint64_t)stamp << 32) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    QhJumpId *known = &jit->jump_ids[mix >> 58];

    if (known->id == 0 || known->state_key != key || known->context_stamp != stamp ||
        known->generation != jit->jump_generation) {
        *known = (QhJumpId){key, jit->jump_generation, ++jit->last_jump_id, stamp, 0};
    }
    jit->hot.jump_id = known->id;
    jit->jump_key = key;
}

static uint64_t *page_bits(QhJitCpu *jit, uint64_t page, uint64_t *ret_bit)
{
    *ret_bit = G_GUINT64_CONSTANT(1) << (page & 63);
    return &jit->jump_pages[page >> 6 & (QH_JUMP_PAGES / 64 - 1)];
}

void qh_jit_note_jump(QhJitCpu *jit, uint64_t pc, QhCode *code, const void *host)
{
    uint64_t bit;
    uint64_t *bits = page_bits(jit, pc >> 12, &bit);

    qh_jit_check_jump_id(jit);
    *bits |= bit;
    *qh_jit_jump(jit, pc) = (QhJumpEntry){pc, jit->hot.jump_id, host, code};
}

/* Most pages that are forgotten hold data. Bits are never cleared alone, as pages share them: when
 * they mislead too often all is forgotten. */
static void forget_page(QhJitCpu *jit, uint64_t page)
{
    uint64_t group = page & (QH_JUMP_ENTRIES / QH_JUMP_OF_PAGE - 1);
    QhJumpEntry *entry = &jit->jumps[group * QH_JUMP_OF_PAGE];
    uint32_t found = 0;
    uint64_t bit;

    if (!(*page_bits(jit, page, &bit) & bit)) {
        return;
    }
    for (uint32_t i = 0; i < QH_JUMP_OF_PAGE; i++) {
        if (entry[i].pc >> 12 == page) {
            found += entry[i].id != 0;
            entry[i].id = 0;
        }
    }
    if (found == 0 && ++jit->jump_misses >= 64) {
        qh_jit_forget_jumps(jit);
    }
}

void qh_jit_forget_jumps_of_page(QhJitCpu *jit, uint64_t address)
{
    uint64_t page = address >> 12;

    forget_page(jit, page);
    forget_page(jit, page - 1); /* an instruction there may reach into this page */
    qh_jit_forget_calls(jit);
}

static gboolean allocate(QhJitCpu *jit, GError **error)
{
    jit->scratch = g_try_new0(QhScratch, 1);
    if (jit->scratch != NULL) {
        jit->scratch->lower = qh_t0_lower_new();
    }
    if (jit->engine->options.lockstep > 0) {
        jit->lockstep = qh_lockstep_new(jit);
    }
    if (jit->scratch == NULL || jit->scratch->lower == NULL ||
        (jit->engine->options.lockstep > 0 && jit->lockstep == NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no memory for the buffers of a CPU");
        return FALSE;
    }
    return TRUE;
}

QhJitCpu *qh_jit_cpu_new(QhCluster *cluster, QhVcpu *vcpu, uint32_t index, GError **error)
{
    const QhTargetOps *target = cluster->target_ops;
    uint64_t tables = (uint64_t)target->n_mmu_indices * QH_TLB_ENTRIES * sizeof(QhTlbEntry);
    uint64_t jumps = QH_JUMP_ENTRIES * sizeof(QhJumpEntry);
    uint64_t bytes = tables + jumps + sizeof(QhJitCpu) + cluster->cpu_ops->state_size + 64;
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
    jit = (QhJitCpu *)(block + tables + jumps);
    jit->jumps = (QhJumpEntry *)jit - QH_JUMP_ENTRIES;
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
    jit->hot.icount_limit = UINT64_MAX;
    jit->hot.jump_id = QH_JUMP_NONE;
    return jit;
}

void qh_jit_cpu_free(QhJitCpu *jit)
{
    if (jit == NULL) {
        return;
    }
    qh_lockstep_free(jit->lockstep);
    qh_tier_cpu_free(jit);
    if (jit->scratch != NULL) {
        qh_t0_lower_free(jit->scratch->lower);
        g_free(jit->scratch->loose);
        g_free(jit->scratch);
    }
    qh_softmmu_clear(jit);
    qh_os_pages_free(jit->block, jit->block_bytes);
}
