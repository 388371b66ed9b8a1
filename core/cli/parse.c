/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cli/choices.h"
#include "core/host/log.h"

#include <string.h>

#define LEGACY_PREFIX "qemu-system-"

static void unref_json(gpointer data)
{
    qh_json_unref(data);
}

static void free_global(gpointer data)
{
    qh_global_free(data);
}

static QhCli *cli_new(const char *argv0)
{
    QhCli *cli = g_new0(QhCli, 1);

    cli->firmware = qh_firmware_options_new();

    cli->program = g_path_get_basename(argv0 != NULL ? argv0 : "qemu-host");
    if (g_str_has_prefix(cli->program, LEGACY_PREFIX)) {
        cli->legacy = g_strdup(cli->program + strlen(LEGACY_PREFIX));
    }
    GPtrArray **texts[] = {
        &cli->machine_properties,
        &cli->cpu_properties,
        &cli->chardevs,
        &cli->serials,
        &cli->monitors,
        &cli->mons,
        &cli->qmps,
        &cli->load_targets,
        &cli->load_modules,
        &cli->module_dirs,
        &cli->objects,
        &cli->netdevs,
        &cli->nics,
        &cli->usb_devices,
        &cli->fd_sets,
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        *texts[i] = g_ptr_array_new_with_free_func(g_free);
    }
    cli->devices = g_ptr_array_new_with_free_func(unref_json);
    cli->blockdevs = g_ptr_array_new_with_free_func(unref_json);
    cli->drives = g_ptr_array_new_with_free_func(unref_json);
    cli->vncs = g_ptr_array_new_with_free_func(unref_json);
    cli->globals = g_ptr_array_new_with_free_func(free_global);
    qh_engine_options_init(&cli->engine);
    cli->ready_fd = -1;
    cli->pidfile_fd = -1;
    return cli;
}

/* Edit distance of two names, capital letters being nothing; long names are cut. */
static guint distance(const char *a, const char *b)
{
    guint row[65];
    guint n = MIN(strlen(b), G_N_ELEMENTS(row) - 1);

    for (guint j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (guint i = 1; a[i - 1] != '\0'; i++) {
        guint corner = row[0];

        row[0] = i;
        for (guint j = 1; j <= n; j++) {
            guint same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]) ? 0 : 1;
            guint best = MIN(MIN(row[j], row[j - 1]) + 1, corner + same);

            corner = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

char *qh_option_suggest(const char *name)
{
    const char *best = NULL;
    guint least = strlen(name) > 6 ? 3 : 2;

    for (const QhOption *option = qh_options; option->name != NULL; option++) {
        guint d = distance(name, option->name);

        /* one letter is near to every other one */
        if (d < least && strlen(option->name) > 1) {
            least = d;
            best = option->name;
        }
    }
    return g_strdup(best);
}

static void unknown_option(const char *arg, const char *name, GError **error)
{
    g_autofree char *near = qh_option_suggest(name);

    if (g_strv_contains(qh_options_missing, name)) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "%s: QEMU has this option, this program not yet", arg);
    } else if (near != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "%s: no such option\ndid you mean -%s?", arg,
                    near);
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "%s: no such option\n--help-all lists all of them", arg);
    }
}

/* One option at argv[*i]; *i moves past its argument. */
static gboolean parse_one(QhCli *cli, char **argv, int *i, GError **error)
{
    const char *arg = argv[*i];

    if (arg[0] != '-' || arg[1] == '\0') {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "'%s': not an option\nevery argument begins with '-'; disk images are not "
                    "supported yet",
                    arg);
        return FALSE;
    }
    gboolean two_dashes = arg[1] == '-';
    g_autofree char *name = g_strdup(arg + 1 + two_dashes);
    /* --name=value, but -M's value may hold '=' only after a space */
    char *equals = two_dashes ? strchr(name, '=') : NULL;
    const char *value = NULL;

    if (equals != NULL) {
        *equals = '\0';
        value = equals + 1;
    }
    const QhOption *option = qh_option_find(name);
    if (option == NULL) {
        unknown_option(arg, name, error);
        return FALSE;
    }
    if (option->argument == NULL && value != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "%s: -%s takes no value", arg, name);
        return FALSE;
    }
    if (option->argument != NULL && value == NULL) {
        value = argv[*i + 1];
        if (value == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "-%s: a value is missing\nusage: -%s %s",
                        name, name, option->argument);
            return FALSE;
        }
        *i += 1;
    }
    if (value != NULL && qh_list_wanted(cli, option, value)) {
        return TRUE;
    }
    if (option->take(cli, option, value, error)) {
        return TRUE;
    }
    if (value != NULL) {
        g_prefix_error(error, "-%s %s: ", name, value);
    } else {
        g_prefix_error(error, "-%s: ", name);
    }
    return FALSE;
}

/* What only makes sense, or makes none, together. */
static gboolean check(const QhCli *cli, GError **error)
{
    if (cli->kernel == NULL && (cli->initrd != NULL || cli->append != NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "-%s: there is no -kernel that could use it",
                    cli->initrd != NULL ? "initrd" : "append");
        return FALSE;
    }
    if (cli->daemonize && cli->nographic) {
        /* libvirt's probe says both, with -nodefaults: nothing is on the terminal then */
        gboolean uses_terminal = !cli->nodefaults;

        if (uses_terminal) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                                "-daemonize: the terminal is in use by -nographic");
            return FALSE;
        }
    }
    return TRUE;
}

QhCli *qh_cli_parse(int argc, char **argv, GError **error)
{
    g_autoptr(QhCli) cli = cli_new(argc > 0 ? argv[0] : NULL);

    if (argc > 1 && g_str_equal(argv[1], "--complete")) { /* the rest is somebody's draft */
        cli->complete = g_strdupv(argv + 2);
        return g_steal_pointer(&cli);
    }
    for (int i = 1; i < argc && cli->text == NULL; i++) {
        if (!parse_one(cli, argv, &i, error)) {
            return NULL;
        }
    }
    if (cli->list == QH_LIST_VERSION && !cli->list_json) { /* nobody has to be asked for it */
        cli->text = qh_help_version(cli->program);
    }
    if (cli->text == NULL && cli->list == QH_LIST_NONE && !check(cli, error)) {
        return NULL;
    }
    return g_steal_pointer(&cli);
}

const char *qh_cli_text(const QhCli *cli)
{
    return cli->text;
}

char *qh_cli_stamp(const QhCli *cli)
{
    g_autofree char *time = cli->timestamps ? qh_log_timestamp() : g_strdup("");
    gboolean named = cli->guest_name && cli->name != NULL;

    return g_strconcat(time, named ? cli->name : "", named ? " " : "", NULL);
}
