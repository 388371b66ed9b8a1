/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords and keys: given in place or in a file, as they are or in base64. */
#include "core/object/object-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES (1u << 20)

typedef struct Secret {
    QhObjectHead base;
    char *data, *file, *keyid, *iv;
    uint8_t format; /* 0 raw, 1 base64 */
    uint8_t *value;
    gsize bytes;
} Secret;

/* At most MAX_BYTES: the file may be anything. */
static gboolean read_file(Secret *secret, GError **error)
{
    int fd = open(secret->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    gsize done = 0;
    ssize_t n = -1;

    if (fd >= 0) {
        secret->value = g_malloc(MAX_BYTES + 1);
        while (done <= MAX_BYTES &&
               (n = read(fd, secret->value + done, MAX_BYTES + 1 - done)) > 0) {
            done += (gsize)n;
        }
    }
    int number = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (fd < 0 || n < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': %s", secret->file,
                    g_strerror(number));
        return FALSE;
    }
    if (done > MAX_BYTES) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is longer than %u bytes", secret->file,
                    MAX_BYTES);
        return FALSE;
    }
    secret->bytes = done;
    return TRUE;
}

static gboolean decode(Secret *secret, GError **error)
{
    g_autofree char *text = g_strndup((const char *)secret->value, secret->bytes);

    g_strstrip(text);
    for (const char *c = text; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c) && strchr("+/=\n\r", *c) == NULL) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "it is not base64");
            return FALSE;
        }
    }
    explicit_bzero(secret->value, secret->bytes);
    g_free(secret->value);
    secret->value = g_base64_decode(text, &secret->bytes);
    explicit_bzero(text, strlen(text));
    return TRUE;
}

static gboolean secret_complete(QhObjectHead *object, GError **error)
{
    Secret *secret = (Secret *)object;

    if ((secret->data == NULL) == (secret->file == NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "exactly one of 'data' and 'file' is needed");
        return FALSE;
    }
    if (secret->keyid != NULL || secret->iv != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "encrypted secrets (keyid, iv) are not supported yet");
        return FALSE;
    }
    if (secret->file != NULL && !read_file(secret, error)) {
        return FALSE;
    }
    if (secret->data != NULL) {
        secret->bytes = strlen(secret->data);
        secret->value = g_memdup2(secret->data, MAX(secret->bytes, 1));
        explicit_bzero(secret->data, secret->bytes);
    }
    return secret->format == 0 || decode(secret, error);
}

static void secret_release(QhObjectHead *object)
{
    Secret *secret = (Secret *)object;

    if (secret->value != NULL) {
        explicit_bzero(secret->value, secret->bytes);
        g_free(secret->value);
    }
}

GBytes *qh_object_secret(QhObjects *objects, const char *id, GError **error)
{
    QhObject *object = qh_objects_find(objects, id);
    QhObjectHead *state;

    if (object == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no object '%.128s'", id);
        return NULL;
    }
    if (qh_object_methods(object, "qh.secret", &state, error) == NULL) {
        return NULL;
    }
    const Secret *secret = (const Secret *)state;
    return g_bytes_new(secret->value, secret->bytes);
}

/* Only the host asks, with qh_object_secret. */
static const uint32_t methods[] = {sizeof(uint32_t)};

static const QhProperty rows[] = {
    QH_PROPERTY("data", QH_PROPERTY_STRING, offsetof(Secret, data), NULL, 0, 0, "the secret"),
    QH_PROPERTY("file", QH_PROPERTY_STRING, offsetof(Secret, file), NULL, 0, 0, "a file with it"),
    {.name = "format",
                                                                                        .description = "how it is written",
                                                                                        .default_text = "raw",
                                                                                        .type = QH_PROPERTY_ENUM,
                                                                                        .offset = offsetof(Secret, format),
                                                                                        .values = "raw|base64"},
    QH_PROPERTY("keyid", QH_PROPERTY_STRING, offsetof(Secret, keyid), NULL, 0, 0, "key to it"),
    QH_PROPERTY("iv", QH_PROPERTY_STRING, offsetof(Secret, iv), NULL, 0, 0, "start of its cipher"),
};
static const QhPropertyTable properties = QH_OBJECT_PROPERTIES(rows);

const QhObjectOps qh_object_secret_class = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Secret),
    .description = "a password or key",
    .properties = &properties,
    .interface = "qh.secret",
    .methods = methods,
    .complete = secret_complete,
    .release = secret_release,
};
