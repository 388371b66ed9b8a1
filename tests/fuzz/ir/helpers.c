/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers with every kind of signature and promise: each reads and changes exactly the classes of
 * state that its row says, so that a backend that keeps too much in registers, or too little,
 * shows.
 */
#include "run.h"

#include <string.h>

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    const uint8_t *at = data;

    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

void fz_trace(QhCpu *cpu, uint64_t what, gboolean with_state)
{
    FzMachine *machine = fz_machine_of(cpu);
    const char *state = (const char *)cpu;

    machine->trace = mix(machine->trace ^ what, &cpu->pc, sizeof(cpu->pc));
    if (machine->exact) {
        machine->trace = mix(machine->trace, &cpu->icount, sizeof(cpu->icount));
    }
    if (with_state) {
        machine->trace = mix(machine->trace, state + FZ_STATE_FROM, FZ_STATE_END - FZ_STATE_FROM);
    }
    if (machine->n_events < FZ_EVENTS) {
        machine->event[machine->n_events].what = what;
        machine->event[machine->n_events].pc = cpu->pc;
        machine->event[machine->n_events].icount = machine->exact ? cpu->icount : 0;
        memcpy(machine->event[machine->n_events].state, state + FZ_STATE_FROM,
               with_state ? FZ_STATE_END - FZ_STATE_FROM : 0);
    }
    machine->n_events++;
}

static uint64_t pure2(QhCpu *cpu, uint64_t a, uint64_t b)
{
    (void)cpu;
    return a - 3 * b;
}

static uint64_t
pure6(QhCpu *cpu, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    (void)cpu;
    return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f;
}

static uint64_t eight(QhCpu *cpu,
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
    return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * g + 17 * h;
}

/* Host arithmetic on purpose: its rounding and its flags are the host's own business. */
static double mixed(QhCpu *cpu, uint32_t a, double b, uint64_t c, float d, uint32_t e)
{
    uint64_t b_bits;
    uint32_t d_bits;

    (void)cpu;
    memcpy(&b_bits, &b, 8);
    memcpy(&d_bits, &d, 4);
    return (double)(a ^ b_bits) / 3 + (double)(c >> 12) * 0.1 + (double)(d_bits + e);
}

static float f32(QhCpu *cpu, float a, uint32_t b)
{
    uint32_t bits;

    (void)cpu;
    memcpy(&bits, &a, 4);
    return (float)(bits ^ b) / 7;
}

static ToyWide wide(QhCpu *cpu, ToyWide a, uint64_t b)
{
    (void)cpu;
    return a * b + 1;
}

static ToyWide vector(QhCpu *cpu, ToyWide a, uint64_t b)
{
    (void)cpu;
    return (a << 9 | a >> 119) ^ b;
}

static uint32_t boolean(QhCpu *cpu, uint64_t a)
{
    (void)cpu;
    return (a & 5) == 1;
}

static uint32_t i32(QhCpu *cpu, uint32_t a)
{
    (void)cpu;
    return a * 3 + 1;
}

static uint64_t see_gpr(QhCpu *cpu)
{
    return mix(1, ((Toy *)cpu)->x, sizeof(((Toy *)cpu)->x));
}

static uint64_t see_fp(QhCpu *cpu)
{
    const Toy *toy = (Toy *)cpu;

    return mix(mix(2, toy->f, sizeof(toy->f)), toy->d, sizeof(toy->d));
}

static uint64_t see_vec(QhCpu *cpu)
{
    const Toy *toy = (Toy *)cpu;

    return mix(mix(3, toy->v, sizeof(toy->v)), toy->s, sizeof(toy->s));
}

static uint64_t see_flag(QhCpu *cpu)
{
    const Toy *toy = (Toy *)cpu;

    return mix(4 + toy->lazy_kind, toy->lazy, sizeof(toy->lazy));
}

static uint64_t see_ctrl(QhCpu *cpu, uint64_t value)
{
    const Toy *toy = (Toy *)cpu;

    return mix(mix(value, toy->w, sizeof(toy->w)), toy->q, sizeof(toy->q));
}

static void set_gpr(QhCpu *cpu, uint64_t value)
{
    Toy *toy = (Toy *)cpu;

    toy->x[1] = value;
    toy->x[value & 7] = ~value;
}

static void set_fp(QhCpu *cpu, uint64_t value)
{
    Toy *toy = (Toy *)cpu;

    memcpy(&toy->d[value & 3], &value, 8);
    memcpy(&toy->f[value >> 2 & 3], &value, 4);
}

static void set_vec(QhCpu *cpu, uint64_t value)
{
    Toy *toy = (Toy *)cpu;

    toy->v[value & 3] = (ToyWide)value << 64 | ~value;
    toy->s[value >> 2 & 1] = value;
}

static void set_flag(QhCpu *cpu, uint64_t value)
{
    Toy *toy = (Toy *)cpu;

    toy->lazy_kind = (uint32_t)(value % (QH_CC_BITS + 1));
    toy->lazy[value & 1] = value;
}

static uint64_t set_ctrl(QhCpu *cpu, uint64_t value)
{
    Toy *toy = (Toy *)cpu;
    uint32_t old = toy->w[value & 3];

    toy->w[value & 3] = (uint32_t)value;
    toy->q[0] = (ToyWide)value << 64;
    return old;
}

static uint64_t fp_flags(QhCpu *cpu, uint64_t value)
{
    uint64_t old = cpu->fp_flags;

    cpu->fp_flags |= value & 31;
    return old;
}

static uint64_t sync_pc(QhCpu *cpu)
{
    fz_trace(cpu, FZ_H_SYNC, FALSE);
    return cpu->pc;
}

static uint64_t may_raise(QhCpu *cpu, uint64_t value)
{
    if ((value & 7) == 3) {
        fz_trace(cpu, value, TRUE);
        cpu->pc = ((Toy *)cpu)->vector;
        cpu->unwind = 1;
    }
    return value * 9;
}

static uint64_t load(QhCpu *cpu, uint64_t address)
{
    uint64_t value = 0;

    return qh_cpu_service.load(cpu, address, QH_MEM_64, &value) ? value : 0;
}

static void store(QhCpu *cpu, uint64_t address, uint64_t value)
{
    qh_cpu_service.store(cpu, address, QH_MEM_64, value);
}

static void flush(QhCpu *cpu)
{
    qh_cpu_service.tlb_flush(cpu, UINT32_MAX);
}

static void set_pc(QhCpu *cpu, uint64_t pc)
{
    cpu->pc = pc;
}

static void key(QhCpu *cpu, uint64_t value)
{
    cpu->state_key = (cpu->state_key & ~UINT64_C(16)) | (value & 1) << 4;
}

static void kick(QhCpu *cpu)
{
    __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_SEQ_CST);
}

static void halt(QhCpu *cpu)
{
    cpu->halted = 1;
}

#define I32       QH_TYPE_I32
#define I64       QH_TYPE_I64
#define BIT(name) (1u << QH_CLASS_##name)
#define FN(f)     ((void (*)(void))(f))
#define ROW(f, type, count, ...)                                                                   \
    .name = #f, .fn = FN(f), .ret = (type), .n_args = (count), .args = {__VA_ARGS__}

/* clang-format off */
const QhHelper fz_helpers[FZ_N_HELPERS] = {
    [FZ_H_PURE2] = {ROW(pure2, I64, 2, I64, I64), .attrs = QH_HELPER_PURE},
    [FZ_H_PURE6] = {ROW(pure6, I64, 6, I64, I64, I64, I64, I64, I64)},
    [FZ_H_EIGHT] = {ROW(eight, I64, 8, I64, I64, I64, I64, I64, I64, I64, I64)},
    [FZ_H_MIXED] = {ROW(mixed, QH_TYPE_F64, 5, I32, QH_TYPE_F64, I64, QH_TYPE_F32, QH_TYPE_B1)},
    [FZ_H_F32] = {ROW(f32, QH_TYPE_F32, 2, QH_TYPE_F32, I32)},
    [FZ_H_WIDE] = {ROW(wide, QH_TYPE_I128, 2, QH_TYPE_I128, I64), .attrs = QH_HELPER_COLD},
    [FZ_H_VECTOR] = {ROW(vector, QH_TYPE_V128, 2, QH_TYPE_V128, I64), .attrs = QH_HELPER_PURE},
    [FZ_H_BOOL] = {ROW(boolean, QH_TYPE_B1, 1, I64), .attrs = QH_HELPER_PURE},
    [FZ_H_I32] = {ROW(i32, I32, 1, I32)},
    [FZ_H_SEE_GPR] = {ROW(see_gpr, I64, 0, 0), .reads = BIT(GPR)},
    [FZ_H_SEE_FP] = {ROW(see_fp, I64, 0, 0), .reads = BIT(FP)},
    [FZ_H_SEE_VEC] = {ROW(see_vec, I64, 0, 0), .reads = BIT(VEC)},
    [FZ_H_SEE_FLAG] = {ROW(see_flag, I64, 0, 0), .reads = BIT(FLAG)},
    [FZ_H_SEE_CTRL] = {ROW(see_ctrl, I64, 1, I64), .reads = BIT(CTRL)},
    [FZ_H_SET_GPR] = {ROW(set_gpr, QH_TYPE_NONE, 1, I64), .writes = BIT(GPR)},
    [FZ_H_SET_FP] = {ROW(set_fp, QH_TYPE_NONE, 1, I64), .writes = BIT(FP)},
    [FZ_H_SET_VEC] = {ROW(set_vec, QH_TYPE_NONE, 1, I64), .writes = BIT(VEC)},
    [FZ_H_SET_FLAG] = {ROW(set_flag, QH_TYPE_NONE, 1, I64), .writes = BIT(FLAG)},
    [FZ_H_SET_CTRL] = {ROW(set_ctrl, I64, 1, I64), .reads = BIT(CTRL), .writes = BIT(CTRL)},
    [FZ_H_FP_FLAGS] = {ROW(fp_flags, I64, 1, I64), .attrs = QH_HELPER_FP},
    [FZ_H_SYNC] = {ROW(sync_pc, I64, 0, 0), .attrs = QH_HELPER_SYNC},
    [FZ_H_MAY_RAISE] = {ROW(may_raise, I64, 1, I64), .attrs = QH_HELPER_MAY_RAISE},
    [FZ_H_LOAD] = {ROW(load, I64, 1, I64), .attrs = QH_HELPER_MAY_RAISE},
    [FZ_H_STORE] = {ROW(store, QH_TYPE_NONE, 2, I64, I64), .attrs = QH_HELPER_MAY_RAISE},
    [FZ_H_FLUSH] = {ROW(flush, QH_TYPE_NONE, 0, 0), .attrs = QH_HELPER_SYNC},
    [FZ_H_SET_PC] = {ROW(set_pc, QH_TYPE_NONE, 1, I64)},
    [FZ_H_KEY] = {ROW(key, QH_TYPE_NONE, 1, I64)},
    [FZ_H_KICK] = {ROW(kick, QH_TYPE_NONE, 0, 0)},
    [FZ_H_HALT] = {ROW(halt, QH_TYPE_NONE, 0, 0)},
};
/* clang-format on */
