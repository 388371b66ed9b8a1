/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets about memory: reading, writing, breakpoints and watchpoints. */
#include "core/gdb/stub.h"

#include "core/jit/debug.h"
#include "core/memory/space.h"

#include <string.h>

/* Reads go page by page, so that the readable start of a range is not lost. */
#define PART_BYTES 256u

static gboolean read_part(QhGdbStub *stub, uint64_t address, void *buffer, uint64_t bytes)
{
    if (stub->physical) {
        QhSpace *space = qh_vcpu_cluster(stub->current)->space;
        return qh_mem_service.read(space, address, buffer, bytes, QH_ATTR_DEBUG) == QH_BUS_OK;
    }
    return qh_vcpu_debug_read(stub->current, address, buffer, bytes);
}

static gboolean write_all(QhGdbStub *stub, uint64_t address, const void *buffer, uint64_t bytes)
{
    if (stub->physical) {
        QhSpace *space = qh_vcpu_cluster(stub->current)->space;
        return qh_mem_service.write(space, address, buffer, bytes, QH_ATTR_DEBUG) == QH_BUS_OK;
    }
    return qh_vcpu_debug_write(stub->current, address, buffer, bytes);
}

/* Fewer bytes than asked for may be answered, but not none. */
void qh_gdb_read_memory(QhGdbStub *stub, const char *args, gsize length)
{
    uint8_t buffer[PART_BYTES];
    uint64_t address, bytes;

    (void)length;
    if (!qh_gdb_read_range(&args, &address, &bytes) || *args != '\0') {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    bytes = MIN(bytes, QH_GDB_PACKET_BYTES / 2 - 2);
    while (bytes > 0) {
        uint64_t part = MIN(bytes, PART_BYTES - (address & (PART_BYTES - 1)));
        if (!read_part(stub, address, buffer, part)) {
            break;
        }
        qh_gdb_append_bytes(stub->reply, buffer, part);
        address += part;
        bytes -= part;
    }
    if (bytes > 0 && stub->reply->len == 0) {
        qh_gdb_error(stub, QH_GDB_EFAULT);
    }
}

static void finish_write(QhGdbStub *stub, uint64_t address, const void *data, uint64_t bytes)
{
    if (bytes == 0) {
        qh_gdb_ok(stub);
    } else if (write_all(stub, address, data, bytes)) {
        qh_gdb_note_memory(stub, address, data, bytes);
        qh_gdb_ok(stub);
    } else {
        qh_gdb_error(stub, QH_GDB_EFAULT);
    }
}

void qh_gdb_write_memory(QhGdbStub *stub, const char *args, gsize length)
{
    const char *end = args + length;
    g_autofree uint8_t *data = NULL;
    uint64_t address, bytes;

    if (!qh_gdb_read_range(&args, &address, &bytes) || !qh_gdb_read_char(&args, ':') ||
        bytes > (uint64_t)(end - args) / 2) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    data = g_malloc(bytes + 1);
    if (!qh_gdb_read_bytes(&args, data, bytes)) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    finish_write(stub, address, data, bytes);
}

void qh_gdb_write_binary(QhGdbStub *stub, const char *args, gsize length)
{
    const char *end = args + length;
    uint64_t address, bytes;

    if (!qh_gdb_read_range(&args, &address, &bytes) || !qh_gdb_read_char(&args, ':') ||
        bytes > (uint64_t)(end - args)) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    finish_write(stub, address, args, bytes);
}

/* "TYPE,ADDRESS,KIND": kind is the length of a watchpoint. */
typedef struct Point {
    uint64_t type, address, kind;
} Point;

#define POINT_SOFTWARE 0u
#define POINT_HARDWARE 1u
#define POINT_WRITE    2u
#define POINT_READ     3u
#define POINT_ACCESS   4u

/* FALSE with the reply made; none is the reply for a type that does not exist. */
static gboolean read_point(QhGdbStub *stub, const char *args, Point *ret)
{
    if (!qh_gdb_read_number(&args, &ret->type) || !qh_gdb_read_char(&args, ',') ||
        !qh_gdb_read_range(&args, &ret->address, &ret->kind)) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return FALSE;
    }
    return ret->type <= POINT_ACCESS;
}

static uint32_t watch_of(const Point *point)
{
    return point->type == POINT_WRITE  ? QH_WATCH_WRITE
           : point->type == POINT_READ ? QH_WATCH_READ
                                       : QH_WATCH_READ | QH_WATCH_WRITE;
}

void qh_gdb_insert_point(QhGdbStub *stub, const char *args, gsize length)
{
    QhEngine *engine = qh_vcpu_cluster(stub->current)->engine;
    gboolean ok;
    Point point;

    (void)length;
    if (!read_point(stub, args, &point)) {
        return;
    }
    if (point.type <= POINT_HARDWARE) {
        ok = qh_engine_add_breakpoint(engine, point.address);
    } else {
        ok = qh_engine_add_watchpoint(engine, point.address, point.kind, watch_of(&point));
    }
    if (ok) {
        qh_gdb_ok(stub);
    } else {
        qh_gdb_error(stub, QH_GDB_ENOSPC);
    }
}

void qh_gdb_remove_point(QhGdbStub *stub, const char *args, gsize length)
{
    QhEngine *engine = qh_vcpu_cluster(stub->current)->engine;
    Point point;

    (void)length;
    if (!read_point(stub, args, &point)) {
        return;
    }
    if (point.type <= POINT_HARDWARE) {
        qh_engine_remove_breakpoint(engine, point.address);
    } else {
        qh_engine_remove_watchpoint(engine, point.address, point.kind, watch_of(&point));
    }
    qh_gdb_ok(stub);
}
