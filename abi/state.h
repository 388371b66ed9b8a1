/* SPDX-License-Identifier: MIT */
/*
 * State tables: the registers of a CPU and the fields of a device, described once. The IR's state
 * slots, `info registers`, the gdb description, QMP reads, snapshots and lockstep comparison all
 * read the same table.
 */
#ifndef QH_ABI_STATE_H
#define QH_ABI_STATE_H

#include "abi/base.h"

/* Classes of state, also bits (1u << class) in the effect masks of helpers. */
#define QH_CLASS_GPR  0u
#define QH_CLASS_FP   1u
#define QH_CLASS_VEC  2u
#define QH_CLASS_FLAG 3u /* condition codes, lazy-flag slots */
#define QH_CLASS_CTRL 4u /* system registers and everything else */
#define QH_CLASS_PC   5u

/* QhStateField.flags */
#define QH_STATE_ZERO   (1u << 0) /* reads as zero, writes are dropped (a hard-wired register) */
#define QH_STATE_HIDDEN (1u << 1) /* saved, but not shown to people or gdb */
#define QH_STATE_NOSAVE (1u << 2) /* derived from other state; not part of a snapshot */

typedef struct QhStateField {
    const char *name; /* as the manual spells it */
    uint32_t offset;  /* bytes from the start of the state struct */
    uint16_t count;   /* elements, 0 and 1 both mean a single one; IR slots are single */
    uint8_t type;     /* QH_TYPE_I8 and up */
    uint8_t klass;    /* QH_CLASS_... */
    uint32_t flags;   /* QH_STATE_... */
    uint16_t hot;     /* 0: no hint; 1 is the hottest: wanted in a host register first */
    uint16_t since;   /* version of the table that brought the field; 0 for the first */
} QhStateField;

/* Arrays inside a table are walked with the table's own stride, so QhStateField may grow. */
typedef struct QhStateTable {
    uint32_t size;
    uint32_t field_size; /* sizeof(QhStateField) */
    uint32_t n_fields;
    uint32_t version;
    const QhStateField *fields;
} QhStateTable;

/* A row for @count_ elements of type QH_TYPE_@type_ in member @member_ of @struct_, named alike. */
#define QH_STATE_FIELD(struct_, member_, type_, count_)                                            \
    {                                                                                              \
        .name = #member_, .offset = offsetof(struct_, member_), .count = (count_),                 \
        .type = QH_TYPE_##type_, .klass = QH_CLASS_CTRL,                                           \
    }
/* The table whose rows are the array @rows_, in its version @version_ (0: the first). */
#define QH_STATE_TABLE(rows_, version_)                                                            \
    {                                                                                              \
        .size = sizeof(QhStateTable), .field_size = sizeof(QhStateField),                          \
        .n_fields = sizeof(rows_) / sizeof((rows_)[0]), .version = (version_), .fields = (rows_),  \
    }

/* QhStateStream.mode */
#define QH_STATE_SAVE  0u
#define QH_STATE_CHECK 1u /* what would be loaded is looked at; nothing changes */
#define QH_STATE_LOAD  2u /* cannot fail: CHECK has found it good */

/*
 * What a table cannot say: state whose size is known only at run time, or that lies elsewhere. The
 * method `stream` of a device or bus names all of it with these calls, the same in each mode. After
 * a failure they do nothing, and numbers read as they were given. [device], CPUs stopped
 */
typedef struct QhStateStream {
    uint32_t size;
    uint32_t mode;
    void *host; /* the host's */
    /* @bytes at @object: saved from there, loaded to there. */
    void (*bytes)(struct QhStateStream *stream, void *object, uint64_t bytes);
    /* @value is saved and returned; in the other modes what was saved is. */
    uint64_t (*number)(struct QhStateStream *stream, uint64_t value);
    /* What must be the same when it is loaded: a count, a size. @what names it in the error. */
    void (*same)(struct QhStateStream *stream, uint64_t value, const char *what);
    /* It cannot be saved or loaded, for the reason @why. */
    void (*fail)(struct QhStateStream *stream, const char *why);
    gboolean (*ok)(const struct QhStateStream *stream);
    /* SAVE: guest memory that the device has mapped and will write to without mapping it anew. */
    void (*mapped)(struct QhStateStream *stream, void *pointer, uint64_t bytes);
} QhStateStream;

#endif
