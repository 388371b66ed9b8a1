/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/code.h"

#include "core/os/memory.h"

#include <string.h>

#define CHUNK_BITS  20u
#define CHUNK_BYTES ((size_t)1 << CHUNK_BITS)
/* Blocks begin at multiples of so many bytes. */
#define PLACE_BITS 6u
/* Slots at the start; they double when three of four are taken. */
#define HASH_BITS 14u
/* Blocks of so many bytes, or a quarter of what there may be, are not worth a look. */
#define TRIM_BYTES ((uint64_t)32 << 20)

/*
 * One block in the hash table, which is open: a block is in the first free slot from the one on
 * that the upper bits of its hash name. Most searches need one cache line of the table and one of
 * the block that they find.
 */
typedef struct Slot {
    uint32_t hash;  /* upper half */
    uint32_t place; /* of the block; 0: free */
} Slot;

typedef struct Page {
    uint64_t number;
    QhCode *codes;
    uint64_t changes; /* how often its bytes changed while it was watched */
    uint32_t readers; /* translations going on */
    gboolean moved;   /* relative blocks were used at another address than this one: */
    uint64_t seen_at; /* virtual; NOWHERE when there are no such blocks */
    void *regions;    /* the compiler's */
} Page;
#define NOWHERE UINT64_MAX

struct QhCodeStore {
    uint32_t page_bits;
    uint64_t max_bytes;
    GPtrArray *chunks;
    char *free; /* in the last chunk */
    size_t left;
    Slot *slots;
    uint32_t hash_bits;
    uint64_t n_codes;  /* in the slots */
    GHashTable *pages; /* &Page.number -> Page */
    uint64_t plump;    /* it is trimmed when stats.bytes reach this */
    QhCodeStats stats;
};

static void free_chunk(gpointer chunk)
{
    qh_os_pages_free(chunk, CHUNK_BYTES);
}

QhCodeStore *qh_code_store_new(uint32_t page_bits, uint64_t max_bytes)
{
    QhCodeStore *store = g_new0(QhCodeStore, 1);

    store->page_bits = page_bits;
    store->max_bytes = max_bytes;
    store->plump = MIN(TRIM_BYTES, max_bytes / 4);
    store->chunks = g_ptr_array_new_with_free_func(free_chunk);
    store->hash_bits = HASH_BITS;
    store->slots = g_new0(Slot, 1u << HASH_BITS);
    store->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    return store;
}

void qh_code_store_free(QhCodeStore *store)
{
    if (store == NULL) {
        return;
    }
    g_ptr_array_unref(store->chunks);
    g_hash_table_unref(store->pages);
    g_free(store->slots);
    g_free(store);
}

static uint32_t hash(const QhCodeKey *key)
{
    uint64_t mix = key->ram_address * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    mix ^= (key->state_key << 20 ^ key->flags) * G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
    return (uint32_t)(mix >> 32);
}

static uint32_t slot_mask(const QhCodeStore *store)
{
    return (1u << store->hash_bits) - 1;
}

static uint32_t first_slot(const QhCodeStore *store, uint32_t hash)
{
    return hash >> (32 - store->hash_bits);
}

static QhCode *code_at(const QhCodeStore *store, uint32_t place)
{
    char *chunk = g_ptr_array_index(store->chunks, (place - 1) >> (CHUNK_BITS - PLACE_BITS));

    return (QhCode *)(chunk + ((size_t)(place - 1) << PLACE_BITS & (CHUNK_BYTES - 1)));
}

static void put(QhCodeStore *store, Slot slot)
{
    uint32_t at = first_slot(store, slot.hash);

    while (store->slots[at].place != 0) {
        at = (at + 1) & slot_mask(store);
    }
    store->slots[at] = slot;
}

/* Room for one more. FALSE: no memory for that. */
static gboolean make_room(QhCodeStore *store)
{
    uint32_t old_n = 1u << store->hash_bits;
    Slot *old = store->slots, *slots;

    if (store->n_codes < old_n - old_n / 4) {
        return TRUE;
    }
    slots = store->hash_bits < 31 ? g_try_new0(Slot, 2 * (size_t)old_n) : NULL;
    if (slots == NULL) {
        return store->n_codes < old_n - old_n / 16;
    }
    store->slots = slots;
    store->hash_bits++;
    for (uint32_t i = 0; i < old_n; i++) {
        if (old[i].place != 0) {
            put(store, old[i]);
        }
    }
    g_free(old);
    return TRUE;
}

/* Empty slot @at; what it was in the way of moves up. */
static void take_out(QhCodeStore *store, uint32_t at)
{
    uint32_t mask = slot_mask(store);

    for (uint32_t next = (at + 1) & mask; store->slots[next].place != 0; next = (next + 1) & mask) {
        uint32_t first = first_slot(store, store->slots[next].hash);
        if (((next - first) & mask) >= ((next - at) & mask)) {
            store->slots[at] = store->slots[next];
            at = next;
        }
    }
    store->slots[at].place = 0;
}

static size_t code_bytes(uint32_t n_ops, uint32_t n_insns)
{
    size_t bytes = sizeof(QhCode) + n_ops * sizeof(QhT0Op) + n_insns * sizeof(uint16_t);

    return (bytes + (1u << PLACE_BITS) - 1) & ~(((size_t)1 << PLACE_BITS) - 1);
}

static QhCode *set_up(void *memory, uint32_t n_ops, uint32_t n_insns)
{
    QhCode *code = memory;

    memset(code, 0, sizeof(*code));
    code->n_insns = n_insns;
    code->heat = QH_HEAT_DULL;
    code->dull = TRUE;
    code->insns = (const uint16_t *)&code->ops[n_ops];
    return code;
}

QhCode *qh_code_alloc(QhCodeStore *store, uint32_t n_ops, uint32_t n_insns)
{
    size_t bytes = code_bytes(n_ops, n_insns);
    QhCode *code;

    if (bytes > CHUNK_BYTES || !make_room(store)) {
        return NULL;
    }
    if (store->left < bytes) {
        void *chunk;
        if ((store->chunks->len + 1) * CHUNK_BYTES > store->max_bytes) {
            return NULL;
        }
        chunk = qh_os_pages_new(CHUNK_BYTES, NULL);
        if (chunk == NULL) {
            return NULL;
        }
        g_ptr_array_add(store->chunks, chunk);
        store->free = chunk;
        store->left = CHUNK_BYTES;
    }
    code = set_up(store->free, n_ops, n_insns);
    code->place = (store->chunks->len - 1) << (CHUNK_BITS - PLACE_BITS);
    code->place += (uint32_t)((CHUNK_BYTES - store->left) >> PLACE_BITS) + 1;
    store->free += bytes;
    store->left -= bytes;
    store->stats.bytes += bytes;
    return code;
}

QhCode *qh_code_new_loose(uint32_t n_ops, uint32_t n_insns)
{
    void *memory = g_try_malloc(code_bytes(n_ops, n_insns));

    return memory != NULL ? set_up(memory, n_ops, n_insns) : NULL;
}

static gboolean matches(const QhCode *code, const QhCodeKey *key)
{
    return code->key.ram_address == key->ram_address && code->key.state_key == key->state_key &&
           code->key.flags == key->flags && (code->relative || code->key.pc == key->pc);
}

/* What a search wants, besides the key. */
#define NOT_RELATIVE 1u
#define RELATIVE     2u

static QhCode *search(const QhCodeStore *store, const QhCodeKey *key, uint32_t kinds)
{
    uint32_t name = hash(key), at = first_slot(store, name);

    for (const Slot *slot = &store->slots[at]; slot->place != 0; slot = &store->slots[at]) {
        if (slot->hash == name) {
            QhCode *code = code_at(store, slot->place);
            if ((kinds & (code->relative ? RELATIVE : NOT_RELATIVE)) && matches(code, key)) {
                return code;
            }
        }
        at = (at + 1) & slot_mask(store);
    }
    return NULL;
}

QhCode *qh_code_find(QhCodeStore *store, const QhCodeKey *key)
{
    return search(store, key, RELATIVE | NOT_RELATIVE);
}

QhCode *qh_code_find_kind(QhCodeStore *store, const QhCodeKey *key, gboolean relative)
{
    return search(store, key, relative ? RELATIVE : NOT_RELATIVE);
}

static Page *find_page(const QhCodeStore *store, uint64_t ram_address)
{
    uint64_t number = ram_address >> store->page_bits;

    return g_hash_table_lookup(store->pages, &number);
}

static gboolean page_use_at(const QhCodeStore *store, Page *page, uint64_t pc)
{
    uint64_t at = pc >> store->page_bits;

    if (page->moved || page->seen_at == at) {
        return FALSE;
    }
    page->moved = page->seen_at != NOWHERE;
    page->seen_at = at;
    return page->moved;
}

gboolean qh_code_use_at(QhCodeStore *store, QhCode *code, uint64_t pc)
{
    Page *page;
    gboolean first;

    if (code->key.pc == pc || code->moved) {
        return FALSE;
    }
    page = find_page(store, code->key.ram_address);
    first = page_use_at(store, page, pc);
    code->moved = page->moved != FALSE; /* as long as the page has a block */
    return first;
}

gboolean qh_code_moved(const QhCodeStore *store, uint64_t ram_address)
{
    const Page *page = find_page(store, ram_address);

    return page != NULL && page->moved;
}

static void enter(QhCodeStore *store, QhCode *code)
{
    Page *page = find_page(store, code->key.ram_address);

    store->n_codes++;
    put(store, (Slot){.hash = hash(&code->key), .place = code->place});
    code->page_next[0] = page->codes;
    page->codes = code;
    if (code->second_page != 0) {
        page = find_page(store, code->second_page);
        code->page_next[1] = page->codes;
        page->codes = code;
    }
}

/* Only after qh_code_watch of all its pages. */
gboolean qh_code_insert(QhCodeStore *store, QhCode *code)
{
    Page *page = find_page(store, code->key.ram_address);
    gboolean moved = code->relative && page_use_at(store, page, code->key.pc);

    enter(store, code);
    store->stats.n_blocks++;
    return moved;
}

gboolean qh_code_watch(QhCodeStore *store, uint64_t ram_address, uint64_t *ret_changes)
{
    Page *page = find_page(store, ram_address);

    if (page == NULL) {
        page = g_try_new0(Page, 1);
        if (page == NULL) {
            return FALSE;
        }
        page->number = ram_address >> store->page_bits;
        page->seen_at = NOWHERE;
        g_hash_table_insert(store->pages, &page->number, page);
    }
    page->readers++;
    *ret_changes = page->changes;
    return TRUE;
}

void qh_code_unwatch(QhCodeStore *store, uint64_t ram_address)
{
    Page *page = find_page(store, ram_address);

    if (page != NULL && page->readers > 0) {
        page->readers--;
    }
}

gboolean qh_code_unchanged(QhCodeStore *store, uint64_t ram_address, uint64_t changes)
{
    const Page *page = find_page(store, ram_address);

    return page != NULL && page->changes == changes;
}

void **qh_code_regions(QhCodeStore *store, uint64_t ram_address)
{
    Page *page = find_page(store, ram_address);

    return page != NULL ? &page->regions : NULL;
}

gboolean qh_code_covers(const QhCode *code, uint64_t ram_address, uint64_t bytes)
{
    uint64_t first = code->key.ram_address;

    if (ram_address < first + code->first_bytes && first < ram_address + bytes) {
        return TRUE;
    }
    return code->second_page != 0 &&
           ram_address < code->second_page + (code->bytes - code->first_bytes) &&
           code->second_page < ram_address + bytes;
}

static uint32_t link_of(const QhCodeStore *store, const QhCode *code, uint64_t number)
{
    return code->key.ram_address >> store->page_bits == number ? 0 : 1;
}

static void remove_from_page(QhCodeStore *store, QhCode *code, uint64_t ram_address)
{
    Page *page = find_page(store, ram_address);
    QhCode **at = &page->codes;

    while (*at != code) {
        at = &(*at)->page_next[link_of(store, *at, page->number)];
    }
    *at = code->page_next[link_of(store, code, page->number)];
}

static void remove_code(QhCodeStore *store, QhCode *code)
{
    uint32_t at = first_slot(store, hash(&code->key));

    __atomic_store_n(&code->invalid, 1, __ATOMIC_RELEASE);
    while (store->slots[at].place != code->place) {
        at = (at + 1) & slot_mask(store);
    }
    take_out(store, at);
    remove_from_page(store, code, code->key.ram_address);
    if (code->second_page != 0) {
        remove_from_page(store, code, code->second_page);
    }
    store->n_codes--;
    store->stats.n_invalidated++;
}

/* What comes to the page next may be at one address only. */
static void forget_address(Page *page)
{
    if (page->codes == NULL && page->regions == NULL) {
        page->moved = FALSE;
        page->seen_at = NOWHERE;
    }
}

void qh_code_invalidate(QhCodeStore *store, uint64_t ram_address, uint64_t bytes)
{
    Page *page = find_page(store, ram_address);
    QhCode *code;

    if (page == NULL) {
        return;
    }
    page->changes++;
    code = page->codes;
    while (code != NULL) {
        QhCode *next = code->page_next[link_of(store, code, page->number)];
        if (qh_code_covers(code, ram_address, bytes)) {
            remove_code(store, code);
        }
        code = next;
    }
    forget_address(page);
}

static gboolean
page_has_virtual(const QhCodeStore *store, const Page *page, uint64_t pc, uint64_t bytes)
{
    const QhCode *code = page->codes;

    while (code != NULL && !code->relative && code->key.pc - pc >= bytes) {
        code = code->page_next[link_of(store, code, page->number)];
    }
    return code != NULL;
}

void qh_code_find_virtual(const QhCodeStore *store, uint64_t pc, uint64_t bytes, GArray *ret_pages)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, store->pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Page *page = value;
        uint64_t address = page->number << store->page_bits;
        if (page_has_virtual(store, page, pc, bytes)) {
            g_array_append_val(ret_pages, address);
        }
    }
}

void qh_code_drop_all(QhCodeStore *store)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, store->pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Page *page = value;
        page->codes = NULL;
        page->regions = NULL;
        forget_address(page);
        page->changes++;
    }
    memset(store->slots, 0, sizeof(*store->slots) << store->hash_bits);
    store->n_codes = 0;
    g_ptr_array_set_size(store->chunks, 0);
    store->left = 0;
    store->stats.bytes = 0;
    store->stats.n_drops++;
}

gboolean qh_code_is_plump(const QhCodeStore *store)
{
    return store->stats.bytes >= store->plump;
}

/* What a block has to be to stay. */
typedef struct Worth {
    uint32_t young; /* from this place on; those blocks have had no time to run */
    int32_t threshold, least;
} Worth;

/* Heat falls by one at each transfer. */
static gboolean is_worth_it(const QhCode *code, const Worth *worth)
{
    int32_t first = code->dull ? QH_HEAT_DULL : worth->threshold;

    return code->native != NULL || code->heat <= first - worth->least ||
           code->place >= worth->young;
}

/* The last quarter of the memory is young. */
static uint32_t first_young(const QhCodeStore *store)
{
    uint64_t end = ((uint64_t)store->chunks->len << CHUNK_BITS) - store->left;

    return (uint32_t)((end - end / 4) >> PLACE_BITS);
}

/* All blocks, each once, out of table and pages; the pages stay. */
static GPtrArray *take_all(QhCodeStore *store)
{
    GPtrArray *codes = g_ptr_array_sized_new((guint)store->n_codes);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, store->pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Page *page = value;
        for (QhCode *code = page->codes; code != NULL;) {
            uint32_t link = link_of(store, code, page->number);
            if (link == 0) {
                g_ptr_array_add(codes, code);
            }
            code = code->page_next[link];
        }
        page->codes = NULL;
    }
    memset(store->slots, 0, sizeof(*store->slots) << store->hash_bits);
    store->n_codes = 0;
    return codes;
}

/* Where @from is in the store's new memory; NULL: there is none. */
static QhCode *move(QhCodeStore *store, const QhCode *from)
{
    uint32_t n_ops = (uint32_t)((const QhT0Op *)(const void *)from->insns - from->ops);
    QhCode *to = qh_code_alloc(store, n_ops, from->n_insns);

    if (to != NULL) {
        uint32_t place = to->place;

        memcpy(to, from, (size_t)((const char *)&from->insns[from->n_insns] - (const char *)from));
        to->place = place;
        to->insns = (const uint16_t *)(const void *)&to->ops[n_ops];
        qh_t0_unlink(to->ops, to->links);
    }
    return to;
}

void qh_code_trim(QhCodeStore *store, int32_t threshold, int32_t least)
{
    const Worth worth = {first_young(store), threshold, least};
    g_autoptr(GPtrArray) codes = take_all(store);
    g_autoptr(GPtrArray) old = store->chunks;
    GHashTableIter iter;
    gpointer value;

    store->chunks = g_ptr_array_new_with_free_func(free_chunk);
    store->left = 0;
    store->stats.bytes = 0;
    for (guint i = 0; i < codes->len; i++) {
        const QhCode *code = g_ptr_array_index(codes, i);
        QhCode *kept = is_worth_it(code, &worth) ? move(store, code) : NULL;

        if (kept != NULL) {
            enter(store, kept);
        }
    }
    g_hash_table_iter_init(&iter, store->pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        forget_address(value);
    }
    store->plump = MAX(MIN(TRIM_BYTES, store->max_bytes / 4), 2 * store->stats.bytes);
    store->stats.n_trims++;
    store->stats.n_trimmed += codes->len - store->n_codes;
}

gboolean qh_code_has(QhCodeStore *store, uint64_t ram_address)
{
    const Page *page = find_page(store, ram_address);

    return page != NULL && (page->codes != NULL || page->regions != NULL || page->readers > 0);
}

void qh_code_stats(const QhCodeStore *store, QhCodeStats *ret)
{
    *ret = store->stats;
    ret->n_kept = store->n_codes;
    ret->chunk_bytes = (uint64_t)store->chunks->len << CHUNK_BITS;
}
