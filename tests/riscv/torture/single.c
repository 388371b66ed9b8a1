/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One hart: code that changes, rights that change, address spaces, big pages, accessed and dirty
 * bits, arithmetic, all under 10,000 timer interrupts a second. Every answer goes into the
 * checksum, which depends on nothing but ROUNDS and SEED.
 */
#include "torture.h"

#ifndef ROUNDS
#define ROUNDS 100
#endif
#ifndef EVERY
#define EVERY 0 /* rounds from line to line, besides the first ones */
#endif
#ifndef SEED
#define SEED 1
#endif

#define N_PAGES 16
#define BITS_AD (PTE_A | PTE_D)

static uint64_t pages[N_PAGES][512] __attribute__((aligned(4096)));
static uint32_t code[2048] __attribute__((aligned(4096)));
static uint64_t big[2][1 << 18] __attribute__((aligned(1 << 21)));
static uint64_t other_root[512] __attribute__((aligned(4096)));
static uint64_t other_middle[512] __attribute__((aligned(4096)));
static uint64_t other_leaves[512] __attribute__((aligned(4096)));
static uint64_t state = SEED;

static uint64_t below(uint64_t n)
{
    return random64(&state) % n;
}

/* @length instructions that change a0, then return; returns what a0 becomes from 0. */
static uint64_t write_code(uint16_t *at, uint64_t length)
{
    uint64_t value = 0;

    for (uint64_t i = 0; i <= length; i++) {
        uint32_t imm = (uint32_t)below(2047);
        uint32_t word = i == length ? RET : ADDI(A0, i == 0 ? 0 : A0, imm);
        at[2 * i] = (uint16_t)word;
        at[2 * i + 1] = (uint16_t)(word >> 16);
        value += i == length ? 0 : imm;
    }
    return value;
}

/* New code at places that overlap the old, also across the border of two pages. */
static void self_modify(void)
{
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t length = 1 + below(12), got;
        uint64_t start = below(3) == 0 ? 2048 - below(2 * length + 2) : below(1500);
        uint16_t *at = (uint16_t *)code + start;
        uint64_t expected = write_code(at, length);
        fence_i();
        for (uint64_t k = below(60); k > 0; k--) {
            got = ((uint64_t(*)(void))at)();
            if (got != expected) {
                fail("old code runs", got, expected);
            }
        }
        add_to_sum(expected);
    }
}

/* A loop that changes its own instruction each time round. */
static void modify_inside(void)
{
    uint64_t total = 0, n = 50, word = ADDI(A0, A0, 0), step = 1ull << 20;

    __asm__ volatile("la t0, 2f\n"
                     "1: add %[word], %[word], %[step]\n"
                     "sw %[word], 0(t0)\n"
                     "fence.i\n"
                     "mv a0, %[total]\n"
                     ".balign 4\n"
                     ".option push\n"
                     ".option norvc\n"
                     "2: addi a0, a0, 0\n"
                     ".option pop\n"
                     "mv %[total], a0\n"
                     "addi %[n], %[n], -1\n"
                     "bnez %[n], 1b\n"
                     : [total] "+r"(total), [n] "+r"(n), [word] "+r"(word)
                     : [step] "r"(step)
                     : "t0", "a0", "memory");
    if (total != 50 * 51 / 2) {
        fail("own code", total, 50 * 51 / 2);
    }
    add_to_sum(total);
}

static void flush_one(uint64_t address)
{
    switch (below(4)) {
    case 0:
        sfence();
        break;
    case 1:
        sfence_space(0ull);
        break;
    case 2:
        sfence_asid(address, 0ull);
        break;
    default:
        sfence_page(address);
        break;
    }
}

static void flip_rights(void)
{
    static const uint64_t rights[] = {
        0,
        PTE_V | PTE_R,
        PTE_V | PTE_R | PTE_W,
        PTE_V | PTE_X,
        PTE_V | PTE_R | PTE_X,
        PTE_V | PTE_R | PTE_W | PTE_X,
    };

    for (uint64_t i = 0; i < N_PAGES; i++) {
        leaves[i] = pte(pages[i], rights[5] | BITS_AD);
        pages[i][0] = (uint64_t)RET << 32 | ADDI(A0, 0, (uint32_t)i + 1);
    }
    sfence();
    fence_i();
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t page = below(N_PAGES), address = VIRTUAL + page * 4096;
        if (below(3) == 0) {
            leaves[page] =
                pte(pages[below(4) == 0 ? below(N_PAGES) : page], rights[below(6)] | BITS_AD);
            flush_one(address);
        }
        switch (below(4)) {
        case 0:
            add_to_sum(probe_load(address + 8 * below(512)));
            break;
        case 1:
            add_to_sum(probe_store(address + 8 + 8 * below(511), random64(&state)));
            break;
        case 2:
            add_to_sum(probe_exec(address));
            break;
        default: /* two pages at once */
            add_to_sum(probe_load(address + 4096 - 1 - below(7)));
            break;
        }
    }
    for (uint64_t i = 0; i < N_PAGES * 512; i++) {
        add_to_sum(pages[i / 512][i % 512]);
    }
}

/* Where hardware does not set A and D. */
static uint64_t set_accessed(uint64_t cause, uint64_t address)
{
    uint64_t *entry = &leaves[address >> 12 & 511];
    uint64_t need = PTE_A | (cause == 15 ? PTE_D : 0);

    if (address < VIRTUAL || !(*entry & PTE_V) || (*entry & need) == need) {
        return 0;
    }
    *entry |= need;
    sfence_page(address);
    return 1;
}

static void accessed_bits(void)
{
    fault_hook = set_accessed;
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t page = below(N_PAGES), address = VIRTUAL + page * 4096 + 8 * below(512);
        leaves[page] = pte(pages[page], PTE_V | PTE_R | PTE_W | (below(2) ? PTE_A : 0));
        sfence_page(address);
        if (below(2)) {
            add_to_sum(probe_load(address));
        }
        if (below(2)) {
            add_to_sum(probe_store(address, i));
        }
        add_to_sum(*(volatile uint64_t *)&leaves[page] & (PTE_A | PTE_D));
    }
    fault_hook = 0;
}

/* The same addresses lead elsewhere in the other space. */
static void address_spaces(void)
{
    const uint64_t bits = PTE_V | PTE_R | PTE_W | BITS_AD;
    uint64_t spaces[2] = {SATP(root, 1), SATP(other_root, 2)};

    for (uint64_t i = 0; i < 512; i++) {
        other_root[i] = root[i];
    }
    other_root[VIRTUAL >> 30] = pte(other_middle, PTE_V);
    other_middle[0] = pte(other_leaves, PTE_V);
    for (uint64_t i = 0; i < N_PAGES; i++) {
        leaves[i] = pte(pages[i], bits);
        other_leaves[i] = pte(pages[N_PAGES - 1 - i], bits);
    }
    sfence();
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t which = below(2), page = below(N_PAGES);
        uint64_t address = VIRTUAL + page * 4096 + 8 * below(512);
        set_satp(spaces[which]);
        if (below(8) == 0) {
            uint64_t *entry = which ? &other_leaves[page] : &leaves[page];
            *entry = pte(pages[below(N_PAGES)], bits);
            if (below(2)) {
                sfence_asid(address, which + 1);
            } else {
                sfence_space(which + 1);
            }
        }
        *(volatile uint64_t *)address += i;
        add_to_sum(*(volatile uint64_t *)address);
    }
    set_satp(SATP(root, 0));
    sfence();
}

/* 2 MiB pages, whole and in parts. */
static void big_pages(void)
{
    const uint64_t bits = PTE_V | PTE_R | PTE_W | BITS_AD, at = VIRTUAL + (2 << 20);
    volatile uint64_t *seen = (volatile uint64_t *)at;

    for (uint64_t i = 0; i < 60; i++) {
        uint64_t index = below(1 << 18), which = below(3);
        if (which < 2) {
            middle[1] = pte(big[which], bits);
        } else {
            for (uint64_t k = 0; k < 512; k++) {
                other_leaves[k] = pte(&big[k & 1][k * 512], bits);
            }
            middle[1] = pte(other_leaves, PTE_V);
        }
        if (below(2)) {
            sfence();
        } else {
            /* one address flushes a big page; parts of another one need all of it */
            sfence_page(at + 8 * index);
            sfence_space(0ull);
        }
        for (uint64_t k = 0; k < 8; k++) {
            index = below(1 << 18);
            seen[index] += index + which;
            add_to_sum(seen[index]);
        }
    }
}

/*
 * Interrupts are let through again while one is waiting, with a mask that is a constant on one way
 * only: kernels do that at the end of critical sections.
 */
static void closed_interrupts(void)
{
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t ticks = n_ticks, pending, mask = i < 2 ? 2 : 1;
        __asm__ volatile("csrci sstatus, 2");
        do {
            __asm__ volatile("csrr %0, sip" : "=r"(pending));
        } while (!(pending & 2));
        __asm__ volatile("andi %0, %0, 2\n"
                         "bnez %0, 1f\n"
                         "li %0, 2\n"
                         "1: csrs sstatus, %0\n"
                         : "+r"(mask)
                         :
                         : "memory");
        if (n_ticks == ticks) {
            fail("no interrupt", pending, i);
        }
    }
}

static void arithmetic(void)
{
    double x = 1.0 + (double)below(1000) / 7, y = 0.5;
    float z = 3.0f;
    uint64_t flags, a = random64(&state), b = 1;

    __asm__ volatile("fsflags zero");
    for (uint64_t i = 0; i < 3000; i++) {
        y = y * x - (double)i / 3.0;
        x = x > 1e100 ? 1.0 / x : x + y * 1e-3;
        z = z / 1.5f + (float)i;
        b = b * a + (b >> 7) + (a / (i + 1)) - (uint64_t)((int64_t)b % 1000003);
    }
    __asm__ volatile("frflags %0" : "=r"(flags));
    add_to_sum(b ^ flags);
    add_to_sum((union {
                   double d;
                   uint64_t u;
               }){x + y}
                   .u);
    add_to_sum((union {
                   float f;
                   uint32_t u;
               }){z}
                   .u);
}

void torture(uint64_t hart)
{
    if (hart != 0) {
        return;
    }
    paging_on(0);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        self_modify();
        modify_inside();
        flip_rights();
        accessed_bits();
        address_spaces();
        big_pages();
        closed_interrupts();
        arithmetic();
        if ((i & (i - 1)) == 0 || (EVERY != 0 && i % EVERY == 0)) { /* to see where two runs part */
            put_text("round ");
            put_hex(i);
            put_char(' ');
            put_hex(sum);
            put_char('\n');
        }
    }
    finish(1);
}
