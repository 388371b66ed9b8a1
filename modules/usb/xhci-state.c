/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot holds of the controller: registers and the dequeue pointers of all rings. What
 * functions had said NAK to is asked again after a load. A packet that a function keeps would be
 * memory mapped for nobody, so that moment cannot be saved; it lasts as long as a disk takes.
 */
#include "modules/usb/xhci.h"

static uint64_t number(QhStateStream *stream, uint64_t value, uint64_t most)
{
    return MIN(stream->number(stream, value), most);
}

static void ring(QhStateStream *stream, XhciRing *r, gboolean load)
{
    XhciRing now = {
        .dequeue = stream->number(stream, r->dequeue),
        .cycle = (uint8_t)number(stream, r->cycle, 1),
    };

    if (load) {
        *r = now;
    }
}

static void endpoint(QhStateStream *stream, XhciEndpoint *ep, gboolean load)
{
    XhciEndpoint now = {
        .state = (uint8_t)number(stream, ep->state, EP_ERROR),
        .type = (uint8_t)number(stream, ep->type, 7),
        .has_setup = (uint8_t)number(stream, ep->has_setup, 1),
    };

    if (load) {
        *ep = now;
    }
    stream->bytes(stream, ep->setup, sizeof(ep->setup));
    ring(stream, &ep->ring, load);
}

static void slot(QhStateStream *stream, XhciSlot *s, gboolean load)
{
    uint8_t state = (uint8_t)number(stream, s->state, SLOT_ENABLED);
    uint8_t root_port = (uint8_t)number(stream, s->root_port, 255);
    uint8_t address = (uint8_t)number(stream, s->address, 127);
    uint32_t route = (uint32_t)number(stream, s->route, 0xfffff);
    uint64_t context = stream->number(stream, s->context);

    if (load) {
        s->state = state;
        s->root_port = root_port;
        s->address = address;
        s->route = route;
        s->context = context;
        s->function = NULL;
    }
    if (state == SLOT_DISABLED) {
        return;
    }
    for (uint32_t i = 1; i < XHCI_ENDPOINTS; i++) {
        endpoint(stream, &s->endpoints[i], load);
    }
}

static void interrupter(QhStateStream *stream, XhciInterrupter *it, gboolean load)
{
    XhciInterrupter now = *it;

    now.iman = (uint32_t)number(stream, it->iman, 3);
    now.imod = (uint32_t)stream->number(stream, it->imod);
    now.erstsz = (uint32_t)number(stream, it->erstsz, 0xffff);
    now.erstba = stream->number(stream, it->erstba);
    now.erdp = stream->number(stream, it->erdp);
    now.n_segments = (uint32_t)number(stream, it->n_segments, XHCI_SEGMENTS);
    for (uint32_t i = 0; i < now.n_segments; i++) {
        now.base[i] = stream->number(stream, it->base[i]);
        now.trbs[i] = MAX((uint32_t)number(stream, it->trbs[i], 4096), 16u);
    }
    now.segment = (uint32_t)number(stream, it->segment, XHCI_SEGMENTS - 1);
    now.index = (uint32_t)number(stream, it->index, 4095);
    now.cycle = (uint8_t)number(stream, it->cycle, 1);
    if (load) {
        if (now.segment >= now.n_segments || now.index >= now.trbs[now.segment]) {
            now.segment = now.index = 0;
        }
        *it = now;
    }
}

static void registers(QhStateStream *stream, Xhci *xhci, gboolean load)
{
    uint32_t *const words[] = {&xhci->usbcmd, &xhci->usbsts, &xhci->dnctrl, &xhci->config};
    uint64_t *const wide[] = {&xhci->crcr, &xhci->dcbaap};
    uint8_t *const bytes[] = {&xhci->commands_run, &xhci->command_later, &xhci->line};

    for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++) {
        uint32_t value = (uint32_t)stream->number(stream, *words[i]);

        *words[i] = load ? value : *words[i];
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(wide); i++) {
        uint64_t value = stream->number(stream, *wide[i]);

        *wide[i] = load ? value : *wide[i];
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(bytes); i++) {
        uint8_t value = (uint8_t)number(stream, *bytes[i], 1);

        *bytes[i] = load ? value : *bytes[i];
    }
}

void xhci_stream(QhDevice *device, QhStateStream *stream)
{
    Xhci *xhci = (Xhci *)device;
    gboolean load = stream->mode == QH_STATE_LOAD;

    if (stream->mode == QH_STATE_SAVE && xhci->n_kept > 0) {
        stream->fail(stream, "a USB transfer is under way");
        return;
    }
    stream->same(stream, xhci->n_ports, "number of ports");
    stream->same(stream, xhci->p2, "number of USB 2 ports");
    stream->same(stream, xhci->n_slots, "number of slots");
    stream->same(stream, xhci->n_interrupters, "number of interrupters");
    if (load) {
        xhci_slot_clear(xhci, 0);
    }
    registers(stream, xhci, load);
    ring(stream, &xhci->commands, load);
    for (uint32_t i = 0; i < xhci->n_ports; i++) {
        XhciPort *port = &xhci->ports[i];
        uint32_t *const words[] = {&port->portsc, &port->portpmsc, &port->portli, &port->porthlpmc};

        for (uint32_t k = 0; k < G_N_ELEMENTS(words); k++) {
            uint32_t value = (uint32_t)stream->number(stream, *words[k]);

            *words[k] = load ? value : *words[k];
        }
    }
    for (uint32_t i = 0; i < xhci->n_interrupters; i++) {
        interrupter(stream, &xhci->interrupters[i], load);
    }
    for (uint32_t i = 1; i <= xhci->n_slots; i++) {
        slot(stream, &xhci->slots[i], load);
    }
}
