/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Property tables: text in, members of a state struct set; and back. */
#include "core/device/property-priv.h"

#include <string.h>

const QhProperty *qh_property_at(const QhPropertyTable *table, uint32_t i)
{
    return (const QhProperty *)((const char *)table->properties + (size_t)i * table->property_size);
}

const QhProperty *qh_property_find(const QhPropertyTable *table, const char *name)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property = qh_property_at(table, i);

        if (g_str_equal(property->name, name)) {
            return property;
        }
    }
    return NULL;
}

static void *member(const QhProperty *property, const void *state)
{
    return (char *)state + property->offset;
}

/* Decimal or 0x...; nothing else counts as a number. */
static gboolean parse_number(const char *text, uint64_t *ret)
{
    guint base = 10;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        base = 16;
    }
    if (!g_ascii_isxdigit(text[0])) {
        return FALSE;
    }
    return g_ascii_string_to_unsigned(text, base, 0, UINT64_MAX, ret, NULL);
}

static gboolean parse_bool(const char *text, uint8_t *ret)
{
    static const char *const yes[] = {"on", "true", "yes", NULL};
    static const char *const no[] = {"off", "false", "no", NULL};

    if (g_strv_contains(yes, text)) {
        *ret = 1;
        return TRUE;
    }
    *ret = 0;
    return g_strv_contains(no, text);
}

static gboolean parse_on_off_auto(const char *text, uint8_t *ret)
{
    if (g_str_equal(text, "auto")) {
        *ret = 0;
    } else if (g_str_equal(text, "on")) {
        *ret = 1;
    } else if (g_str_equal(text, "off")) {
        *ret = 2;
    } else {
        return FALSE;
    }
    return TRUE;
}

/* log2 of what a suffix multiplies by, -1 for none that exists. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "bkmgtpe";
    const char *at;

    if (suffix[0] == '\0') {
        return 0;
    }
    at = strchr(letters, g_ascii_tolower(suffix[0]));
    return at == NULL || suffix[1] != '\0' ? -1 : 10 * (int)(at - letters);
}

/* "1.5G": at most nine digits behind the point, all of them exact. */
static gboolean parse_size(const char *text, uint64_t *ret)
{
    unsigned __int128 value;
    uint64_t whole = 0, part = 0, scale = 1;
    const char *end = text;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return parse_number(text, ret);
    }
    if (!g_ascii_isdigit(*end)) {
        return FALSE;
    }
    for (; g_ascii_isdigit(*end); end++) {
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*end - '0'), &whole)) {
            return FALSE;
        }
    }
    if (*end == '.') {
        for (end++; g_ascii_isdigit(*end) && scale < 1000000000; end++) {
            part = part * 10 + (uint64_t)(*end - '0');
            scale *= 10;
        }
    }
    int shift = suffix_shift(end);
    if (shift < 0) {
        return FALSE;
    }
    value = ((unsigned __int128)whole << shift) + ((unsigned __int128)part << shift) / scale;
    if (value > UINT64_MAX) {
        return FALSE;
    }
    *ret = (uint64_t)value;
    return TRUE;
}

gboolean qh_size_parse(const char *text, uint64_t *ret_bytes, GError **error)
{
    if (!parse_size(text, ret_bytes)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s' is not a size (a number of bytes, or one with k, M, G, T, P or E)", text);
        return FALSE;
    }
    return TRUE;
}

static const char *expected(uint32_t type)
{
    switch (type) {
    case QH_PROPERTY_BOOL:
        return "on or off";
    case QH_PROPERTY_ONOFFAUTO:
        return "on, off or auto";
    case QH_PROPERTY_SIZE:
        return "a size such as 512M";
    default:
        return "a number, decimal or 0x hexadecimal";
    }
}

static uint64_t type_max(uint32_t type)
{
    switch (type) {
    case QH_PROPERTY_U8:
        return UINT8_MAX;
    case QH_PROPERTY_U16:
        return UINT16_MAX;
    case QH_PROPERTY_U32:
        return UINT32_MAX;
    default:
        return UINT64_MAX;
    }
}

static void store(uint32_t type, void *at, uint64_t value)
{
    switch (type) {
    case QH_PROPERTY_U16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case QH_PROPERTY_U32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case QH_PROPERTY_U64:
    case QH_PROPERTY_SIZE:
        *(uint64_t *)at = value;
        break;
    default:
        *(uint8_t *)at = (uint8_t)value;
    }
}

static gboolean set_number(
    const QhProperty *property, void *state, const char *subject, const char *value, GError **error)
{
    uint64_t number = 0;
    uint8_t truth = 0;
    gboolean ok;

    switch (property->type) {
    case QH_PROPERTY_BOOL:
        ok = parse_bool(value, &truth);
        number = truth;
        break;
    case QH_PROPERTY_ONOFFAUTO:
        ok = parse_on_off_auto(value, &truth);
        number = truth;
        break;
    case QH_PROPERTY_SIZE:
        ok = parse_size(value, &number);
        break;
    default:
        ok = parse_number(value, &number);
    }
    if (!ok) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of %s to '%s': it takes %s", property->name, subject,
                    value, expected(property->type));
        return FALSE;
    }

    gboolean ranged = property->min != 0 || property->max != 0;
    uint64_t min = ranged ? property->min : 0;
    uint64_t max = MIN(ranged ? property->max : UINT64_MAX, type_max(property->type));
    if (number < min || number > max) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of %s to '%s': it takes %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT,
                    property->name, subject, value, min, max);
        return FALSE;
    }
    store(property->type, member(property, state), number);
    return TRUE;
}

/* "-5", "12", "0x10"; the bounds are those of the row, as signed 64-bit values. */
static gboolean set_signed(
    const QhProperty *property, void *state, const char *subject, const char *value, GError **error)
{
    gboolean negative = value[0] == '-';
    gboolean ranged = property->min != 0 || property->max != 0;
    int64_t min = MAX(ranged ? (int64_t)property->min : G_MININT32, G_MININT32);
    int64_t max = MIN(ranged ? (int64_t)property->max : G_MAXINT32, G_MAXINT32);
    uint64_t magnitude;

    if (!parse_number(value + (negative ? 1 : 0), &magnitude)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of %s to '%s': it takes %s", property->name, subject,
                    value, expected(property->type));
        return FALSE;
    }
    magnitude = MIN(magnitude, G_MAXUINT32);
    int64_t number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    if (number < min || number > max) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of %s to '%s': it takes %" G_GINT64_FORMAT
                    " to %" G_GINT64_FORMAT,
                    property->name, subject, value, min, max);
        return FALSE;
    }
    *(int32_t *)member(property, state) = (int32_t)number;
    return TRUE;
}

static gboolean set_enum(
    const QhProperty *property, void *state, const char *subject, const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit(property->values, "|", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        if (g_str_equal(names[i], value)) {
            *(uint8_t *)member(property, state) = (uint8_t)i;
            return TRUE;
        }
    }
    g_autofree char *list = g_strjoinv(", ", names);
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                "cannot set property '%s' of %s to '%s': it takes one of: %s", property->name,
                subject, value, list);
    return FALSE;
}

/* Six pairs of hexadecimal digits with colons or dashes between. */
static gboolean set_mac(
    const QhProperty *property, void *state, const char *subject, const char *value, GError **error)
{
    uint8_t mac[6];
    gboolean ok = strlen(value) == 17;

    for (guint i = 0; ok && i < 6; i++) {
        const char *pair = value + 3 * i;
        char between = i < 5 ? value[2] : '\0';

        ok = g_ascii_isxdigit(pair[0]) && g_ascii_isxdigit(pair[1]) && pair[2] == between &&
             (i == 5 || between == ':' || between == '-');
        mac[i] =
            (uint8_t)(g_ascii_xdigit_value(pair[0]) << 4 | (g_ascii_xdigit_value(pair[1]) & 0xf));
    }
    if (!ok) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of %s to '%s': it takes a MAC address such as "
                    "52:54:00:12:34:56",
                    property->name, subject, value);
        return FALSE;
    }
    memcpy(member(property, state), mac, sizeof(mac));
    return TRUE;
}

static void set_unknown_error(const QhPropertyTable *table,
                              const char *subject,
                              const char *name,
                              GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", qh_property_at(table, i)->name);
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "%s has no property '%s' (%s%s)", subject,
                name, names->len > 0 ? "it has: " : "it has none", names->str);
}

gboolean qh_property_set(QhHost *host,
                         const QhPropertyTable *table,
                         void *state,
                         const char *subject,
                         const char *property,
                         const char *value,
                         GError **error)
{
    const QhProperty *found = qh_property_find(table, property);

    if (found == NULL) {
        set_unknown_error(table, subject, property, error);
        return FALSE;
    }
    if (found->type == QH_PROPERTY_STRING) {
        char **at = member(found, state);

        g_free(*at);
        *at = g_strdup(value);
        return TRUE;
    }
    if (qh_property_is_reference(found->type)) {
        return qh_property_set_reference(host, found, member(found, state), subject, value, error);
    }
    switch (found->type) {
    case QH_PROPERTY_I32:
        return set_signed(found, state, subject, value, error);
    case QH_PROPERTY_ENUM:
        return set_enum(found, state, subject, value, error);
    case QH_PROPERTY_MAC:
        return set_mac(found, state, subject, value, error);
    default:
        return set_number(found, state, subject, value, error);
    }
}

gboolean qh_properties_set_defaults(
    QhHost *host, const QhPropertyTable *table, void *state, const char *subject, GError **error)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property = qh_property_at(table, i);

        if (property->default_text != NULL &&
            !qh_property_set(host, table, state, subject, property->name, property->default_text,
                             error)) {
            return FALSE;
        }
    }
    return TRUE;
}

void qh_properties_clear(const QhPropertyTable *table, void *state)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property = qh_property_at(table, i);

        if (property->type == QH_PROPERTY_STRING) {
            g_clear_pointer((char **)member(property, state), g_free);
        } else if (qh_property_is_reference(property->type)) {
            qh_property_drop_reference(property->type, member(property, state));
        }
    }
}

static uint64_t load(uint32_t type, const void *at)
{
    switch (type) {
    case QH_PROPERTY_U16:
        return *(const uint16_t *)at;
    case QH_PROPERTY_U32:
        return *(const uint32_t *)at;
    case QH_PROPERTY_U64:
    case QH_PROPERTY_SIZE:
        return *(const uint64_t *)at;
    default:
        return *(const uint8_t *)at;
    }
}

uint32_t qh_property_bytes(uint32_t type)
{
    switch (type) {
    case QH_PROPERTY_U16:
        return 2;
    case QH_PROPERTY_U32:
    case QH_PROPERTY_I32:
        return 4;
    case QH_PROPERTY_U64:
    case QH_PROPERTY_SIZE:
        return 8;
    case QH_PROPERTY_MAC:
        return 6;
    case QH_PROPERTY_STRING:
        return sizeof(char *);
    default:
        return qh_property_is_reference(type) ? sizeof(void *) : 1;
    }
}

static char *enum_text(const QhProperty *property, uint8_t value)
{
    g_auto(GStrv) names = g_strsplit(property->values, "|", -1);

    return value < g_strv_length(names) ? g_strdup(names[value]) : NULL;
}

char *qh_property_text(const QhPropertyTable *table, const void *state, const char *property)
{
    static const char *const on_off_auto[] = {"auto", "on", "off"};
    const QhProperty *found = qh_property_find(table, property);

    if (found == NULL) {
        return NULL;
    }
    const void *at = member(found, state);
    if (qh_property_is_reference(found->type)) {
        return qh_property_reference_text(found->type, at);
    }
    switch (found->type) {
    case QH_PROPERTY_STRING:
        return g_strdup(*(char *const *)at);
    case QH_PROPERTY_I32:
        return g_strdup_printf("%" G_GINT32_FORMAT, *(const int32_t *)at);
    case QH_PROPERTY_ENUM:
        return enum_text(found, *(const uint8_t *)at);
    case QH_PROPERTY_MAC: {
        const uint8_t *mac = at;

        return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5]);
    }
    case QH_PROPERTY_BOOL:
        return g_strdup(load(found->type, at) != 0 ? "on" : "off");
    case QH_PROPERTY_ONOFFAUTO:
        return g_strdup(on_off_auto[MIN(load(found->type, at), 2)]);
    default:
        return g_strdup_printf("%" G_GUINT64_FORMAT, load(found->type, at));
    }
}
