/* civetweb: its options, its life. */
#include "admin.h"

#include <apr_strings.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static struct mg_context *server;
static uint16_t port;

uint16_t admin_server_port(void) { return port; }

static int log_message(const struct mg_connection *conn, const char *message) {
    (void)conn;
    EDGE_LOG(&admin_log, EDGE_LOG_INFO, 1101, "civetweb: %s", message);
    return 1;
}

/* What civetweb refuses by itself: what it cannot read. The workers let nothing of that kind through. */
static int answer_error(struct mg_connection *conn, int status, const char *message) {
    char text[4096];
    size_t len = admin_fields_refusal((unsigned)status, "bad-request", message, false, text, sizeof(text));
    mg_write(conn, text, len);
    return 0;
}

/* Threads of the library take no signals. */
static struct mg_context *start_quietly(const struct mg_callbacks *callbacks, const char **options) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct mg_context *made = mg_start(callbacks, NULL, options);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return made;
}

apr_status_t admin_server_start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const admin_conf_t *conf = admin_conf_of(snapshot);
    const char *threads = apr_psprintf(pool, "%u", ADMIN_THREADS + (conf ? conf->max_streams : 4));
    /* The three for other origins are empty: left out, civetweb would answer every preflight with yes before anybody is asked.
     * Decoding stays off: a path is split before it is decoded, by us. */
    const char *options[] = {"listening_ports",
                             "127.0.0.1:0",
                             "num_threads",
                             threads,
                             "connection_queue",
                             "64",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "5000",
                             "request_timeout_ms",
                             "30000",
                             "max_request_size",
                             "20480",
                             "tcp_nodelay",
                             "1",
                             "decode_url",
                             "no",
                             "access_control_allow_origin",
                             "",
                             "access_control_allow_methods",
                             "",
                             "access_control_allow_headers",
                             "",
                             "enable_directory_listing",
                             "no",
                             "enable_auth_domain_check",
                             "no",
                             "static_file_max_age",
                             "0",
                             NULL};
    const struct mg_callbacks callbacks = {
        .begin_request = admin_exchange_serve, .http_error = answer_error, .log_message = log_message};
    struct mg_server_port bound = {0};
    mg_init_library(MG_FEATURES_DEFAULT);
    server = start_quietly(&callbacks, options);
    if (!server || mg_get_server_ports(server, 1, &bound) != 1) {
        EDGE_LOG(&admin_log, EDGE_LOG_ERROR, 1102, "civetweb does not start");
        admin_server_stop();
        return APR_EGENERAL;
    }
    port = (uint16_t)bound.port;
    return APR_SUCCESS;
}

/* civetweb looks for its end after each connection, or every two seconds. */
static void *knock(void *stopped) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while (!atomic_load((atomic_bool *)stopped)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0) {
            (void)!connect(fd, (struct sockaddr *)&name, sizeof(name));
            usleep(10000);
            close(fd);
        }
    }
    return NULL;
}

void admin_server_stop(void) {
    atomic_bool stopped = false;
    pthread_t knocking;
    if (!server)
        return;
    bool knocks = pthread_create(&knocking, NULL, knock, &stopped) == 0;
    mg_stop(server);
    atomic_store(&stopped, true);
    if (knocks)
        pthread_join(knocking, NULL);
    server = NULL;
    port = 0;
}
