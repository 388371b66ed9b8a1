/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hart without a host: services that remember what they were asked, and a little RAM. */
#ifndef RISCV_FAKE_H
#define RISCV_FAKE_H

#include "modules/riscv/system.h"

#define FAKE_RAM       UINT64_C(0x80000000)
#define FAKE_RAM_BYTES (1u << 20)

typedef struct RvFake {
    RvTarget target; /* first: QhCpu.ctx leads here */
    RvCpu *cpu;
    uint8_t *ram;
    int64_t now_ns;

    uint32_t flushes, page_flushes, context_flushes; /* calls so far */
    uint64_t flushed_page, flushed_context;
    uint32_t flushed_indices;
    uint64_t context;
    uint32_t kicks;
    int64_t armed_ns; /* -1: not armed */
    void (*timer_fn)(void *opaque);
    void *timer_opaque;
    uint64_t icount_ahead; /* of base.icount, in what qh.cpu icount tells */
    uint32_t cas_failures; /* so many cas_word calls find another value */
    uint32_t log_mask;
    char *log; /* last line */
} RvFake;

/* A realized hart after reset. @properties: "name=value,..." on top of @model, or NULL. NULL with
 * @error set when realize refuses. */
RvFake *rv_fake_new(uint32_t xlen, const char *model, const char *properties, GError **error);
void rv_fake_free(RvFake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RvFake, rv_fake_free)

/* The same, which must succeed. */
RvFake *rv_fake_ok(uint32_t xlen, const char *model, const char *properties);

void rv_fake_poke(RvFake *fake, uint64_t address, uint32_t width, uint64_t value);
uint64_t rv_fake_peek(RvFake *fake, uint64_t address, uint32_t width);

/* Change privilege as a trap or return would. */
void rv_fake_set_priv(RvFake *fake, uint32_t priv);

/* CSR access that must be legal; old value and read-back in one. */
uint64_t rv_fake_csr(RvFake *fake, uint32_t number);
void rv_fake_set_csr(RvFake *fake, uint32_t number, uint64_t value);

#endif
