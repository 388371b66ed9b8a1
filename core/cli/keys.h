/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of options that have some; each ends at a NULL name. */
#ifndef QH_CORE_CLI_KEYS_H
#define QH_CORE_CLI_KEYS_H

#include "core/cli/cli.h"

extern const QhOptionParameter qh_keys_machine[], qh_keys_accel[], qh_keys_smp[], qh_keys_m[],
    qh_keys_add_fd[], qh_keys_overcommit[], qh_keys_rtc[], qh_keys_icount[], qh_keys_boot[],
    qh_keys_fw_cfg[], qh_keys_smbios[], qh_keys_device[], qh_keys_audiodev[], qh_keys_vnc[],
    qh_keys_blockdev[], qh_keys_drive[], qh_keys_object[], qh_keys_fsdev[], qh_keys_virtfs[],
    qh_keys_global[], qh_keys_netdev[], qh_keys_nic[], qh_keys_chardev[], qh_keys_mon[],
    qh_keys_action[], qh_keys_name[], qh_keys_run_with[], qh_keys_sandbox[], qh_keys_msg[],
    qh_keys_backend[];

#endif
