/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands on disks; what they do is done by the QMP commands. */
#include "core/block/describe.h"
#include "core/cli/keyval.h"
#include "core/device/instance.h"
#include "core/qmp/monitor.h"
#include "qapi/qapi-commands-block-job.h"
#include "qapi/qapi-commands-block.h"

#include <string.h>

#define WORDS_MAX 8u

/* "-f" and the like before the words. */
typedef struct Words {
    char **all; /* owned */
    const char *word[WORDS_MAX];
    guint n;
    GString *flags;
} Words;

/* FALSE, with the error told, when there are less than @least words, or what cannot be parsed. */
static gboolean split(const QhMonitorCall *call, guint least, Words *ret)
{
    int argc = 0;

    *ret = (Words){.flags = g_string_new(NULL)};
    (void)g_shell_parse_argv(call->args, &argc, &ret->all, NULL);
    for (int i = 0; i < argc; i++) {
        const char *word = ret->all[i];

        if (word[0] == '-' && g_ascii_isalpha(word[1]) && ret->n == 0) {
            g_string_append(ret->flags, word + 1);
        } else if (ret->n < WORDS_MAX) {
            ret->word[ret->n++] = word;
        }
    }
    if (ret->n < least) {
        g_string_append(call->out, "Error: parameters are missing; 'help' shows them\n");
    }
    return ret->n >= least;
}

static void words_clear(Words *words)
{
    g_strfreev(words->all);
    g_string_free(words->flags, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static gboolean has_flag(const Words *words, char flag)
{
    return strchr(words->flags->str, flag) != NULL;
}

static void report(const QhMonitorCall *call, GError *error)
{
    if (error != NULL) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        g_error_free(error);
    }
}

static gboolean number(const QhMonitorCall *call, const char *text, int64_t *ret)
{
    uint64_t value = 0;

    if (!qh_size_parse(text, &value, NULL) || value > INT64_MAX) {
        g_string_append_printf(call->out, "Error: '%.64s' is no number\n", text);
        return FALSE;
    }
    *ret = (int64_t)value;
    return TRUE;
}

static char *word(const Words *words, guint i)
{
    return i < words->n ? (char *)(uintptr_t)words->word[i] : NULL;
}

void qh_monitor_block_resize(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockResizeArgs args = {0};
    GError *error = NULL;

    if (split(call, 2, &words) && number(call, word(&words, 1), &args.size)) {
        args.device = word(&words, 0);
        (void)qh_qmp_block_resize(call->host, &args, &error);
        report(call, error);
    }
}

/* block_stream DEVICE [SPEED [BASE]] */
void qh_monitor_block_stream(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockStreamArgs args = {0};
    GError *error = NULL;

    if (!split(call, 1, &words) || (words.n > 1 && !number(call, word(&words, 1), &args.speed))) {
        return;
    }
    args.device = word(&words, 0);
    args.has_speed = words.n > 1;
    args.base = word(&words, 2);
    (void)qh_qmp_block_stream(call->host, &args, &error);
    report(call, error);
}

/* drive_backup [-n] [-f] [-c] DEVICE TARGET [FORMAT] */
void qh_monitor_drive_backup(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpDriveBackup args = {0};
    GError *error = NULL;

    if (!split(call, 2, &words)) {
        return;
    }
    args.device = word(&words, 0);
    args.target = word(&words, 1);
    args.format = word(&words, 2);
    args.sync = has_flag(&words, 'f') ? QH_QMP_MIRROR_SYNC_MODE_FULL : QH_QMP_MIRROR_SYNC_MODE_TOP;
    args.has_mode = TRUE;
    args.mode = has_flag(&words, 'n') ? QH_QMP_NEW_IMAGE_MODE_EXISTING
                                      : QH_QMP_NEW_IMAGE_MODE_ABSOLUTE_PATHS;
    args.has_compress = TRUE;
    args.compress = has_flag(&words, 'c');
    (void)qh_qmp_drive_backup(call->host, &args, &error);
    report(call, error);
}

/* drive_mirror [-n] [-f] DEVICE TARGET [FORMAT] */
void qh_monitor_drive_mirror(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpDriveMirror args = {0};
    GError *error = NULL;

    if (!split(call, 2, &words)) {
        return;
    }
    args.device = word(&words, 0);
    args.target = word(&words, 1);
    args.format = word(&words, 2);
    args.sync = has_flag(&words, 'f') ? QH_QMP_MIRROR_SYNC_MODE_FULL : QH_QMP_MIRROR_SYNC_MODE_TOP;
    args.has_mode = TRUE;
    args.mode = has_flag(&words, 'n') ? QH_QMP_NEW_IMAGE_MODE_EXISTING
                                      : QH_QMP_NEW_IMAGE_MODE_ABSOLUTE_PATHS;
    (void)qh_qmp_drive_mirror(call->host, &args, &error);
    report(call, error);
}

void qh_monitor_eject(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpEjectArgs args = {0};
    GError *error = NULL;

    if (split(call, 1, &words)) {
        args.device = word(&words, 0);
        args.has_force = TRUE;
        args.force = has_flag(&words, 'f');
        (void)qh_qmp_eject(call->host, &args, &error);
        report(call, error);
    }
}

/* change DEVICE FILE [FORMAT [retain|read-only|read-write]] */
void qh_monitor_change_medium(const QhMonitorCall *call)
{
    static const char *const modes[] = {"retain", "read-only", "read-write"};
    g_auto(Words) words;
    QhQmpBlockdevChangeMediumArgs args = {0};
    GError *error = NULL;

    if (!split(call, 2, &words)) {
        return;
    }
    args.device = word(&words, 0);
    args.filename = word(&words, 1);
    args.format = word(&words, 2);
    args.has_force = TRUE;
    args.force = has_flag(&words, 'f');
    for (guint i = 0; words.n > 3 && i < G_N_ELEMENTS(modes); i++) {
        if (g_str_equal(modes[i], word(&words, 3))) {
            args.has_read_only_mode = TRUE;
            args.read_only_mode = i;
        }
    }
    (void)qh_qmp_blockdev_change_medium(call->host, &args, &error);
    report(call, error);
}

/* drive_add [-n] ADDRESS OPTIONS: the address, of a time when it made devices, is not looked at */
void qh_monitor_drive_add(const QhMonitorCall *call)
{
    g_auto(Words) words;
    GError *error = NULL;

    if (!split(call, 2, &words)) {
        return;
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(word(&words, 1), NULL, &error);
    g_autoptr(QhJson) options = qh_json_new_object();
    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        qh_json_set(options, qh_keyval_key(items, i),
                    qh_json_new_string(qh_keyval_value(items, i)));
    }
    const QhJson *interface = qh_json_get(options, "if");
    if (items != NULL && (interface == NULL || !g_str_equal(qh_json_string(interface), "none"))) {
        g_string_append(call->out, "Error: only drives with if=none can be added; device_add "
                                   "then makes the device\n");
        return;
    }
    if (items != NULL && qh_block_drive_add(qh_host_blocks(call->host), options, NULL, &error)) {
        g_string_append(call->out, "OK\n");
    }
    report(call, error);
}

void qh_monitor_drive_del(const QhMonitorCall *call)
{
    g_auto(Words) words;
    GError *error = NULL;

    if (split(call, 1, &words)) {
        (void)qh_block_drive_del(qh_host_blocks(call->host), word(&words, 0), &error);
        report(call, error);
    }
}

/* block_set_io_throttle DEVICE BPS BPS_RD BPS_WR IOPS IOPS_RD IOPS_WR */
void qh_monitor_block_throttle(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockSetIoThrottleArgs args = {0};
    int64_t *values[] = {&args.bps,  &args.bps_rd,  &args.bps_wr,
                         &args.iops, &args.iops_rd, &args.iops_wr};
    GError *error = NULL;

    if (!split(call, 7, &words)) {
        return;
    }
    args.device = word(&words, 0);
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        if (!number(call, word(&words, i + 1), values[i])) {
            return;
        }
    }
    (void)qh_qmp_block_set_io_throttle(call->host, &args, &error);
    report(call, error);
}

/* snapshot_blkdev [-n] DEVICE FILE [FORMAT] */
void qh_monitor_snapshot_blkdev(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockdevSnapshotSync args = {0};
    GError *error = NULL;

    if (split(call, 2, &words)) {
        args.device = word(&words, 0);
        args.snapshot_file = word(&words, 1);
        args.format = word(&words, 2);
        args.has_mode = TRUE;
        args.mode = has_flag(&words, 'n') ? QH_QMP_NEW_IMAGE_MODE_EXISTING
                                          : QH_QMP_NEW_IMAGE_MODE_ABSOLUTE_PATHS;
        (void)qh_qmp_blockdev_snapshot_sync(call->host, &args, &error);
        report(call, error);
    }
}

void qh_monitor_snapshot_internal(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockdevSnapshotInternal args = {0};
    GError *error = NULL;

    if (split(call, 2, &words)) {
        args.device = word(&words, 0);
        args.name = word(&words, 1);
        (void)qh_qmp_blockdev_snapshot_internal_sync(call->host, &args, &error);
        report(call, error);
    }
}

/* snapshot_delete_blkdev_internal DEVICE NAME [ID] */
void qh_monitor_snapshot_delete(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockdevSnapshotDeleteInternalSyncArgs args = {0};
    QhQmpSnapshotInfo info = {0};
    GError *error = NULL;

    if (split(call, 2, &words)) {
        args.device = word(&words, 0);
        args.name = word(&words, 1);
        args.id = word(&words, 2);
        (void)qh_qmp_blockdev_snapshot_delete_internal_sync(call->host, &args, &info, &error);
        g_free(info.id);
        g_free(info.name);
        report(call, error);
    }
}

void qh_monitor_job_set_speed(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockJobSetSpeedArgs args = {0};
    GError *error = NULL;

    if (split(call, 2, &words) && number(call, word(&words, 1), &args.speed)) {
        args.device = word(&words, 0);
        (void)qh_qmp_block_job_set_speed(call->host, &args, &error);
        report(call, error);
    }
}

void qh_monitor_job_cancel(const QhMonitorCall *call)
{
    g_auto(Words) words;
    QhQmpBlockJobCancelArgs args = {0};
    GError *error = NULL;

    if (split(call, 1, &words)) {
        args.device = word(&words, 0);
        args.has_force = TRUE;
        args.force = has_flag(&words, 'f');
        (void)qh_qmp_block_job_cancel(call->host, &args, &error);
        report(call, error);
    }
}

void qh_monitor_job_complete(const QhMonitorCall *call)
{
    g_auto(Words) words;
    GError *error = NULL;

    if (split(call, 1, &words)) {
        QhQmpBlockJobCompleteArgs args = {.device = word(&words, 0)};

        (void)qh_qmp_block_job_complete(call->host, &args, &error);
        report(call, error);
    }
}

void qh_monitor_job_pause(const QhMonitorCall *call)
{
    g_auto(Words) words;
    GError *error = NULL;

    if (split(call, 1, &words)) {
        QhQmpBlockJobPauseArgs args = {.device = word(&words, 0)};

        (void)qh_qmp_block_job_pause(call->host, &args, &error);
        report(call, error);
    }
}

void qh_monitor_job_resume(const QhMonitorCall *call)
{
    g_auto(Words) words;
    GError *error = NULL;

    if (split(call, 1, &words)) {
        QhQmpBlockJobResumeArgs args = {.device = word(&words, 0)};

        (void)qh_qmp_block_job_resume(call->host, &args, &error);
        report(call, error);
    }
}
