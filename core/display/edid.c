/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a screen says of itself: VESA E-EDID A.2, one block of EDID 1.4 and one CTA-861 extension.
 * Timings are those of VESA CVT 1.1 with reduced blanking, which every guest can work out as well.
 */
#include "core/display/display-priv.h"

#include <string.h>

#define BLOCK      128u
#define DESCRIPTOR 18u
#define DTD_SIDE   4095u /* a detailed timing has twelve bits for each side */

typedef struct Mode {
    uint32_t width, height;
} Mode;

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void checksum(uint8_t *block)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < BLOCK - 1; i++) {
        sum += block[i];
    }
    block[BLOCK - 1] = (uint8_t)-sum;
}

/* Lines of vertical sync tell the aspect ratio: CVT 1.1, table 3-2. */
static uint32_t sync_lines(uint32_t width, uint32_t height)
{
    static const struct {
        uint8_t horizontal, vertical, lines;
    } ratios[] = {
        {4,  3,  4},
        {16, 9,  5},
        {16, 10, 6},
        {5,  4,  7},
        {15, 9,  7},
    };

    for (guint i = 0; i < G_N_ELEMENTS(ratios); i++) {
        if (width * ratios[i].vertical == height * ratios[i].horizontal) {
            return ratios[i].lines;
        }
    }
    return 10;
}

/* A detailed timing, EDID 1.4 section 3.10.2; CVT 1.1 section 5 with its constants for reduced
 * blanking: 160 pixels across, at least 460 us down, and 3 lines before the sync. */
static void put_timing(uint8_t *at, const QhEdid *edid, uint32_t width, uint32_t height)
{
    uint32_t sync = sync_lines(width, height), across = 160;
    uint64_t frame_ns = 1000000000000u / edid->refresh_mhz;
    uint64_t line_ps = (frame_ns - 460000u) * 1000 / height;
    uint32_t down = MAX((uint32_t)(460000000u / line_ps) + 1, 3 + sync + 6);
    uint64_t clock_10khz =
        (uint64_t)edid->refresh_mhz * (width + across) * (height + down) / 10000000u;
    uint32_t width_mm = MIN(edid->width_mm, DTD_SIDE), height_mm = MIN(edid->height_mm, DTD_SIDE);

    put16(at, (uint32_t)MIN(clock_10khz, UINT16_MAX));
    at[2] = (uint8_t)width;
    at[3] = (uint8_t)across;
    at[4] = (uint8_t)((width >> 8) << 4);
    at[5] = (uint8_t)height;
    at[6] = (uint8_t)down;
    at[7] = (uint8_t)((height >> 8) << 4 | down >> 8);
    at[8] = 48; /* before the horizontal sync */
    at[9] = 32; /* its length */
    at[10] = (uint8_t)(3 << 4 | sync);
    at[12] = (uint8_t)width_mm;
    at[13] = (uint8_t)height_mm;
    at[14] = (uint8_t)((width_mm >> 8) << 4 | height_mm >> 8);
    at[17] = 0x1a; /* digital separate syncs, positive horizontal, negative vertical */
}

/* A display descriptor with text: EDID 1.4 section 3.10.3. */
static void put_text(uint8_t *at, uint8_t tag, const char *text)
{
    gsize length = MIN(strlen(text), 13);

    at[3] = tag;
    memset(at + 5, ' ', 13);
    memcpy(at + 5, text, length);
    if (length < 13) {
        at[5 + length] = '\n';
    }
}

/* Display range limits without a timing formula: section 3.10.3.3. */
static void put_limits(uint8_t *at)
{
    static const uint8_t limits[] = {0, 0, 0, 0xfd, 0, 50, 125, 30, 160, 255, 0x01, '\n'};

    memset(at, ' ', DESCRIPTOR);
    memcpy(at, limits, sizeof(limits));
}

static gboolean fits(const QhEdid *edid, uint32_t width, uint32_t height)
{
    return width <= edid->max_width && height <= edid->max_height;
}

/* Section 3.9: the width, and an aspect ratio that gives the height. */
static void put_standard_timings(uint8_t *at, const QhEdid *edid)
{
    static const struct {
        uint16_t width, height;
        uint8_t ratio; /* 0: 16:10, 1: 4:3, 2: 5:4, 3: 16:9 */
    } modes[] = {
        {2048, 1152, 3},
        {1920, 1200, 0},
        {1920, 1080, 3},
        {1600, 1200, 1},
        {1680, 1050, 0},
        {1440, 900,  0},
        {1280, 1024, 2},
        {1280, 960,  1},
    };

    memset(at, 1, 16); /* unused */
    for (guint i = 0, n = 0; i < G_N_ELEMENTS(modes); i++) {
        if (fits(edid, modes[i].width, modes[i].height)) {
            at[2 * n] = (uint8_t)(modes[i].width / 8 - 31);
            at[2 * n++ + 1] = (uint8_t)(modes[i].ratio << 6);
        }
    }
}

static void put_base(uint8_t *block, const QhEdid *edid)
{
    static const uint8_t header[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
    /* IEC 61966-2-1 (sRGB): two low bits of each coordinate first */
    static const uint8_t colours[] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};
    uint32_t vendor = 0;

    memcpy(block, header, sizeof(header));
    for (guint i = 0; i < 3; i++) {
        vendor = vendor << 5 | ((uint32_t)edid->vendor[i] - 'A' + 1);
    }
    block[8] = (uint8_t)(vendor >> 8);
    block[9] = (uint8_t)vendor;
    put16(block + 10, 0x1234);
    block[16] = 1;
    block[17] = 2026 - 1990;
    block[18] = 1; /* EDID 1.4 */
    block[19] = 4;
    block[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
    block[21] = (uint8_t)MIN(edid->width_mm / 10, 255);
    block[22] = (uint8_t)MIN(edid->height_mm / 10, 255);
    block[23] = 120;  /* gamma 2.2 */
    block[24] = 0x06; /* sRGB; the first timing is the native one */
    memcpy(block + 25, colours, sizeof(colours));
    block[35] = (uint8_t)(0x20 | (fits(edid, 800, 600) ? 0x01 : 0)); /* 640x480, 800x600 */
    block[36] = fits(edid, 1024, 768) ? 0x08 : 0;
    put_standard_timings(block + 38, edid);
    put_timing(block + 54, edid, edid->width, edid->height);
    put_limits(block + 54 + DESCRIPTOR);
    put_text(block + 54 + 2 * DESCRIPTOR, 0xfc, edid->name);
    put_text(block + 54 + 3 * DESCRIPTOR, edid->serial != NULL ? 0xff : 0x10,
             edid->serial != NULL ? edid->serial : "");
    if (edid->serial == NULL) {
        memset(block + 54 + 3 * DESCRIPTOR + 4, 0, DESCRIPTOR - 4);
    }
    block[126] = 1;
    checksum(block);
}

/* CTA-861-G section 7.3: modes by their number, then timings of larger ones that have none. */
static void put_extension(uint8_t *block, const QhEdid *edid)
{
    static const struct {
        uint8_t code;
        uint16_t width, height;
    } codes[] = {
        {97, 3840, 2160},
        {16, 1920, 1080},
        {4,  1280, 720 },
        {1,  640,  480 },
    };
    static const Mode more[] = {
        {2560, 1600},
        {2560, 1440},
        {1366, 768 },
        {1280, 800 }
    };
    uint32_t at = 5;

    block[0] = 2;
    block[1] = 3;
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (fits(edid, codes[i].width, codes[i].height)) {
            block[at++] = codes[i].code;
        }
    }
    block[4] = (uint8_t)(2u << 5 | (at - 5)); /* video data block */
    block[2] = (uint8_t)at;
    for (guint i = 0; i < G_N_ELEMENTS(more); i++) {
        if (fits(edid, more[i].width, more[i].height)) {
            put_timing(block + at, edid, more[i].width, more[i].height);
            at += DESCRIPTOR;
        }
    }
    checksum(block);
}

/* Everything that the caller left to the host, and nothing that the format cannot say. */
static QhEdid complete(const QhEdid *given)
{
    QhEdid edid = {0};

    memcpy(&edid, given, MIN(given->size, sizeof(edid)));
    edid.width = edid.width != 0 ? edid.width : 1280;
    edid.height = edid.height != 0 ? edid.height : 800;
    edid.width = CLAMP(edid.width, 32, DTD_SIDE);
    edid.height = CLAMP(edid.height, 32, DTD_SIDE);
    edid.max_width = edid.max_width != 0 ? edid.max_width : QH_DISPLAY_MAX_SIDE;
    edid.max_height = edid.max_height != 0 ? edid.max_height : QH_DISPLAY_MAX_SIDE;
    if (edid.width_mm == 0 || edid.height_mm == 0) { /* 100 pixels an inch */
        edid.width_mm = edid.width * 254 / 1000;
        edid.height_mm = edid.height * 254 / 1000;
    }
    edid.refresh_mhz = edid.refresh_mhz != 0 ? CLAMP(edid.refresh_mhz, 10000, 240000) : 60000;
    edid.name = edid.name != NULL ? edid.name : "qemu-host";
    for (guint i = 0; i < 3; i++) {
        if (edid.vendor == NULL || edid.vendor[i] < 'A' || edid.vendor[i] > 'Z') {
            edid.vendor = "QHO";
        }
    }
    return edid;
}

uint32_t qh_display_edid(const QhEdid *given, uint8_t *ret_data, uint32_t bytes)
{
    uint8_t blocks[2 * BLOCK] = {0};
    const QhEdid edid = complete(given);

    put_base(blocks, &edid);
    put_extension(blocks + BLOCK, &edid);
    memset(ret_data, 0, bytes);
    memcpy(ret_data, blocks, MIN(bytes, sizeof(blocks)));
    return sizeof(blocks);
}
