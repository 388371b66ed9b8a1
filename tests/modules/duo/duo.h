/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for tests: one CPU of each of two targets. Both see the same RAM, the first at
 * DUO_FIRST_RAM, the second at DUO_SECOND_RAM, each in an address space of its own, and a mailbox
 * at DUO_MAILBOX. Each starts at DUO_PROGRAM or DUO_PROGRAM + DUO_PROGRAM_ROOM of that RAM.
 */
#ifndef DUO_H
#define DUO_H

#include "abi/device.h"
#include "abi/machine.h"

#define DUO_MAILBOX      UINT64_C(0x10000000)
#define DUO_FIRST_RAM    UINT64_C(0x80000000)
#define DUO_SECOND_RAM   UINT64_C(0x40000000)
#define DUO_PROGRAM      UINT64_C(0x100000)
#define DUO_PROGRAM_ROOM UINT64_C(0x100000)

/* Registers of the mailbox, 8 bytes each. A word that is not 0 holds the receiver's line high; its
 * receiver writes 0 to take it. */
#define DUO_TO_SECOND 0x00u
#define DUO_TO_FIRST  0x08u
#define DUO_EXIT      0x10u /* ends the run with this status */

typedef struct DuoServices {
    const QhMemService *mem;
    const QhDeviceService *device;
    const QhMachineService *machine;
} DuoServices;

extern const QhMachineOps duo_machine;
extern const QhDeviceOps duo_mailbox;

#endif
