/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists: names of system calls with blanks between them. */
#ifndef QH_CORE_SANDBOX_LISTS_H
#define QH_CORE_SANDBOX_LISTS_H

#include "core/sandbox/sandbox.h"

/* What a role may call whatever the arguments. */
extern const char *const qh_sandbox_calls[QH_SANDBOX_ROLES];

/* What -sandbox allows the main thread besides. Starting programs is refused with EPERM. */
extern const char qh_sandbox_obsolete[], qh_sandbox_elevate[], qh_sandbox_spawn[],
    qh_sandbox_resources[];

/* Refused with EPERM on the narrow roles' threads, which live on. */
extern const char qh_sandbox_narrow_refused[];

/* Answered with ENOSYS: a C library tries them and falls back to older calls whose arguments can be
 * checked. */
extern const char qh_sandbox_unknown[];

#endif
