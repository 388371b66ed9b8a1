/* SPDX-License-Identifier: MIT */
/*
 * Slot "machine/TARGET:NAME", interface "qh.machine": a board; and service "qh.machine": what a
 * board may ask of the host. A machine wires by table (what, where, which line), then fixes up.
 */
#ifndef QH_ABI_MACHINE_H
#define QH_ABI_MACHINE_H

#include "abi/cpu.h"
#include "abi/device.h"

#define QH_MACHINE_INTERFACE "qh.machine"

/* The first member of every board's state; keeps its size for the life of a major version. The
 * host fills it before create. */
typedef struct QhBoard {
    void *ctx;          /* ctx of the machine slot's offer */
    QhMachine *machine; /* the host's side */
    const char *target; /* the part of the slot's name before the colon: "riscv64" */
    const char *name;   /* the part after it: "virt" */
    uint64_t reserved[4];
} QhBoard;

/* @state in all methods is the board's state, a QhBoard at its head. */
typedef struct QhMachineOps {
    uint32_t size;
    uint32_t state_size; /* bytes of the board's state, begins with a QhBoard; zeroed by the host */
    const char *description;
    const char *default_cpu; /* CPU model; NULL: the target's */
    uint32_t max_cpus;
    uint32_t default_cpus;
    uint64_t default_ram_bytes;
    const char *default_ram_id; /* name of the main RAM block; NULL if the machine has none */
    const QhPropertyTable *properties; /* offsets into the machine's state */
    uint32_t flags;
    uint32_t reserved;

    /*
     * Mandatory: build the board: CPUs (cpus_create), RAM, devices, lines, and load what the user
     * gave with -bios, -kernel, -initrd, -dtb. On failure the host frees what was made. [main]
     */
    gboolean (*create)(QhMachine *machine, void *state, GError **error);
    /* Optional: free what create allocated itself. [main] */
    void (*destroy)(QhMachine *machine, void *state);
    /*
     * Mandatory: called on each reset after the devices' and CPUs' own reset: restore boot ROMs
     * and images, set the CPUs' entry state. [vcpu, stopped]
     */
    gboolean (*reset)(QhMachine *machine, void *state, uint32_t kind, GError **error);
    /* Optional: the user pressed the power button (system_powerdown). [device] */
    void (*power_button)(QhMachine *machine, void *state);
    /* Optional: non-maskable interrupt (inject-nmi). [device] */
    gboolean (*nmi)(QhMachine *machine, void *state, GError **error);
    /* Optional: the device tree as handed to the guest; *@ret_bytes long; the caller g_frees it.
     * [main] */
    void *(*device_tree)(QhMachine *machine, void *state, uint32_t *ret_bytes, GError **error);
} QhMachineOps;

/* What the user asked for. Strings are NULL when not given; all live as long as the machine. */
typedef struct QhMachineConfig {
    uint32_t size;
    uint32_t n_cpus;
    uint64_t ram_bytes;
    const char *bios;   /* -bios: path, "none", or NULL for the machine's default */
    const char *kernel; /* -kernel */
    const char *initrd;
    const char *append;
    const char *dtb;
    const char *dumpdtb; /* -M virt,dumpdtb=FILE: the host writes device_tree() there and quits */
    const char *cpu_model;
    uint32_t sockets, cores, threads; /* -smp topology; 1 when not given */
    uint32_t reserved;
} QhMachineConfig;

/* Why the guest stops: shutdown causes, as QMP's ShutdownCause spells them. */
#define QH_SHUTDOWN_GUEST_SHUTDOWN 0u
#define QH_SHUTDOWN_GUEST_RESET    1u
#define QH_SHUTDOWN_GUEST_PANIC    2u

/* What a device has to report of the guest; the user says what is done about it (-action). */
#define QH_GUEST_WATCHDOG    0u /* a watchdog has run out */
#define QH_GUEST_PANICKED    1u /* the guest says that it has crashed */
#define QH_GUEST_CRASHLOADED 2u /* that it has crashed, and another kernel saves its memory */
#define QH_GUEST_PVSHUTDOWN  3u /* that it wants to be turned off */

typedef struct QhMachineService {
    uint32_t size;
    uint32_t reserved;

    const QhMachineConfig *(*config)(QhMachine *machine);

    /*
     * One cluster of @n CPUs of @target, all of the configured model with the user's -cpu
     * properties; @space is where their physical addresses lead. NULL with @error set. [main]
     */
    QhCluster *(*cpus_create)(
        QhMachine *machine, const char *target, uint32_t n, QhSpace *space, GError **error);
    /* CPU @index of the machine; NULL if there is none. [any] */
    QhCpu *(*cpu)(QhMachine *machine, uint32_t index);

    /* The backend of -serial number @n (0 .. 3), NULL if there is none. [main] */
    const char *(*serial)(QhMachine *machine, uint32_t n);

    /* Path of firmware file @name, looked for in the data directories and those of the system's
     * packages; NULL with @error that lists them. The caller g_frees it. [main] */
    char *(*find_firmware)(QhMachine *machine, const char *name, GError **error);

    /*
     * Keep a copy of @bytes as a boot image: the host writes it to @address of @space now and
     * again on every reset. FALSE with @error set when it does not fit into RAM or ROM, or when it
     * overlaps another image. [main]
     */
    gboolean (*add_image)(QhMachine *machine,
                          QhSpace *space,
                          const char *name,
                          uint64_t address,
                          const void *data,
                          uint64_t bytes,
                          GError **error);

    /* The guest turns itself off (@code: exit status of the host, 0 for success) or asks for a
     * reset. Takes effect when the CPUs have stopped. [any] */
    void (*request_shutdown)(QhMachine *machine, uint32_t cause, int32_t code);
    void (*request_reset)(QhMachine *machine, uint32_t cause);

    QhHost *(*host)(QhMachine *machine);

    /* Minor 1. Random bytes for the guest: the same on each run when the user wants that. [any] */
    void (*random)(QhHost *host, void *ret_buffer, uint64_t bytes);

    /* Minor 2. @event is a QH_GUEST_...; @info: QMP's GuestPanicInformation as JSON, or NULL.
     * [any] */
    void (*guest_event)(QhMachine *machine, uint32_t event, const char *info);
} QhMachineService;

#endif
