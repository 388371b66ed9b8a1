/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits on what a device may move in a second. */
#ifndef QH_CORE_BLOCK_THROTTLE_H
#define QH_CORE_BLOCK_THROTTLE_H

#include "abi/block.h"

/* Of each: total, reads, writes. Zero: no limit. */
typedef struct QhBlockLimits {
    uint64_t bps[3], iops[3];         /* a second, over time */
    uint64_t bps_max[3], iops_max[3]; /* a second, in a burst; 0: a tenth of the limit at once */
    uint64_t bps_seconds[3], iops_seconds[3]; /* how long a burst may last; 0: 1 */
    uint64_t iops_size;                       /* a request of more bytes counts as several */
} QhBlockLimits;

typedef struct QhBlockThrottle QhBlockThrottle;

/* NULL @limits, or none set: no throttle. [main, device lock] */
gboolean qh_block_throttle_set(QhDrive *block, const QhBlockLimits *limits, GError **error);
const QhBlockLimits *qh_block_throttle_limits(const QhDrive *block); /* NULL: none */
void qh_block_throttle_free(QhBlockThrottle *throttle);
/* Whether @request may go now; otherwise it is kept, and dispatched when its time comes. [device]
 */
gboolean qh_block_throttle_admit(QhDrive *block, QhBlockRequest *request);
/* What is kept goes now. [device] */
void qh_block_throttle_flush(QhDrive *block);

#endif
