/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs: work on images that takes its time, on a thread of its own. What a job does is in its ops;
 * the way from created to null, with its events, is the same for all.
 */
#ifndef QH_CORE_BLOCK_JOB_H
#define QH_CORE_BLOCK_JOB_H

#include "core/block/block.h"

typedef struct QhBlockJob QhBlockJob;

/* As QMP's JobStatus has them. */
typedef enum {
    QH_JOB_UNDEFINED,
    QH_JOB_CREATED,
    QH_JOB_RUNNING,
    QH_JOB_PAUSED,
    QH_JOB_READY,
    QH_JOB_STANDBY,
    QH_JOB_WAITING,
    QH_JOB_PENDING,
    QH_JOB_ABORTING,
    QH_JOB_CONCLUDED,
    QH_JOB_NULL,
} QhBlockJobStatus;

typedef struct QhBlockJobOps {
    const char *type;  /* "mirror" */
    gboolean is_block; /* shown by query-block-jobs, with BLOCK_JOB_... events */
    /* The work; qh_block_job_step between its pieces. FALSE with @error set. [the job's thread] */
    gboolean (*run)(QhBlockJob *job, GError **error);
    /* Optional: run has succeeded and the job is to take effect. [main] */
    gboolean (*commit)(QhBlockJob *job, GError **error);
    /* Mandatory: free data; the job has an end, good or bad. [main] */
    void (*clean)(QhBlockJob *job);
} QhBlockJobOps;

/* What a job does about errors, as BlockdevOnError has them. */
typedef enum {
    QH_JOB_ON_REPORT, /* it fails */
    QH_JOB_ON_IGNORE, /* it goes on */
    QH_JOB_ON_ENOSPC, /* stop when the host's disk is full, otherwise report */
    QH_JOB_ON_STOP,   /* it pauses, and tries again when it is resumed */
    QH_JOB_ON_AUTO,   /* report */
} QhBlockJobOnError;

typedef struct QhBlockJobOptions {
    gboolean manual_finalize, manual_dismiss;
    uint64_t speed;                      /* bytes a second; 0: no limit */
    QhBlockJobOnError on_read, on_write; /* of the source, of the target */
} QhBlockJobOptions;

/* A job that has not begun; owned by the graph. NULL with @error: the id is taken, or none. @data
 * is freed by clean, also on failure after this. [main] */
QhBlockJob *qh_block_job_new(QhBlockGraph *graph,
                             const char *id,
                             const QhBlockJobOps *ops,
                             const QhBlockJobOptions *options,
                             void *data,
                             GError **error);
void qh_block_job_start(QhBlockJob *job); /* [main] */
QhBlockJob *qh_block_job_find(QhBlockGraph *graph, const char *id);
void *qh_block_job_data(QhBlockJob *job);
QhBlockGraph *qh_block_job_graph(QhBlockJob *job);

/* For run: bytes done since the last step. Waits while the job is held or too fast; FALSE when it
 * is to end (cancelled). [job's thread] */
gboolean qh_block_job_step(QhBlockJob *job, uint64_t bytes);
void qh_block_job_set_total(QhBlockJob *job, uint64_t bytes); /* [any] */
void qh_block_job_add_total(QhBlockJob *job, uint64_t bytes);
/* A read (or write) of the job failed with @failed: the event. TRUE when it is to go on, after a
 * step that may wait; FALSE when it is to fail. [job's thread] */
gboolean qh_block_job_failed(QhBlockJob *job, gboolean read, int failed);
/*
 * The work of a job that goes once over @length bytes: @piece, with the job's data, does what is at
 * @offset, up to @bytes of it, with @memory of that size; *@ret_done: how much that was,
 * *@ret_read: whether it was reading that failed. 0 or an errno, which the job's policy judges. In
 * the end @target is flushed. FALSE with @error, or when the job was cancelled. [the job's thread]
 */
typedef int (*QhBlockJobPiece)(void *data,
                               uint64_t offset,
                               uint64_t bytes,
                               void *memory,
                               uint64_t *ret_done,
                               gboolean *ret_read);
gboolean qh_block_job_pieces(
    QhBlockJob *job, uint64_t length, QhBlockJobPiece piece, QhBlockNode *target, GError **error);
/* It could end now: READY. Returns, some time after, TRUE when it is to look for more to do, FALSE
 * when it is to end: completed, or cancelled. [job's thread] */
gboolean qh_block_job_ready(QhBlockJob *job);
gboolean qh_block_job_cancelled(QhBlockJob *job);  /* and not after it was ready [any] */
gboolean qh_block_job_completing(QhBlockJob *job); /* complete was asked for [any] */

/* What users ask for. FALSE with @error when the job's state does not allow it. [main] */
gboolean qh_block_job_pause(QhBlockJob *job, GError **error);
gboolean qh_block_job_resume(QhBlockJob *job, GError **error);
gboolean qh_block_job_cancel(QhBlockJob *job, gboolean force, GError **error);
gboolean qh_block_job_complete(QhBlockJob *job, GError **error);
gboolean qh_block_job_finalize(QhBlockJob *job, GError **error);
gboolean qh_block_job_dismiss(QhBlockJob *job, GError **error);
gboolean qh_block_job_set_speed(QhBlockJob *job, uint64_t speed, GError **error);

QhJson *qh_block_jobs_describe(QhBlockGraph *graph, gboolean block); /* JobInfo, BlockJobInfo */
void qh_block_jobs_free(QhBlockGraph *graph);                        /* cancels and waits */

/* job-copy.c: a copy of @source on @target. [main] */
typedef enum { QH_COPY_FULL, QH_COPY_TOP, QH_COPY_NONE, QH_COPY_BITMAP } QhCopySync;
/* What becomes of the bitmap: BitmapSyncMode. */
typedef enum { QH_BITMAP_ON_SUCCESS, QH_BITMAP_NEVER, QH_BITMAP_ALWAYS } QhBitmapSync;
typedef struct QhBlockMirror {
    QhBlockNode *source, *target;
    QhBlockNode *replaces; /* the target takes its place in the end; NULL: the source's */
    QhCopySync sync;
    gboolean blocking; /* a write is done when it is in the copy, too */
} QhBlockMirror;
gboolean qh_block_mirror(QhBlockGraph *graph,
                         const char *id,
                         const QhBlockMirror *what,
                         const QhBlockJobOptions *options,
                         GError **error);
/* job-backup.c */
typedef struct QhBlockBackup {
    QhBlockNode *source, *target;
    QhCopySync sync;
    gboolean compress;
    const char *bitmap; /* of @source, for QH_COPY_BITMAP; otherwise NULL */
    QhBitmapSync bitmap_sync;
} QhBlockBackup;
gboolean qh_block_backup(QhBlockGraph *graph,
                         const char *id,
                         const QhBlockBackup *what,
                         const QhBlockJobOptions *options,
                         GError **error);
/* job-stream.c: what is below @node, down to and without @base (NULL: all), comes up into it. The
 * image then calls its backing file @backing_name (NULL: as @base is called). */
gboolean qh_block_stream(QhBlockGraph *graph,
                         const char *id,
                         QhBlockNode *node,
                         QhBlockNode *base,
                         const char *backing_name,
                         const QhBlockJobOptions *options,
                         GError **error);
/* job-commit.c: what @top, which is below @active, has above @base goes into @base, on which the
 * node above @top then stands. */
gboolean qh_block_commit_middle(QhBlockGraph *graph,
                                const char *id,
                                QhBlockNode *active,
                                QhBlockNode *top,
                                QhBlockNode *base,
                                const char *backing_name,
                                const QhBlockJobOptions *options,
                                GError **error);
/* job-copy.c: what @top has above @base goes into @base, which then takes @top's place. */
gboolean qh_block_commit(QhBlockGraph *graph,
                         const char *id,
                         QhBlockNode *top,
                         QhBlockNode *base,
                         const QhBlockJobOptions *options,
                         GError **error);

#endif
