/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "help" and "help=json" as the value of any option that takes words or keys, and "NAME,help" for
 * the keys of one kind: what completion offers at that place, and what is not installed besides.
 * Options whose lists say more, machines and devices among them, have their own in list.c.
 */
#include "core/cli/choices.h"
#include "core/module/registry.h"

#include <string.h>

/* Options whose take function answers to help itself. */
static gboolean has_own(const QhOption *option, gboolean of_element)
{
    static const char *const names[] = {"machine", "cpu", "device", "display", "vga", NULL};
    static const char *const elements[] = {"machine", "cpu", "device", NULL};

    return g_strv_contains(of_element ? elements : names, option->name);
}

/* Names of files are all there is to list. */
static gboolean only_files(const QhOption *option)
{
    return option->parameters == NULL && option->implied == NULL &&
           (option->values == NULL || g_str_has_suffix(option->values, "FILE") ||
            g_str_has_suffix(option->values, "DIRECTORY")) &&
           (option->values == NULL || strchr(option->values, ':') == NULL);
}

gboolean qh_list_wanted(QhCli *cli, const QhOption *option, const char *value)
{
    const char *comma = strrchr(value, ','), *last = comma != NULL ? comma + 1 : value;
    gboolean json = g_str_equal(last, "help=json");

    if ((!json && !g_str_equal(last, "help")) || only_files(option) || *value == '{' ||
        has_own(option, comma != NULL) || (comma != NULL && option->implied == NULL)) {
        return FALSE;
    }
    cli->list = QH_LIST_OPTION;
    cli->list_option = option;
    cli->list_json = cli->list_json || json;
    g_free(cli->list_name);
    cli->list_name = comma != NULL ? g_strndup(value, (gsize)(comma - value)) : NULL;
    return TRUE;
}

/* Words that the option names, and the elements of the sets that it names. */
static void add_words(QhHost *host, const char *target, const QhOption *option, GPtrArray *choices)
{
    gboolean list = g_str_has_suffix(option->values, ",...");
    g_autofree char *values =
        g_strndup(option->values, strlen(option->values) - (list ? strlen(",...") : 0));
    g_auto(GStrv) words = g_strsplit(values, "|", -1);

    for (guint i = 0; words[i] != NULL; i++) {
        if (!qh_choices_of_set(host, target, words[i], TRUE, choices) &&
            !g_str_equal(words[i], "help")) {
            qh_choices_add(choices, words[i], NULL, NULL, NULL, NULL);
        }
    }
}

/* Names of files and ids are not words of anybody's. */
static gboolean is_open(const QhOption *option)
{
    return option->values == NULL ||
           (strpbrk(option->values, "|:") == NULL &&
            (g_str_equal(option->values, "FILE") || g_str_has_suffix(option->values, "-ID")));
}

static gboolean
add_element(QhCli *cli, QhHost *host, const char *target, GPtrArray *choices, GError **error)
{
    const QhOption *option = cli->list_option;
    g_autoptr(GPtrArray) elements = qh_choices_new();
    g_autoptr(QhKeyval) items = qh_keyval_parse(cli->list_name, option->implied, error);
    const char *name = items != NULL ? qh_keyval_get(items, option->implied) : NULL;

    if (items == NULL) {
        return FALSE;
    }
    if (option->values != NULL && !is_open(option)) {
        add_words(host, target, option, elements);
    }
    if (name == NULL || (elements->len > 0 && qh_choices_find(elements, name) == NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "-%s: there is no '%s'\n-%s help lists what there is", option->name,
                    name != NULL ? name : cli->list_name, option->name);
        return FALSE;
    }
    qh_choices_of_option(host, target, option, items, "", choices);
    return TRUE;
}

static char *choices_text(const GPtrArray *choices, const char *title)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s:\n", title);
    for (guint i = 0; i < choices->len; i++) {
        const QhChoice *choice = g_ptr_array_index(choices, i);
        gboolean group = g_str_has_suffix(choice->name, ".");
        g_autofree char *key =
            choice->type != NULL && !group
                ? g_strdup_printf("%s=<%s>", choice->name,
                                  choice->values != NULL ? choice->values : choice->type)
                : g_strconcat(choice->name, group ? "KEY" : "", NULL);

        g_string_append_printf(out, choice->description != NULL ? "  %-20s %s" : "  %s%s", key,
                               choice->description != NULL ? choice->description : "");
        if (choice->missing != NULL) {
            g_string_append_printf(out, " [not installed: module %s]", choice->missing);
        }
        g_string_append_c(out, '\n');
    }
    if (choices->len == 0) {
        g_string_append(out, "  none\n");
    }
    return g_string_free(out, FALSE);
}

static void write_text(QhJsonWriter *writer, const char *key, const char *text)
{
    if (text != NULL) {
        qh_json_write_key(writer, key);
        qh_json_write_string(writer, text);
    }
}

static void write_choice(QhJsonWriter *writer, const QhChoice *choice)
{
    qh_json_write_begin_object(writer);
    write_text(writer, "name", choice->name);
    write_text(writer, "description", choice->description);
    write_text(writer, "type", choice->type);
    write_text(writer, "values", choice->values);
    write_text(writer, "default", choice->default_text);
    if (choice->type == NULL) {
        write_text(writer, "module", choice->missing);
        qh_json_write_key(writer, "installed");
        qh_json_write_bool(writer, choice->missing == NULL);
    }
    qh_json_write_end_object(writer);
}

static char *choices_json(const GPtrArray *choices)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_begin_array(writer);
    for (guint i = 0; i < choices->len; i++) {
        write_choice(writer, g_ptr_array_index(choices, i));
    }
    qh_json_write_end_array(writer);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    return g_strconcat(text, "\n", NULL);
}

char *qh_choices_show(const GPtrArray *choices, const char *title, gboolean json)
{
    return json ? choices_json(choices) : choices_text(choices, title);
}

gboolean qh_list_option(QhCli *cli, QhHost *host, char **ret_text, GError **error)
{
    const QhOption *option = cli->list_option;
    const char *target = qh_registry_target(qh_host_registry(host));
    g_autoptr(GPtrArray) choices = qh_choices_new();
    g_autofree char *title =
        g_strdup_printf("-%s %s", option->name, cli->list_name != NULL ? cli->list_name : "takes");

    if (cli->list_name != NULL) {
        if (!add_element(cli, host, target, choices, error)) {
            return FALSE;
        }
    } else {
        gboolean words = !is_open(option);
        g_autoptr(QhKeyval) none = qh_keyval_parse("", NULL, NULL);

        if (words) {
            add_words(host, target, option, choices);
        }
        if (!words || option->implied == NULL || !qh_choices_brings_keys(option)) {
            qh_choices_of_option(host, target, option, none, "", choices);
        }
    }
    *ret_text = qh_choices_show(choices, title, cli->list_json);
    return TRUE;
}
