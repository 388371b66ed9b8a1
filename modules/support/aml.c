/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/aml.h"

#include <string.h>

/* 20.3, opcodes */
#define OP_NAME    0x08
#define OP_BYTE    0x0a
#define OP_WORD    0x0b
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_QWORD   0x0e
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_METHOD  0x14
#define OP_EXT     0x5b
#define OP_DEVICE  0x82 /* behind OP_EXT */
#define OP_IF      0xa0
#define DUAL_NAME  0x2e
#define MULTI_NAME 0x2f

void aml_init(Aml *aml)
{
    aml->code = g_byte_array_new();
    aml->depth = 0;
}

void aml_byte(Aml *aml, uint8_t byte)
{
    g_byte_array_append(aml->code, &byte, 1);
}

void aml_bytes(Aml *aml, const void *data, uint32_t length)
{
    g_byte_array_append(aml->code, data, length);
}

/* @value, little-endian, @bytes long. */
static void put(Aml *aml, uint64_t value, uint32_t bytes)
{
    uint64_t little = GUINT64_TO_LE(value);

    aml_bytes(aml, &little, bytes);
}

static void begin(Aml *aml)
{
    g_assert(aml->depth < AML_DEPTH);
    aml->open[aml->depth++] = aml->code->len;
}

/* 20.2.4, PkgLength: counts itself; bits 7:6 of the first byte are how many more there are. */
void aml_end(Aml *aml)
{
    uint32_t at = aml->open[--aml->depth], content = aml->code->len - at;
    uint32_t n = content + 1 < 0x40 ? 1 : content + 2 < 0x1000 ? 2 : content + 3 < 0x100000 ? 3 : 4;
    uint32_t length = content + n;
    uint8_t encoded[4];

    encoded[0] = n == 1 ? (uint8_t)length : (uint8_t)((n - 1) << 6 | (length & 0xf));
    for (uint32_t i = 1; i < n; i++) {
        encoded[i] = (uint8_t)(length >> (8 * i - 4));
    }
    g_byte_array_set_size(aml->code, aml->code->len + n);
    memmove(aml->code->data + at + n, aml->code->data + at, content);
    memcpy(aml->code->data + at, encoded, n);
}

static void segment(Aml *aml, const char *name, size_t length)
{
    char padded[4] = {'_', '_', '_', '_'};

    memcpy(padded, name, MIN(length, sizeof(padded)));
    aml_bytes(aml, padded, sizeof(padded));
}

void aml_path(Aml *aml, const char *path)
{
    g_auto(GStrv) parts = NULL;
    guint n;

    if (*path == '\\') {
        aml_byte(aml, '\\');
        path++;
    }
    parts = g_strsplit(path, ".", -1);
    n = g_strv_length(parts);
    if (n == 2) {
        aml_byte(aml, DUAL_NAME);
    } else if (n > 2) {
        aml_byte(aml, MULTI_NAME);
        aml_byte(aml, (uint8_t)n);
    }
    for (guint i = 0; i < n; i++) {
        segment(aml, parts[i], strlen(parts[i]));
    }
}

void aml_integer(Aml *aml, uint64_t value)
{
    if (value <= 1) {
        aml_byte(aml, (uint8_t)value); /* ZeroOp, OneOp */
        return;
    }
    aml_byte(aml, value <= UINT8_MAX    ? OP_BYTE
                  : value <= UINT16_MAX ? OP_WORD
                  : value <= UINT32_MAX ? OP_DWORD
                                        : OP_QWORD);
    put(aml, value, value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8);
}

void aml_string(Aml *aml, const char *text)
{
    aml_byte(aml, OP_STRING);
    aml_bytes(aml, text, (uint32_t)strlen(text) + 1);
}

/* 19.3.4: three letters of 5 bits and four hexadecimal digits, the first byte first. */
void aml_eisa(Aml *aml, const char *id)
{
    uint32_t letters =
        (uint32_t)(id[0] - '@') << 10 | (uint32_t)(id[1] - '@') << 5 | (uint32_t)(id[2] - '@');
    uint32_t value = letters << 16 | (uint32_t)g_ascii_strtoull(id + 3, NULL, 16);

    aml_byte(aml, OP_DWORD);
    put(aml, GUINT32_SWAP_LE_BE(value), 4);
}

void aml_name(Aml *aml, const char *name)
{
    aml_byte(aml, OP_NAME);
    aml_path(aml, name);
}

void aml_name_integer(Aml *aml, const char *name, uint64_t value)
{
    aml_name(aml, name);
    aml_integer(aml, value);
}

void aml_name_string(Aml *aml, const char *name, const char *text)
{
    aml_name(aml, name);
    aml_string(aml, text);
}

void aml_begin_scope(Aml *aml, const char *path)
{
    aml_byte(aml, OP_SCOPE);
    begin(aml);
    aml_path(aml, path);
}

void aml_begin_device(Aml *aml, const char *name)
{
    aml_byte(aml, OP_EXT);
    aml_byte(aml, OP_DEVICE);
    begin(aml);
    aml_path(aml, name);
}

/* Methods here touch nothing that two callers could both change, so they are not serialized. */
void aml_begin_method(Aml *aml, const char *name, uint32_t n_arguments)
{
    aml_byte(aml, OP_METHOD);
    begin(aml);
    aml_path(aml, name);
    aml_byte(aml, (uint8_t)n_arguments);
}

void aml_begin_if(Aml *aml)
{
    aml_byte(aml, OP_IF);
    begin(aml);
}

void aml_begin_package(Aml *aml, uint32_t n_elements)
{
    aml_byte(aml, OP_PACKAGE);
    begin(aml);
    aml_byte(aml, (uint8_t)n_elements);
}

/* A buffer says its size before its content: room for it is left as a DWord. */
void aml_begin_resources(Aml *aml, const char *name)
{
    aml_name(aml, name);
    aml_byte(aml, OP_BUFFER);
    begin(aml);
    aml_byte(aml, OP_DWORD);
    put(aml, 0, 4);
}

void aml_end_resources(Aml *aml)
{
    uint32_t at = aml->open[aml->depth - 1] + 1, bytes;

    aml_byte(aml, 0x79); /* 6.4.2.9, end tag: 0 is no checksum */
    aml_byte(aml, 0);
    bytes = GUINT32_TO_LE(aml->code->len - at - 4);
    memcpy(aml->code->data + at, &bytes, 4);
    aml_end(aml);
}

void aml_memory32(Aml *aml, uint32_t address, uint32_t bytes)
{
    aml_byte(aml, 0x86); /* 6.4.3.4 */
    put(aml, 9, 2);
    aml_byte(aml, 1); /* writable */
    put(aml, address, 4);
    put(aml, bytes, 4);
}

void aml_interrupt(Aml *aml, uint32_t gsi)
{
    aml_byte(aml, 0x89); /* 6.4.3.6 */
    put(aml, 6, 2);
    aml_byte(aml, 1); /* consumer; level, active high, exclusive */
    aml_byte(aml, 1);
    put(aml, gsi, 4);
}

/* 6.4.3.5, address space descriptors: header, granularity, first, last, offset, length, of @width
 * bytes each. The bridge passes them on, their ends are fixed. */
static void address_space(Aml *aml,
                          uint32_t width,
                          uint32_t kind,
                          uint8_t flags,
                          uint64_t first,
                          uint64_t n,
                          uint64_t offset)
{
    aml_byte(aml, width == 2 ? 0x88 : width == 4 ? 0x87 : 0x8a);
    put(aml, 3 + 5 * width, 2);
    aml_byte(aml, (uint8_t)kind);
    aml_byte(aml, 0x0c);
    aml_byte(aml, flags);
    put(aml, 0, width);
    put(aml, first, width);
    put(aml, first + n - 1, width);
    put(aml, offset, width);
    put(aml, n, width);
}

void aml_buses(Aml *aml, uint32_t first, uint32_t n)
{
    address_space(aml, 2, 2, 0, first, n, 0);
}

void aml_window(Aml *aml, uint32_t kind, uint64_t address, uint64_t bytes, uint64_t offset)
{
    uint32_t width = address + bytes + offset > UINT64_C(1) << 32 ? 8 : 4;

    /* memory: writable, not cacheable; I/O: the entire range */
    address_space(aml, width, kind, kind == 1 ? 3 : 1, address, bytes, offset);
}

/* 6.4.3.8.1: a pin table and the controller's name behind a header of 23 bytes. */
void aml_gpio_interrupt(Aml *aml, uint32_t pin, const char *source)
{
    const uint32_t header = 23, name = header + 2;
    uint32_t name_bytes = (uint32_t)strlen(source) + 1;

    aml_byte(aml, 0x8c);
    put(aml, name + name_bytes - 3, 2);
    aml_byte(aml, 1); /* revision */
    aml_byte(aml, 0); /* an interrupt */
    put(aml, 1, 2);   /* consumer */
    put(aml, 1, 2);   /* edge, active high, exclusive */
    aml_byte(aml, 1); /* pull-up */
    put(aml, 0, 2);   /* drive strength */
    put(aml, 0, 2);   /* debounce */
    put(aml, header, 2);
    aml_byte(aml, 0); /* resource source index */
    put(aml, name, 2);
    put(aml, name + name_bytes, 2); /* vendor data: none */
    put(aml, 0, 2);
    put(aml, pin, 2);
    aml_bytes(aml, source, name_bytes);
}
