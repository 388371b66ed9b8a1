/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hints, barriers, system registers, exceptions: Arm C3.2. */
#include "modules/arm/translate.h"

gboolean arm_trans_nop(ArmDis *d, const ArmArgNone *a)
{
    (void)d;
    (void)a;
    return TRUE;
}
