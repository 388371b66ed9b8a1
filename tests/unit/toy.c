/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "toy.h"

const QhCpuService *toy_service;

#define SLOT(slot_name, member, slot_type, class)                                                  \
    {                                                                                              \
        .name = slot_name, .offset = offsetof(Toy, member), .type = slot_type, .klass = class      \
    }

static const QhStateField fields[TOY_N_SLOTS] = {
    SLOT("x0", x[0], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x1", x[1], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x2", x[2], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x3", x[3], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x4", x[4], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x5", x[5], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x6", x[6], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x7", x[7], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x8", x[8], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x9", x[9], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x10", x[10], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x11", x[11], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x12", x[12], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x13", x[13], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x14", x[14], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("x15", x[15], QH_TYPE_I64, QH_CLASS_GPR),
    SLOT("w0", w[0], QH_TYPE_I32, QH_CLASS_CTRL),
    SLOT("w1", w[1], QH_TYPE_I32, QH_CLASS_CTRL),
    SLOT("w2", w[2], QH_TYPE_I32, QH_CLASS_CTRL),
    SLOT("w3", w[3], QH_TYPE_I32, QH_CLASS_CTRL),
    SLOT("f0", f[0], QH_TYPE_F32, QH_CLASS_FP),
    SLOT("f1", f[1], QH_TYPE_F32, QH_CLASS_FP),
    SLOT("f2", f[2], QH_TYPE_F32, QH_CLASS_FP),
    SLOT("f3", f[3], QH_TYPE_F32, QH_CLASS_FP),
    SLOT("d0", d[0], QH_TYPE_F64, QH_CLASS_FP),
    SLOT("d1", d[1], QH_TYPE_F64, QH_CLASS_FP),
    SLOT("d2", d[2], QH_TYPE_F64, QH_CLASS_FP),
    SLOT("d3", d[3], QH_TYPE_F64, QH_CLASS_FP),
    SLOT("q0", q[0], QH_TYPE_I128, QH_CLASS_CTRL),
    SLOT("q1", q[1], QH_TYPE_I128, QH_CLASS_CTRL),
    SLOT("v0", v[0], QH_TYPE_V128, QH_CLASS_VEC),
    SLOT("v1", v[1], QH_TYPE_V128, QH_CLASS_VEC),
    SLOT("v2", v[2], QH_TYPE_V128, QH_CLASS_VEC),
    SLOT("v3", v[3], QH_TYPE_V128, QH_CLASS_VEC),
    SLOT("s0", s[0], QH_TYPE_V64, QH_CLASS_VEC),
    SLOT("s1", s[1], QH_TYPE_V64, QH_CLASS_VEC),
    SLOT("kind", lazy_kind, QH_TYPE_I32, QH_CLASS_FLAG),
    SLOT("lazy0", lazy[0], QH_TYPE_I64, QH_CLASS_FLAG),
    SLOT("lazy1", lazy[1], QH_TYPE_I64, QH_CLASS_FLAG),
    SLOT("lazy2", lazy[2], QH_TYPE_I64, QH_CLASS_FLAG),
    {.name = "zero",
                                                    .offset = offsetof(Toy,           zero),
                                                    .type = QH_TYPE_I64,
                                                    .klass = QH_CLASS_GPR,
                                                    .flags = QH_STATE_ZERO},
    {.name = "array", .offset = offsetof(Toy,         array), .type = QH_TYPE_I64, .count = 4},
    {.name = "outside",   .offset = sizeof(Toy) - 4, .type = QH_TYPE_I64      },
    {.name = "host",   .offset = offsetof(Toy,           cpu.ctx),.type = QH_TYPE_I64            },
};

static const QhStateTable table = {
    .size = sizeof(table),
    .field_size = sizeof(QhStateField),
    .n_fields = TOY_N_SLOTS,
    .fields = fields,
};

const QhStateTable *toy_state_table(void)
{
    return &table;
}

static void toy_none(QhCpu *cpu)
{
    ((Toy *)cpu)->x[15]++;
}

static uint64_t toy_sum2(QhCpu *cpu, uint64_t a, uint64_t b)
{
    (void)cpu;
    return a + 2 * b;
}

static uint64_t
toy_sum6(QhCpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    (void)cpu;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

static double toy_mixed(QhCpu *cpu, uint32_t a, double b, uint64_t c, float d, uint32_t e)
{
    (void)cpu;
    return a + b * 2 + (double)c * 3 + (double)d * 4 + e * 5;
}

static ToyWide toy_wide(QhCpu *cpu, ToyWide a, uint64_t b)
{
    (void)cpu;
    return a * b;
}

static uint64_t toy_eight(QhCpu *cpu,
                          uint64_t a,
                          uint64_t b,
                          uint64_t c,
                          uint64_t d,
                          uint64_t e,
                          uint64_t f,
                          uint64_t g,
                          uint64_t h)
{
    (void)cpu;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static void toy_raise(QhCpu *cpu, uint64_t cause)
{
    Toy *toy = (Toy *)cpu;

    if (cause != 0) {
        toy->fault_pc = cpu->pc;
        toy->fault_icount = cpu->icount;
        toy->raise_cause = (uint32_t)cause;
        cpu->pc = toy->vector;
        cpu->unwind = 1;
    }
}

static uint32_t toy_i32(QhCpu *cpu, uint32_t a)
{
    (void)cpu;
    return a * 3;
}

static uint64_t toy_pc(QhCpu *cpu)
{
    return cpu->pc + (cpu->icount << 32);
}

static void toy_write_x1(QhCpu *cpu, uint64_t value)
{
    ((Toy *)cpu)->x[1] = value;
}

static void toy_key(QhCpu *cpu, uint64_t key)
{
    cpu->state_key = key;
}

static void toy_halt(QhCpu *cpu)
{
    cpu->halted = 1;
}

static uint64_t toy_load(QhCpu *cpu, uint64_t address)
{
    uint64_t value = 0;

    return toy_service->load(cpu, address, QH_MEM_64, &value) ? value : 0;
}

static void toy_store(QhCpu *cpu, uint64_t address, uint64_t value)
{
    toy_service->store(cpu, address, QH_MEM_64, value);
}

static void toy_flush(QhCpu *cpu)
{
    toy_service->tlb_flush(cpu, UINT32_MAX);
}

#define I64 QH_TYPE_I64
static const QhHelper helpers[TOY_N_HELPERS] = {
    [TOY_H_NONE] = {.name = "none",                                                   .fn = (void (*)(void))toy_none, .writes = 1u << QH_CLASS_GPR},
    [TOY_H_SUM2] = {.name = "sum2",
                    .fn = (void (*)(void))toy_sum2,
                    .ret = I64,
                    .n_args = 2,
                    .args = {I64, I64},
                    .attrs = QH_HELPER_PURE},
    [TOY_H_SUM6] = {.name = "sum6",
                    .fn = (void (*)(void))toy_sum6,
                    .ret = I64,
                    .n_args = 6,
                    .args = {I64, I64, I64, I64, I64, I64}},
    [TOY_H_MIXED] = {.name = "mixed",
                    .fn = (void (*)(void))toy_mixed,
                    .ret = QH_TYPE_F64,
                    .n_args = 5,
                    .args = {QH_TYPE_I32, QH_TYPE_F64, I64, QH_TYPE_F32, QH_TYPE_B1}},
    [TOY_H_WIDE] = {.name = "wide",
                    .fn = (void (*)(void))toy_wide,
                    .ret = QH_TYPE_I128,
                    .n_args = 2,
                    .args = {QH_TYPE_I128, I64}},
    [TOY_H_EIGHT] = {.name = "eight",
                    .fn = (void (*)(void))toy_eight,
                    .ret = I64,
                    .n_args = 8,
                    .args = {I64, I64, I64, I64, I64, I64, I64, I64}},
    [TOY_H_RAISE] = {.name = "raise",
                    .fn = (void (*)(void))toy_raise,
                    .n_args = 1,
                    .args = {I64},
                    .attrs = QH_HELPER_MAY_RAISE},
    [TOY_H_I32] = {.name = "i32",
                    .fn = (void (*)(void))toy_i32,
                    .ret = QH_TYPE_I32,
                    .n_args = 1,
                    .args = {QH_TYPE_I32}},
    [TOY_H_PC] = {.name = "pc",                                   .fn = (void (*)(void))toy_pc,                                                                              .ret = I64, .attrs = QH_HELPER_SYNC},
    [TOY_H_WRITE_X1] = {.name = "write_x1",
                    .fn = (void (*)(void))toy_write_x1,
                    .n_args = 1,
                    .args = {I64},
                    .writes = 1u << QH_CLASS_GPR},
    [TOY_H_LOAD] = {.name = "load",
                    .fn = (void (*)(void))toy_load,
                    .ret = I64,
                    .n_args = 1,
                    .args = {I64},
                    .attrs = QH_HELPER_MAY_RAISE},
    [TOY_H_STORE] = {.name = "store",
                    .fn = (void (*)(void))toy_store,
                    .n_args = 2,
                    .args = {I64, I64},
                    .attrs = QH_HELPER_MAY_RAISE},
    [TOY_H_FLUSH] = {.name = "flush",                                  .fn = (void (*)(void))toy_flush,                                                                                      .attrs = QH_HELPER_SYNC},
    [TOY_H_KEY] = {.name = "key",                                     .fn = (void (*)(void))toy_key,                                                                   .n_args = 1, .args = {I64}},
    [TOY_H_HALT] = {.name = "halt",                                    .fn = (void (*)(void))toy_halt                                                                              },
};

const QhTranslatorOps toy_translator = {
    .size = sizeof(toy_translator),
    .n_helpers = TOY_N_HELPERS,
    .helpers = helpers,
    .helper_size = sizeof(QhHelper),
    .lazy_flags = 1,
    .lazy_slots = {TOY_KIND, TOY_LAZY, TOY_LAZY + 1, TOY_LAZY + 2},
};
