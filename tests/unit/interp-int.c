/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every integer operation, in every form that lowering knows (operands in slots, as constants, as
 * other values; results that go to a slot at once, later, or are used twice), against a plain
 * computation.
 */
#include "toy-machine.h"

#include <inttypes.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

typedef struct Program {
    uint32_t op, type, flags;
    uint32_t imm_b, imm_c; /* immediates, where the row has them */
    uint32_t form;
    uint64_t a, b, c; /* values, for constants */
} Program;

/* Forms: how operands come and where the result goes. */
enum {
    FORM_CONST_A = 1,
    FORM_CONST_B = 2,
    FORM_BUSY = 4,  /* the operands' slots change before they are used, the result's after */
    FORM_TWICE = 8, /* the result is used again later */
    FORM_SAME = 16, /* the result goes to the slot of operand a */
    N_FORMS = 32,
};

static const uint64_t values[] = {
    0,
    1,
    2,
    31,
    32,
    63,
    64,
    65,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x123456789abcdef0,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xffffffff80000000,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};

static gboolean is_bool_result(uint32_t op)
{
    return (qh_ir_op_info(op)->attrs & QH_IR_A_BOOL) != 0;
}

static QhValue
operand(QhBlock *block, const Program *p, gboolean constant, uint64_t value, uint32_t reg)
{
    if (p->type == QH_TYPE_I32) {
        return constant ? qh_ir_const(block, QH_TYPE_I32, (uint32_t)value)
                        : qh_ir_get(block, QH_TYPE_I32, TOY_W + reg);
    }
    return constant ? qh_ir_const(block, QH_TYPE_I64, value)
                    : qh_ir_get(block, QH_TYPE_I64, TOY_X + reg);
}

/* a in slot 0, b in slot 1, c (a truth value) in x2; the result goes to slot 3, again to x4/w3. */
static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    gboolean narrow = p->type == QH_TYPE_I32;
    uint32_t base = narrow ? TOY_W : TOY_X, type = p->type;
    uint32_t to = p->form & FORM_SAME ? 0 : 2;
    const QhIrOpInfo *info = qh_ir_op_info(p->op);
    QhValue a = operand(block, p, (p->form & FORM_CONST_A) != 0, p->a, 0);
    QhValue b = operand(block, p, (p->form & FORM_CONST_B) != 0, p->b, 1);
    QhValue carry = qh_ir(block, QH_IR_int2bool, QH_TYPE_I64, 0,
                          qh_ir_get(block, QH_TYPE_I64, TOY_X + 5), 0, 0);
    QhValue result;

    if (p->form & FORM_BUSY) {
        QhValue junk = qh_ir_const(block, type, 0x55);
        qh_ir_set(block, type, base, junk);
        qh_ir_set(block, type, base + 1, junk);
    }
    if (info->a[0] == 'N') { /* sext, zext */
        a = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, a);
    }
    result = qh_ir(block, p->op, type, p->flags, a, info->b[0] == 'V' ? b : p->imm_b,
                   info->c[0] == 'B'   ? carry
                   : info->c[0] == 'X' ? p->imm_c
                                       : 0);
    if (is_bool_result(p->op)) {
        result = qh_ir_1(block, QH_IR_bool2int, type, result);
    }
    qh_ir_set(block, type, base + to, result);
    if (p->form & FORM_BUSY) {
        qh_ir_set(block, type, base + to, qh_ir_const(block, type, 0x77));
    }
    if (p->form & (FORM_TWICE | FORM_BUSY)) {
        qh_ir_set(block, type, base + 3,
                  qh_ir_2(block, QH_IR_xor, type, result, qh_ir_const(block, type, 0)));
    }
}

static uint64_t run(ToyMachine *toy, const Program *p)
{
    static const uint32_t words[] = {TOY_INSN(TOY_HOOK, 0, 0, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    Toy *cpu = toy->cpu[0];
    uint32_t from = p->form & (FORM_TWICE | FORM_BUSY) ? 3 : p->form & FORM_SAME ? 0 : 2;

    toy->emit = emit;
    toy->data = (void *)p;
    toy_poke(toy, TOY_RAM, words, N(words));
    cpu->x[0] = p->a;
    cpu->x[1] = p->b;
    cpu->x[5] = p->c;
    cpu->w[0] = (uint32_t)p->a;
    cpu->w[1] = (uint32_t)p->b;
    cpu->x[2] = cpu->x[3] = 0xdead;
    cpu->w[2] = cpu->w[3] = 0xdead;
    toy_run(toy, TOY_RAM);
    g_assert_cmpuint(cpu->cpu.halted, ==, 1);
    return p->type == QH_TYPE_I32 ? cpu->w[from] : cpu->x[from];
}

static uint64_t mask_of(uint32_t width)
{
    return width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static int64_t as_signed(uint64_t value, uint32_t width)
{
    return (int64_t)(value << (64 - width)) >> (64 - width);
}

static uint64_t expect_divide(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    gboolean is_signed = p->op == QH_IR_divs || p->op == QH_IR_rems;
    gboolean rest = p->op == QH_IR_remu || p->op == QH_IR_rems;
    int64_t sa = as_signed(a, width), sb = as_signed(b, width);

    if (b == 0) {
        return rest ? a : p->flags == QH_DIV_ARM ? 0 : UINT64_MAX;
    }
    if (!is_signed) {
        return rest ? a % b : a / b;
    }
    if (sb == -1) {
        return rest ? 0 : -a;
    }
    return (uint64_t)(rest ? sa % sb : sa / sb);
}

static uint64_t expect_shift(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    gboolean over = p->flags == QH_SHIFT_SATURATE && b >= width;
    uint32_t n = (uint32_t)(b % width);

    switch (p->op) {
    case QH_IR_shl:
        return over ? 0 : a << n;
    case QH_IR_shr:
        return over ? 0 : a >> n;
    case QH_IR_sar:
        return (uint64_t)(as_signed(a, width) >> (over ? width - 1 : n));
    case QH_IR_rol:
        return n == 0 ? a : a << n | a >> (width - n);
    default:
        return n == 0 ? a : a >> n | a << (width - n);
    }
}

static gboolean expect_cmp(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    int64_t sa = as_signed(a, width), sb = as_signed(b, width);

    switch (p->flags) {
    case QH_COND_EQ:
        return a == b;
    case QH_COND_NE:
        return a != b;
    case QH_COND_LT:
        return sa < sb;
    case QH_COND_GE:
        return sa >= sb;
    case QH_COND_LE:
        return sa <= sb;
    case QH_COND_GT:
        return sa > sb;
    case QH_COND_LTU:
        return a < b;
    case QH_COND_GEU:
        return a >= b;
    case QH_COND_LEU:
        return a <= b;
    default:
        return a > b;
    }
}

static uint64_t bits_one_by_one(uint32_t op, uint32_t width, uint64_t a)
{
    uint64_t result = 0;

    for (uint32_t i = 0; i < width; i++) {
        gboolean bit = a >> i & 1;
        switch (op) {
        case QH_IR_popcnt:
            result += bit;
            break;
        case QH_IR_clz:
            result = bit ? 0 : result + 1;
            break;
        case QH_IR_ctz:
            if (bit) {
                return i;
            }
            result = width;
            break;
        case QH_IR_bitrev:
            result |= (uint64_t)bit << (width - 1 - i);
            break;
        default: /* bswap */
            result |= (uint64_t)bit << (width - 8 - i / 8 * 8 + i % 8);
            break;
        }
    }
    return result;
}

static uint64_t expect_clmul(uint32_t width, uint64_t a, uint64_t b, gboolean high)
{
    uint64_t low = 0, top = 0;

    for (uint32_t i = 0; i < width; i++) {
        if (b >> i & 1) {
            low ^= a << i;
            top ^= i == 0 ? 0 : a >> (width - i);
        }
    }
    return high ? top : low;
}

static uint64_t expect_high(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    ToyWide wide_a = a, wide_b = b;

    if (p->op != QH_IR_mulhu) {
        wide_a = (ToyWide)(__int128)as_signed(a, width);
    }
    if (p->op == QH_IR_mulhs) {
        wide_b = (ToyWide)(__int128)as_signed(b, width);
    }
    return (uint64_t)(wide_a * wide_b >> width);
}

static uint64_t expect_carry(const Program *p, uint32_t width, uint64_t a, uint64_t b, uint64_t c)
{
    switch (p->op) {
    case QH_IR_addc:
        return a + b + c;
    case QH_IR_subb:
        return a - b - c;
    case QH_IR_addc_carry:
        return (uint64_t)(((ToyWide)a + b + c) >> width) & 1;
    default:
        return (ToyWide)a < (ToyWide)b + c;
    }
}

static uint64_t expect_field(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    if (p->op == QH_IR_deposit) {
        uint32_t at = p->imm_c & 255;
        uint64_t mask = mask_of(p->imm_c >> 8) << at;
        return (a & ~mask) | (b << at & mask);
    }
    (void)width;
    a = a >> p->imm_b & mask_of(p->imm_c);
    return p->op == QH_IR_extracts ? (uint64_t)as_signed(a, p->imm_c) : a;
}

static uint64_t expect_simple(const Program *p, uint32_t width, uint64_t a, uint64_t b)
{
    int64_t sa = as_signed(a, width), sb = as_signed(b, width);

    switch (p->op) {
    case QH_IR_add:
        return a + b;
    case QH_IR_sub:
        return a - b;
    case QH_IR_neg:
        return 0 - a;
    case QH_IR_mul:
        return a * b;
    case QH_IR_and:
        return a & b;
    case QH_IR_or:
        return a | b;
    case QH_IR_xor:
        return a ^ b;
    case QH_IR_not:
        return ~a;
    case QH_IR_andn:
        return a & ~b;
    case QH_IR_orn:
        return a | ~b;
    case QH_IR_xnor:
        return ~(a ^ b);
    case QH_IR_minu:
        return MIN(a, b);
    case QH_IR_maxu:
        return MAX(a, b);
    case QH_IR_mins:
        return (uint64_t)MIN(sa, sb);
    case QH_IR_maxs:
        return (uint64_t)MAX(sa, sb);
    case QH_IR_ext8s:
        return (uint64_t)as_signed(a, 8);
    case QH_IR_ext16s:
        return (uint64_t)as_signed(a, 16);
    case QH_IR_ext32s:
    case QH_IR_sext:
        return (uint64_t)as_signed(a, 32);
    case QH_IR_ext8u:
        return a & 0xff;
    case QH_IR_ext16u:
        return a & 0xffff;
    case QH_IR_ext32u:
    case QH_IR_zext:
        return a & 0xffffffff;
    default:
        g_assert_cmpuint(p->op, ==, QH_IR_int2bool);
        return a != 0;
    }
}

static uint64_t expect(const Program *p)
{
    uint32_t width = p->type == QH_TYPE_I32 ? 32 : 64;
    uint64_t a = p->a & mask_of(width), b = p->b & mask_of(width), c = p->c, result;

    switch (p->op) {
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        result = expect_divide(p, width, a, b);
        break;
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
    case QH_IR_rol:
    case QH_IR_ror:
        result = expect_shift(p, width, a, b);
        break;
    case QH_IR_cmp:
        result = expect_cmp(p, width, a, b);
        break;
    case QH_IR_clz:
    case QH_IR_ctz:
    case QH_IR_popcnt:
    case QH_IR_bswap:
    case QH_IR_bitrev:
        result = bits_one_by_one(p->op, width, a);
        break;
    case QH_IR_clmul:
    case QH_IR_clmulh:
        result = expect_clmul(width, a, b, p->op == QH_IR_clmulh);
        break;
    case QH_IR_mulhu:
    case QH_IR_mulhs:
    case QH_IR_mulhsu:
        result = expect_high(p, width, a, b);
        break;
    case QH_IR_addc:
    case QH_IR_subb:
    case QH_IR_addc_carry:
    case QH_IR_subb_borrow:
        result = expect_carry(p, width, a, b, c);
        break;
    case QH_IR_extractu:
    case QH_IR_extracts:
    case QH_IR_deposit:
        result = expect_field(p, width, a, b);
        break;
    default:
        result = expect_simple(p, width, a, b);
        break;
    }
    return result & mask_of(width);
}

static void check(ToyMachine *toy, const Program *p)
{
    uint64_t got = run(toy, p), want = expect(p);

    if (got != want) {
        g_test_message("%s type %u flags %u form %u a %" PRIx64 " b %" PRIx64 " c %" PRIu64
                       " imm %u %u: got %" PRIx64 ", want %" PRIx64,
                       qh_ir_op_info(p->op)->name, p->type, p->flags, p->form, p->a, p->b, p->c,
                       p->imm_b, p->imm_c, got, want);
        g_test_fail();
    }
}

/* All pairs in two forms, and all forms for a few pairs. */
static void check_values(ToyMachine *toy, Program p)
{
    for (uint32_t i = 0; i < N(values) * N(values); i++) {
        p.a = values[i / N(values)];
        p.b = values[i % N(values)];
        p.c = i & 1;
        p.form = i % N_FORMS;
        check(toy, &p);
        p.form = (i * 7 + i / N_FORMS) % N_FORMS;
        check(toy, &p);
    }
}

static uint32_t n_flags(uint32_t op)
{
    switch (op) {
    case QH_IR_cmp:
        return QH_COND_GTU + 1;
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        return 2;
    default:
        return 1;
    }
}

static void test_op(gconstpointer data)
{
    uint32_t op = GPOINTER_TO_UINT(data);
    ToyMachine *toy = toy_machine_new(1, 12);
    gboolean wide_only =
        op == QH_IR_ext32s || op == QH_IR_ext32u || op == QH_IR_sext || op == QH_IR_zext;

    for (uint32_t flags = 0; flags < n_flags(op); flags++) {
        Program p = {.op = op, .type = QH_TYPE_I64, .flags = flags};
        check_values(toy, p);
        p.type = QH_TYPE_I32;
        if (!wide_only) {
            check_values(toy, p);
        }
    }
    toy_machine_free(toy);
}

static void test_field(gconstpointer data)
{
    static const struct {
        uint32_t at, length;
    } fields[] = {
        {0,  1 },
        {0,  8 },
        {4,  12},
        {31, 1 },
        {1,  31},
        {0,  32},
        {32, 32},
        {63, 1 },
        {0,  64}
    };
    uint32_t op = GPOINTER_TO_UINT(data);
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t i = 0; i < N(fields); i++) {
        uint32_t at = fields[i].at, length = fields[i].length;
        Program p = {.op = op, .type = QH_TYPE_I64, .imm_b = at, .imm_c = length};
        if (op == QH_IR_deposit) {
            p.imm_c = at | length << 8;
        }
        check_values(toy, p);
        p.type = QH_TYPE_I32;
        if (at + length <= 32) {
            check_values(toy, p);
        }
    }
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    for (uint32_t op = QH_IR_add; op <= QH_IR_int2bool; op++) {
        const QhIrOpInfo *info = qh_ir_op_info(op);
        g_autofree char *path = NULL;
        if (info == NULL || op == QH_IR_trunc || op == QH_IR_bool2int) {
            continue; /* these two are part of the others' tests */
        }
        path = g_strdup_printf("/interp/int/%s", info->name);
        g_test_add_data_func(path, GUINT_TO_POINTER(op),
                             op == QH_IR_extractu || op == QH_IR_extracts || op == QH_IR_deposit
                                 ? test_field
                                 : test_op);
    }
    return g_test_run();
}
