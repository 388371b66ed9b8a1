/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name for a heap of texts: the same for the same texts in the same order, and as good as always
 * another one for others. It is a key to what clients keep, and no protection: whoever may write a
 * module file need not look for two with the same digest. Reading all notes by SHA-256 took half of
 * the time from exec to greeting.
 */
#ifndef QH_CORE_MODULE_DIGEST_H
#define QH_CORE_MODULE_DIGEST_H

#include <glib.h>
#include <stdint.h>

typedef struct QhDigest {
    uint64_t lanes[4];
} QhDigest;

void qh_digest_init(QhDigest *digest);
/* The next text; where one ends and the next begins counts, too. */
void qh_digest_add(QhDigest *digest, const void *text, size_t bytes);
/* 64 hex digits, which the caller g_frees; more may be added afterwards. */
char *qh_digest_text(const QhDigest *digest);

#endif
