/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of code while CPUs run it: one aligned store each, so that another CPU sees the old
 * instruction or the new one (SDM volume 3, 8.1.3 asks for more; within one aligned word processors
 * keep to this, and all translators rely on it).
 */
#include "core/jit/backend/x86_64/tier.h"

#include <string.h>

static uint8_t *writable(const QhT1Memory *memory, const uint8_t *code)
{
    return (uint8_t *)code - qh_t1_memory_delta(memory);
}

static void set_distance(const QhT1Memory *memory, const uint8_t *at, const uint8_t *to)
{
    uint32_t distance = (uint32_t)(to - (at + 4));

    __atomic_store_n((uint32_t *)(void *)writable(memory, at), distance, __ATOMIC_RELEASE);
}

void qh_t1_link(const QhT1Memory *memory, QhT1Link *link, QhT1Region *to, const uint8_t *at)
{
    link->to = to;
    link->next = to->into;
    to->into = link;
    set_distance(memory, link->from->code + link->patch, at);
}

static void unlink_one(const QhT1Memory *memory, QhT1Link *link)
{
    const uint8_t *code = link->from->code;

    set_distance(memory, code + link->patch, code + link->stub);
    link->to = NULL;
    link->next = NULL;
}

/* The nop becomes a jump; the bytes behind it stay. */
static void make_stale(const QhT1Memory *memory, const QhT1Region *region, const QhT1Entry *entry)
{
    const uint8_t *at = region->code + entry->at;
    uint64_t *word = (uint64_t *)(void *)writable(memory, at);
    uint32_t distance = entry->stale - (entry->at + 5);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    uint8_t bytes[8];

    memcpy(bytes, &old, sizeof(bytes));
    bytes[0] = 0xe9;
    memcpy(bytes + 1, &distance, sizeof(distance));
    memcpy(&old, bytes, sizeof(old));
    __atomic_store_n(word, old, __ATOMIC_RELEASE);
}

void qh_t1_cut_off(const QhT1Memory *memory, QhT1Region *region)
{
    __atomic_store_n(&region->invalid, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < region->n_entries; i++) {
        make_stale(memory, region, &region->entries[i]);
    }
    while (region->into != NULL) {
        QhT1Link *link = region->into;
        region->into = link->next;
        unlink_one(memory, link);
    }
    for (uint32_t i = 0; i < region->n_links; i++) {
        QhT1Link *link = &region->links[i];
        QhT1Link **at = link->to != NULL ? &link->to->into : NULL;
        while (at != NULL && *at != link) {
            at = &(*at)->next;
        }
        if (at != NULL) {
            *at = link->next;
            unlink_one(memory, link);
        }
    }
}

gboolean qh_t1_covers(const QhT1Region *region, uint64_t ram_address, uint64_t bytes)
{
    uint64_t first = ram_address - region->ram_page;

    if (ram_address < region->ram_page) {
        bytes = ram_address + bytes > region->ram_page ? ram_address + bytes - region->ram_page : 0;
        first = 0;
    }
    for (uint32_t i = 0; i < region->n_blocks; i++) {
        if (first < region->blocks[2 * i + 1] && region->blocks[2 * i] < first + bytes) {
            return TRUE;
        }
    }
    return FALSE;
}
