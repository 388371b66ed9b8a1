/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table-driven reader and writer on any JSON: what fits a type is written, fits again and is
 * written the same; what does not leaves nothing behind.
 */
#include "core/qmp/qapi.h"
#include "qapi/qapi-tables.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char *read_and_write(const QhQapiType *type, const QhJson *json, GError **error)
{
    g_autofree void *value = g_malloc0(type->size);
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    if (!qh_qapi_read(type, json, value, error)) {
        for (size_t i = 0; i < type->size; i++) {
            g_assert(((const char *)value)[i] == 0);
        }
        return NULL;
    }
    qh_qapi_write(type, value, writer);
    qh_qapi_clear(type, value);
    return qh_json_writer_steal(writer, NULL);
}

static void check_type(const QhQapiType *type, const QhJson *json)
{
    GError *error = NULL;
    g_autofree char *first = read_and_write(type, json, &error);

    g_assert((first == NULL) == (error != NULL));
    if (first == NULL) {
        g_assert_cmpuint(strlen(error->message), <, 4096);
        g_error_free(error);
        return;
    }
    g_autoptr(QhJson) again = qh_json_parse(first, -1, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *second = read_and_write(type, again, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(first, ==, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const QhQapiType *const types[] = {
        &qh_qapi_QhQmpChardevAddArgs,
        &qh_qapi_QhQmpQueryCpuModelExpansionArgs,
        &qh_qapi_QhQmpSetCpuTopologyArgs,
        &qh_qapi_QhQmpQmpCapabilitiesArgs,
        &qh_qapi_list_SchemaInfo,
        &qh_qapi_CpuInfoFast,
        &qh_qapi_SevInfo,
        &qh_qapi_GuestPanicInformation,
        &qh_qapi_list_ModuleInfo,
    };
    QhJsonLimits limits = {.nesting = 64};
    g_autoptr(QhJson) json = qh_json_parse((const char *)data, (gssize)bytes, &limits, NULL);

    for (guint i = 0; json != NULL && i < G_N_ELEMENTS(types); i++) {
        check_type(types[i], json);
    }
    return 0;
}
