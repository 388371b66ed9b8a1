/* SPDX-License-Identifier: MIT */
/*
 * Slot "cpu/TARGET", interface "qh.cpu": the architectural state of a CPU and what happens to it
 * outside translated code: reset, interrupts, address translation, faults.
 */
#ifndef QH_ABI_CPU_H
#define QH_ABI_CPU_H

#include "abi/base.h"
#include "abi/property.h"
#include "abi/state.h"

#define QH_CPU_INTERFACE "qh.cpu"

/*
 * The first member of every target's CPU state. The host allocates the state (zeroed,
 * QhCpuOps.state_size bytes, 64-byte aligned) and sets the first group of members. This struct
 * keeps its size for the life of a major version, because the target's own members follow it.
 */
typedef struct QhCpu {
    void *ctx;      /* ctx of the cpu slot's offer */
    QhVcpu *vcpu;   /* the host's side of this CPU */
    uint32_t index; /* within the machine, from 0 */
    uint32_t model; /* index into QhCpuOps.models */

    /*
     * Address of the next instruction. Exact between blocks and inside helpers and callbacks that
     * were promised a synchronous state (QH_HELPER_SYNC); stale in the middle of a block. [vcpu]
     */
    uint64_t pc;

    /*
     * Everything besides the physical address that translated code depends on (mode, register
     * width, MMU index, rounding mode ...). Bits 0-3 are the MMU index of instruction fetches,
     * which the host needs to find the code; the rest is the target's. The target keeps it current;
     * whoever changes it in a helper ends the block with qh_ir_exit_state. [vcpu]
     */
    uint64_t state_key;

    /* Instructions completed since reset; as exact as pc. [vcpu] */
    uint64_t icount;

    /* Level of each input line, bit N for line N; atomic. The host sets, the target reads. [any] */
    uint64_t irq_lines;

    /* Nonzero: leave translated code at the next poll point; atomic. Set by qh.cpu kick. [any] */
    uint32_t exit_request;

    /* Nonzero: wait until has_work says otherwise. A helper sets it and ends the block. [vcpu] */
    uint32_t halted;

    /*
     * Set to 1 by a helper or callback that has entered an exception: pc and mode are new, and the
     * rest of the block must not run. The host clears it. [vcpu]
     */
    uint32_t unwind;

    /* Sticky IEEE 754 flags (QH_FP_...) raised by IR operations and qh.fp calls. [vcpu] */
    uint32_t fp_flags;

    uint64_t reserved[6];
} QhCpu;

/* Kinds of access, in translate and QhMemFault. */
#define QH_ACCESS_READ  0u
#define QH_ACCESS_WRITE 1u
#define QH_ACCESS_FETCH 2u

/* QhTranslation.prot */
#define QH_PROT_READ  1u
#define QH_PROT_WRITE 2u
#define QH_PROT_EXEC  4u

/* Where a virtual address leads. */
typedef struct QhTranslation {
    uint32_t size;
    uint32_t prot;      /* what may be cached for this page and MMU index; includes the access */
    uint64_t phys;      /* physical address of the byte asked for */
    uint32_t page_bits; /* log2 of the naturally aligned range the answer holds for; below the
                           target's page_bits: the answer is good for this access only */
    uint32_t attrs;     /* QH_ATTR_... of the access on the bus (memory.h) */
    /* Since minor 1 of service qh.cpu; a target tests QH_HAS before it writes. */
    uint32_t flags; /* QH_TRANSLATION_... */
    uint32_t reserved;
} QhTranslation;

/* The answer is the same in every context (tlb_set_context): it may be kept when another one is set
 * and when one is flushed. Only tlb_flush and tlb_flush_page forget it. */
#define QH_TRANSLATION_GLOBAL (1u << 0)

/* Why an access did not happen. */
#define QH_FAULT_TRANSLATE 0u /* translate refused; cause and payload are the target's own */
#define QH_FAULT_ALIGN     1u /* the memop demands alignment */
#define QH_FAULT_BUS       2u /* nothing there, or the device refused */

typedef struct QhMemFault {
    uint32_t size;
    uint32_t kind;   /* QH_FAULT_... */
    uint32_t access; /* QH_ACCESS_...; a read-modify-write is QH_ACCESS_WRITE */
    uint32_t mmu_index;
    uint64_t address; /* virtual; of the first byte that faults */
    uint64_t phys;    /* QH_FAULT_BUS: physical */
    uint64_t cause;   /* filled by translate */
    uint64_t payload; /* filled by translate */
} QhMemFault;

/* A named CPU model of one target. */
typedef struct QhCpuModel {
    const char *name; /* "rv64", "max" */
    const char *description;
    uint32_t flags; /* QH_CPU_MODEL_... */
    uint32_t reserved;
} QhCpuModel;
#define QH_CPU_MODEL_DEPRECATED (1u << 0)

typedef struct QhCpuOps {
    uint32_t size;
    uint32_t state_size; /* bytes, begins with a QhCpu */
    const QhStateTable *state;
    const QhPropertyTable *properties; /* offsets into the CPU state; e.g. "zbb" */
    const QhCpuModel *models;
    uint32_t n_models;
    uint32_t model_size;  /* sizeof(QhCpuModel) */
    uint32_t n_irq_lines; /* input lines, 0 .. 64 */
    uint32_t reserved;

    /*
     * Mandatory: set the properties' members to what model @cpu->model has, before the user's
     * settings are written over them. Must not allocate. [main]
     */
    void (*model_defaults)(QhCpu *cpu);

    /* Mandatory: check the properties, allocate what the CPU needs. [main] */
    gboolean (*realize)(QhCpu *cpu, GError **error);

    /* Optional: free what realize allocated. [main] */
    void (*unrealize)(QhCpu *cpu);

    /* Mandatory: power-on state. Called again on every machine reset. [vcpu, stopped] */
    void (*reset)(QhCpu *cpu);

    /*
     * Mandatory: take the interrupt that is pending, if the CPU would now. Returns whether it did;
     * then pc and state_key are new. Called between blocks when a line is high or exit_request was
     * set. [vcpu]
     */
    gboolean (*take_interrupt)(QhCpu *cpu);

    /* Mandatory: whether a halted CPU must go on. [vcpu] */
    gboolean (*has_work)(QhCpu *cpu);

    /*
     * Mandatory: translate @address for @access under @mmu_index. TRUE with @ret filled (size is
     * set by the caller), or FALSE with fault->cause and ->payload filled; then nothing else has
     * changed. May read and write guest memory through qh.mem. [vcpu]
     */
    gboolean (*translate)(QhCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault);

    /* Mandatory: enter the exception for @fault. pc is that of the instruction. [vcpu] */
    void (*mem_fault)(QhCpu *cpu, const QhMemFault *fault);

    /* Mandatory: enter the exception of an IR raise record. [vcpu] */
    void (*raise)(QhCpu *cpu, uint32_t cause, uint64_t payload);

    /*
     * Optional: translate without side effects for a debugger, in the CPU's current mode. Missing
     * means virtual = physical. [vcpu, stopped]
     */
    gboolean (*debug_translate)(QhCpu *cpu, uint64_t address, uint64_t *ret_phys);

    /* Optional: text for `info registers`; missing means the state table is printed. The caller
     * g_frees it. [vcpu, stopped] */
    char *(*describe)(QhCpu *cpu);

    /* Optional: an input line changed (irq_lines is already new). Missing: nothing to do. [any] */
    void (*irq_changed)(QhCpu *cpu, uint32_t line, gboolean level);

    /* Optional: fields of the state table were written from outside (a debugger; a snapshot, then
     * all of them): bring state_key and whatever else derives from them up to date. The host
     * forgets cached translations itself. [vcpu, stopped] */
    void (*state_written)(QhCpu *cpu);

    /* Optional: the registers as core files of this architecture have them (NT_PRSTATUS of Linux),
     * in the target's byte order; returns their bytes, at most @room. [vcpu, stopped] */
    uint32_t (*core_registers)(QhCpu *cpu, void *ret_buffer, uint32_t room);

    /*
     * Optional: what translate would answer, if it would do so without writing anything; FALSE if
     * not. Must not change anything. With it the host finds out whether code that is known in one
     * context is the same in another. [vcpu]
     */
    gboolean (*peek)(
        QhCpu *cpu, uint64_t address, uint32_t access, uint32_t mmu_index, QhTranslation *ret);
} QhCpuOps;

/* Service "qh.cpu": what a target may ask about its CPUs. */
typedef struct QhCpuService {
    uint32_t size;
    uint32_t reserved;

    /* Make @cpu leave translated code soon, and wake it if it is halted. [any] */
    void (*kick)(QhCpu *cpu);

    /* Run @fn(@cpu, @data) on @cpu's own thread, between two blocks; returns at once. [any] */
    void (*run_on)(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data);

    /*
     * Forget cached translations. @mmu_mask: bit N for MMU index N. flush_page forgets the page
     * that holds @address. [vcpu]
     */
    void (*tlb_flush)(QhCpu *cpu, uint32_t mmu_mask);
    void (*tlb_flush_page)(QhCpu *cpu, uint64_t address, uint32_t mmu_mask);

    /*
     * Translations cached from now on belong to @context (an ASID with its root, a VMID ...).
     * Those of an earlier context may be used again when it is set again, unless flushed since.
     * flush_context forgets those of one context. [vcpu]
     */
    void (*tlb_set_context)(QhCpu *cpu, uint64_t context);
    void (*tlb_flush_context)(QhCpu *cpu, uint64_t context);

    /*
     * Guest accesses by virtual address from a helper that has QH_HELPER_MAY_RAISE, 1 .. 8 bytes,
     * host byte order. FALSE: the fault has been entered and cpu->unwind is set; the helper
     * returns at once. @memop as in ir.h. [vcpu]
     */
    gboolean (*load)(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t *ret_value);
    gboolean (*store)(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t value);

    /*
     * Host address of the @length bytes of RAM at guest @address, all in one page, readied for
     * @access; NULL with the fault entered and cpu->unwind set, or NULL with unwind 0 when the
     * bytes are not plain RAM (use load and store). Valid until the helper returns. [vcpu]
     */
    void *(*probe)(
        QhCpu *cpu, uint64_t address, uint32_t length, uint32_t access, uint32_t mmu_index);

    /* CPU @index of the machine, or NULL. [any] */
    QhCpu *(*by_index)(QhHost *host, uint32_t index);

    /* Start CPU @cpu at @pc after a reset, as firmware calls and SIPI do; or stop it. [any] */
    void (*power)(QhCpu *cpu, gboolean on);

    /* The address space that @cpu's physical addresses lead into. [any] */
    QhSpace *(*space)(QhCpu *cpu);

    /*
     * Since minor 1. Instructions completed since the last reset: QhCpu.icount while the host
     * counts them, otherwise an estimate from the time that the machine has run, which never goes
     * backwards. From a helper with QH_HELPER_SYNC. [vcpu]
     */
    uint64_t (*icount)(QhCpu *cpu);

    /*
     * Since minor 1. An aligned little-endian word of RAM at physical @address for a walk through
     * page tables: as read_word and cas_word of qh.mem for @cpu's space, but the host remembers
     * where the last few pages were found. QH_BUS_... [vcpu]
     */
    uint32_t (*table_read)(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *ret_value);
    uint32_t (*table_cas)(
        QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired);

    /*
     * Since minor 2. As run_on, but a CPU that sleeps is not woken: @fn runs before @cpu executes
     * its next instruction. [any]
     */
    void (*run_before)(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data);

    /*
     * Since minor 2. Whether all that was given to run_on and run_before of other CPUs of the
     * machine has been done, or will be before they execute another instruction. Waits a moment for
     * it. FALSE: not yet; the helper sets unwind and leaves pc as it is, so that its instruction
     * runs again, and this CPU does meanwhile what others ask of it. [vcpu]
     */
    gboolean (*is_settled)(QhCpu *cpu);

    /*
     * Since minor 3. As tlb_set_context, for the MMU indices of @mmu_mask alone; each index has its
     * own. So a target sets the context of an index when code that uses it is entered, and indices
     * that nobody uses meanwhile keep what they have. [vcpu]
     */
    void (*tlb_set_contexts)(QhCpu *cpu, uint32_t mmu_mask, uint64_t context);
} QhCpuService;

#endif
