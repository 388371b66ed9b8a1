/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passt(1), started here: it gets one end of a socket pair as --fd, goes into the background when
 * it is ready, and ends when the other end is closed. From then on this is a stream.
 */
#include "core/net/back-stream.h"
#include "core/net/net-priv.h"
#include "core/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM     "passt"
#define CHILD_FD    3
#define ERROR_BYTES 1024u

/* An option of NetdevPasstOptions and what passt calls it. */
typedef struct PasstOption {
    const char *name;
    const char *when_set; /* followed by the value; of a bool: alone, when it is true */
    const char *when_off; /* of a bool that is false */
} PasstOption;

static const PasstOption passt_options[] = {
    {"mtu",               "--mtu",               NULL              },
    {"address",           "--address",           NULL              },
    {"netmask",           "--netmask",           NULL              },
    {"mac",               "--mac-addr",          NULL              },
    {"gateway",           "--gateway",           NULL              },
    {"interface",         "--interface",         NULL              },
    {"outbound",          "--outbound",          NULL              },
    {"outbound-if4",      "--outbound-if4",      NULL              },
    {"outbound-if6",      "--outbound-if6",      NULL              },
    {"dns",               "--dns",               NULL              },
    {"search",            "--search",            NULL              },
    {"fqdn",              "--fqdn",              NULL              },
    {"dhcp-dns",          "--dhcp-dns",          "--no-dhcp-dns"   },
    {"dhcp-search",       "--dhcp-search",       "--no-dhcp-search"},
    {"map-host-loopback", "--map-host-loopback", NULL              },
    {"map-guest-addr",    "--map-guest-addr",    NULL              },
    {"dns-forward",       "--dns-forward",       NULL              },
    {"dns-host",          "--dns-host",          NULL              },
    {"tcp",               NULL,                  "--no-tcp"        },
    {"udp",               NULL,                  "--no-udp"        },
    {"icmp",              NULL,                  "--no-icmp"       },
    {"dhcp",              NULL,                  "--no-dhcp"       },
    {"ndp",               NULL,                  "--no-ndp"        },
    {"dhcpv6",            NULL,                  "--no-dhcpv6"     },
    {"ra",                NULL,                  "--no-ra"         },
    {"freebind",          "--freebind",          NULL              },
    {"ipv4",              NULL,                  "--ipv6-only"     },
    {"ipv6",              NULL,                  "--ipv4-only"     },
    {"tcp-ports",         "--tcp-ports",         NULL              },
    {"udp-ports",         "--udp-ports",         NULL              },
};

typedef struct Passt {
    void *stream; /* the state of qh_net_stream */
} Passt;

static void add(GPtrArray *argv, const char *word)
{
    if (word != NULL) {
        g_ptr_array_add(argv, g_strdup(word));
    }
}

/* The words of a list, each a String of QMP. */
static char *words(const QhJson *list, const char *separator)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < qh_json_length(list); i++) {
        g_string_append_printf(text, "%s%s", i == 0 ? "" : separator,
                               qh_json_string(qh_json_get(qh_json_at(list, i), "str")));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_option(GPtrArray *argv, const PasstOption *option, const QhJson *value)
{
    uint64_t number = 0;

    switch (qh_json_type(value)) {
    case QH_JSON_BOOL:
        add(argv, qh_json_bool(value) ? option->when_set : option->when_off);
        break;
    case QH_JSON_ARRAY:
        add(argv, option->when_set);
        g_ptr_array_add(argv, words(value, ","));
        break;
    case QH_JSON_STRING:
        add(argv, option->when_set);
        add(argv, qh_json_string(value));
        break;
    default:
        qh_json_uint(value, &number);
        add(argv, option->when_set);
        g_ptr_array_add(argv, g_strdup_printf("%" G_GUINT64_FORMAT, number));
    }
}

static GPtrArray *arguments(const QhJson *options)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    const QhJson *path = qh_json_get(options, "path"), *quiet = qh_json_get(options, "quiet");
    const QhJson *param = qh_json_get(options, "param");

    add(argv, path != NULL ? qh_json_string(path) : PROGRAM);
    add(argv, quiet == NULL || qh_json_bool(quiet) ? "--quiet" : NULL);
    add(argv, "--fd");
    g_ptr_array_add(argv, g_strdup_printf("%d", CHILD_FD));
    for (guint i = 0; i < G_N_ELEMENTS(passt_options); i++) {
        const QhJson *value = qh_json_get(options, passt_options[i].name);

        if (value != NULL) {
            add_option(argv, &passt_options[i], value);
        }
    }
    for (size_t i = 0; param != NULL && i < qh_json_length(param); i++) {
        add(argv, qh_json_string(qh_json_get(qh_json_at(param, i), "str")));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* Wait until it is in the background. What it writes by then fits into a pipe, or is cut off. */
static gboolean wait_for(GPid child, int errors, GError **error)
{
    g_autofree char *text = g_malloc0(ERROR_BYTES);
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    g_spawn_close_pid(child);
    if (status == 0) {
        return TRUE;
    }
    if (read(errors, text, ERROR_BYTES - 1) < 0) {
        text[0] = '\0';
    }
    g_strstrip(text);
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "passt ends with status %d: %s",
                WIFEXITED(status) ? WEXITSTATUS(status) : status, text);
    return FALSE;
}

static gboolean start(GPtrArray *argv, int socket_fd, GError **error)
{
    const int target = CHILD_FD;
    int errors = -1;
    GPid child = 0;

    if (!qh_sandbox_allows_program(argv->pdata[0], error)) {
        return FALSE;
    }
    gboolean good = g_spawn_async_with_pipes_and_fds(
        NULL, (const char *const *)argv->pdata, NULL,
        G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
        -1, -1, -1, &socket_fd, &target, 1, &child, NULL, NULL, &errors, error);

    if (good) {
        fcntl(errors, F_SETFL, O_NONBLOCK);
        good = wait_for(child, errors, error);
        close(errors);
    }
    return good;
}

static gboolean open_stream(Passt *passt, void *ctx, QhNet *net, int fd, GError **error)
{
    g_autoptr(QhJson) to = qh_json_new_object();
    g_autofree char *number = g_strdup_printf("%d", fd);
    QhJson *address = qh_json_new_object();

    qh_json_set(address, "type", qh_json_new_string("fd"));
    qh_json_set(address, "str", qh_json_new_string(number));
    qh_json_set(to, "addr", address);
    passt->stream = g_malloc0(qh_net_stream.state_size);
    if (!qh_net_stream_open(ctx, passt->stream, net, to, error)) {
        g_clear_pointer(&passt->stream, g_free);
        return FALSE;
    }
    return TRUE;
}

static gboolean passt_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);
    const QhJson *vhost = json != NULL ? qh_json_get(json, "vhost-user") : NULL;
    int pair[2];

    if (json == NULL) {
        return FALSE;
    }
    if (vhost != NULL && qh_json_bool(vhost)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "vhost-user=on is not there; passt works without");
        return FALSE;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make a socket: %s",
                    g_strerror(errno));
        return FALSE;
    }
    g_autoptr(GPtrArray) argv = arguments(json);
    gboolean good = start(argv, pair[1], error);
    close(pair[1]);
    if (!good || !open_stream(state, ctx, net, pair[0], error)) {
        close(pair[0]);
        return FALSE;
    }
    return TRUE;
}

static void passt_close(void *state)
{
    Passt *passt = state;

    qh_net_stream.close(passt->stream);
    g_free(passt->stream);
}

static gboolean passt_send(
    void *state, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    const Passt *passt = state;

    return qh_net_stream.send(passt->stream, queue, header, vec, n_vec);
}

static void passt_resume(void *state, uint32_t queue)
{
    const Passt *passt = state;

    qh_net_stream.resume(passt->stream, queue);
}

const QhNetdevOps qh_net_passt = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Passt),
    .description = "passt, started by the host",
    .open = passt_open,
    .close = passt_close,
    .send = passt_send,
    .resume = passt_resume,
};
