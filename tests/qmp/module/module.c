/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module whose only slots are commands; the tests see each kind of result through it. */
#include "abi/module.h"
#include "abi/command.h"
#include "abi/services.h"
#include "qapi/qapi-types-target-arm.h"
#include "qapi/qapi-types-target-i386.h"
#include "qapi/qapi-types-target-s390x.h"

typedef struct TestModule {
    QhHost *host;
    const QhEventService *event;
} TestModule;

static gboolean gic_capabilities(void *ctx, const void *args, void *result, GError **error)
{
    QhQmpGICCapabilityList *list = result;

    (void)ctx;
    (void)args;
    (void)error;
    list->items = g_new0(QhQmpGICCapability, 2);
    list->n = 2;
    list->items[0] = (QhQmpGICCapability){.version = 3, .emulated = TRUE};
    list->items[1] = (QhQmpGICCapability){.version = 2, .kernel = TRUE};
    return TRUE;
}

static gboolean dump_skeys(void *ctx, const void *args, void *result, GError **error)
{
    const QhQmpDumpSkeysArgs *skeys = args;

    (void)ctx;
    (void)result;
    if (g_str_equal(skeys->filename, "silent")) {
        return FALSE; /* against the contract: no error is set */
    }
    if (g_str_equal(skeys->filename, "fail")) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_ACTIVE, "writing '%s': no", skeys->filename);
        return FALSE;
    }
    return TRUE;
}

static gboolean sev(void *ctx, const void *args, void *result, GError **error)
{
    QhQmpSevInfo *info = result;

    (void)ctx;
    (void)args;
    (void)error;
    info->enabled = TRUE;
    info->state = 77; /* out of range */
    info->sev_type = QH_QMP_SEV_GUEST_TYPE_SEV_SNP;
    info->u.sev_snp.snp_policy = G_MAXUINT64;
    return TRUE;
}

/* One event as the schema has it, three that it has not. */
static gboolean emit_events(void *ctx, const void *args, void *result, GError **error)
{
    TestModule *module = ctx;

    (void)args;
    (void)result;
    if (module->event->emit(module->host, "NO_SUCH_EVENT", NULL, NULL) ||
        module->event->emit(module->host, "WATCHDOG", "{\"action\": \"nap\"}", NULL) ||
        module->event->emit(module->host, "WATCHDOG", "{\"action\"", NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "a wrong event was taken");
        return FALSE;
    }
    for (int i = 0; i < 50; i++) {
        if (!module->event->emit(module->host, "WATCHDOG",
                                 i < 49 ? "{\"action\": \"reset\"}" : "{\"action\": \"poweroff\"}",
                                 error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static const QhCommandOps gic_ops = {
    .size = sizeof(QhCommandOps),
    .run = gic_capabilities,
    .digest = QH_COMMAND_QUERY_GIC_CAPABILITIES_DIGEST,
};
static const QhCommandOps skeys_ops = {
    .size = sizeof(QhCommandOps),
    .run = dump_skeys,
    .digest = QH_COMMAND_DUMP_SKEYS_DIGEST,
};
static const QhCommandOps sev_ops = {
    .size = sizeof(QhCommandOps),
    .run = sev,
    .digest = QH_COMMAND_QUERY_SEV_DIGEST,
};
static const QhCommandOps sgx_ops = {
    .size = sizeof(QhCommandOps),
    .run = sev,
    .digest = QH_COMMAND_QUERY_SEV_DIGEST,
};
static const QhCommandOps events_ops = {
    .size = sizeof(QhCommandOps),
    .run = emit_events,
    .digest = QH_COMMAND_RTC_RESET_REINJECTION_DIGEST,
};

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const struct {
        const char *name;
        const QhCommandOps *ops;
    } rows[] = {
        {"query-gic-capabilities", &gic_ops   },
        {"dump-skeys",             &skeys_ops },
        {"query-sev",              &sev_ops   },
        {"query-sgx",              &sgx_ops   },
        {"rtc-reset-reinjection",  &events_ops},
    };
    const QhEventService *event = host->service(host->host, "qh.event", 1, 0, error);

    if (event == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = "command",
            .name = rows[i].name,
            .interface = QH_COMMAND_INTERFACE,
            .ops = rows[i].ops,
        };
        if (!host->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    TestModule *module = g_new0(TestModule, 1);
    module->host = host->host;
    module->event = event;
    *ret_ctx = module;
    return TRUE;
}

static void fini(void *ctx)
{
    g_free(ctx);
}

QH_MODULE_EXPORT const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = init,
    .fini = fini,
};
