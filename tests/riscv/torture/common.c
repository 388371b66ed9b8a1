/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "torture.h"

uint64_t root[512] __attribute__((aligned(4096)));
uint64_t middle[512] __attribute__((aligned(4096)));
uint64_t leaves[512] __attribute__((aligned(4096)));
uint64_t sum = 0xcbf29ce484222325;
volatile uint64_t n_ticks;
uint64_t (*fault_hook)(uint64_t cause, uint64_t address);

uint64_t random64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void add_to_sum(uint64_t value)
{
    sum = (sum ^ value) * 0x100000001b3;
    sum ^= sum >> 29;
}

void put_text(const char *text)
{
    while (*text != 0) {
        put_char(*text++);
    }
}

void put_hex(uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4) {
        put_char("0123456789abcdef"[value >> shift & 15]);
    }
}

void finish(int good)
{
    put_text(good ? "checksum " : "failed ");
    put_hex(sum);
    put_text(n_ticks > 0 ? "\nticks came\nend\n" : "\nno ticks\nend\n");
    power_off(good ? 0x5555 : 0x13333);
}

void fail(const char *what, uint64_t a, uint64_t b)
{
    put_text(what);
    put_char(' ');
    put_hex(a);
    put_char(' ');
    put_hex(b);
    put_char('\n');
    finish(0);
}

struct frame {
    uint64_t ra, t0, t1, t2, a[8], t[4], pc;
};

void supervisor_trap(struct frame *frame, uint64_t cause, uint64_t address);
void supervisor_trap(struct frame *frame, uint64_t cause, uint64_t address)
{
    if (cause == (1ull << 63 | 1)) {
        __asm__ volatile("csrci sip, 2");
        __atomic_fetch_add(&n_ticks, 1, __ATOMIC_RELAXED);
        return;
    }
    if (cause >> 63 || (cause != 12 && cause != 13 && cause != 15)) {
        fail("trap", cause, frame->pc);
    }
    if (fault_hook != 0 && fault_hook(cause, address)) {
        return;
    }
    if (address < VIRTUAL) {
        fail("fault at", frame->pc, address);
    }
    frame->a[0] = FAULT | cause;
    frame->pc = (uint64_t)probe_end;
}

uint64_t pte(const void *page, uint64_t bits)
{
    return (uint64_t)page >> 12 << 10 | bits;
}

void paging_on(uint64_t hart)
{
    const uint64_t all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D | PTE_G;

    if (hart == 0) {
        root[0] = pte((void *)0, all);
        root[2] = pte((void *)0x80000000, all);
        root[VIRTUAL >> 30] = pte(middle, PTE_V);
        middle[0] = pte(leaves, PTE_V);
        fence();
    }
    set_satp(SATP(root, 0));
    sfence();
}
