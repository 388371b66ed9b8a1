/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "fsdev-local", -fsdev local: a folder of the host that a guest may use. */
#include "core/object/object-priv.h"

#include <errno.h>
#include <fcntl.h>

typedef struct Folder {
    QhObjectHead base;
    char *path, *fmode, *dmode, *writeout, *multidevs;
    uint8_t security; /* index into the values, which are those of QH_FSDEV_... */
    uint8_t readonly;
    gboolean opened;
    QhFsdev fsdev;
} Folder;

/* Permissions are octal. */
static gboolean take_mode(const char *text, const char *name, uint32_t *ret, GError **error)
{
    char *end;
    uint64_t mode = g_ascii_strtoull(text, &end, 8);

    if (end == text || *end != '\0' || mode > 0777) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' takes 000 to 777", name);
        return FALSE;
    }
    *ret = (uint32_t)mode;
    return TRUE;
}

static gboolean check(Folder *folder, GError **error)
{
    if (folder->path == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "'path' is missing");
        return FALSE;
    }
    if (folder->writeout != NULL && !g_str_equal(folder->writeout, "immediate")) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "'writeout' takes immediate");
        return FALSE;
    }
    if (folder->multidevs != NULL && !g_str_equal(folder->multidevs, "remap")) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "'multidevs' other than remap is not supported");
        return FALSE;
    }
    return take_mode(folder->fmode, "fmode", &folder->fsdev.file_mode, error) &&
           take_mode(folder->dmode, "dmode", &folder->fsdev.folder_mode, error);
}

static gboolean complete(QhObjectHead *object, GError **error)
{
    Folder *folder = (Folder *)object;

    if (!check(folder, error)) {
        return FALSE;
    }
    int root = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open '%s': %s", folder->path,
                    g_strerror(errno));
        return FALSE;
    }
    folder->opened = TRUE;
    folder->fsdev.size = sizeof(QhFsdev);
    folder->fsdev.root = root;
    folder->fsdev.security = folder->security;
    folder->fsdev.flags = (folder->readonly ? QH_FSDEV_READ_ONLY : 0) |
                          (folder->writeout != NULL ? QH_FSDEV_WRITE_OUT : 0);
    return TRUE;
}

static void release(QhObjectHead *object)
{
    Folder *folder = (Folder *)object;

    if (folder->opened) {
        close(folder->fsdev.root);
    }
}

static const QhFsdev *get_fsdev(QhObjectHead *object)
{
    return &((Folder *)object)->fsdev;
}

static const QhFsdevMethods methods = {
    .size = sizeof(QhFsdevMethods),
    .fsdev = get_fsdev,
};

#define ROW(name_, type_, member_, default_, text_)                                                \
    QH_PROPERTY(name_, type_, offsetof(Folder, member_), default_, 0, 0, text_)
static const QhProperty rows[] = {
    ROW("path", QH_PROPERTY_STRING, path, NULL, "the folder"),
    {
                                                            .name = "security_model",
                                                            .description = "where owners and modes of files are kept",
                                                            .default_text = "none",
                                                            .type = QH_PROPERTY_ENUM,
                                                            .offset = offsetof(Folder, security),
                                                            .values = "passthrough|none|mapped-xattr|mapped-file",
                                                            },
    ROW("readonly", QH_PROPERTY_BOOL, readonly, "off", "the guest cannot change anything"),
    ROW("fmode", QH_PROPERTY_STRING, fmode, "0600", "mode of new files on the host, when mapped"),
    ROW("dmode", QH_PROPERTY_STRING, dmode, "0700", "mode of new folders on the host, when mapped"),
    ROW("writeout",
        QH_PROPERTY_STRING,
        writeout,
        NULL,
        "immediate: what is written goes out at once"),
    ROW("multidevs",
        QH_PROPERTY_STRING,
        multidevs,
        NULL,
        "remap: files of other file systems below get numbers of their own"),
};
#undef ROW
static const QhPropertyTable properties = QH_OBJECT_PROPERTIES(rows);

const QhObjectOps qh_object_fsdev_local = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Folder),
    .description = "a folder of the host for a guest",
    .properties = &properties,
    .interface = QH_FSDEV_INTERFACE,
    .methods = &methods,
    .complete = complete,
    .release = release,
};
