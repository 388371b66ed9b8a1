/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the command line's "type=user,id=n0,addr.type=unix" to the JSON that QMP would take: the
 * schema's type says which values are numbers, truth values, lists. A value that is JSON already
 * (it begins with a brace) is taken as it is.
 *
 * A dot goes into a member that is a struct ("addr.path=/x"); a list takes its key several times
 * ("hostfwd=...,hostfwd=..."), or with positions ("queue.0=..."); a list of structs of one member
 * named str takes that member's text. "no-X" is not known; "X" alone means X=on.
 */
#ifndef QH_CORE_CLI_KEYVAL_JSON_H
#define QH_CORE_CLI_KEYVAL_JSON_H

#include "core/qmp/qapi.h"

#define QH_KEYVAL_PARTIAL (1u << 0) /* mandatory members may be missing: the caller adds them */

/* @implied_key: of a first item without '='. NULL with @error (QH_ERROR_USAGE) that names the key.
 * The caller unrefs the result. */
QhJson *qh_keyval_json(const QhQapiType *type,
                       const char *text,
                       const char *implied_key,
                       uint32_t flags,
                       GError **error);

#endif
