/* What a question to the policy runner costs in processor time: no check, one, ten inline checks that all pass. */
#include <stdio.h>
#include <time.h>

#include <apr_general.h>

#include "../unit/core/session_fixture.h"

#define QUESTIONS 300000u
#define CHECKS 10u

static edge_check_answer_t pass(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)reply;
    return call->client->ip.len > 0 && call->argument.len > 0 ? EDGE_CHECK_PASS : EDGE_CHECK_ERROR;
}

static const edge_check_row_t passing = {.name = "pass", .function = pass};
static const edge_refusal_t no_words;

static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double nanoseconds_a_question(void) {
    edge_span_t argument = edge_span_of("recipient@server.example.com");
    double before = thread_seconds();
    for (unsigned i = 0; i < QUESTIONS; i++)
        edge_session_ask(&bench.session, EDGE_PHASE_RCPT, argument, NULL,
                         edge_reply_about(EDGE_R_RECIPIENT_OK, argument));
    return (thread_seconds() - before) / QUESTIONS * 1e9;
}

int main(void) {
    static edge_binding_t list[CHECKS];
    static const unsigned counts[] = {0, 1, CHECKS};
    apr_initialize();
    edge_counter_map();
    if (bench_setup(NULL) != 0)
        return 1;
    edge_ipaddr_parse(edge_span_of("192.0.2.17"), &bench.session.from_ip);
    edge_session_set_ehlo(&bench.session, edge_span_of("client.example.com"), true);
    edge_transaction_begin(&bench.session)->envelope->sender = edge_span_of("sender@client.example.com");
    for (unsigned i = 0; i < CHECKS; i++) {
        list[i] = (edge_binding_t){.validator = "v", .module = "m", .row = &passing, .refusal = &no_words, .file = "f"};
        edge_check_counters_make(&list[i].counters, "v", "RCPT");
    }
    for (unsigned i = 0; i < EDGE_COUNT(counts); i++) {
        bench_bind(EDGE_PHASE_RCPT, list, counts[i]);
        nanoseconds_a_question(); /* warm */
        printf("%2u checks: %.0f ns a question\n", counts[i], nanoseconds_a_question());
    }
    bench_teardown(NULL);
    return 0;
}
