/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xHCI controller from the guest's side: a small driver that enumerates, moves data, stops and
 * resets endpoints; and one that breaks every rule it can think of. After each of its misdeeds the
 * controller, reset, has to serve the good one again.
 */
#include "modules/usb/classes.h"
#include "modules/usb/spec.h"
#include "modules/usb/xhci.h"
#include "tests/unit/pci-fixture.h"

#include <string.h>

extern const QhTimerService qh_timer_service;
extern const QhLogService qh_log_service;

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
#define CASES      200u

/* A function with a bulk endpoint either way that does as it is told. */
typedef struct Sink {
    QhDevice base;
    uint32_t answer; /* QH_USB_... for the next packets */
    uint64_t moves;  /* at most so many bytes */
    guint n_packets, n_cancelled;
    QhUsbPacket *kept;
    uint8_t last[64];
} Sink;

static UsbServices services;
static Sink *the_sink;

static const QhUsbService *usb(void)
{
    return qh_device_service.bus_service(the_sink->base.bus);
}

static uint32_t sink_packet(QhDevice *device, QhUsbPacket *packet)
{
    Sink *sink = (Sink *)device;
    static const uint8_t pattern[] = "The quick brown fox jumps over the lazy dog, and again.";

    sink->n_packets++;
    if (sink->answer == QH_USB_ASYNC) {
        sink->kept = packet;
    } else if (sink->answer == QH_USB_OK && packet->endpoint == 0x81) {
        packet->done = usb()->write(packet, 0, pattern, MIN(sink->moves, sizeof(pattern)));
    } else if (sink->answer == QH_USB_OK) {
        packet->done = usb()->read(packet, 0, sink->last, MIN(sink->moves, sizeof(sink->last)));
    }
    return sink->answer;
}

/* As a disk does: the memory is let go of a little later. */
static void sink_cancel(QhDevice *device, QhUsbPacket *packet)
{
    Sink *sink = (Sink *)device;

    g_assert_true(sink->kept == packet);
    sink->n_cancelled++;
}

static void let_go(uint32_t status, uint64_t bytes)
{
    QhUsbPacket *packet = g_steal_pointer(&the_sink->kept);

    packet->status = status;
    packet->done = bytes;
    usb()->complete(&the_sink->base, packet);
}

static void sink_reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static gboolean sink_realize(QhDevice *device, GError **error)
{
    (void)error;
    the_sink = (Sink *)device;
    the_sink->moves = UINT64_MAX;
    return TRUE;
}

static void sink_unrealize(QhDevice *device)
{
    (void)device;
    the_sink = NULL;
}

static const QhUsbEndpoint sink_endpoints[] = {
    {.address = 0x81, .attributes = USB_BULK, .max_packet = 512},
    {.address = 0x02, .attributes = USB_BULK, .max_packet = 512},
};
static const QhUsbInterface sink_interface = {
    .klass = 0xff,
    .n_endpoints = 2,
    .endpoints = sink_endpoints,
};
static const QhUsbDescription sink_description = {
    .size = sizeof(QhUsbDescription),
    .max_packet_0 = 64,
    .n_interfaces = 1,
    .interfaces = &sink_interface,
};
static const QhUsbClass sink_class = {
    .size = sizeof(QhUsbClass),
    .vendor = 0x1234,
    .product = 0x5678,
    .product_name = "Sink",
    .speeds = {[QH_USB_HIGH] = &sink_description},
    .packet = sink_packet,
    .cancel = sink_cancel,
};
static const QhStateTable no_state = {
    .size = sizeof(QhStateTable),
    .field_size = sizeof(QhStateField),
};
static const QhDeviceOps sink_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Sink),
    .bus = QH_USB_BUS,
    .state = &no_state,
    .realize = sink_realize,
    .unrealize = sink_unrealize,
    .reset = sink_reset,
    .bus_class = &sink_class,
};

static const FakeClass classes[] = {
    {"qemu-xhci", &usb_qemu_xhci_ops, &services},
    {"usb-hub",   &usb_hub_ops,       &services},
    {"usb-kbd",   &usb_kbd_ops,       &services},
    {"sink",      &sink_ops,          &services},
    {NULL,        NULL,               NULL     },
};

/* --- The guest --- */

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

static void put(Guest *g, uint64_t address, const void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_write(g->f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

static void get(Guest *g, uint64_t address, void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_read(g->f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

static void put_words(Guest *g, uint64_t address, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t words[4] = {a, b, c, d};

    put(g, address, words, sizeof(words));
}

static uint32_t reg(Guest *g, uint32_t offset)
{
    return mem_read(g->f, BAR + offset);
}

static void set(Guest *g, uint32_t offset, uint32_t value)
{
    mem_write(g->f, BAR + offset, value);
}

static gboolean next_event(Guest *g, Event *ret)
{
    uint32_t words[4];

    get(g, EVENTS + 16 * g->event, words, sizeof(words));
    if ((words[3] & 1) != g->event_cycle) {
        return FALSE;
    }
    *ret = (Event){
        .type = words[3] >> 10 & 63,
        .code = words[2] >> 24,
        .length = words[2] & 0xffffff,
        .slot = words[3] >> 24,
        .endpoint = words[3] >> 16 & 31,
        .pointer = words[0] | (uint64_t)words[1] << 32,
        .is_data = (words[3] & 4) != 0,
    };
    if (++g->event == TRBS) {
        g->event = 0;
        g->event_cycle ^= 1;
    }
    set(g, 0x1038, (EVENTS + 16 * g->event) | 8);
    set(g, 0x103c, 0);
    return TRUE;
}

/* The next event that is no port change. */
static Event wait_event(Guest *g)
{
    Event event = {0};

    for (guint i = 0; i < TRBS; i++) {
        if (!next_event(g, &event)) {
            return (Event){0};
        }
        if (event.type != TRB_EVENT_PORT) {
            break;
        }
    }
    return event;
}

static void no_event(Guest *g)
{
    g_assert_cmpuint(wait_event(g).type, ==, 0);
}

static Event command(Guest *g, uint64_t parameter, uint32_t status, uint32_t control)
{
    put_words(g, COMMANDS + 16 * g->command, (uint32_t)parameter, (uint32_t)(parameter >> 32),
              status, control | g->command_cycle);
    if (++g->command == TRBS - 1) {
        put_words(g, COMMANDS + 16 * g->command, COMMANDS, 0, 0,
                  TRB_LINK << 10 | TRB_TOGGLE | g->command_cycle);
        g->command = 0;
        g->command_cycle ^= 1;
    }
    set(g, 0x2000, 0);
    return wait_event(g);
}

static void start(Guest *g)
{
    set(g, 0x40, CMD_RESET);
    g_assert_cmphex(reg(g, 0x44) & (STS_HALTED | STS_ERROR), ==, STS_HALTED);
    g->command = g->event = 0;
    g->command_cycle = g->event_cycle = 1;
    for (uint32_t at = 0x1000; at < 0xc000; at += 16) {
        put_words(g, R + at, 0, 0, 0, 0);
    }
    put_words(g, ERST, EVENTS, 0, TRBS, 0);
    set(g, 0x1028, 1);
    set(g, 0x1038, EVENTS);
    set(g, 0x103c, 0);
    set(g, 0x1030, ERST);
    set(g, 0x1034, 0);
    set(g, 0x1020, 2);
    set(g, 0x70, DCBAA);
    set(g, 0x74, 0);
    set(g, 0x58, COMMANDS | 1);
    set(g, 0x5c, 0);
    set(g, 0x78, 8);
    set(g, 0x40, CMD_RUN | CMD_INTERRUPTS);
}

static void endpoint_context(Guest *g, uint32_t dci, uint32_t type, uint64_t ring)
{
    put_words(g, INPUT + 32 * (dci + 1), 0, 3u << 1 | type << 3 | 512u << 16, (uint32_t)ring | 1,
              (uint32_t)(ring >> 32));
    g->place[dci] = 0;
    g->ring[dci] = ring;
}

/* Reset port 1, get slot 1, give its function an address. */
static Event address_device(Guest *g, uint32_t route)
{
    uint32_t pointer = OUTPUT;

    set(g, 0x440, PORT_POWER | PORT_RESET);
    Event event = command(g, 0, 0, TRB_ENABLE_SLOT << 10);
    g_assert_cmpuint(event.code, ==, CC_SUCCESS);
    g_assert_cmpuint(event.slot, ==, 1);
    put(g, DCBAA + 8, &pointer, 4);
    put_words(g, INPUT, 0, 3, 0, 0);
    put_words(g, INPUT + 32, 1u << 27 | 3u << 20 | route, 1u << 16, 0, 0);
    endpoint_context(g, 1, EP_TYPE_CONTROL, CONTROL);
    return command(g, INPUT, 0, TRB_ADDRESS_DEVICE << 10 | 1u << 24);
}

static void enqueue(Guest *g, uint32_t dci, uint64_t parameter, uint32_t status, uint32_t control)
{
    uint64_t at = g->ring[dci] + 16 * g->place[dci]++;

    g_assert_cmpuint(g->place[dci], <, 256);
    put_words(g, at, (uint32_t)parameter, (uint32_t)(parameter >> 32), status, control | 1);
}

static void ring(Guest *g, uint32_t dci)
{
    set(g, 0x2004, dci);
}

/* A control request; the code of its last event. */
static uint32_t request(Guest *g, uint64_t setup, uint64_t data, uint32_t bytes)
{
    gboolean in = (setup & 0x80) != 0;

    enqueue(g, 1, setup, 8, TRB_SETUP << 10 | TRB_IMMEDIATE);
    if (bytes > 0) {
        enqueue(g, 1, data, bytes, TRB_DATA << 10 | (in ? TRB_DIRECTION_IN : 0) | TRB_ON_SHORT);
    }
    enqueue(g, 1, 0, 0, TRB_STATUS << 10 | TRB_IOC | (in && bytes > 0 ? 0 : TRB_DIRECTION_IN));
    ring(g, 1);
    Event event = wait_event(g), next = event;
    while (next.type != 0) {
        event = next;
        next = wait_event(g);
    }
    return event.code;
}

#define GET_DEVICE_DESCRIPTOR UINT64_C(0x0012000001000680)
#define SET_CONFIGURATION_1   UINT64_C(0x0000000000010900)
#define CLEAR_HALT_IN         UINT64_C(0x0000008100000102)

static void enumerate(Guest *g)
{
    uint8_t bytes[18];

    start(g);
    g_assert_cmpuint(address_device(g, 0).code, ==, CC_SUCCESS);
    g_assert_cmpuint(request(g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    get(g, DATA, bytes, sizeof(bytes));
    g_assert_cmphex(bytes[8] | bytes[9] << 8, ==, 0x1234);
    g_assert_cmpuint(bytes[7], ==, 64);
    put_words(g, INPUT, 0, 1u | 1u << IN_DCI | 1u << OUT_DCI, 0, 0);
    put_words(g, INPUT + 32, 4u << 27 | 3u << 20, 1u << 16, 0, 0);
    endpoint_context(g, IN_DCI, 6, BULK_IN);
    endpoint_context(g, OUT_DCI, 2, BULK_OUT);
    g_assert_cmpuint(command(g, INPUT, 0, TRB_CONFIGURE << 10 | 1u << 24).code, ==, CC_SUCCESS);
    g_assert_cmpuint(request(g, SET_CONFIGURATION_1, 0, 0), ==, CC_SUCCESS);
    the_sink->answer = QH_USB_OK;
    the_sink->moves = UINT64_MAX;
}

static void set_up(PciFixture *f, gconstpointer data)
{
    pci_set_up(f, data);
    fake_classes = classes;
    services = (UsbServices){
        .host = f->host,
        .device = &qh_device_service,
        .timer = &qh_timer_service,
        .log = &qh_log_service,
    };
    add(f, "{\"driver\": \"qemu-xhci\", \"id\": \"x\", \"addr\": \"1\"}");
    cfg_write(f, 0, XHCI_DEVFN, PCI_BAR0, 4, BAR);
    cfg_write(f, 0, XHCI_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    qh_machine_start(f->machine);
}

static void tear_down(PciFixture *f, gconstpointer data)
{
    cfg_write(f, 0, XHCI_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    mem_write(f, BAR + 0x40, CMD_RESET);
    if (the_sink != NULL && the_sink->kept != NULL) {
        let_go(QH_USB_GONE, 0);
    }
    qh_machine_stop(f->machine);
    pci_tear_down(f, data);
}

/* --- The good driver --- */

static void test_enumerate(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    g_assert_cmphex(reg(&g, 0) & 0xff, ==, 0x40);
    g_assert_cmphex(reg(&g, 4), ==, 64 | 16 << 8 | 8u << 24);
    g_assert_cmphex(reg(&g, 0x440) & (PORT_CONNECTED | PORT_ENABLED | PORT_CONNECT_CHANGE), ==,
                    PORT_CONNECTED | PORT_CONNECT_CHANGE);
    enumerate(&g);
    g_assert_cmphex(reg(&g, 0x440) & (PORT_SPEED | PORT_ENABLED), ==,
                    3u << PORT_SPEED_SHIFT | PORT_ENABLED);
    g_assert_cmpuint(f->lines, !=, 0);
    set(&g, 0x1020, 3);
    g_assert_cmpuint(f->lines, ==, 0);
    /* what a device refuses is a stall, and the next request works */
    g_assert_cmpuint(request(&g, UINT64_C(0x00ff00000f000680), DATA, 255), ==, CC_STALL);
    g_assert_cmpuint(command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | 1u << 16 | 1u << 24).code, ==,
                     CC_SUCCESS);
    g_assert_cmpuint(
        command(&g, (CONTROL + 16 * g.place[1]) | 1, 0, TRB_SET_DEQUEUE << 10 | 1u << 16 | 1u << 24)
            .code,
        ==, CC_SUCCESS);
    g_assert_cmpuint(request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    g_assert_cmpuint(command(&g, 0, 0, TRB_DISABLE_SLOT << 10 | 1u << 24).code, ==, CC_SUCCESS);
    g_assert_cmpuint(command(&g, 0, 0, TRB_DISABLE_SLOT << 10 | 1u << 24).code, ==,
                     CC_SLOT_DISABLED);
}

static void expect(Guest *g, uint32_t code, uint32_t length, uint64_t pointer)
{
    Event event = wait_event(g);

    g_assert_cmpuint(event.type, ==, TRB_EVENT_TRANSFER);
    g_assert_cmpuint(event.code, ==, code);
    g_assert_cmpuint(event.length, ==, length);
    g_assert_cmphex(event.pointer, ==, pointer);
}

static void test_bulk(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    char text[32] = {0};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    /* three pieces, the last across a page; a short packet in the second */
    the_sink->moves = 14;
    enqueue(&g, IN_DCI, DATA + 0x10, 4, TRB_NORMAL << 10 | TRB_CHAIN);
    enqueue(&g, IN_DCI, DATA + 0x20, 20, TRB_NORMAL << 10 | TRB_CHAIN | TRB_ON_SHORT);
    enqueue(&g, IN_DCI, DATA + 0xffe, 8, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    expect(&g, CC_SHORT, 10, BULK_IN + 16);
    no_event(&g);
    get(&g, DATA + 0x20, text, 10);
    g_assert_cmpstr(text, ==, "quick brow");
    /* event data: the sum of what came */
    the_sink->moves = UINT64_MAX;
    enqueue(&g, IN_DCI, DATA, 7, TRB_NORMAL << 10 | TRB_CHAIN);
    enqueue(&g, IN_DCI, 0x123456789, 0, TRB_EVENT_DATA << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    expect(&g, CC_SUCCESS, 7, 0x123456789);
    /* immediate data on the way out */
    enqueue(&g, OUT_DCI, UINT64_C(0x0000000064636261), 4,
            TRB_NORMAL << 10 | TRB_IMMEDIATE | TRB_IOC);
    ring(&g, OUT_DCI);
    expect(&g, CC_SUCCESS, 0, BULK_OUT);
    g_assert_cmpmem(the_sink->last, 4, "abcd", 4);
    /* a link that turns the cycle, and a no-op behind it */
    put_words(&g, BULK_OUT + 16, BULK_OUT + 0x200, 0, 0, TRB_LINK << 10 | TRB_TOGGLE | 1);
    put_words(&g, BULK_OUT + 0x200, 0, 0, 0, TRB_NO_OP << 10 | TRB_IOC);
    put_words(&g, BULK_OUT + 0x210, 0, 0, 0, 1);
    ring(&g, OUT_DCI);
    expect(&g, CC_SUCCESS, 0, BULK_OUT + 0x200);
}

static void test_nak_and_stall(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    the_sink->answer = QH_USB_NAK;
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    no_event(&g);
    the_sink->answer = QH_USB_OK;
    usb()->wakeup(&the_sink->base, 0x81);
    expect(&g, CC_SUCCESS, 0, BULK_IN);

    the_sink->answer = QH_USB_STALL;
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10);
    ring(&g, IN_DCI);
    expect(&g, CC_STALL, 5, BULK_IN + 16);
    the_sink->answer = QH_USB_OK;
    ring(&g, IN_DCI); /* halted: nothing happens */
    no_event(&g);
    g_assert_cmpuint(
        command(&g, BULK_IN | 1, 0, TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24).code, ==,
        CC_CONTEXT_STATE);
    g_assert_cmpuint(command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
                     CC_SUCCESS);
    ring(&g, IN_DCI); /* the function is halted, too */
    expect(&g, CC_STALL, 5, BULK_IN + 16);
    g_assert_cmpuint(request(&g, CLEAR_HALT_IN, 0, 0), ==, CC_SUCCESS);
    g_assert_cmpuint(command(&g, 0, 0, TRB_RESET_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
                     CC_SUCCESS);
    g_assert_cmpuint(
        command(&g, (BULK_IN + 32) | 1, 0, TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24).code,
        ==, CC_SUCCESS);
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    expect(&g, CC_SUCCESS, 0, BULK_IN + 32);
}

static void test_kept(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    the_sink->answer = QH_USB_ASYNC;
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    enqueue(&g, IN_DCI, DATA, 6, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    ring(&g, IN_DCI);
    g_assert_cmpuint(the_sink->n_packets, ==, 1);
    let_go(QH_USB_OK, 5);
    expect(&g, CC_SUCCESS, 0, BULK_IN);
    g_assert_cmpuint(the_sink->n_packets, ==, 2);
    /* stopped while it is under way; let go of later */
    g_assert_cmpuint(command(&g, 0, 0, TRB_STOP_ENDPOINT << 10 | IN_DCI << 16 | 1u << 24).code, ==,
                     CC_STOPPED);
    g_assert_cmpuint(wait_event(&g).code, ==, CC_SUCCESS);
    g_assert_cmpuint(the_sink->n_cancelled, ==, 1);
    QhUsbPacket *old = g_steal_pointer(&the_sink->kept);
    ring(&g, IN_DCI); /* the same TD, again, while the first is still in somebody's hands */
    g_assert_cmpuint(the_sink->n_packets, ==, 3);
    QhUsbPacket *new = g_steal_pointer(&the_sink->kept);
    the_sink->kept = old;
    let_go(QH_USB_GONE, 0);
    no_event(&g);
    the_sink->kept = new;
    let_go(QH_USB_OK, 6);
    expect(&g, CC_SUCCESS, 0, BULK_IN + 16);

    /* pulled while a packet is kept */
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    g_assert_true(qh_machine_remove_device(f->machine, "s", NULL));
    expect(&g, CC_TRANSACTION, 5, BULK_IN + 32);
    let_go(QH_USB_GONE, 0);
    settle();
    g_assert_null(the_sink);
    g_assert_cmphex(reg(&g, 0x440) & (PORT_CONNECTED | PORT_CONNECT_CHANGE), ==,
                    PORT_CONNECT_CHANGE);
    g_assert_cmpuint(request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_TRANSACTION);
}

/* The machine is reset while a packet is kept, which is let go of afterwards. */
static void test_reset(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    the_sink->answer = QH_USB_ASYNC;
    enqueue(&g, IN_DCI, DATA, 5, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, IN_DCI);
    qh_machine_stop(f->machine);
    g_assert_true(qh_machine_reset(f->machine, QH_RESET_WARM, NULL));
    g_assert_cmpuint(the_sink->n_cancelled, ==, 1);
    g_assert_cmpuint(f->lines, ==, 0);
    qh_machine_start(f->machine);
    let_go(QH_USB_GONE, 0);
    cfg_write(f, 0, XHCI_DEVFN, PCI_BAR0, 4, BAR);
    cfg_write(f, 0, XHCI_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    g_assert_cmphex(reg(&g, 0x40), ==, 0);
    g_assert_cmphex(reg(&g, 0x44) & (STS_HALTED | STS_ERROR | STS_EVENT), ==, STS_HALTED);
    g_assert_cmphex(reg(&g, 0x440) & (PORT_CONNECTED | PORT_ENABLED), ==, PORT_CONNECTED);
    enumerate(&g);
}

/* What comes while the guest looks at other events is told of when it has said that it is done. */
static void test_busy(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    uint32_t words[4];

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    set(&g, 0x1020, 3);
    g_assert_cmpuint(f->lines, ==, 0);
    enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, !=, 0);
    set(&g, 0x1020, 3); /* its handler has begun */
    enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, ==, 0);
    get(&g, EVENTS + 16 * g.event, words, sizeof(words));
    g_assert_cmpuint(words[3] & 1, ==, g.event_cycle);
    g.event++;
    set(&g, 0x1038, (EVENTS + 16 * g.event) | 8);
    set(&g, 0x103c, 0);
    g_assert_cmpuint(f->lines, !=, 0);
    set(&g, 0x1020, 3);
    g_assert_cmpuint(wait_event(&g).type, ==, TRB_EVENT_TRANSFER);
    g_assert_cmpuint(f->lines, ==, 0);
    /* interrupts that are enabled late come late */
    set(&g, 0x1020, 1);
    enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    ring(&g, OUT_DCI);
    g_assert_cmpuint(f->lines, ==, 0);
    set(&g, 0x1020, 2);
    g_assert_cmpuint(f->lines, !=, 0);
    set(&g, 0x1020, 3);
}

/* A guest that does not take its events: nothing is lost, nothing is begun. */
static void test_full_ring(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};
    guint n = 0;

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    for (guint i = 0; i < 100; i++) {
        enqueue(&g, OUT_DCI, DATA, 1, TRB_NORMAL << 10 | TRB_IOC);
    }
    ring(&g, OUT_DCI);
    g_assert_cmpuint(the_sink->n_packets, <, TRBS);
    for (Event event = wait_event(&g); event.type != 0; event = wait_event(&g)) {
        g_assert_cmphex(event.pointer, ==, BULK_OUT + 16 * n++);
        g_assert_cmpuint(event.code, ==, CC_SUCCESS);
    }
    g_assert_cmpuint(n, ==, 100);
}

static void test_hub(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1.1\"}", "does not exist");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"9\"}", "does not exist");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1x\"}", "does not exist");
    add(f, "{\"driver\": \"usb-hub\", \"id\": \"h\", \"port\": \"1\", \"ports\": 3}");
    add_fails(f, "{\"driver\": \"sink\", \"port\": \"1\"}", "in use");
    add_fails(f, "{\"driver\": \"usb-hub\", \"port\": \"2\", \"ports\": 16}", "ports");
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1.3\"}");
    start(&g);
    /* nobody at 1.2, and the one at 1.3 is found by its route */
    g_assert_cmpuint(address_device(&g, 2).code, ==, CC_TRANSACTION);
    start(&g);
    g_assert_cmpuint(address_device(&g, 3).code, ==, CC_SUCCESS);
    g_assert_cmpuint(request(&g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    g_autofree char *address = qh_instance_address(qh_instance_at_path(f->machine, "s"));
    g_assert_cmpstr(address, ==, "1.3");
    g_assert_true(qh_machine_remove_device(f->machine, "h", NULL));
    settle();
    g_assert_null(the_sink);
    g_assert_null(qh_instance_at_path(f->machine, "h"));
    for (guint i = 0; i < 4; i++) {
        add(f, "{\"driver\": \"usb-kbd\"}");
    }
    add_fails(f, "{\"driver\": \"usb-kbd\"}", "no port is free");
}

/* --- The bad driver --- */

/* Data that is not in memory: the TD is refused, and nothing was written. */
static void test_own_registers(PciFixture *f, gconstpointer data)
{
    static const uint64_t places[] = {BAR + 0x40,     BAR + 0x2000,     ECAM, PIO, 0x1000,
                                      UINT64_MAX - 3, UINT64_C(1) << 63};
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        enumerate(&g);
        guint before = the_sink->n_packets;
        enqueue(&g, IN_DCI, places[i], 8, TRB_NORMAL << 10 | TRB_IOC);
        ring(&g, IN_DCI);
        g_assert_cmpuint(wait_event(&g).code, ==, CC_TRB);
        g_assert_cmpuint(the_sink->n_packets, ==, before);
        g_assert_cmphex(reg(&g, 0x44) & STS_HALTED, ==, 0);
        g_assert_cmpuint(
            command(&g, (BULK_IN + 16) | 1, 0, TRB_SET_DEQUEUE << 10 | IN_DCI << 16 | 1u << 24)
                .code,
            ==, CC_SUCCESS);
    }
}

static uint64_t random_place(GRand *rand)
{
    static const uint64_t places[] = {0,        BAR,    BAR + 0x2000, UINT64_MAX - 15, R,
                                      COMMANDS, EVENTS, CONTROL,      BULK_IN,         INPUT,
                                      OUTPUT,   DCBAA,  ECAM};

    if (g_rand_int_range(rand, 0, 4) == 0) {
        return (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    }
    return places[g_rand_int_range(rand, 0, G_N_ELEMENTS(places))] +
           16 * (uint64_t)g_rand_int_range(rand, 0, 70);
}

/* Lay nonsense over one of the rings or contexts, with a bias towards what is nearly right. */
static void scribble(Guest *g, GRand *rand)
{
    static const uint32_t areas[] = {DCBAA,  COMMANDS, ERST,    INPUT,
                                     OUTPUT, CONTROL,  BULK_IN, BULK_OUT};
    uint32_t area = areas[g_rand_int_range(rand, 0, G_N_ELEMENTS(areas))];
    guint n = (guint)g_rand_int_range(rand, 1, 70);

    for (guint i = 0; i < n; i++) {
        uint64_t parameter = random_place(rand);
        uint32_t type =
            g_rand_int_range(rand, 0, 3) == 0 ? TRB_LINK : (uint32_t)g_rand_int_range(rand, 0, 64);
        uint32_t control = type << 10 | (g_rand_int(rand) & 0x037f03ff) |
                           (uint32_t)g_rand_int_range(rand, 0, 3) << 24 | 1;

        put_words(g, area + 16 * i, (uint32_t)parameter, (uint32_t)(parameter >> 32),
                  g_rand_int(rand) >> g_rand_int_range(rand, 0, 32), control);
    }
}

static void misbehave(Guest *g, GRand *rand)
{
    for (guint i = 0; i < 30; i++) {
        scribble(g, rand);
        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
            set(g, 0x2000, 0);
            break;
        case 1:
            set(g, 0x2000 + 4 * (uint32_t)g_rand_int_range(rand, 0, 70), g_rand_int(rand) & 31);
            break;
        case 2: /* an event ring elsewhere */
            set(g, 0x1030, (uint32_t)random_place(rand));
            set(g, 0x1034, 0);
            break;
        case 3:
            set(g, 0x1038, (uint32_t)random_place(rand));
            set(g, 0x103c, 0);
            break;
        case 4:
            set(g, 0x40 + 4 * (uint32_t)g_rand_int_range(rand, 0, 15), g_rand_int(rand) & ~2u);
            break;
        case 5:
            set(g, 0x440 + 4 * (uint32_t)g_rand_int_range(rand, 0, 40), g_rand_int(rand));
            break;
        default:
            set(g, 0x40, CMD_RUN | CMD_INTERRUPTS);
            ring(g, IN_DCI);
            ring(g, OUT_DCI);
            ring(g, 1);
            break;
        }
        if (the_sink->kept != NULL) {
            let_go(QH_USB_OK, g_rand_int(rand));
        }
        the_sink->answer = (uint32_t)g_rand_int_range(rand, 0, 6);
    }
}

static void test_malformed(PciFixture *f, gconstpointer data)
{
    gint64 slowest = 0;

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    for (uint32_t n = 0; n < CASES; n++) {
        Guest g = {.f = f};
        GRand *rand = g_rand_new_with_seed(n);
        gint64 before = g_get_monotonic_time();

        enumerate(&g);
        the_sink->answer = QH_USB_OK;
        misbehave(&g, rand);
        slowest = MAX(slowest, g_get_monotonic_time() - before);
        set(&g, 0x40, CMD_RESET); /* a packet that is kept outlives it */
        if (the_sink->kept != NULL) {
            let_go(QH_USB_GONE, 0);
        }
        g_rand_free(rand);
        enumerate(&g);
    }
    g_test_message("slowest case: %" G_GINT64_FORMAT " ms", slowest / 1000);
}

/* Rings without end: bounded work for each doorbell, and the host goes on. */
static void test_endless(PciFixture *f, gconstpointer data)
{
    Guest g = {.f = f};

    (void)data;
    add(f, "{\"driver\": \"sink\", \"id\": \"s\", \"port\": \"1\"}");
    enumerate(&g);
    /* links in a circle */
    put_words(&g, BULK_IN, BULK_IN + 16, 0, 0, TRB_LINK << 10 | 1);
    put_words(&g, BULK_IN + 16, BULK_IN, 0, 0, TRB_LINK << 10 | 1);
    ring(&g, IN_DCI);
    g_assert_cmpuint(wait_event(&g).code, ==, CC_TRB);
    /* a TD whose chain never ends */
    put_words(&g, BULK_OUT, DATA, 0, 1, TRB_NORMAL << 10 | TRB_CHAIN | 1);
    put_words(&g, BULK_OUT + 16, BULK_OUT, 0, 0, TRB_LINK << 10 | 1);
    ring(&g, OUT_DCI);
    g_assert_cmpuint(wait_event(&g).code, ==, CC_TRB);
    /* TDs that never end, and tell of nothing */
    enumerate(&g);
    put_words(&g, BULK_OUT, DATA, 0, 1, TRB_NORMAL << 10 | 1);
    put_words(&g, BULK_OUT + 16, BULK_OUT, 0, 0, TRB_LINK << 10 | 1);
    guint before = the_sink->n_packets;
    ring(&g, OUT_DCI);
    g_assert_cmpuint(the_sink->n_packets - before, <=, XHCI_WALK_TRBS);
    g_assert_cmpuint(the_sink->n_packets - before, >, 1000);
    /* a command ring that is a circle */
    enumerate(&g);
    put_words(&g, COMMANDS + 16 * g.command, COMMANDS + 16 * g.command, 0, 0,
              TRB_LINK << 10 | g.command_cycle);
    set(&g, 0x2000, 0);
    g_assert_cmphex(reg(&g, 0x44) & STS_ERROR, !=, 0);
    enumerate(&g);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(PciFixture *f, gconstpointer data);
    } tests[] = {
        {"/xhci/enumerate",     test_enumerate    },
        {"/xhci/bulk",          test_bulk         },
        {"/xhci/nak-and-stall", test_nak_and_stall},
        {"/xhci/kept",          test_kept         },
        {"/xhci/reset",         test_reset        },
        {"/xhci/busy",          test_busy         },
        {"/xhci/full-ring",     test_full_ring    },
        {"/xhci/hub",           test_hub          },
        {"/xhci/own-registers", test_own_registers},
        {"/xhci/malformed",     test_malformed    },
        {"/xhci/endless",       test_endless      },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, PciFixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
