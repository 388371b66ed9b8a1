/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three lists of armed timers, one a clock, each with an alarm of the host system that fires for
 * the first of the list. An alarm can be set from any thread without waking the main loop.
 *
 * Callbacks run on the main thread with the device lock held, taken before the list's own lock is.
 * Who frees a timer holds the device lock or is the main thread, so its callback is not running.
 */
#include "core/loop/timers.h"

#include "core/machine/machine.h"
#include "core/os/clock.h"

#include <glib-unix.h>
#include <unistd.h>

#define N_CLOCKS 3
/* Callbacks in a row before other sources of the main loop get their turn. */
#define BATCH 64

typedef struct Clock {
    QhTimers *timers;
    uint32_t id;    /* QH_CLOCK_... */
    QhTimer *first; /* armed, earliest first */
    int fd;
    guint source;
    int64_t alarm_ns; /* what the alarm is set to, on this clock; INT64_MAX: off */
} Clock;

struct QhTimers {
    QhHost *host;
    GMutex lock; /* of the lists and alarms */
    Clock clocks[N_CLOCKS];
    /* The virtual clock is the monotonic one less offset, or stands still at frozen. Atomic. */
    int64_t offset_ns;
    int64_t frozen_ns;
    gint running;
    QhCountedClock counted; /* now is NULL when the virtual clock is not counted */
    int64_t wall_offset_ns; /* of QH_CLOCK_HOST from its source */
    GHashTable *all;        /* id -> QhTimer; a snapshot names timers so */
    uint64_t last_id;
};

struct QhTimer {
    QhTimers *timers;
    Clock *clock;
    QhTimer *next;
    gboolean armed;
    uint64_t id; /* by the order in which timers were made */
    int64_t expire_ns;
    void (*fn)(void *opaque);
    void *opaque;
};

int64_t qh_timers_now(QhTimers *timers, uint32_t clock)
{
    switch (clock) {
    case QH_CLOCK_HOST:
        return (timers->counted.now != NULL ? timers->counted.now(timers->counted.data)
                                            : qh_os_wall_ns()) +
               timers->wall_offset_ns;
    case QH_CLOCK_VIRTUAL:
        if (timers->counted.now != NULL) {
            return timers->counted.now(timers->counted.data);
        }
        if (!g_atomic_int_get(&timers->running)) {
            return __atomic_load_n(&timers->frozen_ns, __ATOMIC_SEQ_CST);
        }
        return qh_os_monotonic_ns() - __atomic_load_n(&timers->offset_ns, __ATOMIC_SEQ_CST);
    default:
        return qh_os_monotonic_ns();
    }
}

/* The wall clock is a distance from the virtual one then, so the same lists serve. */
static gboolean is_counted(const Clock *clock)
{
    return clock->timers->counted.now != NULL && clock->id != QH_CLOCK_REALTIME;
}

/*
 * Make sure that the alarm fires no later than the first timer. An alarm that is too early costs
 * one turn of the loop and is left alone: guests move their next tick far more often than it fires.
 * With the lock.
 */
static void set_alarm(QhTimers *timers, Clock *clock, gboolean exactly)
{
    int64_t at = clock->first != NULL ? clock->first->expire_ns : INT64_MAX;

    if (is_counted(clock)) {
        return;
    }
    if (clock->id == QH_CLOCK_VIRTUAL && !g_atomic_int_get(&timers->running)) {
        at = INT64_MAX;
    }
    if (at == clock->alarm_ns || (!exactly && at > clock->alarm_ns)) {
        return;
    }
    clock->alarm_ns = at;
    if (clock->id == QH_CLOCK_VIRTUAL && at != INT64_MAX &&
        __builtin_add_overflow(at, timers->offset_ns, &at)) {
        at = at > 0 ? INT64_MIN : INT64_MAX;
    }
    qh_os_alarm_set(clock->fd, at);
}

static void remove_timer(QhTimer *timer)
{
    QhTimer **at = &timer->clock->first;

    while (*at != timer) {
        at = &(*at)->next;
    }
    *at = timer->next;
    timer->armed = FALSE;
}

/* The first timer whose time has come, off the list; NULL if there is none. */
static QhTimer *take_expired(Clock *clock)
{
    QhTimers *timers = clock->timers;
    QhTimer *timer = clock->first;
    gboolean stands =
        clock->id == QH_CLOCK_VIRTUAL && !is_counted(clock) && !g_atomic_int_get(&timers->running);

    if (timer == NULL || stands || timer->expire_ns > qh_timers_now(timers, clock->id)) {
        return NULL;
    }
    remove_timer(timer);
    return timer;
}

static gboolean on_alarm(gint fd, GIOCondition condition, gpointer data)
{
    Clock *clock = data;
    QhTimers *timers = clock->timers;
    QhMachine *machine = qh_host_machine(timers->host);

    (void)condition;
    if (machine != NULL) {
        qh_machine_lock(machine);
    }
    g_mutex_lock(&timers->lock);
    qh_os_alarm_acknowledge(fd);
    clock->alarm_ns = INT64_MAX;
    for (guint n = 0; n < BATCH; n++) {
        QhTimer *timer = take_expired(clock);

        if (timer == NULL) {
            break;
        }
        g_mutex_unlock(&timers->lock);
        timer->fn(timer->opaque); /* may free the timer */
        g_mutex_lock(&timers->lock);
    }
    set_alarm(timers, clock, TRUE);
    g_mutex_unlock(&timers->lock);
    if (machine != NULL) {
        qh_machine_unlock(machine);
    }
    return G_SOURCE_CONTINUE;
}

QhTimers *qh_timers_new(QhHost *host, GError **error)
{
    QhTimers *timers = g_new0(QhTimers, 1);

    timers->host = host;
    timers->all = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_mutex_init(&timers->lock);
    for (uint32_t i = 0; i < N_CLOCKS; i++) {
        Clock *clock = &timers->clocks[i];

        clock->timers = timers;
        clock->id = i;
        clock->alarm_ns = INT64_MAX;
        clock->fd = qh_os_alarm_open(i == QH_CLOCK_HOST, error);
        if (clock->fd < 0) {
            qh_timers_free(timers);
            return NULL;
        }
        clock->source = g_unix_fd_add(clock->fd, G_IO_IN, on_alarm, clock);
    }
    return timers;
}

void qh_timers_free(QhTimers *timers)
{
    if (timers == NULL) {
        return;
    }
    for (uint32_t i = 0; i < N_CLOCKS; i++) {
        Clock *clock = &timers->clocks[i];

        if (clock->source != 0) {
            g_source_remove(clock->source);
            close(clock->fd);
        }
    }
    g_hash_table_unref(timers->all);
    g_mutex_clear(&timers->lock);
    g_free(timers);
}

void qh_timers_start_virtual(QhTimers *timers)
{
    g_mutex_lock(&timers->lock);
    if (!g_atomic_int_get(&timers->running)) {
        int64_t offset = qh_os_monotonic_ns() - timers->frozen_ns;

        __atomic_store_n(&timers->offset_ns, offset, __ATOMIC_SEQ_CST);
        g_atomic_int_set(&timers->running, TRUE);
        set_alarm(timers, &timers->clocks[QH_CLOCK_VIRTUAL], TRUE);
    }
    g_mutex_unlock(&timers->lock);
}

void qh_timers_stop_virtual(QhTimers *timers)
{
    g_mutex_lock(&timers->lock);
    if (g_atomic_int_get(&timers->running)) {
        int64_t now = qh_timers_now(timers, QH_CLOCK_VIRTUAL);

        __atomic_store_n(&timers->frozen_ns, now, __ATOMIC_SEQ_CST);
        g_atomic_int_set(&timers->running, FALSE);
        set_alarm(timers, &timers->clocks[QH_CLOCK_VIRTUAL], TRUE);
    }
    g_mutex_unlock(&timers->lock);
}

void qh_timers_count(QhTimers *timers, const QhCountedClock *clock)
{
    timers->wall_offset_ns += qh_os_wall_ns() - clock->now(clock->data);
    timers->counted = *clock;
}

void qh_timers_set_wall(QhTimers *timers, int64_t start_ns)
{
    timers->wall_offset_ns += start_ns - qh_timers_now(timers, QH_CLOCK_HOST);
}

/* A time on @clock as one of the virtual clock. */
static int64_t as_virtual(const Clock *clock, int64_t ns)
{
    if (clock->id == QH_CLOCK_HOST &&
        __builtin_sub_overflow(ns, clock->timers->wall_offset_ns, &ns)) {
        return INT64_MAX;
    }
    return ns;
}

int64_t qh_timers_virtual_deadline(QhTimers *timers)
{
    int64_t first = INT64_MAX;

    g_mutex_lock(&timers->lock);
    for (uint32_t i = 0; i < N_CLOCKS; i++) {
        const Clock *clock = &timers->clocks[i];
        if (is_counted(clock) && clock->first != NULL) {
            first = MIN(first, as_virtual(clock, clock->first->expire_ns));
        }
    }
    g_mutex_unlock(&timers->lock);
    return first;
}

void qh_timers_run_virtual(QhTimers *timers)
{
    for (uint32_t i = 0; i < N_CLOCKS; i++) {
        QhTimer *timer;
        if (!is_counted(&timers->clocks[i])) {
            continue;
        }
        g_mutex_lock(&timers->lock);
        while ((timer = take_expired(&timers->clocks[i])) != NULL) {
            g_mutex_unlock(&timers->lock);
            timer->fn(timer->opaque);
            g_mutex_lock(&timers->lock);
        }
        g_mutex_unlock(&timers->lock);
    }
}

QhTimer *qh_timer_new(QhTimers *timers, uint32_t clock, void (*fn)(void *), void *opaque)
{
    QhTimer *timer = g_new0(QhTimer, 1);

    timer->timers = timers;
    timer->clock = &timers->clocks[clock < N_CLOCKS ? clock : QH_CLOCK_REALTIME];
    timer->fn = fn;
    timer->opaque = opaque;
    g_mutex_lock(&timers->lock);
    timer->id = ++timers->last_id;
    g_hash_table_insert(timers->all, &timer->id, timer);
    g_mutex_unlock(&timers->lock);
    return timer;
}

void qh_timer_free(QhTimer *timer)
{
    if (timer != NULL) {
        qh_timer_disarm(timer);
        g_mutex_lock(&timer->timers->lock);
        g_hash_table_remove(timer->timers->all, &timer->id);
        g_mutex_unlock(&timer->timers->lock);
        g_free(timer);
    }
}

void qh_timer_arm(QhTimer *timer, int64_t expire_ns)
{
    QhTimers *timers = timer->timers;
    QhTimer **at = &timer->clock->first;

    g_mutex_lock(&timers->lock);
    if (timer->armed) {
        remove_timer(timer);
    }
    while (*at != NULL && (*at)->expire_ns <= expire_ns) {
        at = &(*at)->next;
    }
    timer->expire_ns = expire_ns;
    timer->armed = TRUE;
    timer->next = *at;
    *at = timer;
    set_alarm(timers, timer->clock, FALSE);
    gboolean tell = is_counted(timer->clock) && timer->clock->first == timer;
    g_mutex_unlock(&timers->lock);
    if (tell) {
        timers->counted.changed(timers->counted.data);
    }
}

void qh_timer_disarm(QhTimer *timer)
{
    QhTimers *timers = timer->timers;

    g_mutex_lock(&timers->lock);
    if (timer->armed) {
        remove_timer(timer);
    }
    g_mutex_unlock(&timers->lock);
}

/* Clocks whose timers belong to the guest. */
static gboolean is_guest_clock(const Clock *clock)
{
    return clock->id != QH_CLOCK_REALTIME;
}

/* Behind the last one, as they were saved in order. */
static void append(QhTimer *timer, int64_t expire_ns)
{
    QhTimer **at = &timer->clock->first;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = timer;
    timer->next = NULL;
    timer->armed = TRUE;
    timer->expire_ns = expire_ns;
}

static void stream_clock(QhTimers *timers, Clock *clock, QhStream *stream)
{
    uint64_t n = 0;

    for (const QhTimer *timer = clock->first; timer != NULL; timer = timer->next) {
        n++;
    }
    n = qh_stream_number(stream, n);
    const QhTimer *next = clock->first;
    while (stream->mode == QH_STREAM_LOAD && clock->first != NULL) {
        remove_timer(clock->first);
    }
    for (uint64_t i = 0; i < n && qh_stream_ok(stream); i++) {
        gboolean save = stream->mode == QH_STREAM_SAVE;
        uint64_t id = qh_stream_number(stream, save ? next->id : 0);
        int64_t expire = (int64_t)qh_stream_number(stream, save ? (uint64_t)next->expire_ns : 0);
        QhTimer *timer = g_hash_table_lookup(timers->all, &id);
        if (save) {
            next = next->next;
        } else if (timer == NULL || timer->clock != clock) {
            qh_stream_fail(stream, "there is no such timer");
        } else if (stream->mode == QH_STREAM_LOAD) {
            append(timer, expire);
        }
    }
}

void qh_timers_stream(QhTimers *timers, QhStream *stream)
{
    g_mutex_lock(&timers->lock);
    int64_t frozen = (int64_t)qh_stream_number(stream, (uint64_t)timers->frozen_ns);
    int64_t wall = (int64_t)qh_stream_number(stream, (uint64_t)timers->wall_offset_ns);
    if (stream->mode == QH_STREAM_LOAD) {
        timers->frozen_ns = frozen;
        timers->wall_offset_ns = timers->counted.now != NULL ? wall : timers->wall_offset_ns;
    }
    for (uint32_t i = 0; i < N_CLOCKS; i++) {
        if (is_guest_clock(&timers->clocks[i])) {
            stream_clock(timers, &timers->clocks[i], stream);
            set_alarm(timers, &timers->clocks[i], stream->mode == QH_STREAM_LOAD);
        }
    }
    g_mutex_unlock(&timers->lock);
}

static int64_t host_now(QhHost *host, uint32_t clock)
{
    return qh_timers_now(qh_host_timers(host), clock);
}

static QhTimer *host_timer_new(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque)
{
    return qh_timer_new(qh_host_timers(host), clock, fn, opaque);
}

const QhTimerService qh_timer_service = {
    .size = sizeof(QhTimerService),
    .now = host_now,
    .timer_new = host_timer_new,
    .arm = qh_timer_arm,
    .disarm = qh_timer_disarm,
    .timer_free = qh_timer_free,
};
