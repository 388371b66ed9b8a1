/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of screens: PPM (P6) and PNG (ISO/IEC 15948: RGB, eight bits a sample). */
#include "core/display/dump.h"
#include "core/display/display-priv.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static void put_rgb(uint8_t *to, const uint32_t *pixels, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        to[3 * i] = (uint8_t)(pixels[i] >> 16);
        to[3 * i + 1] = (uint8_t)(pixels[i] >> 8);
        to[3 * i + 2] = (uint8_t)pixels[i];
    }
}

static GByteArray *make_ppm(const uint32_t *pixels, uint32_t width, uint32_t height)
{
    GByteArray *file = g_byte_array_new();
    g_autofree char *head = g_strdup_printf("P6\n%u %u\n255\n", width, height);
    gsize start = strlen(head);

    g_byte_array_append(file, (const uint8_t *)head, (guint)start);
    g_byte_array_set_size(file, (guint)(start + (gsize)width * height * 3));
    put_rgb(file->data + start, pixels, (gsize)width * height);
    return file;
}

static void put_big(uint8_t *at, uint32_t value)
{
    for (guint i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void append_chunk(GByteArray *file, const char *type, const uint8_t *data, guint bytes)
{
    uint8_t number[4];
    guint start = file->len + 4;

    put_big(number, bytes);
    g_byte_array_append(file, number, 4);
    g_byte_array_append(file, (const uint8_t *)type, 4);
    if (bytes > 0) {
        g_byte_array_append(file, data, bytes);
    }
    put_big(number, (uint32_t)crc32(0, file->data + start, file->len - start));
    g_byte_array_append(file, number, 4);
}

/* Rows with filter type 0 in front, compressed as a whole; NULL: no memory. */
static uint8_t *compress_rows(const uint32_t *pixels, uint32_t width, uint32_t height, uLong *ret)
{
    gsize row = 1 + (gsize)width * 3;
    g_autofree uint8_t *plain = g_try_malloc(row * height);
    uLong bound = compressBound((uLong)(row * height));
    g_autofree uint8_t *packed = g_try_malloc(bound);

    if (plain == NULL || packed == NULL) {
        return NULL;
    }
    for (uint32_t y = 0; y < height; y++) {
        plain[y * row] = 0;
        put_rgb(plain + y * row + 1, pixels + (gsize)y * width, width);
    }
    *ret = bound;
    if (compress2(packed, ret, plain, (uLong)(row * height), 2) != Z_OK || *ret > G_MAXINT32) {
        return NULL;
    }
    return g_steal_pointer(&packed);
}

static GByteArray *make_png(const uint32_t *pixels, uint32_t width, uint32_t height)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t header[13] = {[8] = 8, [9] = 2}; /* eight bits, RGB */
    uLong bytes = 0;
    g_autofree uint8_t *rows = compress_rows(pixels, width, height, &bytes);

    if (rows == NULL) {
        return NULL;
    }
    GByteArray *file = g_byte_array_new();
    put_big(header, width);
    put_big(header + 4, height);
    g_byte_array_append(file, signature, sizeof(signature));
    append_chunk(file, "IHDR", header, sizeof(header));
    append_chunk(file, "IDAT", rows, (guint)bytes);
    append_chunk(file, "IEND", NULL, 0);
    return file;
}

static gboolean write_file(QhFds *fds, const char *path, const GByteArray *data, GError **error)
{
    /* a pipe that nobody reads is an error, not an end of everything else */
    int fd = qh_fds_open(fds, path,
                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    int problem = fd < 0 ? errno : 0;

    for (gsize done = 0; problem == 0 && done < data->len;) {
        gssize n = write(fd, data->data + done, data->len - done);

        if (n >= 0) {
            done += (gsize)n;
        } else if (errno != EINTR) {
            problem = errno;
        }
    }
    if (fd >= 0 && qh_fds_close(fds, fd) != 0 && problem == 0) {
        problem = errno;
    }
    if (problem != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot write a picture to '%.256s': %s",
                    path, g_strerror(problem));
    }
    return problem == 0;
}

gboolean qh_display_dump(QhDisplay *display, const char *path, gboolean png, GError **error)
{
    uint32_t width = 0, height = 0;

    qh_display_invalidate(display);
    qh_display_refresh(display);
    g_autofree uint32_t *pixels = qh_display_copy(display, &width, &height, error);
    if (pixels == NULL) {
        return FALSE;
    }
    g_autoptr(GByteArray) file =
        png ? make_png(pixels, width, height) : make_ppm(pixels, width, height);
    if (file == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no memory for a picture of screen '%s'",
                    qh_display_name(display));
        return FALSE;
    }
    return write_file(qh_host_fds(display->host), path, file, error);
}
