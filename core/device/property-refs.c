/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties that name something else of the host: a row here for each kind. */
#include "core/char/chars.h"
#include "core/device/property-priv.h"

/* What is called @id; NULL when there is no such. */
typedef struct QhReference {
    uint32_t type;
    const char *what; /* for errors: "character device" */
    void *(*find)(QhHost *host, const char *id);
    const char *(*id)(const void *found);
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

static const QhReference references[] = {
    {QH_PROPERTY_CHARDEV, "character device", find_chardev, chardev_id},
    {QH_PROPERTY_BLOCK,   "disk",             NULL,         NULL      },
    {QH_PROPERTY_NETDEV,  "network",          NULL,         NULL      },
    {QH_PROPERTY_OBJECT,  "object",           NULL,         NULL      },
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
    *(void **)at = found;
    return TRUE;
}

char *qh_property_reference_text(uint32_t type, const void *at)
{
    const QhReference *reference = reference_of(type);
    const void *found = *(void *const *)at;

    return found != NULL && reference->id != NULL ? g_strdup(reference->id(found)) : NULL;
}
