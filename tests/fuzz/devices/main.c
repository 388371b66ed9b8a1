/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-devices [--seed N] [--list] STEPS [CLASS...]: STEPS bursts of accesses to each device that a
 * module offers, or to those named. The same arguments do the same. Built with b_sanitize it looks
 * at memory, too.
 */
#include "tests/fuzz/devices/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFE 1000u /* steps between two resets */

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

static void live(Fuzz *fuzz, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        if (i % LIFE == 0) {
            subject_reset(fuzz);
            guest_set_up(fuzz);
        }
        guest_step(fuzz);
    }
}

/* FALSE: it could not be made, and should have been. */
static gboolean fuzz_class(const char *class, uint64_t seed, uint64_t steps)
{
    Fuzz fuzz = {.state = seed ^ g_str_hash(class) ^ UINT64_C(0x9e3779b97f4a7c15)};
    uint64_t variants = MAX(2, steps / (10 * LIFE)), done = 0;

    for (uint64_t i = 0; i < variants; i++) {
        uint64_t until = steps * (i + 1) / variants;
        g_autoptr(GError) error = NULL;

        if (!open_variant(&fuzz, class, (uint32_t)i, &error)) {
            const char *why = excuse(class);

            printf("%-40s %s\n", class, why != NULL ? why : error->message);
            subject_close(&fuzz);
            return why != NULL;
        }
        live(&fuzz, until - done);
        done = until;
        if (i + 1 == variants) {
            printf("%-40s %" G_GUINT64_FORMAT " steps, %u windows%s\n", class, steps, fuzz.n_ranges,
                   fuzz.virtio.kind != VIRTIO_NONE ? ", rings" : "");
            fflush(stdout);
        }
        subject_close(&fuzz);
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int at = 1;
    gboolean ok = TRUE;

    if (argc > at + 1 && g_str_equal(argv[at], "--seed")) {
        seed = strtoull(argv[at + 1], NULL, 10);
        at += 2;
    }
    g_autoptr(GPtrArray) classes = all_classes();
    if (argc == at + 1 && g_str_equal(argv[at], "--list")) {
        for (guint i = 0; i < classes->len; i++) {
            puts(g_ptr_array_index(classes, i));
        }
        return 0;
    }
    if (argc <= at) {
        fputs("usage: fuzz-devices [--seed N] STEPS [CLASS...] | --list\n", stderr);
        return 2;
    }
    uint64_t steps = strtoull(argv[at++], NULL, 10);
    for (guint i = 0; i < classes->len && at == argc; i++) {
        ok = fuzz_class(g_ptr_array_index(classes, i), seed, steps) && ok;
    }
    for (; at < argc; at++) {
        ok = fuzz_class(argv[at], seed, steps) && ok;
    }
    return ok ? 0 : 1;
}
