/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots of the bench's device, without its RAM. */
#ifndef VIRTIO_TESTS_BENCH_STATE_H
#define VIRTIO_TESTS_BENCH_STATE_H

#include "modules/virtio/tests/bench.h"

GByteArray *bench_save(Bench *bench);
/* FALSE: it is refused, and nothing has changed. */
gboolean bench_load(Bench *bench, const uint8_t *data, uint64_t bytes);

#endif
