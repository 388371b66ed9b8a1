/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical words for walks through page tables. A walk reads one word from each of a few pages,
 * which are the same from walk to walk; where they are in the host is remembered until the map of
 * physical memory changes.
 */
#include "core/jit/jit-cpu.h"
#include "core/jit/lockstep.h"
#include "core/jit/softmmu.h"

#include <string.h>

#define PAGE_MASK ((G_GUINT64_CONSTANT(1) << QH_PAGE_BITS_MIN) - 1)

/* Look @address up in the space and remember its page if all of it is writable RAM. */
static QhTablePage *find_page(QhJitCpu *jit, uint64_t address)
{
    QhSoftmmu *mmu = &jit->mmu;
    QhTablePage *entry = &mmu->table[address >> QH_PAGE_BITS_MIN & (QH_TABLE_PAGES - 1)];
    uint64_t page = address & ~PAGE_MASK;
    uint32_t version = qh_space_version(jit->space);
    QhSection section;

    if (version != mmu->table_version) {
        memset(mmu->table, 0xff, sizeof(mmu->table));
        mmu->table_version = version;
    }
    if (entry->phys == page) {
        return entry;
    }
    if (!qh_space_find(jit->space, page, &section) || section.ram == NULL || section.readonly ||
        section.last - page < PAGE_MASK) {
        return NULL;
    }
    *entry = (QhTablePage){page, section.ram, section.ram_offset + (page - section.first)};
    return entry;
}

static gboolean is_word(uint64_t address, uint32_t width)
{
    return (width == 4 || width == 8) && (address & (width - 1)) == 0;
}

uint32_t qh_softmmu_table_read(QhJitCpu *jit, uint64_t address, uint32_t width, uint64_t *ret_value)
{
    const QhTablePage *page = is_word(address, width) ? find_page(jit, address) : NULL;
    const uint8_t *host;

    if (page == NULL) {
        return qh_space_read_word(jit->space, address, width, QH_ATTR_NONE, ret_value);
    }
    host = page->ram->host + page->offset + (address & PAGE_MASK);
    if (width == 4) {
        *ret_value = GUINT32_FROM_LE(__atomic_load_n((const uint32_t *)host, __ATOMIC_ACQUIRE));
    } else {
        *ret_value = GUINT64_FROM_LE(__atomic_load_n((const uint64_t *)host, __ATOMIC_ACQUIRE));
    }
    return QH_BUS_OK;
}

uint32_t qh_softmmu_table_cas(
    QhJitCpu *jit, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired)
{
    const QhTablePage *page =
        is_word(address, width) && width == 8 ? find_page(jit, address) : NULL;
    uint64_t offset, old;

    if (page == NULL) {
        return qh_space_cas_word(jit->space, address, width, QH_ATTR_NONE, expected, desired);
    }
    offset = page->offset + (address & PAGE_MASK);
    old = GUINT64_TO_LE(*expected);
    if (jit->lockstep != NULL) {
        qh_lockstep_before_walk(jit, page->ram, offset, width);
    }
    qh_ram_note_write(page->ram, offset, width);
    __atomic_compare_exchange_n((uint64_t *)(page->ram->host + offset), &old,
                                GUINT64_TO_LE(desired), FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    *expected = GUINT64_FROM_LE(old);
    qh_ram_note_write(page->ram, offset, width);
    return QH_BUS_OK;
}
