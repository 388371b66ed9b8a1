/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every vector operation compiled against the interpreter: all lane sizes, both widths, with all
 * that the processor has and with none of it. */
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

enum {
    FORM_PLAIN,
    FORM_HOMES, /* the slots are in registers */
    FORM_TO_A,  /* the result goes where an operand came from */
    FORM_TO_B,
    FORM_SAME, /* all operands are one */
    N_FORMS
};

typedef struct Program {
    uint32_t op, type, flags, imm, form;
} Program;

static uint32_t slot(const Program *p, uint32_t i)
{
    return p->type == QH_TYPE_V128 ? TOY_V + i : TOY_S + i % 2;
}

static void use_often(QhBlock *block, const Program *p)
{
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t a = slot(p, i % 4), b = slot(p, (i + 1) % 4);
        QhValue left = qh_ir_get(block, p->type, a), right = qh_ir_get(block, p->type, b);
        qh_ir_set(block, p->type, a, right);
        qh_ir_set(block, p->type, b, left);
        qh_ir_set(block, p->type, a, left);
        qh_ir_set(block, p->type, b, right);
    }
}

static QhValue make(QhBlock *block, const Program *p, const QhValue *args)
{
    QhValue word = qh_ir_get(block, QH_TYPE_I64, TOY_X);

    switch (p->op) {
    case QH_IR_vdup:
        return qh_ir(block, p->op, p->type, p->flags, word, 0, 0);
    case QH_IR_vinsert:
        return qh_ir(block, p->op, p->type, p->flags, args[0], word, p->imm);
    case QH_IR_vextract:
        return qh_ir(block, p->op, QH_TYPE_I64, p->flags, args[0], p->imm, 0);
    case QH_IR_vext:
        return qh_ir(block, p->op, p->type, p->flags, args[0], args[1], p->imm);
    case QH_IR_vrev:
        return qh_ir(block, p->op, p->type, p->flags, args[0], (p->flags & 3) + p->imm, 0);
    case QH_IR_vdup_lane:
    case QH_IR_vshl:
    case QH_IR_vshr:
        return qh_ir(block, p->op, p->type, p->flags, args[0], p->imm, 0);
    default: {
        const QhIrOpInfo *info = qh_ir_op_info(p->op);
        return qh_ir(block, p->op, p->type, p->flags, args[0], info->b[0] == 'V' ? args[1] : 0,
                     info->c[0] == 'V' ? args[2] : 0);
    }
    }
}

static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    QhValue args[3], result;

    if (p->form == FORM_HOMES) {
        use_often(block, p);
    }
    for (uint32_t i = 0; i < 3; i++) {
        args[i] = p->form == FORM_SAME && i > 0 ? args[0] : qh_ir_get(block, p->type, slot(p, i));
    }
    result = make(block, p, args);
    if (p->op == QH_IR_vextract) {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 1, result);
    } else {
        uint32_t to = p->form == FORM_TO_A ? 0 : p->form == FORM_TO_B ? 1 : 3;
        qh_ir_set(block, p->type, slot(p, to), result);
    }
}

/* Bytes at the edges of all lane sizes, or any, or small ones as vshuffle wants them. */
static uint8_t some_byte(GRand *rand)
{
    static const uint8_t edges[] = {0, 0xff, 0x7f, 0x80, 1, 0xfe, 0x81, 15, 16};
    uint32_t kind = (uint32_t)g_rand_int_range(rand, 0, 4);

    return kind == 0   ? (uint8_t)g_rand_int(rand)
           : kind == 1 ? (uint8_t)g_rand_int_range(rand, 0, 18)
                       : edges[g_rand_int_range(rand, 0, N(edges))];
}

static void run_program(T1Pair *pair, const Program *p)
{
    GRand *rand = g_rand_new_with_seed(p->op * 64 + p->flags);
    Toy state;

    t1_pair_load(pair, emit, (void *)p);
    memset(&state, 0, sizeof(state));
    for (uint32_t i = 0; i < 200; i++) {
        uint8_t *v = (uint8_t *)state.v, *s = (uint8_t *)state.s;
        uint32_t same = i % 8 == 0 ? (uint32_t)some_byte(rand) : 256;
        for (uint32_t k = 0; k < sizeof(state.v); k++) {
            v[k] = same < 256 ? (uint8_t)same : some_byte(rand);
        }
        for (uint32_t k = 0; k < sizeof(state.s); k++) {
            s[k] = same < 256 ? (uint8_t)same : some_byte(rand);
        }
        state.x[0] = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
        t1_pair_run(pair, &state);
    }
    g_rand_free(rand);
}

static gboolean has_sign(uint32_t op)
{
    return op == QH_IR_vmin || op == QH_IR_vmax || op == QH_IR_vshr || op == QH_IR_vcmp_gt ||
           op == QH_IR_vsatadd || op == QH_IR_vsatsub || op == QH_IR_vextract ||
           op == QH_IR_vwiden_lo || op == QH_IR_vwiden_hi || op == QH_IR_vmul_even ||
           op == QH_IR_vshift;
}

static gboolean widens(uint32_t op)
{
    return op == QH_IR_vwiden_lo || op == QH_IR_vwiden_hi || op == QH_IR_vmul_even;
}

/* How many values the immediate may have. */
static uint32_t n_immediates(const Program *p)
{
    uint32_t bits = 8u << (p->flags & 3);

    switch (p->op) {
    case QH_IR_vshl:
    case QH_IR_vshr:
        return bits;
    case QH_IR_vext:
        return p->type == QH_TYPE_V128 ? 16 : 8;
    case QH_IR_vrev:
        return 4 - (p->flags & 3);
    case QH_IR_vdup_lane:
    case QH_IR_vinsert:
    case QH_IR_vextract:
        return (p->type == QH_TYPE_V128 ? 128 : 64) / bits;
    default:
        return 1;
    }
}

static void run_forms(T1Pair *pair, Program p)
{
    for (p.type = p.op == QH_IR_vaes || p.op >= QH_IR_vsha256 ? QH_TYPE_V128 : QH_TYPE_V64;
         p.type <= QH_TYPE_V128; p.type++) {
        for (p.imm = 0; p.imm < n_immediates(&p); p.imm++) {
            for (p.form = 0; p.form < N_FORMS; p.form++) {
                run_program(pair, &p);
            }
        }
    }
}

static void run_all(const char *without)
{
    T1Pair *pair = t1_pair_new(without);
    Program p = {0};

    for (p.op = QH_IR_vand; p.op <= QH_IR_vsha256_msg; p.op++) {
        gboolean lanes = p.op > QH_IR_vnot && p.op != QH_IR_vblend && p.op != QH_IR_vshuffle &&
                         p.op != QH_IR_vlow && p.op != QH_IR_vext;
        uint32_t n = p.op == QH_IR_vaes      ? QH_AES_INV_SUB_MIX + 1
                     : p.op >= QH_IR_vsha256 ? 2
                     : !lanes                ? 1
                     : has_sign(p.op)        ? 8
                                             : 4;
        for (p.flags = 0; p.flags < n; p.flags++) {
            if (!widens(p.op) || (p.flags & 3) < QH_LANE_64) {
                run_forms(pair, p);
            }
        }
    }
    t1_pair_free(pair);
}

static void test_all(void)
{
    run_all("");
}

static void test_without_avx(void)
{
    run_all("avx,avx2");
}

static void test_baseline(void)
{
    run_all("bmi1,bmi2,lzcnt,popcnt,movbe,sse4.1,sse4.2,ssse3,avx,avx2,fma,pclmul,aes,sha");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/vector/all", test_all);
    g_test_add_func("/t1/vector/without-avx", test_without_avx);
    g_test_add_func("/t1/vector/baseline", test_baseline);
    return g_test_run();
}
