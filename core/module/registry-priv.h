/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the module host share. */
#ifndef QH_CORE_MODULE_REGISTRY_PRIV_H
#define QH_CORE_MODULE_REGISTRY_PRIV_H

#include "core/module/elf.h"
#include "core/module/file.h"
#include "core/module/note.h"

/* What has become of a file's path since the file was opened. */
typedef enum {
    QH_FILE_SAME,
    QH_FILE_REPLACED, /* another file lies there */
    QH_FILE_REMOVED,
} QhFileChange;

/* A module file that was found, good or refused. */
typedef struct QhModuleFile {
    char *path;
    char *name; /* of the note; the file's base name when there is no note */
    int fd;     /* -1 when it was refused at sight: then only a new scan can help it */
    QhFileId id;
    gboolean by_path; /* was asked for by path, not found in a directory */
    gboolean trusted; /* lies in a directory of the installation or of the build */
    gboolean probed;  /* has been opened and started in a child without harm */
    QhNote *note;     /* NULL when it has none that can be read */
    char *build_id;
    QhRefusal refusal; /* QH_REFUSED_NOT: good */
    char *reason;
    struct QhLoadedModule *loaded;
    QhFileChange change;
    struct QhModuleFile *next; /* REPLACED: what lies there now, good or refused, not open */
} QhModuleFile;

/* One filled slot: a full-size copy of the module's table, and what hangs off it. */
typedef struct QhSlot {
    char *kind, *name, *interface;
    uint16_t major, minor;
    void *ops;
    void *ctx;
    GPtrArray *copies; /* copied arrays that ops points into */
    struct QhLoadedModule *module;
} QhSlot;

typedef struct QhLoadedModule {
    QhRegistry *registry;
    QhModuleFile *file;
    void *handle; /* of dlopen; NULL for a module that could not be closed */
    QhElf elf;
    const uint8_t *base; /* address that elf's addresses are relative to */
    const QhModule *module;
    void *ctx;
    GPtrArray *slots;  /* QhSlot, owned */
    GHashTable *buses; /* the module's QhBusOps -> QhSlot with its copy, owned; NULL: none yet */
    gint users;        /* slot references; atomic */
} QhLoadedModule;

typedef struct QhModuleDirectory {
    char *path;
    gboolean trusted;
    gboolean nested; /* modules lie one folder deeper, as a build leaves them */
} QhModuleDirectory;

/* How far a probe has come; the child leaves it in shared memory for the parent. */
typedef enum {
    QH_PROBE_OPEN,  /* in the dynamic linker, in constructors */
    QH_PROBE_INIT,  /* in the module's init */
    QH_PROBE_CHECK, /* looking at what it offers */
    QH_PROBE_CLOSE, /* in fini, in destructors */
    QH_PROBE_GOOD,
    QH_PROBE_REFUSED,
} QhProbeStage;

struct QhRegistry {
    QhHostApi api;
    GPtrArray *directories; /* QhModuleDirectory */
    GPtrArray *files;       /* QhModuleFile */
    GHashTable *slots;      /* "kind/name" -> QhSlot, not owned */
    GPtrArray *modules;     /* QhLoadedModule, in order of loading, owned */
    char *target;           /* selected */
    char *fingerprint;      /* NULL: not asked for since the last scan */
    char *outlook;          /* digest of all that query-modules tells of files */
    QhJson *known;          /* index of known modules; read when first asked for */
    gboolean loading;
    volatile uint32_t *probe_stage; /* QhProbeStage; set in a probing child only */
    QhRegistryListener listener;
    void *listener_data;
    int inotify; /* -1 when not watching */
    guint watch_source, settle_source;
    int64_t unsettled_us; /* when the first change was noticed that no scan has seen yet; or 0 */
    gboolean defaults;    /* the built-in path is in directories */
};

/* A transaction: what init has offered so far. */
struct QhTransaction {
    QhLoadedModule *module;
    GPtrArray *slots; /* QhSlot, owned; ops still the module's own */
};

void qh_slot_free(QhSlot *slot);
void qh_module_file_free(QhModuleFile *file);
void qh_module_file_shut(QhModuleFile *file); /* it will not be loaded */

/* search.c */
QhModuleFile *qh_module_file_find(QhRegistry *registry, const char *name);
/* Look at one file; never NULL. */
QhModuleFile *qh_module_file_examine(const char *path, gboolean trusted);
char *qh_module_directories_text(QhRegistry *registry);
void qh_registry_unwatch(QhRegistry *registry);

/* upgrade.c */
/* Compare all known files with what lies at their paths now: a file that is in force is kept, and
 * its change noted; others are looked at anew. */
void qh_registry_refresh(QhRegistry *registry);
/* Forget the files that are gone, unless they are in force. */
void qh_registry_forget_removed(QhRegistry *registry);
/* Put the good module that lies at @file's path now into its place, and free @file, which is not
 * loaded. NULL: there is none, or none but @file. */
QhModuleFile *qh_module_file_renew(QhRegistry *registry, QhModuleFile *file);
/* Refuse @file, which is good, if another good file has its name. */
void qh_module_file_check_unique(QhRegistry *registry, QhModuleFile *file);

/* load.c: the file whose note promises a slot; a refused one only when no good one does. */
QhModuleFile *qh_registry_provider(QhRegistry *registry, const char *kind, const char *name);

/* transaction.c: the two steps of a load between init and the commit. */
QhTransaction *qh_transaction_new(QhLoadedModule *module);
void qh_transaction_free(QhTransaction *txn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhTransaction, qh_transaction_free)
gboolean qh_transaction_offer(QhTransaction *txn, const QhOffer *offer, GError **error);
/* Check all offers against the note, the registry and each other; replaces each table by its copy.
 * FALSE with @error (the reason alone) and *@ret_refusal set. */
gboolean qh_transaction_validate(QhTransaction *txn, QhRefusal *ret_refusal, GError **error);

/* interface.c: check the table of one slot and replace it by a full-size copy. *@ret_refusal is
 * changed only when there is a better reason than the caller's. */
gboolean qh_slot_take_table(QhSlot *slot, QhRefusal *ret_refusal, GError **error);
/* Checks between slots of one target, after all tables are taken. */
gboolean qh_slots_check_target(const QhSlot *cpu,
                               const QhSlot *translator,
                               const QhSlot *gdb,
                               GError **error);

/* open.c: map the file and start the module, up to validated slots; nothing is committed. Takes
 * what is in @elf. NULL with @error (the reason alone) and *@ret_refusal set, and the process as it
 * was before. */
QhLoadedModule *qh_module_open(QhRegistry *registry,
                               QhModuleFile *file,
                               int copy,
                               QhElf *elf,
                               QhRefusal *ret_refusal,
                               GError **error);
/* Quiesce, fini, close. */
void qh_module_close(QhLoadedModule *module);

/* probe.c: do the same in a child process that may die of it. */
gboolean qh_module_probe(QhRegistry *registry,
                         QhModuleFile *file,
                         int copy,
                         const QhElf *elf,
                         QhRefusal *ret_refusal,
                         GError **error);

/* absence.c */
const QhJson *qh_registry_known(QhRegistry *registry); /* array of modules */
const QhJson *qh_registry_known_module(QhRegistry *registry, const char *name);
/* Whether a file of that name was found, good or refused. */
gboolean qh_registry_has_file(QhRegistry *registry, const char *module, gboolean good);

/* Generated: the index of known modules, JSON. */
extern const char qh_known_modules[];

#endif
