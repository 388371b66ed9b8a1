/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_MACHINE_H
#define QH_ABI_MACHINE_H

#include "abi/cpu.h"
#include "abi/device.h"

#define QH_MACHINE_INTERFACE "qh.machine"

typedef struct QhBoard {
    void *ctx;
    QhMachine *machine;
    const char *target;
    const char *name;
    uint64_t reserved[4];
} QhBoard;

typedef struct QhMachineOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;
    const char *default_cpu;
    uint32_t max_cpus;
    uint32_t default_cpus;
    uint64_t default_ram_bytes;
    const char *default_ram_id;
    const QhPropertyTable *properties;
    uint32_t flags;
    uint32_t reserved;

    gboolean (*create)(QhMachine *machine, void *state, GError **error);

    void (*destroy)(QhMachine *machine, void *state);

    gboolean (*reset)(QhMachine *machine, void *state, uint32_t kind, GError **error);

    void (*power_button)(QhMachine *machine, void *state);

    gboolean (*nmi)(QhMachine *machine, void *state, GError **error);

    void *(*device_tree)(QhMachine *machine, void *state, uint32_t *ret_bytes, GError **error);
} QhMachineOps;

typedef struct QhMachineConfig {
    uint32_t size;
    uint32_t n_cpus;
    uint64_t ram_bytes;
    const char *bios;
    const char *kernel;
    const char *initrd;
    const char *append;
    const char *dtb;
    const char *dumpdtb;
    const char *cpu_model;
    uint32_t sockets, cores, threads;
    uint32_t reserved;
} QhMachineConfig;

#define QH_SHUTDOWN_GUEST_SHUTDOWN 0u
#define QH_SHUTDOWN_GUEST_RESET    1u
#define QH_SHUTDOWN_GUEST_PANIC    2u

#define QH_GUEST_WATCHDOG    0u
#define QH_GUEST_PANICKED    1u
#define QH_GUEST_CRASHLOADED 2u
#define QH_GUEST_PVSHUTDOWN  3u

typedef struct QhMachineService {
    uint32_t size;
    uint32_t reserved;

    const QhMachineConfig *(*config)(QhMachine *machine);

    QhCluster *(*cpus_create)(
        QhMachine *machine, const char *target, uint32_t n, QhSpace *space, GError **error);

    QhCpu *(*cpu)(QhMachine *machine, uint32_t index);

    const char *(*serial)(QhMachine *machine, uint32_t n);

    char *(*find_firmware)(QhMachine *machine, const char *name, GError **error);

    gboolean (*add_image)(QhMachine *machine,
                          QhSpace *space,
                          const char *name,
                          uint64_t address,
                          const void *data,
                          uint64_t bytes,
                          GError **error);

    void (*request_shutdown)(QhMachine *machine, uint32_t cause, int32_t code);
    void (*request_reset)(QhMachine *machine, uint32_t cause);

    QhHost *(*host)(QhMachine *machine);

    void (*random)(QhHost *host, void *ret_buffer, uint64_t bytes);

    void (*guest_event)(QhMachine *machine, uint32_t event, const char *info);
} QhMachineService;

#endif
