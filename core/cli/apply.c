/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was read to a host that is set up, in the order in which one thing needs another. */
#include "core/block/device.h"
#include "core/char/chars.h"
#include "core/cli/choices.h"
#include "core/gdb/gdb.h"
#include "core/host/log.h"
#include "core/jit/perf.h"
#include "core/machine/machine.h"
#include "core/module/registry.h"
#include "core/object/object.h"
#include "core/qmp/qmp.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static char *copy(const char *text)
{
    return g_strdup(text);
}

static void apply_config(const QhCli *cli, QhHost *host)
{
    QhHostConfig *config = qh_host_config(host);

    g_free(config->program);
    config->program = copy(cli->program);
    config->name = copy(cli->name);
    config->uuid = copy(cli->uuid);
    config->no_shutdown = cli->no_shutdown;
    config->no_reboot = cli->no_reboot;
    config->preconfig_stopped = cli->stopped;
    config->on_panic = cli->on_panic;
    config->on_watchdog = cli->on_watchdog;
}

static gboolean apply_process(const QhCli *cli, QhHost *host, GError **error)
{
    uint32_t mask = 0;

    qh_log_set_timestamps(qh_host_log(host), cli->timestamps);
    qh_log_set_guest_name(qh_host_log(host), cli->guest_name);
    if (cli->process_name != NULL) {
        prctl(PR_SET_NAME, cli->process_name);
    }
    if (cli->mem_lock && mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "-overcommit mem-lock=on: cannot lock memory: %s", g_strerror(errno));
        return FALSE;
    }
    if (cli->log_file != NULL && !qh_log_set_file(qh_host_log(host), cli->log_file, error)) {
        return FALSE;
    }
    if (cli->log_filter != NULL) {
        g_autoptr(GArray) ranges = qh_log_parse_filter(cli->log_filter, error);

        if (ranges == NULL) {
            return FALSE;
        }
        qh_log_set_filter(qh_host_log(host), ranges);
    }
    if (cli->log_items != NULL) {
        if (!qh_log_parse_mask(cli->log_items, &mask, error)) {
            return FALSE;
        }
        qh_log_set_mask(qh_host_log(host), mask);
    }
    return TRUE;
}

static gboolean apply_perf(const QhCli *cli, QhHost *host, GError **error)
{
    if (cli->perfmap || cli->jitdump) {
        QhPerf *perf = qh_perf_new(cli->perfmap, cli->jitdump, error);

        if (perf == NULL) {
            return FALSE;
        }
        qh_host_set_perf(host, perf);
    }
    return TRUE;
}

static gboolean begins(const char *text, const char *head)
{
    return g_str_has_prefix(text, head);
}

/* Whether an option has already claimed the terminal. */
static gboolean stdio_used(const QhCli *cli)
{
    const GPtrArray *lists[] = {cli->serials, cli->monitors, cli->qmps, cli->chardevs};

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (guint j = 0; j < lists[i]->len; j++) {
            const char *text = g_ptr_array_index(lists[i], j);

            if (begins(text, "mon:stdio") || begins(text, "stdio")) {
                return TRUE;
            }
        }
    }
    return cli->gdb != NULL && begins(cli->gdb, "stdio");
}

/*
 * What nobody asked for: without a display the first serial line and the monitor share the
 * terminal, as -nographic says explicitly; unless something else is on the terminal.
 */
static void apply_defaults(QhCli *cli, gboolean board)
{
    gboolean terminal =
        !cli->daemonize && ((cli->display == NULL && cli->vncs->len == 0) || cli->nographic);
    gboolean free_terminal = terminal && !stdio_used(cli);
    gboolean monitored = cli->monitors->len > 0 || cli->mons->len > 0;
    gboolean ask_monitor = !monitored && (cli->nographic || !board) && cli->qmps->len == 0;

    if (cli->nodefaults) {
        return;
    }
    if (board && cli->serials->len == 0) {
        const char *text = !free_terminal ? "null" : monitored ? "stdio" : "mon:stdio";

        g_ptr_array_add(cli->serials, g_strdup(text));
        cli->default_serial = TRUE;
    } else if (free_terminal && ask_monitor) {
        g_ptr_array_add(cli->monitors, g_strdup("stdio"));
    }
}

static gboolean apply_chardevs(const QhCli *cli, QhHost *host, GError **error)
{
    for (guint i = 0; i < cli->chardevs->len; i++) {
        const char *text = g_ptr_array_index(cli->chardevs, i);
        g_autofree char *id = NULL;

        if (!qh_chars_add_option(qh_host_chars(host), text, &id, error)) {
            g_prefix_error(error, "-chardev %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}

/* The ids of the serial lines' back ends, in order. */
static gboolean apply_serials(const QhCli *cli, QhHost *host, GPtrArray *serials, GError **error)
{
    for (guint i = 0; i < cli->serials->len; i++) {
        const char *text = g_ptr_array_index(cli->serials, i);
        g_autofree char *label = g_strdup_printf("serial%u", i);
        char *id = NULL;

        if (!qh_chars_add_short(qh_host_chars(host), label, text, &id, error)) {
            g_prefix_error(error, "-serial %s: ", text);
            return FALSE;
        }
        g_ptr_array_add(serials, id);
    }
    return TRUE;
}

static gboolean attach_monitors(const QhCli *cli, QhHost *host, GPtrArray *serials, GError **error)
{
    for (guint i = 0; i < cli->serials->len && i < serials->len; i++) {
        const char *text = g_ptr_array_index(cli->serials, i);

        if (begins(text, "mon:") &&
            !qh_qmp_attach(qh_host_qmp(host), g_ptr_array_index(serials, i), TRUE, error)) {
            g_prefix_error(error, "-serial %s: ", text);
            return FALSE;
        }
    }
    for (guint i = 0; i < cli->monitors->len; i++) {
        const char *text = g_ptr_array_index(cli->monitors, i);
        g_autofree char *label = g_strdup_printf("compat_monitor%u", i);
        g_autofree char *id = NULL;
        /* in a terminal the escape keys have to work, so the monitor sits on a mux */
        g_autofree char *shared = g_str_equal(text, "stdio") ? g_strdup("mon:stdio") : copy(text);

        if (!qh_chars_add_short(qh_host_chars(host), label, shared, &id, error) ||
            (id != NULL && !qh_qmp_attach(qh_host_qmp(host), id, TRUE, error))) {
            g_prefix_error(error, "-monitor %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean apply_control(const QhCli *cli, QhHost *host, GError **error)
{
    for (guint i = 0; i < cli->mons->len; i++) {
        const char *text = g_ptr_array_index(cli->mons, i);
        g_autoptr(QhKeyval) items = qh_keyval_parse(text, "chardev", error);

        if (items == NULL) {
            return FALSE;
        }
        gboolean human = g_strcmp0(qh_keyval_get(items, "mode"), "control") != 0;
        if (!qh_qmp_attach(qh_host_qmp(host), qh_keyval_get(items, "chardev"), human, error)) {
            g_prefix_error(error, "-mon %s: ", text);
            return FALSE;
        }
    }
    for (guint i = 0; i < cli->qmps->len; i++) {
        const char *text = g_ptr_array_index(cli->qmps, i);

        if (!qh_qmp_listen(qh_host_qmp(host), text, error)) {
            g_prefix_error(error, "-qmp %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}

static void copy_list(const GPtrArray *from, GPtrArray **to)
{
    if (*to == NULL) {
        *to = g_ptr_array_new_with_free_func(g_free);
    }
    for (guint i = 0; i < from->len; i++) {
        g_ptr_array_add(*to, g_strdup(g_ptr_array_index(from, i)));
    }
}

static void free_json(gpointer json)
{
    qh_json_unref(json);
}

static QhMachineOptions *
machine_options(const QhCli *cli, const char *target, const char *machine, GPtrArray *serials)
{
    QhMachineOptions *options = qh_machine_options_new();

    options->type = copy(machine);
    options->target = copy(target);
    copy_list(cli->machine_properties, &options->machine_properties);
    options->cpu_model = copy(cli->cpu_model);
    copy_list(cli->cpu_properties, &options->cpu_properties);
    options->n_cpus = cli->cpus;
    options->sockets = cli->sockets;
    options->cores = cli->cores;
    options->threads = cli->threads;
    options->ram_bytes = cli->ram_bytes;
    options->engine = cli->engine;
    options->icount = cli->icount;
    options->has_seed = cli->has_seed;
    options->seed = cli->seed;
    options->has_rtc_base = cli->has_rtc_base;
    options->rtc_base_ns = cli->rtc_base_ns;
    options->bios = copy(cli->bios);
    options->kernel = copy(cli->kernel);
    options->initrd = copy(cli->initrd);
    options->append = copy(cli->append);
    options->dtb = copy(cli->dtb);
    options->dumpdtb = copy(cli->dumpdtb);
    options->firmware = qh_firmware_options_ref(cli->firmware);
    copy_list(serials, &options->serials);
    if (options->devices == NULL) {
        options->devices = g_ptr_array_new_with_free_func(free_json);
    }
    for (guint i = 0; i < cli->globals->len; i++) {
        const QhGlobal *global = g_ptr_array_index(cli->globals, i);

        g_ptr_array_add(options->globals,
                        qh_global_new(global->driver, global->property, global->value));
    }
    for (guint i = 0; i < cli->devices->len; i++) {
        g_ptr_array_add(options->devices, qh_json_ref(g_ptr_array_index(cli->devices, i)));
    }
    return options;
}

/* Options that ask for a board are wrong without one. */
static gboolean check_none(const QhCli *cli, GError **error)
{
    const struct {
        gboolean given;
        const char *option;
    } needs[] = {
        {cli->kernel != NULL,                    "-kernel"         },
        {cli->bios != NULL,                      "-bios"           },
        {cli->dtb != NULL,                       "-dtb"            },
        {cli->cpu_model != NULL,                 "-cpu"            },
        {cli->machine_properties->len > 0,       "-machine"        },
        {cli->devices->len > 0,                  "-device"         },
        {qh_smbios_given(cli->firmware->smbios), "-smbios"         },
        {cli->dumpdtb != NULL,                   "-machine dumpdtb"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(needs); i++) {
        if (needs[i].given) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "%s: there is no machine\nchoose one with -machine, or a target with "
                        "--load-target",
                        needs[i].option);
            return FALSE;
        }
    }
    return TRUE;
}

/* A serial line that was asked for, but that the machine does not have. */
static gboolean check_serials(
    const QhCli *cli, QhHost *host, const GPtrArray *serials, const char *machine, GError **error)
{
    for (guint i = 0; !cli->default_serial && i < serials->len; i++) {
        const char *id = g_ptr_array_index(serials, i);

        if (id != NULL && !qh_char_in_use(qh_chars_find(qh_host_chars(host), id))) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "-serial %s: machine '%s' has no serial line %u",
                        (const char *)g_ptr_array_index(cli->serials, i), machine, i);
            return FALSE;
        }
    }
    return TRUE;
}

/* A drive that the machine was to find a place for, but has none. */
static gboolean check_drives(QhHost *host, const char *machine, GError **error)
{
    QhDrive *orphan = qh_block_drive_orphan(qh_host_blocks(host));

    if (orphan != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "-drive: machine '%s' has no place for drive '%s'\nsay if=none,id=NAME, and "
                    "add a device with drive=NAME",
                    machine, qh_block_device_id(orphan));
        return FALSE;
    }
    return TRUE;
}

static gboolean apply_gdb(const QhCli *cli, QhHost *host, GError **error)
{
    if (cli->gdb != NULL && !qh_gdb_listen(host, cli->gdb, error)) {
        g_prefix_error(error, "-gdb %s: ", cli->gdb);
        return FALSE;
    }
    return TRUE;
}

/* Those that need a network come after the networks. */
static gboolean apply_objects(const QhCli *cli, QhHost *host, gboolean late, GError **error)
{
    for (guint i = 0; i < cli->objects->len; i++) {
        const char *text = g_ptr_array_index(cli->objects, i);

        if ((strstr(text, "filter-") != NULL) == late &&
            !qh_objects_add_option(qh_host_objects(host), text, error)) {
            g_prefix_error(error, "-object %s: ", text);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean apply_machine(QhCli *cli, QhHost *host, gboolean *ret_done, GError **error)
{
    g_autofree char *target = NULL;
    g_autofree char *machine = NULL;
    g_autoptr(GPtrArray) serials = g_ptr_array_new_with_free_func(g_free);

    if (!qh_cli_resolve_machine(cli, host, &target, &machine, error)) {
        return FALSE;
    }
    gboolean board = !g_str_equal(machine, "none");

    if (!qh_cli_apply_vga(cli, host, target, machine, ret_done, error) || *ret_done) {
        return *ret_done;
    }
    qh_cli_apply_usb(cli, host, target, machine);
    if (!qh_cli_apply_drives(cli, host, target, machine, error) ||
        !qh_cli_apply_nets(cli, host, target, machine, error) ||
        !qh_cli_apply_shares(cli, host, target, machine, error) ||
        !apply_objects(cli, host, TRUE, error) || (!board && !check_none(cli, error)) ||
        !qh_cli_check_cpu(cli, host, target, error) || !qh_cli_check_devices(cli, host, error)) {
        return FALSE;
    }
    qh_cli_check_globals(cli, host);
    apply_defaults(cli, board && cli->dumpdtb == NULL);
    if (!apply_serials(cli, host, serials, error)) {
        return FALSE;
    }
    if (board || target != NULL) {
        QhMachine *made =
            qh_machine_new(host, machine_options(cli, target, machine, serials), error);

        if (made == NULL) {
            return FALSE;
        }
        qh_host_set_machine(host, made);
        if (!check_serials(cli, host, serials, machine, error) ||
            !check_drives(host, machine, error)) {
            return FALSE;
        }
        if (cli->dumpdtb != NULL) {
            *ret_done = TRUE;
            return TRUE;
        }
    }
    return attach_monitors(cli, host, serials, error) && apply_control(cli, host, error) &&
           apply_gdb(cli, host, error) && qh_cli_apply_displays(cli, host, error);
}

gboolean qh_cli_apply(QhCli *cli, QhHost *host, gboolean *ret_done, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);

    *ret_done = cli->complete != NULL;
    if (cli->complete != NULL) {
        cli->text = qh_complete(cli, host);
        return TRUE;
    }
    apply_config(cli, host);
    if (!apply_process(cli, host, error) || !apply_perf(cli, host, error)) {
        return FALSE;
    }
    for (guint i = 0; i < cli->module_dirs->len; i++) {
        qh_registry_add_directory(registry, g_ptr_array_index(cli->module_dirs, i));
    }
    qh_registry_scan(registry);
    if (!qh_cli_resolve_target(cli, host, error)) {
        return FALSE;
    }
    if (cli->list != QH_LIST_NONE) {
        *ret_done = TRUE;
        return qh_list_text(cli, host, &cli->text, error);
    }
    return qh_cli_apply_fds(cli, host, error) && apply_chardevs(cli, host, error) &&
           apply_objects(cli, host, FALSE, error) && qh_cli_apply_blocks(cli, host, error) &&
           apply_machine(cli, host, ret_done, error);
}
