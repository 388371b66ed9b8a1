/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/engine-options.h"

#include "abi/base.h"

#include <string.h>

void qh_engine_options_init(QhEngineOptions *options)
{
    *options = (QhEngineOptions){.threshold = QH_JIT_THRESHOLD_DEFAULT};
}

gboolean qh_engine_backend_parse(const char *text, uint32_t *ret_backend, GError **error)
{
    static const char *const names[] = {"auto", "interp", "jit"};

    for (uint32_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_backend = i;
            return TRUE;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "backend=%s: there are auto, interp and jit",
                text);
    return FALSE;
}

gboolean
qh_engine_options_resolve(const QhEngineOptions *options, QhEngineOptions *ret, GError **error)
{
    g_autoptr(GError) why = NULL;
    QhEngineOptions got = *options;

    if (got.lockstep > 0 && got.backend == QH_BACKEND_INTERP) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "lockstep compares compiled code with the interpreter: it needs "
                            "backend=jit");
        return FALSE;
    }
    if (got.backend != QH_BACKEND_INTERP) {
        gboolean has = qh_engine_has_jit(&why);

        if (!has && (got.backend == QH_BACKEND_JIT || got.lockstep > 0)) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s: %s",
                        got.backend == QH_BACKEND_JIT ? "backend=jit" : "lockstep", why->message);
            return FALSE;
        }
        got.backend = has ? QH_BACKEND_JIT : QH_BACKEND_INTERP;
    }
    *ret = got;
    return TRUE;
}
