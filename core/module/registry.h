/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module files and slots. Discovery reads notes only; a module is loaded when asked for by name or
 * when something that it offers is wanted. All slots of a load appear at once or not at all.
 */
#ifndef QH_CORE_MODULE_REGISTRY_H
#define QH_CORE_MODULE_REGISTRY_H

#include "abi/module.h"
#include "core/host/host.h"
#include "core/json/json.h"

/* Why a file was refused: the reason codes of query-modules. */
typedef enum {
    QH_REFUSED_NOT,
    QH_REFUSED_NOT_FOUND,
    QH_REFUSED_UNREADABLE,
    QH_REFUSED_UNSAFE_OWNER,
    QH_REFUSED_NOT_A_MODULE,
    QH_REFUSED_WRONG_HOST_ARCH,
    QH_REFUSED_ABI_TOO_OLD,
    QH_REFUSED_ABI_TOO_NEW,
    QH_REFUSED_NOTE_MISMATCH,
    QH_REFUSED_LINK_FAILED,
    QH_REFUSED_INIT_FAILED,
    QH_REFUSED_DUPLICATE,
    QH_REFUSED_DEPENDENCY_MISSING,
    QH_REFUSED_CHANGED_HOST, /* the load changed process state (FP mode, signals, cwd ...) */
} QhRefusal;

/* Must come before the first GError of the process: it registers the QH_ERROR domain. */
QhRegistry *qh_registry_new(QhHost *host);
void qh_registry_free(QhRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhRegistry, qh_registry_free)
/* The word that QMP uses for a refusal: "not-a-module". */
const char *qh_refusal_text(QhRefusal refusal);

/*
 * Directories to search, first match wins. None added means the built-in path: the directories of
 * QEMU_HOST_MODULE_PATH (ignored in a privileged process), then those beside an uninstalled build,
 * or the configured one. [main]
 */
void qh_registry_add_directory(QhRegistry *registry, const char *path);
void qh_registry_add_defaults(QhRegistry *registry); /* the built-in path, behind what was added */
/*
 * Read the notes of all files in the path; refused files are remembered, not an error. Again: new
 * files are added, refused ones looked at once more; a good file that was replaced or removed is
 * taken anew or forgotten only while nothing is loaded, so that a running guest keeps what it was
 * started with; meanwhile query-modules tells the difference. [main]
 */
void qh_registry_scan(QhRegistry *registry);
/* Watch the directories, also when they go and come, and scan again when they have changed and come
 * to rest; needs the main loop. [main] */
void qh_registry_watch(QhRegistry *registry);

/* What a listener hears of; QMP makes MODULE_LOADED, MODULE_UNLOADED, MODULES_CHANGED of it. */
typedef enum {
    QH_REGISTRY_LOADED,
    QH_REGISTRY_UNLOADED,
    QH_REGISTRY_CHANGED, /* what is known of files, as query-modules tells it; @module is NULL */
} QhRegistryChange;
typedef void (*QhRegistryListener)(QhRegistryChange change, const char *module, void *data);
void qh_registry_set_listener(QhRegistry *registry, QhRegistryListener listener, void *data);

/*
 * By module name or by path (contains '/'). Loading a loaded module succeeds. A name means the file
 * that was found first, whatever an upgrade has put in its place since, unless it cannot be linked
 * any more; a path means what lies there now. A module whose file was removed is forgotten when it
 * is unloaded. [main]
 */
gboolean qh_registry_load(QhRegistry *registry, const char *name, GError **error);
gboolean qh_registry_unload(QhRegistry *registry, const char *name, GError **error);
/* Load every module that was found good; @failed is told of each that cannot be loaded. [main] */
typedef void (*QhLoadFailedFn)(const GError *error, void *data);
void qh_registry_load_all(QhRegistry *registry, QhLoadFailedFn failed, void *data);
/* Load whatever offers target @name ("riscv64"), or all targets of module @name ("riscv"), and
 * select it: the first one loaded answers for commands without a `target`. [main] */
gboolean qh_registry_load_target(QhRegistry *registry, const char *name, GError **error);
/* Name of the selected target, NULL if none was loaded. [main] */
const char *qh_registry_target(QhRegistry *registry);

/* A filled slot in use; release it when done. Keeps its module from being unloaded. */
typedef struct QhSlotRef {
    const void *ops; /* a zero-extended, full-size copy of the module's table */
    void *ctx;
    struct QhLoadedModule *module;
} QhSlotRef;

/*
 * The slot @kind/@name. Loads the module that offers it if that is not loaded, except for a
 * command: those answer for what is loaded. The table has the host's full size, and so have the
 * elements of the arrays it points to (state fields, properties, models, helpers, windows, gdb
 * features and registers): they may be indexed as C arrays; absent members are zero.
 * FALSE with QH_ERROR_NO_SLOT when nobody fills it; the error names slot, module and package (see
 * qh_registry_absence). [main]
 */
gboolean qh_registry_acquire(
    QhRegistry *registry, const char *kind, const char *name, QhSlotRef *ret, GError **error);
void qh_slot_release(QhSlotRef *ref);
void qh_slot_ref_copy(const QhSlotRef *ref, QhSlotRef *ret);
/* The table of a bus that a device of @ref's module makes: checked and copied as slots are, once
 * for each of the module's tables. NULL with @error. [main] */
struct QhBusOps;
const struct QhBusOps *
qh_slot_take_bus(const QhSlotRef *ref, const struct QhBusOps *ops, GError **error);

/* What is known of an empty slot: who would fill it. Strings are NULL when unknown. */
typedef struct QhAbsence {
    char *slot;    /* "command/query-gic-capabilities" */
    char *target;  /* selected target */
    char *module;  /* "arm" */
    char *package; /* "qemu-host-target-arm" */
    char *reason;  /* "not-installed", "not-loaded", "refused: ...", "unknown" */
} QhAbsence;
QhAbsence *qh_registry_absence(QhRegistry *registry, const char *kind, const char *name);
void qh_absence_free(QhAbsence *absence);
/* The one wording. The absence travels with the GError until the QMP reply is written. */
void qh_absence_set_error(const QhAbsence *absence, GError **error);
/* Make QH_ERROR errors able to carry an absence. Every QH_ERROR error must come after the first
 * call, so qh_registry_new makes it. */
void qh_absence_register(void);
/* The absence behind a QH_ERROR_NO_SLOT error made by qh_absence_set_error; else NULL. */
const QhAbsence *qh_absence_of_error(const GError *error);

/*
 * Walk what modules offer, from notes alone: @entry is one element of the note's offers[kind], with
 * at least "name"; @installed is FALSE for entries of the built-in index of known modules whose
 * file is absent. [main]
 */
typedef void (*QhOfferFn)(const char *module, const QhJson *entry, gboolean installed, void *data);
void qh_registry_foreach_offer(QhRegistry *registry, const char *kind, QhOfferFn fn, void *data);

/*
 * What buses of kind @bus give a device besides its own properties, from notes alone: an array of
 * objects with at least "name". NULL when no note lists any; accepts NULL. Valid until modules are
 * looked for again. [main]
 */
const QhJson *qh_registry_bus_properties(QhRegistry *registry, const char *bus);

/* The package that brings module @module, installed or not: NULL when not known. The caller g_frees
 * it. [main] */
char *qh_registry_package(QhRegistry *registry, const char *module);

/* Whether entry["targets"] is absent or has @target. */
gboolean qh_offer_has_target(const QhJson *entry, const char *target);

/* Best match for an unknown @name among offers of @kind ("did you mean"), NULL if none is near;
 * the caller g_frees it. */
char *
qh_registry_suggest(QhRegistry *registry, const char *kind, const char *target, const char *name);

/* For query-modules: one object per file known, refused or in the index; and the fingerprint. */
void qh_registry_describe_modules(QhRegistry *registry, QhJsonWriter *writer);
void qh_registry_describe_slots(QhRegistry *registry, QhJsonWriter *writer);
const char *qh_registry_fingerprint(QhRegistry *registry); /* 64 hex digits over the notes */

#endif
