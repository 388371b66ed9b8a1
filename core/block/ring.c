/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel takes transfers from one ring and puts what became of them into another; both are
 * shared memory, and one call hands over and waits (io_uring(7)). The thread sleeps in that call. A
 * read of an eventfd is always under way beside the transfers: who brings work while the thread
 * sleeps writes to it.
 *
 * Filters of system calls do not see what a ring is told. So it is restricted before it is enabled:
 * it reads and writes, and opens, connects and maps nothing.
 */
#include "core/block/ring.h"
#include "core/sandbox/sandbox.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ENTRIES 128u /* handed to the kernel at a time */
#define LOOK_US 30   /* how long the thread looks for more before it sleeps */

struct QhBlockRing {
    int fd, wake_fd;
    void (*told)(void *data);
    void *told_data;
    GThread *thread;
    gboolean can_look;

    GMutex lock;                   /* of what follows */
    QhBlockTransfer *first, *last; /* not handed over yet */
    gint waiting;                  /* atomic: there are some */
    gboolean asleep, ending;

    /* the thread's */
    char *rings;
    size_t rings_bytes, sqes_bytes;
    struct io_uring_sqe *sqes;
    unsigned *sq_tail, *cq_head, *cq_tail, *sq_array;
    unsigned sq_mask, cq_mask, under_way;
    unsigned tail, filled; /* of the submission ring; entries that the kernel has not taken */
    struct io_uring_cqe *cqes;
    uint64_t woken;
    gboolean listens; /* the read of wake_fd is under way */
};

static int enter(QhBlockRing *ring, unsigned submit, unsigned wanted)
{
    return (int)syscall(SYS_io_uring_enter, ring->fd, submit, wanted,
                        wanted > 0 ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

static struct io_uring_sqe *next_entry(QhBlockRing *ring)
{
    unsigned at = ring->tail++ & ring->sq_mask;
    struct io_uring_sqe *entry = &ring->sqes[at];

    memset(entry, 0, sizeof(*entry));
    ring->sq_array[at] = at;
    ring->filled++;
    return entry;
}

static void listen_for_work(QhBlockRing *ring)
{
    struct io_uring_sqe *entry = next_entry(ring);

    entry->opcode = IORING_OP_READ;
    entry->fd = ring->wake_fd;
    entry->addr = (uintptr_t)&ring->woken;
    entry->len = sizeof(ring->woken);
    ring->listens = TRUE;
}

static void put_entry(QhBlockRing *ring, QhBlockTransfer *transfer)
{
    struct io_uring_sqe *entry = next_entry(ring);

    G_STATIC_ASSERT(sizeof(QhBlockVec) == sizeof(struct iovec) &&
                    offsetof(QhBlockVec, bytes) == offsetof(struct iovec, iov_len));
    entry->opcode = transfer->write ? IORING_OP_WRITEV : IORING_OP_READV;
    entry->fd = transfer->fd;
    entry->addr = (uintptr_t)transfer->vec;
    entry->len = transfer->n_vec;
    entry->off = transfer->offset;
    entry->user_data = (uintptr_t)transfer;
    ring->under_way++;
}

/* As many of those that wait as the ring has room for; TRUE: there were none, so that the thread
 * may sleep. */
static gboolean take_work(QhBlockRing *ring, gboolean *ret_ending)
{
    QhBlockTransfer *some = NULL;

    g_mutex_lock(&ring->lock);
    some = ring->first;
    QhBlockTransfer *end = some;
    for (unsigned room = ENTRIES - ring->under_way; room > 0 && end != NULL; room--) {
        end = end->next;
    }
    ring->first = end;
    ring->last = end != NULL ? ring->last : NULL;
    g_atomic_int_set(&ring->waiting, end != NULL);
    gboolean nothing = some == end;
    ring->asleep = nothing;
    *ret_ending = ring->ending;
    g_mutex_unlock(&ring->lock);
    while (some != end) {
        QhBlockTransfer *next = some->next;

        put_entry(ring, some);
        some = next;
    }
    return nothing;
}

/* What the kernel is done with; how many. */
static unsigned reap(QhBlockRing *ring)
{
    unsigned head = *ring->cq_head, done = 0;

    while (head != __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE)) {
        const struct io_uring_cqe *entry = &ring->cqes[head & ring->cq_mask];
        QhBlockTransfer *transfer = (QhBlockTransfer *)(uintptr_t)entry->user_data;
        int64_t result = entry->res;

        head++;
        __atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
        if (transfer == NULL) {
            ring->listens = FALSE;
            continue;
        }
        ring->under_way--;
        done++;
        transfer->done(transfer, result >= 0 && (uint64_t)result == transfer->bytes);
    }
    return done;
}

static void stay_awake(QhBlockRing *ring)
{
    g_mutex_lock(&ring->lock);
    ring->asleep = FALSE;
    g_mutex_unlock(&ring->lock);
}

/* The guest that was told may bring more at once. */
static void look(QhBlockRing *ring)
{
    gint64 until = g_get_monotonic_time() + LOOK_US;

    while (ring->can_look && !g_atomic_int_get(&ring->waiting) &&
           *ring->cq_head == __atomic_load_n(ring->cq_tail, __ATOMIC_RELAXED) &&
           g_get_monotonic_time() < until) {
        continue;
    }
}

static gpointer run(gpointer data)
{
    QhBlockRing *ring = data;
    gboolean ending = FALSE;

    while (!ending) {
        gboolean nothing = take_work(ring, &ending);

        if (!ring->listens && !ending) {
            listen_for_work(ring);
        }
        __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
        qh_sandbox_enter(QH_SANDBOX_IO);
        int n = enter(ring, ring->filled, nothing && !ending ? 1 : 0);
        if (n < 0 && errno != EINTR) {
            g_usleep(1000); /* no memory for what is handed over, now */
        }
        ring->filled -= n > 0 ? (unsigned)n : 0;
        if (reap(ring) > 0) {
            stay_awake(ring);
            ring->told(ring->told_data);
            look(ring);
        }
    }
    return NULL;
}

void qh_block_ring_push(QhBlockRing *ring, QhBlockTransfer *transfer)
{
    const uint64_t one = 1;

    transfer->next = NULL;
    g_mutex_lock(&ring->lock);
    *(ring->last != NULL ? &ring->last->next : &ring->first) = transfer;
    ring->last = transfer;
    g_atomic_int_set(&ring->waiting, 1);
    gboolean wake = ring->asleep;
    ring->asleep = FALSE;
    g_mutex_unlock(&ring->lock);
    if (wake && write(ring->wake_fd, &one, sizeof(one)) < 0) {
        g_assert(errno == EAGAIN); /* it is readable already */
    }
}

/* --- Life --- */

static gboolean failed(const char *what, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "%s: %s", what, g_strerror(errno));
    return FALSE;
}

static gboolean restrict_and_enable(int fd, GError **error)
{
    struct io_uring_restriction allowed[] = {
        {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_READV },
        {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITEV},
        {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_READ  },
    };

    return (syscall(SYS_io_uring_register, fd, IORING_REGISTER_RESTRICTIONS, allowed,
                    G_N_ELEMENTS(allowed)) >= 0 &&
            syscall(SYS_io_uring_register, fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) >= 0) ||
           failed("restricting the ring", error);
}

static gboolean map(QhBlockRing *ring, const struct io_uring_params *params, GError **error)
{
    size_t sq = params->sq_off.array + params->sq_entries * sizeof(unsigned);
    size_t cq = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);

    if ((params->features & IORING_FEAT_SINGLE_MMAP) == 0 ||
        (params->features & IORING_FEAT_NODROP) == 0) {
        errno = ENOSYS;
        return failed("the kernel is too old", error);
    }
    ring->rings_bytes = MAX(sq, cq);
    ring->sqes_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
    ring->rings = mmap(NULL, ring->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       ring->fd, IORING_OFF_SQ_RING);
    ring->sqes = mmap(NULL, ring->sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                      ring->fd, IORING_OFF_SQES);
    if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED) {
        return failed("mapping the ring", error);
    }
    ring->sq_tail = (unsigned *)(void *)(ring->rings + params->sq_off.tail);
    ring->sq_array = (unsigned *)(void *)(ring->rings + params->sq_off.array);
    ring->cq_head = (unsigned *)(void *)(ring->rings + params->cq_off.head);
    ring->cq_tail = (unsigned *)(void *)(ring->rings + params->cq_off.tail);
    ring->cqes = (struct io_uring_cqe *)(void *)(ring->rings + params->cq_off.cqes);
    ring->sq_mask = params->sq_entries - 1;
    ring->cq_mask = params->cq_entries - 1;
    return TRUE;
}

static gboolean set_up(QhBlockRing *ring, GError **error)
{
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};

    /* one more for the read that wakes */
    ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES * 2, &params);
    if (ring->fd < 0) {
        return failed("io_uring_setup", error);
    }
    ring->wake_fd = eventfd(0, EFD_CLOEXEC);
    return (ring->wake_fd >= 0 || failed("eventfd", error)) && map(ring, &params, error) &&
           restrict_and_enable(ring->fd, error);
}

QhBlockRing *qh_block_ring_new(void (*told)(void *data), void *data, GError **error)
{
    QhBlockRing *ring = g_new0(QhBlockRing, 1);

    ring->fd = ring->wake_fd = -1;
    ring->rings = MAP_FAILED;
    ring->sqes = MAP_FAILED;
    ring->told = told;
    ring->told_data = data;
    ring->can_look = g_get_num_processors() > 1;
    g_mutex_init(&ring->lock);
    if (qh_sandbox_is_on()) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "the sandbox has begun; a disk that is there from the start and has "
                            "aio=io_uring opens the way for others");
        qh_block_ring_free(ring);
        return NULL;
    }
    if (!set_up(ring, error)) {
        qh_block_ring_free(ring);
        return NULL;
    }
    qh_sandbox_need_rings();
    ring->thread = g_thread_new("ring", run, ring);
    return ring;
}

void qh_block_ring_free(QhBlockRing *ring)
{
    const uint64_t one = 1;

    if (ring == NULL) {
        return;
    }
    if (ring->thread != NULL) {
        g_mutex_lock(&ring->lock);
        ring->ending = TRUE;
        g_mutex_unlock(&ring->lock);
        (void)!write(ring->wake_fd, &one, sizeof(one));
        g_thread_join(ring->thread);
    }
    if (ring->rings != MAP_FAILED) {
        munmap(ring->rings, ring->rings_bytes);
    }
    if (ring->sqes != MAP_FAILED) {
        munmap(ring->sqes, ring->sqes_bytes);
    }
    for (guint i = 0; i < 2; i++) {
        int fd = i == 0 ? ring->fd : ring->wake_fd;

        if (fd >= 0) {
            close(fd);
        }
    }
    g_mutex_clear(&ring->lock);
    g_free(ring);
}
