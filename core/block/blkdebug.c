/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter "blkdebug": faults at a chosen place. A rule says which requests it is for, how many of
 * them pass before it strikes, and with which error; states say in which order rules come.
 */
#include "core/block/block-priv.h"

#include <errno.h>
#include <string.h>

enum { READ = 1, WRITE = 2, ZEROES = 4, DISCARD = 8, FLUSH = 16, ANY = 31 };

typedef struct Rule {
    uint32_t kinds;
    int64_t state; /* 0: any */
    int error;
    gboolean has_sector, once, partial, spent;
    uint64_t sector, skip;
} Rule;

typedef struct Switch {
    uint32_t kinds;
    int64_t state, new_state;
} Switch;

typedef struct Debug {
    QhBlockDriver driver;
    char *config;
    uint32_t align;
    GMutex lock; /* of what follows */
    GArray *rules, *switches;
    int64_t state;
} Debug;

static Debug *debug_of(QhBlockDriver *driver)
{
    return (Debug *)driver;
}

static QhBlockNode *image_of(QhBlockDriver *driver)
{
    return qh_block_node_child(driver->node, "image");
}

static char *text_of(const QhJson *object, const char *key)
{
    const QhJson *value = qh_json_get(object, key);

    return value != NULL ? qh_block_option_text(value) : NULL;
}

static gboolean bad(GError **error, const char *key, const char *text)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "blkdebug: '%s' does not take '%.64s'", key,
                text != NULL ? text : "");
    return FALSE;
}

static gboolean
number(const QhJson *object, const char *key, uint64_t *ret, gboolean *ret_has, GError **error)
{
    g_autofree char *text = text_of(object, key);

    *ret_has = text != NULL;
    return text == NULL || g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, ret, NULL) ||
           bad(error, key, text);
}

static gboolean truth(const QhJson *object, const char *key, gboolean *ret, GError **error)
{
    g_autofree char *text = text_of(object, key);

    *ret = g_strcmp0(text, "on") == 0 || g_strcmp0(text, "true") == 0;
    return text == NULL || *ret || g_str_equal(text, "off") || g_str_equal(text, "false") ||
           bad(error, key, text);
}

static gboolean kinds_of(const char *key, const char *text, uint32_t *ret, GError **error)
{
    static const struct {
        const char *name;
        uint32_t kinds;
    } names[] = {
        {"none",          ANY    },
        {"read_aio",      READ   },
        {"read",          READ   },
        {"write_aio",     WRITE  },
        {"write",         WRITE  },
        {"pwritev_zero",  ZEROES },
        {"write-zeroes",  ZEROES },
        {"discard",       DISCARD},
        {"flush_to_disk", FLUSH  },
        {"flush",         FLUSH  },
    };

    for (guint i = 0; text != NULL && i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i].name, text)) {
            *ret = names[i].kinds;
            return TRUE;
        }
    }
    return bad(error, key, text);
}

static gboolean add_rule(Debug *debug, const QhJson *object, GError **error)
{
    g_autofree char *event = text_of(object, "event");
    g_autofree char *type = text_of(object, "iotype");
    uint64_t state = 0, code = EIO;
    uint32_t types = ANY;
    gboolean has, ignored;
    Rule rule = {0};

    if (!kinds_of("event", event, &rule.kinds, error) ||
        (type != NULL && !kinds_of("iotype", type, &types, error)) ||
        !number(object, "state", &state, &has, error) ||
        !number(object, "errno", &code, &has, error) ||
        !number(object, "sector", &rule.sector, &rule.has_sector, error) ||
        !number(object, "x-skip", &rule.skip, &has, error) ||
        !truth(object, "once", &rule.once, error) ||
        !truth(object, "immediately", &ignored, error) ||
        !truth(object, "x-partial", &rule.partial, error)) {
        return FALSE;
    }
    if (code == 0 || code > 4095) {
        return bad(error, "errno", "0 and what is no error");
    }
    rule.kinds &= types;
    rule.state = (int64_t)state;
    rule.error = (int)code;
    g_array_append_val(debug->rules, rule);
    return TRUE;
}

static gboolean add_switch(Debug *debug, const QhJson *object, GError **error)
{
    g_autofree char *event = text_of(object, "event");
    uint64_t state = 0, new_state = 0;
    gboolean has;
    Switch one = {0};

    if (!kinds_of("event", event, &one.kinds, error) ||
        !number(object, "state", &state, &has, error) ||
        !number(object, "new_state", &new_state, &has, error)) {
        return FALSE;
    }
    if (!has) {
        return bad(error, "new_state", NULL);
    }
    one.state = (int64_t)state;
    one.new_state = (int64_t)new_state;
    g_array_append_val(debug->switches, one);
    return TRUE;
}

/* The elements of a list, or of what "key.0.x=" has become. */
static gboolean take_list(Debug *debug,
                          const char *key,
                          gboolean (*add)(Debug *debug, const QhJson *object, GError **error),
                          GError **error)
{
    const QhJson *list = qh_json_get(debug->driver.node->options, key);
    gboolean array = list != NULL && qh_json_type(list) == QH_JSON_ARRAY;

    if (list != NULL && !array && qh_json_type(list) != QH_JSON_OBJECT) {
        return bad(error, key, "what is no list");
    }
    for (size_t i = 0; list != NULL && i < qh_json_length(list); i++) {
        const QhJson *one = array ? qh_json_at(list, i) : qh_json_value(list, i);

        if (qh_json_type(one) != QH_JSON_OBJECT || i >= 65536) {
            return bad(error, key, "such an element");
        }
        if (!add(debug, one, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void debug_clear(Debug *debug)
{
    g_array_unref(debug->rules);
    g_array_unref(debug->switches);
    g_mutex_clear(&debug->lock);
}

static gboolean debug_open(QhBlockDriver *driver, GError **error)
{
    Debug *debug = debug_of(driver);

    g_mutex_init(&debug->lock);
    debug->rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    debug->switches = g_array_new(FALSE, FALSE, sizeof(Switch));
    debug->state = 1;
    if (!take_list(debug, "inject-error", add_rule, error) ||
        !take_list(debug, "set-state", add_switch, error)) {
        debug_clear(debug);
        return FALSE;
    }
    if (debug->align != 0 && (debug->align < 512 || (debug->align & (debug->align - 1)) != 0 ||
                              debug->align > 1u << 20)) {
        debug_clear(debug);
        return bad(error, "align", "what is no power of two from 512 to 1M");
    }
    driver->alignment = debug->align;
    driver->discard_bytes = image_of(driver)->state->discard_bytes;
    return TRUE;
}

static void debug_close(QhBlockDriver *driver)
{
    debug_clear(debug_of(driver));
}

/* The error for a request, 0 for none; *@ret_partial: the first half of it is done. */
static int
strike(Debug *debug, uint32_t kind, uint64_t offset, uint64_t bytes, gboolean *ret_partial)
{
    int64_t next;
    int error = 0;

    g_mutex_lock(&debug->lock);
    next = debug->state;
    for (guint i = 0; i < debug->switches->len; i++) {
        const Switch *one = &g_array_index(debug->switches, Switch, i);

        if (one->kinds & kind && (one->state == 0 || one->state == debug->state)) {
            next = one->new_state;
        }
    }
    for (guint i = 0; i < debug->rules->len && error == 0; i++) {
        Rule *rule = &g_array_index(debug->rules, Rule, i);

        if (rule->spent || (rule->kinds & kind) == 0 ||
            (rule->state != 0 && rule->state != debug->state) ||
            (rule->has_sector && kind != FLUSH &&
             (rule->sector < offset / 512 || rule->sector >= (offset + bytes + 511) / 512))) {
            continue;
        }
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        rule->spent = rule->once;
        error = rule->error;
        *ret_partial = rule->partial;
    }
    debug->state = next;
    g_mutex_unlock(&debug->lock);
    return error;
}

static uint64_t debug_length(QhBlockDriver *driver)
{
    return qh_block_length(image_of(driver));
}

static int debug_read(QhBlockDriver *driver,
                      uint64_t offset,
                      uint64_t bytes,
                      const QhBlockVec *vec,
                      uint32_t n_vec,
                      uint32_t flags)
{
    gboolean partial = FALSE;

    if (flags & QH_BLOCK_NO_WAIT) {
        return EAGAIN; /* counted when it comes again */
    }
    int error = strike(debug_of(driver), READ, offset, bytes, &partial);
    return error != 0 ? error : qh_block_readv(image_of(driver), offset, bytes, vec, n_vec, flags);
}

static int debug_write(QhBlockDriver *driver,
                       uint64_t offset,
                       uint64_t bytes,
                       const QhBlockVec *vec,
                       uint32_t n_vec,
                       uint32_t flags)
{
    gboolean partial = FALSE;
    int error = strike(debug_of(driver), WRITE, offset, bytes, &partial);

    (void)flags;
    if (error != 0 && partial && bytes > 1) {
        g_autofree QhBlockVec *half = g_new(QhBlockVec, (gsize)n_vec + 1);
        uint32_t n = qh_block_vec_slice(vec, n_vec, 0, bytes / 2, half);

        (void)qh_block_write_grow(image_of(driver), offset, bytes / 2, half, n);
    }
    return error != 0 ? error : qh_block_write_grow(image_of(driver), offset, bytes, vec, n_vec);
}

static int debug_flush(QhBlockDriver *driver)
{
    gboolean partial = FALSE;
    int error = strike(debug_of(driver), FLUSH, 0, 0, &partial);

    return error != 0 ? error : qh_block_flush(image_of(driver));
}

static int debug_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    gboolean partial = FALSE;
    int error = strike(debug_of(driver), DISCARD, offset, bytes, &partial);

    return error != 0 ? error : qh_block_discard(image_of(driver), offset, bytes);
}

static int debug_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    gboolean partial = FALSE;
    int error = strike(debug_of(driver), ZEROES, offset, bytes, &partial);

    return error != 0 ? error : qh_block_zero(image_of(driver), offset, bytes, flags);
}

static int debug_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    int error = qh_block_status(image_of(driver), offset, bytes, ret);

    ret->flags |= QH_BLOCK_STATUS_OFFSET;
    ret->offset = offset;
    return error;
}

static gboolean debug_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    return qh_block_truncate(image_of(driver), bytes, error);
}

static const QhProperty properties[] = {
    QH_PROPERTY("config", QH_PROPERTY_STRING, offsetof(Debug, config), NULL, 0, 0, "accepted"),
    QH_PROPERTY("align",
                QH_PROPERTY_U32,
                offsetof(Debug, align),
                NULL,
                0,
                0,
                "alignment that requests need"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps qh_block_blkdebug = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(Debug),
    .kind = QH_BLOCK_FILTER,
    .flags = QH_BLOCK_DRIVER_PASS | QH_BLOCK_DRIVER_GROWS,
    .description = "faults at a chosen place",
    .properties = &table,
    .children = "image",
    .open = debug_open,
    .close = debug_close,
    .length = debug_length,
    .read = debug_read,
    .write = debug_write,
    .flush = debug_flush,
    .discard = debug_discard,
    .write_zeroes = debug_zero,
    .status = debug_status,
    .truncate = debug_truncate,
};
