/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arm-board-fake.h"

Fake fake;

struct QhIrq {
    gboolean level;
};

static int64_t now(QhHost *host, uint32_t clock)
{
    (void)host;
    (void)clock;
    return fake.now;
}

static QhTimer *timer_new(QhHost *host, uint32_t clock, void (*fn)(void *), void *opaque)
{
    QhTimer *timer = &fake.timers[fake.n_timers++];

    (void)host;
    (void)clock;
    g_assert_cmpuint(fake.n_timers, <=, FAKE_TIMERS);
    *timer = (QhTimer){fn, opaque, INT64_MAX};
    return timer;
}

static void arm(QhTimer *timer, int64_t when)
{
    timer->when = when;
}

static void disarm(QhTimer *timer)
{
    timer->when = INT64_MAX;
}

static void timer_free(QhTimer *timer)
{
    timer->fn = NULL;
}

static void set_irq(QhDevice *device, uint32_t n, gboolean level)
{
    (void)device;
    g_assert_cmpuint(n, <, FAKE_LINES);
    fake.lines[n] = level;
}

static void irq_set(QhIrq *irq, gboolean level)
{
    g_assert_true(fake.locked);
    if (irq != NULL) {
        irq->level = level;
    }
}

static void lock(QhMachine *machine)
{
    (void)machine;
    g_assert_false(fake.locked);
    fake.locked = TRUE;
}

static void unlock(QhMachine *machine)
{
    (void)machine;
    g_assert_true(fake.locked);
    fake.locked = FALSE;
}

static gboolean attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    (void)chr;
    (void)error;
    fake.handlers = handlers;
    fake.front = opaque;
    return TRUE;
}

static uint32_t write_bytes(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    uint32_t n = MIN(bytes, fake.room);

    (void)chr;
    g_string_append_len(fake.sent, (const char *)data, n);
    fake.room -= n;
    return n;
}

static void accept_input(QhChar *chr)
{
    (void)chr;
}

static void send_break(QhChar *chr)
{
    (void)chr;
    fake.n_breaks++;
}

static uint32_t mask(QhHost *host)
{
    (void)host;
    return QH_LOG_GUEST_ERROR;
}

static void guest(QhHost *host, uint32_t bit, const char *text)
{
    (void)host;
    (void)text;
    fake.n_errors += bit == QH_LOG_GUEST_ERROR;
}

static void request_shutdown(QhMachine *machine, uint32_t cause, int32_t code)
{
    (void)machine;
    g_assert_cmpuint(cause, ==, QH_SHUTDOWN_GUEST_SHUTDOWN);
    g_assert_cmpint(code, ==, 0);
    fake.shutdown++;
}

static void request_reset(QhMachine *machine, uint32_t cause)
{
    (void)machine;
    g_assert_cmpuint(cause, ==, QH_SHUTDOWN_GUEST_RESET);
    fake.reset++;
}

static const QhTimerService timer_service = {
    .size = sizeof(QhTimerService),
    .now = now,
    .timer_new = timer_new,
    .arm = arm,
    .disarm = disarm,
    .timer_free = timer_free,
};

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .set_irq = set_irq,
    .irq_set = irq_set,
    .lock = lock,
    .unlock = unlock,
};

static const QhCharService char_service = {
    .size = sizeof(QhCharService),
    .attach = attach,
    .write = write_bytes,
    .accept_input = accept_input,
    .send_break = send_break,
};

static const QhLogService log_service = {
    .size = sizeof(QhLogService),
    .mask = mask,
    .guest = guest,
};

static const QhMachineService machine_service = {
    .size = sizeof(QhMachineService),
    .request_shutdown = request_shutdown,
    .request_reset = request_reset,
};

void fake_start(void)
{
    if (fake.sent != NULL) {
        g_string_free(fake.sent, TRUE);
    }
    fake = (Fake){
        .services =
            {
                       .timer = &timer_service,
                       .device = &device_service,
                       .chr = &char_service,
                       .log = &log_service,
                       .machine = &machine_service,
                       },
        .now = 1000000000,
        .sent = g_string_new(NULL),
        .room = UINT32_MAX,
    };
}

void fake_pass(int64_t ns)
{
    gboolean was_locked = fake.locked;

    fake.now += ns;
    fake.locked = TRUE; /* as the host calls timers */
    for (uint32_t i = 0; i < fake.n_timers; i++) {
        QhTimer *timer = &fake.timers[i];

        if (timer->when <= fake.now) {
            timer->when = INT64_MAX;
            timer->fn(timer->opaque);
        }
    }
    fake.locked = was_locked;
}
