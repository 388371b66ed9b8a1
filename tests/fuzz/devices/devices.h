/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every device that a module offers, as a guest without sense meets it. A subject is a machine with
 * one device of the class and what it needs; a step is a burst of accesses to its registers, to
 * configuration space, or to rings in RAM that are made well first and spoilt then.
 */
#ifndef QH_TESTS_FUZZ_DEVICES_H
#define QH_TESTS_FUZZ_DEVICES_H

#include "abi/net.h"
#include "core/device/instance-priv.h"
#include "core/host/host.h"

#define RAM_AT    0x80000000u
#define RAM_BYTES (16u << 20)
/* Where the guest puts things. */
#define RINGS_AT   (RAM_AT + 0x100000u)
#define RING_BYTES 0x8000u
#define TABLES_AT  (RAM_AT + 0x300000u)
#define DATA_AT    (RAM_AT + 0x400000u)
#define DATA_BYTES 0x20000u

/* Registers that the guest can reach, in the machine's main space. */
typedef struct Range {
    uint64_t at, bytes;
} Range;
#define RANGES_MAX 32u

typedef struct Ring {
    gboolean ready, packed;
    uint32_t size;
    uint64_t desc, driver, device;
    uint16_t next, avail;
    uint8_t wrap;
} Ring;
#define RINGS_MAX 16u

/* A virtio transport; no `kind`: the device is none. */
typedef struct Virtio {
    enum { VIRTIO_NONE, VIRTIO_MMIO, VIRTIO_PCI } kind;
    uint64_t common, notify, isr, config; /* MMIO: common is the window */
    uint32_t multiplier;
    Ring rings[RINGS_MAX];
    uint32_t n_rings;
} Virtio;

typedef struct Fuzz {
    uint64_t state; /* of the generator */
    /* Reads and writes of registers and of configuration space so far, rings' doorbells among them;
     * not those of RAM. They outlive the machine. */
    uint64_t accesses;
    const char *class;
    QhHost *host;
    QhMachine *machine;
    QhSpace *space;
    int64_t now_ns;
    QhInstance *subject;
    QhNet *wire; /* the other end of the hub that network cards are on; NULL: none */
    Range ranges[RANGES_MAX];
    uint32_t n_ranges;
    uint32_t functions[8]; /* devfn on bus 0 */
    uint32_t n_functions;
    uint64_t next_memory, next_io; /* where the next BAR goes */
    Virtio virtio;
    const struct Protocol *protocol; /* of a controller with queues; NULL: none that is known */
    uint32_t tails[16];
    uint32_t n_disks;
    uint32_t variant; /* 0: switches as they are by default */
    char *folder;     /* that a guest may use; removed in the end */
} Fuzz;

/* generator */
uint32_t fuzz_below(Fuzz *fuzz, uint32_t n); /* n > 0 */
uint64_t fuzz_word(Fuzz *fuzz);
/* A value that means something more often than chance would have it. */
uint64_t fuzz_value(Fuzz *fuzz);
/* An address in what the guest uses, at the borders of RAM, of registers, or anywhere. */
uint64_t fuzz_address(Fuzz *fuzz);

/* subject.c: NULL with @why when no such device can be made. */
gboolean subject_open(Fuzz *fuzz, const char *class, GError **error);
void subject_close(Fuzz *fuzz);
/* Everything as after power-on. */
void subject_reset(Fuzz *fuzz);

/* guest.c */
uint64_t guest_read(Fuzz *fuzz, uint64_t address, uint32_t width);
void guest_write(Fuzz *fuzz, uint64_t address, uint32_t width, uint64_t value);
uint32_t guest_config(Fuzz *fuzz, uint32_t devfn, uint32_t offset, uint32_t width);
void guest_set_config(Fuzz *fuzz, uint32_t devfn, uint32_t offset, uint32_t width, uint32_t value);
/* Find the registers: give BARs addresses, switch functions on, look for virtio. */
void guest_set_up(Fuzz *fuzz);
void guest_step(Fuzz *fuzz);

/* protocols.c */
void protocol_find(Fuzz *fuzz);
void protocol_step(Fuzz *fuzz);

/* virtio.c */
void virtio_find(Fuzz *fuzz);
/* Through the protocol up to DRIVER_OK, with rings of random sizes and features. */
void virtio_set_up(Fuzz *fuzz);
void virtio_step(Fuzz *fuzz);

#endif
