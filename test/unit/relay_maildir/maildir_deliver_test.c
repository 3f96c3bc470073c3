/* Deliveries to Maildirs: one and many recipients, lines, trouble of one mailbox or the message, cancelling. */
#include "maildir_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE "Subject: x\r\n\r\nfirst\r\n\r\nlast\r\n"
#define LINES "Subject: x\n\nfirst\n\nlast\n"

static maildir_conf_t conf;
static const edge_relay_provider_t *provider(void) { return relay_maildir_module.providers[0].table; }

static hop_t *make(const char *text) {
    static char template[200];
    snprintf(template, sizeof template, "%s/%%{domain}/%%{user}", maildir_root);
    conf = (maildir_conf_t){edge_span_of(template), true};
    return hop_make(provider(), &conf, text);
}

static void one_recipient(void **state) {
    (void)state;
    for (unsigned waits = 0; waits < 5; waits++) {
        hop_t *hop = make(MESSAGE);
        hop->from.waits = waits;
        hop_to(hop, "Bob+x@Server.Example");
        hop_deliver(hop);
        assert_string_equal(hop_result(hop, 0), "250 2.1.5 Delivered to the mailbox");
        assert_string_equal(maildir_read("server.example/bob/new"),
                            "Return-Path: <a@client.example>\nDelivered-To: Bob+x@Server.Example\n" LINES);
        /* Delivered five times, and there once: the name is the message's own. */
        assert_string_equal(maildir_list("server.example/bob/new"),
                            "1795365669.01932d5c-0000-7000-8000-00000000beef_0.edged\n");
        assert_string_equal(maildir_list("server.example/bob/tmp"), "");
        hop_free(hop);
    }
}

static void many_recipients(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop_to(hop, "\"../x\"@server.example");
    hop_to(hop, "a@server.example");
    hop_to(hop, "b@server.example");
    hop_to(hop, "\".\"@server.example");
    hop_to(hop, "b@server.example");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "!550 5.1.3 No mailbox can have this name");
    assert_string_equal(hop_result(hop, 1), "250 2.1.5 Delivered to the mailbox");
    assert_string_equal(hop_result(hop, 2), "250 2.1.5 Delivered to the mailbox");
    assert_string_equal(hop_result(hop, 3), "!550 5.1.3 No mailbox can have this name");
    assert_string_equal(hop_result(hop, 4), "250 2.1.5 Delivered to the mailbox");
    assert_string_equal(maildir_read("server.example/a/new"),
                        "Return-Path: <a@client.example>\nDelivered-To: a@server.example\n" LINES);
    assert_string_equal(maildir_read("server.example/b/new"),
                        "Return-Path: <a@client.example>\nDelivered-To: b@server.example\n" LINES);
    assert_int_equal(hop->from.rewinds, 0);
    hop_free(hop);
}

static void nobody_who_could_be(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop_to(hop, "\"../x\"@server.example");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "!550 5.1.3 No mailbox can have this name");
    assert_int_equal(hop->from.at, 0);
    hop_free(hop);
}

/* The first mailbox does not exist, so the second takes the message. */
static void mailboxes_that_are_missing(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop_to(hop, "a@server.example");
    hop_deliver(hop);
    hop_free(hop);
    hop = make(MESSAGE);
    conf.create = false;
    hop_to(hop, "missing@server.example");
    hop_to(hop, "a@server.example");
    hop_to(hop, "other@server.example");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "!550 5.1.1 No such mailbox");
    assert_string_equal(hop_result(hop, 1), "250 2.1.5 Delivered to the mailbox");
    assert_string_equal(hop_result(hop, 2), "!550 5.1.1 No such mailbox");
    assert_string_equal(maildir_list("server.example"), "a\n");
    hop_free(hop);
}

static void line_ends(void **state) {
    (void)state;
    static const struct {
        const char *text, *lines;
    } rows[] = {{"a\rb\r\r\nc", "a\rb\r\nc"}, {"a\r", "a\r"}, {"\r\n\r\n", "\n\n"}, {"a\n", "a\n"}};
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        for (size_t step = 1; step < 4; step++) {
            hop_t *hop = make(rows[i].text);
            char address[40];
            hop->from.step = step;
            snprintf(address, sizeof address, "u%u-%u@s", (unsigned)i, (unsigned)step);
            hop_to(hop, address);
            hop_deliver(hop);
            snprintf(address, sizeof address, "s/u%u-%u/new", (unsigned)i, (unsigned)step);
            assert_string_equal(strstr(maildir_read(address), "@s\n") + 3, rows[i].lines);
            hop_free(hop);
        }
    }
}

static void a_large_message(void **state) {
    (void)state;
    enum { SIZE = 300000 };
    hop_t *hop = make("");
    char *text = apr_palloc(hop->pool, SIZE + 1);
    for (unsigned i = 0; i < SIZE; i++) {
        text[i] = i % 60 == 58 ? '\r' : i % 60 == 59 ? '\n' : 'x';
    }
    text[SIZE] = '\0';
    hop->from.text = edge_span_of(text);
    hop->from.step = 50000;
    hop->from.waits = 6;
    hop_to(hop, "a@s");
    hop_to(hop, "b@s");
    hop_deliver(hop);
    struct stat a, b;
    char path[200];
    snprintf(path, sizeof path, "s/a/new/1795365669.01932d5c-0000-7000-8000-00000000beef_0.edged");
    assert_int_equal(stat(maildir_at(path), &a), 0);
    snprintf(path, sizeof path, "s/b/new/1795365669.01932d5c-0000-7000-8000-00000000beef_1.edged");
    assert_int_equal(stat(maildir_at(path), &b), 0);
    assert_int_equal(a.st_size, SIZE - SIZE / 60 + strlen("Return-Path: <a@client.example>\nDelivered-To: a@s\n"));
    assert_int_equal(a.st_size, b.st_size);
    hop_free(hop);
}

static void a_message_that_cannot_be_read(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop->from.breaks = 14;
    hop_to(hop, "a@s");
    hop_to(hop, "b@s");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.0 The message cannot be read");
    assert_string_equal(hop_result(hop, 1), "~451 4.3.0 The message cannot be read");
    assert_string_equal(maildir_list("s/a/new"), "");
    assert_string_equal(maildir_list("s/a/tmp"), "");
    assert_string_equal(maildir_list("s"), "a\n");
    hop_free(hop);
}

/* Something of that name that is no directory. */
static void trouble_of_one_mailbox(void **state) {
    (void)state;
    assert_int_equal(mkdir(maildir_at("s"), 0700), 0);
    assert_int_equal(symlink("loop", maildir_at("s/loop")), 0);
    hop_t *hop = make(MESSAGE);
    hop_to(hop, "loop@s");
    hop_to(hop, "b@s");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0),
                        "~451 4.3.0 The mailbox cannot be written: Too many levels of symbolic links");
    assert_string_equal(hop_result(hop, 1), "250 2.1.5 Delivered to the mailbox");
    hop_free(hop);
}

static void cancelled(void **state) {
    (void)state;
    for (unsigned turns = 0; turns < 12; turns++) {
        hop_t *hop = make(MESSAGE);
        hop->from.waits = 6;
        hop_to(hop, "a@s");
        hop_to(hop, "b@s");
        hop_begin(hop);
        for (unsigned i = 0; i < turns && hop->finished == 0; i++) {
            edge_loop_turn(hop_worker, 100000);
        }
        if (hop->finished == 0) {
            hop_cancel(hop);
        }
        maildir_deliver_stop();
        edge_loop_turn(hop_worker, 0);
        edge_loop_turn(hop_worker, 0);
        assert_string_equal(strcmp(maildir_list("s/a/tmp"), "-") == 0 ? "" : maildir_list("s/a/tmp"), "");
        assert_int_equal(maildir_deliver_start(), APR_SUCCESS);
        hop_free(hop);
    }
}

static void without_threads(void **state) {
    (void)state;
    maildir_deliver_stop();
    hop_t *hop = make(MESSAGE);
    hop_to(hop, "a@s");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.2 Too many deliveries to mailboxes are waiting");
    hop_free(hop);
    assert_int_equal(maildir_deliver_start(), APR_SUCCESS);
}

static void errors(void **state) {
    (void)state;
    edge_relay_result_t quota = maildir_deliver_result(EDQUOT), full = maildir_deliver_result(ENOSPC);
    assert_int_equal(quota.outcome, EDGE_RELAY_DEFERRED);
    assert_int_equal(quota.blame, EDGE_RELAY_MESSAGE);
    assert_int_equal(quota.reply.subject, 2);
    assert_int_equal(full.outcome, EDGE_RELAY_DEFERRED);
    assert_int_equal(full.blame, EDGE_RELAY_HOST);
    assert_int_equal(maildir_deliver_result(EACCES).outcome, EDGE_RELAY_DEFERRED);
    assert_int_equal(maildir_deliver_result(0).outcome, EDGE_RELAY_DONE);
}

static int start(void **state) { return hop_start(state) != 0 || maildir_deliver_start() != APR_SUCCESS; }
static int stop(void **state) {
    maildir_deliver_stop();
    return hop_stop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, maildir_setup, maildir_teardown)
        A(one_recipient),
        A(many_recipients),
        A(nobody_who_could_be),
        A(mailboxes_that_are_missing),
        A(line_ends),
        A(a_large_message),
        A(a_message_that_cannot_be_read),
        A(trouble_of_one_mailbox),
        A(cancelled),
        A(without_threads),
        A(errors),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
