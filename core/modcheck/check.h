/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of one module file, in the order in which they are made. */
#ifndef QH_CORE_MODCHECK_CHECK_H
#define QH_CORE_MODCHECK_CHECK_H

#include "core/modcheck/verdict.h"

#define QH_TRIAL_SECONDS 30u

/* All of them on the file @path; never NULL. @quick: up to loading it, no slot is tried. Each trial
 * may take so much CPU time. [main] */
QhVerdict *qh_modcheck_file(const char *path, gboolean quick, guint cpu_seconds);

/* What the file is, besides what the loader looks at. It has passed the scan. */
void qh_modcheck_static(QhVerdict *verdict);

/* In a trial: load and unload it; the slots of each kind. */
void qh_trial_load(QhTrial *trial);
void qh_trial_device(QhTrial *trial);
void qh_trial_cpu(QhTrial *trial);
void qh_trial_translator(QhTrial *trial);
void qh_trial_machine(QhTrial *trial);

#endif
