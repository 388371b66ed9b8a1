/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command ring (4.6). Input contexts are read once and checked as a whole before anything
 * changes; routes and ring pointers are then kept here, and the output context is only written.
 */
#include "modules/usb/spec.h"
#include "modules/usb/xhci.h"

#include <string.h>

#define CONTEXT_BYTES 32u
#define NEC_VERSION   0x3021u

typedef struct Input {
    uint32_t drop, add;
    uint64_t at;
} Input;

static uint32_t slot_of(const XhciTrb *trb)
{
    return trb->control >> 24;
}

static uint32_t endpoint_of(const XhciTrb *trb)
{
    return trb->control >> 16 & 0x1f;
}

static gboolean is_enabled(const Xhci *xhci, uint32_t slot)
{
    return slot >= 1 && slot <= xhci->n_slots && xhci->slots[slot].state != SLOT_DISABLED;
}

/* 6.2.5 */
static gboolean read_input(const Xhci *xhci, const XhciTrb *trb, Input *ret)
{
    uint32_t words[2];

    ret->at = trb->parameter & ~UINT64_C(15);
    if (!xhci_read(xhci, ret->at, words, 2)) {
        return FALSE;
    }
    ret->drop = words[0];
    ret->add = words[1];
    return TRUE;
}

static gboolean
read_context(const Xhci *xhci, const Input *input, uint32_t index, uint32_t *words, uint32_t n)
{
    return xhci_read(xhci, input->at + CONTEXT_BYTES * (index + 1ull), words, n);
}

/* Word 3 of the slot context: address and state. */
static void write_slot_state(Xhci *xhci, uint32_t slot)
{
    const XhciSlot *s = &xhci->slots[slot];
    uint32_t state = s->state == SLOT_ENABLED ? 0 : s->state;
    uint32_t word = s->address | state << 27;

    (void)xhci_write(xhci, s->context + 12, &word, 1);
}

void xhci_slot_find_function(Xhci *xhci, uint32_t slot)
{
    XhciSlot *s = &xhci->slots[slot];
    UsbFunction *function;
    const UsbFunction *root;

    s->function = NULL;
    if (s->root_port < 1 || s->root_port > xhci->n_ports) {
        return;
    }
    function =
        usb_function_routed(&xhci->base.bus, xhci_socket(xhci, s->root_port), s->route & 0xfffff);
    root = usb_function_at(&xhci->base.bus, NULL, xhci_socket(xhci, s->root_port));
    if (function == NULL || (function->slot != 0 && function->slot != slot) ||
        (root->speed == QH_USB_SUPER) != (s->root_port > xhci->p2)) {
        return;
    }
    function->slot = slot;
    s->function = function;
}

static void forget(Xhci *xhci, uint32_t slot)
{
    XhciSlot *s = &xhci->slots[slot];

    for (uint32_t i = 1; i < XHCI_ENDPOINTS; i++) {
        xhci_endpoint_stop(xhci, slot, i, 0);
    }
    if (s->function != NULL) {
        s->function->slot = 0;
    }
    memset(s, 0, sizeof(*s));
}

void xhci_slot_clear(Xhci *xhci, uint32_t slot)
{
    for (uint32_t i = slot != 0 ? slot : 1; i <= (slot != 0 ? slot : XHCI_SLOTS); i++) {
        forget(xhci, i);
    }
}

/* --- Commands; each returns a completion code --- */

static uint32_t enable_slot(Xhci *xhci, uint32_t *ret_slot)
{
    uint32_t n = MIN(xhci->config & 0xff, xhci->n_slots);

    for (uint32_t slot = 1; slot <= n; slot++) {
        if (xhci->slots[slot].state == SLOT_DISABLED) {
            xhci->slots[slot].state = SLOT_ENABLED;
            *ret_slot = slot;
            return CC_SUCCESS;
        }
    }
    return CC_NO_SLOTS;
}

static uint32_t disable_slot(Xhci *xhci, uint32_t slot)
{
    uint64_t context = xhci->slots[slot].context;
    const uint32_t none = 0;

    if (context != 0) {
        (void)xhci_write(xhci, context + 12, &none, 1);
    }
    forget(xhci, slot);
    return CC_SUCCESS;
}

static void start_endpoint(XhciEndpoint *ep, const uint32_t *words, uint8_t state)
{
    *ep = (XhciEndpoint){
        .state = state,
        .type = words[1] >> 3 & 7,
        .ring = {.dequeue = (words[2] | (uint64_t)words[3] << 32) & ~UINT64_C(15),
                 .cycle = words[2] & 1},
    };
}

static gboolean
write_endpoint(Xhci *xhci, uint32_t slot, uint32_t endpoint, const uint32_t *words, uint8_t state)
{
    const uint32_t out[8] = {(words[0] & ~7u) | state, words[1], words[2], words[3], words[4]};

    return xhci_write(xhci, xhci->slots[slot].context + (uint64_t)CONTEXT_BYTES * endpoint, out, 8);
}

/* 4.6.5. @block: the function gets no address yet. */
static uint32_t address_device(Xhci *xhci, uint32_t slot, const XhciTrb *trb)
{
    XhciSlot *s = &xhci->slots[slot];
    gboolean block = (trb->control & TRB_BLOCK_ADDRESS) != 0;
    uint32_t slot_words[4], words[5], pointer[2];
    Input input;

    if (s->state != SLOT_ENABLED && (s->state != SLOT_DEFAULT || block)) {
        return CC_CONTEXT_STATE;
    }
    if (!read_input(xhci, trb, &input) || !read_context(xhci, &input, 0, slot_words, 4) ||
        !read_context(xhci, &input, 1, words, 5) ||
        !xhci_read(xhci, xhci->dcbaap + 8ull * slot, pointer, 2)) {
        return CC_TRB;
    }
    if (input.drop != 0 || (input.add & 3) != 3 || (words[1] >> 3 & 7) != EP_TYPE_CONTROL) {
        return CC_PARAMETER;
    }
    xhci_endpoint_stop(xhci, slot, 1, 0);
    if (s->function != NULL) {
        s->function->slot = 0;
    }
    s->root_port = (uint8_t)(slot_words[1] >> 16);
    s->route = slot_words[0] & 0xfffff;
    s->context = (pointer[0] | (uint64_t)pointer[1] << 32) & ~UINT64_C(63);
    xhci_slot_find_function(xhci, slot);
    if (s->function == NULL) {
        return CC_TRANSACTION;
    }
    s->state = block ? SLOT_DEFAULT : SLOT_ADDRESSED;
    s->address = block ? 0 : (uint8_t)slot;
    s->function->address = s->address;
    start_endpoint(&s->endpoints[1], words, EP_RUNNING);
    const uint32_t out[8] = {slot_words[0], slot_words[1], slot_words[2],
                             s->address | (uint32_t)s->state << 27};
    if (!xhci_write(xhci, s->context, out, 8) ||
        !write_endpoint(xhci, slot, 1, words, EP_RUNNING)) {
        return CC_TRB;
    }
    return CC_SUCCESS;
}

/* 6.2.3: what an endpoint context of @endpoint may say; CC_SUCCESS or what is wrong. Isochronous
 * endpoints get no bandwidth: no function here has any. */
static uint32_t check_endpoint(uint32_t endpoint, const uint32_t *words)
{
    uint32_t type = words[1] >> 3 & 7;

    if (type == 0 || type == EP_TYPE_CONTROL || (type > EP_TYPE_CONTROL) != ((endpoint & 1) != 0) ||
        (words[0] >> 10 & 0x1f) != 0 || words[1] >> 16 == 0) {
        return CC_PARAMETER;
    }
    return type == EP_TYPE_ISOCH_OUT || type == EP_TYPE_ISOCH_IN ? CC_RESOURCE : CC_SUCCESS;
}

static void drop_endpoint(Xhci *xhci, uint32_t slot, uint32_t endpoint)
{
    XhciEndpoint *ep = &xhci->slots[slot].endpoints[endpoint];

    if (ep->state != EP_DISABLED) {
        xhci_endpoint_stop(xhci, slot, endpoint, 0);
        *ep = (XhciEndpoint){.state = EP_DISABLED};
        xhci_endpoint_state(xhci, slot, endpoint, EP_DISABLED);
    }
}

static void set_configured(Xhci *xhci, uint32_t slot)
{
    XhciSlot *s = &xhci->slots[slot];

    s->state = SLOT_ADDRESSED;
    for (uint32_t i = 2; i < XHCI_ENDPOINTS; i++) {
        if (s->endpoints[i].state != EP_DISABLED) {
            s->state = SLOT_CONFIGURED;
        }
    }
    write_slot_state(xhci, slot);
}

/* 4.6.6 */
static uint32_t configure(Xhci *xhci, uint32_t slot, const XhciTrb *trb)
{
    XhciSlot *s = &xhci->slots[slot];
    gboolean deconfigure = (trb->control & TRB_DECONFIGURE) != 0;
    uint32_t slot_words[4], words[XHCI_ENDPOINTS][5];
    Input input = {.drop = ~3u};

    if (s->state != SLOT_ADDRESSED && s->state != SLOT_CONFIGURED) {
        return CC_CONTEXT_STATE;
    }
    if (!deconfigure) {
        if (!read_input(xhci, trb, &input) || !read_context(xhci, &input, 0, slot_words, 4)) {
            return CC_TRB;
        }
        if ((input.drop & 3) != 0 || (input.add & 3) != 1) {
            return CC_PARAMETER;
        }
        for (uint32_t i = 2; i < XHCI_ENDPOINTS; i++) {
            if ((input.add & 1u << i) == 0) {
                continue;
            }
            if (!read_context(xhci, &input, i, words[i], 5)) {
                return CC_TRB;
            }
            uint32_t code = check_endpoint(i, words[i]);
            if (code != CC_SUCCESS) {
                return code;
            }
        }
        (void)xhci_write(xhci, s->context, slot_words, 3);
    }
    for (uint32_t i = 2; i < XHCI_ENDPOINTS; i++) {
        if (((input.drop | input.add) & 1u << i) != 0) {
            drop_endpoint(xhci, slot, i);
        }
        if ((input.add & 1u << i) != 0) {
            start_endpoint(&s->endpoints[i], words[i], EP_RUNNING);
            (void)write_endpoint(xhci, slot, i, words[i], EP_RUNNING);
        }
    }
    set_configured(xhci, slot);
    return CC_SUCCESS;
}

/* 4.6.7: exit latency, interrupter, the size of packets of endpoint 0. */
static uint32_t evaluate(Xhci *xhci, uint32_t slot, const XhciTrb *trb)
{
    const XhciSlot *s = &xhci->slots[slot];
    uint32_t in[4], out[4];
    Input input;

    if (s->state < SLOT_DEFAULT || s->state > SLOT_CONFIGURED) {
        return CC_CONTEXT_STATE;
    }
    if (!read_input(xhci, trb, &input)) {
        return CC_TRB;
    }
    if (input.drop != 0 || (input.add & ~3u) != 0 || input.add == 0) {
        return CC_PARAMETER;
    }
    if ((input.add & 1) != 0) {
        if (!read_context(xhci, &input, 0, in, 4) || !xhci_read(xhci, s->context, out, 4)) {
            return CC_TRB;
        }
        out[1] = (out[1] & ~0xffffu) | (in[1] & 0xffff);
        out[2] = (out[2] & 0x3fffff) | (in[2] & ~0x3fffffu);
        (void)xhci_write(xhci, s->context, out, 3);
    }
    if ((input.add & 2) != 0) {
        if (!read_context(xhci, &input, 1, in, 2) ||
            !xhci_read(xhci, s->context + CONTEXT_BYTES, out, 2)) {
            return CC_TRB;
        }
        out[1] = (out[1] & 0xffff) | (in[1] & ~0xffffu);
        (void)xhci_write(xhci, s->context + CONTEXT_BYTES + 4, out + 1, 1);
    }
    return CC_SUCCESS;
}

/* 4.6.11: as after a reset of its port. */
static uint32_t reset_device(Xhci *xhci, uint32_t slot)
{
    XhciSlot *s = &xhci->slots[slot];

    if (s->state < SLOT_ADDRESSED || s->state > SLOT_CONFIGURED) {
        return CC_CONTEXT_STATE;
    }
    xhci_endpoint_stop(xhci, slot, 1, 0);
    s->endpoints[1].has_setup = 0;
    for (uint32_t i = 2; i < XHCI_ENDPOINTS; i++) {
        drop_endpoint(xhci, slot, i);
    }
    if (s->function != NULL) {
        s->function->address = s->function->configuration = 0;
    }
    s->state = SLOT_DEFAULT;
    s->address = 0;
    write_slot_state(xhci, slot);
    return CC_SUCCESS;
}

/* Commands on one endpoint. */
static uint32_t on_endpoint(Xhci *xhci, uint32_t slot, const XhciTrb *trb)
{
    uint32_t endpoint = endpoint_of(trb);
    XhciEndpoint *ep = &xhci->slots[slot].endpoints[endpoint];

    if (endpoint == 0) {
        return CC_TRB;
    }
    if (ep->state == EP_DISABLED) {
        return CC_EP_DISABLED;
    }
    switch (xhci_trb_type(trb)) {
    case TRB_RESET_ENDPOINT: /* 4.6.8 */
        if (ep->state != EP_HALTED) {
            return CC_CONTEXT_STATE;
        }
        ep->has_setup = 0;
        break;
    case TRB_STOP_ENDPOINT: /* 4.6.9 */
        if (ep->state != EP_RUNNING) {
            return CC_CONTEXT_STATE;
        }
        xhci_endpoint_stop(xhci, slot, endpoint, CC_STOPPED);
        break;
    default: /* 4.6.10 */
        if (ep->state != EP_STOPPED && ep->state != EP_ERROR) {
            return CC_CONTEXT_STATE;
        }
        if (trb->status >> 16 != 0) {
            return CC_PARAMETER;
        }
        ep->ring.dequeue = trb->parameter & ~UINT64_C(15);
        ep->ring.cycle = trb->parameter & 1;
        ep->has_setup = 0;
        break;
    }
    xhci_endpoint_state(xhci, slot, endpoint, EP_STOPPED);
    return CC_SUCCESS;
}

static uint32_t on_slot(Xhci *xhci, uint32_t slot, const XhciTrb *trb)
{
    if (!is_enabled(xhci, slot)) {
        return CC_SLOT_DISABLED;
    }
    switch (xhci_trb_type(trb)) {
    case TRB_DISABLE_SLOT:
        return disable_slot(xhci, slot);
    case TRB_ADDRESS_DEVICE:
        return address_device(xhci, slot, trb);
    case TRB_CONFIGURE:
        return configure(xhci, slot, trb);
    case TRB_EVALUATE:
        return evaluate(xhci, slot, trb);
    case TRB_RESET_DEVICE:
        return reset_device(xhci, slot);
    default:
        return on_endpoint(xhci, slot, trb);
    }
}

static void execute(Xhci *xhci, const XhciTrb *trb)
{
    uint32_t slot = slot_of(trb), code, event = TRB_EVENT_COMMAND, more = 0;

    switch (xhci_trb_type(trb)) {
    case TRB_ENABLE_SLOT:
        slot = 0;
        code = enable_slot(xhci, &slot);
        break;
    case TRB_DISABLE_SLOT:
    case TRB_ADDRESS_DEVICE:
    case TRB_CONFIGURE:
    case TRB_EVALUATE:
    case TRB_RESET_ENDPOINT:
    case TRB_STOP_ENDPOINT:
    case TRB_SET_DEQUEUE:
    case TRB_RESET_DEVICE:
        code = on_slot(xhci, slot, trb);
        break;
    case TRB_NO_OP_COMMAND:
        code = CC_SUCCESS;
        break;
    case TRB_NEC_FIRMWARE: /* what drivers ask of this maker's controllers */
        code = CC_SUCCESS;
        event = TRB_NEC_EVENT;
        more = NEC_VERSION;
        break;
    default:
        code = CC_TRB;
        break;
    }
    xhci_event(xhci, 0, trb->address, code << 24 | more, event << 10 | slot << 24);
}

void xhci_run_commands(Xhci *xhci)
{
    xhci->command_later = 0;
    for (uint32_t i = 0; xhci->commands_run != 0 && xhci->running && xhci_is_running(xhci); i++) {
        XhciRing ring = xhci->commands;
        gboolean bad = FALSE;
        XhciTrb trb;

        if (!xhci_next(xhci, &ring, &trb, &bad)) {
            if (bad) {
                xhci_break(xhci, "xhci: the command ring leads nowhere");
            }
            return;
        }
        if (i >= XHCI_COMMANDS || !xhci_event_room(xhci, 0, 2)) {
            xhci->command_later = 1; /* a timer, or ERDP, lets it go on */
            if (i >= XHCI_COMMANDS) {
                xhci_run_later(xhci);
            }
            return;
        }
        xhci->commands = ring;
        execute(xhci, &trb);
    }
}
