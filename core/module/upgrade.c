/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an upgrade of the packages means to a host that runs. Files that were opened stay open, and
 * are what is loaded as long as anything is loaded: the modules of one guest are all of one time.
 * What lies at their paths meanwhile is looked at only to be told.
 */
#include "core/module/registry-priv.h"
#include <string.h>

static gboolean same_inode(const QhFileId *a, const QhFileId *b)
{
    return a->device == b->device && a->inode == b->inode;
}

static gboolean same_id(const QhFileId *a, const QhFileId *b)
{
    return same_inode(a, b) && a->bytes == b->bytes && a->mtime_ns == b->mtime_ns;
}

/* A package that is installed once more brings the same module in another file. */
static gboolean same_module(const QhModuleFile *a, const QhModuleFile *b)
{
    return a->note != NULL && b->note != NULL && strcmp(a->note->text, b->note->text) == 0 &&
           a->build_id != NULL && g_strcmp0(a->build_id, b->build_id) == 0;
}

static gboolean in_force(const QhRegistry *registry, const QhModuleFile *file)
{
    return file->loaded != NULL || (file->refusal == QH_REFUSED_NOT && registry->modules->len > 0);
}

void qh_module_file_check_unique(QhRegistry *registry, QhModuleFile *file)
{
    for (guint i = 0; i < registry->files->len && file->refusal == QH_REFUSED_NOT; i++) {
        const QhModuleFile *other = g_ptr_array_index(registry->files, i);
        if (other == file || other->refusal != QH_REFUSED_NOT ||
            strcmp(other->name, file->name) != 0) {
            continue;
        }
        file->refusal = QH_REFUSED_DUPLICATE;
        file->reason = g_strdup_printf("%s comes first in the path", other->path);
        qh_module_file_shut(file);
    }
}

void qh_registry_forget_removed(QhRegistry *registry)
{
    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        QhFileId id;
        if (!in_force(registry, file) && !qh_file_identify(file->path, &id)) {
            g_ptr_array_remove_index(registry->files, i--);
        }
    }
}

/* Note what lies at the path of a file that is kept; @id is NULL when nothing does. */
static void note_change(QhModuleFile *file, const QhFileId *id)
{
    if (id == NULL || same_id(&file->id, id)) {
        file->change = id == NULL ? QH_FILE_REMOVED : QH_FILE_SAME;
        g_clear_pointer(&file->next, qh_module_file_free);
        return;
    }
    if (file->next == NULL || file->next->refusal != QH_REFUSED_NOT ||
        !same_id(&file->next->id, id)) {
        qh_module_file_free(file->next);
        file->next = qh_module_file_examine(file->path, file->trusted);
        qh_module_file_shut(file->next);
    }
    file->change = same_module(file, file->next) ? QH_FILE_SAME : QH_FILE_REPLACED;
}

/* Look at what lies at the path of the @i-th file, which is not in force. */
static void look_again(QhRegistry *registry, guint i)
{
    QhModuleFile *file = g_ptr_array_index(registry->files, i);
    QhModuleFile *now = qh_module_file_examine(file->path, file->trusted);

    registry->files->pdata[i] = now;
    qh_module_file_free(file);
    qh_module_file_check_unique(registry, now);
}

void qh_registry_refresh(QhRegistry *registry)
{
    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *file = g_ptr_array_index(registry->files, i);
        QhFileId id;
        gboolean there = qh_file_identify(file->path, &id);
        gboolean good = file->refusal == QH_REFUSED_NOT;
        gboolean same = there && same_id(&file->id, &id);
        /* Written over in place: what was opened is no more. */
        gboolean lost = file->loaded == NULL && there && !same && same_inode(&file->id, &id);

        if ((same && good) || (in_force(registry, file) && !lost)) {
            note_change(file, there ? &id : NULL);
        } else if (!file->by_path) {
            look_again(registry, i);
        } else if (good) {
            g_ptr_array_remove_index(registry->files, i--); /* the next try opens it anew */
        }
    }
}

QhModuleFile *qh_module_file_renew(QhRegistry *registry, QhModuleFile *file)
{
    QhModuleFile *now = qh_module_file_examine(file->path, file->trusted);
    guint i;

    if (now->refusal != QH_REFUSED_NOT || same_id(&now->id, &file->id) ||
        strcmp(now->name, file->name) != 0 || !g_ptr_array_find(registry->files, file, &i)) {
        qh_module_file_free(now);
        return NULL;
    }
    now->by_path = file->by_path;
    registry->files->pdata[i] = now;
    qh_module_file_free(file);
    return now;
}
