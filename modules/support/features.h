/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Features of a CPU that need each other. Each is a byte of the CPU's state; until they are settled
 * it says who wants it, so that a wish of the user can be told from a choice of the model: what a
 * user turns off takes along the defaults that need it, and what a user turns on brings what it
 * needs, but two wishes that contradict each other are an error.
 */
#ifndef SUPPORT_FEATURES_H
#define SUPPORT_FEATURES_H

#include <glib.h>
#include <stdint.h>

#define QH_FEATURE_OFF      0u
#define QH_FEATURE_BY_USER  1u /* what a property that is on writes */
#define QH_FEATURE_BY_MODEL 2u

/* What is at offset `needs` must be there for what is at `what`, in CPUs of `width` bits or all
 * (0), provided that `given` (0: always) is there as well. */
typedef struct QhFeatureRule {
    const char *what_name, *needs_name;
    uint32_t what, needs, given, width;
} QhFeatureRule;

/*
 * Apply @rules to @state until nothing changes. @defaults: what the model alone says. Values stay
 * QH_FEATURE_...; FALSE with @error for contradicting wishes. [main]
 */
gboolean qh_features_settle(void *state,
                            const void *defaults,
                            uint32_t width,
                            const QhFeatureRule *rules,
                            uint32_t n_rules,
                            GError **error);

#endif
