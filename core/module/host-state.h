/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What opening a file may change behind our back: floating-point modes (a library linked with
 * -ffast-math sets "flush to zero" in the thread that opens it), signal handlers, umask, working
 * directory, locale, descriptors, threads. Saved before a load and compared after it.
 */
#ifndef QH_CORE_MODULE_HOST_STATE_H
#define QH_CORE_MODULE_HOST_STATE_H

#include "core/module/registry.h"

typedef struct QhHostState QhHostState;

QhHostState *qh_host_state_save(void);
/* FALSE with @error naming the first thing that has changed. [main] */
gboolean qh_host_state_compare(const QhHostState *state, GError **error);
/* Whether threads have been added, which nobody can take back: their code must stay. [main] */
gboolean qh_host_state_more_threads(const QhHostState *state);
/* Put back all that can be; extra descriptors are closed. [main] */
void qh_host_state_restore(const QhHostState *state);
/* The same without the descriptors. [main] */
void qh_host_state_restore_modes(const QhHostState *state);
void qh_host_state_free(QhHostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhHostState, qh_host_state_free)

#endif
