/* A web server on a thread that answers what the test says, and keeps what it was asked. */
#ifndef EDGE_TEST_WEB_FIXTURE_H
#define EDGE_TEST_WEB_FIXTURE_H

#include "../relay_discard/hop_fixture.h"

#include "../../../modules/relay_http/relay_http.h"

#define WEB_ANSWERS_MOST 8

/* What it does with the next request. */
typedef struct web_answer {
    const char *text; /* the whole answer, or NULL: the connection is closed when the request is whole */
    bool keep;        /* the connection stays open behind it */
    bool early;       /* answered and closed when the head is there */
    bool silent;      /* nothing is answered and nothing closed until web_stop */
} web_answer_t;

/* Starts it; answers are used in their order, the last again and again. The URL is good until the next start. */
const char *web_start(const web_answer_t *answers, unsigned count);
void web_stop(void);
/* Requests so far, and the index-th, head and body (chunks as they came). */
unsigned web_count(void);
const char *web_request(unsigned index);
unsigned web_connections(void);

#endif
