/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_STATE_H
#define QH_ABI_STATE_H

#include "abi/base.h"

#define QH_CLASS_GPR  0u
#define QH_CLASS_FP   1u
#define QH_CLASS_VEC  2u
#define QH_CLASS_FLAG 3u
#define QH_CLASS_CTRL 4u
#define QH_CLASS_PC   5u

#define QH_STATE_ZERO   (1u << 0)
#define QH_STATE_HIDDEN (1u << 1)
#define QH_STATE_NOSAVE (1u << 2)

typedef struct QhStateField {
    const char *name;
    uint32_t offset;
    uint16_t count;
    uint8_t type;
    uint8_t klass;
    uint32_t flags;
    uint16_t hot;
    uint16_t since;
} QhStateField;

typedef struct QhStateTable {
    uint32_t size;
    uint32_t field_size;
    uint32_t n_fields;
    uint32_t version;
    const QhStateField *fields;
} QhStateTable;

#define QH_STATE_FIELD(struct_, member_, type_, count_)                                            \
    {                                                                                              \
        .name = #member_, .offset = offsetof(struct_, member_), .count = (count_),                 \
        .type = QH_TYPE_##type_, .klass = QH_CLASS_CTRL,                                           \
    }

#define QH_STATE_TABLE(rows_, version_)                                                            \
    {                                                                                              \
        .size = sizeof(QhStateTable), .field_size = sizeof(QhStateField),                          \
        .n_fields = sizeof(rows_) / sizeof((rows_)[0]), .version = (version_), .fields = (rows_),  \
    }

#define QH_STATE_SAVE  0u
#define QH_STATE_CHECK 1u
#define QH_STATE_LOAD  2u

typedef struct QhStateStream {
    uint32_t size;
    uint32_t mode;
    void *host;

    void (*bytes)(struct QhStateStream *stream, void *object, uint64_t bytes);

    uint64_t (*number)(struct QhStateStream *stream, uint64_t value);

    void (*same)(struct QhStateStream *stream, uint64_t value, const char *what);

    void (*fail)(struct QhStateStream *stream, const char *why);
    gboolean (*ok)(const struct QhStateStream *stream);

    void (*mapped)(struct QhStateStream *stream, void *pointer, uint64_t bytes);
} QhStateStream;

#endif
