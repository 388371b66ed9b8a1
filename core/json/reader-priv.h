/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the two halves of the reader: the lexer (reader.c) cuts bytes into tokens, the builder
 * (builder.c) makes values of them.
 */
#ifndef QH_CORE_JSON_READER_PRIV_H
#define QH_CORE_JSON_READER_PRIV_H

#include "core/json/value-priv.h"

/* Where a token begins, counted from 1; columns are bytes. */
typedef struct QhJsonPlace {
    uint64_t line;
    uint64_t column;
} QhJsonPlace;

/* What a token is, told by its first character; strings and numbers may still be malformed. */
typedef enum {
    TOKEN_PUNCTUATION, /* one of , : [ ] { } */
    TOKEN_STRING,      /* between the quotes, plain ASCII without escapes */
    TOKEN_STRING_RAW,  /* between the quotes, to be decoded */
    TOKEN_NUMBER,
    TOKEN_WORD,
} QhJsonToken;

typedef struct QhJsonFrame {
    char open;     /* '{' or '[' */
    uint8_t state; /* what may come next */
    size_t first;  /* of its elements among the pending ones */
} QhJsonFrame;

typedef struct QhJsonBuilder {
    uint32_t max_nesting;
    uint32_t max_tokens;
    uint32_t tokens;
    uint32_t skip;   /* > 0: brackets still open after a syntax error */
    GError *error;   /* the syntax error being skipped over */
    GArray *frames;  /* QhJsonFrame */
    GArray *members; /* QhJsonMember: elements of open containers; .key is separate */
    char *scratch;   /* decoded string */
    size_t scratch_bytes;
} QhJsonBuilder;

/* What a token led to. */
typedef enum {
    BUILD_MORE,  /* the value is not complete */
    BUILD_VALUE, /* *ret_value is a complete top-level value */
    BUILD_ERROR, /* *error is set, the builder is reset */
    BUILD_LIMIT, /* the same, and the rest of the value is best skipped */
} QhJsonBuild;

void qh_json_builder_init(QhJsonBuilder *builder, uint32_t max_nesting, uint32_t max_tokens);
void qh_json_builder_clear(QhJsonBuilder *builder);
/* Forget the value in progress. */
void qh_json_builder_reset(QhJsonBuilder *builder);
/* Whether a value is in progress. */
gboolean qh_json_builder_busy(const QhJsonBuilder *builder);
/* The error to report instead of @error when a syntax error is being skipped over. */
void qh_json_builder_abandon(QhJsonBuilder *builder, GError **error);
QhJsonBuild qh_json_builder_token(QhJsonBuilder *builder,
                                  QhJsonToken token,
                                  const char *text,
                                  size_t length,
                                  QhJsonPlace place,
                                  QhJson **ret_value,
                                  GError **error);

/* Decode what stands between the quotes into @out, at least @length + 8 bytes; returns the
 * length. -1 with @error set. (scalar.c) */
gssize qh_json_decode_string(
    const char *text, size_t length, char *out, QhJsonPlace place, GError **error);
QhJson *qh_json_decode_number(const char *text, size_t length, QhJsonPlace place, GError **error);
QhJson *qh_json_decode_word(const char *text, size_t length, QhJsonPlace place, GError **error);
void qh_json_set_error(GError **error, QhJsonPlace place, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#endif
