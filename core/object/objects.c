/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cli/keyval-json.h"
#include "core/device/instance.h"
#include "core/host/id.h"
#include "core/module/registry.h"
#include "core/object/object-priv.h"
#include "qapi/qapi-tables.h"

#include <string.h>

#define MAX_OBJECTS 4096u

struct QhObject {
    QhHost *host;
    char *id, *type;
    QhSlotRef slot; /* of a module's class */
    const QhObjectOps *ops;
    QhObjectHead *state;
    guint users;
};

struct QhObjects {
    QhHost *host;
    GPtrArray *objects; /* in the order they were made: a later one may use an earlier one */
};

static const struct {
    const char *name;
    const QhObjectOps *ops;
} classes[] = {
    {"filter-dump",          &qh_object_filter_dump   },
    {"fsdev-local",          &qh_object_fsdev_local   },
    {"iothread",             &qh_object_iothread      },
    {"memory-backend-file",  &qh_object_memory_file   },
    {"memory-backend-memfd", &qh_object_memory_memfd  },
    {"memory-backend-ram",   &qh_object_memory_ram    },
    {"throttle-group",       &qh_object_throttle_group},
    {"rng-builtin",          &qh_object_rng_builtin   },
    {"rng-random",           &qh_object_rng_random    },
    {"secret",               &qh_object_secret_class  },
};

const QhObjectOps *qh_object_class(guint i, const char **ret_name)
{
    *ret_name = i < G_N_ELEMENTS(classes) ? classes[i].name : NULL;
    return i < G_N_ELEMENTS(classes) ? classes[i].ops : NULL;
}

QhObjects *qh_objects_new(QhHost *host)
{
    QhObjects *objects = g_new0(QhObjects, 1);

    objects->host = host;
    objects->objects = g_ptr_array_new();
    return objects;
}

static void object_free(QhObject *object)
{
    if (object->state != NULL) {
        if (object->ops->release != NULL) {
            object->ops->release(object->state);
        }
        qh_properties_clear(object->ops->properties, object->state);
        g_free(object->state);
    }
    if (object->slot.ops != NULL) {
        qh_slot_release(&object->slot);
    }
    g_free(object->type);
    g_free(object->id);
    g_free(object);
}

void qh_objects_free(QhObjects *objects)
{
    if (objects == NULL) {
        return;
    }
    while (objects->objects->len > 0) {
        object_free(g_ptr_array_steal_index(objects->objects, objects->objects->len - 1));
    }
    g_ptr_array_unref(objects->objects);
    g_free(objects);
}

QhObject *qh_objects_find(QhObjects *objects, const char *id)
{
    for (guint i = 0; i < objects->objects->len; i++) {
        QhObject *object = g_ptr_array_index(objects->objects, i);

        if (g_str_equal(object->id, id)) {
            return object;
        }
    }
    return NULL;
}

void qh_objects_foreach(QhObjects *objects, void (*fn)(QhObject *object, void *data), void *data)
{
    for (guint i = 0; i < objects->objects->len; i++) {
        fn(g_ptr_array_index(objects->objects, i), data);
    }
}

/* A class of the host's own, or a module's. */
static gboolean find_ops(QhObject *object, void **ret_ctx, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (g_str_equal(classes[i].name, object->type)) {
            object->ops = classes[i].ops;
            *ret_ctx = NULL;
            return TRUE;
        }
    }
    if (!qh_registry_acquire(qh_host_registry(object->host), "object", object->type, &object->slot,
                             error)) {
        return FALSE;
    }
    object->ops = object->slot.ops;
    *ret_ctx = object->slot.ctx;
    return TRUE;
}

/* A value as a user would write it for a property. */
static char *as_text(const QhJson *value)
{
    if (qh_json_type(value) == QH_JSON_STRING) {
        return g_strdup(qh_json_string(value));
    }
    if (qh_json_type(value) == QH_JSON_BOOL) {
        return g_strdup(qh_json_bool(value) ? "on" : "off");
    }
    return qh_json_to_text(value);
}

/* The members; those of a group within are properties "GROUP.NAME". */
static gboolean set_all(QhObject *object,
                        const QhJson *options,
                        const char *prefix,
                        const char *subject,
                        GError **error)
{
    for (size_t i = 0; i < qh_json_length(options); i++) {
        const char *key = qh_json_key(options, i);
        const QhJson *value = qh_json_value(options, i);
        g_autofree char *name = g_strconcat(prefix, key, NULL);

        if (qh_json_type(value) == QH_JSON_OBJECT && *prefix == '\0') {
            g_autofree char *group = g_strconcat(key, ".", NULL);

            if (!set_all(object, value, group, subject, error)) {
                return FALSE;
            }
            continue;
        }
        g_autofree char *text = as_text(value);
        if (!g_str_equal(name, "id") && !g_str_equal(name, "qom-type") &&
            !qh_property_set(object->host, object->ops->properties, object->state, subject, name,
                             text, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean fill(QhObject *object, const QhJson *options, GError **error)
{
    g_autofree char *subject = g_strdup_printf("object '%s' (%s)", object->id, object->type);

    if (!qh_properties_set_defaults(object->host, object->ops->properties, object->state, subject,
                                    error)) {
        return FALSE;
    }
    if (!set_all(object, options, "", subject, error)) {
        return FALSE;
    }
    if (!object->ops->complete(object->state, error)) {
        g_prefix_error(error, "%s: ", subject);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_objects_add(QhObjects *objects, const QhJson *options, GError **error)
{
    void *ctx = NULL;

    if (!qh_qapi_check(&qh_qapi_ObjectOptions, options, error)) {
        return FALSE;
    }
    const char *id = qh_json_string(qh_json_get(options, "id"));
    if (!qh_id_check(id, error)) {
        return FALSE;
    }
    if (qh_objects_find(objects, id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "object '%s' already exists", id);
        return FALSE;
    }
    if (objects->objects->len >= MAX_OBJECTS) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "there are %u objects already", MAX_OBJECTS);
        return FALSE;
    }
    QhObject *object = g_new0(QhObject, 1);
    object->host = objects->host;
    object->id = g_strdup(id);
    object->type = g_strdup(qh_json_string(qh_json_get(options, "qom-type")));
    if (find_ops(object, &ctx, error)) {
        object->state = g_malloc0(object->ops->state_size);
        object->state->ctx = ctx;
        object->state->host = objects->host;
        object->state->object = object;
        object->state->id = object->id;
        if (fill(object, options, error)) {
            g_ptr_array_add(objects->objects, object);
            return TRUE;
        }
    }
    object_free(object);
    return FALSE;
}

gboolean qh_objects_add_option(QhObjects *objects, const char *text, GError **error)
{
    g_autoptr(QhJson) options = qh_keyval_json(&qh_qapi_ObjectOptions, text, "qom-type", 0, error);

    return options != NULL && qh_objects_add(objects, options, error);
}

gboolean qh_objects_remove(QhObjects *objects, const char *id, GError **error)
{
    QhObject *object = qh_objects_find(objects, id);

    if (object == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "object '%.128s' not found", id);
        return FALSE;
    }
    if (object->users > 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "object '%s' is in use, can not be deleted",
                    id);
        return FALSE;
    }
    g_ptr_array_remove(objects->objects, object);
    object_free(object);
    return TRUE;
}

const char *qh_object_id(const QhObject *object)
{
    return object->id;
}

const char *qh_object_type(const QhObject *object)
{
    return object->type;
}

QhObject *qh_object_ref(QhObject *object)
{
    object->users++;
    return object;
}

void qh_object_unref(QhObject *object)
{
    object->users--;
}

char *qh_object_property(QhObject *object, const char *name)
{
    return qh_property_text(object->ops->properties, object->state, name);
}

const QhPropertyTable *qh_object_properties(const QhObject *object)
{
    return object->ops->properties;
}

const void *
qh_object_methods(QhObject *object, const char *interface, QhObjectHead **ret_state, GError **error)
{
    if (g_strcmp0(object->ops->interface, interface) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "object '%s' (%s) is not of the kind that is wanted here (%s)", object->id,
                    object->type, interface);
        return NULL;
    }
    *ret_state = object->state;
    return object->ops->methods;
}

const QhObjectService qh_object_service = {
    .size = sizeof(QhObjectService),
    .methods = qh_object_methods,
};
