/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hubs: what comes in at one port of a hub goes out at all others. A port is a netdev of type
 * hubport; it may carry another netdev instead of a device ("netdev=").
 */
#include "core/net/net-priv.h"

#include <string.h>

typedef struct Port {
    QhNet *net;
    QhNet *carried; /* netdev= */
    int64_t hub;
    QhHost *host;
} Port;

static const QhNetdevOps *const self = &qh_net_hubport;

typedef struct Spread {
    Port *from;
    const QhNetHeader *header;
    const QhNetVec *vec;
    uint32_t n_vec;
} Spread;

/* Out of @port: to the device at it, or through the netdev that it carries. */
static void leave(Port *port, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    if (port->carried != NULL) {
        qh_net_service.send(port->carried, 0, header, vec, n_vec);
    } else {
        qh_net_service.deliver(port->net, 0, header, vec, n_vec);
    }
}

static void spread_to(QhNet *net, void *data)
{
    const Spread *spread = data;
    Port *port = net->ops == self ? net->state : NULL;

    if (port != NULL && port != spread->from && port->hub == spread->from->hub) {
        leave(port, spread->header, spread->vec, spread->n_vec);
    }
}

static void enter(Port *port, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    Spread spread = {port, header, vec, n_vec};

    qh_nets_foreach(qh_host_nets(port->host), spread_to, &spread);
}

/* From the device at the port. */
static gboolean port_send(void *state,
                          G_GNUC_UNUSED uint32_t queue,
                          const QhNetHeader *header,
                          const QhNetVec *vec,
                          uint32_t n_vec)
{
    enter(state, header, vec, n_vec);
    return TRUE;
}

/* From the netdev that the port carries. */
static gboolean carried_receive(void *opaque,
                                G_GNUC_UNUSED uint32_t queue,
                                const QhNetHeader *header,
                                const QhNetVec *vec,
                                uint32_t n_vec)
{
    enter(opaque, header, vec, n_vec);
    return TRUE;
}

static const QhNetHandlers carried_handlers = {
    .size = sizeof(QhNetHandlers),
    .receive = carried_receive,
};

static gboolean port_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    Port *port = state;
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);
    const QhJson *carried = json != NULL ? qh_json_get(json, "netdev") : NULL;
    uint8_t mac[6] = {0x02}; /* shown by nobody */

    if (json == NULL) {
        return FALSE;
    }
    port->host = ctx;
    port->net = net;
    qh_json_int(qh_json_get(json, "hubid"), &port->hub);
    if (carried == NULL) {
        return TRUE;
    }
    port->carried = qh_nets_find(qh_host_nets(ctx), qh_json_string(carried));
    if (port->carried == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no netdev '%.128s'",
                    qh_json_string(carried));
        return FALSE;
    }
    return qh_net_service.attach(port->carried, NULL, 1, mac, &carried_handlers, port, error);
}

static void port_close(void *state)
{
    Port *port = state;

    qh_net_service.detach(port->carried);
}

static char *port_describe(void *state)
{
    Port *port = state;

    return g_strdup_printf("    hub %" G_GINT64_FORMAT "%s%s\n", port->hub,
                           port->carried != NULL ? ", carries " : "",
                           port->carried != NULL ? qh_net_id(port->carried) : "");
}

const QhNetdevOps qh_net_hubport = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Port),
    .description = "a port of a hub",
    /* whoever is at another port may not take them: the host makes plain frames for it */
    .offloads = QH_NET_OFFLOAD_CSUM | QH_NET_OFFLOAD_TSO4 | QH_NET_OFFLOAD_TSO6 |
                QH_NET_OFFLOAD_ECN | QH_NET_OFFLOAD_USO,
    .open = port_open,
    .close = port_close,
    .send = port_send,
    .describe = port_describe,
};
