/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fids. One is a path below the root, not a descriptor, because a guest keeps as many as it has
 * files in its cache; only open files have descriptors, of which a client gets half of what the
 * process may have at most.
 */
#include "modules/virtio/p9-priv.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST_OPEN 8192u

void p9_folder_init(P9Folder *folder)
{
    struct rlimit limit;
    struct stat st;

    folder->device = fstat(folder->root, &st) == 0 ? st.st_dev : 0;
    folder->open_max = MOST_OPEN;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < MOST_OPEN) {
        folder->open_max = (uint32_t)limit.rlim_cur / 2;
    }
}

P9Session *p9_session_new(const P9Folder *folder)
{
    P9Session *session = g_new0(P9Session, 1);

    session->refs = 1;
    session->folder = folder;
    session->msize = P9_MSIZE_MIN; /* until the client says */
    session->fids = g_hash_table_new(NULL, NULL);
    g_mutex_init(&session->lock);
    g_rw_lock_init(&session->renames);
    return session;
}

P9Session *p9_session_ref(P9Session *session)
{
    g_atomic_int_inc(&session->refs);
    return session;
}

void p9_session_unref(P9Session *session)
{
    if (session == NULL || !g_atomic_int_dec_and_test(&session->refs)) {
        return;
    }
    p9_fid_clear(session);
    g_hash_table_unref(session->fids);
    g_mutex_clear(&session->lock);
    g_rw_lock_clear(&session->renames);
    g_free(session);
}

uint32_t p9_session_msize(P9Session *session)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);

    return session->msize;
}

gboolean p9_session_in_use(P9Session *session)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);

    return g_hash_table_size(session->fids) != 0;
}

P9Fid *p9_fid_get(P9Session *session, uint32_t id)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);
    P9Fid *fid = g_hash_table_lookup(session->fids, GUINT_TO_POINTER(id));

    if (fid != NULL) {
        g_atomic_int_inc(&fid->refs);
    }
    return fid;
}

void p9_fid_unref(P9Session *session, P9Fid *fid)
{
    if (fid == NULL || !g_atomic_int_dec_and_test(&fid->refs)) {
        return;
    }
    if (fid->fd >= 0) {
        close(fid->fd);
    }
    if (fid->dir != NULL) {
        closedir(fid->dir);
    }
    if (fid->fd >= 0 || fid->dir != NULL) {
        p9_fid_closed(session);
    }
    if (fid->value != NULL) {
        g_byte_array_unref(fid->value);
    }
    g_mutex_clear(&fid->lock);
    g_free(fid->xattr);
    g_free(fid->path);
    g_free(fid);
}

int p9_fid_add(P9Session *session, uint32_t id, uint32_t uid, const char *path)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);

    if (g_hash_table_contains(session->fids, GUINT_TO_POINTER(id))) {
        return EBADF;
    }
    if (g_hash_table_size(session->fids) >= P9_FIDS_MAX) {
        return ENFILE;
    }
    P9Fid *fid = g_new0(P9Fid, 1);

    fid->refs = 1;
    fid->uid = uid;
    fid->path = g_strdup(path);
    fid->fd = -1;
    g_mutex_init(&fid->lock);
    g_hash_table_insert(session->fids, GUINT_TO_POINTER(id), fid);
    return 0;
}

P9Fid *p9_fid_take(P9Session *session, uint32_t id)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);
    P9Fid *fid = g_hash_table_lookup(session->fids, GUINT_TO_POINTER(id));

    g_hash_table_remove(session->fids, GUINT_TO_POINTER(id));
    return fid;
}

void p9_fid_clear(P9Session *session)
{
    g_autoptr(GList) fids = NULL;

    g_mutex_lock(&session->lock);
    fids = g_hash_table_get_values(session->fids);
    g_hash_table_remove_all(session->fids);
    g_mutex_unlock(&session->lock);
    for (GList *item = fids; item != NULL; item = item->next) {
        p9_fid_unref(session, item->data);
    }
}

gboolean p9_fid_may_open(P9Session *session)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);

    if (session->n_open >= session->folder->open_max) {
        return FALSE;
    }
    session->n_open++;
    return TRUE;
}

void p9_fid_closed(P9Session *session)
{
    g_mutex_lock(&session->lock);
    session->n_open--;
    g_mutex_unlock(&session->lock);
}

void p9_fid_renamed(P9Session *session, const char *from, const char *to)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&session->lock);
    gsize length = strlen(from);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, session->fids);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        P9Fid *fid = value;

        if (g_str_has_prefix(fid->path, from) &&
            (fid->path[length] == '\0' || fid->path[length] == '/')) {
            char *moved = g_strconcat(to, fid->path + length, NULL);

            g_free(fid->path);
            fid->path = moved;
        }
    }
}
