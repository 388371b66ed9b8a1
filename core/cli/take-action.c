/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -action: what is done about what the guest does. */
#include "core/cli/cli.h"

/* Position of @value in @names, whose order is that of an enum of core/host/host.h. */
static gboolean
choose(const char *key, const char *const *names, const char *value, int *ret, GError **error)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (g_str_equal(names[i], value)) {
            *ret = i;
            return TRUE;
        }
    }
    g_autofree char *known = g_strjoinv(", ", (char **)names);
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "%s cannot be '%s'; it is one of %s", key, value,
                known);
    return FALSE;
}

static const char *const reboots[] = {"reset", "shutdown", NULL};
static const char *const shutdowns[] = {"poweroff", "pause", NULL};
static const char *const panics[] = {"shutdown", "pause", "exit-failure", "none", NULL};
static const char *const watchdogs[] = {
    "reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi", NULL,
};

gboolean
qh_take_action(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"reboot", "shutdown", "panic", "watchdog", NULL};
    static const char *const *const values[] = {reboots, shutdowns, panics, watchdogs};
    int chosen[] = {cli->no_reboot, cli->no_shutdown, (int)cli->on_panic, (int)cli->on_watchdog};
    g_autoptr(QhKeyval) list = qh_keyval_parse(value, NULL, error);

    if (list == NULL || !qh_keyval_only(list, keys, error)) {
        return FALSE;
    }
    for (guint i = 0; keys[i] != NULL; i++) {
        const char *text = qh_keyval_get(list, keys[i]);

        if (text != NULL && !choose(keys[i], values[i], text, &chosen[i], error)) {
            return FALSE;
        }
    }
    cli->no_reboot = chosen[0];
    cli->no_shutdown = chosen[1];
    cli->on_panic = (QhPanicAction)chosen[2];
    cli->on_watchdog = (QhWatchdogAction)chosen[3];
    return TRUE;
}

gboolean qh_take_watchdog_action(QhCli *cli,
                                 G_GNUC_UNUSED const QhOption *option,
                                 const char *value,
                                 GError **error)
{
    int chosen;

    if (!choose("the action", watchdogs, value, &chosen, error)) {
        return FALSE;
    }
    cli->on_watchdog = (QhWatchdogAction)chosen;
    return TRUE;
}
