/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: the classes of classes.json. */
#include "abi/module.h"
#include "modules/virtio/classes.h"

static gboolean ask(const QhHostApi *api, VirtioServices *services, GError **error)
{
    services->host = api->host;
    /* not every host has disks, networks and screens */
    services->block = api->service(api->host, "qh.block", 1, 0, NULL);
    services->net = api->service(api->host, "qh.net", 1, 0, NULL);
    services->display = api->service(api->host, "qh.display", 1, 0, NULL);
    services->object = api->service(api->host, "qh.object", 1, 0, NULL);
    services->input = api->service(api->host, "qh.input", 1, 0, NULL);
    return (services->mem = api->service(api->host, "qh.mem", 1, 1, error)) != NULL &&
           (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->machine = api->service(api->host, "qh.machine", 1, 0, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL &&
           (services->event = api->service(api->host, "qh.event", 1, 0, error)) != NULL &&
           (services->chr = api->service(api->host, "qh.char", 1, 0, error)) != NULL;
}

static gboolean
virtio_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree VirtioContext *contexts = g_new0(VirtioContext, virtio_n_classes);
    VirtioServices services = {0};

    if (!ask(api, &services, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < virtio_n_classes; i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = "device",
            .name = virtio_classes[i].name,
            .interface = QH_DEVICE_INTERFACE,
            .ops = virtio_classes[i].ops,
            .ctx = &contexts[i],
        };

        contexts[i].services = services;
        contexts[i].function = virtio_classes[i].function;
        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    *ret_ctx = g_steal_pointer(&contexts);
    return TRUE;
}

static void virtio_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = virtio_init,
    .fini = virtio_fini,
};
