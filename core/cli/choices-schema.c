/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that the schema says, as keyval-json.c reads them: a dot goes into a struct; which members a
 * union has depends on its tag, when that stands on the command line already. The schema does not
 * say which strings are file names or ids; the names of its members do.
 */
#include "core/cli/choices.h"
#include "core/cli/keyval-json.h"

#include <string.h>

static const char *values_of_string(const char *name)
{
    static const struct {
        const char *name, *values;
    } known[] = {
        {"filename",        "FILE"      },
        {"file",            "FILE"      },
        {"path",            "FILE"      },
        {"mem-path",        "FILE"      },
        {"script",          "FILE"      },
        {"downscript",      "FILE"      },
        {"helper",          "FILE"      },
        {"bootfile",        "FILE"      },
        {"tftp",            "DIRECTORY" },
        {"smb",             "DIRECTORY" },
        {"chardev",         "CHARDEV-ID"},
        {"netdev",          "NETDEV-ID" },
        {"node-name",       NULL        },
        {"keyid",           "OBJECT-ID" },
        {"password-secret", "OBJECT-ID" },
        {"throttle-group",  "OBJECT-ID" },
        {"tls-creds",       "OBJECT-ID" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(name, known[i].name)) {
            return known[i].values;
        }
    }
    return NULL;
}

/* The branch of an alternate, or the element of a list, that has members; NULL: none has. */
static const QhQapiType *object_in(const QhQapiType *type)
{
    if (type->kind == QH_QAPI_LIST) {
        type = type->element;
    }
    for (uint32_t i = 0; type->kind == QH_QAPI_ALTERNATE && i < type->n_branches; i++) {
        if (type->branches[i]->kind == QH_QAPI_OBJECT) {
            return type->branches[i];
        }
    }
    return type->kind == QH_QAPI_OBJECT ? type : NULL;
}

/* A list's element that is written as one text. */
static gboolean is_text(const QhQapiType *type)
{
    return type->kind == QH_QAPI_OBJECT && type->n_members == 1 &&
           g_str_equal(type->members[0].name, "str");
}

static char *values_of(const QhQapiType *type, const char *name)
{
    if (type->kind == QH_QAPI_BOOL) {
        return g_strdup("on|off");
    }
    if (type->kind == QH_QAPI_ENUM && g_str_equal(type->name, "BlockdevDriver")) {
        return g_strdup("BLOCKDEV"); /* the schema also has those that there are no drivers for */
    }
    if (type->kind == QH_QAPI_ENUM) {
        GString *text = g_string_new(NULL);

        for (uint32_t i = 0; i < type->n_values; i++) {
            g_string_append_printf(text, "%s%s", i > 0 ? "|" : "", type->values[i]);
        }
        return g_string_free(text, FALSE);
    }
    if (type->kind == QH_QAPI_ALTERNATE) {
        return g_str_has_prefix(type->name, "BlockdevRef") ? g_strdup("BLOCK-ID") : NULL;
    }
    return type->kind == QH_QAPI_STR ? g_strdup(values_of_string(name)) : NULL;
}

static const char *type_text(const QhQapiType *type)
{
    static const char *const names[] = {
        [QH_QAPI_STR] = "string",   [QH_QAPI_INT] = "number", [QH_QAPI_NUMBER] = "number",
        [QH_QAPI_BOOL] = "boolean", [QH_QAPI_ANY] = "any",    [QH_QAPI_ENUM] = "string",
        [QH_QAPI_OBJECT] = "keys",  [QH_QAPI_LIST] = "list",  [QH_QAPI_ALTERNATE] = "string",
    };

    return (guint)type->kind < G_N_ELEMENTS(names) && names[type->kind] != NULL ? names[type->kind]
                                                                                : "string";
}

static void add_member(const QhQapiMember *member, const char *path, GPtrArray *choices)
{
    const QhQapiType *type = member->type, *within = object_in(type);
    gboolean list = type->kind == QH_QAPI_LIST;
    const QhQapiType *value = list ? type->element : type;
    g_autofree char *name = g_strconcat(path, member->name, NULL);
    g_autofree char *group = g_strconcat(name, list ? ".0." : ".", NULL);
    gboolean text = list && is_text(value);

    if (qh_choices_find(choices, name) != NULL) {
        return;
    }
    if (value->kind != QH_QAPI_OBJECT || text) {
        g_autofree char *values = values_of(value, member->name);

        qh_choices_add(choices, name, NULL, type_text(text ? type : value), values, NULL);
    }
    if (within != NULL && !text && qh_choices_find(choices, group) == NULL) {
        qh_choices_add(choices, group, NULL, type_text(within), NULL, NULL);
    }
}

/* The members of @type, whose keys begin with @path; of the branch that the tag chooses, too. */
static void
add_members(const QhQapiType *type, const QhKeyval *items, const char *path, GPtrArray *choices)
{
    const QhQapiMember *tag = type->n_branches != 0 ? &type->members[type->tag] : NULL;
    gboolean top = *path == '\0';

    for (uint32_t i = 0; i < type->n_members; i++) {
        if (!top || &type->members[i] != tag) {
            add_member(&type->members[i], path, choices);
        }
    }
    g_autofree char *key = tag != NULL ? g_strconcat(path, tag->name, NULL) : NULL;
    const char *chosen = key != NULL ? qh_keyval_get(items, key) : NULL;
    uint32_t branch;
    if (chosen != NULL && qh_qapi_enum_find(tag->type, chosen, &branch) &&
        branch < type->n_branches && type->branches[branch] != NULL) {
        add_members(type->branches[branch], items, path, choices);
    }
}

/* The type of member @name, of the branch that the tag chooses, too; NULL: there is none. */
static const QhQapiType *
find_member(const QhQapiType *type, const QhKeyval *items, const char *path, const char *name)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (g_str_equal(type->members[i].name, name)) {
            return object_in(type->members[i].type);
        }
    }
    if (type->n_branches == 0) {
        return NULL;
    }
    const QhQapiMember *tag = &type->members[type->tag];
    g_autofree char *key = g_strconcat(path, tag->name, NULL);
    const char *chosen = qh_keyval_get(items, key);
    uint32_t branch;
    return chosen != NULL && qh_qapi_enum_find(tag->type, chosen, &branch) &&
                   branch < type->n_branches && type->branches[branch] != NULL
               ? find_member(type->branches[branch], items, path, name)
               : NULL;
}

void qh_choices_of_schema(const QhQapiType *type,
                          const QhKeyval *items,
                          const char *key,
                          GPtrArray *choices)
{
    g_auto(GStrv) names = g_strsplit(key, ".", -1);
    g_autoptr(GString) path = g_string_new(NULL);

    for (guint i = 0; type != NULL && names[i] != NULL && names[i + 1] != NULL; i++) {
        if (!g_ascii_isdigit(*names[i])) { /* a position in the list that stands before it */
            type = find_member(type, items, path->str, names[i]);
        }
        g_string_append_printf(path, "%s.", names[i]);
    }
    if (type != NULL) {
        add_members(type, items, path->str, choices);
    }
}
