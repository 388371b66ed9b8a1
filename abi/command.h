/* SPDX-License-Identifier: MIT */
/*
 * Slot "command/NAME", interface "qh.command": the body of a QMP command that the schema declares
 * with 'slot'. The schema is the host's; a module only fills the slot.
 */
#ifndef QH_ABI_COMMAND_H
#define QH_ABI_COMMAND_H

#include "abi/base.h"

#define QH_COMMAND_INTERFACE "qh.command"

typedef struct QhCommandOps {
    uint32_t size;
    uint32_t reserved;
    /*
     * @args points to the generated struct of the command's arguments (qapi-types), NULL if it has
     * none; @result to the zeroed generated struct or pointer of what it returns. The host frees
     * what @result holds with g_free, member by member, as the generated type says. FALSE with
     * @error set. [main]
     */
    gboolean (*run)(void *ctx, const void *args, void *result, GError **error);
    /* Digest of the argument and return types the module was built against: generated constant
     * QH_COMMAND_<NAME>_DIGEST. Another digest refuses the load. */
    const char *digest;
} QhCommandOps;

#endif
