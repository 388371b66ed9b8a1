/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that users make for devices: it has a number that they can pin, and a main context of
 * its own for who wants to run work there. Disks hand their requests to the block layer's threads
 * in any case, so nothing waits for one of these.
 */
#include "core/object/object-priv.h"

typedef struct Iothread {
    QhObjectHead base;
    uint64_t poll_max_ns, poll_grow, poll_shrink, poll_weight, batch, pool_min, pool_max;
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    GMutex lock; /* of tid */
    GCond started;
    int tid;
} Iothread;

static gpointer run(gpointer data)
{
    Iothread *iothread = data;

    g_main_context_push_thread_default(iothread->context);
    g_mutex_lock(&iothread->lock);
    iothread->tid = (int)gettid();
    g_cond_signal(&iothread->started);
    g_mutex_unlock(&iothread->lock);
    g_main_loop_run(iothread->loop);
    g_main_context_pop_thread_default(iothread->context);
    return NULL;
}

static gboolean complete(QhObjectHead *object, GError **error)
{
    Iothread *iothread = (Iothread *)object;
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = g_strdup_printf("IO %.12s", object->id);

    if (iothread->pool_max != 0 && iothread->pool_min > iothread->pool_max) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'thread-pool-min' is greater than 'thread-pool-max'");
        return FALSE;
    }
    g_mutex_init(&iothread->lock);
    g_cond_init(&iothread->started);
    iothread->context = g_main_context_new();
    iothread->loop = g_main_loop_new(iothread->context, FALSE);
    iothread->thread = g_thread_try_new(name, run, iothread, &cause);
    if (iothread->thread == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make a thread: %s", cause->message);
        return FALSE;
    }
    g_mutex_lock(&iothread->lock);
    while (iothread->tid == 0) {
        g_cond_wait(&iothread->started, &iothread->lock);
    }
    g_mutex_unlock(&iothread->lock);
    return TRUE;
}

static gboolean quit(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void release(QhObjectHead *object)
{
    Iothread *iothread = (Iothread *)object;

    if (iothread->context == NULL) {
        return;
    }
    if (iothread->thread != NULL) {
        /* on the thread itself, so that a loop that has not begun yet ends, too */
        GSource *source = g_idle_source_new();

        g_source_set_callback(source, quit, iothread->loop, NULL);
        g_source_attach(source, iothread->context);
        g_source_unref(source);
        g_thread_join(iothread->thread);
    }
    g_main_loop_unref(iothread->loop);
    g_main_context_unref(iothread->context);
    g_mutex_clear(&iothread->lock);
    g_cond_clear(&iothread->started);
}

static int thread_id(QhObjectHead *object)
{
    return ((Iothread *)object)->tid;
}

static GMainContext *context(QhObjectHead *object)
{
    return ((Iothread *)object)->context;
}

static const QhIothreadMethods methods = {
    .size = sizeof(QhIothreadMethods),
    .thread_id = thread_id,
    .context = context,
};

#define NUMBER(name_, member_, default_, description_)                                             \
    QH_PROPERTY(name_, QH_PROPERTY_U64, offsetof(Iothread, member_), default_, 0, 0, description_)

static const QhProperty rows[] = {
    NUMBER("poll-max-ns", poll_max_ns, "0", "accepted: it sleeps when there is nothing to do"),
    NUMBER("poll-grow", poll_grow, "0", "accepted"),
    NUMBER("poll-shrink", poll_shrink, "0", "accepted"),
    NUMBER("poll-weight", poll_weight, "0", "accepted"),
    NUMBER("aio-max-batch", batch, "0", "accepted"),
    NUMBER("thread-pool-min", pool_min, "0", "accepted"),
    NUMBER("thread-pool-max", pool_max, "64", "accepted"),
};
static const QhPropertyTable properties = QH_OBJECT_PROPERTIES(rows);

const QhObjectOps qh_object_iothread = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Iothread),
    .description = "a thread for devices",
    .properties = &properties,
    .interface = QH_IOTHREAD_INTERFACE,
    .methods = &methods,
    .complete = complete,
    .release = release,
};
