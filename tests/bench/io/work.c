/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk and network work, for a guest.
 *
 *   work disk FILE read|write|randread|randwrite BLOCK DEPTH BYTES
 *       past the page cache, DEPTH requests under way at a time (Linux' own AIO)
 *   work net ADDRESS PORT send|receive|echo BYTES
 *       over one TCP connection; echo: one byte there and back, BYTES times
 *
 * Sizes are in bytes. Ends with 0, or says what failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/fs.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEPTH_MAX = 128, CHUNK = 256 << 10 };

static int fail(const char *what)
{
    fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
    return 1;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1d;
}

typedef struct {
    int fd, is_write, is_random;
    uint64_t block, blocks; /* bytes of one; how many the disk has */
    uint64_t next, seed;
} Disk;

static void prepare(Disk *disk, struct iocb *iocb, void *memory)
{
    uint64_t at = disk->is_random ? random_next(&disk->seed) : disk->next++;
    *iocb = (struct iocb){
        .aio_lio_opcode = disk->is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)disk->fd,
        .aio_buf = (uint64_t)(uintptr_t)memory,
        .aio_nbytes = disk->block,
        .aio_offset = (int64_t)(at % disk->blocks * disk->block),
        .aio_data = (uint64_t)(uintptr_t)memory,
    };
}

static int run_disk(Disk *disk, unsigned depth, uint64_t count)
{
    static struct iocb iocbs[DEPTH_MAX];
    struct iocb *list[DEPTH_MAX];
    struct io_event events[DEPTH_MAX];
    aio_context_t context = 0;
    unsigned ready = depth, under_way = 0;
    uint64_t begun = 0;
    char *memory = mmap(NULL, depth * disk->block, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED || syscall(SYS_io_setup, depth, &context) != 0) {
        return fail("io_setup");
    }
    memset(memory, 0x5a, depth * disk->block);
    for (unsigned i = 0; i < depth; i++) {
        events[i].data = (uint64_t)(uintptr_t)(memory + i * disk->block);
    }
    for (;;) {
        unsigned n = 0;
        for (; n < ready && begun < count; n++, begun++) {
            void *part = (void *)(uintptr_t)events[n].data;
            struct iocb *iocb = &iocbs[((char *)part - memory) / (long)disk->block];
            prepare(disk, iocb, part);
            list[n] = iocb;
        }
        if (n && syscall(SYS_io_submit, context, (long)n, list) != (long)n) {
            return fail("io_submit");
        }
        under_way += n;
        if (!under_way) {
            return 0;
        }
        long done = syscall(SYS_io_getevents, context, 1L, (long)depth, events, NULL);
        if (done < 1) {
            return fail("io_getevents");
        }
        for (long i = 0; i < done; i++) {
            if (events[i].res != (int64_t)disk->block) {
                errno = events[i].res < 0 ? (int)-events[i].res : EIO;
                return fail("a request");
            }
        }
        ready = (unsigned)done;
        under_way -= ready;
    }
}

static int main_disk(char **words)
{
    Disk disk = {.is_write = strstr(words[1], "write") != NULL,
                 .is_random = strncmp(words[1], "rand", 4) == 0,
                 .block = strtoull(words[2], NULL, 0),
                 .seed = 2026};
    unsigned depth = (unsigned)strtoul(words[3], NULL, 0);
    uint64_t bytes = 0, work = strtoull(words[4], NULL, 0);
    disk.fd = open(words[0], (disk.is_write ? O_RDWR : O_RDONLY) | O_DIRECT);
    if (disk.fd < 0 || ioctl(disk.fd, BLKGETSIZE64, &bytes) != 0) {
        return fail(words[0]);
    }
    if (!disk.block || depth < 1 || depth > DEPTH_MAX) {
        errno = EINVAL;
        return fail("block or depth");
    }
    disk.blocks = bytes / disk.block;
    return run_disk(&disk, depth, work / disk.block);
}

/* Move @count bytes; @out: to the other side. */
static int move(int fd, int out, char *memory, uint64_t chunk, uint64_t count)
{
    while (count) {
        uint64_t want = count < chunk ? count : chunk;
        ssize_t n = out ? write(fd, memory, want) : read(fd, memory, want);
        if (n <= 0) {
            return fail(out ? "send" : "receive");
        }
        count -= (uint64_t)n;
    }
    return 0;
}

static int main_net(char **words)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(words[1]))};
    static char memory[CHUNK];
    char order[64];
    uint64_t bytes = strtoull(words[3], NULL, 0);
    int one = 1, status = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, words[0], &address.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return fail(words[0]);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int length = snprintf(order, sizeof order, "%s %llu\n", words[2], (unsigned long long)bytes);
    if (write(fd, order, (size_t)length) != length) {
        return fail("send");
    }
    if (strcmp(words[2], "echo") == 0) {
        for (uint64_t i = 0; i < bytes && !status; i++) {
            status = move(fd, 1, memory, 1, 1) || move(fd, 0, memory, 1, 1);
        }
        return status;
    }
    int out = strcmp(words[2], "send") == 0;
    status = move(fd, out, memory, CHUNK, bytes);
    /* the other side has got, or sent, everything when it says so */
    return status || (out && move(fd, 0, memory, 1, 1));
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "disk") == 0) {
        return main_disk(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "net") == 0) {
        return main_net(argv + 2);
    }
    fprintf(stderr, "work: see the head of work.c\n");
    return 2;
}
