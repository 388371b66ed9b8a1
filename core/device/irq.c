/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/device/instance.h"

struct QhIrq {
    void (*fn)(void *opaque, uint32_t n, gboolean level);
    void *opaque;
    uint32_t n;
    gboolean level; /* under the device lock; unused when shared */
    gboolean shared;
};

QhIrq *qh_irq_new(void (*fn)(void *opaque, uint32_t n, gboolean level), void *opaque, uint32_t n)
{
    QhIrq *irq = g_new0(QhIrq, 1);

    irq->fn = fn;
    irq->opaque = opaque;
    irq->n = n;
    return irq;
}

QhIrq *
qh_irq_new_shared(void (*fn)(void *opaque, uint32_t n, gboolean level), void *opaque, uint32_t n)
{
    QhIrq *irq = qh_irq_new(fn, opaque, n);

    irq->shared = TRUE;
    return irq;
}

void qh_irq_stream(QhIrq *irq, QhStream *stream)
{
    uint8_t level = irq->level != FALSE;

    qh_stream_bytes(stream, &level, sizeof(level));
    if (stream->mode == QH_STREAM_LOAD) {
        irq->level = level != 0;
    }
}

void qh_irq_free(QhIrq *irq)
{
    g_free(irq);
}

void qh_irq_set(QhIrq *irq, gboolean level)
{
    if (irq == NULL) {
        return;
    }
    level = level != FALSE;
    if (irq->shared) {
        irq->fn(irq->opaque, irq->n, level);
    } else if (irq->level != level) {
        irq->level = level;
        irq->fn(irq->opaque, irq->n, level);
    }
}
