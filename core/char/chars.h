/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices by id: back ends (stdio, socket, pty ...), each with at most one front end. */
#ifndef QH_CORE_CHAR_CHARS_H
#define QH_CORE_CHAR_CHARS_H

#include "abi/services.h"
#include "core/host/host.h"
#include "core/json/json.h"

QhChars *qh_chars_new(QhHost *host);
void qh_chars_free(QhChars *chars);

/* @backend is QMP's ChardevBackend: {"type": "socket", "data": {...}}. [main] */
gboolean qh_chars_add(QhChars *chars, const char *id, const QhJson *backend, GError **error);
/* The command line's form: "socket,id=c0,path=/x,server=on,wait=off". *@ret_id is g_free'd by the
 * caller. [main] */
gboolean qh_chars_add_option(QhChars *chars, const char *text, char **ret_id, GError **error);
/* The short form of -serial and -monitor: "stdio", "mon:stdio", "null", "pty", "file:F",
 * "unix:P,server=on", "tcp:H:P,...", "chardev:ID", "none" (*@ret_id NULL). [main] */
gboolean
qh_chars_add_short(QhChars *chars, const char *id, const char *text, char **ret_id, GError **error);
/* The kinds that the host has itself, for lists; NULL at the end. [any] */
const char *qh_char_class(guint i, const char **ret_description);
/* What -chardev takes for back end @type, one by one, with the type as QMP has it; NULL at the end.
 * [any] */
const char *qh_char_option_key(const char *type, guint i, const char **ret_type);
gboolean qh_chars_remove(QhChars *chars, const char *id, GError **error);
QhChar *qh_chars_find(QhChars *chars, const char *id);
/* Input that found no room may find some now, on all devices. [main] */
void qh_chars_accept_input(QhChars *chars);
/* QMP's ChardevInfo list. [main] */
void qh_chars_describe(QhChars *chars, QhJsonWriter *writer);

/*
 * The front end's side; the qh.char service calls these. A back end has one front end, a mux
 * several: the one with the focus gets the input. NULL @handlers end what was attached with
 * @opaque.
 */
gboolean qh_char_attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error);
uint32_t qh_char_write(QhChar *chr, const uint8_t *data, uint32_t bytes);
void qh_char_accept_input(QhChar *chr);
void qh_char_send_break(QhChar *chr);
/* Descriptors that come with the input of a socket: from now on they are kept, until others come.
 * [main] */
void qh_char_keep_fds(QhChar *chr);
int qh_char_take_fd(QhChar *chr); /* the oldest, which the caller owns then; -1 [main] */
gboolean qh_char_has_fds(const QhChar *chr);
void qh_char_drop_fds(QhChar *chr);
const char *qh_char_id(const QhChar *chr);
gboolean qh_char_in_use(const QhChar *chr); /* it has a front end, or a mux on top [main] */
/* What query-chardev shows as filename: "pty:/dev/pts/3", "unix:/x,server=on". The caller g_frees
 * it. [main] */
char *qh_char_filename(QhChar *chr);
/* The data of a ring buffer, at most @max bytes, taken out of it. NULL with @error when @chr is no
 * ring buffer. [main] */
GByteArray *qh_char_ringbuf_read(QhChar *chr, uint32_t max, GError **error);
/* Put @data into a ring buffer as if the front end had written it. [main] */
gboolean qh_char_ringbuf_write(QhChar *chr, const uint8_t *data, uint32_t bytes, GError **error);

extern const QhCharService qh_char_service;

#endif
