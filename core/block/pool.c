/* SPDX-License-Identifier: GPL-2.0-or-later *
 * One thread without work looks for some for a moment before it sleeps: the next request of a guest
 * that waits for each of them comes soon, and waking a thread takes longer than writing a page.
 */
/*
 * Who brings work wakes one thread and goes on. That thread wakes the next one if there is more, so
 * that a batch of requests costs its sender one call into the system, and work that is soon done
 * keeps few threads awake.
 *
 * Threads are made by threads of the pool: a CPU that brings work may not make any (core/sandbox),
 * and what it made would have no more rights than it has. So one is there from the start, whoever
 * takes work sees to it that another one stands by, and the last one stays.
 */
#include "core/block/pool.h"
#include "core/sandbox/sandbox.h"

#define LOOK_US 30                    /* how long a thread looks for more work before it sleeps */
#define IDLE_US (10 * G_USEC_PER_SEC) /* a thread without work leaves after this */

typedef struct Work {
    void (*fn)(void *data);
    void *data;
} Work;

struct QhBlockPool {
    GMutex lock; /* of all that follows */
    GCond work, gone;
    GQueue queue; /* Work * */
    guint threads, idle, max;
    gint length;       /* atomic, of queue: for who looks without the lock */
    gboolean can_look; /* there is a CPU to spare for that */
    gboolean looking;  /* one thread does */
    gboolean waking;   /* a thread was woken, or begun, and has not looked yet */
    gboolean ending;
};

QhBlockPool *qh_block_pool_new(guint max_threads)
{
    QhBlockPool *pool = g_new0(QhBlockPool, 1);

    g_mutex_init(&pool->lock);
    g_cond_init(&pool->work);
    g_cond_init(&pool->gone);
    g_queue_init(&pool->queue);
    pool->max = max_threads;
    pool->can_look = g_get_num_processors() > 1;
    return pool;
}

void qh_block_pool_free(QhBlockPool *pool)
{
    if (pool == NULL) {
        return;
    }
    g_mutex_lock(&pool->lock);
    pool->ending = TRUE;
    g_cond_broadcast(&pool->work);
    while (pool->threads > 0) {
        g_cond_wait(&pool->gone, &pool->lock);
    }
    g_mutex_unlock(&pool->lock);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->work);
    g_cond_clear(&pool->gone);
    g_free(pool);
}

static gboolean grow(QhBlockPool *pool);

/* With the lock: one more thread to look for work, unless one is on its way. FALSE: there is none,
 * and none can be had. */
static gboolean wake(QhBlockPool *pool)
{
    if (pool->waking || pool->looking) {
        return TRUE;
    }
    if (pool->idle > 0) {
        pool->waking = TRUE;
        g_cond_signal(&pool->work);
        return TRUE;
    }
    if (pool->threads == 0 && grow(pool)) {
        pool->waking = TRUE;
    }
    return pool->threads > 0;
}

/* With the lock, which is let go of meanwhile. */
static void look(QhBlockPool *pool)
{
    gint64 until = g_get_monotonic_time() + LOOK_US;

    pool->looking = TRUE;
    g_mutex_unlock(&pool->lock);
    while (g_atomic_int_get(&pool->length) == 0 && g_get_monotonic_time() < until) {
        continue;
    }
    g_mutex_lock(&pool->lock);
    pool->looking = FALSE;
}

/* The next piece of work; NULL: the thread is to leave. With the lock. */
static Work *next(QhBlockPool *pool)
{
    gint64 until = 0;

    if (pool->queue.length == 0 && pool->can_look && !pool->looking) {
        look(pool);
    }
    while (pool->queue.length == 0 && !pool->ending) {
        until = until != 0 ? until : g_get_monotonic_time() + IDLE_US;
        pool->idle++;
        gboolean woken = g_cond_wait_until(&pool->work, &pool->lock, until);
        pool->idle--;
        pool->waking = FALSE;
        if (!woken && pool->queue.length == 0) {
            if (pool->threads > 1) {
                return NULL;
            }
            until = 0;
        }
    }
    Work *work = g_queue_pop_head(&pool->queue);
    g_atomic_int_set(&pool->length, (gint)pool->queue.length);
    if (pool->idle == 0 && pool->threads < pool->max && !pool->ending) {
        (void)grow(pool);
    } else if (pool->queue.length > 0) {
        (void)wake(pool);
    }
    return work;
}

static gpointer run(gpointer data)
{
    QhBlockPool *pool = data;
    Work *work;

    g_mutex_lock(&pool->lock);
    pool->waking = FALSE;
    while ((work = next(pool)) != NULL) {
        g_mutex_unlock(&pool->lock);
        qh_sandbox_enter(QH_SANDBOX_IO);
        work->fn(work->data);
        g_free(work);
        g_mutex_lock(&pool->lock);
    }
    pool->threads--;
    g_cond_broadcast(&pool->gone);
    g_mutex_unlock(&pool->lock);
    return NULL;
}

static gpointer run_narrow(gpointer data)
{
    qh_sandbox_inherit();
    return run(data);
}

/* One more thread, with the lock; without it work waits for those that are there, or is done here
 * when there are none. */
static gboolean grow(QhBlockPool *pool)
{
    GThread *thread =
        g_thread_try_new("block", qh_sandbox_entered() ? run_narrow : run, pool, NULL);

    if (thread == NULL) {
        return FALSE;
    }
    pool->threads++;
    g_thread_unref(thread);
    return TRUE;
}

void qh_block_pool_prepare(QhBlockPool *pool)
{
    g_mutex_lock(&pool->lock);
    if (pool->threads == 0) {
        grow(pool); /* if not, the first request tries again */
    }
    g_mutex_unlock(&pool->lock);
}

void qh_block_pool_push(QhBlockPool *pool, void (*fn)(void *data), void *data)
{
    Work *work = g_new(Work, 1);

    *work = (Work){fn, data};
    g_mutex_lock(&pool->lock);
    if (!wake(pool)) {
        g_mutex_unlock(&pool->lock);
        g_free(work);
        fn(data);
        return;
    }
    g_queue_push_tail(&pool->queue, work);
    g_atomic_int_set(&pool->length, (gint)pool->queue.length);
    g_mutex_unlock(&pool->lock);
}
