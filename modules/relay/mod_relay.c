/*
 * Hand-off: what is in a spool goes on to a next hop.
 *
 *     <Queue main>
 *         Spool  spool/main
 *         <Handoff inside>
 *             Protocol smtp
 *             Address  127.0.0.1:2526
 *             Retry    1m 5m 30m 2h
 *             Expire   5d
 *         </Handoff>
 *     </Queue>
 */
#include "recipient_ask.h"
#include "relay.h"
#include "relay_conf.h"
#include "relay_hold.h"
#include "relay_proxy.h"

EDGE_LOG_AREA(relay_log, "relay")

#define READERS 4u
#define READS_MOST 65536u

static relay_forwarder_t *forwarders;
static edge_task_pool_t *readers;

edge_task_pool_t *relay_readers(void) { return readers; }
relay_forwarder_t *relay_forwarder_first(void) { return forwarders; }

/* Life */

static apr_status_t start_forwarder(edge_queue_t *queue, const edge_relay_t *relay, apr_pool_t *pool) {
    relay_forwarder_t *forwarder = apr_pcalloc(pool, sizeof(*forwarder));
    forwarder->queue = queue;
    forwarder->relay = relay;
    forwarder->conf = edge_section_conf(relay->section, &relay_module);
    forwarder->readers = readers;
    apr_status_t status = relay_forwarder_start(forwarder, pool);
    if (status == APR_SUCCESS) {
        forwarder->next = forwarders;
        forwarders = forwarder;
    }
    return status;
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const relay_server_conf_t *conf = edge_section_conf(edge_snapshot_server(snapshot), &relay_module);
    apr_status_t status = relay_holds_open(conf->holds.at);
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section && status == APR_SUCCESS;
         section = section->next) {
        const edge_section_t *handoff = section->scope == EDGE_SCOPE_QUEUE ? relay_handoff_of(section) : NULL;
        edge_queue_t *queue = section->instance;
        if (!handoff || !queue)
            continue;
        if (!readers)
            status = edge_task_pool_start(&readers, "readers", READERS, READS_MOST);
        relay_proxy_use(readers);
        if (status == APR_SUCCESS && queue->provider->lease)
            status = start_forwarder(queue, handoff->instance, pool);
    }
    return status;
}

static bool drain(bool now) {
    bool ended = relay_proxy_under_way(now) == 0;
    for (relay_forwarder_t *forwarder = forwarders; forwarder; forwarder = forwarder->next)
        ended = relay_forwarder_drain(forwarder, now) && ended;
    return ended;
}

static void stop(void) {
    for (relay_forwarder_t *forwarder = forwarders; forwarder; forwarder = forwarder->next)
        relay_forwarder_join(forwarder);
    forwarders = NULL;
    if (readers)
        edge_task_pool_stop(readers);
    readers = NULL;
    relay_holds_close();
}

static apr_status_t worker_start(edge_worker_t *worker) {
    apr_status_t status = relay_attempts_worker_start(worker);
    if (status == APR_SUCCESS)
        status = relay_proxy_worker_start(worker);
    return status == APR_SUCCESS ? relay_smtp_worker_start(worker) : status;
}

/* Rows */

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(relay_server_conf_t)},
    {EDGE_SCOPE_HANDOFF, sizeof(relay_conf_t)},
    {EDGE_SCOPE_QUEUE, sizeof(relay_queue_conf_t)},
    {EDGE_SCOPE_VALIDATOR, sizeof(recipient_conf_t)},
    {0, 0},
};

#define SLOT(member) offsetof(relay_conf_t, member)
#define ASK_SLOT(member) offsetof(recipient_conf_t, member)

static const char *const of_smtp[] = {"smtp", NULL}, *const of_smtp_and_lmtp[] = {"smtp", "lmtp", NULL};

const edge_directive_t relay_directives[] = {
    {.name = "QueueHolds",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_PATH,
     .slot = offsetof(relay_server_conf_t, holds),
     .initial = "state/holds.json",
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "Where it is kept which hand-offs are stopped (edgectl queue holds), so that they stay so over a restart. "
         "The server writes this file."},
    {.name = "Relay",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(relay_queue_conf_t, relay),
     .when = EDGE_WHEN_RELOAD,
     .usage = "HANDOFF",
     .prose =
         "Makes the queue one that stores nothing: the client's end of data waits for this next hop, and its reply "
         "becomes the client's."},
    {.name = "RelayFallback",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(relay_queue_conf_t, fallback),
     .when = EDGE_WHEN_RELOAD,
     .usage = "QUEUE",
     .prose = "A queue with a Spool that takes what the next hop of Relay cannot be asked about, because it cannot be "
              "reached or does not answer; the client hears that queue's answer. Without it the answer is 451 4.4.1."},
    {.name = "Protocol",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(protocol),
     .when = EDGE_WHEN_RELOAD,
     .usage = "smtp | lmtp | NAME",
     .prose = "How the next hop is spoken to; modules may bring further ones."},
    {.name = "Address",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_CUSTOM,
     .set = relay_conf_address,
     .when = EDGE_WHEN_RELOAD,
     .usage = "HOST:PORT | ADDRESS:PORT | unix:PATH ...",
     .prose = "Where the next hop listens (SMTP, LMTP). Several are used in turn; when one fails, the next is tried. "
              "Without "
              "it SMTP goes to the hosts that the MX records of each recipient's domain name."},
    {.name = "Port",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(port),
     .initial = "25",
     .min = 1,
     .max = 65535,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "The port of hosts that MX records name."},
    {.name = "Retry",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_CUSTOM,
     .set = relay_conf_retry,
     .initial = "1m 5m 30m 2h",
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION ...",
     .prose =
         "How long a message waits after its first, second ... attempt; the last one holds for all that follow. Each "
         "wait differs by up to a tenth. A next hop that cannot be reached is left alone for the same times."},
    {.name = "Expire",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(expire),
     .initial = "5d",
     .min = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose =
         "How long after its arrival a message is given up, and its sender told: at the first attempt, the last one, "
         "that is in vain then. What is held does not grow too old; it is tried when the hold is over."},
    {.name = "DelayNotice",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(delay_notice),
     .initial = "none",
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION | none",
     .prose = "How long after its arrival the sender of a message is told, once, that it is still on its way."},
    {.name = "Bounce",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(bounce),
     .initial = "on",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose =
         "Whether senders are told by a notice what became of their messages. With off nobody is told anything: DSN is "
         "not offered, and what cannot be delivered is gone but for its line in the log."},
    {.name = "BounceReturn",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_SIZE,
     .slot = SLOT(bounce_return),
     .initial = "64K",
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE | none",
     .prose =
         "The longest message that comes back whole when it cannot be delivered; of a longer one, and with none of "
         "each, the headers. RET=HDRS of the client asks for headers only."},
    {.name = "Connections",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(connections),
     .initial = "20",
     .min = 1,
     .max = 10000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose =
         "Deliveries at a time to one destination: a domain, or the next hop as a whole where Address is written."},
    {.name = "InFlight",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(in_flight),
     .initial = "200",
     .min = 1,
     .max = 100000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Deliveries at a time of the whole queue."},
    {.name = "InHand",
     .scopes = EDGE_IN(HANDOFF),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(in_hand),
     .initial = "2000",
     .min = 1,
     .max = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Messages whose envelopes are in memory because they are being delivered or about to be."},
    {.name = "HelloName",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(hello),
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "The name said in EHLO; ServerName when it is not written."},
    {.name = "LocalAddress",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_CUSTOM,
     .set = relay_conf_local,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS",
     .prose = "The address that connections come from; the system's choice when it is not written."},
    {.name = "TLS",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_CUSTOM,
     .set = relay_conf_encrypt,
     .words = relay_conf_encrypt_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "off | opportunistic | required | verify [immediate] [name=HOST]",
     .prose =
         "How connections to the next hop are encrypted (SMTP, LMTP). opportunistic: by STARTTLS where it is offered; "
         "where the handshake fails, once more in clear text; certificates are not judged. required: no message goes "
         "in clear text. verify: required, and the certificate is signed by an authority that is believed and names "
         "the host, or HOST. immediate: the handshake comes first, as on port 465. Not written, it is opportunistic "
         "for SMTP when mod_tls is loaded, else off."},
    {.name = "TLSCA",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(authorities),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "Certificates in PEM form of the authorities that are believed with TLS verify, in place of the "
              "system's. Read when the configuration is loaded."},
    {.name = "TLSCertificate",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(certificate),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "Our own certificate in PEM form, with the intermediate ones behind it, for a next hop that asks for one. "
         "Read when the configuration is loaded."},
    {.name = "TLSCertificateKey",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(key),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "The key of TLSCertificate. Only root need be able to read it."},
    {.name = "AuthUser",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(user),
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "The name said to the next hop of Address in AUTH by the strongest of SCRAM-SHA-256-PLUS, SCRAM-SHA-256, "
              "PLAIN and LOGIN that it offers, with the password in AuthPasswordFile. "
              "By the latter two it is not said in clear text but to this machine itself."},
    {.name = "AuthPasswordFile",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(password_file),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "A file whose only line is the password of AuthUser. Read when the configuration is loaded."},
    {.name = "HopTimeout",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_smtp_and_lmtp,
     .type = EDGE_CONF_CUSTOM,
     .set = relay_conf_times,
     .initial = "connect=30s greeting=5m command=5m data=3m end=10m idle=5s",
     .words = relay_conf_time_names,
     .when = EDGE_WHEN_RELOAD,
     .usage = "KEY=DURATION ...",
     .prose =
         "How long is waited: for a connection and a handshake; for the greeting; for the answer to a command; for the "
         "next hop to read on; for its answer to a message (RFC 5321 4.5.3.2); and how long a connection is kept open "
         "for the next message."},
    {.name = "NextHopOf",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_TEXT,
     .slot = ASK_SLOT(queue),
     .when = EDGE_WHEN_RELOAD,
     .usage = "QUEUE",
     .prose = "The queue whose next hop is asked whether it would take a recipient. It has an Address and speaks SMTP "
              "or LMTP."},
    {.name = "Remember",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = recipient_conf_remember,
     .initial = "taken=1h refused=5m most=10000",
     .words = recipient_remember_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "[taken=DURATION] [refused=DURATION] [most=NUMBER]",
     .prose = "How long the next hop is not asked again about a recipient that it would take, and one that it has "
              "refused with 5xx; none: it is asked each time. Of more addresses than NUMBER those that would be "
              "forgotten first go. A reload forgets all."},
    {.name = "Wait",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_DURATION,
     .slot = ASK_SLOT(wait),
     .initial = "5s",
     .min = 50000,
     .max = 60000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose = "How long the next hop has to answer; then it counts as down. Keep it below Timeout."},
    {.name = "WhenDown",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = ASK_SLOT(when_down),
     .initial = "tempfail",
     .words = recipient_down_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "tempfail | pass",
     .prose = "What becomes of recipients while the next hop cannot be asked: 451 4.4.1, or they are taken unseen. It "
              "is tried again after five seconds."},
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [RELAY_C_ATTEMPTS] = {"relay_attempts_total", EDGE_COUNTER_TOTAL, "Deliveries begun."},
    [RELAY_C_DONE] = {"relay_recipients_done_total", EDGE_COUNTER_TOTAL, "Recipients that a next hop took."},
    [RELAY_C_DEFERRED] = {"relay_recipients_deferred_total", EDGE_COUNTER_TOTAL,
                          "Recipients that are to be tried again."},
    [RELAY_C_FAILED] = {"relay_recipients_failed_total", EDGE_COUNTER_TOTAL,
                        "Recipients that a next hop refused for good."},
    [RELAY_C_EXPIRED] = {"relay_recipients_expired_total", EDGE_COUNTER_TOTAL,
                         "Recipients given up because Expire was over."},
    [RELAY_C_NOTICES] = {"relay_notices_total", EDGE_COUNTER_TOTAL, "Notices to senders, put into the queue."},
    [RELAY_C_CONNECTIONS] = {"relay_connections_total", EDGE_COUNTER_TOTAL, "Connections begun to next hops."},
    [RELAY_C_REUSED] = {"relay_connections_reused_total", EDGE_COUNTER_TOTAL,
                        "Deliveries over a connection that another had opened."},
    [RELAY_C_ENCRYPTED] = {"relay_tls_connections_total", EDGE_COUNTER_TOTAL, "Connections to next hops under TLS."},
    [RELAY_C_VERIFIED] = {"relay_tls_verified_total", EDGE_COUNTER_TOTAL,
                          "Connections under TLS whose certificate is believed and names the next hop."},
    [RELAY_C_TLS_FAILED] = {"relay_tls_failed_total", EDGE_COUNTER_TOTAL,
                            "Handshakes with next hops that failed or were not done in time."},
    [RELAY_C_IN_CLEAR] = {"relay_tls_fallbacks_total", EDGE_COUNTER_TOTAL,
                          "Connections in clear text because a handshake had failed (TLS opportunistic)."},
    [RELAY_C_IN_FLIGHT] = {"relay_in_flight", EDGE_COUNTER_GAUGE, "Deliveries under way now."},
    [RELAY_C_ASKED] = {"relay_asked_total", EDGE_COUNTER_TOTAL, "Questions to next hops about a recipient."},
    [RELAY_C_ASKED_REFUSED] = {"relay_asked_refused_total", EDGE_COUNTER_TOTAL,
                               "Recipients refused because the next hop, asked about them, refuses them."},
    [RELAY_C_REMEMBERED] = {"relay_asked_remembered_total", EDGE_COUNTER_TOTAL,
                            "Recipients about whom the next hop was not asked because its answer was remembered."},
    [RELAY_C_NOT_ASKED] = {"relay_asked_down_total", EDGE_COUNTER_TOTAL,
                           "Recipients about whom the next hop could not be asked."},
    [RELAY_C_FELL_BACK] = {"relay_fallbacks_total", EDGE_COUNTER_TOTAL,
                           "Messages put into the queue of RelayFallback because the next hop could not take them."},
    [RELAY_C_CONVERTED] = {"relay_converted_total", EDGE_COUNTER_TOTAL,
                           "Deliveries whose content was encoded because the next hop does not take it as it is."},
    [RELAY_C_HOLDS] = {"queue_holds", EDGE_COUNTER_GAUGE, "Holds of hand-off that an operator has set."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_provider_row_t providers[] = {
    {"handoff", "smtp", &relay_smtp, "SMTP to fixed hosts or by MX records."},
    {"handoff", "lmtp", &relay_lmtp, "LMTP to fixed hosts or a unix socket."},
    {"queue", "relay", &relay_proxy, "A queue that stores nothing: a proxy to the next hop."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(relay) = {
    .summary = "hands messages on to a next hop",
    .structs = structs,
    .directives = relay_directives,
    .counters = counters,
    .checks = recipient_checks,
    .providers = providers,
    .routes = relay_routes,
    .check = relay_conf_check,
    .start = start,
    .drain = drain,
    .stop = stop,
    .worker_start = worker_start,
    .worker_stop = relay_smtp_worker_stop,
};
