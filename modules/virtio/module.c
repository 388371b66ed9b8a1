/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: the classes of classes.json, and commands. */
#include "abi/module.h"
#include "modules/virtio/balloon.h"
#include "modules/virtio/classes.h"

static gboolean ask(const QhHostApi *api, VirtioServices *services, GError **error)
{
    services->host = api->host;
    /* not every host has disks, networks and screens */
    services->block = api->service(api->host, "qh.block", 1, 0, NULL);
    services->net = api->service(api->host, "qh.net", 1, 0, NULL);
    services->display = api->service(api->host, "qh.display", 1, 0, NULL);
    services->object = api->service(api->host, "qh.object", 1, 0, NULL);
    services->loop = api->service(api->host, "qh.loop", 1, 0, NULL);
    services->input = api->service(api->host, "qh.input", 1, 0, NULL);
    services->fw = api->service(api->host, "qh.fw-cfg", 1, 0, NULL);
    return (services->mem = api->service(api->host, "qh.mem", 1, 1, error)) != NULL &&
           (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->machine = api->service(api->host, "qh.machine", 1, 0, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL &&
           (services->event = api->service(api->host, "qh.event", 1, 0, error)) != NULL &&
           (services->chr = api->service(api->host, "qh.char", 1, 0, error)) != NULL;
}

typedef struct VirtioModule {
    VirtioShared shared; /* first: it is what commands get */
    VirtioContext contexts[];
} VirtioModule;

static gboolean offer_commands(const QhHostApi *api, QhTransaction *txn, GError **error)
{
    static const struct {
        const char *name;
        const QhCommandOps *ops;
    } commands[] = {
        {"balloon",       &virtio_balloon_ops      },
        {"query-balloon", &virtio_query_balloon_ops},
    };

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = "command",
            .name = commands[i].name,
            .interface = QH_COMMAND_INTERFACE,
            .ops = commands[i].ops,
        };

        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
virtio_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree VirtioModule *module =
        g_malloc0(sizeof(VirtioModule) + virtio_n_classes * sizeof(VirtioContext));

    if (!ask(api, &module->shared.services, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < virtio_n_classes; i++) {
        VirtioContext *context = &module->contexts[i];
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = "device",
            .name = virtio_classes[i].name,
            .interface = QH_DEVICE_INTERFACE,
            .ops = virtio_classes[i].ops,
            .ctx = context,
        };

        context->services = module->shared.services;
        context->function = virtio_classes[i].function;
        context->shared = &module->shared;
        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    if (!offer_commands(api, txn, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&module);
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
