/* Questions to name servers: what is known already, what is asked once for many, and the limits. */
#include "io/dns.h"

#include "edge_counter.h"
#include "edge_idn.h"
#include "edge_obj.h"

#include "io/dns_priv.h"

#include <ares.h>

/* A name server's no is not believed for longer than this, whatever its SOA says. */
#define NO_MOST 300

EDGE_LOG_AREA(edge_dns_log, "dns")

static edge_dns_settings_t settings;
static char servers[EDGE_DNS_SERVERS_TEXT];
static unsigned seat;
static bool has_seat;

apr_status_t edge_dns_start(const edge_dns_settings_t *wanted) {
    if (strlen(wanted->servers) >= sizeof(servers))
        return APR_EINVAL;
    settings = *wanted;
    memcpy(servers, wanted->servers, strlen(wanted->servers) + 1);
    settings.servers = servers;
    if (!has_seat) /* tests start it again and again */
        seat = edge_worker_new_seat();
    has_seat = true;
    return ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? APR_SUCCESS : APR_EGENERAL;
}

void edge_dns_stop(void) { ares_library_cleanup(); }

/* Rings of questions: a head and those in it */

static void ring_open(edge_dns_question_t *head) { head->next = head->previous = head; }

static bool ring_is_empty(const edge_dns_question_t *head) { return head->next == head; }

static void ring_add(edge_dns_question_t *head, edge_dns_question_t *question) {
    question->next = head;
    question->previous = head->previous;
    head->previous->next = question;
    head->previous = question;
}

static edge_dns_question_t *ring_take(edge_dns_question_t *question) {
    question->previous->next = question->next;
    question->next->previous = question->previous;
    question->next = question->previous = NULL;
    return question;
}

/* Nobody hears anything any more. */
static void ring_forget(edge_dns_question_t *head) {
    while (!ring_is_empty(head))
        edge_dns_cancel(head->next);
}

void edge_dns_cancel(edge_dns_question_t *question) {
    if (!edge_dns_is_open(question))
        return;
    ring_take(question);
    if (question->kept)
        edge_dns_cache_drop(question->kept);
    question->kept = NULL;
}

/* Answers */

static void make_ready(edge_dns_t *dns, edge_dns_question_t *question, edge_dns_kept_t *kept) {
    kept->holders++;
    question->kept = kept;
    ring_add(&dns->ready, question);
    edge_worker_post(dns->worker, &dns->deliver);
}

static uint32_t seconds_left(const edge_dns_t *dns, const edge_dns_kept_t *kept) {
    edge_mono_t left = kept->until - edge_worker_clock(dns->worker).mono;
    return left <= 0 ? 0 : (uint32_t)(left / EDGE_SECONDS(1));
}

/* Those who were ready at the start: one that asks again is heard in the next turn, so that others have their turns. */
static void deliver(edge_chore_t *chore, edge_worker_t *worker) {
    edge_dns_t *dns = EDGE_CONTAINER(chore, edge_dns_t, deliver);
    edge_dns_question_t now;
    (void)worker;
    ring_open(&now);
    while (!ring_is_empty(&dns->ready))
        ring_add(&now, ring_take(dns->ready.next));
    while (!ring_is_empty(&now)) {
        edge_dns_question_t *question = ring_take(now.next);
        edge_dns_kept_t *kept = question->kept;
        edge_dns_answer_t answer = kept->answer;
        answer.ttl = seconds_left(dns, kept);
        question->kept = NULL;
        question->answered(question, &answer);
        edge_dns_cache_drop(kept);
    }
}

static edge_dns_kept_t *answer_without_records(edge_dns_t *dns, edge_dns_type_t type, const edge_dns_name_t *name,
                                               edge_dns_outcome_t outcome, const char *trouble) {
    edge_dns_reading_t *reading = &dns->reading;
    reading->outcome = outcome;
    reading->trouble = trouble;
    reading->ttl = 0;
    reading->count = 0;
    reading->texts_len = 0;
    return edge_dns_cache_answer(type, name, reading);
}

static void answer_at_once(edge_dns_t *dns, edge_dns_question_t *question, edge_dns_type_t type,
                           const edge_dns_name_t *name, edge_dns_outcome_t outcome, const char *trouble) {
    edge_dns_kept_t *kept = answer_without_records(dns, type, name, outcome, trouble);
    make_ready(dns, question, kept);
    edge_dns_cache_drop(kept);
}

static edge_mono_t keep_time(const edge_dns_t *dns, const edge_dns_answer_t *answer) {
    bool is_no = answer->outcome != EDGE_DNS_FOUND;
    edge_mono_t time = EDGE_SECONDS((edge_mono_t)(is_no && answer->ttl > NO_MOST ? NO_MOST : answer->ttl));
    return time < dns->settings->longest ? time : dns->settings->longest;
}

void edge_dns_settled(edge_dns_entry_t *entry, const edge_dns_reading_t *reading, const char *trouble) {
    edge_dns_t *dns = entry->dns;
    edge_dns_kept_t *kept = reading ? edge_dns_cache_answer(entry->type, &entry->name, reading)
                                    : answer_without_records(dns, entry->type, &entry->name, EDGE_DNS_FAILED, trouble);
    edge_mono_t time = keep_time(dns, &kept->answer);
    kept->until = edge_worker_clock(dns->worker).mono + time;
    if (kept->answer.outcome == EDGE_DNS_FAILED) {
        edge_counter_add(EDGE_C_DNS_FAILED, 1);
        EDGE_LOG(&edge_dns_log, EDGE_LOG_INFO, 140, "%s of %s: %s", edge_dns_type_name(entry->type), entry->name.text,
                 kept->answer.trouble);
    }
    while (!ring_is_empty(&entry->waiting))
        make_ready(dns, ring_take(entry->waiting.next), kept);
    if (kept->answer.outcome != EDGE_DNS_FAILED && time > 0 && dns->cache.most > 0)
        edge_dns_cache_keep(&dns->cache, entry, kept);
    else
        edge_dns_cache_remove(&dns->cache, entry);
    edge_dns_cache_drop(kept);
}

/* Asking */

static const char *limit_hit(const edge_dns_t *dns, const edge_dns_question_t *question) {
    if (question->spent && dns->settings->per_session > 0 && *question->spent >= dns->settings->per_session)
        return "this session has asked its share (DnsPerSession)";
    if (dns->channel.in_flight >= dns->settings->in_flight)
        return "too many questions are on their way (DnsInFlight)";
    return NULL;
}

static void ask_server(edge_dns_t *dns, edge_dns_question_t *question, edge_dns_type_t type,
                       const edge_dns_name_t *name) {
    const char *limit = limit_hit(dns, question);
    if (limit) {
        edge_counter_add(EDGE_C_DNS_LIMITED, 1);
        EDGE_LOG(&edge_dns_log, EDGE_LOG_INFO, 141, "%s of %s is not asked: %s", edge_dns_type_name(type), name->text,
                 limit);
        answer_at_once(dns, question, type, name, EDGE_DNS_LIMITED, limit);
        return;
    }
    edge_dns_entry_t *entry = edge_dns_cache_add(&dns->cache, type, name);
    entry->dns = dns;
    ring_add(&entry->waiting, question);
    if (question->spent)
        ++*question->spent;
    edge_counter_add(EDGE_C_DNS_QUERIES, 1);
    edge_dns_channel_send(dns, entry);
}

static void ask(edge_worker_t *worker, edge_dns_question_t *question, edge_dns_type_t type,
                const edge_dns_name_t *name) {
    edge_dns_t *dns = edge_worker_seat(worker, seat);
    EDGE_ASSERT(dns != NULL && question->answered != NULL && !edge_dns_is_open(question));
    edge_counter_add(EDGE_C_DNS_QUESTIONS, 1);
    if (!name) {
        edge_dns_name_t none = {.len = 0};
        answer_at_once(dns, question, type, &none, EDGE_DNS_NO_NAME, "");
        return;
    }
    edge_dns_entry_t *entry = edge_dns_cache_find(&dns->cache, type, name, edge_worker_clock(worker).mono);
    if (!entry) {
        ask_server(dns, question, type, name);
    } else if (entry->kept) {
        edge_counter_add(EDGE_C_DNS_HITS, 1);
        make_ready(dns, question, entry->kept);
    } else {
        edge_counter_add(EDGE_C_DNS_JOINED, 1);
        ring_add(&entry->waiting, question);
    }
}

static bool read_name(edge_span_t text, edge_dns_name_t *name) {
    char plain[EDGE_IDN_SIZE];
    return edge_idn_plain(text, plain) && edge_dns_name_read(edge_span_of(plain), name);
}

void edge_dns_ask(edge_worker_t *worker, edge_dns_question_t *question, edge_dns_type_t type, edge_span_t name) {
    edge_dns_name_t read;
    ask(worker, question, type, read_name(name, &read) ? &read : NULL);
}

void edge_dns_ask_names(edge_worker_t *worker, edge_dns_question_t *question, edge_ipaddr_t address) {
    edge_dns_name_t name;
    edge_dns_name_reverse(address, &name);
    ask(worker, question, EDGE_DNS_PTR, &name);
}

/* A worker's life */

apr_status_t edge_dns_worker_start(edge_worker_t *worker) {
    edge_dns_t *dns = apr_pcalloc(edge_worker_pool(worker), sizeof(*dns));
    dns->worker = worker;
    dns->settings = &settings;
    dns->deliver.run = deliver;
    ring_open(&dns->ready);
    apr_status_t status = edge_dns_channel_open(dns);
    if (status != APR_SUCCESS)
        return status;
    edge_dns_cache_open(&dns->cache, settings.cached);
    edge_worker_set_seat(worker, seat, dns);
    return APR_SUCCESS;
}

void edge_dns_worker_stop(edge_worker_t *worker) {
    edge_dns_t *dns = edge_worker_seat(worker, seat);
    if (!dns)
        return;
    edge_dns_channel_close(dns);
    ring_forget(&dns->ready);
    edge_dns_cache_close(&dns->cache);
    edge_worker_set_seat(worker, seat, NULL);
}
