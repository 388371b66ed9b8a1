/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/perf.h"

#include "abi/base.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DUMP_MAGIC   0x4a695444u /* "JiTD", in the order of the host */
#define DUMP_VERSION 1u
#define RECORD_LOAD  0u
#define RECORD_CLOSE 3u
#define NAME_BYTES   128u

typedef struct DumpHeader {
    uint32_t magic, version, total_size, machine, pad, pid;
    uint64_t timestamp, flags;
} DumpHeader;

typedef struct DumpRecord {
    uint32_t id, total_size;
    uint64_t timestamp;
} DumpRecord;

typedef struct DumpLoad {
    DumpRecord record;
    uint32_t pid, tid;
    uint64_t vma, address, size, index;
} DumpLoad;

struct QhPerf {
    GMutex lock;   /* for all below */
    int map, dump; /* -1: none */
    void *marker;
    size_t marker_bytes;
    uint64_t index;
};

/* The clock of `perf record -k mono`. */
static uint64_t timestamp(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static gboolean write_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;

    while (bytes > 0) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        at += n;
        bytes -= (size_t)n;
    }
    return TRUE;
}

/* The processor that this program was built for. */
static uint32_t own_machine(void)
{
    Elf64_Ehdr header = {.e_machine = EM_NONE};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (read(fd, &header, sizeof(header)) != (ssize_t)sizeof(header)) {
            header.e_machine = EM_NONE;
        }
        close(fd);
    }
    return header.e_machine;
}

/* Names in /tmp can be guessed, so links are not followed. */
static int create(const char *path, int access, GError **error)
{
    int fd = open(path, access | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot create '%s': %s", path,
                    g_strerror(errno));
    }
    return fd;
}

/* perf finds the dump by a mapping of its first page that could be executed. */
static gboolean begin_dump(QhPerf *perf, const char *path, GError **error)
{
    DumpHeader header = {.magic = DUMP_MAGIC,
                         .version = DUMP_VERSION,
                         .total_size = sizeof(header),
                         .machine = own_machine(),
                         .pid = (uint32_t)getpid(),
                         .timestamp = timestamp()};

    perf->marker_bytes = (size_t)sysconf(_SC_PAGESIZE);
    perf->marker =
        mmap(NULL, perf->marker_bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, perf->dump, 0);
    if (perf->marker == MAP_FAILED || !write_all(perf->dump, &header, sizeof(header))) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot begin '%s': %s", path,
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

QhPerf *qh_perf_new(gboolean map, gboolean dump, GError **error)
{
    QhPerf *perf = g_new0(QhPerf, 1);
    g_autofree char *map_path = g_strdup_printf("/tmp/perf-%d.map", (int)getpid());
    g_autofree char *dump_path = g_strdup_printf("jit-%d.dump", (int)getpid());
    gboolean ok = TRUE;

    g_mutex_init(&perf->lock);
    perf->map = perf->dump = -1;
    perf->marker = MAP_FAILED;
    if (map) {
        perf->map = create(map_path, O_WRONLY, error);
        ok = perf->map >= 0;
    }
    if (ok && dump) {
        perf->dump = create(dump_path, O_RDWR, error);
        ok = perf->dump >= 0 && begin_dump(perf, dump_path, error);
    }
    if (!ok) {
        qh_perf_free(perf);
        return NULL;
    }
    return perf;
}

void qh_perf_free(QhPerf *perf)
{
    DumpRecord close_record = {.id = RECORD_CLOSE, .total_size = sizeof(close_record)};

    if (perf == NULL) {
        return;
    }
    if (perf->dump >= 0) {
        close_record.timestamp = timestamp();
        (void)write_all(perf->dump, &close_record, sizeof(close_record));
        close(perf->dump);
    }
    if (perf->map >= 0) {
        close(perf->map);
    }
    if (perf->marker != MAP_FAILED) {
        munmap(perf->marker, perf->marker_bytes);
    }
    g_mutex_clear(&perf->lock);
    g_free(perf);
}

/* One write a record: a process that is killed leaves whole ones. */
static void
dump_code(QhPerf *perf, const void *code, uint64_t bytes, const char *name, size_t name_bytes)
{
    DumpLoad load = {
        .record = {.id = RECORD_LOAD,
                   .total_size = (uint32_t)(sizeof(load) + name_bytes + bytes),
                   .timestamp = timestamp()},
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)gettid(),
        .vma = (uintptr_t)code,
        .address = (uintptr_t)code,
        .size = bytes,
        .index = perf->index++
    };
    g_autoptr(GByteArray) all = g_byte_array_sized_new(load.record.total_size);

    g_byte_array_append(all, (const guint8 *)&load, sizeof(load));
    g_byte_array_append(all, (const guint8 *)name, (guint)name_bytes);
    g_byte_array_append(all, code, (guint)bytes);
    (void)write_all(perf->dump, all->data, all->len);
}

void qh_perf_note(QhPerf *perf, const void *code, uint64_t bytes, uint64_t pc, const char *name)
{
    char symbol[NAME_BYTES];

    if (bytes == 0 || bytes > G_MAXINT32) {
        return;
    }
    g_snprintf(symbol, sizeof(symbol), "guest-0x%" G_GINT64_MODIFIER "x%s%s", pc,
               name != NULL ? " " : "", name != NULL ? name : "");
    g_mutex_lock(&perf->lock);
    if (perf->map >= 0) {
        g_autofree char *line =
            g_strdup_printf("%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %s\n",
                            (guint64)(uintptr_t)code, (guint64)bytes, symbol);
        (void)write_all(perf->map, line, strlen(line));
    }
    if (perf->dump >= 0) {
        dump_code(perf, code, bytes, symbol, strlen(symbol) + 1);
    }
    g_mutex_unlock(&perf->lock);
}
