/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU slots of riscv32 and riscv64: life of a hart, and the way in for the host's calls. */
#include "modules/riscv/cpu.h"

#include <string.h>

#include "modules/riscv/module.h"
#include "modules/riscv/system.h"
#include "modules/riscv/vector.h"
#include "modules/support/cpu-state.h"

static const char *model_name(const QhCpu *cpu)
{
    return (rv_target(cpu)->xlen == 64 ? rv64_cpu_models : rv32_cpu_models)[cpu->model].name;
}

/* The MMU index of @priv's loads and stores under @status (Priv. 3.1.6.3, 12.1.1.2). */
static uint32_t data_index(uint32_t priv, uint64_t status)
{
    uint32_t mxr = status & RV_MSTATUS_MXR ? RV_MMU_MXR : 0;

    if (priv == RV_PRIV_M) {
        return RV_MMU_M;
    }
    if (priv == RV_PRIV_U) {
        return RV_MMU_U + mxr;
    }
    return (status & RV_MSTATUS_SUM ? RV_MMU_S_SUM : RV_MMU_S) + mxr;
}

void rv_cpu_update_key(RvCpu *cpu)
{
    uint64_t status = cpu->mstatus;
    uint32_t data_priv = cpu->priv;
    uint64_t key;

    if (cpu->priv == RV_PRIV_M && status & RV_MSTATUS_MPRV) {
        data_priv = (uint32_t)((status & RV_MSTATUS_MPP) >> RV_MPP_SHIFT);
    }
    key = cpu->priv == RV_PRIV_M ? RV_MMU_M : cpu->priv == RV_PRIV_S ? RV_MMU_S : RV_MMU_U;
    key |= (uint64_t)data_index(data_priv, status) << RV_KEY_DATA_SHIFT;
    key |= (uint64_t)cpu->priv << RV_KEY_PRIV_SHIFT;
    key |= (uint64_t)cpu->frm << RV_KEY_FRM_SHIFT;
    key |= cpu->mxlen == 64 ? RV_KEY_64 : 0;
    key |= status & RV_MSTATUS_FS ? RV_KEY_FS : 0;
    key |= (status & RV_MSTATUS_FS) == RV_MSTATUS_FS ? RV_KEY_FS_DIRTY : 0;
    key |= status & RV_MSTATUS_VS ? RV_KEY_VS : 0;
    key |= (status & RV_MSTATUS_VS) == RV_MSTATUS_VS ? RV_KEY_VS_DIRTY : 0;
    key |= status & RV_MSTATUS_VS ? rv_key_of_vtype(cpu->vtype) : 0;
    key |= cpu->misa & (1u << ('c' - 'a')) ? RV_KEY_C : 0;
    cpu->base.state_key = key;
}

static void model_defaults(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    cpu->mxlen = rv_target(base)->xlen;
    rv_config_defaults(cpu, model_name(base));
}

static gboolean realize(QhCpu *base, GError **error)
{
    RvCpu *cpu = rv_cpu(base);
    const TargetServices *services = rv_services(cpu);

    if (!rv_config_finish(cpu, model_name(base), error)) {
        return FALSE;
    }
    cpu->system = g_new0(RvSystem, 1);
    if (cpu->ext_sstc) {
        cpu->system->stimer =
            services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, rv_stimer_fire, cpu);
    }
    return TRUE;
}

static void unrealize(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    if (cpu->system != NULL) {
        rv_services(cpu)->timer->timer_free(cpu->system->stimer);
        g_free(cpu->system);
        cpu->system = NULL;
    }
}

/*
 * Priv. 3.4 sets M-mode, MIE, MPRV, mcause, and the A and L fields of the PMP; all else is
 * unspecified and zero here. Without Svade a hart that can set A and D does so from the start.
 */
static void reset(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    memset(cpu->x, 0, sizeof(cpu->x));
    memset(cpu->f, 0, sizeof(cpu->f));
    memset(cpu->v, 0, sizeof(cpu->v));
    cpu->vl = cpu->vstart = 0;
    cpu->vtype = RV_VTYPE_VILL;
    cpu->vxrm = cpu->vxsat = 0;
    cpu->reserved_address = RV_NO_RESERVATION;
    cpu->reserved_value = 0;
    base->pc = cpu->resetvec;
    base->fp_flags = 0;
    base->halted = 0;
    cpu->priv = RV_PRIV_M;
    cpu->frm = 0;
    cpu->misa = rv_config_misa(cpu);
    cpu->mstatus = 0;
    if (cpu->mxlen == 64) {
        cpu->mstatus |= cpu->ext_u ? RV_MSTATUS_UXL_64 : 0;
        cpu->mstatus |= cpu->ext_s ? RV_MSTATUS_SXL_64 : 0;
    }
    if (!cpu->ext_u) {
        cpu->mstatus |= RV_MSTATUS_MPP;
    }
    cpu->medeleg = cpu->mideleg = cpu->mie = cpu->irq_pending = 0;
    __atomic_store_n(&cpu->mip, 0, __ATOMIC_RELAXED);
    cpu->mtvec = cpu->mscratch = cpu->mepc = cpu->mcause = cpu->mtval = 0;
    cpu->mcounteren = cpu->mcountinhibit = cpu->mseccfg = 0;
    cpu->menvcfg = cpu->ext_svadu && !cpu->ext_svade ? RV_ENVCFG_ADUE : 0;
    cpu->stvec = cpu->sscratch = cpu->sepc = cpu->scause = cpu->stval = 0;
    cpu->scounteren = cpu->senvcfg = cpu->satp = 0;
    __atomic_store_n(&cpu->stimecmp, UINT64_MAX, __ATOMIC_RELAXED);
    cpu->mcycle_base = cpu->minstret_base = 0;
    memset(cpu->mstateen, 0, sizeof(cpu->mstateen));
    memset(cpu->pmpaddr, 0, sizeof(cpu->pmpaddr));
    memset(cpu->pmpcfg, 0, sizeof(cpu->pmpcfg));
    cpu->system->n_spans = 0;
    rv_services(cpu)->cpu->tlb_set_context(base, 0);
    rv_mmu_flush_all(cpu);
    rv_stimer_update(cpu);
    rv_cpu_update_key(cpu);
}

static gboolean take_interrupt(QhCpu *base)
{
    return rv_take_interrupt(rv_cpu(base));
}

/* wfi ends for an interrupt that mie enables, whatever mstatus and mideleg say (Priv. 3.3.3). */
static gboolean has_work(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    return (rv_mip(cpu) & cpu->mie) != 0;
}

static gboolean translate(QhCpu *base,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    return rv_mmu_translate(rv_cpu(base), address, access, mmu_index, ret, fault);
}

/* Causes of Priv. 3.1.15 by kind of fault and access. */
static void mem_fault(QhCpu *base, const QhMemFault *fault)
{
    static const uint8_t align[] = {RV_CAUSE_LOAD_MISALIGNED, RV_CAUSE_STORE_MISALIGNED,
                                    RV_CAUSE_FETCH_MISALIGNED};
    static const uint8_t bus[] = {RV_CAUSE_LOAD_ACCESS, RV_CAUSE_STORE_ACCESS,
                                  RV_CAUSE_FETCH_ACCESS};
    RvCpu *cpu = rv_cpu(base);

    if (fault->kind == QH_FAULT_TRANSLATE) {
        rv_cpu_raise(cpu, (uint32_t)fault->cause, fault->payload);
    } else {
        rv_cpu_raise(cpu, (fault->kind == QH_FAULT_ALIGN ? align : bus)[fault->access % 3],
                     fault->address);
    }
}

static void raise_exception(QhCpu *base, uint32_t cause, uint64_t payload)
{
    rv_cpu_raise(rv_cpu(base), cause, payload);
}

static gboolean debug_translate(QhCpu *base, uint64_t address, uint64_t *ret_phys)
{
    return rv_mmu_debug_translate(rv_cpu(base), address, ret_phys);
}

static char *describe(QhCpu *base)
{
    return rv_cpu_describe(rv_cpu(base));
}

/* ACLINT's SSWI sends edges, which set a bit that software clears; other lines are levels that
 * rv_mip reads where they are. */
static void irq_changed(QhCpu *base, uint32_t line, gboolean level)
{
    RvCpu *cpu = rv_cpu(base);

    if (line == RV_IRQ_SSI && level) {
        __atomic_or_fetch(&cpu->mip, UINT64_C(1) << RV_IRQ_SSI, __ATOMIC_RELEASE);
        rv_services(cpu)->cpu->kick(base);
    }
}

/* vl and vtype decide how much of the registers is used. */
static void settle_vectors(RvCpu *cpu)
{
    int32_t vlmax = rv_v_log_vlmax(cpu, cpu->vtype);

    if (vlmax < 0 || !cpu->ext_zve32x) {
        cpu->vtype = RV_VTYPE_VILL;
        cpu->vl = 0;
    } else {
        cpu->vl = MIN(cpu->vl, UINT64_C(1) << vlmax);
    }
    cpu->vstart &= cpu->vlen - 1u;
    cpu->vxrm &= 3;
    cpu->vxsat &= 1;
}

/* A debugger may write what no instruction could: the nearest thing that one could have. What a
 * snapshot brings back stays as it is. */
static void state_written(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    if (cpu->priv != RV_PRIV_U && cpu->priv != RV_PRIV_S) {
        cpu->priv = RV_PRIV_M;
    }
    cpu->frm &= 7;
    base->fp_flags &= 31;
    settle_vectors(cpu);
    cpu->system->n_spans = 0;
    rv_mmu_satp_written(cpu);
    rv_stimer_update(cpu);
    rv_cpu_update_key(cpu);
}

static const QhStateField fields[] = {
#define RV_STATE(id, ...) CPU_STATE_FIELD(RvCpu, __VA_ARGS__)
#include "modules/riscv/cpu-state.def"
#undef RV_STATE
};

static const QhStateTable state = QH_STATE_TABLE(fields, 0);

/* Linux, struct user_regs_struct: pc, then x1 to x31. */
static uint32_t core_registers(QhCpu *base, void *ret_buffer, uint32_t room)
{
    const RvCpu *cpu = (const RvCpu *)base;
    uint32_t width = cpu->mxlen == 64 ? 8 : 4;
    uint8_t *at = ret_buffer;

    for (uint32_t i = 0; i < 32 && (i + 1) * width <= room; i++) {
        at = cpu_state_put(at, i == 0 ? base->pc : cpu->x[i], width);
    }
    return (uint32_t)(at - (uint8_t *)ret_buffer);
}

#define CPU_OPS(models_, n_models_)                                                                \
    {                                                                                              \
        .size = sizeof(QhCpuOps), .state_size = sizeof(RvCpu), .state = &state,                    \
        .properties = &rv_cpu_properties, .models = models_, .n_models = n_models_,                \
        .model_size = sizeof(QhCpuModel), .n_irq_lines = RV_N_IRQ,                                 \
        .model_defaults = model_defaults, .realize = realize, .unrealize = unrealize,              \
        .reset = reset, .take_interrupt = take_interrupt, .has_work = has_work,                    \
        .translate = translate, .mem_fault = mem_fault, .raise = raise_exception,                  \
        .debug_translate = debug_translate, .describe = describe, .irq_changed = irq_changed,      \
        .state_written = state_written, .core_registers = core_registers,                          \
    }

const QhCpuOps rv32_cpu_ops = CPU_OPS(rv32_cpu_models, RV32_N_MODELS);
const QhCpuOps rv64_cpu_ops = CPU_OPS(rv64_cpu_models, RV64_N_MODELS);
