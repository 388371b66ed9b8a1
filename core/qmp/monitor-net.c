/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor's commands on networks. */
#include "core/net/net.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-net.h"

#include <string.h>

/* @error by its address: it is set while the arguments are evaluated. */
static void show(const QhMonitorCall *call, gboolean done, GError *const *error)
{
    if (!done) {
        g_string_append_printf(call->out, "Error: %s\n", (*error)->message);
    }
}

void qh_monitor_info_network(const QhMonitorCall *call)
{
    g_autofree char *text = qh_nets_text(qh_host_nets(call->host));

    g_string_append(call->out, text);
}

void qh_monitor_netdev_add(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    show(call, qh_nets_add_option(qh_host_nets(call->host), call->args, FALSE, NULL, &error),
         &error);
}

void qh_monitor_netdev_del(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    show(call, qh_nets_remove(qh_host_nets(call->host), call->args, &error), &error);
}

void qh_monitor_set_link(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strsplit_set(call->args, " \t", 2);
    const char *how = words[0] != NULL && words[1] != NULL ? g_strstrip(words[1]) : "";
    QhQmpSetLinkArgs args = {.name = words[0], .up = g_str_equal(how, "on")};

    if (!args.up && !g_str_equal(how, "off")) {
        g_string_append(call->out, "Error: set_link NAME on|off\n");
        return;
    }
    show(call, qh_qmp_set_link(call->host, &args, &error), &error);
}

static void pick_first(QhNet *net, void *data)
{
    QhNet **first = data;

    *first = *first == NULL ? net : *first;
}

/* "[NETDEV] RULE": without a name, the first network. */
static void run_rule(const QhMonitorCall *call, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strsplit_set(call->args, " \t", 2);
    const char *rule = words[0] != NULL && words[1] != NULL ? g_strstrip(words[1]) : call->args;
    QhNets *nets = qh_host_nets(call->host);
    QhNet *net = NULL;

    if (rule != call->args) {
        net = qh_nets_find(nets, words[0]);
    } else {
        qh_nets_foreach(nets, pick_first, &net);
    }
    if (net == NULL) {
        g_string_append(call->out, "Error: there is no such network\n");
        return;
    }
    g_autofree char *text = qh_net_command(net, name, rule, &error);
    show(call, text != NULL, &error);
    if (text != NULL) {
        g_string_append(call->out, text);
    }
}

void qh_monitor_hostfwd_add(const QhMonitorCall *call)
{
    run_rule(call, "hostfwd_add");
}

void qh_monitor_hostfwd_remove(const QhMonitorCall *call)
{
    run_rule(call, "hostfwd_remove");
}
