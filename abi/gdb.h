/* SPDX-License-Identifier: MIT */
/*
 * Slot "gdb/TARGET", interface "qh.gdb": how the registers of the state table appear to gdb.
 * Features list registers in gdb's order by the names of state fields.
 */
#ifndef QH_ABI_GDB_H
#define QH_ABI_GDB_H

#include "abi/base.h"
#include "abi/cpu.h"

#define QH_GDB_INTERFACE "qh.gdb"

typedef struct QhGdbRegister {
    const char *name;  /* gdb's name */
    const char *field; /* state field; NULL: QhGdbOps.locate knows */
    const char *type;  /* "int", "uint64", "code_ptr", "data_ptr", "ieee_double" ... */
    uint32_t bits;     /* without a field: 0 */
    uint32_t number;   /* gdb's register number */
} QhGdbRegister;

typedef struct QhGdbFeature {
    const char *name; /* "org.gnu.gdb.riscv.cpu" */
    const QhGdbRegister *registers;
    uint32_t n_registers;
    uint32_t register_size; /* sizeof(QhGdbRegister) */
} QhGdbFeature;

/* QhGdbOps.flags */
/* gdb takes it that watchpoints of this architecture stop before the access, and steps over it to
 * see what has changed; otherwise they stop after it. */
#define QH_GDB_WATCH_BEFORE (1u << 0)

typedef struct QhGdbOps {
    uint32_t size;
    uint32_t n_features;
    const char *architecture; /* "riscv:rv64" */
    const QhGdbFeature *features;
    uint32_t feature_size;     /* sizeof(QhGdbFeature) */
    uint32_t breakpoint_bytes; /* length of a software breakpoint */
    uint32_t flags;            /* QH_GDB_... */
    uint32_t reserved;

    /*
     * Optional: where register @number, which has no field, is in @cpu's state, when that depends
     * on its configuration: *@ret_bytes (1 .. 256) of them from *@ret_offset. FALSE: it has none,
     * and the register is left out. [any]
     */
    gboolean (*locate)(QhCpu *cpu, uint32_t number, uint32_t *ret_offset, uint32_t *ret_bytes);

    /*
     * Optional: the types of @cpu's registers in feature @feature, as elements of a target
     * description (GDB manual, "Predefined Target Types"); NULL when there are none. The caller
     * g_frees it. [any]
     */
    char *(*types)(QhCpu *cpu, const char *feature);

    /*
     * Optional, both or none: registers that are nowhere in the state as gdb wants them, such as
     * flags that are evaluated late. They have neither field nor place, and 8, 16, 32 or 64 bits.
     * FALSE: @cpu has none of that number, and it is left out. read [any]; write [vcpu, stopped]
     */
    gboolean (*read)(QhCpu *cpu, uint32_t number, uint64_t *ret_value);
    void (*write)(QhCpu *cpu, uint32_t number, uint64_t value);
} QhGdbOps;

#endif
