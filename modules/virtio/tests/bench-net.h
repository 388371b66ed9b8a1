/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the bench: the fake of a network. */
#ifndef VIRTIO_TESTS_BENCH_NET_H
#define VIRTIO_TESTS_BENCH_NET_H

#include "abi/net.h"

extern const QhNetService bench_net_service;

#endif
