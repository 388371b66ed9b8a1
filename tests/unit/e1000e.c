/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000e from the guest's side, with a network that notes what it is given: registers, NVM,
 * PHY, all formats of descriptors, filters, interrupts; and drivers that break the rules.
 */
#include "modules/e1000e/e1000e.h"
#include "tests/unit/pci-fixture.h"

#include <string.h>

extern const QhTimerService qh_timer_service;
extern const QhLogService qh_log_service;

#define DEVFN   (1u << 3)
#define BAR     (MMIO + 0x100000u)
#define R       FAKE_RAM_AT
#define TX_RING (R + 0x1000u)
#define RX_RING (R + 0x2000u)
#define BUFFERS (R + 0x4000u)
#define SLOTS   8u /* of either ring */
#define CASES   200u

static E1000eServices services;

/* The network. */
static struct {
    const QhNetHandlers *handlers;
    void *card;
    gboolean full;
    guint n_sent, n_ready;
    QhNetHeader header;
    uint8_t frame[QH_NET_FRAME_MAX];
    uint64_t bytes;
} net;

static gboolean net_attach(QhNet *netdev,
                           QhInstance *device,
                           uint32_t n_queues,
                           uint8_t *mac,
                           const QhNetHandlers *handlers,
                           void *opaque,
                           GError **error)
{
    (void)netdev;
    (void)device;
    (void)n_queues;
    (void)mac;
    (void)error;
    net.handlers = handlers;
    net.card = opaque;
    return TRUE;
}

static void net_detach(QhNet *netdev)
{
    (void)netdev;
    net.card = NULL;
}

static gboolean net_up(QhNet *netdev)
{
    (void)netdev;
    return TRUE;
}

static void net_offloads(QhNet *netdev, uint32_t offloads)
{
    (void)netdev;
    g_assert_cmpuint(offloads, ==, 0);
}

static gboolean net_send(
    QhNet *netdev, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    (void)netdev;
    (void)queue;
    if (net.full) {
        return FALSE;
    }
    net.n_sent++;
    net.header = *header;
    net.bytes = 0;
    for (uint32_t i = 0; i < n_vec; i++) {
        g_assert_cmpuint(net.bytes + vec[i].bytes, <=, sizeof(net.frame));
        memcpy(net.frame + net.bytes, vec[i].base, vec[i].bytes);
        net.bytes += vec[i].bytes;
    }
    return TRUE;
}

static void net_ready(QhNet *netdev, uint32_t queue)
{
    (void)netdev;
    (void)queue;
    net.n_ready++;
}

static void net_purge(QhNet *netdev)
{
    (void)netdev;
}

static const QhNetService fake_net = {
    .size = sizeof(QhNetService),
    .attach = net_attach,
    .detach = net_detach,
    .link_up = net_up,
    .set_offloads = net_offloads,
    .send = net_send,
    .ready = net_ready,
    .purge = net_purge,
};

/* The real class but for the property that names a network of the host. */
static QhDeviceOps card_ops;
static const QhProperty properties[] = {
    QH_PROPERTY(
        "mac", QH_PROPERTY_MAC, offsetof(E1000e, mac), "52:54:00:01:02:03", 0, 0, "address"),
    QH_PROPERTY("netdev", QH_PROPERTY_U64, offsetof(E1000e, netdev), "1", 0, 0, "never looked at"),
    QH_PROPERTY(
        "subsys_ven", QH_PROPERTY_U16, offsetof(E1000e, subsystem_vendor), "32902", 0, 0, "vendor"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const FakeClass classes[] = {
    {"card", &card_ops, &services},
    {NULL,   NULL,      NULL     },
};

static uint32_t reg(PciFixture *f, uint32_t offset)
{
    return mem_read(f, BAR + offset);
}

static void set(PciFixture *f, uint32_t offset, uint32_t value)
{
    mem_write(f, BAR + offset, value);
}

static void put(PciFixture *f, uint64_t address, const void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_write(f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

static void get(PciFixture *f, uint64_t address, void *data, uint64_t bytes)
{
    g_assert_cmpuint(qh_space_read(f->space, address, data, bytes, 0), ==, QH_BUS_OK);
}

static void
put_words(PciFixture *f, uint64_t address, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t words[4] = {a, b, c, d};

    put(f, address, words, sizeof(words));
}

/* Rings of eight, buffers of 2 KiB, everything received. */
static void start(PciFixture *f)
{
    set(f, REG_CTRL, CTRL_RESET);
    set(f, REG_TDBAL, TX_RING);
    set(f, REG_TDLEN, SLOTS * 16);
    set(f, REG_TCTL, TCTL_ENABLE);
    set(f, REG_RDBAL, RX_RING);
    set(f, REG_RDLEN, SLOTS * 16);
    for (uint32_t i = 0; i < SLOTS; i++) {
        put_words(f, RX_RING + 16 * i, BUFFERS + 0x800 * i, 0, 0, 0);
        put_words(f, TX_RING + 16 * i, 0, 0, 0, 0);
    }
    set(f, REG_RCTL, RCTL_ENABLE | RCTL_BROADCAST | RCTL_STRIP_CRC);
    set(f, REG_RDT, SLOTS - 1);
    net.full = FALSE;
    net.n_sent = 0;
}

static void set_up(PciFixture *f, gconstpointer data)
{
    pci_set_up(f, data);
    card_ops = e1000e_ops;
    card_ops.properties = &property_table;
    fake_classes = classes;
    memset(&net, 0, sizeof(net));
    services = (E1000eServices){
        .host = f->host,
        .device = &qh_device_service,
        .timer = &qh_timer_service,
        .log = &qh_log_service,
        .net = &fake_net,
    };
    add(f, "{\"driver\": \"card\", \"id\": \"n\", \"addr\": \"1\"}");
    cfg_write(f, 0, DEVFN, PCI_BAR0, 4, BAR);
    cfg_write(f, 0, DEVFN, PCI_BAR0 + 8, 4, 0x1000);
    cfg_write(f, 0, DEVFN, PCI_BAR0 + 12, 4, MMIO + 0x300000);
    cfg_write(f, 0, DEVFN, PCI_COMMAND, 2,
              PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    start(f);
}

static void tear_down(PciFixture *f, gconstpointer data)
{
    set(f, REG_CTRL, CTRL_RESET);
    pci_tear_down(f, data);
}

/* --- Registers --- */

static uint32_t phy(PciFixture *f, uint32_t number)
{
    set(f, REG_MDIC, MDIC_READ | 1u << 21 | number << 16);
    g_assert_cmphex(reg(f, REG_MDIC) & (MDIC_READY | MDIC_ERROR), ==, MDIC_READY);
    return reg(f, REG_MDIC) & 0xffff;
}

static void test_registers(PciFixture *f, gconstpointer data)
{
    uint16_t sum = 0, word = 0;

    (void)data;
    g_assert_cmphex(cfg_read(f, 0, DEVFN, 0, 4), ==, 0x10d38086);
    g_assert_cmphex(reg(f, REG_STATUS) & 3, ==, 3);
    for (uint32_t i = 0; i < 64; i++) {
        set(f, REG_EERD, i << 2 | EERD_START);
        g_assert_cmphex(reg(f, REG_EERD) & EERD_DONE, !=, 0);
        word = (uint16_t)(reg(f, REG_EERD) >> 16);
        sum = (uint16_t)(sum + word);
        g_assert_cmphex(i == 1 ? word : 0x0100, ==, 0x0100); /* bytes 2 and 3 of the address */
    }
    g_assert_cmphex(sum, ==, 0xbaba);
    set(f, REG_EERD, 0xffffffff);
    g_assert_cmphex(phy(f, 2), ==, 0x0141);
    g_assert_cmphex(phy(f, 3), ==, 0x0cb1);
    g_assert_cmphex(phy(f, 1) & 0x24, ==, 0x24);
    set(f, REG_MDIC, MDIC_READ | 7u << 21);
    g_assert_cmphex(reg(f, REG_MDIC) & MDIC_ERROR, !=, 0);
    for (uint32_t i = 0; i < 32; i++) {
        set(f, REG_MDIC, MDIC_WRITE | 1u << 21 | i << 16 | 0xffff);
        (void)phy(f, i);
    }
    g_assert_cmphex(reg(f, REG_RAL), ==, 0x01005452);
    g_assert_cmphex(reg(f, REG_RAH), ==, 0x80000302);
    /* the same through ports */
    mem_write(f, PIO + 0x1000, REG_RAL);
    g_assert_cmphex(mem_read(f, PIO + 0x1004), ==, 0x01005452);
    mem_write(f, PIO + 0x1000, 0xffffffff);
    g_assert_cmphex(mem_read(f, PIO + 0x1004), ==, 0);
    set(f, REG_CTRL, CTRL_MASTER_DISABLE);
    g_assert_cmphex(reg(f, REG_STATUS) & STATUS_MASTER, ==, 0);
    /* the cable */
    set(f, REG_IMS, CAUSE_LINK);
    net.handlers->link(net.card, FALSE);
    g_assert_cmphex(phy(f, 1) & 4, ==, 0);
    g_assert_cmphex(reg(f, REG_STATUS) & STATUS_LINK, ==, 0);
    g_assert_cmphex(f->lines, !=, 0);
    g_assert_cmphex(reg(f, REG_ICR) & CAUSE_LINK, !=, 0);
    g_assert_cmphex(f->lines, ==, 0);
    net.handlers->link(net.card, TRUE);
    set(f, REG_ICR, UINT32_MAX);
    g_assert_cmphex(f->lines, ==, 0);
}

/* --- Transmit --- */

static const uint8_t frame_head[14] = {0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 1, 2, 3, 8, 0};

/* An Ethernet, IPv4 and TCP header, and @payload bytes, in the first buffer. */
static uint32_t write_tcp(PciFixture *f, uint32_t payload)
{
    g_autofree uint8_t *frame = g_malloc0(54 + payload);

    memcpy(frame, frame_head, sizeof(frame_head));
    frame[14] = 0x45;
    frame[16] = (uint8_t)((40 + payload) >> 8);
    frame[17] = (uint8_t)(40 + payload);
    frame[22] = 64;
    frame[23] = 6;
    memcpy(frame + 26, "\x0a\x00\x02\x0f\x0a\x00\x02\x02", 8);
    frame[46] = 0x50;
    for (uint32_t i = 0; i < payload; i++) {
        frame[54 + i] = (uint8_t)i;
    }
    put(f, BUFFERS, frame, 54 + payload);
    return 54 + payload;
}

static uint32_t status_of(PciFixture *f, uint32_t slot)
{
    uint32_t word;

    get(f, TX_RING + 16 * slot + 12, &word, 4);
    return word & 1;
}

static void test_legacy(PciFixture *f, gconstpointer data)
{
    uint32_t bytes = write_tcp(f, 100);

    (void)data;
    /* in two pieces, with the IP header's sum put in */
    put_words(f, TX_RING, BUFFERS, 0, 20 | 24u << 16 | TX_SUM | TX_REPORT, 14u << 8);
    put_words(f, TX_RING + 16, BUFFERS + 20, 0, (bytes - 20) | TX_END | TX_REPORT, 0);
    set(f, REG_TDT, 1);
    g_assert_cmpuint(net.n_sent, ==, 0); /* not whole yet */
    set(f, REG_IMS, CAUSE_TX_DONE);
    set(f, REG_TDT, 2);
    g_assert_cmpuint(net.n_sent, ==, 1);
    g_assert_cmpuint(net.bytes, ==, bytes);
    g_assert_cmpmem(net.frame, 14, frame_head, 14);
    g_assert_cmpuint(status_of(f, 0) + status_of(f, 1), ==, 2);
    g_assert_cmpuint(reg(f, REG_TDH), ==, 2);
    g_assert_cmphex(f->lines, !=, 0);
    g_assert_cmphex(reg(f, REG_ICR) & (CAUSE_TX_DONE | CAUSE_ASSERTED), ==,
                    CAUSE_TX_DONE | CAUSE_ASSERTED);
    g_assert_cmphex(f->lines, ==, 0);
    g_assert_cmpuint(reg(f, REG_GPTC), ==, 1);
    g_assert_cmpuint(reg(f, REG_GPTC), ==, 0);
    /* a tag, over the end of the ring */
    set(f, REG_CTRL, CTRL_VLAN);
    for (uint32_t i = 2; i < 10; i++) {
        put_words(f, TX_RING + 16 * (i % 8), BUFFERS, 0, 60 | TX_END | TX_VLAN, 0x0123u << 16);
        set(f, REG_TDT, (i + 1) % 8);
    }
    g_assert_cmpuint(net.n_sent, ==, 9);
    g_assert_cmpuint(net.bytes, ==, 64);
    g_assert_cmpmem(net.frame + 12, 6, "\x81\x00\x01\x23\x08\x00", 6);
}

static void context(PciFixture *f, uint32_t slot, uint32_t mss)
{
    put_words(f, TX_RING + 16 * slot, 14 | 24u << 8 | 33u << 16, 34 | 50u << 8,
              TX_EXTENDED | TX_TCP | TX_IPV4 | TX_SEGMENT, 54u << 8 | mss << 16);
}

static void test_extended(PciFixture *f, gconstpointer data)
{
    uint32_t bytes = write_tcp(f, 200);

    (void)data;
    context(f, 0, 0);
    put_words(f, TX_RING + 16, BUFFERS, 0, bytes | TX_EXTENDED | TX_TYPE_DATA | TX_END | TX_REPORT,
              TX_POPTS_IP | TX_POPTS_TCP);
    set(f, REG_TDT, 2);
    g_assert_cmpuint(net.n_sent, ==, 1);
    g_assert_cmpuint(net.header.gso_type, ==, QH_NET_GSO_NONE);
    g_assert_cmphex(e1000e_sum(net.frame + 14, 20, 0), ==, 0xffff);
    g_assert_cmphex(e1000e_sum(net.frame + 34, bytes - 34, 0), ==, 0xffff);
    /* large: lengths and the pseudo header are filled in, the rest is the network's */
    bytes = write_tcp(f, 5000);
    context(f, 2, 1460);
    put_words(f, TX_RING + 48, BUFFERS, 0, 1000 | TX_EXTENDED | TX_TYPE_DATA | TX_SEGMENT,
              TX_POPTS_IP | TX_POPTS_TCP);
    put_words(f, TX_RING + 64, BUFFERS + 1000, 0,
              (bytes - 1000) | TX_EXTENDED | TX_TYPE_DATA | TX_SEGMENT | TX_END, 0);
    set(f, REG_TDT, 5);
    g_assert_cmpuint(net.n_sent, ==, 2);
    g_assert_cmpuint(net.bytes, ==, bytes);
    g_assert_cmpuint(net.header.gso_type, ==, QH_NET_GSO_TCPV4);
    g_assert_cmpuint(net.header.gso_bytes, ==, 1460);
    g_assert_cmpuint(net.header.header_bytes, ==, 54);
    g_assert_cmpuint(net.header.csum_start, ==, 34);
    g_assert_cmpuint(net.header.csum_offset, ==, 16);
    g_assert_cmphex(e1000e_sum(net.frame + 14, 20, 0), ==, 0xffff);
    g_assert_cmphex(net.frame[50] << 8 | net.frame[51], ==,
                    e1000e_sum(net.frame + 26, 8, 6 + bytes - 34));
}

/* A network without room: the frame stays in the ring, and goes later, once. */
static void test_full(PciFixture *f, gconstpointer data)
{
    (void)data;
    (void)write_tcp(f, 6);
    net.full = TRUE;
    put_words(f, TX_RING, BUFFERS, 0, 60 | TX_END | TX_REPORT, 0);
    set(f, REG_TDT, 1);
    g_assert_cmpuint(reg(f, REG_TDH), ==, 0);
    g_assert_cmpuint(status_of(f, 0), ==, 0);
    net.full = FALSE;
    net.handlers->can_send(net.card, 0);
    net.handlers->can_send(net.card, 0);
    g_assert_cmpuint(net.n_sent, ==, 1);
    g_assert_cmpuint(status_of(f, 0), ==, 1);
}

/* --- Receive --- */

static gboolean give(const char *address, uint32_t type, uint32_t bytes)
{
    static uint8_t frame[QH_NET_FRAME_MAX];
    const QhNetHeader plain = {0};
    const QhNetVec vec[2] = {
        {frame,      20        },
        {frame + 20, bytes - 20}
    };

    for (uint32_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    memcpy(frame, address, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    return net.handlers->receive(net.card, 0, &plain, vec, 2);
}

#define OWN       "\x52\x54\x00\x01\x02\x03"
#define OTHER     "\x52\x54\x00\x01\x02\x04"
#define ALL       "\xff\xff\xff\xff\xff\xff"
#define MULTICAST "\x33\x33\x00\x00\x00\x01"

static void test_receive(PciFixture *f, gconstpointer data)
{
    uint32_t words[4];

    (void)data;
    g_assert_true(net.handlers->can_receive(net.card, 0));
    set(f, REG_IMS, CAUSE_RX_TIMER);
    g_assert_true(give(OWN, 0x0800, 100));
    get(f, RX_RING, words, 16);
    g_assert_cmpuint(words[2] & 0xffff, ==, 100);
    g_assert_cmphex(words[3] & 0xff, ==, RX_DONE | RX_END | RX_NO_SUM);
    g_assert_cmphex(f->lines, !=, 0);
    g_assert_cmphex(reg(f, REG_ICR) & CAUSE_RX_TIMER, !=, 0);
    g_assert_cmpuint(reg(f, REG_RDH), ==, 1);
    /* short ones are filled up; long ones take several buffers */
    g_assert_true(give(ALL, 0x0800, 42));
    get(f, RX_RING + 16, words, 16);
    g_assert_cmpuint(words[2] & 0xffff, ==, 60);
    g_assert_true(give(OWN, 0x0800, 5000)); /* too long without RCTL.LPE */
    g_assert_cmpuint(reg(f, REG_RDH), ==, 2);
    set(f, REG_RCTL, reg(f, REG_RCTL) | RCTL_LONG);
    g_assert_true(give(OWN, 0x0800, 5000));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 5);
    get(f, RX_RING + 16 * 4, words, 16);
    g_assert_cmpuint(words[2] & 0xffff, ==, 5000 - 4096);
    g_assert_cmphex(words[3] & RX_END, !=, 0);
    get(f, RX_RING + 16 * 3, words, 16);
    g_assert_cmphex(words[3] & (RX_DONE | RX_END), ==, RX_DONE);
    /* no room for the whole of it: it waits */
    g_assert_false(give(OWN, 0x0800, 5000));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 5);
    guint ready = net.n_ready;
    set(f, REG_RDT, 4);
    g_assert_cmpuint(net.n_ready, >, ready);
    g_assert_true(give(OWN, 0x0800, 5000));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 0);
}

static void test_filters(PciFixture *f, gconstpointer data)
{
    const uint32_t hash = (1u << 8 | 0) >> 4; /* of MULTICAST's last two bytes */

    (void)data;
    g_assert_true(give(OTHER, 0x0800, 60));
    g_assert_true(give(MULTICAST, 0x0800, 60));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 0);
    set(f, REG_MTA + hash / 32 * 4, 1u << hash % 32);
    g_assert_true(give(MULTICAST, 0x0800, 60));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 1);
    set(f, REG_RCTL, reg(f, REG_RCTL) | RCTL_UNICAST);
    g_assert_true(give(OTHER, 0x0800, 60));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 2);
    /* tags: 0x6269 & 0xfff from the pattern */
    set(f, REG_RCTL, reg(f, REG_RCTL) | RCTL_VLAN_FILTER);
    g_assert_true(give(OWN, 0x8100, 80));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 2);
    set(f, REG_VFTA + 0x269 / 32 * 4, 1u << 0x269 % 32);
    set(f, REG_CTRL, CTRL_VLAN);
    g_assert_true(give(OWN, 0x8100, 80));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 3);
    uint32_t words[4];
    get(f, RX_RING + 32, words, 16);
    g_assert_cmpuint(words[2] & 0xffff, ==, 76);
    g_assert_cmphex(words[3] & RX_VLAN, !=, 0);
    g_assert_cmphex(words[3] >> 16, ==, 0x6269);
    /* broadcasts can be turned off */
    set(f, REG_RCTL, reg(f, REG_RCTL) & ~(uint32_t)RCTL_BROADCAST);
    g_assert_true(give(ALL, 0x0800, 60));
    g_assert_cmpuint(reg(f, REG_RDH), ==, 3);
}

static void test_formats(PciFixture *f, gconstpointer data)
{
    uint32_t words[8];

    (void)data;
    set(f, REG_RFCTL, RFCTL_EXTENDED);
    g_assert_true(give(OWN, 0x0800, 300));
    get(f, RX_RING, words, 16);
    g_assert_cmphex(words[2] & 3, ==, RX_DONE | RX_END);
    g_assert_cmpuint(words[3] & 0xffff, ==, 300);
    /* split: 256 bytes, then pages */
    start(f);
    set(f, REG_RFCTL, RFCTL_EXTENDED);
    set(f, REG_RCTL, reg(f, REG_RCTL) | RCTL_SPLIT | RCTL_LONG);
    set(f, REG_PSRCTL, 2 | 4u << 8 | 4u << 16 | 4u << 24);
    for (uint32_t i = 0; i < 4; i++) {
        put_words(f, RX_RING + 32 * i, BUFFERS, 0, BUFFERS + 0x1000, 0);
        put_words(f, RX_RING + 32 * i + 16, BUFFERS + 0x2000, 0, BUFFERS + 0x3000, 0);
    }
    set(f, REG_RDT, 3);
    g_assert_true(give(OWN, 0x0800, 5000));
    get(f, RX_RING, words, 32);
    g_assert_cmphex(words[2] & 3, ==, RX_DONE | RX_END);
    g_assert_cmpuint(words[3] & 0xffff, ==, 256);
    g_assert_cmpuint(words[4] >> 16, ==, 4096);
    g_assert_cmpuint(words[5] & 0xffff, ==, 5000 - 4096 - 256);
}

/* --- MSI-X --- */

static void test_messages(PciFixture *f, gconstpointer data)
{
    const uint32_t table = MMIO + 0x300000;

    (void)data;
    uint32_t at = cfg_find(f, 0, DEVFN, PCI_CAP_MSIX);
    for (uint32_t i = 0; i < 5; i++) {
        mem_write(f, table + 16 * i, R + 0x100 + 4 * i);
        mem_write(f, table + 16 * i + 4, 0);
        mem_write(f, table + 16 * i + 8, 0x70 + i);
        mem_write(f, table + 16 * i + 12, 0);
    }
    cfg_write(f, 0, DEVFN, at + 2, 2, 0x8000);
    set(f, REG_IVAR, 8 | 9u << 8 | 10u << 16 | 1u << 31);
    set(f, REG_CTRL_EXT, CTRL_EXT_EIAME);
    set(f, REG_EIAC, 0x01f00000);
    set(f, REG_IMS, CAUSE_RX_QUEUE | CAUSE_TX_QUEUE | CAUSE_OTHER | CAUSE_LINK);
    g_assert_true(give(OWN, 0x0800, 60));
    g_assert_cmphex(mem_read(f, R + 0x100), ==, 0x70);
    g_assert_cmphex(mem_read(f, R + 0x104), ==, 0);
    mem_write(f, R + 0x100, 0);
    g_assert_true(give(OWN, 0x0800, 60)); /* masked until the guest says so */
    g_assert_cmphex(mem_read(f, R + 0x100), ==, 0);
    set(f, REG_IMS, CAUSE_RX_QUEUE);
    g_assert_cmphex(mem_read(f, R + 0x100), ==, 0x70);
    net.handlers->link(net.card, TRUE);
    g_assert_cmphex(mem_read(f, R + 0x108), ==, 0x72);
    put_words(f, TX_RING, BUFFERS, 0, 60 | TX_END | TX_REPORT, 0);
    set(f, REG_TDT, 1);
    g_assert_cmphex(mem_read(f, R + 0x104), ==, 0x71);
    g_assert_cmphex(f->lines, ==, 0);
    cfg_write(f, 0, DEVFN, at + 2, 2, 0);
}

/* --- Bad drivers --- */

static void test_own_registers(PciFixture *f, gconstpointer data)
{
    (void)data;
    /* a ring, a buffer and a place for frames in the card's own window */
    set(f, REG_TDBAL, BAR);
    set(f, REG_TDT, 3);
    g_assert_cmpuint(net.n_sent, ==, 0);
    start(f);
    put_words(f, TX_RING, BAR, 0, 60 | TX_END | TX_REPORT, 0);
    set(f, REG_TDT, 1);
    g_assert_cmpuint(net.n_sent, ==, 0);
    g_assert_cmpuint(reg(f, REG_TDH), ==, 1);
    start(f);
    put_words(f, RX_RING, BAR + REG_RCTL, 0, 0, 0);
    uint32_t before = reg(f, REG_RCTL);
    g_assert_true(give(OWN, 0x0800, 60));
    g_assert_cmphex(reg(f, REG_RCTL), ==, before);
    set(f, REG_RDBAL, BAR);
    set(f, REG_RDH, 0);
    (void)give(OWN, 0x0800, 60);
    g_assert_cmphex(reg(f, REG_RCTL) & RCTL_ENABLE, ==, 0);
}

static uint32_t odd(GRand *rand)
{
    static const uint32_t values[] = {
        0,       1,      BUFFERS, TX_RING, RX_RING,      BAR,    128,        0x7fffffff, UINT32_MAX,
        0xfffff, 0xf000, 54,      34,      54u << 8 | 7, 0xff80, 0x05b43600, 0x21003b0e, R};

    return g_rand_int_range(rand, 0, 3) == 0 ? g_rand_int(rand)
                                             : values[g_rand_int_range(rand, 0, 18)];
}

static void misbehave(PciFixture *f, GRand *rand)
{
    static const uint32_t registers[] = {
        REG_RCTL,  REG_TCTL,  REG_RDBAL, REG_RDBAH, REG_RDLEN,  REG_RDH,      REG_RDT,  REG_TDBAL,
        REG_TDBAH, REG_TDLEN, REG_TDH,   REG_TDT,   REG_PSRCTL, REG_RFCTL,    REG_CTRL, REG_VET,
        REG_MDIC,  REG_EERD,  REG_IVAR,  REG_ICS,   REG_IMS,    REG_CTRL_EXT, REG_EECD};

    for (guint i = 0; i < 40; i++) {
        for (uint32_t k = 0; k < SLOTS; k++) {
            put_words(f, TX_RING + 16 * k, odd(rand),
                      g_rand_int_range(rand, 0, 4) == 0 ? odd(rand) : 0,
                      (g_rand_int(rand) & 0x7f10ffff) | (g_rand_int(rand) & TX_END), odd(rand));
            put_words(f, RX_RING + 16 * k, odd(rand), 0, odd(rand), 0);
        }
        if (g_rand_int_range(rand, 0, 3) != 0) {
            start(f);
        }
        for (guint k = (guint)g_rand_int_range(rand, 0, 4); k > 0; k--) {
            set(f, registers[g_rand_int_range(rand, 0, G_N_ELEMENTS(registers))], odd(rand));
        }
        set(f, REG_TDT, (uint32_t)g_rand_int_range(rand, 0, 9));
        (void)give(g_rand_boolean(rand) ? OWN : ALL, g_rand_boolean(rand) ? 0x8100 : 0x86dd,
                   (uint32_t)g_rand_int_range(rand, 21, 17000));
        net.full = g_rand_int_range(rand, 0, 5) == 0;
        (void)reg(f, REG_ICR);
    }
}

static void test_malformed(PciFixture *f, gconstpointer data)
{
    gint64 slowest = 0;

    for (uint32_t n = 0; n < CASES; n++) {
        GRand *rand = g_rand_new_with_seed(n);
        gint64 before = g_get_monotonic_time();

        misbehave(f, rand);
        slowest = MAX(slowest, g_get_monotonic_time() - before);
        g_rand_free(rand);
    }
    g_test_message("slowest case: %" G_GINT64_FORMAT " ms", slowest / 1000);
    start(f);
    test_legacy(f, data);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(PciFixture *f, gconstpointer data);
    } tests[] = {
        {"/e1000e/registers",     test_registers    },
        {"/e1000e/legacy",        test_legacy       },
        {"/e1000e/extended",      test_extended     },
        {"/e1000e/full",          test_full         },
        {"/e1000e/receive",       test_receive      },
        {"/e1000e/filters",       test_filters      },
        {"/e1000e/formats",       test_formats      },
        {"/e1000e/messages",      test_messages     },
        {"/e1000e/own-registers", test_own_registers},
        {"/e1000e/malformed",     test_malformed    },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, PciFixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
