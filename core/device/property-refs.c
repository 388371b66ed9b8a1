/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties that name something else of the host: a row here for each kind. */
#include "core/block/device.h"
#include "core/char/chars.h"
#include "core/device/property-priv.h"
#include "core/net/net.h"
#include "core/object/object.h"

/* What is called @id; NULL when there is no such. */
typedef struct QhReference {
    uint32_t type;
    const char *what; /* for errors: "character device" */
    void *(*find)(QhHost *host, const char *id);
    const char *(*id)(const void *found);
    void (*drop)(void *found); /* what find gave has to be given back; NULL: it has not */
} QhReference;

static void *find_chardev(QhHost *host, const char *id)
{
    QhChars *chars = qh_host_chars(host);

    return chars != NULL ? qh_chars_find(chars, id) : NULL;
}

static const char *chardev_id(const void *found)
{
    return qh_char_id(found);
}

static void *find_net(QhHost *host, const char *id)
{
    QhNets *nets = qh_host_nets(host);

    return nets != NULL ? qh_nets_find(nets, id) : NULL;
}

static const char *net_id(const void *found)
{
    return qh_net_id(found);
}

static void *find_block(QhHost *host, const char *id)
{
    return qh_block_device_get(qh_host_blocks(host), id, NULL);
}

static const char *block_id(const void *found)
{
    return qh_block_device_text(found);
}

static void drop_block(void *found)
{
    qh_block_device_unref(found);
}

static void *find_object(QhHost *host, const char *id)
{
    QhObjects *objects = qh_host_objects(host);
    QhObject *object = objects != NULL ? qh_objects_find(objects, id) : NULL;

    return object != NULL ? qh_object_ref(object) : NULL;
}

static const char *object_id(const void *found)
{
    return qh_object_id(found);
}

static void drop_object(void *found)
{
    qh_object_unref(found);
}

static const QhReference references[] = {
    {QH_PROPERTY_CHARDEV, "character device",    find_chardev, chardev_id, NULL       },
    {QH_PROPERTY_BLOCK,   "drive or block node", find_block,   block_id,   drop_block },
    {QH_PROPERTY_NETDEV,  "network",             find_net,     net_id,     NULL       },
    {QH_PROPERTY_OBJECT,  "object",              find_object,  object_id,  drop_object},
};

static const QhReference *reference_of(uint32_t type)
{
    for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
        if (references[i].type == type) {
            return &references[i];
        }
    }
    return NULL;
}

gboolean qh_property_is_reference(uint32_t type)
{
    return reference_of(type) != NULL;
}

gboolean qh_property_set_reference(QhHost *host,
                                   const QhProperty *property,
                                   void *at,
                                   const char *subject,
                                   const char *value,
                                   GError **error)
{
    const QhReference *reference = reference_of(property->type);
    void *found = NULL;

    if (host != NULL && reference->find != NULL) {
        found = reference->find(host, value);
    }
    if (found == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "cannot set property '%s' of %s: there is no %s '%s'", property->name, subject,
                    reference->what, value);
        return FALSE;
    }
    qh_property_drop_reference(property->type, at);
    *(void **)at = found;
    return TRUE;
}

void qh_property_drop_reference(uint32_t type, void *at)
{
    const QhReference *reference = reference_of(type);
    void *found = *(void **)at;

    *(void **)at = NULL;
    if (found != NULL && reference->drop != NULL) {
        reference->drop(found);
    }
}

char *qh_property_reference_text(uint32_t type, const void *at)
{
    const QhReference *reference = reference_of(type);
    const void *found = *(void *const *)at;

    return found != NULL && reference->id != NULL ? g_strdup(reference->id(found)) : NULL;
}
