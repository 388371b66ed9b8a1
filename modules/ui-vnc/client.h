/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection. All of it on the server's thread. */
#ifndef UI_VNC_CLIENT_H
#define UI_VNC_CLIENT_H

#include "modules/ui-vnc/server.h"

#include <zlib.h>

#define VN_IN_BYTES  (64u << 10) /* that wait to be understood */
#define VN_OUT_LIMIT (1u << 20)  /* of answers; an update may be longer */

/* Pseudo-encodings and encodings that a client has named. */
#define VN_HAS_ZRLE     (1u << 0)
#define VN_HAS_CURSOR   (1u << 1)
#define VN_HAS_ALPHA    (1u << 2) /* cursor with alpha */
#define VN_HAS_RESIZE   (1u << 3)
#define VN_HAS_EXTENDED (1u << 4) /* extended desktop size */
#define VN_HAS_KEYS     (1u << 5) /* extended key events */
#define VN_HAS_LEDS     (1u << 6)
#define VN_HAS_POINTER  (1u << 7) /* relative or absolute */
#define VN_HAS_XVP      (1u << 8)

/* RFC 6143, 7.4 */
typedef struct VnFormat {
    uint8_t bits, big_endian;
    uint16_t max[3]; /* red, green, blue */
    uint8_t shift[3];
    uint8_t bytes;  /* of a pixel */
    uint8_t packed; /* of ZRLE's CPIXEL; its first byte in the pixel */
    uint8_t packed_at;
} VnFormat;

typedef enum {
    VN_VERSION,
    VN_SECURITY,
    VN_CHALLENGE,
    VN_INIT,
    VN_NORMAL,
} VnPhase;

typedef enum { VN_HTTP, VN_FRAMES } VnWeb;

struct VnClient {
    VnServer *server;
    int fd;
    char *host, *service;
    const char *family;
    char *own_host, *own_service;
    gboolean websocket, announced, initialized, dead;
    GSource *in, *out_ready, *deadline;

    /* WebSocket: what is left of the frame that is being read */
    VnWeb web;
    uint64_t frame_left;
    uint8_t mask[4];
    uint32_t mask_at;
    GByteArray *wire; /* bytes that are no message yet */
    uint8_t opcode;
    gboolean closing; /* when all is sent */

    GByteArray *input;  /* RFB */
    GByteArray *output; /* on the way to the socket */
    uint32_t sent;      /* of it */
    uint64_t skip;      /* bytes of a text that nobody wants */

    VnPhase phase;
    uint32_t minor; /* of the protocol */
    uint8_t challenge[16];
    VnFormat format;
    uint32_t has;
    z_stream deflate;
    gboolean deflating;
    uint32_t width, height; /* as the client knows it */
    VnDirty dirty;
    gboolean wants; /* an update was asked for */
    gboolean tell_size, tell_cursor, tell_leds, tell_keys, tell_pointer, tell_xvp;
    uint32_t size_reason, size_status;
    gboolean absolute;
    int32_t last_x, last_y;
    uint32_t buttons;
    uint8_t keys[VN_KEYS / 8]; /* that are pressed */
};

/* --- client.c --- */
void vn_client_new(VnServer *server, int fd, gboolean websocket);
void vn_client_free(VnClient *client);
/* It goes as soon as nobody works with it. */
void vn_client_end(VnClient *client);
/* Queue @bytes for the socket, as one message of a WebSocket. */
void vn_client_send(VnClient *client, const void *data, uint32_t bytes);
/* Bytes of RFB have come. */
void vn_client_bytes(VnClient *client, const uint8_t *data, uint32_t bytes);
/* Send what waits, as far as the socket takes it. */
void vn_client_flush(VnClient *client);
void vn_client_raw(VnClient *client, const void *data, uint32_t bytes);

/* --- message.c: after the handshake. Bytes that were taken; 0: more are needed; UINT32_MAX: they
 * make no sense --- */
uint32_t vn_message(VnClient *client, const uint8_t *data, uint32_t bytes);
void vn_release_all(VnClient *client);

/* --- update.c --- */
/* Send an update if one is due. */
void vn_update(VnClient *client);
/* The screen has another size. */
void vn_update_resized(VnClient *client);

/* --- encode.c --- */
void vn_format_default(VnFormat *format);
gboolean vn_format_read(VnFormat *format, const uint8_t *data);
void vn_encode_pixels(const VnFormat *format, const uint32_t *pixels, uint32_t n, GByteArray *to);
/* A rectangle of the server's copy. */
void vn_encode_raw(
    VnClient *client, uint32_t x, uint32_t y, uint32_t width, uint32_t height, GByteArray *to);
gboolean vn_encode_zrle(
    VnClient *client, uint32_t x, uint32_t y, uint32_t width, uint32_t height, GByteArray *to);

/* --- websocket.c --- */
/* Bytes from the socket of a WebSocket. */
void vn_web_bytes(VnClient *client, const uint8_t *data, uint32_t bytes);
/* What stands before a message of @bytes; returns its length, at most 10. */
uint32_t vn_web_header(uint8_t *ret, uint8_t opcode, uint64_t bytes);

/* --- keys.c --- */
uint16_t vn_key_of_symbol(uint32_t keysym);
uint16_t vn_key_of_number(uint32_t number);

static inline void vn_put16(GByteArray *to, uint32_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    g_byte_array_append(to, bytes, 2);
}

static inline void vn_put32(GByteArray *to, uint32_t value)
{
    vn_put16(to, value >> 16);
    vn_put16(to, value & 0xffff);
}

static inline uint32_t vn_get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t vn_get32(const uint8_t *at)
{
    return vn_get16(at) << 16 | vn_get16(at + 2);
}

#endif
