/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be read off a file besides what the loader refuses. A module's state lives in what the
 * host allocates, so there is no mutable static data; a name to link against, or a path to search,
 * makes the file something else than a module.
 */
#include "core/modcheck/check.h"
#include "core/module/elf-priv.h"
#include "core/module/file.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DYNAMIC_MAX 4096u

/* The C runtime's own: its handle in .data, a flag of its exit handler in .bss. */
static const struct {
    const char *name;
    uint64_t allowed;
} mutable[] = {
    {".data",  8},
    {".bss",   8},
    {".tdata", 0},
    {".tbss",  0}
};

typedef struct File {
    const uint8_t *data;
    uint64_t bytes;
} File;

/* @bytes at @offset of the file; NULL when they do not lie in it. */
static const void *at(const File *file, uint64_t offset, uint64_t bytes)
{
    return offset <= file->bytes && bytes <= file->bytes - offset ? file->data + offset : NULL;
}

static void check_section(QhVerdict *verdict, const char *name, const ElfW(Shdr) * section)
{
    for (guint i = 0; i < G_N_ELEMENTS(mutable); i++) {
        size_t length = strlen(mutable[i].name);
        gboolean same = strncmp(name, mutable[i].name, length) == 0 &&
                        (name[length] == '\0' || name[length] == '.');

        /* .data.rel.ro is read-only once it is relocated */
        if (same && !g_str_has_prefix(name, ".data.rel.ro") &&
            section->sh_size > mutable[i].allowed) {
            qh_verdict_problem(verdict, "mutable-data",
                               "%s has %" G_GUINT64_FORMAT
                               " bytes of mutable static data; state belongs into what the host "
                               "allocates, or behind the context that init returns",
                               name, (uint64_t)section->sh_size);
        }
    }
}

static void check_sections(QhVerdict *verdict, const File *file)
{
    ElfW(Ehdr) header;
    ElfW(Shdr) names, section;

    memcpy(&header, file->data, sizeof(header)); /* the reader has found a whole one */
    uint64_t table = header.e_shoff;
    const void *from = at(file, table + (uint64_t)header.e_shstrndx * sizeof(names), sizeof(names));

    qh_verdict_checks(verdict, "mutable-data");
    if (header.e_shnum == 0 || header.e_shentsize != sizeof(names) || from == NULL ||
        header.e_shstrndx >= header.e_shnum) {
        qh_verdict_add(verdict, FALSE, "mutable-data", "the file has no section table");
        return;
    }
    memcpy(&names, from, sizeof(names));
    const char *texts = at(file, names.sh_offset, names.sh_size);
    if (texts == NULL || names.sh_size == 0 || texts[names.sh_size - 1] != '\0') {
        qh_verdict_add(verdict, FALSE, "mutable-data", "the file's section names are damaged");
        return;
    }
    for (guint i = 0; i < header.e_shnum; i++) {
        from = at(file, table + i * sizeof(section), sizeof(section));
        if (from == NULL) {
            return;
        }
        memcpy(&section, from, sizeof(section));
        if (section.sh_name < names.sh_size && (section.sh_flags & SHF_ALLOC) != 0) {
            check_section(verdict, texts + section.sh_name, &section);
        }
    }
}

static const char *dynamic_word(int64_t tag)
{
    return tag == DT_SONAME    ? "SONAME"
           : tag == DT_RPATH   ? "RPATH"
           : tag == DT_RUNPATH ? "RUNPATH"
           : tag == DT_TEXTREL ? "TEXTREL"
                               : NULL;
}

/* The dynamic section has been followed already: it lies in the file, and has an end. */
static void check_dynamic(QhVerdict *verdict, const File *file)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) phdr = {0};
    ElfW(Dyn) entry;

    memcpy(&header, file->data, sizeof(header));
    for (guint i = 0; i < header.e_phnum; i++) {
        const void *from = at(file, header.e_phoff + i * sizeof(phdr), sizeof(phdr));
        if (from == NULL) {
            return;
        }
        memcpy(&phdr, from, sizeof(phdr));
        if (phdr.p_type == PT_DYNAMIC) {
            break;
        }
    }
    qh_verdict_checks(verdict, "link");
    for (uint64_t i = 0; i < DYNAMIC_MAX; i++) {
        const void *from = at(file, phdr.p_offset + i * sizeof(entry), sizeof(entry));
        if (from == NULL) {
            return;
        }
        memcpy(&entry, from, sizeof(entry));
        if (entry.d_tag == DT_NULL) {
            return;
        }
        if (dynamic_word(entry.d_tag) != NULL) {
            qh_verdict_problem(verdict, "link",
                               "it has a %s: a module is opened by its file, and finds libraries "
                               "where the system has them",
                               dynamic_word(entry.d_tag));
        }
    }
}

void qh_modcheck_static(QhVerdict *verdict)
{
    g_autoptr(GError) error = NULL;
    g_auto(QhElf) elf = {0};
    QhRefusal refusal = QH_REFUSED_NOT;
    QhFileId id;
    const uint8_t *data = NULL;
    int copy = -1;
    int fd = qh_file_open(verdict->path, &id, &refusal, &error);

    if (fd >= 0) {
        copy = qh_file_copy(fd, id.bytes, "modcheck", &data, &error);
        close(fd);
    }
    if (copy < 0) {
        qh_verdict_problem(verdict, qh_refusal_text(QH_REFUSED_UNREADABLE), "%s", error->message);
        return;
    }
    if (!qh_elf_check(data, id.bytes, &elf, &error)) {
        qh_verdict_problem(verdict, qh_refusal_text(elf.refusal), "%s", error->message);
    } else {
        const File file = {data, id.bytes};
        check_sections(verdict, &file);
        check_dynamic(verdict, &file);
    }
    munmap((void *)data, id.bytes);
    close(copy);
}
