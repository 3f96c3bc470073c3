/* New certificates while the server goes on: all or none, at once or noticed. */
#include "tls_fixture.h"

#include <sys/time.h>
#include <unistd.h>

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "one", .subject = "one", .kind = TLS_ECDSA},
        {.name = "two", .subject = "two", .kind = TLS_ECDSA},
        {.name = "old", .subject = "old", .kind = TLS_ECDSA, .from = -9, .until = -2},
        {.name = "fixed", .subject = "fixed", .kind = TLS_ECDSA},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return 0;
}

#define PEM(name) fixture_path(name, "pem")
#define KEY(name) fixture_path(name, "key")

/* As a renewal does it; a new inode each, so that no two states of a file look the same. */
static void replace(const char *from, const char *to) {
    fixture_copy(from, PEM("scratch"));
    assert_int_equal(rename(PEM("scratch"), to), 0);
}

static void install(const char *name) {
    replace(PEM(name), PEM("live"));
    replace(KEY(name), KEY("live"));
}

static const char *common_name(SSL *client) {
    static char text[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client)), NID_commonName, text,
                              sizeof(text));
    return text;
}

static const char *served(tls_context_t *context) {
    fixture_link_t link;
    SSL_CTX *client = fixture_client(TLS1_3_VERSION);
    fixture_connect(&link, context, client);
    assert_true(fixture_shake(&link));
    const char *name = common_name(link.client);
    fixture_close(&link);
    SSL_CTX_free(client);
    return name;
}

static void asked_for(void **state) {
    (void)state;
    const char *why;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    assert_string_equal(served(context), "one");
    install("two");
    assert_string_equal(served(context), "one");
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_null(why);
    assert_string_equal(served(context), "two");
    fixture_forget(context);
}

static void refused(void **state) {
    (void)state;
    const char *why;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    replace(KEY("two"), KEY("live"));
    assert_int_not_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_non_null(strstr(why, "live.key is not that of the certificate"));
    install("old");
    assert_int_not_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_non_null(strstr(why, "live.pem expired"));
    unlink(PEM("live"));
    assert_int_not_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_non_null(strstr(why, "live.pem cannot be read"));
    assert_string_equal(served(context), "one");
    fixture_forget(context);
}

/* One bad context keeps the others as they were too. */
static void all_or_none(void **state) {
    (void)state;
    const char *why;
    install("one");
    replace(PEM("fixed"), PEM("other"));
    replace(KEY("fixed"), KEY("other"));
    tls_context_t *first = fixture_context("first", fixture_conf("live")),
                  *second = fixture_context("second", fixture_conf("other"));
    install("two");
    unlink(KEY("other"));
    assert_int_not_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_non_null(strstr(why, "other.key"));
    assert_string_equal(served(first), "one");
    assert_string_equal(served(second), "fixed");
    replace(KEY("fixed"), KEY("other"));
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_string_equal(served(first), "two");
    fixture_forget(first);
    fixture_forget(second);
}

/* A handshake and a session that began with the old ones go on with them. */
static void in_flight(void **state) {
    (void)state;
    const char *why;
    fixture_link_t open, half;
    SSL_CTX *client = fixture_client(TLS1_3_VERSION);
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    fixture_connect(&open, context, client);
    assert_true(fixture_shake(&open));
    fixture_connect(&half, context, client);
    assert_int_equal(SSL_do_handshake(half.client), -1);
    install("two");
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_true(fixture_shake(&half));
    assert_string_equal(common_name(half.client), "one");
    fixture_say(&open, "NOOP\r\n");
    fixture_answer(&open, "250 Ok\r\n");
    tls_set_t *before = fixture_state(&open)->set;
    assert_int_equal(before->counts, 2); /* theirs alone */
    fixture_close(&open);
    assert_int_equal(before->counts, 1);
    fixture_say(&half, "NOOP\r\n");
    fixture_close(&half);
    assert_string_equal(served(context), "two");
    SSL_CTX_free(client);
    fixture_forget(context);
}

static void noticed(void **state) {
    (void)state;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    assert_int_equal(tls_reload_look(), TLS_LOOK_SAME);
    replace(PEM("two"), PEM("live"));
    assert_int_equal(tls_reload_look(), TLS_LOOK_CHANGING);
    replace(KEY("two"), KEY("live"));
    assert_int_equal(tls_reload_look(), TLS_LOOK_CHANGING); /* not with half of them */
    assert_string_equal(served(context), "one");
    assert_int_equal(tls_reload_look(), TLS_LOOK_RELOADED);
    assert_string_equal(served(context), "two");
    assert_int_equal(tls_reload_look(), TLS_LOOK_SAME);
    fixture_forget(context);
}

/* What is refused is tried once for each state of the files. */
static void noticed_and_refused(void **state) {
    (void)state;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    replace(PEM("two"), PEM("live"));
    assert_int_equal(tls_reload_look(), TLS_LOOK_CHANGING);
    assert_int_equal(tls_reload_look(), TLS_LOOK_REFUSED);
    assert_int_equal(tls_reload_look(), TLS_LOOK_SAME);
    assert_int_equal(tls_reload_look(), TLS_LOOK_SAME);
    replace(KEY("two"), KEY("live"));
    assert_int_equal(tls_reload_look(), TLS_LOOK_CHANGING);
    assert_int_equal(tls_reload_look(), TLS_LOOK_RELOADED);
    assert_string_equal(served(context), "two");
    fixture_forget(context);
}

/* One of thirty-one days: five days before its end. */
static void expiry(void **state) {
    (void)state;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    time_t now = time(NULL), day = 86400;
    assert_int_equal(tls_expiry_warn(now), 0);
    assert_int_equal(tls_expiry_warn(now + 24 * day), 0);
    assert_int_equal(tls_expiry_warn(now + 25 * day), 1);
    assert_int_equal(tls_expiry_warn(now + 30 * day + 60), 1);
    fixture_forget(context);
    assert_int_equal(tls_expiry_warn(now + 30 * day), 0);
}

static void the_thread_starts_and_ends(void **state) {
    (void)state;
    install("one");
    tls_context_t *context = fixture_context("default", fixture_conf("live"));
    assert_int_equal(tls_reload_start(), APR_SUCCESS);
    tls_reload_stop();
    tls_reload_stop();
    fixture_forget(context);
    assert_int_equal(tls_reload_start(), APR_SUCCESS); /* nothing to look at */
    tls_reload_stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_for),   cmocka_unit_test(refused),
        cmocka_unit_test(all_or_none), cmocka_unit_test(in_flight),
        cmocka_unit_test(noticed),     cmocka_unit_test(noticed_and_refused),
        cmocka_unit_test(expiry),      cmocka_unit_test(the_thread_starts_and_ends),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
