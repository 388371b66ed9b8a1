/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event rings (4.9.4) and interrupters (4.17). The segment table is read when its address is
 * written, as the specification allows. A TD is begun only when its events will find room, so a
 * ring overflows only under what comes by itself: port changes.
 */
#include "modules/usb/xhci.h"

static uint32_t total(const XhciInterrupter *interrupter)
{
    uint32_t trbs = 0;

    for (uint32_t i = 0; i < interrupter->n_segments; i++) {
        trbs += interrupter->trbs[i];
    }
    return trbs;
}

/* TRBs before @segment, @index. */
static uint32_t position(const XhciInterrupter *interrupter, uint32_t segment, uint32_t index)
{
    uint32_t trbs = index;

    for (uint32_t i = 0; i < segment; i++) {
        trbs += interrupter->trbs[i];
    }
    return trbs;
}

/* Free TRBs, but one that stays free so that full and empty differ; UINT32_MAX: the dequeue pointer
 * is in no segment. */
static uint32_t room(const XhciInterrupter *interrupter)
{
    uint64_t dequeue = interrupter->erdp & ~UINT64_C(15);
    uint32_t all = total(interrupter);

    for (uint32_t i = 0; i < interrupter->n_segments; i++) {
        uint64_t offset = dequeue - interrupter->base[i];

        if (dequeue >= interrupter->base[i] && offset / 16 < interrupter->trbs[i]) {
            uint32_t consumer = position(interrupter, i, (uint32_t)(offset / 16));
            uint32_t producer = position(interrupter, interrupter->segment, interrupter->index);

            return (consumer + all - producer - 1) % all;
        }
    }
    return UINT32_MAX;
}

gboolean xhci_event_room(const Xhci *xhci, uint32_t n, uint32_t events)
{
    const XhciInterrupter *interrupter = &xhci->interrupters[n % xhci->n_interrupters];
    uint32_t free_trbs;

    if (interrupter->n_segments == 0) {
        return TRUE; /* they go nowhere */
    }
    free_trbs = room(interrupter);
    /* more than the ring ever holds: as soon as it is empty */
    return free_trbs > MIN(events, total(interrupter) - 3);
}

static void
put(Xhci *xhci, XhciInterrupter *interrupter, uint64_t parameter, uint32_t status, uint32_t control)
{
    uint64_t address = interrupter->base[interrupter->segment] + 16ull * interrupter->index;
    const uint32_t words[4] = {(uint32_t)parameter, (uint32_t)(parameter >> 32), status,
                               (control & ~TRB_CYCLE) | interrupter->cycle};

    /* the word with the cycle bit makes the event valid: it comes last */
    if (!xhci_write(xhci, address, words, 3) || !xhci_write(xhci, address + 12, words + 3, 1)) {
        xhci_break(xhci, "xhci: an event ring is not in memory");
        return;
    }
    if (++interrupter->index >= interrupter->trbs[interrupter->segment]) {
        interrupter->index = 0;
        if (++interrupter->segment >= interrupter->n_segments) {
            interrupter->segment = 0;
            interrupter->cycle ^= 1;
        }
    }
}

void xhci_update_line(Xhci *xhci)
{
    gboolean level = FALSE;

    for (uint32_t i = 0; i < xhci->n_interrupters; i++) {
        level |= (xhci->interrupters[i].iman & 3) == (IMAN_PENDING | IMAN_ENABLE);
    }
    level = level && (xhci->usbcmd & CMD_INTERRUPTS) != 0 &&
            xhci->pci->interrupt_mode(&xhci->base.base) == QH_PCI_INTX;
    if (level != xhci->line) {
        xhci->line = level != FALSE;
        xhci->pci->set_irq(&xhci->base.base, level);
    }
}

/* 4.17.5: with messages the pending bit clears itself. */
static void interrupt(Xhci *xhci, uint32_t n)
{
    XhciInterrupter *interrupter = &xhci->interrupters[n];
    gboolean busy = (interrupter->erdp & ERDP_BUSY) != 0;

    interrupter->erdp |= ERDP_BUSY;
    xhci->usbsts |= STS_EVENT;
    if (busy) {
        return;
    }
    interrupter->iman |= IMAN_PENDING;
    if ((interrupter->iman & IMAN_ENABLE) != 0 && (xhci->usbcmd & CMD_INTERRUPTS) != 0 &&
        xhci->pci->notify(&xhci->base.base, n)) {
        interrupter->iman &= ~IMAN_PENDING;
    }
    xhci_update_line(xhci);
}

/* 4.17.2: events that came while the guest was busy with others are told of when it no longer is.
 */
void xhci_ring_taken(Xhci *xhci, uint32_t n)
{
    const XhciInterrupter *interrupter = &xhci->interrupters[n];

    if (interrupter->n_segments != 0 && (interrupter->erdp & ERDP_BUSY) == 0 &&
        room(interrupter) < total(interrupter) - 1) {
        interrupt(xhci, n);
    }
}

void xhci_send_pending(Xhci *xhci)
{
    for (uint32_t i = 0; i < xhci->n_interrupters; i++) {
        uint32_t *iman = &xhci->interrupters[i].iman;

        if ((*iman & 3) == (IMAN_PENDING | IMAN_ENABLE) && (xhci->usbcmd & CMD_INTERRUPTS) != 0 &&
            xhci->pci->notify(&xhci->base.base, i)) {
            *iman &= ~IMAN_PENDING;
        }
    }
    xhci_update_line(xhci);
}

void xhci_event(Xhci *xhci, uint32_t n, uint64_t parameter, uint32_t status, uint32_t control)
{
    XhciInterrupter *interrupter;
    uint32_t free_trbs;

    n %= xhci->n_interrupters;
    interrupter = &xhci->interrupters[n];
    if (interrupter->n_segments == 0 || !xhci_is_running(xhci)) {
        return;
    }
    free_trbs = room(interrupter);
    if (free_trbs == UINT32_MAX) {
        xhci_break(xhci, "xhci: ERDP is outside the event ring");
        return;
    }
    if (free_trbs == 0) {
        return; /* and the ring says that it is full */
    }
    if (free_trbs == 1) {
        put(xhci, interrupter, 0, CC_RING_FULL << 24, TRB_EVENT_HOST << 10);
    } else {
        put(xhci, interrupter, parameter, status, control);
    }
    interrupt(xhci, n);
}

/* 6.5: segments have 16 to 4096 TRBs. A table that breaks the rules makes no ring. */
void xhci_ring_start(Xhci *xhci, uint32_t n)
{
    XhciInterrupter *interrupter = &xhci->interrupters[n];
    uint32_t segments = MIN(interrupter->erstsz, XHCI_SEGMENTS);

    interrupter->n_segments = interrupter->segment = interrupter->index = 0;
    interrupter->cycle = 1;
    for (uint32_t i = 0; i < segments; i++) {
        uint32_t words[4];

        if (!xhci_read(xhci, (interrupter->erstba & ~UINT64_C(63)) + 16ull * i, words, 4) ||
            (words[2] & 0xffff) < 16 || (words[2] & 0xffff) > 4096) {
            xhci_guest_error(xhci, "xhci: no event ring segment table that can be used");
            return;
        }
        interrupter->base[i] = (words[0] | (uint64_t)words[1] << 32) & ~UINT64_C(63);
        interrupter->trbs[i] = words[2] & 0xffff;
    }
    interrupter->n_segments = segments;
}
