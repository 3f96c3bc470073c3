/* Asks the next hop about a recipient, by a delivery that brings no message. */
#include "recipient_ask.h"

#include "edge_obj.h"
#include "edge_session.h"
#include "edge_timer.h"
#include "relay_log.h"

#define DOWN_PAUSE EDGE_SECONDS(5) /* for all recipients, after one could not be asked about */

static const unsigned first_recipient = 0;

/* A question that is open. */
typedef struct asking {
    edge_delivery_t delivery;
    edge_relay_result_t result;
    edge_envelope_t envelope;
    edge_recipient_t recipient;
    edge_ticket_t ticket;
    edge_timer_t timer;
    bool open;
} asking_t;

/* The end */

static void close_question(asking_t *asking) {
    edge_timer_cancel(asking->delivery.worker, &asking->timer);
    asking->open = false;
}

static apr_status_t given_up(void *context) {
    asking_t *asking = context;
    if (asking->open)
        asking->delivery.relay->provider->cancel(&asking->delivery);
    close_question(asking);
    return APR_SUCCESS;
}

static void answered(edge_delivery_t *delivery) {
    asking_t *asking = EDGE_CONTAINER(delivery, asking_t, delivery);
    close_question(asking);
    edge_ticket_resume(asking->ticket, (edge_result_t){APR_SUCCESS, 0, NULL});
}

static void too_long(edge_timer_t *timer) {
    asking_t *asking = EDGE_CONTAINER(timer, asking_t, timer);
    asking->delivery.relay->provider->cancel(&asking->delivery);
    asking->result =
        relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 1, edge_span_of("no answer came in time"));
    answered(&asking->delivery);
}

/* What it means */

static edge_check_answer_t is_down(const edge_check_call_t *call, const edge_relay_result_t *why, edge_reply_t *reply) {
    const recipient_conf_t *conf = call->conf;
    relay_count(RELAY_C_NOT_ASKED, 1);
    if (why)
        relay_log_not_asked(conf->relay->name, call->argument, why, call->pool);
    if (conf->when_down == RECIPIENT_DOWN_PASS)
        return EDGE_CHECK_PASS;
    edge_reply_set(reply, 451, edge_span_of("4.4.1"), edge_span_of("The next hop cannot be reached, try again later"));
    return EDGE_CHECK_REPLY;
}

/* As it came: its lines are not ours to fill in. */
static edge_check_answer_t refuse(const edge_reply_t *said, edge_reply_t *reply) {
    edge_reply_t taken = *said;
    taken.source = reply->source;
    taken.literal = taken.utf8 = true;
    *reply = taken;
    return EDGE_CHECK_REPLY;
}

static void remember(const edge_check_call_t *call, edge_mono_t now, const edge_relay_result_t *result) {
    const recipient_conf_t *conf = call->conf;
    if (result->outcome == EDGE_RELAY_DONE)
        recipient_memory_keep(conf->memory, call->argument, now, now + conf->taken, NULL);
    else if (result->outcome == EDGE_RELAY_FAILED && result->remote.len > 0)
        recipient_memory_keep(conf->memory, call->argument, now, now + conf->refused, &result->reply);
}

static edge_check_answer_t judge(const edge_check_call_t *call, const asking_t *asking, edge_reply_t *reply) {
    const recipient_conf_t *conf = call->conf;
    const edge_relay_result_t *result = &asking->result;
    edge_mono_t now = edge_worker_clock(asking->delivery.worker).mono;
    remember(call, now, result);
    if (result->outcome == EDGE_RELAY_DONE)
        return EDGE_CHECK_PASS;
    if (result->outcome == EDGE_RELAY_DEFERRED && result->blame == EDGE_RELAY_HOST)
        atomic_store(conf->down_until, now + DOWN_PAUSE);
    if (result->outcome == EDGE_RELAY_DEFERRED && (result->blame == EDGE_RELAY_HOST || result->remote.len == 0))
        return is_down(call, result, reply);
    relay_count(RELAY_C_ASKED_REFUSED, 1);
    return refuse(&result->reply, reply);
}

static edge_check_answer_t resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    const asking_t *asking = *call->kept;
    if (result.status != APR_SUCCESS)
        return EDGE_CHECK_ERROR;
    return judge(call, asking, reply);
}

/* Asking */

/* The sender is nobody: an answer that hangs on who it is could not be remembered. */
static void fill(asking_t *asking, const edge_check_call_t *call) {
    const recipient_conf_t *conf = call->conf;
    asking->recipient.address = call->argument;
    asking->envelope.sender = edge_span("", 0);
    asking->envelope.recipients = &asking->recipient;
    asking->envelope.recipient_count = 1;
    for (size_t i = 0; i < call->argument.len; i++)
        if ((unsigned char)call->argument.at[i] > 0x7f)
            asking->envelope.needs = EDGE_CARRIES_SMTPUTF8;
    asking->delivery = (edge_delivery_t){.relay = conf->relay,
                                         .worker = edge_conn_worker(call->session->conn),
                                         .pool = call->pool,
                                         .envelope = &asking->envelope,
                                         .recipients = &first_recipient,
                                         .count = 1,
                                         .results = &asking->result,
                                         .finished = answered};
}

static edge_check_answer_t ask(const edge_check_call_t *call, edge_mono_t now) {
    const recipient_conf_t *conf = call->conf;
    asking_t *asking = apr_pcalloc(call->pool, sizeof(*asking));
    fill(asking, call);
    *call->kept = asking;
    asking->ticket = edge_check_wait(call);
    asking->open = true;
    asking->timer.fire = too_long;
    edge_timer_set(asking->delivery.worker, &asking->timer, now + conf->wait);
    apr_pool_cleanup_register(call->pool, asking, given_up, apr_pool_cleanup_null);
    relay_count(RELAY_C_ASKED, 1);
    conf->relay->provider->deliver(&asking->delivery);
    return EDGE_CHECK_WAIT;
}

static edge_check_answer_t check(const edge_check_call_t *call, edge_reply_t *reply) {
    const recipient_conf_t *conf = call->conf;
    edge_mono_t now = edge_worker_clock(edge_conn_worker(call->session->conn)).mono;
    edge_reply_t said;
    switch (recipient_memory_find(conf->memory, call->argument, now, &said, call->pool)) {
    case RECIPIENT_TAKEN: relay_count(RELAY_C_REMEMBERED, 1); return EDGE_CHECK_PASS;
    case RECIPIENT_REFUSED: relay_count(RELAY_C_REMEMBERED, 1); return refuse(&said, reply);
    case RECIPIENT_NOT_KNOWN: break;
    }
    return atomic_load(conf->down_until) > now ? is_down(call, NULL, reply) : ask(call, now);
}

const edge_check_row_t recipient_checks[] = {
    {.phase = EDGE_PHASE_RCPT,
     .name = "next-hop",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .resumed = resumed,
     .prose = "Asks the next hop whether it would take the recipient; its refusal is the client's, as it came."},
    {.name = NULL},
};

/* Settings */

const char *const recipient_down_words[] = {"tempfail", "pass", NULL};
const char *const recipient_remember_words[] = {"taken", "refused", "most", NULL};

static bool read_remember(const edge_conf_line_t *line, unsigned at, recipient_conf_t *conf) {
    edge_span_t key, value, none = edge_span_of("none");
    if (!edge_conf_split_pair(line->arguments[at].text, &key, &value))
        return false;
    if (edge_span_equal_nocase(key, edge_span_of("most")))
        return edge_span_number(value, &conf->most) && conf->most >= 8 && conf->most <= 10000000;
    edge_mono_t *time = edge_span_equal_nocase(key, edge_span_of("taken"))     ? &conf->taken
                        : edge_span_equal_nocase(key, edge_span_of("refused")) ? &conf->refused
                                                                               : NULL;
    if (time && edge_span_equal_nocase(value, none)) {
        *time = 0;
        return true;
    }
    return time && edge_conf_parse_duration(value, time) && *time >= EDGE_SECONDS(1) &&
           *time <= EDGE_SECONDS(7 * 86400);
}

static edge_keyed_hash_t random_key(void) {
    edge_keyed_hash_t key = {{0, 0}};
    apr_status_t status = apr_generate_random_bytes((unsigned char *)key.bits, sizeof(key.bits));
    EDGE_ASSERT(status == APR_SUCCESS);
    return key;
}

bool recipient_conf_remember(const edge_conf_line_t *line, void *to) {
    recipient_conf_t *conf = to;
    for (unsigned i = 0; i < line->count; i++)
        if (!read_remember(line, i, conf)) {
            edge_conf_error(line, i, "EDG10962",
                            "\"%s\" is nothing to remember by: write taken= or refused= with none or 1s to 7d, or "
                            "most= with 8 to 10000000 addresses",
                            line->arguments[i].text.at);
            return false;
        }
    conf->memory = recipient_memory_make((unsigned)conf->most, random_key(), line->pool);
    conf->down_until = apr_pcalloc(line->pool, sizeof(*conf->down_until));
    return true;
}

/* NULL after a report. */
static const edge_relay_t *find_relay(edge_conf_check_t *check, const edge_snapshot_t *snapshot,
                                      const edge_section_t *validator, const recipient_conf_t *conf) {
    const edge_section_t *queue = edge_snapshot_find(snapshot, EDGE_SCOPE_QUEUE, conf->queue);
    const edge_section_t *handoff = queue ? relay_handoff_of(queue) : NULL;
    const edge_relay_t *relay = handoff ? handoff->instance : NULL;
    if (!queue)
        edge_conf_error_in(check, validator, "NextHopOf", "EDG10963", "queue \"%s\" is not defined", conf->queue.at);
    else if (!handoff)
        edge_conf_error_in(check, validator, "NextHopOf", "EDG10963",
                           "<Queue %s> has no <Handoff>: there is no next hop to ask", conf->queue.at);
    else if (relay && !relay->provider->asks)
        edge_conf_error_in(check, validator, "NextHopOf", "EDG10963",
                           "<Handoff %s> speaks %s, which has no way to ask about a recipient", handoff->name.at,
                           relay->provider->name);
    else if (relay && relay->provider->by_domain && relay->provider->by_domain(relay->settings))
        edge_conf_error_in(check, validator, "NextHopOf", "EDG10963",
                           "<Handoff %s> has no Address: hosts of strangers are not asked about their recipients",
                           handoff->name.at);
    else
        return relay;
    return NULL;
}

static void check_validator(edge_conf_check_t *check, const edge_snapshot_t *snapshot, const edge_section_t *section) {
    recipient_conf_t *conf = edge_section_conf(section, &relay_module);
    if (!conf->queue.at)
        edge_conf_error_in(check, section, "Module", "EDG10964",
                           "<Validator %s> does not say whom to ask: write NextHopOf QUEUE in it", section->name.at);
    else
        conf->relay = find_relay(check, snapshot, section, conf);
}

void recipient_conf_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next)
        if (edge_validator_is_of(section, &relay_module))
            check_validator(check, snapshot, section);
}
