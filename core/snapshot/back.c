/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going back. The machine runs from a checkpoint up to now and counts the places where it would
 * have stopped; it runs once more and stops at the last of them. If there was none the checkpoint
 * before is tried. The first run leaves checkpoints on its way, closer and closer together, so that
 * the second one, and the next step back, are short.
 *
 * A step back is the same with single steps of one CPU as the places to stop at. Steps are counted
 * from two instructions before now on; more than two are made when exceptions come between, which
 * complete no instruction.
 */
#include "core/snapshot/history-priv.h"

#include "core/host/run-state.h"
#include "core/jit/debug.h"

/* Closer to the limit no checkpoint pays. */
#define NEAR 4096u
/* So much of the way that is left is gone before the next checkpoint on it. */
#define PART 8u

static void everybody_runs(QhMachine *machine)
{
    static const QhVcpuOrder run = {.mode = QH_VCPU_RUN};

    for (guint i = 0; i < qh_machine_n_vcpus(machine); i++) {
        qh_vcpu_set_order(qh_machine_vcpu(machine, i), &run);
    }
}

/* All watchpoints stop before the access: then there is one way to count them. */
static void take_watchpoints(QhHistory *history)
{
    guint n = qh_machine_n_clusters(history->machine);

    history->go.before = g_new0(gboolean, n);
    for (guint i = 0; i < n; i++) {
        QhEngine *engine = qh_machine_cluster(history->machine, i)->engine;
        history->go.before[i] = qh_engine_watches_before(engine);
        qh_engine_set_watch_before(engine, TRUE);
    }
}

static gboolean watched_before(const QhHistory *history, QhVcpu *vcpu)
{
    for (guint i = 0; i < qh_machine_n_clusters(history->machine); i++) {
        if (qh_machine_cluster(history->machine, i) == qh_vcpu_cluster(vcpu)) {
            return history->go.before[i];
        }
    }
    return FALSE;
}

static void end(QhHistory *history)
{
    for (guint i = 0; i < qh_machine_n_clusters(history->machine); i++) {
        qh_engine_set_watch_before(qh_machine_cluster(history->machine, i)->engine,
                                   history->go.before[i]);
    }
    g_clear_pointer(&history->go.before, g_free);
    history->go.phase = QH_GO_NOT;
    everybody_runs(history->machine);
}

void qh_history_set_mark(QhHistory *history, uint64_t total)
{
    uint64_t limit = history->go.limit.total;

    history->go.next_mark =
        limit > total && limit - total > NEAR ? limit - (limit - total) / PART : 0;
}

/* The latest point that is before the moment where this search ends. */
static guint point_before(const QhHistory *history)
{
    const QhGoingBack *go = &history->go;
    guint n = history->points->len - 1;

    while (n > 0) {
        const QhPoint *point = qh_history_point(history, n);
        gboolean early = go->how == QH_BACKWARDS_RUN
                             ? point->moment.total < go->limit.total
                             : point->icount[qh_vcpu_index(go->vcpu)] + 2 <= go->icount;
        if (early && point->moment.total <= go->limit.total) {
            break;
        }
        n--;
    }
    return n;
}

static void rewind_to(QhHistory *history, guint n)
{
    qh_machine_lock(history->machine);
    qh_history_rewind(history, n);
    qh_machine_unlock(history->machine);
    everybody_runs(history->machine);
}

/* Run from point @n to the limit. */
static QhBack search(QhHistory *history, guint n)
{
    QhGoingBack *go = &history->go;
    const QhPoint *point = qh_history_point(history, n);

    go->phase = QH_GO_SEARCH;
    go->search = ++history->last_search;
    go->hits = 0;
    go->found = go->finished = go->stepping = FALSE;
    go->from = point->moment;
    if (go->how == QH_BACKWARDS_STEP) {
        go->start =
            MAX(go->icount > 2 ? go->icount - 2 : 0, point->icount[qh_vcpu_index(go->vcpu)]);
    }
    rewind_to(history, n);
    qh_history_set_mark(history, point->moment.total);
    return QH_BACK_RESUME;
}

QhBack qh_history_back(QhHistory *history, QhBackwards how, QhVcpu *vcpu)
{
    QhGoingBack *go = &history->go;
    const QhCpu *cpu = qh_vcpu_state(vcpu);

    if (__atomic_load_n(&history->lost, __ATOMIC_ACQUIRE)) {
        return QH_BACK_BEGIN;
    }
    if (!qh_history_is_past(history)) {
        history->end = qh_turns_moment(history->turns);
    }
    *go = (QhGoingBack){
        .how = how,
        .limit = qh_turns_moment(history->turns),
        .skip = history->told ? 1 : 0,
        .vcpu = vcpu,
        .icount = cpu->icount,
        .pc = cpu->pc,
    };
    history->told = FALSE;
    take_watchpoints(history);
    qh_run_state_forget_end(qh_host_run_state(qh_machine_host(history->machine)));
    return search(history, point_before(history));
}

/* From the latest point of this search that comes before what is wanted. */
static QhBack land(QhHistory *history)
{
    QhGoingBack *go = &history->go;
    guint n = history->points->len - 1;
    const QhPoint *point = qh_history_point(history, n);
    gboolean step = go->how == QH_BACKWARDS_STEP;

    while (n > 0 && qh_moment_reached(&point->moment, &go->from) &&
           (point->search != go->search || point->hits + (step ? 0 : 1) > go->wanted) &&
           !(point->moment.total == go->from.total && point->moment.rounds == go->from.rounds)) {
        point = qh_history_point(history, --n);
    }
    go->phase = QH_GO_LAND;
    go->hits = point->search == go->search ? point->hits : 0;
    go->finished = go->over = FALSE;
    go->stepping = FALSE;
    rewind_to(history, n);
    if (step && go->hits == go->wanted && qh_vcpu_state(go->vcpu)->icount >= go->start) {
        end(history);
        return QH_BACK_DONE;
    }
    return QH_BACK_RESUME;
}

/* Nothing between the point where this run began and its end. */
static QhBack further_back(QhHistory *history)
{
    QhGoingBack *go = &history->go;
    guint n = history->points->len - 1;

    while (n > 0 && qh_moment_reached(&qh_history_point(history, n)->moment, &go->from)) {
        n--;
    }
    if (qh_moment_reached(&qh_history_point(history, n)->moment, &go->from)) {
        rewind_to(history, n);
        end(history);
        return QH_BACK_BEGIN;
    }
    go->limit = go->from;
    go->skip = 0;
    return search(history, n);
}

QhBack qh_history_stopped(QhHistory *history)
{
    QhGoingBack *go = &history->go;

    if (!go->finished) {
        end(history);
        return QH_BACK_LOST;
    }
    if (go->phase == QH_GO_LAND) {
        history->told = go->over;
        end(history);
        return QH_BACK_DONE;
    }
    go->wanted = go->how == QH_BACKWARDS_STEP ? go->last_good : go->hits;
    if (go->how == QH_BACKWARDS_STEP ? go->found : go->hits > 0) {
        return land(history);
    }
    return further_back(history);
}

gboolean qh_history_is_going_back(const QhHistory *history)
{
    return history->go.phase != QH_GO_NOT;
}

static gboolean is_where_it_was(const QhGoingBack *go)
{
    const QhCpu *cpu = qh_vcpu_state(go->vcpu);

    return cpu->icount == go->icount && cpu->pc == go->pc;
}

static void note_place(QhGoingBack *go)
{
    if (!is_where_it_was(go)) {
        go->found = TRUE;
        go->last_good = go->hits;
    }
}

static void begin_stepping(QhHistory *history)
{
    static const QhVcpuOrder step = {.mode = QH_VCPU_STEP, .first = 1};
    QhGoingBack *go = &history->go;

    go->stepping = TRUE;
    qh_vcpu_set_order(go->vcpu, &step);
    if (go->phase == QH_GO_SEARCH) {
        note_place(go);
        qh_machine_lock(history->machine);
        (void)qh_history_add_point(history);
        qh_machine_unlock(history->machine);
    }
}

/* Whether a search has nothing more to find. */
static gboolean at_limit(const QhGoingBack *go, const QhMoment *now)
{
    if (now->total != go->limit.total || go->how == QH_BACKWARDS_RUN) {
        return now->total >= go->limit.total;
    }
    /* an exception may be still to come that completes no instruction */
    return is_where_it_was(go) || now->rounds > go->limit.rounds;
}

gboolean
qh_history_back_look(QhHistory *history, const QhMoment *now, QhVcpu *holder, uint64_t *ret_most)
{
    static const QhDebugStop stop = {.kind = QH_STOP_STEP};
    QhGoingBack *go = &history->go;
    uint64_t icount = go->vcpu != NULL ? qh_vcpu_state(go->vcpu)->icount : 0;

    if (go->finished) {
        return TRUE;
    }
    if (go->how == QH_BACKWARDS_STEP && !go->stepping && icount >= go->start) {
        begin_stepping(history);
    } else if (go->how == QH_BACKWARDS_STEP && !go->stepping && holder == go->vcpu) {
        *ret_most = MIN(*ret_most, go->start - icount);
    }
    if (go->phase != QH_GO_SEARCH) {
        return TRUE;
    }
    if (at_limit(go, now)) {
        go->finished = TRUE;
        qh_vcpu_stop_for(holder, &stop);
        return FALSE;
    }
    *ret_most = MIN(*ret_most, MAX(go->limit.total - now->total, 1));
    return TRUE;
}

static gboolean met_step(QhHistory *history)
{
    QhGoingBack *go = &history->go;
    QhMoment now = qh_turns_moment(history->turns);

    if (go->phase == QH_GO_SEARCH && now.total > go->limit.total) {
        go->finished = TRUE;
        return FALSE;
    }
    go->hits++;
    if (go->phase == QH_GO_SEARCH) {
        note_place(go);
        return TRUE;
    }
    go->finished = go->hits == go->wanted;
    return !go->finished;
}

/* Runs on for one instruction, so that it stops behind the access. */
static gboolean step_over_access(QhHistory *history, QhVcpu *vcpu)
{
    static const QhVcpuOrder step = {.mode = QH_VCPU_STEP, .first = 1};

    history->go.stop = qh_vcpu_stop_reason(vcpu);
    history->go.over = TRUE;
    qh_vcpu_set_order(vcpu, &step);
    return TRUE;
}

static gboolean met_point(QhHistory *history, QhVcpu *vcpu)
{
    QhGoingBack *go = &history->go;
    QhMoment now = qh_turns_moment(history->turns);

    if (go->phase == QH_GO_SEARCH && now.total + go->skip >= go->limit.total) {
        go->finished = TRUE;
        return FALSE;
    }
    go->hits++;
    if (go->phase == QH_GO_SEARCH || go->hits < go->wanted) {
        return TRUE;
    }
    if (qh_vcpu_stop_reason(vcpu).kind == QH_STOP_WATCHPOINT && watched_before(history, vcpu)) {
        return step_over_access(history, vcpu);
    }
    go->finished = TRUE;
    return FALSE;
}

gboolean qh_history_back_met(QhHistory *history, QhVcpu *vcpu)
{
    QhGoingBack *go = &history->go;
    gboolean step = qh_vcpu_stop_reason(vcpu).kind == QH_STOP_STEP;

    if (go->finished) {
        return FALSE;
    }
    if (go->over && step) {
        qh_vcpu_stop_for(vcpu, &go->stop);
        go->finished = TRUE;
        return FALSE;
    }
    if (go->how == QH_BACKWARDS_STEP) {
        return step && vcpu == go->vcpu ? met_step(history) : TRUE;
    }
    return step ? TRUE : met_point(history, vcpu);
}
