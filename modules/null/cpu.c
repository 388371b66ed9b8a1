/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU's state, and what happens to it outside translated code. */
#include "null.h"

#define EXCEPTION_VECTOR 4u

/* The state described once: the translator names registers by their row here, r0 is row 0. */
#define REGISTER(n)                                                                                \
    {                                                                                              \
        .name = "r" #n, .offset = offsetof(NsCpu, r) + (n) * sizeof(uint32_t),                     \
        .type = QH_TYPE_I32, .klass = QH_CLASS_GPR                                                 \
    }
static const QhStateField fields[] = {
    REGISTER(0),
    REGISTER(1),
    REGISTER(2),
    REGISTER(3),
    REGISTER(4),
    REGISTER(5),
    REGISTER(6),
    REGISTER(7),
    REGISTER(8),
    REGISTER(9),
    REGISTER(10),
    REGISTER(11),
    REGISTER(12),
    REGISTER(13),
    REGISTER(14),
    REGISTER(15),
    {.name = "pc", .offset = offsetof(QhCpu, pc), .type = QH_TYPE_I64, .klass = QH_CLASS_PC},
};
static const QhStateTable state = QH_STATE_TABLE(fields, 1);

static const QhCpuModel models[] = {
    {.name = "toy", .description = "The only one"},
};

static void model_defaults(QhCpu *cpu)
{
    (void)cpu; /* there are no properties */
}

static gboolean realize(QhCpu *cpu, GError **error)
{
    (void)cpu;
    (void)error;
    return TRUE;
}

static void reset(QhCpu *cpu)
{
    NsCpu *self = (NsCpu *)cpu;

    for (uint32_t i = 0; i < NS_REGISTERS; i++) {
        self->r[i] = 0;
    }
    cpu->pc = 0;
    cpu->halted = 0;
}

/* There are no interrupts: the CPU never halts, and nothing wakes it. */
static gboolean take_interrupt(QhCpu *cpu)
{
    (void)cpu;
    return FALSE;
}

static gboolean has_work(QhCpu *cpu)
{
    (void)cpu;
    return TRUE;
}

static gboolean translate(QhCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    (void)cpu;
    (void)access;
    (void)mmu_index;
    (void)fault;
    ret->prot = QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC;
    ret->phys = address;
    ret->page_bits = ns_target.page_bits;
    ret->attrs = QH_ATTR_NONE;
    return TRUE;
}

static void enter_exception(QhCpu *cpu, uint32_t cause, uint64_t payload)
{
    NsCpu *self = (NsCpu *)cpu;

    (void)payload;
    self->r[14] = cause;
    self->r[15] = (uint32_t)cpu->pc;
    cpu->pc = EXCEPTION_VECTOR;
    cpu->unwind = 1; /* the rest of the block does not run */
}

static void mem_fault(QhCpu *cpu, const QhMemFault *fault)
{
    enter_exception(cpu, fault->kind == QH_FAULT_ALIGN ? NS_CAUSE_ALIGN : NS_CAUSE_BUS,
                    fault->address);
}

const QhTargetOps ns_target = {
    .size = sizeof(QhTargetOps),
    .name = "null",
    .description = "Toy CPU of sixteen instructions",
    .default_machine = "board",
    .default_cpu = "toy",
    .address_bits = 32,
    .page_bits = 12,
    .n_mmu_indices = 1,
    .insn_alignment = 4,
    .nan_rule = QH_NAN_DEFAULT,
};

const QhCpuOps ns_cpu = {
    .size = sizeof(QhCpuOps),
    .state_size = sizeof(NsCpu),
    .state = &state,
    .models = models,
    .n_models = G_N_ELEMENTS(models),
    .model_size = sizeof(QhCpuModel),
    .model_defaults = model_defaults,
    .realize = realize,
    .reset = reset,
    .take_interrupt = take_interrupt,
    .has_work = has_work,
    .translate = translate,
    .mem_fault = mem_fault,
    .raise = enter_exception,
};
