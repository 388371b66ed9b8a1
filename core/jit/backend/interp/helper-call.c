/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/interp/helper-call.h"

#include "core/jit/ir.h"

#include <string.h>

/* libffi has no 128-bit integer; a pair that is aligned like one travels the same way. */
static ffi_type *const pair_elements[] = {&ffi_type_uint64, &ffi_type_uint64, NULL};
static ffi_type pair_type = {16, 16, FFI_TYPE_STRUCT, (ffi_type **)pair_elements};

static ffi_type *type_of(uint32_t type)
{
    switch (type) {
    case QH_TYPE_NONE:
        return &ffi_type_void;
    case QH_TYPE_B1:
    case QH_TYPE_I8:
    case QH_TYPE_I16:
    case QH_TYPE_I32:
        return &ffi_type_uint32;
    case QH_TYPE_I64:
        return &ffi_type_uint64;
    case QH_TYPE_F32:
        return &ffi_type_float;
    case QH_TYPE_F64:
        return &ffi_type_double;
    case QH_TYPE_I128:
    case QH_TYPE_V128:
        return &pair_type;
    default:
        return NULL;
    }
}

static gboolean is_word(uint32_t type)
{
    return type == QH_TYPE_I32 || type == QH_TYPE_I64 || type == QH_TYPE_B1 || type == QH_TYPE_I8 ||
           type == QH_TYPE_I16;
}

/*
 * Direct calls pass everything as 64-bit integers. That is right where the upper half of a
 * register is nobody's business when the parameter has 32 bits; elsewhere libffi does it.
 */
#if defined(__x86_64__) || defined(__aarch64__)
#define DIRECT 1
#else
#define DIRECT 0
#endif

static gboolean prepare(QhHelperCall *call, const QhHelper *helper)
{
    ffi_type *ret = type_of(helper->ret);

    call->direct =
        DIRECT && helper->n_args <= 6 && (helper->ret == QH_TYPE_NONE || is_word(helper->ret));
    call->types[0] = &ffi_type_pointer;
    if (ret == NULL || helper->fn == NULL || helper->n_args > 8) {
        return FALSE;
    }
    for (uint32_t i = 0; i < helper->n_args; i++) {
        call->types[1 + i] = helper->args[i] == QH_TYPE_NONE ? NULL : type_of(helper->args[i]);
        call->direct = call->direct && is_word(helper->args[i]);
        if (call->types[1 + i] == NULL) {
            return FALSE;
        }
    }
    return ffi_prep_cif(&call->cif, FFI_DEFAULT_ABI, helper->n_args + 1u, ret, call->types) ==
           FFI_OK;
}

QhHelperCall *qh_helper_calls_new(const QhTranslatorOps *ops, GError **error)
{
    g_autofree QhHelperCall *calls = g_new0(QhHelperCall, ops->n_helpers + 1u);

    for (uint32_t i = 0; i < ops->n_helpers; i++) {
        const QhHelper *helper = qh_ir_helper(ops, i);
        if (!prepare(&calls[i], helper)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "helper %u (%s): the signature cannot be called", i,
                        helper->name != NULL ? helper->name : "?");
            return NULL;
        }
    }
    return g_steal_pointer(&calls);
}

void qh_helper_call(const QhHelperCall *call,
                    void (*fn)(void),
                    QhCpu *cpu,
                    const void *const *values,
                    uint32_t n,
                    void *ret,
                    uint32_t ret_bytes)
{
    union {
        ffi_arg word;
        uint64_t pair[2];
        uint8_t bytes[16];
    } result = {.pair = {0}};
    void *args[9] = {&cpu};

    for (uint32_t i = 0; i < n; i++) {
        args[1 + i] = (void *)values[i];
    }
    ffi_call((ffi_cif *)&call->cif, fn, &result, args);
    if (ret_bytes <= sizeof(ffi_arg) && call->cif.rtype->type != FFI_TYPE_FLOAT &&
        call->cif.rtype->type != FFI_TYPE_DOUBLE && ret_bytes == 4) {
        uint32_t word = (uint32_t)result.word;
        memcpy(ret, &word, 4);
    } else if (ret_bytes == 8 && call->cif.rtype->type == FFI_TYPE_UINT32) {
        uint64_t word = (uint32_t)result.word; /* a b1 */
        memcpy(ret, &word, 8);
    } else {
        memcpy(ret, &result, ret_bytes);
    }
}
