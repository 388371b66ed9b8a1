/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions of clients about what this program does not have: the answer is an empty list. */
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-stats.h"
#include "qapi/qapi-commands-tpm.h"

gboolean qh_qmp_query_tpm_models(G_GNUC_UNUSED QhHost *host,
                                 G_GNUC_UNUSED QhQmpTpmModelList *ret,
                                 G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

gboolean qh_qmp_query_tpm_types(G_GNUC_UNUSED QhHost *host,
                                G_GNUC_UNUSED QhQmpTpmTypeList *ret,
                                G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

gboolean qh_qmp_query_stats(G_GNUC_UNUSED QhHost *host,
                            G_GNUC_UNUSED const QhQmpStatsFilter *args,
                            G_GNUC_UNUSED QhQmpStatsResultList *ret,
                            G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

gboolean qh_qmp_query_stats_schemas(G_GNUC_UNUSED QhHost *host,
                                    G_GNUC_UNUSED const QhQmpQueryStatsSchemasArgs *args,
                                    G_GNUC_UNUSED QhQmpStatsSchemaList *ret,
                                    G_GNUC_UNUSED GError **error)
{
    return TRUE;
}
