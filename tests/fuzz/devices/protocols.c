/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Controllers whose work lies in queues in RAM: without queues that are set up, random accesses
 * would not get past the first register. Each protocol knows how to set them up (sections are of
 * NVM Express 1.4, xHCI 1.2, Intel's 82574 data sheet) and puts commands of the right form and
 * random content into them.
 */
#include "tests/fuzz/devices/devices.h"

#define QUEUE(n)  (RINGS_AT + (uint64_t)(n)*0x4000u)
#define N_ENTRIES 32u

/* --- NVM Express: registers 3.1, queues 4 --- */

static void nvme_submit(Fuzz *fuzz, uint32_t queue, const uint32_t *words)
{
    uint64_t at = QUEUE(2 * queue) + 64 * (fuzz->tails[queue] % N_ENTRIES);

    for (uint32_t i = 0; i < 16; i++) {
        guest_write(fuzz, at + 4 * i, 4, words[i]);
    }
    fuzz->tails[queue] = (fuzz->tails[queue] + 1) % N_ENTRIES;
    guest_write(fuzz, fuzz->ranges[0].at + 0x1000 + 8 * queue, 4, fuzz->tails[queue]);
}

static void nvme_set_up(Fuzz *fuzz)
{
    uint64_t base = fuzz->ranges[0].at;

    guest_write(fuzz, base + 0x14, 4, 0);
    guest_write(fuzz, base + 0x24, 4, (N_ENTRIES - 1) << 16 | (N_ENTRIES - 1));
    guest_write(fuzz, base + 0x28, 8, QUEUE(0));
    guest_write(fuzz, base + 0x30, 8, QUEUE(1));
    guest_write(fuzz, base + 0x14, 4, 0x00460001);
    for (uint32_t queue = 1; queue < 4; queue++) {
        uint32_t cq[16] = {5, 0, 0, 0, 0, 0, (uint32_t)QUEUE(2 * queue + 1)};
        uint32_t sq[16] = {1, 0, 0, 0, 0, 0, (uint32_t)QUEUE(2 * queue)};

        cq[10] = sq[10] = (N_ENTRIES - 1) << 16 | queue;
        cq[11] = 3 | fuzz_below(fuzz, 3) << 16;
        sq[11] = 1 | queue << 16;
        nvme_submit(fuzz, 0, cq);
        nvme_submit(fuzz, 0, sq);
    }
}

static void nvme_step(Fuzz *fuzz)
{
    static const uint32_t admin[] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 16, 17, 20, 0x7c, 0x80};
    static const uint32_t spaces[] = {1, 1, 1, 0, 2, UINT32_MAX};
    uint32_t queue = fuzz_below(fuzz, 4), words[16];

    for (uint32_t i = 0; i < 16; i++) {
        words[i] = fuzz_below(fuzz, 2) ? fuzz_below(fuzz, 16) : (uint32_t)fuzz_value(fuzz);
    }
    words[0] = (queue == 0 ? admin[fuzz_below(fuzz, G_N_ELEMENTS(admin))] : fuzz_below(fuzz, 14)) |
               fuzz_below(fuzz, 0x10000) << 16;
    words[1] = spaces[fuzz_below(fuzz, G_N_ELEMENTS(spaces))];
    words[6] = (uint32_t)fuzz_address(fuzz) & (fuzz_below(fuzz, 4) ? ~0xfffu : ~3u);
    words[8] = (uint32_t)fuzz_address(fuzz) & (fuzz_below(fuzz, 2) ? ~0xfffu : ~7u);
    words[7] = words[9] = 0;
    if (fuzz_below(fuzz, 16) == 0) {
        words[0] |= fuzz_below(fuzz, 4) << 8 | fuzz_below(fuzz, 4) << 14;
    }
    if (queue != 0 && fuzz_below(fuzz, 4) != 0) {
        words[10] = fuzz_below(fuzz, 0x7000);
        words[11] = 0;
        words[12] = fuzz_below(fuzz, 32) | (fuzz_word(fuzz) & 1) << 30;
    }
    nvme_submit(fuzz, queue, words);
    guest_write(fuzz, fuzz->ranges[0].at + 0x1004 + 8 * fuzz_below(fuzz, 4), 4,
                fuzz_below(fuzz, N_ENTRIES));
    if ((guest_read(fuzz, fuzz->ranges[0].at + 0x1c, 4) & 3) != 1 || fuzz_below(fuzz, 500) == 0) {
        nvme_set_up(fuzz);
    }
}

/* --- xHCI: registers 5, contexts 6.2, TRBs 6.4 --- */

#define COMMANDS  QUEUE(0)
#define EVENTS    QUEUE(1)
#define SEGMENTS  QUEUE(2)
#define CONTEXTS  (QUEUE(2) + 0x1000)
#define TRANSFERS (RAM_AT + 0x800000u)
#define RING      0x1000u /* of an endpoint */
#define INPUT     TABLES_AT

static uint64_t xhci_base(Fuzz *fuzz)
{
    return fuzz->ranges[0].at + guest_read(fuzz, fuzz->ranges[0].at, 1);
}

static void xhci_trb(
    Fuzz *fuzz, uint32_t ring, uint64_t at, uint64_t parameter, uint32_t status, uint32_t control)
{
    uint64_t place = at + 16 * (fuzz->tails[ring] % (RING / 16));

    guest_write(fuzz, place, 8, parameter);
    guest_write(fuzz, place + 8, 4, status);
    guest_write(fuzz, place + 12, 4, control | 1);
    fuzz->tails[ring]++;
}

/* The root port where something is. */
static uint32_t xhci_port(Fuzz *fuzz)
{
    uint32_t first = fuzz_below(fuzz, 8);

    for (uint32_t i = 0; i < 8; i++) {
        uint32_t port = (first + i) % 8;

        if ((guest_read(fuzz, xhci_base(fuzz) + 0x400 + 16 * port, 4) & 1) != 0) {
            return port + 1;
        }
    }
    return 1 + first;
}

static void xhci_doorbell(Fuzz *fuzz, uint32_t slot, uint32_t target)
{
    uint64_t base = fuzz->ranges[0].at;

    guest_write(fuzz, base + (guest_read(fuzz, base + 0x14, 4) & ~3u) + 4 * slot, 4, target);
}

/* 6.2.5: what is added, the slot, endpoints with rings of their own: even ones go out. */
static void xhci_input(Fuzz *fuzz)
{
    gboolean wild = fuzz_below(fuzz, 8) == 0;
    uint32_t port = wild ? fuzz_below(fuzz, 10) : xhci_port(fuzz);

    guest_write(fuzz, INPUT, 8, (uint64_t)(3 | (wild ? fuzz_word(fuzz) & 0xfc : 0xfc)) << 32);
    guest_write(fuzz, INPUT + 0x20, 4, 7u << 27 | (1 + fuzz_below(fuzz, 4)) << 20);
    guest_write(fuzz, INPUT + 0x24, 4, port << 16);
    for (uint32_t i = 1; i < 8; i++) {
        uint64_t at = INPUT + 0x20 + 0x20 * i;
        uint32_t type = i == 1 ? 4 : (i % 2 == 0 ? 2u : 6u) + fuzz_below(fuzz, 2);

        guest_write(fuzz, at, 4, 0);
        guest_write(fuzz, at + 4, 4,
                    3u << 1 | (wild ? fuzz_below(fuzz, 8) : type) << 3 |
                        (i == 1 ? 64u : 512u) << 16);
        guest_write(fuzz, at + 8, 8, (TRANSFERS + RING * i) | 1);
        guest_write(fuzz, at + 16, 4, 8);
    }
}

static void xhci_set_up(Fuzz *fuzz)
{
    uint64_t base = fuzz->ranges[0].at, op = xhci_base(fuzz);
    uint64_t runtime = base + (guest_read(fuzz, base + 0x18, 4) & ~31u);

    guest_write(fuzz, op, 4, 2); /* reset */
    for (uint64_t at = QUEUE(0); at < QUEUE(3); at += 8) {
        guest_write(fuzz, at, 8, 0);
    }
    for (uint64_t at = TRANSFERS; at < TRANSFERS + 8 * RING; at += 8) {
        guest_write(fuzz, at, 8, 0);
    }
    for (uint32_t i = 1; i < 9; i++) {
        guest_write(fuzz, CONTEXTS + 8 * i, 8, DATA_AT + 0x400 * i);
    }
    guest_write(fuzz, SEGMENTS, 8, EVENTS);
    guest_write(fuzz, SEGMENTS + 8, 8, 256);
    guest_write(fuzz, op + 0x30, 8, CONTEXTS);
    guest_write(fuzz, op + 0x18, 8, COMMANDS | 1);
    guest_write(fuzz, op + 0x38, 4, 8);
    guest_write(fuzz, runtime + 0x28, 4, 1);
    guest_write(fuzz, runtime + 0x30, 8, SEGMENTS);
    guest_write(fuzz, runtime + 0x38, 8, EVENTS);
    guest_write(fuzz, runtime + 0x20, 4, 2);
    guest_write(fuzz, op, 4, 5);
    for (uint32_t i = 0; i < 8; i++) {
        guest_write(fuzz, op + 0x400 + 16 * i, 4, 0x210);
        fuzz->tails[i] = 0;
    }
    xhci_input(fuzz);
    xhci_trb(fuzz, 0, COMMANDS, 0, 0, 9u << 10);                 /* enable slot */
    xhci_trb(fuzz, 0, COMMANDS, INPUT, 0, 11u << 10 | 1u << 24); /* address device */
    xhci_trb(fuzz, 0, COMMANDS, INPUT, 0, 12u << 10 | 1u << 24); /* configure endpoint */
    xhci_doorbell(fuzz, 0, 0);
}

/* Requests that devices know: of USB 2.0, 9.4 and 11.24, of HID 1.11, 7, and of bulk-only 1.0, 3.
 */
static const struct {
    uint8_t kind, request;
    uint16_t value;
} requests[] = {
    {0x80, 6,    0x0100},
    {0x80, 6,    0x0200},
    {0x80, 6,    0x0301},
    {0x80, 6,    0x0600},
    {0x80, 6,    0x0f00},
    {0x00, 9,    1     },
    {0x00, 9,    1     },
    {0x80, 8,    0     },
    {0x80, 0,    0     },
    {0x82, 0,    0     },
    {0x02, 1,    0     },
    {0x02, 3,    0     },
    {0x00, 3,    1     },
    {0x00, 1,    1     },
    {0x01, 11,   0     },
    {0x81, 10,   0     },
    {0x81, 6,    0x2200},
    {0x81, 6,    0x2100},
    {0xa1, 1,    0x0100},
    {0xa1, 2,    0     },
    {0xa1, 3,    0     },
    {0x21, 9,    0x0200},
    {0x21, 10,   0x0100},
    {0x21, 11,   0     },
    {0xa1, 0xfe, 0     },
    {0x21, 0xff, 0     },
    {0xa0, 6,    0x2900},
    {0xa0, 0,    0     },
    {0xa3, 0,    0     },
    {0x23, 3,    8     },
    {0x23, 3,    4     },
    {0x23, 3,    2     },
    {0x23, 1,    1     },
    {0x23, 1,    16    },
    {0x23, 1,    20    },
};

static void xhci_control(Fuzz *fuzz)
{
    guint n = fuzz_below(fuzz, G_N_ELEMENTS(requests));
    gboolean wild = fuzz_below(fuzz, 4) == 0;
    uint32_t kind = requests[n].kind, bytes = fuzz_below(fuzz, 3) ? fuzz_below(fuzz, 256) : 0;
    uint32_t request = wild ? fuzz_below(fuzz, 14) : requests[n].request;
    uint32_t value = wild ? (uint16_t)fuzz_value(fuzz) : requests[n].value;
    uint64_t setup = kind | request << 8 | (uint64_t)value << 16 |
                     (uint64_t)fuzz_below(fuzz, 3) << 32 | (uint64_t)bytes << 48;
    uint32_t in = kind >> 7;
    uint64_t ring = TRANSFERS + RING;

    xhci_trb(fuzz, 1, ring, setup, 8, 2u << 10 | 1u << 6 | (bytes ? 2 + in : 0) << 16);
    if (bytes != 0) {
        xhci_trb(fuzz, 1, ring, DATA_AT + 0x8000, bytes, 3u << 10 | in << 16);
    }
    xhci_trb(fuzz, 1, ring, 0, 0, 4u << 10 | 1u << 5 | (bytes && in ? 0 : 1u << 16));
    xhci_doorbell(fuzz, 1, 1);
}

/* Bulk-only 1.0, 5: a command block wrapper and what follows it. */
static void xhci_bulk(Fuzz *fuzz)
{
    static const uint8_t opcodes[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2a, 0x35};
    uint32_t endpoint = 2 + fuzz_below(fuzz, fuzz_below(fuzz, 2) ? 2 : 6);
    uint64_t ring = TRANSFERS + RING * endpoint, at = DATA_AT + 0x9000;
    uint32_t bytes = endpoint % 2 == 0 && fuzz_below(fuzz, 3) ? 31
                     : fuzz_below(fuzz, 2)                    ? 13
                                                              : 512 * fuzz_below(fuzz, 4);

    if (bytes == 31) {
        uint32_t opcode = fuzz_below(fuzz, 4) ? opcodes[fuzz_below(fuzz, G_N_ELEMENTS(opcodes))]
                                              : fuzz_below(fuzz, 256);
        guest_write(fuzz, at, 8, 0x43425355 | fuzz_word(fuzz) << 32);
        guest_write(fuzz, at + 8, 4, fuzz_below(fuzz, 3) ? fuzz_below(fuzz, 4) * 512 : 36);
        guest_write(fuzz, at + 12, 8, (fuzz_below(fuzz, 2) << 7) | 10u << 16 | opcode << 24);
        guest_write(fuzz, at + 20, 8, (uint64_t)fuzz_below(fuzz, 4) << 24);
        guest_write(fuzz, at + 23, 2, 1);
    }
    xhci_trb(fuzz, endpoint, ring, bytes == 31 ? at : DATA_AT + 0xa000, bytes,
             1u << 10 | 1u << 5 | (fuzz_below(fuzz, 16) == 0 ? fuzz_word(fuzz) & 0x254 : 0));
    xhci_doorbell(fuzz, 1, endpoint);
}

static void xhci_step(Fuzz *fuzz)
{
    uint32_t type = 9 + fuzz_below(fuzz, 16);

    switch (fuzz_below(fuzz, 6)) {
    case 0:
        xhci_input(fuzz);
        break;
    case 1:
        xhci_trb(fuzz, 0, COMMANDS, fuzz_below(fuzz, 4) ? INPUT : fuzz_address(fuzz),
                 (uint32_t)fuzz_value(fuzz),
                 type << 10 | fuzz_below(fuzz, 4) << 24 | fuzz_below(fuzz, 9) << 16);
        xhci_doorbell(fuzz, 0, 0);
        break;
    case 2:
        xhci_bulk(fuzz);
        break;
    case 3:
        guest_write(fuzz, xhci_base(fuzz) + 0x400 + 16 * fuzz_below(fuzz, 8), 4,
                    fuzz_below(fuzz, 2) ? 0x210 : fuzz_value(fuzz));
        break;
    default:
        xhci_control(fuzz);
    }
    if ((guest_read(fuzz, xhci_base(fuzz) + 4, 4) & 5) != 0 || fuzz_below(fuzz, 80) == 0) {
        xhci_set_up(fuzz);
    }
}

/* --- 82574: transmit 7.2, receive 7.1 --- */

static void e1000e_set_up(Fuzz *fuzz)
{
    uint64_t base = fuzz->ranges[0].at;

    for (uint32_t ring = 0; ring < 2; ring++) {
        for (uint32_t kind = 0; kind < 2; kind++) {
            uint64_t at = base + (kind ? 0x3800 : 0x2800) + 0x100 * ring;

            guest_write(fuzz, at, 4, QUEUE(2 * ring + kind));
            guest_write(fuzz, at + 4, 4, 0);
            guest_write(fuzz, at + 8, 4, N_ENTRIES * 16);
            guest_write(fuzz, at + 0x10, 4, 0);
            guest_write(fuzz, at + 0x18, 4, kind ? 0 : N_ENTRIES - 1);
        }
    }
    for (uint32_t i = 0; i < 2 * N_ENTRIES; i++) {
        guest_write(fuzz, QUEUE(0) + 16 * i, 8, DATA_AT + 0x800 * (i % 32));
        guest_write(fuzz, QUEUE(2) + 16 * i, 8, DATA_AT + 0x800 * (i % 32));
    }
    guest_write(fuzz, base, 4, 0x40); /* CTRL: link up */
    guest_write(fuzz, base + 0x100, 4, 0x0000801a | (fuzz_word(fuzz) & 0x06033fe4)); /* RCTL */
    guest_write(fuzz, base + 0x400, 4, 0x10ff0fa);                                   /* TCTL */
    guest_write(fuzz, base + 0x5008, 4, fuzz_word(fuzz) & 0x8000);                   /* RFCTL */
    guest_write(fuzz, base + 0xd0, 4, UINT32_MAX);
    fuzz->tails[0] = fuzz->tails[1] = 0;
}

static void e1000e_step(Fuzz *fuzz)
{
    uint32_t ring = fuzz_below(fuzz, 2), n = 1 + fuzz_below(fuzz, 5);
    uint64_t base = fuzz->ranges[0].at;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = QUEUE(2 * ring + 1) + 16 * fuzz->tails[ring];
        uint64_t command = (fuzz_word(fuzz) & 0xff) << 24, extended = fuzz_below(fuzz, 3);
        uint32_t bytes =
            fuzz_below(fuzz, 3) ? 14 + fuzz_below(fuzz, 1500) : fuzz_below(fuzz, 20000);

        command |= extended ? 1u << 29 | (extended - 1) << 20 : 0;
        command |= i + 1 == n ? 1u << 24 : 0;
        guest_write(fuzz, at, 8,
                    extended == 1 ? fuzz_word(fuzz) & 0x3f3f003f2e0eull
                                  : DATA_AT + (fuzz_below(fuzz, DATA_BYTES - 0x8000) & ~7u));
        guest_write(fuzz, at + 8, 8,
                    bytes | command | (fuzz_word(fuzz) & 0x05d4) << 48 |
                        (uint64_t)fuzz_below(fuzz, 64) << 40);
        fuzz->tails[ring] = (fuzz->tails[ring] + 1) % N_ENTRIES;
    }
    guest_write(fuzz, base + 0x3818 + 0x100 * ring, 4, fuzz->tails[ring]);
    guest_write(fuzz, base + 0x2818 + 0x100 * ring, 4, fuzz_below(fuzz, N_ENTRIES));
    (void)guest_read(fuzz, base + 0xc0, 4);
    if (fuzz_below(fuzz, 100) == 0) {
        e1000e_set_up(fuzz);
    }
}

/* --- Which it is, by class code (PCI code and ID assignment) --- */

typedef struct Protocol {
    uint32_t class_code, vendor; /* vendor 0: any */
    void (*set_up)(Fuzz *fuzz);
    void (*step)(Fuzz *fuzz);
} Protocol;

static const Protocol protocols[] = {
    {0x010802, 0,      nvme_set_up,   nvme_step  },
    {0x0c0330, 0,      xhci_set_up,   xhci_step  },
    {0x020000, 0x8086, e1000e_set_up, e1000e_step},
};

void protocol_find(Fuzz *fuzz)
{
    fuzz->protocol = NULL;
    if (fuzz->n_functions == 0 || fuzz->n_ranges == 0) {
        return;
    }
    uint32_t code = guest_config(fuzz, fuzz->functions[0], 8, 4) >> 8;
    uint32_t vendor = guest_config(fuzz, fuzz->functions[0], 0, 2);
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i].class_code == code &&
            (protocols[i].vendor == 0 || protocols[i].vendor == vendor)) {
            fuzz->protocol = &protocols[i];
            protocols[i].set_up(fuzz);
        }
    }
}

void protocol_step(Fuzz *fuzz)
{
    if (fuzz->protocol != NULL) {
        fuzz->protocol->step(fuzz);
    }
}
