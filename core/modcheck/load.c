/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading and unloading, as the host does it; again and again, to see what is left behind. */
#include "core/modcheck/bench.h"
#include "core/modcheck/check.h"
#include "core/module/registry-priv.h"

static gboolean load_again(QhTrial *trial, void *data)
{
    QhBench *bench = data;
    QhRegistry *registry = qh_host_registry(bench->host);
    g_autoptr(GError) error = NULL;

    if (!qh_registry_unload(registry, trial->name, &error) ||
        !qh_registry_load(registry, trial->path, &error)) {
        qh_trial_problem(trial, "it does not load again: %s", error->message);
        return FALSE;
    }
    qh_bench_pass(bench, 0); /* events are put off to the main loop */
    return TRUE;
}

void qh_trial_load(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    QhBench bench;

    if (qh_bench_open(&bench, trial, &error)) {
        qh_trial_doing(trial, "being loaded and unloaded in turn");
        qh_bench_rounds(trial, "loading it", load_again, &bench);
    } else if (bench.host == NULL) {
        qh_trial_problem(trial, "%s", error->message);
    } else {
        const QhModuleFile *file = qh_module_file_find(qh_host_registry(bench.host), trial->name);
        gboolean known = file != NULL && file->refusal != QH_REFUSED_NOT && file->reason != NULL;

        qh_trial_refused(trial, known ? file->refusal : QH_REFUSED_LINK_FAILED,
                         known ? file->reason : error->message);
    }
    qh_bench_close(&bench);
}
