/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP's query-gic-capabilities: both versions are emulated, and no kernel is asked for any. */
#include "modules/arm/module.h"

#include "qapi/qapi-types-target-arm.h"

static gboolean query(void *ctx, const void *args, void *result, GError **error)
{
    QhQmpGICCapabilityList *list = result;

    (void)ctx, (void)args, (void)error;
    list->items = g_new0(QhQmpGICCapability, 2);
    list->n = 2;
    list->items[0] = (QhQmpGICCapability){.version = 2, .emulated = TRUE};
    list->items[1] = (QhQmpGICCapability){.version = 3, .emulated = TRUE};
    return TRUE;
}

const QhCommandOps arm_gic_query = {
    .size = sizeof(QhCommandOps),
    .run = query,
    .digest = QH_COMMAND_QUERY_GIC_CAPABILITIES_DIGEST,
};
