/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host needs beside machine, memory, devices and loop: a registry with one target, two
 * boards and two devices; CPUs that write to a register without end; a QMP that notes its events.
 */
#ifndef QH_TESTS_UNIT_MACHINE_FAKE_H
#define QH_TESTS_UNIT_MACHINE_FAKE_H

#include "core/host/host.h"
#include "core/machine/machine.h"

/* How often things were made less how often they were freed; all zero at the end. */
typedef struct FakeCounts {
    int slots, vcpus, engines, devices, boards;
} FakeCounts;
extern FakeCounts fake_counts;

/* Events in order, as "NAME {json}"; cleared by the reader. */
char *fake_events(void);

/* The order in which resets ran: "device uart0, cpu 0, board". */
extern GString *fake_order;

/* Makes the board's create or reset, a device's realize, or CPU number N (from 1) fail. */
extern gboolean fake_fail_create, fake_fail_reset, fake_fail_realize;
extern guint fake_fail_cpu;
/* Board "good" sets this when its reset runs: what it saw at the image's address. */
extern uint32_t fake_seen_word;
/* Which target the registry says is selected. */
extern const char *fake_selected;

/* State of device "test-uart". */
typedef struct FakeUart {
    QhDevice base;
    uint8_t enabled;
    uint32_t baud;
    uint64_t room;
    char *label;
    uint8_t mode;
    uint32_t n_writes; /* to its register */
    uint32_t n_in;     /* calls of irq_in */
    gboolean in_level;
    gboolean high_after_reset;
    gboolean lock_was_held;
} FakeUart;

#define FAKE_UART_AT 0x10000000
#define FAKE_RAM_AT  0x80000000

/* Bits a write to the uart's register can have. */
#define FAKE_SHUTDOWN 1u
#define FAKE_RESET    2u

/* A further device class for the registry, NULL for none; ends with a NULL name. */
typedef struct FakeClass {
    const char *name;
    const QhDeviceOps *ops;
    void *ctx;
} FakeClass;
extern const FakeClass *fake_classes;

QhInstance *fake_device(QhMachine *machine, const char *id);

#endif
