/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How guest code is executed: what -accel tcg,... says, and what that means on this host. */
#ifndef QH_CORE_JIT_ENGINE_OPTIONS_H
#define QH_CORE_JIT_ENGINE_OPTIONS_H

#include <glib.h>
#include <stdint.h>

#define QH_BACKEND_AUTO   0u /* compile where this host can */
#define QH_BACKEND_INTERP 1u
#define QH_BACKEND_JIT    2u

#define QH_JIT_THRESHOLD_DEFAULT UINT32_MAX /* the engine chooses */
#define QH_JIT_LOCKSTEP_MAX      4096u

typedef struct QhEngineOptions {
    uint32_t backend; /* QH_BACKEND_... */
    uint32_t
        lockstep; /* units of at most so many times 64 instructions are compared with T0; 0: none */
    uint32_t threshold; /* executions before a block is compiled; 0: at the first */
    uint64_t tb_bytes;  /* bound of code memory; 0: the engine chooses */
} QhEngineOptions;

/* What it is without any option. */
void qh_engine_options_init(QhEngineOptions *options);

/* "auto" "interp" "jit"; @error names those that there are. */
gboolean qh_engine_backend_parse(const char *text, uint32_t *ret_backend, GError **error);

/* Whether this host compiles guest code: a compiler for its processor was built in, and the system
 * gives memory that may be executed. FALSE with the reason in @error. [any] */
gboolean qh_engine_has_jit(GError **error);

/* What @options come to here: *@ret is @options with backend INTERP or JIT. FALSE when something
 * was asked for explicitly that this host cannot do. [main] */
gboolean
qh_engine_options_resolve(const QhEngineOptions *options, QhEngineOptions *ret, GError **error);

#endif
