/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From instructions to IR, a basic block at a time. An instruction is described once, in the table;
 * the translator and the disassembler read it.
 */
#include "abi/ir-emit.h"
#include "null.h"

typedef struct Insn {
    uint32_t opcode, d, s, t;
    int32_t imm;
} Insn;

/* How an instruction is written and what it is made of. */
typedef enum {
    FORM_D_IMM,   /* li r1, 5 */
    FORM_D_S_T,   /* add r1, r2, r3 */
    FORM_D_S_IMM, /* ld r1, r2, 8 */
} Form;

typedef struct Row {
    uint8_t opcode, form;
    uint16_t ir; /* operation of "d = s op t" instructions */
    const char *name;
} Row;

static const Row rows[] = {
    {NS_OP_LI,   FORM_D_IMM,   QH_IR_const, "li"  },
    {NS_OP_LUI,  FORM_D_IMM,   QH_IR_const, "lui" },
    {NS_OP_ADD,  FORM_D_S_T,   QH_IR_add,   "add" },
    {NS_OP_SUB,  FORM_D_S_T,   QH_IR_sub,   "sub" },
    {NS_OP_AND,  FORM_D_S_T,   QH_IR_and,   "and" },
    {NS_OP_OR,   FORM_D_S_T,   QH_IR_or,    "or"  },
    {NS_OP_XOR,  FORM_D_S_T,   QH_IR_xor,   "xor" },
    {NS_OP_SHL,  FORM_D_S_T,   QH_IR_shl,   "shl" },
    {NS_OP_SHR,  FORM_D_S_T,   QH_IR_shr,   "shr" },
    {NS_OP_ADDI, FORM_D_S_IMM, QH_IR_add,   "addi"},
    {NS_OP_LD,   FORM_D_S_IMM, QH_IR_ld,    "ld"  },
    {NS_OP_LDB,  FORM_D_S_IMM, QH_IR_ld,    "ldb" },
    {NS_OP_ST,   FORM_D_S_IMM, QH_IR_st,    "st"  },
    {NS_OP_STB,  FORM_D_S_IMM, QH_IR_st,    "stb" },
    {NS_OP_BNZ,  FORM_D_IMM,   QH_IR_brc,   "bnz" },
    {NS_OP_JAL,  FORM_D_S_IMM, QH_IR_nop,   "jal" },
};

static const Row *find_row(uint32_t opcode)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].opcode == opcode) {
            return &rows[i];
        }
    }
    return NULL;
}

static Insn decode(const uint8_t *code)
{
    uint32_t word =
        code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;

    return (Insn){
        .opcode = word & 0xff,
        .d = (word >> 8) & 15,
        .s = (word >> 12) & 15,
        .t = (word >> 16) & 15,
        .imm = (int16_t)(word >> 16),
    };
}

static QhValue constant(QhBlock *block, uint32_t value)
{
    return qh_ir_const(block, QH_TYPE_I32, value);
}

static QhValue get(QhBlock *block, uint32_t n)
{
    return qh_ir_get(block, QH_TYPE_I32, n);
}

static void set(QhBlock *block, uint32_t n, QhValue value)
{
    qh_ir_set(block, QH_TYPE_I32, n, value);
}

/* s + imm, as an address: 32 bits, then widened. */
static QhValue address(QhBlock *block, const Insn *insn)
{
    QhValue sum = qh_ir_2(block, QH_IR_add, QH_TYPE_I32, get(block, insn->s),
                          constant(block, (uint32_t)insn->imm));

    return qh_ir_1(block, QH_IR_zext, QH_TYPE_I64, sum);
}

static void emit_raise(QhBlock *block, uint32_t cause)
{
    qh_ir_raise(block, cause, qh_ir_const(block, QH_TYPE_I64, 0));
}

/* Instructions that end a block; FALSE for the others. */
static gboolean translate_flow(QhBlock *block, uint64_t pc, const Insn *insn)
{
    uint64_t next = (uint32_t)(pc + 4);

    switch (insn->opcode) {
    case NS_OP_BNZ: {
        QhValue taken = qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I32, get(block, insn->d));
        QhValue skip = qh_ir_brc_forward(block, taken, TRUE);
        qh_ir_exit_pc(block, (uint32_t)(pc + (uint64_t)((int64_t)insn->imm * 4)), QH_EXIT_JUMP);
        qh_ir_land(block, skip);
        qh_ir_exit_pc(block, next, QH_EXIT_JUMP);
        return TRUE;
    }
    case NS_OP_JAL: {
        QhValue target = address(block, insn); /* before d is written: it may be s */
        set(block, insn->d, constant(block, (uint32_t)next));
        qh_ir_exit_value(block, target, QH_EXIT_JUMP);
        return TRUE;
    }
    default:
        return FALSE;
    }
}

static void translate_plain(QhBlock *block, const Row *row, const Insn *insn)
{
    uint32_t word = QH_MEM_32 | QH_MEM_ALIGN;
    uint32_t memop = insn->opcode == NS_OP_LDB || insn->opcode == NS_OP_STB ? QH_MEM_8 : word;

    if (insn->opcode == NS_OP_LI) {
        set(block, insn->d, constant(block, (uint32_t)insn->imm));
    } else if (insn->opcode == NS_OP_LUI) {
        set(block, insn->d, constant(block, (uint32_t)insn->imm << 16));
    } else if (row->ir == QH_IR_ld) {
        set(block, insn->d, qh_ir_load(block, QH_TYPE_I32, address(block, insn), memop));
    } else if (row->ir == QH_IR_st) {
        QhValue where = address(block, insn);
        qh_ir_store(block, QH_TYPE_I32, where, memop, get(block, insn->d));
    } else {
        QhValue s = get(block, insn->s);
        QhValue t =
            row->form == FORM_D_S_T ? get(block, insn->t) : constant(block, (uint32_t)insn->imm);
        set(block, insn->d, qh_ir_2(block, row->ir, QH_TYPE_I32, s, t));
    }
}

/*
 * Instructions lie at multiples of 4 and pages are larger, so none reaches into the next page; the
 * block ends where the page does.
 */
static gboolean translate(void *ctx, QhBlock *block)
{
    gboolean ended = FALSE;

    (void)ctx;
    while (!ended && block->n_insns < block->max_insns) {
        uint64_t pc = block->pc + block->guest_bytes;
        gboolean aligned = (pc & 3) == 0;

        if (aligned && block->code_bytes - block->guest_bytes < 4) {
            break;
        }
        qh_ir_insn_start(block, block->guest_bytes, 0, 0);
        Insn insn = aligned ? decode(block->code + block->guest_bytes) : (Insn){0};
        const Row *row = find_row(insn.opcode);
        if (row == NULL) {
            emit_raise(block, NS_CAUSE_ILLEGAL);
            ended = TRUE;
        } else if (translate_flow(block, pc, &insn)) {
            ended = TRUE;
        } else {
            translate_plain(block, row, &insn);
        }
        block->n_insns++;
        block->guest_bytes += aligned ? 4 : 1;
    }
    if (!ended) {
        qh_ir_exit_pc(block, (uint32_t)(block->pc + block->guest_bytes), QH_EXIT_JUMP);
    }
    return (block->status & QH_BLOCK_OVERFLOW) == 0;
}

static char *disassemble(void *ctx,
                         uint64_t pc,
                         uint64_t state_key,
                         const uint8_t *code,
                         uint32_t bytes,
                         uint32_t *ret_bytes)
{
    (void)ctx;
    (void)pc;
    (void)state_key;
    Insn insn = bytes >= 4 ? decode(code) : (Insn){0};
    const Row *row = find_row(insn.opcode);

    *ret_bytes = MIN(bytes, 4);
    if (row == NULL) {
        return g_strdup("?");
    }
    switch (row->form) {
    case FORM_D_IMM:
        return g_strdup_printf("%s r%u, %d", row->name, insn.d, insn.imm);
    case FORM_D_S_T:
        return g_strdup_printf("%s r%u, r%u, r%u", row->name, insn.d, insn.s, insn.t);
    default:
        return g_strdup_printf("%s r%u, r%u, %d", row->name, insn.d, insn.s, insn.imm);
    }
}

const QhTranslatorOps ns_translator = {
    .size = sizeof(QhTranslatorOps),
    .helper_size = sizeof(QhHelper),
    .translate = translate,
    .disassemble = disassemble,
};
