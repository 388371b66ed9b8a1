/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's object: a folder that is there as long as the process. */
#ifndef VIRTIO_TESTS_BENCH_OBJECT_H
#define VIRTIO_TESTS_BENCH_OBJECT_H

#include "modules/virtio/tests/bench.h"

extern const QhObjectService bench_object_service;

/* An empty folder, deleted when the process ends; the object is another of this kind. */
char *bench_folder_new(void);
void bench_folder_delete(const char *path);
/* Fire timers until the device has nothing in flight. */
void bench_wait(Bench *bench);

#endif
