/* Tokens in force: checked, made, revoked, followed when the file changes, and the days they were used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/tokens.h"
#include "edge_clock.h"

#define DAY (APR_USEC_PER_SEC * 86400)
#define NOW (20785 * DAY + DAY / 2) /* 2026-11-28, noon */

static apr_pool_t *pool;
static char root[] = "/tmp/edge-tokens-XXXXXX", path[64];

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    fail_msg("%u: %s", line, what);
}

static int begin(void **state) {
    edge_file_stamp_t stamp;
    unlink(path);
    edge_tokens_use(path, edge_token_table_read(path, &stamp, complain, NULL), stamp);
    return 0;
}

static int end(void **state) {
    edge_tokens_use(NULL, NULL, (edge_file_stamp_t){0});
    return 0;
}

static edge_ipaddr_t address(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static edge_token_facts_t wish(const char *name, edge_token_role_t role) {
    edge_token_facts_t facts = {.role = role};
    snprintf(facts.name, sizeof(facts.name), "%s", name);
    return facts;
}

static void create(edge_token_facts_t facts, char token[EDGE_TOKEN_TEXT]) {
    assert_int_equal(edge_tokens_create(&facts, token), APR_SUCCESS);
}

static edge_token_verdict_t check(const char *token, const char *from, edge_token_facts_t *facts) {
    return edge_token_check(edge_span_of(token), address(from), NOW, facts);
}

static const char *file_text(void) {
    static char text[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* As an editor does it: in place. */
static void overwrite(const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void created(void **state) {
    char app[EDGE_TOKEN_TEXT], ops[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    create(wish("ops", EDGE_TOKEN_ADMIN), ops);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    assert_string_equal(facts.name, "app");
    assert_int_equal(facts.role, EDGE_TOKEN_SUBMIT);
    assert_true(facts.created > 0);
    assert_int_equal(facts.expires, 0);
    assert_int_equal(facts.used, 20785);
    assert_int_equal(check(ops, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    assert_int_equal(facts.role, EDGE_TOKEN_ADMIN);
    assert_int_equal(edge_tokens_count(), 2);
    assert_int_equal(edge_tokens_count_of(EDGE_TOKEN_ADMIN), 1);
    assert_int_equal(edge_tokens_count_of(EDGE_TOKEN_READ), 0);
    assert_null(strstr(file_text(), app)); /* only its hash is kept */
    apr_array_header_t *list = edge_tokens_list(pool);
    assert_int_equal(list->nelts, 2);
    assert_string_equal(((edge_token_facts_t *)list->elts)[1].name, "ops");
}

static void unknown(void **state) {
    char app[EDGE_TOKEN_TEXT], other[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    assert_true(edge_token_make(EDGE_TOKEN_SUBMIT, other));
    assert_int_equal(check(other, "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
    assert_int_equal(check("", "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
    assert_int_equal(check("app", "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
    app[strlen(app) - 1] = app[strlen(app) - 1] == 'a' ? 'e' : 'a';
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
}

static void expired(void **state) {
    char app[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts = wish("app", EDGE_TOKEN_SUBMIT);
    facts.expires = NOW;
    create(facts, app);
    edge_ipaddr_t from = address("192.0.2.1");
    assert_int_equal(edge_token_check(edge_span_of(app), from, NOW - 1, &facts), EDGE_TOKEN_OK);
    assert_int_equal(edge_token_check(edge_span_of(app), from, NOW, &facts), EDGE_TOKEN_EXPIRED);
    assert_string_equal(facts.name, "app");
}

static void bound(void **state) {
    char app[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts = wish("app", EDGE_TOKEN_SUBMIT);
    facts.bound = true;
    assert_true(edge_ipaddr_parse_network(edge_span_of("192.0.2.0/24"), &facts.network, &facts.bits));
    create(facts, app);
    assert_int_equal(check(app, "192.0.2.255", &facts), EDGE_TOKEN_OK);
    assert_int_equal(check(app, "192.0.3.1", &facts), EDGE_TOKEN_WRONG_SOURCE);
    assert_int_equal(check(app, "2001:db8::1", &facts), EDGE_TOKEN_WRONG_SOURCE);
}

static void revoked(void **state) {
    char app[EDGE_TOKEN_TEXT], ops[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    assert_int_equal(edge_tokens_revoke(edge_span_of("app")), APR_NOTFOUND); /* there is no file yet */
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    create(wish("ops", EDGE_TOKEN_ADMIN), ops);
    assert_int_equal(edge_tokens_revoke(edge_span_of("none")), APR_NOTFOUND);
    assert_int_equal(edge_tokens_revoke(edge_span_of("APP")), APR_SUCCESS);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
    assert_int_equal(check(ops, "192.0.2.1", &facts), EDGE_TOKEN_OK);
}

static void not_created(void **state) {
    char token[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts = wish("app", EDGE_TOKEN_SUBMIT), bad = wish("a b", EDGE_TOKEN_SUBMIT);
    assert_int_equal(edge_tokens_create(&bad, token), APR_EINVAL);
    assert_int_equal(edge_tokens_create(&facts, token), APR_SUCCESS);
    assert_int_equal(edge_tokens_create(&facts, token), APR_EEXIST);
    overwrite("rubbish\n");
    facts = wish("other", EDGE_TOKEN_SUBMIT);
    assert_int_equal(edge_tokens_create(&facts, token), APR_EGENERAL);
    assert_string_equal(file_text(), "rubbish\n");
    end(state);
    assert_int_equal(edge_tokens_create(&facts, token), APR_ENOENT);
    assert_int_equal(edge_tokens_revoke(edge_span_of("app")), APR_NOTFOUND);
}

/* Changed by somebody else: by edgectl, or by hand. */
static void followed(void **state) {
    char app[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    char line[512];
    snprintf(line, sizeof(line), "%s", file_text());
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_SAME);
    overwrite("");
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_CHANGING);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_TAKEN);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_UNKNOWN);
    overwrite(line);
    edge_tokens_look();
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_TAKEN);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    overwrite("rubbish\n");
    edge_tokens_look();
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_REFUSED);
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_SAME); /* said once */
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    unlink(path);
    edge_tokens_look();
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_TAKEN);
    assert_int_equal(edge_tokens_count(), 0);
}

static void days(void **state) {
    char app[EDGE_TOKEN_TEXT], ops[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    create(wish("ops", EDGE_TOKEN_READ), ops);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    assert_null(strstr(file_text(), "used="));
    edge_tokens_keep_days();
    assert_non_null(strstr(file_text(), " used=2026-11-28\nops "));
    assert_int_equal(edge_tokens_look(), EDGE_FOLLOWED_SAME); /* its own change is none */
    ino_t before = edge_file_stamp(path).inode;
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    edge_tokens_keep_days();
    assert_int_equal(edge_file_stamp(path).inode, before); /* once a day */
}

/* Days outlive a file that was read anew before they were written. */
static void days_outlive_a_change(void **state) {
    char app[EDGE_TOKEN_TEXT], ops[EDGE_TOKEN_TEXT];
    edge_token_facts_t facts;
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    assert_int_equal(check(app, "192.0.2.1", &facts), EDGE_TOKEN_OK);
    create(wish("ops", EDGE_TOKEN_READ), ops);
    edge_tokens_keep_days();
    assert_non_null(strstr(file_text(), " used=2026-11-28\nops "));
}

static void *check_often(void *token) {
    edge_token_facts_t facts;
    for (unsigned i = 0; i < 20000; i++)
        if (edge_token_check(edge_span_of(token), address("192.0.2.1"), NOW, &facts) != EDGE_TOKEN_OK)
            return token;
    return NULL;
}

static void checked_while_it_changes(void **state) {
    char app[EDGE_TOKEN_TEXT], ops[EDGE_TOKEN_TEXT];
    pthread_t threads[2];
    create(wish("app", EDGE_TOKEN_SUBMIT), app);
    for (unsigned i = 0; i < EDGE_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, check_often, app), 0);
    for (unsigned i = 0; i < 20; i++) {
        create(wish("ops", EDGE_TOKEN_ADMIN), ops);
        assert_int_equal(edge_tokens_revoke(edge_span_of("ops")), APR_SUCCESS);
    }
    for (unsigned i = 0; i < EDGE_COUNT(threads); i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static int make_root(void **state) {
    apr_initialize();
    snprintf(path, sizeof(path), "%s/tokens", mkdtemp(root));
    return apr_pool_create(&pool, NULL);
}

static int drop_root(void **state) {
    unlink(path);
    apr_pool_destroy(pool);
    apr_terminate();
    return rmdir(root);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(created),
        ROW(unknown),
        ROW(expired),
        ROW(bound),
        ROW(revoked),
        ROW(not_created),
        ROW(followed),
        ROW(days),
        ROW(days_outlive_a_change),
        ROW(checked_while_it_changes),
    };
    return cmocka_run_group_tests_name("core/tokens", tests, make_root, drop_root);
}
