/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rows of the option table do with their values; cli.h includes it. */
#ifndef QH_CORE_CLI_TAKE_H
#define QH_CORE_CLI_TAKE_H

#include "core/cli/cli.h"

/* The take functions of the table. */
gboolean qh_take_flag(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_string(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_list(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_accepted(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_help(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_help_all(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_version(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_list_modules(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_dump_options(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_machine(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_accel(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_cpu(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_smp(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_memory(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_device(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_global(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_set(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_blockdev(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_drive(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_disk(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_fsdev(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_virtfs(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_nic(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_net(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_chardev(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_mon(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_display(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_vnc(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_pflash(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_vga(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_action(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_watchdog_action(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_usb_device(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_name(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_uuid(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_rtc(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_icount(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_seed(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_boot(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_fw_cfg(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_smbios(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_msg(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_overcommit(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_sandbox(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_audiodev(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_readconfig(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_run_with(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_runas(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_gdb_default(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_log_filter(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_log_items(QhCli *, const QhOption *, const char *, GError **);
gboolean qh_take_names(QhCli *, const QhOption *, const char *, GError **);

/* What an option names as a file (take-boot.c): a regular one of at most @most bytes. The caller
 * g_frees *@ret_data, behind which there is a zero. [main] */
gboolean qh_cli_read_file(
    const char *path, uint64_t most, char **ret_data, gsize *ret_bytes, GError **error);

#endif
