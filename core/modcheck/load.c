/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading and unloading, as the host does it; again and again, to see what is left behind. */
#include "core/modcheck/bench.h"
#include "core/modcheck/check.h"
#include "core/module/registry-priv.h"

/*
 * The note's needs are what a package's user is told before anything is opened, so they have to
 * name each service that init asks for. The call has no place for a context: this is the one
 * pointer of the checker that is not passed on, in a child that makes one trial.
 */
static struct {
    QhTrial *trial;
    const QhNote *note;
    const void *(*find)(QhHost *, const char *, uint32_t, uint32_t, GError **);
} listening;

static const void *
note_service(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error)
{
    const QhJson *need = name != NULL ? qh_json_get(listening.note->needs, name) : NULL;
    const void *table = listening.find(host, name, major, min_minor, error);
    uint64_t needs_major = 0, needs_minor = 0;

    if (need != NULL) {
        qh_json_uint(qh_json_at(need, 0), &needs_major);
        qh_json_uint(qh_json_at(need, 1), &needs_minor);
    }
    if (table != NULL && error != NULL && (needs_major != major || needs_minor < min_minor)) {
        qh_trial_problem(listening.trial,
                         "init asks for service '%s' %u.%u, which the needs of its note do not "
                         "name: \"%s\": [%u, %u]",
                         name, major, min_minor, name, major, min_minor);
    }
    return table;
}

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

static void check_needs(QhTrial *trial, QhBench *bench)
{
    QhRegistry *registry = qh_host_registry(bench->host);

    listening.trial = trial;
    listening.note = qh_module_file_find(registry, trial->name)->note;
    listening.find = registry->api.service;
    registry->api.service = note_service;
    (void)load_again(trial, bench);
    registry->api.service = listening.find;
}

void qh_trial_load(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    QhBench bench;

    if (qh_bench_open(&bench, trial, &error)) {
        qh_trial_doing(trial, "being loaded and unloaded in turn");
        check_needs(trial, &bench);
        if (!qh_trial_is_full(trial)) {
            qh_bench_rounds(trial, "loading it", load_again, &bench);
        }
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
