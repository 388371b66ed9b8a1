/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device, as a guest without sense and a careful administrator meet it: made, reset, accessed in
 * every way, saved and loaded, and taken out again.
 */
#include "core/device/bus.h"
#include "core/memory/space.h"
#include "core/modcheck/check.h"
#include "core/modcheck/place.h"
#include "core/modcheck/state.h"
#include <string.h>

#define OFFSETS_MAX 4096u /* each of so many, then at random */
#define RANDOM      4000u
#define LINES_MAX   64u

static void stream_device(QhStream *stream, void *data)
{
    qh_instance_stream(data, stream);
}

static void loaded_device(void *data)
{
    qh_instance_loaded(data);
}

static QhStateSubject subject_of(QhInstance *device)
{
    return (QhStateSubject){.stream = stream_device,
                            .loaded = loaded_device,
                            .data = device,
                            .table = device->ops->state};
}

/* Its properties as text, a line each. */
static char *properties(QhInstance *device)
{
    const QhPropertyTable *table = device->ops->properties;
    GString *text = g_string_new(NULL);

    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const char *name = table->properties[i].name;
        g_autofree char *value = qh_property_text(table, device->state, name);

        g_string_append_printf(text, "%s=%s\n", name, value != NULL ? value : "");
    }
    return g_string_free(text, FALSE);
}

static void reset(QhInstance *device, uint32_t kind)
{
    qh_machine_lock(device->machine);
    qh_instance_hold(device);
    qh_instance_reset(device, kind);
    qh_instance_release(device);
    qh_machine_unlock(device->machine);
}

/* A reset undoes what the guest did; what the user has set stays; twice is as good as once. */
static void check_reset(QhTrial *trial, QhInstance *device)
{
    const QhStateSubject subject = subject_of(device);
    g_autofree char *before = properties(device);

    qh_trial_doing(trial, "a cold reset");
    reset(device, QH_RESET_COLD);
    g_autoptr(GByteArray) first = qh_state_save(&subject, NULL);
    qh_trial_doing(trial, "a second cold reset");
    reset(device, QH_RESET_COLD);
    g_autoptr(GByteArray) second = qh_state_save(&subject, NULL);
    g_autofree char *after = properties(device);

    if (first != NULL && second != NULL && !qh_state_same(first, second)) {
        const char *field = qh_state_difference(&subject, first, second);
        qh_trial_problem(trial, "two resets in a row leave different states%s%s%s",
                         field != NULL ? ": field '" : "", field != NULL ? field : "",
                         field != NULL ? "' differs" : "");
    }
    if (strcmp(before, after) != 0) {
        qh_trial_problem(trial,
                         "a reset changes properties, which are the user's: they were "
                         "%s and are %s",
                         before, after);
    }
    qh_trial_doing(trial, "a warm reset");
    reset(device, QH_RESET_WARM);
}

typedef struct Window {
    QhBench *bench;
    QhInstance *device;
    QhIoWindow io;
    gboolean reads; /* reads come here, and not from RAM behind it */
    const char *name;
} Window;

/* One access; FALSE: it broke the rules. */
static gboolean
access_window(Window *window, gboolean write, uint64_t offset, uint32_t width, uint32_t attrs)
{
    QhTrial *trial = window->bench->trial;
    uint64_t value = qh_bench_random(window->bench) >> (qh_bench_random(window->bench) & 63);
    uint32_t status;

    if (!write && !window->reads) {
        return TRUE;
    }
    qh_trial_doing(trial, "a %s%s of %u bytes at offset 0x%" G_GINT64_MODIFIER "x of window '%s'",
                   (attrs & QH_ATTR_DEBUG) != 0 ? "debugger's " : "", write ? "write" : "read",
                   width, offset, window->name);
    status = write ? qh_io_write(&window->io, offset, width, FALSE, attrs, value)
                   : qh_io_read(&window->io, offset, width, FALSE, attrs, &value);
    if (status > QH_BUS_NESTED || window->device->inside) {
        qh_trial_problem(trial, "%s answers %u, which is no QH_BUS_ value", trial->doing, status);
        return FALSE;
    }
    return TRUE;
}

static gboolean each_register(Window *window, gboolean write, uint32_t attrs)
{
    uint64_t end = MIN(window->io.bytes, OFFSETS_MAX);

    for (uint32_t width = 1; width <= 8; width *= 2) {
        for (uint64_t offset = 0; offset + width <= end; offset += width) {
            if (!access_window(window, write, offset, width, attrs)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* Somebody looks with a debugger: nothing changes by that (abi/memory.h, QH_ATTR_DEBUG). */
static void check_looking(Window *window)
{
    const QhStateSubject subject = subject_of(window->device);
    g_autoptr(GByteArray) before = qh_state_save(&subject, NULL);

    if (!each_register(window, FALSE, QH_ATTR_DEBUG)) {
        return;
    }
    g_autoptr(GByteArray) after = qh_state_save(&subject, NULL);
    if (before != NULL && after != NULL && !qh_state_same(before, after)) {
        const char *field = qh_state_difference(&subject, before, after);
        qh_trial_problem(window->bench->trial,
                         "a read with QH_ATTR_DEBUG of window '%s' changes its state%s%s",
                         window->name, field != NULL ? ": field " : "", field != NULL ? field : "");
    }
}

static void scribble(Window *window)
{
    QhBench *bench = window->bench;

    for (uint32_t i = 0; i < RANDOM; i++) {
        uint32_t width = 1u << (qh_bench_random(bench) & 3);
        uint64_t range = i % 2 == 0 ? MIN(window->io.bytes, 256) : window->io.bytes;
        uint64_t offset = (qh_bench_random(bench) % MAX(range, 1)) & ~(uint64_t)(width - 1);

        if (offset + width > window->io.bytes) {
            continue;
        }
        if (!access_window(window, (qh_bench_random(bench) & 1) != 0, offset, width, 0)) {
            return;
        }
        if (i % 256 == 0) {
            qh_trial_doing(bench->trial, "its timers");
            qh_bench_pass(bench, (int64_t)(qh_bench_random(bench) >> 36));
        }
    }
}

static void check_windows(QhBench *bench, QhInstance *device, void (*fn)(Window *))
{
    for (uint32_t i = 0; i < device->ops->n_windows && !qh_trial_is_full(bench->trial); i++) {
        const QhWindow *row = (const QhWindow *)((const char *)device->ops->windows +
                                                 (size_t)i * device->ops->window_size);
        const QhWindowRam *behind = &device->window_ram[i];
        Window window = {
            .bench = bench,
            .device = device,
            .io = {.name = (char *)row->name,
                   .ops = row->ops,
                   .opaque = device->state,
                   .owner = device,
                   .machine = device->machine,
                   .bytes = device->window_bytes[i]},
            .reads = behind->ram == NULL,
            .name = row->name
        };

        if (window.io.bytes > 0 && !(behind->ram != NULL && behind->mode == QH_WINDOW_RAM)) {
            fn(&window);
        }
    }
}

static void read_and_write_each(Window *window)
{
    if (each_register(window, FALSE, 0) && each_register(window, TRUE, 0)) {
        (void)each_register(window, FALSE, 0);
    }
}

/* What qom-get shows: each name that it lists has a value, which is JSON. */
static void check_show(QhTrial *trial, QhInstance *device)
{
    qh_trial_doing(trial, "show");
    g_autofree char *names = qh_instance_show(device, NULL);
    g_auto(GStrv) parts = g_strsplit(names != NULL ? names : "", " ", -1);

    for (guint i = 0; parts[i] != NULL && *parts[i] != '\0'; i++) {
        qh_trial_doing(trial, "show of '%s'", parts[i]);
        g_autofree char *value = qh_instance_show(device, parts[i]);
        g_autoptr(QhJson) json = value != NULL ? qh_json_parse(value, -1, NULL, NULL) : NULL;

        if (json == NULL) {
            qh_trial_problem(trial, "show names '%s', but its value is %s", parts[i],
                             value != NULL ? "no JSON" : "not there");
            return;
        }
    }
}

static void run_and_stop(QhTrial *trial, QhInstance *device)
{
    for (guint i = 0; i < 4; i++) {
        qh_trial_doing(trial, "the machine's %s", i % 2 == 0 ? "start" : "stop");
        qh_machine_lock(device->machine);
        qh_machine_tell_run_state(device->machine, i % 2 == 0);
        qh_machine_unlock(device->machine);
    }
}

static void change_lines(QhBench *bench, QhInstance *device)
{
    for (uint32_t i = 0; i < 2 * MIN(device->ops->n_irq_in, LINES_MAX); i++) {
        qh_trial_doing(bench->trial, "a change of input line %u", i / 2);
        qh_machine_lock(device->machine);
        qh_irq_set(qh_instance_irq_in(device, i / 2), i % 2 == 0);
        qh_machine_unlock(device->machine);
    }
}

/* What was saved in the middle of things comes back when something else has happened since. */
static void check_saving(QhBench *bench, QhInstance *device)
{
    const QhStateSubject subject = subject_of(device);
    g_autoptr(GError) error = NULL;

    qh_trial_doing(bench->trial, "being saved and loaded");
    qh_state_check_round(bench->trial, &subject, "the device");
    g_autoptr(GByteArray) saved = qh_state_save(&subject, NULL);
    if (saved == NULL || qh_trial_is_full(bench->trial)) {
        return;
    }
    check_windows(bench, device, scribble);
    qh_trial_doing(bench->trial, "being loaded");
    if (!qh_state_load(&subject, saved, &error)) {
        qh_trial_problem(bench->trial, "what was saved does not load after further accesses: %s",
                         error->message);
        return;
    }
    g_autoptr(GByteArray) again = qh_state_save(&subject, NULL);
    if (again != NULL && !qh_state_same(saved, again)) {
        const char *field = qh_state_difference(&subject, saved, again);
        qh_trial_problem(bench->trial, "loading what was saved does not bring back all of it%s%s%s",
                         field != NULL ? ": field '" : "", field != NULL ? field : "",
                         field != NULL ? "' differs" : "");
    }
}

/* What the guest did is gone after a reset; some devices keep something on purpose, clocks and
 * flash, so this is only told. */
static void check_forgetting(QhTrial *trial, QhInstance *device, const GByteArray *fresh)
{
    const QhStateSubject subject = subject_of(device);

    qh_trial_doing(trial, "a reset after all accesses");
    reset(device, QH_RESET_COLD);
    g_autoptr(GByteArray) now = qh_state_save(&subject, NULL);
    if (fresh != NULL && now != NULL && !qh_state_same(fresh, now)) {
        const char *field = qh_state_difference(&subject, fresh, now);
        qh_trial_unchecked(trial,
                           "whether it is meant that a reset does not undo what a guest did%s%s%s",
                           field != NULL ? ": field '" : "", field != NULL ? field : "",
                           field != NULL ? "' differs" : "");
    }
}

static gboolean make_and_free(QhTrial *trial, void *data)
{
    g_autoptr(GError) error = NULL;
    gboolean made = FALSE;
    QhBench bench;

    (void)data;
    QhInstance *device = qh_bench_open(&bench, trial, &error)
                             ? qh_place_find(&bench, trial->name, &made, &error)
                             : NULL;
    if (device == NULL) {
        qh_trial_problem(trial, "it was made once, and then not again: %s", error->message);
    } else {
        reset(device, QH_RESET_COLD);
        qh_trial_doing(trial, "being taken out");
        qh_instance_free(device);
    }
    qh_bench_close(&bench);
    return device != NULL;
}

void qh_trial_device(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    gboolean made = FALSE;
    QhBench bench;

    QhInstance *device = qh_bench_open(&bench, trial, &error)
                             ? qh_place_find(&bench, trial->name, &made, &error)
                             : NULL;
    if (device == NULL) {
        qh_trial_unchecked(trial, "%s", error->message);
        qh_bench_close(&bench);
        return;
    }
    const QhStateSubject subject = subject_of(device);
    check_reset(trial, device);
    reset(device, QH_RESET_COLD);
    g_autoptr(GByteArray) fresh = qh_state_save(&subject, NULL);
    check_windows(&bench, device, check_looking);
    check_windows(&bench, device, read_and_write_each);
    change_lines(&bench, device);
    run_and_stop(trial, device);
    check_show(trial, device);
    check_windows(&bench, device, scribble);
    check_saving(&bench, device);
    check_forgetting(trial, device, fresh);
    check_reset(trial, device);
    if (made) {
        qh_trial_doing(trial, "being taken out");
        qh_instance_free(device);
        qh_bench_pass(&bench, 1);
    }
    qh_bench_close(&bench);
    if (made && !qh_trial_is_full(trial)) {
        qh_bench_rounds(trial, "making the device and taking it out", make_and_free, NULL);
    }
}
