/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the 9P server. Functions that return int give 0 or an errno. */
#ifndef VIRTIO_P9_PRIV_H
#define VIRTIO_P9_PRIV_H

#include "modules/virtio/p9-server.h"

#define P9_PATH_MAX  4096u
#define P9_NAME_MAX  255u
#define P9_XATTR_MAX 65536u
#define P9_FIDS_MAX  65536u
#define P9_METADATA  ".virtfs_metadata"
#define P9_XATTR_OWN "user.virtfs."

/* --- p9-fid.c --- */

enum { P9_FID_PATH = 0, P9_FID_FILE, P9_FID_FOLDER, P9_FID_XATTR, P9_FID_XATTR_NEW };

/* What a client's number stands for. `lock` guards all but path and uid. */
typedef struct P9Fid {
    gint refs;
    uint32_t uid;
    char *path; /* below the root: "", "a/b"; changes only while the session's renames is written */
    GMutex lock;
    uint32_t kind;
    int fd;   /* FILE */
    DIR *dir; /* FOLDER */
    char *xattr;
    GByteArray *value;
    uint64_t value_bytes; /* announced */
    uint32_t xattr_flags;
} P9Fid;

struct P9Session {
    gint refs;
    const P9Folder *folder;
    GMutex lock; /* of the rest but renames */
    uint32_t msize;
    GHashTable *fids;
    uint32_t n_open;
    GRWLock renames; /* held for reading while paths are used */
};

/* NULL: there is none. unref when done. */
P9Fid *p9_fid_get(P9Session *session, uint32_t id);
void p9_fid_unref(P9Session *session, P9Fid *fid);
/* A new fid for @id, which must be free. EBADF, ENFILE. */
int p9_fid_add(P9Session *session, uint32_t id, uint32_t uid, const char *path);
/* Forget @id; the caller gets the table's reference; NULL: there is none. */
P9Fid *p9_fid_take(P9Session *session, uint32_t id);
void p9_fid_clear(P9Session *session);
/* One more open file; FALSE: there are too many. Gives it back when the fid goes. */
gboolean p9_fid_may_open(P9Session *session);
void p9_fid_closed(P9Session *session);
/* What was at @from is at @to now. The caller writes renames. */
void p9_fid_renamed(P9Session *session, const char *from, const char *to);

/* --- p9-host.c --- */

/* A file as its folder and its name there. */
typedef struct P9Place {
    int dir; /* O_PATH; -1: closed */
    const char *name;
} P9Place;

/* Whether @name may be one of a file. */
gboolean p9_name_is_good(const P9Folder *folder, const char *name);
char *p9_path_join(const char *path, const char *name);
/* Find the folder that holds @path, which stays as long as @ret is used; no link is followed, so it
 * is below the root. */
int p9_place_open(const P9Folder *folder, const char *path, P9Place *ret);
void p9_place_close(P9Place *place);
int p9_folder_open(const P9Folder *folder, const char *path, int *ret_fd);
/* A regular file or a folder only; @flags are the host's. */
int p9_file_open(const P9Place *place, int flags, int *ret_fd);
/* For calls that want a path: "/proc/self/fd/N/NAME". The caller frees it. */
char *p9_place_path(const P9Place *place);

/* --- p9-attr.c --- */

#define P9_ATTR_MODE 1u
#define P9_ATTR_UID  2u
#define P9_ATTR_GID  4u
#define P9_ATTR_RDEV 8u
typedef struct P9Attr {
    uint32_t mask;
    uint32_t mode, uid, gid;
    uint64_t rdev;
} P9Attr;

gboolean p9_is_mapped(const P9Folder *folder);
/* lstat of a place, with what is kept besides. */
int p9_attr_stat(const P9Folder *folder, const P9Place *place, struct stat *ret);
/* Put what is kept of it over @st. */
void p9_attr_apply(const P9Folder *folder, const P9Place *place, struct stat *st);
/* Set what @attr's mask says, on the host or besides. */
int p9_attr_set(const P9Folder *folder, const P9Place *place, const P9Attr *attr);
/* Owner and mode of a file just made. */
int p9_attr_new(const P9Folder *folder, const P9Place *place, const P9Attr *attr);
/* What is kept in a file of its own goes with the file. */
void p9_attr_removed(const P9Folder *folder, const P9Place *place);
void p9_attr_moved(const P9Folder *folder, const P9Place *from, const P9Place *to, gboolean link);

#endif
