/* Asks all lists about one client at the same time, and adds up what they say. */
#include "dnsbl.h"

#include "edge_timer.h"

#define FAILED_MOST 5 /* questions in a row, until a list rests */
#define REST EDGE_SECONDS(60)
#define REASON_WAIT EDGE_SECONDS(2) /* for a list's own words; the verdict stands without them */

/* Health */

static bool rests(const dnsbl_list_t *list, edge_mono_t now) { return atomic_load(&list->health->rest_until) > now; }

static void note_failure(const dnsbl_list_t *list, edge_mono_t now) {
    if (atomic_fetch_add(&list->health->failed, 1) + 1 < FAILED_MOST)
        return;
    atomic_store(&list->health->failed, 0);
    atomic_store(&list->health->rest_until, now + REST);
    EDGE_LOG(&dnsbl_log, EDGE_LOG_WARN, 950, "list %s failed %d times in a row: it is not asked for a minute",
             list->zone.at, FAILED_MOST);
}

static void note_answer(const dnsbl_list_t *list) {
    if (atomic_load(&list->health->failed) != 0)
        atomic_store(&list->health->failed, 0);
}

/* The end */

void dnsbl_ask_cancel(dnsbl_ask_t *ask) {
    if (!ask->begun)
        return;
    for (unsigned i = 0; i < ask->conf->count; i++)
        edge_dns_cancel(&ask->ones[i].question);
    edge_dns_cancel(&ask->text);
    edge_timer_cancel(ask->worker, &ask->timer);
    ask->begun = false;
}

static void tell(dnsbl_ask_t *ask) {
    dnsbl_ask_cancel(ask);
    ask->told(ask);
}

/* The reason */

/* Visible ASCII on one line. */
static void keep_reason(dnsbl_ask_t *ask, edge_span_t text) {
    size_t len = text.len < DNSBL_REASON_MOST ? text.len : DNSBL_REASON_MOST;
    for (size_t i = 0; i < len; i++)
        ask->reason[i] = text.at[i] >= ' ' && text.at[i] < 0x7f ? text.at[i] : '?';
    ask->reason[len] = '\0';
}

static void text_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    dnsbl_ask_t *ask = EDGE_CONTAINER(question, dnsbl_ask_t, text);
    if (answer->outcome == EDGE_DNS_FOUND)
        keep_reason(ask, answer->records[0].text);
    tell(ask);
}

static void too_long(edge_timer_t *timer) { tell(EDGE_CONTAINER(timer, dnsbl_ask_t, timer)); }

static void wait_at_most(dnsbl_ask_t *ask, edge_mono_t time, void (*fire)(edge_timer_t *timer)) {
    ask->timer.fire = fire;
    edge_timer_set(ask->worker, &ask->timer, edge_worker_clock(ask->worker).mono + time);
}

static void ask_reason(dnsbl_ask_t *ask) {
    edge_dns_name_t name;
    edge_dns_name_of_address(ask->address, ask->conf->lists[ask->worst].zone, &name); /* it was asked for before */
    ask->text.answered = text_answered;
    ask->text.spent = ask->spent;
    wait_at_most(ask, REASON_WAIT, too_long);
    edge_dns_ask(ask->worker, &ask->text, EDGE_DNS_TXT, edge_dns_name_span(&name));
}

/* The sum */

static void add_up(dnsbl_ask_t *ask) {
    int32_t heaviest = 0;
    ask->score = 0;
    ask->worst = -1;
    ask->silent = 0;
    for (unsigned i = 0; i < ask->conf->count; i++) {
        const dnsbl_list_t *list = &ask->conf->lists[i];
        ask->silent += ask->ones[i].state == DNSBL_SILENT;
        if (ask->ones[i].state != DNSBL_LISTED)
            continue;
        ask->score += list->weight;
        if (list->weight > heaviest) {
            heaviest = list->weight;
            ask->worst = (int)i;
        }
    }
}

static void decide(dnsbl_ask_t *ask) {
    edge_timer_cancel(ask->worker, &ask->timer);
    add_up(ask);
    if (ask->conf->reason && ask->worst >= 0 && dnsbl_ask_refuses(ask))
        ask_reason(ask);
    else
        tell(ask);
}

/* Lists that have not answered have no say. */
static void time_is_over(edge_timer_t *timer) {
    dnsbl_ask_t *ask = EDGE_CONTAINER(timer, dnsbl_ask_t, timer);
    for (unsigned i = 0; i < ask->conf->count; i++) {
        dnsbl_one_t *one = &ask->ones[i];
        if (one->state != DNSBL_WAITS)
            continue;
        edge_dns_cancel(&one->question);
        one->state = DNSBL_SILENT;
        note_failure(&ask->conf->lists[i], edge_worker_clock(ask->worker).mono);
    }
    decide(ask);
}

/* Answers */

static bool is_error(edge_ipaddr_t answer) {
    return edge_ipaddr_is_v4(answer) && answer.bytes[12] == 127 && answer.bytes[13] == 255 && answer.bytes[14] == 255;
}

static dnsbl_state_t state_of(const dnsbl_list_t *list, const edge_dns_answer_t *answer) {
    dnsbl_state_t state = DNSBL_NOT_LISTED;
    if (answer->outcome == EDGE_DNS_FAILED || answer->outcome == EDGE_DNS_LIMITED)
        return DNSBL_SILENT;
    for (unsigned i = 0; i < answer->count; i++) {
        if (is_error(answer->records[i].address))
            return DNSBL_SILENT;
        if (dnsbl_conf_counts(list, answer->records[i].address))
            state = DNSBL_LISTED;
    }
    return state;
}

static void one_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    dnsbl_one_t *one = EDGE_CONTAINER(question, dnsbl_one_t, question);
    dnsbl_ask_t *ask = one->ask;
    const dnsbl_list_t *list = &ask->conf->lists[one - ask->ones];
    one->state = state_of(list, answer);
    if (one->state != DNSBL_SILENT)
        note_answer(list);
    else if (answer->outcome != EDGE_DNS_LIMITED)
        note_failure(list, edge_worker_clock(ask->worker).mono);
    if (--ask->open == 0)
        decide(ask);
}

/* True: it is asked. */
static bool ask_one(dnsbl_ask_t *ask, unsigned index) {
    const dnsbl_list_t *list = &ask->conf->lists[index];
    dnsbl_one_t *one = &ask->ones[index];
    edge_dns_name_t name;
    one->ask = ask;
    one->question.answered = one_answered;
    one->question.spent = ask->spent;
    if (rests(list, edge_worker_clock(ask->worker).mono) ||
        !edge_dns_name_of_address(ask->address, list->zone, &name)) {
        one->state = DNSBL_SILENT;
        return false;
    }
    edge_dns_ask(ask->worker, &one->question, EDGE_DNS_A, edge_dns_name_span(&name));
    return true;
}

void dnsbl_ask_begin(dnsbl_ask_t *ask) {
    ask->begun = true;
    for (unsigned i = 0; i < ask->conf->count; i++)
        ask->open += ask_one(ask, i);
    /* Also when all lists rest: `told` is never called in here. */
    wait_at_most(ask, ask->open > 0 ? ask->conf->wait : 0, time_is_over);
}
