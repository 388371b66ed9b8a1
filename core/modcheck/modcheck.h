/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module checker: what a file's note says, and what packages make of it. */
#ifndef QH_CORE_MODCHECK_MODCHECK_H
#define QH_CORE_MODCHECK_MODCHECK_H

#include "core/module/note.h"

/*
 * The JSON text of the note in the ELF file @path, of whatever word size, byte order and machine:
 * a package for another architecture is built here, too. Nothing of the file is run. The caller
 * g_frees it. NULL with @error (what, on what, why). [any]
 */
char *qh_modcheck_note(const char *path, GError **error);

/* Whose words a relation is in. */
typedef enum {
    QH_PACKAGES_DEB,
    QH_PACKAGES_RPM,
} QhPackages;

/* "deb" or "rpm"; FALSE with @error. [any] */
gboolean qh_packages_parse(const char *text, QhPackages *ret, GError **error);

/*
 * Append to @lines (char *, owned) the relations that @note gives its package: what it provides,
 * or what it requires. FALSE with @error when the note's version can be no package's. [any]
 */
gboolean
qh_modcheck_provides(const QhNote *note, QhPackages packages, GPtrArray *lines, GError **error);
void qh_modcheck_requires(const QhNote *note, QhPackages packages, GPtrArray *lines);
/* What the package of the host itself provides; the caller g_frees it. [any] */
char *qh_modcheck_abi(QhPackages packages);

#endif
