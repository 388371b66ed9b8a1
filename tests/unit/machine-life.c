/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine from options to end: what is made, in which order it is reset, what a failure leaves.
 */
#include "core/device/instance.h"
#include "core/machine/machine-priv.h"
#include "core/vcpu/vcpu.h"
#include "tests/unit/machine-fake.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    QhHost *host;
    QhMachineOptions *options;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_selected = "toy";
    fake_order = g_string_new(NULL);
    f->host = qh_host_new();
    f->options = qh_machine_options_new();
}

static void tear_down(Fixture *f, gconstpointer data)
{
    static const FakeCounts none;

    (void)data;
    qh_host_free(f->host);
    qh_machine_options_free(f->options);
    g_string_free(fake_order, TRUE);
    fake_fail_create = fake_fail_reset = fake_fail_realize = FALSE;
    fake_fail_cpu = 0;
    g_free(fake_events());
    g_assert_cmpmem(&fake_counts, sizeof(fake_counts), &none, sizeof(none));
}

static QhMachine *make(Fixture *f, GError **error)
{
    return qh_machine_new(f->host, g_steal_pointer(&f->options), error);
}

/* A JSON object as -device has it. */
static void add_device(Fixture *f, const char *json)
{
    g_autoptr(GError) error = NULL;
    QhJson *device = qh_json_parse(json, -1, NULL, &error);

    g_assert_no_error(error);
    g_ptr_array_add(f->options->devices, device);
}

static void test_none(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fake_selected = NULL;
    QhMachine *machine = make(f, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(qh_machine_type(machine), ==, "none");
    g_assert_cmpuint(qh_machine_n_vcpus(machine), ==, 0);
    g_assert_true(qh_host_machine(f->host) == machine);
    qh_machine_start(machine);
    qh_machine_stop(machine);
    qh_machine_power_button(machine);
    g_assert_false(qh_machine_nmi(machine, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED);
    g_assert_true(qh_machine_reset(machine, QH_RESET_WARM, NULL));
}

static void test_bare(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhSection section;

    (void)data;
    f->options->type = g_strdup("none");
    f->options->ram_bytes = 0x8000;
    f->options->n_cpus = 3;
    QhMachine *machine = make(f, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(qh_machine_n_vcpus(machine), ==, 3);
    g_assert_true(qh_space_find(qh_machine_system(machine), 0x7fff, &section));
}

static void test_bare_without_target(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fake_selected = NULL;
    f->options->n_cpus = 1;
    g_assert_null(make(f, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_USAGE);
    g_assert_null(qh_host_machine(f->host));
}

static void test_board(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    g_ptr_array_add(f->options->machine_properties, g_strdup("extra=on"));
    g_ptr_array_add(f->options->machine_properties, g_strdup("name=other"));
    g_ptr_array_add(f->options->serials, g_strdup("c0"));
    g_ptr_array_add(f->options->serials, NULL);
    add_device(f, "{\"driver\": \"test-uart\", \"id\": \"u\", \"baud\": 300, \"enabled\": false}");
    QhMachine *machine = make(f, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(qh_machine_type(machine), ==, "good");
    g_assert_cmpuint(qh_machine_n_clusters(machine), ==, 1);
    g_assert_cmpuint(qh_machine_n_vcpus(machine), ==, 2);
    g_assert_null(qh_machine_vcpu(machine, 2));
    g_assert_null(qh_machine_service.cpu(machine, 2));
    g_assert_cmpstr(fake_order->str, ==, "device uart0, device u, cpu 0, cpu 1, board");
    g_assert_cmphex(fake_seen_word, ==, 0x12345678);
    g_assert_cmpstr(qh_machine_service.serial(machine, 0), ==, "c0");
    g_assert_null(qh_machine_service.serial(machine, 1));
    g_assert_null(qh_machine_service.serial(machine, 2));
    g_assert_true(qh_machine_service.host(machine) == f->host);

    /* what the guest wrote over an image is as before after a reset */
    uint32_t word = 0;
    qh_space_write(qh_machine_system(machine), FAKE_RAM_AT, &word, 4, 0);
    g_assert_true(qh_machine_reset(machine, QH_RESET_WARM, &error));
    g_assert_cmphex(fake_seen_word, ==, 0x12345678);

    g_assert_null(qh_machine_new(f->host, qh_machine_options_new(), &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);
}

static void test_qualified_name(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fake_selected = NULL;
    f->options->type = g_strdup("toy:good");
    g_assert_nonnull(make(f, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(fake_selected, ==, "toy");
}

static void test_only_target_with_that_name(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fake_selected = NULL;
    f->options->type = g_strdup("good");
    g_assert_nonnull(make(f, &error));
    g_assert_no_error(error);
}

static void test_bad_names(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *selected, *type, *message;
        QhErrorCode code;
    } bad[] = {
        {"toy", "gooood",  "there is no machine 'gooood' for target 'toy'; did you mean 'good'?",
         QH_ERROR_NOT_FOUND                                                                                         },
        {"toy", "nothing", "there is no machine 'nothing' for target 'toy'",                      QH_ERROR_NOT_FOUND},
        {"toy", "",        "there is no machine '' for target 'toy'",                             QH_ERROR_NOT_FOUND},
        {"toy", ":",       "there is no machine '' for target ''",                                QH_ERROR_NOT_FOUND},
        {NULL,  "twin",
         "machine 'twin' exists for several targets: choose one with --load-target, or one of "
         "toy:twin, big:twin",                                                                    QH_ERROR_INVALID  },
        {"toy", "twin",    "no module fills slot machine/toy:twin",                               QH_ERROR_NO_SLOT  },
        {"toy", "absent",  "there is no machine 'absent' for target 'toy'",                       QH_ERROR_NOT_FOUND},
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        QhMachineOptions *options = qh_machine_options_new();

        fake_selected = bad[i].selected;
        options->type = g_strdup(bad[i].type);
        g_assert_null(qh_machine_new(f->host, options, &error));
        g_assert_error(error, QH_ERROR, (gint)bad[i].code);
        g_assert_cmpstr(error->message, ==, bad[i].message);
    }
}

static void test_failures(Fixture *f, gconstpointer data)
{
    (void)data;
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;
        QhMachineOptions *options = qh_machine_options_new();

        fake_fail_create = i == 0;
        fake_fail_reset = i == 1;
        fake_fail_realize = i == 2;
        fake_fail_cpu = i >= 3 ? i - 2 : 0;
        g_assert_null(qh_machine_new(f->host, options, &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_FAILED);
        g_assert_null(qh_host_machine(f->host));
    }
    fake_fail_cpu = 0;
    g_assert_nonnull(make(f, NULL)); /* nothing was left that would stand in the way */
}

static void test_bad_options(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *property, *device, *cpu, *dumpdtb;
        uint32_t n_cpus, sockets, cores;
        uint64_t ram;
        const char *part; /* of the message */
    } bad[] = {
        {.property = "colour=red",                                   .part = "machine 'good' has no property 'colour'"      },
        {.property = "extra=red",                                    .part = "cannot set property 'extra' of machine 'good'"},
        {.device = "{\"driver\": \"nothing\"}",                      .part = "device/nothing"                               },
        {.device = "{\"id\": \"x\"}",                                .part = "driver="                                      },
        {.device = "{\"driver\": 5}",                                .part = "driver="                                      },
        {.device = "{\"driver\": \"test-fixed\"}",                   .part = "only a machine"                               },
        {.device = "{\"driver\": \"test-uart\", \"id\": \"uart0\"}", .part = "'uart0' is taken"                             },
        {.device = "{\"driver\": \"test-uart\", \"baud\": 0}",       .part = "1 to 9999"                                    },
        {.device = "{\"driver\": \"test-uart\", \"baud\": []}",      .part = "'baud'"                                       },
        {.device = "{\"driver\": \"test-uart\", \"x\": 1}",          .part = "no property 'x'"                              },
        {.cpu = "huge",                                              .part = "'huge'"                                       },
        {.n_cpus = 5,                                                .part = "at most 4 CPUs, not 5"                        },
        {.n_cpus = 3,                                                .sockets = 2,                                            .part = "cannot arrange 3 CPUs"},
        {.sockets = UINT32_MAX,                                                          .cores = UINT32_MAX,                                                                                             .part = "at most 4 CPUs"},
        {.ram = 0x1001,                                  .part = "cannot create RAM 'ram'"},
        {.ram = UINT64_MAX,.part = "cannot create RAM 'ram'"                                                  },
        {.dumpdtb = "/nowhere/at/all",                                  .part = "/nowhere/at/all"                                      },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        QhMachineOptions *options = qh_machine_options_new();

        if (bad[i].property != NULL) {
            g_ptr_array_add(options->machine_properties, g_strdup(bad[i].property));
        }
        if (bad[i].device != NULL) {
            g_ptr_array_add(options->devices, qh_json_parse(bad[i].device, -1, NULL, NULL));
        }
        options->cpu_model = g_strdup(bad[i].cpu);
        options->dumpdtb = g_strdup(bad[i].dumpdtb);
        options->n_cpus = bad[i].n_cpus;
        options->sockets = bad[i].sockets;
        options->cores = bad[i].cores;
        options->ram_bytes = bad[i].ram;
        g_assert_null(qh_machine_new(f->host, options, &error));
        g_assert_true(error != NULL && error->domain == QH_ERROR);
        g_assert_nonnull(strstr(error->message, bad[i].part));
    }
}

static void test_topology(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    f->options->n_cpus = 4;
    f->options->sockets = 2;
    QhMachine *machine = make(f, &error);
    g_assert_no_error(error);
    const QhMachineConfig *config = qh_machine_service.config(machine);
    g_assert_cmpuint(config->sockets, ==, 2);
    g_assert_cmpuint(config->cores, ==, 2);
    g_assert_cmpuint(config->threads, ==, 1);
}

static void test_dumpdtb(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "unit-machine-XXXXXX", NULL);
    g_autofree char *text = NULL;
    int fd = g_mkstemp(path);

    (void)data;
    close(fd);
    f->options->dumpdtb = g_strdup(path);
    make(f, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "tree");
    g_unlink(path);
    g_assert_cmpint(qh_host_run(f->host), ==, 0); /* ends at once */
}

static void test_images(Fixture *f, gconstpointer data)
{
    static const uint8_t bytes[64];
    static const struct {
        uint64_t address, bytes;
    } bad[] = {
        {FAKE_RAM_AT + 2,      4 }, /* over the board's own */
        {FAKE_RAM_AT + 0xffff, 2 }, /* across the end */
        {0,                    8 }, /* nothing there */
        {FAKE_UART_AT,         4 }, /* a device */
        {UINT64_MAX,           2 }, /* wraps */
        {FAKE_RAM_AT - 1,      64},
    };
    QhMachine *machine = make(f, NULL);
    QhSpace *system = qh_machine_system(machine);

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(qh_machine_service.add_image(machine, system, "late", bad[i].address, bytes,
                                                    bad[i].bytes, &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    }
    g_assert_true(
        qh_machine_service.add_image(machine, system, "fits", FAKE_RAM_AT + 4, bytes, 64, NULL));
    g_assert_true(
        qh_machine_service.add_image(machine, system, "empty", FAKE_RAM_AT, bytes, 0, NULL));
}

/* Large images are packed when the guest has run for a while, and are the same after a reset; those
 * that do not get smaller stay as they are. */
static void test_packed_images(Fixture *f, gconstpointer data)
{
    const uint64_t bytes = 24 << 10, at[2] = {FAKE_RAM_AT + 0x1001, FAKE_RAM_AT + 0x8000};
    QhMachine *machine = make(f, NULL);
    QhSpace *system = qh_machine_system(machine);
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    g_autofree uint8_t *now = g_malloc0(bytes), *plain = g_malloc(bytes), *noise = g_malloc(bytes);
    const uint8_t *wanted[2] = {plain, noise};
    gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

    (void)data;
    for (uint64_t b = 0; b < bytes; b++) {
        plain[b] = (uint8_t)(b / 100);
        noise[b] = (uint8_t)g_rand_int(rand);
    }
    for (guint i = 0; i < 2; i++) {
        g_assert_true(qh_machine_add_image(machine, system, "big", at[i], wanted[i], bytes, NULL));
    }
    QhImage *image = g_ptr_array_index(machine->images, machine->images->len - 2);
    const QhImage *other = g_ptr_array_index(machine->images, machine->images->len - 1);
    qh_machine_pack_images(machine, 1);
    while (image->data != NULL && g_get_monotonic_time() < end) {
        g_main_context_iteration(qh_host_context(f->host), TRUE);
    }
    g_assert_null(image->data);
    g_assert_cmpuint(image->packed_bytes, <, bytes / 4);
    g_assert_nonnull(other->data);
    for (guint i = 0; i < 2; i++) {
        g_assert_cmpint(qh_space_write_rom(system, at[i], now, bytes), ==, QH_BUS_OK);
    }
    g_assert_true(qh_machine_restore_images(machine, NULL));
    for (guint i = 0; i < 2; i++) {
        g_assert_cmpint(qh_space_read(system, at[i], now, bytes, QH_ATTR_NONE), ==, QH_BUS_OK);
        g_assert_cmpmem(now, bytes, wanted[i], bytes);
    }
    image->packed_bytes /= 2; /* damaged: an error, not an end */
    g_assert_false(qh_machine_restore_images(machine, NULL));
}

static void test_firmware(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("unit-machine-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(directory, "sub", NULL);
    g_autofree char *path = g_build_filename(folder, "fw.bin", NULL);
    QhMachine *machine = make(f, NULL);

    (void)data;
    g_mkdir(folder, 0700);
    g_assert_true(g_file_set_contents(path, "fw", 2, NULL));
    g_setenv("QEMU_HOST_DATA_DIR", directory, TRUE);
    g_autofree char *found = qh_machine_service.find_firmware(machine, "sub/fw.bin", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, path);
    g_autofree char *absolute = qh_machine_service.find_firmware(machine, path, &error);
    g_assert_cmpstr(absolute, ==, path);
    g_assert_null(qh_machine_service.find_firmware(machine, "sub", &error)); /* a directory */
    g_assert_error(error, QH_ERROR, QH_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, directory));
    g_clear_error(&error);
    g_assert_null(qh_machine_service.find_firmware(machine, "/nowhere/fw", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_NOT_FOUND);
    g_unsetenv("QEMU_HOST_DATA_DIR");
    g_unlink(path);
    g_rmdir(folder);
    g_rmdir(directory);
}

/* Lines: changes only, held during reset, presented afterwards. */
static void test_lines(Fixture *f, gconstpointer data)
{
    QhMachine *machine = make(f, NULL);
    QhInstance *a = fake_device(machine, "a");
    QhInstance *b = fake_device(machine, "b");
    FakeUart *source = (FakeUart *)qh_device_service.state(a);
    FakeUart *sink = (FakeUart *)qh_device_service.state(b);

    (void)data;
    qh_device_service.connect(a, 0, qh_device_service.irq_in(b, 0));
    qh_device_service.connect(a, 9, NULL);
    g_assert_null(qh_device_service.irq_in(b, 1));
    qh_machine_lock(machine);
    qh_device_service.set_irq(&source->base, 0, TRUE);
    qh_device_service.set_irq(&source->base, 0, 5);
    qh_device_service.set_irq(&source->base, 1, TRUE);
    g_assert_cmpuint(sink->n_in, ==, 1);
    g_assert_true(sink->in_level);
    qh_machine_unlock(machine);

    /* b is reset after a and forgets its level; the line of a must reach it all the same */
    source->high_after_reset = TRUE;
    sink->n_in = 0;
    g_assert_true(qh_machine_reset(machine, QH_RESET_WARM, NULL));
    g_assert_cmpuint(sink->n_in, ==, 2); /* down, then up */
    g_assert_true(sink->in_level);
    g_assert_true(sink->lock_was_held);

    QhIrq *cpu = qh_device_service.cpu_irq(machine, 0, 3);
    g_assert_true(qh_device_service.cpu_irq(machine, 0, 3) == cpu);
    g_assert_null(qh_device_service.cpu_irq(machine, 0, 16));
    g_assert_null(qh_device_service.cpu_irq(machine, 2, 0));
    qh_device_service.irq_set(cpu, TRUE);
    g_assert_cmphex(qh_machine_service.cpu(machine, 0)->irq_lines, ==, 8);
    qh_device_service.irq_set(NULL, TRUE);
}

static void test_windows(Fixture *f, gconstpointer data)
{
    QhMachine *machine = make(f, NULL);
    QhSpace *system = qh_machine_system(machine);
    QhSection section;
    g_autoptr(GError) error = NULL;
    QhInstance *raw = qh_device_service.create(machine, "test-uart", NULL, NULL);

    (void)data;
    g_assert_cmpstr(qh_instance_id(raw), ==, "test-uart[1]");
    g_assert_false(qh_device_service.map(raw, 0, system, 0x1000, &error)); /* not realized */
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_true(qh_device_service.set(raw, "baud", "1", NULL));
    g_assert_true(qh_device_service.realize(raw, NULL));
    g_assert_false(qh_device_service.realize(raw, &error));
    g_clear_error(&error);
    g_assert_false(qh_device_service.set(raw, "baud", "1", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_false(qh_device_service.map(raw, 2, system, 0x1000, &error)); /* has no size */
    g_clear_error(&error);
    g_assert_false(qh_device_service.map(raw, 3, system, 0x1000, &error)); /* does not exist */
    g_clear_error(&error);
    g_assert_false(qh_device_service.map(raw, 1, system, UINT64_MAX, &error)); /* wraps */
    g_clear_error(&error);
    g_assert_true(qh_device_service.map(raw, 1, system, 0x1000, &error));
    g_assert_true(qh_space_find(system, 0x101f, &section));
    g_assert_cmpstr(section.io->name, ==, "test-uart[1].late");
    qh_device_service.window_set_bytes(qh_device_service.state(raw), 1, 0x1000); /* too late */
    qh_instance_free(raw);
    g_assert_false(qh_space_find(system, 0x101f, &section));
}

/* CPUs that are in device accesses all the time are stopped, also by who holds the lock. */
static void test_stop(Fixture *f, gconstpointer data)
{
    QhMachine *machine = make(f, NULL);

    (void)data;
    for (guint i = 0; i < 200; i++) {
        qh_machine_start(machine);
        if (i % 2 == 0) {
            qh_machine_lock(machine);
            qh_machine_stop(machine);
            g_assert_true(qh_machine_locked_by_me(machine));
            qh_machine_unlock(machine);
        } else {
            g_usleep(100);
            qh_machine_stop(machine);
        }
    }
    qh_machine_start(machine); /* and freed while it runs */
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(Fixture *, gconstpointer);
    } tests[] = {
        {"/machine/none",           test_none                      },
        {"/machine/bare",           test_bare                      },
        {"/machine/bare-no-target", test_bare_without_target       },
        {"/machine/board",          test_board                     },
        {"/machine/qualified",      test_qualified_name            },
        {"/machine/one-target",     test_only_target_with_that_name},
        {"/machine/bad-names",      test_bad_names                 },
        {"/machine/failures",       test_failures                  },
        {"/machine/bad-options",    test_bad_options               },
        {"/machine/topology",       test_topology                  },
        {"/machine/dumpdtb",        test_dumpdtb                   },
        {"/machine/images",         test_images                    },
        {"/machine/packed-images",  test_packed_images             },
        {"/machine/firmware",       test_firmware                  },
        {"/machine/lines",          test_lines                     },
        {"/machine/windows",        test_windows                   },
        {"/machine/stop",           test_stop                      },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
