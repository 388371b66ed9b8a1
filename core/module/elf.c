/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File header, program headers and notes (System V gABI, chapters 4 and 5). What the file must be
 * (class, byte order, machine) is what this program itself is: its own header says it, so there is
 * no list of host architectures here.
 */
#include "core/module/elf.h"
#include "core/module/elf-priv.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NOTE_OWNER      "QEMUHOST"
#define NOTE_TYPE       1u
#define MEMORY_MAX      (UINT64_C(1) << 30) /* address range that a module may take */
#define ALIGN_MAX       (UINT64_C(1) << 30)
#define PHDRS_MAX       64u
#define DYNAMIC_TLS_MAX (64u << 10)

gboolean qh_elf_refuse(QhElf *elf, QhRefusal refusal, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    elf->refusal = refusal;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, text);
    return FALSE;
}

static gboolean read_at(const QhElfSource *source, uint64_t offset, void *ret, size_t bytes)
{
    if (offset > source->bytes || bytes > source->bytes - offset) {
        return FALSE;
    }
    if (source->data != NULL) {
        memcpy(ret, source->data + offset, bytes);
        return TRUE;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t got =
            pread(source->fd, (uint8_t *)ret + done, bytes - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return FALSE;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return TRUE;
}

static gboolean check_ident(const ElfW(Ehdr) * header, QhElf *ret, GError **error)
{
    const unsigned char *ident = header->e_ident;
    const unsigned char *own = __ehdr_start.e_ident;

    if (memcmp(ident, ELFMAG, SELFMAG) != 0) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error, "it is no ELF file");
    }
    if (ident[EI_CLASS] != own[EI_CLASS]) {
        return qh_elf_refuse(ret, QH_REFUSED_WRONG_HOST_ARCH, error,
                             "its word size (ELF class %u) is not that of this host (%u)",
                             ident[EI_CLASS], own[EI_CLASS]);
    }
    if (ident[EI_DATA] != own[EI_DATA]) {
        return qh_elf_refuse(ret, QH_REFUSED_WRONG_HOST_ARCH, error,
                             "its byte order (ELF data %u) is not that of this host (%u)",
                             ident[EI_DATA], own[EI_DATA]);
    }
    if (header->e_machine != __ehdr_start.e_machine) {
        return qh_elf_refuse(ret, QH_REFUSED_WRONG_HOST_ARCH, error,
                             "it is for ELF machine %u, this host is %u", header->e_machine,
                             __ehdr_start.e_machine);
    }
    if (ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT) {
        return qh_elf_refuse(
            ret, QH_REFUSED_NOT_A_MODULE, error, "its ELF version is %u, not %u",
            ident[EI_VERSION] != EV_CURRENT ? ident[EI_VERSION] : header->e_version, EV_CURRENT);
    }
    if (ident[EI_OSABI] != ELFOSABI_SYSV && ident[EI_OSABI] != ELFOSABI_GNU) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error, "it is for ELF OS ABI %u",
                             ident[EI_OSABI]);
    }
    if (header->e_type != ET_DYN) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it is no shared object (ELF type %u)", header->e_type);
    }
    return TRUE;
}

static gboolean
check_load(const QhElfSource *source, const ElfW(Phdr) * phdr, guint n, QhElf *ret, GError **error)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const QhElfSegment *last = ret->n_segments > 0 ? &ret->segments[ret->n_segments - 1] : NULL;

    if (phdr->p_offset > source->bytes || phdr->p_filesz > source->bytes - phdr->p_offset) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "segment %u reaches beyond the end of the file", n);
    }
    if (phdr->p_memsz < phdr->p_filesz || phdr->p_vaddr > MEMORY_MAX ||
        phdr->p_memsz > MEMORY_MAX - phdr->p_vaddr) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "the memory size of segment %u makes no sense", n);
    }
    if (phdr->p_align < page || phdr->p_align > ALIGN_MAX ||
        (phdr->p_align & (phdr->p_align - 1)) != 0 ||
        ((phdr->p_vaddr - phdr->p_offset) & (phdr->p_align - 1)) != 0) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "the alignment of segment %u makes no sense", n);
    }
    if ((phdr->p_flags & PF_W) && (phdr->p_flags & PF_X)) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "segment %u is writable and executable", n);
    }
    if (ret->n_segments == QH_ELF_SEGMENTS_MAX ||
        (last != NULL && (phdr->p_vaddr & -page) < ((last->end + page - 1) & -page))) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "its segments overlap, are out of order, or are too many");
    }
    ret->segments[ret->n_segments++] = (QhElfSegment){
        .start = phdr->p_vaddr,
        .end = phdr->p_vaddr + phdr->p_memsz,
        .file_end = phdr->p_vaddr + phdr->p_filesz,
        .offset = phdr->p_offset,
        .writable = (phdr->p_flags & PF_W) != 0,
        .executable = (phdr->p_flags & PF_X) != 0,
    };
    return TRUE;
}

static gboolean check_tls(const ElfW(Phdr) * phdr, QhElf *ret, GError **error)
{
    if (phdr->p_memsz > DYNAMIC_TLS_MAX || phdr->p_filesz > phdr->p_memsz || phdr->p_align > 4096 ||
        (phdr->p_align & (phdr->p_align - 1)) != 0) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it wants %" G_GUINT64_FORMAT
                             " bytes of thread-local storage, more than %u",
                             (uint64_t)phdr->p_memsz, DYNAMIC_TLS_MAX);
    }
    return TRUE;
}

static gboolean check_phdrs(const QhElfSource *source, QhElf *ret, GError **error)
{
    guint n_dynamic = 0;
    gboolean stack = FALSE;

    for (guint i = 0; i < source->n_phdrs; i++) {
        const ElfW(Phdr) *phdr = &source->phdrs[i];
        gboolean good = TRUE;

        switch (phdr->p_type) {
        case PT_LOAD:
            good = check_load(source, phdr, i, ret, error);
            break;
        case PT_TLS:
            good = check_tls(phdr, ret, error);
            break;
        case PT_DYNAMIC:
            n_dynamic++;
            break;
        case PT_INTERP:
            good = qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                 "it is a program, not a shared object");
            break;
        case PT_GNU_STACK:
            stack = !(phdr->p_flags & PF_X);
            good = stack || qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                          "it demands an executable stack");
            break;
        default:
            break;
        }
        if (!good) {
            return FALSE;
        }
    }
    if (n_dynamic != 1 || ret->n_segments == 0) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it has %u dynamic sections and %u loadable segments", n_dynamic,
                             ret->n_segments);
    }
    return stack || qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                  "it does not say that its stack is not executable");
}

gboolean qh_elf_read_headers(QhElfSource *source, QhElf *ret, GError **error)
{
    ElfW(Ehdr) header;

    if (source->bytes < QH_ELF_MIN_BYTES || source->bytes > QH_ELF_MAX_BYTES) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "its size of %" G_GUINT64_FORMAT " bytes is not between %u and %u",
                             source->bytes, QH_ELF_MIN_BYTES, QH_ELF_MAX_BYTES);
    }
    if (!read_at(source, 0, &header, sizeof(header))) {
        return qh_elf_refuse(ret, QH_REFUSED_UNREADABLE, error, "its header cannot be read");
    }
    if (!check_ident(&header, ret, error)) {
        return FALSE;
    }
    if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum == 0 ||
        header.e_phnum > PHDRS_MAX) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it has %u program headers of %u bytes", header.e_phnum,
                             header.e_phentsize);
    }
    if (header.e_shoff > source->bytes ||
        (uint64_t)header.e_shnum * header.e_shentsize > source->bytes - header.e_shoff) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it has been cut short: its section table is not there");
    }
    source->n_phdrs = header.e_phnum;
    source->phdrs = g_new0(ElfW(Phdr), source->n_phdrs);
    if (!read_at(source, header.e_phoff, source->phdrs, source->n_phdrs * sizeof(ElfW(Phdr)))) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "its program headers lie beyond the end of the file");
    }
    return check_phdrs(source, ret, error);
}

static char *hex(const uint8_t *bytes, size_t n)
{
    GString *text = g_string_sized_new(2 * n);

    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

static gboolean take_note(const ElfW(Nhdr) * note,
                          const char *name,
                          const uint8_t *description,
                          QhElf *ret,
                          GError **error)
{
    if (note->n_namesz == sizeof("GNU") && memcmp(name, "GNU", sizeof("GNU")) == 0 &&
        note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 64 && ret->build_id == NULL) {
        ret->build_id = hex(description, note->n_descsz);
    }
    if (note->n_namesz != sizeof(NOTE_OWNER) || memcmp(name, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0 ||
        note->n_type != NOTE_TYPE) {
        return TRUE;
    }
    if (ret->note != NULL) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "it has more than one " NOTE_OWNER " note");
    }
    size_t length = note->n_descsz;
    while (length > 0 && description[length - 1] == 0) {
        length--;
    }
    if (memchr(description, 0, length) != NULL) {
        return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                             "its " NOTE_OWNER " note holds a NUL");
    }
    ret->note = g_strndup((const char *)description, length);
    ret->note_bytes = length;
    return TRUE;
}

/* Notes are aligned to 4, or to 8 where the segment says so (gABI, 5.2; Linux ABI extensions). */
static gboolean
parse_notes(const uint8_t *data, uint64_t bytes, uint64_t align, QhElf *ret, GError **error)
{
    uint64_t mask = align == 8 ? 7 : 3;

    for (uint64_t at = 0; bytes - at >= sizeof(ElfW(Nhdr));) {
        ElfW(Nhdr) note;

        memcpy(&note, data + at, sizeof(note));
        uint64_t name = at + sizeof(note);
        uint64_t description = (name + note.n_namesz + mask) & ~mask;
        if (note.n_namesz > bytes || note.n_descsz > bytes || description > bytes ||
            note.n_descsz > bytes - description) {
            return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                 "a note is longer than its segment");
        }
        if (!take_note(&note, (const char *)data + name, data + description, ret, error)) {
            return FALSE;
        }
        at = MIN((description + note.n_descsz + mask) & ~mask, bytes);
    }
    return TRUE;
}

static gboolean read_notes(const QhElfSource *source, QhElf *ret, GError **error)
{
    uint64_t total = 0;

    for (guint i = 0; i < source->n_phdrs; i++) {
        const ElfW(Phdr) *phdr = &source->phdrs[i];
        if (phdr->p_type != PT_NOTE) {
            continue;
        }
        if (phdr->p_filesz > QH_ELF_NOTE_MAX || (total += phdr->p_filesz) > QH_ELF_NOTE_MAX) {
            return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                 "its notes are larger than %u bytes", QH_ELF_NOTE_MAX);
        }
        g_autofree uint8_t *data = g_malloc(phdr->p_filesz + 1);
        if (!read_at(source, phdr->p_offset, data, phdr->p_filesz)) {
            return qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                 "its notes reach beyond the end of the file");
        }
        if (!parse_notes(data, phdr->p_filesz, phdr->p_align, ret, error)) {
            return FALSE;
        }
    }
    return ret->note != NULL ||
           qh_elf_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                         "it has no " NOTE_OWNER " note, so it is no module of this program");
}

gboolean qh_elf_scan(int fd, uint64_t bytes, QhElf *ret, GError **error)
{
    QhElfSource source = {.fd = fd, .bytes = bytes};

    *ret = (QhElf){0};
    gboolean good = qh_elf_read_headers(&source, ret, error) && read_notes(&source, ret, error);
    g_free(source.phdrs);
    return good;
}

gboolean qh_elf_check(const uint8_t *data, uint64_t bytes, QhElf *ret, GError **error)
{
    QhElfSource source = {.data = data, .fd = -1, .bytes = bytes};

    *ret = (QhElf){0};
    gboolean good = qh_elf_read_headers(&source, ret, error) && read_notes(&source, ret, error) &&
                    qh_elf_check_dynamic(&source, ret, error);
    g_free(source.phdrs);
    return good;
}

gboolean qh_elf_inside(const QhElf *elf, uint64_t address, uint64_t bytes, gboolean executable)
{
    for (guint i = 0; i < elf->n_segments; i++) {
        const QhElfSegment *segment = &elf->segments[i];
        if (address >= segment->start && address < segment->end &&
            bytes <= segment->end - address) {
            return !executable || segment->executable;
        }
    }
    return FALSE;
}

void qh_elf_clear(QhElf *elf)
{
    g_clear_pointer(&elf->note, g_free);
    g_clear_pointer(&elf->build_id, g_free);
    g_clear_pointer(&elf->needed, g_ptr_array_unref);
}
