/* The store `file` answers questions: at once, or from the threads that hash; when too much waits; when nobody listens any more;
 * and on several workers while the file changes. */
#include <time.h>

#include "sasl_fixture.h"

#define USER                                                                                          \
    "user:{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:" \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=:user@example.org\n" /* RFC 7677 3 */
#define BLOWFISH "blowfish:$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"
#define SLOW "slow:$6$rounds=500000$saltstring$x\n" /* nobody's password, but dear */
#define CLEAR "clear:{PLAIN}pencil\n"

static edge_worker_t *worker;
static store_file_t file;

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    fail_msg("%u: %s", line, what);
}

static store_table_t *table_of(const char *text) {
    char *copied = malloc(strlen(text) + 1);
    strcpy(copied, text);
    store_table_t *table = store_table_make(copied, strlen(text), complain, NULL);
    assert_non_null(table);
    return table;
}

/* One question at a time */

static struct {
    unsigned answers, troubles;
    edge_credentials_answer_t answer;
    char identity[64], secret[64];
} got;

static void answered(edge_credentials_query_t *query, const edge_credentials_answer_t *answer) {
    (void)query;
    got.answers++;
    got.troubles += answer->result == EDGE_CREDENTIALS_TROUBLE;
    got.answer = *answer;
    snprintf(got.identity, sizeof(got.identity), "%.*s", (int)answer->identity.len,
             answer->identity.at ? answer->identity.at : "");
    snprintf(got.secret, sizeof(got.secret), "%.*s", (int)answer->secret.len,
             answer->secret.at ? answer->secret.at : "");
}

static edge_credentials_query_t query_of(edge_credentials_want_t want, const char *user, const char *password) {
    return (edge_credentials_query_t){.want = want,
                                      .user = edge_span_of(user),
                                      .password = edge_span_of(password),
                                      .worker = worker,
                                      .answered = answered};
}

static edge_credentials_result_t ask(edge_credentials_query_t query) {
    memset(&got, 0, sizeof(got));
    store_file_provider.ask(&file, &query);
    while (got.answers == 0)
        edge_loop_turn(worker, -1);
    assert_int_equal(got.answers, 1);
    return got.answer.result;
}

static edge_credentials_result_t asked(edge_credentials_want_t want, const char *user, const char *password) {
    return ask(query_of(want, user, password));
}

static void verifies(void **state) {
    static const char *const rows[][2] = {{"user", "pencil"}, {"blowfish", "U*U"}, {"clear", "pencil"}};
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        assert_int_equal(asked(EDGE_CREDENTIALS_VERIFY, rows[i][0], rows[i][1]), EDGE_CREDENTIALS_GOOD);
        assert_string_equal(got.identity, i == 0 ? "user@example.org" : rows[i][0]);
        assert_int_equal(asked(EDGE_CREDENTIALS_VERIFY, rows[i][0], "Pencil"), EDGE_CREDENTIALS_WRONG);
        assert_string_equal(got.identity, "");
        assert_int_equal(asked(EDGE_CREDENTIALS_VERIFY, rows[i][0], ""), EDGE_CREDENTIALS_WRONG);
    }
    assert_int_equal(asked(EDGE_CREDENTIALS_VERIFY, "User", "pencil"), EDGE_CREDENTIALS_UNKNOWN);
}

static void knows_names(void **state) {
    (void)state;
    assert_int_equal(asked(EDGE_CREDENTIALS_NAME, "user", NULL), EDGE_CREDENTIALS_GOOD);
    assert_string_equal(got.identity, "user@example.org");
    assert_int_equal(asked(EDGE_CREDENTIALS_NAME, "nobody", NULL), EDGE_CREDENTIALS_UNKNOWN);
}

static void gives_secrets(void **state) {
    (void)state;
    assert_int_equal(asked(EDGE_CREDENTIALS_SECRET, "clear", NULL), EDGE_CREDENTIALS_GOOD);
    assert_string_equal(got.secret, "pencil");
    assert_int_equal(asked(EDGE_CREDENTIALS_SECRET, "user", NULL), EDGE_CREDENTIALS_WRONG);
    assert_int_equal(asked(EDGE_CREDENTIALS_SECRET, "blowfish", NULL), EDGE_CREDENTIALS_WRONG);
    assert_string_equal(got.secret, "");
    assert_int_equal(asked(EDGE_CREDENTIALS_SECRET, "nobody", NULL), EDGE_CREDENTIALS_UNKNOWN);
}

static void gives_verifiers(void **state) {
    (void)state;
    assert_int_equal(asked(EDGE_CREDENTIALS_SCRAM, "user", NULL), EDGE_CREDENTIALS_GOOD);
    assert_true(edge_password_scram_verify(&got.answer.scram, edge_span_of("pencil")));
    assert_int_equal(asked(EDGE_CREDENTIALS_SCRAM, "clear", NULL), EDGE_CREDENTIALS_GOOD);
    edge_scram_t made = got.answer.scram;
    assert_true(edge_password_scram_verify(&made, edge_span_of("pencil")));
    assert_int_equal(asked(EDGE_CREDENTIALS_SCRAM, "clear", NULL), EDGE_CREDENTIALS_GOOD);
    assert_int_equal(got.answer.scram.salt_len, made.salt_len);
    assert_memory_equal(got.answer.scram.salt, made.salt, made.salt_len);
    assert_int_equal(asked(EDGE_CREDENTIALS_SCRAM, "blowfish", NULL), EDGE_CREDENTIALS_WRONG);
    assert_int_equal(got.answer.scram.iterations, 4096);
    assert_int_equal(asked(EDGE_CREDENTIALS_SCRAM, "nobody", NULL), EDGE_CREDENTIALS_UNKNOWN);
    assert_int_equal(got.answer.scram.iterations, 4096);
}

/* It hashes whether the name is known or not, and says UNKNOWN even to the right password. */
static void pretends(void **state) {
    edge_credentials_query_t query = query_of(EDGE_CREDENTIALS_VERIFY, "user", "pencil");
    (void)state;
    query.pretend = true;
    memset(&got, 0, sizeof(got));
    store_file_provider.ask(&file, &query);
    assert_int_equal(got.answers, 0);
    while (got.answers == 0)
        edge_loop_turn(worker, -1);
    assert_int_equal(got.answer.result, EDGE_CREDENTIALS_UNKNOWN);
    assert_string_equal(got.identity, "");
}

/* Nobody is called, whether the hashing was done or had not begun. */
static void canceled(void **state) {
    edge_credentials_query_t queries[20];
    (void)state;
    memset(&got, 0, sizeof(got));
    for (unsigned i = 0; i < EDGE_COUNT(queries); i++) {
        queries[i] = query_of(EDGE_CREDENTIALS_VERIFY, "user", "pencil");
        store_file_provider.ask(&file, &queries[i]);
        store_file_provider.cancel(&file, &queries[i]);
        memset(&queries[i], 0xa5, sizeof(queries[i])); /* its memory may be gone */
    }
    store_hash_stop();
    edge_loop_turn(worker, 0);
    assert_int_equal(got.answers, 0);
}

/* Who is refused is told at once, who was taken gets an answer even when the server stops. */
static void busy(void **state) {
    static edge_credentials_query_t queries[4096];
    unsigned taken = 0;
    (void)state;
    memset(&got, 0, sizeof(got));
    store_file_put(&file, table_of(SLOW));
    while (got.answers == 0) {
        assert_true(taken < EDGE_COUNT(queries));
        queries[taken] = query_of(EDGE_CREDENTIALS_VERIFY, "slow", "pencil");
        store_file_provider.ask(&file, &queries[taken++]);
    }
    assert_int_equal(got.answer.result, EDGE_CREDENTIALS_BUSY);
    assert_true(taken > 32);
    store_hash_stop();
    edge_loop_turn(worker, 0);
    assert_int_equal(got.answers, taken);
    assert_true(got.troubles > 0 && got.troubles < taken); /* what was not looked at is not called wrong */
    assert_int_equal(asked(EDGE_CREDENTIALS_VERIFY, "slow", "pencil"), EDGE_CREDENTIALS_BUSY);
    store_hash_stop(); /* once more does no harm */
}

static int open_store(void **state) {
    (void)state;
    file = (store_file_t){.path = "/users", .name = "staff", .table = table_of("# four\n" USER BLOWFISH CLEAR SLOW)};
    pthread_mutex_init(&file.lock, NULL);
    return store_hash_start() == APR_SUCCESS ? 0 : 1;
}

static int close_store(void **state) {
    (void)state;
    store_hash_stop();
    store_table_drop(file.table);
    pthread_mutex_destroy(&file.lock);
    return 0;
}

static int open_worker(void **state) { return edge_worker_make(0, &worker) == APR_SUCCESS ? open_store(state) : 1; }

static int close_worker(void **state) {
    close_store(state);
    edge_worker_destroy(worker);
    return 0;
}

/* Many at once */

#define WORKERS 3
#define ASKERS 8
#define QUESTIONS 60

typedef struct asker {
    edge_credentials_query_t query;
    edge_chore_t chore;
    unsigned left;
} asker_t;

static asker_t askers[WORKERS][ASKERS];
static _Atomic unsigned ended, mistakes, good;

static void check(edge_credentials_query_t *query, const edge_credentials_answer_t *answer) {
    asker_t *asker = EDGE_CONTAINER(query, asker_t, query);
    bool right = query->want == EDGE_CREDENTIALS_SCRAM || edge_span_equal(query->password, edge_span_of("pencil"));
    edge_credentials_result_t wanted = right ? EDGE_CREDENTIALS_GOOD : EDGE_CREDENTIALS_WRONG;
    if (edge_worker_self() != query->worker || (answer->result != wanted && answer->result != EDGE_CREDENTIALS_BUSY))
        mistakes++;
    good += answer->result == EDGE_CREDENTIALS_GOOD;
    edge_worker_post(query->worker, &asker->chore);
}

/* Every third one is called off before its answer can come. */
static void ask_next(edge_chore_t *chore, edge_worker_t *on) {
    asker_t *asker = EDGE_CONTAINER(chore, asker_t, chore);
    if (asker->left == 0) {
        ended++;
        return;
    }
    unsigned number = asker->left--;
    asker->query = (edge_credentials_query_t){
        .want = number % 4 == 0 ? EDGE_CREDENTIALS_SCRAM : EDGE_CREDENTIALS_VERIFY,
        .user = edge_span_of(number % 2 ? "user" : "clear"),
        .password = edge_span_of(number % 5 ? "pencil" : "other"),
        .worker = on,
        .answered = check,
    };
    bool calls_off = number % 3 == 0 && (number % 2 || number % 4 == 0); /* those that are hashed */
    store_file_provider.ask(&file, &asker->query);
    if (calls_off && asker->query.state) {
        store_file_provider.cancel(&file, &asker->query);
        edge_worker_post(on, &asker->chore);
    }
}

static apr_status_t start_askers(edge_worker_t *on, void *context) {
    (void)context;
    for (unsigned i = 0; i < ASKERS; i++) {
        asker_t *asker = &askers[edge_worker_index(on)][i];
        *asker = (asker_t){.left = QUESTIONS, .chore = {.run = ask_next}};
        edge_worker_post(on, &asker->chore);
    }
    return APR_SUCCESS;
}

static void stop_askers(edge_worker_t *on, void *context) {
    (void)context;
    auth_sasl_module.worker_stop(on);
}

static void on_many_workers_while_the_file_changes(void **state) {
    const edge_workers_plan_t plan = {WORKERS, start_askers, stop_askers, NULL};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    while (ended < WORKERS * ASKERS) {
        store_file_put(&file, table_of(CLEAR USER));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        store_file_put(&file, table_of("# longer\n" USER BLOWFISH CLEAR));
    }
    edge_workers_stop();
    edge_workers_forget();
    assert_int_equal(mistakes, 0);
    assert_true(good > 0);
}

#define WITH_WORKER(name) cmocka_unit_test_setup_teardown(name, open_worker, close_worker)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_WORKER(verifies),
        WITH_WORKER(knows_names),
        WITH_WORKER(gives_secrets),
        WITH_WORKER(gives_verifiers),
        WITH_WORKER(pretends),
        WITH_WORKER(canceled),
        WITH_WORKER(busy),
        cmocka_unit_test_setup_teardown(on_many_workers_while_the_file_changes, open_store, close_store),
    };
    return cmocka_run_group_tests_name("auth_sasl/store_hash", tests, sasl_set_up, fixture_tear_down);
}
