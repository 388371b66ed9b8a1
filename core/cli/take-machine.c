/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options about the machine, its CPUs, memory and devices do with their value. */
#include "core/cli/cli.h"

#include <string.h>

#define MAX_CPUS    4096u
#define TB_SIZE_MIN (G_GUINT64_CONSTANT(1) << 20)
#define TB_SIZE_MAX (G_GUINT64_CONSTANT(2) << 30) /* the reach of a jump */

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, text);
    return FALSE;
}

static gboolean is_help(const char *value, gboolean *ret_json)
{
    *ret_json = g_str_equal(value, "help=json");
    return *ret_json || g_str_equal(value, "help") || g_str_equal(value, "?");
}

static void list(QhCli *cli, QhList what, const char *name, gboolean json)
{
    cli->list = what;
    g_free(cli->list_name);
    cli->list_name = g_strdup(name);
    cli->list_json = cli->list_json || json;
}

/* The first accelerator of the list that exists; others fall through, as with QEMU. */
static gboolean check_accelerators(const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit(value, ":", -1);

    if (g_strv_contains((const char *const *)names, "tcg")) {
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                "accelerator '%s' is not available\nthe one there is: tcg", value);
    return FALSE;
}

/* What tcg takes besides, into cli->engine. */
static gboolean take_engine(QhCli *cli, const QhKeyval *items, GError **error)
{
    const char *backend = qh_keyval_get(items, "backend");
    uint64_t lockstep = cli->engine.lockstep, threshold = cli->engine.threshold;

    if (backend != NULL && !qh_engine_backend_parse(backend, &cli->engine.backend, error)) {
        return FALSE;
    }
    if (!qh_keyval_uint(items, "lockstep", QH_JIT_LOCKSTEP_MAX, &lockstep, error) ||
        !qh_keyval_uint(items, "jit-threshold", QH_JIT_THRESHOLD_DEFAULT - 1, &threshold, error) ||
        !qh_keyval_size(items, "tb-size", 1u << 20, &cli->engine.tb_bytes, error)) {
        return FALSE;
    }
    cli->engine.lockstep = (uint32_t)lockstep;
    cli->engine.threshold = (uint32_t)threshold;
    return qh_keyval_get(items, "tb-size") == NULL ||
           (cli->engine.tb_bytes >= TB_SIZE_MIN && cli->engine.tb_bytes <= TB_SIZE_MAX) ||
           usage(error, "tb-size: has to be 1 to 2048 MiB");
}

gboolean
qh_take_accel(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"accel",         "thread",  "backend", "lockstep",
                                       "jit-threshold", "tb-size", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "accel", error);
    if (items == NULL || !qh_keyval_only(items, keys, error)) {
        return FALSE;
    }
    const char *name = qh_keyval_get(items, "accel");
    const char *thread = qh_keyval_get(items, "thread");
    if (thread != NULL && !g_str_equal(thread, "multi")) {
        return usage(error, "every CPU has a thread of its own; only thread=multi is supported");
    }
    return check_accelerators(name != NULL ? name : "", error) && take_engine(cli, items, error);
}

static void set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

/* The keys of -machine that every machine takes; *@ret_taken is FALSE for any other key. */
static gboolean
take_common(QhCli *cli, const char *key, const char *value, gboolean *ret_taken, GError **error)
{
    static const char *const only_off[] = {"dump-guest-core", "mem-merge", "usb", "graphics", NULL};
    const struct {
        const char *key;
        char **text;
    } texts[] = {
        {"type",     &cli->machine},
        {"dumpdtb",  &cli->dumpdtb},
        {"kernel",   &cli->kernel },
        {"initrd",   &cli->initrd },
        {"append",   &cli->append },
        {"dtb",      &cli->dtb    },
        {"firmware", &cli->bios   },
    };

    *ret_taken = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_str_equal(key, texts[i].key)) {
            set_text(texts[i].text, value);
            return *value != '\0' || usage(error, "the value is empty");
        }
    }
    if (g_str_equal(key, "accel")) {
        return check_accelerators(value, error);
    }
    if (g_strv_contains(only_off, key)) {
        gboolean on = FALSE;

        return qh_text_bool(value, &on, error) && (!on || usage(error, "not supported yet"));
    }
    *ret_taken = FALSE;
    return TRUE;
}

gboolean
qh_take_machine(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    gboolean json = FALSE;

    if (is_help(value, &json)) {
        list(cli, QH_LIST_MACHINES, NULL, json);
        return TRUE;
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "type", error);
    if (items == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        const char *text = qh_keyval_value(items, i);
        gboolean taken = FALSE;

        if (g_str_equal(key, "help")) {
            list(cli, QH_LIST_MACHINE, cli->machine, g_str_equal(text, "json"));
            continue;
        }
        if (!take_common(cli, key, text, &taken, error)) {
            g_prefix_error(error, "%s=%s: ", key, text);
            return FALSE;
        }
        if (!taken) {
            g_ptr_array_add(cli->machine_properties, g_strdup_printf("%s=%s", key, text));
        }
    }
    return TRUE;
}

gboolean
qh_take_cpu(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    gboolean json = FALSE;

    if (is_help(value, &json)) {
        list(cli, QH_LIST_CPUS, NULL, json);
        return TRUE;
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "", error);
    if (items == NULL) {
        return FALSE;
    }
    if (qh_keyval_length(items) == 0 || *qh_keyval_key(items, 0) != '\0') {
        return usage(error, "the model's name comes first");
    }
    set_text(&cli->cpu_model, qh_keyval_value(items, 0));
    g_ptr_array_set_size(cli->cpu_properties, 0);
    for (guint i = 1; i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        const char *text = qh_keyval_value(items, i);

        if (g_str_equal(key, "help")) {
            list(cli, QH_LIST_CPU, cli->cpu_model, g_str_equal(text, "json"));
            continue;
        }
        if (*key == '+' || *key == '-') {
            text = *key == '+' ? "on" : "off";
            key++;
        }
        g_ptr_array_add(cli->cpu_properties, g_strdup_printf("%s=%s", key, text));
    }
    return TRUE;
}

/* Fill in what is not given of cpus = sockets * cores * threads: cores first, then sockets. */
static gboolean arrange(QhCli *cli, uint64_t n, const uint64_t given[3], GError **error)
{
    uint64_t sockets = given[0], cores = given[1], threads = given[2] != 0 ? given[2] : 1;

    if (n == 0) {
        n = MAX(sockets, 1) * MAX(cores, 1) * threads;
    }
    if (cores == 0) {
        sockets = MAX(sockets, 1);
        cores = MAX(n / (sockets * threads), 1);
    } else if (sockets == 0) {
        sockets = MAX(n / (cores * threads), 1);
    }
    if (sockets * cores * threads != n) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "%" G_GUINT64_FORMAT " sockets * %" G_GUINT64_FORMAT
                    " cores * %" G_GUINT64_FORMAT " threads are not %" G_GUINT64_FORMAT " CPUs",
                    sockets, cores, threads, n);
        return FALSE;
    }
    if (n > MAX_CPUS) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "more than %u CPUs", MAX_CPUS);
        return FALSE;
    }
    cli->cpus = n;
    cli->sockets = sockets;
    cli->cores = cores;
    cli->threads = threads;
    return TRUE;
}

gboolean
qh_take_smp(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"cpus", "sockets", "cores", "threads", "maxcpus", NULL};
    static const char *const ones[] = {"dies", "clusters", "modules", "drawers", "books", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "cpus", error);
    uint64_t numbers[5] = {0};

    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        const char *text = qh_keyval_value(items, i);
        uint64_t number = 0;
        guint k = 0;

        while (keys[k] != NULL && !g_str_equal(key, keys[k])) {
            k++;
        }
        if (keys[k] == NULL && !g_strv_contains(ones, key)) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "'%s' is not known here; known: cpus sockets cores threads maxcpus", key);
            return FALSE;
        }
        if (!qh_text_uint(text, MAX_CPUS, &number, error) ||
            (number == 0 && !usage(error, "has to be 1 or more")) ||
            (keys[k] == NULL && number != 1 && !usage(error, "only 1 is supported"))) {
            g_prefix_error(error, "%s=%s: ", key, text);
            return FALSE;
        }
        if (keys[k] != NULL) {
            numbers[k] = number;
        }
    }
    if (items == NULL || qh_keyval_length(items) == 0) {
        return items != NULL ? usage(error, "the value is empty") : FALSE;
    }
    if (!arrange(cli, numbers[0] != 0 ? numbers[0] : numbers[4], &numbers[1], error)) {
        return FALSE;
    }
    if (numbers[4] != 0 && numbers[4] != cli->cpus) {
        return usage(error, "maxcpus has to be the number of CPUs: none can be added later");
    }
    return TRUE;
}

gboolean
qh_take_memory(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"size", "slots", "maxmem", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "size", error);
    uint64_t bytes = 0, slots = 0, most = 0;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !qh_keyval_size(items, "size", UINT64_C(1) << 20, &bytes, error) ||
        !qh_keyval_uint(items, "slots", 4096, &slots, error) ||
        !qh_keyval_size(items, "maxmem", UINT64_C(1) << 20, &most, error)) {
        return FALSE;
    }
    if (bytes == 0) {
        return usage(error, "has to be more than nothing");
    }
    if (slots != 0 || (most != 0 && most != bytes)) {
        return usage(error, "memory that is added later (slots, maxmem) is not supported yet");
    }
    cli->ram_bytes = bytes;
    return TRUE;
}

static QhJson *device_of_list(const QhKeyval *items, GError **error)
{
    g_autoptr(QhJson) device = qh_json_new_object();

    for (guint i = 0; i < qh_keyval_length(items); i++) {
        qh_json_set(device, qh_keyval_key(items, i), qh_json_new_string(qh_keyval_value(items, i)));
    }
    if (qh_json_get(device, "driver") == NULL) {
        usage(error, "'driver' is missing");
        return NULL;
    }
    return g_steal_pointer(&device);
}

static QhJson *device_of_json(const char *text, GError **error)
{
    g_autoptr(QhJson) device = qh_json_parse(text, -1, NULL, error);

    if (device == NULL) {
        if (error != NULL && *error != NULL) {
            (*error)->code = QH_ERROR_USAGE;
        }
        return NULL;
    }
    const QhJson *driver =
        qh_json_type(device) == QH_JSON_OBJECT ? qh_json_get(device, "driver") : NULL;
    if (driver == NULL || qh_json_string(driver) == NULL) {
        usage(error, "the member 'driver' is missing, or no string");
        return NULL;
    }
    return g_steal_pointer(&device);
}

gboolean
qh_take_device(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    gboolean json = FALSE;

    if (is_help(value, &json)) {
        list(cli, QH_LIST_DEVICES, NULL, json);
        return TRUE;
    }
    if (*value == '{') {
        QhJson *device = device_of_json(value, error);

        if (device != NULL) {
            g_ptr_array_add(cli->devices, device);
        }
        return device != NULL;
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "driver", error);
    if (items == NULL) {
        return FALSE;
    }
    const char *help = qh_keyval_get(items, "help");
    if (help != NULL && qh_keyval_get(items, "driver") != NULL) {
        list(cli, QH_LIST_DEVICE, qh_keyval_get(items, "driver"), g_str_equal(help, "json"));
        return TRUE;
    }
    QhJson *device = device_of_list(items, error);
    if (device != NULL) {
        g_ptr_array_add(cli->devices, device);
    }
    return device != NULL;
}

gboolean qh_take_overcommit(QhCli *cli,
                            G_GNUC_UNUSED const QhOption *option,
                            const char *value,
                            GError **error)
{
    static const char *const keys[] = {"mem-lock", "cpu-pm", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, NULL, error);
    gboolean cpu_pm = FALSE;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !qh_keyval_bool(items, "mem-lock", &cli->mem_lock, error) ||
        !qh_keyval_bool(items, "cpu-pm", &cpu_pm, error)) {
        return FALSE;
    }
    return !cpu_pm || usage(error, "cpu-pm=on is not supported");
}
