/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One gdb at the other end of a wire: bytes in, frames out, nothing of devices or sockets. All on
 * the main thread, without the machine's device lock.
 */
#ifndef QH_CORE_GDB_STUB_H
#define QH_CORE_GDB_STUB_H

#include "core/gdb/packet.h"
#include "core/gdb/registers.h"
#include "core/gdb/text.h"
#include "core/host/host.h"
#include "core/snapshot/history.h"
#include "core/vcpu/vcpu.h"

/* What E replies carry; gdb shows the number and no more. The values are those of errno. */
#define QH_GDB_EFAULT 14u /* no such memory, no such register */
#define QH_GDB_EINVAL 22u
#define QH_GDB_ENOSPC 28u

/* Signals as gdb numbers them, whatever the target (GDB, include/gdb/signals.def). */
#define QH_GDB_SIGNAL_INT  2u
#define QH_GDB_SIGNAL_QUIT 3u
#define QH_GDB_SIGNAL_TRAP 5u
#define QH_GDB_SIGNAL_ABRT 6u

/* Bits of qqemu.sstep. */
#define QH_GDB_STEP_ENABLE   1u
#define QH_GDB_STEP_NO_IRQ   2u
#define QH_GDB_STEP_NO_TIMER 4u

typedef struct QhGdbProcess {
    QhCluster *cluster;
    QhGdbRegisters *registers;
    gboolean attached;
} QhGdbProcess;

typedef struct QhGdbStub {
    QhHost *host;
    void (*wake)(void *data); /* calls qh_gdb_stub_check soon */
    void *wake_data;
    QhMachine *machine;
    QhGdbWire wire;
    GString *reply; /* of the packet at hand; sent when `answers` */
    gboolean answers;
    GPtrArray *processes; /* QhGdbProcess *, by cluster */
    QhVcpu *current;      /* what g, m and the like are about */
    guint listed;         /* threads told by q[fs]ThreadInfo so far */
    gboolean connected;
    gboolean waiting;      /* gdb let the machine run and waits for a stop reply */
    gboolean halted;       /* the machine has stopped, which was not looked at yet */
    gboolean physical;     /* m and M take physical addresses */
    gboolean multiprocess; /* gdb writes and reads process ids */
    uint32_t step_bits;
    QhHistory *history; /* while gdb is there and the machine can go backwards, or NULL */
} QhGdbStub;

/* @wake(@data) is called when qh_gdb_stub_check has something to do, maybe in the middle of a
 * command. NULL with @error set when the machine has no CPUs. */
QhGdbStub *qh_gdb_stub_new(QhHost *host, void (*wake)(void *data), void *data, GError **error);
void qh_gdb_stub_free(QhGdbStub *stub);

/* gdb has come, or gone. */
void qh_gdb_stub_open(QhGdbStub *stub);
void qh_gdb_stub_close(QhGdbStub *stub);
void qh_gdb_stub_input(QhGdbStub *stub, uint8_t byte);
/* As the byte 3. */
void qh_gdb_stub_interrupt(QhGdbStub *stub);
/* If the machine has stopped: tell gdb. */
void qh_gdb_stub_check(QhGdbStub *stub);
/* The process is about to end. */
void qh_gdb_stub_farewell(QhGdbStub *stub);

/* --- Between the files of the stub --- */

typedef struct QhGdbCommand {
    const char *name; /* what the packet begins with */
    /* @args is behind the name, ends in NUL, and may have more of them. */
    void (*run)(QhGdbStub *stub, const char *args, gsize length);
} QhGdbCommand;

/* The first row whose name @packet begins with is run. FALSE: none. */
gboolean qh_gdb_dispatch(
    QhGdbStub *stub, const QhGdbCommand *rows, guint n, const char *packet, gsize length);
void qh_gdb_error(QhGdbStub *stub, uint32_t number);
void qh_gdb_ok(QhGdbStub *stub);

QhGdbProcess *qh_gdb_process_of(const QhGdbStub *stub, const QhVcpu *vcpu);
/* Process @id, NULL if there is none; 0: that of the current thread. */
QhGdbProcess *qh_gdb_process_find(const QhGdbStub *stub, int32_t id);
int32_t qh_gdb_process_id(const QhGdbStub *stub, const QhGdbProcess *process);
gboolean qh_gdb_thread_matches(const QhGdbStub *stub, const QhGdbThread *thread, QhVcpu *vcpu);
/* The first CPU of an attached process that @thread names; NULL if there is none. */
QhVcpu *qh_gdb_thread_find(const QhGdbStub *stub, const QhGdbThread *thread);
void qh_gdb_append_thread(const QhGdbStub *stub, GString *text, QhVcpu *vcpu);
void qh_gdb_detach(QhGdbStub *stub, QhGdbProcess *process);

/* run.c */
void qh_gdb_stop_reply(QhGdbStub *stub, uint32_t signal);
void qh_gdb_continue(QhGdbStub *stub, const char *args, gsize length);        /* c */
void qh_gdb_continue_signal(QhGdbStub *stub, const char *args, gsize length); /* C */
void qh_gdb_step(QhGdbStub *stub, const char *args, gsize length);            /* s */
void qh_gdb_step_signal(QhGdbStub *stub, const char *args, gsize length);     /* S */
void qh_gdb_verbose(QhGdbStub *stub, const char *args, gsize length);         /* v */
/* All CPUs run, and nobody waits. */
void qh_gdb_release(QhGdbStub *stub);

/* reverse.c */
void qh_gdb_backwards(QhGdbStub *stub, const char *args, gsize length); /* b */
void qh_gdb_reverse_open(QhGdbStub *stub);                              /* the machine is stopped */
void qh_gdb_reverse_close(QhGdbStub *stub);
/* The machine has stopped: TRUE if that was on the way back, and it runs again. */
gboolean qh_gdb_goes_back(QhGdbStub *stub);
/* gdb has changed registers of @vcpu, or memory. */
void qh_gdb_note_registers(QhGdbStub *stub, QhVcpu *vcpu);
void qh_gdb_note_memory(QhGdbStub *stub, uint64_t address, const void *data, uint64_t bytes);

/* memory.c */
void qh_gdb_read_memory(QhGdbStub *stub, const char *args, gsize length);  /* m */
void qh_gdb_write_memory(QhGdbStub *stub, const char *args, gsize length); /* M */
void qh_gdb_write_binary(QhGdbStub *stub, const char *args, gsize length); /* X */
void qh_gdb_insert_point(QhGdbStub *stub, const char *args, gsize length); /* Z */
void qh_gdb_remove_point(QhGdbStub *stub, const char *args, gsize length); /* z */

/* query.c */
void qh_gdb_query(QhGdbStub *stub, const char *args, gsize length); /* q */
void qh_gdb_set(QhGdbStub *stub, const char *args, gsize length);   /* Q */

#endif
