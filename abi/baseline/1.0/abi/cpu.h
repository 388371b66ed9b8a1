/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_CPU_H
#define QH_ABI_CPU_H

#include "abi/base.h"
#include "abi/property.h"
#include "abi/state.h"

#define QH_CPU_INTERFACE "qh.cpu"

typedef struct QhCpu {
    void *ctx;
    QhVcpu *vcpu;
    uint32_t index;
    uint32_t model;

    uint64_t pc;

    uint64_t state_key;

    uint64_t icount;

    uint64_t irq_lines;

    uint32_t exit_request;

    uint32_t halted;

    uint32_t unwind;

    uint32_t fp_flags;

    uint64_t reserved[6];
} QhCpu;

#define QH_ACCESS_READ  0u
#define QH_ACCESS_WRITE 1u
#define QH_ACCESS_FETCH 2u

#define QH_PROT_READ  1u
#define QH_PROT_WRITE 2u
#define QH_PROT_EXEC  4u

typedef struct QhTranslation {
    uint32_t size;
    uint32_t prot;
    uint64_t phys;
    uint32_t page_bits;
    uint32_t attrs;

    uint32_t flags;
    uint32_t reserved;
} QhTranslation;

#define QH_TRANSLATION_GLOBAL (1u << 0)

#define QH_FAULT_TRANSLATE 0u
#define QH_FAULT_ALIGN     1u
#define QH_FAULT_BUS       2u

typedef struct QhMemFault {
    uint32_t size;
    uint32_t kind;
    uint32_t access;
    uint32_t mmu_index;
    uint64_t address;
    uint64_t phys;
    uint64_t cause;
    uint64_t payload;
} QhMemFault;

typedef struct QhCpuModel {
    const char *name;
    const char *description;
    uint32_t flags;
    uint32_t reserved;
} QhCpuModel;
#define QH_CPU_MODEL_DEPRECATED (1u << 0)

typedef struct QhCpuOps {
    uint32_t size;
    uint32_t state_size;
    const QhStateTable *state;
    const QhPropertyTable *properties;
    const QhCpuModel *models;
    uint32_t n_models;
    uint32_t model_size;
    uint32_t n_irq_lines;
    uint32_t reserved;

    void (*model_defaults)(QhCpu *cpu);

    gboolean (*realize)(QhCpu *cpu, GError **error);

    void (*unrealize)(QhCpu *cpu);

    void (*reset)(QhCpu *cpu);

    gboolean (*take_interrupt)(QhCpu *cpu);

    gboolean (*has_work)(QhCpu *cpu);

    gboolean (*translate)(QhCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault);

    void (*mem_fault)(QhCpu *cpu, const QhMemFault *fault);

    void (*raise)(QhCpu *cpu, uint32_t cause, uint64_t payload);

    gboolean (*debug_translate)(QhCpu *cpu, uint64_t address, uint64_t *ret_phys);

    char *(*describe)(QhCpu *cpu);

    void (*irq_changed)(QhCpu *cpu, uint32_t line, gboolean level);

    void (*state_written)(QhCpu *cpu);

    uint32_t (*core_registers)(QhCpu *cpu, void *ret_buffer, uint32_t room);

    gboolean (*peek)(
        QhCpu *cpu, uint64_t address, uint32_t access, uint32_t mmu_index, QhTranslation *ret);
} QhCpuOps;

typedef struct QhCpuService {
    uint32_t size;
    uint32_t reserved;

    void (*kick)(QhCpu *cpu);

    void (*run_on)(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data);

    void (*tlb_flush)(QhCpu *cpu, uint32_t mmu_mask);
    void (*tlb_flush_page)(QhCpu *cpu, uint64_t address, uint32_t mmu_mask);

    void (*tlb_set_context)(QhCpu *cpu, uint64_t context);
    void (*tlb_flush_context)(QhCpu *cpu, uint64_t context);

    gboolean (*load)(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t *ret_value);
    gboolean (*store)(QhCpu *cpu, uint64_t address, uint32_t memop, uint64_t value);

    void *(*probe)(
        QhCpu *cpu, uint64_t address, uint32_t length, uint32_t access, uint32_t mmu_index);

    QhCpu *(*by_index)(QhHost *host, uint32_t index);

    void (*power)(QhCpu *cpu, gboolean on);

    QhSpace *(*space)(QhCpu *cpu);

    uint64_t (*icount)(QhCpu *cpu);

    uint32_t (*table_read)(QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *ret_value);
    uint32_t (*table_cas)(
        QhCpu *cpu, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired);

    void (*run_before)(QhCpu *cpu, void (*fn)(QhCpu *cpu, void *data), void *data);

    gboolean (*is_settled)(QhCpu *cpu);

    void (*tlb_set_contexts)(QhCpu *cpu, uint32_t mmu_mask, uint64_t context);
} QhCpuService;

#endif
