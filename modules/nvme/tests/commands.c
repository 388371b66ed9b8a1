/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must work: queues, transfers by PRPs and SGLs, events, resets with commands in flight. */
#include "modules/nvme/tests/bench.h"

#include <errno.h>

#define PAGE 4096u

static void test_start(void)
{
    Bench *bench = bench_new();

    g_assert_cmphex(bench_read(bench, REG_VS), ==, 0x10400);
    g_assert_cmphex(bench_read(bench, REG_CAP), ==, 0x1e0107ff);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, 0);
    bench_start(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    bench_write(bench, REG_CC, bench_read(bench, REG_CC) | 1 << 14, 4);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY | CSTS_SHUT);
    g_assert_cmpuint(bench->n_flushes, ==, 1);
    bench_stop(bench);
    bench_start(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    bench_free(bench);
}

static void test_identify(void)
{
    Bench *bench = bench_new();
    Entry identify = entry(ADMIN_IDENTIFY, 1, DATA, 0);
    uint8_t *page = bench_at(bench, DATA);

    bench_start(bench);
    identify.bytes[40] = 1;
    g_assert_cmphex(bench_run(bench, &identify, FALSE), ==, 0);
    g_assert_cmpmem(page + 4, 4, "S1  ", 4);
    g_assert_cmpuint(page[77], ==, 7);
    identify.bytes[40] = 0;
    g_assert_cmphex(bench_run(bench, &identify, FALSE), ==, 0);
    g_assert_cmpuint(get64(page), ==, DISK_BYTES / 512);
    g_assert_cmpuint(page[130], ==, 9);
    identify.bytes[40] = 2;
    put32(identify.bytes + 4, 0);
    g_assert_cmphex(bench_run(bench, &identify, FALSE), ==, 0);
    g_assert_cmpuint(get32(page), ==, 1);
    g_assert_cmpuint(get32(page + 4), ==, 0);
    bench_free(bench);
}

/* Pages that the guest has in reverse order, so that nothing lies side by side. */
static uint64_t put_list(Bench *bench, uint64_t at, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        put64(bench_at(bench, at + 8 * (uint64_t)(i - from)), DATA + PAGE * (uint64_t)(40 - i));
    }
    return at;
}

static void check_pages(Bench *bench, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        g_assert_cmpmem(bench_at(bench, DATA + PAGE * (uint64_t)(40 - i)), PAGE,
                        bench->disk + PAGE * (uint64_t)i, PAGE);
    }
}

static void test_prps(void)
{
    Bench *bench = bench_new();
    uint64_t first = DATA + PAGE * 40, second = DATA + PAGE * 39;
    Entry read = transfer(NVM_READ, 0, 8, first, 0);

    bench_start_io(bench);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    check_pages(bench, 1);
    read = transfer(NVM_READ, 0, 16, first, second);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    check_pages(bench, 2);
    read = transfer(NVM_READ, 0, 20 * 8, first, put_list(bench, LISTS, 1, 20));
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    check_pages(bench, 20);
    /* three entries to the end of a page, the third leads on */
    put_list(bench, LISTS + PAGE - 24, 1, 3);
    put64(bench_at(bench, LISTS + PAGE - 8), put_list(bench, LISTS + 2 * PAGE, 3, 20));
    memset(bench_at(bench, DATA), 0, 0x10000);
    read = transfer(NVM_READ, 0, 20 * 8, first, LISTS + PAGE - 24);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    check_pages(bench, 20);
    /* in the middle of pages, over the place where host memory is cut */
    read = transfer(NVM_READ, 3, 9, SPLIT_AT - 512, SPLIT_AT);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    g_assert_cmpmem(bench_at(bench, SPLIT_AT - 512), 512, bench->disk + 3 * 512, 512);
    g_assert_cmpmem(bench_at(bench, SPLIT_AT), PAGE, bench->disk + 4 * 512, PAGE);
    memset(bench_at(bench, first), 0x77, PAGE);
    read = transfer(NVM_WRITE, 100, 8, first, 0);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    g_assert_cmphex(bench->disk[100 * 512 + 4095], ==, 0x77);
    g_assert_cmphex(bench->disk[100 * 512 + 4096], !=, 0x77);
    bench_free(bench);
}

static void put_sgl(uint8_t *at, uint8_t type, uint64_t address, uint32_t bytes)
{
    memset(at, 0, 16);
    put64(at, address);
    put32(at + 8, bytes);
    at[15] = (uint8_t)(type << 4);
}

static void test_sgls(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 16, 0, 0);

    bench_start_io(bench);
    read.bytes[1] = 0x40;
    put_sgl(read.bytes + 24, 0, DATA + 100, 8192);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    g_assert_cmpmem(bench_at(bench, DATA + 100), 8192, bench->disk, 8192);
    /* two segments of pieces of odd sizes; more memory than is needed */
    put_sgl(bench_at(bench, LISTS), 0, DATA + 1, 1001);
    put_sgl(bench_at(bench, LISTS + 16), 0, DATA, 0);
    put_sgl(bench_at(bench, LISTS + 32), 3, LISTS + 0x1000, 32);
    put_sgl(bench_at(bench, LISTS + 0x1000), 0, DATA + 0x3000, 5000);
    put_sgl(bench_at(bench, LISTS + 0x1010), 0, DATA + 0x6000, 5000);
    put_sgl(read.bytes + 24, 2, LISTS, 48);
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, 0);
    g_assert_cmpmem(bench_at(bench, DATA + 1), 1001, bench->disk, 1001);
    g_assert_cmpmem(bench_at(bench, DATA + 0x3000), 5000, bench->disk + 1001, 5000);
    g_assert_cmpmem(bench_at(bench, DATA + 0x6000), 2191, bench->disk + 6001, 2191);
    bench_free(bench);
}

static void test_other_commands(void)
{
    Bench *bench = bench_new();
    Entry command = transfer(NVM_COMPARE, 7, 8, DATA, 0);

    bench_start_io(bench);
    memcpy(bench_at(bench, DATA), bench->disk + 7 * 512, PAGE);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, 0);
    ((uint8_t *)bench_at(bench, DATA))[4095] ^= 1;
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, NVME_COMPARE_FAILURE);
    command = transfer(NVM_WRITE_ZEROES, 7, 8, 0, 0);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, 0);
    g_assert_cmphex(bench->disk[7 * 512], ==, 0);
    command = entry(NVM_DATASET_MANAGEMENT, 1, DATA, 0);
    put32(command.bytes + 40, 1);
    put32(command.bytes + 44, 4);
    memset(bench_at(bench, DATA), 0, 32);
    put32(bench_at(bench, DATA + 4), 8);
    put32(bench_at(bench, DATA + 20), 9);
    put64(bench_at(bench, DATA + 24), 90);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, 0);
    g_assert_cmpuint(bench->n_discards, ==, 2);
    put64(bench_at(bench, DATA + 24), DISK_BYTES / 512 - 8);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, NVME_LBA_RANGE);
    g_assert_cmpuint(bench->n_discards, ==, 2);
    command = entry(NVM_FLUSH, NVME_ALL_NAMESPACES, 0, 0);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, 0);
    g_assert_cmpuint(bench->n_flushes, ==, 1);
    bench->read_only = TRUE;
    bench->handlers->resized(bench->handlers_opaque);
    command = transfer(NVM_WRITE, 7, 8, DATA, 0);
    g_assert_cmphex(bench_run(bench, &command, TRUE), ==, NVME_WRITE_PROTECTED);
    bench_free(bench);
}

/* Nothing is freed, or told, while the disk works; then all of it is. */
static void test_reset(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0);

    bench_start_io(bench);
    bench->hold = TRUE;
    bench_submit(bench, &read, TRUE);
    bench_write(bench, REG_CC, 0, 4);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    bench_write(bench, REG_CC, 4 << 20 | 6 << 16 | CC_EN, 4); /* on again, before it is off */
    bench_serve(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    bench->hold = FALSE;
    bench_stop(bench);
    bench_start_io(bench);
    bench->hold = TRUE;
    bench_submit(bench, &read, TRUE);
    nvme_ops.reset(&bench->nvme->base, QH_RESET_COLD); /* of the machine */
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, 0);
    bench_start(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, 0);
    bench_serve(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    bench->hold = FALSE;
    bench_stop(bench);
    bench_start_io(bench);
    bench->hold = TRUE;
    bench_submit(bench, &read, TRUE);
    bench_free(bench); /* taken out with one in flight */
}

static void test_delete_queue(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0), drop = entry(ADMIN_DELETE_SQ, 0, 0, 0);
    Entry drop_cq = entry(ADMIN_DELETE_CQ, 0, 0, 0);

    put32(drop.bytes + 40, 1);
    put32(drop_cq.bytes + 40, 1);
    bench_start_io(bench);
    g_assert_cmphex(bench_run(bench, &drop_cq, FALSE), ==, NVME_QUEUE_IN_USE);
    bench->hold = TRUE;
    bench_submit(bench, &read, TRUE);
    bench_submit(bench, &drop, FALSE);
    g_assert_cmpint(bench_take(bench, FALSE), ==, -1);
    bench_serve(bench);
    g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    g_assert_cmphex(bench_take(bench, FALSE), ==, 0);
    g_assert_cmphex(bench_run(bench, &drop, FALSE), ==, NVME_INVALID_QUEUE);
    g_assert_cmphex(bench_run(bench, &drop_cq, FALSE), ==, 0);
    bench_free(bench);
}

/* More ends than the completion queue has room for. */
static void test_full_queue(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0);
    uint32_t n = 0;

    bench_start_io(bench);
    for (uint32_t i = 0; i < IO_SIZE - 1; i++) {
        bench_submit(bench, &read, TRUE);
    }
    for (uint32_t i = 0; i < IO_SIZE - 1; i++) {
        bench_submit(bench, &read, TRUE);
    }
    while (bench_take(bench, TRUE) == 0) {
        n++;
        if (bench->armed) {
            bench->armed = FALSE;
            bench->later(bench->nvme);
        }
    }
    g_assert_cmpuint(n, ==, 2 * (IO_SIZE - 1));
    bench_free(bench);
}

static void test_events(void)
{
    Bench *bench = bench_new();
    Entry event = entry(ADMIN_ASYNC_EVENT, 0, 0, 0), log = entry(ADMIN_GET_LOG_PAGE, 0, DATA, 0);
    Entry feature = entry(ADMIN_SET_FEATURES, 0, 0, 0);

    bench_start(bench);
    for (uint32_t i = 0; i < NVME_EVENTS_MAX; i++) {
        bench_submit(bench, &event, FALSE);
        g_assert_cmpint(bench_take(bench, FALSE), ==, -1);
    }
    g_assert_cmphex(bench_run(bench, &event, FALSE), ==, NVME_TOO_MANY_EVENTS);
    bench_write(bench, REG_DOORBELLS + 8 * 3, 1, 4); /* no such queue */
    g_assert_cmphex(bench_take(bench, FALSE), ==, 0);
    g_assert_cmphex(bench->result, ==, NVME_EVENT_BAD_DOORBELL);
    bench_write(bench, REG_DOORBELLS, 500, 4); /* told when the log has been read */
    g_assert_cmpint(bench_take(bench, FALSE), ==, -1);
    put32(log.bytes + 40, 15 << 16 | LOG_ERRORS);
    g_assert_cmphex(bench_run(bench, &log, FALSE), ==, 0);
    g_assert_cmphex(bench_take(bench, FALSE), ==, 0);
    g_assert_cmphex(bench->result, ==, NVME_EVENT_BAD_VALUE);
    put32(feature.bytes + 40, 0x0b);
    put32(feature.bytes + 44, 1 << 8);
    g_assert_cmphex(bench_run(bench, &feature, FALSE), ==, 0);
    bench->handlers->resized(bench->handlers_opaque);
    g_assert_cmphex(bench_take(bench, FALSE), ==, 0);
    g_assert_cmphex(bench->result, ==, NVME_EVENT_NAMESPACES);
    put32(log.bytes + 40, 0x3ff << 16 | LOG_CHANGED);
    g_assert_cmphex(bench_run(bench, &log, FALSE), ==, 0);
    g_assert_cmpuint(get32(bench_at(bench, DATA)), ==, 1);
    bench_stop(bench); /* one request for events is held still */
    bench_free(bench);
}

static void test_errors(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0), give_up = entry(ADMIN_ABORT, 0, 0, 0);

    bench_start_io(bench);
    bench->fail = EIO;
    g_assert_cmphex(bench_run(bench, &read, TRUE), ==, NVME_READ_ERROR);
    bench->stop_on_error = TRUE;
    bench->fail = EIO;
    g_assert_cmpint(bench_run(bench, &read, TRUE), ==, -1);
    nvme_ops.run_state(&bench->nvme->base, TRUE);
    g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    bench->fail = EIO;
    g_assert_cmpint(bench_run(bench, &read, TRUE), ==, -1);
    put32(give_up.bytes + 40, (uint32_t)bench->cid << 16 | 1);
    g_assert_cmphex(bench_run(bench, &give_up, FALSE), ==, 0);
    g_assert_cmpuint(bench->result, ==, 0);
    g_assert_cmphex(bench_take(bench, TRUE), ==, NVME_ABORTED);
    g_assert_cmphex(bench_run(bench, &give_up, FALSE), ==, 0);
    g_assert_cmpuint(bench->result, ==, 1); /* nothing to abort */
    bench_free(bench);
}

static void test_interrupts(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0);

    bench_start_io(bench);
    uint32_t sent = bench->n_sent;
    bench_submit(bench, &read, TRUE);
    g_assert_cmpuint(bench->n_sent, ==, sent + 1);
    g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    bench->mode = QH_PCI_INTX;
    bench_submit(bench, &read, TRUE);
    g_assert_true(bench->line);
    bench_write(bench, REG_INTMS, 1, 4);
    g_assert_false(bench->line);
    bench_write(bench, REG_INTMC, 1, 4);
    g_assert_true(bench->line);
    g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    g_assert_false(bench->line);
    bench->mode = QH_PCI_MSI;
    sent = bench->n_sent;
    bench_write(bench, REG_INTMS, 2, 4); /* vector 1 waits */
    bench_submit(bench, &read, TRUE);
    g_assert_cmpuint(bench->n_sent, ==, sent);
    bench_write(bench, REG_INTMC, 2, 4);
    g_assert_cmpuint(bench->n_sent, ==, sent + 1);
    g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    bench_free(bench);
}

/* Doorbells in memory: the register only wakes. */
static void test_doorbell_buffers(void)
{
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0);
    Entry use = entry(ADMIN_DOORBELL_BUFFER, 0, LISTS, LISTS + PAGE);
    uint8_t *shadow = bench_at(bench, LISTS), *event = bench_at(bench, LISTS + PAGE);

    bench_start_io(bench);
    g_assert_cmphex(bench_run(bench, &use, FALSE), ==, 0);
    for (uint32_t i = 0; i < 5; i++) {
        memcpy(bench_at(bench, IO_SQ + SQE_BYTES * (uint64_t)i), read.bytes, SQE_BYTES);
    }
    put32(shadow + 8, 3); /* three commands, one ring that is late */
    bench_write(bench, REG_DOORBELLS + 8, 1, 4);
    g_assert_cmpuint(get32(event + 8), ==, 3);
    for (uint32_t i = 0; i < 3; i++) {
        put32(shadow + 12, i + 1);
        g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    }
    g_assert_cmpint(bench_take(bench, TRUE), ==, -1);
    /* a line has to go down: each entry that is taken rings, by the rule that the guest has */
    bench->mode = QH_PCI_INTX;
    put32(shadow + 8, 5);
    bench_write(bench, REG_DOORBELLS + 8, 4, 4);
    g_assert_true(bench->line);
    for (uint32_t head = 3; head < 5; head++) {
        uint16_t asked = (uint16_t)get32(event + 12);

        g_assert_cmpuint((uint16_t)(head + 1 - asked - 1), <, 1);
        put32(shadow + 12, head + 1);
        g_assert_cmphex(bench_take(bench, TRUE), ==, 0);
    }
    g_assert_false(bench->line);
    put32(shadow + 8, 77777); /* what cannot be is not looked at */
    bench_write(bench, REG_DOORBELLS + 8, 5, 4);
    g_assert_cmpint(bench_take(bench, TRUE), ==, -1);
    bench_stop(bench);
    bench_free(bench);
}

/* --- Snapshots --- */

typedef struct Stream {
    GByteArray *data;
    uint64_t at;
    gboolean bad;
} Stream;

static void stream_bytes(QhStateStream *stream, void *object, uint64_t bytes)
{
    Stream *self = stream->host;

    if (stream->mode == QH_STATE_SAVE) {
        g_byte_array_append(self->data, object, (guint)bytes);
        return;
    }
    if (self->bad || bytes > self->data->len - self->at) {
        g_assert_cmpuint(stream->mode, ==, QH_STATE_CHECK); /* LOAD cannot fail */
        self->bad = TRUE;
        return;
    }
    if (stream->mode == QH_STATE_LOAD) {
        memcpy(object, self->data->data + self->at, bytes);
    }
    self->at += bytes;
}

static uint64_t stream_number(QhStateStream *stream, uint64_t value)
{
    Stream *self = stream->host;

    if (stream->mode != QH_STATE_SAVE && self->data->len - self->at >= sizeof(value)) {
        memcpy(&value, self->data->data + self->at, sizeof(value));
    }
    stream_bytes(stream, &value, sizeof(value));
    return value;
}

static void stream_fail(QhStateStream *stream, const char *why)
{
    g_assert_nonnull(why);
    g_assert_cmpuint(stream->mode, !=, QH_STATE_LOAD);
    ((Stream *)stream->host)->bad = TRUE;
}

static void stream_same(QhStateStream *stream, uint64_t value, const char *what)
{
    if (stream_number(stream, value) != value) {
        stream_fail(stream, what);
    }
}

static gboolean stream_ok(const QhStateStream *stream)
{
    return !((const Stream *)stream->host)->bad;
}

static void stream_mapped(QhStateStream *stream, void *pointer, uint64_t bytes)
{
    (void)stream;
    g_assert_true(pointer != NULL && bytes > 0);
}

static gboolean run_stream(Bench *bench, uint32_t mode, GByteArray *data)
{
    Stream self = {.data = data};
    QhStateStream stream = {
        .size = sizeof(QhStateStream),
        .mode = mode,
        .host = &self,
        .bytes = stream_bytes,
        .number = stream_number,
        .same = stream_same,
        .fail = stream_fail,
        .ok = stream_ok,
        .mapped = stream_mapped,
    };

    nvme_ops.stream(&bench->nvme->base, &stream);
    return !self.bad;
}

/* A request for events is held, completions wait for room: all of it comes back. */
static void test_snapshot(void)
{
    g_autoptr(GByteArray) saved = g_byte_array_new(), none = g_byte_array_new();
    Bench *bench = bench_new();
    Entry read = transfer(NVM_READ, 0, 8, DATA, 0), event = entry(ADMIN_ASYNC_EVENT, 0, 0, 0);
    uint32_t n = 0;

    bench_start_io(bench);
    bench_submit(bench, &event, FALSE);
    for (uint32_t i = 0; i < IO_SIZE + 3; i++) {
        bench_submit(bench, &read, TRUE);
    }
    Side io = bench->io, admin = bench->admin;
    uint32_t cc = bench->nvme->cc, csts = bench->nvme->csts;
    g_autofree uint8_t *ram = g_memdup2(bench->ram, SPLIT_AT - RAM_AT);
    g_assert_true(run_stream(bench, QH_STATE_SAVE, saved));
    bench->hold = TRUE; /* what a disk works on cannot be saved */
    while (bench_take(bench, TRUE) == 0) {
    }
    bench_submit(bench, &read, TRUE);
    g_assert_false(run_stream(bench, QH_STATE_SAVE, none));
    bench_serve(bench);
    bench->hold = FALSE;
    bench_stop(bench);
    for (uint32_t cut = 0; cut < saved->len; cut += 7) { /* a piece of one is refused */
        g_autoptr(GByteArray) piece = g_byte_array_new();

        g_byte_array_append(piece, saved->data, cut);
        g_assert_false(run_stream(bench, QH_STATE_CHECK, piece));
    }
    memcpy(bench->ram, ram, SPLIT_AT - RAM_AT);
    bench->io = io;
    bench->admin = admin;
    bench->nvme->cc = cc; /* the host's part: the state table */
    bench->nvme->csts = csts;
    g_assert_true(run_stream(bench, QH_STATE_CHECK, saved));
    g_assert_true(run_stream(bench, QH_STATE_LOAD, saved));
    nvme_ops.state_loaded(&bench->nvme->base);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    while (bench_take(bench, TRUE) == 0) {
        n++;
    }
    g_assert_cmpuint(n, ==, IO_SIZE + 3);
    bench_write(bench, REG_DOORBELLS + 8 * 3, 1, 4);
    g_assert_cmphex(bench_take(bench, FALSE), ==, 0);
    g_assert_cmphex(bench->result, ==, NVME_EVENT_BAD_DOORBELL);
    bench_stop(bench);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvme/start", test_start);
    g_test_add_func("/nvme/identify", test_identify);
    g_test_add_func("/nvme/prps", test_prps);
    g_test_add_func("/nvme/sgls", test_sgls);
    g_test_add_func("/nvme/other-commands", test_other_commands);
    g_test_add_func("/nvme/reset", test_reset);
    g_test_add_func("/nvme/delete-queue", test_delete_queue);
    g_test_add_func("/nvme/full-queue", test_full_queue);
    g_test_add_func("/nvme/events", test_events);
    g_test_add_func("/nvme/errors", test_errors);
    g_test_add_func("/nvme/interrupts", test_interrupts);
    g_test_add_func("/nvme/doorbell-buffers", test_doorbell_buffers);
    g_test_add_func("/nvme/snapshot", test_snapshot);
    return g_test_run();
}
