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
#include "core/jit/jump-sets.h"
#include "core/jit/softmmu.h"

/* 16-byte cells of values; locals and constants come first. */
#define QH_FRAME_CELLS (QH_IR_MAX_RECORDS + QH_IR_MAX_LOCALS + 64u)

/*
 * Where pc leads; entries go by pc without the bits that the target's alignment leaves unused, two
 * at most. `id` stands for the state key, the address space and the number of times that
 * all was forgotten; it is compared with the CPU's jump_id.
 */
#define QH_JUMP_BITS    17u
#define QH_JUMP_ENTRIES (1u << QH_JUMP_BITS)
typedef struct QhJumpEntry {
    uint64_t pc;
    uint64_t id;      /* 0: empty */
    const void *host; /* compiled code, or code that leaves for the interpreter with pc */
    struct QhCode *code;
} QhJumpEntry;
#define QH_JUMP_NONE UINT64_MAX /* jump_id until the dispatcher has made a new one */

/* The last bytes before the state: what compiled code touches most. */
typedef struct QhJitHot {
    uint64_t addends[12];   /* of pages that are known, where registers are few; 0: not known */
    uint32_t turns, spare;  /* turns that are left */
    uint64_t page;          /* virtual, of the code that runs, if that is good for any address */
    uint64_t *calls;        /* newest guest call while C runs; NULL: compiled code does not wait */
    uint64_t *calls_base;   /* where the oldest one was pushed */
    uint64_t *calls_limit;  /* no more are pushed below this */
    const void *calls_gone; /* where calls return to that were forgotten */
    uint64_t icount_limit;  /* counting code goes no further */
    uint64_t reserved;
    void *link;          /* the exit by which compiled code was left, for the dispatcher */
    uint64_t jump_id;    /* of what the CPU runs now */
    uint32_t kept_flags; /* fp_flags as compiled code has read them last */
    uint32_t region;     /* low half of the address of the compiled code that C runs for; 0: none */
    uint32_t mxcsr;      /* of compiled code while C runs, and of C while compiled code runs */
    uint32_t mxcsr_c;
} QhJitHot;

/* The virtual pages (of 4 KiB) that may have entries, by hash. */
#define QH_JUMP_PAGES 8192u

struct QhJitCpu {
    QhSoftmmu mmu;
    struct QhEngine *engine;
    QhVcpu *vcpu;
    QhMachine *machine;
    QhSpace *space;
    const QhCpuOps *cpu_ops;
    QhJumpEntry *jumps;  /* before this struct, at the same distance on all CPUs of a cluster */
    uint32_t jump_shift; /* qh_jit_jump_shift */
    QhJumpId jump_ids[QH_JUMP_IDS];
    QhJumpSet *jump_sets; /* QH_JUMP_SETS */
    QhJumpSet *jump_set;  /* that of hot.jump_id */
    QhJumpKey jump_keys[QH_JUMP_KEYS];
    uint64_t last_jump_id;
    uint64_t jump_generation;
    uint64_t jump_clock;
    uint64_t jump_key; /* the state key that hot.jump_id is for */
    uint64_t jump_pages[QH_JUMP_PAGES];
    uint32_t n_jump_pages;     /* places that are, or were, taken */
    struct QhCode *code;       /* running now; NULL outside translated code */
    uint64_t *link;            /* exit that wants to know the code it leads to, or NULL */
    struct QhScratch *scratch; /* buffers for translating */
    uint32_t n_interrupts;     /* taken; wraps */
    uint32_t retry;            /* QH_RETRY_... */
    uint32_t broken;           /* the engine gave up on this CPU */
    uint32_t flush_wanted;     /* QH_FLUSH_... */
    void *block;               /* what was allocated, and how much */
    uint64_t block_bytes;
    uint32_t fp_nan_rule, fp_tininess;
    QhDebugStop stop;            /* for a debugger: the CPU goes no further */
    uint32_t alone;              /* the instruction that runs is a block of its own */
    uint32_t blind;              /* watchpoints do not count: for an access that was told of */
    uint32_t no_interrupts;      /* a debugger steps over what interrupts would do */
    struct QhLockstep *lockstep; /* NULL: compiled code is not compared */
    uint64_t reserved[3];
    uint64_t exponents[2][2]; /* f32, f64: the exponent field less its lowest bit, and zeros */
    uint8_t compared[72];     /* N, Z, C, V (fcmp_bits) by what UCOMISD and LAHF leave in ah */
    uint64_t passed;          /* qh_tier_pass; atomic */
    uint32_t in_run;          /* between blocks or in one; atomic */
    struct QhTierCpu *tier;   /* the compiler's; NULL until it is used */
    uint64_t frame[QH_FRAME_CELLS][2] __attribute__((aligned(64)));
    QhJitHot hot;
} __attribute__((aligned(64)));

/* What is to be done with the code store as soon as no CPU runs. */
#define QH_FLUSH_ALL  1u /* it is full */
#define QH_FLUSH_COLD 2u /* it is plump */

/* Why an instruction starts again. */
#define QH_RETRY_NONE      0u
#define QH_RETRY_SINGLE    1u /* it stores into its own block: run it as a block of its own */
#define QH_RETRY_EXCLUSIVE 2u /* it needs the other CPUs to stand still */

_Static_assert(sizeof(QhJitHot) % 64 == 0, "the state follows it");

/* Where a member is, in bytes from the state. */
#define QH_JIT_CPU_AT(member) ((int32_t)offsetof(QhJitCpu, member) - (int32_t)sizeof(QhJitCpu))

static inline QhCpu *qh_jit_state(QhJitCpu *jit)
{
    return (QhCpu *)(jit + 1);
}

static inline QhJitCpu *qh_jit_of(QhCpu *cpu)
{
    return (QhJitCpu *)cpu - 1;
}

/* The bits of pc that the jump cache leaves out where instructions are aligned to so many bytes. */
static inline uint32_t qh_jit_jump_shift(uint32_t insn_alignment)
{
    return (insn_alignment & 1) ? 0 : (insn_alignment & 2) ? 1 : 2;
}

static inline QhJumpEntry *qh_jit_jump(const QhJitCpu *jit, uint64_t pc)
{
    return &jit->jumps[pc >> jit->jump_shift & (QH_JUMP_ENTRIES - 1)];
}

/* The dispatcher calls this before translated code runs: state key and address space may have
 * changed. [vcpu] */
void qh_jit_new_jump_id(QhJitCpu *jit);
static inline void qh_jit_check_jump_id(QhJitCpu *jit)
{
    if (jit->hot.jump_id == QH_JUMP_NONE || jit->jump_key != qh_jit_state(jit)->state_key) {
        qh_jit_new_jump_id(jit);
    }
}
/* Remember that @pc leads to @code. [vcpu] */
void qh_jit_note_jump(QhJitCpu *jit, uint64_t pc, struct QhCode *code, const void *host);

/*
 * Compiled code keeps the guest's calls on the host's stack, two words each: the host's return
 * address, the guest's. Let all of them that wait go through the jump cache when they return.
 * [vcpu]
 */
static inline void qh_jit_forget_calls(QhJitCpu *jit)
{
    for (uint64_t *call = jit->hot.calls; call != NULL && call < jit->hot.calls_base; call += 2) {
        call[0] = (uintptr_t)jit->hot.calls_gone;
    }
}

static inline void qh_jit_forget_keys(QhJitCpu *jit)
{
    for (uint32_t i = 0; i < QH_JUMP_KEYS; i++) {
        jit->jump_keys[i].id = QH_JUMP_NONE;
    }
}

/* The address space is another one for code that is fetched under the MMU indices in @mmu_mask.
 * [vcpu] */
static inline void qh_jit_forget_ids(QhJitCpu *jit, uint32_t mmu_mask)
{
    for (uint32_t i = 0; i < QH_JUMP_KEYS; i++) {
        if (mmu_mask >> (jit->jump_keys[i].state_key & 15) & 1) {
            jit->jump_keys[i].id = QH_JUMP_NONE;
        }
    }
    if (mmu_mask >> (jit->jump_key & 15) & 1) {
        jit->hot.jump_id = QH_JUMP_NONE;
        qh_jit_forget_calls(jit);
    }
}
static inline void qh_jit_forget_id(QhJitCpu *jit)
{
    qh_jit_forget_ids(jit, UINT32_MAX);
}
/* Forget where all pcs, or those of one page, lead. [vcpu] */
void qh_jit_forget_jumps(QhJitCpu *jit);
void qh_jit_forget_jumps_of_page(QhJitCpu *jit, uint64_t address);

/* Memory of a CPU of @cluster: the state is zeroed but for its head. NULL with @error set. [main]
 */
QhJitCpu *qh_jit_cpu_new(QhCluster *cluster, QhVcpu *vcpu, uint32_t index, GError **error);
void qh_jit_cpu_free(QhJitCpu *jit);

#endif
