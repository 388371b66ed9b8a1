/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes to a guest from outside: characters, the power button, a debugger's writes. A machine
 * that keeps a history (core/snapshot/history.h) has all of that pass through here, so that it is
 * noted at which instruction it came, and comes there again when the guest's past is run once more.
 * A machine without one has no table, and everything takes the short way.
 */
#ifndef QH_CORE_MACHINE_OUTSIDE_H
#define QH_CORE_MACHINE_OUTSIDE_H

#include "core/machine/machine.h"

/* Hand @data to the guest. Called with the device lock, on the main thread or a CPU's; the same
 * when it happens first and when it is run again. */
typedef void (*QhOutsideFn)(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes);

typedef struct QhOutside {
    void *owner;
    /* The past is being run: what the guest sends has been sent before, and what it asks of the
     * host has been done; nothing new comes in. [any] */
    gboolean (*replaying)(void *owner);
    /* Have @fn called soon, between two instructions. Not while replaying. [any] */
    void (*feed)(
        void *owner, QhOutsideFn fn, void *opaque, uint32_t kind, const void *data, uint32_t bytes);
    /* The guest asked for something inside an instruction and was given @value, which is not what
     * it gets without a note. [vcpu] */
    void (*note_answer)(void *owner, void *opaque, uint32_t value);
    /* What it was given then, or @usual. Only while replaying. [vcpu] */
    uint32_t (*answer)(void *owner, void *opaque, uint32_t usual);
    /* The machine stands still and is about to be changed by @fn, which the caller calls: noted,
     * and what had been run after this moment is forgotten. [main] */
    void (*note_change)(
        void *owner, QhOutsideFn fn, void *opaque, uint32_t kind, const void *data, uint32_t bytes);
    /* The machine has been changed in a way that cannot be run again: the past ends here. [main] */
    void (*forget)(void *owner);
} QhOutside;

/* NULL: nobody wants to know. It is set while CPUs stand still and the device lock is held. [any]
 */
const QhOutside *qh_machine_outside(QhMachine *machine);
void qh_machine_set_outside(QhMachine *machine, const QhOutside *outside);

static inline gboolean qh_machine_replays(QhMachine *machine)
{
    const QhOutside *outside = qh_machine_outside(machine);

    return outside != NULL && outside->replaying(outside->owner);
}

/* Something that cannot be run again is being done to the machine. [main] */
static inline void qh_machine_forget_past(QhMachine *machine)
{
    const QhOutside *outside = qh_machine_outside(machine);

    if (outside != NULL) {
        outside->forget(outside->owner);
    }
}

#endif
