/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from outside is put aside and handed to the guest between two instructions, by the CPU
 * that has the turn, so that there is a moment to note. In the past it comes from the notes.
 */
#include "core/snapshot/history-priv.h"

#include <string.h>

gboolean qh_moment_reached(const QhMoment *now, const QhMoment *then)
{
    return now->total > then->total || (now->total == then->total && now->rounds >= then->rounds);
}

static gboolean same(const QhMoment *a, const QhMoment *b)
{
    return a->total == b->total && a->rounds == b->rounds;
}

void qh_event_free(gpointer data)
{
    QhEvent *event = data;

    g_free(event->data);
    g_free(event);
}

static QhEvent *
event_new(QhOutsideFn fn, void *opaque, uint32_t kind, const void *data, uint32_t bytes)
{
    QhEvent *event = g_new0(QhEvent, 1);

    event->fn = fn;
    event->opaque = opaque;
    event->kind = kind;
    event->bytes = bytes;
    event->data = g_memdup2(data, bytes);
    return event;
}

static gboolean is_replaying(void *owner)
{
    const QhHistory *history = owner;

    return __atomic_load_n(&history->replaying, __ATOMIC_ACQUIRE);
}

static void
feed(void *owner, QhOutsideFn fn, void *opaque, uint32_t kind, const void *data, uint32_t bytes)
{
    QhHistory *history = owner;

    g_mutex_lock(&history->lock);
    g_queue_push_tail(&history->pending, event_new(fn, opaque, kind, data, bytes));
    g_mutex_unlock(&history->lock);
    qh_vcpu_kick(qh_machine_vcpu(history->machine, 0));
}

/* It has happened at this moment. */
static void note(QhHistory *history, QhEvent *event)
{
    event->moment = qh_turns_moment(history->turns);
    g_mutex_lock(&history->lock);
    g_ptr_array_add(history->events, event);
    history->next_event = history->events->len;
    g_mutex_unlock(&history->lock);
}

static void note_answer(void *owner, void *opaque, uint32_t value)
{
    note(owner, event_new(NULL, opaque, value, NULL, 0));
}

static QhEvent *next_event(const QhHistory *history)
{
    return history->next_event < history->events->len
               ? g_ptr_array_index(history->events, history->next_event)
               : NULL;
}

static uint32_t answer(void *owner, void *opaque, uint32_t usual)
{
    QhHistory *history = owner;
    QhMoment now = qh_turns_moment(history->turns);
    const QhEvent *event = next_event(history);

    if (event == NULL || event->fn != NULL || event->opaque != opaque ||
        !same(&event->moment, &now)) {
        return usual;
    }
    history->next_event++;
    return event->kind;
}

static void note_change(
    void *owner, QhOutsideFn fn, void *opaque, uint32_t kind, const void *data, uint32_t bytes)
{
    QhHistory *history = owner;

    qh_history_cut(history);
    note(history, event_new(fn, opaque, kind, data, bytes));
}

static void forget(void *owner)
{
    QhHistory *history = owner;

    qh_history_cut(history);
    __atomic_store_n(&history->lost, TRUE, __ATOMIC_RELEASE);
}

void qh_history_set_outside(QhHistory *history)
{
    history->outside = (QhOutside){
        .owner = history,
        .replaying = is_replaying,
        .feed = feed,
        .note_answer = note_answer,
        .answer = answer,
        .note_change = note_change,
        .forget = forget,
    };
}

static void call(QhHistory *history, const QhEvent *event)
{
    gboolean locked = qh_machine_locked_by_me(history->machine);

    if (!locked) {
        qh_machine_lock(history->machine);
    }
    event->fn(event->opaque, event->kind, event->data, event->bytes);
    if (!locked) {
        qh_machine_unlock(history->machine);
    }
}

/* From the notes. */
static gboolean replay(QhHistory *history, const QhMoment *now, uint64_t *ret_most)
{
    const QhEvent *event;

    while ((event = next_event(history)) != NULL && same(&event->moment, now) &&
           event->fn != NULL) {
        history->next_event++;
        call(history, event);
    }
    if (event == NULL) {
        return TRUE;
    }
    if (event->fn == NULL && same(&event->moment, now)) {
        return TRUE; /* the instruction that is next asks for it */
    }
    if (qh_moment_reached(now, &event->moment)) {
        return FALSE;
    }
    *ret_most = MIN(*ret_most, MAX(event->moment.total - now->total, 1));
    return TRUE;
}

static QhEvent *take_pending(QhHistory *history)
{
    QhEvent *event;

    g_mutex_lock(&history->lock);
    event = g_queue_pop_head(&history->pending);
    g_mutex_unlock(&history->lock);
    return event;
}

gboolean qh_history_hand_over(QhHistory *history, const QhMoment *now, uint64_t *ret_most)
{
    QhEvent *event;

    if (is_replaying(history)) {
        return replay(history, now, ret_most);
    }
    while ((event = take_pending(history)) != NULL) {
        note(history, event);
        call(history, event);
    }
    return TRUE;
}
