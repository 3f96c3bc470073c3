/* A body on its way through: kept in memory or in a file without a name, given back as it came and as often as it is asked for. */
#include "../relay_discard/hop_fixture.h"

#include "../../../modules/relay/relay_proxy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static edge_task_pool_t *threads;
static unsigned rooms, readied;
static bool is_sound;

static void has_room(void *owner) {
    (void)owner;
    rooms++;
}

static void is_ready(void *context, bool sound) {
    (void)context;
    readied++;
    is_sound = sound;
}

static void wake(void *owner) { ++*(unsigned *)owner; }

static char octet(size_t at) { return (char)(at * 31 + at / 251); }

/* `size` octets in pieces of `step`; waits where the body asks for it. */
static edge_body_t *make(size_t size, size_t step) {
    edge_body_t *body = relay_proxy_body_open(hop_worker, threads, has_room, NULL);
    char *piece = malloc(step);
    rooms = readied = 0;
    is_sound = false;
    for (size_t at = 0, len; at < size; at += len) {
        len = size - at < step ? size - at : step;
        for (size_t i = 0; i < len; i++)
            piece[i] = octet(at + i);
        unsigned before = rooms;
        if (edge_body_write(body, edge_span(piece, len)) == EDGE_BODY_WAIT)
            while (rooms == before)
                edge_loop_turn(hop_worker, -1);
    }
    free(piece);
    return body;
}

static void end(edge_body_t *body) {
    relay_proxy_body_end(body, is_ready, NULL);
    while (readied == 0)
        edge_loop_turn(hop_worker, -1);
    assert_int_equal(readied, 1);
}

/* Reads up to `most` octets; the prelude comes first, each octet is what it was. */
static size_t read_back(edge_source_t *source, const char *prelude, size_t most) {
    size_t at = 0, before = strlen(prelude);
    unsigned woken = 0, waits = 0;
    source->ready = wake;
    source->owner = &woken;
    while (at < most) {
        edge_span_t bytes;
        edge_source_state_t state = edge_source_look(source, &bytes);
        if (state == EDGE_SOURCE_WAIT) {
            waits++;
            while (woken < waits)
                edge_loop_turn(hop_worker, -1);
            continue;
        }
        if (state != EDGE_SOURCE_BYTES)
            break;
        assert_true(bytes.len > 0);
        size_t take = bytes.len > 7777 ? 7777 : bytes.len;
        for (size_t i = 0; i < take; i++, at++)
            if (bytes.at[i] != (at < before ? prelude[at] : octet(at - before)))
                fail_msg("octet %zu is another", at);
        edge_source_eat(source, take);
    }
    assert_int_equal(woken, waits);
    return at;
}

static bool is_at_its_end(edge_source_t *source) {
    edge_span_t bytes;
    return edge_source_look(source, &bytes) == EDGE_SOURCE_END;
}

static void as_it_came(void **state) {
    (void)state;
    static const char prelude[] = "Received: x\r\n";
    static const struct {
        size_t size, step;
    } cases[] = {{0, 1},          {1, 1},         {1000, 7},        {262143, 65536},
                 {262144, 65536}, {300000, 1000}, {1000000, 65536}, {3000001, 4099}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        edge_body_t *body = make(cases[i].size, cases[i].step);
        end(body);
        assert_true(is_sound);
        edge_source_t *source = relay_proxy_body_source(body, edge_span_of(prelude));
        size_t all = cases[i].size + strlen(prelude);
        assert_int_equal(source->size, all);
        for (unsigned again = 0; again < 3; again++) { /* the next host has it from the first octet on */
            size_t most = again == 1 ? all / 2 : SIZE_MAX;
            assert_int_equal(read_back(source, prelude, most) >= (again == 1 ? most : all), true);
            assert_true(again == 1 || is_at_its_end(source));
            assert_true(edge_source_rewind(source));
        }
        relay_proxy_body_free(body);
    }
}

/* What is not in memory is in no folder either. */
static void no_file_is_seen(void **state) {
    (void)state;
    char folder[] = "/tmp/edge-proxy-XXXXXX";
    assert_non_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    edge_body_t *body = make(2000000, 65536);
    end(body);
    assert_true(is_sound);
    assert_int_equal(rmdir(folder), 0); /* it is empty */
    relay_proxy_body_free(body);
    unsetenv("TMPDIR");
}

/* A disk that takes nothing: the client's message is not taken either, and nothing hangs. */
static void no_room(void **state) {
    (void)state;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    edge_body_t *body = make(2000000, 65536);
    end(body);
    assert_false(is_sound);
    edge_source_t *source = relay_proxy_body_source(body, edge_span_of(""));
    edge_span_t bytes;
    assert_int_equal(edge_source_look(source, &bytes), EDGE_SOURCE_BROKEN);
    relay_proxy_body_free(body);
    unsetenv("TMPDIR");
}

/* The client goes while a thread still writes, or the next hop while one reads. */
static void let_go_while_a_thread_works(void **state) {
    (void)state;
    edge_body_t *body = relay_proxy_body_open(hop_worker, threads, has_room, NULL);
    static char piece[65536];
    while (edge_body_write(body, edge_span(piece, sizeof(piece))) == EDGE_BODY_MORE) {
    }
    edge_body_abandon(body);
    body = make(1000000, 65536);
    end(body);
    edge_span_t bytes;
    assert_int_equal(edge_source_look(relay_proxy_body_source(body, edge_span_of("")), &bytes), EDGE_SOURCE_WAIT);
    relay_proxy_body_free(body);
}

static int start(void **state) {
    return hop_start(state) != 0 || edge_task_pool_start(&threads, "proxy", 2, 64) != APR_SUCCESS;
}

static int stop(void **state) {
    edge_task_pool_stop(threads);
    edge_loop_turn(hop_worker, 0); /* what the threads have sent meanwhile */
    return hop_stop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_came),
        cmocka_unit_test(no_file_is_seen),
        cmocka_unit_test(no_room),
        cmocka_unit_test(let_go_while_a_thread_works),
    };
    return cmocka_run_group_tests_name("relay/proxy_body", tests, start, stop);
}
