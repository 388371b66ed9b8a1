/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cli/choices.h"

#include "core/block/block.h"
#include "core/char/chars.h"
#include "core/host/log.h"
#include "core/module/registry.h"
#include "core/net/net.h"
#include "core/object/object.h"
#include "qapi/qapi-tables.h"

#include <string.h>

static void choice_free(gpointer data)
{
    QhChoice *choice = data;

    g_free(choice->name);
    g_free(choice->description);
    g_free(choice->type);
    g_free(choice->values);
    g_free(choice->default_text);
    g_free(choice->missing);
    g_free(choice);
}

GPtrArray *qh_choices_new(void)
{
    return g_ptr_array_new_with_free_func(choice_free);
}

const QhChoice *qh_choices_find(const GPtrArray *choices, const char *name)
{
    for (guint i = 0; i < choices->len; i++) {
        const QhChoice *choice = g_ptr_array_index(choices, i);

        if (g_str_equal(choice->name, name)) {
            return choice;
        }
    }
    return NULL;
}

/* What a property of @type may be, in the words of notes and of the option table. */
static const char *values_of(const char *type)
{
    static const struct {
        const char *type, *values;
    } known[] = {
        {"bool",        "on|off"     },
        {"boolean",     "on|off"     },
        {"on-off-auto", "on|off|auto"},
        {"on|off|auto", "on|off|auto"},
        {"chardev",     "CHARDEV-ID" },
        {"block",       "BLOCK-ID"   },
        {"netdev",      "NETDEV-ID"  },
        {"object",      "OBJECT-ID"  },
    };

    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_strcmp0(type, known[i].type) == 0) {
            return known[i].values;
        }
    }
    return NULL;
}

void qh_choices_add(GPtrArray *choices,
                    const char *name,
                    const char *description,
                    const char *type,
                    const char *values,
                    const char *default_text)
{
    QhChoice *choice = g_new0(QhChoice, 1);

    choice->name = g_strdup(name);
    choice->description = g_strdup(description);
    choice->type = g_strdup(type);
    choice->values = g_strdup(values != NULL ? values : values_of(type));
    choice->default_text = g_strdup(default_text);
    g_ptr_array_add(choices, choice);
}

static const char *text_of(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static gboolean is_false(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL && qh_json_type(value) == QH_JSON_BOOL && !qh_json_bool(value);
}

/* A walk over what modules offer of one kind. */
typedef struct Walk {
    const char *target; /* NULL: any */
    const char *name;   /* the entry that is looked for; NULL: all are listed */
    gboolean absent;    /* also what is not installed */
    GPtrArray *choices;
    const QhJson *entry; /* found */
} Walk;

static void
walk_offer(G_GNUC_UNUSED const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Walk *walk = data;
    const char *name = text_of(entry, "name");

    if (name == NULL || (!installed && !walk->absent) || is_false(entry, "creatable") ||
        (walk->target != NULL && !qh_offer_has_target(entry, walk->target))) {
        return;
    }
    if (walk->name != NULL) {
        walk->entry = g_str_equal(name, walk->name) ? entry : walk->entry;
    } else if (qh_choices_find(walk->choices, name) == NULL) {
        qh_choices_add(walk->choices, name, text_of(entry, "description"), NULL, NULL, NULL);
        if (!installed) {
            QhChoice *choice = g_ptr_array_index(walk->choices, walk->choices->len - 1);

            choice->missing = g_strdup(module);
        }
    }
}

static void
add_offers(QhHost *host, const char *target, const char *kind, gboolean absent, GPtrArray *choices)
{
    Walk walk = {.target = target, .choices = choices, .absent = absent};

    qh_registry_foreach_offer(qh_host_registry(host), kind, walk_offer, &walk);
}

static void
add_machine(G_GNUC_UNUSED const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Walk *walk = data;
    const QhJson *targets = qh_json_get(entry, "targets");
    const char *name = text_of(entry, "name");

    for (size_t i = 0; installed && targets != NULL && i < qh_json_length(targets); i++) {
        const char *target = qh_json_string(qh_json_at(targets, i));
        g_autofree char *full = g_strconcat(target, ":", name, NULL);

        qh_choices_add(walk->choices, full, text_of(entry, "description"), NULL, NULL, NULL);
    }
}

/* Without a target, boards also go by TARGET:NAME: several may have one of that name. */
static void add_machines(QhHost *host, const char *target, GPtrArray *choices)
{
    Walk walk = {.choices = choices};

    qh_choices_add(choices, "none", "empty machine", NULL, NULL, NULL);
    add_offers(host, target, "machine", FALSE, choices);
    if (target == NULL) {
        qh_registry_foreach_offer(qh_host_registry(host), "machine", add_machine, &walk);
    }
}

/* The kinds that the host has itself come before those of modules. */
static void add_own(const char *set, GPtrArray *choices)
{
    const char *name = NULL, *text = NULL;

    for (guint i = 0; g_str_equal(set, "NETDEV"); i++) {
        const QhNetdevOps *ops = qh_net_class(i, &name);

        if (ops == NULL) {
            return;
        }
        qh_choices_add(choices, name, ops->description, NULL, NULL, NULL);
    }
    for (guint i = 0; g_str_equal(set, "OBJECT"); i++) {
        const QhObjectOps *ops = qh_object_class(i, &name);

        if (ops == NULL) {
            return;
        }
        qh_choices_add(choices, name, ops->description, NULL, NULL, NULL);
    }
    for (guint i = 0; g_str_equal(set, "BLOCKDEV"); i++) {
        const QhBlockDriverOps *ops = qh_block_class(i, &name);

        if (ops == NULL) {
            return;
        }
        qh_choices_add(choices, name, ops->description, NULL, NULL, NULL);
    }
    for (guint i = 0; g_str_equal(set, "CHARDEV"); i++) {
        name = qh_char_class(i, &text);
        if (name == NULL) {
            return;
        }
        qh_choices_add(choices, name, text, NULL, NULL, NULL);
    }
    for (guint i = 0; g_str_equal(set, "LOG"); i++) {
        name = qh_log_category(i, &text);
        if (name == NULL) {
            return;
        }
        qh_choices_add(choices, name, text, NULL, NULL, NULL);
    }
}

/* Those whose files are there and good. */
static void add_modules(QhHost *host, gboolean absent, GPtrArray *choices)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_registry_describe_modules(qh_host_registry(host), writer);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    g_autoptr(QhJson) modules = qh_json_parse(text, -1, NULL, NULL);
    for (size_t i = 0; modules != NULL && i < qh_json_length(modules); i++) {
        const QhJson *module = qh_json_at(modules, i);
        const char *name = text_of(module, "name"), *state = text_of(module, "state");
        gboolean missing = g_strcmp0(state, "absent") == 0;

        if (name == NULL || g_strcmp0(state, "refused") == 0 || (missing && !absent)) {
            continue;
        }
        qh_choices_add(choices, name, text_of(module, "description"), NULL, NULL, NULL);
        if (missing) {
            QhChoice *choice = g_ptr_array_index(choices, choices->len - 1);

            choice->missing = g_strdup(name);
        }
    }
}

gboolean qh_choices_of_set(
    QhHost *host, const char *target, const char *set, gboolean absent, GPtrArray *choices)
{
    static const struct {
        const char *set, *kind;
    } sets[] = {
        {"TARGET",   "target"   },
        {"MACHINE",  "machine"  },
        {"CPU",      "cpu-model"},
        {"DEVICE",   "device"   },
        {"DISPLAY",  "display"  },
        {"NETDEV",   "netdev"   },
        {"OBJECT",   "object"   },
        {"BLOCKDEV", "block"    },
        {"CHARDEV",  "chardev"  },
        {"LOG",      NULL       },
    };

    if (g_str_equal(set, "MODULE")) {
        add_modules(host, absent, choices);
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        if (!g_str_equal(sets[i].set, set)) {
            continue;
        }
        if (g_str_equal(set, "MACHINE")) {
            add_machines(host, target, choices);
            return TRUE;
        }
        add_own(set, choices);
        if (sets[i].kind != NULL) {
            add_offers(host, g_str_equal(set, "CPU") ? target : NULL, sets[i].kind, absent,
                       choices);
        }
        return TRUE;
    }
    return FALSE;
}

/* The first to come hides others: a device's own property one of its bus. */
static void add_properties(const QhJson *rows, GPtrArray *choices)
{
    for (size_t i = 0; rows != NULL && i < qh_json_length(rows); i++) {
        const QhJson *row = qh_json_at(rows, i);
        const char *name = text_of(row, "name"), *type = text_of(row, "type");

        if (name != NULL && qh_choices_find(choices, name) == NULL) {
            qh_choices_add(choices, name, text_of(row, "description"), type, text_of(row, "values"),
                           text_of(row, "default"));
        }
    }
}

static void add_of_device(QhHost *host, const char *name, GPtrArray *choices)
{
    QhRegistry *registry = qh_host_registry(host);
    Walk walk = {.name = name};

    qh_registry_foreach_offer(registry, "device", walk_offer, &walk);
    if (walk.entry != NULL) {
        const char *bus = text_of(walk.entry, "bus");

        add_properties(qh_json_get(walk.entry, "properties"), choices);
        add_properties(bus != NULL ? qh_registry_bus_properties(registry, bus) : NULL, choices);
    }
}

/* All models of a target have the same properties. */
static void add_of_cpu(QhHost *host, const char *target, const char *model, GPtrArray *choices)
{
    g_autofree char *only = target == NULL ? qh_cli_target_of_cpu(host, model) : NULL;
    Walk walk = {.name = target != NULL ? target : only};

    if (walk.name == NULL) {
        return;
    }
    qh_registry_foreach_offer(qh_host_registry(host), "target", walk_offer, &walk);
    add_properties(walk.entry != NULL ? qh_json_get(walk.entry, "properties") : NULL, choices);
}

/* "TARGET:NAME", or a name of @target. */
static void add_of_machine(QhHost *host, const char *target, const char *name, GPtrArray *choices)
{
    const char *colon = strchr(name, ':');
    g_autofree char *before = colon != NULL ? g_strndup(name, (gsize)(colon - name)) : NULL;
    Walk walk = {.target = before != NULL ? before : target,
                 .name = colon != NULL ? colon + 1 : name};

    qh_registry_foreach_offer(qh_host_registry(host), "machine", walk_offer, &walk);
    add_properties(walk.entry != NULL ? qh_json_get(walk.entry, "properties") : NULL, choices);
}

static void add_of_chardev(const char *name, GPtrArray *choices)
{
    const QhOption *option = qh_option_find("chardev");
    const char *type = NULL, *key;

    for (guint i = 0; (key = qh_char_option_key(name, i, &type)) != NULL; i++) {
        const QhOptionParameter *known = qh_option_parameter(option, key);

        qh_choices_add(choices, key, known != NULL ? known->help : NULL, type,
                       known != NULL ? known->values : NULL, NULL);
    }
}

void qh_choices_of_element(QhHost *host,
                           const char *target,
                           const char *set,
                           const char *name,
                           const QhKeyval *items,
                           const char *key,
                           GPtrArray *choices)
{
    static const struct {
        const char *set;
        const QhQapiType *type;
    } unions[] = {
        {"NETDEV",   &qh_qapi_Netdev         },
        {"OBJECT",   &qh_qapi_ObjectOptions  },
        {"BLOCKDEV", &qh_qapi_BlockdevOptions},
        {"DISPLAY",  &qh_qapi_DisplayOptions },
    };

    for (guint i = 0; i < G_N_ELEMENTS(unions); i++) {
        if (g_str_equal(set, unions[i].set)) {
            qh_choices_of_schema(unions[i].type, items, key, choices);
        }
    }
    if (g_str_equal(set, "DEVICE")) {
        add_of_device(host, name, choices);
    } else if (g_str_equal(set, "CHARDEV")) {
        add_of_chardev(name, choices);
    } else if (g_str_equal(set, "MACHINE")) {
        add_of_machine(host, target, name, choices);
    } else if (g_str_equal(set, "CPU")) {
        add_of_cpu(host, target, name, choices);
    }
}

gboolean qh_choices_go_on(const char *set)
{
    static const char *const sets[] = {"NETDEV", "OBJECT", "CHARDEV", "BLOCKDEV", NULL};

    return g_strv_contains(sets, set);
}

/* Where the capitals at the end of a word of values begin; at its end: it has none. */
const char *qh_choices_set_in(const char *word)
{
    const char *at = word + strlen(word);

    while (at > word && (g_ascii_isupper(at[-1]) || at[-1] == '-')) {
        at--;
    }
    return at;
}

/* The set that an option's first item is of: the one whose elements bring keys. */
static char *element_set(const QhOption *option)
{
    g_auto(GStrv) words = g_strsplit(option->values != NULL ? option->values : "", "|", -1);

    return words[0] != NULL && *words[0] != '\0' && qh_choices_set_in(words[0]) == words[0]
               ? g_strdup(words[0])
               : NULL;
}

gboolean qh_choices_brings_keys(const QhOption *option)
{
    g_autofree char *set = element_set(option);

    return set != NULL && qh_choices_go_on(set);
}

void qh_choices_of_option(QhHost *host,
                          const char *target,
                          const QhOption *option,
                          const QhKeyval *items,
                          const char *key,
                          GPtrArray *choices)
{
    g_autofree char *set = element_set(option);
    const char *first = option->implied != NULL ? qh_keyval_get(items, option->implied) : NULL;
    gboolean known = set != NULL && first != NULL;
    /* what the table has for these is of all kinds; each takes some of it */
    gboolean mixed = known && (g_str_equal(set, "CHARDEV") || g_str_equal(set, "BLOCKDEV"));
    guint start = choices->len;

    for (const QhOptionParameter *p = option->parameters; p != NULL && p->name != NULL; p++) {
        gboolean common = g_str_equal(p->name, "id") || g_str_equal(p->name, "mux");

        if ((!mixed || common) && (first == NULL || !g_str_equal(p->name, option->implied))) {
            qh_choices_add(choices, p->name, p->help, p->type, p->values, NULL);
        }
    }
    if (known) {
        qh_choices_of_element(host, target, set, first, items, key, choices);
    }
    for (guint i = start; i < choices->len; i++) {
        QhChoice *choice = g_ptr_array_index(choices, i);
        const QhOptionParameter *same = qh_option_parameter(option, choice->name);

        if (choice->description == NULL && same != NULL) {
            choice->description = g_strdup(same->help);
        }
    }
}
