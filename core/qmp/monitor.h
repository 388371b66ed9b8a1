/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor: a few commands for people. qh_monitor_execute is in qmp.h. */
#ifndef QH_CORE_QMP_MONITOR_H
#define QH_CORE_QMP_MONITOR_H

#include "core/host/host.h"

typedef struct QhMonitor QhMonitor;

/* Someone at a terminal: greeting and prompt are appended to @out. [main] */
QhMonitor *qh_monitor_new(QhHost *host, GString *out);
void qh_monitor_free(QhMonitor *monitor); /* accepts NULL */
/* A key was typed; what the terminal is to show is appended to @out. [main] */
void qh_monitor_input(QhMonitor *monitor, char key, GString *out);

/* One line for CPU @cpu_index; its output is appended to @out, lines ended by CR LF. [main] */
void qh_monitor_run(QhHost *host, const char *line, uint32_t cpu_index, GString *out);

/* What a command gets; the table of commands is in monitor.c. */
typedef struct QhMonitorCall {
    QhHost *host;
    uint32_t cpu_index;
    const char *format; /* what stood behind '/' in "x/4xw", NULL if nothing did */
    const char *args;   /* the rest of the line, without blanks at its ends */
    GString *out;       /* lines end in "\n" here */
} QhMonitorCall;

/* monitor-info.c, monitor-memory.c */
void qh_monitor_info(const QhMonitorCall *call);
void qh_monitor_examine(const QhMonitorCall *call);          /* x: virtual addresses */
void qh_monitor_examine_physical(const QhMonitorCall *call); /* xp */
void qh_monitor_print(const QhMonitorCall *call);
/* commands-user-object.c */
void qh_monitor_object_add(const QhMonitorCall *call);
void qh_monitor_object_del(const QhMonitorCall *call);
/* monitor-device.c */
void qh_monitor_device_add(const QhMonitorCall *call);
void qh_monitor_device_del(const QhMonitorCall *call);
void qh_monitor_info_qtree(const QhMonitorCall *call);
/* monitor-block.c, monitor-disk.c */
void qh_monitor_info_block(const QhMonitorCall *call);
void qh_monitor_info_block_jobs(const QhMonitorCall *call);
void qh_monitor_block_resize(const QhMonitorCall *call);
void qh_monitor_block_throttle(const QhMonitorCall *call);
void qh_monitor_block_stream(const QhMonitorCall *call);
void qh_monitor_job_cancel(const QhMonitorCall *call);
void qh_monitor_job_complete(const QhMonitorCall *call);
void qh_monitor_job_pause(const QhMonitorCall *call);
void qh_monitor_job_resume(const QhMonitorCall *call);
void qh_monitor_job_set_speed(const QhMonitorCall *call);
void qh_monitor_change_medium(const QhMonitorCall *call);
void qh_monitor_commit(const QhMonitorCall *call);
void qh_monitor_drive_add(const QhMonitorCall *call);
void qh_monitor_drive_backup(const QhMonitorCall *call);
void qh_monitor_drive_del(const QhMonitorCall *call);
void qh_monitor_drive_mirror(const QhMonitorCall *call);
void qh_monitor_eject(const QhMonitorCall *call);
void qh_monitor_qemu_io(const QhMonitorCall *call);
void qh_monitor_snapshot_blkdev(const QhMonitorCall *call);
void qh_monitor_snapshot_internal(const QhMonitorCall *call);
void qh_monitor_snapshot_delete(const QhMonitorCall *call);
/* monitor-net.c */
void qh_monitor_info_network(const QhMonitorCall *call);
void qh_monitor_netdev_add(const QhMonitorCall *call);
void qh_monitor_netdev_del(const QhMonitorCall *call);
void qh_monitor_set_link(const QhMonitorCall *call);
void qh_monitor_hostfwd_add(const QhMonitorCall *call);
void qh_monitor_hostfwd_remove(const QhMonitorCall *call);
/* monitor-ui.c */
void qh_monitor_screendump(const QhMonitorCall *call);
void qh_monitor_sendkey(const QhMonitorCall *call);
void qh_monitor_mouse_move(const QhMonitorCall *call);
void qh_monitor_mouse_button(const QhMonitorCall *call);
void qh_monitor_mouse_set(const QhMonitorCall *call);
void qh_monitor_change(const QhMonitorCall *call);
void qh_monitor_set_password(const QhMonitorCall *call);
void qh_monitor_expire_password(const QhMonitorCall *call);
void qh_monitor_info_mice(const QhMonitorCall *call);
void qh_monitor_info_vnc(const QhMonitorCall *call);
/* monitor-system.c */
void qh_monitor_memsave(const QhMonitorCall *call);
void qh_monitor_pmemsave(const QhMonitorCall *call);
void qh_monitor_dump_guest_memory(const QhMonitorCall *call);
void qh_monitor_dumpdtb(const QhMonitorCall *call);
void qh_monitor_system_wakeup(const QhMonitorCall *call);
void qh_monitor_nmi(const QhMonitorCall *call);
void qh_monitor_watchdog_action(const QhMonitorCall *call);
void qh_monitor_info_memory_size_summary(const QhMonitorCall *call);
void qh_monitor_info_iothreads(const QhMonitorCall *call);
void qh_monitor_info_memdev(const QhMonitorCall *call);
void qh_monitor_info_dump(const QhMonitorCall *call);
/* monitor-balloon.c */
void qh_monitor_balloon(const QhMonitorCall *call);
void qh_monitor_info_balloon(const QhMonitorCall *call);
/* monitor-pci.c */
void qh_monitor_info_pci(const QhMonitorCall *call);
/* commands-fd.c */
void qh_monitor_getfd(const QhMonitorCall *call);
void qh_monitor_closefd(const QhMonitorCall *call);
/* monitor-usb.c */
void qh_monitor_info_usb(const QhMonitorCall *call);
/* Names of what info shows, for help. */
void qh_monitor_info_help(GString *out);

#endif
