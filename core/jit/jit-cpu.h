/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine keeps for one CPU. One block of memory: the softmmu tables, this struct, the
 * value frame of the interpreter, and then the target's state, so that everything on the way of an
 * instruction is at a constant distance from the state pointer.
 */
#ifndef QH_CORE_JIT_JIT_CPU_H
#define QH_CORE_JIT_JIT_CPU_H

#include "core/jit/debug.h"
#include "core/jit/ir.h"
#include "core/jit/softmmu.h"

/* 16-byte cells of values; locals and constants come first. */
#define QH_FRAME_CELLS (QH_IR_MAX_RECORDS + QH_IR_MAX_LOCALS + 64u)

/* Where pc leads: valid while its stamp is the CPU's jump_stamp. 64 entries for each of 64 pages.
 */
#define QH_JUMP_ENTRIES 4096u
#define QH_JUMP_OF_PAGE 64u
typedef struct QhJumpEntry {
    uint64_t pc;
    uint64_t state_key;
    uint64_t stamp;
    struct QhCode *code;
} QhJumpEntry;

struct QhJitCpu {
    QhSoftmmu mmu;
    struct QhEngine *engine;
    QhVcpu *vcpu;
    QhMachine *machine;
    QhSpace *space;
    const QhCpuOps *cpu_ops;
    QhJumpEntry *jumps;
    uint64_t jump_stamp;
    uint64_t jump_generation;
    struct QhCode *code;       /* running now; NULL outside translated code */
    uint64_t *link;            /* exit that wants to know the code it leads to, or NULL */
    struct QhScratch *scratch; /* buffers for translating */
    uint32_t retry;            /* QH_RETRY_... */
    uint32_t broken;           /* the engine gave up on this CPU */
    uint32_t flush_wanted;     /* the code store is full */
    void *block;               /* what was allocated, and how much */
    uint64_t block_bytes;
    uint32_t fp_nan_rule, fp_tininess;
    QhDebugStop stop;       /* for a debugger: the CPU goes no further */
    uint32_t alone;         /* the instruction that runs is a block of its own */
    uint32_t no_interrupts; /* a debugger steps over what interrupts would do */
    uint64_t reserved[4];
    uint64_t frame[QH_FRAME_CELLS][2] __attribute__((aligned(64)));
} __attribute__((aligned(64)));

/* Why an instruction starts again. */
#define QH_RETRY_NONE      0u
#define QH_RETRY_SINGLE    1u /* it stores into its own block: run it as a block of its own */
#define QH_RETRY_EXCLUSIVE 2u /* it needs the other CPUs to stand still */

static inline QhCpu *qh_jit_state(QhJitCpu *jit)
{
    return (QhCpu *)(jit + 1);
}

static inline QhJitCpu *qh_jit_of(QhCpu *cpu)
{
    return (QhJitCpu *)cpu - 1;
}

static inline QhJumpEntry *qh_jit_jump(const QhJitCpu *jit, uint64_t pc)
{
    uint64_t page = pc >> 12;
    uint64_t slot = ((page ^ page >> 6 ^ page >> 12) & (QH_JUMP_ENTRIES / QH_JUMP_OF_PAGE - 1)) *
                    QH_JUMP_OF_PAGE;

    return &jit->jumps[slot + ((pc >> 1 ^ pc >> 7) & (QH_JUMP_OF_PAGE - 1))];
}

/* Forget where all pcs, or those of one page, lead. [vcpu] */
void qh_jit_forget_jumps(QhJitCpu *jit);
void qh_jit_forget_jumps_of_page(QhJitCpu *jit, uint64_t address);

/* Memory of a CPU of @cluster: the state is zeroed but for its head. NULL with @error set. [main]
 */
QhJitCpu *qh_jit_cpu_new(QhCluster *cluster, QhVcpu *vcpu, uint32_t index, GError **error);
void qh_jit_cpu_free(QhJitCpu *jit);

#endif
