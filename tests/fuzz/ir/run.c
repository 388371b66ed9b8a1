/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program through the engine, as a vCPU would: the translator of the toy machine is replaced
 * by one that hands out the program's records, and its MMU by a fixed layout with all that can go
 * wrong. Machines are made once; each run has a state key of its own, so code is never reused.
 */
#include "run.h"

#include <string.h>

#define RUNS_TO_FLUSH 256u
#define MAX_RUNS      5000u /* of the engine: a program with kicks leaves it often */

/* What the eight data pages are, by mmu index: rights, and which RAM page is behind them. */
static const struct {
    uint8_t prot[2], ram, kind;
} pages[FZ_PAGES] = {
    {{3, 3}, 0, 0},
    {{3, 1}, 1, 0},
    {{1, 3}, 2, 0},
    {{3, 0}, 3, 0},
    {{0, 3}, 2, 0}, /* the same RAM once more */
    {{3, 3}, 0, 1}, /* the device */
    {{3, 3}, 3, 2}, /* protection is finer than a page: never cached */
    {{3, 2}, 0, 0},
};

static gboolean translate(QhCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    uint64_t page = (address - FZ_DATA) >> 12;
    uint32_t prot;

    (void)cpu;
    fault->cause = 100 + access;
    ret->page_bits = 12;
    if (access == QH_ACCESS_FETCH) {
        ret->phys = address;
        ret->prot = QH_PROT_EXEC;
        return address >= FZ_CODE && address < FZ_CODE + 0x4000;
    }
    if (page >= FZ_PAGES) {
        return FALSE;
    }
    prot = pages[page].prot[mmu_index & 1];
    ret->prot = prot;
    ret->phys =
        (pages[page].kind == 1 ? TOY_IO : FZ_DATA + pages[page].ram * 0x1000u) | (address & 0xfff);
    if (pages[page].kind == 2) {
        ret->page_bits = 6;
    }
    return (prot >> access & 1) != 0;
}

static void mem_fault(QhCpu *cpu, const QhMemFault *fault)
{
    fz_trace(cpu,
             fault->address * 31 + fault->kind * 7 + fault->access * 3 + fault->mmu_index +
                 (fault->kind == QH_FAULT_TRANSLATE ? fault->cause << 32 : 0) +
                 (fault->kind == QH_FAULT_BUS ? fault->phys << 16 : 0),
             TRUE);
    cpu->pc = ((Toy *)cpu)->vector;
}

static void enter_raise(QhCpu *cpu, uint32_t cause, uint64_t payload)
{
    fz_trace(cpu, payload * 5 + cause, TRUE);
    cpu->pc = ((Toy *)cpu)->vector;
}

static void give_halt(QhBlock *block)
{
    qh_ir_insn_start(block, 0, 0, 0);
    qh_ir(block, QH_IR_call, QH_TYPE_NONE, 0, FZ_H_HALT, 0, 0);
    qh_ir_exit_state(block, FZ_HALT);
    block->n_insns = 1;
    block->guest_bytes = 4;
}

/* Record @record, whose instruction moves by @by bytes and whose operands by @down records. */
static QhIrRecord moved(const QhIrRecord *record, uint32_t down, uint32_t by)
{
    QhIrRecord new = *record;

    if (down == 0) {
        return new;
    }
    if (record->op == QH_IR_insn_start) {
        new.a -= by;
        return new;
    }
    fz_renumber(&new, down, NULL);
    return new;
}

/* Instructions @first to @end of a block. */
static void give_insns(const FzBlock *from, QhBlock *block, uint32_t first, uint32_t end)
{
    uint32_t at = from->insn_at[first], to = from->insn_at[end];

    if (to - at + 1 > block->capacity) {
        block->status |= QH_BLOCK_OVERFLOW;
        return;
    }
    for (uint32_t i = at; i < to; i++) {
        block->records[block->n_records++] = moved(&from->records[i], at, first * 4);
    }
    block->n_insns = end - first;
    block->guest_bytes = block->n_insns * 4;
    if (end < from->n_insns) {
        qh_ir_exit_pc(block, block->pc + block->guest_bytes, QH_EXIT_JUMP);
    }
}

static gboolean give_records(void *ctx, QhBlock *block)
{
    FzMachine *machine = ((ToyMachine *)ctx)->data;
    const FzProgram *program = machine->program;
    uint32_t insn, end;

    if (block->pc == FZ_HALT) {
        give_halt(block);
        return TRUE;
    }
    for (uint32_t i = 0; i < program->n_blocks; i++) {
        const FzBlock *from = &program->block[i];
        uint64_t pc = fz_block_pc(i);
        if (block->pc < pc || block->pc >= pc + from->n_insns * 4ull) {
            continue;
        }
        insn = (uint32_t)(block->pc - pc) / 4;
        end = MIN(from->n_insns, insn + block->max_insns);
        if (!program->contained && (insn != 0 || end != from->n_insns)) {
            break;
        }
        give_insns(from, block, insn, end);
        return TRUE;
    }
    machine->refused = TRUE; /* the program never goes there: the engine does */
    return FALSE;
}

static void fill_pattern(FzMachine *machine)
{
    FzRandom random = {1};

    for (uint32_t i = 0; i < G_N_ELEMENTS(machine->pattern); i++) {
        machine->pattern[i] = fz_random(&random) >> (i & 1 ? 0 : fz_below(&random, 64));
    }
}

FzMachine *fz_machine_new(uint32_t rules, const QhEngineOptions *options, gboolean plain)
{
    static const uint8_t nan[FZ_N_RULES] = {QH_NAN_DEFAULT, QH_NAN_ARM, QH_NAN_X86, QH_NAN_S390,
                                            QH_NAN_DEFAULT};
    static const uint8_t tiny[FZ_N_RULES] = {0, 1, 0, 1, 1};
    FzMachine *machine = g_new0(FzMachine, 1);
    ToyConfig config = {.n_cpus = 1,
                        .page_bits = 12,
                        .nan_rule = nan[rules],
                        .tininess_before_rounding = tiny[rules],
                        .engine = options,
                        .helpers = fz_helpers,
                        .n_helpers = FZ_N_HELPERS};
    QhTranslatorOps *translator;
    QhCpuOps *cpu;

    machine->toy = toy_machine_new_with(&config);
    machine->toy->data = machine;
    translator = (QhTranslatorOps *)machine->toy->cluster.translator_ops;
    cpu = (QhCpuOps *)machine->toy->cluster.cpu_ops;
    translator->translate = give_records;
    cpu->translate = translate;
    cpu->mem_fault = mem_fault;
    cpu->raise = enter_raise;
    machine->toy->cluster.engine->plain = plain;
    fill_pattern(machine);
    return machine;
}

void fz_machine_free(FzMachine *machine)
{
    if (machine != NULL) {
        toy_machine_free(machine->toy);
        g_free(machine);
    }
}

const QhIrContext *fz_context(const FzMachine *machine)
{
    return &machine->toy->cluster.engine->ir;
}

/* Every translation that there is, as a program that has run for a while has them. */
static void warm_up(QhCpu *cpu)
{
    for (uint32_t i = 0; i < FZ_PAGES * 2; i++) {
        uint64_t address = FZ_DATA + i / 2 * 0x1000ull, value;
        uint32_t prot = pages[i / 2].prot[i & 1];
        uint32_t memop = QH_MEM_64 | QH_MEM_INDEX(i & 1);

        if (pages[i / 2].kind == 0 && prot == 3 &&
            qh_cpu_service.load(cpu, address, memop, &value)) {
            qh_cpu_service.store(cpu, address, memop, value);
        }
    }
}

static void set_up(FzMachine *machine, const FzProgram *program)
{
    Toy *cpu = machine->toy->cpu[0];
    QhJitCpu *jit = qh_jit_of(&cpu->cpu);

    machine->program = program;
    machine->trace = machine->n_events = machine->n_runs = 0;
    machine->refused = FALSE;
    machine->serial++;
    machine->toy->io_value = machine->toy->io_reads = machine->toy->io_writes = 0;
    machine->toy->io_offset = machine->toy->io_width = 0;
    if (machine->serial % RUNS_TO_FLUSH == 0) {
        qh_engine_flush(machine->toy->cluster.engine);
    }
    memcpy(toy_ram(machine->toy, FZ_DATA), machine->pattern + program->ram_seed % 2048,
           FZ_RAM_BYTES);
    qh_softmmu_flush(jit, UINT32_MAX);
    jit->broken = 0;
    jit->retry = QH_RETRY_NONE;
    cpu->cpu.halted = cpu->cpu.unwind = cpu->cpu.exit_request = 0;
    cpu->cpu.pc = fz_block_pc(0);
    cpu->cpu.icount = 0;
    cpu->cpu.state_key = machine->serial << 8;
    cpu->cpu.fp_flags = program->fp_flags;
    if (!program->cold) {
        warm_up(&cpu->cpu);
    }
    memcpy((char *)cpu + FZ_STATE_FROM, program->state, sizeof(program->state));
    cpu->zero = 0;
    cpu->vector = fz_block_pc(program->vector);
}

gboolean fz_run(FzMachine *machine, const FzProgram *program)
{
    QhCpu *cpu = &machine->toy->cpu[0]->cpu;
    QhJitCpu *jit = qh_jit_of(cpu);

    set_up(machine, program);
    while (!cpu->halted && !jit->broken && machine->n_runs++ < MAX_RUNS) {
        cpu->exit_request = 0;
        qh_engine_run(machine->toy->cluster.engine, machine->toy->vcpu[0]);
    }
    return !jit->broken && !machine->refused && cpu->halted;
}

void fz_run_block(FzMachine *machine, const FzProgram *program)
{
    QhCpu *cpu = &machine->toy->cpu[0]->cpu;
    QhJitCpu *jit = qh_jit_of(cpu);
    QhCode *code;

    set_up(machine, program);
    cpu->exit_request = 1; /* ends every loop */
    code = qh_engine_find(machine->toy->cluster.engine, jit, 0);
    g_assert_nonnull(code);
    qh_t0_run(jit, code);
    g_assert_false(jit->broken);
    jit->code = NULL;
    jit->link = NULL;
    jit->retry = QH_RETRY_NONE;
}

/* @left and @right: the CPU's state, from its start. */
static char *state_difference(const char *left, const char *right)
{
    const QhStateTable *table = toy_state_table();
    size_t at = FZ_STATE_FROM;

    while (at < FZ_STATE_END && left[at] == right[at]) {
        at++;
    }
    if (at == FZ_STATE_END) {
        return NULL;
    }
    for (uint32_t i = 0; i < table->n_fields; i++) {
        const QhStateField *field = qh_ir_slot(table, i);
        uint32_t bytes = qh_ir_type_bytes(field->type) * MAX(field->count, 1);
        if (at >= field->offset && at < field->offset + bytes) {
            uint64_t value[4] = {0};
            memcpy(&value[0], left + field->offset, MIN(bytes, 16));
            memcpy(&value[2], right + field->offset, MIN(bytes, 16));
            return g_strdup_printf("slot %s: 0x%" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER
                                   "x, 0x%" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER "x",
                                   field->name, value[1], value[0], value[3], value[2]);
        }
    }
    return g_strdup_printf("state byte %zu", at);
}

/* What an exception or a call saw first that it should not have. */
static char *event_difference(const FzMachine *a, const FzMachine *b)
{
    for (uint32_t i = 0; i < MIN(FZ_EVENTS, MIN(a->n_events, b->n_events)); i++) {
        g_autofree char *slot = NULL;
        if (a->event[i].what != b->event[i].what || a->event[i].pc != b->event[i].pc ||
            a->event[i].icount != b->event[i].icount) {
            return g_strdup_printf("event %u: what 0x%" G_GINT64_MODIFIER
                                   "x pc 0x%" G_GINT64_MODIFIER "x icount %" G_GUINT64_FORMAT
                                   ", 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER
                                   "x %" G_GUINT64_FORMAT,
                                   i, a->event[i].what, a->event[i].pc, a->event[i].icount,
                                   b->event[i].what, b->event[i].pc, b->event[i].icount);
        }
        slot = state_difference((const char *)a->event[i].state - FZ_STATE_FROM,
                                (const char *)b->event[i].state - FZ_STATE_FROM);
        if (slot != NULL) {
            return g_strdup_printf("event %u: %s", i, slot);
        }
    }
    return g_strdup("a late exception or call");
}

char *fz_compare(const FzMachine *a, const FzMachine *b)
{
    const ToyMachine *left = a->toy, *right = b->toy;
    const QhCpu *x = &left->cpu[0]->cpu, *y = &right->cpu[0]->cpu;
    const uint8_t *ram[2] = {toy_ram(a->toy, FZ_DATA), toy_ram(b->toy, FZ_DATA)};
    char *text;

    if (a->trace != b->trace) {
        return event_difference(a, b);
    }
    if (a->n_events != b->n_events) {
        return g_strdup_printf("exceptions and calls: %u, %u", a->n_events, b->n_events);
    }
    text = state_difference((const char *)left->cpu[0], (const char *)right->cpu[0]);
    if (text != NULL) {
        return text;
    }
    if (x->fp_flags != y->fp_flags) {
        return g_strdup_printf("fp_flags: %u, %u", x->fp_flags, y->fp_flags);
    }
    if ((x->state_key & 0xff) != (y->state_key & 0xff)) {
        return g_strdup("state_key");
    }
    if (a->exact && b->exact && x->icount != y->icount) {
        return g_strdup_printf("icount: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, x->icount,
                               y->icount);
    }
    if (left->io_reads != right->io_reads || left->io_writes != right->io_writes ||
        left->io_value != right->io_value || left->io_offset != right->io_offset ||
        left->io_width != right->io_width) {
        return g_strdup_printf("device: %u reads %u writes, %u reads %u writes", left->io_reads,
                               left->io_writes, right->io_reads, right->io_writes);
    }
    for (uint32_t i = 0; memcmp(ram[0], ram[1], FZ_RAM_BYTES) != 0; i++) {
        if (ram[0][i] != ram[1][i]) {
            return g_strdup_printf("memory + 0x%x: 0x%02x, 0x%02x", i, ram[0][i], ram[1][i]);
        }
    }
    return NULL;
}
