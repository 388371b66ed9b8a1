/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For those who give a disk its space bit by bit: a word when a write comes near the end of it. */
#include "core/block/block-priv.h"
#include "core/qmp/qmp.h"

typedef struct Event {
    QhHost *host;
    QhJson *data;
} Event;

static void emit(void *data)
{
    Event *event = data;

    qh_qmp_emit(qh_host_qmp(event->host), "BLOCK_WRITE_THRESHOLD", event->data);
    qh_json_unref(event->data);
    g_free(event);
}

void qh_block_set_threshold(QhBlockNode *node, uint64_t bytes)
{
    __atomic_store_n(&node->threshold, bytes, __ATOMIC_RELAXED);
}

void qh_block_report_threshold(QhBlockNode *node, uint64_t end)
{
    uint64_t threshold = __atomic_exchange_n(&node->threshold, 0, __ATOMIC_RELAXED);
    Event *event;

    if (threshold == 0) { /* another write was there first */
        return;
    }
    event = g_new(Event, 1);
    *event = (Event){node->graph->host, qh_json_new_object()};
    qh_json_set(event->data, "node-name", qh_json_new_string(node->name));
    qh_json_set(event->data, "amount-exceeded", qh_json_new_int((int64_t)(end - threshold)));
    qh_json_set(event->data, "write-threshold", qh_json_new_int((int64_t)threshold));
    qh_host_defer(node->graph->host, emit, event);
}
