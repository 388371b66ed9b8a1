/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USB controller over the fixture of PCI, a function that does as it is told, and a guest that
 * drives both.
 */
#ifndef QH_TESTS_UNIT_USB_FIXTURE_H
#define QH_TESTS_UNIT_USB_FIXTURE_H

#include "modules/usb/xhci.h"
#include "tests/unit/pci-fixture.h"

#define XHCI_DEVFN (1u << 3)
#define BAR        (MMIO + 0x100000u)
#define R          FAKE_RAM_AT
#define DCBAA      (R + 0x1000u)
#define COMMANDS   (R + 0x2000u) /* 63 TRBs and a link */
#define ERST       (R + 0x3000u)
#define EVENTS     (R + 0x4000u) /* 64 */
#define INPUT      (R + 0x5000u)
#define OUTPUT     (R + 0x6000u)
#define CONTROL    (R + 0x7000u) /* endpoint 0 */
#define BULK_IN    (R + 0x8000u)
#define BULK_OUT   (R + 0x9000u)
#define DATA       (R + 0xa000u)
#define TRBS       64u
#define IN_DCI     3u
#define OUT_DCI    4u

/* A function with a bulk endpoint either way that does as it is told. */
typedef struct Sink {
    QhDevice base;
    uint32_t answer; /* QH_USB_... for the next packets */
    uint64_t moves;  /* at most so many bytes */
    guint n_packets, n_cancelled;
    QhUsbPacket *kept;
    uint8_t last[64];
} Sink;

extern Sink *the_sink;

typedef struct Guest {
    PciFixture *f;
    uint32_t command, command_cycle; /* next place, next cycle bit */
    uint32_t event, event_cycle;
    uint32_t place[XHCI_ENDPOINTS];
    uint64_t ring[XHCI_ENDPOINTS];
} Guest;

typedef struct Event {
    uint32_t type, code, length, slot, endpoint;
    uint64_t pointer;
    gboolean is_data;
} Event;

#define GET_DEVICE_DESCRIPTOR UINT64_C(0x0012000001000680)
#define SET_CONFIGURATION_1   UINT64_C(0x0000000000010900)
#define CLEAR_HALT_IN         UINT64_C(0x0000008100000102)

const QhUsbService *sink_usb(void);
void sink_let_go(uint32_t status, uint64_t bytes);
void guest_put(Guest *g, uint64_t address, const void *data, uint64_t bytes);
void guest_get(Guest *g, uint64_t address, void *data, uint64_t bytes);
void guest_put_words(Guest *g, uint64_t address, uint32_t a, uint32_t b, uint32_t c, uint32_t d);
uint32_t guest_reg(Guest *g, uint32_t offset);
void guest_set(Guest *g, uint32_t offset, uint32_t value);
Event guest_wait_event(Guest *g);
void guest_no_event(Guest *g);
Event guest_command(Guest *g, uint64_t parameter, uint32_t status, uint32_t control);
void guest_start(Guest *g);
void guest_endpoint(Guest *g, uint32_t dci, uint32_t type, uint64_t ring);
Event guest_address(Guest *g, uint32_t route);
void guest_enqueue(Guest *g, uint32_t dci, uint64_t parameter, uint32_t status, uint32_t control);
void guest_ring(Guest *g, uint32_t dci);
uint32_t guest_request(Guest *g, uint64_t setup, uint64_t data, uint32_t bytes);
void guest_enumerate(Guest *g);
void guest_expect(Guest *g, uint32_t code, uint32_t length, uint64_t pointer);
void usb_set_up(PciFixture *f, gconstpointer data);
void usb_tear_down(PciFixture *f, gconstpointer data);

#endif
