/* Hashes passwords on a few threads, with a bounded queue in front of them. */
#include <stdlib.h>
#include <unistd.h>

#include "store.h"

#define THREADS_MOST 16
#define WAITING_PER_THREAD 32 /* with tens of milliseconds each, the last one waits a second or two */

typedef struct job {
    edge_task_t task;
    edge_credentials_query_t *query; /* its worker's; NULL: nobody wants to know any more */
    edge_credentials_want_t want;
    store_table_t *table; /* held: user and credential stand in it */
    const store_user_t *user;
    const store_credential_t *credential;
    char *password, *name;
    edge_scram_t scram;
    _Atomic bool unwanted; /* what waits for a client that has gone costs no hash */
    bool looked_at, right;
} job_t;

static struct {
    pthread_mutex_t lock; /* of `pool` */
    edge_task_pool_t *pool;
    _Atomic bool stopping;
} hashing = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned threads_wanted(void) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : cpus > THREADS_MOST ? THREADS_MOST : (unsigned)cpus;
}

apr_status_t store_hash_start(void) {
    apr_status_t status = APR_SUCCESS;
    unsigned threads = threads_wanted();
    pthread_mutex_lock(&hashing.lock);
    hashing.stopping = false;
    if (!hashing.pool)
        status = edge_task_pool_start(&hashing.pool, "passwords", threads, threads * WAITING_PER_THREAD);
    pthread_mutex_unlock(&hashing.lock);
    return status;
}

void store_hash_stop(void) {
    hashing.stopping = true;
    pthread_mutex_lock(&hashing.lock);
    if (hashing.pool)
        edge_task_pool_stop(hashing.pool);
    hashing.pool = NULL;
    pthread_mutex_unlock(&hashing.lock);
}

/* On a thread of the pool */

static bool verify(const job_t *job) {
    edge_span_t password = edge_span_of(job->password);
    const store_credential_t *credential = job->credential;
    if (credential->kind == EDGE_PASSWORD_CRYPT)
        return edge_password_crypt_verify(credential->text.at, password);
    if (credential->kind == EDGE_PASSWORD_SCRAM_SHA_256)
        return edge_password_scram_verify(&credential->scram, password);
    return edge_password_equal(credential->text, password);
}

static bool derive(job_t *job) {
    char *secret = sasl_prepare(job->credential->text);
    job->scram.iterations = STORE_PLAIN_ITERATIONS;
    sasl_invent(edge_span_of(job->name), &job->scram);
    bool good = secret && edge_password_scram_derive(&job->scram, edge_span_of(secret));
    edge_password_forget(secret);
    return good;
}

static void run(edge_task_t *task) {
    job_t *job = EDGE_CONTAINER(task, job_t, task);
    if (hashing.stopping || job->unwanted)
        return;
    job->looked_at = true;
    job->right = job->want == EDGE_CREDENTIALS_SCRAM ? derive(job) : verify(job);
}

/* On the worker again */

static void forget(job_t *job) {
    store_table_drop(job->table);
    edge_password_forget(job->password);
    edge_password_forget(job->name);
    edge_password_wipe(&job->scram, sizeof(job->scram));
    free(job);
}

static void done(edge_task_t *task) {
    job_t *job = EDGE_CONTAINER(task, job_t, task);
    edge_credentials_answer_t answer = {.result = EDGE_CREDENTIALS_UNKNOWN};
    answer.scram.iterations = job->table->usual_iterations;
    if (!job->looked_at)
        answer.result = EDGE_CREDENTIALS_TROUBLE; /* the server stops; nobody's password has been found wrong */
    else if (job->user)
        answer.result = job->right ? EDGE_CREDENTIALS_GOOD : EDGE_CREDENTIALS_WRONG;
    if (answer.result == EDGE_CREDENTIALS_GOOD) {
        answer.identity = job->user->identity;
        answer.scram = job->scram;
    }
    if (job->query)
        job->query->answered(job->query, &answer);
    edge_password_wipe(&answer, sizeof(answer));
    forget(job);
}

static job_t *job_make(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user,
                       const store_credential_t *credential) {
    job_t *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->task = (edge_task_t){.worker = query->worker, .run = run, .done = done};
    job->query = query;
    job->want = query->want;
    job->table = store_table_hold(table);
    job->user = user;
    job->credential = credential;
    job->name = strndup(query->user.at, query->user.len);
    job->password = query->password.at ? strndup(query->password.at, query->password.len) : strdup("");
    if (job->name && job->password)
        return job;
    forget(job);
    return NULL;
}

bool store_hash_submit(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user,
                       const store_credential_t *credential) {
    job_t *job = job_make(query, table, user, credential);
    if (!job)
        return false;
    query->state = job;
    pthread_mutex_lock(&hashing.lock);
    bool taken = hashing.pool && edge_task_submit(hashing.pool, &job->task) == APR_SUCCESS;
    pthread_mutex_unlock(&hashing.lock);
    if (!taken) {
        query->state = NULL;
        forget(job);
    }
    return taken;
}

void store_hash_cancel(edge_credentials_query_t *query) {
    job_t *job = query->state;
    if (!job)
        return;
    job->query = NULL;
    job->unwanted = true;
}
