/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/module.h"

static gboolean null_init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    (void)host;
    (void)txn;
    *ret_ctx = NULL;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "not there yet");
    return FALSE;
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = null_init,
};
