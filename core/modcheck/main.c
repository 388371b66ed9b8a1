/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-host-modcheck: reads a module's note for package builds, and judges a module file for
 * people. Exit status: 0 good, 1 a file was refused, 2 a wrong command line.
 */
#include "core/modcheck/check.h"
#include "core/modcheck/modcheck.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Options {
    gboolean note, abi, json, quick, verbose;
    int seconds;
    char *abi_of, *provides, *requires;
    char **files;
} Options;

static int report(const GError *error)
{
    fprintf(stderr, "qemu-host-modcheck: %s\n", error->message);
    return g_error_matches(error, QH_ERROR, QH_ERROR_USAGE) ? 2 : 1;
}

static QhNote *read_note(const char *path, GError **error)
{
    g_autofree char *text = qh_modcheck_note(path, error);
    QhRefusal refusal;
    QhNote *note = text != NULL ? qh_note_parse(text, strlen(text), &refusal, error) : NULL;

    if (text != NULL && note == NULL) {
        g_prefix_error(error, "cannot read the note of '%s': ", path);
    }
    return note;
}

static int print_notes(char **files)
{
    int status = 0;

    for (guint i = 0; files[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = qh_modcheck_note(files[i], &error);

        if (text == NULL) {
            status = report(error);
        } else {
            puts(text);
        }
    }
    return status;
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of files, a line each, as RPM's dependency generators get them. */
static char **read_names(void)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        g_strchomp(line);
        if (*line != '\0') {
            g_ptr_array_add(names, g_strdup(line));
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_steal(names, NULL);
}

static int print_relations(Options *options, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    QhPackages packages;
    int status = 0;

    if (!qh_packages_parse(options->provides != NULL ? options->provides : options->requires,
                           &packages, error)) {
        return 2;
    }
    if (options->files == NULL) {
        options->files = read_names();
    }
    for (guint i = 0; options->files[i] != NULL; i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(QhNote) note = read_note(options->files[i], &why);

        if (note == NULL) {
            status = report(why);
        } else if (options->requires != NULL) {
            qh_modcheck_requires(note, packages, lines);
        } else if (!qh_modcheck_provides(note, packages, lines, &why)) {
            status = report(why);
        }
    }
    g_ptr_array_sort(lines, compare_lines);
    for (guint i = 0; i < lines->len; i++) {
        const char *line = g_ptr_array_index(lines, i);
        if (i == 0 || strcmp(line, g_ptr_array_index(lines, i - 1)) != 0) {
            puts(line);
        }
    }
    return status;
}

static int print_abi(const char *of, GError **error)
{
    QhPackages packages;

    if (of == NULL) {
        printf("%d.%d\n", QH_ABI_MAJOR, QH_ABI_MINOR);
        return 0;
    }
    if (!qh_packages_parse(of, &packages, error)) {
        return 2;
    }
    g_autofree char *text = qh_modcheck_abi(packages);
    puts(text);
    return 0;
}

static int check_files(const Options *options)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    int status = 0;

    qh_json_write_begin_array(writer);
    for (guint i = 0; options->files[i] != NULL; i++) {
        g_autoptr(QhVerdict) verdict =
            qh_modcheck_file(options->files[i], options->quick, (guint)options->seconds);

        status = qh_verdict_is_good(verdict) ? status : 1;
        if (options->json) {
            qh_verdict_write(verdict, writer);
        } else {
            qh_verdict_print(verdict, options->verbose);
        }
    }
    qh_json_write_end_array(writer);
    if (options->json) {
        g_autofree char *text = qh_json_writer_steal(writer, NULL);
        puts(text);
    }
    return status;
}

/* --abi takes a value or none, which glib asks a callback for. */
static gboolean take_abi(const char *name, const char *value, gpointer data, GError **error)
{
    Options *options = data;

    (void)name;
    (void)error;
    options->abi = TRUE;
    options->abi_of = g_strdup(value);
    return TRUE;
}

/*
 * A leak is seen in what the C library has handed out. Caches of freed memory (malloc's own of each
 * thread, glib's before 2.76) would blur that; they are switched off by what a process finds in its
 * environment at its start, so it starts anew.
 */
static void start_without_caches(char **argv)
{
    static const char tunables[] = "glibc.malloc.tcache_count=0";

    if (g_strcmp0(g_getenv("GLIBC_TUNABLES"), tunables) != 0) {
        g_setenv("GLIBC_TUNABLES", tunables, TRUE);
        g_setenv("G_SLICE", "always-malloc", TRUE);
        execv("/proc/self/exe", argv); /* if that fails it goes on as it is */
    }
}

static int run(Options *options, char **arguments, GError **error)
{
    guint modes =
        options->note + options->abi + (options->provides != NULL) + (options->requires != NULL);
    gboolean stdin_names = options->provides != NULL || options->requires != NULL;

    if (options->seconds < 1 || options->seconds > 3600) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "--time takes from 1 to 3600 seconds");
        return 2;
    }
    if (modes > 1 || (options->abi && options->files != NULL) ||
        (!options->abi && !stdin_names && options->files == NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "it takes files, or one of --note, --provides, --requires with files, "
                            "or --abi; --help tells more");
        return 2;
    }
    if (options->abi) {
        return print_abi(options->abi_of, error);
    }
    if (modes == 0) {
        start_without_caches(arguments);
        return check_files(options);
    }
    return options->note ? print_notes(options->files) : print_relations(options, error);
}

int main(int argc, char **argv)
{
    Options options = {.seconds = QH_TRIAL_SECONDS};
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) arguments = g_strdupv(argv); /* parsing takes them apart */
    const GOptionEntry entries[] = {
        {.long_name = "note",
         .arg_data = &options.note,
         .description = "print the note, JSON, and load nothing"},
        {.long_name = "provides",
         .arg = G_OPTION_ARG_STRING,
         .arg_data = &options.provides,
         .description = "what a package of these files provides",
         .arg_description = "deb|rpm"},
        {.long_name = "requires",
         .arg = G_OPTION_ARG_STRING,
         .arg_data = &options.requires,
         .description = "what a package of these files requires",
         .arg_description = "deb|rpm"},
        {.long_name = "abi",
         .flags = G_OPTION_FLAG_OPTIONAL_ARG,
         .arg = G_OPTION_ARG_CALLBACK,
         .arg_data = (gpointer)take_abi,
         .description = "the ABI version of this host, or what its package provides",
         .arg_description = "deb|rpm"},
        {.long_name = "json",
         .arg_data = &options.json,
         .description = "what was found, as a JSON array with an object for each file"},
        {.long_name = "quick",
         .arg_data = &options.quick,
         .description = "check up to loading the module, try no slot"},
        {.long_name = "time",
         .arg = G_OPTION_ARG_INT,
         .arg_data = &options.seconds,
         .description = "CPU time that each trial may take, by default 30 s",
         .arg_description = "SECONDS"},
        {.long_name = "verbose",
         .short_name = 'v',
         .arg_data = &options.verbose,
         .description = "also say what could not be checked, and what is good"},
        {.long_name = G_OPTION_REMAINING,
         .arg = G_OPTION_ARG_FILENAME_ARRAY,
         .arg_data = &options.files,
         .arg_description = "FILE..."},
        {0                           },
    };
    GOptionContext *context = g_option_context_new("- check modules of qemu-host");
    GOptionGroup *group = g_option_group_new("", "", "", &options, NULL);

    qh_absence_register();
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    gboolean good = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    int status = good ? run(&options, arguments, &error) : 2;
    if (error != NULL) {
        report(error);
    }
    g_free(options.abi_of);
    g_free(options.provides);
    g_free(options.requires);
    g_strfreev(options.files);
    return good && fflush(stdout) != 0 ? 1 : status;
}
