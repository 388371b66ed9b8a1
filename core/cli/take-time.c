/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options about time and chance: -icount, -rtc, -seed. */
#include "core/cli/cli.h"
#include "core/cli/keyval.h"
#include "core/vcpu/turns.h"

static gboolean take_shift(QhCli *cli, const char *text, GError **error)
{
    uint64_t shift = 0;

    cli->icount.automatic = text == NULL || g_str_equal(text, "auto");
    if (cli->icount.automatic) {
        return TRUE;
    }
    if (!qh_text_uint(text, QH_ICOUNT_SHIFT_MAX, &shift, error)) {
        g_prefix_error(error, "shift=%s: ", text);
        return FALSE;
    }
    cli->icount.shift = (uint32_t)shift;
    return TRUE;
}

gboolean
qh_take_icount(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"shift", "sleep", "align", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "shift", error);
    gboolean align = FALSE;

    cli->icount = (QhIcountOptions){.on = TRUE, .sleep = TRUE};
    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !take_shift(cli, qh_keyval_get(items, "shift"), error)) {
        return FALSE;
    }
    if (qh_keyval_get(items, "sleep") != NULL &&
        !qh_text_bool(qh_keyval_get(items, "sleep"), &cli->icount.sleep, error)) {
        return FALSE;
    }
    if (qh_keyval_get(items, "align") != NULL &&
        !qh_text_bool(qh_keyval_get(items, "align"), &align, error)) {
        return FALSE;
    }
    if (align) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "align=on is not supported: shift=auto keeps guest time near the "
                            "host's");
        return FALSE;
    }
    if (cli->icount.automatic && !cli->icount.sleep) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "shift=auto needs sleep=on");
        return FALSE;
    }
    return TRUE;
}

gboolean
qh_take_seed(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    cli->has_seed = TRUE;
    return qh_text_uint(value, UINT64_MAX, &cli->seed, error);
}

/* base=utc, or a date and time in UTC, as ISO 8601 has them. */
static gboolean take_base(QhCli *cli, const char *text, GError **error)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = NULL;
    g_autofree char *whole = NULL;

    if (g_str_equal(text, "utc")) {
        return TRUE;
    }
    whole = strchr(text, 'T') != NULL ? g_strdup(text) : g_strconcat(text, "T00:00:00", NULL);
    time = g_date_time_new_from_iso8601(whole, utc);
    if (time == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "base=%s is neither utc nor a date like 2026-01-31T12:00:00", text);
        return FALSE;
    }
    cli->has_rtc_base = TRUE;
    cli->rtc_base_ns = g_date_time_to_unix(time) * G_GINT64_CONSTANT(1000000000);
    return TRUE;
}

gboolean
qh_take_rtc(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"base", "clock", "driftfix", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, NULL, error);
    const char *clock, *driftfix;

    if (items == NULL || !qh_keyval_only(items, keys, error)) {
        return FALSE;
    }
    clock = qh_keyval_get(items, "clock");
    driftfix = qh_keyval_get(items, "driftfix");
    if ((clock != NULL && !g_str_equal(clock, "host")) ||
        (driftfix != NULL && !g_str_equal(driftfix, "none"))) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "only clock=host and driftfix=none are supported");
        return FALSE;
    }
    return qh_keyval_get(items, "base") == NULL ||
           take_base(cli, qh_keyval_get(items, "base"), error);
}
