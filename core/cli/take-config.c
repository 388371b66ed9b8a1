/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -readconfig: a file of groups, [drive "d0"] and then lines key = "value", which stand for
 * options: -drive id=d0,key=value. And -run-with and -runas: who this process is once all is open.
 */
#include "core/cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define MAX_CONFIG_BYTES (1u << 20)

static gboolean bad_line(const char *path, guint line, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "%s:%u: %s", path, line, why);
    return FALSE;
}

/* The option that a group stands for takes what was collected. */
static gboolean take_group(
    QhCli *cli, const char *path, guint line, const char *group, GString *text, GError **error)
{
    /* the names that these groups have in QEMU's files */
    const char *name = g_str_equal(group, "smp-opts")    ? "smp"
                       : g_str_equal(group, "memory")    ? "m"
                       : g_str_equal(group, "boot-opts") ? "boot"
                                                         : group;
    const QhOption *option = qh_option_find(name);

    if (option == NULL || option->qmp == NULL) {
        return bad_line(path, line, "no option of this name can stand in a file", error);
    }
    if (!option->take(cli, option, text->str, error)) {
        g_prefix_error(error, "%s:%u: [%s]: ", path, line, group);
        return FALSE;
    }
    return TRUE;
}

static void add_item(GString *text, const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    g_autofree char *doubled = g_strjoinv(",,", parts);

    if (g_str_equal(key, "backend")) { /* -chardev wants it first, without its key */
        g_string_prepend(text, text->len > 0 ? "," : "");
        g_string_prepend(text, doubled);
        return;
    }
    g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "," : "", key, doubled);
}

/* [group] or [group "id"]; the id becomes the first item. */
static char *read_header(char *at, GString *text)
{
    char *end = strrchr(at, ']');

    if (end == NULL || end[1] != '\0') {
        return NULL;
    }
    *end = '\0';
    at = g_strstrip(at + 1);
    char *quote = strchr(at, '"');
    if (quote != NULL) {
        char *close = strrchr(at, '"');

        if (close == quote || close[1] != '\0') {
            return NULL;
        }
        *quote = *close = '\0';
        add_item(text, "id", quote + 1);
    }
    g_strstrip(at);
    return *at != '\0' ? g_strdup(at) : NULL;
}

static gboolean read_item(char *at, GString *text)
{
    char *equals = strchr(at, '=');

    if (equals == NULL) {
        return FALSE;
    }
    *equals = '\0';
    const char *key = g_strstrip(at);
    char *value = g_strstrip(equals + 1);
    size_t length = strlen(value);
    if (*key == '\0' || length < 2 || value[0] != '"' || value[length - 1] != '"') {
        return FALSE;
    }
    value[length - 1] = '\0';
    add_item(text, key, value + 1);
    return TRUE;
}

gboolean qh_take_readconfig(QhCli *cli,
                            G_GNUC_UNUSED const QhOption *option,
                            const char *value,
                            GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) cause = NULL;
    g_autofree char *contents = NULL;
    g_autofree char *group = NULL;
    gsize length = 0;
    guint start = 0;

    if (!g_file_get_contents(value, &contents, &length, &cause)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, cause->message);
        return FALSE;
    }
    if (length > MAX_CONFIG_BYTES || strlen(contents) != length) {
        return bad_line(value, 1, "not a file of options", error);
    }
    g_auto(GStrv) lines = g_strsplit(contents, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        char *at = g_strstrip(lines[i]);

        if (*at == '\0' || *at == '#') {
            continue;
        }
        if (*at == '[') {
            if (group != NULL && !take_group(cli, value, start, group, text, error)) {
                return FALSE;
            }
            g_free(group);
            g_string_truncate(text, 0);
            group = read_header(at, text);
            start = i + 1;
            if (group == NULL) {
                return bad_line(value, i + 1, "a group looks like [device \"id\"]", error);
            }
        } else if (group == NULL || !read_item(at, text)) {
            return bad_line(value, i + 1, "a line in a group looks like key = \"value\"", error);
        }
    }
    return group == NULL || take_group(cli, value, start, group, text, error);
}

/* NAME, UID:GID. */
static gboolean set_user(QhCli *cli, const char *user, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(user, ":", 2);
    const struct passwd *entry = getpwnam(user);
    guint64 uid = 0, gid = 0;

    if (entry != NULL) {
        uid = entry->pw_uid;
        gid = entry->pw_gid;
    } else if (parts[0] == NULL || parts[1] == NULL ||
               !g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXINT32, &uid, NULL) ||
               !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXINT32, &gid, NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "there is no user '%.64s'", user);
        return FALSE;
    }
    cli->run_as = TRUE;
    cli->run_uid = (uint32_t)uid;
    cli->run_gid = (uint32_t)gid;
    g_free(cli->run_name);
    cli->run_name = g_strdup(entry != NULL ? user : NULL);
    return TRUE;
}

gboolean
qh_take_runas(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    return set_user(cli, value, error);
}

gboolean qh_take_run_with(QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          const char *value,
                          GError **error)
{
    static const char *const keys[] = {"async-teardown", "chroot", "exit-with-parent", "user",
                                       NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, NULL, error);
    gboolean teardown = FALSE, parent = FALSE;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !qh_keyval_bool(items, "async-teardown", &teardown, error) ||
        !qh_keyval_bool(items, "exit-with-parent", &parent, error)) {
        return FALSE;
    }
    const char *user = qh_keyval_get(items, "user");
    if (teardown || parent || qh_keyval_get(items, "chroot") != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "only user= is supported\nfor another root, start this program with "
                            "chroot(8) or in a mount namespace");
        return FALSE;
    }
    return user == NULL || set_user(cli, user, error);
}

gboolean qh_cli_change_user(const QhCli *cli, GError **error)
{
    if (!cli->run_as) {
        return TRUE;
    }
    gboolean ok = cli->run_name != NULL ? initgroups(cli->run_name, cli->run_gid) == 0
                                        : setgroups(1, (const gid_t[]){cli->run_gid}) == 0;
    if (!ok || setgid(cli->run_gid) != 0 || setuid(cli->run_uid) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "-run-with: cannot become user %u: %s",
                    cli->run_uid, g_strerror(errno));
        return FALSE;
    }
    if (cli->run_uid != 0 && setuid(0) == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                            "-run-with: the old user could be had back");
        return FALSE;
    }
    return TRUE;
}
