/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of the build: writes the filters of all roles, for all that -sandbox can say, as C.
 * libseccomp makes them: numbers of calls, calls that an architecture does not have and the search
 * tree are its business, and a mistake in these would be silent. What it takes, a millisecond and a
 * half for three filters, is not taken from each start.
 */
#include "core/sandbox/filters.h"
#include "core/sandbox/lists.h"
#include "core/sandbox/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Written so far. */
typedef struct Output {
    FILE *file;
    uint32_t n; /* instructions */
} Output;

static gboolean add_list(scmp_filter_ctx filter, uint32_t action, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, " ", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);

        /* below zero: this architecture does not have it */
        if (number >= 0 && seccomp_rule_add(filter, action, number, 0) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_main_lists(scmp_filter_ctx filter, guint with)
{
    const struct {
        guint bit;
        const char *list;
    } refused[] = {
        {QH_SANDBOX_WITH_ELEVATE,   qh_sandbox_elevate  },
        {QH_SANDBOX_WITH_SPAWN,     qh_sandbox_spawn    },
        {QH_SANDBOX_WITH_RESOURCES, qh_sandbox_resources},
    };
    gboolean ok = TRUE;

    for (guint i = 0; ok && i < G_N_ELEMENTS(refused); i++) {
        ok = add_list(filter, with & refused[i].bit ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM),
                      refused[i].list);
    }
    return ok && (!(with & QH_SANDBOX_WITH_OBSOLETE) ||
                  add_list(filter, SCMP_ACT_ALLOW, qh_sandbox_obsolete));
}

static gboolean add_all(scmp_filter_ctx filter, QhSandboxRole role, guint with)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM), unknown = SCMP_ACT_ERRNO(ENOSYS);

    if (with & QH_SANDBOX_WITH_RINGS && !add_list(filter, SCMP_ACT_ALLOW, "io_uring_enter")) {
        return FALSE;
    }
    if (!add_list(filter, SCMP_ACT_ALLOW, qh_sandbox_calls[role]) ||
        !qh_sandbox_add_rules(filter, role, (with & QH_SANDBOX_WITH_SPAWN) != 0)) {
        return FALSE;
    }
    if (role != QH_SANDBOX_VCPU && !add_list(filter, unknown, qh_sandbox_unknown)) {
        return FALSE;
    }
    return role == QH_SANDBOX_MAIN ? add_main_lists(filter, with)
                                   : add_list(filter, refuse, qh_sandbox_narrow_refused);
}

/* The library writes the kernel's program to a file only. */
static gboolean write_code(scmp_filter_ctx filter, Output *to, QhSandboxFilter *ret)
{
    g_autofree struct sock_filter *code = NULL;
    FILE *file = tmpfile();
    off_t bytes = file != NULL && seccomp_export_bpf(filter, fileno(file)) == 0
                      ? lseek(fileno(file), 0, SEEK_END)
                      : -1;
    size_t n = bytes > 0 ? (size_t)bytes / sizeof(*code) : 0;
    gboolean ok = n > 0 && n <= BPF_MAXINSNS;

    if (ok) {
        code = g_new(struct sock_filter, n);
        ok = pread(fileno(file), code, (size_t)bytes, 0) == bytes;
    }
    for (size_t i = 0; ok && i < n; i++) {
        ok = fprintf(to->file, "    {%#x, %u, %u, %#x},\n", code[i].code, code[i].jt, code[i].jf,
                     code[i].k) > 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    *ret = (QhSandboxFilter){to->n, (uint16_t)n};
    to->n += (uint32_t)n;
    return ok;
}

static gboolean write_filter(QhSandboxRole role, guint with, Output *to, QhSandboxFilter *ret)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    gboolean ok = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
                  add_all(filter, role, with) && write_code(filter, to, ret);

    seccomp_release(filter);
    return ok;
}

/* Variants that differ in nothing that the role has share one program. */
static gboolean
write_role(QhSandboxRole role, Output *to, QhSandboxFilter table[QH_SANDBOX_VARIANTS])
{
    static const guint differs[QH_SANDBOX_ROLES] = {
        [QH_SANDBOX_MAIN] = QH_SANDBOX_VARIANTS - 1,
        [QH_SANDBOX_IO] = QH_SANDBOX_WITH_RINGS,
    };
    gboolean ok = TRUE;

    for (guint with = 0; ok && with < QH_SANDBOX_VARIANTS; with++) {
        if ((with & differs[role]) != with) {
            table[with] = table[with & differs[role]];
        } else {
            ok = write_filter(role, with, to, &table[with]);
        }
    }
    return ok;
}

static void write_table(FILE *file, QhSandboxFilter table[QH_SANDBOX_ROLES][QH_SANDBOX_VARIANTS])
{
    fprintf(file, "};\n\nconst QhSandboxFilter "
                  "qh_sandbox_filters[QH_SANDBOX_ROLES][QH_SANDBOX_VARIANTS] = {\n");
    for (guint role = 0; role < QH_SANDBOX_ROLES; role++) {
        fprintf(file, "    {\n");
        for (guint with = 0; with < QH_SANDBOX_VARIANTS; with++) {
            fprintf(file, "        {%u, %u},\n", table[role][with].start, table[role][with].length);
        }
        fprintf(file, "    },\n");
    }
    fprintf(file, "};\n\nconst uint16_t qh_sandbox_list_lengths[QH_SANDBOX_ROLES] = {\n");
    for (guint role = 0; role < QH_SANDBOX_ROLES; role++) {
        g_auto(GStrv) names = g_strsplit(qh_sandbox_calls[role], " ", -1);

        fprintf(file, "    %u,\n", g_strv_length(names) + qh_sandbox_n_rules((QhSandboxRole)role));
    }
    fprintf(file, "};\n");
}

static void write_names(FILE *file)
{
    g_autoptr(GString) offsets = g_string_new(NULL);
    uint32_t at = 1; /* the text begins with an empty one */

    fprintf(file, "\nconst char qh_sandbox_name_text[] =\n    \"\\0\"\n");
    for (guint i = 0; i < QH_SANDBOX_NAMES; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)i);

        g_string_append_printf(offsets, "    %u,\n", name != NULL ? at : 0);
        if (name != NULL) {
            fprintf(file, "    \"%s\\0\"\n", name);
            at += (uint32_t)strlen(name) + 1;
        }
        free(name);
    }
    fprintf(file, "    ;\n\nconst uint16_t qh_sandbox_name_offsets[QH_SANDBOX_NAMES] = {\n%s};\n",
            offsets->str);
}

int main(int argc, char **argv)
{
    QhSandboxFilter table[QH_SANDBOX_ROLES][QH_SANDBOX_VARIANTS];
    Output to = {.file = argc == 2 ? fopen(argv[1], "w") : NULL};
    gboolean ok = to.file != NULL;

    if (ok) {
        fprintf(to.file, "/* Generated from core/sandbox/lists.c and rules.c by gen-filters. */\n"
                         "#include \"core/sandbox/filters.h\"\n\n"
                         "const struct sock_filter qh_sandbox_code[] = {\n");
    }
    for (guint role = 0; ok && role < QH_SANDBOX_ROLES; role++) {
        ok = write_role((QhSandboxRole)role, &to, table[role]);
    }
    if (ok) {
        write_table(to.file, table);
        write_names(to.file);
        ok = fclose(to.file) == 0;
    }
    if (!ok) {
        fprintf(stderr, "gen-filters: cannot write the filters: %s\n", strerror(errno));
    }
    return ok ? 0 : 1;
}
