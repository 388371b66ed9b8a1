/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-devices [--seed N] STEPS [CLASS...]: STEPS bursts of accesses to each device that a module
 * offers, or to those named; --accesses N instead of STEPS: until each has had N accesses to its
 * registers. The same arguments do the same. Built with b_sanitize it looks at memory, too.
 * fuzz-devices --list: the classes.
 */
#include "tests/fuzz/devices/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIFE    1000u  /* steps between two resets */
#define VARIANT 10000u /* steps before the device is made anew, in another way */
/* More CPU time than this for one step is a loop. */
#define SLOW_US 1000000u

/* What is to be done with a class, and what was. */
typedef struct Work {
    uint64_t steps, accesses; /* 0: no limit */
    uint64_t done, slowest_us;
} Work;

/* What can be made only with a peer that is no part of a test. */
static const char *const excused[][2] = {
    {"vhost-", "it needs a process or kernel device that serves it"},
};

static const char *excuse(const char *class)
{
    for (guint i = 0; i < G_N_ELEMENTS(excused); i++) {
        if (g_str_has_prefix(class, excused[i][0])) {
            return excused[i][1];
        }
    }
    return NULL;
}

static void add_class(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    (void)module;
    if (installed) {
        g_ptr_array_add(data, g_strdup(qh_json_string(qh_json_get(entry, "name"))));
    }
}

static GPtrArray *all_classes(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    QhHost *host = qh_host_new();

    qh_registry_scan(qh_host_registry(host));
    qh_registry_foreach_offer(qh_host_registry(host), "device", add_class, names);
    qh_host_free(host);
    return names;
}

/* The subject in another variant; the plain one when those switches do not go together. */
static gboolean open_variant(Fuzz *fuzz, const char *class, uint32_t variant, GError **error)
{
    fuzz->variant = variant;
    if (variant != 0 && subject_open(fuzz, class, NULL)) {
        return TRUE;
    }
    if (variant != 0) {
        subject_close(fuzz);
    }
    fuzz->variant = 0;
    return subject_open(fuzz, class, error);
}

static uint64_t cpu_us(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static gboolean finished(const Fuzz *fuzz, const Work *work)
{
    return work->steps != 0 ? work->done >= work->steps : fuzz->accesses >= work->accesses;
}

static void live(Fuzz *fuzz, Work *work, uint64_t steps)
{
    for (uint64_t i = 0; i < steps && !finished(fuzz, work); i++) {
        uint64_t before = cpu_us();

        if (i % LIFE == 0) {
            subject_reset(fuzz);
            guest_set_up(fuzz);
        }
        guest_step(fuzz);
        work->done++;
        work->slowest_us = MAX(work->slowest_us, cpu_us() - before);
    }
}

/* FALSE: it could not be made, and should have been, or a step took too long. */
static gboolean fuzz_class(const char *class, uint64_t seed, Work work)
{
    Fuzz fuzz = {.state = seed ^ g_str_hash(class) ^ UINT64_C(0x9e3779b97f4a7c15)};
    uint64_t steps = work.steps != 0 ? MIN(VARIANT, work.steps / 2 + 1) : VARIANT;
    uint32_t windows = 0;
    gboolean rings = FALSE;

    for (uint32_t variant = 0; !finished(&fuzz, &work); variant++) {
        g_autoptr(GError) error = NULL;

        if (!open_variant(&fuzz, class, variant, &error)) {
            const char *why = excuse(class);

            printf("%-40s %s\n", class, why != NULL ? why : error->message);
            subject_close(&fuzz);
            return why != NULL;
        }
        live(&fuzz, &work, steps);
        windows = fuzz.n_ranges;
        rings = fuzz.virtio.kind != VIRTIO_NONE;
        subject_close(&fuzz);
    }
    printf("%-40s %8" G_GUINT64_FORMAT " steps %9" G_GUINT64_FORMAT
           " accesses, slowest step %6" G_GUINT64_FORMAT " us, %u windows%s\n",
           class, work.done, fuzz.accesses, work.slowest_us, windows, rings ? ", rings" : "");
    fflush(stdout);
    return work.slowest_us < SLOW_US;
}

static int usage(void)
{
    fputs("usage: fuzz-devices [--seed N] STEPS|--accesses N [CLASS...] | --list\n", stderr);
    return 2;
}

static gboolean option(int argc, char **argv, int *at, const char *name, uint64_t *ret_value)
{
    if (argc <= *at + 1 || !g_str_equal(argv[*at], name)) {
        return FALSE;
    }
    *ret_value = strtoull(argv[*at + 1], NULL, 10);
    *at += 2;
    return TRUE;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    Work work = {0};
    int at = 1;
    gboolean ok = TRUE;

    (void)option(argc, argv, &at, "--seed", &seed);
    g_autoptr(GPtrArray) classes = all_classes();
    if (argc == at + 1 && g_str_equal(argv[at], "--list")) {
        for (guint i = 0; i < classes->len; i++) {
            puts(g_ptr_array_index(classes, i));
        }
        return 0;
    }
    if (!option(argc, argv, &at, "--accesses", &work.accesses) && at < argc) {
        work.steps = strtoull(argv[at++], NULL, 10);
    }
    if (work.steps == 0 && work.accesses == 0) {
        return usage();
    }
    for (guint i = 0; i < classes->len && at == argc; i++) {
        ok = fuzz_class(g_ptr_array_index(classes, i), seed, work) && ok;
    }
    for (int i = at; i < argc; i++) {
        ok = fuzz_class(argv[i], seed, work) && ok;
    }
    return ok ? 0 : 1;
}
