/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lexer. It takes whole runs of bytes where it can and keeps only an unfinished token between
 * two calls, so its speed does not depend on how the input was cut up.
 *
 * After a character that cannot be, bytes are skipped up to the next bracket, comma, colon or
 * control character, as QEMU's clients know it. Unlike there, binary input (UTF-16, a TLS hello)
 * yields one error for each line and not one for each byte; and what follows an exceeded limit is
 * skipped up to the end of the line.
 */
#include "abi/base.h"
#include "core/json/reader-priv.h"
#include <string.h>

#define DEFAULT_TOKEN_BYTES (16u << 20)
#define DEFAULT_VALUE_BYTES (64u << 20)
#define DEFAULT_NESTING     1024
#define DEFAULT_TOKENS      (2u << 20)
#define KEEP_BYTES          65536 /* an idle reader holds no more */

typedef enum {
    MODE_BETWEEN, /* between tokens */
    MODE_STRING,
    MODE_NUMBER,
    MODE_WORD,
    MODE_RECOVER,   /* after a stray character */
    MODE_SKIP_LINE, /* after an exceeded limit */
} Mode;

/* How far a number has come: RFC 8259, section 6. */
typedef enum {
    NUMBER_SIGN,     /* - */
    NUMBER_ZERO,     /* 0 */
    NUMBER_DIGITS,   /* 12 */
    NUMBER_POINT,    /* 12. */
    NUMBER_FRACTION, /* 12.3 */
    NUMBER_E,        /* 12e */
    NUMBER_E_SIGN,   /* 12e- */
    NUMBER_EXPONENT, /* 12e-3 */
} NumberState;

struct QhJsonReader {
    QhJsonLimits limits;
    QhJsonReaderFn fn;
    void *data;

    Mode mode;
    NumberState number;
    char quote;
    gboolean escaped; /* the last byte was a backslash */
    gboolean raw;     /* the string needs decoding */
    gboolean quiet;   /* report no more errors on this line */

    char *held; /* what has come of the token in earlier calls */
    size_t held_bytes;
    size_t held_capacity;

    const char *chunk; /* the bytes being fed */
    uint64_t offset;   /* of chunk in the input */
    uint64_t line;
    uint64_t line_start; /* offset */
    uint64_t value_start;
    uint64_t token_start;
    QhJsonPlace place; /* of the token */

    QhJsonBuilder builder;
};

QhJsonReader *qh_json_reader_new(const QhJsonLimits *limits, QhJsonReaderFn fn, void *data)
{
    QhJsonReader *reader = g_new0(QhJsonReader, 1);

    if (limits != NULL) {
        reader->limits = *limits;
    }
    QhJsonLimits *l = &reader->limits;
    l->token_bytes = l->token_bytes != 0 ? l->token_bytes : DEFAULT_TOKEN_BYTES;
    l->value_bytes = l->value_bytes != 0 ? l->value_bytes : DEFAULT_VALUE_BYTES;
    l->nesting = l->nesting != 0 ? l->nesting : DEFAULT_NESTING;
    l->tokens = l->tokens != 0 ? l->tokens : DEFAULT_TOKENS;
    reader->fn = fn;
    reader->data = data;
    reader->line = 1;
    qh_json_builder_init(&reader->builder, l->nesting, l->tokens);
    return reader;
}

void qh_json_reader_free(QhJsonReader *reader)
{
    if (reader != NULL) {
        qh_json_builder_clear(&reader->builder);
        g_free(reader->held);
        g_free(reader);
    }
}

static uint64_t offset_of(const QhJsonReader *reader, const char *p)
{
    return reader->offset + (uint64_t)(p - reader->chunk);
}

static void note_newline(QhJsonReader *reader, const char *p)
{
    reader->line++;
    reader->line_start = offset_of(reader, p) + 1;
    reader->quiet = FALSE;
}

static void release_held(QhJsonReader *reader)
{
    reader->held_bytes = 0;
    if (reader->held_capacity > KEEP_BYTES) {
        g_clear_pointer(&reader->held, g_free);
        reader->held_capacity = 0;
    }
}

static void report(QhJsonReader *reader, GError *error)
{
    if (!reader->quiet) {
        reader->fn(NULL, error, reader->data);
    }
    g_error_free(error);
}

static void over_limit(QhJsonReader *reader, const char *what)
{
    GError *error = NULL;

    qh_json_set_error(&error, reader->place, "%s", what);
    qh_json_builder_abandon(&reader->builder, &error);
    release_held(reader);
    report(reader, error);
    reader->mode = MODE_SKIP_LINE;
}

/* Add bytes to the unfinished token. FALSE: there was an error. */
static gboolean hold(QhJsonReader *reader, const char *from, const char *to)
{
    size_t n = (size_t)(to - from);

    if (reader->held_bytes + n > reader->limits.token_bytes) {
        over_limit(reader, "token size limit exceeded");
        return FALSE;
    }
    if (reader->held_bytes + n > reader->held_capacity) {
        size_t capacity = MAX(reader->held_bytes + n, reader->held_capacity * 3 / 2);
        char *grown = g_try_realloc(reader->held, MAX(capacity, 256));
        if (grown == NULL) {
            over_limit(reader, "out of memory");
            return FALSE;
        }
        reader->held = grown;
        reader->held_capacity = MAX(capacity, 256);
    }
    memcpy(reader->held + reader->held_bytes, from, n);
    reader->held_bytes += n;
    return TRUE;
}

static void begin_token(QhJsonReader *reader, const char *p)
{
    reader->place = (QhJsonPlace){reader->line, offset_of(reader, p) - reader->line_start + 1};
    reader->token_start = offset_of(reader, p);
    if (!qh_json_builder_busy(&reader->builder)) {
        reader->value_start = offset_of(reader, p);
    }
}

/* The token ends before @to; its last piece begins at @from. */
static void end_token(QhJsonReader *reader, QhJsonToken token, const char *from, const char *to)
{
    QhJson *value = NULL;
    GError *error = NULL;

    reader->mode = MODE_BETWEEN;
    if (reader->held_bytes + (size_t)(to - from) > reader->limits.token_bytes) {
        over_limit(reader, "token size limit exceeded");
        return;
    }
    if (offset_of(reader, to) - reader->value_start > reader->limits.value_bytes) {
        over_limit(reader, "value size limit exceeded");
        return;
    }
    if (reader->held_bytes > 0) {
        if (!hold(reader, from, to)) {
            return;
        }
        from = reader->held;
        to = reader->held + reader->held_bytes;
    }
    QhJsonBuild built = qh_json_builder_token(&reader->builder, token, from, (size_t)(to - from),
                                              reader->place, &value, &error);
    release_held(reader);
    if (built == BUILD_VALUE) {
        reader->quiet = FALSE;
        reader->fn(value, NULL, reader->data);
    } else if (built != BUILD_MORE) {
        report(reader, error);
        if (built == BUILD_LIMIT) {
            reader->mode = MODE_SKIP_LINE;
        }
    }
}

/* The byte at @p, which belongs to the token, cannot be. */
static const char *stray(QhJsonReader *reader, const char *p)
{
    GError *error = NULL;
    unsigned char c = (unsigned char)*p;
    uint64_t length = offset_of(reader, p) - reader->token_start;

    /* The same as if the bytes had come one by one: the quote does not count. */
    if (length - (reader->mode == MODE_STRING) > reader->limits.token_bytes && length > 0) {
        over_limit(reader, "token size limit exceeded");
        return p;
    }
    if (c >= 0x20 && c < 0x7F) {
        qh_json_set_error(&error, reader->place, "stray '%c'", c);
    } else {
        qh_json_set_error(&error, reader->place, "stray byte 0x%02x", c);
    }
    qh_json_builder_abandon(&reader->builder, &error);
    release_held(reader);
    report(reader, error);
    reader->mode = MODE_RECOVER;
    if (c == '\n') {
        note_newline(reader, p);
    } else if (c != '\r' && c != '\t' && (c < 0x20 || c >= 0x7F)) {
        reader->quiet = TRUE;
    }
    return p + 1;
}

static gboolean is_punctuation(char c)
{
    return c == ',' || c == ':' || c == '[' || c == ']' || c == '{' || c == '}';
}

static const char *lex_between(QhJsonReader *reader, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        if (*p == '\n') {
            note_newline(reader, p);
        }
        p++;
    }
    if (p == end) {
        return p;
    }
    begin_token(reader, p);
    if (is_punctuation(*p)) {
        end_token(reader, TOKEN_PUNCTUATION, p, p + 1);
        return p + 1;
    }
    if (*p == '"' || *p == '\'') {
        reader->mode = MODE_STRING;
        reader->quote = *p;
        reader->escaped = reader->raw = FALSE;
        return p + 1;
    }
    if (g_ascii_isdigit(*p) || *p == '-') {
        reader->mode = MODE_NUMBER;
        reader->number = *p == '-' ? NUMBER_SIGN : *p == '0' ? NUMBER_ZERO : NUMBER_DIGITS;
        if (p + 1 == end) {
            hold(reader, p, end);
        }
        return p + 1;
    }
    if (g_ascii_islower(*p)) {
        reader->mode = MODE_WORD;
        return p;
    }
    return stray(reader, p);
}

/* Plain bytes of a string: neither quote, backslash, control character nor beyond ASCII. */
static const char *skip_plain(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\'' && *p != '\\') {
        p++;
    }
    return p;
}

static const char *lex_string(QhJsonReader *reader, const char *start, const char *end)
{
    for (const char *p = start; p < end; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x20 || c >= 0xFE) {
            return stray(reader, p);
        }
        if (reader->escaped) {
            reader->escaped = FALSE;
            continue;
        }
        p = skip_plain(p, end);
        if (p == end) {
            break;
        }
        c = (unsigned char)*p;
        if (c == (unsigned char)reader->quote) {
            end_token(reader, reader->raw ? TOKEN_STRING_RAW : TOKEN_STRING, start, p);
            return p + 1;
        }
        if (c < 0x20 || c >= 0xFE) {
            return stray(reader, p);
        }
        reader->escaped = c == '\\';
        reader->raw = reader->raw || c == '\\' || c >= 0x80;
    }
    hold(reader, start, end);
    return end;
}

/* What @c makes of a number: 1 it goes on, 0 it ends before, -1 it cannot be. */
static int number_step(QhJsonReader *reader, char c)
{
    NumberState state = reader->number;
    gboolean digit = g_ascii_isdigit(c);

    switch (state) {
    case NUMBER_SIGN:
        reader->number = c == '0' ? NUMBER_ZERO : NUMBER_DIGITS;
        return digit ? 1 : -1;
    case NUMBER_POINT:
        reader->number = NUMBER_FRACTION;
        return digit ? 1 : -1;
    case NUMBER_E:
        reader->number = digit ? NUMBER_EXPONENT : NUMBER_E_SIGN;
        return digit || c == '-' || c == '+' ? 1 : -1;
    case NUMBER_E_SIGN:
        reader->number = NUMBER_EXPONENT;
        return digit ? 1 : -1;
    case NUMBER_EXPONENT:
        return digit;
    case NUMBER_ZERO:
    case NUMBER_DIGITS:
    case NUMBER_FRACTION:
        break;
    }
    if (digit) {
        return state == NUMBER_ZERO ? -1 : 1;
    }
    if (c == '.' && state != NUMBER_FRACTION) {
        reader->number = NUMBER_POINT;
        return 1;
    }
    if (c == 'e' || c == 'E') {
        reader->number = NUMBER_E;
        return 1;
    }
    return 0;
}

/* @start is behind the first character, which is held unless it stands just before. */
static const char *lex_number(QhJsonReader *reader, const char *start, const char *end)
{
    const char *from = reader->held_bytes > 0 ? start : start - 1;

    for (const char *p = start; p < end; p++) {
        int step = number_step(reader, *p);
        if (step < 0) {
            return stray(reader, p);
        }
        if (step == 0) {
            end_token(reader, TOKEN_NUMBER, from, p);
            return p;
        }
    }
    hold(reader, from, end);
    return end;
}

static const char *lex_word(QhJsonReader *reader, const char *start, const char *end)
{
    const char *p = start;

    while (p < end && g_ascii_islower(*p)) {
        p++;
    }
    if (p == end) {
        hold(reader, start, end);
    } else {
        end_token(reader, TOKEN_WORD, start, p);
    }
    return p;
}

static const char *lex_recover(QhJsonReader *reader, const char *p, const char *end)
{
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c >= 0xFE || is_punctuation(*p)) {
            reader->mode = MODE_BETWEEN;
            break;
        }
    }
    return p;
}

static const char *lex_skip_line(QhJsonReader *reader, const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));

    if (newline == NULL) {
        return end;
    }
    note_newline(reader, newline);
    reader->mode = MODE_BETWEEN;
    return newline + 1;
}

void qh_json_reader_feed(QhJsonReader *reader, const char *bytes, size_t length)
{
    static const char *(*const lex[])(QhJsonReader *, const char *, const char *) = {
        [MODE_BETWEEN] = lex_between, [MODE_STRING] = lex_string,
        [MODE_NUMBER] = lex_number,   [MODE_WORD] = lex_word,
        [MODE_RECOVER] = lex_recover, [MODE_SKIP_LINE] = lex_skip_line,
    };
    if (length == 0) {
        return; /* bytes may be NULL */
    }
    const char *end = bytes + length;

    reader->chunk = bytes;
    for (const char *p = bytes; p < end;) {
        p = lex[reader->mode](reader, p, end);
    }
    reader->offset += length;
}

void qh_json_reader_end(QhJsonReader *reader)
{
    GError *error = NULL;

    reader->chunk = "";
    if (reader->mode == MODE_WORD) {
        end_token(reader, TOKEN_WORD, reader->chunk, reader->chunk);
    } else if (reader->mode == MODE_NUMBER) {
        if (number_step(reader, ' ') == 0) {
            end_token(reader, TOKEN_NUMBER, reader->chunk, reader->chunk);
        } else {
            stray(reader, " ");
        }
    }
    if (reader->mode == MODE_STRING || qh_json_builder_busy(&reader->builder)) {
        qh_json_set_error(&error,
                          (QhJsonPlace){reader->line, reader->offset - reader->line_start + 1},
                          "unexpected end of input");
        qh_json_builder_abandon(&reader->builder, &error);
        report(reader, error);
    }
    release_held(reader);
    reader->mode = MODE_BETWEEN;
}

/* Whole texts */

typedef struct Whole {
    QhJson *value;
    GError *error;
    guint n_values;
} Whole;

static void collect(QhJson *value, const GError *error, void *data)
{
    Whole *whole = data;

    whole->n_values++;
    if (value != NULL && whole->value == NULL) {
        whole->value = value;
    } else {
        qh_json_unref(value);
    }
    if (error != NULL && whole->error == NULL) {
        whole->error = g_error_copy(error);
    }
}

QhJson *qh_json_parse(const char *text, gssize length, const QhJsonLimits *limits, GError **error)
{
    Whole whole = {0};
    QhJsonReader *reader = qh_json_reader_new(limits, collect, &whole);

    qh_json_reader_feed(reader, text, length >= 0 ? (size_t)length : strlen(text));
    qh_json_reader_end(reader);
    qh_json_reader_free(reader);
    if (whole.error == NULL && whole.n_values != 1) {
        g_set_error(&whole.error, QH_ERROR, QH_ERROR_INVALID, "reading JSON text: %s",
                    whole.n_values == 0 ? "it is empty" : "something follows the value");
    }
    if (whole.error != NULL) {
        qh_json_unref(whole.value);
        g_propagate_error(error, whole.error);
        return NULL;
    }
    return whole.value;
}
