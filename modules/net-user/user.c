/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp is not thread-safe and knows no locks: all calls into it happen under the device lock,
 * and on the main thread, in a source, since a frame of the guest can make a socket and a CPU's
 * thread may not make any. What a CPU sends meanwhile waits here, up to a bound.
 *
 * After each call that may have changed what libslirp waits for, it is asked; the main loop is
 * woken, and the source's descriptors are touched, only when the answer is another one: each touch
 * would wake the main loop again.
 */
#include "modules/net-user/user.h"

#include <string.h>

#define NS_PER_MS  1000000
#define MAX_FRAMES 256u /* of the guest that wait */

typedef struct User User;

typedef struct UserSource {
    GSource source;
    User *user;
} UserSource;

struct User {
    const NuServices *services;
    QhNet *net;
    Slirp *slirp;
    UserSource *source;
    GPtrArray *polls;   /* GPollFD * of the source; main thread only */
    GArray *wanted;     /* GPollFD that libslirp waits for, as of its last answer */
    GArray *answer;     /* the answer that is being given */
    gint stale;         /* atomic: polls is not what wanted is */
    gint64 deadline_us; /* atomic, monotonic: libslirp wants to be called by then */
    GQueue frames;      /* GByteArray *, of the guest; device lock */
    gint n_frames;      /* atomic: its length */
    gboolean full;      /* a frame was refused since; device lock */
};

/* --- What libslirp calls --- */

static ssize_t send_packet(const void *data, size_t bytes, void *opaque)
{
    User *user = opaque;
    const QhNetVec vec = {(void *)data, bytes};

    user->services->net->deliver(user->net, 0, NULL, &vec, 1);
    return (ssize_t)bytes;
}

static void guest_error(const char *message, void *opaque)
{
    User *user = opaque;

    user->services->log->guest(user->services->host, QH_LOG_GUEST_ERROR, message);
}

static int64_t clock_get_ns(void *opaque)
{
    User *user = opaque;

    return user->services->timer->now(user->services->host, QH_CLOCK_VIRTUAL);
}

static void *timer_new(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
    User *user = opaque;

    return user->services->timer->timer_new(user->services->host, QH_CLOCK_VIRTUAL, fn, fn_opaque);
}

static void timer_free(void *timer, void *opaque)
{
    User *user = opaque;

    user->services->timer->timer_free(timer);
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    User *user = opaque;

    user->services->timer->arm(timer, expire_ms * NS_PER_MS);
}

static void poll_fd(G_GNUC_UNUSED int fd, G_GNUC_UNUSED void *opaque)
{
}

static int add_poll(int fd, int events, void *opaque)
{
    User *user = opaque;
    gushort wanted = (gushort)((events & SLIRP_POLL_IN ? G_IO_IN : 0) |
                               (events & SLIRP_POLL_OUT ? G_IO_OUT : 0) |
                               (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) |
                               (events & SLIRP_POLL_ERR ? G_IO_ERR : 0) |
                               (events & SLIRP_POLL_HUP ? G_IO_HUP : 0));
    GPollFD poll = {.fd = fd, .events = wanted};

    g_array_append_val(user->answer, poll);
    return (int)user->answer->len - 1;
}

static gboolean same_polls(const GArray *a, const GArray *b)
{
    return a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(GPollFD)) == 0);
}

/* Ask libslirp what it waits for. TRUE: the main loop, should it sleep now, sleeps wrongly. */
static gboolean ask(User *user)
{
    uint32_t wait_ms = G_MAXINT32;
    gint64 before = __atomic_load_n(&user->deadline_us, __ATOMIC_RELAXED);
    gint64 deadline = G_MAXINT64;
    gboolean changed;

    g_array_set_size(user->answer, 0);
    slirp_pollfds_fill(user->slirp, &wait_ms, add_poll, user);
    if (wait_ms < G_MAXINT32) {
        deadline = g_get_monotonic_time() + (gint64)wait_ms * 1000;
    }
    __atomic_store_n(&user->deadline_us, deadline, __ATOMIC_RELAXED);
    changed = !same_polls(user->answer, user->wanted);
    if (changed) {
        GArray *old = user->wanted;

        user->wanted = user->answer;
        user->answer = old;
        g_atomic_int_set(&user->stale, 1);
    }
    return changed || deadline + 1000 < before; /* it counts in milliseconds */
}

static void ask_and_wake(User *user)
{
    if (ask(user)) {
        g_main_context_wakeup(user->services->loop->context(user->services->host));
    }
}

/* From within libslirp, which cannot be asked now. */
static void notify(void *opaque)
{
    User *user = opaque;

    __atomic_store_n(&user->deadline_us, 0, __ATOMIC_RELAXED);
    g_main_context_wakeup(user->services->loop->context(user->services->host));
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = poll_fd,
    .unregister_poll_fd = poll_fd,
    .notify = notify,
};

/* --- The main loop --- */

/* What poll() saw. A descriptor that is new since then is seen in the next turn. */
static int get_revents(int i, void *opaque)
{
    User *user = opaque;

    if (i < 0 || (guint)i >= user->polls->len || (guint)i >= user->wanted->len) {
        return 0;
    }
    const GPollFD *poll = g_ptr_array_index(user->polls, i);
    gushort seen = poll->revents;
    if (poll->fd != g_array_index(user->wanted, GPollFD, i).fd) {
        return 0;
    }
    return (seen & G_IO_IN ? SLIRP_POLL_IN : 0) | (seen & G_IO_OUT ? SLIRP_POLL_OUT : 0) |
           (seen & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (seen & G_IO_ERR ? SLIRP_POLL_ERR : 0) |
           (seen & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

static void remove_poll(User *user, guint i)
{
    g_source_remove_poll(&user->source->source, g_ptr_array_index(user->polls, i));
    g_ptr_array_remove_index(user->polls, i);
}

/* The source waits for what is wanted. */
static void follow(User *user)
{
    g_atomic_int_set(&user->stale, 0);
    for (guint i = 0; i < user->wanted->len; i++) {
        const GPollFD *wanted = &g_array_index(user->wanted, GPollFD, i);

        if (i < user->polls->len) {
            GPollFD *poll = g_ptr_array_index(user->polls, i);

            if (poll->fd == wanted->fd) {
                poll->events = wanted->events;
                continue;
            }
            while (user->polls->len > i) {
                remove_poll(user, user->polls->len - 1);
            }
        }
        GPollFD *poll = g_memdup2(wanted, sizeof(*wanted));
        g_ptr_array_add(user->polls, poll);
        g_source_add_poll(&user->source->source, poll);
    }
    while (user->polls->len > user->wanted->len) {
        remove_poll(user, user->polls->len - 1);
    }
}

static gboolean prepare(GSource *source, gint *timeout)
{
    User *user = ((UserSource *)source)->user;

    if (g_atomic_int_get(&user->stale)) {
        gboolean entered = user->services->loop->enter(user->services->host);

        follow(user);
        user->services->loop->leave(user->services->host, entered);
    }
    gint64 deadline = __atomic_load_n(&user->deadline_us, __ATOMIC_RELAXED);
    if (g_atomic_int_get(&user->n_frames) > 0) {
        *timeout = 0;
        return TRUE;
    }
    gint64 left_us = deadline == G_MAXINT64 ? G_MAXINT64 : deadline - g_get_monotonic_time();
    *timeout = left_us == G_MAXINT64 ? -1 : (gint)CLAMP(left_us / 1000 + 1, 0, G_MAXINT32);
    return left_us <= 0;
}

static gboolean check(GSource *source)
{
    User *user = ((UserSource *)source)->user;
    gint64 deadline = __atomic_load_n(&user->deadline_us, __ATOMIC_RELAXED);

    for (guint i = 0; i < user->polls->len; i++) {
        if (((const GPollFD *)g_ptr_array_index(user->polls, i))->revents != 0) {
            return TRUE;
        }
    }
    return g_atomic_int_get(&user->n_frames) > 0 ||
           (deadline != G_MAXINT64 && g_get_monotonic_time() >= deadline);
}

/* With the device lock. What the stack answers with at once may make the guest's device send more;
 * that waits for the next turn. */
static void take_frames(User *user)
{
    for (guint n = user->frames.length; n > 0; n--) {
        g_autoptr(GByteArray) frame = g_queue_pop_head(&user->frames);

        g_atomic_int_add(&user->n_frames, -1);
        slirp_input(user->slirp, frame->data, (int)frame->len);
    }
}

static gboolean dispatch(GSource *source, G_GNUC_UNUSED GSourceFunc fn, G_GNUC_UNUSED gpointer data)
{
    User *user = ((UserSource *)source)->user;
    gboolean entered = user->services->loop->enter(user->services->host);

    take_frames(user);
    slirp_pollfds_poll(user->slirp, 0, get_revents, user);
    ask(user);
    if (user->full) {
        user->full = FALSE;
        user->services->net->writable(user->net, 0);
    }
    user->services->loop->leave(user->services->host, entered);
    return G_SOURCE_CONTINUE;
}

static const GSourceFuncs source_funcs = {
    .prepare = prepare,
    .check = check,
    .dispatch = dispatch,
};

/* --- The back end --- */

static gboolean user_send(void *state,
                          G_GNUC_UNUSED uint32_t queue,
                          G_GNUC_UNUSED const QhNetHeader *header,
                          const QhNetVec *vec,
                          uint32_t n_vec)
{
    User *user = state;
    GByteArray *frame;

    if (user->frames.length >= MAX_FRAMES) {
        user->full = TRUE;
        return FALSE;
    }
    frame = g_byte_array_new();
    for (uint32_t i = 0; i < n_vec; i++) {
        g_byte_array_append(frame, vec[i].base,
                            (guint)MIN(vec[i].bytes, QH_NET_FRAME_MAX - frame->len));
    }
    g_queue_push_tail(&user->frames, frame);
    if (g_atomic_int_add(&user->n_frames, 1) == 0) {
        g_main_context_wakeup(user->services->loop->context(user->services->host));
    }
    return TRUE;
}

static void free_frame(gpointer frame)
{
    g_byte_array_unref(frame);
}

static void user_close(void *state)
{
    User *user = state;

    if (user->source != NULL) {
        g_source_destroy(&user->source->source);
        g_source_unref(&user->source->source);
    }
    if (user->slirp != NULL) {
        slirp_cleanup(user->slirp);
    }
    if (user->polls != NULL) {
        g_ptr_array_unref(user->polls);
        g_array_unref(user->wanted);
        g_array_unref(user->answer);
    }
    g_queue_clear_full(&user->frames, free_frame);
}

static gboolean apply_rules(User *user, const NuOptions *options, GError **error)
{
    for (guint i = 0; options->hostfwd[i] != NULL; i++) {
        if (!nu_forward(user->slirp, options->hostfwd[i], FALSE, error)) {
            return FALSE;
        }
    }
    for (guint i = 0; options->guestfwd[i] != NULL; i++) {
        if (!nu_guest_forward(user->slirp, options->guestfwd[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
user_open(void *ctx, void *state, QhNet *net, const char *options_json, GError **error)
{
    User *user = state;
    NuOptions options;
    gboolean opened = FALSE;

    user->services = ctx;
    user->net = net;
    if (nu_options_read(user->services, options_json, &options, error)) {
        user->polls = g_ptr_array_new_with_free_func(g_free);
        user->wanted = g_array_new(FALSE, TRUE, sizeof(GPollFD));
        user->answer = g_array_new(FALSE, TRUE, sizeof(GPollFD));
        user->deadline_us = G_MAXINT64;
        user->slirp = slirp_new(&options.slirp, &callbacks, user);
        if (user->slirp == NULL) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "libslirp refuses to start");
        }
        opened = user->slirp != NULL && apply_rules(user, &options, error);
    }
    if (opened) {
        char network[INET_ADDRSTRLEN];
        g_autofree char *info =
            g_strdup_printf("net=%s,restrict=%s",
                            inet_ntop(AF_INET, &options.slirp.vnetwork, network, sizeof(network)),
                            options.slirp.restricted ? "on" : "off");

        user->source =
            (UserSource *)g_source_new((GSourceFuncs *)&source_funcs, sizeof(UserSource));
        user->source->user = user;
        ask(user);
        g_source_attach(&user->source->source, user->services->loop->context(user->services->host));
        user->services->net->set_peer(net, TRUE, info);
    } else {
        user_close(user);
    }
    nu_options_clear(&options);
    return opened;
}

static char *user_describe(void *state)
{
    User *user = state;

    return slirp_connection_info(user->slirp);
}

static char *user_command(void *state, const char *name, const char *arguments, GError **error)
{
    User *user = state;
    gboolean add = g_str_equal(name, "hostfwd_add");

    if (!add && !g_str_equal(name, "hostfwd_remove")) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "a user network knows no command '%s'",
                    name);
        return NULL;
    }
    if (!nu_forward(user->slirp, arguments, !add, error)) {
        return NULL;
    }
    ask_and_wake(user);
    return g_strdup_printf("host forwarding rule for %s %s\n", arguments,
                           add ? "added" : "removed");
}

const QhNetdevOps nu_netdev = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(User),
    .description = "network in user space",
    /* large packets are welcome: the stack takes them apart for the sockets anyway */
    .offloads = QH_NET_OFFLOAD_TSO4 | QH_NET_OFFLOAD_TSO6 | QH_NET_OFFLOAD_ECN,
    .open = user_open,
    .close = user_close,
    .send = user_send,
    .describe = user_describe,
    .command = user_command,
};
