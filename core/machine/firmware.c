/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine/machine-priv.h"

#include "config-host.h"

#include <sys/auxv.h>

/* Where packages put firmware; a board's name for a file may lead through folders below these. */
static const char *const directories[] = {
    QH_DATA_DIR,
    "/usr/local/share/qemu-host",
    "/usr/share/qemu-host",
    "/usr/local/share/qemu",
    "/usr/share/qemu",
    "/usr/local/share",
    "/usr/share",
    "/usr/local/lib",
    "/usr/lib",
};

static char *try_in(const char *directory, const char *name, GString *tried)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return g_steal_pointer(&path);
    }
    g_string_append_printf(tried, "%s%s", tried->len > 0 ? ", " : "", directory);
    return NULL;
}

char *qh_machine_find_firmware(QhMachine *machine, const char *name, GError **error)
{
    g_autoptr(GString) tried = g_string_new(NULL);
    const char *own = getauxval(AT_SECURE) != 0 ? NULL : g_getenv("QEMU_HOST_DATA_DIR");
    char *path = NULL;

    (void)machine;
    if (g_path_is_absolute(name) || g_str_has_prefix(name, "./") || g_str_has_prefix(name, "../")) {
        if (g_file_test(name, G_FILE_TEST_IS_REGULAR)) {
            return g_strdup(name);
        }
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "cannot find firmware: no file '%s'",
                    name);
        return NULL;
    }
    if (own != NULL && own[0] != '\0') {
        path = try_in(own, name, tried);
    }
    for (guint i = 0; i < G_N_ELEMENTS(directories) && path == NULL; i++) {
        path = try_in(directories[i], name, tried);
    }
    if (path == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "cannot find firmware '%s' in %s", name,
                    tried->str);
    }
    return path;
}
