/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations that interp-int.c and interp-memory.c leave: floating point, vectors, 128 bits,
 * condition codes, locals, state accesses, calls. Against values worked out here in another way.
 */
#include "toy-machine.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

/* Runs what @emit makes as one instruction. */
static void run(ToyMachine *toy, void (*emit)(QhBlock *, void *), void *data)
{
    static const uint32_t words[] = {TOY_INSN(TOY_HOOK, 0, 0, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};

    toy->emit = emit;
    toy->data = data;
    toy_poke(toy, TOY_RAM, words, N(words));
    toy_run(toy, TOY_RAM);
    g_assert_cmpuint(toy->cpu[0]->cpu.halted, ==, 1);
    g_assert_cmpuint(qh_jit_of(&toy->cpu[0]->cpu)->broken, ==, 0);
}

/* One operation: operands from slots 0, 1, 2 of @from, result to slot 3 of @to (or slot 1). */
typedef struct Unit {
    uint32_t op, type, from, flags, imm;
    uint32_t slot_from, slot_to;
} Unit;

static void emit_unit(QhBlock *block, void *data)
{
    const Unit *u = data;
    const QhIrOpInfo *info = qh_ir_op_info(u->op);
    QhValue value[3] = {0};
    uint32_t n_used = 0;
    const char kinds[] = {info->a[0], info->b[0], info->c[0]};
    QhValue result;

    for (uint32_t i = 0; i < 3; i++) {
        if (kinds[i] == 'V' || kinds[i] == 'Y') {
            value[i] = qh_ir_get(block, u->from, u->slot_from + n_used++);
        } else if (kinds[i] == 'W') {
            value[i] = qh_ir_get(block, QH_TYPE_I64, TOY_X + i);
        } else if (kinds[i] == 'X') {
            value[i] = u->imm;
        }
    }
    result = qh_ir(block, u->op, u->type, u->flags, value[0], value[1], value[2]);
    if (info->attrs & QH_IR_A_BOOL) {
        result = qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, result);
        qh_ir_set(block, QH_TYPE_I64, u->slot_to, result);
    } else {
        qh_ir_set(block, u->type, u->slot_to, result);
    }
}

/* Values whose sums, products and so on are inexact, overflow, or are NaN. */
static const double doubles[] = {0.0,   -0.0,       1.0,    -1.0,   3.0,      0.1,
                                 1e300, -1e300,     1e-300, 5e-324, INFINITY, -INFINITY,
                                 2.5,   1048576.75, 4e9,    -4e9};

static uint64_t bits_of(double d)
{
    uint64_t bits;

    memcpy(&bits, &d, 8);
    return isnan(d) ? 0x7ff8000000000000 : bits;
}

static double host_op(uint32_t op, double a, double b, double c)
{
    switch (op) {
    case QH_IR_fadd:
        return a + b;
    case QH_IR_fsub:
        return a - b;
    case QH_IR_fmul:
        return a * b;
    case QH_IR_fdiv:
        return a / b;
    case QH_IR_fsqrt:
        return sqrt(a);
    case QH_IR_ffma:
        return fma(a, b, c);
    case QH_IR_fneg:
        return -a;
    case QH_IR_fabs:
        return fabs(a);
    case QH_IR_fcopysign:
        return copysign(a, b);
    case QH_IR_fround:
        return nearbyint(a);
    case QH_IR_fmin:
        return a < b || (a == b && signbit(a)) ? a : b;
    default:
        return a > b || (a == b && signbit(b)) ? a : b;
    }
}

static void test_float(void)
{
    static const uint32_t ops[] = {QH_IR_fadd,  QH_IR_fsub, QH_IR_fmul,      QH_IR_fdiv,
                                   QH_IR_fsqrt, QH_IR_ffma, QH_IR_fneg,      QH_IR_fabs,
                                   QH_IR_fmin,  QH_IR_fmax, QH_IR_fcopysign, QH_IR_fround};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < N(ops) * N(doubles) * N(doubles); i++) {
        double a = doubles[i / N(ops) % N(doubles)], b = doubles[i / N(ops) / N(doubles)];
        uint32_t op = ops[i % N(ops)];
        Unit wide = {.op = op,
                     .type = QH_TYPE_F64,
                     .from = QH_TYPE_F64,
                     .slot_from = TOY_D,
                     .slot_to = TOY_D + 3};
        Unit narrow = {.op = op,
                       .type = QH_TYPE_F32,
                       .from = QH_TYPE_F32,
                       .slot_from = TOY_F,
                       .slot_to = TOY_F + 3};
        float fa = (float)a, fb = (float)b, want, got;
        cpu->d[0] = a;
        cpu->d[1] = b;
        cpu->d[2] = 7.0;
        run(toy, emit_unit, &wide);
        g_assert_cmphex(bits_of(cpu->d[3]), ==, bits_of(host_op(op, a, b, 7.0)));
        cpu->f[0] = fa;
        cpu->f[1] = fb;
        cpu->f[2] = 7.0f;
        run(toy, emit_unit, &narrow);
        want = op == QH_IR_ffma ? fmaf(fa, fb, 7.0f) : (float)host_op(op, fa, fb, 7.0);
        got = cpu->f[3];
        g_assert_true((isnan(want) && isnan(got)) || memcmp(&want, &got, 4) == 0);
    }
    toy_machine_free(toy);
}

static void test_float_flags(void)
{
    static const struct {
        uint32_t op, flags;
        double a, b, want;
        uint32_t raised;
    } cases[] = {
        {QH_IR_fdiv, QH_ROUND_NEAREST_EVEN, 1,     0,      INFINITY,               QH_FP_DIVZERO},
        {QH_IR_fadd, QH_ROUND_NEAREST_EVEN, 1,     1e-30,  1,                      QH_FP_INEXACT},
        {QH_IR_fadd, QH_ROUND_UP,           1,     1e-30,  1.0000000000000002,     QH_FP_INEXACT},
        {QH_IR_fsub, QH_ROUND_DOWN,         1,     1e-30,  0.99999999999999989,    QH_FP_INEXACT},
        {QH_IR_fsub, QH_ROUND_ZERO,         -1,    -1e-30, -0.99999999999999989,   QH_FP_INEXACT},
        {QH_IR_fmul, QH_ROUND_ZERO,         1e300, 1e300,  1.7976931348623157e308,
         QH_FP_OVERFLOW | QH_FP_INEXACT                                                         },
        {QH_IR_fadd, QH_ROUND_NEAREST_EVEN, 1,     2,      3,                      0            },
    };
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < N(cases); i++) {
        Unit u = {.op = cases[i].op,
                  .type = QH_TYPE_F64,
                  .from = QH_TYPE_F64,
                  .flags = cases[i].flags,
                  .slot_from = TOY_D,
                  .slot_to = TOY_D + 3};
        cpu->d[0] = cases[i].a;
        cpu->d[1] = cases[i].b;
        cpu->cpu.fp_flags = 0;
        run(toy, emit_unit, &u);
        g_assert_cmphex(bits_of(cpu->d[3]), ==, bits_of(cases[i].want));
        g_assert_cmpuint(cpu->cpu.fp_flags, ==, cases[i].raised);
        run(toy, emit_unit,
            &(Unit){.op = QH_IR_fp_flags_get, .type = QH_TYPE_I32, .slot_to = TOY_W + 3});
        g_assert_cmpuint(cpu->w[3], ==, cases[i].raised);
    }
    toy_machine_free(toy);
}

static void test_float_compare(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 16 * 17 * 17; i++) {
        double a = i % 17 < 16 ? doubles[i % 17] : NAN;
        double b = i / 17 % 17 < 16 ? doubles[i / 17 % 17] : NAN;
        uint32_t flags = i / 289, cond = flags & 3;
        gboolean nan = isnan(a) || isnan(b);
        uint64_t want = cond == QH_FCOND_EQ   ? a == b
                        : cond == QH_FCOND_LT ? a < b
                        : cond == QH_FCOND_LE ? a <= b
                                              : nan;
        Unit u = {.op = QH_IR_fcmp,
                  .type = QH_TYPE_F64,
                  .from = QH_TYPE_F64,
                  .flags = flags,
                  .slot_from = TOY_D,
                  .slot_to = TOY_X + 3};
        if (flags & 4) {
            continue;
        }
        cpu->d[0] = a;
        cpu->d[1] = b;
        cpu->cpu.fp_flags = 0;
        run(toy, emit_unit, &u);
        g_assert_cmpuint(cpu->x[3], ==, want);
        g_assert_cmpuint(cpu->cpu.fp_flags, ==,
                         nan && (flags & QH_FCMP_SIGNALING) ? QH_FP_INVALID : 0);
        u.type = u.from = QH_TYPE_F32;
        u.slot_from = TOY_F;
        cpu->f[0] = (float)a;
        cpu->f[1] = (float)b;
        run(toy, emit_unit, &u);
        g_assert_cmpuint(cpu->x[3], ==,
                         cond == QH_FCOND_EQ   ? cpu->f[0] == cpu->f[1]
                         : cond == QH_FCOND_LT ? cpu->f[0] < cpu->f[1]
                         : cond == QH_FCOND_LE ? cpu->f[0] <= cpu->f[1]
                                               : nan);
    }
    toy_machine_free(toy);
}

/* Saturating conversion by way of long double, which holds all integers of 64 bits. */
static int64_t to_signed(double d, uint32_t width)
{
    long double max = ldexpl(1, (int)width - 1) - 1, min = -ldexpl(1, (int)width - 1);
    long double t = truncl(d);

    return t > max ? (int64_t)max : t < min ? (int64_t)min : (int64_t)t;
}

static uint64_t to_unsigned(double d, uint32_t width)
{
    long double max = ldexpl(1, (int)width) - 1, t = truncl(d);

    return t > max ? (uint64_t)max : t < 0 ? 0 : (uint64_t)t;
}

static void test_conversions(void)
{
    static const uint64_t integers[] = {0,          1,
                                        UINT64_MAX, 1ull << 31,
                                        1ull << 63, 0x123456789abcdef,
                                        0x80000001, 0xffffffff00000001};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    Unit u;

#define CONVERT(operation, t, f, sf, st, fl)                                                       \
    (u =                                                                                           \
         (Unit){                                                                                   \
             .op = operation, .type = t, .from = f, .slot_from = sf, .slot_to = st, .flags = fl},  \
     run(toy, emit_unit, &u))
    for (uint32_t i = 0; i < N(doubles); i++) {
        double d = doubles[i];
        cpu->d[0] = d;
        CONVERT(QH_IR_fto_s, QH_TYPE_I64, QH_TYPE_F64, TOY_D, TOY_X + 3, QH_ROUND_ZERO);
        g_assert_cmphex(cpu->x[3], ==, (uint64_t)to_signed(d, 64));
        CONVERT(QH_IR_fto_u, QH_TYPE_I64, QH_TYPE_F64, TOY_D, TOY_X + 3, QH_ROUND_ZERO);
        g_assert_cmphex(cpu->x[3], ==, to_unsigned(d, 64));
        CONVERT(QH_IR_fto_s, QH_TYPE_I32, QH_TYPE_F64, TOY_D, TOY_W + 3, QH_ROUND_ZERO);
        g_assert_cmphex(cpu->w[3], ==, (uint32_t)to_signed(d, 32));
        CONVERT(QH_IR_fto_u, QH_TYPE_I32, QH_TYPE_F64, TOY_D, TOY_W + 3, QH_ROUND_ZERO);
        g_assert_cmphex(cpu->w[3], ==, (uint32_t)to_unsigned(d, 32));
        CONVERT(QH_IR_f64to32, QH_TYPE_F32, QH_TYPE_F64, TOY_D, TOY_F + 3, 0);
        g_assert_true(cpu->f[3] == (float)d);
        cpu->f[0] = (float)d;
        CONVERT(QH_IR_f32to64, QH_TYPE_F64, QH_TYPE_F32, TOY_F, TOY_D + 3, 0);
        g_assert_true(cpu->d[3] == (double)(float)d);
        CONVERT(QH_IR_fto_s, QH_TYPE_I64, QH_TYPE_F32, TOY_F, TOY_X + 3, QH_ROUND_ZERO);
        g_assert_cmphex(cpu->x[3], ==, (uint64_t)to_signed((float)d, 64));
        CONVERT(QH_IR_f2bits, QH_TYPE_I64, QH_TYPE_F64, TOY_D, TOY_X + 3, 0);
        g_assert_cmphex(cpu->x[3], ==, bits_of(d));
    }
    for (uint32_t i = 0; i < N(integers); i++) {
        uint64_t n = integers[i];
        cpu->x[0] = n;
        cpu->w[0] = (uint32_t)n;
        CONVERT(QH_IR_ffrom_s, QH_TYPE_F64, QH_TYPE_I64, TOY_X, TOY_D + 3, 0);
        g_assert_true(cpu->d[3] == (double)(int64_t)n);
        CONVERT(QH_IR_ffrom_u, QH_TYPE_F64, QH_TYPE_I64, TOY_X, TOY_D + 3, 0);
        g_assert_true(cpu->d[3] == (double)n);
        CONVERT(QH_IR_ffrom_s, QH_TYPE_F32, QH_TYPE_I32, TOY_W, TOY_F + 3, 0);
        g_assert_true(cpu->f[3] == (float)(int32_t)n);
        CONVERT(QH_IR_ffrom_u, QH_TYPE_F32, QH_TYPE_I32, TOY_W, TOY_F + 3, 0);
        g_assert_true(cpu->f[3] == (float)(uint32_t)n);
        CONVERT(QH_IR_bits2f, QH_TYPE_F64, QH_TYPE_I64, TOY_X, TOY_D + 3, 0);
        g_assert_cmpmem(&cpu->d[3], 8, &n, 8);
    }
    toy_machine_free(toy);
}

/* Lanes as bytes in memory; a host is little-endian here, as vectors are in the state. */
static int64_t lane_of(const void *vector, uint32_t i, uint32_t bytes, gboolean is_signed)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)vector + (size_t)i * bytes, bytes);
    return is_signed && bytes < 8 ? (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes)
                                  : (int64_t)value;
}

static int64_t clamp(__int128 value, uint32_t bytes, gboolean is_signed)
{
    __int128 top = (__int128)1 << (8 * bytes - (is_signed ? 1 : 0));
    __int128 low = is_signed ? -top : 0;

    return (int64_t)(value >= top ? top - 1 : value < low ? low : value);
}

static int64_t
lane_want(uint32_t op, int64_t a, int64_t b, uint32_t imm, uint32_t bytes, gboolean is_signed)
{
    gboolean greater = is_signed ? a > b : (uint64_t)a > (uint64_t)b;
    __int128 wa = is_signed ? (__int128)a : (__int128)(uint64_t)a;
    __int128 wb = is_signed ? (__int128)b : (__int128)(uint64_t)b;

    switch (op) {
    case QH_IR_vadd:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case QH_IR_vsub:
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case QH_IR_vmul:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case QH_IR_vneg:
        return (int64_t)(0 - (uint64_t)a);
    case QH_IR_vabs:
        a = (int64_t)((uint64_t)a << (64 - 8 * bytes)) >> (64 - 8 * bytes);
        return a < 0 ? (int64_t)(0 - (uint64_t)a) : a;
    case QH_IR_vmin:
        return greater ? b : a;
    case QH_IR_vmax:
        return greater ? a : b;
    case QH_IR_vsatadd:
        return clamp(wa + wb, bytes, is_signed);
    case QH_IR_vsatsub:
        return clamp(wa - wb, bytes, is_signed);
    case QH_IR_vshl:
        return (int64_t)((uint64_t)a << imm);
    case QH_IR_vshr:
        return is_signed ? a >> imm : (int64_t)((uint64_t)a >> imm);
    case QH_IR_vcmp_eq:
        return a == b ? -1 : 0;
    default:
        return greater ? -1 : 0;
    }
}

static void fill_vectors(Toy *cpu, uint32_t seed)
{
    uint8_t *bytes = (uint8_t *)cpu->v;

    for (uint32_t i = 0; i < sizeof(cpu->v); i++) {
        bytes[i] = (uint8_t)(seed % 3 == 0         ? (i * 37 + seed) * 73
                             : (i + seed) % 5 == 0 ? 0x80
                                                   : 0xff);
    }
    if (seed % 4 == 1) {
        cpu->v[1] = cpu->v[0];
    }
    cpu->s[0] = (uint64_t)cpu->v[0];
    cpu->s[1] = (uint64_t)cpu->v[1];
}

static void test_lanes(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 14 * 8 * 12; i++) {
        uint32_t op = QH_IR_vadd + i % 14, flags = i / 14 % 8, bytes = 1u << (flags & 3);
        gboolean is_signed = (flags & QH_LANE_SIGNED) != 0;
        Unit u = {.op = op,
                  .type = QH_TYPE_V128,
                  .from = QH_TYPE_V128,
                  .flags = flags,
                  .imm = i % (8 * bytes),
                  .slot_from = TOY_V,
                  .slot_to = TOY_V + 3};
        if (op > QH_IR_vcmp_gt) {
            continue;
        }
        fill_vectors(cpu, i / 112);
        run(toy, emit_unit, &u);
        for (uint32_t k = 0; k < 16 / bytes; k++) {
            int64_t want =
                lane_want(op, lane_of(&cpu->v[0], k, bytes, is_signed),
                          lane_of(&cpu->v[1], k, bytes, is_signed), u.imm, bytes, is_signed);
            g_assert_cmphex((uint64_t)lane_of(&cpu->v[3], k, bytes, FALSE), ==,
                            (uint64_t)lane_of(&want, 0, bytes, FALSE));
        }
        u.type = u.from = QH_TYPE_V64;
        u.slot_from = TOY_S;
        u.slot_to = TOY_S + 1;
        run(toy, emit_unit, &u);
        g_assert_cmphex(cpu->s[1], ==, (uint64_t)cpu->v[3]);
    }
    toy_machine_free(toy);
}

static void test_vector_moves(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t lane = 0; lane < 4; lane++) {
        uint32_t bytes = 1u << lane, n = 16 / bytes;
        Unit u = {.type = QH_TYPE_V128,
                  .from = QH_TYPE_V128,
                  .flags = lane,
                  .slot_from = TOY_V,
                  .slot_to = TOY_V + 3};
        fill_vectors(cpu, 3);
        cpu->x[0] = cpu->x[1] = 0x8899aabbccddeeff;
        u.op = QH_IR_vdup;
        run(toy, emit_unit, &u);
        for (uint32_t i = 0; i < n; i++) {
            g_assert_cmphex((uint64_t)lane_of(&cpu->v[3], i, bytes, FALSE), ==,
                            (uint64_t)lane_of(&cpu->x[0], 0, bytes, FALSE));
        }
        for (uint32_t i = 0; i < n; i++) {
            u = (Unit){.op = QH_IR_vextract,
                       .type = QH_TYPE_I64,
                       .from = QH_TYPE_V128,
                       .flags = lane | (i & 1 ? QH_LANE_SIGNED : 0),
                       .imm = i,
                       .slot_from = TOY_V,
                       .slot_to = TOY_X + 3};
            run(toy, emit_unit, &u);
            g_assert_cmphex(cpu->x[3], ==, (uint64_t)lane_of(&cpu->v[0], i, bytes, i & 1));
            u = (Unit){.op = QH_IR_vinsert,
                       .type = QH_TYPE_V128,
                       .from = QH_TYPE_V128,
                       .flags = lane,
                       .imm = i,
                       .slot_from = TOY_V,
                       .slot_to = TOY_V + 3};
            run(toy, emit_unit, &u);
            for (uint32_t k = 0; k < n; k++) {
                g_assert_cmphex((uint64_t)lane_of(&cpu->v[3], k, bytes, FALSE), ==,
                                (uint64_t)(k == i ? lane_of(&cpu->x[1], 0, bytes, FALSE)
                                                  : lane_of(&cpu->v[0], k, bytes, FALSE)));
            }
        }
        for (uint32_t high = 0; high < 2; high++) {
            u = (Unit){.op = high ? QH_IR_vzip_hi : QH_IR_vzip_lo,
                       .type = QH_TYPE_V128,
                       .from = QH_TYPE_V128,
                       .flags = lane,
                       .slot_from = TOY_V,
                       .slot_to = TOY_V + 3};
            run(toy, emit_unit, &u);
            for (uint32_t k = 0; k < n; k++) {
                g_assert_cmphex(
                    (uint64_t)lane_of(&cpu->v[3], k, bytes, FALSE), ==,
                    (uint64_t)lane_of(&cpu->v[k & 1], k / 2 + (high ? n / 2 : 0), bytes, FALSE));
            }
        }
    }
    toy_machine_free(toy);
}

static void test_vector_bits(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    static const uint32_t ops[] = {QH_IR_vand, QH_IR_vor,    QH_IR_vxor,    QH_IR_vandn,
                                   QH_IR_vnot, QH_IR_vblend, QH_IR_vshuffle};

    for (uint32_t i = 0; i < N(ops); i++) {
        Unit u = {.op = ops[i],
                  .type = QH_TYPE_V128,
                  .from = QH_TYPE_V128,
                  .slot_from = TOY_V,
                  .slot_to = TOY_V + 3};
        const uint8_t *a = (const uint8_t *)&cpu->v[0], *b = (const uint8_t *)&cpu->v[1];
        const uint8_t *c = (const uint8_t *)&cpu->v[2], *got = (const uint8_t *)&cpu->v[3];
        fill_vectors(cpu, 3);
        if (ops[i] == QH_IR_vshuffle) {
            for (uint32_t k = 0; k < 16; k++) {
                ((uint8_t *)&cpu->v[1])[k] = (uint8_t)(k * 5 % 19);
            }
        }
        run(toy, emit_unit, &u);
        for (uint32_t k = 0; k < 16; k++) {
            const uint8_t want[] = {a[k] & b[k],
                                    a[k] | b[k],
                                    a[k] ^ b[k],
                                    a[k] & (uint8_t)~b[k],
                                    (uint8_t)~a[k],
                                    (a[k] & b[k]) | (~a[k] & c[k]),
                                    b[k] < 16 ? a[b[k]] : 0};
            g_assert_cmphex(got[k], ==, want[i]);
        }
    }
    toy_machine_free(toy);
}

/* 128 bits in two halves, and back, through slots, locals and constants. */
static void emit_wide(QhBlock *block, void *data)
{
    QhValue low = qh_ir_get(block, QH_TYPE_I64, TOY_X), high, wide, yes;

    (void)data;
    high = qh_ir_get(block, QH_TYPE_I64, TOY_X + 1);
    wide = qh_ir_2(block, QH_IR_concat128, QH_TYPE_I128, low, high);
    qh_ir(block, QH_IR_set_local, QH_TYPE_I128, 0, 3, wide, 0);
    qh_ir_set(block, QH_TYPE_I64, TOY_X, qh_ir_const(block, QH_TYPE_I64, 0));
    yes = qh_ir_cmp(block, QH_COND_EQ, QH_TYPE_I64, high, qh_ir_get(block, QH_TYPE_I64, TOY_X + 2));
    wide = qh_ir_select(block, QH_TYPE_I128, yes, wide, qh_ir_get(block, QH_TYPE_I128, TOY_Q + 1));
    qh_ir_set(block, QH_TYPE_I128, TOY_Q, wide);
    qh_ir_label(block);
    wide = qh_ir(block, QH_IR_get_local, QH_TYPE_I128, 0, 3, 0, 0);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 4, qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, wide));
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 5, qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, wide));
    wide = qh_ir(block, QH_IR_get_local, QH_TYPE_I128, 0, 5, 0, 0); /* never set: zero */
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 6, qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, wide));
    qh_ir(block, QH_IR_set_local, QH_TYPE_I128, 0, 5, qh_ir_get(block, QH_TYPE_I128, TOY_Q + 1), 0);
    qh_ir_set(block, QH_TYPE_V128, TOY_V + 1, qh_ir_const(block, QH_TYPE_V128, 0x1122334455667788));
    qh_ir_set(block, QH_TYPE_I128, TOY_Q + 1, qh_ir_const(block, QH_TYPE_I128, 0x1122334455667788));
    qh_ir_set(block, QH_TYPE_I64, TOY_ZERO, qh_ir_const(block, QH_TYPE_I64, 9)); /* dropped */
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 7, qh_ir_get(block, QH_TYPE_I64, TOY_ZERO));
}

static void test_wide(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 2; i++) {
        cpu->x[0] = 0x1111;
        cpu->x[1] = 0x2222;
        cpu->x[2] = i ? 0x2222 : 0;
        cpu->x[6] = cpu->x[7] = 99;
        cpu->q[1] = (ToyWide)5 << 64 | 6;
        run(toy, emit_wide, NULL);
        g_assert_cmphex((uint64_t)cpu->q[0], ==, i ? 0x1111 : 6);
        g_assert_cmphex((uint64_t)(cpu->q[0] >> 64), ==, i ? 0x2222 : 5);
        g_assert_cmphex(cpu->x[4], ==, 0x1111);
        g_assert_cmphex(cpu->x[5], ==, 0x2222);
        g_assert_cmphex(cpu->x[6], ==, 0);
        g_assert_cmphex(cpu->x[7], ==, 0);
        g_assert_cmphex(cpu->zero, ==, 0);
        g_assert_cmphex((uint64_t)(cpu->v[1] >> 64), ==, 0x1122334455667788);
        g_assert_cmphex((uint64_t)(cpu->q[1] >> 64), ==, 0);
    }
    toy_machine_free(toy);
}

static void emit_state(QhBlock *block, void *data)
{
    uint32_t at = (uint32_t)offsetof(Toy, bytes);
    QhValue value;

    (void)data;
    for (uint32_t size = 0; size < 4; size++) {
        value = qh_ir(block, QH_IR_ld_state, QH_TYPE_I64, 0, at + 1, size | QH_MEM_SIGNED, 0);
        qh_ir_set(block, QH_TYPE_I64, TOY_X + size, value);
        value =
            qh_ir(block, QH_IR_ld_state, size < 3 ? QH_TYPE_I32 : QH_TYPE_I64, 0, at + 1, size, 0);
        if (size < 3) {
            qh_ir_set(block, QH_TYPE_I32, TOY_W + size, value);
        }
    }
    value = qh_ir_const(block, QH_TYPE_I32, 0xa1b2c3d4);
    qh_ir(block, QH_IR_st_state, QH_TYPE_I32, 0, at + 10, QH_MEM_16, value);
    /* a store over a slot that was read before: the value is that of before */
    value = qh_ir_get(block, QH_TYPE_I64, TOY_X + 8);
    qh_ir(block, QH_IR_st_state, QH_TYPE_I64, 0, (uint32_t)offsetof(Toy, x[8]), QH_MEM_64,
          qh_ir_const(block, QH_TYPE_I64, 5));
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 9, value);
}

static void test_state(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 16; i++) {
        cpu->bytes[i] = (uint8_t)(0x90 + i);
    }
    cpu->x[8] = 77;
    run(toy, emit_state, NULL);
    g_assert_cmphex(cpu->x[0], ==, 0xffffffffffffff91);
    g_assert_cmphex(cpu->x[1], ==, 0xffffffffffff9291);
    g_assert_cmphex(cpu->x[2], ==, 0xffffffff94939291);
    g_assert_cmphex(cpu->x[3], ==, 0x9897969594939291);
    g_assert_cmphex(cpu->w[0], ==, 0x91);
    g_assert_cmphex(cpu->w[1], ==, 0x9291);
    g_assert_cmphex(cpu->w[2], ==, 0x94939291);
    g_assert_cmphex(cpu->bytes[10], ==, 0xd4);
    g_assert_cmphex(cpu->bytes[11], ==, 0xc3);
    g_assert_cmphex(cpu->bytes[12], ==, 0x9c);
    g_assert_cmpuint(cpu->x[8], ==, 5);
    g_assert_cmpuint(cpu->x[9], ==, 77);
    toy_machine_free(toy);
}

static void emit_calls(QhBlock *block, void *data)
{
    QhValue x[8], args[8], one, kept;

    (void)data;
    kept = qh_ir_get(block, QH_TYPE_I64, TOY_X + 1);
    for (uint32_t i = 0; i < 8; i++) {
        x[i] = i & 1 ? qh_ir_get(block, QH_TYPE_I64, TOY_X + i)
                     : qh_ir_const(block, QH_TYPE_I64, i + 1);
    }
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 8, qh_ir_call(block, QH_TYPE_I64, TOY_H_SUM6, 6, x));
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 9, qh_ir_call(block, QH_TYPE_I64, TOY_H_EIGHT, 8, x));
    one = qh_ir_const(block, QH_TYPE_B1, 1);
    args[0] = qh_ir_const(block, QH_TYPE_I32, 10);
    args[1] = qh_ir_get(block, QH_TYPE_F64, TOY_D);
    args[2] = x[2];
    args[3] = qh_ir_get(block, QH_TYPE_F32, TOY_F);
    args[4] = one;
    qh_ir_set(block, QH_TYPE_F64, TOY_D + 1, qh_ir_call(block, QH_TYPE_F64, TOY_H_MIXED, 5, args));
    args[0] = qh_ir_get(block, QH_TYPE_I128, TOY_Q);
    args[1] = x[1];
    qh_ir_set(block, QH_TYPE_I128, TOY_Q + 1, qh_ir_call(block, QH_TYPE_I128, TOY_H_WIDE, 2, args));
    args[0] = qh_ir_const(block, QH_TYPE_I32, 0x80000001);
    qh_ir_set(block, QH_TYPE_I32, TOY_W + 1, qh_ir_call(block, QH_TYPE_I32, TOY_H_I32, 1, args));
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 10, qh_ir_call(block, QH_TYPE_I64, TOY_H_PC, 0, args));
    args[0] = qh_ir_const(block, QH_TYPE_I64, 123);
    qh_ir_call(block, QH_TYPE_NONE, TOY_H_WRITE_X1, 1, args); /* kept is what x1 was */
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 11, kept);
    args[0] = qh_ir_const(block, QH_TYPE_I64, 0);
    qh_ir_call(block, QH_TYPE_NONE, TOY_H_RAISE, 1, args);
}

static void test_calls(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 8; i++) {
        cpu->x[i] = i + 1;
    }
    cpu->d[0] = 0.5;
    cpu->f[0] = 0.25f;
    cpu->q[0] = (ToyWide)3 << 64 | 1;
    cpu->cpu.icount = 40;
    run(toy, emit_calls, NULL);
    g_assert_cmpuint(cpu->x[8], ==, 1 + 4 + 9 + 16 + 25 + 36);
    g_assert_cmpuint(cpu->x[9], ==, 1 + 4 + 9 + 16 + 25 + 36 + 49 + 64);
    g_assert_true(cpu->d[1] == 10 + 1 + 9 + 1 + 5);
    g_assert_true(cpu->q[1] == ((ToyWide)6 << 64 | 2));
    g_assert_cmphex(cpu->w[1], ==, 0x80000003);
    g_assert_cmphex(cpu->x[10], ==, TOY_RAM + (40ull << 32));
    g_assert_cmpuint(cpu->x[11], ==, 2);
    g_assert_cmpuint(cpu->x[1], ==, 123);
    g_assert_cmpuint(cpu->cpu.icount, ==, 42);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/interp/float/arithmetic", test_float);
    g_test_add_func("/interp/float/flags", test_float_flags);
    g_test_add_func("/interp/float/compare", test_float_compare);
    g_test_add_func("/interp/float/conversions", test_conversions);
    g_test_add_func("/interp/vector/lanes", test_lanes);
    g_test_add_func("/interp/vector/moves", test_vector_moves);
    g_test_add_func("/interp/vector/bits", test_vector_bits);
    g_test_add_func("/interp/wide", test_wide);
    g_test_add_func("/interp/state", test_state);
    g_test_add_func("/interp/calls", test_calls);
    return g_test_run();
}
