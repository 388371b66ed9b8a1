/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What address leads where: priorities, holes, spaces in spaces, ranges that must be refused. */
#include "tests/unit/memory-fake.h"

#include <string.h>

static const QhMemService *const mem = &qh_mem_service;

static const QhIoOps silent = {.size = sizeof(QhIoOps), .min_size = 1, .max_size = 8};

typedef struct Fixture {
    QhMachine *machine;
    QhSpace *space;
    QhRam *ram;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->machine = fake_machine_new();
    f->space = mem->system(f->machine);
    f->ram = mem->ram_new(f->machine, "ram", 0x10000, NULL);
    g_assert_nonnull(f->ram);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_machine_free(f->machine);
}

static void map_io_at(QhSpace *space, const char *name, uint64_t at, uint64_t bytes, int32_t prio)
{
    g_autoptr(GError) error = NULL;

    mem->map_io(space, name, at, bytes, &silent, NULL, NULL, prio, &error);
    g_assert_no_error(error);
}

static void map_ram_at(Fixture *f, uint64_t at, uint64_t bytes, uint64_t offset, int32_t prio)
{
    g_autoptr(GError) error = NULL;

    mem->map_ram(f->space, at, bytes, f->ram, offset, 0, prio, &error);
    g_assert_no_error(error);
}

static void test_empty(Fixture *f, gconstpointer data)
{
    QhSection section;

    (void)data;
    g_assert_false(qh_space_find(f->space, 0x1234, &section));
    g_assert_cmpuint(section.first, ==, 0);
    g_assert_cmpuint(section.last, ==, UINT64_MAX);
}

static void test_ram(Fixture *f, gconstpointer data)
{
    QhSection section;
    uint32_t version = qh_space_version(f->space);

    (void)data;
    map_ram_at(f, 0x80000000, 0x8000, 0x1000, 0);
    g_assert_cmpuint(qh_space_version(f->space), ==, version + 1);
    g_assert_true(qh_space_find(f->space, 0x80000fff, &section));
    g_assert_true(section.ram == f->ram);
    g_assert_cmpuint(section.first, ==, 0x80000000);
    g_assert_cmpuint(section.last, ==, 0x80007fff);
    g_assert_cmpuint(section.ram_offset, ==, 0x1000);
    g_assert_false(qh_space_find(f->space, 0x80008000, &section));
    g_assert_cmpuint(section.first, ==, 0x80008000);
    g_assert_false(qh_space_find(f->space, 0x7fffffff, &section));
    g_assert_cmpuint(section.last, ==, 0x7fffffff);
}

static void test_priorities(Fixture *f, gconstpointer data)
{
    QhSection section;

    (void)data;
    map_ram_at(f, 0, 0x10000, 0, 0);
    map_io_at(f->space, "low", 0x2000, 0x1000, -1);
    g_assert_true(qh_space_find(f->space, 0x2000, &section));
    g_assert_true(section.ram == f->ram);

    map_io_at(f->space, "high", 0x3004, 0x8, 1);
    g_assert_true(qh_space_find(f->space, 0x3003, &section));
    g_assert_cmpuint(section.last, ==, 0x3003);
    g_assert_true(qh_space_find(f->space, 0x300b, &section));
    g_assert_cmpstr(section.io->name, ==, "high");
    g_assert_true(qh_space_find(f->space, 0x300c, &section));
    g_assert_true(section.ram == f->ram);
    g_assert_cmpuint(section.ram_offset, ==, 0x300c);
    g_assert_cmpuint(section.first, ==, 0x300c);

    map_io_at(f->space, "later", 0x3000, 0x10, 1);
    g_assert_true(qh_space_find(f->space, 0x3004, &section));
    g_assert_cmpstr(section.io->name, ==, "later");
    g_assert_true(mem->unmap(f->space, 0x3000, 0x10, 1));
    g_assert_true(qh_space_find(f->space, 0x3004, &section));
    g_assert_cmpstr(section.io->name, ==, "high");
    g_assert_false(mem->unmap(f->space, 0x3004, 0x8, 0));
    g_assert_false(mem->unmap(f->space, 0x3004, 0x9, 1));
}

static void test_merge(Fixture *f, gconstpointer data)
{
    QhSection section;

    (void)data;
    map_ram_at(f, 0x1000, 0x1000, 0x1000, 0);
    map_ram_at(f, 0x2000, 0x1000, 0x2000, 0);
    map_ram_at(f, 0x3000, 0x1000, 0x0000, 0);
    g_assert_true(qh_space_find(f->space, 0x2800, &section));
    g_assert_cmpuint(section.first, ==, 0x1000);
    g_assert_cmpuint(section.last, ==, 0x2fff);
}

static void test_inner_space(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhSpace *bus = mem->space_new(f->machine, "bus", 0x10000);
    QhSection section;

    (void)data;
    map_ram_at(f, 0x10000, 0x10000, 0, 0);
    g_assert_true(mem->map_space(f->space, 0x18000, 0x4000, bus, 0x1000, 1, &error));
    g_assert_no_error(error);
    g_assert_true(qh_space_find(f->space, 0x18000, &section));
    g_assert_true(section.ram == f->ram); /* the bus is empty: the RAM shows through */

    uint32_t version = qh_space_version(f->space);
    map_io_at(bus, "card", 0x0800, 0x1000, 0);
    g_assert_cmpuint(qh_space_version(f->space), >, version);
    g_assert_true(qh_space_find(f->space, 0x18000, &section));
    g_assert_cmpstr(section.io->name, ==, "card");
    g_assert_cmpuint(section.io_offset, ==, 0x800);
    g_assert_cmpuint(section.last, ==, 0x187ff);
    g_assert_true(qh_space_find(f->space, 0x18800, &section));
    g_assert_true(section.ram == f->ram);

    g_assert_true(mem->unmap(bus, 0x0800, 0x1000, 0));
    g_assert_true(qh_space_find(f->space, 0x18000, &section));
    g_assert_true(section.ram == f->ram);
}

static void test_circle(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhSpace *a = mem->space_new(f->machine, "a", 0x1000);
    QhSpace *b = mem->space_new(f->machine, "b", 0x1000);

    (void)data;
    g_assert_true(mem->map_space(a, 0, 0x1000, b, 0, 0, &error));
    g_assert_false(mem->map_space(b, 0, 0x1000, a, 0, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(mem->map_space(a, 0, 0x1000, a, 0, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
}

static void test_top_of_space(Fixture *f, gconstpointer data)
{
    QhSection section;

    (void)data;
    map_io_at(f->space, "top", UINT64_MAX - 0xfff, 0x1000, 0);
    g_assert_true(qh_space_find(f->space, UINT64_MAX, &section));
    g_assert_cmpuint(section.last, ==, UINT64_MAX);
    g_assert_false(qh_space_find(f->space, UINT64_MAX - 0x1000, &section));
}

static void test_refused(Fixture *f, gconstpointer data)
{
    static const struct {
        uint64_t address, bytes, offset;
    } bad[] = {
        {0x1000,             0,                  0                 },
        {UINT64_MAX - 0xfff, 0x2000,             0                 },
        {0x1800,             0x1000,             0                 },
        {0x1000,             0x1800,             0                 },
        {0x1000,             0x1000,             0x800             },
        {0x1000,             0x2000,             0xf000            },
        {0x1000,             0x1000,             UINT64_MAX - 0xfff},
        {0x1000,             UINT64_MAX - 0xfff, 0x1000            },
    };
    static const QhIoOps bad_ops[] = {
        {.size = sizeof(QhIoOps), .min_size = 0, .max_size = 8 },
        {.size = sizeof(QhIoOps), .min_size = 1, .max_size = 3 },
        {.size = sizeof(QhIoOps), .min_size = 4, .max_size = 2 },
        {.size = sizeof(QhIoOps), .min_size = 1, .max_size = 16},
        {.size = 16,              .min_size = 1, .max_size = 8 },
    };
    uint32_t version = qh_space_version(f->space);

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(mem->map_ram(f->space, bad[i].address, bad[i].bytes, f->ram, bad[i].offset,
                                    0, 0, &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad_ops); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(mem->map_io(f->space, "bad", 0, 0x1000, &bad_ops[i], NULL, NULL, 0, &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    }
    g_assert_cmpuint(qh_space_version(f->space), ==, version);

    g_autoptr(GError) error = NULL;
    QhSpace *small = mem->space_new(f->machine, "small", 0x1000);
    g_assert_false(mem->map_io(small, "wide", 0xfff, 2, &silent, NULL, NULL, 0, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "'small'"));
}

static void test_bad_ram(Fixture *f, gconstpointer data)
{
    static const uint64_t bad[] = {0, 1, 0xfff, 0x1001, UINT64_MAX, UINT64_MAX - 0xfff};

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(mem->ram_new(f->machine, "bad", bad[i], &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(mem->ram_new(f->machine, "ram", 0x1000, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);

    QhRam *second = mem->ram_new(f->machine, "second", 0x1000, NULL);
    g_assert_cmpuint(f->ram->base, !=, 0);
    g_assert_cmpuint(second->base, >=, f->ram->base + f->ram->bytes);
}

static void test_windows_do_not_pile_up(Fixture *f, gconstpointer data)
{
    QhSection first, again;

    (void)data;
    map_io_at(f->space, "bar", 0x1000, 0x1000, 0);
    g_assert_true(qh_space_find(f->space, 0x1000, &first));
    for (uint64_t at = 0x2000; at < 0x40000; at += 0x1000) {
        g_assert_true(mem->unmap(f->space, at - 0x1000, 0x1000, 0));
        map_io_at(f->space, "bar", at, 0x1000, 0);
        g_assert_true(qh_space_find(f->space, at, &again));
        g_assert_true(again.io == first.io);
    }
}

static void test_describe(Fixture *f, gconstpointer data)
{
    (void)data;
    map_ram_at(f, 0x1000, 0x2000, 0x3000, 0);
    map_io_at(f->space, "uart", 0x2000, 0x100, 5);

    g_autofree char *text = qh_space_describe(f->space);
    g_assert_cmpstr(text, ==,
                    "address-space: memory\n"
                    "  0000000000002000-00000000000020ff (prio 5, i/o): uart\n"
                    "  0000000000001000-0000000000002fff (prio 0, ram): ram @0000000000003000\n"
                    " flat view:\n"
                    "  0000000000001000-0000000000001fff (ram): ram @0000000000003000\n"
                    "  0000000000002000-00000000000020ff (i/o): uart\n"
                    "  0000000000002100-0000000000002fff (ram): ram @0000000000004100\n");
}

/* The same, one address at a time and without thought: what the flat view is measured by. */
typedef struct Model {
    uint64_t address, bytes;
    int32_t priority;
    guint order;
    const char *name;
} Model;

static const char *model_find(const GArray *model, uint64_t address)
{
    const Model *best = NULL;

    for (guint i = 0; i < model->len; i++) {
        const Model *m = &g_array_index(model, Model, i);

        if (address - m->address < m->bytes &&
            (best == NULL || m->priority > best->priority ||
             (m->priority == best->priority && m->order > best->order))) {
            best = m;
        }
    }
    return best != NULL ? best->name : NULL;
}

static void test_random(Fixture *f, gconstpointer data)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    g_autoptr(GArray) model = g_array_new(FALSE, FALSE, sizeof(Model));
    g_autoptr(GRand) rand = g_rand_new_with_seed(20);

    (void)data;
    for (guint step = 0; step < 400; step++) {
        if (model->len > 12 || (model->len > 0 && g_rand_int_range(rand, 0, 3) == 0)) {
            guint at = (guint)g_rand_int_range(rand, 0, (gint)model->len);
            const Model *m = &g_array_index(model, Model, at);

            g_assert_true(mem->unmap(f->space, m->address, m->bytes, m->priority));
            g_array_remove_index(model, at);
        } else {
            Model m = {
                /* bytes are all different, so that unmap names one mapping */
                .address = (uint64_t)g_rand_int_range(rand, 0, 64),
                .bytes = 1 + (uint64_t)step % 60,
                .priority = g_rand_int_range(rand, -2, 3),
                .order = step,
                .name = names[step % G_N_ELEMENTS(names)],
            };
            map_io_at(f->space, m.name, m.address, m.bytes, m.priority);
            g_array_append_val(model, m);
        }
        for (uint64_t address = 0; address < 130; address++) {
            const char *name = model_find(model, address);
            QhSection section;

            g_assert_true(qh_space_find(f->space, address, &section) == (name != NULL));
            g_assert_cmpuint(section.first, <=, address);
            g_assert_cmpuint(section.last, >=, address);
            if (name != NULL) {
                g_assert_cmpstr(section.io->name, ==, name);
            }
        }
    }
}

/* Readers run while one window moves to and fro over RAM; every answer must be one of the maps. */
typedef struct Race {
    QhSpace *space;
    gint stop;
} Race;

static gpointer race_reader(gpointer data)
{
    Race *race = data;
    guint n = 0;

    while (!g_atomic_int_get(&race->stop) || n == 0) {
        QhSection section;

        g_assert_true(qh_space_find(race->space, 0x5000, &section));
        g_assert_cmpuint(section.first, <=, 0x5000);
        g_assert_cmpuint(section.last, >=, 0x5000);
        g_assert_true((section.ram != NULL) != (section.io != NULL));
        n++;
    }
    return NULL;
}

static void test_race(Fixture *f, gconstpointer data)
{
    Race race = {.space = f->space};
    GThread *readers[3];

    (void)data;
    map_ram_at(f, 0, 0x10000, 0, 0);
    for (guint i = 0; i < G_N_ELEMENTS(readers); i++) {
        readers[i] = g_thread_new("reader", race_reader, &race);
    }
    for (guint i = 0; i < 500; i++) {
        map_io_at(f->space, "moving", 0x5000, 0x1000, 1);
        g_assert_true(mem->unmap(f->space, 0x5000, 0x1000, 1));
    }
    g_atomic_int_set(&race.stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(readers); i++) {
        g_thread_join(readers[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(Fixture *, gconstpointer);
    } tests[] = {
        {"/memory/map/empty",        test_empty                 },
        {"/memory/map/ram",          test_ram                   },
        {"/memory/map/priorities",   test_priorities            },
        {"/memory/map/merge",        test_merge                 },
        {"/memory/map/inner-space",  test_inner_space           },
        {"/memory/map/circle",       test_circle                },
        {"/memory/map/top-of-space", test_top_of_space          },
        {"/memory/map/refused",      test_refused               },
        {"/memory/map/bad-ram",      test_bad_ram               },
        {"/memory/map/windows",      test_windows_do_not_pile_up},
        {"/memory/map/describe",     test_describe              },
        {"/memory/map/race",         test_race                  },
        {"/memory/map/random",       test_random                },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
