/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dynamic section and every table that it names (gABI, chapter 5; the GNU additions as glibc's
 * elf.h has them). The question at each step is what the dynamic linker will do with the value: it
 * adds it to the load address and reads, writes or calls there. So every address must lie in the
 * bytes of a segment, every index in its table, every list must end.
 */
#include "core/module/elf-priv.h"
#include <string.h>

_Static_assert(sizeof(void *) == 8, "module files are 64-bit ELF");

#define DYNAMIC_MAX    4096u /* entries */
#define STATIC_TLS_MAX 1024u /* what the C library is sure to have in reserve is little more */
#define SYMBOLS_MAX    (1u << 20)
#define VERSION_MASK   0x7fffu
#define REFUSE(...)    qh_elf_refuse(d->elf, QH_REFUSED_NOT_A_MODULE, d->error, __VA_ARGS__)

typedef struct Dynamic {
    const QhElfSource *source;
    QhElf *elf;
    GError **error;
    const ElfW(Phdr) * phdr; /* PT_DYNAMIC */
    uint64_t value[DT_NUM];
    gboolean has[DT_NUM];
    uint64_t gnu_hash, versym, verneed, verneed_n, flags_1, relative_n;
    gboolean has_gnu_hash, has_versym, has_verneed, has_verneed_n, has_verdef;

    const char *strings;
    uint64_t string_bytes;
    const uint8_t *symbols;
    uint32_t n_symbols;
    uint32_t version_max;
    uint32_t init_slots; /* slots of INIT_ARRAY and FINI_ARRAY that a relocation fills rightly */
} Dynamic;

/* The @bytes of file that will be at @address, NULL unless all are in one segment. */
static const uint8_t *map(const Dynamic *d, uint64_t address, uint64_t bytes)
{
    for (guint i = 0; i < d->elf->n_segments; i++) {
        const QhElfSegment *segment = &d->elf->segments[i];
        if (address >= segment->start && address <= segment->file_end &&
            bytes <= segment->file_end - address) {
            return d->source->data + segment->offset + (address - segment->start);
        }
    }
    return NULL;
}

static gboolean writable(const Dynamic *d, uint64_t address, uint64_t bytes)
{
    for (guint i = 0; i < d->elf->n_segments; i++) {
        const QhElfSegment *segment = &d->elf->segments[i];
        if (segment->writable && address >= segment->start && address <= segment->end &&
            bytes <= segment->end - address) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A string of the string table, which check_strings has found to end with a NUL. */
static const char *string_at(const Dynamic *d, uint64_t offset)
{
    return offset < d->string_bytes ? d->strings + offset : NULL;
}

static uint32_t word_at(const uint8_t *table, uint64_t index)
{
    uint32_t word;

    memcpy(&word, table + index * sizeof(word), sizeof(word));
    return word;
}

static void take_entry(Dynamic *d, const ElfW(Dyn) * entry)
{
    uint64_t value = entry->d_un.d_val;

    if (entry->d_tag >= 0 && entry->d_tag < DT_NUM) {
        d->value[entry->d_tag] = value;
        d->has[entry->d_tag] = TRUE;
        return;
    }
    switch (entry->d_tag) {
    case DT_GNU_HASH:
        d->gnu_hash = value;
        d->has_gnu_hash = TRUE;
        break;
    case DT_VERSYM:
        d->versym = value;
        d->has_versym = TRUE;
        break;
    case DT_VERNEED:
        d->verneed = value;
        d->has_verneed = TRUE;
        break;
    case DT_VERNEEDNUM:
        d->verneed_n = value;
        d->has_verneed_n = TRUE;
        break;
    case DT_VERDEF:
        d->has_verdef = TRUE;
        break;
    case DT_RELACOUNT:
        d->relative_n = value;
        break;
    case DT_FLAGS_1:
        d->flags_1 = value;
        break;
    default:
        break;
    }
}

static gboolean forbidden(const ElfW(Dyn) * entry)
{
    return entry->d_tag == DT_AUXILIARY || entry->d_tag == DT_FILTER || entry->d_tag == DT_AUDIT ||
           entry->d_tag == DT_DEPAUDIT || entry->d_tag == DT_CONFIG;
}

/* Calls @fn for each entry up to DT_NULL; FALSE when there is no DT_NULL or @fn says so. */
static gboolean each_entry(Dynamic *d, gboolean (*fn)(Dynamic *d, const ElfW(Dyn) * entry))
{
    const uint8_t *at = d->source->data + d->phdr->p_offset;
    uint64_t n = MIN(d->phdr->p_filesz / sizeof(ElfW(Dyn)), DYNAMIC_MAX);

    for (uint64_t i = 0; i < n; i++) {
        ElfW(Dyn) entry;
        memcpy(&entry, at + i * sizeof(entry), sizeof(entry));
        if (entry.d_tag == DT_NULL) {
            return TRUE;
        }
        if (!fn(d, &entry)) {
            return FALSE;
        }
    }
    return REFUSE("its dynamic section has no end");
}

static gboolean first_pass(Dynamic *d, const ElfW(Dyn) * entry)
{
    if (forbidden(entry)) {
        return REFUSE("its dynamic section has an entry of kind %#" G_GINT64_MODIFIER
                      "x, which modules may not use",
                      (uint64_t)entry->d_tag);
    }
    take_entry(d, entry);
    return TRUE;
}

/* Segments that the dynamic linker or the unwinder reads must be those bytes of a PT_LOAD. */
static gboolean check_covered(Dynamic *d)
{
    for (guint i = 0; i < d->source->n_phdrs; i++) {
        const ElfW(Phdr) *phdr = &d->source->phdrs[i];

        switch (phdr->p_type) {
        case PT_DYNAMIC:
            d->phdr = phdr;
            break;
        case PT_NOTE:
        case PT_TLS:
        case PT_PHDR:
        case PT_GNU_EH_FRAME:
        case PT_GNU_PROPERTY:
            break;
        case PT_GNU_RELRO:
            if (!writable(d, phdr->p_vaddr, phdr->p_memsz)) {
                return REFUSE("its read-only-after-relocation part lies outside its segments");
            }
            continue;
        default:
            continue;
        }
        const uint8_t *bytes = map(d, phdr->p_vaddr, phdr->p_filesz);
        if (phdr->p_offset > d->source->bytes || bytes != d->source->data + phdr->p_offset) {
            return REFUSE("program header %u (kind %#x) lies outside its segments", i,
                          phdr->p_type);
        }
        if (phdr->p_type == PT_TLS && phdr->p_memsz > STATIC_TLS_MAX &&
            (d->value[DT_FLAGS] & DF_STATIC_TLS)) {
            return REFUSE("it wants %" G_GUINT64_FORMAT
                          " bytes of static thread-local storage, more than %u",
                          (uint64_t)phdr->p_memsz, STATIC_TLS_MAX);
        }
    }
    return TRUE;
}

static gboolean check_flags(Dynamic *d)
{
    static const struct {
        uint64_t flag;
        const char *why;
    } bad[] = {
        {DF_1_NOOPEN,    "it is marked as not to be opened at run time (nodlopen)"},
        {DF_1_PIE,       "it is a program, not a shared object"                   },
        {DF_1_NODELETE,  "it is marked as never to be unloaded (nodelete)"        },
        {DF_1_GLOBAL,    "it is marked as global, which would expose its symbols" },
        {DF_1_INITFIRST, "it is marked as to be initialised before all others"    },
        {DF_1_INTERPOSE, "it is marked as replacing the symbols of others"        },
    };

    if (d->has[DT_TEXTREL] || (d->value[DT_FLAGS] & DF_TEXTREL)) {
        return REFUSE("it has relocations in its code (TEXTREL); build it with -fPIC");
    }
    if (d->has[DT_REL] || d->has[DT_PREINIT_ARRAY]) {
        return REFUSE("it has REL relocations or a PREINIT_ARRAY, which shared objects have not");
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (d->flags_1 & bad[i].flag) {
            return REFUSE("%s", bad[i].why);
        }
    }
    return TRUE;
}

/* The dynamic linker looks at the second of a pair when it has seen the first. */
static gboolean check_pairs(Dynamic *d)
{
    static const uint8_t pairs[][2] = {
        {DT_STRTAB,     DT_STRSZ       },
        {DT_SYMTAB,     DT_SYMENT      },
        {DT_RELA,       DT_RELASZ      },
        {DT_RELA,       DT_RELAENT     },
        {DT_JMPREL,     DT_PLTRELSZ    },
        {DT_JMPREL,     DT_PLTREL      },
        {DT_RELR,       DT_RELRSZ      },
        {DT_RELR,       DT_RELRENT     },
        {DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
        {DT_FINI_ARRAY, DT_FINI_ARRAYSZ},
    };

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (d->has[pairs[i][0]] != d->has[pairs[i][1]]) {
            return REFUSE("its dynamic section has one of the entries %u and %u, not both",
                          pairs[i][0], pairs[i][1]);
        }
    }
    return (d->has_versym == d->has_verneed && d->has_verneed == d->has_verneed_n) ||
           REFUSE("its dynamic section has some entries for symbol versions, not all");
}

static gboolean check_path(Dynamic *d, uint64_t offset)
{
    const char *path = string_at(d, offset);

    if (path == NULL) {
        return REFUSE("the name of a run path lies outside the string table");
    }
    g_auto(GStrv) parts = g_strsplit(path, ":", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '/') {
            return REFUSE("its run path '%s' is not absolute", parts[i]);
        }
    }
    return TRUE;
}

static gboolean take_name(Dynamic *d, const ElfW(Dyn) * entry)
{
    if (entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH) {
        return check_path(d, entry->d_un.d_val);
    }
    if (entry->d_tag != DT_NEEDED && entry->d_tag != DT_SONAME) {
        return TRUE;
    }
    const char *name = string_at(d, entry->d_un.d_val);
    if (name == NULL || *name == '\0') {
        return REFUSE("the name of a needed library lies outside the string table");
    }
    if (entry->d_tag == DT_NEEDED) {
        if (strchr(name, '/') != NULL && name[0] != '/') {
            return REFUSE("it needs '%s', whose path is not absolute", name);
        }
        g_ptr_array_add(d->elf->needed, g_strdup(name));
    }
    return TRUE;
}

static gboolean check_strings(Dynamic *d)
{
    d->string_bytes = d->value[DT_STRSZ];
    d->strings = (const char *)map(d, d->value[DT_STRTAB], d->string_bytes);
    if (!d->has[DT_STRTAB] || d->strings == NULL || d->string_bytes == 0 ||
        d->strings[d->string_bytes - 1] != '\0') {
        return REFUSE("its string table (DT_STRTAB) lies outside its segments or has no end");
    }
    d->elf->needed = g_ptr_array_new_with_free_func(g_free);
    return each_entry(d, take_name);
}

/* GNU hash: 4 words, bloom words, buckets, chains; a chain ends at a word with bit 0 set. */
static gboolean count_gnu_symbols(Dynamic *d)
{
    const uint8_t *header = map(d, d->gnu_hash, 16);
    if (header == NULL) {
        return REFUSE("its symbol hash (DT_GNU_HASH) lies outside its segments");
    }
    uint64_t n_buckets = word_at(header, 0), first = word_at(header, 1);
    uint64_t n_bloom = word_at(header, 2), shift = word_at(header, 3);
    uint64_t buckets_at = d->gnu_hash + 16 + n_bloom * 8;
    uint64_t chains_at = buckets_at + n_buckets * 4;
    const uint8_t *all = map(d, d->gnu_hash, 16 + n_bloom * 8 + n_buckets * 4);
    uint64_t last = 0;

    if (all == NULL || n_buckets == 0 || n_bloom == 0 || (n_bloom & (n_bloom - 1)) != 0 ||
        shift > 31 || first > SYMBOLS_MAX) {
        return REFUSE("its symbol hash (DT_GNU_HASH) is damaged");
    }
    for (uint64_t i = 0; i < n_buckets; i++) {
        uint64_t bucket = word_at(all + (buckets_at - d->gnu_hash), i);
        if (bucket != 0 && bucket < first) {
            return REFUSE("a bucket of its symbol hash (DT_GNU_HASH) is damaged");
        }
        last = MAX(last, bucket);
    }
    d->n_symbols = (uint32_t)first;
    /* Every chain ends at or before the end of the one that starts last. */
    for (uint64_t i = last; last != 0; i++) {
        const uint8_t *word = map(d, chains_at + (i - first) * 4, 4);
        if (word == NULL || i >= SYMBOLS_MAX) {
            return REFUSE("a chain of its symbol hash (DT_GNU_HASH) has no end");
        }
        d->n_symbols = (uint32_t)i + 1;
        if (word_at(word, 0) & 1) {
            break;
        }
    }
    return TRUE;
}

/* System V hash: nbucket, nchain, buckets, chains; a chain ends at index 0. */
static gboolean count_sysv_symbols(Dynamic *d)
{
    const uint8_t *header = map(d, d->value[DT_HASH], 8);
    uint64_t n_buckets = header != NULL ? word_at(header, 0) : 0;
    uint64_t n_chains = header != NULL ? word_at(header, 1) : 0;
    const uint8_t *all = map(d, d->value[DT_HASH], 8 + 4 * (n_buckets + n_chains));

    if (header == NULL || all == NULL || n_buckets == 0 || n_chains > SYMBOLS_MAX) {
        return REFUSE("its symbol hash (DT_HASH) is damaged");
    }
    /* An index that grows along every chain cannot go round; linkers make them shrink or grow, so
     * count the steps instead: all chains together have no more than n_chains of them. */
    uint64_t steps = 0;
    for (uint64_t i = 0; i < n_buckets; i++) {
        for (uint64_t at = word_at(all, 2 + i); at != 0; at = word_at(all, 2 + n_buckets + at)) {
            if (at >= n_chains || steps++ > n_chains) {
                return REFUSE("a chain of its symbol hash (DT_HASH) has no end");
            }
        }
    }
    if (!d->has_gnu_hash) {
        d->n_symbols = (uint32_t)n_chains;
    }
    return TRUE;
}

static void symbol_at(const Dynamic *d, uint32_t index, ElfW(Sym) * ret)
{
    memcpy(ret, d->symbols + (uint64_t)index * sizeof(*ret), sizeof(*ret));
}

/* Names that old linkers, or a sanitizer, export from every shared object. */
static gboolean is_linker_symbol(const char *name)
{
    static const char *const names[] = {"_init", "_fini", "_edata", "_end", "__bss_start"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return TRUE;
        }
    }
    return g_str_has_prefix(name, "__odr_asan.");
}

static gboolean check_symbol(Dynamic *d, const ElfW(Sym) * symbol)
{
    const char *name = string_at(d, symbol->st_name);
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    if (name == NULL) {
        return REFUSE("the name of a symbol lies outside the string table");
    }
    if (type == STT_GNU_IFUNC) {
        d->elf->runs_code = TRUE;
    }
    if (symbol->st_shndx == SHN_UNDEF) {
        return TRUE;
    }
    if (type != STT_TLS && symbol->st_shndx != SHN_ABS &&
        !qh_elf_inside(d->elf, symbol->st_value, 0, FALSE) && type != STT_SECTION &&
        !is_linker_symbol(name)) {
        return REFUSE("symbol '%s' lies outside its segments", name);
    }
    if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || is_linker_symbol(name)) {
        return TRUE;
    }
    if (strcmp(name, "qh_module") != 0) {
        return REFUSE("it exports '%s'; a module exports qh_module and nothing else", name);
    }
    if (type != STT_OBJECT || map(d, symbol->st_value, 8) == NULL) {
        return REFUSE("its qh_module is no data object in the file");
    }
    d->elf->module_value = symbol->st_value;
    d->elf->module_bytes = symbol->st_size;
    return TRUE;
}

static gboolean check_symbols(Dynamic *d)
{
    if (!d->has_gnu_hash && !d->has[DT_HASH]) {
        return REFUSE("it has no symbol hash, so nothing in it can be found");
    }
    if ((d->has_gnu_hash && !count_gnu_symbols(d)) || (d->has[DT_HASH] && !count_sysv_symbols(d))) {
        return FALSE;
    }
    d->symbols = map(d, d->value[DT_SYMTAB], (uint64_t)d->n_symbols * sizeof(ElfW(Sym)));
    if (!d->has[DT_SYMTAB] || d->symbols == NULL || d->value[DT_SYMENT] != sizeof(ElfW(Sym))) {
        return REFUSE("its symbol table (DT_SYMTAB) lies outside its segments");
    }
    for (uint32_t i = 0; i < d->n_symbols; i++) {
        ElfW(Sym) symbol;
        symbol_at(d, i, &symbol);
        if (!check_symbol(d, &symbol)) {
            return FALSE;
        }
    }
    return d->elf->module_value != 0 ||
           REFUSE("it does not export qh_module, so it is no module of this program");
}

/* The dynamic linker stops the process when a version names a library that is not needed. */
static gboolean check_version_need(Dynamic *d, uint64_t at, const ElfW(Verneed) * need)
{
    const char *file = string_at(d, need->vn_file);
    gboolean known = FALSE;

    for (guint i = 0; file != NULL && i < d->elf->needed->len; i++) {
        known = known || strcmp(file, g_ptr_array_index(d->elf->needed, i)) == 0;
    }
    if (!known) {
        return REFUSE("a symbol version (DT_VERNEED) names a library that is not needed");
    }
    at += need->vn_aux;
    for (uint32_t i = 0; i < need->vn_cnt; i++) {
        const uint8_t *bytes = map(d, at, sizeof(ElfW(Vernaux)));
        ElfW(Vernaux) aux;

        if (bytes == NULL) {
            return REFUSE("a symbol version (DT_VERNEED) lies outside its segments");
        }
        memcpy(&aux, bytes, sizeof(aux));
        if (string_at(d, aux.vna_name) == NULL) {
            return REFUSE("the name of a symbol version lies outside the string table");
        }
        d->version_max = MAX(d->version_max, aux.vna_other & VERSION_MASK);
        if (aux.vna_next == 0) {
            return TRUE;
        }
        at += aux.vna_next;
    }
    return REFUSE("a list of symbol versions (DT_VERNEED) has no end");
}

static gboolean check_version_needs(Dynamic *d)
{
    uint64_t at = d->verneed;

    for (uint64_t i = 0; i < d->verneed_n; i++) {
        const uint8_t *bytes = map(d, at, sizeof(ElfW(Verneed)));
        ElfW(Verneed) need;

        if (bytes == NULL) {
            return REFUSE("a symbol version (DT_VERNEED) lies outside its segments");
        }
        memcpy(&need, bytes, sizeof(need));
        if (need.vn_version != VER_NEED_CURRENT) {
            return REFUSE("a symbol version (DT_VERNEED) is of an unknown kind");
        }
        if (!check_version_need(d, at, &need)) {
            return FALSE;
        }
        if (need.vn_next == 0) {
            return TRUE;
        }
        at += need.vn_next;
    }
    return REFUSE("the list of symbol versions (DT_VERNEED) has no end");
}

static gboolean check_versions(Dynamic *d)
{
    if (d->has_verdef) {
        return REFUSE("it defines symbol versions (DT_VERDEF), which modules have not");
    }
    if (d->has_verneed && !check_version_needs(d)) {
        return FALSE;
    }
    if (!d->has_versym) {
        return TRUE;
    }
    const uint8_t *versions = map(d, d->versym, (uint64_t)d->n_symbols * 2);
    if (versions == NULL || !d->has_verneed) {
        return REFUSE("its table of symbol versions (DT_VERSYM) lies outside its segments");
    }
    for (uint32_t i = 0; i < d->n_symbols; i++) {
        uint16_t version;
        memcpy(&version, versions + (uint64_t)i * 2, 2);
        if ((version & VERSION_MASK) > MAX(d->version_max, 1)) {
            return REFUSE("symbol %u has a version that is not in the file", i);
        }
    }
    return TRUE;
}

static gboolean in_array(const Dynamic *d, int64_t tag, int64_t size_tag, uint64_t address)
{
    return d->has[tag] && address >= d->value[tag] && address - d->value[tag] < d->value[size_tag];
}

/*
 * The number of the relocation "add the load address" differs from machine to machine. Our own
 * program has been linked for this one, and its first DT_RELACOUNT relocations are of that kind; 0
 * when it has none, being linked for a fixed address.
 */
static uint32_t relative_type(void)
{
    uint64_t table = 0, n = 0;

    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        table = entry->d_tag == DT_RELA ? entry->d_un.d_ptr : table;
        n = entry->d_tag == DT_RELACOUNT ? entry->d_un.d_val : n;
    }
    if (table == 0 || n == 0) {
        return 0;
    }
    /* Some C libraries leave addresses in the section as the linker wrote them. */
    uint64_t base = (uint64_t)(uintptr_t)&__ehdr_start;
    const ElfW(Rela) *first = (const ElfW(Rela) *)(uintptr_t)(table < base ? table + base : table);
    return (uint32_t)ELF64_R_TYPE(first->r_info);
}

static gboolean check_relocation(Dynamic *d, const ElfW(Rela) * rela)
{
    uint64_t symbol = ELF64_R_SYM(rela->r_info);
    uint64_t dynamic_start = d->phdr->p_vaddr;

    if (symbol >= d->n_symbols) {
        return REFUSE("a relocation names symbol %" G_GUINT64_FORMAT " of %u", symbol,
                      d->n_symbols);
    }
    if (!writable(d, rela->r_offset, 8) ||
        (rela->r_offset + 8 > dynamic_start && rela->r_offset < dynamic_start + d->phdr->p_memsz)) {
        return REFUSE("a relocation writes outside its data");
    }
    if (in_array(d, DT_INIT_ARRAY, DT_INIT_ARRAYSZ, rela->r_offset) ||
        in_array(d, DT_FINI_ARRAY, DT_FINI_ARRAYSZ, rela->r_offset)) {
        ElfW(Sym) target;
        symbol_at(d, (uint32_t)symbol, &target);
        uint64_t address = (symbol != 0 ? target.st_value : 0) + (uint64_t)rela->r_addend;
        gboolean plain =
            symbol != 0 || relative_type() == 0 || ELF64_R_TYPE(rela->r_info) == relative_type();
        if (!plain || (symbol != 0 && target.st_shndx == SHN_UNDEF) ||
            !qh_elf_inside(d->elf, address, 1, TRUE)) {
            return REFUSE("a start or end function (DT_INIT_ARRAY) lies outside its code");
        }
        d->init_slots++;
    }
    return TRUE;
}

/* The dynamic linker stops the process when one of the first DT_RELACOUNT is of another kind. */
static gboolean check_relative(Dynamic *d, const uint8_t *table, uint64_t n)
{
    uint32_t type = relative_type();

    for (uint64_t i = 0; type != 0 && i < MIN(n, d->relative_n); i++) {
        ElfW(Rela) rela;
        memcpy(&rela, table + i * sizeof(rela), sizeof(rela));
        if (ELF64_R_TYPE(rela.r_info) != type) {
            return REFUSE("relocation %" G_GUINT64_FORMAT " is not of the kind that DT_RELACOUNT "
                          "says",
                          i);
        }
    }
    return TRUE;
}

static gboolean check_relocations(Dynamic *d, int64_t tag, int64_t size_tag, const char *name)
{
    uint64_t bytes = d->value[size_tag];
    const uint8_t *table = map(d, d->value[tag], bytes);
    uint32_t relative = 0;

    if (!d->has[tag]) {
        return bytes == 0 || REFUSE("it has a size of relocations, but none");
    }
    if (table == NULL || bytes % sizeof(ElfW(Rela)) != 0) {
        return REFUSE("its relocations (%s) lie outside its segments", name);
    }
    if (tag == DT_RELA && !check_relative(d, table, bytes / sizeof(ElfW(Rela)))) {
        return FALSE;
    }
    for (uint64_t at = 0; at < bytes; at += sizeof(ElfW(Rela))) {
        ElfW(Rela) rela;
        memcpy(&rela, table + at, sizeof(rela));
        if (!check_relocation(d, &rela)) {
            return FALSE;
        }
        /* The kinds without a symbol are "add the load address", which comes first and is one
         * number, and IFUNC and TLS kinds: the numbers differ from machine to machine. */
        if (ELF64_R_SYM(rela.r_info) == 0) {
            uint32_t type = (uint32_t)ELF64_R_TYPE(rela.r_info);
            relative = relative == 0 ? type : relative;
            d->elf->runs_code = d->elf->runs_code || type != relative || tag == DT_JMPREL;
        }
    }
    return TRUE;
}

static gboolean check_relr(Dynamic *d)
{
    uint64_t bytes = d->value[DT_RELRSZ];
    const uint8_t *table = map(d, d->value[DT_RELR], bytes);
    uint64_t where = 0;

    if (!d->has[DT_RELR]) {
        return TRUE;
    }
    if (table == NULL || bytes % 8 != 0 || d->value[DT_RELRENT] != 8) {
        return REFUSE("its relocations (DT_RELR) lie outside its segments");
    }
    /* An even word is an address, an odd one a bitmap of the 63 words that follow. */
    for (uint64_t at = 0; at < bytes; at += 8) {
        uint64_t word;
        memcpy(&word, table + at, sizeof(word));
        if ((word & 1) == 0) {
            where = word + 8;
            if (!writable(d, word, 8)) {
                return REFUSE("a relocation (DT_RELR) writes outside its data");
            }
            continue;
        }
        for (uint32_t bit = 1; bit < 64; bit++) {
            if (((word >> bit) & 1) && !writable(d, where + (bit - 1) * 8, 8)) {
                return REFUSE("a relocation (DT_RELR) writes outside its data");
            }
        }
        where += 63 * 8;
    }
    return TRUE;
}

/* With packed relocations the slots hold their values in the file. */
static gboolean slots_in_file(Dynamic *d, int64_t tag, int64_t size_tag)
{
    const uint8_t *slots = map(d, d->value[tag], d->value[size_tag]);

    for (uint64_t i = 0; i < d->value[size_tag] / 8; i++) {
        uint64_t address;
        memcpy(&address, slots + i * 8, sizeof(address));
        if (!qh_elf_inside(d->elf, address, 1, TRUE)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_init(Dynamic *d)
{
    uint64_t init_bytes = d->has[DT_INIT_ARRAY] ? d->value[DT_INIT_ARRAYSZ] : 0;
    uint64_t fini_bytes = d->has[DT_FINI_ARRAY] ? d->value[DT_FINI_ARRAYSZ] : 0;

    for (int64_t tag = DT_INIT; tag <= DT_FINI; tag++) {
        if (d->has[tag] && !qh_elf_inside(d->elf, d->value[tag], 1, TRUE)) {
            return REFUSE("its start or end function (DT_INIT, DT_FINI) lies outside its code");
        }
    }
    if (init_bytes % 8 != 0 || fini_bytes % 8 != 0 ||
        (init_bytes != 0 && map(d, d->value[DT_INIT_ARRAY], init_bytes) == NULL) ||
        (fini_bytes != 0 && map(d, d->value[DT_FINI_ARRAY], fini_bytes) == NULL)) {
        return REFUSE("its start or end functions (DT_INIT_ARRAY) lie outside its segments");
    }
    uint64_t slots = init_bytes / 8 + fini_bytes / 8;
    if (d->init_slots != slots &&
        !(d->has[DT_RELR] && slots_in_file(d, DT_INIT_ARRAY, DT_INIT_ARRAYSZ) &&
          slots_in_file(d, DT_FINI_ARRAY, DT_FINI_ARRAYSZ))) {
        return REFUSE("a start or end function (DT_INIT_ARRAY) has no address");
    }
    /* One is the C runtime's own. */
    d->elf->runs_code = d->elf->runs_code || init_bytes > 8 || fini_bytes > 8;
    return TRUE;
}

gboolean qh_elf_check_dynamic(const QhElfSource *source, QhElf *ret, GError **error)
{
    Dynamic dynamic = {.source = source, .elf = ret, .error = error};
    Dynamic *d = &dynamic;

    if (!check_covered(d) || !each_entry(d, first_pass) || !check_covered(d) || !check_flags(d) ||
        !check_pairs(d) || !check_strings(d) || !check_symbols(d) || !check_versions(d)) {
        return FALSE;
    }
    if ((d->has[DT_RELA] && d->value[DT_RELAENT] != sizeof(ElfW(Rela))) ||
        (d->has[DT_JMPREL] && d->value[DT_PLTREL] != DT_RELA)) {
        return REFUSE("its relocations have entries of an unknown kind");
    }
    if (d->has[DT_PLTGOT] && !qh_elf_inside(ret, d->value[DT_PLTGOT], 24, FALSE)) {
        return REFUSE("its offset table (DT_PLTGOT) lies outside its segments");
    }
    return check_relocations(d, DT_RELA, DT_RELASZ, "DT_RELA") &&
           check_relocations(d, DT_JMPREL, DT_PLTRELSZ, "DT_JMPREL") && check_relr(d) &&
           check_init(d);
}
