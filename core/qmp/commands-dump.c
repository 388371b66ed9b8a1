/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and the device tree into files. Writing takes long, so the replies come later; what can be
 * wrong is found out before.
 */
#include "core/dump/dump.h"
#include "core/fd/fds.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"
#include "core/qmp/later.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp-priv.h"
#include "core/qmp/stopped.h"
#include "core/vcpu/vcpu.h"
#include "qapi/qapi-commands-dump.h"
#include "qapi/qapi-tables.h"

#include <string.h>

#define PAGE_BYTES    4096u
#define MAX_SAVE_SIZE (1ull << 32)

typedef struct Save {
    QhHost *host;
    QhLater *later;
} Save;

static QhMachine *need_machine(QhHost *host, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "there is no machine");
    }
    return machine;
}

gboolean qh_qmp_dumpdtb(QhHost *host, const QhQmpDumpdtbArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, error);

    return machine != NULL && qh_machine_dump_device_tree(machine, args->filename, error);
}

static void saved(void *data, const GError *error)
{
    Save *save = data;

    if (error != NULL && save->later == NULL) {
        qh_log_error(qh_host_log(save->host), "%s", error->message);
    }
    qh_later_done(save->later, error);
    g_free(save);
}

static gboolean
save_runs(QhHost *host, const char *path, QhSpace *space, const GArray *runs, GError **error)
{
    int fd = qh_dump_open(qh_host_dumps(host), path, error);

    if (fd < 0) {
        return FALSE;
    }
    Save *save = g_new0(Save, 1);
    save->host = host;
    qh_dump_write(qh_host_dumps(host), fd, NULL, space, runs, NULL, saved, save);
    save->later = qh_later_begin(host);
    return TRUE;
}

/* Virtual pages as runs of physical ones. The CPUs stand still. */
static gboolean
translate(QhVcpu *vcpu, uint64_t address, uint64_t bytes, GArray *runs, GError **error)
{
    const QhCpuOps *ops = qh_vcpu_cluster(vcpu)->cpu_ops;

    while (bytes > 0) {
        uint64_t part = MIN(bytes, PAGE_BYTES - (address & (PAGE_BYTES - 1))), phys = address;
        QhDumpRun *last = runs->len > 0 ? &g_array_index(runs, QhDumpRun, runs->len - 1) : NULL;

        if ((ops->debug_translate != NULL &&
             !ops->debug_translate(qh_vcpu_state(vcpu), address, &phys)) ||
            !qh_space_is_memory(qh_vcpu_cluster(vcpu)->space, phys, part)) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                        "Invalid addr 0x%016" G_GINT64_MODIFIER "x: no memory is mapped there",
                        address);
            return FALSE;
        }
        if (last != NULL && last->address + last->bytes == phys) {
            last->bytes += part;
        } else {
            const QhDumpRun run = {phys, part};

            g_array_append_val(runs, run);
        }
        address += part;
        bytes -= part;
    }
    return TRUE;
}

gboolean qh_qmp_memsave(QhHost *host, const QhQmpMemsaveArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, error);
    int64_t index = args->has_cpu_index ? args->cpu_index : 0;
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(QhDumpRun));

    if (machine == NULL) {
        return FALSE;
    }
    if (index < 0 || index >= qh_machine_n_vcpus(machine)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Parameter 'cpu-index' expects a CPU number, there is no CPU %" G_GINT64_FORMAT,
                    index);
        return FALSE;
    }
    if (args->size > MAX_SAVE_SIZE || args->val > UINT64_MAX - args->size) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'size' expects at most 4 GiB, within 64 bits of addresses");
        return FALSE;
    }
    QhVcpu *vcpu = qh_machine_vcpu(machine, (guint)index);
    gboolean resume = qh_stopped_begin(host);
    gboolean ok = translate(vcpu, args->val, args->size, runs, error);
    qh_stopped_end(host, resume);
    return ok && save_runs(host, args->filename, qh_vcpu_cluster(vcpu)->space, runs, error);
}

gboolean qh_qmp_pmemsave(QhHost *host, const QhQmpPmemsaveArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, error);
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(QhDumpRun));
    const QhDumpRun run = {args->val, args->size};

    if (machine == NULL) {
        return FALSE;
    }
    QhSpace *space = qh_machine_system(machine);
    if (args->size > 0 && (args->val > UINT64_MAX - args->size ||
                           !qh_space_is_memory(space, args->val, args->size))) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "not all of the %" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER
                    "x are memory",
                    args->size, args->val);
        return FALSE;
    }
    if (args->size > 0) {
        g_array_append_val(runs, run);
    }
    return save_runs(host, args->filename, space, runs, error);
}

/* dump-guest-memory: one at a time, of which query-dump tells. */
struct QhQmpDump {
    QhHost *host;
    QhLater *later;
    gboolean resume; /* the guest ran before */
    gboolean detached;
    uint32_t status;
    uint64_t written, total; /* written: atomic */
};

static QhQmpDump *dump_of(QhHost *host)
{
    QhQmpDump **slot = qh_qmp_dump(qh_host_qmp(host));

    if (*slot == NULL) {
        *slot = g_new0(QhQmpDump, 1);
        (*slot)->host = host;
    }
    return *slot;
}

static void fill_result(QhQmpDump *dump, QhQmpDumpQueryResult *ret)
{
    ret->status = dump->status;
    ret->completed = (int64_t)__atomic_load_n(&dump->written, __ATOMIC_RELAXED);
    ret->total = (int64_t)dump->total;
}

static void tell_of_end(QhQmpDump *dump, const GError *error)
{
    g_autoptr(QhJson) data = qh_json_new_object();
    QhQmpDumpQueryResult result;

    fill_result(dump, &result);
    qh_json_set(data, "result", qh_qapi_to_json(&qh_qapi_DumpQueryResult, &result, NULL));
    if (error != NULL) {
        qh_json_set(data, "error", qh_json_new_string(error->message));
    }
    qh_qmp_emit(qh_host_qmp(dump->host), "DUMP_COMPLETED", data);
}

static void dumped(void *data, const GError *error)
{
    QhQmpDump *dump = data;
    QhRunState *state = qh_host_run_state(dump->host);

    dump->status = error != NULL ? QH_QMP_DUMP_STATUS_FAILED : QH_QMP_DUMP_STATUS_COMPLETED;
    /* a stop or a shutdown that came meanwhile holds; and the end of the program */
    qh_stopped_end(dump->host, dump->resume && qh_run_state_is_running(state) &&
                                   !g_error_matches(error, QH_ERROR, QH_ERROR_NOT_ACTIVE));
    if (dump->detached) { /* libvirt 9 does not survive one that it did not ask for */
        tell_of_end(dump, error);
    }
    qh_later_done(g_steal_pointer(&dump->later), error);
}

static gboolean check_dump(const QhQmpDumpGuestMemoryArgs *args, GError **error)
{
    const char *problem = NULL;

    if (args->paging) {
        problem = "'paging' has to be false: addresses in the file are physical";
    } else if (args->has_format && args->format != QH_QMP_DUMP_GUEST_MEMORY_FORMAT_ELF) {
        problem = "'format' has to be elf";
    } else if (args->has_begin != args->has_length) {
        problem = "'begin' and 'length' belong together";
    } else if (args->has_begin &&
               (args->begin < 0 || args->length <= 0 || args->begin > INT64_MAX - args->length)) {
        problem = "'begin' and 'length' are no range of addresses";
    } else if (!g_str_has_prefix(args->protocol, "file:") &&
               !g_str_has_prefix(args->protocol, "fd:")) {
        problem = "'protocol' has to be file:PATH or fd:NAME";
    }
    if (problem != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, problem);
    }
    return problem == NULL;
}

/* "file:PATH", or "fd:NAME" with a name of getfd. */
static int open_protocol(QhHost *host, const char *protocol, GError **error)
{
    const char *rest = strchr(protocol, ':') + 1;

    return g_str_has_prefix(protocol, "fd:") ? qh_fds_take(qh_host_fds(host), rest, error)
                                             : qh_dump_open(qh_host_dumps(host), rest, error);
}

gboolean
qh_qmp_dump_guest_memory(QhHost *host, const QhQmpDumpGuestMemoryArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, error);
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(QhDumpRun));

    if (machine == NULL || !check_dump(args, error)) {
        return FALSE;
    }
    QhQmpDump *dump = dump_of(host);
    if (dump->status == QH_QMP_DUMP_STATUS_ACTIVE) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_BUSY, "there is a dump in progress");
        return FALSE;
    }
    gboolean resume = qh_stopped_begin(host);
    g_autoptr(GBytes) head =
        qh_dump_core_head(machine, args->has_begin ? (uint64_t)args->begin : 0,
                          args->has_length ? (uint64_t)args->length : 0, runs, error);
    int fd = head != NULL ? open_protocol(host, args->protocol, error) : -1;

    if (fd < 0) {
        qh_stopped_end(host, resume);
        return FALSE;
    }
    dump->written = 0;
    dump->resume = resume;
    dump->total = g_bytes_get_size(head);
    for (guint i = 0; i < runs->len; i++) {
        dump->total += g_array_index(runs, QhDumpRun, i).bytes;
    }
    qh_dump_write(qh_host_dumps(host), fd, head, qh_machine_system(machine), runs, &dump->written,
                  dumped, dump);
    dump->status = QH_QMP_DUMP_STATUS_ACTIVE;
    dump->detached = args->has_detach && args->detach;
    dump->later = dump->detached ? NULL : qh_later_begin(host);
    return TRUE;
}

gboolean qh_qmp_query_dump(QhHost *host, QhQmpDumpQueryResult *ret, GError **error)
{
    (void)error;
    fill_result(dump_of(host), ret);
    return TRUE;
}

gboolean qh_qmp_query_dump_guest_memory_capability(G_GNUC_UNUSED QhHost *host,
                                                   QhQmpDumpGuestMemoryCapability *ret,
                                                   G_GNUC_UNUSED GError **error)
{
    *QH_QAPI_APPEND(&ret->formats) = QH_QMP_DUMP_GUEST_MEMORY_FORMAT_ELF;
    return TRUE;
}
