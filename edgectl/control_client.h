/*
 * Asking the running server, over its control socket or where --url says.
 *
 * Concept:  one request on one connection, blocking, with a time limit; the answer is
 *           collected, or written to a file as it comes. A server that changes generations
 *           and says so is asked again for a few seconds.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   CTL_UNREACHABLE and CTL_DENIED are returned without a word, since the
 *           caller may know another way; all else is said.
 */
#ifndef EDGECTL_CONTROL_CLIENT_H
#define EDGECTL_CONTROL_CLIENT_H

#include <stdio.h>

#include "event_stream.h"
#include "invocation.h"
#include "proto/json_in.h"

typedef struct ctl_request {
    const char *method, *target;
    edge_span_t body;          /* JSON; absent: none */
    const char *if_match;      /* NULL: none */
    const char *accept;        /* the same */
    const char *last_event_id; /* the same */
    /* Is given the content of a 200 as it comes; NULL: it is collected. */
    void (*take)(void *context, edge_span_t bytes);
    void *context;
} ctl_request_t;

typedef struct ctl_answer {
    unsigned status;
    const char *etag;                  /* NULL: none */
    edge_span_t content;               /* absent when it was written, or given, as it came */
    const edge_json_value_t *document; /* the content, where its type is JSON; else NULL */
} ctl_answer_t;

/* CTL_OK: there is a whole answer, of whatever status. Content of a 200 goes to `into` when it is not NULL. */
ctl_exit_t ctl_ask(ctl_t *ctl, const char *method, const char *target, FILE *into, ctl_answer_t *answer);
ctl_exit_t ctl_ask_with(ctl_t *ctl, const ctl_request_t *request, FILE *into, ctl_answer_t *answer);
/* Says the problem an answer tells and returns the exit code that goes with it; CTL_OK for a 2xx. */
ctl_exit_t ctl_answer_exit(ctl_t *ctl, const ctl_answer_t *answer);
/* Whether what is on this machine's disk may be looked at instead: no server answers, and none elsewhere was asked. */
bool ctl_may_go_offline(const ctl_t *ctl, ctl_exit_t code);
/* Says that the server cannot be asked, and why as far as the code tells; returns the code. */
ctl_exit_t ctl_say_unreachable(ctl_t *ctl, ctl_exit_t code);
/* Asks; an answer that is no success has been said when this returns. */
ctl_exit_t ctl_demand(ctl_t *ctl, const char *method, const char *target, ctl_answer_t *answer);
ctl_exit_t ctl_demand_with(ctl_t *ctl, const ctl_request_t *request, ctl_answer_t *answer);
/* A stream of events, each of which is given as it comes, until it ends; those behind the one with the id `last`, "": from now. */
ctl_exit_t ctl_demand_events(ctl_t *ctl, const char *target, const char *last, ctl_event_take_t *take, void *context);
/* The same of routes that only relay_module has, at a path that without it is no path, or a message's. */
ctl_exit_t ctl_demand_of_relay(ctl_t *ctl, const char *method, const char *target, ctl_answer_t *answer);
/* For a place in a target: what is no unreserved character is escaped (RFC 3986 2.3). */
const char *ctl_escape(const char *text, apr_pool_t *pool);

/* Prints the items of an answer as `-o json` or `-o jsonl` want them; NULL is an empty list. False: a table is wanted. */
bool ctl_print_items(const ctl_t *ctl, const edge_json_value_t *items);

#endif
