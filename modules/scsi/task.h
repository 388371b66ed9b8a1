/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks as the unit sees them: the methods of its class, and all of them at once. */
#ifndef SCSI_TASK_H
#define SCSI_TASK_H

#include "modules/scsi/unit.h"

void scsi_unit_execute(QhScsiDevice *device, QhScsiRequest *request);
void scsi_unit_resume(QhScsiDevice *device, QhScsiRequest *request);
void scsi_unit_abort(QhScsiDevice *device, QhScsiRequest *request);

/* End all that are in work, with @response: those at the disk when it is done with them. */
void scsi_tasks_give_up(ScsiUnit *unit, uint8_t response);
/* Try again what failed while the machine was to stop on errors. */
void scsi_tasks_retry(ScsiUnit *unit);
/* None is in work. */
void scsi_tasks_free(ScsiUnit *unit);

#endif
