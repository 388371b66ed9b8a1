/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transfer rings (4.9.2, 4.11): TDs become packets of functions. A TD is taken from the ring as a
 * whole and checked before anything happens; one that says NAK is forgotten, and read again when
 * its function has something to say.
 */
#include "modules/usb/spec.h"
#include "modules/usb/xhci.h"

#include <string.h>

#define LENGTH(trb)      ((trb)->status & 0x1ffff)
#define INTERRUPTER(trb) ((trb)->status >> 22)
#define CC_TD_MALFORMED  CC_TRB

static gboolean is_in(uint32_t endpoint)
{
    return (endpoint & 1) != 0;
}

static XhciEndpoint *endpoint_of(Xhci *xhci, uint32_t slot, uint32_t endpoint)
{
    return &xhci->slots[slot].endpoints[endpoint];
}

static const XhciTrb *trb_at(const GArray *trbs, uint32_t i)
{
    return &g_array_index(trbs, XhciTrb, i);
}

static gboolean has_data(const XhciTrb *trb)
{
    uint32_t type = xhci_trb_type(trb);

    return type == TRB_NORMAL || type == TRB_DATA;
}

/* --- Events --- */

static void tell(Xhci *xhci,
                 uint32_t slot,
                 uint32_t endpoint,
                 const XhciTrb *trb,
                 uint32_t code,
                 uint32_t length)
{
    xhci_event(xhci, INTERRUPTER(trb), trb->address, code << 24 | length,
               TRB_EVENT_TRANSFER << 10 | endpoint << 16 | slot << 24);
}

/* 4.11.5.2: carries what software put there, and the bytes since the last one. */
static void tell_event_data(
    Xhci *xhci, uint32_t slot, uint32_t endpoint, const XhciTrb *trb, uint32_t code, uint32_t sum)
{
    xhci_event(xhci, INTERRUPTER(trb), trb->parameter, code << 24 | (sum & 0xffffff),
               TRB_EVENT_TRANSFER << 10 | TRB_IS_EVENT_DATA | endpoint << 16 | slot << 24);
}

/* 4.10.1: @done bytes of the TD were moved. A short packet is told once, where it came. */
static void report(
    Xhci *xhci, uint32_t slot, uint32_t endpoint, const GArray *trbs, uint64_t done, uint32_t code)
{
    gboolean is_short = FALSE, told = FALSE;
    uint32_t sum = 0;

    for (uint32_t i = 0; i < trbs->len; i++) {
        const XhciTrb *trb = trb_at(trbs, i);
        gboolean ioc = (trb->control & TRB_IOC) != 0;

        if (xhci_trb_type(trb) == TRB_EVENT_DATA) {
            if (ioc) {
                tell_event_data(xhci, slot, endpoint, trb, is_short ? CC_SHORT : code, sum);
            }
            sum = 0;
            continue;
        }
        uint32_t length = has_data(trb) ? LENGTH(trb) : 0;
        uint32_t part = (uint32_t)MIN(done, length);
        uint32_t rest = length - part;
        done -= part;
        sum += part;
        if (code != CC_SUCCESS) {
            if (rest > 0 || i + 1 == trbs->len) {
                tell(xhci, slot, endpoint, trb, code, rest);
                return;
            }
        } else if (rest > 0 && !is_short) {
            is_short = TRUE;
            told = ioc || (trb->control & TRB_ON_SHORT) != 0;
            if (told) {
                tell(xhci, slot, endpoint, trb, CC_SHORT, rest);
            }
        } else if (ioc && !told) {
            tell(xhci, slot, endpoint, trb, is_short ? CC_SHORT : CC_SUCCESS, rest);
        }
    }
}

void xhci_endpoint_state(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint8_t state)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);
    uint64_t context = xhci->slots[slot].context + 32ull * endpoint;
    const uint32_t pointer[2] = {(uint32_t)ep->ring.dequeue | ep->ring.cycle,
                                 (uint32_t)(ep->ring.dequeue >> 32)};
    uint32_t word;

    ep->state = state;
    if (!xhci_read(xhci, context, &word, 1)) {
        return;
    }
    word = (word & ~7u) | state;
    (void)(xhci_write(xhci, context, &word, 1) && xhci_write(xhci, context + 8, pointer, 2));
}

/* --- Packets --- */

static void transfer_free(XhciTransfer *transfer)
{
    QhDevice *device = &transfer->xhci->base.base;
    uint64_t done = transfer->packet.done;

    for (uint32_t i = 0; i < transfer->vecs->len; i++) {
        const QhBlockVec *vec = &g_array_index(transfer->vecs, QhBlockVec, i);
        uint64_t part = MIN(done, vec->bytes);
        const char *base = vec->base;
        const char *trbs = transfer->trbs->data;

        done -= part;
        if (base < trbs || base >= trbs + transfer->trbs->len * sizeof(XhciTrb)) {
            transfer->xhci->pci->dma_unmap(device, vec->base, vec->bytes,
                                           (transfer->packet.endpoint & USB_IN) != 0 ? part : 0);
        }
    }
    g_array_unref(transfer->vecs);
    g_array_unref(transfer->trbs);
    g_free(transfer);
}

static XhciTransfer *transfer_new(Xhci *xhci, uint32_t slot, uint32_t endpoint, GArray *trbs)
{
    XhciTransfer *transfer = g_new0(XhciTransfer, 1);

    transfer->xhci = xhci;
    transfer->slot = slot;
    transfer->endpoint = endpoint;
    transfer->trbs = trbs;
    transfer->vecs = g_array_new(FALSE, FALSE, sizeof(QhBlockVec));
    transfer->packet = (QhUsbPacket){
        .size = sizeof(QhUsbPacket),
        .endpoint = (uint8_t)(endpoint >> 1 | (is_in(endpoint) ? USB_IN : 0)),
        .controller = transfer,
    };
    return transfer;
}

/* Name the memory of one TRB; FALSE: it is not RAM, or says what cannot be. */
static gboolean map(XhciTransfer *transfer, XhciTrb *trb, gboolean in)
{
    const Xhci *xhci = transfer->xhci;
    uint64_t left = LENGTH(trb), address = trb->parameter;

    if ((trb->control & TRB_IMMEDIATE) != 0) {
        QhBlockVec vec = {.base = &trb->parameter, .bytes = left};

        if (left > 8 || in) {
            return FALSE;
        }
        trb->parameter = GUINT64_TO_LE(trb->parameter);
        g_array_append_val(transfer->vecs, vec);
        transfer->packet.bytes += left;
        return TRUE;
    }
    if (left > 0x10000) {
        return FALSE;
    }
    while (left > 0) {
        QhBlockVec vec = {.bytes = left};

        vec.base = xhci->pci->dma_map((QhDevice *)&xhci->base.base, address, &vec.bytes, in);
        if (vec.base == NULL || vec.bytes == 0) {
            return FALSE;
        }
        vec.bytes = MIN(vec.bytes, left);
        g_array_append_val(transfer->vecs, vec);
        transfer->packet.bytes += vec.bytes;
        address += vec.bytes;
        left -= vec.bytes;
    }
    return TRUE;
}

/* The packet of a TD, its memory mapped; NULL: the TD is no good. Takes @trbs. */
static XhciTransfer *
transfer_of(Xhci *xhci, uint32_t slot, uint32_t endpoint, GArray *trbs, gboolean in)
{
    XhciTransfer *transfer = transfer_new(xhci, slot, endpoint, trbs);
    gboolean good = TRUE;

    for (uint32_t i = 0; good && i < trbs->len; i++) {
        XhciTrb *trb = &g_array_index(trbs, XhciTrb, i);

        good = has_data(trb) ? map(transfer, trb, in)
                             : xhci_trb_type(trb) == TRB_EVENT_DATA ||
                                   (i == 0 && xhci_trb_type(trb) != TRB_ISOCH);
    }
    transfer->packet.vec = (const QhBlockVec *)(void *)transfer->vecs->data;
    transfer->packet.n_vec = transfer->vecs->len;
    if (in) {
        transfer->packet.endpoint |= USB_IN;
    }
    if (!good) {
        transfer_free(transfer);
        return NULL;
    }
    return transfer;
}

static uint32_t code_of(uint32_t status)
{
    switch (status) {
    case QH_USB_OK:
        return CC_SUCCESS;
    case QH_USB_STALL:
        return CC_STALL;
    case QH_USB_BABBLE:
        return CC_BABBLE;
    default:
        return CC_TRANSACTION;
    }
}

/* The TD is over. TRUE: the endpoint goes on with the next. */
static gboolean
over(Xhci *xhci, uint32_t slot, uint32_t endpoint, const XhciTransfer *transfer, uint32_t code)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);

    if (code == CC_SUCCESS) {
        ep->ring = transfer->after;
    } else {
        xhci_endpoint_state(xhci, slot, endpoint, EP_HALTED);
    }
    report(xhci, slot, endpoint, transfer->trbs, transfer->packet.done, code);
    return code == CC_SUCCESS;
}

static gboolean malformed(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint64_t address)
{
    const XhciTrb trb = {.address = address};

    xhci_guest_error(xhci, "xhci: a TD that cannot be done");
    xhci_endpoint_state(xhci, slot, endpoint, EP_ERROR);
    tell(xhci, slot, endpoint, &trb, CC_TD_MALFORMED, 0);
    return FALSE;
}

/* TRUE: on to the next TD. Takes @trbs. */
static gboolean
do_packet(Xhci *xhci, uint32_t slot, uint32_t endpoint, GArray *trbs, const XhciRing *after)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);
    UsbFunction *function = xhci->slots[slot].function;
    uint64_t at = trb_at(trbs, 0)->address;
    XhciTransfer *transfer = transfer_of(xhci, slot, endpoint, trbs, is_in(endpoint));
    gboolean on;

    if (transfer == NULL) {
        return malformed(xhci, slot, endpoint, at);
    }
    transfer->after = *after;
    uint32_t status = xhci_trb_type(trb_at(transfer->trbs, 0)) == TRB_NO_OP ? QH_USB_OK
                      : function != NULL ? usb_packet(function, &transfer->packet)
                                         : QH_USB_ERROR;
    switch (status) {
    case QH_USB_ASYNC:
        transfer->kept = TRUE;
        ep->active = transfer;
        xhci->n_kept++;
        return FALSE;
    case QH_USB_NAK:
        ep->naked = 1;
        transfer->packet.done = 0;
        on = FALSE;
        break;
    default:
        on = over(xhci, slot, endpoint, transfer, code_of(status));
        break;
    }
    transfer_free(transfer);
    return on;
}

void xhci_complete(UsbBus *bus, QhUsbPacket *packet)
{
    XhciTransfer *transfer = packet->controller;
    Xhci *xhci = transfer->xhci;
    uint32_t slot = transfer->slot, endpoint = transfer->endpoint;

    (void)bus;
    xhci->n_kept--;
    if (slot == 0) { /* stopped meanwhile */
        transfer_free(transfer);
        return;
    }
    endpoint_of(xhci, slot, endpoint)->active = NULL;
    packet->done = MIN(packet->done, packet->bytes);
    (void)over(xhci, slot, endpoint, transfer, code_of(packet->status));
    transfer_free(transfer);
    xhci_kick(xhci, slot, endpoint);
}

void xhci_endpoint_stop(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint32_t code)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);
    XhciTransfer *transfer = g_steal_pointer(&ep->active);
    const UsbFunction *function = xhci->slots[slot].function;

    ep->naked = ep->waits_for_room = 0;
    if (transfer == NULL) {
        return;
    }
    if (code != 0) {
        report(xhci, slot, endpoint, transfer->trbs, 0, code);
    }
    transfer->slot = 0;
    if (function != NULL && function->klass->cancel != NULL) {
        function->klass->cancel(function->device, &transfer->packet);
    }
}

/* --- Endpoint 0 (4.11.2.2) --- */

static QhUsbSetup setup_of(const XhciEndpoint *ep)
{
    const uint8_t *s = ep->setup;

    return (QhUsbSetup){
        .type = s[0],
        .request = s[1],
        .value = (uint16_t)(s[2] | s[3] << 8),
        .index = (uint16_t)(s[4] | s[5] << 8),
        .length = (uint16_t)(s[6] | s[7] << 8),
    };
}

static gboolean setup_stage(XhciEndpoint *ep, const XhciTrb *trb)
{
    if ((trb->control & TRB_IMMEDIATE) == 0 || LENGTH(trb) != 8) {
        return FALSE;
    }
    for (uint32_t i = 0; i < 8; i++) {
        ep->setup[i] = (uint8_t)(trb->parameter >> (8 * i));
    }
    ep->has_setup = 1;
    return TRUE;
}

/* Do the request, with the data stage's memory or (no packet) without one. */
static uint32_t request(Xhci *xhci, uint32_t slot, QhUsbPacket *packet)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, 1);
    UsbFunction *function = xhci->slots[slot].function;
    QhUsbSetup setup = setup_of(ep);
    gboolean in = (setup.type & USB_IN) != 0;
    g_autofree uint8_t *data = g_malloc0(MAX(setup.length, 8));
    uint32_t bytes = setup.length;
    const QhUsbService *usb;

    ep->has_setup = 0;
    if (function == NULL) {
        return QH_USB_ERROR;
    }
    usb = function->services->device->bus_service(function->bus->handle);
    if (!in && bytes > 0 && (packet == NULL || usb->read(packet, 0, data, bytes) < bytes)) {
        return QH_USB_STALL; /* less was sent than was said */
    }
    uint32_t status = usb_control(function, &setup, data, &bytes);
    if (packet != NULL && status == QH_USB_OK) {
        packet->done = in ? usb->write(packet, 0, data, MIN(bytes, setup.length)) : packet->bytes;
    }
    return status;
}

/* TRUE: on to the next TD. Takes @trbs. */
static gboolean do_control(Xhci *xhci, uint32_t slot, GArray *trbs, const XhciRing *after)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, 1);
    XhciTrb first = *trb_at(trbs, 0);
    uint32_t type = xhci_trb_type(&first);
    gboolean in = (first.control & TRB_DIRECTION_IN) != 0;
    uint32_t status = QH_USB_OK;
    XhciTransfer *transfer;
    gboolean on;

    if ((type == TRB_SETUP && !setup_stage(ep, &first)) ||
        (type == TRB_DATA && (!ep->has_setup || in != ((ep->setup[0] & USB_IN) != 0))) ||
        (type != TRB_SETUP && type != TRB_DATA && type != TRB_STATUS && type != TRB_NO_OP)) {
        g_array_unref(trbs);
        return malformed(xhci, slot, 1, first.address);
    }
    transfer = transfer_of(xhci, slot, 1, trbs, type == TRB_DATA && in);
    if (transfer == NULL) {
        return malformed(xhci, slot, 1, first.address);
    }
    transfer->after = *after;
    if (type == TRB_DATA) {
        status = request(xhci, slot, &transfer->packet);
    } else if (type == TRB_STATUS && ep->has_setup) {
        status = request(xhci, slot, NULL);
    }
    on = over(xhci, slot, 1, transfer, code_of(status));
    transfer_free(transfer);
    return on;
}

/* --- Rings --- */

/* The TD at the dequeue pointer; NULL: it is not whole yet, or (@ret_bad) cannot be. */
static GArray *take_td(Xhci *xhci, XhciRing *ring, gboolean *ret_bad)
{
    GArray *trbs = g_array_new(FALSE, FALSE, sizeof(XhciTrb));
    XhciTrb trb;

    do {
        if (trbs->len >= XHCI_TD_TRBS) {
            *ret_bad = TRUE;
        }
        if (*ret_bad || !xhci_next(xhci, ring, &trb, ret_bad)) {
            g_array_unref(trbs);
            return NULL;
        }
        g_array_append_val(trbs, trb);
    } while ((trb.control & TRB_CHAIN) != 0);
    return trbs;
}

/* Events that the TD can cause, on the interrupter of its last TRB. */
static gboolean has_room(const Xhci *xhci, const GArray *trbs)
{
    uint32_t events = 2;

    for (uint32_t i = 0; i < trbs->len; i++) {
        events += (trb_at(trbs, i)->control & (TRB_IOC | TRB_ON_SHORT)) != 0;
    }
    return xhci_event_room(xhci, INTERRUPTER(trb_at(trbs, trbs->len - 1)), events);
}

/* One TD; *@budget falls by its TRBs. TRUE: there may be another. */
static gboolean one(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint32_t *budget)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);
    XhciRing ring = ep->ring;
    gboolean bad = FALSE;
    GArray *trbs = take_td(xhci, &ring, &bad);

    if (trbs == NULL) {
        return bad ? malformed(xhci, slot, endpoint, ep->ring.dequeue) : FALSE;
    }
    *budget -= MIN(*budget, trbs->len);
    if (!has_room(xhci, trbs)) {
        ep->waits_for_room = 1;
        g_array_unref(trbs);
        return FALSE;
    }
    return endpoint == 1 ? do_control(xhci, slot, trbs, &ring)
                         : do_packet(xhci, slot, endpoint, trbs, &ring);
}

static void kick(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint32_t *budget)
{
    XhciEndpoint *ep = endpoint_of(xhci, slot, endpoint);

    ep->naked = ep->waits_for_room = 0;
    while (xhci->running && xhci_is_running(xhci) && ep->state == EP_RUNNING &&
           ep->active == NULL) {
        if (*budget == 0) {
            xhci_run_later(xhci);
            return;
        }
        if (!one(xhci, slot, endpoint, budget)) {
            return;
        }
    }
}

void xhci_kick(Xhci *xhci, uint32_t slot, uint32_t endpoint)
{
    uint32_t budget = XHCI_WALK_TRBS;

    kick(xhci, slot, endpoint, &budget);
}

void xhci_kick_all(Xhci *xhci)
{
    uint32_t budget = XHCI_WALK_TRBS;

    for (uint32_t slot = 1; slot <= xhci->n_slots; slot++) {
        for (uint32_t i = 1; i < XHCI_ENDPOINTS && xhci->slots[slot].state != SLOT_DISABLED; i++) {
            kick(xhci, slot, i, &budget);
        }
    }
}

void xhci_kick_waiting(Xhci *xhci)
{
    uint32_t budget = XHCI_WALK_TRBS;

    for (uint32_t slot = 1; slot <= xhci->n_slots; slot++) {
        for (uint32_t i = 1; i < XHCI_ENDPOINTS && xhci->slots[slot].state != SLOT_DISABLED; i++) {
            if (xhci->slots[slot].endpoints[i].waits_for_room != 0) {
                kick(xhci, slot, i, &budget);
            }
        }
    }
}
