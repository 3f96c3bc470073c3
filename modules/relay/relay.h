/* What the files of mod_relay share.
 *
 *   forwarder     one for each spool with a <Handoff>: a thread that takes what is due, says when and where it is tried, and
 *                 writes down what became of it (relay_forward.c)
 *   message       leased, in the forwarder's hand until it is settled (relay_message.c)
 *   destination   where recipients go: a domain, or the next hop as a whole; how it has done lately (relay_destination.c)
 *   attempt       some recipients of a message for one destination: travels to a worker and back (relay_attempt.c)
 *   source        the message's bytes, read ahead of the worker by threads that may block (relay_source.c)
 */
#ifndef EDGE_MODULE_RELAY_H
#define EDGE_MODULE_RELAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "edge_admin.h"
#include "edge_counter.h"
#include "edge_histogram.h"
#include "edge_ipaddr.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_obj.h"
#include "edge_queue.h"
#include "edge_relay.h"
#include "edge_task.h"

extern edge_module_t relay_module;
extern edge_log_area_t relay_log;

/* Rows in mod_relay.c. */
enum relay_counter {
    RELAY_C_ATTEMPTS,
    RELAY_C_DONE,
    RELAY_C_DEFERRED,
    RELAY_C_FAILED,
    RELAY_C_EXPIRED,
    RELAY_C_NOTICES,
    RELAY_C_CONNECTIONS,
    RELAY_C_REUSED,
    RELAY_C_ENCRYPTED,
    RELAY_C_VERIFIED,
    RELAY_C_TLS_FAILED,
    RELAY_C_IN_CLEAR,
    RELAY_C_IN_FLIGHT,
    RELAY_C_ASKED,
    RELAY_C_ASKED_REFUSED,
    RELAY_C_REMEMBERED,
    RELAY_C_NOT_ASKED,
    RELAY_C_FELL_BACK,
    RELAY_C_CONVERTED,
    RELAY_C_HOLDS
};

static inline void relay_count(enum relay_counter counter, int64_t amount) {
    edge_counter_add(relay_module.first_counter + counter, amount);
}

/* What is written in a <Handoff> (mod_relay.c, relay_conf.c) */

#define RELAY_RETRIES_MOST 16u
#define RELAY_ADDRESSES_MOST 16u

typedef struct relay_address {
    edge_span_t text; /* as written; NUL behind it */
    edge_span_t host; /* a name that is looked up; absent: `address` or `path` is it */
    edge_ipaddr_t address;
    uint16_t port;
    const char *path; /* of a unix socket; NULL */
} relay_address_t;

typedef struct relay_times {
    edge_mono_t connect, greeting, command, data, end, idle;
} relay_times_t;

typedef enum relay_encrypt {
    RELAY_ENCRYPT_UNSAID, /* opportunistic for SMTP where there is TLS, else off */
    RELAY_ENCRYPT_OFF,
    RELAY_ENCRYPT_OPPORTUNISTIC,
    RELAY_ENCRYPT_REQUIRED,
    RELAY_ENCRYPT_VERIFIED
} relay_encrypt_t;

typedef struct relay_conf {
    edge_span_t protocol;
    edge_mono_t retries[RELAY_RETRIES_MOST];
    unsigned retry_count;
    edge_mono_t expire, delay_notice;
    bool bounce;
    uint64_t bounce_return;
    uint32_t in_flight, connections, in_hand;
    /* of SMTP and LMTP */
    relay_address_t addresses[RELAY_ADDRESSES_MOST];
    unsigned address_count;
    uint32_t port; /* of hosts that MX records name */
    relay_times_t times;
    relay_encrypt_t encrypt;
    bool encrypt_at_once;            /* no STARTTLS: the handshake is the first that is said */
    edge_span_t encrypt_name;        /* whom the certificate has to name; absent: the host as it is found */
    edge_span_t authorities;         /* TLSCA; absent: the system's */
    edge_span_t certificate, key;    /* ours; absent: none */
    edge_span_t user, password_file; /* AUTH; absent: none */
    edge_span_t hello, local_address;
    edge_ipaddr_t local;
} relay_conf_t;

/* In a <Queue>. */
typedef struct relay_queue_conf {
    edge_span_t relay;                    /* the name of a <Handoff> */
    edge_span_t fallback;                 /* the name of another queue */
    const edge_section_t *fallback_queue; /* found while checking */
} relay_queue_conf_t;

/* In the server. */
typedef struct relay_server_conf {
    edge_span_t holds; /* the file of holds */
} relay_server_conf_t;

extern const edge_directive_t relay_directives[];

/* The first <Handoff> of a queue, the next from this section on, the one of that name (relay_handoff.c); NULL: none. */
const edge_section_t *relay_handoff_of(const edge_section_t *queue);
const edge_section_t *relay_handoff_next(const edge_section_t *section);
const edge_section_t *relay_handoff_named(const edge_section_t *queue, edge_span_t name);

/* Figures of a next hop (relay_figures.c): counters with its name as label. Any thread. */
#define RELAY_RESULTS 5u
#define RELAY_TROUBLE_SIZE 300u
typedef struct relay_figures relay_figures_t;
struct relay_figures {
    const edge_section_t *handoff;
    const char *backend;                             /* its name among all */
    unsigned attempts[RELAY_RESULTS], in_flight, up; /* 1-based slots */
    edge_histogram_t duration;
    _Atomic bool works;
    pthread_mutex_t lock; /* of the last trouble */
    char trouble[RELAY_TROUBLE_SIZE];
    apr_time_t trouble_at; /* 0: there was none */
    relay_figures_t *next;
};
extern const char *const relay_figures_results[RELAY_RESULTS];
/* While queues are opened and modules started; they stay until the process ends. */
void relay_figures_make(relay_figures_t *figures, const edge_section_t *handoff, apr_pool_t *pool);
void relay_figures_works(relay_figures_t *figures, bool works);
void relay_figures_begun(const relay_figures_t *figures);
void relay_figures_ended(relay_figures_t *figures, const edge_delivery_t *delivery, edge_mono_t took);
/* The first of all; the others by `next`. */
relay_figures_t *relay_figures_first(void);
relay_figures_t *relay_figures_named(edge_span_t backend);

/* When to try again (relay_schedule.c): pure. `random` is any number. */
edge_mono_t relay_schedule_delay(const edge_mono_t *retries, unsigned count, uint32_t attempts, uint32_t random);

/* Destinations (relay_destination.c): pure but for memory; the forwarder's thread */

typedef struct relay_attempt relay_attempt_t;
typedef struct relay_destination relay_destination_t;

struct relay_destination {
    char *name; /* a domain; "" where all goes one way */
    size_t name_len;
    relay_destination_t *next_named;      /* of the table */
    relay_destination_t *next, *previous; /* of the ring of those with attempts waiting; NULL: none */
    relay_attempt_t *waiting, **waiting_end;
    unsigned waiting_count, in_flight;
    unsigned failures;        /* of the host, one after the other */
    edge_mono_t closed_until; /* it is left alone until then */
    edge_mono_t worked_at;    /* the last attempt that brought an answer began then */
    char *trouble;            /* why it is left alone; NULL */
    apr_time_t failed_at;     /* when that was found; 0 */
};

typedef struct relay_destinations {
    relay_destination_t *table[1024];
    relay_destination_t *ring; /* the next one to be served */
    unsigned count, waiting;
} relay_destinations_t;

relay_destination_t *relay_destination_find(relay_destinations_t *all, edge_span_t name);
/* The attempt waits behind the others for its destination. */
void relay_destination_add(relay_destinations_t *all, relay_destination_t *destination, relay_attempt_t *attempt);
/* The next attempt that may begin, fair among destinations: NULL: none may. `most` bounds each destination; one in trouble is
 * asked by one attempt at a time. */
relay_attempt_t *relay_destination_next(relay_destinations_t *all, unsigned most, edge_mono_t now);
/* Takes off all that waits for it. */
relay_attempt_t *relay_destination_empty(relay_destinations_t *all, relay_destination_t *destination);
static inline bool relay_destination_is_closed(const relay_destination_t *destination, edge_mono_t now) {
    return destination->closed_until > now;
}
void relay_destination_worked(relay_destination_t *destination, edge_mono_t began);
/* False: another attempt, begun later, has worked meanwhile. */
bool relay_destination_failed(relay_destination_t *destination, edge_mono_t began, edge_mono_t until, edge_span_t why);
/* Forgets all troubles. */
void relay_destinations_open(relay_destinations_t *all);
/* Frees those of which nothing is known that matters. */
void relay_destinations_sweep(relay_destinations_t *all, edge_mono_t now);
void relay_destinations_free(relay_destinations_t *all);

/* Sources (relay_source.c) */

typedef struct relay_source relay_source_t;

/* Opens the message and reads its first block; where that may block. NULL: it cannot be read. */
relay_source_t *relay_source_open(edge_queue_t *queue, edge_uuid_t id, uint64_t size, edge_task_pool_t *readers);
/* On the worker, before it is used there. */
edge_source_t *relay_source_use(relay_source_t *source, edge_worker_t *worker);
/* On the worker: nobody looks any more. `rested` is called once, at once or when a read that is under way is over. */
void relay_source_rest(relay_source_t *source, void (*rested)(void *context), void *context);
/* Where that may block; it rests, or was never used. */
void relay_source_close(relay_source_t *source);
/* One without an octet, for a message that cannot be read. */
relay_source_t *relay_source_nothing(void);

/* Messages and attempts */

typedef struct relay_forwarder relay_forwarder_t;
typedef struct relay_message relay_message_t;

struct relay_attempt {
    edge_letter_t letter;
    edge_delivery_t delivery;
    relay_forwarder_t *forwarder;
    relay_message_t *message;
    relay_destination_t *destination;
    relay_source_t *source;
    relay_attempt_t *next;             /* in a list of the forwarder's */
    relay_attempt_t *sibling;          /* of the same message */
    relay_attempt_t *follower, **link; /* among those on the worker */
    apr_pool_t *pool;                  /* of its own; NULL: the message's */
    edge_mono_t began;                 /* 0: never */
    bool cancelled;
    bool asked; /* its next hop was, by it, or by another while it waited */
};

struct relay_message {
    edge_queue_lease_t lease;
    relay_message_t *next;
    relay_attempt_t *attempts;        /* all of them, by `sibling` */
    unsigned open;                    /* attempts that have no results yet */
    bool tried;                       /* a next hop was asked */
    bool crowded;                     /* too many wait for its destination, or it is held */
    const edge_relay_result_t **said; /* by recipient of the envelope; NULL: nothing, or nothing new */
    bool *asked;                      /* by recipient, as of its attempt */
    edge_mono_t not_before;           /* a host in trouble is left alone until then */
    apr_time_t held;                  /* some of its recipients are, until then; 0 */
    edge_queue_settling_t settling;
    struct relay_notice *notice; /* to its sender; NULL */
    relay_source_t *original;    /* for that */
    edge_letter_t letter;
    relay_forwarder_t *forwarder;
};

/* Divides the waiting recipients among attempts by destination, `most` of them to an attempt; in the lease's pool. Nothing
 * waits for a destination yet. */
relay_message_t *relay_message_make(const edge_queue_lease_t *lease, relay_forwarder_t *forwarder,
                                    relay_destinations_t *destinations, unsigned most);
/* The domain of a mailbox in small letters, in `pool`; "" when it has none. */
edge_span_t relay_message_domain(edge_span_t mailbox, apr_pool_t *pool);
/* Takes the results of an attempt over. */
void relay_message_take(relay_message_t *message, const relay_attempt_t *attempt);
/* An operator has given it up: every recipient that waits has failed, and nothing is tried. */
void relay_message_give_up(relay_message_t *message);
/* The same result for all of the attempt's recipients. */
void relay_attempt_result(relay_attempt_t *attempt, edge_relay_result_t result);
/* Makes `settling` of what was said: what is deferred at `expires` has failed if its next hop was asked. False: there is
 * nothing to be written down. */
bool relay_message_settle(relay_message_t *message, apr_time_t now, apr_time_t expires, apr_time_t next);
/* After that: the notice that is due to the sender, or NULL. */
struct relay_notice *relay_message_notice(const relay_message_t *message, apr_time_t now, apr_time_t expires);
/* The notice could not be stored: who would have heard of a failure by it has only been deferred. */
void relay_message_unfail(relay_message_t *message);
/* A text that was kept, as the host that said it (absent: it is ours) and its words. */
void relay_message_split(edge_span_t text, edge_span_t *remote, edge_span_t *reply);
/* The text kept of a reply: "HOST said: 550 5.1.1 text", or "451 4.4.1 text" of our own. In `pool`. */
edge_span_t relay_message_text(const edge_relay_result_t *result, apr_pool_t *pool);
/* Our own words as a result. */
edge_relay_result_t relay_result_own(edge_relay_outcome_t outcome, edge_relay_blame_t blame, unsigned code,
                                     unsigned subject, unsigned detail, edge_span_t text);

/* On workers (relay_attempt.c) */
apr_status_t relay_attempts_worker_start(edge_worker_t *worker);
/* Sends it to a worker; it comes back by relay_forwarder_returned. */
void relay_attempt_send(relay_attempt_t *attempt, edge_worker_t *worker);
/* All attempts of that forwarder on all workers come back soon, cancelled. */
void relay_attempts_cancel(relay_forwarder_t *forwarder);

/* Forwarders (relay_forward.c) */

struct relay_forwarder {
    edge_queue_t *queue;
    const edge_relay_t *relay;
    const relay_conf_t *conf;
    edge_task_pool_t *readers;
    relay_forwarder_t *next;
    pthread_t thread;
    pthread_mutex_t lock; /* of woken, flushed, returned and noticed */
    pthread_cond_t wake;
    bool woken, flushed;
    relay_attempt_t *returned;
    relay_message_t *noticed;
    _Atomic bool draining, giving_up, ended;
    _Atomic unsigned in_flight;
    /* The thread's own from here on. */
    relay_destinations_t destinations;
    relay_message_t *finished; /* to be settled */
    unsigned in_hand;
    unsigned turn_of; /* the worker that gets the next attempt */
    edge_mono_t sweep_at;
    uint32_t random;
    bool cancelled;
    bool stopped; /* a hold stopped all of it, at the last look */
    relay_figures_t figures;
};

apr_status_t relay_forwarder_start(relay_forwarder_t *forwarder, apr_pool_t *pool);
/* Any thread: an attempt has ended on its worker. */
void relay_forwarder_returned(relay_forwarder_t *forwarder, relay_attempt_t *attempt);
/* On a worker: the message's notice is stored, or cannot be. */
void relay_forwarder_noticed(relay_forwarder_t *forwarder, relay_message_t *message);
/* True: it has ended. */
bool relay_forwarder_drain(relay_forwarder_t *forwarder, bool now);
void relay_forwarder_join(relay_forwarder_t *forwarder);
/* An edge_queue_give_up_t. */
apr_status_t relay_forwarder_give_up(edge_queue_t *queue, edge_uuid_t id);
/* Any thread: holds have changed. */
void relay_forwarder_look(relay_forwarder_t *forwarder);
/* All is due at once, and no destination is left alone. */
void relay_forwarder_flush(relay_forwarder_t *forwarder);

/* Threads that may block. */
edge_task_pool_t *relay_readers(void);
/* The first of all; the others by `next`. */
relay_forwarder_t *relay_forwarder_first(void);

/* Admin (relay_admin.c) */
extern const edge_admin_route_t relay_routes[];

/* SMTP and LMTP as next hops */
extern const edge_relay_provider_t relay_smtp, relay_lmtp;
apr_status_t relay_smtp_worker_start(edge_worker_t *worker);
void relay_smtp_worker_stop(edge_worker_t *worker);

#endif
