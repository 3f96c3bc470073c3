/*
 * What was refused lately, and why.
 *
 * Concept:  the last EDGE_REJECTIONS_KEPT refusals one by one, and how often each kind of
 *           them came in the last hour, by minutes. A kind is where it comes from (the
 *           core, a limit, a validator, the queue), the code, and the text as the row has
 *           it, before a client's words are filled in: so kinds are few. When there are too
 *           many, the one that was quiet for longest gives way.
 * Owner:    the parent maps the memory before its first fork; all children share it.
 * Threads:  any; a lock held for a copy.
 * Lifetime: of the parent.
 * Errors:   none; without a map nothing is kept.
 */
#ifndef EDGE_CORE_REJECTIONS_H
#define EDGE_CORE_REJECTIONS_H

#include "edge_session.h"

#define EDGE_REJECTIONS_KEPT 256u
#define EDGE_REJECTION_KINDS 128u
#define EDGE_REJECTION_TEXT 120
#define EDGE_REJECTION_SOURCE 48

typedef struct edge_rejection {
    apr_time_t time;
    char session[EDGE_SESSION_ID_TEXT];
    char listener[32];
    char client[EDGE_IPADDR_TEXT];
    char command[12];
    char source[EDGE_REJECTION_SOURCE]; /* "core", "limit", "validator:spf", "queue" */
    uint16_t code;
    char reply[EDGE_REJECTION_TEXT]; /* with codes, as it was said */
    char reference[28];              /* "": none */
} edge_rejection_t;

typedef struct edge_rejection_kind {
    char source[EDGE_REJECTION_SOURCE];
    uint16_t code;
    char text[EDGE_REJECTION_TEXT];
    uint64_t count; /* in the last hour */
} edge_rejection_kind_t;

apr_status_t edge_rejections_map(void);
/* A refusal that goes to the client. */
void edge_rejections_note(const edge_session_t *session, const char *command, const edge_reply_t *reply);
/* The newest first; returns how many were copied. */
unsigned edge_rejections_last(edge_rejection_t *into, unsigned most);
/* The most frequent first. */
unsigned edge_rejections_kinds(edge_rejection_kind_t *into, unsigned most, apr_time_t now);

#endif
