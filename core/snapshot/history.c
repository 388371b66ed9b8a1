/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checkpoints form a row up to the present moment. Of RAM each has the pages that were changed
 * before the next one, as they were: to go back to a checkpoint the pages of all from the last down
 * to it are put back, and those that were passed are gone. Running forward makes them again. What a
 * checkpoint costs is what the guest changes, and the first one costs nothing.
 */
#include "core/snapshot/history-priv.h"

#include "core/char/chars.h"
#include "core/host/log.h"
#include "core/jit/jit-cpu.h"
#include "core/snapshot/snapshot.h"

static void point_free(gpointer data)
{
    QhPoint *point = data;

    g_bytes_unref(point->state);
    qh_pages_free(point->pages);
    qh_disks_free(point->disks);
    g_free(point->icount);
    g_free(point);
}

QhPoint *qh_history_point(const QhHistory *history, guint n)
{
    return g_ptr_array_index(history->points, n);
}

static QhPoint *last_point(const QhHistory *history)
{
    return qh_history_point(history, history->points->len - 1);
}

guint qh_history_n_points(const QhHistory *history)
{
    return history->points->len;
}

uint64_t qh_history_bytes(const QhHistory *history)
{
    uint64_t bytes = 0;

    for (guint i = 0; i < history->points->len; i++) {
        const QhPoint *point = qh_history_point(history, i);
        bytes += qh_pages_bytes(point->pages) + qh_disks_bytes(point->disks) +
                 g_bytes_get_size(point->state);
    }
    return bytes;
}

gboolean qh_history_is_past(const QhHistory *history)
{
    return __atomic_load_n(&history->replaying, __ATOMIC_ACQUIRE);
}

/* A page is about to change. */
static void keep_page(void *data, QhRam *ram, uint64_t offset)
{
    QhHistory *history = data;

    if (!qh_pages_keep(last_point(history)->pages, ram, offset)) {
        __atomic_store_n(&history->lost, TRUE, __ATOMIC_RELEASE);
    }
}

/* A disk is about to change. */
static void keep_disk(void *data, QhDrive *block, uint64_t offset, uint64_t bytes)
{
    QhHistory *history = data;

    if (!qh_disks_keep(last_point(history)->disks, block, offset, bytes)) {
        __atomic_store_n(&history->lost, TRUE, __ATOMIC_RELEASE);
    }
}

/* What devices may write to without asking is looked at now. */
static void keep_mapped(QhHistory *history, const GArray *mapped)
{
    QhMemory *memory = qh_machine_memory(history->machine);

    for (guint i = 0; i < mapped->len; i++) {
        const QhStreamMap *map = &g_array_index(mapped, QhStreamMap, i);
        uint64_t offset;
        QhRam *ram = qh_memory_ram_at(memory, map->pointer, &offset);

        if (ram != NULL) {
            qh_ram_keep(ram, offset, MIN(map->bytes, ram->bytes - offset));
        }
    }
}

static void forget_translations(QhMachine *machine)
{
    for (guint i = 0; i < qh_machine_n_vcpus(machine); i++) {
        qh_softmmu_flush(qh_jit_of(qh_vcpu_state(qh_machine_vcpu(machine, i))), UINT32_MAX);
    }
}

static QhPoint *point_new(QhHistory *history, GArray *mapped, GError **error)
{
    QhMachine *machine = history->machine;
    guint n = qh_machine_n_vcpus(machine);
    GBytes *state = qh_snapshot_save_with_maps(machine, mapped, error);
    QhPoint *point;

    if (state == NULL) {
        return NULL;
    }
    point = g_new0(QhPoint, 1);
    point->state = state;
    point->pages = qh_pages_new();
    point->disks = qh_disks_new();
    point->moment = qh_turns_moment(history->turns);
    point->n_events = history->next_event;
    point->icount = g_new(uint64_t, n);
    for (guint i = 0; i < n; i++) {
        point->icount[i] = qh_vcpu_state(qh_machine_vcpu(machine, i))->icount;
    }
    return point;
}

/* The point that is missed least: its neighbours are close for how long ago it was. 0: none can go.
 * The one where a search began has to stay. */
static guint choose_victim(const QhHistory *history, const QhMoment *now)
{
    guint victim = 0, first = 1;
    double least = G_MAXDOUBLE;

    while (history->go.phase != QH_GO_NOT && first < history->points->len &&
           qh_moment_reached(&history->go.from, &qh_history_point(history, first)->moment)) {
        first++;
    }
    for (guint i = first; i + 1 < history->points->len; i++) {
        uint64_t gap = qh_history_point(history, i + 1)->moment.total -
                       qh_history_point(history, i - 1)->moment.total;
        uint64_t age = now->total - qh_history_point(history, i)->moment.total + 1;
        double worth = (double)gap / (double)age;
        if (worth < least) {
            least = worth;
            victim = i;
        }
    }
    return victim;
}

static void thin_out(QhHistory *history)
{
    QhMoment now = qh_turns_moment(history->turns);

    while (history->points->len > 2 && (history->points->len > history->limits.points ||
                                        qh_history_bytes(history) > history->limits.bytes)) {
        guint victim = choose_victim(history, &now);
        if (victim == 0) {
            return;
        }
        QhPoint *point = qh_history_point(history, victim);
        qh_pages_merge(qh_history_point(history, victim - 1)->pages,
                       g_steal_pointer(&point->pages));
        qh_disks_merge(qh_history_point(history, victim - 1)->disks,
                       g_steal_pointer(&point->disks));
        g_ptr_array_remove_index(history->points, victim);
    }
    if (history->points->len == 2 && qh_history_bytes(history) > history->limits.bytes &&
        history->go.phase == QH_GO_NOT) {
        g_ptr_array_remove_index(history->points, 0);
    }
}

gboolean qh_history_add_point(QhHistory *history)
{
    g_autoptr(GArray) mapped = g_array_new(FALSE, FALSE, sizeof(QhStreamMap));
    QhPoint *point = point_new(history, mapped, NULL);

    if (point == NULL) {
        __atomic_store_n(&history->lost, TRUE, __ATOMIC_RELEASE);
        return FALSE;
    }
    point->search = history->go.phase != QH_GO_NOT ? history->go.search : 0;
    point->hits = history->go.hits;
    qh_pages_mark(last_point(history)->pages);
    g_ptr_array_add(history->points, point);
    keep_mapped(history, mapped);
    forget_translations(history->machine);
    qh_history_set_mark(history, point->moment.total);
    thin_out(history);
    return TRUE;
}

static void warn(const QhHistory *history, const char *text)
{
    qh_log_warn(qh_host_log(qh_machine_host(history->machine)), "%s", text);
}

void qh_history_rewind(QhHistory *history, guint n)
{
    QhPoint *point = qh_history_point(history, n);
    g_autoptr(GError) error = NULL;
    gboolean disks = TRUE;

    for (guint i = history->points->len; i-- > n;) {
        qh_pages_put_back(qh_history_point(history, i)->pages);
        disks = qh_disks_put_back(qh_history_point(history, i)->disks) && disks;
    }
    if (!disks) {
        warn(history, "a disk could not be put back; it is not what it was");
    }
    g_ptr_array_set_size(history->points, (gint)n + 1);
    qh_pages_free(point->pages);
    qh_disks_free(point->disks);
    point->pages = qh_pages_new();
    point->disks = qh_disks_new();
    if (!qh_snapshot_load(history->machine, point->state, &error)) {
        qh_log_error(qh_host_log(qh_machine_host(history->machine)), "%s", error->message);
    }
    history->next_event = point->n_events;
    forget_translations(history->machine);
    qh_turns_hurry(history->turns, TRUE);
    __atomic_store_n(&history->replaying, TRUE, __ATOMIC_RELEASE);
}

static void input_again(void *data)
{
    qh_chars_accept_input(qh_host_chars(data));
}

/* From here on things happen for the first time. */
static void go_live(QhHistory *history)
{
    QhHost *host = qh_machine_host(history->machine);

    if (qh_history_is_past(history)) {
        __atomic_store_n(&history->replaying, FALSE, __ATOMIC_RELEASE);
        qh_turns_hurry(history->turns, FALSE);
        qh_host_defer(host, input_again, host);
    }
}

void qh_history_cut(QhHistory *history)
{
    g_mutex_lock(&history->lock);
    g_ptr_array_set_size(history->events, (gint)history->next_event);
    g_mutex_unlock(&history->lock);
    go_live(history);
}

gboolean qh_history_restart(QhHistory *history, GError **error)
{
    QhMemory *memory = qh_machine_memory(history->machine);
    g_autoptr(GArray) mapped = g_array_new(FALSE, FALSE, sizeof(QhStreamMap));
    QhPoint *point;

    qh_history_cut(history);
    g_mutex_lock(&history->lock);
    g_ptr_array_set_size(history->events, 0);
    history->next_event = 0;
    g_mutex_unlock(&history->lock);
    point = point_new(history, mapped, error);
    if (point == NULL) {
        return FALSE;
    }
    qh_memory_set_keeper(memory, NULL, NULL);
    g_ptr_array_set_size(history->points, 0);
    g_ptr_array_add(history->points, point);
    qh_memory_keep_all(memory);
    qh_memory_set_keeper(memory, keep_page, history);
    qh_block_set_keeper(qh_host_blocks(qh_machine_host(history->machine)), keep_disk, history);
    keep_mapped(history, mapped);
    forget_translations(history->machine);
    __atomic_store_n(&history->lost, FALSE, __ATOMIC_RELEASE);
    return TRUE;
}

/* Something went wrong: the past begins here, or there is none any more. */
static void start_over(QhHistory *history, const char *why)
{
    g_autoptr(GError) error = NULL;

    if (why != NULL) {
        warn(history, why);
    }
    qh_machine_lock(history->machine);
    if (!qh_history_restart(history, &error)) {
        qh_turns_watch(history->turns, NULL);
        warn(history, error->message);
    }
    qh_machine_unlock(history->machine);
}

/* A CPU that is on its way over a breakpoint or a watched access has to get over it first. */
static gboolean point_is_due(const QhHistory *history,
                             const QhMoment *now,
                             const QhVcpu *holder,
                             uint64_t *ret_most)
{
    uint64_t next = last_point(history)->moment.total + history->limits.interval;

    if (history->go.phase == QH_GO_SEARCH && history->go.next_mark != 0) {
        next = MIN(next, history->go.next_mark);
    }
    if (now->total >= next && !qh_vcpu_gets_over(holder)) {
        return TRUE;
    }
    *ret_most = MIN(*ret_most, next > now->total ? next - now->total : 1);
    return FALSE;
}

/* QhTurnsWatcher.look */
static gboolean look(void *data, QhVcpu *holder, uint64_t *ret_most)
{
    QhHistory *history = data;
    QhMoment now = qh_turns_moment(history->turns);

    *ret_most = UINT64_MAX;
    history->told = history->told && history->go.phase != QH_GO_NOT;
    if (__atomic_load_n(&history->lost, __ATOMIC_ACQUIRE) && history->go.phase == QH_GO_NOT) {
        start_over(history, NULL);
    }
    if (!qh_history_hand_over(history, &now, ret_most)) {
        start_over(history, "the guest did not do again what it did before; its past begins here");
    }
    if (qh_history_is_past(history)) {
        if (qh_moment_reached(&now, &history->end) && history->next_event == history->events->len &&
            history->go.phase == QH_GO_NOT) {
            go_live(history);
        } else if (history->end.total > now.total) {
            *ret_most = MIN(*ret_most, history->end.total - now.total);
        }
    }
    if (history->go.phase != QH_GO_NOT && !qh_history_back_look(history, &now, holder, ret_most)) {
        return FALSE;
    }
    if (point_is_due(history, &now, holder, ret_most)) {
        qh_machine_lock(history->machine);
        (void)qh_history_add_point(history);
        qh_machine_unlock(history->machine);
        (void)point_is_due(history, &now, holder, ret_most); /* when the next one is */
    }
    return TRUE;
}

/* A debugger holds CPUs back, so the turn goes to @to, where it would not have gone by itself. */
static void give_turn(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    QhHistory *history = opaque;

    (void)data;
    (void)bytes;
    qh_turns_give(history->turns, kind);
}

static void forced(void *data, uint32_t to)
{
    QhHistory *history = data;
    const QhOutside *outside = &history->outside;

    if (to < qh_machine_n_vcpus(history->machine)) {
        outside->note_change(history, give_turn, history, to, NULL, 0);
    } else {
        outside->forget(history);
    }
}

static gboolean met(void *data, QhVcpu *vcpu)
{
    QhHistory *history = data;

    return history->go.phase != QH_GO_NOT && qh_history_back_met(history, vcpu);
}

QhHistory *qh_history_new(QhMachine *machine, const QhHistoryLimits *limits, GError **error)
{
    QhHistory *history;
    gboolean ok;

    if (qh_machine_turns(machine) == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "cannot go backwards: the machine does not run in deterministic mode "
                            "(-icount)");
        return NULL;
    }
    if (limits != NULL && (limits->interval == 0 || limits->points < 3)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot keep %u checkpoints every %" G_GUINT64_FORMAT
                    " instructions: at least 3 every 1 are possible",
                    limits->points, limits->interval);
        return NULL;
    }
    history = g_new0(QhHistory, 1);
    g_mutex_init(&history->lock);
    g_queue_init(&history->pending);
    history->machine = machine;
    history->turns = qh_machine_turns(machine);
    history->limits = limits != NULL ? *limits
                                     : (QhHistoryLimits){QH_HISTORY_INTERVAL, QH_HISTORY_POINTS,
                                                         QH_HISTORY_BYTES};
    history->points = g_ptr_array_new_with_free_func(point_free);
    history->events = g_ptr_array_new_with_free_func(qh_event_free);
    history->watcher =
        (QhTurnsWatcher){.data = history, .look = look, .met = met, .forced = forced};
    qh_history_set_outside(history);
    qh_machine_lock(machine);
    ok = qh_history_restart(history, error);
    if (ok) {
        qh_turns_watch(history->turns, &history->watcher);
        qh_machine_set_outside(machine, &history->outside);
    }
    qh_machine_unlock(machine);
    if (!ok) {
        qh_history_free(history);
        return NULL;
    }
    return history;
}

void qh_history_free(QhHistory *history)
{
    uint64_t most;

    if (history == NULL) {
        return;
    }
    qh_machine_lock(history->machine);
    qh_history_cut(history);
    if (history->points->len > 0) {
        QhMoment now = qh_turns_moment(history->turns);
        (void)qh_history_hand_over(history, &now, &most); /* what came and waits */
    }
    qh_turns_watch(history->turns, NULL);
    qh_machine_set_outside(history->machine, NULL);
    qh_memory_set_keeper(qh_machine_memory(history->machine), NULL, NULL);
    qh_block_set_keeper(qh_host_blocks(qh_machine_host(history->machine)), NULL, NULL);
    qh_machine_unlock(history->machine);
    g_ptr_array_unref(history->points);
    g_ptr_array_unref(history->events);
    g_queue_clear_full(&history->pending, qh_event_free);
    g_free(history->go.before);
    g_mutex_clear(&history->lock);
    g_free(history);
}
