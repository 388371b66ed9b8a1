/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QH_CORE_NET_BACK_STREAM_H
#define QH_CORE_NET_BACK_STREAM_H

#include "core/net/net.h"

/* As QhNetdevOps.open of qh_net_stream, with @options as JSON: QMP's NetdevStreamOptions. For back
 * ends that are a stream in other words. */
gboolean
qh_net_stream_open(void *ctx, void *state, QhNet *net, const QhJson *options, GError **error);
/* The same for qh_net_dgram and NetdevDgramOptions. */
gboolean
qh_net_dgram_open(void *ctx, void *state, QhNet *net, const QhJson *options, GError **error);

#endif
