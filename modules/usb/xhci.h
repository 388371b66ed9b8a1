/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the xHCI controller; sections are those of the eXtensible Host Controller Interface
 * specification 1.1.
 *
 * What the guest wrote is read once, into an XhciTrb or a context in our memory, and looked at only
 * there. A transfer ring is followed from the endpoint's dequeue pointer for one whole TD; only
 * when the TD is over does the pointer move on, so that what waits is nothing but that pointer,
 * which is all that a snapshot needs. Only a packet that a function keeps has memory mapped
 * meanwhile.
 */
#ifndef USB_XHCI_H
#define USB_XHCI_H

#include "abi/pci.h"
#include "modules/usb/usb.h"
#include "modules/usb/xhci-spec.h"

#define XHCI_SLOTS        64u
#define XHCI_INTERRUPTERS 16u
#define XHCI_ENDPOINTS    32u /* by device context index; 0 is the slot's own */
#define XHCI_PORTS        30u
#define XHCI_SEGMENTS     8u
#define XHCI_TD_TRBS      1024u /* a longer TD is refused */
#define XHCI_WALK_LINKS   16u   /* link TRBs in a row */
#define XHCI_WALK_TRBS    4096u /* at one go; the rest follows a little later */
#define XHCI_COMMANDS     256u  /* at one go, likewise */

typedef struct Xhci Xhci;

typedef struct XhciTrb {
    uint64_t parameter;
    uint32_t status, control;
    uint64_t address; /* where it was */
} XhciTrb;

typedef struct XhciRing {
    uint64_t dequeue;
    uint8_t cycle;
} XhciRing;

/* One TD that is being done, and its packet. */
typedef struct XhciTransfer {
    QhUsbPacket packet;
    Xhci *xhci;
    uint32_t slot, endpoint; /* slot 0: nobody waits for it any more */
    XhciRing after;          /* where the ring goes on */
    gboolean kept;           /* by the function */
    GArray *trbs;            /* XhciTrb */
    GArray *vecs;            /* QhBlockVec, as mapped */
} XhciTransfer;

typedef struct XhciEndpoint {
    uint8_t state; /* EP_... */
    uint8_t type;
    uint8_t has_setup; /* endpoint 0: a SETUP whose request has not been done */
    uint8_t setup[8];
    XhciRing ring;
    /* derived */
    uint8_t waits_for_room; /* in an event ring */
    uint8_t naked;          /* the function said NAK */
    XhciTransfer *active;   /* kept by the function */
} XhciEndpoint;

typedef struct XhciSlot {
    uint8_t state; /* SLOT_... */
    uint8_t root_port;
    uint8_t address;
    uint32_t route;
    uint64_t context;      /* output device context */
    UsbFunction *function; /* derived; NULL: it has gone */
    XhciEndpoint endpoints[XHCI_ENDPOINTS];
} XhciSlot;

typedef struct XhciInterrupter {
    uint32_t iman, imod, erstsz;
    uint64_t erstba, erdp;
    /* the producer's side */
    uint32_t n_segments; /* 0: no ring */
    uint64_t base[XHCI_SEGMENTS];
    uint32_t trbs[XHCI_SEGMENTS];
    uint32_t segment, index;
    uint8_t cycle;
} XhciInterrupter;

typedef struct XhciPort {
    uint32_t portsc, portpmsc, portli, porthlpmc;
} XhciPort;

struct Xhci {
    UsbController base;
    /* properties */
    uint32_t p2, p3, slots_wanted, interrupters_wanted;
    uint8_t msi, msix; /* 0 auto, 1 on, 2 off */
    uint8_t streams, conditional_mapping;

    const QhPciService *pci;
    uint32_t n_ports, n_slots, n_interrupters;
    QhTimer *later;
    uint8_t command_later;
    uint8_t line;
    gboolean running; /* the machine */
    uint32_t n_kept;  /* packets that functions keep, with or without a slot */

    uint32_t usbcmd, usbsts, dnctrl, config;
    uint64_t crcr, dcbaap;
    XhciRing commands;
    uint8_t commands_run;
    XhciPort ports[XHCI_PORTS];
    XhciInterrupter interrupters[XHCI_INTERRUPTERS];
    XhciSlot slots[XHCI_SLOTS + 1]; /* from 1 */
};

/* xhci.c */
void xhci_guest_error(const Xhci *xhci, const char *text);
/* The guest did what the controller cannot go on from: it stops, with HCE. */
void xhci_break(Xhci *xhci, const char *text);
void xhci_run_later(Xhci *xhci);
void xhci_reset(Xhci *xhci);
void xhci_set_run(Xhci *xhci, gboolean run);
void xhci_update_line(Xhci *xhci);
gboolean xhci_is_running(const Xhci *xhci);

/* xhci-memory.c: little-endian words of guest memory; FALSE: there is no RAM. */
gboolean xhci_read(const Xhci *xhci, uint64_t address, uint32_t *words, uint32_t n);
gboolean xhci_write(const Xhci *xhci, uint64_t address, const uint32_t *words, uint32_t n);
/* The next TRB of @ring that is not a link: its type and TRUE; FALSE: there is none yet, or
 * (@ret_bad) the ring leads nowhere. */
gboolean xhci_next(const Xhci *xhci, XhciRing *ring, XhciTrb *ret, gboolean *ret_bad);

static inline uint32_t xhci_trb_type(const XhciTrb *trb)
{
    return trb->control >> 10 & 0x3f;
}

/* xhci-event.c */
void xhci_event(Xhci *xhci, uint32_t n, uint64_t parameter, uint32_t status, uint32_t control);
/* Whether @n events would find room. */
gboolean xhci_event_room(const Xhci *xhci, uint32_t interrupter, uint32_t n);
void xhci_ring_start(Xhci *xhci, uint32_t interrupter); /* ERSTBA was written */
void xhci_ring_taken(Xhci *xhci, uint32_t interrupter); /* ERDP was */
/* Interrupts have been enabled: those that wait may go. */
void xhci_send_pending(Xhci *xhci);

/* xhci-port.c */
uint32_t xhci_socket(const Xhci *xhci, uint32_t port); /* of the bus, for a port of ours */
void xhci_port_changed(UsbBus *bus, uint32_t socket);
void xhci_port_reset_all(Xhci *xhci);
void xhci_port_tell(Xhci *xhci); /* it runs now: tell of what has changed before */
void xhci_port_write(Xhci *xhci, uint32_t port, uint32_t offset, uint32_t value);
void xhci_port_wakeup(Xhci *xhci, const UsbFunction *function);

/* xhci-command.c */
void xhci_run_commands(Xhci *xhci);
/* Forget slots; @slot 0: all of them. */
void xhci_slot_clear(Xhci *xhci, uint32_t slot);
void xhci_slot_find_function(Xhci *xhci, uint32_t slot);

/* xhci-transfer.c */
void xhci_kick(Xhci *xhci, uint32_t slot, uint32_t endpoint);
void xhci_kick_all(Xhci *xhci);
/* Those that waited for room in an event ring. */
void xhci_kick_waiting(Xhci *xhci);
/* Give up what is under way; @code not 0: tell with a transfer event. */
void xhci_endpoint_stop(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint32_t code);
/* Note the state of an endpoint, in its context, too. */
void xhci_endpoint_state(Xhci *xhci, uint32_t slot, uint32_t endpoint, uint8_t state);
void xhci_complete(UsbBus *bus, QhUsbPacket *packet);

/* xhci-registers.c, xhci-state.c */
extern const QhIoOps xhci_io_ops;
void xhci_stream(QhDevice *device, QhStateStream *stream);

#endif
