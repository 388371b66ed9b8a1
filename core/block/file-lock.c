/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image locking that works together with QEMU's programs: locks of the open file description
 * (fcntl(2), F_OFD_SETLK), all of them shared, on single bytes. Byte 100 + n says "somebody does
 * n", byte 200 + n "somebody does not bear that n is done", n being the number of a use (read,
 * write, write unchanged, resize). One who comes takes his bytes, then looks whether others hold
 * the opposite ones.
 */
#include "core/block/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define USE_BYTE   100
#define SHARE_BYTE 200
#define USES       4

static const char *const names[USES] = {"consistent read", "write", "write unchanged", "resize"};

static int set_byte(int fd, off_t at, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* Whether somebody else has a lock there. */
static gboolean is_taken(int fd, off_t at)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void qh_block_file_lock_init(QhBlockFile *file)
{
    file->locked_use = 0;
    file->locked_share = QH_BLOCK_USE_ALL;
    file->locks = file->locking != 2 && file->kind == S_IFREG;
    /* auto: a file system that has no locks does without */
    if (file->locks && file->locking == 0) {
        file->locks = set_byte(file->fd, USE_BYTE, F_UNLCK) == 0;
    }
}

static gboolean refuse(const QhBlockFile *file, const char *what, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                "Failed to get \"%s\" lock on '%s': %s; another program has the image open", what,
                file->filename, why);
    return FALSE;
}

/* The bytes for @use and @share on @fd, and nothing else. */
static gboolean
take(const QhBlockFile *file, int fd, uint32_t use, uint32_t share, gboolean drop, GError **error)
{
    for (uint32_t n = 0; n < USES; n++) {
        const struct {
            gboolean wanted;
            off_t at;
        } bytes[] = {
            {(use & 1u << n) != 0,   USE_BYTE + (off_t)n  },
            {(share & 1u << n) == 0, SHARE_BYTE + (off_t)n},
        };

        for (guint i = 0; i < G_N_ELEMENTS(bytes); i++) {
            if (!bytes[i].wanted && !drop) {
                continue;
            }
            int failed = set_byte(fd, bytes[i].at, bytes[i].wanted ? F_RDLCK : F_UNLCK);
            if (failed != 0 && bytes[i].wanted) {
                return refuse(file, names[n], g_strerror(failed), error);
            }
        }
    }
    return TRUE;
}

static gboolean look(const QhBlockFile *file, uint32_t use, uint32_t share, GError **error)
{
    for (uint32_t n = 0; n < USES; n++) {
        if (use & 1u << n && is_taken(file->fd, SHARE_BYTE + (off_t)n)) {
            return refuse(file, names[n], "it is not shared", error);
        }
        if ((share & 1u << n) == 0 && is_taken(file->fd, USE_BYTE + (off_t)n)) {
            g_autofree char *what = g_strdup_printf("shared %s", names[n]);

            return refuse(file, what, "it is in use", error);
        }
    }
    return TRUE;
}

gboolean qh_block_file_lock(QhBlockFile *file, uint32_t use, uint32_t share, GError **error)
{
    if (!file->locks) {
        return TRUE;
    }
    /* first all of the old and the new, so that there is no gap; then only the new */
    if (!take(file, file->fd, use | file->locked_use, share & file->locked_share, FALSE, error) ||
        !look(file, use, share, error)) {
        (void)take(file, file->fd, file->locked_use, file->locked_share, TRUE, NULL);
        return FALSE;
    }
    (void)take(file, file->fd, use, share, TRUE, NULL);
    file->locked_use = use;
    file->locked_share = share;
    return TRUE;
}

void qh_block_file_unlock(QhBlockFile *file)
{
    if (file->locks) {
        (void)take(file, file->fd, 0, QH_BLOCK_USE_ALL, TRUE, NULL);
    }
}

gboolean qh_block_file_lock_move(QhBlockFile *file, int fd, GError **error)
{
    return !file->locks || take(file, fd, file->locked_use, file->locked_share, FALSE, error);
}
