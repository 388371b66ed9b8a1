/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buses from the host's side: names, places, properties of the bus, what is refused, a device that
 * comes and goes while CPUs use it, properties of a device at work.
 */
#include "core/device/bus.h"
#include "tests/unit/machine-fake.h"

#include <string.h>

#define SLOTS 2u

/* What the bus keeps for a card. */
typedef struct Place {
    uint8_t slot; /* property; 255: the first free one */
    char *label;  /* property */
    gboolean hot;
} Place;

typedef struct Bridge {
    QhDevice base;
    char *bus_name; /* property */
    QhDevice *slots[SLOTS];
    gboolean refuse_unplug;
} Bridge;

typedef struct Card {
    QhDevice base;
    uint8_t level; /* may be set at work; 9 is refused */
    uint8_t mac[6];
    int32_t bias;
    uint8_t mode;
    guint n_resets, n_runs, n_stops;
    gboolean fail;
} Card;

static const char klass_says[] = "card";
static const int the_service = 5;

static gboolean
bridge_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    Bridge *bridge = (Bridge *)parent;
    Place *place = data;

    g_assert_true(child->bus == bus);
    g_assert_true(qh_device_service.bus_parent(bus) == parent);
    g_assert_true(qh_device_service.child_data(child) == data);
    g_assert_true(qh_device_service.child_class(child) == klass_says);
    for (uint8_t i = 0; place->slot == 255 && i < SLOTS; i++) {
        place->slot = bridge->slots[i] == NULL ? i : place->slot;
    }
    if (place->slot == 255) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "bus '%s' is full",
                    qh_device_service.bus_name(bus));
        return FALSE;
    }
    if (place->slot >= SLOTS || bridge->slots[place->slot] != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "slot %u is not free", place->slot);
        place->slot = 255;
        return FALSE;
    }
    bridge->slots[place->slot] = child;
    return TRUE;
}

static void bridge_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot)
{
    (void)bus;
    (void)child;
    g_assert_true(qh_machine_locked_by_me(parent->machine));
    ((Place *)data)->hot = hot;
}

static gboolean
bridge_unplug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    (void)bus;
    (void)data;
    if (((Bridge *)parent)->refuse_unplug) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the card is glued in");
        return FALSE;
    }
    qh_device_service.unplug_done(child);
    qh_device_service.unplug_done(child);
    return TRUE;
}

static void bridge_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    const Place *place = data;

    (void)bus;
    g_assert_true(((Bridge *)parent)->slots[place->slot] == child);
    ((Bridge *)parent)->slots[place->slot] = NULL;
}

static char *bridge_address(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    (void)parent;
    (void)bus;
    (void)child;
    return g_strdup_printf("slot %u", ((const Place *)data)->slot);
}

static const QhProperty place_properties[] = {
    QH_PROPERTY("slot", QH_PROPERTY_U8, offsetof(Place, slot), "255", 0, 0, ""),
    QH_PROPERTY("label", QH_PROPERTY_STRING, offsetof(Place, label), NULL, 0, 0, ""),
};
static const QhPropertyTable place_table = QH_PROPERTY_TABLE(place_properties);
static const QhBusOps bridge_bus = {
    .size = sizeof(QhBusOps),
    .child_size = sizeof(Place),
    .kind = "cards",
    .properties = &place_table,
    .service = &the_service,
    .attach = bridge_attach,
    .plug = bridge_plug,
    .unplug_request = bridge_unplug,
    .detach = bridge_detach,
    .address = bridge_address,
};
static const QhBusOps bad_bus = {.size = sizeof(QhBusOps), .kind = "cards"};

static gboolean bridge_realize(QhDevice *device, GError **error)
{
    Bridge *bridge = (Bridge *)device;

    g_assert_null(qh_device_service.bus_new(device, &bad_bus, NULL, NULL));
    return qh_device_service.bus_new(device, &bridge_bus, bridge->bus_name, error) != NULL;
}

static void nothing_reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static const QhProperty bridge_properties[] = {
    QH_PROPERTY("name", QH_PROPERTY_STRING, offsetof(Bridge, bus_name), NULL, 0, 0, ""),
};
static const QhPropertyTable bridge_table = QH_PROPERTY_TABLE(bridge_properties);
static const QhDeviceOps bridge_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Bridge),
    .properties = &bridge_table,
    .realize = bridge_realize,
    .reset = nothing_reset,
};

static uint32_t
card_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)offset;
    (void)width;
    (void)attrs;
    *ret_value = ((Card *)opaque)->level;
    return QH_BUS_OK;
}

static uint32_t
card_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    (void)value;
    return QH_BUS_OK;
}

static gboolean card_realize(QhDevice *device, GError **error)
{
    g_assert_nonnull(device->bus);
    g_assert_true(qh_device_service.bus_service(device->bus) == &the_service);
    if (((Card *)device)->fail) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the card is broken");
        return FALSE;
    }
    fake_counts.devices++;
    return TRUE;
}

static void card_unrealize(QhDevice *device)
{
    fake_counts.devices -= !((Card *)device)->fail;
}

static void card_reset(QhDevice *device, uint32_t kind)
{
    (void)kind;
    ((Card *)device)->n_resets++;
}

static void card_run_state(QhDevice *device, gboolean running)
{
    Card *card = (Card *)device;

    g_assert_true(qh_machine_locked_by_me(device->machine));
    card->n_runs += running != FALSE;
    card->n_stops += running == FALSE;
}

static gboolean card_changed(QhDevice *device, const char *property, GError **error)
{
    const Card *card = (Card *)device;

    if (g_str_equal(property, "level") && card->level != 9) {
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' cannot change so", property);
    return FALSE;
}

static const QhIoOps card_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = card_read,
    .write = card_write,
};
static const QhWindow card_windows[] = {
    {.name = "registers", .bytes = 0x1000, .ops = &card_io},
};
static const QhProperty card_properties[] = {
    QH_PROPERTY("level", QH_PROPERTY_U8, offsetof(Card, level), "1", 0, 0, ""),
    QH_PROPERTY("mac", QH_PROPERTY_MAC, offsetof(Card, mac), NULL, 0, 0, ""),
    QH_PROPERTY(
        "bias", QH_PROPERTY_I32, offsetof(Card, bias), "-1", (uint64_t)-10, 10, "a signed number"),
    {.name = "mode",
                                                                                          .type = QH_PROPERTY_ENUM,
                                                                                          .offset = offsetof(Card, mode),
                                                                                          .values = "slow|fast"},
    QH_PROPERTY("fail", QH_PROPERTY_BOOL, offsetof(Card, fail), NULL, 0, 0, ""),
};
static const QhPropertyTable card_table = QH_PROPERTY_TABLE(card_properties);
static const QhDeviceOps card_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Card),
    .bus = "cards",
    .properties = &card_table,
    QH_WINDOWS(card_windows),
    .realize = card_realize,
    .unrealize = card_unrealize,
    .reset = card_reset,
    .bus_class = klass_says,
    .run_state = card_run_state,
    .property_changed = card_changed,
};

static const FakeClass classes[] = {
    {"bridge", &bridge_ops, NULL},
    {"card",   &card_ops,   NULL},
    {NULL,     NULL,        NULL},
};

typedef struct Fixture {
    QhHost *host;
    QhMachine *machine;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_selected = "toy";
    fake_classes = classes;
    fake_order = g_string_new(NULL);
    f->host = qh_host_new();
    f->machine = qh_machine_new(f->host, qh_machine_options_new(), NULL);
    g_assert_nonnull(f->machine);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    static const FakeCounts none;

    (void)data;
    qh_host_free(f->host);
    g_string_free(fake_order, TRUE);
    g_free(fake_events());
    g_assert_cmpmem(&fake_counts, sizeof(fake_counts), &none, sizeof(none));
    fake_classes = NULL;
}

static gboolean add(Fixture *f, const char *json, GError **error)
{
    g_autoptr(QhJson) options = qh_json_parse(json, -1, NULL, NULL);

    g_assert_nonnull(options);
    return qh_machine_add_device(f->machine, options, error);
}

static void add_good(Fixture *f, const char *json)
{
    g_autoptr(GError) error = NULL;

    add(f, json, &error);
    g_assert_no_error(error);
}

static void add_bad(Fixture *f, const char *json, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(add(f, json, &error));
    g_assert_cmpstr(error->message, ==, message);
}

static Card *card(Fixture *f, const char *id)
{
    QhInstance *device = qh_instance_at_path(f->machine, id);

    return device != NULL ? (Card *)qh_instance_state(device) : NULL;
}

static void check_address(Fixture *f, const char *id, const char *bus, const char *address)
{
    QhInstance *device = qh_instance_at_path(f->machine, id);

    g_assert_nonnull(device);
    g_autofree char *text = qh_instance_address(device);
    g_assert_cmpstr(text, ==, address);
    g_assert_cmpstr(qh_bus_name(qh_instance_bus(device)), ==, bus);
}

static void test_places(Fixture *f, gconstpointer data)
{
    (void)data;
    add_bad(f, "{\"driver\": \"card\"}",
            "cannot add device 'card': the machine has no bus of kind 'cards'");
    add_good(f, "{\"driver\": \"bridge\", \"name\": \"root\"}");
    add_good(f, "{\"driver\": \"bridge\", \"id\": \"b\"}");
    add_good(f, "{\"driver\": \"bridge\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c0\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c1\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c2\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c3\", \"bus\": \"b\", \"slot\": 1, "
                "\"label\": \"left\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c4\", \"bus\": \"/any/cards.2\"}");
    check_address(f, "c0", "root", "slot 0");
    check_address(f, "c1", "root", "slot 1");
    check_address(f, "c2", "b.0", "slot 0");
    check_address(f, "/machine/peripheral/c3", "b.0", "slot 1");
    check_address(f, "c4", "cards.2", "slot 0");
    g_assert_cmpuint(card(f, "c0")->n_resets, ==, 1);
}

static void test_refusals(Fixture *f, gconstpointer data)
{
    (void)data;
    add_good(f, "{\"driver\": \"bridge\", \"id\": \"b\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c0\", \"slot\": 1}");
    add_bad(f, "{\"driver\": \"card\", \"bus\": \"nowhere\"}",
            "cannot add device 'card': there is no bus 'nowhere' (there are: b.0)");
    add_bad(f, "{\"driver\": \"card\", \"id\": \"x\", \"slot\": 1}",
            "cannot add device 'x' (card): slot 1 is not free");
    add_bad(f, "{\"driver\": \"card\", \"id\": \"x\", \"fail\": true}", "the card is broken");
    add_bad(f, "{\"driver\": \"card\", \"id\": \"x\", \"colour\": \"red\"}",
            "device 'x' (card) has no property 'colour' (it has: level, mac, bias, mode, fail, "
            "slot, label)");
    add_bad(f, "{\"driver\": \"bridge\", \"bus\": \"b.0\"}",
            "cannot add device 'bridge' to bus 'b.0': it sits on no bus");
    add_bad(f, "{\"driver\": \"bridge\", \"name\": \"b.0\", \"id\": \"d\"}",
            "device 'd' (bridge) cannot offer a bus 'b.0': there is one of that name");
    add_bad(f, "{\"driver\": \"card\", \"bus\": 5}", "cannot add a device: 'bus' must be text");
    add_bad(f, "{\"driver\": \"card\", \"id\": \"x\", \"slot\": []}",
            "cannot set property 'slot' of device 'x': it is neither text nor a number");
    add_good(f, "{\"driver\": \"card\", \"id\": \"x\"}");
    add_bad(f, "{\"driver\": \"card\", \"id\": \"y\"}",
            "cannot add device 'y' (card): bus 'b.0' is full");
}

static void iterate(void)
{
    for (guint i = 0; i < 20; i++) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
}

static gboolean remove_device(Fixture *f, const char *id, GError **error)
{
    return qh_machine_remove_device(f->machine, id, error);
}

static void test_hot(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhSpace *space = qh_machine_system(f->machine);
    uint8_t byte = 0;

    (void)data;
    add_good(f, "{\"driver\": \"bridge\", \"id\": \"b\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"cold\"}");
    g_assert_false(((Place *)qh_device_service.child_data(&card(f, "cold")->base))->hot);
    qh_machine_start(f->machine);
    g_assert_cmpuint(card(f, "cold")->n_runs, ==, 1);
    for (guint i = 0; i < 20; i++) {
        add_good(f, "{\"driver\": \"card\", \"id\": \"hot\", \"level\": 77}");
        QhDevice *device = &card(f, "hot")->base;
        g_assert_true(((Place *)qh_device_service.child_data(device))->hot);
        g_assert_true(qh_device_service.window_map(device, 0, space, 0x5000, 0));
        g_assert_true(qh_device_service.window_map(device, 0, space, 0x7000, 3));
        g_assert_false(qh_device_service.window_map(device, 1, space, 0x7000, 3));
        g_assert_cmpuint(qh_mem_service.read(space, 0x5000, &byte, 1, 0), ==, QH_BUS_NONE);
        g_assert_cmpuint(qh_mem_service.read(space, 0x7000, &byte, 1, 0), ==, QH_BUS_OK);
        g_assert_cmpuint(byte, ==, 77);
        g_assert_true(remove_device(f, "hot", &error));
        g_assert_false(remove_device(f, "hot", NULL)); /* it is on its way */
        iterate();
        g_assert_null(card(f, "hot"));
        g_assert_cmpuint(qh_mem_service.read(space, 0x7000, &byte, 1, 0), ==, QH_BUS_NONE);
        g_autofree char *events = fake_events();
        g_assert_nonnull(strstr(events, "DEVICE_DELETED{\"device\": \"hot\","));
    }
    qh_machine_stop(f->machine);
    g_assert_cmpuint(card(f, "cold")->n_stops, ==, 1);

    ((Bridge *)card(f, "b"))->refuse_unplug = TRUE;
    g_assert_false(remove_device(f, "cold", &error));
    g_assert_cmpstr(error->message, ==, "the card is glued in");
    g_clear_error(&error);
    g_assert_false(remove_device(f, "nobody", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_NO_DEVICE);
    g_clear_error(&error);
    g_assert_false(remove_device(f, "b", &error));
    g_assert_cmpstr(error->message, ==,
                    "cannot take out device 'b' (bridge): it is a part of the machine");
    g_clear_error(&error);
}

/* The machine ends with a device on its way out. */
static void test_end(Fixture *f, gconstpointer data)
{
    (void)data;
    add_good(f, "{\"driver\": \"bridge\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c\"}");
    g_assert_true(remove_device(f, "c", NULL));
}

static void test_properties(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    add_good(f, "{\"driver\": \"bridge\"}");
    add_good(f, "{\"driver\": \"card\", \"id\": \"c\", \"mac\": \"52:54:00:aB:cd:ef\", "
                "\"bias\": -10, \"mode\": \"fast\"}");
    QhInstance *device = qh_instance_at_path(f->machine, "c");
    Card *state = card(f, "c");
    static const uint8_t mac[6] = {0x52, 0x54, 0, 0xab, 0xcd, 0xef};
    g_assert_cmpmem(state->mac, 6, mac, 6);
    g_assert_cmpint(state->bias, ==, -10);
    g_assert_cmpuint(state->mode, ==, 1);

    g_assert_true(qh_instance_set(device, "level", "5", &error));
    g_assert_cmpuint(state->level, ==, 5);
    g_assert_false(qh_instance_set(device, "level", "9", &error));
    g_assert_cmpuint(state->level, ==, 5);
    g_clear_error(&error);
    g_assert_false(qh_instance_set(device, "mac", "00:00:00:00:00:00", &error));
    g_assert_cmpmem(state->mac, 6, mac, 6);
    g_clear_error(&error);
    g_assert_false(qh_instance_set(device, "slot", "0", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);

    static const char *const bad[][2] = {
        {"mac",  "52:54:00:12:34"     },
        {"mac",  "52:54:00:12:34:5g"  },
        {"mac",  "52:54:00-12:34:56"  },
        {"mac",  "52:54:00:12:34:56:7"},
        {"bias", "-11"                },
        {"bias", "11"                 },
        {"bias", "--1"                },
        {"mode", "fas"                },
        {"mode", "slow|fast"          },
        {"mode", ""                   },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *json =
            g_strdup_printf("{\"driver\": \"card\", \"%s\": \"%s\"}", bad[i][0], bad[i][1]);
        g_assert_false(add(f, json, NULL));
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(Fixture *f, gconstpointer data);
    } tests[] = {
        {"/device/bus/places",     test_places    },
        {"/device/bus/refusals",   test_refusals  },
        {"/device/bus/hot",        test_hot       },
        {"/device/bus/end",        test_end       },
        {"/device/bus/properties", test_properties},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
