/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with a place for a device of some class, found by trying what is installed. */
#ifndef QH_CORE_MODCHECK_PLACE_H
#define QH_CORE_MODCHECK_PLACE_H

#include "core/modcheck/bench.h"

/*
 * A device of @class, realized, in a machine that this makes: on a board of its own module that has
 * one, on a machine without a board, or on whatever board has a bus for it. *@ret_made: it was made
 * here, so it can be taken out. NULL with @error: nobody can make one. [main]
 */
QhInstance *qh_place_find(QhBench *bench, const char *class, gboolean *ret_made, GError **error);
/* Another one, on the same machine. [main] */
QhInstance *qh_place_make(QhBench *bench, const char *class, GError **error);

#endif
