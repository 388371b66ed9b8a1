/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is printed about the option table: the helps, its JSON form, query-command-line-options. */
#include "core/cli/cli.h"
#include "core/module/registry.h"
#include "core/qmp/qapi.h"

#include "config-host.h"

#include <string.h>

#define HELP_COLUMN 26
#define HELP_WIDTH  96

/* Two dashes for what is ours, one for what people know from QEMU; both are always taken. */
static void put_usage(GString *out, const QhOption *option, const char *argument)
{
    const char *dash = g_str_equal(option->group, "general") ? "--" : "-";

    g_string_append(out, "  ");
    if (option->alias != NULL) {
        g_string_append_printf(out, "-%s, ", option->alias);
    }
    g_string_append_printf(out, "%s%s", dash, option->name);
    if (argument != NULL) {
        g_string_append_printf(out, " %s", argument);
    }
}

/* @text from column HELP_COLUMN on, broken at spaces; @column is where the line is now. */
static void put_wrapped(GString *out, const char *text, gsize column)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    if (column + 2 > HELP_COLUMN) {
        g_string_append_c(out, '\n');
        column = 0;
    }
    g_string_append_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
    column = HELP_COLUMN;
    for (guint i = 0; words[i] != NULL; i++) {
        if (column > HELP_COLUMN && column + 1 + strlen(words[i]) > HELP_WIDTH) {
            g_string_append_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, words[i]);
        column += strlen(words[i]);
    }
    g_string_append_c(out, '\n');
}

static void put_option(GString *out, const QhOption *option)
{
    gsize start = out->len;

    put_usage(out, option, option->argument);
    put_wrapped(out, option->help, out->len - start);
}

static void put_brief(GString *out, const QhOption *option)
{
    gsize start = out->len;
    const char *argument = option->argument;
    g_autofree char *first = argument != NULL ? g_strndup(argument, strcspn(argument, "[")) : NULL;

    put_usage(out, option, first);
    gsize column = out->len - start;
    g_string_append_printf(out, "%*s%s\n", column < HELP_COLUMN ? (int)(HELP_COLUMN - column) : 2,
                           "", option->brief);
}

char *qh_help_short(const char *program)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out,
                           "%s: full-system machine emulator\n"
                           "usage: %s [options]\n\nexamples:\n"
                           "  qemu-host --load-target=TARGET -m 1G -kernel Image -append "
                           "console=ttyS0 -initrd initrd.gz\n"
                           "  qemu-system-TARGET -smp 4 -nographic -kernel Image\n"
                           "  qemu-host -qmp unix:/tmp/qmp,server=on,wait=off\n"
                           "\noptions (one or two dashes; --help-all has all of them):\n",
                           program, program);
    for (const QhOption *option = qh_options; option->name != NULL; option++) {
        if (option->brief != NULL) {
            put_brief(out, option);
        }
    }
    g_string_append(out,
                    "\n'-machine help', '-cpu help', '-device help', '-chardev help' list what "
                    "there is; help=json for programs.\n");
    return g_string_free(out, FALSE);
}

char *qh_help_all(const char *program)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "usage: %s [options]\n", program);
    for (const QhOptionGroup *group = qh_option_groups; group->id != NULL; group++) {
        g_string_append_printf(out, "\n%s:\n", group->title);
        for (const QhOption *option = qh_options; option->name != NULL; option++) {
            if (g_str_equal(option->group, group->id)) {
                put_option(out, option);
            }
        }
    }
    g_string_append(out,
                    "\nKeys in the terminal when it is shared (Ctrl-A is sent by Ctrl-A Ctrl-A):\n"
                    "  Ctrl-A x  leave            Ctrl-A c  switch between guest and monitor\n"
                    "  Ctrl-A b  send a break     Ctrl-A h  these keys\n"
                    "\nExit status: 0 success, 1 an error, 2 a wrong command line; a guest may set "
                    "its own when it turns\nitself off. QEMU_HOST_MODULE_PATH adds module "
                    "directories, separated by colons.\n");
    return g_string_free(out, FALSE);
}

char *qh_help_version(const char *program)
{
    return g_strdup_printf("%s (qemu-host) %s\n"
                           "Free software under the GNU General Public License, version 2 or "
                           "later; there is no warranty.\n",
                           program, QH_VERSION);
}

char *qh_help_version_json(QhRegistry *registry)
{
    return g_strdup_printf("{\"version\": \"%s\", \"abi\": [%u, %u], \"schema\": \"%s\", "
                           "\"modules\": \"%s\"}\n",
                           QH_VERSION, QH_ABI_MAJOR, QH_ABI_MINOR, qh_qapi_digest,
                           qh_registry_fingerprint(registry));
}

/* One entry of query-command-line-options. */
static void describe_one(const QhOption *option, QhJsonWriter *writer)
{
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "option");
    qh_json_write_string(writer, option->qmp);
    qh_json_write_key(writer, "parameters");
    qh_json_write_begin_array(writer);
    for (const QhOptionParameter *p = option->parameters; p != NULL && p->name != NULL; p++) {
        qh_json_write_begin_object(writer);
        qh_json_write_key(writer, "name");
        qh_json_write_string(writer, p->name);
        qh_json_write_key(writer, "type");
        qh_json_write_string(writer, p->type);
        if (p->help != NULL) {
            qh_json_write_key(writer, "help");
            qh_json_write_string(writer, p->help);
        }
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
    qh_json_write_end_object(writer);
}

gboolean qh_cli_describe(const char *name, QhJsonWriter *writer)
{
    gboolean found = name == NULL;

    for (const QhOption *option = qh_options; option->name != NULL && !found; option++) {
        found = g_strcmp0(option->qmp, name) == 0;
    }
    if (!found) {
        return FALSE;
    }
    qh_json_write_begin_array(writer);
    for (const QhOption *option = qh_options; option->name != NULL; option++) {
        if (option->qmp != NULL && (name == NULL || g_str_equal(option->qmp, name))) {
            describe_one(option, writer);
        }
    }
    qh_json_write_end_array(writer);
    return TRUE;
}

static void write_text(QhJsonWriter *writer, const char *key, const char *text)
{
    if (text != NULL) {
        qh_json_write_key(writer, key);
        qh_json_write_string(writer, text);
    }
}

static void write_option(QhJsonWriter *writer, const QhOption *option)
{
    qh_json_write_begin_object(writer);
    write_text(writer, "name", option->name);
    write_text(writer, "alias", option->alias);
    write_text(writer, "argument", option->argument);
    write_text(writer, "group", option->group);
    write_text(writer, "implied", option->implied);
    write_text(writer, "values", option->values);
    write_text(writer, "help", option->help);
    qh_json_write_key(writer, "parameters");
    qh_json_write_begin_array(writer);
    for (const QhOptionParameter *p = option->parameters; p != NULL && p->name != NULL; p++) {
        qh_json_write_begin_object(writer);
        write_text(writer, "name", p->name);
        write_text(writer, "type", p->type);
        write_text(writer, "help", p->help);
        write_text(writer, "values", p->values);
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
    qh_json_write_end_object(writer);
}

static char *finish(QhJsonWriter *writer)
{
    g_autofree char *text = qh_json_writer_steal(writer, NULL);

    return g_strconcat(text, "\n", NULL);
}

char *qh_help_options_json(void)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_begin_object(writer);
    write_text(writer, "version", QH_VERSION);
    qh_json_write_key(writer, "groups");
    qh_json_write_begin_array(writer);
    for (const QhOptionGroup *group = qh_option_groups; group->id != NULL; group++) {
        qh_json_write_begin_object(writer);
        write_text(writer, "id", group->id);
        write_text(writer, "title", group->title);
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
    qh_json_write_key(writer, "options");
    qh_json_write_begin_array(writer);
    for (const QhOption *option = qh_options; option->name != NULL; option++) {
        write_option(writer, option);
    }
    qh_json_write_end_array(writer);
    qh_json_write_end_object(writer);
    return finish(writer);
}
