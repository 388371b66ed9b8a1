/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info block, info block-jobs, commit, and requests by hand: qemu-io. */
#include "core/block/commit.h"
#include "core/block/describe.h"
#include "core/block/job.h"
#include "core/device/instance.h"
#include "core/qmp/monitor.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX (64u << 20)

static const char *text_of(const QhJson *object, const char *key)
{
    const QhJson *value = object != NULL ? qh_json_get(object, key) : NULL;

    return value != NULL ? qh_json_string(value) : NULL;
}

static gboolean is_true(const QhJson *object, const char *key)
{
    const QhJson *value = object != NULL ? qh_json_get(object, key) : NULL;

    return value != NULL && qh_json_bool(value);
}

static uint64_t number_of(const QhJson *object, const char *key)
{
    const QhJson *value = qh_json_get(object, key);
    int64_t number = 0;

    return value != NULL && qh_json_int(value, &number) ? (uint64_t)number : 0;
}

static void show_limits(GString *out, const QhJson *node)
{
    static const char *const names[] = {"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};
    gboolean any = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        any = any || number_of(node, names[i]) != 0;
    }
    if (!any) {
        return;
    }
    g_string_append(out, "    I/O throttling:  ");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_string_append_printf(out, " %s=%" G_GUINT64_FORMAT, names[i], number_of(node, names[i]));
    }
    g_string_append_c(out, '\n');
}

static void show_node(GString *out, const QhJson *node)
{
    const QhJson *cache = qh_json_get(node, "cache");
    const char *zeroes = text_of(node, "detect_zeroes");

    g_string_append_printf(out, "    Cache mode:       %s%s%s\n",
                           is_true(cache, "writeback") ? "writeback" : "writethrough",
                           is_true(cache, "direct") ? ", direct" : "",
                           is_true(cache, "no-flush") ? ", ignore flushes" : "");
    if (text_of(node, "backing_file") != NULL) {
        g_string_append_printf(
            out, "    Backing file:     %s (chain depth: %" G_GUINT64_FORMAT ")\n",
            text_of(node, "backing_file"), number_of(node, "backing_file_depth"));
    }
    if (zeroes != NULL && !g_str_equal(zeroes, "off")) {
        g_string_append_printf(out, "    Detect zeroes:    %s\n", zeroes);
    }
    show_limits(out, node);
}

static void show_head(GString *out, const char *name, const QhJson *node)
{
    g_string_append(out, name);
    if (node == NULL) {
        g_string_append(out, ": [not inserted]\n");
        return;
    }
    const char *node_name = text_of(node, "node-name");
    if (node_name != NULL && !g_str_equal(name, node_name)) {
        g_string_append_printf(out, "%s(%s)", *name != '\0' ? " " : "", node_name);
    }
    g_string_append_printf(out, ": %s (%s%s)\n", text_of(node, "file"), text_of(node, "drv"),
                           is_true(node, "ro") ? ", read-only" : "");
}

static void show_device(GString *out, const QhJson *device)
{
    const QhJson *node = qh_json_get(device, "inserted");

    show_head(out, text_of(device, "device"), node);
    if (text_of(device, "qdev") != NULL) {
        g_string_append_printf(out, "    Attached to:      %s\n", text_of(device, "qdev"));
    }
    if (is_true(device, "removable")) {
        g_string_append_printf(out, "    Removable device: %slocked, tray %s\n",
                               is_true(device, "locked") ? "" : "not ",
                               is_true(device, "tray_open") ? "open" : "closed");
    }
    const char *status = text_of(device, "io-status");
    if (status != NULL && !g_str_equal(status, "ok")) {
        g_string_append_printf(out, "    I/O status:       %s\n", status);
    }
    if (node != NULL) {
        show_node(out, node);
    }
}

/* info block [-n] [-v] [DEVICE] */
void qh_monitor_info_block(const QhMonitorCall *call)
{
    gboolean nodes = strstr(call->args, "-n") != NULL;
    const char *wanted = strrchr(call->args, ' ');
    QhBlockGraph *graph = qh_host_blocks(call->host);
    g_autoptr(QhJson) list =
        nodes ? qh_block_describe_nodes(graph, TRUE) : qh_block_describe_devices(graph);
    guint shown = 0;

    wanted = wanted != NULL && wanted[1] != '-' ? wanted + 1 : "";
    for (size_t i = 0; i < qh_json_length(list); i++) {
        const QhJson *one = qh_json_at(list, i);
        const char *name = text_of(one, nodes ? "node-name" : "device");

        if (*wanted != '\0' && g_strcmp0(wanted, name) != 0) {
            continue;
        }
        g_string_append(call->out, shown++ > 0 ? "\n" : "");
        if (nodes) {
            show_head(call->out, name, one);
            show_node(call->out, one);
        } else {
            show_device(call->out, one);
        }
    }
}

void qh_monitor_info_block_jobs(const QhMonitorCall *call)
{
    g_autoptr(QhJson) jobs = qh_block_jobs_describe(qh_host_blocks(call->host), TRUE);

    if (qh_json_length(jobs) == 0) {
        g_string_append(call->out, "No active jobs\n");
    }
    for (size_t i = 0; i < qh_json_length(jobs); i++) {
        const QhJson *job = qh_json_at(jobs, i);

        g_string_append_printf(
            call->out,
            "Type %s, device %s: Completed %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
            " bytes, speed limit %" G_GUINT64_FORMAT " bytes/s\n",
            text_of(job, "type"), text_of(job, "device"), number_of(job, "offset"),
            number_of(job, "len"), number_of(job, "speed"));
    }
}

typedef struct CommitAll {
    const QhMonitorCall *call;
    gboolean any;
} CommitAll;

static void commit_one(QhDrive *block, void *data)
{
    CommitAll *all = data;
    QhBlockNode *node = qh_block_device_node(block);
    g_autoptr(GError) error = NULL;
    gboolean every = g_str_equal(all->call->args, "all");

    if (!every && !g_str_equal(qh_block_device_id(block), all->call->args)) {
        return;
    }
    all->any = TRUE;
    if (node == NULL || qh_block_node_backing(node) == NULL) {
        if (!every) {
            g_string_append(all->call->out, "Error: the drive has no backing file\n");
        }
    } else if (!qh_block_commit_now(node, &error)) {
        g_string_append_printf(all->call->out, "'commit' error for '%s': %s\n",
                               qh_block_device_id(block), error->message);
    }
}

void qh_monitor_commit(const QhMonitorCall *call)
{
    CommitAll all = {call, FALSE};

    qh_block_device_foreach(qh_host_blocks(call->host), commit_one, &all);
    if (!all.any && !g_str_equal(call->args, "all")) {
        g_string_append_printf(call->out, "Error: Device '%.64s' not found\n", call->args);
    }
}

/* One request of qemu-io. */
typedef struct Io {
    const char *verb;
    gboolean zero, unmap, has_pattern;
    uint8_t pattern;
    uint64_t offset, bytes;
} Io;

static gboolean parse_io(char **words, Io *ret)
{
    uint64_t numbers[2] = {0, 0};
    guint n = 0;

    *ret = (Io){.verb = words[0]};
    for (guint i = 1; words[0] != NULL && words[i] != NULL; i++) {
        if (g_str_equal(words[i], "-z")) {
            ret->zero = TRUE;
        } else if (g_str_equal(words[i], "-u")) {
            ret->unmap = TRUE;
        } else if (g_str_equal(words[i], "-P") && words[i + 1] != NULL) {
            ret->has_pattern = TRUE;
            ret->pattern = (uint8_t)g_ascii_strtoull(words[++i], NULL, 0);
        } else if (words[i][0] == '-') {
            continue;
        } else if (n == 2 || !qh_size_parse(words[i], &numbers[n++], NULL)) {
            return FALSE;
        }
    }
    ret->offset = numbers[0];
    ret->bytes = numbers[1];
    return words[0] != NULL && ret->bytes <= BYTES_MAX &&
           (n == 2 || g_str_equal(words[0], "flush"));
}

static int do_io(QhBlockNode *node, const Io *io, GString *out)
{
    g_autofree uint8_t *data = g_try_malloc(io->bytes + 1);
    int error = ENOTSUP;

    if (data == NULL) {
        return ENOMEM;
    }
    memset(data, io->has_pattern ? io->pattern : 0xcd, io->bytes);
    if (g_str_equal(io->verb, "flush")) {
        return qh_block_flush(node);
    }
    if (g_str_equal(io->verb, "discard")) {
        error = qh_block_discard(node, io->offset, io->bytes);
    } else if (g_str_equal(io->verb, "write")) {
        error = io->zero
                    ? qh_block_zero(node, io->offset, io->bytes, io->unmap ? QH_BLOCK_UNMAP : 0)
                    : qh_block_write(node, io->offset, data, io->bytes);
    } else if (g_str_equal(io->verb, "read")) {
        error = qh_block_read(node, io->offset, data, io->bytes);
        for (uint64_t i = 0; error == 0 && io->has_pattern && i < io->bytes; i++) {
            if (data[i] != io->pattern) {
                g_string_append_printf(out,
                                       "Pattern verification failed at offset %" G_GUINT64_FORMAT
                                       ", %" G_GUINT64_FORMAT " bytes\n",
                                       io->offset, io->bytes);
                break;
            }
        }
    }
    if (error == 0) {
        g_string_append_printf(out,
                               "%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
                               " bytes at offset %" G_GUINT64_FORMAT "\n",
                               g_str_equal(io->verb, "write") ? "wrote" : io->verb, io->bytes,
                               io->bytes, io->offset);
    }
    return error;
}

static void run_io(const QhMonitorCall *call, const char *name, const Io *io)
{
    QhBlockGraph *graph = qh_host_blocks(call->host);
    QhDrive *block = qh_block_device_find(graph, name);
    QhBlockNode *node = block != NULL ? qh_block_device_node(block) : qh_block_find(graph, name);
    gboolean reads = g_str_equal(io->verb, "read");
    g_autoptr(GError) error = NULL;
    QhBlockUser *own = NULL, *user = block != NULL ? qh_block_device_user(block) : NULL;

    if (node == NULL) {
        g_string_append_printf(call->out, "Error: there is no disk '%.64s'\n", name);
        return;
    }
    if (user == NULL || qh_block_device_instance(block) == NULL) {
        own = user =
            qh_block_user_new(node, "qemu-io", QH_BLOCK_USE_READ | (reads ? 0 : QH_BLOCK_USE_WRITE),
                              QH_BLOCK_USE_ALL, &error);
    }
    if (user == NULL) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    qh_block_user_enter(user, TRUE);
    int failed = qh_block_node_read_only(node) && !reads ? EROFS : do_io(node, io, call->out);
    qh_block_user_leave(user);
    if (failed != 0) {
        g_string_append_printf(call->out, "%s failed: %s\n", io->verb, g_strerror(failed));
    }
    qh_block_user_free(own);
}

/* qemu-io DISK "read|write|discard|flush [-P BYTE] [-z] [-u] OFFSET BYTES" */
void qh_monitor_qemu_io(const QhMonitorCall *call)
{
    g_auto(GStrv) outer = NULL;
    g_auto(GStrv) words = NULL;
    Io io;

    if (!g_shell_parse_argv(call->args, NULL, &outer, NULL) || g_strv_length(outer) != 2 ||
        !g_shell_parse_argv(outer[1], NULL, &words, NULL) || !parse_io(words, &io)) {
        g_string_append(call->out, "Error: qemu-io DISK \"read|write|discard|flush [-P BYTE] [-z] "
                                   "[-u] OFFSET BYTES\"\n");
        return;
    }
    run_io(call, outer[0], &io);
}
