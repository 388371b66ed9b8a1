/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State as a row of bytes. One function per kind of object names what it consists of; it is run in
 * one of three modes, so that what is saved, what is checked and what is loaded is the same by
 * construction. Checking comes before loading and changes nothing: a load that begins succeeds.
 *
 * Numbers are in the byte order of the host; whoever writes a snapshot to a file says which.
 */
#ifndef QH_CORE_SNAPSHOT_STREAM_H
#define QH_CORE_SNAPSHOT_STREAM_H

#include "abi/state.h"

typedef enum {
    QH_STREAM_SAVE,
    QH_STREAM_CHECK,
    QH_STREAM_LOAD,
} QhStreamMode;

typedef struct QhStream {
    QhStreamMode mode;
    GByteArray *out;           /* SAVE: appended to */
    const uint8_t *at, *limit; /* otherwise: what is left */
    const char *subject;       /* what the bytes at hand are of, for errors; set by the caller */
    GError *error;             /* the first; nothing is read or written after it */
    GArray *mapped;            /* SAVE: QhStreamMap, unless NULL */
} QhStream;

/* Guest memory that a device writes to through a pointer that it keeps. */
typedef struct QhStreamMap {
    void *pointer;
    uint64_t bytes;
} QhStreamMap;

/* FALSE once there is an error. */
gboolean qh_stream_ok(const QhStream *stream);
/* Note an error: "snapshot: SUBJECT: @why". */
void qh_stream_fail(QhStream *stream, const char *why);

/* @bytes of an object: saved from there; loaded to there; left alone by CHECK. */
void qh_stream_bytes(QhStream *stream, void *object, uint64_t bytes);
/* A number that the caller looks at: saved as @value and returned, or read, in both other modes. */
uint64_t qh_stream_number(QhStream *stream, uint64_t value);
/* A number that has to be the same when loaded: counts, sizes, versions; @what names it. */
void qh_stream_same(QhStream *stream, uint64_t value, const char *what);

/* The fields of @table in the struct @state, but those that are derived. NULL @table: none. */
void qh_stream_fields(QhStream *stream, const QhStateTable *table, void *state);

/* What devices and buses get of @stream for their method `stream`. */
QhStateStream qh_stream_for_module(QhStream *stream);

#endif
