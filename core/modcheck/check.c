/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of things: what the host looks at before it runs a module's code, what it does not
 * look at, loading, and each slot by itself. Slots of kinds without a trial have had all that is
 * known of them checked when the module was loaded: their tables are complete.
 */
#include "core/modcheck/check.h"
#include "core/module/registry-priv.h"
#include <string.h>

static const struct {
    const char *kind;
    void (*fn)(QhTrial *trial);
} trials[] = {
    {"cpu",        qh_trial_cpu       },
    {"translator", qh_trial_translator},
    {"machine",    qh_trial_machine   },
    {"device",     qh_trial_device    },
};

static void check_slot(const char *kind, const char *name, const QhJson *entry, void *data)
{
    (void)entry;
    for (guint i = 0; i < G_N_ELEMENTS(trials); i++) {
        if (strcmp(kind, trials[i].kind) == 0) {
            qh_trial_run(data, kind, name, trials[i].fn);
        }
    }
}

/* The name and note of the file, its owner, its ABI version: as the host scans it. */
static void check_scan(QhVerdict *verdict)
{
    QhModuleFile *file = qh_module_file_examine(verdict->path, FALSE);

    qh_verdict_checks(verdict, "file");
    if (file->refusal != QH_REFUSED_NOT) {
        qh_verdict_add(verdict, TRUE, qh_refusal_text(file->refusal), file->reason);
    }
    verdict->note = g_steal_pointer(&file->note);
    qh_module_file_free(file);
}

QhVerdict *qh_modcheck_file(const char *path, gboolean quick, guint cpu_seconds)
{
    g_autofree char *real = g_canonicalize_filename(path, NULL);
    QhVerdict *verdict = qh_verdict_new(real);

    gboolean loads = FALSE;

    verdict->cpu_seconds = cpu_seconds;
    check_scan(verdict);
    if (qh_verdict_is_good(verdict)) {
        qh_modcheck_static(verdict);
        loads = qh_trial_run(verdict, "load", verdict->note->name, qh_trial_load);
    }
    /* a module with static data still has slots that are worth a look */
    if (loads && !quick) {
        qh_note_foreach_slot(verdict->note->offers, check_slot, verdict);
    }
    return verdict;
}
