/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a machine, for the sources of core/machine and core/device. */
#ifndef QH_CORE_MACHINE_MACHINE_PRIV_H
#define QH_CORE_MACHINE_MACHINE_PRIV_H

#include "core/host/host.h"
#include "core/machine/machine.h"
#include "core/machine/outside.h"

/* Bytes that are written again on each reset. */
typedef struct QhImage {
    QhSpace *space;
    char *name;
    uint64_t address;
    uint8_t *data; /* NULL: it is packed */
    uint64_t bytes;
    uint8_t *packed;
    size_t packed_bytes;
} QhImage;
typedef struct QhImagePacker QhImagePacker;

struct QhMachine {
    QhHost *host;
    QhMachineOptions *options;
    QhMachineConfig config;
    char *type;   /* "virt" */
    char *target; /* "riscv64", NULL for a machine without a board */
    QhSlotRef slot;
    const QhMachineOps *ops; /* NULL without a board */
    QhBoard *board;
    gboolean create_tried; /* create was called, so destroy must be */
    gboolean running;
    gboolean has_been_reset; /* devices that come later must be reset one by one */
    gboolean has_run;        /* a guest may have seen what is there */

    QhMemory *memory;
    struct QhObject *ram_object; /* memory-backend=; NULL without */
    GPtrArray *clusters;         /* QhCluster * */
    GPtrArray *vcpus;            /* QhVcpu *, owned by the clusters */
    GPtrArray *devices;          /* QhInstance *, in the order of creation */
    guint n_devices_made;
    GPtrArray *irqs;       /* QhIrq * of irq_new */
    GHashTable *cpu_lines; /* (cpu << 8 | line) -> QhIrq * */
    GPtrArray *images;     /* QhImage * */
    QhImagePacker *packer; /* NULL: the guest has not run */
    QhFirmware *firmware;

    struct QhTurns *turns;    /* deterministic mode, or NULL */
    const QhOutside *outside; /* outside.h; atomic */
    gboolean has_random;      /* random is the guest's; otherwise it gets the host's randomness */
    uint64_t random[4];       /* random.c; under random_lock */
    GMutex random_lock;

    GSource *lost_source; /* lost.c: memory in a file is gone; NULL: none is in a file */
    int lost_fd;

    GMutex device_lock;
    gpointer lock_owner; /* the thread that has it; atomic: a thread only asks for itself */
};

/* lost.c: at the end, when no memory is left. */
void qh_machine_unwatch_ram(QhMachine *machine);

QhInstance *qh_machine_find_device(QhMachine *machine, const char *id);
QhIrq *qh_machine_cpu_irq(QhMachine *machine, uint32_t cpu_index, uint32_t line);
QhIrq *qh_machine_irq_new(QhMachine *machine,
                          void (*fn)(void *opaque, uint32_t n, gboolean level),
                          void *opaque,
                          uint32_t n);

/* smbios.c: the tables, once board and devices are there. [main] */
gboolean qh_machine_add_smbios(QhMachine *machine, GError **error);

/* service.c: what -device asked for. */
gboolean qh_machine_add_devices(QhMachine *machine, GError **error);

/* cluster.c */
QhCluster *
qh_cluster_new(QhMachine *machine, const char *target, uint32_t n, QhSpace *space, GError **error);
void qh_cluster_free(QhCluster *cluster);

/* random.c: numbers that are the same for the same seed. */
void qh_machine_seed(QhMachine *machine, uint64_t seed);
uint64_t qh_machine_random(QhMachine *machine);

/* images.c */
void qh_image_free(void *image);
gboolean qh_machine_add_image(QhMachine *machine,
                              QhSpace *space,
                              const char *name,
                              uint64_t address,
                              const void *data,
                              uint64_t bytes,
                              GError **error);
gboolean qh_machine_restore_images(QhMachine *machine, GError **error);

/* image-pack.c: keep images in less memory; @pause_ms: until that begins. Again is
 * nothing. [main] */
#define QH_IMAGE_PAUSE_MS 60000u
void qh_machine_pack_images(QhMachine *machine, guint pause_ms);
void qh_image_packer_free(QhImagePacker *packer);
/* Write the image to where it belongs; FALSE: there is no RAM any more. */
gboolean qh_image_write(const QhImage *image);

/* firmware.c */
char *qh_machine_find_firmware(QhMachine *machine, const char *name, GError **error);

/* find.c: which board the user means. *@ret_target and *@ret_name are g_free'd by the caller; both
 * NULL for a machine without a board. */
gboolean qh_machine_find_board(QhHost *host,
                               const QhMachineOptions *options,
                               char **ret_target,
                               char **ret_name,
                               GError **error);

#endif
