/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at CPUs: they stand still meanwhile, without a change of the run state. */
#ifndef QH_CORE_QMP_STOPPED_H
#define QH_CORE_QMP_STOPPED_H

#include "core/host/host.h"

/* Stops the CPUs if they run; what it returns goes to qh_stopped_end. [main] */
gboolean qh_stopped_begin(QhHost *host);
void qh_stopped_end(QhHost *host, gboolean resume);

#endif
