/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client may switch on for a migration. libvirt switches events on before it starts a guest,
 * whether it will ever migrate it or not. */
#include "core/qmp/qmp-priv.h"
#include "qapi/qapi-commands-migration.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_query_migrate_capabilities(QhHost *host,
                                           QhQmpMigrationCapabilityStatusList *ret,
                                           GError **error)
{
    QhQmpMigrationCapabilityStatus *events = QH_QAPI_APPEND(ret);

    (void)error;
    events->capability = QH_QMP_MIGRATION_CAPABILITY_EVENTS;
    events->state = *qh_qmp_migration_events(qh_host_qmp(host));
    return TRUE;
}

gboolean qh_qmp_migrate_set_capabilities(QhHost *host,
                                         const QhQmpMigrateSetCapabilitiesArgs *args,
                                         GError **error)
{
    for (size_t i = 0; i < args->capabilities.n; i++) {
        const QhQmpMigrationCapabilityStatus *status = &args->capabilities.items[i];

        if (status->capability != QH_QMP_MIGRATION_CAPABILITY_EVENTS && status->state) {
            g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                        "migration capability '%s' is not supported",
                        qh_qapi_MigrationCapability.values[status->capability]);
            return FALSE;
        }
    }
    for (size_t i = 0; i < args->capabilities.n; i++) {
        if (args->capabilities.items[i].capability == QH_QMP_MIGRATION_CAPABILITY_EVENTS) {
            *qh_qmp_migration_events(qh_host_qmp(host)) = args->capabilities.items[i].state;
        }
    }
    return TRUE;
}
