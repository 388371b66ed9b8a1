/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU's thread: it runs translated code, does what others ask of it between two blocks, and
 * sleeps while it is stopped, off, or halted without work.
 *
 * Whoever changes something that the thread must see changes it under the lock, then sets `kicked`
 * and exit_request; the thread clears both before it looks, so nothing is lost in between.
 */
#include "core/vcpu/vcpu.h"

#include "core/device/instance.h"
#include "core/host/run-state.h"
#include "core/jit/engine.h"
#include "core/jit/jit-cpu.h"
#include "core/loop/timers.h"
#include "core/os/clock.h"
#include "core/sandbox/sandbox.h"
#include "core/vcpu/turns.h"

#include <sched.h>
#include <unistd.h>

/* So many halts that an untaken interrupt ends at once, then each costs a nap. */
#define HALTS_IN_VAIN 64u
#define HALT_US       200u

/* So often others get the host's CPU before is_settled gives up for now. */
#define SETTLE_TURNS 64u

typedef struct Work {
    void (*fn)(QhCpu *cpu, void *data);
    void *data;
} Work;

struct QhVcpu {
    QhCluster *cluster;
    QhJitCpu *jit;
    QhCpu *cpu;
    uint32_t index;
    gboolean realized;
    GThread *thread;
    int thread_id;                     /* atomic */
    uint32_t seen_interrupts, n_halts; /* slow_down; [vcpu] */
    int64_t reset_ns;                  /* on the virtual clock; [vcpu] like the next */
    uint64_t last_icount;              /* that was told while the engine does not count */

    GMutex lock;     /* for all below */
    GCond wake;      /* the thread waits here */
    GCond stood;     /* those who wait for it to stop */
    GQueue work;     /* Work */
    uint32_t n_work; /* queued or being done; read without the lock, too */
    gboolean kicked, allowed, stopped, powered, quit;
    gboolean asleep;   /* the thread waits for wake */
    QhVcpuOrder order; /* changed while stopped only; so are the next two */
    gboolean over;     /* the breakpoint at pc has been met, and is not to be met again */
    gboolean told;     /* the access of the instruction at told_pc was told of, and not done yet */
    uint64_t told_pc;
};

/* The thread's own CPU. A helper gets its CPU as an argument, but a device that asks "which CPU am
 * I serving" is called through tables that know nothing of CPUs. */
static _Thread_local QhVcpu *current;

QhVcpu *qh_vcpu_current(void)
{
    return current;
}

static const QhCpuModel *model_at(const QhCpuOps *ops, uint32_t i)
{
    return (const void *)((const char *)ops->models + (size_t)i * ops->model_size);
}

static gboolean
find_model(const QhCpuOps *ops, const char *name, uint32_t *ret_index, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (uint32_t i = 0; i < ops->n_models; i++) {
        if (g_strcmp0(model_at(ops, i)->name, name) == 0) {
            *ret_index = i;
            return TRUE;
        }
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", model_at(ops, i)->name);
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "CPU model '%s' is unknown; there are: %s",
                name != NULL ? name : "", known->str);
    return FALSE;
}

static gboolean
set_properties(QhVcpu *vcpu, const char *model, const GPtrArray *properties, GError **error)
{
    QhHost *host = qh_machine_host(vcpu->cluster->machine);
    g_autofree char *subject = g_strdup_printf("CPU model '%s'", model);

    for (guint i = 0; properties != NULL && i < properties->len; i++) {
        const char *text = g_ptr_array_index(properties, i);
        const char *equals = strchr(text, '=');
        g_autofree char *name =
            equals != NULL ? g_strndup(text, (gsize)(equals - text)) : g_strdup(text);
        if (!qh_property_set(host, vcpu->cluster->cpu_ops->properties, vcpu->cpu, subject, name,
                             equals != NULL ? equals + 1 : "on", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

QhVcpu *qh_vcpu_new(QhCluster *cluster,
                    uint32_t index,
                    const char *model,
                    const GPtrArray *properties,
                    GError **error)
{
    const QhCpuOps *ops = cluster->cpu_ops;
    QhVcpu *vcpu;
    uint32_t model_index;

    if (!find_model(ops, model, &model_index, error)) {
        return NULL;
    }
    vcpu = g_new0(QhVcpu, 1);
    g_mutex_init(&vcpu->lock);
    g_cond_init(&vcpu->wake);
    g_cond_init(&vcpu->stood);
    g_queue_init(&vcpu->work);
    vcpu->cluster = cluster;
    vcpu->index = index;
    vcpu->stopped = vcpu->powered = TRUE;
    vcpu->jit = qh_jit_cpu_new(cluster, vcpu, index, error);
    if (vcpu->jit == NULL) {
        qh_vcpu_free(vcpu);
        return NULL;
    }
    vcpu->cpu = qh_jit_state(vcpu->jit);
    vcpu->cpu->model = model_index;
    ops->model_defaults(vcpu->cpu);
    if (!set_properties(vcpu, model, properties, error) || !ops->realize(vcpu->cpu, error)) {
        qh_vcpu_free(vcpu);
        return NULL;
    }
    vcpu->realized = TRUE;
    return vcpu;
}

void qh_vcpu_free(QhVcpu *vcpu)
{
    if (vcpu == NULL) {
        return;
    }
    if (vcpu->thread != NULL) {
        g_mutex_lock(&vcpu->lock);
        vcpu->quit = TRUE;
        g_mutex_unlock(&vcpu->lock);
        qh_vcpu_wake(vcpu);
        g_thread_join(vcpu->thread);
    }
    if (vcpu->realized && vcpu->cluster->cpu_ops->unrealize != NULL) {
        vcpu->cluster->cpu_ops->unrealize(vcpu->cpu);
    }
    if (vcpu->cpu != NULL && vcpu->cluster->cpu_ops->properties != NULL) {
        qh_properties_clear(vcpu->cluster->cpu_ops->properties, vcpu->cpu);
    }
    qh_jit_cpu_free(vcpu->jit);
    g_queue_clear_full(&vcpu->work, g_free);
    g_mutex_clear(&vcpu->lock);
    g_cond_clear(&vcpu->wake);
    g_cond_clear(&vcpu->stood);
    g_free(vcpu);
}

QhCpu *qh_vcpu_state(QhVcpu *vcpu)
{
    return vcpu->cpu;
}

QhCluster *qh_vcpu_cluster(QhVcpu *vcpu)
{
    return vcpu->cluster;
}

uint32_t qh_vcpu_index(QhVcpu *vcpu)
{
    return vcpu->index;
}

int qh_vcpu_thread_id(QhVcpu *vcpu)
{
    return __atomic_load_n(&vcpu->thread_id, __ATOMIC_ACQUIRE);
}

static int64_t now_ns(const QhVcpu *vcpu)
{
    QhHost *host = qh_machine_host(vcpu->cluster->machine);

    return host != NULL ? qh_timers_now(qh_host_timers(host), QH_CLOCK_VIRTUAL)
                        : qh_os_monotonic_ns();
}

/* Guests take the count for a measure of time, so one instruction a nanosecond will do. */
uint64_t qh_vcpu_icount(QhVcpu *vcpu)
{
    uint64_t estimate;

    if (qh_engine_counts(vcpu->cluster->engine)) {
        return vcpu->cpu->icount;
    }
    estimate = (uint64_t)MAX(now_ns(vcpu) - vcpu->reset_ns, 0);
    vcpu->last_icount = MAX(vcpu->last_icount, estimate);
    return vcpu->last_icount;
}

void qh_vcpu_reset(QhVcpu *vcpu)
{
    QhCpu *cpu = vcpu->cpu;

    cpu->halted = cpu->unwind = cpu->fp_flags = 0;
    cpu->icount = vcpu->last_icount = 0;
    vcpu->reset_ns = now_ns(vcpu);
    vcpu->jit->broken = 0;
    vcpu->jit->retry = QH_RETRY_NONE;
    vcpu->jit->stop.kind = QH_STOP_NONE;
    vcpu->told = vcpu->over = FALSE;
    vcpu->cluster->cpu_ops->reset(cpu);
    qh_softmmu_flush(vcpu->jit, UINT32_MAX);
}

static void stream_head(QhCpu *cpu, QhStream *stream)
{
    qh_stream_bytes(stream, &cpu->pc, sizeof(cpu->pc));
    qh_stream_bytes(stream, &cpu->state_key, sizeof(cpu->state_key));
    qh_stream_bytes(stream, &cpu->icount, sizeof(cpu->icount));
    qh_stream_bytes(stream, &cpu->irq_lines, sizeof(cpu->irq_lines));
    qh_stream_bytes(stream, &cpu->halted, sizeof(cpu->halted));
    qh_stream_bytes(stream, &cpu->fp_flags, sizeof(cpu->fp_flags));
}

void qh_vcpu_stream(QhVcpu *vcpu, QhStream *stream)
{
    const QhCpuOps *ops = vcpu->cluster->cpu_ops;

    if (vcpu->jit->broken) {
        qh_stream_fail(stream, "the CPU stands still for good");
    }
    qh_stream_same(stream, vcpu->cpu->model, "the CPU model");
    stream_head(vcpu->cpu, stream);
    qh_stream_fields(stream, ops->state, vcpu->cpu);
    qh_stream_bytes(stream, &vcpu->powered, sizeof(vcpu->powered));
    qh_stream_bytes(stream, &vcpu->reset_ns, sizeof(vcpu->reset_ns));
    qh_stream_bytes(stream, &vcpu->last_icount, sizeof(vcpu->last_icount));
}

void qh_vcpu_loaded(QhVcpu *vcpu)
{
    const QhCpuOps *ops = vcpu->cluster->cpu_ops;

    vcpu->cpu->unwind = 0;
    vcpu->jit->retry = QH_RETRY_NONE;
    vcpu->jit->stop.kind = QH_STOP_NONE;
    vcpu->told = vcpu->over = FALSE;
    if (ops->state_written != NULL) {
        ops->state_written(vcpu->cpu);
    }
    qh_softmmu_flush(vcpu->jit, UINT32_MAX);
}

/* Under the lock: the thread looks at everything again. */
static void nudge(QhVcpu *vcpu)
{
    vcpu->kicked = TRUE;
    __atomic_store_n(&vcpu->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
    if (vcpu->asleep) {
        g_cond_broadcast(&vcpu->wake);
    }
}

static QhTurns *turns_of(const QhVcpu *vcpu)
{
    return qh_machine_turns(vcpu->cluster->machine);
}

void qh_vcpu_wake(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    nudge(vcpu);
    g_mutex_unlock(&vcpu->lock);
}

void qh_vcpu_kick(QhVcpu *vcpu)
{
    qh_vcpu_wake(vcpu);
    if (turns_of(vcpu) != NULL) {
        qh_turns_nudge(turns_of(vcpu), vcpu);
    }
}

void qh_vcpu_power(QhVcpu *vcpu, gboolean on)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->powered = on;
    g_mutex_unlock(&vcpu->lock);
    qh_vcpu_kick(vcpu);
}

void qh_vcpu_set_irq(QhVcpu *vcpu, uint32_t line, gboolean level)
{
    QhCpu *cpu = vcpu->cpu;
    uint64_t bit = G_GUINT64_CONSTANT(1) << (line & 63);
    uint64_t old = level ? __atomic_fetch_or(&cpu->irq_lines, bit, __ATOMIC_SEQ_CST)
                         : __atomic_fetch_and(&cpu->irq_lines, ~bit, __ATOMIC_SEQ_CST);

    if (((old & bit) != 0) == (level != FALSE)) {
        return;
    }
    if (vcpu->cluster->cpu_ops->irq_changed != NULL) {
        vcpu->cluster->cpu_ops->irq_changed(cpu, line, level);
    }
    if (level) {
        qh_vcpu_kick(vcpu);
    }
}

/* Under the lock. */
static void add_work(QhVcpu *vcpu, void (*fn)(QhCpu *, void *), void *data)
{
    Work *work = g_new(Work, 1);

    *work = (Work){fn, data};
    g_queue_push_tail(&vcpu->work, work);
    __atomic_fetch_add(&vcpu->n_work, 1u, __ATOMIC_SEQ_CST);
}

void qh_vcpu_run_on(QhVcpu *vcpu, void (*fn)(QhCpu *, void *), void *data)
{
    g_mutex_lock(&vcpu->lock);
    add_work(vcpu, fn, data);
    nudge(vcpu);
    g_mutex_unlock(&vcpu->lock);
}

/* Who sleeps looks for work before anything else when it wakes up. */
void qh_vcpu_run_before(QhVcpu *vcpu, void (*fn)(QhCpu *, void *), void *data)
{
    g_mutex_lock(&vcpu->lock);
    add_work(vcpu, fn, data);
    if (!vcpu->asleep) {
        nudge(vcpu);
    }
    g_mutex_unlock(&vcpu->lock);
}

static gboolean has_settled(QhVcpu *vcpu)
{
    gboolean asleep;

    if (__atomic_load_n(&vcpu->n_work, __ATOMIC_SEQ_CST) == 0) {
        return TRUE;
    }
    g_mutex_lock(&vcpu->lock);
    asleep = vcpu->asleep;
    g_mutex_unlock(&vcpu->lock);
    return asleep;
}

/* Two that wait for each other both have been nudged, so they stop waiting, and do the work. */
gboolean qh_vcpu_is_settled(QhVcpu *vcpu)
{
    QhMachine *machine = vcpu->cluster->machine;
    uint32_t n = qh_machine_n_vcpus(machine), i = 0;

    for (uint32_t turns = 0; turns < SETTLE_TURNS; turns++) {
        while (i < n && (i == vcpu->index || has_settled(qh_machine_vcpu(machine, i)))) {
            i++;
        }
        if (i == n) {
            return TRUE;
        }
        if (__atomic_load_n(&vcpu->cpu->exit_request, __ATOMIC_RELAXED) != 0) {
            return FALSE;
        }
        sched_yield();
    }
    return FALSE;
}

/* The lock is held, but not while the work is done. */
static void do_work(QhVcpu *vcpu)
{
    Work *work;

    while ((work = g_queue_pop_head(&vcpu->work)) != NULL) {
        g_mutex_unlock(&vcpu->lock);
        work->fn(vcpu->cpu, work->data);
        g_free(work);
        __atomic_fetch_sub(&vcpu->n_work, 1u, __ATOMIC_SEQ_CST);
        g_mutex_lock(&vcpu->lock);
    }
}

gboolean qh_vcpu_can_run(QhVcpu *vcpu)
{
    QhCpu *cpu = vcpu->cpu;

    return vcpu->powered && vcpu->order.mode != QH_VCPU_HOLD && !vcpu->jit->broken &&
           vcpu->jit->stop.kind == QH_STOP_NONE &&
           (!cpu->halted || vcpu->cluster->cpu_ops->has_work(cpu));
}

gboolean qh_vcpu_is_held(QhVcpu *vcpu)
{
    QhCpu *cpu = vcpu->cpu;

    return vcpu->order.mode == QH_VCPU_HOLD && vcpu->powered && !vcpu->jit->broken &&
           (!cpu->halted || vcpu->cluster->cpu_ops->has_work(cpu));
}

/*
 * A CPU that halts over and over with an interrupt pending that it does not take waits for
 * something else in a loop. It burns a host CPU, and sees the first half of what another CPU tells
 * it before the second (docs/design/plan.md, OpenSBI), so it is made to look less often.
 */
static void slow_down(QhVcpu *vcpu)
{
    if (vcpu->seen_interrupts != vcpu->jit->n_interrupts) {
        vcpu->seen_interrupts = vcpu->jit->n_interrupts;
        vcpu->n_halts = 0;
    } else if (vcpu->n_halts < HALTS_IN_VAIN) {
        vcpu->n_halts++;
    } else if (turns_of(vcpu) == NULL) {
        g_usleep(HALT_US);
    }
}

static gboolean may_run(QhVcpu *vcpu)
{
    QhCpu *cpu = vcpu->cpu;

    if (vcpu->jit->broken || vcpu->jit->stop.kind != QH_STOP_NONE) {
        return FALSE;
    }
    if (cpu->halted && vcpu->cluster->cpu_ops->has_work(cpu)) {
        cpu->halted = 0;
        slow_down(vcpu);
    }
    return !cpu->halted;
}

void qh_vcpu_set_order(QhVcpu *vcpu, const QhVcpuOrder *order)
{
    vcpu->order = *order;
}

const QhVcpuOrder *qh_vcpu_order(QhVcpu *vcpu)
{
    return &vcpu->order;
}

QhDebugStop qh_vcpu_stop_reason(QhVcpu *vcpu)
{
    return vcpu->jit->stop;
}

void qh_vcpu_clear_stop(QhVcpu *vcpu)
{
    if (vcpu->jit->stop.kind == QH_STOP_WATCHPOINT) {
        vcpu->told = TRUE;
        vcpu->told_pc = vcpu->cpu->pc;
    }
    vcpu->jit->stop.kind = QH_STOP_NONE;
}

void qh_vcpu_cancel_stop(QhVcpu *vcpu)
{
    vcpu->jit->stop.kind = QH_STOP_NONE;
    vcpu->told = vcpu->over = FALSE;
}

gboolean qh_vcpu_gets_over(const QhVcpu *vcpu)
{
    return vcpu->told || vcpu->over;
}

void qh_vcpu_stop_for(QhVcpu *vcpu, const QhDebugStop *stop)
{
    QhHost *host = qh_machine_host(vcpu->cluster->machine);

    vcpu->jit->stop = *stop;
    qh_vcpu_request_stop(vcpu);
    if (host != NULL) {
        qh_run_state_request_debug(qh_host_run_state(host));
    }
}

/* Who follows each instruction wants to see it again: no interrupt may be put off. */
static gboolean is_followed(const QhVcpu *vcpu)
{
    return turns_of(vcpu) != NULL && qh_turns_watcher(turns_of(vcpu)) != NULL;
}

/* A watched access that was told of before it happened happens now, before anything else. */
static void one_instruction(QhVcpu *vcpu, gboolean no_interrupts)
{
    QhEngine *engine = vcpu->cluster->engine;
    gboolean blind =
        vcpu->told && vcpu->cpu->pc == vcpu->told_pc && qh_engine_watches_before(engine);

    vcpu->told = vcpu->over = FALSE;
    vcpu->jit->blind = blind != FALSE;
    vcpu->jit->no_interrupts = (blind || no_interrupts) && !is_followed(vcpu);
    qh_engine_step(engine, vcpu);
    vcpu->jit->blind = 0;
    vcpu->jit->no_interrupts = 0;
}

static void step(QhVcpu *vcpu)
{
    const QhVcpuOrder *order = &vcpu->order;
    QhEngine *engine = vcpu->cluster->engine;
    uint64_t pc;

    one_instruction(vcpu, order->no_interrupts);
    pc = vcpu->cpu->pc;
    if (vcpu->jit->stop.kind == QH_STOP_NONE &&
        (pc < order->first || pc > order->last || qh_engine_has_breakpoint(engine, pc))) {
        vcpu->jit->stop = (QhDebugStop){.kind = QH_STOP_STEP};
    }
}

/* A CPU that has met something stops there, or goes on over it. */
static void meet(QhVcpu *vcpu)
{
    const QhTurnsWatcher *watcher =
        turns_of(vcpu) != NULL ? qh_turns_watcher(turns_of(vcpu)) : NULL;

    if (watcher != NULL && watcher->met(watcher->data, vcpu)) {
        vcpu->over = vcpu->jit->stop.kind == QH_STOP_BREAKPOINT;
        qh_vcpu_clear_stop(vcpu);
    } else {
        qh_vcpu_stop_for(vcpu, &vcpu->jit->stop);
    }
}

/* Without the lock. FALSE: there is nothing to do until the thread is woken. */
static gboolean run_some(QhVcpu *vcpu)
{
    if (!may_run(vcpu)) {
        return FALSE;
    }
    if (vcpu->order.mode == QH_VCPU_STEP) {
        step(vcpu);
    } else if (vcpu->told || vcpu->over) {
        one_instruction(vcpu, FALSE);
    } else {
        qh_engine_run(vcpu->cluster->engine, vcpu);
    }
    if (vcpu->jit->stop.kind != QH_STOP_NONE) {
        meet(vcpu);
    }
    return TRUE;
}

/* Sleep until something happens, at most @ns if that is not 0. */
static void wait_for_work(QhVcpu *vcpu, int64_t ns)
{
    gint64 end = g_get_monotonic_time() + ns / 1000 + 1;

    vcpu->asleep = TRUE;
    while (!vcpu->kicked && !vcpu->quit) {
        if (ns == 0) {
            g_cond_wait(&vcpu->wake, &vcpu->lock);
        } else if (!g_cond_wait_until(&vcpu->wake, &vcpu->lock, end)) {
            break;
        }
    }
    vcpu->asleep = FALSE;
}

/* Run in turn with the others, if that is asked for. FALSE: nothing to do for now. */
static gboolean run_turn(QhVcpu *vcpu, int64_t *ret_sleep_ns)
{
    QhTurns *turns = turns_of(vcpu);
    gboolean ran;

    if (turns == NULL) {
        return run_some(vcpu);
    }
    if (!qh_turns_begin(turns, vcpu, ret_sleep_ns)) {
        return FALSE;
    }
    ran = run_some(vcpu);
    qh_turns_end(turns, vcpu);
    return ran || vcpu->cpu->halted;
}

static gpointer thread_main(gpointer data)
{
    QhVcpu *vcpu = data;

    current = vcpu;
    __atomic_store_n(&vcpu->thread_id, (int)gettid(), __ATOMIC_RELEASE);
    qh_sandbox_enter(QH_SANDBOX_VCPU);
    g_mutex_lock(&vcpu->lock);
    while (!vcpu->quit) {
        gboolean run = FALSE;
        int64_t sleep_ns = 0;
        vcpu->kicked = FALSE;
        __atomic_store_n(&vcpu->cpu->exit_request, 0, __ATOMIC_SEQ_CST);
        if (vcpu->allowed) {
            do_work(vcpu);
            /* in turns, who cannot run has to pass its turn on */
            run = turns_of(vcpu) != NULL || (vcpu->powered && vcpu->order.mode != QH_VCPU_HOLD);
        } else if (!vcpu->stopped) {
            vcpu->stopped = TRUE;
            g_cond_broadcast(&vcpu->stood);
        }
        if (run) {
            g_mutex_unlock(&vcpu->lock);
            run = run_turn(vcpu, &sleep_ns);
            g_mutex_lock(&vcpu->lock);
        }
        if (!run) {
            wait_for_work(vcpu, sleep_ns);
        }
    }
    vcpu->stopped = TRUE;
    g_cond_broadcast(&vcpu->stood);
    g_mutex_unlock(&vcpu->lock);
    return NULL;
}

void qh_vcpu_start(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->allowed = TRUE;
    vcpu->stopped = FALSE;
    if (vcpu->thread == NULL) {
        g_autofree char *name = g_strdup_printf("cpu%u", vcpu->index);
        vcpu->thread = g_thread_new(name, thread_main, vcpu);
    }
    nudge(vcpu);
    g_mutex_unlock(&vcpu->lock);
}

void qh_vcpu_request_stop(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->allowed = FALSE;
    nudge(vcpu);
    g_mutex_unlock(&vcpu->lock);
}

void qh_vcpu_wait_stopped(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    while (!vcpu->stopped) {
        g_cond_wait(&vcpu->stood, &vcpu->lock);
    }
    g_mutex_unlock(&vcpu->lock);
}
