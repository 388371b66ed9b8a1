/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that users make (-object, object-add), by id. */
#ifndef QH_CORE_OBJECT_OBJECT_H
#define QH_CORE_OBJECT_OBJECT_H

#include "abi/object.h"
#include "core/host/host.h"
#include "core/json/json.h"

QhObjects *qh_objects_new(QhHost *host);
void qh_objects_free(QhObjects *objects);

/* @options is QMP's ObjectOptions: {"qom-type": "rng-random", "id": "r0", ...}. [main] */
gboolean qh_objects_add(QhObjects *objects, const QhJson *options, GError **error);
/* The command line's form: "rng-random,id=r0,filename=/dev/urandom", or JSON. [main] */
gboolean qh_objects_add_option(QhObjects *objects, const char *text, GError **error);
/* FALSE with @error when there is none of that id, or something uses it. [main] */
gboolean qh_objects_remove(QhObjects *objects, const char *id, GError **error);
QhObject *qh_objects_find(QhObjects *objects, const char *id);
void qh_objects_foreach(QhObjects *objects, void (*fn)(QhObject *object, void *data), void *data);

const char *qh_object_id(const QhObject *object);
const char *qh_object_type(const QhObject *object);
/* Something uses it until unref: it cannot be removed meanwhile. [main] */
QhObject *qh_object_ref(QhObject *object);
void qh_object_unref(QhObject *object);
/* As the service's methods. */
const void *qh_object_methods(QhObject *object,
                              const char *interface,
                              QhObjectHead **ret_state,
                              GError **error);
/* Of what can be set on it, the value as text; NULL when there is no such. The caller g_frees it.
 */
char *qh_object_property(QhObject *object, const char *name);
const QhPropertyTable *qh_object_properties(const QhObject *object);

/* The kinds that the host has itself, for lists; NULL at the end. */
const QhObjectOps *qh_object_class(guint i, const char **ret_name);

/*
 * Memory that a user made beforehand for a machine to use as its RAM: interface "qh.memory". @size
 * and @fd are those of the file (0 and -1: anonymous).
 */
#define QH_MEMORY_INTERFACE "qh.memory"
typedef struct QhMemoryMethods {
    uint32_t size;
    uint32_t reserved;
    uint64_t (*bytes)(QhObjectHead *object);
    /* A descriptor to map, owned by the object; -1: none, the host makes one. */
    int (*fd)(QhObjectHead *object);
    /* Whether another process may map it: share=on, or its kind. */
    gboolean (*is_shared)(QhObjectHead *object);
} QhMemoryMethods;

/* A thread for devices: interface "qh.iothread". */
#define QH_IOTHREAD_INTERFACE "qh.iothread"
typedef struct QhIothreadMethods {
    uint32_t size;
    uint32_t reserved;
    int (*thread_id)(QhObjectHead *object);         /* of the host */
    GMainContext *(*context)(QhObjectHead *object); /* that it runs */
} QhIothreadMethods;

/* The bytes of a secret; the caller frees them. NULL with @error when @id is no secret. [main] */
GBytes *qh_object_secret(QhObjects *objects, const char *id, GError **error);

extern const QhObjectService qh_object_service;

#endif
