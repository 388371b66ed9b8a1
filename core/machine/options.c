/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine/machine.h"

static void unref_json(void *json)
{
    qh_json_unref(json);
}

QhGlobal *qh_global_new(const char *driver, const char *property, const char *value)
{
    QhGlobal *global = g_new(QhGlobal, 1);

    *global = (QhGlobal){g_strdup(driver), g_strdup(property), g_strdup(value)};
    return global;
}

void qh_global_free(QhGlobal *global)
{
    g_free(global->driver);
    g_free(global->property);
    g_free(global->value);
    g_free(global);
}

static void free_global(gpointer global)
{
    qh_global_free(global);
}

QhMachineOptions *qh_machine_options_new(void)
{
    QhMachineOptions *options = g_new0(QhMachineOptions, 1);

    options->machine_properties = g_ptr_array_new_with_free_func(g_free);
    options->cpu_properties = g_ptr_array_new_with_free_func(g_free);
    options->serials = g_ptr_array_new_with_free_func(g_free);
    options->globals = g_ptr_array_new_with_free_func(free_global);
    options->devices = g_ptr_array_new_with_free_func(unref_json);
    qh_engine_options_init(&options->engine);
    return options;
}

void qh_machine_options_free(QhMachineOptions *options)
{
    if (options == NULL) {
        return;
    }
    g_ptr_array_unref(options->machine_properties);
    g_ptr_array_unref(options->cpu_properties);
    g_ptr_array_unref(options->serials);
    g_ptr_array_unref(options->globals);
    g_ptr_array_unref(options->devices);
    g_free(options->type);
    g_free(options->target);
    g_free(options->cpu_model);
    g_free(options->bios);
    g_free(options->kernel);
    g_free(options->initrd);
    g_free(options->append);
    g_free(options->dtb);
    g_free(options->dumpdtb);
    qh_firmware_options_unref(options->firmware);
    g_free(options);
}
