/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/modcheck/verdict.h"
#include <stdio.h>

static void remark_free(void *data)
{
    QhRemark *remark = data;

    g_free(remark->check);
    g_free(remark->text);
    g_free(remark);
}

QhVerdict *qh_verdict_new(const char *path)
{
    QhVerdict *verdict = g_new0(QhVerdict, 1);

    verdict->path = g_strdup(path);
    verdict->remarks = g_ptr_array_new_with_free_func(remark_free);
    verdict->checks = g_ptr_array_new_with_free_func(g_free);
    return verdict;
}

void qh_verdict_free(QhVerdict *verdict)
{
    if (verdict != NULL) {
        qh_note_free(verdict->note);
        g_ptr_array_unref(verdict->remarks);
        g_ptr_array_unref(verdict->checks);
        g_free(verdict->path);
        g_free(verdict);
    }
}

void qh_verdict_checks(QhVerdict *verdict, const char *check)
{
    g_ptr_array_add(verdict->checks, g_strdup(check));
}

void qh_verdict_add(QhVerdict *verdict, gboolean problem, const char *check, const char *text)
{
    QhRemark *remark = g_new(QhRemark, 1);

    *remark = (QhRemark){problem, g_strdup(check), g_strdup(text)};
    g_ptr_array_add(verdict->remarks, remark);
}

void qh_verdict_problem(QhVerdict *verdict, const char *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    qh_verdict_add(verdict, TRUE, check, text);
}

gboolean qh_verdict_is_good(const QhVerdict *verdict)
{
    for (guint i = 0; i < verdict->remarks->len; i++) {
        const QhRemark *remark = g_ptr_array_index(verdict->remarks, i);
        if (remark->problem) {
            return FALSE;
        }
    }
    return TRUE;
}

void qh_verdict_print(const QhVerdict *verdict, gboolean all)
{
    for (guint i = 0; i < verdict->remarks->len; i++) {
        const QhRemark *remark = g_ptr_array_index(verdict->remarks, i);
        if (remark->problem) {
            printf("%s: %s: %s\n", verdict->path, remark->check, remark->text);
        } else if (all) {
            printf("%s: %s: not checked: %s\n", verdict->path, remark->check, remark->text);
        }
    }
    if (all) {
        printf("%s: %s, %u checks\n", verdict->path,
               qh_verdict_is_good(verdict) ? "good" : "refused", verdict->checks->len);
    }
}

static void write_remarks(const QhVerdict *verdict,
                          gboolean problems,
                          const char *key,
                          const char *what,
                          QhJsonWriter *writer)
{
    qh_json_write_key(writer, key);
    qh_json_write_begin_array(writer);
    for (guint i = 0; i < verdict->remarks->len; i++) {
        const QhRemark *remark = g_ptr_array_index(verdict->remarks, i);
        if (remark->problem == problems) {
            qh_json_write_begin_object(writer);
            qh_json_write_key(writer, "check");
            qh_json_write_string(writer, remark->check);
            qh_json_write_key(writer, what);
            qh_json_write_string(writer, remark->text);
            qh_json_write_end_object(writer);
        }
    }
    qh_json_write_end_array(writer);
}

void qh_verdict_write(const QhVerdict *verdict, QhJsonWriter *writer)
{
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "file");
    qh_json_write_string(writer, verdict->path);
    qh_json_write_key(writer, "good");
    qh_json_write_bool(writer, qh_verdict_is_good(verdict));
    if (verdict->note != NULL) {
        qh_json_write_key(writer, "module");
        qh_json_write_string(writer, verdict->note->name);
        qh_json_write_key(writer, "version");
        qh_json_write_string(writer, verdict->note->version);
    }
    write_remarks(verdict, TRUE, "problems", "problem", writer);
    write_remarks(verdict, FALSE, "unchecked", "reason", writer);
    qh_json_write_key(writer, "checks");
    qh_json_write_begin_array(writer);
    for (guint i = 0; i < verdict->checks->len; i++) {
        qh_json_write_string(writer, g_ptr_array_index(verdict->checks, i));
    }
    qh_json_write_end_array(writer);
    qh_json_write_end_object(writer);
}
