/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models and -cpu properties. */
#include <string.h>

#include "modules/riscv/isa.h"
#include "modules/riscv/system.h"
#include "modules/support/features.h"

#define OFF      QH_FEATURE_OFF
#define BY_USER  QH_FEATURE_BY_USER
#define BY_MODEL QH_FEATURE_BY_MODEL

#define DEFAULT_HZ    10000000u /* timebase of the virt board */
#define DEFAULT_PMP   16u
#define DEFAULT_BLOCK 64u
#define DEFAULT_VLEN  128u
#define DEFAULT_ELEN  64u
#define MIN_VLEN      128u

typedef struct Extension {
    const char *name;
    uint32_t offset;
    gboolean base;
} Extension;

static const Extension extensions[] = {
#define RV_EXT(member, name, base, description) {name, offsetof(RvCpu, ext_##member), base},
#include "modules/riscv/extensions.def"
#undef RV_EXT
};

/* Models that are a list of extensions; rv32, rv64 and max follow extensions.def instead. */
static const struct {
    const char *model;
    const char *extensions; /* separated and enclosed by spaces */
} listed[] = {
    {"rva22s64",
     " i m a f d c s u zicbom zicbop zicboz zicntr zicsr zifencei zihintpause zihpm zmmul zaamo "
     "zalrsc zfhmin zca zcd zba zbb zbs svade svinval svpbmt zic64b ziccamoa ziccif zicclsm "
     "ziccrse za64rs ssccptr sscounterenw sstvala sstvecd "                          },
    {"sifive-u54",
     " i m a f d c s u zicntr zicsr zifencei zihpm zmmul zaamo zalrsc zca zcd svade "},
};

#define EXT(member) offsetof(RvCpu, ext_##member)
#define NEEDS(a, b)                                                                                \
    {                                                                                              \
#a, #b, EXT(a), EXT(b), 0, 0                                                               \
    }
#define NEEDS_IF(a, b, c, xl)                                                                      \
    {                                                                                              \
#a, #b, EXT(a), EXT(b), EXT(c), xl                                                         \
    }
#define MODE(a, b)                                                                                 \
    {                                                                                              \
#a, #b, offsetof(RvCpu, a), offsetof(RvCpu, b), 0, 64                                      \
    }

static const QhFeatureRule rules[] = {
    NEEDS(m, zmmul),         NEEDS(a, zaamo),       NEEDS(a, zalrsc),
    NEEDS(zawrs, zalrsc),    NEEDS(f, zicsr),       NEEDS(d, f),
    NEEDS(zfa, f),           NEEDS(zfhmin, f),      NEEDS(zfbfmin, f),
    NEEDS(zfh, zfhmin),      NEEDS(v, zve64d),      NEEDS(zve64d, zve64f),
    NEEDS(zve64d, d),        NEEDS(zve64f, zve64x), NEEDS(zve64f, zve32f),
    NEEDS(zve64x, zve32x),   NEEDS(zve32f, zve32x), NEEDS(zve32f, f),
    NEEDS(zve32x, zicsr),    NEEDS(zvfh, zvfhmin),  NEEDS(zvfh, zfhmin),
    NEEDS(zvfhmin, zve32f),  NEEDS(zvbb, zvkb),     NEEDS(zvkb, zve32x),
    NEEDS(zvbc, zve64x),     NEEDS(c, zca),         NEEDS_IF(c, zcd, d, 0),
    NEEDS_IF(c, zcf, f, 32), NEEDS(zcb, zca),       NEEDS(zcmop, zca),
    NEEDS(zcd, zca),         NEEDS(zcd, d),         NEEDS(zcf, zca),
    NEEDS(zcf, f),           NEEDS(zicntr, zicsr),  NEEDS(zihpm, zicsr),
    NEEDS(zkr, zicsr),       NEEDS(s, u),           NEEDS(s, zicsr),
    NEEDS(u, zicsr),         NEEDS(smaia, zicsr),   NEEDS(ssaia, s),
    NEEDS(smstateen, zicsr), NEEDS(ssstateen, s),   NEEDS(sstc, s),
    NEEDS(svade, s),         NEEDS(svadu, s),       NEEDS(svinval, s),
    NEEDS(svnapot, s),       NEEDS(svpbmt, s),      NEEDS(svrsw60t59b, s),
    NEEDS(svvptc, s),        NEEDS(ssccptr, s),     NEEDS(sscounterenw, s),
    NEEDS(sstvala, s),       NEEDS(sstvecd, s),     NEEDS(ziccamoa, a),
    NEEDS(ziccrse, zalrsc),  NEEDS(za64rs, zalrsc), MODE(sv57, sv48),
    MODE(sv48, sv39),
};

static uint8_t *flag_at(RvCpu *cpu, uint32_t offset)
{
    return (uint8_t *)cpu + offset;
}

static const char *listed_extensions(const char *model)
{
    for (guint i = 0; i < G_N_ELEMENTS(listed); i++) {
        if (strcmp(model, listed[i].model) == 0) {
            return listed[i].extensions;
        }
    }
    return NULL;
}

static gboolean model_has(const char *model, const Extension *extension)
{
    const char *list = listed_extensions(model);

    if (list != NULL) {
        g_autofree char *word = g_strdup_printf(" %s ", extension->name);
        return strstr(list, word) != NULL;
    }
    if (strcmp(model, "max") == 0) {
        /* It has svadu, the opposite of svade. zkr and AIA need a firmware that opens them to S,
         * else Linux, which uses them as soon as it reads of them, ends there; a board with AIA
         * turns AIA on. */
        return extension->offset != EXT(svade) && extension->offset != EXT(zkr) &&
               extension->offset != EXT(smaia) && extension->offset != EXT(ssaia);
    }
    return extension->base;
}

/* Extensions that one width alone has: Zcf (Unpriv. Zcf), Svnapot, Svpbmt, Svrsw60t59b (Priv.). */
static gboolean width_has(uint32_t xlen, uint32_t offset)
{
    if (xlen == 64) {
        return offset != EXT(zcf);
    }
    return offset != EXT(svnapot) && offset != EXT(svpbmt) && offset != EXT(svrsw60t59b);
}

void rv_config_defaults(RvCpu *cpu, const char *model)
{
    uint8_t wide = cpu->mxlen == 64 && listed_extensions(model) == NULL ? BY_MODEL : OFF;

    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        gboolean has =
            width_has(cpu->mxlen, extensions[i].offset) && model_has(model, &extensions[i]);
        *flag_at(cpu, extensions[i].offset) = has ? BY_MODEL : OFF;
    }
    cpu->sv32 = cpu->mxlen == 32 ? BY_MODEL : OFF;
    cpu->sv39 = cpu->mxlen == 64 ? BY_MODEL : OFF;
    cpu->sv48 = wide;
    cpu->sv57 = wide;
    cpu->mmu = 1;
    cpu->pmp = 1;
    cpu->n_pmp = DEFAULT_PMP;
    cpu->short_isa = 0;
    cpu->cbom_bytes = cpu->cbop_bytes = cpu->cboz_bytes = DEFAULT_BLOCK;
    cpu->vlen = DEFAULT_VLEN;
    cpu->elen = DEFAULT_ELEN;
    cpu->mvendorid = 0;
    cpu->marchid = cpu->mimpid = 0;
    cpu->timebase_hz = DEFAULT_HZ;
    cpu->resetvec = 0x1000;
}

static gboolean check_block(const char *name, uint32_t bytes, GError **error)
{
    if (bytes < 16 || bytes > 4096 || (bytes & (bytes - 1)) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property %s=%u is not a power of two from 16 to 4096", name, bytes);
        return FALSE;
    }
    return TRUE;
}

/* Zic64b speaks of all three block sizes. */
static gboolean check_zic64b(RvCpu *cpu, GError **error)
{
    if (!cpu->ext_zic64b ||
        (cpu->cbom_bytes == 64 && cpu->cbop_bytes == 64 && cpu->cboz_bytes == 64)) {
        return TRUE;
    }
    if (cpu->ext_zic64b == BY_USER) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "CPU property zic64b=on needs all cache blocks to be 64 bytes");
        return FALSE;
    }
    cpu->ext_zic64b = OFF;
    return TRUE;
}

/* Unpriv. V, 31.18: V and Zve64* need elements of 64 bits; Zve32* have none wider than 32. */
static gboolean check_vector(RvCpu *cpu, GError **error)
{
    if (cpu->vlen < MIN_VLEN || cpu->vlen > RV_VLEN_MAX || (cpu->vlen & (cpu->vlen - 1)) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property vlen=%u is not a power of two from %u to %u", cpu->vlen, MIN_VLEN,
                    RV_VLEN_MAX);
        return FALSE;
    }
    if (cpu->elen != 32 && cpu->elen != 64) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "CPU property elen=%u is neither 32 nor 64",
                    cpu->elen);
        return FALSE;
    }
    if (cpu->ext_zve64x && cpu->elen != 64) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property elen=%u is not possible with zve64x, which needs 64", cpu->elen);
        return FALSE;
    }
    if (!cpu->ext_zve64x) {
        cpu->elen = 32;
    }
    return TRUE;
}

static gboolean check_width(RvCpu *cpu, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (*flag_at(cpu, extensions[i].offset) && !width_has(cpu->mxlen, extensions[i].offset)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "CPU property %s=on is not possible with %u-bit registers",
                        extensions[i].name, cpu->mxlen);
            return FALSE;
        }
    }
    if (cpu->mxlen == 64 ? cpu->sv32 : cpu->sv39 || cpu->sv48 || cpu->sv57) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "CPU property %s=on is not possible with %u-bit registers",
                    cpu->mxlen == 64 ? "sv32" : "sv39, sv48 or sv57", cpu->mxlen);
        return FALSE;
    }
    return TRUE;
}

gboolean rv_config_finish(RvCpu *cpu, const char *model, GError **error)
{
    g_autofree RvCpu *defaults = g_new0(RvCpu, 1);

    defaults->mxlen = cpu->mxlen;
    rv_config_defaults(defaults, model);
    if (!cpu->ext_i) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "CPU property i=off leaves no instructions");
        return FALSE;
    }
    if (!check_width(cpu, error) ||
        !qh_features_settle(cpu, defaults, cpu->mxlen, rules, G_N_ELEMENTS(rules), error) ||
        !check_block("cbom_blocksize", cpu->cbom_bytes, error) ||
        !check_block("cbop_blocksize", cpu->cbop_bytes, error) ||
        !check_block("cboz_blocksize", cpu->cboz_bytes, error) || !check_zic64b(cpu, error) ||
        !check_vector(cpu, error)) {
        return FALSE;
    }
    if (cpu->timebase_hz == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "CPU property timebase-frequency must not be 0");
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        uint8_t *flag = flag_at(cpu, extensions[i].offset);
        *flag = *flag != OFF;
    }
    if (!cpu->mmu || !cpu->ext_s) {
        cpu->mmu = cpu->sv32 = cpu->sv39 = cpu->sv48 = cpu->sv57 = 0;
    }
    if (!cpu->pmp) {
        cpu->n_pmp = 0;
    }
    return TRUE;
}

/* Priv. 3.1.1: MXL in the top two bits, a bit for each letter. */
uint64_t rv_config_misa(const RvCpu *cpu)
{
    uint64_t misa = (cpu->mxlen == 64 ? UINT64_C(2) : UINT64_C(1)) << (cpu->mxlen - 2);

    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (extensions[i].name[1] == '\0' && *flag_at((RvCpu *)cpu, extensions[i].offset)) {
            misa |= UINT64_C(1) << (extensions[i].name[0] - 'a');
        }
    }
    return misa;
}

/* isa.h */

/* s and u are letters of misa only (Unpriv. "Naming", 36.7). */
static gboolean in_string(const RvCpu *cpu, const Extension *extension)
{
    return *flag_at((RvCpu *)cpu, extension->offset) && strcmp(extension->name, "s") != 0 &&
           strcmp(extension->name, "u") != 0;
}

/* Zvl*b: the length of vector registers, which implies the shorter ones (Unpriv. V, 31.18.1). It
 * stands between zv* and s*. */
static char *length_name(const RvCpu *cpu, const Extension *behind)
{
    return behind->offset == EXT(smaia) && cpu->ext_zve32x ? g_strdup_printf("zvl%ub", cpu->vlen)
                                                           : NULL;
}

char *rv_isa_string(QhCpu *base)
{
    const RvCpu *cpu = rv_cpu(base);
    GString *text = g_string_new(cpu->mxlen == 64 ? "rv64" : "rv32");

    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        const char *name = extensions[i].name;
        g_autofree char *length = length_name(cpu, &extensions[i]);
        if (length != NULL && !cpu->short_isa) {
            g_string_append_printf(text, "_%s", length);
        }
        if (in_string(cpu, &extensions[i]) && (name[1] == '\0' || !cpu->short_isa)) {
            g_string_append_printf(text, name[1] == '\0' ? "%s" : "_%s", name);
        }
    }
    return g_string_free(text, FALSE);
}

char **rv_isa_extensions(QhCpu *base)
{
    const RvCpu *cpu = rv_cpu(base);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        char *length = length_name(cpu, &extensions[i]);
        if (length != NULL) {
            g_ptr_array_add(names, length);
        }
        if (in_string(cpu, &extensions[i])) {
            g_ptr_array_add(names, g_strdup(extensions[i].name));
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

const char *rv_isa_base(QhCpu *base)
{
    return rv_cpu(base)->mxlen == 64 ? "rv64i" : "rv32i";
}

const char *rv_isa_mmu_type(QhCpu *base)
{
    const RvCpu *cpu = rv_cpu(base);

    return cpu->sv57   ? "riscv,sv57"
           : cpu->sv48 ? "riscv,sv48"
           : cpu->sv39 ? "riscv,sv39"
           : cpu->sv32 ? "riscv,sv32"
                       : "riscv,none";
}

uint32_t rv_isa_cbom_bytes(QhCpu *base)
{
    return rv_cpu(base)->ext_zicbom ? rv_cpu(base)->cbom_bytes : 0;
}

uint32_t rv_isa_cbop_bytes(QhCpu *base)
{
    return rv_cpu(base)->ext_zicbop ? rv_cpu(base)->cbop_bytes : 0;
}

uint32_t rv_isa_cboz_bytes(QhCpu *base)
{
    return rv_cpu(base)->ext_zicboz ? rv_cpu(base)->cboz_bytes : 0;
}

uint64_t rv_isa_timebase_hz(QhCpu *base)
{
    return rv_cpu(base)->timebase_hz;
}

#define PROPERTY(name_, type_, member_, min_, max_, description_)                                  \
    {.name = name_,                                                                                \
     .description = description_,                                                                  \
     .type = QH_PROPERTY_##type_,                                                                  \
     .offset = offsetof(RvCpu, member_),                                                           \
     .min = min_,                                                                                  \
     .max = max_},

static const QhProperty properties[] = {
#define RV_EXT(member, name, base, description)                                                    \
    PROPERTY(name, BOOL, ext_##member, 0, 0, description)
#include "modules/riscv/extensions.def"
#undef RV_EXT
    /* */
    PROPERTY("sv32", BOOL, sv32, 0, 0, "32-bit virtual addresses, RV32 only") PROPERTY(
        "sv39", BOOL, sv39, 0, 0, "39-bit virtual addresses") PROPERTY("sv48",
                                                                       BOOL,
                                                                       sv48,
                                                                       0,
                                                                       0,
                                                                       "48-bit virtual addresses")
        PROPERTY("sv57", BOOL, sv57, 0, 0, "57-bit virtual addresses") PROPERTY(
            "mmu", BOOL, mmu, 0, 0, "address translation") PROPERTY("pmp",
                                                                    BOOL,
                                                                    pmp,
                                                                    0,
                                                                    0,
                                                                    "physical memory protection")
            PROPERTY("num-pmp-regions", U8, n_pmp, 0, RV_PMP_MAX, "number of PMP entries") PROPERTY(
                "short-isa-string", BOOL, short_isa, 0, 0, "no multi-letter names in riscv,isa")
                PROPERTY("cbom_blocksize",
                         U16,
                         cbom_bytes,
                         0,
                         0,
                         "bytes of a block of cbo.clean and so on")
                    PROPERTY("cbop_blocksize",
                             U16,
                             cbop_bytes,
                             0,
                             0,
                             "bytes of a block of prefetch.r and so on")
                        PROPERTY(
                            "cboz_blocksize", U16, cboz_bytes, 0, 0, "bytes of a block of cbo.zero")
                            PROPERTY("vlen", U16, vlen, 0, 0, "bits of a vector register") PROPERTY(
                                "elen", U16, elen, 0, 0, "bits of the widest vector element")
                                PROPERTY("mvendorid", U32, mvendorid, 0, 0, "value of mvendorid")
                                    PROPERTY("marchid", U64, marchid, 0, 0, "value of marchid")
                                        PROPERTY("mimpid", U64, mimpid, 0, 0, "value of mimpid")
                                            PROPERTY("timebase-frequency",
                                                     U64,
                                                     timebase_hz,
                                                     0,
                                                     0,
                                                     "ticks of time per second")
                                                PROPERTY("resetvec",
                                                         U64,
                                                         resetvec,
                                                         0,
                                                         0,
                                                         "pc after a reset")};

const QhPropertyTable rv_cpu_properties = QH_PROPERTY_TABLE(properties);

const QhCpuModel rv32_cpu_models[RV32_N_MODELS] = {
    {.name = "rv32", .description = "The usual extensions, 32 bit" },
    {.name = "max",  .description = "Every extension that there is"},
};

const QhCpuModel rv64_cpu_models[RV64_N_MODELS] = {
    {.name = "rv64",       .description = "The usual extensions, 64 bit" },
    {.name = "max",        .description = "Every extension that there is"},
    {.name = "rva22s64",   .description = "What profile RVA22S64 demands"},
    {.name = "sifive-u54", .description = "SiFive U54"                   },
};
