/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/features.h"

#include "abi/base.h"

/* Apply @rule once; *@ret_changed tells whether it had to do something. */
static gboolean apply(uint8_t *state,
                      const uint8_t *defaults,
                      uint32_t width,
                      const QhFeatureRule *rule,
                      gboolean *ret_changed,
                      GError **error)
{
    uint8_t *what = &state[rule->what], *needs = &state[rule->needs];

    if (*what == QH_FEATURE_OFF || *needs != QH_FEATURE_OFF ||
        (rule->given != 0 && !state[rule->given]) || (rule->width != 0 && rule->width != width)) {
        return TRUE;
    }
    if (*what == QH_FEATURE_BY_MODEL) {
        *what = QH_FEATURE_OFF;
    } else if (defaults[rule->needs] != QH_FEATURE_OFF) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property %s=on needs %s, which is off or lacks what it needs itself",
                    rule->what_name, rule->needs_name);
        return FALSE;
    } else {
        *needs = QH_FEATURE_BY_USER;
    }
    *ret_changed = TRUE;
    return TRUE;
}

/* Each rule that acts turns something off or on for good, so this ends. */
gboolean qh_features_settle(void *state,
                            const void *defaults,
                            uint32_t width,
                            const QhFeatureRule *rules,
                            uint32_t n_rules,
                            GError **error)
{
    gboolean changed;

    do {
        changed = FALSE;
        for (uint32_t i = 0; i < n_rules; i++) {
            if (!apply(state, defaults, width, &rules[i], &changed, error)) {
                return FALSE;
            }
        }
    } while (changed);
    return TRUE;
}
