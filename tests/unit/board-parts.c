/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What boards share: files that are loaded, good and bad, and ACPI as firmware puts it together. */
#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

#include "modules/support/acpi.h"
#include "modules/support/board-load.h"

#define RAM       UINT64_C(0x40000000)
#define RAM_BYTES UINT64_C(0x1000000)
#define EM_TEST   183u

static struct {
    QhMachineConfig config;
    GHashTable *files; /* name -> GByteArray */
    GHashTable *items; /* selector -> bytes */
    uint64_t image_at[4], image_bytes[4];
    uint32_t n_images;
    char *folder;
} fake;

static const QhMachineConfig *config(QhMachine *machine)
{
    (void)machine;
    return &fake.config;
}

static gboolean add_image(QhMachine *machine,
                          QhSpace *space,
                          const char *name,
                          uint64_t address,
                          const void *data,
                          uint64_t bytes,
                          GError **error)
{
    (void)machine;
    (void)space;
    (void)error;
    g_assert_nonnull(name);
    g_assert_nonnull(data);
    fake.image_at[fake.n_images] = address;
    fake.image_bytes[fake.n_images++] = bytes;
    return TRUE;
}

static char *find_firmware(QhMachine *machine, const char *name, GError **error)
{
    (void)machine;
    if (strcmp(name, "second.bin") == 0) {
        return g_strdup("/found/second.bin");
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "cannot find firmware '%s'", name);
    return NULL;
}

static gboolean present(QhMachine *machine)
{
    (void)machine;
    return TRUE;
}

static gboolean add(QhMachine *machine, const QhFwItem *item, GError **error)
{
    (void)machine;
    (void)error;
    g_assert_null(item->name);
    g_hash_table_insert(fake.items, GUINT_TO_POINTER(item->selector),
                        g_bytes_new(item->data, item->bytes));
    return TRUE;
}

static gboolean
set(QhMachine *machine, const char *name, const void *data, uint32_t bytes, GError **error)
{
    GByteArray *copy = g_byte_array_new();

    (void)machine;
    (void)error;
    g_byte_array_append(copy, data, bytes);
    g_hash_table_insert(fake.files, g_strdup(name), copy);
    return TRUE;
}

static const QhMachineService machine_service = {
    .size = sizeof(QhMachineService),
    .config = config,
    .add_image = add_image,
    .find_firmware = find_firmware,
};

static const QhFwService fw_service = {
    .size = sizeof(QhFwService),
    .present = present,
    .add = add,
    .set = set,
};

static void free_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

static void free_array(void *array)
{
    g_byte_array_unref(array);
}

static void start(Board *board)
{
    static const TargetServices services = {.machine = &machine_service, .fw = &fw_service};

    memset(&fake, 0, sizeof(fake));
    fake.files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_array);
    fake.items = g_hash_table_new_full(NULL, NULL, NULL, free_bytes);
    fake.folder = g_dir_make_tmp("board-XXXXXX", NULL);
    *board = (Board){
        .services = &services,
        .map = {.ram = RAM, .ram_bytes = RAM_BYTES},
        .has_fw_cfg = TRUE,
    };
}

static void stop(void)
{
    g_autoptr(GDir) folder = g_dir_open(fake.folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(fake.folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fake.folder);
    g_free(fake.folder);
    g_hash_table_unref(fake.files);
    g_hash_table_unref(fake.items);
}

static char *write_file(const char *name, const void *data, uint64_t bytes)
{
    char *path = g_build_filename(fake.folder, name, NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)bytes, NULL));
    return path;
}

/* A raw image that starts with an 'I' wants to be 0x1000 further on, with twice the room. */
static gboolean
image(const uint8_t *data, uint64_t bytes, uint64_t *address, uint64_t *ret_room, GError **error)
{
    if (data[0] == 'E') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "an image for something else");
        return FALSE;
    }
    if (data[0] == 'I') {
        *address += 0x1000;
        *ret_room = 2 * bytes;
    }
    if (data[0] == 'H') {
        *ret_room = UINT64_MAX; /* an address and this wrap around */
    }
    return TRUE;
}

static BoardLoader loader_of(Board *board)
{
    return (BoardLoader){
        .board = board, .elf_machine = EM_TEST, .bits = 64, .image = image, .end = RAM};
}

static void load_fails(BoardLoader *loader, const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    uint64_t entry = 1;

    g_assert_false(board_load_program(loader, path, RAM, &entry, &error));
    g_assert_nonnull(error);
    if (strstr(error->message, why) == NULL || strstr(error->message, path) == NULL) {
        g_error("'%s' says nothing of '%s' and %s", error->message, why, path);
    }
}

static void loads(void)
{
    Board board;
    uint64_t entry = 0;

    start(&board);
    BoardLoader loader = loader_of(&board);
    g_autofree char *raw = write_file("raw", "xyz", 3);
    g_autofree char *kernel = write_file("image", "Image", 5);

    g_assert_true(board_load_program(&loader, raw, RAM + 16, &entry, NULL));
    g_assert_cmphex(entry, ==, RAM + 16);
    g_assert_cmphex(loader.end, ==, RAM + 19);
    g_assert_true(board_load_program(&loader, kernel, RAM, &entry, NULL));
    g_assert_cmphex(entry, ==, RAM + 0x1000);
    g_assert_cmphex(loader.start, ==, RAM + 0x1000);
    g_assert_cmphex(loader.end, ==, RAM + 0x1000 + 10);
    g_assert_cmphex(fake.image_at[1], ==, RAM + 0x1000);
    g_assert_cmpuint(fake.image_bytes[1], ==, 5);
    stop();
}

static GByteArray *pack(const uint8_t *data, uint32_t bytes)
{
    GByteArray *out = g_byte_array_new();
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = bytes};

    g_byte_array_set_size(out, 1u << 20);
    g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
    stream.next_out = out->data;
    stream.avail_out = out->len;
    g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(out, (guint)stream.total_out);
    deflateEnd(&stream);
    return out;
}

/* Unpacked, cut off, changed, and one that would fill more than RAM. */
static void unpacks(void)
{
    Board board;
    uint64_t entry = 0;
    g_autofree uint8_t *zeros = g_malloc0(RAM_BYTES + 1);

    start(&board);
    BoardLoader loader = loader_of(&board);
    g_autoptr(GByteArray) packed = pack((const uint8_t *)"Image packed", 12);
    g_autofree char *good = write_file("good", packed->data, packed->len);
    g_autofree char *cut = write_file("cut", packed->data, packed->len - 9);
    packed->data[packed->len - 6] ^= 1;
    g_autofree char *changed = write_file("changed", packed->data, packed->len);
    g_autoptr(GByteArray) large = pack(zeros, RAM_BYTES + 1);
    g_autofree char *bomb = write_file("bomb", large->data, large->len);

    g_assert_true(board_load_program(&loader, good, RAM, &entry, NULL));
    g_assert_cmpuint(fake.image_bytes[0], ==, 12);
    g_assert_cmphex(entry, ==, RAM + 0x1000);
    load_fails(&loader, cut, "damaged");
    load_fails(&loader, changed, "damaged");
    load_fails(&loader, bomb, "larger than what there is room for");
    g_assert_cmpuint(fake.n_images, ==, 1);
    stop();
}

static void refuses(void)
{
    static const uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62, [20] = 1};
    Board board;

    start(&board);
    BoardLoader loader = loader_of(&board);
    g_autofree char *empty = write_file("empty", "", 0);
    g_autofree char *other = write_file("other", "Else", 4);
    g_autofree char *huge = write_file("huge", "Huge", 4);
    g_autofree char *wrong = write_file("wrong", elf, sizeof(elf));
    g_autofree uint8_t *data = g_malloc0(RAM_BYTES + 1);
    g_autofree char *large = write_file("large", data, RAM_BYTES + 1);

    load_fails(&loader, "/nonexistent/file", "No such file");
    load_fails(&loader, fake.folder, "not a regular file");
    load_fails(&loader, empty, "empty");
    load_fails(&loader, large, "larger than the 16 MiB");
    load_fails(&loader, other, "something else");
    load_fails(&loader, wrong, "");
    load_fails(&loader, huge, "needs more memory");
    g_assert_cmpuint(fake.n_images, ==, 0);
    stop();
}

static void initrd(void)
{
    Board board;
    g_autoptr(GError) error = NULL;

    start(&board);
    BoardLoader loader = loader_of(&board);
    g_assert_true(board_load_initrd(&loader, RAM, RAM, NULL)); /* none was asked for */
    g_assert_cmphex(board.initrd_end, ==, 0);
    g_autofree char *path = write_file("initrd", "0123456789", 10);
    fake.config.initrd = path;
    g_assert_false(board_load_initrd(&loader, RAM + 8, RAM + 17, &error));
    g_assert_nonnull(strstr(error->message, "does not fit"));
    g_assert_true(board_load_initrd(&loader, RAM + 8, RAM + 18, NULL));
    g_assert_cmphex(board.initrd, ==, RAM + 8);
    g_assert_cmphex(board.initrd_end, ==, RAM + 18);
    stop();
}

static uint32_t item_word(uint16_t selector)
{
    GBytes *bytes = g_hash_table_lookup(fake.items, GUINT_TO_POINTER(selector));
    uint32_t word;

    g_assert_nonnull(bytes);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, 4);
    memcpy(&word, g_bytes_get_data(bytes, NULL), 4);
    return GUINT32_FROM_LE(word);
}

static void offers(void)
{
    Board board;

    start(&board);
    g_assert_true(board_offer_kernel(&board, NULL));
    g_assert_cmpuint(g_hash_table_size(fake.items), ==, 0);
    g_autofree char *kernel = write_file("kernel", "kernel", 6);
    fake.config.kernel = kernel;
    fake.config.append = "a b";
    g_assert_true(board_offer_kernel(&board, NULL));
    g_assert_cmpuint(item_word(0x08), ==, 6);
    g_assert_cmpuint(item_word(0x14), ==, 4);
    g_assert_cmpmem("a b", 4,
                    g_bytes_get_data(g_hash_table_lookup(fake.items, GUINT_TO_POINTER(0x15)), NULL),
                    4);
    g_assert_null(g_hash_table_lookup(fake.items, GUINT_TO_POINTER(0x0b)));
    fake.config.initrd = "/nonexistent/initrd";
    g_assert_false(board_offer_kernel(&board, NULL));
    stop();
}

static void finds_bios(void)
{
    static const char *const names[] = {"first.bin", "second.bin", NULL};
    static const char *const none[] = {"first.bin", NULL};
    Board board;
    char *path = NULL;

    start(&board);
    g_assert_true(board_find_bios(&board, names, &path, NULL));
    g_assert_cmpstr(path, ==, "/found/second.bin");
    g_free(path);
    g_assert_false(board_find_bios(&board, none, &path, NULL));
    g_assert_true(board_find_bios(&board, NULL, &path, NULL));
    g_assert_null(path);
    fake.config.bios = "none";
    g_assert_true(board_find_bios(&board, names, &path, NULL));
    g_assert_null(path);
    fake.config.bios = "missing.bin";
    g_assert_false(board_find_bios(&board, names, &path, NULL));
    stop();
}

static uint64_t word(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    memcpy(&value, at, bytes);
    return GUINT64_FROM_LE(value);
}

static uint8_t sum(const uint8_t *at, uint64_t bytes)
{
    uint8_t total = 0;

    for (uint64_t i = 0; i < bytes; i++) {
        total += at[i];
    }
    return total;
}

/* As firmware runs the commands: the tables lie at @base. */
static void run_commands(uint64_t base)
{
    const GByteArray *commands = g_hash_table_lookup(fake.files, "etc/table-loader");
    uint32_t n_allocated = 0;

    g_assert_cmpuint(commands->len % 128, ==, 0);
    for (const uint8_t *at = commands->data; at < commands->data + commands->len; at += 128) {
        GByteArray *file = g_hash_table_lookup(fake.files, (const char *)at + 4);
        uint32_t a, b, c;

        g_assert_nonnull(file);
        switch (word(at, 4)) {
        case 1:
            n_allocated++;
            break;
        case 2:
            g_assert_cmpuint(n_allocated, ==, 2);
            g_assert_cmpstr((const char *)at + 60, ==, "etc/acpi/tables");
            a = (uint32_t)word(at + 116, 4);
            b = at[120];
            g_assert_cmpuint(a + b, <=, file->len);
            uint64_t value = GUINT64_TO_LE(word(file->data + a, b) + base);
            memcpy(file->data + a, &value, b);
            break;
        case 3:
            a = (uint32_t)word(at + 60, 4);
            b = (uint32_t)word(at + 64, 4);
            c = (uint32_t)word(at + 68, 4);
            g_assert_cmpuint(b + c, <=, file->len);
            g_assert_cmpuint(file->data[a], ==, 0);
            file->data[a] = (uint8_t)-sum(file->data + b, c);
            break;
        default:
            g_assert_not_reached();
        }
    }
}

static void tables(void)
{
    const uint64_t base = 0x7f000000;
    Board board;
    Acpi acpi;
    uint32_t dsdt;

    start(&board);
    board.has_pcie = TRUE;
    board.map.pcie.ecam = UINT64_C(0x4010000000);
    board.map.pcie.ecam_bytes = 1u << 28;
    acpi_init(&acpi);
    dsdt = acpi_begin(&acpi, "DSDT", 2, FALSE);
    acpi_zeros(&acpi, 5);
    acpi_end(&acpi);
    acpi_begin(&acpi, "TEST", 1, TRUE);
    acpi_pointer(&acpi, dsdt, 8);
    acpi_end(&acpi);
    acpi_add_mcfg(&acpi, &board);
    g_assert_true(acpi_publish(&acpi, &board, NULL));
    acpi_clear(&acpi);
    run_commands(base);

    const GByteArray *file = g_hash_table_lookup(fake.files, "etc/acpi/tables");
    const GByteArray *rsdp = g_hash_table_lookup(fake.files, "etc/acpi/rsdp");
    const uint8_t *xsdt = file->data + (word(rsdp->data + 24, 8) - base), *table;

    g_assert_cmpmem(rsdp->data, 8, "RSD PTR ", 8);
    g_assert_cmpuint(sum(rsdp->data, 20), ==, 0);
    g_assert_cmpuint(sum(rsdp->data, 36), ==, 0);
    g_assert_cmpmem(xsdt, 4, "XSDT", 4);
    g_assert_cmpuint(word(xsdt + 4, 4), ==, 36 + 2 * 8);
    g_assert_cmpuint(sum(xsdt, 52), ==, 0);
    table = file->data + (word(xsdt + 36, 8) - base);
    g_assert_cmpmem(table, 4, "TEST", 4);
    g_assert_cmpuint(sum(table, word(table + 4, 4)), ==, 0);
    g_assert_cmpmem(file->data + (word(table + 36, 8) - base), 4, "DSDT", 4);
    table = file->data + (word(xsdt + 44, 8) - base);
    g_assert_cmpmem(table, 4, "MCFG", 4);
    g_assert_cmphex(word(table + 44, 8), ==, UINT64_C(0x4010000000));
    g_assert_cmpuint(table[55], ==, 255);
    g_assert_cmpuint(sum(table, word(table + 4, 4)), ==, 0);
    stop();
}

static void code_is(Aml *aml, const uint8_t *bytes, uint32_t length)
{
    g_assert_cmpmem(aml->code->data, aml->code->len, bytes, length);
    g_byte_array_set_size(aml->code, 0);
}
#define CODE_IS(aml, ...)                                                                          \
    code_is(aml, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Encodings by ACPI 6.5, 20.2. */
static void machine_language(void)
{
    Aml aml;

    aml_init(&aml);
    aml_integer(&aml, 1);
    aml_integer(&aml, 0xff);
    aml_integer(&aml, 0x100);
    aml_integer(&aml, 0x10000);
    aml_integer(&aml, UINT64_C(0x100000000));
    CODE_IS(&aml, 0x01, 0x0a, 0xff, 0x0b, 0, 1, 0x0c, 0, 0, 1, 0, 0x0e, 0, 0, 0, 0, 1, 0, 0, 0);
    aml_path(&aml, "\\_SB.A");
    aml_path(&aml, "A.B.C");
    CODE_IS(&aml, '\\', 0x2e, '_', 'S', 'B', '_', 'A', '_', '_', '_', 0x2f, 3, 'A', '_', '_', '_',
            'B', '_', '_', '_', 'C', '_', '_', '_');
    aml_eisa(&aml, "PNP0A08");
    CODE_IS(&aml, 0x0c, 0x41, 0xd0, 0x0a, 0x08);
    aml_begin_device(&aml, "DEV0");
    aml_begin_package(&aml, 1);
    aml_integer(&aml, 0);
    aml_end(&aml);
    aml_end(&aml);
    CODE_IS(&aml, 0x5b, 0x82, 0x09, 'D', 'E', 'V', '0', 0x12, 0x03, 1, 0);
    aml_begin_resources(&aml, "_CRS");
    aml_interrupt(&aml, 0x21);
    aml_end_resources(&aml);
    CODE_IS(&aml, 0x08, '_', 'C', 'R', 'S', 0x11, 0x11, 0x0c, 11, 0, 0, 0, 0x89, 6, 0, 1, 1, 0x21,
            0, 0, 0, 0x79, 0);
    /* lengths around the ends of their encodings: they count themselves */
    static const struct {
        uint32_t content, bytes, first;
    } rows[] = {
        {58,   1, 0x3f},
        {59,   2, 0x41},
        {4089, 2, 0x4f},
        {4090, 3, 0x81}
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        aml_begin_scope(&aml, "_SB_");
        for (uint32_t n = 0; n < rows[i].content; n++) {
            aml_byte(&aml, 0);
        }
        aml_end(&aml);
        g_assert_cmpuint(aml.code->len, ==, 1 + rows[i].bytes + 4 + rows[i].content);
        g_assert_cmphex(aml.code->data[1], ==, rows[i].first);
        g_byte_array_set_size(aml.code, 0);
    }
    g_byte_array_unref(aml.code);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/board-parts/loads", loads);
    g_test_add_func("/board-parts/unpacks", unpacks);
    g_test_add_func("/board-parts/refuses", refuses);
    g_test_add_func("/board-parts/initrd", initrd);
    g_test_add_func("/board-parts/offers", offers);
    g_test_add_func("/board-parts/finds-bios", finds_bios);
    g_test_add_func("/board-parts/tables", tables);
    g_test_add_func("/board-parts/machine-language", machine_language);
    return g_test_run();
}
