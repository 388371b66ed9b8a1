/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/qmp/qapi.h"
#include "qapi/qapi-tables.h"
#include "qapi/qapi-types-char.h"
#include "qapi/qapi-types-machine.h"
#include "qapi/qapi-types-target-s390x.h"
#include <string.h>

/* @json must be refused as @type, with exactly @expect. */
static void check_refused(const QhQapiType *type, const char *text, const char *expect)
{
    g_autoptr(QhJson) json = qh_json_parse(text, -1, NULL, NULL);
    GError *error = NULL;

    g_assert_nonnull(json);
    g_assert_false(qh_qapi_check(type, json, &error));
    g_assert_cmpstr(error->message, ==, expect);
    g_clear_error(&error);
}

/* @text read as @type and written again must be @expect. */
static void check_round_trip(const QhQapiType *type, const char *text, const char *expect)
{
    g_autoptr(QhJson) json = qh_json_parse(text, -1, NULL, NULL);
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    g_autofree char *value = g_malloc0(type->size);
    g_autofree char *zero = g_malloc0(type->size);
    GError *error = NULL;

    qh_qapi_read(type, json, value, &error);
    g_assert_no_error(error);
    qh_qapi_write(type, value, writer);
    g_autofree char *written = qh_json_writer_steal(writer, NULL);
    g_assert_cmpstr(written, ==, expect);
    qh_qapi_clear(type, value);
    g_assert_cmpmem(value, type->size, zero, type->size);
}

static void test_errors(void)
{
    const QhQapiType *chardev = &qh_qapi_QhQmpChardevAddArgs;
    const QhQapiType *topology = &qh_qapi_QhQmpSetCpuTopologyArgs;

    check_refused(chardev, "{}", "Parameter 'id' is missing");
    check_refused(chardev, "[]", "Invalid parameter type for '', expected: object");
    check_refused(chardev, "{\"id\": 1}", "Invalid parameter type for 'id', expected: string");
    check_refused(chardev, "{\"id\": \"c\", \"backend\": {}}",
                  "Parameter 'backend.type' is missing");
    check_refused(chardev, "{\"id\": \"c\", \"backend\": {\"type\": \"nope\"}}",
                  "Parameter 'backend.type' does not accept value 'nope'");
    check_refused(chardev,
                  "{\"id\": \"c\", \"backend\": {\"type\": \"null\", \"data\": {}}, \"x\": 1}",
                  "Parameter 'x' is unexpected");
    check_refused(chardev,
                  "{\"id\": \"c\", \"backend\": {\"type\": \"socket\", \"data\": {\"addr\":"
                  " {\"type\": \"inet\", \"data\": {\"host\": \"h\"}}}}}",
                  "Parameter 'backend.data.addr.data.port' is missing");
    check_refused(chardev,
                  "{\"id\": \"c\", \"backend\": {\"type\": \"hub\", \"data\": "
                  "{\"chardevs\": [\"a\", 2]}}}",
                  "Invalid parameter type for 'backend.data.chardevs[1]', expected: string");
    check_refused(chardev,
                  "{\"id\": \"c\", \"backend\": {\"type\": \"null\", \"data\": "
                  "{\"logappend\": 1}}}",
                  "Invalid parameter type for 'backend.data.logappend', expected: boolean");
    check_refused(topology, "{\"core-id\": 65536}", "Parameter 'core-id' expects uint16");
    check_refused(topology, "{\"core-id\": -1}", "Parameter 'core-id' expects uint16");
    check_refused(topology, "{\"core-id\": 1.5}", "Parameter 'core-id' expects uint16");
    check_refused(topology, "{\"core-id\": 1, \"entitlement\": 3}",
                  "Invalid parameter type for 'entitlement', expected: string");
    check_refused(&qh_qapi_QhQmpQmpCapabilitiesArgs, "{\"enable\": [\"oob\", \"nope\"]}",
                  "Parameter 'enable[1]' does not accept value 'nope'");
    check_refused(&qh_qapi_QhQmpHumanMonitorCommandArgs,
                  "{\"command-line\": \"x\", \"cpu-index\": \"0\"}",
                  "Invalid parameter type for 'cpu-index', expected: integer");
    check_refused(&qh_qapi_QhQmpHumanMonitorCommandArgs,
                  "{\"command-line\": \"x\", \"cpu-index\": 9223372036854775808}",
                  "Parameter 'cpu-index' expects int64");
}

/* A name that is long is not repeated in full. */
static void test_long_names(void)
{
    g_autofree char *name = g_strnfill(100000, 'k');
    g_autofree char *text = g_strdup_printf("{\"%s\": 1}", name);
    g_autoptr(QhJson) json = qh_json_parse(text, -1, NULL, NULL);
    GError *error = NULL;

    g_assert_false(qh_qapi_check(&qh_qapi_QhQmpQmpCapabilitiesArgs, json, &error));
    g_assert_cmpuint(strlen(error->message), <, 200);
    g_clear_error(&error);
}

static void test_round_trips(void)
{
    check_round_trip(
        &qh_qapi_QhQmpChardevAddArgs,
        "{\"backend\": {\"data\": {\"addr\": {\"type\": \"unix\", \"data\": {\"path\": "
        "\"/x\"}}, \"server\": false}, \"type\": \"socket\"}, \"id\": \"c\"}",
        "{\"id\": \"c\", \"backend\": {\"type\": \"socket\", \"data\": {\"addr\": "
        "{\"type\": \"unix\", \"data\": {\"path\": \"/x\"}}, \"server\": false}}}");
    check_round_trip(&qh_qapi_QhQmpSetCpuTopologyArgs,
                     "{\"core-id\": 65535, \"entitlement\": \"high\", \"dedicated\": true}",
                     "{\"core-id\": 65535, \"entitlement\": \"high\", \"dedicated\": true}");
    check_round_trip(&qh_qapi_CpuModelInfo, "{\"name\": \"max\", \"props\": {\"a\": [1, null]}}",
                     "{\"name\": \"max\", \"props\": {\"a\": [1, null]}}");
    check_round_trip(&qh_qapi_CpuInfoFast,
                     "{\"cpu-index\": 0, \"qom-path\": \"/\", \"thread-id\": 1, \"props\": "
                     "{\"core-id\": 3}, \"target\": \"s390x\", \"cpu-state\": \"load\"}",
                     "{\"cpu-index\": 0, \"qom-path\": \"/\", \"thread-id\": 1, \"props\": "
                     "{\"core-id\": 3}, \"target\": \"s390x\", \"cpu-state\": \"load\"}");
    check_round_trip(&qh_qapi_QhQmpQmpCapabilitiesArgs, "{\"enable\": []}", "{\"enable\": []}");
    check_round_trip(&qh_qapi_QhQmpQmpCapabilitiesArgs, "{}", "{}");
}

static void test_append(void)
{
    QhQmpMachineInfoList list = {0};
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    QH_QAPI_APPEND(&list)->name = g_strdup("a");
    QhQmpMachineInfo *second = QH_QAPI_APPEND(&list);
    second->name = g_strdup("b");
    second->cpu_max = 4;
    qh_qapi_write(&qh_qapi_list_MachineInfo, &list, writer);
    qh_qapi_clear(&qh_qapi_list_MachineInfo, &list);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    g_assert_nonnull(strstr(text, "\"name\": \"b\", \"cpu-max\": 4"));
    g_assert_cmpuint(list.n, ==, 0);
}

/* The introspection bytes are what the schema's own types say they are. */
static void test_introspection(void)
{
    GError *error = NULL;
    g_autoptr(QhJson) json =
        qh_json_parse(qh_qapi_introspection, qh_qapi_introspection_bytes, NULL, &error);

    g_assert_no_error(error);
    qh_qapi_check(&qh_qapi_list_SchemaInfo, json, &error);
    g_assert_no_error(error);
    g_autofree char *digest = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const guchar *)qh_qapi_introspection, qh_qapi_introspection_bytes);
    g_assert_cmpstr(digest, ==, qh_qapi_digest);
    g_assert_cmpuint(strlen(qh_qapi_introspection), ==, qh_qapi_introspection_bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qapi/errors", test_errors);
    g_test_add_func("/qapi/long-names", test_long_names);
    g_test_add_func("/qapi/round-trips", test_round_trips);
    g_test_add_func("/qapi/append", test_append);
    g_test_add_func("/qapi/introspection", test_introspection);
    return g_test_run();
}
