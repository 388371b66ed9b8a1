/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of module files on any bytes: it never reads outside them (they end at a page that
 * cannot be read), both ways of reading agree on headers and notes, and what passes keeps its
 * promises.
 */
#include "core/module/elf.h"
#include "core/module/note.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Room for an input, followed by a page without access. */
static uint8_t *guarded_end(void)
{
    static uint8_t *end; /* mapped once for all runs */

    if (end == NULL) {
        uint8_t *start =
            mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert(start != MAP_FAILED);
        g_assert(mprotect(start + ROOM, 4096, PROT_NONE) == 0);
        end = start + ROOM;
    }
    return end;
}

static void check_segments(const QhElf *elf, size_t bytes)
{
    g_assert_cmpuint(elf->n_segments, >, 0);
    g_assert_cmpuint(elf->n_segments, <=, QH_ELF_SEGMENTS_MAX);
    for (guint i = 0; i < elf->n_segments; i++) {
        const QhElfSegment *segment = &elf->segments[i];
        g_assert_cmpuint(segment->start, <=, segment->file_end);
        g_assert_cmpuint(segment->file_end, <=, segment->end);
        g_assert_cmpuint(segment->offset + (segment->file_end - segment->start), <=, bytes);
        g_assert_false(segment->writable && segment->executable);
    }
}

static void check_note(const QhElf *elf)
{
    QhRefusal refusal = QH_REFUSED_NOT;
    g_autoptr(GError) error = NULL;
    g_autoptr(QhNote) note = qh_note_parse(elf->note, elf->note_bytes, &refusal, &error);

    g_assert((note != NULL) == (error == NULL));
    g_assert((note != NULL) == (refusal == QH_REFUSED_NOT));
    if (note != NULL && qh_note_check_abi(note, &refusal, NULL)) {
        g_assert_null(qh_note_find(note->offers, "teapot", "x"));
    }
}

static gboolean scan(const uint8_t *data, size_t bytes, QhElf *ret)
{
    static int fd = -1; /* one file for all runs */
    g_autoptr(GError) error = NULL;

    if (fd < 0) {
        fd = memfd_create("elf-note", MFD_CLOEXEC);
    }
    g_assert(ftruncate(fd, 0) == 0);
    g_assert(pwrite(fd, data, bytes, 0) == (ssize_t)bytes);
    gboolean good = qh_elf_scan(fd, bytes, ret, &error);
    g_assert(good == (error == NULL));
    g_assert(good == (ret->refusal == QH_REFUSED_NOT));
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    g_autoptr(GError) error = NULL;
    g_auto(QhElf) checked = {0};
    g_auto(QhElf) scanned = {0};

    if (bytes > ROOM) {
        return 0;
    }
    uint8_t *input = guarded_end() - bytes;
    if (bytes > 0) {
        memcpy(input, data, bytes);
    }
    gboolean good = qh_elf_check(input, bytes, &checked, &error);
    g_assert(good == (error == NULL));
    g_assert(good == (checked.refusal == QH_REFUSED_NOT));
    gboolean seen = scan(input, bytes, &scanned);
    g_assert(seen || !good);
    if (seen) {
        g_assert_cmpstr(scanned.note, ==, checked.note);
        check_segments(&scanned, bytes);
        check_note(&scanned);
    }
    if (good) {
        g_assert_true(qh_elf_inside(&checked, checked.module_value, 8, FALSE));
        g_assert_false(qh_elf_inside(&checked, UINT64_MAX, 1, FALSE));
        g_assert_nonnull(checked.needed);
    }
    return 0;
}
