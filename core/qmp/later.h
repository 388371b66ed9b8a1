/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that return nothing and take long: their reply is made when they are done. The client's
 * next commands wait for it, other clients do not.
 */
#ifndef QH_CORE_QMP_LATER_H
#define QH_CORE_QMP_LATER_H

#include "core/host/host.h"

typedef struct QhLater QhLater;

/* In the body of a command, which then returns TRUE. NULL: nobody waits (the human monitor), go
 * on without. [main] */
QhLater *qh_later_begin(QhHost *host);
/* @error NULL: success. Accepts NULL, and a client that has gone meanwhile. [main] */
void qh_later_done(QhLater *later, const GError *error);

#endif
