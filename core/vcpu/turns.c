/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/vcpu/turns.h"

#include "core/jit/jit-cpu.h"
#include "core/loop/timers.h"
#include "core/os/clock.h"
#include "core/vcpu/vcpu.h"

/* Instructions of one turn while others wait for theirs. */
#define TURN 50000u
/* shift=auto looks at the two clocks this often, and lets them differ by so much. */
#define ADJUST_NS     (100 * G_GINT64_CONSTANT(1000000))
#define DIFFERENCE_NS (20 * G_GINT64_CONSTANT(1000000))
#define FIRST_SHIFT   3u

struct QhTurns {
    QhMachine *machine;
    QhTimers *timers;
    QhIcountOptions options;
    uint32_t holder; /* index of the CPU whose turn it is; atomic */

    GMutex lock;     /* of what follows, for readers on other threads */
    uint64_t total;  /* instructions before this turn */
    int64_t bias_ns; /* added to total << shift */
    uint32_t shift;
    gboolean running; /* the holder is in translated code */
    uint64_t started; /* its icount at the start of the turn */

    uint64_t left;   /* instructions of the holder's turn */
    uint64_t rounds; /* QhMoment */
    uint64_t most;   /* what the watcher allows the holder's run */
    const QhTurnsWatcher *watcher;
    gboolean hurry;
    int64_t slept_ns; /* host time when all CPUs began to wait, 0: they do not */
    int64_t adjusted_ns, real_start_ns;
};

static QhVcpu *vcpu_at(const QhTurns *turns, uint32_t index)
{
    return qh_machine_vcpu(turns->machine, index);
}

static gboolean is_holder(const QhTurns *turns, QhVcpu *vcpu)
{
    return __atomic_load_n(&turns->holder, __ATOMIC_ACQUIRE) == qh_vcpu_index(vcpu);
}

int64_t qh_turns_now(QhTurns *turns)
{
    QhVcpu *vcpu = qh_vcpu_current();
    uint64_t count;
    int64_t now;

    g_mutex_lock(&turns->lock);
    count = turns->total;
    if (turns->running && vcpu != NULL && is_holder(turns, vcpu)) {
        count += qh_vcpu_state(vcpu)->icount - turns->started;
    }
    now = (int64_t)(count << turns->shift) + turns->bias_ns;
    g_mutex_unlock(&turns->lock);
    return now;
}

static int64_t clock_now(void *data)
{
    return qh_turns_now(data);
}

/* Instructions until the virtual clock shows @when or more, at least one. */
static uint64_t insns_until(QhTurns *turns, int64_t when)
{
    int64_t now = qh_turns_now(turns);
    uint64_t ns = when > now ? (uint64_t)when - (uint64_t)now : 1;

    return MAX((ns + (G_GUINT64_CONSTANT(1) << turns->shift) - 1) >> turns->shift, 1);
}

/* The holder goes on until its turn ends or the first timer is due. */
static void set_limit(QhTurns *turns, QhVcpu *vcpu)
{
    QhCpu *cpu = qh_vcpu_state(vcpu);
    uint64_t until = insns_until(turns, qh_timers_virtual_deadline(turns->timers));
    uint64_t used = turns->running ? cpu->icount - turns->started : 0;
    uint64_t turn = turns->left > used ? turns->left - used : 1;

    uint64_t most = turns->most > used ? turns->most - used : 1;

    qh_jit_of(cpu)->hot.icount_limit = cpu->icount + MIN(MIN(until, turn), most);
}

/* A timer has moved to the front. */
static void clock_changed(void *data)
{
    QhTurns *turns = data;
    QhVcpu *vcpu = qh_vcpu_current();

    if (vcpu != NULL && is_holder(turns, vcpu)) {
        if (turns->running) {
            set_limit(turns, vcpu);
        }
    } else if (qh_machine_n_vcpus(turns->machine) > 0) {
        qh_vcpu_kick(vcpu_at(turns, __atomic_load_n(&turns->holder, __ATOMIC_ACQUIRE)));
    }
}

QhTurns *qh_turns_new(QhMachine *machine, const QhIcountOptions *options)
{
    QhTurns *turns = g_new0(QhTurns, 1);
    QhCountedClock clock = {.now = clock_now, .changed = clock_changed, .data = turns};

    g_mutex_init(&turns->lock);
    turns->machine = machine;
    turns->options = *options;
    turns->shift = options->automatic ? FIRST_SHIFT : options->shift;
    turns->timers = qh_host_timers(qh_machine_host(machine));
    turns->left = TURN;
    turns->real_start_ns = turns->adjusted_ns = qh_os_monotonic_ns();
    qh_timers_count(turns->timers, &clock);
    return turns;
}

void qh_turns_free(QhTurns *turns)
{
    if (turns != NULL) {
        g_mutex_clear(&turns->lock);
        g_free(turns);
    }
}

/* Whether any fired. */
static gboolean run_timers(QhTurns *turns)
{
    gboolean due = qh_timers_virtual_deadline(turns->timers) <= qh_turns_now(turns);

    if (due) {
        gboolean locked = qh_machine_locked_by_me(turns->machine);
        if (!locked) {
            qh_machine_lock(turns->machine);
        }
        qh_timers_run_virtual(turns->timers);
        if (!locked) {
            qh_machine_unlock(turns->machine);
        }
        turns->rounds++;
    }
    return due;
}

static void add_bias(QhTurns *turns, int64_t ns)
{
    turns->rounds++;
    g_mutex_lock(&turns->lock);
    turns->bias_ns += ns;
    g_mutex_unlock(&turns->lock);
}

/* shift=auto: guest time runs about as fast as the host's. */
static void adjust(QhTurns *turns)
{
    int64_t real = qh_os_monotonic_ns(), ahead;
    uint32_t shift = turns->shift;

    if (!turns->options.automatic || turns->watcher != NULL ||
        real - turns->adjusted_ns < ADJUST_NS) {
        return;
    }
    turns->adjusted_ns = real;
    ahead = qh_turns_now(turns) - (real - turns->real_start_ns);
    if (ahead > DIFFERENCE_NS && shift > 0) {
        shift--;
    } else if (ahead < -DIFFERENCE_NS && shift < QH_ICOUNT_SHIFT_MAX) {
        shift++;
    }
    g_mutex_lock(&turns->lock);
    turns->bias_ns += (int64_t)(turns->total << turns->shift) - (int64_t)(turns->total << shift);
    turns->shift = shift;
    g_mutex_unlock(&turns->lock);
}

/* Somebody after @from who can run, itself last; n_vcpus: nobody. */
static uint32_t next_runnable(const QhTurns *turns, uint32_t from)
{
    uint32_t n = qh_machine_n_vcpus(turns->machine);

    for (uint32_t i = 1; i <= n; i++) {
        if (qh_vcpu_can_run(vcpu_at(turns, (from + i) % n))) {
            return (from + i) % n;
        }
    }
    return n;
}

static void pass(QhTurns *turns, uint32_t to)
{
    turns->left = TURN;
    turns->rounds++;
    if (to != turns->holder) {
        __atomic_store_n(&turns->holder, to, __ATOMIC_RELEASE);
        qh_vcpu_kick(vcpu_at(turns, to));
    }
}

void qh_turns_give(QhTurns *turns, uint32_t to)
{
    pass(turns, to);
}

/* Whether somebody may not run who could. */
static gboolean is_forced(const QhTurns *turns)
{
    for (uint32_t i = 0; i < qh_machine_n_vcpus(turns->machine); i++) {
        if (qh_vcpu_is_held(vcpu_at(turns, i))) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * All wait. Time goes on to the next timer: at once, or (sleep=on) after the host has slept as
 * long. FALSE: sleep for *@ret_ns (0: until something happens) and look again.
 */
static gboolean warp(QhTurns *turns, int64_t *ret_ns)
{
    int64_t deadline = qh_timers_virtual_deadline(turns->timers), now = qh_turns_now(turns);
    int64_t real = qh_os_monotonic_ns(), elapsed;

    *ret_ns = 0;
    if (deadline == INT64_MAX) {
        return FALSE;
    }
    if (!turns->options.sleep || turns->hurry) {
        add_bias(turns, MAX(deadline - now, 0));
        return TRUE;
    }
    if (turns->slept_ns == 0) {
        turns->slept_ns = real;
    }
    elapsed = real - turns->slept_ns;
    if (elapsed < deadline - now) {
        *ret_ns = deadline - now - elapsed;
        return FALSE;
    }
    add_bias(turns, MAX(deadline - now, 0));
    turns->slept_ns = 0;
    return TRUE;
}

gboolean qh_turns_begin(QhTurns *turns, QhVcpu *vcpu, int64_t *ret_sleep_ns)
{
    uint32_t me = qh_vcpu_index(vcpu), next;

    *ret_sleep_ns = 0;
    for (;;) {
        if (!is_holder(turns, vcpu)) {
            return FALSE;
        }
        turns->most = UINT64_MAX;
        if (turns->watcher != NULL &&
            (!turns->watcher->look(turns->watcher->data, vcpu, &turns->most) ||
             !is_holder(turns, vcpu))) {
            return FALSE;
        }
        if (run_timers(turns)) {
            continue; /* the watcher sees each round */
        }
        adjust(turns);
        if (turns->left > 0 && qh_vcpu_can_run(vcpu)) {
            break;
        }
        next = next_runnable(turns, me);
        if (turns->watcher != NULL && is_forced(turns)) {
            turns->watcher->forced(turns->watcher->data, next);
        }
        if (next == me) {
            pass(turns, me);
        } else if (next < qh_machine_n_vcpus(turns->machine)) {
            turns->slept_ns = 0;
            pass(turns, next);
            return FALSE;
        } else if (!warp(turns, ret_sleep_ns)) {
            return FALSE;
        }
    }
    turns->slept_ns = 0;
    set_limit(turns, vcpu);
    g_mutex_lock(&turns->lock);
    turns->started = qh_vcpu_state(vcpu)->icount;
    turns->running = TRUE;
    g_mutex_unlock(&turns->lock);
    return TRUE;
}

void qh_turns_end(QhTurns *turns, QhVcpu *vcpu)
{
    uint64_t done = qh_vcpu_state(vcpu)->icount - turns->started;

    g_mutex_lock(&turns->lock);
    turns->total += done;
    turns->running = FALSE;
    g_mutex_unlock(&turns->lock);
    turns->left -= MIN(done, turns->left);
    qh_jit_of(qh_vcpu_state(vcpu))->hot.icount_limit = 0;
}

QhMoment qh_turns_moment(QhTurns *turns)
{
    QhVcpu *vcpu = qh_vcpu_current();
    QhMoment moment = {turns->total, turns->rounds};

    if (turns->running && vcpu != NULL && is_holder(turns, vcpu)) {
        moment.total += qh_vcpu_state(vcpu)->icount - turns->started;
    }
    return moment;
}

void qh_turns_watch(QhTurns *turns, const QhTurnsWatcher *watcher)
{
    turns->watcher = watcher;
    turns->adjusted_ns = qh_os_monotonic_ns();
}

const QhTurnsWatcher *qh_turns_watcher(QhTurns *turns)
{
    return turns->watcher;
}

void qh_turns_hurry(QhTurns *turns, gboolean hurry)
{
    turns->hurry = hurry;
    turns->slept_ns = 0;
}

void qh_turns_stream(QhTurns *turns, QhStream *stream)
{
    uint64_t total = qh_stream_number(stream, turns->total);
    uint64_t rounds = qh_stream_number(stream, turns->rounds);
    uint64_t bias = qh_stream_number(stream, (uint64_t)turns->bias_ns);
    uint64_t shift = qh_stream_number(stream, turns->shift);
    uint64_t holder = qh_stream_number(stream, turns->holder);
    uint64_t left = qh_stream_number(stream, turns->left);

    if (shift > QH_ICOUNT_SHIFT_MAX || holder >= MAX(qh_machine_n_vcpus(turns->machine), 1)) {
        qh_stream_fail(stream, "there is no such CPU or no such shift");
    }
    if (stream->mode != QH_STREAM_LOAD || !qh_stream_ok(stream)) {
        return;
    }
    g_mutex_lock(&turns->lock);
    turns->total = total;
    turns->bias_ns = (int64_t)bias;
    turns->shift = (uint32_t)shift;
    g_mutex_unlock(&turns->lock);
    turns->rounds = rounds;
    turns->left = left;
    turns->slept_ns = 0;
    __atomic_store_n(&turns->holder, (uint32_t)holder, __ATOMIC_RELEASE);
}

void qh_turns_nudge(QhTurns *turns, QhVcpu *vcpu)
{
    if (!is_holder(turns, vcpu)) {
        qh_vcpu_wake(vcpu_at(turns, __atomic_load_n(&turns->holder, __ATOMIC_ACQUIRE)));
    }
}
