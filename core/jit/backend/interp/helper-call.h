/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the interpreter calls helpers: directly when all is integer, else through libffi. */
#ifndef QH_CORE_JIT_BACKEND_INTERP_HELPER_CALL_H
#define QH_CORE_JIT_BACKEND_INTERP_HELPER_CALL_H

#include "abi/translator.h"

#include <ffi.h>

typedef struct QhHelperCall {
    gboolean direct; /* at most 6 integers of up to 64 bits, and none or one back */
    ffi_cif cif;
    ffi_type *types[9]; /* of the arguments, the QhCpu * first */
} QhHelperCall;

/* One for each helper of @ops, NULL with @error when a signature is impossible. Free with g_free.
 */
QhHelperCall *qh_helper_calls_new(const QhTranslatorOps *ops, GError **error);

/* Call @fn with the @n values at @values (16 bytes each, low part first); the result, @ret_bytes of
 * it, goes to *@ret. */
void qh_helper_call(const QhHelperCall *call,
                    void (*fn)(void),
                    QhCpu *cpu,
                    const void *const *values,
                    uint32_t n,
                    void *ret,
                    uint32_t ret_bytes);

#endif
