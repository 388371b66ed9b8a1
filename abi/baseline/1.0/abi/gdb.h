/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_GDB_H
#define QH_ABI_GDB_H

#include "abi/base.h"
#include "abi/cpu.h"

#define QH_GDB_INTERFACE "qh.gdb"

typedef struct QhGdbRegister {
    const char *name;
    const char *field;
    const char *type;
    uint32_t bits;
    uint32_t number;
} QhGdbRegister;

typedef struct QhGdbFeature {
    const char *name;
    const QhGdbRegister *registers;
    uint32_t n_registers;
    uint32_t register_size;
} QhGdbFeature;

#define QH_GDB_WATCH_BEFORE (1u << 0)

typedef struct QhGdbOps {
    uint32_t size;
    uint32_t n_features;
    const char *architecture;
    const QhGdbFeature *features;
    uint32_t feature_size;
    uint32_t breakpoint_bytes;
    uint32_t flags;
    uint32_t reserved;

    gboolean (*locate)(QhCpu *cpu, uint32_t number, uint32_t *ret_offset, uint32_t *ret_bytes);

    char *(*types)(QhCpu *cpu, const char *feature);

    gboolean (*read)(QhCpu *cpu, uint32_t number, uint64_t *ret_value);
    void (*write)(QhCpu *cpu, uint32_t number, uint64_t value);
} QhGdbOps;

#endif
