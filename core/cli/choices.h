/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may stand in an option's value: the names of what there is, and the keys that go with a
 * name. Help and completion show it. It comes from the option table, module notes and the schema;
 * no module is loaded for it.
 *
 * A text of values, as an option and its keys have one, lists what a value may be: words with '|'
 * between them. A word in capitals is a set, and may have a head:
 * "none|unix:FILE|chardev:CHARDEV-ID". The sets are those of qh_choices_of_set, the ids that stand
 * before on the command line (CHARDEV-ID, NETDEV-ID, BLOCK-ID, OBJECT-ID, DEVICE-ID), what the
 * board has short names for (VGA, NIC), FILE and DIRECTORY; any other is a text that nobody can
 * list. With
 * ",..." at its end the value is a list of such words.
 */
#ifndef QH_CORE_CLI_CHOICES_H
#define QH_CORE_CLI_CHOICES_H

#include "core/cli/cli.h"
#include "core/qmp/qapi.h"

typedef struct QhChoice {
    char *name;         /* of a key that has keys of its own ("file.") with a dot at the end */
    char *description;  /* NULL: none */
    char *type;         /* of a key's value, for people; NULL: this is no key */
    char *values;       /* of a key, as above; NULL: any text */
    char *default_text; /* NULL: none is known */
    char *missing;      /* the module that would bring it but is not installed, or NULL */
} QhChoice;

GPtrArray *qh_choices_new(void); /* of QhChoice; unref it */
const QhChoice *qh_choices_find(const GPtrArray *choices, const char *name);
void qh_choices_add(GPtrArray *choices,
                    const char *name,
                    const char *description,
                    const char *type,
                    const char *values,
                    const char *default_text);

/* Add the elements of a set: with @target only what it has, with @absent also those of modules that
 * are not installed. FALSE: no set is called so. [main] */
gboolean qh_choices_of_set(
    QhHost *host, const char *target, const char *set, gboolean absent, GPtrArray *choices);
/* Whether an element of the set needs further keys. */
gboolean qh_choices_go_on(const char *set);
/* Where the set in a word of values begins; the word's end: it has none. */
const char *qh_choices_set_in(const char *word);

/* Add all keys that may stand in the value of @option behind @items; @key is the one that is looked
 * for: where it has dots, keys within. [main] */
void qh_choices_of_option(QhHost *host,
                          const char *target,
                          const QhOption *option,
                          const QhKeyval *items,
                          const char *key,
                          GPtrArray *choices);
/* Whether the keys are known only when the first item is. */
gboolean qh_choices_brings_keys(const QhOption *option);
/* Of those, the ones that come with element @name of a set. [main] */
void qh_choices_of_element(QhHost *host,
                           const char *target,
                           const char *set,
                           const char *name,
                           const QhKeyval *items,
                           const char *key,
                           GPtrArray *choices);

/* choices-schema.c: the members of @type below @key's last dot, but not its own tag. */
void qh_choices_of_schema(const QhQapiType *type,
                          const QhKeyval *items,
                          const char *key,
                          GPtrArray *choices);

/* list-option.c: whether @value asks for help on @option that its take function does not give; then
 * it is noted in @cli. */
gboolean qh_list_wanted(QhCli *cli, const QhOption *option, const char *value);
gboolean qh_list_option(QhCli *cli, QhHost *host, char **ret_text, GError **error);

/* As help shows it. The caller g_frees it. */
char *qh_choices_show(const GPtrArray *choices, const char *title, gboolean json);

/* complete.c: what could be the last of @words, the arguments up to the cursor; see
 * docs/design/command-line.md for the form. The caller g_frees it. [main] */
char *qh_complete(QhCli *cli, QhHost *host);

#endif
