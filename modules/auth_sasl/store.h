/* The store `file`: a password file as a table, its hashes on threads, its changes by a watcher.
 *
 *   store_table_t  one state of the file, frozen and counted; a change makes a new one aside and swaps it in
 *   store_file_t   an <AuthBackend> of Type file
 */
#ifndef EDGE_MODULE_AUTH_SASL_STORE_H
#define EDGE_MODULE_AUTH_SASL_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "auth_sasl.h"
#include "edge_followed.h"
#include "edge_task.h"

/* Tables (store_table.c) */

typedef struct store_credential {
    edge_password_kind_t kind;
    edge_span_t text; /* CRYPT: the hash; PLAIN: the secret; NUL behind it */
    edge_scram_t scram;
    struct store_credential *next; /* of the same user */
} store_credential_t;

typedef struct store_user {
    edge_span_t name;     /* prepared; NUL behind it */
    char *prepared;       /* NULL: the name stands in the table's text */
    edge_span_t identity; /* NUL behind it */
    unsigned line;
    store_credential_t *first; /* in the order of the file; the first one is what passwords are verified by */
} store_user_t;

typedef struct store_table {
    _Atomic unsigned counts;
    char *text;
    size_t size;
    store_user_t *users;
    store_credential_t *credentials;
    unsigned user_count, credential_count;
    uint32_t *index; /* user's number + 1 by hash of the name; 0: free */
    uint32_t index_mask;
    const store_credential_t *usual; /* the kind and cost most users' passwords are verified by; NULL: no users */
    uint32_t usual_iterations;       /* of SCRAM; 0: nobody could use it */
} store_table_t;

/* Iterations of the verifier that is made of a {PLAIN} secret: the secret lies open, so there is nothing to slow down. */
#define STORE_PLAIN_ITERATIONS 4096u

typedef void store_complain_fn(void *context, unsigned line, const char *what);

/* Takes `text`, by malloc with room for a NUL behind it. NULL after at least one complaint, or without memory. */
store_table_t *store_table_make(char *text, size_t size, store_complain_fn *complain, void *context);
store_table_t *store_table_hold(store_table_t *table);
void store_table_drop(store_table_t *table);
/* NULL: unknown. */
const store_user_t *store_table_find(const store_table_t *table, edge_span_t name);
const store_credential_t *store_user_credential(const store_user_t *user, edge_password_kind_t kind);

/* Reading the file (store_read.c) */

#define STORE_FILE_MOST (256u * 1024 * 1024)

/* Reads the file and makes a table of it. NULL after complaints; line 0: about the file as a whole. */
store_table_t *store_read(const char *path, edge_file_stamp_t *stamp, store_complain_fn *complain, void *context);

/* Hashing (store_hash.c) */

typedef void store_hashed_fn(edge_credentials_query_t *query, const edge_credentials_answer_t *answer);

apr_status_t store_hash_start(void);
/* Ends the threads; what waits is not hashed any more. May be called more than once. */
void store_hash_stop(void);
/* Verifies query->password against the credential, or derives a SCRAM verifier of its secret, and answers the query on its
 * worker. `user` NULL: for show, the answer is UNKNOWN. False: too much is waiting. */
bool store_hash_submit(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user,
                       const store_credential_t *credential);
void store_hash_cancel(edge_credentials_query_t *query);

/* Files (store_file.c, store_watch.c) */

typedef struct store_file {
    const char *path, *name; /* of the file, of the section */
    pthread_mutex_t lock;    /* of `table` */
    store_table_t *table;
    edge_followed_t followed; /* the watcher's, from the loading on */
    struct store_file *next;  /* watched */
} store_file_t;

store_table_t *store_file_take(store_file_t *file);
/* Puts the table in force; the count of the old one is dropped. */
void store_file_put(store_file_t *file, store_table_t *table);

/* One look at the file. */
edge_followed_look_t store_watch_look(store_file_t *file);
apr_status_t store_watch_start(store_file_t *file);
void store_watch_stop(store_file_t *file);

#endif
