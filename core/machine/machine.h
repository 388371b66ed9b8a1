/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine: clusters of CPUs, address spaces, RAM, devices, boot images. */
#ifndef QH_CORE_MACHINE_MACHINE_H
#define QH_CORE_MACHINE_MACHINE_H

#include "abi/machine.h"
#include "core/firmware/options.h"
#include "core/jit/engine-options.h"
#include "core/memory/space.h"
#include "core/module/registry.h"

/* -icount */
typedef struct QhIcountOptions {
    gboolean on;
    gboolean automatic; /* shift=auto: guest time keeps up with the host's */
    gboolean sleep;     /* while all CPUs wait, so does the host */
    uint32_t shift;     /* an instruction takes 2^shift ns */
} QhIcountOptions;

/* -global: @property of every device of class @driver is @value, unless something else sets it. */
typedef struct QhGlobal {
    char *driver, *property, *value;
} QhGlobal;
QhGlobal *qh_global_new(const char *driver, const char *property, const char *value);
void qh_global_free(QhGlobal *global);

/* Everything the command line says about the machine; strings are owned. */
typedef struct QhMachineOptions {
    char *type;                    /* -M NAME; "none" for no board */
    char *target;                  /* qualified by this target; NULL: the selected one */
    GPtrArray *machine_properties; /* "key=value" strings */
    char *cpu_model;               /* -cpu; model name only */
    GPtrArray *cpu_properties;     /* "key=value" */
    uint32_t n_cpus;               /* 0: the machine's default */
    uint32_t sockets, cores, threads;
    uint64_t ram_bytes; /* 0: the machine's default */
    char *bios, *kernel, *initrd, *append, *dtb, *dumpdtb;
    QhFirmwareOptions *firmware; /* -boot, -fw_cfg, -smbios; NULL: nothing said */
    GPtrArray *serials;          /* chardev ids, in order; element NULL: none */
    GPtrArray *globals;          /* QhGlobal *, later ones win; for devices that come later, too */
    GPtrArray *devices;          /* QhJson objects of -device; applied after the board is created */
    QhEngineOptions engine;      /* -accel */
    QhIcountOptions icount;
    gboolean has_seed, has_rtc_base;
    uint64_t seed;       /* -seed: what the guest gets as random numbers */
    int64_t rtc_base_ns; /* -rtc base=: the guest's wall clock at the start */
} QhMachineOptions;
QhMachineOptions *qh_machine_options_new(void);
void qh_machine_options_free(QhMachineOptions *options);

/*
 * Create the board and all on it, make it the host's machine, reset it once. The CPUs do not run
 * yet. With dumpdtb the device tree is written and the host is told to quit. NULL with @error set
 * and nothing left behind. Takes @options in either case. [main]
 *
 * type "none": no board; a CPU model, CPUs and RAM only if they are asked for. NULL: the default
 * machine of the target, "none" when no target is selected. "riscv64:virt" names both.
 */
QhMachine *qh_machine_new(QhHost *host, QhMachineOptions *options, GError **error);
void qh_machine_free(QhMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhMachine, qh_machine_free)

QhHost *qh_machine_host(QhMachine *machine);
const QhMachineOptions *qh_machine_options(QhMachine *machine);
const char *qh_machine_type(QhMachine *machine); /* "virt", "none" */
QhSpace *qh_machine_system(QhMachine *machine);
QhMemory *qh_machine_memory(QhMachine *machine);
/* What the guest's firmware is told. [any] */
QhFirmware *qh_machine_firmware(QhMachine *machine);
/* The file that RAM block @name is to lie in, -1 for memory of the host's own. [main] */
int qh_machine_ram_file(QhMachine *machine, const char *name);
/* Whether RAM block @name, which lies in no file, is of no interest to other processes: the guest's
 * main memory, unless a memory backend says that it is shared. [main] */
gboolean qh_machine_ram_is_private(QhMachine *machine, const char *name);
/* @ram lies in such a file: when that becomes shorter the guest is stopped, not the host. [main] */
void qh_machine_watch_ram(QhMachine *machine, QhRam *ram);

/* Clusters and CPUs */
typedef struct QhTargetInfo QhTargetInfo;
struct QhCluster {
    QhMachine *machine;
    char *target; /* "riscv64" */
    QhSpace *space;
    QhSlotRef target_slot, cpu_slot, translator_slot;
    const struct QhTargetOps *target_ops;
    const struct QhCpuOps *cpu_ops;
    const struct QhTranslatorOps *translator_ops;
    struct QhEngine *engine; /* core/jit/engine.h */
    GPtrArray *vcpus;        /* QhVcpu * */
};
guint qh_machine_n_clusters(QhMachine *machine);
QhCluster *qh_machine_cluster(QhMachine *machine, guint i);
guint qh_machine_n_vcpus(QhMachine *machine);
QhVcpu *qh_machine_vcpu(QhMachine *machine, guint index);

/* Deterministic mode, NULL without -icount: core/vcpu/turns.h. [any] */
struct QhTurns *qh_machine_turns(QhMachine *machine);

/* Devices lock; not recursive, but owned tells. */
void qh_machine_lock(QhMachine *machine); /* [any] */
void qh_machine_unlock(QhMachine *machine);
gboolean qh_machine_locked_by_me(QhMachine *machine);
/* Take it unless this thread has it; give it back where this took it. Without a machine there is
 * nothing to take. */
QhMachine *qh_machine_enter(QhMachine *machine);
void qh_machine_leave(QhMachine *entered);

/* Let all CPUs run; stop them and wait until they stand still. [main] */
void qh_machine_start(QhMachine *machine);
void qh_machine_stop(QhMachine *machine);
/* Let the CPUs rest for a moment, unnoticed by the guest and the run state: no CPU is inside a
 * device or remembers a window meanwhile. Returns what resume needs. Not with the device lock.
 * [main] */
gboolean qh_machine_pause_cpus(QhMachine *machine);
void qh_machine_resume_cpus(QhMachine *machine, gboolean ran);
/* Reset all: devices, CPUs, boot images, the board. CPUs are stopped. [main] */
gboolean qh_machine_reset(QhMachine *machine, uint32_t kind, GError **error);
void qh_machine_power_button(QhMachine *machine);
gboolean qh_machine_nmi(QhMachine *machine, GError **error);

/* The device tree as the guest was given it, into a file. [main] */
gboolean qh_machine_dump_device_tree(QhMachine *machine, const char *path, GError **error);

void qh_machine_foreach_device(QhMachine *machine, void (*fn)(QhInstance *, void *), void *data);

/* Called by qh_ram_note_write for pages with translated code. [any] */
void qh_machine_code_written(QhMachine *machine, uint64_t ram_address, uint64_t bytes);

extern const QhMachineService qh_machine_service;

#endif
