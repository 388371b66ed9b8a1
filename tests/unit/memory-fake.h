/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of a machine as memory needs: a lock that knows its owner, a guard, a log of writes. */
#ifndef QH_TESTS_UNIT_MEMORY_FAKE_H
#define QH_TESTS_UNIT_MEMORY_FAKE_H

#include "core/machine/machine.h"

struct QhInstance {
    QhMachine *machine; /* for DMA pointers only */
    gboolean inside;
    gboolean dma_to_io;
};

struct QhMachine {
    QhMemory *memory;
    GMutex lock;
    GThread *owner;
    guint n_code_writes;
    uint64_t code_address, code_bytes;
};

QhMachine *fake_machine_new(void);
void fake_machine_free(QhMachine *machine);

#endif
