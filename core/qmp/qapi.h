/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the schema says, as tables (generated, qapi/gen), and the three things that need no more
 * than the tables: filling a C struct from JSON, writing one as JSON, freeing what it holds.
 */
#ifndef QH_CORE_QMP_QAPI_H
#define QH_CORE_QMP_QAPI_H

#include "core/host/host.h"
#include "core/json/json.h"

typedef struct QhQapiType QhQapiType;

typedef enum {
    QH_QAPI_STR,    /* char *, g_free'd */
    QH_QAPI_INT,    /* size bytes, is_signed */
    QH_QAPI_NUMBER, /* double */
    QH_QAPI_BOOL,   /* gboolean */
    QH_QAPI_ANY,    /* QhJson * */
    QH_QAPI_NULL,
    QH_QAPI_ENUM,      /* uint32_t, position in values */
    QH_QAPI_OBJECT,    /* struct or union */
    QH_QAPI_ALTERNATE, /* uint32_t position in branches, then a union */
    QH_QAPI_LIST,      /* { size_t n; T *items; } */
} QhQapiKind;

/* QhQapiMember.flags */
#define QH_QAPI_OPTIONAL (1u << 0)
#define QH_QAPI_POINTER  (1u << 1) /* an optional struct: NULL when absent */

#define QH_QAPI_NO_HAS UINT32_MAX /* strings and pointers are NULL when absent */

typedef struct QhQapiMember {
    const char *name;
    const QhQapiType *type;
    uint32_t offset;
    uint32_t has_offset; /* of the gboolean that says whether it is there */
    uint32_t flags;
} QhQapiMember;

struct QhQapiType {
    const char *name; /* of the schema */
    QhQapiKind kind;
    uint32_t size; /* of the C type */
    gboolean is_signed;
    const char *const *values; /* ENUM */
    uint32_t n_values;
    const QhQapiMember *members; /* OBJECT; those of the base included */
    uint32_t n_members;
    const QhQapiType *const *branches; /* union: by value of the tag, NULL for no members;
                                          ALTERNATE: the types */
    uint32_t n_branches;
    uint32_t tag;              /* union: position of the tag among the members */
    uint32_t u_offset;         /* of the branches */
    const QhQapiType *element; /* LIST */
};

/* QhQapiCommand.flags */
#define QH_QAPI_OOB       (1u << 0)
#define QH_QAPI_PRECONFIG (1u << 1)

typedef struct QhQapiCommand {
    const char *name;
    const QhQapiType *args; /* NULL: none */
    const QhQapiType *ret;  /* NULL: the empty object */
    uint32_t flags;
    const char *slot;   /* name of the command slot whose module has the body */
    const char *digest; /* of a slot's argument and return types */
    /* The body in core/qmp/commands-DOMAIN.c; NULL for those with a slot and for those that the
     * session itself answers. [main] */
    gboolean (*run)(QhHost *host, const void *args, void *ret, GError **error);
    /* Instead of it, when arguments beyond those of the schema are taken: @args is an object, as it
     * came. [main] */
    gboolean (*open)(QhHost *host, const QhJson *args, GError **error);
} QhQapiCommand;

typedef struct QhQapiEvent {
    const char *name;
    const QhQapiType *data; /* NULL: none */
} QhQapiEvent;

/* Both sorted by name. */
extern const QhQapiCommand qh_qapi_commands[];
extern const size_t qh_qapi_n_commands;
extern const QhQapiEvent qh_qapi_events[];
extern const size_t qh_qapi_n_events;

/* The answer of query-qmp-schema, ready-made, and its SHA-256 in hexadecimal. */
extern const char qh_qapi_introspection[];
extern const size_t qh_qapi_introspection_bytes;
extern const char qh_qapi_digest[];

const QhQapiCommand *qh_qapi_find_command(const char *name); /* [any] */
const QhQapiEvent *qh_qapi_find_event(const char *name);     /* [any] */

/* Position of @text in an enum; FALSE when it has no such value. */
gboolean qh_qapi_enum_find(const QhQapiType *type, const char *text, uint32_t *ret);

/*
 * Fill the zeroed C value at @out from @json. An error names the path of what is wrong: "Parameter
 * 'backend.data.addr' is missing"; then @out is zero again. @json may be NULL for an object: it is
 * taken as empty. [any]
 */
gboolean qh_qapi_read(const QhQapiType *type, const QhJson *json, void *out, GError **error);
/* Check only. */
gboolean qh_qapi_check(const QhQapiType *type, const QhJson *json, GError **error);
void qh_qapi_write(const QhQapiType *type, const void *value, QhJsonWriter *writer);
/* What has been written by @writer, which is used up, as a value; as qh_qapi_read. [any] */
gboolean qh_qapi_read_back(const QhQapiType *type, QhJsonWriter *writer, void *out, GError **error);
/* A value as a tree; NULL with @error if it is nested too deeply. [any] */
QhJson *qh_qapi_to_json(const QhQapiType *type, const void *value, GError **error);
/* Free what the value holds, and zero it; not the value itself. */
void qh_qapi_clear(const QhQapiType *type, void *value);

/* Append a zeroed element to a generated list and return it. */
#define QH_QAPI_APPEND(list)                                                                       \
    ((__typeof__((list)->items))qh_qapi_append((void **)&(list)->items, &(list)->n,                \
                                               sizeof(*(list)->items)))
void *qh_qapi_append(void **items, size_t *n, size_t size);

#endif
