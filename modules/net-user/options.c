/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the user's words to addresses. */
#include "modules/net-user/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static gboolean bad(GError **error, const char *what, const char *text)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is not right: '%.128s'", what, text);
    return FALSE;
}

static gboolean truth(const NuServices *s, const char *json, const char *key, gboolean otherwise)
{
    g_autofree char *text = s->json->get(json, key);

    return text != NULL ? g_str_equal(text, "true") : otherwise;
}

/* An IPv4 address within the network; absent: number @host of it. */
static gboolean address4(const NuServices *s,
                         const char *json,
                         const char *key,
                         const SlirpConfig *config,
                         uint32_t host,
                         struct in_addr *ret,
                         GError **error)
{
    g_autofree char *text = s->json->get(json, key);

    ret->s_addr = config->vnetwork.s_addr | htonl(host);
    if (text != NULL && inet_pton(AF_INET, text, ret) != 1) {
        return bad(error, key, text);
    }
    if ((ret->s_addr & config->vnetmask.s_addr) != config->vnetwork.s_addr) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' does not lie within 'net'", key);
        return FALSE;
    }
    return TRUE;
}

/* "10.0.2.0", "10.0.2.0/24", "10.0.2.0/255.255.255.0" */
static gboolean network4(const char *text, SlirpConfig *config, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    uint32_t mask = 0;
    char *end = NULL;

    if (inet_pton(AF_INET, parts[0], &config->vnetwork) != 1) {
        return bad(error, "net", text);
    }
    if (parts[1] == NULL) {
        uint32_t first = ntohl(config->vnetwork.s_addr) >> 24;

        mask = first < 128 ? 0xff000000u : first < 192 ? 0xffff0000u : 0xffffff00u;
        if (first == 10) {
            mask = 0xffffff00u; /* what everybody means by 10.0.2.0 */
        }
    } else if (strchr(parts[1], '.') != NULL) {
        struct in_addr dotted;

        if (inet_pton(AF_INET, parts[1], &dotted) != 1) {
            return bad(error, "net", text);
        }
        mask = ntohl(dotted.s_addr);
    } else {
        unsigned long bits = strtoul(parts[1], &end, 10);

        if (end == parts[1] || *end != '\0' || bits > 32) {
            return bad(error, "net", text);
        }
        mask = bits == 0 ? 0 : ~0u << (32 - bits);
    }
    if ((~mask & (~mask + 1)) != 0 || ~mask < 63) { /* holes, or no room for addresses 2 to 15 */
        return bad(error, "net", text);
    }
    config->vnetmask.s_addr = htonl(mask);
    config->vnetwork.s_addr &= config->vnetmask.s_addr;
    return TRUE;
}

static gboolean read4(const NuServices *s, const char *json, SlirpConfig *config, GError **error)
{
    g_autofree char *net = s->json->get(json, "net");

    if (net == NULL) {
        net = s->json->get(json, "ip");
    }
    return network4(net != NULL ? net : "10.0.2.0/24", config, error) &&
           address4(s, json, "host", config, 2, &config->vhost, error) &&
           address4(s, json, "dns", config, 3, &config->vnameserver, error) &&
           address4(s, json, "dhcpstart", config, 15, &config->vdhcp_start, error);
}

static gboolean address6(const NuServices *s,
                         const char *json,
                         const char *key,
                         const SlirpConfig *config,
                         uint8_t host,
                         struct in6_addr *ret,
                         GError **error)
{
    g_autofree char *text = s->json->get(json, key);

    *ret = config->vprefix_addr6;
    ret->s6_addr[15] |= host;
    return text == NULL || inet_pton(AF_INET6, text, ret) == 1 || bad(error, key, text);
}

static gboolean read6(const NuServices *s, const char *json, SlirpConfig *config, GError **error)
{
    g_autofree char *prefix = s->json->get(json, "ipv6-prefix");
    g_autofree char *length = s->json->get(json, "ipv6-prefixlen");
    unsigned long bits = length != NULL ? strtoul(length, NULL, 10) : 64;

    if (bits == 0 || bits > 126) {
        return bad(error, "ipv6-prefixlen", length);
    }
    config->vprefix_len = (uint8_t)bits;
    if (inet_pton(AF_INET6, prefix != NULL ? prefix : "fec0::", &config->vprefix_addr6) != 1) {
        return bad(error, "ipv6-prefix", prefix);
    }
    return address6(s, json, "ipv6-host", config, 2, &config->vhost6, error) &&
           address6(s, json, "ipv6-dns", config, 3, &config->vnameserver6, error);
}

/* The texts of a list of {"str": ...}. */
static char **texts(const NuServices *s, const char *json, const char *key)
{
    uint32_t n = s->json->length(json, key);
    char **list = g_new0(char *, n + 1);

    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("%s.%u.str", key, i);

        list[i] = s->json->get(json, path);
    }
    return list;
}

gboolean
nu_options_read(const NuServices *services, const char *json, NuOptions *ret, GError **error)
{
    SlirpConfig *config = &ret->slirp;
    g_autofree char *smb = services->json->get(json, "smb");

    memset(ret, 0, sizeof(*ret));
    if (smb != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "'smb' is not supported");
        return FALSE;
    }
    config->version = SLIRP_CONFIG_VERSION_MAX;
    config->restricted = truth(services, json, "restrict", FALSE);
    config->in_enabled = truth(services, json, "ipv4", !truth(services, json, "ipv6", FALSE));
    config->in6_enabled = truth(services, json, "ipv6", !truth(services, json, "ipv4", FALSE));
    if (!config->in_enabled && !config->in6_enabled) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "neither IPv4 nor IPv6 is left");
        return FALSE;
    }
    if (!read4(services, json, config, error) || !read6(services, json, config, error)) {
        return FALSE;
    }
    ret->hostname = services->json->get(json, "hostname");
    ret->tftp = services->json->get(json, "tftp");
    ret->tftp_server = services->json->get(json, "tftp-server-name");
    ret->bootfile = services->json->get(json, "bootfile");
    ret->domain = services->json->get(json, "domainname");
    ret->search = texts(services, json, "dnssearch");
    ret->hostfwd = texts(services, json, "hostfwd");
    ret->guestfwd = texts(services, json, "guestfwd");
    if ((ret->hostname != NULL && strlen(ret->hostname) > 32) ||
        (ret->tftp_server != NULL && strlen(ret->tftp_server) > 63) ||
        (ret->bootfile != NULL && strlen(ret->bootfile) > 127)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'hostname', 'tftp-server-name' or 'bootfile' is too long for DHCP");
        return FALSE;
    }
    config->vhostname = ret->hostname;
    config->tftp_path = ret->tftp;
    config->tftp_server_name = ret->tftp_server;
    config->bootfile = ret->bootfile;
    config->vdomainname = ret->domain;
    config->vdnssearch = ret->search[0] != NULL ? (const char **)ret->search : NULL;
    return TRUE;
}

void nu_options_clear(NuOptions *options)
{
    g_free(options->hostname);
    g_free(options->tftp);
    g_free(options->tftp_server);
    g_free(options->bootfile);
    g_free(options->domain);
    g_strfreev(options->search);
    g_strfreev(options->hostfwd);
    g_strfreev(options->guestfwd);
}

/* One end of a rule: "ADDRESS:PORT", "[V6]:PORT", ":PORT"; no address is any. */
static gboolean
endpoint(const char *text, struct sockaddr_storage *ret, socklen_t *ret_bytes, gboolean *ret_any)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;

    if (colon == NULL) {
        return FALSE;
    }
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end != '\0' || port > 65535) {
        return FALSE;
    }
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    memset(ret, 0, sizeof(*ret));
    *ret_any = *host == '\0';
    if (*host == '[' && g_str_has_suffix(host, "]")) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

        host[strlen(host) - 1] = '\0';
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        *ret_bytes = sizeof(*six);
        return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
    }
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    *ret_bytes = sizeof(*four);
    return *ret_any || inet_pton(AF_INET, host, &four->sin_addr) == 1;
}

/* Cuts "tcp:" or "udp:" off. */
static gboolean protocol(const char **rule, gboolean *ret_udp)
{
    *ret_udp = g_str_has_prefix(*rule, "udp:");
    if (*ret_udp || g_str_has_prefix(*rule, "tcp:")) {
        *rule += 4;
        return TRUE;
    }
    *rule += 1; /* ":HOST:PORT-..." means tcp */
    return (*rule)[-1] == ':';
}

gboolean nu_forward(Slirp *slirp, const char *rule, gboolean remove, GError **error)
{
    struct sockaddr_storage host, guest;
    socklen_t host_bytes, guest_bytes;
    gboolean udp, any;
    const char *rest = rule;

    if (!protocol(&rest, &udp)) {
        return bad(error, "hostfwd", rule);
    }
    g_auto(GStrv) ends = g_strsplit(rest, "-", 2);
    if (ends[0] == NULL || (ends[1] == NULL) != remove ||
        !endpoint(ends[0], &host, &host_bytes, &any)) {
        return bad(error, "hostfwd", rule);
    }
    int flags = udp ? SLIRP_HOSTFWD_UDP : 0;
    if (remove) {
        if (slirp_remove_hostxfwd(slirp, (struct sockaddr *)&host, host_bytes, flags) != 0) {
            g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no forwarding of '%.128s'",
                        rule);
            return FALSE;
        }
        return TRUE;
    }
    if (!endpoint(ends[1], &guest, &guest_bytes, &any) || guest.ss_family != host.ss_family ||
        ((struct sockaddr_in *)&guest)->sin_port == 0) {
        return bad(error, "hostfwd", rule);
    }
    if (slirp_add_hostxfwd(slirp, (struct sockaddr *)&host, host_bytes, (struct sockaddr *)&guest,
                           guest_bytes, flags) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot forward '%.128s': %s", rule,
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

gboolean nu_guest_forward(Slirp *slirp, const char *rule, GError **error)
{
    struct sockaddr_storage from;
    socklen_t bytes;
    gboolean udp, any;
    const char *rest = rule;

    if (!protocol(&rest, &udp) || udp) {
        return bad(error, "guestfwd", rule);
    }
    g_auto(GStrv) ends = g_strsplit(rest, "-", 2);
    if (ends[0] == NULL || ends[1] == NULL || !endpoint(ends[0], &from, &bytes, &any) ||
        from.ss_family != AF_INET) {
        return bad(error, "guestfwd", rule);
    }
    struct in_addr address = ((struct sockaddr_in *)&from)->sin_addr;
    int port = ntohs(((struct sockaddr_in *)&from)->sin_port), failed;
    if (g_str_has_prefix(ends[1], "cmd:")) {
        failed = slirp_add_exec(slirp, ends[1] + 4, &address, port);
    } else if (g_str_has_prefix(ends[1], "unix:")) {
        failed = slirp_add_unix(slirp, ends[1] + 5, &address, port);
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "guestfwd leads to 'cmd:PROGRAM' or 'unix:PATH', not to '%.128s'", ends[1]);
        return FALSE;
    }
    if (failed < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot forward '%.128s'", rule);
        return FALSE;
    }
    return TRUE;
}
