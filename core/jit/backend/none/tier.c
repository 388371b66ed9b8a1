/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host whose processor has no compiler. */
#include "core/jit/tier.h"
#include "core/jit/engine-options.h"

#include "abi/base.h"

#include <string.h>

gboolean qh_engine_has_jit(GError **error)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                        "there is no compiler for this host's processor");
    return FALSE;
}

QhTier *qh_tier_new(QhEngine *engine, uint64_t max_bytes, GError **error)
{
    (void)engine;
    (void)max_bytes;
    qh_engine_has_jit(error);
    return NULL;
}

void qh_tier_free(QhTier *tier)
{
    (void)tier;
}

void qh_tier_cpu_free(QhJitCpu *jit)
{
    (void)jit;
}

const void *qh_tier_compile(QhTier *tier, QhJitCpu *jit, QhCode *code)
{
    (void)tier;
    (void)jit;
    code->dull = TRUE;
    return NULL;
}

uint32_t qh_tier_run(QhJitCpu *jit, const void *native)
{
    (void)jit;
    (void)native;
    return QH_LEFT_STATE;
}

void qh_tier_link(QhTier *tier, QhJitCpu *jit, QhCode *code)
{
    (void)tier;
    (void)jit;
    (void)code;
}

const void *qh_tier_no_code(const QhTier *tier)
{
    (void)tier;
    return NULL;
}

gboolean qh_tier_runs(const QhJitCpu *jit, uint64_t ram_address, uint64_t bytes)
{
    (void)jit;
    (void)ram_address;
    (void)bytes;
    return FALSE;
}

gboolean qh_tier_invalidate(QhTier *tier, void **regions, uint64_t ram_address, uint64_t bytes)
{
    (void)tier;
    (void)regions;
    (void)ram_address;
    (void)bytes;
    return FALSE;
}

void qh_tier_unpin(QhTier *tier, void **regions)
{
    (void)tier;
    (void)regions;
}

void qh_tier_drop_all(QhTier *tier)
{
    (void)tier;
}

void qh_tier_pass(QhTier *tier, QhJitCpu *jit)
{
    (void)tier;
    (void)jit;
}

void qh_tier_stats(QhTier *tier, QhTierStats *ret)
{
    (void)tier;
    memset(ret, 0, sizeof(*ret));
}
