/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "toy-machine.h"

#include "core/jit/engine-priv.h"

#include <string.h>

static ToyMachine *machine_of(const QhCpu *cpu)
{
    return cpu->ctx;
}

static QhValue get(QhBlock *block, uint32_t reg)
{
    return qh_ir_get(block, QH_TYPE_I64, TOY_X + reg);
}

static void set(QhBlock *block, uint32_t reg, QhValue value)
{
    qh_ir_set(block, QH_TYPE_I64, TOY_X + reg, value);
}

static QhValue constant(QhBlock *block, int64_t value)
{
    return qh_ir_const(block, QH_TYPE_I64, (uint64_t)value);
}

static QhValue address(QhBlock *block, uint32_t base, int64_t offset)
{
    return qh_ir_2(block, QH_IR_add, QH_TYPE_I64, get(block, base), constant(block, offset));
}

static void loop(QhBlock *block, uint32_t a, uint32_t b)
{
    QhValue top = qh_ir_label(block);
    QhValue zero = qh_ir_cmp(block, QH_COND_EQ, QH_TYPE_I64, get(block, a), constant(block, 0));
    QhValue out = qh_ir_brc_forward(block, zero, FALSE);

    set(block, a, address(block, a, -1));
    set(block, b, address(block, b, 1));
    qh_ir(block, QH_IR_br, QH_TYPE_NONE, 0, top, 0, 0);
    qh_ir_land(block, out);
}

/* Memory instructions and others that go on to the next. */
static void plain(QhBlock *block, uint32_t op, uint32_t a, uint32_t b, int64_t imm)
{
    QhValue args[2];

    switch (op) {
    case TOY_ADDI:
        set(block, a, address(block, b, imm));
        break;
    case TOY_ADD:
        set(block, a, qh_ir_2(block, QH_IR_add, QH_TYPE_I64, get(block, a), get(block, b)));
        break;
    case TOY_LD:
        set(block, a, qh_ir_load(block, QH_TYPE_I64, address(block, b, imm), QH_MEM_64));
        break;
    case TOY_ST:
        qh_ir_store(block, QH_TYPE_I64, address(block, b, imm), QH_MEM_64, get(block, a));
        break;
    case TOY_ST32:
        qh_ir_store(block, QH_TYPE_I64, address(block, b, imm), QH_MEM_32, get(block, a));
        break;
    case TOY_AMOADD:
        set(block, a,
            qh_ir(block, QH_IR_atomic_rmw, QH_TYPE_I64, QH_RMW_ADD, get(block, b),
                  QH_MEM_64 | QH_MEM_SEQ, get(block, (uint32_t)imm & 15)));
        break;
    case TOY_LDX:
        args[0] = address(block, b, imm);
        set(block, a, qh_ir_call(block, QH_TYPE_I64, TOY_H_LOAD, 1, args));
        break;
    case TOY_STX:
        args[0] = address(block, b, imm);
        args[1] = get(block, a);
        qh_ir_call(block, QH_TYPE_NONE, TOY_H_STORE, 2, args);
        break;
    case TOY_LOOP:
        loop(block, a, b);
        break;
    default:
        break;
    }
}

/* Instructions that end a block; FALSE when @op is none. */
static gboolean ends(QhBlock *block, uint32_t op, uint32_t a, uint32_t b, uint64_t pc, int64_t imm)
{
    QhValue args[1], branch;

    switch (op) {
    case TOY_BNE:
        branch = qh_ir_brc_forward(
            block, qh_ir_cmp(block, QH_COND_NE, QH_TYPE_I64, get(block, a), get(block, b)), FALSE);
        qh_ir_exit_pc(block, pc + 4, QH_EXIT_JUMP);
        qh_ir_land(block, branch);
        qh_ir_exit_pc(block, pc + (uint64_t)imm, QH_EXIT_JUMP);
        return TRUE;
    case TOY_JMP:
        qh_ir_exit_pc(block, pc + (uint64_t)imm, QH_EXIT_JUMP);
        return TRUE;
    case TOY_CALL:
        set(block, a, qh_ir_const_pc(block, pc + 4));
        qh_ir_exit_pc(block, pc + (uint64_t)imm, QH_EXIT_CALL);
        return TRUE;
    case TOY_JR:
        qh_ir_exit_value(block, get(block, a), QH_EXIT_RET);
        return TRUE;
    case TOY_KEY:
        args[0] = get(block, a);
        qh_ir_call(block, QH_TYPE_NONE, TOY_H_KEY, 1, args);
        qh_ir_exit_state(block, pc + 4);
        return TRUE;
    case TOY_FLUSH:
        qh_ir_call(block, QH_TYPE_NONE, TOY_H_FLUSH, 0, args);
        qh_ir_exit_state(block, pc + 4);
        return TRUE;
    case TOY_HALT:
        qh_ir_call(block, QH_TYPE_NONE, TOY_H_HALT, 0, args);
        qh_ir_exit_state(block, pc + 4);
        return TRUE;
    default:
        qh_ir_raise(block, 99, constant(block, op));
        return TRUE;
    }
}

static gboolean read_word(QhBlock *block, uint32_t offset, uint32_t *ret_word)
{
    const uint8_t *code = block->code + offset;
    uint8_t bytes[4];

    if (offset + 4 > block->code_bytes) {
        uint32_t here = block->code_bytes > offset ? block->code_bytes - offset : 0;
        memcpy(bytes, code, here);
        code = block->fetch(block, offset + here, 4 - here);
        if (code == NULL) {
            return FALSE;
        }
        memcpy(bytes + here, code, 4 - here);
        code = bytes;
    }
    memcpy(ret_word, code, 4);
    return TRUE;
}

static gboolean toy_translate(void *ctx, QhBlock *block)
{
    ToyMachine *toy = ctx;
    gboolean relative = !toy->fixed;
    uint32_t offset = 0;

    toy->n_blocks++;
    for (;;) {
        uint32_t word, op, a, b, second, length = 4;
        if (block->n_insns == block->max_insns ||
            (block->n_insns > 0 && offset + 4 > block->code_bytes)) {
            qh_ir_exit_pc(block, block->pc + offset, QH_EXIT_JUMP);
            break;
        }
        if (!read_word(block, offset, &word)) {
            return FALSE;
        }
        op = word >> 24;
        a = word >> 20 & 15;
        b = word >> 16 & 15;
        if (op == TOY_WIDE && block->n_insns > 0 && offset + 8 > block->code_bytes) {
            qh_ir_exit_pc(block, block->pc + offset, QH_EXIT_JUMP);
            break;
        }
        qh_ir_insn_start(block, offset, 0, 0);
        block->n_insns++;
        if (op == TOY_WIDE) {
            length = 8;
            if (!read_word(block, offset + 4, &second)) {
                return FALSE;
            }
            set(block, a, constant(block, second));
        } else if (op == TOY_PC) {
            set(block, a, qh_ir_const_pc(block, block->pc + offset + (uint64_t)(int16_t)word));
        } else if (op == TOY_HOOK) {
            toy->emit(block, toy->data);
            relative = FALSE;
        } else if ((op >= TOY_ADDI && op <= TOY_ST32) || op == TOY_AMOADD || op == TOY_LDX ||
                   op == TOY_STX || op == TOY_LOOP) {
            plain(block, op, a, b, (int16_t)word);
        } else {
            ends(block, op, a, b, block->pc + offset, (int16_t)word);
            offset += 4;
            break;
        }
        offset += length;
    }
    block->guest_bytes = offset;
    block->status |= relative ? QH_BLOCK_RELATIVE : 0;
    return TRUE;
}

static gboolean translate(QhCpu *cpu,
                          uint64_t virtual,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    ToyMachine *toy = machine_of(cpu);
    uint64_t page = virtual >> toy->page_bits;

    toy->n_translated++;
    ret->page_bits = toy->page_bits;
    if (page >= G_N_ELEMENTS(toy->page) || (mmu_index == 1 && !toy->both_map)) {
        ret->phys = virtual;
        ret->prot = 7;
        return TRUE;
    }
    if (!(toy->prot[page] >> access & 1)) {
        fault->cause = 100 + access;
        return FALSE;
    }
    ret->phys =
        (uint64_t)toy->page[page] << toy->page_bits | (virtual & ((1u << toy->page_bits) - 1));
    ret->prot = toy->prot[page];
    ret->flags = toy->global[page];
    return TRUE;
}

static gboolean
peek(QhCpu *cpu, uint64_t virtual, uint32_t access, uint32_t mmu_index, QhTranslation *ret)
{
    ToyMachine *toy = machine_of(cpu);
    uint32_t before = toy->n_translated;
    QhMemFault fault = {.size = sizeof(fault)};
    gboolean ok = translate(cpu, virtual, access, mmu_index, ret, &fault);

    toy->n_translated = before;
    toy->n_peeked++;
    return ok;
}

static void mem_fault(QhCpu *cpu, const QhMemFault *fault)
{
    Toy *toy = (Toy *)cpu;

    toy->fault = *fault;
    toy->n_faults++;
    toy->fault_pc = cpu->pc;
    toy->fault_icount = cpu->icount;
    cpu->pc = toy->vector;
}

static void enter_raise(QhCpu *cpu, uint32_t cause, uint64_t payload)
{
    Toy *toy = (Toy *)cpu;

    toy->n_raises++;
    toy->raise_cause = cause;
    toy->raise_payload = payload;
    toy->fault_pc = cpu->pc;
    toy->fault_icount = cpu->icount;
    cpu->pc = toy->vector;
}

static void model_defaults(QhCpu *cpu)
{
    (void)cpu;
}

static gboolean realize(QhCpu *cpu, GError **error)
{
    (void)cpu;
    (void)error;
    return TRUE;
}

static gboolean take_interrupt(QhCpu *cpu)
{
    Toy *toy = (Toy *)cpu;

    if (!toy->interrupts_on || __atomic_load_n(&cpu->irq_lines, __ATOMIC_SEQ_CST) == 0) {
        return FALSE;
    }
    toy->interrupts_on = 0;
    toy->n_interrupts++;
    toy->fault_pc = cpu->pc;
    toy->fault_icount = cpu->icount;
    cpu->pc = toy->vector;
    return TRUE;
}

static gboolean has_work(QhCpu *cpu)
{
    return ((Toy *)cpu)->interrupts_on && __atomic_load_n(&cpu->irq_lines, __ATOMIC_SEQ_CST) != 0;
}

static const QhCpuModel models[] = {{.name = "toy"}};
static const QhCpuOps cpu_ops_base = {
    .size = sizeof(cpu_ops_base),
    .state_size = sizeof(Toy),
    .models = models,
    .n_models = 1,
    .model_size = sizeof(QhCpuModel),
    .n_irq_lines = 4,
    .model_defaults = model_defaults,
    .realize = realize,
    .reset = model_defaults,
    .take_interrupt = take_interrupt,
    .has_work = has_work,
    .translate = translate,
    .mem_fault = mem_fault,
    .raise = enter_raise,
    .peek = peek,
};

static uint32_t
io_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    ToyMachine *toy = opaque;

    (void)attrs;
    if (offset >= 0x800) {
        return QH_BUS_ERROR;
    }
    toy->io_reads++;
    if (toy->on_io != NULL) {
        toy->on_io(toy);
    }
    toy->io_offset = offset;
    toy->io_width = width;
    *ret_value = toy->io_value;
    return QH_BUS_OK;
}

static uint32_t
io_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    ToyMachine *toy = opaque;

    (void)attrs;
    if (offset >= 0x800) {
        return QH_BUS_ERROR;
    }
    toy->io_writes++;
    if (toy->on_io != NULL) {
        toy->on_io(toy);
    }
    toy->io_offset = offset;
    toy->io_width = width;
    toy->io_value = value;
    return QH_BUS_OK;
}

static const QhIoOps io_ops = {
    .size = sizeof(io_ops), .min_size = 1, .max_size = 8, .read = io_read, .write = io_write};

static void add_cpus(ToyMachine *toy, uint32_t n_cpus)
{
    g_autoptr(GError) error = NULL;

    for (uint32_t i = 0; i < n_cpus; i++) {
        toy->vcpu[i] = qh_vcpu_new(&toy->cluster, i, "toy", NULL, &error);
        g_assert_no_error(error);
        toy->cpu[i] = (Toy *)qh_vcpu_state(toy->vcpu[i]);
        g_ptr_array_add(toy->machine.vcpus, toy->vcpu[i]);
        g_ptr_array_add(toy->cluster.vcpus, toy->vcpu[i]);
    }
}

ToyMachine *toy_machine_new(uint32_t n_cpus, uint32_t page_bits)
{
    return toy_machine_new_with(&(ToyConfig){.n_cpus = n_cpus, .page_bits = page_bits});
}

/* What the modules of a real machine bring. */
static void set_ops(ToyMachine *toy, const ToyConfig *config)
{
    QhTargetOps *target = g_new0(QhTargetOps, 1);
    QhTranslatorOps *translator = g_memdup2(&toy_translator, sizeof(toy_translator));
    QhCpuOps *cpu_ops = g_memdup2(&cpu_ops_base, sizeof(cpu_ops_base));

    *target = (QhTargetOps){.size = sizeof(*target),
                            .name = "toy",
                            .address_bits = 64,
                            .page_bits = config->page_bits,
                            .n_mmu_indices = 2,
                            .insn_alignment = 4,
                            .nan_rule = config->nan_rule,
                            .tininess_before_rounding = config->tininess_before_rounding};
    cpu_ops->state = toy_state_table();
    translator->translate = toy_translate;
    if (config->helpers != NULL) {
        translator->helpers = config->helpers;
        translator->n_helpers = config->n_helpers;
    }
    toy->cluster.target_ops = target;
    toy->cluster.cpu_ops = cpu_ops;
    toy->cluster.translator_ops = translator;
}

const QhEngineOptions *toy_engine;

void toy_choose_engine(int argc, char **argv)
{
    static QhEngineOptions chosen;

    qh_engine_options_init(&chosen);
    if (argc > 1) {
        g_autoptr(GError) error = NULL;
        qh_engine_backend_parse(argv[1], &chosen.backend, &error);
        g_assert_no_error(error);
        chosen.threshold = 0;
        toy_engine = &chosen;
    }
}

ToyMachine *toy_machine_new_with(const ToyConfig *config)
{
    ToyMachine *toy = g_new0(ToyMachine, 1);
    g_autoptr(GError) error = NULL;

    toy_service = &qh_cpu_service;
    toy->machine.options = qh_machine_options_new();
    if (config->engine != NULL) {
        toy->machine.options->engine = *config->engine;
    } else if (toy_engine != NULL) {
        toy->machine.options->engine = *toy_engine;
    }
    g_mutex_init(&toy->machine.device_lock);
    toy->machine.memory = qh_memory_new(&toy->machine);
    toy->machine.clusters = g_ptr_array_new();
    toy->machine.vcpus = g_ptr_array_new();
    g_ptr_array_add(toy->machine.clusters, &toy->cluster);
    toy->ram = qh_ram_new(&toy->machine, "ram", TOY_RAM_BYTES, &error);
    g_assert_no_error(error);
    toy->cluster.space = qh_memory_system(toy->machine.memory);
    qh_mem_service.map_ram(toy->cluster.space, TOY_RAM, TOY_RAM_BYTES, toy->ram, 0, 0, 0, &error);
    qh_mem_service.map_io(toy->cluster.space, "io", TOY_IO, TOY_IO_BYTES, &io_ops, toy, NULL, 0,
                          &error);
    g_assert_no_error(error);
    toy->cluster.machine = &toy->machine;
    toy->cluster.target = g_strdup("toy");
    set_ops(toy, config);
    toy->cluster.translator_slot.ctx = toy;
    toy->cluster.cpu_slot.ctx = toy;
    toy->cluster.vcpus = g_ptr_array_new();
    toy->cluster.engine = qh_engine_new(&toy->cluster, &error);
    g_assert_no_error(error);
    toy->cluster.engine->counts = TRUE;
    toy->page_bits = config->page_bits;
    for (uint32_t i = 0; i < G_N_ELEMENTS(toy->page); i++) {
        toy->page[i] = i;
        toy->prot[i] = 7;
    }
    add_cpus(toy, config->n_cpus);
    return toy;
}

void toy_machine_free(ToyMachine *toy)
{
    for (guint i = 0; i < toy->cluster.vcpus->len; i++) {
        qh_vcpu_free(g_ptr_array_index(toy->cluster.vcpus, i));
    }
    qh_engine_free(toy->cluster.engine);
    qh_memory_free(toy->machine.memory);
    qh_machine_options_free(toy->machine.options);
    g_ptr_array_unref(toy->machine.clusters);
    g_ptr_array_unref(toy->machine.vcpus);
    g_ptr_array_unref(toy->cluster.vcpus);
    g_mutex_clear(&toy->machine.device_lock);
    g_free(toy->cluster.target);
    g_free((void *)toy->cluster.target_ops);
    g_free((void *)toy->cluster.cpu_ops);
    g_free((void *)toy->cluster.translator_ops);
    g_free(toy);
}

void *toy_ram(ToyMachine *toy, uint64_t address)
{
    return toy->ram->host + (address - TOY_RAM);
}

void toy_poke(ToyMachine *toy, uint64_t address, const uint32_t *words, uint32_t n)
{
    g_assert_cmpuint(
        qh_mem_service.write(toy->cluster.space, address, words, n * 4ull, QH_ATTR_NONE), ==,
        QH_BUS_OK);
}

void toy_run(ToyMachine *toy, uint64_t pc)
{
    toy->cpu[0]->cpu.pc = pc;
    toy->cpu[0]->cpu.halted = 0;
    toy->cpu[0]->cpu.exit_request = 0;
    qh_engine_run(toy->cluster.engine, toy->vcpu[0]);
}
