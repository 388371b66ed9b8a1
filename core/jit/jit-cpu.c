/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/jit-cpu.h"

#include "abi/target.h"
#include "core/jit/engine-priv.h"
#include "core/jit/lockstep.h"
#include "core/os/memory.h"

#include <string.h>

/* In jump_pages: a page number plus 1. */
#define EMPTY     0u
#define FORGOTTEN UINT64_MAX

void qh_jit_forget_jumps(QhJitCpu *jit)
{
    jit->jump_generation++;
    qh_jit_forget_id(jit);
    jit->n_jump_pages = 0;
    memset(jit->jump_pages, 0, sizeof(jit->jump_pages));
}

/* Where @page is, or might be put. */
static uint64_t *find_page(QhJitCpu *jit, uint64_t page)
{
    uint64_t at = page * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 51, *free = NULL;

    _Static_assert(QH_JUMP_PAGES == 1u << 13, "the shift depends on it");
    while (jit->jump_pages[at] != EMPTY && jit->jump_pages[at] != page + 1) {
        if (jit->jump_pages[at] == FORGOTTEN && free == NULL) {
            free = &jit->jump_pages[at];
        }
        at = (at + 1) & (QH_JUMP_PAGES - 1);
    }
    return jit->jump_pages[at] == EMPTY && free != NULL ? free : &jit->jump_pages[at];
}

static gboolean has_page(QhJitCpu *jit, uint64_t page)
{
    return *find_page(jit, page) == page + 1;
}

void qh_jit_note_jump(QhJitCpu *jit, uint64_t pc, QhCode *code, const void *host)
{
    uint64_t page = pc >> 12, *place = find_page(jit, page);

    if (jit->hot.jump_id == QH_JUMP_NONE) {
        return;
    }
    if (*place == EMPTY && ++jit->n_jump_pages > QH_JUMP_PAGES / 2) {
        qh_jit_forget_jumps(jit);
        return; /* it is found again when it is needed */
    }
    *place = page + 1;
    *qh_jit_jump(jit, pc) = (QhJumpEntry){pc, jit->hot.jump_id, host, code};
}

static void forget_page(QhJitCpu *jit, uint64_t page)
{
    QhJumpEntry *entry = qh_jit_jump(jit, page << 12); /* a page has them in a row */
    uint64_t *place = find_page(jit, page);

    if (*place != page + 1) {
        return;
    }
    *place = FORGOTTEN;
    for (uint32_t i = 0; i < 4096u >> jit->jump_shift; i++) {
        if (entry[i].pc >> 12 == page) {
            entry[i].id = 0;
        }
    }
}

void qh_jit_forget_jumps_of_page(QhJitCpu *jit, uint64_t address)
{
    uint64_t page = address >> 12;

    if (has_page(jit, page) || has_page(jit, page - 1)) {
        qh_jit_forget_code(jit, address);
    }
    forget_page(jit, page);
    forget_page(jit, page - 1); /* an instruction there may reach into this page */
    qh_jit_forget_calls(jit);
}

#define SETS_BYTES (QH_JUMP_SETS * sizeof(QhJumpSet))

static gboolean allocate(QhJitCpu *jit, GError **error)
{
    jit->scratch = g_try_new0(QhScratch, 1);
    if (jit->scratch != NULL) {
        jit->scratch->lower = qh_t0_lower_new();
    }
    if (jit->engine->options.lockstep > 0) {
        jit->lockstep = qh_lockstep_new(jit);
    }
    jit->jump_sets = qh_os_pages_new(SETS_BYTES, NULL);
    if (jit->scratch == NULL || jit->scratch->lower == NULL || jit->jump_sets == NULL ||
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
    jit->jump_shift = qh_jit_jump_shift(target->insn_alignment);
    jit->block = block;
    jit->block_bytes = bytes;
    jit->engine = cluster->engine;
    jit->vcpu = vcpu;
    jit->machine = cluster->machine;
    jit->space = cluster->space;
    jit->cpu_ops = cluster->cpu_ops;
    jit->fp_nan_rule = target->nan_rule;
    jit->fp_tininess = target->tininess_before_rounding;
    jit->exponents[0][0] = 0x7f000000;
    jit->exponents[1][0] = UINT64_C(0x7fe0) << 48;
    jit->compared[0x02] = 2;
    jit->compared[0x03] = 8;
    jit->compared[0x42] = 6;
    jit->compared[0x47] = 3;
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
    qh_jit_forget_id(jit);
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
    qh_os_pages_free(jit->jump_sets, SETS_BYTES);
    qh_os_pages_free(jit->block, jit->block_bytes);
}
