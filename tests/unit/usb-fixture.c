/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/usb-fixture.h"

#include "modules/usb/classes.h"
#include "modules/usb/spec.h"

#include <string.h>

extern const QhTimerService qh_timer_service;
extern const QhLogService qh_log_service;

static UsbServices services;
Sink *the_sink;

const QhUsbService *sink_usb(void)
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
        packet->done = sink_usb()->write(packet, 0, pattern, MIN(sink->moves, sizeof(pattern)));
    } else if (sink->answer == QH_USB_OK) {
        packet->done =
            sink_usb()->read(packet, 0, sink->last, MIN(sink->moves, sizeof(sink->last)));
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

void sink_let_go(uint32_t status, uint64_t bytes)
{
    QhUsbPacket *packet = g_steal_pointer(&the_sink->kept);

    packet->status = status;
    packet->done = bytes;
    sink_usb()->complete(&the_sink->base, packet);
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

void guest_put(Guest *g, uint64_t address, const void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_write(g->f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

void guest_get(Guest *g, uint64_t address, void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_read(g->f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

void guest_put_words(Guest *g, uint64_t address, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t words[4] = {a, b, c, d};

    guest_put(g, address, words, sizeof(words));
}

uint32_t guest_reg(Guest *g, uint32_t offset)
{
    return mem_read(g->f, BAR + offset);
}

void guest_set(Guest *g, uint32_t offset, uint32_t value)
{
    mem_write(g->f, BAR + offset, value);
}

static gboolean next_event(Guest *g, Event *ret)
{
    uint32_t words[4];

    guest_get(g, EVENTS + 16 * g->event, words, sizeof(words));
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
    guest_set(g, 0x1038, (EVENTS + 16 * g->event) | 8);
    guest_set(g, 0x103c, 0);
    return TRUE;
}

/* The next event that is no port change. */
Event guest_wait_event(Guest *g)
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

void guest_no_event(Guest *g)
{
    g_assert_cmpuint(guest_wait_event(g).type, ==, 0);
}

Event guest_command(Guest *g, uint64_t parameter, uint32_t status, uint32_t control)
{
    guest_put_words(g, COMMANDS + 16 * g->command, (uint32_t)parameter, (uint32_t)(parameter >> 32),
                    status, control | g->command_cycle);
    if (++g->command == TRBS - 1) {
        guest_put_words(g, COMMANDS + 16 * g->command, COMMANDS, 0, 0,
                        TRB_LINK << 10 | TRB_TOGGLE | g->command_cycle);
        g->command = 0;
        g->command_cycle ^= 1;
    }
    guest_set(g, 0x2000, 0);
    return guest_wait_event(g);
}

void guest_start(Guest *g)
{
    guest_set(g, 0x40, CMD_RESET);
    g_assert_cmphex(guest_reg(g, 0x44) & (STS_HALTED | STS_ERROR), ==, STS_HALTED);
    g->command = g->event = 0;
    g->command_cycle = g->event_cycle = 1;
    for (uint32_t at = 0x1000; at < 0xc000; at += 16) {
        guest_put_words(g, R + at, 0, 0, 0, 0);
    }
    guest_put_words(g, ERST, EVENTS, 0, TRBS, 0);
    guest_set(g, 0x1028, 1);
    guest_set(g, 0x1038, EVENTS);
    guest_set(g, 0x103c, 0);
    guest_set(g, 0x1030, ERST);
    guest_set(g, 0x1034, 0);
    guest_set(g, 0x1020, 2);
    guest_set(g, 0x70, DCBAA);
    guest_set(g, 0x74, 0);
    guest_set(g, 0x58, COMMANDS | 1);
    guest_set(g, 0x5c, 0);
    guest_set(g, 0x78, 8);
    guest_set(g, 0x40, CMD_RUN | CMD_INTERRUPTS);
}

void guest_endpoint(Guest *g, uint32_t dci, uint32_t type, uint64_t ring)
{
    guest_put_words(g, INPUT + 32 * (dci + 1), 0, 3u << 1 | type << 3 | 512u << 16,
                    (uint32_t)ring | 1, (uint32_t)(ring >> 32));
    g->place[dci] = 0;
    g->ring[dci] = ring;
}

/* Reset port 1, get slot 1, give its function an address. */
Event guest_address(Guest *g, uint32_t route)
{
    uint32_t pointer = OUTPUT;

    guest_set(g, 0x440, PORT_POWER | PORT_RESET);
    Event event = guest_command(g, 0, 0, TRB_ENABLE_SLOT << 10);
    g_assert_cmpuint(event.code, ==, CC_SUCCESS);
    g_assert_cmpuint(event.slot, ==, 1);
    guest_put(g, DCBAA + 8, &pointer, 4);
    guest_put_words(g, INPUT, 0, 3, 0, 0);
    guest_put_words(g, INPUT + 32, 1u << 27 | 3u << 20 | route, 1u << 16, 0, 0);
    guest_endpoint(g, 1, EP_TYPE_CONTROL, CONTROL);
    return guest_command(g, INPUT, 0, TRB_ADDRESS_DEVICE << 10 | 1u << 24);
}

void guest_enqueue(Guest *g, uint32_t dci, uint64_t parameter, uint32_t status, uint32_t control)
{
    uint64_t at = g->ring[dci] + 16 * g->place[dci]++;

    g_assert_cmpuint(g->place[dci], <, 256);
    guest_put_words(g, at, (uint32_t)parameter, (uint32_t)(parameter >> 32), status, control | 1);
}

void guest_ring(Guest *g, uint32_t dci)
{
    guest_set(g, 0x2004, dci);
}

/* A control request; the code of its last event. */
uint32_t guest_request(Guest *g, uint64_t setup, uint64_t data, uint32_t bytes)
{
    gboolean in = (setup & 0x80) != 0;

    guest_enqueue(g, 1, setup, 8, TRB_SETUP << 10 | TRB_IMMEDIATE);
    if (bytes > 0) {
        guest_enqueue(g, 1, data, bytes,
                      TRB_DATA << 10 | (in ? TRB_DIRECTION_IN : 0) | TRB_ON_SHORT);
    }
    guest_enqueue(g, 1, 0, 0,
                  TRB_STATUS << 10 | TRB_IOC | (in && bytes > 0 ? 0 : TRB_DIRECTION_IN));
    guest_ring(g, 1);
    Event event = guest_wait_event(g), next = event;
    while (next.type != 0) {
        event = next;
        next = guest_wait_event(g);
    }
    return event.code;
}

void guest_enumerate(Guest *g)
{
    uint8_t bytes[18];

    guest_start(g);
    g_assert_cmpuint(guest_address(g, 0).code, ==, CC_SUCCESS);
    g_assert_cmpuint(guest_request(g, GET_DEVICE_DESCRIPTOR, DATA, 18), ==, CC_SUCCESS);
    guest_get(g, DATA, bytes, sizeof(bytes));
    g_assert_cmphex(bytes[8] | bytes[9] << 8, ==, 0x1234);
    g_assert_cmpuint(bytes[7], ==, 64);
    guest_put_words(g, INPUT, 0, 1u | 1u << IN_DCI | 1u << OUT_DCI, 0, 0);
    guest_put_words(g, INPUT + 32, 4u << 27 | 3u << 20, 1u << 16, 0, 0);
    guest_endpoint(g, IN_DCI, 6, BULK_IN);
    guest_endpoint(g, OUT_DCI, 2, BULK_OUT);
    g_assert_cmpuint(guest_command(g, INPUT, 0, TRB_CONFIGURE << 10 | 1u << 24).code, ==,
                     CC_SUCCESS);
    g_assert_cmpuint(guest_request(g, SET_CONFIGURATION_1, 0, 0), ==, CC_SUCCESS);
    the_sink->answer = QH_USB_OK;
    the_sink->moves = UINT64_MAX;
}

void usb_set_up(PciFixture *f, gconstpointer data)
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

void usb_tear_down(PciFixture *f, gconstpointer data)
{
    cfg_write(f, 0, XHCI_DEVFN, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
    mem_write(f, BAR + 0x40, CMD_RESET);
    if (the_sink != NULL && the_sink->kept != NULL) {
        sink_let_go(QH_USB_GONE, 0);
    }
    qh_machine_stop(f->machine);
    pci_tear_down(f, data);
}

void guest_expect(Guest *g, uint32_t code, uint32_t length, uint64_t pointer)
{
    Event event = guest_wait_event(g);

    g_assert_cmpuint(event.type, ==, TRB_EVENT_TRANSFER);
    g_assert_cmpuint(event.code, ==, code);
    g_assert_cmpuint(event.length, ==, length);
    g_assert_cmphex(event.pointer, ==, pointer);
}
