/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver's half of virtio for any function: it knows rings and nothing of what goes through. */
#include "tests/fuzz/devices/devices.h"

#include <string.h>

#define F_EVENT_IDX 29u
#define F_VERSION_1 32u
#define F_PACKED    34u

/* What the first word of a message may be, by what the class is called. */
typedef struct Words {
    const char *part;
    uint32_t first, last;
} Words;
static const Words words[] = {
    {"virtio-gpu",  0x100, 0x10f},
    {"virtio-gpu",  0x300, 0x301},
    {"virtio-blk",  0,     14   },
    {"virtio-net",  0,     6    },
    {"virtio-9p",   100,   127  },
    {"virtio-scsi", 0,     4    },
};

static uint64_t common(const Fuzz *fuzz, uint32_t offset)
{
    return fuzz->virtio.common + offset;
}

static uint32_t read_field(Fuzz *fuzz, uint32_t pci, uint32_t width, uint32_t mmio)
{
    gboolean is_pci = fuzz->virtio.kind == VIRTIO_PCI;

    return (uint32_t)guest_read(fuzz, common(fuzz, is_pci ? pci : mmio), is_pci ? width : 4);
}

static void write_field(Fuzz *fuzz, uint32_t pci, uint32_t width, uint32_t mmio, uint32_t value)
{
    gboolean is_pci = fuzz->virtio.kind == VIRTIO_PCI;

    guest_write(fuzz, common(fuzz, is_pci ? pci : mmio), is_pci ? width : 4, value);
}

/* 4.1.4: vendor capabilities say in which BAR what lies. */
static void find_pci(Fuzz *fuzz, uint32_t devfn)
{
    uint32_t at = guest_config(fuzz, devfn, 0x34, 1);

    for (guint i = 0; at != 0 && i < 48; i++) {
        uint32_t id = guest_config(fuzz, devfn, at, 1), type = guest_config(fuzz, devfn, at + 3, 1);
        uint32_t bar = guest_config(fuzz, devfn, at + 4, 1) % 6;
        uint64_t base = guest_config(fuzz, devfn, 0x10 + 4 * bar, 4) & ~15u;
        uint64_t place = base + guest_config(fuzz, devfn, at + 8, 4);

        if (id == 9 && type == 1) {
            fuzz->virtio.common = place;
            fuzz->virtio.kind = VIRTIO_PCI;
        } else if (id == 9 && type == 2) {
            fuzz->virtio.notify = place;
            fuzz->virtio.multiplier = guest_config(fuzz, devfn, at + 16, 4);
        } else if (id == 9 && type == 4) {
            fuzz->virtio.config = place;
        }
        at = guest_config(fuzz, devfn, at + 1, 1);
    }
}

void virtio_find(Fuzz *fuzz)
{
    fuzz->virtio = (Virtio){.kind = VIRTIO_NONE};
    for (uint32_t i = 0; i < fuzz->n_functions; i++) {
        if (guest_config(fuzz, fuzz->functions[i], 0, 2) == 0x1af4) {
            find_pci(fuzz, fuzz->functions[i]);
        }
    }
    for (uint32_t i = 0; i < fuzz->n_ranges && fuzz->n_functions == 0; i++) {
        if (fuzz->ranges[i].bytes == 0x200 &&
            guest_read(fuzz, fuzz->ranges[i].at, 4) == 0x74726976) {
            fuzz->virtio.kind = VIRTIO_MMIO;
            fuzz->virtio.common = fuzz->ranges[i].at;
            fuzz->virtio.config = fuzz->ranges[i].at + 0x100;
        }
    }
}

static gboolean is_legacy(Fuzz *fuzz)
{
    return fuzz->virtio.kind == VIRTIO_MMIO && guest_read(fuzz, common(fuzz, 4), 4) == 1;
}

static uint64_t negotiate(Fuzz *fuzz)
{
    uint64_t features = 0, keep = fuzz_word(fuzz) | fuzz_word(fuzz);

    for (uint32_t half = 0; half < 2; half++) {
        write_field(fuzz, 0x00, 4, 0x14, half);
        features |= (uint64_t)read_field(fuzz, 0x04, 4, 0x10) << (32 * half);
    }
    features &= keep | UINT64_C(1) << F_VERSION_1;
    for (uint32_t half = 0; half < 2; half++) {
        write_field(fuzz, 0x08, 4, 0x24, half);
        write_field(fuzz, 0x0c, 4, 0x20, (uint32_t)(features >> (32 * half)));
    }
    return features;
}

static void write_place(Fuzz *fuzz, uint32_t pci, uint32_t mmio, uint64_t address)
{
    write_field(fuzz, pci, 4, mmio, (uint32_t)address);
    write_field(fuzz, pci + 4, 4, mmio + 4, (uint32_t)(address >> 32));
}

static void set_up_ring(Fuzz *fuzz, uint32_t index, gboolean packed, gboolean legacy)
{
    static const uint32_t sizes[] = {1, 2, 4, 8, 16, 64, 128, 256};
    Ring *ring = &fuzz->virtio.rings[index];

    write_field(fuzz, 0x16, 2, 0x30, index);
    uint32_t most = read_field(fuzz, 0x18, 2, 0x34);
    *ring = (Ring){.packed = packed, .size = MIN(most, sizes[fuzz_below(fuzz, 8)]), .wrap = 1};
    if (most == 0 || most > 0x8000) {
        return;
    }
    ring->desc = RINGS_AT + (uint64_t)index * RING_BYTES;
    ring->driver = legacy ? ring->desc + 16 * ring->size : ring->desc + 0x4000;
    ring->device = legacy ? ((ring->driver + 6 + 2 * ring->size + 4095) & ~UINT64_C(4095))
                          : ring->desc + 0x6000;
    for (uint64_t at = ring->desc; at < ring->desc + RING_BYTES; at += 8) {
        guest_write(fuzz, at, 8, 0);
    }
    write_field(fuzz, 0x18, 2, 0x38, ring->size);
    write_field(fuzz, 0x1a, 2, 0xff8, fuzz_below(fuzz, 4)); /* the vector; MMIO has none */
    if (legacy) {
        guest_write(fuzz, common(fuzz, 0x3c), 4, 4096);
        guest_write(fuzz, common(fuzz, 0x40), 4, (uint32_t)(ring->desc >> 12));
    } else {
        write_place(fuzz, 0x20, 0x80, ring->desc);
        write_place(fuzz, 0x28, 0x90, ring->driver);
        write_place(fuzz, 0x30, 0xa0, ring->device);
        write_field(fuzz, 0x1c, 2, 0x44, 1);
    }
    ring->ready = TRUE;
    fuzz->virtio.n_rings = index + 1;
}

static void kick(Fuzz *fuzz, uint32_t index)
{
    const Virtio *virtio = &fuzz->virtio;

    if (virtio->kind == VIRTIO_PCI) {
        guest_write(fuzz, virtio->notify + (uint64_t)index * virtio->multiplier, 2, index);
    } else {
        guest_write(fuzz, common(fuzz, 0x50), 4, index);
    }
}

void virtio_set_up(Fuzz *fuzz)
{
    if (fuzz->virtio.kind == VIRTIO_NONE) {
        return;
    }
    gboolean legacy = is_legacy(fuzz);
    write_field(fuzz, 0x14, 1, 0x70, 0);
    write_field(fuzz, 0x14, 1, 0x70, 3);
    if (legacy) {
        guest_write(fuzz, common(fuzz, 0x28), 4, 4096);
    }
    uint64_t features = negotiate(fuzz);
    write_field(fuzz, 0x14, 1, 0x70, 11);
    fuzz->virtio.n_rings = 0;
    for (uint32_t i = 0; i < RINGS_MAX; i++) {
        set_up_ring(fuzz, i, !legacy && (features >> F_PACKED & 1) != 0, legacy);
    }
    write_field(fuzz, 0x14, 1, 0x70, 15);
}

/* One descriptor; @low and @high are the 16-bit words behind the length. */
static void
put(Fuzz *fuzz, uint64_t at, uint64_t address, uint32_t bytes, uint32_t low, uint32_t high)
{
    guest_write(fuzz, at, 8, address);
    guest_write(fuzz, at + 8, 8, bytes | (uint64_t)(low & 0xffff) << 32 | (uint64_t)high << 48);
}

static uint32_t length(Fuzz *fuzz)
{
    static const uint32_t likely[] = {1,  2,  4,  8,  10, 12,  16,  20,  24,   28,  32,
                                      36, 40, 48, 51, 64, 108, 256, 512, 4096, 8192};

    return fuzz_below(fuzz, 16) == 0 ? (uint32_t)fuzz_value(fuzz)
                                     : likely[fuzz_below(fuzz, G_N_ELEMENTS(likely))];
}

/* 5.6.6.1: a unit, and a command block with an opcode that disks know. */
static void put_command(Fuzz *fuzz, uint64_t at)
{
    static const uint8_t opcodes[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x15, 0x1a, 0x1b, 0x1e, 0x25,
                                      0x28, 0x2a, 0x2e, 0x2f, 0x35, 0x41, 0x42, 0x43, 0x46, 0x4a,
                                      0x51, 0x52, 0x55, 0x5a, 0x88, 0x8a, 0x8f, 0x91, 0x93, 0x9e,
                                      0xa0, 0xa3, 0xa8, 0xaa, 0xad, 0xbd, 0xbe};
    uint8_t opcode = opcodes[fuzz_below(fuzz, G_N_ELEMENTS(opcodes))];

    guest_write(fuzz, at, 8, 1 | fuzz_below(fuzz, 2) << 8 | (fuzz_below(fuzz, 2) ? 0x400000 : 0));
    guest_write(fuzz, at + 8, 8, fuzz_word(fuzz));
    for (uint32_t i = 16; i < 52; i++) {
        guest_write(fuzz, at + i, 1, fuzz_below(fuzz, 3) ? 0 : fuzz_value(fuzz));
    }
    guest_write(fuzz, at + 19, 1, opcode);
    guest_write(fuzz, at + 20, 1, fuzz_below(fuzz, 32));
}

/* 9P2000.L: a size, a type, a tag; then small numbers and short names. */
static void put_9p(Fuzz *fuzz, uint64_t at)
{
    static const uint8_t types[] = {100, 104, 104, 110, 110, 12, 14,  116, 118, 40, 24,
                                    26,  120, 8,   72,  122, 30, 32,  50,  52,  54, 70,
                                    74,  76,  20,  22,  16,  18, 108, 102, 112, 114};
    static const char version[] = "\x00\x20\x00\x00\x08\x00"
                                  "9P2000.L";
    static const char attach[] = "\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00";
    static const char *const names[] = {"a", "b", "..", ".", "a/b", "", "user.x"};
    uint8_t type = types[fuzz_below(fuzz, G_N_ELEMENTS(types))], body[64] = {0};
    uint32_t n = 4;

    body[0] = (uint8_t)fuzz_below(fuzz, 4);
    while (n < 48) {
        const char *name = names[fuzz_below(fuzz, G_N_ELEMENTS(names))];

        switch (fuzz_below(fuzz, 4)) {
        case 0: /* a name */
            body[n] = (uint8_t)strlen(name);
            memcpy(body + n + 2, name, strlen(name));
            n += 2 + (uint32_t)strlen(name);
            break;
        case 1:
            body[n] = (uint8_t)fuzz_value(fuzz);
            n += 2;
            break;
        default:
            body[n] = (uint8_t)fuzz_below(fuzz, 5);
            n += 4;
        }
    }
    if (type == 100 || type == 104) {
        memset(body, 0, sizeof(body));
        memcpy(body, type == 100 ? version : attach, type == 100 ? 14 : 16);
    }
    guest_write(fuzz, at, 4, 7 + fuzz_below(fuzz, 8) * 8);
    guest_write(fuzz, at + 4, 1, type);
    guest_write(fuzz, at + 5, 2, type == 100 ? 0xffff : fuzz_below(fuzz, 8));
    for (uint32_t i = 0; i < sizeof(body); i++) {
        guest_write(fuzz, at + 7 + i, 1, body[i]);
    }
}

/* A message's head: its first word says what is wanted. */
static uint64_t message(Fuzz *fuzz)
{
    uint64_t at = DATA_AT + (fuzz_below(fuzz, DATA_BYTES - 0x1000) & ~63u);
    const Words *choice = &words[fuzz_below(fuzz, G_N_ELEMENTS(words))];
    uint64_t first = fuzz_below(fuzz, 16);

    if (strstr(fuzz->class, choice->part) != NULL) {
        first = choice->first + fuzz_below(fuzz, choice->last - choice->first + 1);
    }
    if (fuzz_below(fuzz, 2) == 0) {
        guest_write(fuzz, at, 4, first);
    }
    if (strstr(fuzz->class, "scsi") != NULL && fuzz_below(fuzz, 4) != 0) {
        put_command(fuzz, at);
        return at;
    }
    if (strstr(fuzz->class, "-9p-") != NULL && fuzz_below(fuzz, 8) != 0) {
        put_9p(fuzz, at);
        return at;
    }
    for (uint32_t i = 4; i < 64 && fuzz_below(fuzz, 4) != 0; i += 4) {
        guest_write(fuzz, at + i, 4, fuzz_below(fuzz, 2) ? fuzz_below(fuzz, 8) : fuzz_value(fuzz));
    }
    return at;
}

typedef struct Part {
    uint64_t address;
    uint32_t bytes;
    gboolean in;
} Part;

static uint32_t choose_parts(Fuzz *fuzz, Part *parts, uint32_t most)
{
    uint32_t n = 1 + fuzz_below(fuzz, most), n_out = fuzz_below(fuzz, n + 1);

    for (uint32_t i = 0; i < n; i++) {
        gboolean wild = fuzz_below(fuzz, 24) == 0;

        parts[i] = (Part){wild ? fuzz_address(fuzz) : message(fuzz), length(fuzz), i >= n_out};
        if (fuzz_below(fuzz, 64) == 0) {
            parts[i].in = !parts[i].in;
        }
    }
    return n;
}

static void add_split(Fuzz *fuzz, Ring *ring, const Part *parts, uint32_t n, gboolean indirect)
{
    uint16_t head = ring->next;
    uint64_t table = indirect ? TABLES_AT + fuzz_below(fuzz, 64) * 256 : ring->desc;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = indirect ? i : ring->next,
                 next = indirect ? i + 1 : (slot + 1) % ring->size;
        uint32_t flags = (i + 1 < n ? 1u : 0) | (parts[i].in ? 2u : 0);

        put(fuzz, table + 16 * slot, parts[i].address, parts[i].bytes, flags, next);
        ring->next = indirect ? ring->next : (uint16_t)next;
    }
    if (indirect) {
        put(fuzz, ring->desc + 16u * head, table, 16 * n, 4, 0);
        ring->next = (uint16_t)((head + 1) % ring->size);
    }
    guest_write(fuzz, ring->driver + 4 + 2 * (ring->avail % ring->size), 2, head);
    ring->avail++;
    guest_write(fuzz, ring->driver + 2, 2, ring->avail);
}

static void add_packed(Fuzz *fuzz, Ring *ring, const Part *parts, uint32_t n, gboolean indirect)
{
    uint64_t table = TABLES_AT + fuzz_below(fuzz, 64) * 256;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t mark = ring->wrap ? 1u << 7 : 1u << 15;
        uint32_t flags = (parts[i].in ? 2u : 0) | (i + 1 < n && !indirect ? 1u : 0);

        if (indirect) {
            put(fuzz, table + 16 * i, parts[i].address, parts[i].bytes, 0, flags);
            if (i + 1 < n) {
                continue;
            }
            put(fuzz, ring->desc + 16u * ring->next, table, 16 * n, ring->next, 4 | mark);
        } else {
            put(fuzz, ring->desc + 16u * ring->next, parts[i].address, parts[i].bytes, ring->next,
                flags | mark);
        }
        ring->next = (uint16_t)(ring->next + 1);
        if (ring->next == ring->size) {
            ring->next = 0;
            ring->wrap ^= 1;
        }
    }
}

/* The interrupt is taken; a broken device begins anew. */
static void look_after(Fuzz *fuzz)
{
    if (fuzz->virtio.kind == VIRTIO_MMIO) {
        guest_write(fuzz, common(fuzz, 0x64), 4, guest_read(fuzz, common(fuzz, 0x60), 4));
    }
    if ((read_field(fuzz, 0x14, 1, 0x70) & 0x44) != 4) {
        virtio_set_up(fuzz);
    }
}

void virtio_step(Fuzz *fuzz)
{
    Virtio *virtio = &fuzz->virtio;
    Part parts[8];

    if (virtio->kind == VIRTIO_NONE || virtio->n_rings == 0) {
        return;
    }
    uint32_t index =
        fuzz_below(fuzz, fuzz_below(fuzz, 2) ? virtio->n_rings : MIN(virtio->n_rings, 4));
    Ring *ring = &virtio->rings[index];
    switch (fuzz_below(fuzz, 12)) {
    case 0:
        look_after(fuzz);
        break;
    case 1:
        guest_write(fuzz, virtio->config + fuzz_below(fuzz, 0x40), 1u << fuzz_below(fuzz, 3),
                    fuzz_value(fuzz));
        (void)guest_read(fuzz, virtio->config + fuzz_below(fuzz, 0x80), 1u << fuzz_below(fuzz, 3));
        break;
    case 2:
        guest_write(fuzz, ring->driver, 2, fuzz_below(fuzz, 3)); /* who wants interrupts */
        break;
    default:
        if (ring->ready) {
            gboolean indirect = fuzz_below(fuzz, 3) == 0;
            uint32_t n = choose_parts(fuzz, parts, indirect ? 8 : MIN(ring->size, 8));

            (ring->packed ? add_packed : add_split)(fuzz, ring, parts, n, indirect);
        }
        kick(fuzz, index);
    }
}
