/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on networks. */
#include "core/net/net.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-net.h"
#include "qapi/qapi-tables.h"
#include <string.h>

gboolean qh_qmp_netdev_add(QhHost *host, const QhQmpNetdev *args, GError **error)
{
    g_autoptr(QhJson) netdev = qh_qapi_to_json(&qh_qapi_Netdev, args, error);

    return netdev != NULL && qh_nets_add(qh_host_nets(host), netdev, error);
}

gboolean qh_qmp_netdev_del(QhHost *host, const QhQmpNetdevDelArgs *args, GError **error)
{
    return qh_nets_remove(qh_host_nets(host), args->id, error);
}

typedef struct Search {
    const char *name;
    QhNet *found;
} Search;

static void match(QhNet *net, void *data)
{
    Search *search = data;

    if (search->found == NULL && (g_str_equal(qh_net_id(net), search->name) ||
                                  g_strcmp0(qh_net_device(net), search->name) == 0)) {
        search->found = net;
    }
}

/* By the id of the network or of the device at it. */
static QhNet *find(QhHost *host, const char *name, GError **error)
{
    Search search = {.name = name};

    qh_nets_foreach(qh_host_nets(host), match, &search);
    if (search.found == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%.128s' not found", name);
    }
    return search.found;
}

gboolean qh_qmp_set_link(QhHost *host, const QhQmpSetLinkArgs *args, GError **error)
{
    QhNet *net = find(host, args->name, error);

    if (net == NULL) {
        return FALSE;
    }
    qh_net_set_link(net, args->up);
    return TRUE;
}

typedef struct Filters {
    const char *name;
    QhQmpRxFilterInfoList *list;
    gboolean found;
} Filters;

static void add_filter(QhNet *net, void *data)
{
    Filters *filters = data;
    const char *device = qh_net_device(net);

    if (device == NULL || (filters->name != NULL && !g_str_equal(device, filters->name))) {
        return;
    }
    g_autoptr(QhJson) filter = qh_net_rx_filter(net);
    QhQmpRxFilterInfo info = {0};
    if (filter != NULL && qh_qapi_read(&qh_qapi_RxFilterInfo, filter, &info, NULL)) {
        *QH_QAPI_APPEND(filters->list) = info;
    }
    filters->found = TRUE;
}

gboolean qh_qmp_query_rx_filter(QhHost *host,
                                const QhQmpQueryRxFilterArgs *args,
                                QhQmpRxFilterInfoList *ret,
                                GError **error)
{
    Filters filters = {.name = args->name, .list = ret};

    qh_nets_foreach(qh_host_nets(host), add_filter, &filters);
    if (args->name == NULL) {
        return TRUE;
    }
    if (!filters.found) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "invalid net client name: %.128s",
                    args->name);
    } else if (ret->n == 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "net client(%.128s) doesn't support rx-filter querying", args->name);
    }
    return filters.found && ret->n != 0;
}

/* One announcement that is under way; ends with its last round. */
typedef struct Announcement {
    QhHost *host;
    char **names; /* NULL: all */
    int64_t wait_ms, max_ms, step_ms, rounds;
} Announcement;

static void announcement_free(gpointer data)
{
    Announcement *announcement = data;

    g_strfreev(announcement->names);
    g_free(announcement);
}

static void announce_one(QhNet *net, void *data)
{
    const Announcement *announcement = data;
    const char *device = qh_net_device(net);

    if (device != NULL && (announcement->names == NULL ||
                           g_strv_contains((const char *const *)announcement->names, device))) {
        qh_net_announce(net);
    }
}

static gboolean announce_round(gpointer data)
{
    Announcement *announcement = data;

    qh_nets_foreach(qh_host_nets(announcement->host), announce_one, announcement);
    if (--announcement->rounds <= 0) {
        return G_SOURCE_REMOVE;
    }
    GSource *next = g_timeout_source_new((guint)announcement->wait_ms);
    announcement->wait_ms =
        MIN(announcement->wait_ms + announcement->step_ms, announcement->max_ms);
    Announcement *copy = g_memdup2(announcement, sizeof(*announcement));
    copy->names = g_strdupv(announcement->names);
    g_source_set_callback(next, announce_round, copy, announcement_free);
    g_source_attach(next, qh_host_context(announcement->host));
    g_source_unref(next);
    return G_SOURCE_REMOVE;
}

gboolean qh_qmp_announce_self(QhHost *host, const QhQmpAnnounceParameters *args, GError **error)
{
    const int64_t limits[][3] = {
        {args->initial, 1, 100000},
        {args->max,     1, 100000},
        {args->rounds,  1, 1000  },
        {args->step,    0, 10000 },
    };
    static const char *const names[] = {"initial", "max", "rounds", "step"};

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        if (limits[i][0] < limits[i][1] || limits[i][0] > limits[i][2]) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "Parameter '%s' expects a value between %" G_GINT64_FORMAT
                        " and %" G_GINT64_FORMAT,
                        names[i], limits[i][1], limits[i][2]);
            return FALSE;
        }
    }
    Announcement *announcement = g_new0(Announcement, 1);
    announcement->host = host;
    announcement->wait_ms = args->initial;
    announcement->max_ms = args->max;
    announcement->step_ms = args->step;
    announcement->rounds = args->rounds;
    if (args->has_interfaces) {
        announcement->names = g_new0(char *, args->interfaces.n + 1);
        for (size_t i = 0; i < args->interfaces.n; i++) {
            announcement->names[i] = g_strdup(args->interfaces.items[i]);
        }
    }
    announce_round(announcement);
    announcement_free(announcement);
    return TRUE;
}
