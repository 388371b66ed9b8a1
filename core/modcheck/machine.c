/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board is made with less and less of what it may want: too little RAM is refused, in words, or
 * is enough; then it is reset and taken down.
 */
#include "core/machine/machine.h"
#include "core/modcheck/bench.h"
#include "core/modcheck/check.h"

static const uint64_t sizes[] = {64u << 10, 1u << 20, 16u << 20, 128u << 20, 0};

static gboolean make_and_free(QhTrial *trial, void *data)
{
    g_autoptr(GError) error = NULL;
    const uint64_t *bytes = data;
    QhBench bench;

    gboolean good =
        qh_bench_open(&bench, trial, &error) && qh_bench_board(&bench, trial->name, *bytes, &error);
    if (!good) {
        qh_trial_problem(trial, "it was made once, and then not again: %s", error->message);
    }
    qh_bench_close(&bench);
    return good;
}

static gboolean reset(QhTrial *trial, QhBench *bench)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } resets[] = {
        {"a cold reset", QH_RESET_COLD},
        {"a warm reset", QH_RESET_WARM}
    };

    for (guint i = 0; i < G_N_ELEMENTS(resets); i++) {
        g_autoptr(GError) error = NULL;

        qh_trial_doing(trial, "%s", resets[i].name);
        if (!qh_machine_reset(bench->machine, resets[i].kind, &error)) {
            qh_trial_problem(trial, "%s fails: %s", resets[i].name, error->message);
            return FALSE;
        }
    }
    return TRUE;
}

/* What the user can ask of a board besides; a refusal is an answer. */
static void ask(QhTrial *trial, QhBench *bench)
{
    QhMachine *machine = bench->machine;
    const QhMachineOps *ops = machine->ops;
    g_autoptr(GError) error = NULL;
    uint32_t bytes = 0;

    if (ops->device_tree != NULL) {
        qh_trial_doing(trial, "its device tree");
        g_autofree void *tree = ops->device_tree(machine, machine->board, &bytes, &error);
        if ((tree == NULL) == (error == NULL) || (tree != NULL && bytes == 0)) {
            qh_trial_problem(trial, "device_tree gives %s, %u bytes, and %s error",
                             tree != NULL ? "a tree" : "none", bytes, error != NULL ? "an" : "no");
        }
    }
    qh_trial_doing(trial, "the power button");
    qh_machine_power_button(machine);
    g_clear_error(&error);
    qh_trial_doing(trial, "a non-maskable interrupt");
    if (!qh_machine_nmi(machine, &error) && error == NULL) {
        qh_trial_problem(trial, "nmi fails and does not say why");
    }
    qh_bench_pass(bench, 1000000);
}

void qh_trial_machine(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    gboolean good = TRUE;
    uint64_t bytes = 0;
    QhBench bench;

    if (!qh_bench_open(&bench, trial, &error)) {
        qh_trial_problem(trial, "%s", error->message);
        qh_bench_close(&bench);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(sizes) && bench.machine == NULL; i++) {
        g_clear_error(&error);
        bytes = sizes[i];
        qh_trial_doing(trial, "being made with %" G_GUINT64_FORMAT " KiB of RAM", bytes >> 10);
        (void)qh_bench_board(&bench, trial->name, bytes, &error);
    }
    if (bench.machine == NULL) {
        qh_trial_unchecked(trial, "%s", error->message);
        good = FALSE;
    }
    if (good) {
        ask(trial, &bench);
    }
    good = good && reset(trial, &bench);
    qh_bench_close(&bench);
    if (good) {
        qh_bench_rounds(trial, "making the board and taking it down", make_and_free, &bytes);
    }
}
