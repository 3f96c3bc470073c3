/*
 * A session as others may see it: a copy of plain values.
 *
 * Concept:  a worker fills one in for a session of its own; whoever holds it writes it as JSON, on another thread or in
 *           another process, in this life of the session or behind it. Nothing in it is a pointer. Texts that are longer
 *           than their room are cut.
 * Owner:    whoever holds the copy.
 * Threads:  filling in on the session's worker; the rest anywhere.
 * Lifetime: plain values.
 * Errors:   none.
 */
#ifndef EDGE_CORE_SESSION_RECORD_H
#define EDGE_CORE_SESSION_RECORD_H

#include "core/trail.h"
#include "core/verdicts.h"
#include "edge_json.h"

typedef enum edge_session_awaits {
    EDGE_AWAITS_CLIENT,
    EDGE_AWAITS_TLS,
    EDGE_AWAITS_VALIDATOR, /* `awaited` names it */
    EDGE_AWAITS_CREDENTIALS,
    EDGE_AWAITS_QUEUE
} edge_session_awaits_t;

typedef struct edge_session_record {
    char id[EDGE_SESSION_ID_TEXT];
    char protocol_name[12]; /* of the provider: "smtp", "http" */
    char protocol[16];      /* "ESMTPSA" */
    char listener[64];
    char client_name[128]; /* verified; "": nobody has looked, or it has none */
    char ehlo[128];        /* "" */
    char user[96];         /* "" */
    char mechanism[EDGE_AUTH_MECHANISM_MOST + 1];
    char tls_version[12], tls_cipher[48]; /* "": no TLS */
    char sni[96], client_subject[128];    /* "" */
    bool tls_resumed;
    edge_ipaddr_t from_ip, to_ip;
    uint16_t from_port, to_port;
    apr_time_t opened; /* wall clock */
    edge_mono_t opened_mono, seen;
    edge_mono_t idle_since;
    edge_conn_bytes_t bytes;
    struct {
        uint16_t ok, total;
    } by_verb[EDGE_SESSION_VERBS];
    uint32_t commands, refused;
    uint32_t messages, messages_refused, recipients, recipients_refused;
    edge_mono_t waited_validators, waited_queue, waited_credentials;
    uint64_t generation;
    uint16_t worker;
    uint8_t state, awaits;
    char awaited[EDGE_VERDICT_NAME];
    bool in_transaction;
    char sender[128];
    uint32_t current_recipients;
    uint64_t current_bytes;
    apr_time_t ended; /* 0: it lives */
    uint8_t end;      /* edge_close_reason_t, with `ended` */
} edge_session_record_t;

/* With the last lines, and what validators said. */
typedef struct edge_session_story {
    edge_session_record_t record;
    edge_verdicts_copy_t verdicts;
    edge_trail_copy_t trail;
} edge_session_story_t;

/* What a list is to hold. */
typedef struct edge_session_filter {
    char listener[64]; /* ""; any */
    char ehlo[128];    /* a pattern with * and ?; "": any */
    edge_ipaddr_t network;
    unsigned bits;       /* 0: any client; IPv4 is 96 more */
    int state;           /* edge_session_state_t; -1: any */
    edge_mono_t min_age; /* microseconds */
} edge_session_filter_t;

const char *edge_session_state_name(edge_session_state_t state);

/* On the worker. */
void edge_session_record_fill(const edge_session_t *session, edge_session_record_t *record);
void edge_session_story_fill(const edge_session_t *session, edge_session_story_t *story);
bool edge_session_filter_takes(const edge_session_filter_t *filter, const edge_session_record_t *record);

/* The members of an object that the caller has opened. */
void edge_session_record_put(edge_json_t *json, const edge_session_record_t *record);
/* The same with "validators" and "last_reply". */
void edge_session_story_put(edge_json_t *json, const edge_session_story_t *story);
/* "ended", "end" and "trouble", unless it lives. */
void edge_session_end_put(edge_json_t *json, const edge_session_record_t *record);
/* One line of its trail, or one that came later. */
void edge_session_line_put(edge_json_t *json, const edge_session_story_t *story, const edge_trail_line_t *line);
/* "lines" and "dropped". */
void edge_session_trail_put(edge_json_t *json, const edge_session_story_t *story);

#endif
