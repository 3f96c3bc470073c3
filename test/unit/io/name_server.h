/* A name server for the tests of this floor: on loopback, in the test's own thread, with a zone given as rows. */
#ifndef TEST_NAME_SERVER_H
#define TEST_NAME_SERVER_H

#include "io/dns.h"

typedef enum name_server_trick {
    NAME_SERVER_HONEST,
    NAME_SERVER_SILENT,
    NAME_SERVER_FAILS, /* SERVFAIL */
    NAME_SERVER_REFUSES,
    NAME_SERVER_WRONG_ID,
    NAME_SERVER_WRONG_QUESTION,
    NAME_SERVER_GARBAGE,     /* the header is right, what follows is not */
    NAME_SERVER_SAYS_BY_TCP, /* what comes by UDP is cut off */
    NAME_SERVER_WITHOUT_SOA  /* says no, and not for how long */
} name_server_trick_t;

/* A record. `data`: an address; "10 mx.example" of MX; a name of PTR and CNAME; a text of TXT; NULL of a name without such
 * records. `name` NULL ends the rows. */
typedef struct name_server_row {
    const char *name;
    unsigned type; /* an edge_dns_type_t, or NAME_SERVER_CNAME */
    const char *data;
    unsigned ttl;
    name_server_trick_t trick; /* of the name's first row */
} name_server_row_t;

#define NAME_SERVER_CNAME 5u

typedef struct name_server {
    const name_server_row_t *rows;
    int udp, tcp, talking; /* the last is a TCP connection */
    uint16_t port;
    unsigned asked, asked_by_tcp;
    char last[320]; /* "TYPE NAME" of the last question */
} name_server_t;

void name_server_open(name_server_t *server, const name_server_row_t *rows);
/* Answers what has come. */
void name_server_serve(name_server_t *server);
void name_server_close(name_server_t *server);

/* The worker of a test, with its resolver; `settings.servers` is filled in. */
edge_worker_t *name_server_worker(const name_server_t *server, edge_dns_settings_t settings);
void name_server_worker_end(edge_worker_t *worker);
/* Turns worker and server until `*counter` is `wanted`, for ten seconds at most: then the test fails. */
void name_server_until(name_server_t *server, edge_worker_t *worker, const unsigned *counter, unsigned wanted);

extern const edge_dns_settings_t name_server_settings;

#endif
