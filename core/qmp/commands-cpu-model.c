/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on CPU models: the list is read from notes, an expansion asks the target's cpu slot. */
#include "abi/cpu.h"
#include "core/device/instance.h"
#include "core/qmp/offers.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-cpu-model.h"
#include "qapi/qapi-tables.h"
#include <stdlib.h>
#include <string.h>

typedef struct Models {
    const char *target; /* NULL: all */
    QhQmpCpuDefinitionInfoList *list;
} Models;

static void add_model_for(
    Models *models, const char *module, const QhJson *entry, gboolean installed, const char *target)
{
    QhQmpCpuDefinitionInfo *model = QH_QAPI_APPEND(models->list);

    model->name = qh_offer_text(entry, "name");
    model->typename = qh_cpu_type_name(model->name, target);
    model->static_ = qh_offer_bool(entry, "static");
    model->deprecated = qh_offer_bool(entry, "deprecated");
    model->alias_of = qh_offer_text(entry, "alias-of");
    model->target = g_strdup(target);
    model->description = qh_offer_text(entry, "description");
    model->module = g_strdup(module);
    model->has_installed = TRUE;
    model->installed = installed;
}

static void add_model(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Models *models = data;
    const QhJson *targets = qh_json_get(entry, "targets");

    if (models->target != NULL) {
        if (qh_offer_has_target(entry, models->target)) {
            add_model_for(models, module, entry, installed, models->target);
        }
        return;
    }
    for (size_t i = 0; targets != NULL && i < qh_json_length(targets); i++) {
        const char *target = qh_json_string(qh_json_at(targets, i));
        if (target != NULL) {
            add_model_for(models, module, entry, installed, target);
        }
    }
    if (targets == NULL) {
        add_model_for(models, module, entry, installed, NULL);
    }
}

gboolean qh_qmp_query_cpu_definitions(QhHost *host,
                                      const QhQmpQueryCpuDefinitionsArgs *args,
                                      QhQmpCpuDefinitionInfoList *ret,
                                      GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    Models models = {.list = ret};

    if (!qh_target_choose(registry, args->target, &models.target, error)) {
        return FALSE;
    }
    qh_registry_foreach_offer(registry, "cpu-model", add_model, &models);
    return TRUE;
}

static gboolean find_model(const QhCpuOps *ops, const char *name, uint32_t *ret)
{
    const char *row = (const char *)ops->models;

    for (uint32_t i = 0; i < ops->n_models; i++) {
        if (g_str_equal(((const QhCpuModel *)(row + i * ops->model_size))->name, name)) {
            *ret = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* A value of the client as the user would write it on the command line. */
static char *value_text(const QhJson *value)
{
    if (qh_json_type(value) == QH_JSON_STRING) {
        return g_strdup(qh_json_string(value));
    }
    if (qh_json_type(value) == QH_JSON_BOOL) {
        return g_strdup(qh_json_bool(value) ? "on" : "off");
    }
    return qh_json_to_text(value);
}

/* And back: truth values and numbers are such on the wire, too. */
static QhJson *value_json(const QhProperty *property, const char *text)
{
    guint64 number;

    switch (property->type) {
    case QH_PROPERTY_BOOL:
        return qh_json_new_bool(g_str_equal(text, "on"));
    case QH_PROPERTY_U8:
    case QH_PROPERTY_U16:
    case QH_PROPERTY_U32:
    case QH_PROPERTY_U64:
    case QH_PROPERTY_SIZE:
        if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
            return qh_json_new_uint(number);
        }
        break;
    }
    return qh_json_new_string(text);
}

static gboolean set_properties(
    QhHost *host, const QhCpuOps *ops, QhCpu *cpu, const QhQmpCpuModelInfo *model, GError **error)
{
    g_autofree char *subject = g_strdup_printf("CPU model '%s'", model->name);

    if (model->props == NULL) {
        return TRUE;
    }
    if (qh_json_type(model->props) != QH_JSON_OBJECT) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Invalid parameter type for 'model.props', expected: object");
        return FALSE;
    }
    for (size_t i = 0; i < qh_json_length(model->props); i++) {
        g_autofree char *text = value_text(qh_json_value(model->props, i));
        if (!qh_property_set(host, ops->properties, cpu, subject, qh_json_key(model->props, i),
                             text, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static QhJson *all_properties(const QhCpuOps *ops, const QhCpu *cpu)
{
    const QhPropertyTable *table = ops->properties;
    QhJson *props = qh_json_new_object();

    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property =
            (const QhProperty *)((const char *)table->properties + i * table->property_size);
        g_autofree char *text = qh_property_text(table, cpu, property->name);
        if (text != NULL) {
            qh_json_set(props, property->name, value_json(property, text));
        }
    }
    return props;
}

/* A CPU that only lends its memory to the property table: it is never realized. */
static gboolean expand(QhHost *host,
                       const QhSlotRef *slot,
                       const QhQmpCpuModelInfo *model,
                       QhQmpCpuModelInfo *ret,
                       GError **error)
{
    const QhCpuOps *ops = slot->ops;
    uint32_t index;

    if (!find_model(ops, model->name, &index)) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "The CPU type '%.64s' is not a known type",
                    model->name);
        return FALSE;
    }
    QhCpu *cpu = aligned_alloc(64, (ops->state_size + 63u) & ~(size_t)63);
    if (cpu == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "expanding a model: no memory");
        return FALSE;
    }
    memset(cpu, 0, ops->state_size);
    cpu->ctx = slot->ctx;
    cpu->model = index;
    ops->model_defaults(cpu);
    gboolean ok = set_properties(host, ops, cpu, model, error);
    if (ok) {
        ret->name = g_strdup(model->name);
        ret->props = all_properties(ops, cpu);
    }
    if (ops->properties != NULL) {
        qh_properties_clear(ops->properties, cpu);
    }
    free(cpu);
    return ok;
}

gboolean qh_qmp_query_cpu_model_expansion(QhHost *host,
                                          const QhQmpQueryCpuModelExpansionArgs *args,
                                          QhQmpCpuModelExpansionInfo *ret,
                                          GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    const char *target;
    QhSlotRef slot;

    if (!qh_target_choose(registry, args->target, &target, error)) {
        return FALSE;
    }
    if (target == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                            "expanding a CPU model: no target is selected");
        return FALSE;
    }
    if (args->type == QH_QMP_CPU_MODEL_EXPANSION_TYPE_STATIC) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "The requested expansion type is not supported");
        return FALSE;
    }
    if (!qh_registry_acquire(registry, "cpu", target, &slot, error)) {
        return FALSE;
    }
    gboolean ok = expand(host, &slot, &args->model, &ret->model, error);
    qh_slot_release(&slot);
    return ok;
}
