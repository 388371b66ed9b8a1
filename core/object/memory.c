/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for a machine: anonymous, or a file that outlives the host. */
#include "core/object/object-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

typedef struct Memory {
    QhObjectHead base;
    uint64_t bytes, align;
    char *path;
    uint8_t share, prealloc, merge, dump, reserve, discard, pmem, readonly, hugetlb, seal;
    uint64_t hugetlb_bytes;
    int fd; /* of path; 0: none */
    gboolean has_descriptor;
} Memory;

static gboolean check(Memory *memory, GError **error)
{
    if (memory->bytes == 0 || memory->bytes % 4096 != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'size' has to be a multiple of 4 KiB, and not 0");
        return FALSE;
    }
    if (memory->hugetlb || memory->pmem || memory->readonly) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "hugetlb, pmem and readonly are not supported yet");
        return FALSE;
    }
    return TRUE;
}

static gboolean ram_complete(QhObjectHead *object, GError **error)
{
    return check((Memory *)object, error);
}

static gboolean memfd_complete(QhObjectHead *object, GError **error)
{
    ((Memory *)object)->has_descriptor = TRUE;
    return check((Memory *)object, error);
}

static gboolean file_complete(QhObjectHead *object, GError **error)
{
    Memory *memory = (Memory *)object;
    struct stat info;

    if (!check(memory, error)) {
        return FALSE;
    }
    if (memory->path == NULL || !memory->share) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "'mem-path' and share=on are needed");
        return FALSE;
    }
    int fd = open(memory->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open '%s': %s", memory->path,
                    g_strerror(errno));
        return FALSE;
    }
    memory->fd = fd;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is no regular file", memory->path);
        return FALSE;
    }
    if ((uint64_t)info.st_size < memory->bytes && ftruncate(fd, (off_t)memory->bytes) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make '%s' long enough: %s",
                    memory->path, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static void release(QhObjectHead *object)
{
    if (((Memory *)object)->fd > 0) {
        close(((Memory *)object)->fd);
    }
}

static uint64_t memory_bytes(QhObjectHead *object)
{
    return ((Memory *)object)->bytes;
}

static int memory_fd(QhObjectHead *object)
{
    int fd = ((Memory *)object)->fd;

    return fd > 0 ? fd : -1;
}

static gboolean memory_is_shared(QhObjectHead *object)
{
    const Memory *memory = (Memory *)object;

    return memory->share || memory->has_descriptor;
}

static const QhMemoryMethods methods = {
    .size = sizeof(QhMemoryMethods),
    .bytes = memory_bytes,
    .fd = memory_fd,
    .is_shared = memory_is_shared,
};

#define AT(member) offsetof(Memory, member)
#define COMMON                                                                                     \
    QH_PROPERTY("size", QH_PROPERTY_SIZE, AT(bytes), NULL, 0, 0, "bytes"),                         \
        QH_PROPERTY("share", QH_PROPERTY_BOOL, AT(share), NULL, 0, 0, "others may map it, too"),   \
        QH_PROPERTY("prealloc", QH_PROPERTY_BOOL, AT(prealloc), NULL, 0, 0, "accepted"),           \
        QH_PROPERTY("merge", QH_PROPERTY_BOOL, AT(merge), "on", 0, 0, "accepted"),                 \
        QH_PROPERTY("dump", QH_PROPERTY_BOOL, AT(dump), "on", 0, 0, "accepted"),                   \
        QH_PROPERTY("reserve", QH_PROPERTY_BOOL, AT(reserve), "on", 0, 0, "accepted")

static const QhProperty ram_rows[] = {COMMON};
static const QhPropertyTable ram_properties = QH_OBJECT_PROPERTIES(ram_rows);
static const QhProperty memfd_rows[] = {
    COMMON,
    QH_PROPERTY("hugetlb", QH_PROPERTY_BOOL, AT(hugetlb), NULL, 0, 0, "in large pages"),
    QH_PROPERTY("hugetlbsize", QH_PROPERTY_SIZE, AT(hugetlb_bytes), NULL, 0, 0, "of this size"),
    QH_PROPERTY("seal", QH_PROPERTY_BOOL, AT(seal), "on", 0, 0, "its size cannot change"),
};
static const QhPropertyTable memfd_properties = QH_OBJECT_PROPERTIES(memfd_rows);
static const QhProperty file_rows[] = {
    COMMON,
    QH_PROPERTY("mem-path", QH_PROPERTY_STRING, AT(path), NULL, 0, 0, "the file"),
    QH_PROPERTY("align", QH_PROPERTY_SIZE, AT(align), NULL, 0, 0, "accepted"),
    QH_PROPERTY("discard-data", QH_PROPERTY_BOOL, AT(discard), NULL, 0, 0, "accepted"),
    QH_PROPERTY("pmem", QH_PROPERTY_BOOL, AT(pmem), NULL, 0, 0, "the file is persistent memory"),
    QH_PROPERTY("readonly", QH_PROPERTY_BOOL, AT(readonly), NULL, 0, 0, "the file stays as it is"),
};
static const QhPropertyTable file_properties = QH_OBJECT_PROPERTIES(file_rows);

#define MEMORY(description_, properties_, complete_)                                               \
    {                                                                                              \
        .size = sizeof(QhObjectOps), .state_size = sizeof(Memory), .description = (description_),  \
        .properties = &(properties_), .interface = QH_MEMORY_INTERFACE, .methods = &methods,       \
        .complete = (complete_), .release = release,                                               \
    }

const QhObjectOps qh_object_memory_ram = MEMORY("memory", ram_properties, ram_complete);
const QhObjectOps qh_object_memory_memfd =
    MEMORY("memory with a descriptor", memfd_properties, memfd_complete);
const QhObjectOps qh_object_memory_file =
    MEMORY("memory in a file", file_properties, file_complete);
