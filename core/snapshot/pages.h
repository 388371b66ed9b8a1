/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of RAM as they were at one moment, of those that have changed since: what it takes to go
 * back to that moment. Pages of zeros take no room.
 */
#ifndef QH_CORE_SNAPSHOT_PAGES_H
#define QH_CORE_SNAPSHOT_PAGES_H

#include "core/memory/space.h"

typedef struct QhPages QhPages;

QhPages *qh_pages_new(void);
void qh_pages_free(QhPages *pages);
uint64_t qh_pages_bytes(const QhPages *pages); /* host memory that the copies take */

/* Copy the page at @offset as it is now, unless there is a copy. FALSE: no memory. */
gboolean qh_pages_keep(QhPages *pages, QhRam *ram, uint64_t offset);
/* Mark the pages that are here with QH_PAGE_KEEP again: their present content is wanted, too. */
void qh_pages_mark(QhPages *pages);
/* Write the copies back and mark the pages; code made from them is dropped. CPUs stand still and
 * forget their translations afterwards. */
void qh_pages_put_back(QhPages *pages);
/* @newer is of a later moment: what only it has goes over to @pages, and it is freed. */
void qh_pages_merge(QhPages *pages, QhPages *newer);

#endif
