/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hidden --complete: what could stand where the cursor is. The shells' scripts only pass the
 * words and show the answer, so that what there is to know about options is here, once.
 *
 * The answer's first line is "words", "files" or "directories", a tab, and the part of the last
 * word that stays. Each further line is what may follow that part, a tab, and what it is; one that
 * ends with = , : or . has to go on. "files" also wants names of files. An empty answer: nothing
 * is known. Nothing is filtered; that is for the shell, which has its ways of matching.
 */
#include "core/cli/choices.h"
#include "core/module/registry.h"
#include "core/qmp/offers.h"

#include <string.h>

typedef struct Line {
    QhCli *cli;
    QhHost *host;
    char *target;  /* NULL: none is known */
    char *machine; /* the same */
    const char *kind;
    GString *prefix; /* what stays */
    GString *rows;
} Line;

typedef void (*ValueFn)(Line *line, const QhOption *option, const char *value, void *data);

/* The option that @word is, and in *@ret_value what it has behind '='; NULL: no option. */
static const QhOption *option_of(const char *word, const char **ret_value)
{
    gboolean two = g_str_has_prefix(word, "--");

    *ret_value = NULL;
    if (*word != '-') {
        return NULL;
    }
    g_autofree char *name = g_strdup(word + 1 + two);
    char *equals = two ? strchr(name, '=') : NULL;
    if (equals != NULL) {
        *ret_value = word + 2 + (equals - name) + 1;
        *equals = '\0';
    }
    return qh_option_find(name);
}

/* Calls @fn with each option that stands before the cursor; the option whose value is wanted. */
static const QhOption *walk(Line *line, ValueFn fn, void *data)
{
    char **words = line->cli->complete;

    for (guint i = 0; words[i] != NULL && words[i + 1] != NULL; i++) {
        const char *value;
        const QhOption *option = option_of(words[i], &value);

        if (option == NULL || option->argument == NULL) {
            continue;
        }
        if (value == NULL) {
            value = words[++i];
            if (words[i + 1] == NULL) {
                return option;
            }
        }
        if (fn != NULL) {
            fn(line, option, value, data);
        }
    }
    return NULL;
}

static void add_row(Line *line, const char *text, const char *end, const char *description)
{
    g_autofree char *plain = g_strdup(description != NULL ? description : "");

    g_strdelimit(plain, "\t\r\n", ' ');
    g_string_append_printf(line->rows, "%s%s\t%s\n", text, end, plain);
}

/* The ids that options of a kind have given. */
typedef struct Ids {
    const char *set;
} Ids;

static void add_id(Line *line, const QhOption *option, const char *value, void *data)
{
    static const struct {
        const char *set, *option, *key;
    } rows[] = {
        {"CHARDEV-ID", "chardev",  "id"       },
        {"NETDEV-ID",  "netdev",   "id"       },
        {"BLOCK-ID",   "blockdev", "node-name"},
        {"BLOCK-ID",   "drive",    "id"       },
        {"OBJECT-ID",  "object",   "id"       },
        {"OBJECT-ID",  "fsdev",    "id"       },
        {"DEVICE-ID",  "device",   "id"       },
    };
    const Ids *ids = data;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!g_str_equal(rows[i].set, ids->set) || !g_str_equal(rows[i].option, option->name)) {
            continue;
        }
        g_autoptr(QhJson) json = *value == '{' ? qh_json_parse(value, -1, NULL, NULL) : NULL;
        g_autoptr(QhKeyval) items = qh_keyval_parse(value, option->implied, NULL);
        const QhJson *member = json != NULL && qh_json_type(json) == QH_JSON_OBJECT
                                   ? qh_json_get(json, rows[i].key)
                                   : NULL;
        const char *id = member != NULL  ? qh_json_string(member)
                         : items != NULL ? qh_keyval_get(items, rows[i].key)
                                         : NULL;

        if (id != NULL) {
            g_autofree char *text = g_strdup_printf("-%s %s", option->name, value);

            add_row(line, id, "", text);
        }
    }
}

static gboolean is_id_set(const char *set)
{
    return g_str_has_suffix(set, "-ID");
}

/* The board's short names for devices: rows NAME=DEVICE, with commas between them. */
static void add_board_names(Line *line, const char *key)
{
    g_autofree char *rows = line->machine != NULL && line->target != NULL
                                ? qh_cli_machine_text(line->host, line->target, line->machine, key)
                                : NULL;
    g_auto(GStrv) list = g_strsplit(rows != NULL ? rows : "", ",", -1);

    for (guint i = 0; list[i] != NULL; i++) {
        char *equals = strchr(list[i], '=');

        if (equals != NULL) {
            *equals = '\0';
            add_row(line, list[i], "", equals + 1);
        }
    }
}

static void add_set(Line *line, const char *set, gboolean value_of_option)
{
    g_autoptr(GPtrArray) choices = qh_choices_new();
    Ids ids = {set};

    if (g_str_equal(set, "FILE") || g_str_equal(set, "DIRECTORY")) {
        line->kind = *set == 'F' ? "files" : "directories";
        return;
    }
    if (g_str_equal(set, "VGA") || g_str_equal(set, "NIC")) {
        add_board_names(line, *set == 'V' ? "vgas" : "nics");
        return;
    }
    if (is_id_set(set)) {
        walk(line, add_id, &ids);
        return;
    }
    qh_choices_of_set(line->host, line->target, set, FALSE, choices);
    for (guint i = 0; i < choices->len; i++) {
        const QhChoice *choice = g_ptr_array_index(choices, i);

        add_row(line, choice->name, value_of_option && qh_choices_go_on(set) ? "," : "",
                choice->description);
    }
}

/* What @values has for @text, which is where the cursor is. */
static void add_values(Line *line, const char *values, const char *text, gboolean of_option)
{
    g_auto(GStrv) words = g_strsplit(values, "|", -1);

    for (guint i = 0; words[i] != NULL; i++) {
        const char *set = qh_choices_set_in(words[i]);
        g_autofree char *head = g_strndup(words[i], (gsize)(set - words[i]));

        if (*set != '\0' && *head != '\0' && g_str_has_prefix(text, head)) {
            g_string_append(line->prefix, head);
            g_string_set_size(line->rows, 0);
            line->kind = "words";
            add_set(line, set, of_option);
            return;
        }
        if (*head != '\0') {
            add_row(line, head, "", NULL);
        } else {
            add_set(line, set, of_option);
        }
    }
}

static void add_keys(Line *line,
                     const QhOption *option,
                     const GPtrArray *keys,
                     const QhKeyval *items,
                     const char *text)
{
    const char *dot = strrchr(text, '.');

    if (dot != NULL) {
        g_string_append_len(line->prefix, text, dot + 1 - text);
    }
    for (guint i = 0; i < keys->len; i++) {
        const QhChoice *key = g_ptr_array_index(keys, i);
        gboolean group = g_str_has_suffix(key->name, ".");
        gsize skip = dot != NULL ? (gsize)(dot + 1 - text) : 0;
        const QhOptionParameter *known = qh_option_parameter(option, key->name);
        const char *description = key->description != NULL               ? key->description
                                  : known != NULL && known->help != NULL ? known->help
                                                                         : key->type;

        if (strncmp(key->name, text, skip) != 0 || key->name[skip] == '\0' ||
            (qh_keyval_get(items, key->name) != NULL && g_strcmp0(key->type, "list") != 0) ||
            (option->implied != NULL && g_str_equal(key->name, option->implied) &&
             qh_keyval_length(items) > 0)) {
            continue;
        }
        add_row(line, key->name + skip, group ? "" : "=", description);
    }
}

/* "+x" and "-x" of -cpu. */
static void add_switches(Line *line, const GPtrArray *keys, const char *text)
{
    g_string_append_len(line->prefix, text, 1);
    for (guint i = 0; i < keys->len; i++) {
        const QhChoice *key = g_ptr_array_index(keys, i);

        if (g_strcmp0(key->type, "bool") == 0) {
            add_row(line, key->name, "", key->description);
        }
    }
}

/* Where the item begins in which the cursor is: behind the last comma that is not doubled. */
static const char *last_item(const char *value)
{
    const char *item = value;

    for (const char *at = value; *at != '\0'; at++) {
        if (*at == ',' && at[1] == ',') {
            at++;
        } else if (*at == ',') {
            item = at + 1;
        }
    }
    return item;
}

static void complete_item(Line *line, const QhOption *option, const char *value, const char *item)
{
    g_autofree char *before = g_strndup(value, item > value ? (gsize)(item - value - 1) : 0);
    g_autoptr(QhKeyval) items = qh_keyval_parse(before, option->implied, NULL);
    const char *equals = strchr(item, '=');
    g_autofree char *key = g_strndup(item, strcspn(item, "="));

    if (items == NULL) {
        return;
    }
    g_autoptr(GPtrArray) keys = qh_choices_new();

    qh_choices_of_option(line->host, line->target, option, items, key, keys);
    if (equals != NULL) {
        const QhChoice *choice = qh_choices_find(keys, key);

        g_string_append_len(line->prefix, item, equals + 1 - item);
        if (choice != NULL && choice->values != NULL) {
            add_values(line, choice->values, equals + 1, FALSE);
        }
        return;
    }
    if (item == value && option->values != NULL) {
        add_values(line, option->values, item, TRUE);
        if (option->implied != NULL) {
            return;
        }
    }
    if ((*item == '+' || *item == '-') && g_str_equal(option->name, "cpu")) {
        add_switches(line, keys, item);
        return;
    }
    add_keys(line, option, keys, items, item);
    if (qh_keyval_length(items) <= 1) {
        add_row(line, "help", "", "list what may stand here");
    }
}

/* -global DRIVER.PROPERTY=VALUE */
static void complete_global(Line *line, const char *value)
{
    const char *equals = strchr(value, '=');
    g_autofree char *left = g_strndup(value, strcspn(value, "="));
    char *dot = strrchr(left, '.');
    g_autoptr(GPtrArray) choices = qh_choices_new();
    g_autoptr(QhKeyval) none = qh_keyval_parse("", NULL, NULL);

    if (dot == NULL) {
        qh_choices_of_set(line->host, line->target, "DEVICE", FALSE, choices);
    } else {
        *dot = '\0';
        qh_choices_of_element(line->host, line->target, "DEVICE", left, none, "", choices);
        g_string_append_len(line->prefix, value, dot + 1 - left);
    }
    if (equals != NULL) {
        const QhChoice *choice = dot != NULL ? qh_choices_find(choices, dot + 1) : NULL;

        g_string_append(line->prefix, dot != NULL ? dot + 1 : left);
        g_string_append_c(line->prefix, '=');
        if (choice != NULL && choice->values != NULL) {
            add_values(line, choice->values, equals + 1, FALSE);
        }
        return;
    }
    for (guint i = 0; i < choices->len; i++) {
        const QhChoice *choice = g_ptr_array_index(choices, i);

        add_row(line, choice->name, dot != NULL ? "=" : ".", choice->description);
    }
}

static void complete_value(Line *line, const QhOption *option, const char *value)
{
    const char *item = last_item(value);

    line->kind = "words";
    if (*value == '{') {
        return;
    }
    if (g_str_equal(option->name, "global") && strchr(value, ',') == NULL &&
        !g_str_has_prefix(value, "driver=")) {
        complete_global(line, value);
        return;
    }
    if (option->parameters == NULL && option->values == NULL) {
        return;
    }
    if (option->parameters == NULL && option->implied == NULL) {
        gboolean list = g_str_has_suffix(option->values, ",...");
        g_autofree char *values =
            g_strndup(option->values, strlen(option->values) - (list ? strlen(",...") : 0));

        g_string_append_len(line->prefix, value, list ? item - value : 0);
        add_values(line, values, list ? item : value, TRUE);
        return;
    }
    g_string_append_len(line->prefix, value, item - value);
    complete_item(line, option, value, item);
}

static char *first_sentence(const char *text)
{
    const char *end = strstr(text, ". ");

    return end != NULL                   ? g_strndup(text, (gsize)(end - text))
           : g_str_has_suffix(text, ".") ? g_strndup(text, strlen(text) - 1)
                                         : g_strdup(text);
}

static void complete_option(Line *line, const char *word)
{
    gboolean two = g_str_has_prefix(word, "--");

    line->kind = "words";
    if (*word != '-' && *word != '\0') {
        return;
    }
    for (const QhOption *option = qh_options; option->name != NULL; option++) {
        gboolean ours = g_str_equal(option->group, "general");
        g_autofree char *name = g_strconcat(two || ours ? "--" : "-", option->name, NULL);
        g_autofree char *alias =
            option->alias != NULL ? g_strconcat("-", option->alias, NULL) : NULL;

        g_autofree char *sentence = first_sentence(option->help);

        add_row(line, name, "", sentence);
        if (alias != NULL && !two) {
            add_row(line, alias, "", sentence);
        }
    }
}

/* The first target that the line chooses by itself. */
static void take_target(Line *line, const QhOption *option, const char *value, void *data)
{
    const char **machine = data;

    if (g_str_equal(option->name, "load-target") && line->target == NULL) {
        line->target = g_strndup(value, strcspn(value, ","));
    } else if (g_str_equal(option->name, "machine")) {
        *machine = value;
    } else if (g_str_equal(option->name, "module-path")) {
        qh_registry_add_directory(qh_host_registry(line->host), value);
    }
}

static void find_target(Line *line)
{
    const char *machine = NULL;

    walk(line, take_target, &machine);
    qh_registry_scan(qh_host_registry(line->host));
    if (line->target == NULL && line->cli->legacy != NULL) {
        line->target = g_strdup(line->cli->legacy);
    }
    gsize head = machine != NULL ? strcspn(machine, ",") : 0;
    g_autofree char *name = g_strndup(machine != NULL ? machine : "", head);
    char *colon = strchr(name, ':');
    if (line->target == NULL && colon != NULL) {
        line->target = g_strndup(name, (gsize)(colon - name));
    }
    if (*name != '\0') {
        line->machine = g_strdup(colon != NULL ? colon + 1 : name);
    }
    if (line->target != NULL) {
        char *proper = qh_cli_target_name(line->host, line->target);

        g_free(line->target);
        line->target = proper;
        if (line->machine == NULL) {
            line->machine = qh_target_text(qh_host_registry(line->host), proper, "default-machine");
        }
    }
}

char *qh_complete(QhCli *cli, QhHost *host)
{
    Line line = {.cli = cli, .host = host};
    guint n = g_strv_length(cli->complete);
    const char *word = n > 0 ? cli->complete[n - 1] : "", *value = NULL;

    line.prefix = g_string_new(NULL);
    line.rows = g_string_new(NULL);
    find_target(&line);
    const QhOption *option = walk(&line, NULL, NULL);
    if (option != NULL) {
        complete_value(&line, option, word);
    } else if ((option = option_of(word, &value)) != NULL && value != NULL) {
        g_string_append_len(line.prefix, word, value - word);
        complete_value(&line, option, value);
    } else {
        complete_option(&line, word);
    }
    char *text = g_strdup_printf("%s\t%s\n%s", line.kind, line.prefix->str, line.rows->str);
    g_string_free(line.prefix, TRUE);
    g_string_free(line.rows, TRUE);
    g_free(line.machine);
    g_free(line.target);
    return text;
}
