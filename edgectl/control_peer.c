/* Connections to the server that is asked. */
#include "control_peer.h"

#include <apr_env.h>
#include <apr_strings.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SILENCE_MOST 60 /* seconds without an octet from the server */
#define TOKEN_MOST 200

struct ctl_peer {
    int fd;
    SSL_CTX *context;
    SSL *tls; /* NULL: in clear text */
};

/* Where --url leads */

static bool take_scheme(ctl_remote_t *remote, const char **rest) {
    static const char clear[] = "http://", secret[] = "https://";
    remote->tls = strncmp(*rest, secret, sizeof secret - 1) == 0;
    if (!remote->tls && strncmp(*rest, clear, sizeof clear - 1) != 0) {
        return false;
    }
    *rest += remote->tls ? sizeof secret - 1 : sizeof clear - 1;
    return true;
}

/* "HOST[:PORT][/PREFIX]"; a host with colons stands in brackets. */
static bool take_authority(ctl_remote_t *remote, const char *rest, apr_pool_t *pool) {
    size_t len = strcspn(rest, "/?#"), host;
    const char *authority = apr_pstrndup(pool, rest, len), *port;
    if (rest[len] == '?' || rest[len] == '#' || len == 0 || strchr(authority, '@') != NULL) {
        return false;
    }
    host = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":");
    if (host > len || (authority[host] != '\0' && authority[host] != ':')) {
        return false;
    }
    port = authority[host] == ':' ? authority + host + 1 : NULL;
    remote->authority = authority;
    remote->host =
        authority[0] == '[' ? apr_pstrndup(pool, authority + 1, host - 2) : apr_pstrndup(pool, authority, host);
    remote->port = port != NULL ? port : remote->tls ? "443" : "80";
    remote->prefix = apr_pstrdup(pool, rest + strlen(authority));
    size_t end = strlen(remote->prefix);
    if (end > 0 && remote->prefix[end - 1] == '/') {
        remote->prefix = apr_pstrndup(pool, remote->prefix, end - 1);
    }
    return remote->host[0] != '\0' && remote->port[0] != '\0';
}

static bool is_this_machine(const char *host) {
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

/* The first line. */
static bool read_token(ctl_remote_t *remote, const char *path, apr_pool_t *pool) {
    char line[TOKEN_MOST + 2];
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        ctl_say("cannot read a token in %s: %s", path, file == NULL ? strerror(errno) : "it is empty");
        if (file != NULL) {
            fclose(file);
        }
        return false;
    }
    fclose(file);
    line[strcspn(line, " \t\r\n")] = '\0';
    for (const char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f) {
            ctl_say("the first line of %s is no token", path);
            return false;
        }
    }
    remote->token = apr_pstrdup(pool, line);
    return true;
}

static const char *from_environment(const char *given, const char *name, apr_pool_t *pool) {
    char *value;
    return given != NULL ? given : apr_env_get(&value, name, pool) == APR_SUCCESS && value[0] != '\0' ? value : NULL;
}

bool ctl_peer_settle(ctl_t *ctl) {
    ctl_remote_t *remote = &ctl->remote;
    const char *rest = remote->url = from_environment(remote->url, "EDGECTL_URL", ctl->pool);
    remote->token_file = from_environment(remote->token_file, "EDGECTL_TOKEN_FILE", ctl->pool);
    if (remote->url == NULL) {
        return true; /* a token is for TCP: the control socket knows who asks */
    }
    if (!take_scheme(remote, &rest) || !take_authority(remote, rest, ctl->pool)) {
        ctl_say("--url takes http://HOST:PORT or https://HOST:PORT, not \"%s\"", remote->url);
        return false;
    }
    if (remote->token_file != NULL && !remote->tls && !is_this_machine(remote->host)) {
        ctl_say("a token would go to %s in clear text: use https", remote->host);
        return false;
    }
    return remote->token_file == NULL || read_token(remote, remote->token_file, ctl->pool);
}

const char *ctl_peer_host(const ctl_t *ctl) { return ctl->remote.url != NULL ? ctl->remote.authority : "localhost"; }
const char *ctl_peer_prefix(const ctl_t *ctl) { return ctl->remote.url != NULL ? ctl->remote.prefix : ""; }
const char *ctl_peer_token(const ctl_t *ctl) { return ctl->remote.url != NULL ? ctl->remote.token : NULL; }

const char *ctl_peer_name(ctl_t *ctl) {
    return ctl->remote.url != NULL ? ctl->remote.url : ctl_configuration(ctl)->control_socket;
}

/* Connecting */

static void limit_silence(int fd) {
    struct timeval limit = {SILENCE_MOST, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static int dial_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    limit_silence(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int dial_tcp(const ctl_remote_t *remote) {
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1, failed = getaddrinfo(remote->host, remote->port, &wanted, &found);
    if (failed != 0) {
        ctl_say("%s: %s", remote->url, gai_strerror(failed));
        return -1;
    }
    for (const struct addrinfo *at = found; fd < 0 && at != NULL; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            continue;
        }
        limit_silence(fd);
        if (connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
            int why = errno;
            close(fd);
            errno = why;
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0) {
        ctl_say("no server answers at %s: %s", remote->url, strerror(errno));
    }
    return fd;
}

/* TLS */

static void say_tls(const ctl_remote_t *remote, const SSL *tls) {
    long verified = tls != NULL ? SSL_get_verify_result(tls) : X509_V_OK;
    unsigned long code = ERR_peek_last_error();
    const char *reason =
        verified != X509_V_OK ? X509_verify_cert_error_string(verified) : ERR_reason_error_string(code);
    ctl_say("%s: TLS fails: %s", remote->url, reason != NULL ? reason : "the connection ends");
}

/* The certificate must be for the name, or the address, that was asked for. */
static bool expect_name(SSL *tls, const char *host) {
    struct in6_addr address;
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    }
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

static bool shake_hands(ctl_peer_t *peer, const ctl_remote_t *remote) {
    peer->context = SSL_CTX_new(TLS_client_method());
    if (peer->context == NULL || SSL_CTX_set_min_proto_version(peer->context, TLS1_2_VERSION) != 1) {
        say_tls(remote, NULL);
        return false;
    }
    SSL_CTX_set_verify(peer->context, SSL_VERIFY_PEER, NULL);
    bool trusts = remote->ca_file != NULL ? SSL_CTX_load_verify_file(peer->context, remote->ca_file) == 1
                                          : SSL_CTX_set_default_verify_paths(peer->context) == 1;
    if (!trusts) {
        ctl_say("no certificates can be read in %s", remote->ca_file != NULL ? remote->ca_file : "the system's list");
        return false;
    }
    peer->tls = SSL_new(peer->context);
    if (peer->tls == NULL || !expect_name(peer->tls, remote->host) || SSL_set_fd(peer->tls, peer->fd) != 1 ||
        SSL_connect(peer->tls) != 1) {
        say_tls(remote, peer->tls);
        return false;
    }
    return true;
}

/* An exchange */

static ctl_exit_t open_socket(ctl_t *ctl, ctl_peer_t *peer) {
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    if (configuration == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    peer->fd = dial_socket(configuration->control_socket);
    if (peer->fd >= 0) {
        return CTL_OK;
    }
    return errno == EACCES || errno == EPERM ? CTL_DENIED : CTL_UNREACHABLE;
}

/* What is wrong has been said: nobody is to look for another way to a server that was named. */
static ctl_exit_t open_remote(ctl_t *ctl, ctl_peer_t *peer) {
    peer->fd = dial_tcp(&ctl->remote);
    if (peer->fd < 0) {
        return CTL_UNREACHABLE;
    }
    if (ctl->remote.tls && !shake_hands(peer, &ctl->remote)) {
        ctl_peer_close(peer);
        return CTL_UNREACHABLE;
    }
    return CTL_OK;
}

ctl_exit_t ctl_peer_open(ctl_t *ctl, ctl_peer_t **peer) {
    *peer = apr_pcalloc(ctl->pool, sizeof **peer);
    return ctl->remote.url != NULL ? open_remote(ctl, *peer) : open_socket(ctl, *peer);
}

ssize_t ctl_peer_send(ctl_peer_t *peer, const char *bytes, size_t len) {
    if (peer->tls != NULL) {
        return SSL_write(peer->tls, bytes, (int)(len < 16384 ? len : 16384));
    }
    ssize_t sent;
    do {
        sent = send(peer->fd, bytes, len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t ctl_peer_receive(ctl_peer_t *peer, char *into, size_t size) {
    if (peer->tls != NULL) {
        int got = SSL_read(peer->tls, into, (int)(size < 16384 ? size : 16384));
        return got > 0 ? got : SSL_get_error(peer->tls, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    }
    ssize_t got;
    do {
        got = recv(peer->fd, into, size, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

void ctl_peer_close(ctl_peer_t *peer) {
    if (peer->tls != NULL) {
        SSL_shutdown(peer->tls);
        SSL_free(peer->tls);
    }
    SSL_CTX_free(peer->context);
    close(peer->fd);
}
