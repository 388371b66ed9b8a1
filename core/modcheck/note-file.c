/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The note of any ELF file (System V gABI, chapters 4 and 5). core/module/elf.c reads what this
 * host may load and refuses the rest at sight; a package builder for another architecture wants
 * the note all the same. So here word size and byte order are those of the file, and nothing but
 * program headers and notes is looked at.
 */
#include "core/modcheck/modcheck.h"
#include "core/module/elf.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_OWNER "QEMUHOST"
#define NOTE_TYPE  1u
#define PHDRS_MAX  64u

typedef struct Source {
    const uint8_t *data;
    uint64_t bytes;
    gboolean wide, big; /* 64 bits, big-endian */
} Source;

/* A number of @bytes (2, 4, 8) at @at; 0 beyond the end, which no table of a good file reaches. */
static uint64_t get(const Source *source, uint64_t at, guint bytes)
{
    uint64_t value = 0;

    if (at > source->bytes || bytes > source->bytes - at) {
        return 0;
    }
    for (guint i = 0; i < bytes; i++) {
        guint from = source->big ? i : bytes - 1 - i;
        value = value << 8 | source->data[at + from];
    }
    return value;
}

/* A word as wide as the file's addresses. */
static uint64_t get_word(const Source *source, uint64_t at)
{
    return get(source, at, source->wide ? 8 : 4);
}

/* The text in the notes at @at, @bytes long; NULL when ours is not among them. */
static char *find_note(const Source *source, uint64_t at, uint64_t bytes, uint64_t align)
{
    uint64_t mask = align == 8 ? 7 : 3;

    if (at > source->bytes || bytes > source->bytes - at || bytes > QH_ELF_NOTE_MAX) {
        return NULL;
    }
    for (uint64_t end = at + bytes; end - at >= sizeof(Elf64_Nhdr);) {
        uint64_t name_bytes = get(source, at, 4);
        uint64_t text_bytes = get(source, at + 4, 4);
        uint64_t name = at + sizeof(Elf64_Nhdr);
        uint64_t text = (name + name_bytes + mask) & ~mask;

        if (text > end || text_bytes > end - text) {
            return NULL;
        }
        if (get(source, at + 8, 4) == NOTE_TYPE && name_bytes == sizeof(NOTE_OWNER) &&
            memcmp(source->data + name, NOTE_OWNER, sizeof(NOTE_OWNER)) == 0) {
            return g_strndup((const char *)source->data + text, text_bytes);
        }
        at = MIN((text + text_bytes + mask) & ~mask, end);
    }
    return NULL;
}

static char *search(Source *source, GError **error)
{
    const uint8_t *ident = source->data;

    if (source->bytes < sizeof(Elf32_Ehdr) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
        ident[EI_CLASS] < ELFCLASS32 || ident[EI_CLASS] > ELFCLASS64) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, "it is no ELF file");
        return NULL;
    }
    source->wide = ident[EI_CLASS] == ELFCLASS64;
    source->big = ident[EI_DATA] == ELFDATA2MSB;
    gboolean wide = source->wide;
    uint64_t phdrs =
        get_word(source, wide ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf32_Ehdr, e_phoff));
    uint64_t step = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t n =
        get(source, wide ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum), 2);

    for (uint64_t i = 0; i < MIN(n, PHDRS_MAX) && phdrs <= source->bytes; i++) {
        uint64_t at = phdrs + i * step;
        if (get(source, at, 4) != PT_NOTE) {
            continue;
        }
        uint64_t offset = wide ? offsetof(Elf64_Phdr, p_offset) : offsetof(Elf32_Phdr, p_offset);
        uint64_t bytes = wide ? offsetof(Elf64_Phdr, p_filesz) : offsetof(Elf32_Phdr, p_filesz);
        uint64_t align = wide ? offsetof(Elf64_Phdr, p_align) : offsetof(Elf32_Phdr, p_align);
        char *text = find_note(source, get_word(source, at + offset), get_word(source, at + bytes),
                               get_word(source, at + align));
        if (text != NULL) {
            return text;
        }
    }
    g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE,
                        "it has no " NOTE_OWNER " note, so it is no module of qemu-host");
    return NULL;
}

/* The whole file; a regular one of at most the size that the host takes. */
static gboolean read_file(const char *path, uint8_t **ret_data, uint64_t *ret_bytes, GError **error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    gboolean good = fd >= 0 && fstat(fd, &st) == 0;

    if (!good) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be opened: %s", g_strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)QH_ELF_MAX_BYTES) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE,
                            "it is no regular file of at most 256 MiB");
        good = FALSE;
    }
    uint64_t done = 0;
    uint8_t *data = good ? g_try_malloc((gsize)st.st_size + 1) : NULL;
    while (data != NULL && done < (uint64_t)st.st_size) {
        ssize_t got = read(fd, data + done, (size_t)((uint64_t)st.st_size - done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            break;
        }
        done += got > 0 ? (uint64_t)got : 0;
    }
    if (good && (data == NULL || done < (uint64_t)st.st_size)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be read");
        g_clear_pointer(&data, g_free);
        good = FALSE;
    }
    if (fd >= 0) {
        close(fd);
    }
    *ret_data = data;
    *ret_bytes = done;
    return good;
}

char *qh_modcheck_note(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree uint8_t *data = NULL;
    Source source = {0};
    char *text = NULL;

    if (read_file(path, &data, &source.bytes, &why)) {
        source.data = data;
        text = search(&source, &why);
    }
    if (text == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "cannot read the note of '%s': %s", path,
                    why->message);
    }
    return text;
}
