/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The networks of a host by id: making them, taking them away, showing them. */
#include "core/cli/keyval-json.h"
#include "core/device/instance.h"
#include "core/host/id.h"
#include "core/machine/machine.h"
#include "core/net/net-priv.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-tables.h"

#include <string.h>

#define MAX_NETS 1024u

struct QhNets {
    QhHost *host;
    GPtrArray *nets; /* in the order they were made */
    uint32_t n_macs;
    uint32_t n_unnamed;
};

static const QhNetBackend backends[] = {
    {"stream",  &qh_net_stream },
    {"dgram",   &qh_net_dgram  },
    {"socket",  &qh_net_socket },
    {"tap",     &qh_net_tap    },
    {"bridge",  &qh_net_bridge },
    {"passt",   &qh_net_passt  },
    {"hubport", &qh_net_hubport},
};

const QhNetdevOps *qh_net_class(guint i, const char **ret_name)
{
    *ret_name = i < G_N_ELEMENTS(backends) ? backends[i].type : NULL;
    return i < G_N_ELEMENTS(backends) ? backends[i].ops : NULL;
}

QhNets *qh_nets_new(QhHost *host)
{
    QhNets *nets = g_new0(QhNets, 1);

    nets->host = host;
    nets->nets = g_ptr_array_new();
    return nets;
}

static void net_free(QhNet *net, gboolean opened)
{
    qh_net_forget_past(net);
    while (net->dumps->len > 0) {
        qh_net_dump_free(g_ptr_array_index(net->dumps, net->dumps->len - 1));
    }
    if (opened) {
        net->ops->close(net->state);
    }
    qh_net_drop_frames(net);
    if (net->slot.ops != NULL) {
        qh_slot_release(&net->slot);
    }
    g_ptr_array_unref(net->dumps);
    g_free(net->state);
    g_free(net->info);
    g_free(net->type);
    g_free(net->id);
    g_free(net);
}

void qh_nets_free(QhNets *nets)
{
    if (nets == NULL) {
        return;
    }
    while (nets->nets->len > 0) {
        net_free(g_ptr_array_steal_index(nets->nets, nets->nets->len - 1), TRUE);
    }
    g_ptr_array_unref(nets->nets);
    g_free(nets);
}

QhNet *qh_nets_find(QhNets *nets, const char *id)
{
    for (guint i = 0; i < nets->nets->len; i++) {
        QhNet *net = g_ptr_array_index(nets->nets, i);

        if (g_str_equal(net->id, id)) {
            return net;
        }
    }
    return NULL;
}

void qh_nets_foreach(QhNets *nets, void (*fn)(QhNet *net, void *data), void *data)
{
    for (guint i = 0; i < nets->nets->len; i++) {
        fn(g_ptr_array_index(nets->nets, i), data);
    }
}

void qh_nets_next_mac(QhNets *nets, uint8_t *ret_mac)
{
    uint32_t low = 0x123456u + nets->n_macs++;
    const uint8_t mac[6] = {0x52,        0x54, 0x00, (uint8_t)(low >> 16), (uint8_t)(low >> 8),
                            (uint8_t)low};

    memcpy(ret_mac, mac, sizeof(mac));
}

/* A back end of the host's own, or a module's. */
static gboolean find_ops(QhNet *net, void **ret_ctx, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (g_str_equal(backends[i].type, net->type)) {
            net->ops = backends[i].ops;
            *ret_ctx = net->host;
            return TRUE;
        }
    }
    if (!qh_registry_acquire(qh_host_registry(net->host), "netdev", net->type, &net->slot, error)) {
        return FALSE;
    }
    net->ops = net->slot.ops;
    *ret_ctx = net->slot.ctx;
    return TRUE;
}

static gboolean check_new(QhNets *nets, const char *id, GError **error)
{
    if (!qh_id_check(id, error)) {
        return FALSE;
    }
    if (qh_nets_find(nets, id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "netdev '%s' already exists", id);
        return FALSE;
    }
    if (nets->nets->len >= MAX_NETS) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "there are %u netdevs already", MAX_NETS);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_nets_add(QhNets *nets, const QhJson *netdev, GError **error)
{
    void *ctx = NULL;

    if (!qh_qapi_check(&qh_qapi_Netdev, netdev, error)) {
        return FALSE;
    }
    const char *id = qh_json_string(qh_json_get(netdev, "id"));
    if (!check_new(nets, id, error)) {
        return FALSE;
    }
    QhNet *net = g_new0(QhNet, 1);
    net->nets = nets;
    net->host = nets->host;
    net->id = g_strdup(id);
    net->type = g_strdup(qh_json_string(qh_json_get(netdev, "type")));
    net->link_up = TRUE;
    net->dumps = g_ptr_array_new();
    if (find_ops(net, &ctx, error)) {
        g_autofree char *options = qh_json_to_text(netdev);

        net->send_offloads = net->ops->offloads;
        net->state = g_malloc0(MAX(net->ops->state_size, 1));
        if (net->ops->open(ctx, net->state, net, options, error)) {
            g_ptr_array_add(nets->nets, net);
            return TRUE;
        }
        g_prefix_error(error, "netdev '%s': ", id);
    }
    net_free(net, FALSE);
    return FALSE;
}

gboolean
qh_nets_add_option(QhNets *nets, const char *text, gboolean make_id, char **ret_id, GError **error)
{
    g_autoptr(QhJson) netdev =
        qh_keyval_json(&qh_qapi_Netdev, text, "type", make_id ? QH_KEYVAL_PARTIAL : 0, error);

    if (netdev == NULL) {
        return FALSE;
    }
    if (make_id && qh_json_get(netdev, "id") == NULL) {
        g_autofree char *id = NULL;

        do {
            g_free(id);
            id = g_strdup_printf("net%u", nets->n_unnamed++);
        } while (qh_nets_find(nets, id) != NULL);
        qh_json_set(netdev, "id", qh_json_new_string(id));
    }
    if (!qh_nets_add(nets, netdev, error)) {
        return FALSE;
    }
    if (ret_id != NULL) {
        *ret_id = g_strdup(qh_json_string(qh_json_get(netdev, "id")));
    }
    return TRUE;
}

gboolean qh_nets_remove(QhNets *nets, const char *id, GError **error)
{
    QhNet *net = qh_nets_find(nets, id);

    if (net == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%s' not found", id);
        return FALSE;
    }
    if (net->handlers.size != 0) {
        const char *device = qh_net_device(net);

        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "netdev '%s' is in use by %s%s", id,
                    device != NULL ? "device " : "a hub", device != NULL ? device : "");
        return FALSE;
    }
    QhMachine *machine = qh_machine_enter(qh_host_machine(nets->host));
    g_ptr_array_remove(nets->nets, net);
    net_free(net, TRUE);
    qh_machine_leave(machine);
    return TRUE;
}

const char *qh_net_id(const QhNet *net)
{
    return net->id;
}

const char *qh_net_device(const QhNet *net)
{
    return net->device != NULL ? qh_instance_id(net->device) : NULL;
}

void qh_net_emit_filter_changed(QhNet *net)
{
    const char *id = qh_net_device(net);
    g_autoptr(QhJson) data = qh_json_new_object();
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);

    qh_json_set(data, "name", qh_json_new_string(id));
    qh_json_set(data, "path", qh_json_new_string(path));
    qh_qmp_emit(qh_host_qmp(net->host), "NIC_RX_FILTER_CHANGED", data);
}

char *qh_net_command(QhNet *net, const char *name, const char *arguments, GError **error)
{
    if (net->ops->command == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "netdev '%s' (%s) knows no command '%s'",
                    net->id, net->type, name);
        return NULL;
    }
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));
    char *text = net->ops->command(net->state, name, arguments, error);
    qh_machine_leave(machine);
    return text;
}

static void describe(QhNet *net, void *data)
{
    GString *text = data;
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));
    g_autofree char *more = net->ops->describe != NULL ? net->ops->describe(net->state) : NULL;
    const uint8_t *mac = net->mac;

    qh_machine_leave(machine);
    if (net->device != NULL) {
        g_string_append_printf(text,
                               "%s: index=0,type=nic,macaddr=%02x:%02x:%02x:%02x:%02x:%02x%s\n \\ ",
                               qh_net_device(net), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                               net->link_up ? "" : ",link=off");
    }
    g_string_append_printf(text, "%s: index=0,type=%s", net->id, net->type);
    if (net->info != NULL) {
        g_string_append_printf(text, ",%s", net->info);
    }
    g_string_append_c(text, '\n');
    if (more != NULL) {
        g_string_append(text, more);
    }
}

char *qh_nets_text(QhNets *nets)
{
    GString *text = g_string_new(NULL);

    qh_nets_foreach(nets, describe, text);
    return g_string_free(text, FALSE);
}
