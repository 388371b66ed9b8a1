/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run loop, and when CPUs may not run: a CPU that needs to be alone (to drop all code, to do
 * an access that no host instruction can do atomically) waits until the others have left.
 */
#include "core/jit/engine.h"

#include "abi/target.h"
#include "core/host/log.h"
#include "core/jit/backend/interp/helper-call.h"
#include "core/jit/engine-priv.h"
#include "core/jit/lockstep.h"
#include "core/vcpu/vcpu.h"

/* A machine of a test has none. */
static gboolean set_options(QhEngine *engine, GError **error)
{
    const QhMachineOptions *options = qh_machine_options(engine->cluster->machine);
    QhEngineOptions none;

    qh_engine_options_init(&none);
    return qh_engine_options_resolve(options != NULL ? &options->engine : &none, &engine->options,
                                     error);
}

/* The compiler. */
static gboolean add_tier(QhEngine *engine, GError **error)
{
    QhEngineOptions *options = &engine->options;

    if (options->threshold == QH_JIT_THRESHOLD_DEFAULT) {
        options->threshold = QH_ENGINE_THRESHOLD;
    }
    options->threshold = MIN(options->threshold, INT32_MAX - 1u);
    engine->tier = qh_tier_new(
        engine, options->tb_bytes != 0 ? options->tb_bytes : QH_ENGINE_TIER_BYTES, error);
    engine->counts = engine->counted || options->lockstep > 0;
    return engine->tier != NULL;
}

/* lockstep=N has to know what helpers do. */
static gboolean call_through_closures(QhEngine *engine, GError **error)
{
    engine->lockstep_ops = qh_lockstep_ops_new(engine->ir.translator, error);
    if (engine->lockstep_ops == NULL) {
        return FALSE;
    }
    engine->ir.translator = qh_lockstep_ops(engine->lockstep_ops);
    return TRUE;
}

/* Blocks for the interpreter have their own bound, besides tb-size when there is a compiler. */
static uint64_t interpreter_bytes(const QhEngineOptions *options)
{
    if (options->tb_bytes == 0) {
        return QH_ENGINE_CODE_BYTES;
    }
    return options->backend == QH_BACKEND_JIT ? MAX(options->tb_bytes, QH_ENGINE_MIN_CODE_BYTES)
                                              : options->tb_bytes;
}

QhEngine *qh_engine_new(QhCluster *cluster, GError **error)
{
    QhEngine *engine = g_new0(QhEngine, 1);

    g_mutex_init(&engine->lock);
    g_mutex_init(&engine->run_lock);
    g_cond_init(&engine->run_cond);
    engine->cluster = cluster;
    engine->counts = TRUE;
    engine->counted = qh_machine_turns(cluster->machine) != NULL;
    if (!set_options(engine, error)) {
        qh_engine_free(engine);
        return NULL;
    }
    engine->ir = (QhIrContext){.state = cluster->cpu_ops->state,
                               .state_size = cluster->cpu_ops->state_size,
                               .translator = cluster->translator_ops,
                               .address_bits = cluster->target_ops->address_bits,
                               .n_mmu_indices = cluster->target_ops->n_mmu_indices};
    if (engine->options.lockstep > 0 && !call_through_closures(engine, error)) {
        qh_engine_free(engine);
        return NULL;
    }
    engine->calls = qh_helper_calls_new(cluster->translator_ops, error);
    if (engine->calls == NULL) {
        qh_engine_free(engine);
        return NULL;
    }
    engine->store = qh_code_store_new(QH_PAGE_BITS_MIN, interpreter_bytes(&engine->options));
    if (engine->options.backend == QH_BACKEND_JIT && !add_tier(engine, error)) {
        qh_engine_free(engine);
        return NULL;
    }
    return engine;
}

void qh_engine_free(QhEngine *engine)
{
    if (engine == NULL) {
        return;
    }
    qh_tier_free(engine->tier);
    qh_lockstep_ops_free(engine->lockstep_ops);
    qh_code_store_free(engine->store);
    g_free(engine->calls);
    g_mutex_clear(&engine->lock);
    g_mutex_clear(&engine->run_lock);
    g_cond_clear(&engine->run_cond);
    g_free(engine);
}

gboolean qh_engine_counts(const QhEngine *engine)
{
    return engine->counts;
}

static void enter(QhEngine *engine)
{
    g_mutex_lock(&engine->run_lock);
    while (engine->n_exclusive > 0) {
        g_cond_wait(&engine->run_cond, &engine->run_lock);
    }
    engine->n_running++;
    g_mutex_unlock(&engine->run_lock);
}

static void leave(QhEngine *engine)
{
    g_mutex_lock(&engine->run_lock);
    engine->n_running--;
    /* each call goes to the system, and this is on the way of every interrupt */
    if (engine->n_exclusive > 0) {
        g_cond_broadcast(&engine->run_cond);
    }
    g_mutex_unlock(&engine->run_lock);
}

void qh_engine_kick_others(QhJitCpu *jit)
{
    QhMachine *machine = jit->machine;

    for (guint i = 0; i < qh_machine_n_vcpus(machine); i++) {
        QhCpu *cpu = qh_vcpu_state(qh_machine_vcpu(machine, i));
        if (cpu != qh_jit_state(jit)) {
            __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_SEQ_CST);
        }
    }
}

/* Called outside enter and leave. */
static void begin_exclusive(QhEngine *engine, QhJitCpu *jit)
{
    g_mutex_lock(&engine->run_lock);
    while (engine->exclusive != NULL) {
        g_cond_wait(&engine->run_cond, &engine->run_lock);
    }
    engine->exclusive = jit;
    engine->n_exclusive++;
    while (engine->n_running > 0) {
        qh_engine_kick_others(jit);
        g_cond_wait(&engine->run_cond, &engine->run_lock);
    }
    g_mutex_unlock(&engine->run_lock);
}

static void end_exclusive(QhEngine *engine)
{
    g_mutex_lock(&engine->run_lock);
    engine->exclusive = NULL;
    engine->n_exclusive--;
    g_cond_broadcast(&engine->run_cond);
    g_mutex_unlock(&engine->run_lock);
}

gboolean qh_engine_is_exclusive(QhJitCpu *jit)
{
    return __atomic_load_n(&jit->engine->exclusive, __ATOMIC_RELAXED) == jit ||
           qh_machine_n_vcpus(jit->machine) < 2;
}

gboolean qh_engine_runs(const QhJitCpu *jit, uint64_t ram_address, uint64_t bytes)
{
    const QhCode *code = jit->code;

    if (code == NULL) {
        return qh_tier_runs(jit, ram_address, bytes);
    }
    return code->n_insns > 1 && code->key.ram_address != 0 &&
           qh_code_covers(code, ram_address, bytes);
}

void qh_engine_give_up(QhJitCpu *jit, const char *why)
{
    QhHost *host = qh_machine_host(jit->machine);
    QhCpu *cpu = qh_jit_state(jit);

    if (!jit->broken && host != NULL) {
        qh_log_error(qh_host_log(host), "CPU %u stops for good at pc 0x%" G_GINT64_MODIFIER "x: %s",
                     cpu->index, cpu->pc, why);
    }
    jit->broken = 1;
}

/* No CPU has a pointer to a block any more. */
static void forget_codes(QhEngine *engine)
{
    GPtrArray *vcpus = engine->cluster->vcpus;

    for (guint i = 0; vcpus != NULL && i < vcpus->len; i++) {
        QhJitCpu *jit = qh_jit_of(qh_vcpu_state(g_ptr_array_index(vcpus, i)));
        qh_jit_forget_jumps(jit);
        jit->link = NULL;
        jit->hot.link = NULL;
        jit->code = NULL;
    }
}

void qh_engine_flush(QhEngine *engine)
{
    g_mutex_lock(&engine->lock);
    qh_tier_drop_all(engine->tier);
    qh_code_drop_all(engine->store);
    g_mutex_unlock(&engine->lock);
    forget_codes(engine);
}

void qh_engine_trim(QhEngine *engine)
{
    g_mutex_lock(&engine->lock);
    gboolean plump = qh_code_is_plump(engine->store); /* another CPU may have been here before */
    if (plump) {
        qh_code_trim(engine->store, (int32_t)engine->options.threshold + 1, QH_ENGINE_WORTH);
    }
    g_mutex_unlock(&engine->lock);
    if (plump) {
        forget_codes(engine);
    }
}

/* Other clusters may have code there, too; then stores just stay slow. */
void qh_engine_settle_page(QhJitCpu *jit, QhRam *ram, uint64_t offset)
{
    QhEngine *engine = jit->engine;

    if (qh_machine_n_clusters(jit->machine) > 1) {
        return;
    }
    g_mutex_lock(&engine->lock);
    if (!qh_code_has(engine->store, ram->base + offset)) {
        __atomic_fetch_and(&ram->page_flags[offset >> QH_PAGE_BITS_MIN], (uint8_t)~QH_PAGE_CODE,
                           __ATOMIC_SEQ_CST);
    }
    g_mutex_unlock(&engine->lock);
}

void qh_engine_invalidate_page(QhEngine *engine, uint64_t ram_address, uint64_t bytes)
{
    void **regions = qh_code_regions(engine->store, ram_address);

    if (regions != NULL && *regions != NULL) {
        qh_tier_invalidate(engine->tier, regions, ram_address, bytes);
    }
    qh_code_invalidate(engine->store, ram_address, bytes);
}

void qh_engine_invalidate(QhEngine *engine, uint64_t ram_address, uint64_t bytes)
{
    uint64_t page = G_GUINT64_CONSTANT(1) << QH_PAGE_BITS_MIN;

    g_mutex_lock(&engine->lock);
    while (bytes > 0) {
        uint64_t part = MIN(bytes, page - (ram_address & (page - 1)));
        qh_engine_invalidate_page(engine, ram_address, part);
        ram_address += part;
        bytes -= part;
    }
    g_mutex_unlock(&engine->lock);
}

/* Remember in the exit that was just taken where it leads. */
static void link_exit(QhJitCpu *jit, QhCode *code)
{
    uint64_t *link = jit->link;

    jit->link = NULL;
    jit->hot.link = NULL;
    if (link != NULL && code != NULL && code->second_page == 0 && code != jit->scratch->loose) {
        __atomic_store_n(link, (uintptr_t)code, __ATOMIC_RELEASE);
    }
}

/* One instruction by itself, after something that it could not do in company. */
static void run_alone(QhEngine *engine, QhJitCpu *jit, gboolean exclusive)
{
    QhCode *code;

    if (exclusive) {
        leave(engine);
        begin_exclusive(engine, jit);
    }
    code = qh_engine_find(engine, jit, QH_CODE_SINGLE);
    if (code != NULL) {
        jit->alone = 1;
        qh_t0_run(jit, code);
        jit->alone = 0;
    }
    if (exclusive) {
        end_exclusive(engine);
        enter(engine);
    }
}

/* After translated code was left for anything but the next block. FALSE: stop running. */
static gboolean look_around(QhEngine *engine, QhJitCpu *jit)
{
    QhCpu *cpu = qh_jit_state(jit);
    uint32_t retry = jit->retry;

    jit->code = NULL;
    jit->link = NULL;
    jit->retry = QH_RETRY_NONE;
    cpu->unwind = 0;
    if (jit->broken) {
        return FALSE;
    }
    if (retry != QH_RETRY_NONE) {
        run_alone(engine, jit, retry == QH_RETRY_EXCLUSIVE);
        return look_around(engine, jit);
    }
    if (jit->stop.kind != QH_STOP_NONE) {
        return FALSE;
    }
    if (jit->flush_wanted) {
        gboolean full = jit->flush_wanted == QH_FLUSH_ALL;
        jit->flush_wanted = 0;
        leave(engine);
        begin_exclusive(engine, jit);
        if (full) {
            qh_engine_flush(engine);
        } else {
            qh_engine_trim(engine);
        }
        end_exclusive(engine);
        enter(engine);
    }
    if (cpu->halted) {
        return FALSE;
    }
    if (!jit->no_interrupts) {
        jit->n_interrupts += jit->cpu_ops->take_interrupt(cpu) != FALSE;
        cpu->unwind = 0;
    }
    return TRUE;
}

/*
 * Whether the next block may run without a look around, as after most changes of state. An
 * interrupt that can be taken now shows as a line or as exit_request (QhCpuOps.take_interrupt).
 */
static gboolean nothing_new(const QhEngine *engine, QhJitCpu *jit)
{
    QhCpu *cpu = qh_jit_state(jit);

    if ((jit->retry | jit->broken | jit->flush_wanted | cpu->halted) != 0 || engine->counted ||
        jit->stop.kind != QH_STOP_NONE ||
        __atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED) != 0 ||
        __atomic_load_n(&cpu->irq_lines, __ATOMIC_RELAXED) != 0) {
        return FALSE;
    }
    jit->code = NULL;
    jit->link = NULL;
    cpu->unwind = 0;
    return TRUE;
}

static gboolean asked_to_leave(QhCpu *cpu)
{
    if (__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED) & QH_EXIT_REQUEST_LOOK) {
        __atomic_fetch_and(&cpu->exit_request, ~QH_EXIT_REQUEST_LOOK, __ATOMIC_SEQ_CST);
    }
    return __atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED) != 0;
}

/* What is logged block by block. */
#define TRACES (QH_LOG_EXEC | QH_LOG_CPU | QH_LOG_NOCHAIN)

static gboolean wants_trace(const QhEngine *engine)
{
    QhHost *host = qh_machine_host(engine->cluster->machine);

    return host != NULL && (qh_log_mask(qh_host_log(host)) & TRACES);
}

/* -d exec: one line a block; -d cpu: the registers before it. */
static void trace_block(const QhJitCpu *jit, const QhCode *code)
{
    QhLog *log = qh_host_log(qh_machine_host(jit->machine));
    uint32_t mask = qh_log_mask(log);

    uint64_t pc = qh_jit_state((QhJitCpu *)jit)->pc;

    if (!(mask & TRACES) || !qh_log_in_filter(log, pc)) {
        return;
    }
    if (mask & QH_LOG_EXEC) {
        g_autofree char *line = g_strdup_printf(
            "cpu %u: pc 0x%" G_GINT64_MODIFIER "x key 0x%" G_GINT64_MODIFIER "x, %u instructions\n",
            qh_jit_state((QhJitCpu *)jit)->index, pc, code->key.state_key, code->n_insns);
        qh_log_text(log, QH_LOG_EXEC, line);
    }
    if (mask & QH_LOG_CPU) {
        g_autofree char *text = qh_vcpu_describe(jit->vcpu);
        qh_log_text(log, QH_LOG_CPU, text);
    }
}

/* Where compiled code for a block that is hot begins; NULL: interpret it. */
static const void *native_of(QhEngine *engine, QhJitCpu *jit, QhCode *code)
{
    const void *native = __atomic_load_n(&code->native, __ATOMIC_ACQUIRE);

    if (native == NULL && !code->dull && !engine->trace &&
        !qh_engine_page_has_breakpoint(engine, qh_jit_state(jit)->pc)) {
        native = qh_tier_compile(engine->tier, jit, code);
    }
    code->heat = native != NULL ? 0
                 : code->dull   ? QH_HEAT_DULL
                                : (int32_t)engine->options.threshold + 1;
    return native;
}

/* The block at pc: it was there before, or is searched for and made. */
static QhCode *next_code(QhEngine *engine, QhJitCpu *jit)
{
    uint64_t pc = qh_jit_state(jit)->pc;
    const QhJumpEntry *entry = qh_jit_jump(jit, pc);

    qh_jit_check_jump_id(jit);
    if (entry->pc == pc && entry->id == jit->hot.jump_id && !entry->code->invalid) {
        return entry->code;
    }
    return qh_engine_find(engine, jit, 0);
}

/* Instructions that @jit may still complete in this turn. */
static uint64_t jit_budget(const QhJitCpu *jit)
{
    uint64_t done = qh_jit_state((QhJitCpu *)jit)->icount;

    return done < jit->hot.icount_limit ? jit->hot.icount_limit - done : 0;
}

/* Compiled code beside the interpreter, while the other CPUs stand still. */
static uint32_t run_unit(QhEngine *engine, QhJitCpu *jit, QhCode *code, const void *native)
{
    gboolean others = qh_machine_n_vcpus(jit->machine) > 1;
    uint32_t left;

    if (others) {
        leave(engine);
        begin_exclusive(engine, jit);
    }
    left = qh_lockstep_unit(jit, code, native);
    if (others) {
        end_exclusive(engine);
        enter(engine);
    }
    return left;
}

static gboolean cpu_unwound(QhJitCpu *jit)
{
    return qh_jit_state(jit)->unwind != 0;
}

/* Compiled code is about to be entered at @native for @code: the jump cache leads there, too. */
static void note_native(QhJitCpu *jit, QhCode *code, const void *native)
{
    uint64_t pc = qh_jit_state(jit)->pc;
    const QhJumpEntry *entry = qh_jit_jump(jit, pc);

    if (entry->host != native || entry->pc != pc || entry->id != jit->hot.jump_id) {
        qh_jit_note_jump(jit, pc, code, native);
    }
}

static uint32_t run_code(QhEngine *engine, QhJitCpu *jit, QhCode *code)
{
    const void *native = NULL;

    if (engine->counted && jit_budget(jit) < code->n_insns) {
        run_alone(engine, jit, FALSE); /* to the last instruction */
        return QH_LEFT_STATE;
    }
    if (engine->trace) {
        trace_block(jit, code);
    } else if (qh_code_is_hot(code)) {
        native = native_of(engine, jit, code);
    }
    if (cpu_unwound(jit)) {
        return QH_LEFT_UNWIND; /* the page is not there any more */
    }
    if (native == NULL && jit->lockstep != NULL) {
        return qh_t0_run(jit, code); /* not linked: blocks have to end where they end */
    }
    if (native == NULL) {
        link_exit(jit, code);
        return qh_t0_run(jit, code);
    }
    if (jit->lockstep != NULL) {
        qh_tier_link(engine->tier, jit, code);
        note_native(jit, code, native);
        return run_unit(engine, jit, code, native);
    }
    qh_tier_link(engine->tier, jit, code);
    link_exit(jit, code);
    note_native(jit, code, native);
    return qh_tier_run(jit, native);
}

void qh_engine_run(QhEngine *engine, QhVcpu *vcpu)
{
    QhCpu *cpu = qh_vcpu_state(vcpu);
    QhJitCpu *jit = qh_jit_of(cpu);

    enter(engine);
    __atomic_store_n(&jit->in_run, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&engine->trace, wants_trace(engine), __ATOMIC_RELAXED);
    qh_softmmu_check_space(jit);
    for (gboolean go = look_around(engine, jit);
         go && !asked_to_leave(cpu) && (!engine->counted || jit_budget(jit) > 0);) {
        QhCode *code;
        uint32_t left;

        qh_tier_pass(engine->tier, jit);
        code = next_code(engine, jit);
        left = code != NULL ? run_code(engine, jit, code) : QH_LEFT_UNWIND;

        if ((left != QH_LEFT_NEXT || jit->flush_wanted) && !nothing_new(engine, jit)) {
            go = look_around(engine, jit);
        }
    }
    jit->code = NULL;
    jit->link = NULL;
    jit->hot.link = NULL;
    __atomic_store_n(&jit->in_run, 0, __ATOMIC_SEQ_CST);
    leave(engine);
}

void qh_engine_step(QhEngine *engine, QhVcpu *vcpu)
{
    QhCpu *cpu = qh_vcpu_state(vcpu);
    QhJitCpu *jit = qh_jit_of(cpu);
    uint64_t request = __atomic_exchange_n(&cpu->exit_request, 0, __ATOMIC_SEQ_CST);

    (void)request;
    enter(engine);
    qh_softmmu_check_space(jit);
    if (look_around(engine, jit)) {
        run_alone(engine, jit, FALSE);
        look_around(engine, jit);
    }
    jit->code = NULL;
    leave(engine);
}
