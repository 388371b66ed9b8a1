/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of a network into a file. */
#include "core/net/net.h"
#include "core/object/object-priv.h"

typedef struct Dump {
    QhObjectHead base;
    char *netdev, *file;
    uint32_t max_bytes;
    QhNetDump *dump;
} Dump;

static gboolean dump_complete(QhObjectHead *object, GError **error)
{
    Dump *dump = (Dump *)object;
    QhNet *net = qh_nets_find(qh_host_nets(object->host), dump->netdev);

    if (net == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no network '%.128s'",
                    dump->netdev);
        return FALSE;
    }
    dump->dump = qh_net_dump_new(net, dump->file, dump->max_bytes, error);
    return dump->dump != NULL;
}

static void dump_release(QhObjectHead *object)
{
    Dump *dump = (Dump *)object;

    if (dump->dump != NULL) {
        qh_net_dump_free(dump->dump);
    }
}

static const QhProperty rows[] = {
    QH_PROPERTY("netdev", QH_PROPERTY_STRING, offsetof(Dump, netdev), NULL, 0, 0, "the network"),
    QH_PROPERTY("file", QH_PROPERTY_STRING, offsetof(Dump, file), NULL, 0, 0, "pcap file"),
    QH_PROPERTY("maxlen",
                QH_PROPERTY_U32,
                offsetof(Dump, max_bytes),
                "65536",
                1,
                UINT32_MAX,
                "bytes of each frame"),
};
static const QhPropertyTable properties = QH_OBJECT_PROPERTIES(rows);

const QhObjectOps qh_object_filter_dump = {
    .size = sizeof(QhObjectOps),
    .state_size = sizeof(Dump),
    .description = "the frames of a network into a file",
    .properties = &properties,
    .complete = dump_complete,
    .release = dump_release,
};
