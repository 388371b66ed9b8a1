/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens to values, without recursion: a stack of open containers and one array with the elements
 * of all of them. A syntax error is held back until the brackets of its value are closed, so that
 * one mistake yields one error and the next value is read as if nothing had happened.
 */
#include "abi/base.h"
#include "core/json/reader-priv.h"
#include <string.h>

/* QhJsonFrame.state */
enum {
    WANT_VALUE,
    WANT_VALUE_OR_END, /* [ */
    WANT_KEY,
    WANT_KEY_OR_END, /* { */
    WANT_COLON,
    WANT_COMMA_OR_END,
};

void qh_json_builder_init(QhJsonBuilder *builder, uint32_t max_nesting, uint32_t max_tokens)
{
    *builder = (QhJsonBuilder){
        .max_nesting = max_nesting,
        .max_tokens = max_tokens,
        .frames = g_array_new(FALSE, FALSE, sizeof(QhJsonFrame)),
        .members = g_array_new(FALSE, FALSE, sizeof(QhJsonMember)),
    };
}

void qh_json_builder_reset(QhJsonBuilder *builder)
{
    for (guint i = 0; i < builder->members->len; i++) {
        QhJsonMember *member = &g_array_index(builder->members, QhJsonMember, i);
        g_free(member->key);
        qh_json_unref(member->value);
    }
    if (builder->members->len > 4096) { /* do not keep what one large value took */
        g_array_unref(builder->members);
        builder->members = g_array_new(FALSE, FALSE, sizeof(QhJsonMember));
    }
    g_array_set_size(builder->members, 0);
    g_array_set_size(builder->frames, 0);
    if (builder->scratch_bytes > 65536) {
        g_clear_pointer(&builder->scratch, g_free);
        builder->scratch_bytes = 0;
    }
    g_clear_error(&builder->error);
    builder->skip = 0;
    builder->tokens = 0;
}

void qh_json_builder_clear(QhJsonBuilder *builder)
{
    qh_json_builder_reset(builder);
    g_array_unref(builder->members);
    g_array_unref(builder->frames);
    g_free(builder->scratch);
}

gboolean qh_json_builder_busy(const QhJsonBuilder *builder)
{
    return builder->frames->len > 0 || builder->skip > 0;
}

void qh_json_builder_abandon(QhJsonBuilder *builder, GError **error)
{
    if (builder->error != NULL) {
        g_clear_error(error);
        g_propagate_error(error, g_steal_pointer(&builder->error));
    }
    qh_json_builder_reset(builder);
}

static QhJsonFrame *top(QhJsonBuilder *builder)
{
    return &g_array_index(builder->frames, QhJsonFrame, builder->frames->len - 1);
}

/* A string token as text; NULL with @error set. The text lives until the next string. */
static const char *string_text(QhJsonBuilder *builder,
                               QhJsonToken token,
                               const char *text,
                               size_t length,
                               QhJsonPlace place,
                               size_t *ret_length,
                               GError **error)
{
    size_t need = length + 8;

    if (need > builder->scratch_bytes) {
        size_t bytes = MAX(need, 256);
        char *grown = g_try_realloc(builder->scratch, bytes);
        if (grown == NULL) {
            qh_json_set_error(error, place, "out of memory for a string");
            return NULL;
        }
        builder->scratch = grown;
        builder->scratch_bytes = bytes;
    }
    if (token == TOKEN_STRING) {
        memcpy(builder->scratch, text, length);
        builder->scratch[length] = '\0';
        *ret_length = length;
        return builder->scratch;
    }
    gssize n = qh_json_decode_string(text, length, builder->scratch, place, error);
    if (n < 0) {
        return NULL;
    }
    *ret_length = (size_t)n;
    return builder->scratch;
}

static QhJson *string_value(QhJsonBuilder *builder,
                            QhJsonToken token,
                            const char *text,
                            size_t length,
                            QhJsonPlace place,
                            GError **error)
{
    size_t n = length;

    if (token == TOKEN_STRING_RAW) {
        text = string_text(builder, token, text, length, place, &n, error);
        if (text == NULL) {
            return NULL;
        }
    }
    QhJsonText *json = qh_json_text_alloc(n);
    if (json == NULL) {
        qh_json_set_error(error, place, "out of memory for a string");
        return NULL;
    }
    memcpy(json->text, text, n);
    return &json->head;
}

static QhJson *scalar_value(QhJsonBuilder *builder,
                            QhJsonToken token,
                            const char *text,
                            size_t length,
                            QhJsonPlace place,
                            GError **error)
{
    switch (token) {
    case TOKEN_STRING:
    case TOKEN_STRING_RAW:
        return string_value(builder, token, text, length, place, error);
    case TOKEN_NUMBER:
        return qh_json_decode_number(text, length, place, error);
    case TOKEN_WORD:
        return qh_json_decode_word(text, length, place, error);
    case TOKEN_PUNCTUATION:
        break;
    }
    qh_json_set_error(error, place, "expecting value");
    return NULL;
}

/* A value is complete: put it where it belongs. */
static QhJsonBuild add_value(QhJsonBuilder *builder, QhJson *value, QhJson **ret_value)
{
    if (builder->frames->len == 0) {
        *ret_value = value;
        qh_json_builder_reset(builder);
        return BUILD_VALUE;
    }
    QhJsonFrame *frame = top(builder);
    if (frame->open == '{') {
        g_array_index(builder->members, QhJsonMember, builder->members->len - 1).value = value;
    } else {
        QhJsonMember member = {NULL, value};
        g_array_append_val(builder->members, member);
    }
    frame->state = WANT_COMMA_OR_END;
    return BUILD_MORE;
}

/* The elements of the innermost container, moved into a value. */
static QhJson *close_container(QhJsonBuilder *builder, QhJsonPlace place, GError **error)
{
    QhJsonFrame frame = *top(builder);
    size_t n = builder->members->len - frame.first;
    QhJsonMember *members =
        n > 0 ? &g_array_index(builder->members, QhJsonMember, frame.first) : NULL;
    QhJson *value;

    if (frame.open == '{') {
        size_t duplicate = 0;
        value = qh_json_object_of(members, n, &duplicate);
        if (value == NULL) {
            qh_json_set_error(error, place, "duplicate key '%.64s'", members[duplicate].key);
            return NULL;
        }
        for (size_t i = 0; i < n; i++) {
            g_free(members[i].key);
        }
    } else {
        QhJson *array = qh_json_array_of(NULL, 0);
        QhJsonArray *self = (QhJsonArray *)array;
        self->items = n > 0 ? g_new(QhJson *, n) : NULL;
        self->n = self->capacity = n;
        for (size_t i = 0; i < n; i++) {
            self->items[i] = members[i].value;
        }
        value = array;
    }
    g_array_set_size(builder->members, frame.first);
    g_array_set_size(builder->frames, builder->frames->len - 1);
    return value;
}

static QhJsonBuild
open_container(QhJsonBuilder *builder, char open, QhJsonPlace place, GError **error)
{
    if (builder->frames->len == builder->max_nesting) {
        qh_json_set_error(error, place, "nesting depth limit exceeded");
        return BUILD_LIMIT;
    }
    QhJsonFrame frame = {
        .open = open,
        .state = open == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END,
        .first = builder->members->len,
    };
    g_array_append_val(builder->frames, frame);
    return BUILD_MORE;
}

static QhJsonBuild take_value(QhJsonBuilder *builder,
                              QhJsonToken token,
                              const char *text,
                              size_t length,
                              QhJsonPlace place,
                              QhJson **ret_value,
                              GError **error)
{
    if (token == TOKEN_PUNCTUATION && (*text == '{' || *text == '[')) {
        return open_container(builder, *text, place, error);
    }
    QhJson *value = scalar_value(builder, token, text, length, place, error);
    return value != NULL ? add_value(builder, value, ret_value) : BUILD_ERROR;
}

static QhJsonBuild take_key(QhJsonBuilder *builder,
                            QhJsonToken token,
                            const char *text,
                            size_t length,
                            QhJsonPlace place,
                            GError **error)
{
    size_t n;

    if (token != TOKEN_STRING && token != TOKEN_STRING_RAW) {
        qh_json_set_error(error, place, "expecting key");
        return BUILD_ERROR;
    }
    const char *key = string_text(builder, token, text, length, place, &n, error);
    char *copy = key != NULL ? g_try_malloc(n + 1) : NULL;
    if (copy == NULL) {
        if (key != NULL) {
            qh_json_set_error(error, place, "out of memory for a key");
        }
        return BUILD_ERROR;
    }
    memcpy(copy, key, n + 1);
    QhJsonMember member = {copy, NULL};
    g_array_append_val(builder->members, member);
    top(builder)->state = WANT_COLON;
    return BUILD_MORE;
}

/* @text is the end of the innermost container, where one may stand. */
static gboolean is_end(const QhJsonFrame *frame, QhJsonToken token, const char *text)
{
    return token == TOKEN_PUNCTUATION && *text == (frame->open == '{' ? '}' : ']') &&
           (frame->state == WANT_COMMA_OR_END || frame->state == WANT_KEY_OR_END ||
            frame->state == WANT_VALUE_OR_END);
}

static QhJsonBuild take(QhJsonBuilder *builder,
                        QhJsonToken token,
                        const char *text,
                        size_t length,
                        QhJsonPlace place,
                        QhJson **ret_value,
                        GError **error)
{
    QhJsonFrame *frame = builder->frames->len > 0 ? top(builder) : NULL;

    if (frame != NULL && is_end(frame, token, text)) {
        QhJson *value = close_container(builder, place, error);
        return value != NULL ? add_value(builder, value, ret_value) : BUILD_ERROR;
    }
    switch (frame != NULL ? frame->state : WANT_VALUE) {
    case WANT_KEY:
    case WANT_KEY_OR_END:
        return take_key(builder, token, text, length, place, error);
    case WANT_COLON:
        if (token == TOKEN_PUNCTUATION && *text == ':') {
            frame->state = WANT_VALUE;
            return BUILD_MORE;
        }
        qh_json_set_error(error, place, "expecting ':'");
        return BUILD_ERROR;
    case WANT_COMMA_OR_END:
        if (token == TOKEN_PUNCTUATION && *text == ',') {
            frame->state = frame->open == '{' ? WANT_KEY : WANT_VALUE;
            return BUILD_MORE;
        }
        qh_json_set_error(error, place, "expecting ',' or '%c'", frame->open == '{' ? '}' : ']');
        return BUILD_ERROR;
    default:
        return take_value(builder, token, text, length, place, ret_value, error);
    }
}

/* How many brackets are open after the token. */
static uint32_t depth_after(uint32_t depth, QhJsonToken token, const char *text)
{
    if (token != TOKEN_PUNCTUATION) {
        return depth;
    }
    if (*text == '{' || *text == '[') {
        return depth + 1;
    }
    return depth > 0 && (*text == '}' || *text == ']') ? depth - 1 : depth;
}

QhJsonBuild qh_json_builder_token(QhJsonBuilder *builder,
                                  QhJsonToken token,
                                  const char *text,
                                  size_t length,
                                  QhJsonPlace place,
                                  QhJson **ret_value,
                                  GError **error)
{
    if (++builder->tokens > builder->max_tokens) {
        qh_json_set_error(error, place, "token count limit exceeded");
        qh_json_builder_abandon(builder, error);
        return BUILD_LIMIT;
    }
    if (builder->skip > 0) {
        builder->skip = depth_after(builder->skip, token, text);
        if (builder->skip > 0) {
            return BUILD_MORE;
        }
        qh_json_builder_abandon(builder, error);
        return BUILD_ERROR;
    }
    uint32_t depth = depth_after(builder->frames->len, token, text);
    QhJsonBuild result = take(builder, token, text, length, place, ret_value, &builder->error);
    if (result == BUILD_ERROR && depth > 0) {
        builder->skip = depth;
        return BUILD_MORE;
    }
    if (result == BUILD_ERROR || result == BUILD_LIMIT) {
        qh_json_builder_abandon(builder, error);
    }
    return result;
}
