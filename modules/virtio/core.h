/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's side towards transports, and what its own files say to each other. */
#ifndef VIRTIO_CORE_H
#define VIRTIO_CORE_H

#include "modules/virtio/virtio.h"

/* --- For transports --- */

/* Of each class: make the device ready, its transport being known; undo; power-on state. [main] */
gboolean virtio_device_realize(VirtioDevice *device, GError **error);
void virtio_device_unrealize(VirtioDevice *device);
/* A reset by the driver, or of the machine. */
void virtio_device_reset(VirtioDevice *device);
void virtio_device_run_state(VirtioDevice *device, gboolean running);
/* Methods of QhDeviceOps for every class: snapshots. */
void virtio_any_stream(QhDevice *device, QhStateStream *stream);
void virtio_any_loaded(QhDevice *device);
char *virtio_any_show(QhDevice *device, const char *name);

/* 32 features from number 32 * @select on. */
uint32_t virtio_device_offered(const VirtioDevice *device, uint32_t select);
uint32_t virtio_device_accepted(const VirtioDevice *device, uint32_t select);
void virtio_device_accept(VirtioDevice *device, uint32_t select, uint32_t value);
uint8_t virtio_device_status(const VirtioDevice *device);
void virtio_device_set_status(VirtioDevice *device, uint8_t value);
/* Little-endian; beyond the end reads as zero, writes are dropped. @bytes 1 to 8. */
uint64_t virtio_device_read_config(VirtioDevice *device, uint32_t offset, uint32_t bytes);
void virtio_device_write_config(VirtioDevice *device,
                                uint32_t offset,
                                uint32_t bytes,
                                uint64_t value);

/* Queue @index, NULL if there is none. */
VirtioQueue *virtio_device_queue(VirtioDevice *device, uint32_t index);
/* Sizes and addresses are changed while it is not enabled. A size that cannot be breaks the device
 * when it is enabled. */
void virtio_queue_set_size(VirtioQueue *queue, uint32_t size);
/* Map the ring; a ring that is not in RAM, or misaligned, breaks the device. */
void virtio_queue_enable(VirtioQueue *queue);
/* Legacy (2.7.2): the whole ring at @address, the device area aligned to @align; 0: no queue. */
void virtio_queue_enable_legacy(VirtioQueue *queue, uint64_t address, uint64_t align);
/* To the state after a device reset (2.6.1). */
void virtio_queue_reset(VirtioQueue *queue);
/* The driver's available buffer notification for queue @index. */
void virtio_device_kick(VirtioDevice *device, uint32_t index);

/* --- Between core.c, queue.c and the formats --- */

/* Lets go of the ring and maps it again, so that what was written is known. */
void virtio_queue_sync(VirtioQueue *queue);
/* Snapshots: the queue's part; nothing of what is mapped now counts any more; map it anew. */
void virtio_queue_stream(VirtioQueue *queue, QhStateStream *stream);
void virtio_queue_forget_maps(VirtioQueue *queue);
void virtio_queue_loaded(VirtioQueue *queue);
/* A chain that was taken before; without memory until virtio_chain_again. */
VirtioChain *virtio_chain_restore(VirtioQueue *queue, uint16_t id, uint16_t slot, uint16_t n_slots);
void virtio_chain_again(VirtioChain *chain);
void virtio_chain_drop(VirtioChain *chain);
/* Nothing of it may be in flight. */
void virtio_queue_free(VirtioQueue *queue);
/* Kick @queue from the main thread, soon. */
void virtio_queue_run_later(VirtioQueue *queue);

/* How to add what lies at guest @address to a chain; FALSE: the device is broken. */
gboolean virtio_chain_add(VirtioChain *chain, uint64_t address, uint64_t bytes, gboolean writable);
/* An indirect table (2.7.5.3): mapped, its length checked. NULL: the device is broken. */
const uint8_t *
virtio_queue_map_table(VirtioQueue *queue, uint64_t address, uint32_t bytes, uint32_t *ret_n);
void virtio_queue_unmap_table(VirtioQueue *queue, const uint8_t *table, uint32_t n);

/* A ring format. Each works on an enabled queue of a device that is not broken. */
typedef struct VirtioRing {
    /* Bytes of the driver's and the device's area, of the descriptors; alignments of all three. */
    uint64_t (*desc_bytes)(uint32_t size);
    uint64_t (*driver_bytes)(uint32_t size);
    uint64_t (*device_bytes)(uint32_t size);
    uint32_t desc_align, driver_align, device_align;
    void (*start)(VirtioQueue *queue);
    /* Fill @chain with the next buffer; FALSE: none, or broken. */
    gboolean (*pop)(VirtioQueue *queue, VirtioChain *chain);
    /* Fill @chain, which was taken before, again. */
    gboolean (*again)(VirtioQueue *queue, VirtioChain *chain);
    void (*unpop)(VirtioQueue *queue, const VirtioChain *chain);
    void (*push)(VirtioQueue *queue, const VirtioChain *chain, uint32_t written);
    /* Show n_pushed elements; TRUE: the driver wants an interrupt. */
    gboolean (*flush)(VirtioQueue *queue);
    gboolean (*is_empty)(VirtioQueue *queue);
    gboolean (*want_kicks)(VirtioQueue *queue, gboolean on);
} VirtioRing;

extern const VirtioRing virtio_ring_split;
extern const VirtioRing virtio_ring_packed;

#endif
