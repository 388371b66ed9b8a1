/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/job.h"
#include "core/block/block-priv.h"
#include "core/qmp/qmp.h"

#include <errno.h>
#include <string.h>

#define PIECE (512u << 10) /* bytes between two looks at what the user wants */

struct QhBlockJob {
    QhBlockGraph *graph;
    char *id;
    const QhBlockJobOps *ops;
    void *data;
    QhBlockJobOptions options;
    GThread *thread;
    char *error; /* why it failed */

    GMutex lock; /* of what follows */
    GCond changed;
    QhBlockJobStatus status;
    uint64_t done, total;
    uint64_t slice_start_us, slice_bytes; /* for the speed */
    gboolean paused, cancel, complete, was_ready, ok, soft_cancel;
    int io_error; /* it stands still because of that errno */
};

static const char *const statuses[] = {"undefined", "created",   "running", "paused",
                                       "ready",     "standby",   "waiting", "pending",
                                       "aborting",  "concluded", "null"};

/* Events keep their order: those of the thread and those of the main thread go one way. */
static void send(QhBlockJob *job, const char *name, QhJson *data)
{
    qh_qmp_emit_later(job->graph->host, name, data);
}

/* With the lock. */
static void set_status(QhBlockJob *job, QhBlockJobStatus status)
{
    QhJson *data = qh_json_new_object();

    job->status = status;
    qh_json_set(data, "id", qh_json_new_string(job->id));
    qh_json_set(data, "status", qh_json_new_string(statuses[status]));
    send(job, "JOB_STATUS_CHANGE", data);
}

static void move_on(QhBlockJob *job, QhBlockJobStatus status)
{
    g_mutex_lock(&job->lock);
    set_status(job, status);
    g_mutex_unlock(&job->lock);
}

/* BLOCK_JOB_READY and the like. */
static void send_block(QhBlockJob *job, const char *name)
{
    QhJson *data;

    if (!job->ops->is_block) {
        return;
    }
    data = qh_json_new_object();
    qh_json_set(data, "type", qh_json_new_string(job->ops->type));
    qh_json_set(data, "device", qh_json_new_string(job->id));
    qh_json_set(data, "len", qh_json_new_int((int64_t)job->total));
    qh_json_set(data, "offset", qh_json_new_int((int64_t)job->done));
    qh_json_set(data, "speed", qh_json_new_int((int64_t)job->options.speed));
    if (job->error != NULL && g_str_equal(name, "BLOCK_JOB_COMPLETED")) {
        qh_json_set(data, "error", qh_json_new_string(job->error));
    }
    send(job, name, data);
}

static GList *jobs_of(QhBlockGraph *graph)
{
    return graph->jobs;
}

QhBlockJob *qh_block_job_find(QhBlockGraph *graph, const char *id)
{
    for (GList *at = jobs_of(graph); at != NULL; at = at->next) {
        QhBlockJob *job = at->data;

        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    return NULL;
}

QhBlockJob *qh_block_job_new(QhBlockGraph *graph,
                             const char *id,
                             const QhBlockJobOps *ops,
                             const QhBlockJobOptions *options,
                             void *data,
                             GError **error)
{
    if (id == NULL || *id == '\0' || strlen(id) > 127) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "An explicit job ID is required");
        return NULL;
    }
    if (qh_block_job_find(graph, id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Job ID '%s' already in use", id);
        return NULL;
    }
    QhBlockJob *job = g_new0(QhBlockJob, 1);
    job->graph = graph;
    job->id = g_strdup(id);
    job->ops = ops;
    job->data = data;
    job->options = *options;
    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    graph->jobs = g_list_append(jobs_of(graph), job);
    move_on(job, QH_JOB_CREATED);
    return job;
}

static void job_free(QhBlockJob *job)
{
    job->graph->jobs = g_list_remove(jobs_of(job->graph), job);
    move_on(job, QH_JOB_NULL);
    g_mutex_clear(&job->lock);
    g_cond_clear(&job->changed);
    g_free(job->error);
    g_free(job->id);
    g_free(job);
}

static void conclude(QhBlockJob *job)
{
    gboolean cancelled = job->error == NULL && !job->ok;

    job->ops->clean(job);
    send_block(job, cancelled ? "BLOCK_JOB_CANCELLED" : "BLOCK_JOB_COMPLETED");
    move_on(job, QH_JOB_CONCLUDED);
    if (!job->options.manual_dismiss) {
        job_free(job);
    }
}

static void take_effect(QhBlockJob *job)
{
    g_autoptr(GError) error = NULL;

    if (job->ops->commit != NULL && !job->ops->commit(job, &error)) {
        job->ok = FALSE;
        job->error = g_strdup(error->message);
        move_on(job, QH_JOB_ABORTING);
    }
    conclude(job);
}

/* The thread has ended. [main] */
static void ended(void *data)
{
    QhBlockJob *job = data;

    g_thread_join(g_steal_pointer(&job->thread));
    if (!job->ok) {
        move_on(job, QH_JOB_ABORTING);
        conclude(job);
        return;
    }
    move_on(job, QH_JOB_WAITING);
    move_on(job, QH_JOB_PENDING);
    if (job->options.manual_finalize) {
        QhJson *event = qh_json_new_object();

        qh_json_set(event, "type", qh_json_new_string(job->ops->type));
        qh_json_set(event, "id", qh_json_new_string(job->id));
        if (job->ops->is_block) {
            send(job, "BLOCK_JOB_PENDING", event);
        } else {
            qh_json_unref(event);
        }
        return;
    }
    take_effect(job);
}

static gpointer run(gpointer data)
{
    QhBlockJob *job = data;
    g_autoptr(GError) error = NULL;
    gboolean ok = job->ops->run(job, &error);

    g_mutex_lock(&job->lock);
    job->ok = ok;
    if (!ok && error != NULL && !job->cancel) {
        job->error = g_strdup(error->message);
    }
    g_mutex_unlock(&job->lock);
    qh_host_defer(job->graph->host, ended, job);
    return NULL;
}

void qh_block_job_start(QhBlockJob *job)
{
    move_on(job, QH_JOB_RUNNING);
    job->thread = g_thread_new("job", run, job);
}

void *qh_block_job_data(QhBlockJob *job)
{
    return job->data;
}

QhBlockGraph *qh_block_job_graph(QhBlockJob *job)
{
    return job->graph;
}

void qh_block_job_set_total(QhBlockJob *job, uint64_t bytes)
{
    g_mutex_lock(&job->lock);
    job->total = bytes;
    g_mutex_unlock(&job->lock);
}

void qh_block_job_add_total(QhBlockJob *job, uint64_t bytes)
{
    g_mutex_lock(&job->lock);
    job->total += bytes;
    g_mutex_unlock(&job->lock);
}

/* With the lock: stand still as long as the user wants it. */
static void hold(QhBlockJob *job)
{
    if (!job->paused || job->cancel) {
        return;
    }
    set_status(job, job->was_ready ? QH_JOB_STANDBY : QH_JOB_PAUSED);
    while (job->paused && !job->cancel) {
        g_cond_wait(&job->changed, &job->lock);
    }
    set_status(job, job->was_ready ? QH_JOB_READY : QH_JOB_RUNNING);
}

/* With the lock: no faster than the limit. */
static void slow_down(QhBlockJob *job, uint64_t bytes)
{
    job->slice_bytes += bytes;
    while (job->options.speed != 0 && !job->cancel) {
        uint64_t now = (uint64_t)g_get_monotonic_time();
        uint64_t due = job->slice_start_us +
                       (uint64_t)((double)job->slice_bytes * 1e6 / (double)job->options.speed);

        if (job->slice_start_us == 0 || now >= due + G_USEC_PER_SEC) {
            job->slice_start_us = now;
            job->slice_bytes = 0;
            return;
        }
        if (now >= due) {
            return;
        }
        g_cond_wait_until(&job->changed, &job->lock, (gint64)due);
    }
}

gboolean qh_block_job_step(QhBlockJob *job, uint64_t bytes)
{
    g_mutex_lock(&job->lock);
    job->done += bytes;
    slow_down(job, bytes);
    hold(job);
    gboolean on = !job->cancel;
    g_mutex_unlock(&job->lock);
    return on;
}

gboolean qh_block_job_failed(QhBlockJob *job, gboolean read, int failed)
{
    static const char *const actions[] = {"report", "ignore", "stop"};
    QhBlockJobOnError on = read ? job->options.on_read : job->options.on_write;
    guint action = on == QH_JOB_ON_IGNORE                       ? 1
                   : on == QH_JOB_ON_STOP                       ? 2
                   : on == QH_JOB_ON_ENOSPC && failed == ENOSPC ? 2
                                                                : 0;
    QhJson *data = qh_json_new_object();

    qh_json_set(data, "device", qh_json_new_string(job->id));
    qh_json_set(data, "operation", qh_json_new_string(read ? "read" : "write"));
    qh_json_set(data, "action", qh_json_new_string(actions[action]));
    send(job, "BLOCK_JOB_ERROR", data);
    g_mutex_lock(&job->lock);
    if (action == 2 && !job->cancel) {
        job->paused = TRUE;
        job->io_error = failed;
    }
    g_mutex_unlock(&job->lock);
    if (action == 1) {
        g_usleep(1000); /* an error that stays must not keep a CPU busy */
    }
    return action != 0;
}

gboolean qh_block_job_pieces(
    QhBlockJob *job, uint64_t length, QhBlockJobPiece piece, QhBlockNode *target, GError **error)
{
    g_autofree void *memory = g_try_malloc(PIECE);
    int failed = memory != NULL ? 0 : ENOMEM;

    qh_block_job_set_total(job, length);
    for (uint64_t at = 0; at < length && failed == 0;) {
        uint64_t done = 0;
        gboolean read = TRUE;

        failed = piece(qh_block_job_data(job), at, MIN(PIECE, length - at), memory, &done, &read);
        if (failed != 0 && qh_block_job_failed(job, read, failed)) {
            failed = 0;
            done = 0;
        }
        at += done;
        if (!qh_block_job_step(job, done)) {
            return FALSE;
        }
    }
    failed = failed != 0 ? failed : qh_block_flush(target);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s", g_strerror(failed));
    }
    return failed == 0;
}

gboolean qh_block_job_ready(QhBlockJob *job)
{
    g_mutex_lock(&job->lock);
    if (!job->was_ready && !job->cancel) {
        job->was_ready = TRUE;
        set_status(job, QH_JOB_READY);
        send_block(job, "BLOCK_JOB_READY");
    }
    if (!job->cancel && !job->complete) {
        g_cond_wait_until(&job->changed, &job->lock, g_get_monotonic_time() + 20000);
    }
    hold(job);
    gboolean more = !job->cancel && !job->complete;
    g_mutex_unlock(&job->lock);
    return more;
}

gboolean qh_block_job_cancelled(QhBlockJob *job)
{
    g_mutex_lock(&job->lock);
    gboolean cancelled = job->cancel;
    g_mutex_unlock(&job->lock);
    return cancelled;
}

gboolean qh_block_job_completing(QhBlockJob *job)
{
    g_mutex_lock(&job->lock);
    gboolean completing = job->complete && !job->soft_cancel;
    g_mutex_unlock(&job->lock);
    return completing;
}

static gboolean refuse(const QhBlockJob *job, const char *verb, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                "Job '%s' in state '%s' cannot accept command verb '%s'", job->id,
                statuses[job->status], verb);
    return FALSE;
}

static gboolean alive(const QhBlockJob *job)
{
    return job->status >= QH_JOB_CREATED && job->status <= QH_JOB_STANDBY;
}

gboolean qh_block_job_pause(QhBlockJob *job, GError **error)
{
    if (!alive(job)) {
        return refuse(job, "pause", error);
    }
    if (job->paused) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Job is already paused");
        return FALSE;
    }
    g_mutex_lock(&job->lock);
    job->paused = TRUE;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return TRUE;
}

gboolean qh_block_job_resume(QhBlockJob *job, GError **error)
{
    if (!alive(job)) {
        return refuse(job, "resume", error);
    }
    if (!job->paused) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Can't resume a job that was not paused");
        return FALSE;
    }
    g_mutex_lock(&job->lock);
    job->paused = FALSE;
    job->io_error = 0;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return TRUE;
}

gboolean qh_block_job_cancel(QhBlockJob *job, gboolean force, GError **error)
{
    if (!alive(job) && job->status != QH_JOB_PENDING) {
        return refuse(job, "cancel", error);
    }
    g_mutex_lock(&job->lock);
    gboolean pending = job->status == QH_JOB_PENDING;
    /* a copy that is up to date stays one: the job ends well, without taking effect */
    if (job->was_ready && !force && !pending) {
        job->complete = TRUE;
        job->ok = TRUE;
        job->paused = FALSE;
        job->options.speed = 0;
        job->soft_cancel = TRUE;
    } else {
        job->cancel = TRUE;
        job->ok = FALSE;
    }
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    if (pending) {
        move_on(job, QH_JOB_ABORTING);
        conclude(job);
    }
    return TRUE;
}

gboolean qh_block_job_complete(QhBlockJob *job, GError **error)
{
    if (job->status != QH_JOB_READY) {
        if (alive(job) && job->ops->is_block) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                        "The active block job '%s' cannot be completed", job->id);
            return FALSE;
        }
        return refuse(job, "complete", error);
    }
    g_mutex_lock(&job->lock);
    job->complete = TRUE;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return TRUE;
}

gboolean qh_block_job_finalize(QhBlockJob *job, GError **error)
{
    if (job->status != QH_JOB_PENDING) {
        return refuse(job, "finalize", error);
    }
    take_effect(job);
    return TRUE;
}

gboolean qh_block_job_dismiss(QhBlockJob *job, GError **error)
{
    if (job->status != QH_JOB_CONCLUDED) {
        return refuse(job, "dismiss", error);
    }
    job_free(job);
    return TRUE;
}

gboolean qh_block_job_set_speed(QhBlockJob *job, uint64_t speed, GError **error)
{
    if (!alive(job)) {
        return refuse(job, "set-speed", error);
    }
    g_mutex_lock(&job->lock);
    job->options.speed = speed;
    job->slice_start_us = 0;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return TRUE;
}

static QhJson *describe(QhBlockJob *job, gboolean block)
{
    QhJson *info = qh_json_new_object();

    g_mutex_lock(&job->lock);
    qh_json_set(info, "type", qh_json_new_string(job->ops->type));
    qh_json_set(info, "status", qh_json_new_string(statuses[job->status]));
    qh_json_set(info, block ? "device" : "id", qh_json_new_string(job->id));
    qh_json_set(info, block ? "offset" : "current-progress", qh_json_new_int((int64_t)job->done));
    qh_json_set(info, block ? "len" : "total-progress", qh_json_new_int((int64_t)job->total));
    if (block) {
        qh_json_set(info, "busy", qh_json_new_bool(job->status == QH_JOB_RUNNING));
        qh_json_set(info, "paused", qh_json_new_bool(job->paused));
        qh_json_set(info, "speed", qh_json_new_int((int64_t)job->options.speed));
        qh_json_set(info, "io-status",
                    qh_json_new_string(job->io_error == 0        ? "ok"
                                       : job->io_error == ENOSPC ? "nospace"
                                                                 : "failed"));
        qh_json_set(info, "ready", qh_json_new_bool(job->was_ready));
        qh_json_set(info, "auto-finalize", qh_json_new_bool(!job->options.manual_finalize));
        qh_json_set(info, "auto-dismiss", qh_json_new_bool(!job->options.manual_dismiss));
    }
    if (job->error != NULL) {
        qh_json_set(info, "error", qh_json_new_string(job->error));
    }
    g_mutex_unlock(&job->lock);
    return info;
}

QhJson *qh_block_jobs_describe(QhBlockGraph *graph, gboolean block)
{
    QhJson *array = qh_json_new_array();

    for (GList *at = jobs_of(graph); at != NULL; at = at->next) {
        QhBlockJob *job = at->data;

        if (!block || job->ops->is_block) {
            qh_json_append(array, describe(job, block));
        }
    }
    return array;
}

void qh_block_jobs_free(QhBlockGraph *graph)
{
    while (graph->jobs != NULL) {
        QhBlockJob *job = jobs_of(graph)->data;

        g_mutex_lock(&job->lock);
        job->cancel = TRUE;
        job->paused = FALSE;
        job->options.manual_dismiss = FALSE;
        g_cond_broadcast(&job->changed);
        g_mutex_unlock(&job->lock);
        if (job->thread != NULL) {
            g_thread_join(g_steal_pointer(&job->thread));
        }
        if (job->status < QH_JOB_CONCLUDED) {
            job->ops->clean(job);
        }
        job_free(job);
    }
}
