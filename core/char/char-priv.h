/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the character devices. A QhChar has a back end, which is one of the tables below, and a
 * front end, which is a set of handlers. Front-end callbacks run on the main thread with the
 * machine's device lock held; `write` may come from any thread and takes the device's own lock, so
 * the order is: device lock, then `lock`. Code that holds `lock` calls no handler.
 */
#ifndef QH_CORE_CHAR_CHAR_PRIV_H
#define QH_CORE_CHAR_CHAR_PRIV_H

#include "core/char/chars.h"
#include "core/fd/receive.h"

typedef struct QhCharBackend {
    const char *type;           /* as in ChardevBackend */
    const char *description;    /* for lists; NULL: not in there */
    const char *const *members; /* of its data; ends at NULL; NULL: it checks them itself */
    size_t state_bytes;
    /* @data is an object whose members are known; calls qh_char_set_open when a peer is there.
     * On failure close is not called. [main] */
    gboolean (*open)(QhChar *chr, const QhJson *data, GError **error);
    void (*close)(QhChar *chr); /* [main] */
    /* Called with chr->lock; never blocks; what nobody can ever take is dropped, not refused. */
    uint32_t (*write)(QhChar *chr, const uint8_t *data, uint32_t bytes);
    void (*accept_input)(QhChar *chr); /* optional: the front end has room again [main] */
    void (*send_break)(QhChar *chr);   /* optional [any] */
    char *(*filename)(QhChar *chr);    /* [main] */
    /* optional: instead of the one front end that every device has [main] */
    gboolean (*attach)(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error);
    int (*peer_fd)(QhChar *chr); /* optional, as qh.char's [main] */
} QhCharBackend;

struct QhChar {
    QhChars *chars;
    QhHost *host;
    char *id;
    char *type; /* the back end's; differs from backend->type for a module's */
    const QhCharBackend *backend;
    void *state;
    GMutex lock;             /* what write uses of the back end's state */
    QhCharHandlers handlers; /* [main]; size is 0 without a front end */
    void *opaque;
    gboolean open;    /* a peer is there [main] */
    GSource *wake;    /* runs accept_input on the main thread */
    gint held_back;   /* atomic: the front end had no room for input */
    gint short_write; /* atomic: the front end waits for room */
    gboolean closed;  /* the back end is closed; writes go nowhere; under lock */
    guint users;      /* muxes on top [main] */
    QhFdBox *box;     /* descriptors that came with input; NULL: they are not wanted [main] */
    GSList *taps;     /* tap.c: devices of the guest that are front ends [main] */
};

/* front.c: what back ends call. [main] */
QhChar *qh_char_new(QhHost *host, const char *id, const char *type, const QhCharBackend *backend);
void qh_char_free(QhChar *chr);
void qh_char_set_open(QhChar *chr, gboolean open);
/* Bytes the front end takes now. When it is 0 accept_input follows once there is room. */
uint32_t qh_char_can_input(QhChar *chr);
void qh_char_input(QhChar *chr, const uint8_t *data, uint32_t bytes); /* at most can_input's */
void qh_char_event(QhChar *chr, uint32_t event);
void qh_char_writable(QhChar *chr);
void qh_char_copy_handlers(QhCharHandlers *to, const QhCharHandlers *from);

/* tap.c: what service qh.char does for devices of the guest. [main], write and break [device] */
gboolean qh_char_tap(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error);
uint32_t qh_char_tap_write(QhChar *chr, const uint8_t *data, uint32_t bytes);
void qh_char_tap_break(QhChar *chr);

/* chars.c */
GMainContext *qh_char_context(QhChar *chr);
guint qh_chars_length(QhChars *chars);
QhChar *qh_chars_at(QhChars *chars, guint i);
/* Whether opening may wait for a peer: on the command line, not when a monitor asks. */
gboolean qh_chars_may_wait(QhChars *chars);
/* One of the tables, or the one for back ends of modules when a known module offers @type. */
const QhCharBackend *qh_char_backend_find(QhChars *chars, const char *type);
/* A member of @data: absent leaves *@ret; another type is an error that names it. */
gboolean qh_char_get_string(const QhJson *data, const char *key, const char **ret, GError **error);
gboolean qh_char_get_bool(const QhJson *data, const char *key, gboolean *ret, GError **error);
gboolean
qh_char_get_uint(const QhJson *data, const char *key, uint64_t max, uint64_t *ret, GError **error);

/* options.c: from the command line's texts to ChardevBackend; the caller unrefs it. *@ret_mux:
 * a mux is wanted on top. [main] */
QhJson *qh_char_parse_option(
    QhChars *chars, const char *text, char **ret_id, gboolean *ret_mux, GError **error);
QhJson *qh_char_parse_short(QhChars *chars, const char *text, gboolean *ret_mux, GError **error);

/*
 * fd-io.c: two file descriptors and the main loop. Embedded in a back end's state; owns the
 * descriptors. Input is read only while the front end has room.
 */
typedef struct QhCharFd {
    QhChar *chr;
    int in, out;         /* -1: none; may be equal */
    gboolean socket;     /* out takes send() */
    gboolean blocking;   /* out has no O_NONBLOCK and must not get it: it is shared with others */
    GSource *in_source;  /* [main] */
    GSource *out_source; /* under chr->lock */
    GSource *end_source; /* while input is held back: does the peer leave? [main] */
    void (*on_end)(QhChar *chr); /* end of input or an error of it; may stop the QhCharFd [main] */
    /* optional: the peer left while input of it is still held back; it stays until on_end [main] */
    void (*on_leave)(QhChar *chr);
    /* optional: filter of what was read, in place; returns how much is left of it [main] */
    uint32_t (*filter)(QhChar *chr, uint8_t *data, uint32_t bytes);
} QhCharFd;
void qh_char_fd_init(QhCharFd *io, QhChar *chr);
void qh_char_fd_start(QhCharFd *io, int in, int out);
void qh_char_fd_stop(QhCharFd *io);   /* closes both; accepts a stopped one */
void qh_char_fd_accept(QhCharFd *io); /* read again, if it had stopped for want of room */
uint32_t qh_char_fd_write(QhCharFd *io, const uint8_t *data, uint32_t bytes); /* chr->lock held */
void qh_char_fd_set_flags(int fd); /* close-on-exec, non-blocking */

/* terminal.c: raw mode of the terminal on descriptor 0, undone on every way out. [main] */
void qh_terminal_raw(gboolean keep_signals);
void qh_terminal_restore(void);

extern const QhCharBackend qh_char_null, qh_char_ringbuf, qh_char_memory, qh_char_file,
    qh_char_pipe, qh_char_pty, qh_char_stdio, qh_char_socket, qh_char_mux, qh_char_module;

#endif
