/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of 9P2000.L for one folder of the host. It knows nothing of virtio but the spans of
 * guest memory: p9-server.c are the messages, p9-fid.c what a client has opened, p9-host.c the way
 * to the files, p9-attr.c owners and modes that the host's file system does not keep itself. Safe
 * to be called from several threads at once.
 */
#ifndef VIRTIO_P9_SERVER_H
#define VIRTIO_P9_SERVER_H

#include "modules/virtio/queue.h"

#include <dirent.h>
#include <sys/stat.h>

#define P9_HEADER    7u  /* size[4] type[1] tag[2] */
#define P9_IO        11u /* and count[4]: what stands before the data of a read's reply */
#define P9_WRITE     23u /* and fid[4] offset[8] count[4]: before the data of a write */
#define P9_MSIZE_MIN 4096u
#define P9_MSIZE_MAX (1u << 20)

enum { P9_TFLUSH = 108, P9_TREAD = 116, P9_TWRITE = 118 };

/* How owners and modes are kept: QhFsdev.security */
enum { P9_PASSTHROUGH = 0, P9_NONE = 1, P9_MAPPED_XATTR = 2, P9_MAPPED_FILE = 3 };

/* What is served. */
typedef struct P9Folder {
    int root; /* O_PATH descriptor */
    uint32_t security;
    gboolean read_only, write_out;
    uint32_t file_mode, folder_mode; /* of new files on the host, when mapped */
    /* by p9_folder_init */
    dev_t device;      /* of the root */
    uint32_t open_max; /* files that a client may have open */
} P9Folder;

typedef struct P9Session P9Session;

/* One message, and where its reply goes. */
typedef struct P9Request {
    P9Session *session;
    const uint8_t *in; /* the message, of a write only the first P9_WRITE bytes */
    uint32_t in_bytes;
    const VirtioSpan *data; /* of a write: the whole message, with the data behind P9_WRITE */
    uint32_t n_data;
    uint64_t data_bytes;
    const VirtioSpan *room; /* of a read: the data is put behind P9_IO bytes of it */
    uint32_t n_room;
    uint64_t room_bytes;
    GByteArray *out; /* the reply without a read's data; empty before */
    uint64_t read;   /* bytes of that */
} P9Request;

/* Fill in the rest of @folder, whose root is known. */
void p9_folder_init(P9Folder *folder);
/* @folder outlives it. Freeing the last reference closes files. */
P9Session *p9_session_new(const P9Folder *folder);
P9Session *p9_session_ref(P9Session *session);
void p9_session_unref(P9Session *session);
uint32_t p9_session_msize(P9Session *session);
/* Whether a client has files. */
gboolean p9_session_in_use(P9Session *session);

/* Serve any message but a flush; it is at least a header. */
void p9_serve(P9Request *request);

#endif
