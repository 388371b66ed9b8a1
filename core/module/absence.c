/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speaking about what is not there. All modules of this project are known by name, package and
 * offers even where they are not installed, so that an error can say what would help.
 */
#include "core/module/registry-priv.h"
#include <string.h>

/* What an absence error carries besides its text: GLib keeps it with each error of the domain. */
typedef struct Private {
    QhAbsence *absence;
} Private;

static QhAbsence *copy_absence(const QhAbsence *from)
{
    QhAbsence *copy = g_new0(QhAbsence, 1);

    copy->slot = g_strdup(from->slot);
    copy->target = g_strdup(from->target);
    copy->module = g_strdup(from->module);
    copy->package = g_strdup(from->package);
    copy->reason = g_strdup(from->reason);
    return copy;
}

static Private *private_of(const GError *error, gsize bytes)
{
    return (Private *)((char *)error - bytes);
}

/* GLib puts the private part right before the error, its size rounded up to this. */
#define PRIVATE_BYTES ((sizeof(Private) + 15) & ~(gsize)15)

static void init_error(GError *error)
{
    private_of(error, PRIVATE_BYTES)->absence = NULL;
}

static void copy_error(const GError *from, GError *to)
{
    const QhAbsence *absence = private_of(from, PRIVATE_BYTES)->absence;

    private_of(to, PRIVATE_BYTES)->absence = absence != NULL ? copy_absence(absence) : NULL;
}

static void clear_error(GError *error)
{
    qh_absence_free(private_of(error, PRIVATE_BYTES)->absence);
}

void qh_absence_register(void)
{
    /* GLib's table of error domains is the process's own, so this happens once in a process. */
    static gsize done;

    if (g_once_init_enter(&done)) {
        g_error_domain_register_static("qh-error", PRIVATE_BYTES, init_error, copy_error,
                                       clear_error);
        g_once_init_leave(&done, 1);
    }
}

void qh_absence_free(QhAbsence *absence)
{
    if (absence != NULL) {
        g_free(absence->slot);
        g_free(absence->target);
        g_free(absence->module);
        g_free(absence->package);
        g_free(absence->reason);
        g_free(absence);
    }
}

void qh_absence_set_error(const QhAbsence *absence, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (error == NULL) {
        return;
    }
    g_string_printf(text, "no loaded module fills slot '%s'", absence->slot);
    if (absence->module == NULL) {
        g_string_append(text, ", and no known module would");
    } else {
        g_string_append_printf(text, "; module '%s'", absence->module);
        if (absence->package != NULL) {
            g_string_append_printf(text, " of package %s", absence->package);
        }
        g_string_append_printf(text, " would, but it %s%s",
                               g_str_has_prefix(absence->reason, "refused") ? "was " : "is ",
                               g_str_has_prefix(absence->reason, "not-installed") ? "not installed"
                               : g_str_has_prefix(absence->reason, "not-loaded")  ? "not loaded"
                                                                                 : absence->reason);
    }
    *error = g_error_new_literal(QH_ERROR, QH_ERROR_NO_SLOT, text->str);
    private_of(*error, PRIVATE_BYTES)->absence = copy_absence(absence);
}

const QhAbsence *qh_absence_of_error(const GError *error)
{
    return g_error_matches(error, QH_ERROR, QH_ERROR_NO_SLOT)
               ? private_of(error, PRIVATE_BYTES)->absence
               : NULL;
}

const QhJson *qh_registry_known(QhRegistry *registry)
{
    if (registry->known == NULL) {
        registry->known = qh_json_parse(qh_known_modules, -1, NULL, NULL);
        g_assert(registry->known != NULL); /* made by the build */
    }
    return registry->known;
}

static const char *text_of(const QhJson *object, const char *key)
{
    const QhJson *value = object != NULL ? qh_json_get(object, key) : NULL;

    return value != NULL ? qh_json_string(value) : NULL;
}

const QhJson *qh_registry_known_module(QhRegistry *registry, const char *name)
{
    const QhJson *known = qh_registry_known(registry);

    for (size_t i = 0; i < qh_json_length(known); i++) {
        const QhJson *module = qh_json_at(known, i);
        if (strcmp(text_of(module, "name"), name) == 0) {
            return module;
        }
    }
    return NULL;
}

char *qh_registry_package(QhRegistry *registry, const char *module)
{
    const QhModuleFile *file = qh_module_file_find(registry, module);

    if (file != NULL && file->note != NULL && file->note->package != NULL) {
        return g_strdup(file->note->package);
    }
    return g_strdup(text_of(qh_registry_known_module(registry, module), "package"));
}

gboolean qh_registry_has_file(QhRegistry *registry, const char *module, gboolean good)
{
    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (strcmp(file->name, module) == 0 && (!good || file->refusal == QH_REFUSED_NOT)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void absence_of_file(QhAbsence *absence, const QhModuleFile *file)
{
    absence->module = g_strdup(file->name);
    absence->reason = file->refusal == QH_REFUSED_NOT
                          ? g_strdup("not-loaded")
                          : g_strdup_printf("refused: %s", file->reason);
}

QhAbsence *qh_registry_absence(QhRegistry *registry, const char *kind, const char *name)
{
    const QhJson *known = qh_registry_known(registry);
    const QhModuleFile *file = qh_registry_provider(registry, kind, name);
    QhAbsence *absence = g_new0(QhAbsence, 1);

    absence->slot = g_strdup_printf("%s/%s", kind, name);
    absence->target = g_strdup(registry->target);
    for (size_t i = 0; file == NULL && i < qh_json_length(known); i++) {
        const QhJson *module = qh_json_at(known, i);
        if (qh_note_find(qh_json_get(module, "offers"), kind, name) == NULL) {
            continue;
        }
        file = qh_module_file_find(registry, text_of(module, "name"));
        if (file == NULL) {
            absence->module = g_strdup(text_of(module, "name"));
            absence->reason = g_strdup("not-installed");
            break;
        }
    }
    if (file != NULL) {
        absence_of_file(absence, file);
    } else if (absence->module == NULL) {
        absence->reason = g_strdup("unknown");
    }
    if (absence->module != NULL) {
        absence->package = qh_registry_package(registry, absence->module);
    }
    return absence;
}

gboolean qh_offer_has_target(const QhJson *entry, const char *target)
{
    const QhJson *targets = qh_json_get(entry, "targets");

    for (size_t i = 0; targets != NULL && i < qh_json_length(targets); i++) {
        if (g_strcmp0(qh_json_string(qh_json_at(targets, i)), target) == 0) {
            return TRUE;
        }
    }
    return targets == NULL;
}

static void each_offer(const char *module,
                       const QhJson *offers,
                       const char *kind,
                       gboolean installed,
                       QhOfferFn fn,
                       void *data)
{
    const QhJson *entries = qh_note_offers(offers, kind);

    for (size_t i = 0; entries != NULL && i < qh_json_length(entries); i++) {
        fn(module, qh_json_at(entries, i), installed, data);
    }
}

void qh_registry_foreach_offer(QhRegistry *registry, const char *kind, QhOfferFn fn, void *data)
{
    const QhJson *known = qh_registry_known(registry);

    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (file->refusal == QH_REFUSED_NOT) {
            each_offer(file->name, file->note->offers, kind, TRUE, fn, data);
        }
    }
    for (size_t i = 0; i < qh_json_length(known); i++) {
        const QhJson *module = qh_json_at(known, i);
        const char *name = text_of(module, "name");
        if (!qh_registry_has_file(registry, name, TRUE)) {
            each_offer(name, qh_json_get(module, "offers"), kind, FALSE, fn, data);
        }
    }
}

const QhJson *qh_registry_bus_properties(QhRegistry *registry, const char *bus)
{
    const QhJson *found = NULL;

    for (guint i = 0; bus != NULL && found == NULL && i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);

        if (file->refusal == QH_REFUSED_NOT && file->note->buses != NULL) {
            found = qh_json_get(file->note->buses, bus);
        }
    }
    return found;
}

/* Edits (insert, delete, replace, swap neighbours) between two short words; Damerau 1964. */
static guint distance(const char *a, const char *b)
{
    size_t n = MIN(strlen(a), 63), m = MIN(strlen(b), 63);
    guint8 cost[64][64];

    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (guint8)MAX(i, j);
                continue;
            }
            guint8 edit = a[i - 1] != b[j - 1];
            guint8 best = MIN(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
            best = MIN(best, (guint8)(cost[i - 1][j - 1] + edit));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = MIN(best, (guint8)(cost[i - 2][j - 2] + 1));
            }
            cost[i][j] = best;
        }
    }
    return cost[n][m];
}

typedef struct Near {
    const char *name, *target;
    char *best;
    guint least;
} Near;

static void look(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Near *near = data;
    const char *name = text_of(entry, "name");

    (void)module;
    (void)installed;
    if (near->target != NULL && !qh_offer_has_target(entry, near->target)) {
        return;
    }
    guint edits = distance(near->name, name);
    if (edits < near->least) {
        near->least = edits;
        g_free(near->best);
        near->best = g_strdup(name);
    }
}

char *
qh_registry_suggest(QhRegistry *registry, const char *kind, const char *target, const char *name)
{
    Near near = {.name = name, .target = target};

    near.least = (guint)MIN(strlen(name) / 3, 3) + 2; /* a third of it may be wrong, and one more */
    qh_registry_foreach_offer(registry, kind, look, &near);
    return near.best;
}
