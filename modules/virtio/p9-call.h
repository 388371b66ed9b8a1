/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that carry out messages: p9-server.c and p9-names.c, p9-files.c. */
#ifndef VIRTIO_P9_CALL_H
#define VIRTIO_P9_CALL_H

#include "modules/virtio/p9-priv.h"
#include "modules/virtio/p9-wire.h"

/* One message being carried out. */
typedef struct P9Call {
    P9Request *request;
    P9Session *session;
    const P9Folder *folder;
    P9Reader in;
    GByteArray *out; /* the reply, its header is there already */
    P9Fid *fid;      /* of the message's first number */
    P9Fid *other;    /* of a second one, by p9_call_other */
    P9Place place;   /* of fid, by p9_call_place */
} P9Call;

/* 0, or the errno of the reply; what was put into out is dropped then. */
typedef int (*P9Method)(P9Call *call);

/* Find call->fid's file; EBADMSG when the message is bad, so ask after all is read. */
int p9_call_place(P9Call *call);
int p9_call_other(P9Call *call, uint32_t id);
void p9_put_qid(const P9Call *call, const struct stat *st);
/* The place of @name in the folder that is @fid; closed by the caller, who frees *@ret_path. */
int p9_call_child(
    P9Call *call, const P9Fid *fid, const char *name, P9Place *ret_place, char **ret_path);

/* p9-names.c: what changes folders */
int p9_do_walk(P9Call *call);
int p9_do_create(P9Call *call);
int p9_do_mkdir(P9Call *call);
int p9_do_symlink(P9Call *call);
int p9_do_mknod(P9Call *call);
int p9_do_link(P9Call *call);
int p9_do_rename(P9Call *call);
int p9_do_rename_at(P9Call *call);
int p9_do_unlink_at(P9Call *call);
int p9_do_remove(P9Call *call);

/* p9-files.c: what is in files */
int p9_do_open(P9Call *call);
int p9_do_read(P9Call *call);
int p9_do_write(P9Call *call);
int p9_do_read_folder(P9Call *call);
int p9_do_fsync(P9Call *call);
int p9_do_read_link(P9Call *call);
int p9_do_xattr_walk(P9Call *call);
int p9_do_xattr_create(P9Call *call);
/* A fid goes: what was written to it as an extended attribute is set. */
int p9_fid_finish(const P9Call *call, P9Fid *fid);
/* For p9_do_create: @fid is a file that is open now. */
void p9_fid_opened(P9Fid *fid, int fd);
/* Flags of Linux's ABI as they are on the wire, as ours; what is not known is dropped. */
int p9_open_flags(uint32_t flags);

#endif
