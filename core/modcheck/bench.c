/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/modcheck/bench.h"
#include "abi/cpu.h"
#include "core/loop/timers.h"
#include "core/machine/machine.h"
#include "core/module/registry-priv.h"
#include <dirent.h>
#include <malloc.h>
#include <string.h>

#define ROUNDS 8u /* the first ones fill caches */
#define SEEN   4u /* the last ones count */
/* malloc has no smaller chunk: what differs by less only lies in another one */
#define CHUNK (4 * sizeof(size_t))

static int64_t clock_now(void *data)
{
    return ((const QhBench *)data)->now_ns;
}

static void clock_changed(void *data)
{
    (void)data;
}

gboolean qh_bench_open(QhBench *bench, QhTrial *trial, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(trial->path);
    const QhCountedClock clock = {.now = clock_now, .changed = clock_changed, .data = bench};

    *bench = (QhBench){.trial = trial, .now_ns = 1, .random = UINT64_C(0x9e3779b97f4a7c15)};
    bench->host = qh_host_new();
    if (bench->host == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "no host can be made");
        return FALSE;
    }
    QhRegistry *registry = qh_host_registry(bench->host);
    qh_registry_add_directory(registry, folder);
    qh_registry_add_defaults(registry);
    qh_registry_scan(registry);
    qh_timers_count(qh_host_timers(bench->host), &clock);
    qh_trial_doing(trial, "being loaded");
    return qh_registry_load(registry, trial->path, error);
}

void qh_bench_unplug(QhBench *bench)
{
    qh_trial_doing(bench->trial, "the end of its machine");
    g_clear_pointer(&bench->machine, qh_machine_free);
}

void qh_bench_close(QhBench *bench)
{
    if (bench->host != NULL) {
        qh_bench_unplug(bench);
        qh_trial_doing(bench->trial, "the end of the host");
        g_clear_pointer(&bench->host, qh_host_free);
    }
}

static QhMachineOptions *options_new(void)
{
    QhMachineOptions *options = qh_machine_options_new();

    options->icount = (QhIcountOptions){.on = TRUE};
    options->has_seed = TRUE;
    return options;
}

gboolean qh_bench_bare(QhBench *bench, const char *target, const char *model, GError **error)
{
    QhMachineOptions *options = options_new();

    options->type = g_strdup("none");
    options->ram_bytes = BENCH_RAM_BYTES;
    if (target != NULL) {
        if (!qh_registry_load_target(qh_host_registry(bench->host), target, error)) {
            qh_machine_options_free(options);
            return FALSE;
        }
        options->n_cpus = 1;
        options->cpu_model = g_strdup(model);
    }
    bench->machine = qh_machine_new(bench->host, options, error);
    return bench->machine != NULL;
}

/* Without firmware where the board lets us, which has no need of files then. */
gboolean qh_bench_board(QhBench *bench, const char *board, uint64_t ram_bytes, GError **error)
{
    const char *colon = strchr(board, ':');
    static const char *const firmware[] = {"none", NULL};

    for (guint i = 0; i < G_N_ELEMENTS(firmware) && bench->machine == NULL; i++) {
        QhMachineOptions *options = options_new();

        g_clear_error(error);
        options->target = g_strndup(board, (gsize)(colon - board));
        options->type = g_strdup(colon + 1);
        options->ram_bytes = ram_bytes;
        options->bios = g_strdup(firmware[i]);
        bench->machine = qh_machine_new(bench->host, options, error);
    }
    return bench->machine != NULL;
}

typedef struct List {
    GPtrArray *names;
    const char *module; /* of that one only; NULL: all */
    gboolean others;    /* all but that one */
} List;

static gboolean wanted(const List *list, const char *module, gboolean installed)
{
    return installed &&
           (list->module == NULL || (strcmp(list->module, module) == 0) == !list->others);
}

static void add_board(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    List *list = data;
    const QhJson *targets = qh_json_get(entry, "targets");

    for (size_t i = 0; wanted(list, module, installed) && i < qh_json_length(targets); i++) {
        g_ptr_array_add(list->names,
                        g_strdup_printf("%s:%s", qh_json_string(qh_json_at(targets, i)),
                                        qh_json_string(qh_json_get(entry, "name"))));
    }
}

static void add_class(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    List *list = data;

    if (wanted(list, module, installed)) {
        g_ptr_array_add(list->names, g_strdup(qh_json_string(qh_json_get(entry, "name"))));
    }
}

GPtrArray *qh_bench_boards(QhBench *bench, gboolean own)
{
    QhRegistry *registry = qh_host_registry(bench->host);
    g_autofree char *module = g_path_get_basename(bench->trial->path);
    List list = {.names = g_ptr_array_new_with_free_func(g_free), .module = module};

    *strrchr(module, '.') = '\0'; /* the file has the module's name and ".so" */
    qh_registry_foreach_offer(registry, "machine", add_board, &list);
    if (!own) {
        list.others = TRUE;
        qh_registry_foreach_offer(registry, "machine", add_board, &list);
    }
    return list.names;
}

GPtrArray *qh_bench_classes(QhBench *bench)
{
    List list = {.names = g_ptr_array_new_with_free_func(g_free)};

    qh_registry_foreach_offer(qh_host_registry(bench->host), "device", add_class, &list);
    return list.names;
}

GPtrArray *qh_bench_models(QhBench *bench, const char *target, GError **error)
{
    QhSlotRef slot;

    if (!qh_registry_acquire(qh_host_registry(bench->host), "cpu", target, &slot, error)) {
        return NULL;
    }
    const QhCpuOps *ops = slot.ops;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t i = 0; i < ops->n_models; i++) {
        g_ptr_array_add(names, g_strdup(ops->models[i].name));
    }
    qh_slot_release(&slot);
    return names;
}

/* xorshift64*, so that a run is the same with every libc. */
uint64_t qh_bench_random(QhBench *bench)
{
    bench->random ^= bench->random >> 12;
    bench->random ^= bench->random << 25;
    bench->random ^= bench->random >> 27;
    return bench->random * UINT64_C(2685821657736338717);
}

void qh_bench_pass(QhBench *bench, int64_t ns)
{
    bench->now_ns += ns;
    qh_timers_run_virtual(qh_host_timers(bench->host));
    for (guint i = 0; i < 16 && g_main_context_iteration(qh_host_context(bench->host), FALSE);
         i++) {
    }
}

static guint count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    guint n = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        n++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return n;
}

void qh_bench_rounds(QhTrial *trial,
                     const char *what,
                     gboolean (*fn)(QhTrial *, void *),
                     void *data)
{
    size_t least = SIZE_MAX;
    guint fewest = G_MAXUINT;

    for (guint i = 0; i < ROUNDS; i++) {
        size_t bytes = mallinfo2().uordblks;
        guint descriptors = count_descriptors();

        if (!fn(trial, data)) {
            return;
        }
        if (i >= ROUNDS - SEEN) {
            size_t now = mallinfo2().uordblks;
            guint n = count_descriptors();

            least = MIN(least, now > bytes ? now - bytes : 0);
            fewest = MIN(fewest, n > descriptors ? n - descriptors : 0);
        }
    }
    if (least >= CHUNK) {
        qh_trial_problem(trial, "%s loses %zu bytes of memory each time", what, least);
    }
    if (fewest > 0) {
        qh_trial_problem(trial, "%s leaves %u descriptors open each time", what, fewest);
    }
}
