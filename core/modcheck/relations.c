/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relations between packages. The ABI is the dependency, not the version of the program: for
 * Debian the major is part of the name, because a Provides there has one version only and a break
 * must not be installable together; for RPM it stands in brackets.
 */
#include "core/modcheck/modcheck.h"
#include <string.h>

gboolean qh_packages_parse(const char *text, QhPackages *ret, GError **error)
{
    if (strcmp(text, "deb") == 0) {
        *ret = QH_PACKAGES_DEB;
    } else if (strcmp(text, "rpm") == 0) {
        *ret = QH_PACKAGES_RPM;
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "kind of packages '%s' is not known; known are deb and rpm", text);
        return FALSE;
    }
    return TRUE;
}

/* What both take in a version: Debian policy 5.6.12 (upstream version), RPM's spec syntax. */
static gboolean is_version(const char *text)
{
    if (!g_ascii_isdigit(text[0])) {
        return FALSE;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr(".+~", *at) == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Debian's names are lower case and have no underscore (policy 5.6.1); targets may have both. */
static char *deb_name(const char *name)
{
    char *text = g_ascii_strdown(name, -1);

    return g_strdelimit(text, "_", '-');
}

static void
add(GPtrArray *lines, QhPackages packages, const char *what, const QhNote *note, const char *name)
{
    if (packages == QH_PACKAGES_RPM) {
        g_ptr_array_add(lines, g_strdup_printf("qemu-host-%s(%s) = %s", what, name, note->version));
    } else {
        g_autofree char *plain = deb_name(name);
        g_ptr_array_add(lines,
                        g_strdup_printf("qemu-host-%s-%s (= %s)", what, plain, note->version));
    }
}

gboolean
qh_modcheck_provides(const QhNote *note, QhPackages packages, GPtrArray *lines, GError **error)
{
    const QhJson *targets = qh_note_offers(note->offers, "target");

    if (!is_version(note->version)) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "version '%s' of module '%s' can be no package's: it must begin with a digit "
                    "and have nothing but letters, digits and . + ~",
                    note->version, note->name);
        return FALSE;
    }
    if (packages == QH_PACKAGES_RPM) {
        add(lines, packages, "module", note, note->name);
    }
    for (size_t i = 0; targets != NULL && i < qh_json_length(targets); i++) {
        const QhJson *name = qh_json_get(qh_json_at(targets, i), "name");

        /* a note for another ABI version has not been looked into */
        if (name != NULL && qh_json_string(name) != NULL) {
            add(lines, packages, "target", note, qh_json_string(name));
        }
    }
    return TRUE;
}

void qh_modcheck_requires(const QhNote *note, QhPackages packages, GPtrArray *lines)
{
    guint major = note->abi_major, minor = note->abi_minor;

    g_ptr_array_add(lines,
                    packages == QH_PACKAGES_DEB
                        ? g_strdup_printf("qemu-host-abi-%u (>= %u)", major, minor)
                        : g_strdup_printf("qemu-host-abi(%u) >= %u.%u", major, major, minor));
}

char *qh_modcheck_abi(QhPackages packages)
{
    return packages == QH_PACKAGES_DEB
               ? g_strdup_printf("qemu-host-abi-%d (= %d)", QH_ABI_MAJOR, QH_ABI_MINOR)
               : g_strdup_printf("qemu-host-abi(%d) = %d.%d", QH_ABI_MAJOR, QH_ABI_MAJOR,
                                 QH_ABI_MINOR);
}
