/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver's half of virtio over MMIO, as plain as the standard tells it, for both ring formats. */
#ifndef VIRTIO_TESTS_DRIVER_H
#define VIRTIO_TESTS_DRIVER_H

#include "modules/virtio/tests/bench.h"

/* Registers of 4.2.2 */
enum { R_FEATURES = 0x10, R_FEATURES_SEL = 0x14, R_ACCEPT = 0x20, R_ACCEPT_SEL = 0x24 };
enum { R_PAGE_SIZE = 0x28, R_SEL = 0x30, R_NUM_MAX = 0x34, R_NUM = 0x38, R_ALIGN = 0x3c };
enum { R_PFN = 0x40, R_READY = 0x44, R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70 };
enum { R_DESC = 0x80, R_DRIVER = 0x90, R_DEVICE = 0xa0, R_QUEUE_RESET = 0xc0, R_GENERATION = 0xfc };

/* Where the driver puts things; rings of queue N are at RINGS + N * RING_BYTES. */
#define DRIVER_RINGS      (BENCH_RAM_AT + 0x1000u)
#define DRIVER_RING_BYTES 0x4000u
#define DRIVER_DATA       (BENCH_RAM_AT + 0x40000u)
#define DRIVER_TABLES     (BENCH_RAM_AT + 0x20000u)

typedef struct Part {
    uint64_t address;
    uint32_t bytes;
    gboolean in; /* the device writes it */
} Part;

typedef struct Queue {
    Bench *bench;
    uint32_t index, size;
    gboolean packed, event_idx;
    uint64_t desc, driver, device;
    uint16_t next, used_at; /* next descriptor to use, used element to look at */
    uint16_t avail;         /* split: index */
    uint8_t avail_wrap, used_wrap;
    uint16_t slots[1024]; /* packed: slots of each id */
} Queue;

/* Negotiate all that is offered besides @without; returns what was. */
uint64_t driver_start(Bench *bench, uint64_t without);
void driver_ok(Bench *bench);
void driver_reset(Bench *bench);
/* Queue @index of @size, enabled; between driver_start and driver_ok. */
Queue driver_queue(Bench *bench, uint32_t index, uint32_t size, uint64_t features);
/* Queue @index without enabling it: places only. */
Queue driver_place(Bench *bench, uint32_t index, uint32_t size, uint64_t features);
void driver_enable(Queue *queue);

/* Make a buffer available; returns its id. @indirect: in a table of its own. No kick. */
uint32_t driver_add(Queue *queue, const Part *parts, uint32_t n, gboolean indirect);
void driver_kick(Queue *queue);
/* The next used element; FALSE: there is none. */
gboolean driver_get(Queue *queue, uint32_t *ret_id, uint32_t *ret_bytes);
/* Whether the device asks for kicks. */
gboolean driver_may_kick(Queue *queue);
/* Where descriptor @slot lies. */
uint8_t *driver_desc(Queue *queue, uint32_t slot);
void driver_write_desc(
    Queue *queue, uint8_t *at, uint64_t address, uint32_t bytes, uint32_t low, uint32_t high);

#endif
