/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the names on the command line to targets, machines, CPU models and devices that some module
 * offers. Everything is read from the notes; an unknown name is answered with the nearest known
 * one.
 */
#include "core/cli/cli.h"
#include "core/host/log.h"
#include "core/module/registry.h"

#include <string.h>

static const char *text_of(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static gboolean array_has(const QhJson *array, const char *text)
{
    if (array == NULL || qh_json_type(array) != QH_JSON_ARRAY) {
        return FALSE;
    }
    for (size_t i = 0; i < qh_json_length(array); i++) {
        if (g_strcmp0(qh_json_string(qh_json_at(array, i)), text) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Whether @name is what the entry is called, or an alias of it. */
static gboolean is_called(const QhJson *entry, const char *name)
{
    return g_strcmp0(text_of(entry, "name"), name) == 0 ||
           g_strcmp0(text_of(entry, "alias"), name) == 0 ||
           array_has(qh_json_get(entry, "aliases"), name);
}

typedef struct Search {
    const char *name;
    const char *target; /* NULL: any */
    char *found;        /* the name proper */
    char *default_machine;
    GPtrArray *targets; /* char *: where it was found */
    gboolean any;       /* there was at least one entry for the target */
} Search;

static void search_offer(G_GNUC_UNUSED const char *module,
                         const QhJson *entry,
                         G_GNUC_UNUSED gboolean installed,
                         void *data)
{
    Search *search = data;
    const QhJson *targets = qh_json_get(entry, "targets");

    if (search->target != NULL && !qh_offer_has_target(entry, search->target)) {
        return;
    }
    search->any = TRUE;
    if (!is_called(entry, search->name)) {
        return;
    }
    if (search->found == NULL) {
        search->found = g_strdup(text_of(entry, "name"));
        search->default_machine = g_strdup(text_of(entry, "default-machine"));
    }
    for (size_t i = 0; search->targets != NULL && targets != NULL && i < qh_json_length(targets);
         i++) {
        const char *target = qh_json_string(qh_json_at(targets, i));

        if (target != NULL &&
            !g_ptr_array_find_with_equal_func(search->targets, target, g_str_equal, NULL)) {
            g_ptr_array_add(search->targets, g_strdup(target));
        }
    }
}

static void search_clear(Search *search)
{
    g_free(search->found);
    g_free(search->default_machine);
    g_clear_pointer(&search->targets, g_ptr_array_unref);
}

/* "no such KIND", with the nearest name if there is one. */
static gboolean unknown(QhHost *host,
                        const char *kind,
                        const char *target,
                        const char *what,
                        const char *name,
                        const char *lists,
                        GError **error)
{
    g_autofree char *near = qh_registry_suggest(qh_host_registry(host), kind, target, name);
    g_autofree char *where = target != NULL ? g_strdup_printf(" for %s", target) : g_strdup("");

    if (near != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "no known module offers %s '%s'%s\ndid you mean '%s'?", what, name, where,
                    near);
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "no known module offers %s '%s'%s\n%s",
                    what, name, where, lists);
    }
    return FALSE;
}

static gboolean load_target(QhHost *host, const char *option, const char *name, GError **error)
{
    Search search = {.name = name};

    qh_registry_foreach_offer(qh_host_registry(host), "target", search_offer, &search);
    /* a module's own name is as good, and the registry knows those */
    const char *proper = search.found != NULL ? search.found : name;
    gboolean ok = qh_registry_load_target(qh_host_registry(host), proper, error);

    if (!ok && search.found == NULL) {
        g_autofree char *near = qh_registry_suggest(qh_host_registry(host), "target", NULL, name);

        if (near != NULL && error != NULL && *error != NULL) {
            char *text = g_strdup_printf("%s\ndid you mean '%s'?", (*error)->message, near);

            g_free((*error)->message);
            (*error)->message = text;
        }
    }
    if (!ok) {
        g_prefix_error(error, "%s%s: ", option, name);
    }
    search_clear(&search);
    return ok;
}

char *qh_cli_target_name(QhHost *host, const char *name)
{
    Search search = {.name = name};

    qh_registry_foreach_offer(qh_host_registry(host), "target", search_offer, &search);
    char *proper = g_strdup(search.found != NULL ? search.found : name);
    search_clear(&search);
    return proper;
}

static void warn_not_loaded(const GError *error, void *data)
{
    qh_log_warn(qh_host_log(data), "--load-module=all: %s", error->message);
}

static gboolean load_modules(QhCli *cli, QhHost *host, GError **error)
{
    for (guint i = 0; i < cli->load_modules->len; i++) {
        const char *name = g_ptr_array_index(cli->load_modules, i);
        if (g_str_equal(name, "all")) {
            qh_registry_load_all(qh_host_registry(host), warn_not_loaded, host);
        } else if (!qh_registry_load(qh_host_registry(host), name, error)) {
            g_prefix_error(error, "--load-module=%s: ", name);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_cli_resolve_target(QhCli *cli, QhHost *host, GError **error)
{
    if (cli->legacy != NULL) {
        QhHostConfig *config = qh_host_config(host);

        if (!load_target(host, "qemu-system-", cli->legacy, error)) {
            return FALSE;
        }
        g_free(config->legacy_target);
        config->legacy_target = g_strdup(qh_registry_target(qh_host_registry(host)));
    }
    for (guint i = 0; i < cli->load_targets->len; i++) {
        if (!load_target(host, "--load-target=", g_ptr_array_index(cli->load_targets, i), error)) {
            return FALSE;
        }
    }
    return load_modules(cli, host, error);
}

/* The only target that offers the machine, when none was chosen. */
static gboolean
choose_target(QhHost *host, const char *machine, Search *search, char **ret_target, GError **error)
{
    if (search->targets->len == 1) {
        *ret_target = g_strdup(g_ptr_array_index(search->targets, 0));
        return qh_registry_load_target(qh_host_registry(host), *ret_target, error);
    }
    g_ptr_array_add(search->targets, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)search->targets->pdata);
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                "-machine %s: several targets have it: %s\nchoose one with --load-target=TARGET or "
                "-machine TARGET:%s",
                machine, names, machine);
    return FALSE;
}

static gboolean find_machine(QhHost *host,
                             const char *wanted_target,
                             const char *name,
                             char **ret_target,
                             char **ret_machine,
                             GError **error)
{
    Search search = {
        .name = name,
        .target = wanted_target,
        .targets = g_ptr_array_new_with_free_func(g_free),
    };
    gboolean ok = FALSE;

    qh_registry_foreach_offer(qh_host_registry(host), "machine", search_offer, &search);
    if (search.found == NULL) {
        unknown(host, "machine", wanted_target, "machine", name, "-machine help lists them", error);
        g_prefix_error(error, "-machine %s: ", name);
    } else if (wanted_target != NULL) {
        *ret_target = g_strdup(wanted_target);
        ok = TRUE;
    } else {
        ok = choose_target(host, name, &search, ret_target, error);
    }
    if (ok) {
        *ret_machine = g_strdup(search.found);
    } else {
        g_clear_pointer(ret_target, g_free);
    }
    search_clear(&search);
    return ok;
}

static char *default_machine(QhHost *host, const char *target)
{
    Search search = {.name = target};

    qh_registry_foreach_offer(qh_host_registry(host), "target", search_offer, &search);
    char *name = g_steal_pointer(&search.default_machine);
    search_clear(&search);
    return name != NULL ? name : g_strdup("none");
}

gboolean qh_cli_resolve_machine(
    QhCli *cli, QhHost *host, char **ret_target, char **ret_machine, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    const char *selected = qh_registry_target(registry);
    g_autofree char *name = g_strdup(cli->machine);

    *ret_target = NULL;
    *ret_machine = NULL;
    if (name == NULL) {
        name = selected != NULL ? default_machine(host, selected) : g_strdup("none");
    }
    if (g_str_equal(name, "none")) {
        *ret_target = g_strdup(selected);
        *ret_machine = g_steal_pointer(&name);
        return TRUE;
    }
    char *colon = strchr(name, ':');
    if (colon == NULL) {
        return find_machine(host, selected, name, ret_target, ret_machine, error);
    }
    *colon = '\0';
    return load_target(host, "-machine ", name, error) &&
           find_machine(host, name, colon + 1, ret_target, ret_machine, error);
}

char *qh_cli_target_of_cpu(QhHost *host, const char *name)
{
    Search search = {.name = name, .targets = g_ptr_array_new_with_free_func(g_free)};

    qh_registry_foreach_offer(qh_host_registry(host), "cpu-model", search_offer, &search);
    char *target = search.targets->len > 0 ? g_strdup(g_ptr_array_index(search.targets, 0)) : NULL;
    search_clear(&search);
    return target;
}

gboolean qh_cli_check_cpu(QhCli *cli, QhHost *host, const char *target, GError **error)
{
    Search search = {.name = cli->cpu_model, .target = target};

    if (cli->cpu_model == NULL) {
        return TRUE;
    }
    qh_registry_foreach_offer(qh_host_registry(host), "cpu-model", search_offer, &search);
    /* a target whose modules list no models takes what it takes */
    gboolean ok = search.found != NULL || !search.any;
    if (!ok) {
        unknown(host, "cpu-model", target, "CPU model", cli->cpu_model, "-cpu help lists them",
                error);
        g_prefix_error(error, "-cpu %s: ", cli->cpu_model);
    }
    search_clear(&search);
    return ok;
}

gboolean qh_cli_check_devices(QhCli *cli, QhHost *host, GError **error)
{
    for (guint i = 0; i < cli->devices->len; i++) {
        const QhJson *device = g_ptr_array_index(cli->devices, i);
        const char *driver = text_of(device, "driver");
        Search search = {.name = driver};

        qh_registry_foreach_offer(qh_host_registry(host), "device", search_offer, &search);
        gboolean ok = search.found != NULL;
        search_clear(&search);
        if (!ok) {
            unknown(host, "device", NULL, "device", driver, "-device help lists them", error);
            g_prefix_error(error, "-device %s: ", driver);
            return FALSE;
        }
    }
    return TRUE;
}

/* One that suits another machine or an older program does no harm. */
void qh_cli_check_globals(QhCli *cli, QhHost *host)
{
    for (guint i = 0; i < cli->globals->len; i++) {
        const QhGlobal *global = g_ptr_array_index(cli->globals, i);
        Search search = {.name = global->driver};

        qh_registry_foreach_offer(qh_host_registry(host), "device", search_offer, &search);
        if (search.found == NULL) {
            qh_log_warn(qh_host_log(host), "-global %s.%s=%s: there is no device '%s'",
                        global->driver, global->property, global->value, global->driver);
        }
        search_clear(&search);
    }
}
