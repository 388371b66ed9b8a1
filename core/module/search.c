/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding module files. A file is opened once and kept by descriptor: a guest that was started
 * before its packages were upgraded can still load the modules of its own time.
 */
#include "config-host.h"
#include "core/module/digest.h"
#include "core/module/registry-priv.h"
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define SUFFIX    ".so"
#define FILES_MAX 1024u

void qh_module_file_shut(QhModuleFile *file)
{
    if (file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
    }
}

void qh_module_file_free(QhModuleFile *file)
{
    if (file != NULL) {
        qh_module_file_shut(file);
        qh_note_free(file->note);
        g_free(file->path);
        g_free(file->name);
        g_free(file->build_id);
        g_free(file->reason);
        qh_module_file_free(file->next);
        g_free(file);
    }
}

static gboolean read_note(QhModuleFile *file, const char *base, GError **error)
{
    g_auto(QhElf) elf = {0};

    if (!qh_elf_scan(file->fd, file->id.bytes, &elf, error)) {
        file->refusal = elf.refusal;
        return FALSE;
    }
    file->build_id = g_steal_pointer(&elf.build_id);
    file->note = qh_note_parse(elf.note, elf.note_bytes, &file->refusal, error);
    if (file->note == NULL || !qh_note_check_abi(file->note, &file->refusal, error)) {
        return FALSE;
    }
    if (strcmp(file->note->name, base) != 0) {
        file->refusal = QH_REFUSED_NOTE_MISMATCH;
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "its name is '%s', so its file must be called %s" SUFFIX, file->note->name,
                    file->note->name);
        return FALSE;
    }
    return TRUE;
}

QhModuleFile *qh_module_file_examine(const char *path, gboolean trusted)
{
    g_autoptr(GError) error = NULL;
    QhModuleFile *file = g_new0(QhModuleFile, 1);
    g_autofree char *base = g_path_get_basename(path);

    if (g_str_has_suffix(base, SUFFIX)) {
        base[strlen(base) - strlen(SUFFIX)] = '\0';
    }
    file->path = g_strdup(path);
    file->trusted = trusted;
    file->fd = qh_file_open(path, &file->id, &file->refusal, &error);
    if (file->fd >= 0 && read_note(file, base, &error)) {
        file->name = g_strdup(file->note->name);
        return file;
    }
    file->name = g_strdup(base);
    file->reason = g_strdup(error->message);
    qh_module_file_shut(file);
    return file;
}

QhModuleFile *qh_module_file_find(QhRegistry *registry, const char *name)
{
    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (strcmp(file->name, name) == 0) {
            return file;
        }
    }
    return NULL;
}

static void add_directory(QhRegistry *registry, const char *path, gboolean trusted, gboolean nested)
{
    QhModuleDirectory *directory = g_new0(QhModuleDirectory, 1);

    directory->path = g_strdup(path);
    directory->trusted = trusted;
    directory->nested = nested;
    g_ptr_array_add(registry->directories, directory);
}

void qh_registry_add_directory(QhRegistry *registry, const char *path)
{
    add_directory(registry, path, strcmp(path, QH_MODULE_DIR) == 0, FALSE);
}

/* The folder of modules when this program lies in a build directory, NULL when installed. */
static char *build_directory(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);

    if (self == NULL) {
        return NULL;
    }
    g_autofree char *folder = g_path_get_dirname(self);
    while (strlen(folder) > 1) {
        g_autofree char *mark = g_build_filename(folder, "meson-private", "coredata.dat", NULL);
        if (g_file_test(mark, G_FILE_TEST_EXISTS)) {
            return g_build_filename(folder, "modules", NULL);
        }
        char *parent = g_path_get_dirname(folder);
        g_free(folder);
        folder = parent;
    }
    return NULL;
}

void qh_registry_add_defaults(QhRegistry *registry)
{
    const char *path = getauxval(AT_SECURE) == 0 ? g_getenv("QEMU_HOST_MODULE_PATH") : NULL;
    g_autofree char *build = getauxval(AT_SECURE) == 0 ? build_directory() : NULL;
    g_auto(GStrv) parts = g_strsplit(path != NULL ? path : "", ":", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        if (*parts[i] != '\0') {
            qh_registry_add_directory(registry, parts[i]);
        }
    }
    if (build != NULL) {
        add_directory(registry, build, TRUE, TRUE);
    } else {
        add_directory(registry, QH_MODULE_DIR, TRUE, FALSE);
    }
    registry->defaults = TRUE;
}

char *qh_module_directories_text(QhRegistry *registry)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < registry->directories->len; i++) {
        const QhModuleDirectory *directory = g_ptr_array_index(registry->directories, i);
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", directory->path);
    }
    return g_string_free(text, FALSE);
}

static QhModuleFile *find_path(QhRegistry *registry, const char *path)
{
    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

/* A file that is known is compared later, with all that are. */
static void take_file(QhRegistry *registry, const char *path, gboolean trusted)
{
    QhModuleFile *file = find_path(registry, path);

    if (file != NULL) {
        file->by_path = FALSE;
        return;
    }
    file = qh_module_file_examine(path, trusted);
    qh_module_file_check_unique(registry, file);
    g_ptr_array_add(registry->files, file);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void scan_folder(QhRegistry *registry,
                        const QhModuleDirectory *directory,
                        const char *path,
                        gboolean nested)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL && names->len < FILES_MAX) {
        if (nested || g_str_has_suffix(name, SUFFIX)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *full = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        if (!nested) {
            take_file(registry, full, directory->trusted);
        } else if (g_file_test(full, G_FILE_TEST_IS_DIR) && !g_str_has_suffix(full, ".p")) {
            scan_folder(registry, directory, full, FALSE);
        }
    }
}

/* What clients keep their knowledge under: all notes in force, in the order of their texts. */
static char *fingerprint(QhRegistry *registry)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new();
    QhDigest digest;

    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (file->refusal == QH_REFUSED_NOT) {
            g_ptr_array_add(notes, file->note->text);
        }
    }
    g_ptr_array_sort(notes, compare_names);
    qh_digest_init(&digest);
    for (guint i = 0; i < notes->len; i++) {
        const char *text = g_ptr_array_index(notes, i);
        qh_digest_add(&digest, text, strlen(text));
    }
    return qh_digest_text(&digest);
}

static void add_text(QhDigest *digest, const char *text)
{
    const char *some = text != NULL ? text : "-";

    qh_digest_add(digest, some, strlen(some));
}

/* All that query-modules tells of files: paths, notes, refusals, and what lies there instead. */
static char *outlook(QhRegistry *registry)
{
    QhDigest digest;

    qh_digest_init(&digest);
    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        while (file != NULL) {
            char change[] = {(char)('0' + file->change), '\0'};
            add_text(&digest, file->path);
            add_text(&digest, file->note != NULL ? file->note->text : NULL);
            add_text(&digest, file->build_id);
            add_text(&digest, file->reason);
            add_text(&digest, change);
            file = file->change == QH_FILE_REPLACED ? file->next : NULL;
        }
    }
    return qh_digest_text(&digest);
}

void qh_registry_scan(QhRegistry *registry)
{
    if (registry->directories->len == 0) {
        qh_registry_add_defaults(registry);
    }
    qh_registry_forget_removed(registry);
    for (guint i = 0; i < registry->directories->len; i++) {
        const QhModuleDirectory *directory = g_ptr_array_index(registry->directories, i);
        scan_folder(registry, directory, directory->path, directory->nested);
    }
    qh_registry_refresh(registry);
    g_clear_pointer(&registry->fingerprint, g_free); /* made when it is asked for */
    g_autofree char *before = g_steal_pointer(&registry->outlook);
    registry->outlook = outlook(registry);
    if (before != NULL && strcmp(before, registry->outlook) != 0 && registry->listener != NULL) {
        registry->listener(QH_REGISTRY_CHANGED, NULL, registry->listener_data);
    }
}

const char *qh_registry_fingerprint(QhRegistry *registry)
{
    if (registry->fingerprint == NULL) {
        registry->fingerprint = fingerprint(registry);
    }
    return registry->fingerprint;
}
