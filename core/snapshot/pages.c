/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshot/pages.h"

#include "core/machine/machine.h"

#include <string.h>

#define PAGE (G_GUINT64_CONSTANT(1) << QH_PAGE_BITS_MIN)

typedef struct Page {
    uint64_t number; /* in the machine's RAM numbering; the key */
    QhRam *ram;
    uint64_t offset;
    gboolean zero; /* data is missing */
    uint8_t data[];
} Page;

struct QhPages {
    GHashTable *table; /* Page.number -> Page */
    uint64_t bytes;
};

QhPages *qh_pages_new(void)
{
    QhPages *pages = g_new0(QhPages, 1);

    pages->table = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    return pages;
}

void qh_pages_free(QhPages *pages)
{
    if (pages != NULL) {
        g_hash_table_unref(pages->table);
        g_free(pages);
    }
}

uint64_t qh_pages_bytes(const QhPages *pages)
{
    return pages->bytes;
}

static gsize size_of(gboolean zero)
{
    return sizeof(Page) + (zero ? 0 : PAGE);
}

static gboolean is_zero(const uint8_t *data)
{
    return data[0] == 0 && memcmp(data, data + 1, PAGE - 1) == 0;
}

gboolean qh_pages_keep(QhPages *pages, QhRam *ram, uint64_t offset)
{
    uint64_t number = (ram->base + offset) >> QH_PAGE_BITS_MIN;
    gboolean zero = is_zero(ram->host + offset);
    Page *page;

    if (g_hash_table_contains(pages->table, &number)) {
        return TRUE;
    }
    page = g_try_malloc(size_of(zero));
    if (page == NULL) {
        return FALSE;
    }
    page->number = number;
    page->ram = ram;
    page->offset = offset;
    page->zero = zero;
    if (!zero) {
        memcpy(page->data, ram->host + offset, PAGE);
    }
    g_hash_table_insert(pages->table, &page->number, page);
    pages->bytes += size_of(zero);
    return TRUE;
}

static void mark(Page *page)
{
    __atomic_fetch_or(&page->ram->page_flags[page->offset >> QH_PAGE_BITS_MIN], QH_PAGE_KEEP,
                      __ATOMIC_SEQ_CST);
}

void qh_pages_mark(QhPages *pages)
{
    GHashTableIter iter;
    gpointer page;

    g_hash_table_iter_init(&iter, pages->table);
    while (g_hash_table_iter_next(&iter, NULL, &page)) {
        mark(page);
    }
}

static void put_back(Page *page)
{
    QhRam *ram = page->ram;
    uint8_t *at = ram->host + page->offset;
    uint8_t *flags = &ram->page_flags[page->offset >> QH_PAGE_BITS_MIN];

    if (page->zero ? !is_zero(at) : memcmp(at, page->data, PAGE) != 0) {
        if (__atomic_load_n(flags, __ATOMIC_SEQ_CST) & QH_PAGE_CODE) {
            qh_machine_code_written(ram->machine, ram->base + page->offset, PAGE);
        }
        if (page->zero) {
            memset(at, 0, PAGE);
        } else {
            memcpy(at, page->data, PAGE);
        }
        __atomic_fetch_or(flags, QH_PAGE_DIRTY, __ATOMIC_SEQ_CST);
    }
    mark(page);
}

void qh_pages_put_back(QhPages *pages)
{
    GHashTableIter iter;
    gpointer page;

    g_hash_table_iter_init(&iter, pages->table);
    while (g_hash_table_iter_next(&iter, NULL, &page)) {
        put_back(page);
    }
}

void qh_pages_merge(QhPages *pages, QhPages *newer)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, newer->table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Page *page = value;
        if (!g_hash_table_contains(pages->table, &page->number)) {
            g_hash_table_iter_steal(&iter);
            g_hash_table_insert(pages->table, &page->number, page);
            pages->bytes += size_of(page->zero);
        }
    }
    qh_pages_free(newer);
}
