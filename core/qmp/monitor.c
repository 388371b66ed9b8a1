/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the human monitor, and the commands that change something. */
#include "core/qmp/monitor.h"
#include "config-host.h"
#include "core/gdb/gdb.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/jit/engine.h"
#include "core/machine/machine.h"
#include "core/qmp/qmp-priv.h"
#include "core/qmp/stopped.h"
#include <string.h>

#define LINE_BYTES 4096

typedef enum {
    KEYS_PLAIN,
    KEYS_ESCAPE,   /* after ESC */
    KEYS_SEQUENCE, /* inside ESC [ ... */
} Keys;

struct QhMonitor {
    QhHost *host;
    GString *line;
    Keys keys;
};

typedef struct Command {
    const char *name;
    const char *args; /* for help */
    const char *help;
    void (*run)(const QhMonitorCall *call);
} Command;

static void run_help(const QhMonitorCall *call);

static void show_error(const QhMonitorCall *call, const GError *error)
{
    g_string_append_printf(call->out, "Error: %s\n", error->message);
}

static void run_stop(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!qh_run_state_stop(qh_host_run_state(call->host), &error)) {
        show_error(call, error);
    }
}

static void run_cont(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!qh_run_state_cont(qh_host_run_state(call->host), &error)) {
        show_error(call, error);
    }
}

static void run_reset(const QhMonitorCall *call)
{
    qh_run_state_request_reset(qh_host_run_state(call->host), QH_CAUSE_HOST_QMP_SYSTEM_RESET);
}

static void run_powerdown(const QhMonitorCall *call)
{
    qh_run_state_request_powerdown(qh_host_run_state(call->host));
}

static void run_quit(const QhMonitorCall *call)
{
    qh_run_state_request_shutdown(qh_host_run_state(call->host), QH_CAUSE_HOST_QMP_QUIT, 0);
}

/* gdbserver [DEVICE|none] */
static void run_gdbserver(const QhMonitorCall *call)
{
    const char *device = *call->args != '\0' ? call->args : "tcp::1234";
    g_autoptr(GError) error = NULL;

    if (!qh_gdb_listen(call->host, device, &error)) {
        g_string_append_printf(call->out, "Could not open gdbserver on device '%s': %s\n", device,
                               error->message);
    } else if (g_str_equal(device, "none")) {
        g_string_append(call->out, "Disabled gdbserver\n");
    } else {
        g_string_append_printf(call->out, "Waiting for gdb connection on device '%s'\n", device);
    }
}

/* log ITEM,...: code that was made before is made again, so that nothing is missed. */
static void run_log(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);
    g_autoptr(GError) error = NULL;
    uint32_t mask = 0;

    if (!qh_log_parse_mask(call->args, &mask, &error)) {
        show_error(call, error);
        return;
    }
    gboolean resume = qh_stopped_begin(call->host);
    qh_log_set_mask(qh_host_log(call->host), mask);
    for (guint i = 0; machine != NULL && i < qh_machine_n_clusters(machine); i++) {
        qh_engine_flush(qh_machine_cluster(machine, i)->engine);
    }
    qh_stopped_end(call->host, resume);
}

static void run_logfile(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;

    if (*call->args == '\0') {
        g_string_append(call->out, "Error: a file name is missing\n");
    } else if (!qh_log_set_file(qh_host_log(call->host), call->args, &error)) {
        show_error(call, error);
    }
}

static const Command commands[] = {
    {"help",                            "[COMMAND]",                                                "this list, or one command of it",                              run_help                    },
    {"?",                               "[COMMAND]",                                                "the same",                                                     run_help                    },
    {"info",                            "SUBJECT",                                                  "show the state of something; 'info' alone lists the subjects",
     qh_monitor_info                                                                                                                                                                            },
    {"x",                               "/FMT ADDRESS",
     "show memory at a virtual address; FMT is a count, a format (x d u o c) "
     "and a size (b h w g)",                                                                                                                                        qh_monitor_examine          },
    {"xp",                              "/FMT ADDRESS",                                             "the same at a physical address",                               qh_monitor_examine_physical },
    {"print",                           "[/FMT] EXPRESSION",                                        "show the value of a number, sum, difference or product",
     qh_monitor_print                                                                                                                                                                           },
    {"p",                               "[/FMT] EXPRESSION",                                        "the same",                                                     qh_monitor_print            },
    {"balloon",                         "MEGABYTES",                                                "ask the guest to have this much memory",                       qh_monitor_balloon          },
    {"stop",                            "",                                                         "stop the CPUs",                                                run_stop                    },
    {"s",                               "",                                                         "the same",                                                     run_stop                    },
    {"cont",                            "",                                                         "let the CPUs run",                                             run_cont                    },
    {"c",                               "",                                                         "the same",                                                     run_cont                    },
    {"getfd",                           "NAME",                                                     "receive a descriptor that comes with this line",               qh_monitor_getfd            },
    {"closefd",                         "NAME",                                                     "close a descriptor that getfd received",                       qh_monitor_closefd          },
    {"gdbserver",                       "[DEVICE]",                                                 "wait for gdb there (tcp::1234 if not given), or 'none'",
     run_gdbserver                                                                                                                                                                              },
    {"log",                             "ITEM[,ITEM...]",                                           "log these from now on, or 'none'; -d help lists them",         run_log                     },
    {"logfile",                         "FILE",                                                     "write the log there",                                          run_logfile                 },
    {"block_resize",                    "DEVICE SIZE",                                              "change the length of a disk",                                  qh_monitor_block_resize     },
    {"block_set_io_throttle",           "DEVICE BPS BPS_RD BPS_WR IOPS IOPS_RD IOPS_WR",
     "limit what a device may move in a second",                                                                                                                    qh_monitor_block_throttle   },
    {"block_stream",                    "DEVICE [SPEED [BASE]]",                                    "bring data up from backing files",
     qh_monitor_block_stream                                                                                                                                                                    },
    {"block_job_cancel",                "[-f] JOB",                                                 "end a job on disks",                                           qh_monitor_job_cancel       },
    {"block_job_complete",              "JOB",                                                      "end a job that is ready",                                      qh_monitor_job_complete     },
    {"block_job_pause",                 "JOB",                                                      "hold a job",                                                   qh_monitor_job_pause        },
    {"block_job_resume",                "JOB",                                                      "let a job go on",                                              qh_monitor_job_resume       },
    {"block_job_set_speed",             "JOB SPEED",                                                "limit a job",                                                  qh_monitor_job_set_speed    },
    {"change",                          "[-f] DEVICE FILE [FORMAT [MODE]] | vnc password PASSWORD",
     "put another medium into a drive, or change the password of the VNC server",                                                                                   qh_monitor_change           },
    {"commit",                          "DEVICE|all",                                               "write what drives have into their backing files",              qh_monitor_commit           },
    {"drive_add",                       "0 OPTIONS",                                                "add a drive with if=none",                                     qh_monitor_drive_add        },
    {"drive_backup",                    "[-n] [-f] [-c] DEVICE FILE [FORMAT]",                      "copy a disk as it is now",
     qh_monitor_drive_backup                                                                                                                                                                    },
    {"drive_del",                       "ID",                                                       "take a drive away",                                            qh_monitor_drive_del        },
    {"drive_mirror",                    "[-n] [-f] DEVICE FILE [FORMAT]",                           "copy a disk and keep the copy up to date",
     qh_monitor_drive_mirror                                                                                                                                                                    },
    {"eject",                           "[-f] DEVICE",                                              "take the medium out of a drive",                               qh_monitor_eject            },
    {"qemu-io",                         "DISK COMMAND",                                             "one request: read, write, discard, flush",                     qh_monitor_qemu_io          },
    {"snapshot_blkdev",                 "[-n] DEVICE FILE [FORMAT]",                                "put an overlay on a disk",
     qh_monitor_snapshot_blkdev                                                                                                                                                                 },
    {"snapshot_blkdev_internal",        "DEVICE NAME",                                              "keep a snapshot inside an image",
     qh_monitor_snapshot_internal                                                                                                                                                               },
    {"snapshot_delete_blkdev_internal", "DEVICE NAME [ID]",                                         "remove a snapshot inside an image",
     qh_monitor_snapshot_delete                                                                                                                                                                 },
    {"device_add",                      "DRIVER[,KEY=VALUE...]",                                    "add a device",                                                 qh_monitor_device_add       },
    {"device_del",                      "ID",                                                       "ask for a device to be taken out",                             qh_monitor_device_del       },
    {"expire_password",                 "vnc TIME",
     "until when the password is good: now, never, +SECONDS, or seconds since 1970",                                                                                qh_monitor_expire_password  },
    {"hostfwd_add",                     "[NETDEV] RULE",
     "lead a port of the host into the guest: tcp:127.0.0.1:2222-:22",                                                                                              qh_monitor_hostfwd_add      },
    {"hostfwd_remove",                  "[NETDEV] RULE",                                            "no longer: tcp:127.0.0.1:2222",                                qh_monitor_hostfwd_remove   },
    {"mouse_button",                    "MASK",
     "press these buttons (1 left, 2 right, 4 middle), let go of the others",                                                                                       qh_monitor_mouse_button     },
    {"mouse_move",                      "DX DY [DZ]",                                               "move the pointer, turn its wheel",                             qh_monitor_mouse_move       },
    {"mouse_set",                       "INDEX",                                                    "send what is pointed at to this device of 'info mice'",
     qh_monitor_mouse_set                                                                                                                                                                       },
    {"netdev_add",                      "TYPE,id=ID[,KEY=VALUE...]",                                "add a network back end",                                       qh_monitor_netdev_add       },
    {"netdev_del",                      "ID",                                                       "take a network back end away",                                 qh_monitor_netdev_del       },
    {"object_add",                      "TYPE,id=ID[,KEY=VALUE...]",                                "make an object",                                               qh_monitor_object_add       },
    {"object_del",                      "ID",                                                       "take an object away",                                          qh_monitor_object_del       },
    {"screendump",                      "FILE [-f ppm|png] [DEVICE [HEAD]]",                        "write what a screen shows to a file",
     qh_monitor_screendump                                                                                                                                                                      },
    {"sendkey",                         "KEY[-KEY...] [MILLISECONDS]",                              "press keys together: ctrl-alt-f1",
     qh_monitor_sendkey                                                                                                                                                                         },
    {"set_password",                    "vnc PASSWORD",                                             "change the password of the VNC server",
     qh_monitor_set_password                                                                                                                                                                    },
    {"set_link",                        "NAME on|off",                                              "plug in or pull the cable of a network device",
     qh_monitor_set_link                                                                                                                                                                        },
    {"memsave",                         "ADDRESS SIZE FILE",                                        "write memory at virtual addresses to a file",
     qh_monitor_memsave                                                                                                                                                                         },
    {"pmemsave",                        "ADDRESS SIZE FILE",                                        "the same at physical addresses",                               qh_monitor_pmemsave         },
    {"dump-guest-memory",               "[-d] FILE [BEGIN LENGTH]",
     "write all memory and registers as a core file",                                                                                                               qh_monitor_dump_guest_memory},
    {"dumpdtb",                         "FILE",                                                     "write the device tree that the guest was given",               qh_monitor_dumpdtb          },
    {"nmi",                             "",                                                         "send a non-maskable interrupt",                                qh_monitor_nmi              },
    {"watchdog_action",                 "ACTION",
     "what happens when a watchdog is not fed: reset, shutdown, pause, none, ...",                                                                                  qh_monitor_watchdog_action  },
    {"system_wakeup",                   "",                                                         "wake the guest from suspend",                                  qh_monitor_system_wakeup    },
    {"system_reset",                    "",                                                         "reset the machine",                                            run_reset                   },
    {"system_powerdown",                "",                                                         "press the power button",                                       run_powerdown               },
    {"quit",                            "",                                                         "end the program",                                              run_quit                    },
    {"q",                               "",                                                         "the same",                                                     run_quit                    },
};

static void run_help(const QhMonitorCall *call)
{
    gboolean found = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        const Command *command = &commands[i];
        if (*call->args == '\0' || g_str_equal(call->args, command->name)) {
            g_string_append_printf(call->out, "%s %s -- %s\n", command->name, command->args,
                                   command->help);
            found = TRUE;
        }
    }
    if (g_str_equal(call->args, "info")) {
        qh_monitor_info_help(call->out);
    } else if (!found) {
        g_string_append_printf(call->out, "unknown command: '%.64s'\n", call->args);
    }
}

/* Append @text, "\n" as "\r\n". */
static void append_lines(GString *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, *p);
    }
}

static const Command *find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

void qh_monitor_run(QhHost *host, const char *line, uint32_t cpu_index, GString *out)
{
    g_autofree char *copy = g_strstrip(g_strndup(line, LINE_BYTES));
    g_autoptr(GString) text = g_string_new(NULL);
    char *rest = copy + strcspn(copy, " \t");
    QhMonitorCall call = {.host = host, .cpu_index = cpu_index, .out = text};

    if (*copy == '\0') {
        return;
    }
    if (*rest != '\0') {
        *rest++ = '\0';
    }
    rest = g_strchug(rest);
    char *slash = strchr(copy, '/');
    if (slash != NULL) {
        *slash = '\0';
        call.format = slash + 1;
    }
    const Command *command = find(copy);
    gboolean formats = command != NULL && strstr(command->args, "/FMT") != NULL;
    if (slash == NULL && formats && *rest == '/') { /* "print /x 1" */
        call.format = rest + 1;
        rest += strcspn(rest, " \t");
        if (*rest != '\0') {
            *rest++ = '\0';
        }
        rest = g_strchug(rest);
    }
    call.args = rest;
    if (command == NULL) {
        g_string_append_printf(text, "unknown command: '%.64s'\n", copy);
    } else {
        QhQmp *qmp = qh_host_qmp(host);
        QhSession *session = qh_qmp_current(qmp);

        qh_qmp_set_current(qmp, NULL); /* the reply is what is printed now */
        command->run(&call);
        qh_qmp_set_current(qmp, session);
    }
    append_lines(out, text->str);
}

char *qh_monitor_execute(QhHost *host, const char *line)
{
    GString *out = g_string_new(NULL);

    qh_monitor_run(host, line, 0, out);
    return g_string_free(out, FALSE);
}

/* At a terminal */

static void prompt(GString *out)
{
    g_string_append(out, "(qemu) ");
}

QhMonitor *qh_monitor_new(QhHost *host, GString *out)
{
    QhMonitor *monitor = g_new0(QhMonitor, 1);

    monitor->host = host;
    monitor->line = g_string_new(NULL);
    g_string_append(out, "qemu-host " QH_VERSION " monitor - type 'help' for more information\r\n");
    prompt(out);
    return monitor;
}

void qh_monitor_free(QhMonitor *monitor)
{
    if (monitor != NULL) {
        g_string_free(monitor->line, TRUE);
        g_free(monitor);
    }
}

static void rub_out(QhMonitor *monitor, GString *out)
{
    if (monitor->line->len > 0) {
        g_string_truncate(monitor->line, monitor->line->len - 1);
        g_string_append(out, "\b \b");
    }
}

static void end_line(QhMonitor *monitor, GString *out)
{
    g_string_append(out, "\r\n");
    qh_monitor_run(monitor->host, monitor->line->str, 0, out);
    g_string_truncate(monitor->line, 0);
    prompt(out);
}

/* Keys that send sequences (arrows and the like) do nothing. */
static gboolean skip_sequence(QhMonitor *monitor, char key)
{
    switch (monitor->keys) {
    case KEYS_PLAIN:
        monitor->keys = key == '\033' ? KEYS_ESCAPE : KEYS_PLAIN;
        return key == '\033';
    case KEYS_ESCAPE:
        monitor->keys = key == '[' || key == 'O' ? KEYS_SEQUENCE : KEYS_PLAIN;
        return TRUE;
    case KEYS_SEQUENCE:
        monitor->keys = key >= '@' && key <= '~' ? KEYS_PLAIN : KEYS_SEQUENCE;
        return TRUE;
    }
    return FALSE;
}

void qh_monitor_input(QhMonitor *monitor, char key, GString *out)
{
    if (skip_sequence(monitor, key)) {
        return;
    }
    switch (key) {
    case '\r':
    case '\n':
        end_line(monitor, out);
        break;
    case '\b':
    case 0x7F:
        rub_out(monitor, out);
        break;
    case 'U' - '@': /* Ctrl-U: start over */
    case 'C' - '@':
        while (monitor->line->len > 0) {
            rub_out(monitor, out);
        }
        break;
    default:
        if ((unsigned char)key >= 0x20 && monitor->line->len < LINE_BYTES) {
            g_string_append_c(monitor->line, key);
            g_string_append_c(out, key);
        }
        break;
    }
}
