/* A worker's channel to name servers: c-ares, with its sockets in the worker's loop and its clock in a timer. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "io/dns_priv.h"

#include <apr_poll.h>
#include <ares.h>
#include <netinet/in.h>
#include <sys/time.h>

/* Larger answers come by TCP, smaller ones fit through every network without being cut (the "DNS flag day" of 2020). */
#define DATAGRAM_SIZE 1232
#define CLASS_INTERNET 1
#define FIRST_TRY_LEAST 50000 /* microseconds */
#define STEP_LEAST 1000       /* microseconds */

/* Sockets */

static void socket_freed(edge_chore_t *chore, edge_worker_t *worker) {
    edge_worker_give(worker, EDGE_CONTAINER(chore, edge_dns_socket_t, reap), sizeof(edge_dns_socket_t));
}

static void set_timer(edge_dns_t *dns);

static void socket_ready(edge_loop_watch_t *watch, edge_worker_t *worker, int events) {
    edge_dns_socket_t *found = EDGE_CONTAINER(watch, edge_dns_socket_t, watch);
    edge_dns_t *dns = found->dns;
    bool to_read = events & (APR_POLLIN | APR_POLLERR | APR_POLLHUP), to_write = events & APR_POLLOUT;
    (void)worker;
    ares_process_fd(dns->channel.ares, to_read ? watch->fd : ARES_SOCKET_BAD, to_write ? watch->fd : ARES_SOCKET_BAD);
    set_timer(dns);
}

static edge_dns_socket_t *socket_add(edge_dns_t *dns, int fd) {
    edge_dns_socket_t *added = edge_worker_take(dns->worker, sizeof(*added));
    added->dns = dns;
    added->watch.fd = fd;
    added->watch.ready = socket_ready;
    added->reap.run = socket_freed;
    added->next = dns->channel.sockets;
    dns->channel.sockets = added;
    return added;
}

static void socket_remove(edge_dns_t *dns, edge_dns_socket_t **link) {
    edge_dns_socket_t *removed = *link;
    *link = removed->next;
    edge_loop_want(dns->worker, &removed->watch, 0);
    edge_worker_reap(dns->worker, &removed->reap);
}

/* c-ares says what it wants to hear of a socket; nothing at all: it is about to close it. */
static void socket_wants(void *context, ares_socket_t fd, int to_read, int to_write) {
    edge_dns_t *dns = context;
    edge_dns_socket_t **link = &dns->channel.sockets;
    while (*link && (*link)->watch.fd != fd)
        link = &(*link)->next;
    if (!to_read && !to_write) {
        if (*link)
            socket_remove(dns, link);
        return;
    }
    edge_dns_socket_t *found = *link ? *link : socket_add(dns, fd);
    int events = (to_read ? APR_POLLIN : 0) | (to_write ? APR_POLLOUT : 0);
    apr_status_t status = edge_loop_want(dns->worker, &found->watch, events);
    if (status != APR_SUCCESS) /* its questions end by their time */
        EDGE_LOG_STATUS(&edge_dns_log, EDGE_LOG_ERROR, 142, status, "cannot watch a socket to a name server");
}

/* Time */

static void time_passed(edge_timer_t *timer) {
    edge_dns_t *dns = EDGE_CONTAINER(timer, edge_dns_t, channel.timer);
    ares_process_fd(dns->channel.ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer(dns);
}

/* Looking for the next moment walks over all questions: so it is done when the timer has fired, not with each of them. */
static void set_timer(edge_dns_t *dns) {
    struct timeval until;
    edge_dns_channel_t *channel = &dns->channel;
    if (channel->in_flight == 0) {
        edge_timer_cancel(dns->worker, &channel->timer);
        return;
    }
    if (edge_timer_is_set(&channel->timer) || !ares_timeout(channel->ares, NULL, &until))
        return;
    edge_mono_t wait = EDGE_SECONDS((edge_mono_t)until.tv_sec) + until.tv_usec;
    channel->timer.fire = time_passed;
    edge_timer_set(dns->worker, &channel->timer, edge_clock_read().mono + (wait < STEP_LEAST ? STEP_LEAST : wait));
}

/* A fresh question may be due before those that are at a later, longer try. */
static void set_timer_for_fresh(edge_dns_t *dns) {
    edge_dns_channel_t *channel = &dns->channel;
    edge_mono_t due = edge_clock_read().mono + channel->first_try;
    if (edge_timer_is_set(&channel->timer) && channel->timer.due <= due)
        return;
    channel->timer.fire = time_passed;
    edge_timer_set(dns->worker, &channel->timer, due);
}

/* Questions */

static const char *trouble_of(int status) {
    switch (status) {
    case ARES_ETIMEOUT: return "no answer in time";
    /* Also when each has answered with SERVFAIL or REFUSED: c-ares asks the next one, and forgets why. */
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED: return "every name server failed, refused, or cannot be reached";
    case ARES_EBADRESP: return "the answer is malformed";
    case ARES_ENOTIMP:
    case ARES_EFORMERR: return "the name server does not understand the question";
    default: return ares_strerror(status);
    }
}

static void answered(void *context, int status, int timeouts, unsigned char *octets, int size) {
    edge_dns_entry_t *entry = context;
    edge_dns_t *dns = entry->dns;
    bool is_answer = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
    (void)timeouts;
    dns->channel.in_flight--;
    edge_counter_add(EDGE_C_DNS_IN_FLIGHT, -1);
    if (!is_answer || !octets || size <= 0) {
        edge_dns_settled(entry, NULL, trouble_of(status));
        return;
    }
    edge_dns_message_read(edge_span((const char *)octets, (size_t)size), entry->type, &entry->name, &dns->reading);
    edge_dns_settled(entry, &dns->reading, NULL);
}

void edge_dns_channel_send(edge_dns_t *dns, edge_dns_entry_t *entry) {
    dns->channel.in_flight++;
    edge_counter_add(EDGE_C_DNS_IN_FLIGHT, 1);
    ares_query(dns->channel.ares, entry->name.text, CLASS_INTERNET, (int)entry->type, answered, entry);
    if (dns->channel.in_flight > 0)
        set_timer_for_fresh(dns);
}

/* Opening */

#define OPTIONS (ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_SOCK_STATE_CB)

static apr_status_t status_of(int status) {
    return status == ARES_SUCCESS ? APR_SUCCESS : status == ARES_ENOMEM ? APR_ENOMEM : APR_EGENERAL;
}

/* c-ares has read what the system uses; the configuration's servers take their place. */
static int open_with(edge_dns_t *dns, edge_mono_t first_try) {
    struct ares_options options = {.flags = ARES_FLAG_EDNS,
                                   .ednspsz = DATAGRAM_SIZE,
                                   .tries = (int)dns->settings->tries,
                                   .timeout = (int)(first_try / 1000),
                                   .sock_state_cb = socket_wants,
                                   .sock_state_cb_data = dns};
    int status = ares_init_options(&dns->channel.ares, &options, OPTIONS);
    if (status == ARES_SUCCESS && *dns->settings->servers)
        status = ares_set_servers_ports_csv(dns->channel.ares, dns->settings->servers);
    return status;
}

static unsigned count_servers(edge_dns_t *dns) {
    struct ares_addr_port_node *list = NULL;
    unsigned count = 0;
    if (ares_get_servers_ports(dns->channel.ares, &list) != ARES_SUCCESS)
        return 1;
    for (struct ares_addr_port_node *at = list; at; at = at->next)
        count++;
    ares_free_data(list);
    return count ? count : 1;
}

/* c-ares asks one server after the other, and doubles the time with each round: so the first try is as long as lets all
 * rounds together last no longer than the question may take. */
static edge_mono_t first_try(const edge_dns_settings_t *settings, unsigned servers) {
    edge_mono_t rounds = ((edge_mono_t)1 << settings->tries) - 1;
    edge_mono_t time = settings->timeout / (rounds * servers), least = FIRST_TRY_LEAST;
    return time < least ? least : time;
}

apr_status_t edge_dns_channel_open(edge_dns_t *dns) {
    int status = open_with(dns, dns->settings->timeout);
    if (status == ARES_SUCCESS) {
        dns->channel.first_try = first_try(dns->settings, count_servers(dns));
        ares_destroy(dns->channel.ares);
        dns->channel.ares = NULL;
        status = open_with(dns, dns->channel.first_try);
    }
    if (status != ARES_SUCCESS) {
        EDGE_LOG(&edge_dns_log, EDGE_LOG_ERROR, 143, "the asking of name servers does not start: %s",
                 ares_strerror(status));
        if (dns->channel.ares)
            ares_destroy(dns->channel.ares);
        dns->channel.ares = NULL;
    }
    return status_of(status);
}

void edge_dns_channel_close(edge_dns_t *dns) {
    if (dns->channel.ares)
        ares_destroy(dns->channel.ares);
    dns->channel.ares = NULL;
    edge_timer_cancel(dns->worker, &dns->channel.timer);
}
