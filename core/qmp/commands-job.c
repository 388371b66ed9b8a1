/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on jobs. */
#include "core/block/create.h"
#include "core/block/job.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-tables.h"

static QhBlockJob *job_of(QhHost *host, const char *id, gboolean block, GError **error)
{
    QhBlockJob *job = qh_block_job_find(qh_host_blocks(host), id);

    if (job == NULL && block) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_ACTIVE, "Block job '%.64s' not found", id);
    } else if (job == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Job not found");
    }
    return job;
}

static gboolean answer(const QhQapiType *type, QhJson *json, void *ret, GError **error)
{
    gboolean ok = qh_qapi_read(type, json, ret, error);

    qh_json_unref(json);
    return ok;
}

gboolean qh_qmp_query_jobs(QhHost *host, QhQmpJobInfoList *ret, GError **error)
{
    return answer(&qh_qapi_list_JobInfo, qh_block_jobs_describe(qh_host_blocks(host), FALSE), ret,
                  error);
}

gboolean qh_qmp_query_block_jobs(QhHost *host, QhQmpBlockJobInfoList *ret, GError **error)
{
    return answer(&qh_qapi_list_BlockJobInfo, qh_block_jobs_describe(qh_host_blocks(host), TRUE),
                  ret, error);
}

gboolean qh_qmp_job_pause(QhHost *host, const QhQmpJobPauseArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_pause(job, error);
}

gboolean qh_qmp_job_resume(QhHost *host, const QhQmpJobResumeArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_resume(job, error);
}

gboolean qh_qmp_job_cancel(QhHost *host, const QhQmpJobCancelArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_cancel(job, TRUE, error);
}

gboolean qh_qmp_job_complete(QhHost *host, const QhQmpJobCompleteArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_complete(job, error);
}

gboolean qh_qmp_job_dismiss(QhHost *host, const QhQmpJobDismissArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_dismiss(job, error);
}

gboolean qh_qmp_job_finalize(QhHost *host, const QhQmpJobFinalizeArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, FALSE, error);

    return job != NULL && qh_block_job_finalize(job, error);
}

gboolean qh_qmp_block_job_pause(QhHost *host, const QhQmpBlockJobPauseArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->device, TRUE, error);

    return job != NULL && qh_block_job_pause(job, error);
}

gboolean qh_qmp_block_job_resume(QhHost *host, const QhQmpBlockJobResumeArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->device, TRUE, error);

    return job != NULL && qh_block_job_resume(job, error);
}

gboolean qh_qmp_block_job_cancel(QhHost *host, const QhQmpBlockJobCancelArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->device, TRUE, error);

    return job != NULL && qh_block_job_cancel(job, args->has_force && args->force, error);
}

gboolean
qh_qmp_block_job_complete(QhHost *host, const QhQmpBlockJobCompleteArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->device, TRUE, error);

    return job != NULL && qh_block_job_complete(job, error);
}

gboolean
qh_qmp_block_job_dismiss(QhHost *host, const QhQmpBlockJobDismissArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, TRUE, error);

    return job != NULL && qh_block_job_dismiss(job, error);
}

gboolean
qh_qmp_block_job_finalize(QhHost *host, const QhQmpBlockJobFinalizeArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->id, TRUE, error);

    return job != NULL && qh_block_job_finalize(job, error);
}

gboolean
qh_qmp_block_job_set_speed(QhHost *host, const QhQmpBlockJobSetSpeedArgs *args, GError **error)
{
    QhBlockJob *job = job_of(host, args->device, TRUE, error);

    if (job != NULL && args->speed < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'speed' expects a non-negative value");
        return FALSE;
    }
    return job != NULL && qh_block_job_set_speed(job, (uint64_t)args->speed, error);
}

/* A child of an image to be made: only nodes that are there. */
static QhBlockNode *node_of(QhHost *host, const QhQmpBlockdevRef *ref, GError **error)
{
    if (ref == NULL || ref->branch != 1) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'file' has to be the name of a node");
        return NULL;
    }
    QhBlockNode *node = qh_block_find(qh_host_blocks(host), ref->u.reference);
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "Cannot find device='' nor node-name='%.64s'", ref->u.reference);
    }
    return node;
}

static gboolean create_qcow2(QhHost *host,
                             const char *id,
                             const QhQmpBlockdevCreateOptionsQcow2 *options,
                             GError **error)
{
    QhBlockNode *file = node_of(host, options->file, error);
    QhBlockNode *data = file != NULL && options->data_file != NULL
                            ? node_of(host, options->data_file, error)
                            : NULL;
    gboolean v2 = options->has_version && options->version == QH_QMP_BLOCKDEV_QCOW2_VERSION_V2;
    g_autofree char *data_name = data != NULL ? qh_block_node_filename(data) : NULL;

    if (file == NULL || (options->data_file != NULL && data == NULL)) {
        return FALSE;
    }
    if (options->has_preallocation && options->preallocation != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "only preallocation=off is supported yet");
        return FALSE;
    }
    if (options->backing_file != NULL && !options->has_backing_fmt) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'backing-fmt' is required with 'backing-file'");
        return FALSE;
    }
    QcCreate image = {
        .bytes = options->size,
        .cluster_bytes = options->has_cluster_size ? options->cluster_size : 65536,
        .version = v2 ? 2 : 3,
        .ref_bits = options->has_refcount_bits ? (uint32_t)options->refcount_bits : 16,
        .compression = options->has_compression_type ? options->compression_type : 0,
        .lazy = options->has_lazy_refcounts && options->lazy_refcounts,
        .extended = options->has_extended_l2 && options->extended_l2,
        .data_raw = options->has_data_file_raw && options->data_file_raw,
        .backing_name = options->backing_file,
        .backing_format = options->backing_file != NULL
                              ? qh_qapi_BlockdevDriver.values[options->backing_fmt]
                              : NULL,
        .data_name = data_name,
        .data = data,
    };
    return qh_block_create_qcow2(qh_host_blocks(host), id, file, &image, error);
}

gboolean qh_qmp_blockdev_create(QhHost *host, const QhQmpBlockdevCreateArgs *args, GError **error)
{
    switch (args->options.driver) {
    case QH_QMP_BLOCKDEV_DRIVER_FILE: {
        const QhQmpBlockdevCreateOptionsFile *file = &args->options.u.file;
        gboolean full = file->has_preallocation && file->preallocation >= 2;

        return qh_block_create_file(qh_host_blocks(host), args->job_id, file->filename, file->size,
                                    full, error);
    }
    case QH_QMP_BLOCKDEV_DRIVER_QCOW2:
        return create_qcow2(host, args->job_id, &args->options.u.qcow2, error);
    default:
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "Driver does not support blockdev-create");
        return FALSE;
    }
}
