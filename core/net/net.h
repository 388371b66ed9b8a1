/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: each -netdev is a QhNet, a back end on one side and at most one device on the other.
 * Everything about frames happens under the machine's device lock.
 */
#ifndef QH_CORE_NET_NET_H
#define QH_CORE_NET_NET_H

#include "abi/net.h"
#include "core/host/host.h"
#include "core/json/json.h"

QhNets *qh_nets_new(QhHost *host);
void qh_nets_free(QhNets *nets);

/* @netdev is QMP's Netdev: {"type": "user", "id": "n0", ...}. [main] */
gboolean qh_nets_add(QhNets *nets, const QhJson *netdev, GError **error);
/* The command line's form: "user,id=n0,hostfwd=tcp::2222-:22", or JSON. *@ret_id, if not NULL, is
 * g_free'd by the caller; without an id in the text one is made up when @make_id. [main] */
gboolean
qh_nets_add_option(QhNets *nets, const char *text, gboolean make_id, char **ret_id, GError **error);
/* FALSE with @error when there is none of that id, or a device uses it. [main] */
gboolean qh_nets_remove(QhNets *nets, const char *id, GError **error);
QhNet *qh_nets_find(QhNets *nets, const char *id);
void qh_nets_foreach(QhNets *nets, void (*fn)(QhNet *net, void *data), void *data);
/* The text of `info network`; the caller g_frees it. [main] */
char *qh_nets_text(QhNets *nets);

/* The kinds that the host has itself, for lists; NULL at the end. */
const QhNetdevOps *qh_net_class(guint i, const char **ret_name);

const char *qh_net_id(const QhNet *net);
/* Id of the device that is plugged in, NULL without one. [main] */
const char *qh_net_device(const QhNet *net);
/* Plug the cable in or pull it. [main] */
void qh_net_set_link(QhNet *net, gboolean up);
/* QMP's RxFilterInfo of the device, NULL when it has none; the caller unrefs it. [main] */
QhJson *qh_net_rx_filter(QhNet *net);
/* Tell switches on the way where the device's address is now: one RARP request. [main] */
void qh_net_announce(QhNet *net);
/* A human monitor command of the back end, as QhNetdevOps.command. [main] */
char *qh_net_command(QhNet *net, const char *name, const char *arguments, GError **error);

/*
 * Copy all frames, in both directions, to a file in pcap format (link type Ethernet), at most
 * @max_bytes of each; NULL with @error. Free it before the net goes, or the net does. [main]
 */
typedef struct QhNetDump QhNetDump;
QhNetDump *qh_net_dump_new(QhNet *net, const char *file, uint32_t max_bytes, GError **error);
void qh_net_dump_free(QhNetDump *dump);

extern const QhNetService qh_net_service;

/* Its part of a machine's snapshot: links, frames that wait for the guest. */
struct QhStream;
void qh_nets_stream(QhNets *nets, struct QhStream *stream);

#endif
