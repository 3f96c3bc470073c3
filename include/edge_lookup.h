/*
 * Lists that are asked whether something is in them.
 *
 * Concept:  an operator names addresses, networks, names, mailboxes and patterns: as
 *           words of a directive, in a file (file:PATH) that is read again when it
 *           changes, or in a Table that has a name (table:NAME). A key is asked for in
 *           one of three ways: as an address, as a name, or as a mailbox, which also asks
 *           for its domain. The nearest entry answers: the longest network; the whole
 *           mailbox before its domain before what is above it before its local part;
 *           patterns last. An entry may have a value.
 * Owner:    the pool of the snapshot it was read for. A file's entries are counted: they
 *           are read aside by a thread and swapped; a question takes a count.
 * Threads:  reading the configuration: the loading thread. Asking: any, it never waits
 *           for a file.
 * Lifetime: of that pool.
 * Errors:   when the configuration is read: reported at the word. Later a file that
 *           cannot be read, or has a bad line, is reported once in the log, and the last
 *           good entries stay.
 */
#ifndef EDGE_LOOKUP_H
#define EDGE_LOOKUP_H

#include "edge_conf.h"
#include "edge_ipaddr.h"

typedef struct edge_lookup edge_lookup_t;

/* What entries may be. */
#define EDGE_LOOKUP_ADDRESSES 0x01u /* 192.0.2.0/24 */
#define EDGE_LOOKUP_LITERALS 0x02u  /* [192.0.2.1] */
#define EDGE_LOOKUP_NAMES 0x04u     /* example.org, .example.org */
#define EDGE_LOOKUP_MAILBOXES 0x08u /* ann@example.org, postmaster@, <> */
#define EDGE_LOOKUP_PATTERNS 0x10u  /* /regex/ */
#define EDGE_LOOKUP_ALL 0x1fu

/* What is asked for. */
typedef enum edge_lookup_ask {
    EDGE_LOOKUP_ASK_ADDRESS,
    EDGE_LOOKUP_ASK_NAME,   /* a domain, or an address literal */
    EDGE_LOOKUP_ASK_MAILBOX /* empty: the null reverse-path; without a domain: a local part alone */
} edge_lookup_ask_t;

typedef struct edge_lookup_key {
    edge_lookup_ask_t ask;
    edge_ipaddr_t address;
    edge_span_t text;
} edge_lookup_key_t;

typedef enum edge_lookup_answer {
    EDGE_LOOKUP_NO,
    EDGE_LOOKUP_YES,
    EDGE_LOOKUP_FAILED /* a pattern was given up: nobody knows */
} edge_lookup_answer_t;

/* Reads `count` words of a directive from the `first` on and adds them to *lookup, which is made when it is NULL.
 * `kinds`: which entries can ever answer here; a word of another kind is an error, a file with others a warning.
 * False: an error was reported. */
EDGE_API bool edge_lookup_read(const edge_conf_line_t *line, unsigned first, unsigned count, unsigned kinds,
                               edge_lookup_t **lookup);
/* One word, which is not an argument of its own but stands in one. */
EDGE_API bool edge_lookup_read_word(const edge_conf_line_t *line, unsigned argument, edge_span_t word, unsigned kinds,
                                    edge_lookup_t **lookup);
/* A file by its absolute path, as a list of all kinds. NULL: `why` says it, in `pool`. While the configuration is read. */
EDGE_API edge_lookup_t *edge_lookup_open(const char *path, apr_pool_t *pool, const char **why);
/* The Table of that name; NULL: there is none. */
EDGE_API const edge_lookup_t *edge_lookup_named(const edge_snapshot_t *snapshot, edge_span_t name);

/* NULL knows nothing. A value is copied into `pool`, with a NUL behind it; absent when none is written. Both may be NULL. */
EDGE_API edge_lookup_answer_t edge_lookup_find(const edge_lookup_t *lookup, const edge_lookup_key_t *key,
                                               apr_pool_t *pool, edge_span_t *value);

/* Keys. A text of unknown meaning is an address when it reads as one, a mailbox when it is empty or holds "@", else a
 * name. */
EDGE_API edge_lookup_key_t edge_lookup_key(edge_span_t text);
static inline edge_lookup_key_t edge_lookup_key_address(edge_ipaddr_t address) {
    return (edge_lookup_key_t){.ask = EDGE_LOOKUP_ASK_ADDRESS, .address = address};
}
static inline edge_lookup_key_t edge_lookup_key_name(edge_span_t name) {
    return (edge_lookup_key_t){.ask = EDGE_LOOKUP_ASK_NAME, .text = name};
}
static inline edge_lookup_key_t edge_lookup_key_mailbox(edge_span_t mailbox) {
    return (edge_lookup_key_t){.ask = EDGE_LOOKUP_ASK_MAILBOX, .text = mailbox};
}

#endif
