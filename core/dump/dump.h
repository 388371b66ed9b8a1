/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory into files, without keeping the main thread: it decides what is written, a thread
 * writes it, and the main thread hears of the end.
 */
#ifndef QH_CORE_DUMP_DUMP_H
#define QH_CORE_DUMP_DUMP_H

#include "core/host/host.h"
#include "core/memory/space.h"

typedef struct QhDumps QhDumps;

/* A run of physical addresses. */
typedef struct QhDumpRun {
    uint64_t address, bytes;
} QhDumpRun;

/* [main]; @error: NULL when all is written */
typedef void (*QhDumpDone)(void *data, const GError *error);

QhDumps *qh_dumps_new(QhHost *host);
/* Stop all that is being written and wait for it; done functions are called, with
 * QH_ERROR_NOT_ACTIVE where it was cut short. Before
 * the machine goes. [main] */
void qh_dumps_close(QhDumps *dumps);
void qh_dumps_free(QhDumps *dumps); /* accepts NULL */

/* Make or empty the file @path; -1 with @error. [main] */
int qh_dump_open(QhDumps *dumps, const char *path, GError **error);
/*
 * Write @head (may be NULL), then the memory of @runs in @space, to @fd, which is closed in the
 * end.
 * @done follows, from the main loop. @progress (may be NULL) grows by the bytes written; atomic,
 * and lives until @done. [main]
 */
void qh_dump_write(QhDumps *dumps,
                   int fd,
                   GBytes *head,
                   QhSpace *space,
                   const GArray *runs,
                   uint64_t *progress,
                   QhDumpDone done,
                   void *data);

/*
 * The head of a core file of the machine, and the runs of memory that follow it: only those from
 * @begin on, and @length bytes at most (0: all). NULL with @error. The CPUs stand still. [main]
 */
GBytes *qh_dump_core_head(
    QhMachine *machine, uint64_t begin, uint64_t length, GArray *ret_runs, GError **error);

#endif
