/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the command line: the option table's rows and what parsing collects. */
#ifndef QH_CORE_CLI_CLI_H
#define QH_CORE_CLI_CLI_H

#include "core/cli/keyval.h"
#include "core/cli/options.h"
#include "core/firmware/options.h"
#include "core/jit/engine-options.h"
#include "core/machine/machine.h"
#include "core/sandbox/sandbox.h"

/* What is wanted when an option's value is "help" or "help=json". */
typedef enum {
    QH_LIST_NONE,
    QH_LIST_MACHINES,
    QH_LIST_CPUS,
    QH_LIST_DEVICES,
    QH_LIST_DEVICE, /* properties of list_name */
    QH_LIST_MACHINE,
    QH_LIST_CPU, /* properties of models of the target that was chosen, or that has list_name */
    QH_LIST_DISPLAYS,
    QH_LIST_OPTION, /* of list_option, or of its element list_name */
    QH_LIST_VERSION,
    QH_LIST_MODULES, /* those that list_name says: all, refused, json */
} QhList;

typedef struct QhOption QhOption;

struct QhCli {
    char *program;   /* base name of argv[0] */
    char *legacy;    /* X of a program called qemu-system-X */
    char *text;      /* to be printed instead of running */
    char **complete; /* the words of --complete, or NULL */
    QhList list;
    char *list_name;
    const QhOption *list_option;
    gboolean list_json;

    char *machine;                 /* type of -M */
    GPtrArray *machine_properties; /* "key=value" */
    char *dumpdtb;
    char *cpu_model;
    GPtrArray *cpu_properties;
    uint32_t cpus, sockets, cores, threads;
    uint64_t ram_bytes;
    QhEngineOptions engine; /* -accel */
    QhIcountOptions icount;
    gboolean has_seed, has_rtc_base;
    uint64_t seed;
    int64_t rtc_base_ns;
    char *kernel, *initrd, *append, *bios, *dtb;
    QhFirmwareOptions *firmware;

    /* texts as given, in order */
    GPtrArray *chardevs, *serials, *monitors, *mons, *qmps, *load_targets, *load_modules,
        *module_dirs;
    GPtrArray *devices;            /* QhJson */
    GPtrArray *blockdevs, *drives; /* QhJson */
    GPtrArray *globals;            /* QhGlobal */
    GPtrArray *objects;            /* of -object, as given */
    GPtrArray *netdevs;            /* of -netdev, as given */
    GPtrArray *nics;               /* of -nic and -net, as given */
    GPtrArray *usb_devices;        /* of -usbdevice */
    GPtrArray *fd_sets;            /* of -add-fd, as given */

    QhJson *display_options; /* QMP's DisplayOptions of -display, or NULL */
    GPtrArray *vncs;         /* QhJson: of -vnc, members as given */
    char *vga;               /* of -vga, or NULL */
    gboolean full_screen;
    char *name, *process_name, *uuid, *pidfile, *log_items, *log_file, *display, *gdb, *log_filter;
    gboolean perfmap, jitdump;
    gboolean snapshot;
    gboolean stopped, no_shutdown, no_reboot, daemonize, nodefaults, nographic;
    gboolean mem_lock, timestamps, guest_name, usb;
    QhPanicAction on_panic; /* -action */
    QhWatchdogAction on_watchdog;
    gboolean default_serial; /* serials has what nobody asked for */

    QhSandboxOptions sandbox;
    gboolean run_as; /* -run-with user= */
    uint32_t run_uid, run_gid;
    char *run_name; /* of the user; NULL: by numbers */

    int ready_fd;   /* the pipe to the parent of -daemonize, or -1 */
    int pidfile_fd; /* locked as long as the process lives, or -1 */
};

typedef gboolean (*QhOptionFn)(QhCli *cli,
                               const QhOption *option,
                               const char *value,
                               GError **error);

typedef struct QhOptionParameter {
    const char *name;
    const char *type; /* "string" "boolean" "number" "size", as QMP has them */
    const char *help;
    const char *values; /* what it may be, see core/cli/choices.h; NULL: see the type */
} QhOptionParameter;

typedef struct QhOptionGroup {
    const char *id, *title;
} QhOptionGroup;

struct QhOption {
    const char *name;     /* without the dash */
    const char *alias;    /* second name, or NULL */
    const char *argument; /* as shown in help; NULL: takes none */
    const char *group;    /* QhOptionGroup.id */
    const char *help;     /* one or more sentences */
    const char *brief;    /* for the short help; NULL: not in there */
    const char *implied;  /* key of a first item without one; NULL: it has to have one */
    const char *values;   /* of the value, or of that first item; see core/cli/choices.h */
    QhOptionFn take;
    size_t offset;   /* of the member of QhCli that a generic take_... sets */
    const char *qmp; /* name in query-command-line-options; NULL: not listed there */
    const QhOptionParameter *parameters; /* ends at a NULL name; NULL if there are none */
};

extern const QhOption qh_options[]; /* ends at a NULL name */
extern const QhOptionGroup qh_option_groups[];

/* Options of QEMU that this program knows to be missing; NULL-terminated. */
extern const char *const qh_options_missing[];

const QhOption *qh_option_find(const char *name);
/* NULL when the option has no such key. */
const QhOptionParameter *qh_option_parameter(const QhOption *option, const char *key);

/* The nearest of the names that @next yields, NULL if none is near. The caller g_frees it. */
char *qh_option_suggest(const char *name);

char *qh_help_short(const char *program);
char *qh_help_all(const char *program);
char *qh_help_version(const char *program);
char *qh_help_version_json(struct QhRegistry *registry);
char *qh_help_options_json(void);

/* What --list-modules prints; @which is its argument. The caller g_frees it. [main] */
char *qh_list_modules(struct QhRegistry *registry, const char *which);
/* What is listed by -machine help and the like. [main] */
gboolean qh_list_text(QhCli *cli, QhHost *host, char **ret_text, GError **error);

/* -M NAME among what is offered: the target it belongs to and its name in there. "none" gives no
 * target. [main] */
gboolean qh_cli_resolve_target(QhCli *cli, QhHost *host, GError **error);
gboolean qh_cli_resolve_machine(
    QhCli *cli, QhHost *host, char **ret_target, char **ret_machine, GError **error);
/* The target that @name or an alias means; @name itself if none is known. The caller g_frees it.
 * [main]
 */
char *qh_cli_target_name(QhHost *host, const char *name);
/* The first target that has CPU model @name; NULL: none has. The caller g_frees it. [main] */
char *qh_cli_target_of_cpu(QhHost *host, const char *name);
gboolean qh_cli_check_cpu(QhCli *cli, QhHost *host, const char *target, GError **error);
gboolean qh_cli_check_devices(QhCli *cli, QhHost *host, GError **error);
void qh_cli_check_globals(QhCli *cli, QhHost *host); /* warns */
/* take-fd.c: the sets of -add-fd. Before any file is opened. [main] */
gboolean qh_cli_apply_fds(const QhCli *cli, QhHost *host, GError **error);
/* take-block.c: the nodes of -blockdev, in order. [main] */
gboolean qh_cli_apply_blocks(const QhCli *cli, QhHost *host, GError **error);
/* The drives; devices for those that the machine has a kind of device for are added to those of
 * -device. [main] */
gboolean qh_cli_apply_drives(
    QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error);

/* take-net.c: make the networks; devices for -nic are added to those of -device. [main] */
gboolean qh_cli_apply_nets(
    QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error);

/* What the machine's module says of it under @key; NULL: nothing. The caller frees it. [main] */
char *qh_cli_machine_text(QhHost *host, const char *target, const char *machine, const char *key);

/* take-fs.c: -virtfs's devices become of the class that the machine names. [main] */
gboolean qh_cli_apply_shares(
    QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error);

/* take-usb.c: -usb and -usbdevice are added to -device. */
void qh_cli_apply_usb(QhCli *cli, QhHost *host, const char *target, const char *machine);
/* take-display.c: when the machine is there, open what shows its screens. [main] */
/* take-display.c: the device of -vga is added to those of -device. *@ret_done: it was only
 * asked what there is. [main] */
gboolean qh_cli_apply_vga(QhCli *cli,
                          QhHost *host,
                          const char *target,
                          const char *machine,
                          gboolean *ret_done,
                          GError **error);
gboolean qh_cli_apply_displays(const QhCli *cli, QhHost *host, GError **error);

/* take-config.c: become the user of -run-with. [main] */
gboolean qh_cli_change_user(const QhCli *cli, GError **error);

#include "core/cli/take.h" /* the functions of the table; needs what is above */

#endif
