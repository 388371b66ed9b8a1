/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are allowed by what their arguments are. */
#ifndef QH_CORE_SANDBOX_RULES_H
#define QH_CORE_SANDBOX_RULES_H

#include "core/sandbox/sandbox.h"

#include <seccomp.h>

/* Add to @filter what @role may call with some arguments; @spawn: other programs may be started.
 * FALSE: the library refused a rule. */
gboolean qh_sandbox_add_rules(scmp_filter_ctx filter, QhSandboxRole role, gboolean spawn);
/* How many calls these are, and which. */
guint qh_sandbox_n_rules(QhSandboxRole role);

#endif
