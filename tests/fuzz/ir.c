/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IR validator, and T0 on whatever passes it. The first byte chooses: the rest are records as
 * they are, or a stream of choices for a generator whose programs are mostly valid. A valid
 * program runs twice from the same state, with everything merged that lowering can merge and with
 * nothing merged; both must leave the same state and memory.
 */
#include "core/jit/engine-priv.h"
#include "tests/unit/toy-machine.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define MAX_RECORDS 256u
#define DATA        (TOY_RAM + 0x8000u)
#define DATA_BYTES  0x3000u

typedef struct Program {
    QhIrRecord records[MAX_RECORDS];
    uint32_t n;
    uint32_t first; /* values before it are behind a label */
    const uint8_t *data;
    size_t left;
    uint32_t pending; /* branch without a label, +1 */
} Program;

static uint32_t choose(Program *p, uint32_t n)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < (n > 256 ? 4 : 1) && p->left > 0; i++, p->left--) {
        value = value << 8 | *p->data++;
    }
    return value % n;
}

static uint32_t
add(Program *p, uint32_t op, uint32_t type, uint32_t flags, uint32_t a, uint32_t b, uint32_t c)
{
    if (p->n + 1 < MAX_RECORDS) {
        p->records[p->n++] = (QhIrRecord){(uint16_t)op, (uint8_t)type, (uint8_t)flags, a, b, c};
    }
    return p->n - 1;
}

static uint32_t type_of(const Program *p, uint32_t i)
{
    const QhIrOpInfo *info = qh_ir_op_info(p->records[i].op);

    return info->attrs & QH_IR_A_BOOL    ? QH_TYPE_B1
           : info->attrs & QH_IR_A_VALUE ? p->records[i].type
                                         : QH_TYPE_NONE;
}

static uint32_t interesting(Program *p)
{
    static const uint32_t words[] = {0,    1,      2,          31,         32,         63,
                                     0x7f, 0x80,   0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
                                     DATA, 0x1000, 0x40490fdb, 0x7ff00000};

    return words[choose(p, G_N_ELEMENTS(words))];
}

static uint32_t slot_for(Program *p, uint32_t type)
{
    switch (type) {
    case QH_TYPE_I32:
        return TOY_W + choose(p, 4);
    case QH_TYPE_F32:
        return TOY_F + choose(p, 4);
    case QH_TYPE_F64:
        return TOY_D + choose(p, 4);
    case QH_TYPE_I128:
        return TOY_Q + choose(p, 2);
    case QH_TYPE_V128:
        return TOY_V + choose(p, 4);
    case QH_TYPE_V64:
        return TOY_S + choose(p, 2);
    default:
        return choose(p, 20) == 0 ? TOY_ZERO : TOY_X + choose(p, 8);
    }
}

/* A value of @type: one that is there, or a new one. */
static uint32_t value_of(Program *p, uint32_t type)
{
    uint32_t start = choose(p, 16), found = UINT32_MAX;

    for (uint32_t i = p->n; i-- > p->first && start < 12;) {
        if (type_of(p, i) == type) {
            found = i;
            if (start-- == 0) {
                break;
            }
        }
    }
    if (found != UINT32_MAX) {
        return found;
    }
    if (type == QH_TYPE_B1) {
        return add(p, QH_IR_const, type, 0, 0, choose(p, 2), 0);
    }
    if (type == QH_TYPE_F128 || choose(p, 4) == 0) {
        gboolean is_short = type == QH_TYPE_I32 || type == QH_TYPE_F32;
        return add(p, QH_IR_const, type, 0, 0, interesting(p), is_short ? 0 : interesting(p) >> 16);
    }
    return add(p, QH_IR_get_slot, type, 0, slot_for(p, type), 0, 0);
}

static uint32_t pick_type(Program *p, char word)
{
    static const uint8_t any[] = {QH_TYPE_I64, QH_TYPE_I32, QH_TYPE_B1,   QH_TYPE_F64,
                                  QH_TYPE_F32, QH_TYPE_V64, QH_TYPE_V128, QH_TYPE_I128};

    switch (word) {
    case 'I':
        return choose(p, 3) ? QH_TYPE_I64 : QH_TYPE_I32;
    case 'F':
        return choose(p, 2) ? QH_TYPE_F64 : QH_TYPE_F32;
    case 'V':
        return choose(p, 2) ? QH_TYPE_V128 : QH_TYPE_V64;
    case 'B':
        return any[choose(p, 3)];
    case 'A':
        return any[choose(p, G_N_ELEMENTS(any))];
    case 'M':
    case 'S':
        do {
            word = (char)any[choose(p, G_N_ELEMENTS(any))];
        } while (word == QH_TYPE_B1 && p->left > 0);
        return word == QH_TYPE_B1 ? QH_TYPE_I64 : (uint32_t)word;
    default:
        return QH_TYPE_NONE;
    }
}

/* The type of an operand that differs from the record's. */
static uint32_t other_type(Program *p, uint32_t op, uint32_t type)
{
    switch (op) {
    case QH_IR_f32to64:
        return QH_TYPE_F32;
    case QH_IR_f64to32:
        return QH_TYPE_F64;
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return choose(p, 2) ? QH_TYPE_I64 : QH_TYPE_I32;
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return choose(p, 2) ? QH_TYPE_F64 : QH_TYPE_F32;
    case QH_IR_bits2f:
        return type == QH_TYPE_F64 ? QH_TYPE_I64 : QH_TYPE_I32;
    case QH_IR_f2bits:
        return type == QH_TYPE_I64 ? QH_TYPE_F64 : QH_TYPE_F32;
    case QH_IR_vextract:
        return choose(p, 2) ? QH_TYPE_V128 : QH_TYPE_V64;
    default: /* low64 high64 */
        return choose(p, 2) ? QH_TYPE_I128 : QH_TYPE_V128;
    }
}

static uint32_t memop_of(Program *p, uint32_t op, uint32_t type)
{
    uint32_t bytes = MAX(qh_ir_type_bytes(type), 1u), size = (uint32_t)__builtin_ctz(bytes);
    uint32_t memop = size;

    if (type == QH_TYPE_I64 || type == QH_TYPE_I32) {
        memop = choose(p, size + 1) | (choose(p, 2) ? QH_MEM_SIGNED : 0);
    }
    if (op == QH_IR_ld_state || op == QH_IR_st_state) {
        return memop;
    }
    return memop | (choose(p, 8) == 0 ? QH_MEM_BE : 0) | (choose(p, 8) == 0 ? QH_MEM_SEQ : 0) |
           QH_MEM_INDEX(choose(p, 2));
}

/* An address that mostly leads into the data pages. */
static uint32_t address(Program *p)
{
    uint32_t base = choose(p, 8) == 0 ? value_of(p, QH_TYPE_I64)
                                      : add(p, QH_IR_get_slot, QH_TYPE_I64, 0, TOY_X + 9, 0, 0);
    uint32_t offset = add(p, QH_IR_const, QH_TYPE_I64, 0, 0, choose(p, 0x2000), 0);

    return add(p, QH_IR_add, QH_TYPE_I64, 0, base, offset, 0);
}

static uint32_t immediate(Program *p, uint32_t op, uint32_t type, uint32_t flags)
{
    uint32_t width = qh_ir_type_bytes(type) * 8, lane = 8u << (flags & 3);

    switch (op) {
    case QH_IR_deposit:
        return choose(p, width) | (1 + choose(p, 32)) << 8;
    case QH_IR_fence:
        return choose(p, 16);
    case QH_IR_ld_state:
        return choose(p, sizeof(Toy));
    case QH_IR_st_state:
        return (uint32_t)offsetof(Toy, bytes) + choose(p, 8);
    case QH_IR_raise:
        return choose(p, 64);
    case QH_IR_vshl:
    case QH_IR_vshr:
        return choose(p, lane);
    case QH_IR_vinsert:
        return choose(p, width / lane);
    case QH_IR_vextract: /* of a v64, or the low half of a v128 */
        return choose(p, 64 / lane);
    default:
        return choose(p, width > 0 ? MIN(width, 34) : 8);
    }
}

static uint32_t operand(Program *p, char kind, uint32_t op, uint32_t type, uint32_t flags)
{
    switch (kind) {
    case 'V':
        return value_of(p, type);
    case 'B':
        return value_of(p, QH_TYPE_B1);
    case 'W':
        return op >= QH_IR_ld && op <= QH_IR_prefetch ? address(p) : value_of(p, QH_TYPE_I64);
    case 'N':
        return value_of(p, QH_TYPE_I32);
    case 'S':
        return slot_for(p, type);
    case 'T':
        return type % 8; /* so that each has one type */
    case 'O':
        return memop_of(p, op, type);
    case 'X':
        return immediate(p, op, type, flags);
    case 'Y':
        return value_of(p, other_type(p, op, type));
    default:
        return 0;
    }
}

static void add_call(Program *p)
{
    uint32_t helper = choose(p, TOY_H_LOAD), args[8];
    const QhHelper *h = qh_ir_helper(&toy_translator, helper);

    for (uint32_t i = 0; i < h->n_args; i++) {
        args[i] = value_of(p, h->args[i]);
    }
    for (uint32_t i = 2; i < h->n_args; i += 3) {
        add(p, QH_IR_ext, QH_TYPE_NONE, 0, args[i], i + 1 < h->n_args ? args[i + 1] : 0,
            i + 2 < h->n_args ? args[i + 2] : 0);
    }
    add(p, QH_IR_call, h->ret, 0, helper, h->n_args > 0 ? args[0] : 0, h->n_args > 1 ? args[1] : 0);
}

/* A branch forward over what comes, or where an earlier one lands. */
static void add_flow(Program *p)
{
    uint32_t label;

    if (p->pending == 0) {
        uint32_t condition = value_of(p, QH_TYPE_B1);
        if (choose(p, 2)) {
            uint32_t a = value_of(p, QH_TYPE_I64), b = value_of(p, QH_TYPE_I64);
            condition = add(p, QH_IR_cmp, QH_TYPE_I64, choose(p, 10), a, b, 0);
        }
        p->pending = add(p, QH_IR_brc, QH_TYPE_NONE, choose(p, 2), condition, 0, 0) + 1;
        return;
    }
    if (choose(p, 3) == 0) {
        add(p, QH_IR_exit_pc, QH_TYPE_NONE, 0, 0, TOY_RAM + choose(p, 256) * 4, 0);
    }
    label = add(p, QH_IR_label, QH_TYPE_NONE, 0, 0, 0, 0);
    p->records[p->pending - 1].b = label;
    p->first = label;
    p->pending = 0;
}

static uint32_t choose_flags(Program *p, uint32_t op)
{
    if (op >= QH_IR_vadd && op <= QH_IR_vzip_hi) {
        return choose(p, 8);
    }
    switch (op) {
    case QH_IR_cmp:
        return choose(p, QH_COND_GTU + 1);
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fsqrt:
    case QH_IR_f64to32:
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        return choose(p, QH_ROUND_ODD + 1);
    case QH_IR_ffma:
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return choose(p, QH_ROUND_ODD + 1) | choose(p, 3) << 3;
    case QH_IR_fround:
    case QH_IR_fcmp:
        return choose(p, 4) | choose(p, 2) << 3;
    case QH_IR_fmin:
    case QH_IR_fmax:
        return choose(p, 3);
    case QH_IR_atomic_rmw:
        return choose(p, QH_RMW_MAXU + 1);
    case QH_IR_setflags:
        return choose(p, QH_CC_TEST + 1);
    case QH_IR_flag:
        return choose(p, QH_FLAG_A + 1);
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        return choose(p, 2);
    default: /* now and then a wrong one */
        return choose(p, 200) == 0;
    }
}

static uint32_t record_type(Program *p, uint32_t op)
{
    switch (op) {
    case QH_IR_ext32s:
    case QH_IR_ext32u:
    case QH_IR_zext:
    case QH_IR_sext:
    case QH_IR_low64:
    case QH_IR_high64:
    case QH_IR_vextract:
        return QH_TYPE_I64;
    case QH_IR_trunc:
    case QH_IR_cc2:
    case QH_IR_fp_flags_get:
    case QH_IR_fp_flags_set:
        return QH_TYPE_I32;
    case QH_IR_f32to64:
        return QH_TYPE_F64;
    case QH_IR_f64to32:
        return QH_TYPE_F32;
    case QH_IR_concat128:
        return choose(p, 2) ? QH_TYPE_I128 : QH_TYPE_V128;
    case QH_IR_cas:
        return choose(p, 3) ? QH_TYPE_I64 : QH_TYPE_I128;
    default:
        return pick_type(p, qh_ir_op_info(op)->types[0]);
    }
}

static void add_operation(Program *p)
{
    uint32_t op = choose(p, QH_IR_vzip_hi + 1);
    const QhIrOpInfo *info = qh_ir_op_info(op);
    uint32_t type, flags, a, b, c;

    if (info == NULL || (info->attrs & QH_IR_A_TERMINAL) || op == QH_IR_ext || op == QH_IR_label ||
        op == QH_IR_br || op == QH_IR_brc || op == QH_IR_call) {
        if (choose(p, 3) == 0) {
            add_flow(p);
        } else if (choose(p, 3) == 0) {
            add_call(p);
        } else {
            uint32_t to = pick_type(p, 'S');
            add(p, QH_IR_set_slot, to, 0, slot_for(p, to), value_of(p, to), 0);
        }
        return;
    }
    if (op == QH_IR_const) {
        value_of(p, pick_type(p, 'A'));
        return;
    }
    type = record_type(p, op);
    flags = choose_flags(p, op);
    a = operand(p, info->a[0], op, type, flags);
    b = operand(p, info->b[0], op, type, flags);
    c = operand(p, info->c[0], op, type, flags);
    if (op == QH_IR_cas) {
        add(p, QH_IR_ext, QH_TYPE_NONE, 0, value_of(p, type), 0, 0);
    }
    if (op == QH_IR_insn_start) {
        a = p->n * 4;
        if (p->pending != 0) {
            add_flow(p); /* a label belongs to the branch's instruction */
        }
    }
    add(p, op, type, flags, a, b, c);
}

static void generate(Program *p)
{
    p->n = p->first = p->pending = 0;
    add(p, QH_IR_insn_start, QH_TYPE_NONE, 0, 0, 0, 0);
    while (p->left > 0 && p->n < MAX_RECORDS - 24) {
        add_operation(p);
    }
    if (p->pending != 0) {
        add_flow(p);
    }
    switch (p->n % 4) {
    case 0:
        add(p, QH_IR_exit_pc, QH_TYPE_NONE, 0, 0, TOY_RAM + 16, 0);
        break;
    case 1:
        add(p, QH_IR_exit_value, QH_TYPE_NONE, 0, value_of(p, QH_TYPE_I64), 0, 0);
        break;
    case 2:
        add(p, QH_IR_raise, QH_TYPE_NONE, 0, 3, value_of(p, QH_TYPE_I64), 0);
        break;
    default:
        add(p, QH_IR_exit_cpu, QH_TYPE_NONE, 0, 0, 0, 0);
        break;
    }
}

static gboolean give_records(void *ctx, QhBlock *block)
{
    const Program *p = ((ToyMachine *)ctx)->data;

    memcpy(block->records, p->records, p->n * sizeof(p->records[0]));
    block->n_records = p->n;
    block->n_insns = 1;
    block->guest_bytes = 4;
    return TRUE;
}

/* Data may be anywhere in what set_up fills; code is on the first page. */
static gboolean translate(QhCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    uint64_t first = access == QH_ACCESS_FETCH ? TOY_RAM : DATA;
    uint64_t bytes = access == QH_ACCESS_FETCH ? 0x1000 : DATA_BYTES;

    (void)cpu;
    (void)mmu_index;
    fault->cause = access;
    *ret = (QhTranslation){
        .size = sizeof(*ret), .prot = 1u << access, .phys = address, .page_bits = 12};
    return address >= first && address < first + bytes;
}

static void set_up(ToyMachine *toy)
{
    Toy *cpu = toy->cpu[0];
    uint8_t *state = (uint8_t *)cpu->x, *ram = toy_ram(toy, DATA);

    for (size_t i = 0; i < sizeof(Toy) - offsetof(Toy, x); i++) {
        state[i] = (uint8_t)(i * 73 >> (i & 3));
    }
    for (size_t i = 0; i < DATA_BYTES; i++) {
        ram[i] = (uint8_t)(i * 29);
    }
    cpu->x[9] = DATA;
    cpu->zero = 0;
    cpu->vector = TOY_RAM + 64;
    cpu->interrupts_on = 0;
    cpu->cpu.pc = TOY_RAM;
    cpu->cpu.icount = cpu->cpu.state_key = cpu->cpu.fp_flags = 0;
    cpu->cpu.unwind = cpu->cpu.halted = 0;
    cpu->cpu.exit_request = 1; /* bounds every loop */
}

static void run(ToyMachine *toy, gboolean plain)
{
    QhJitCpu *jit = qh_jit_of(&toy->cpu[0]->cpu);
    QhCode *code;

    set_up(toy);
    toy->cluster.engine->plain = plain;
    qh_softmmu_flush(jit, UINT32_MAX);
    qh_engine_flush(toy->cluster.engine);
    code = qh_engine_find(toy->cluster.engine, jit, 0);
    g_assert_nonnull(code);
    qh_t0_run(jit, code);
    g_assert_false(jit->broken);
    jit->code = NULL;
    jit->link = NULL;
    jit->retry = QH_RETRY_NONE;
}

static void compare(
    const char *what, const uint8_t *plain, const uint8_t *merged, size_t bytes, const char *text)
{
    for (size_t i = 0; i < bytes; i++) {
        if (plain[i] != merged[i]) {
            g_error("merged and plain code differ: %s + 0x%zx: 0x%02x, 0x%02x\n%s", what, i,
                    plain[i], merged[i], text);
        }
    }
}

static void check_program(ToyMachine *toy, Program *p)
{
    static Toy before;
    static uint8_t ram[DATA_BYTES];
    const QhIrContext *context = &toy->cluster.engine->ir;
    g_autofree char *text = qh_ir_dump(context, p->records, p->n);
    g_autoptr(GError) error = NULL;

    if (!qh_ir_validate(context, p->records, p->n, &error)) {
        g_assert_nonnull(error);
        return;
    }
    toy->data = p;
    run(toy, TRUE);
    before = *toy->cpu[0];
    memcpy(ram, toy_ram(toy, DATA), DATA_BYTES);
    run(toy, FALSE);
    compare("state", (const uint8_t *)&before, (const uint8_t *)toy->cpu[0], sizeof(before), text);
    compare("memory", ram, toy_ram(toy, DATA), DATA_BYTES, text);
    toy->n_blocks++; /* here: programs that were run */
}

static ToyMachine *the_toy; /* one for all runs: it is costly to make */

static void free_toy(void)
{
    toy_machine_free(the_toy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static Program program;

    if (the_toy == NULL) {
        the_toy = toy_machine_new(1, 12);
        atexit(free_toy);
        ((QhTranslatorOps *)the_toy->cluster.translator_ops)->translate = give_records;
        ((QhCpuOps *)the_toy->cluster.cpu_ops)->translate = translate;
    }
    if (bytes == 0) {
        return 0;
    }
    program.data = data + 1;
    program.left = bytes - 1;
    if (data[0] & 1) {
        generate(&program);
    } else {
        program.n = (uint32_t)MIN(program.left / sizeof(QhIrRecord), MAX_RECORDS);
        memcpy(program.records, program.data, program.n * sizeof(QhIrRecord));
    }
    check_program(the_toy, &program);
    return 0;
}
