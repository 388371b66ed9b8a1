/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user network: a TCP/IP stack in this process (libslirp) that talks through plain sockets. */
#ifndef NET_USER_H
#define NET_USER_H

#include "abi/net.h"
#include "abi/services.h"

#include <libslirp.h>

/* The module's context. */
typedef struct NuServices {
    QhHost *host;
    const QhNetService *net;
    const QhLoopService *loop;
    const QhJsonService *json;
    const QhTimerService *timer;
    const QhLogService *log;
} NuServices;

/* What the user asked for; strings are owned. */
typedef struct NuOptions {
    SlirpConfig slirp;
    char *hostname, *tftp, *tftp_server, *bootfile, *domain;
    char **search;  /* NULL-terminated */
    char **hostfwd; /* rules, NULL-terminated */
    char **guestfwd;
} NuOptions;

/* @json: QMP's NetdevUserOptions. Free with clear in either case. [main] */
gboolean
nu_options_read(const NuServices *services, const char *json, NuOptions *ret, GError **error);
void nu_options_clear(NuOptions *options);

/* "tcp:127.0.0.1:2222-10.0.2.15:22", "udp::53-:53"; with @remove only what is before the dash.
 * [device] */
gboolean nu_forward(Slirp *slirp, const char *rule, gboolean remove, GError **error);
/* "tcp:10.0.2.100:80-cmd:PROGRAM" or "-unix:PATH". [device] */
gboolean nu_guest_forward(Slirp *slirp, const char *rule, GError **error);

extern const QhNetdevOps nu_netdev;

#endif
