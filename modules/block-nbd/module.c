/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: block driver "nbd". */
#include "abi/module.h"
#include "modules/block-nbd/nbd.h"

static gboolean init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    const QhOffer offer = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "block",
        .name = "nbd",
        .interface = QH_BLOCK_DRIVER_INTERFACE,
        .ops = &nbd_ops,
    };

    *ret_ctx = NULL;
    return api->offer(txn, &offer, error);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = init,
};
