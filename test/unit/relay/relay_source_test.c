/* Stored messages as sources: of every size around a block, given in pieces, read again from anywhere, and broken anywhere. */
#include "../../../modules/relay/relay.h"
#include "../relay_discard/hop_fixture.h"

#include <apr_strings.h>
#include <stdlib.h>

#define BLOCK 65536u
#define MOST (3 * BLOCK + 100)

/* A queue with one message. Its reader is used by one thread at a time, which the pool of one thread hands over. */
static struct {
    edge_queue_t queue;
    char text[MOST];
    size_t size, at, piece, breaks;
    unsigned opened, closed;
    bool gone;
} stored;

struct edge_queue_reader {
    int unused;
};
static edge_queue_reader_t the_reader;

static apr_status_t reader_open(edge_queue_t *queue, edge_uuid_t id, apr_pool_t *pool, edge_queue_reader_t **reader) {
    (void)queue;
    (void)id;
    (void)pool;
    if (stored.gone)
        return APR_NOTFOUND;
    stored.opened++;
    stored.at = 0;
    *reader = &the_reader;
    return APR_SUCCESS;
}

static apr_status_t reader_read(edge_queue_reader_t *reader, char *into, size_t size, size_t *got) {
    size_t len = stored.size - stored.at;
    (void)reader;
    len = len < size ? len : size;
    len = len < stored.piece ? len : stored.piece;
    if (stored.at >= stored.breaks)
        return APR_EGENERAL;
    if (stored.at == stored.size)
        return APR_EOF;
    memcpy(into, stored.text + stored.at, len);
    stored.at += len;
    *got = len;
    return APR_SUCCESS;
}

static void reader_close(edge_queue_reader_t *reader) {
    assert_ptr_equal(reader, &the_reader);
    stored.closed++;
}

static const edge_queue_provider_t provider = {
    .name = "stored", .reader_open = reader_open, .reader_read = reader_read, .reader_close = reader_close};

static edge_task_pool_t *readers;
static unsigned told, rests;
static void be_told(void *owner) {
    (void)owner;
    told++;
}
static void be_rested(void *context) {
    (void)context;
    rests++;
}

static int start(void **state) {
    hop_start(state);
    for (size_t i = 0; i < MOST; i++)
        stored.text[i] = (char)(i * 7 + (i >> 8) * 13);
    return edge_task_pool_start(&readers, "test", 1, 16) != APR_SUCCESS;
}

static int stop(void **state) {
    edge_task_pool_stop(readers);
    return hop_stop(state);
}

static relay_source_t *opened(size_t size) {
    stored.queue.provider = &provider;
    stored.size = size;
    stored.piece = MOST;
    stored.breaks = SIZE_MAX;
    stored.gone = false;
    stored.opened = stored.closed = 0;
    return relay_source_open(&stored.queue, (edge_uuid_t){{0}}, size, readers);
}

static edge_source_t *used(relay_source_t *source) {
    edge_source_t *bytes = relay_source_use(source, hop_worker);
    bytes->ready = be_told;
    return bytes;
}

static void closed(relay_source_t *source) {
    rests = 0;
    relay_source_rest(source, be_rested, NULL);
    while (rests == 0)
        edge_loop_turn(hop_worker, -1);
    assert_int_equal(rests, 1);
    relay_source_close(source);
    assert_int_equal(stored.opened, stored.closed);
}

/* Until there is something else to say than WAIT, which is followed by one word of it. */
static edge_source_state_t look(edge_source_t *bytes, edge_span_t *span) {
    edge_source_state_t state;
    while ((state = edge_source_look(bytes, span)) == EDGE_SOURCE_WAIT)
        for (unsigned before = told; told == before;)
            edge_loop_turn(hop_worker, -1);
    return state;
}

/* From `at` on, up to `until`; in pieces that have nothing to do with blocks. */
static edge_source_state_t compare(edge_source_t *bytes, size_t at, size_t until) {
    edge_span_t span;
    edge_source_state_t state = EDGE_SOURCE_BYTES;
    while (at < until && (state = look(bytes, &span)) == EDGE_SOURCE_BYTES) {
        size_t len = span.len < 1000 ? span.len : 1000;
        len = len < until - at ? len : until - at;
        assert_true(len > 0 && at + len <= stored.size);
        assert_memory_equal(span.at, stored.text + at, len);
        edge_source_eat(bytes, len);
        at += len;
    }
    return state;
}

static const size_t sizes[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1, MOST};

static void whole(void **state) {
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(sizes); i++)
        for (size_t piece = 999; piece <= MOST; piece *= 66) {
            relay_source_t *source = opened(sizes[i]);
            edge_source_t *bytes = used(source);
            edge_span_t span;
            stored.piece = piece;
            assert_int_equal(bytes->size, sizes[i]);
            assert_int_equal(compare(bytes, 0, sizes[i]), EDGE_SOURCE_BYTES);
            assert_int_equal(look(bytes, &span), EDGE_SOURCE_END);
            assert_int_equal(look(bytes, &span), EDGE_SOURCE_END);
            closed(source);
        }
}

/* From wherever it has come to, once or twice, with the next block read or under way. */
static void again(void **state) {
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(sizes); i++)
        for (size_t from = 0; from <= sizes[i]; from += BLOCK / 2 + 1)
            for (unsigned turns = 0; turns < 3; turns++) {
                relay_source_t *source = opened(sizes[i]);
                edge_source_t *bytes = used(source);
                edge_span_t span;
                compare(bytes, 0, from);
                if (turns > 0)
                    edge_source_look(bytes, &span); /* the next block is asked for */
                assert_true(edge_source_rewind(bytes));
                if (turns == 2) {
                    edge_source_look(bytes, &span);
                    assert_true(edge_source_rewind(bytes));
                }
                assert_int_equal(compare(bytes, 0, sizes[i]), EDGE_SOURCE_BYTES);
                assert_int_equal(look(bytes, &span), EDGE_SOURCE_END);
                assert_true(edge_source_rewind(bytes));
                compare(bytes, 0, sizes[i] / 2);
                closed(source);
            }
}

/* At rest while a read is under way: nobody is told anything, and nothing is left open. */
static void left_alone(void **state) {
    edge_span_t span;
    (void)state;
    relay_source_t *source = opened(MOST);
    edge_source_t *bytes = used(source);
    assert_int_equal(edge_source_look(bytes, &span), EDGE_SOURCE_BYTES); /* which asks for the next block */
    edge_source_eat(bytes, span.len);
    edge_source_look(bytes, &span);
    unsigned before = told;
    closed(source);
    assert_int_equal(told, before);
    source = opened(MOST); /* never used */
    relay_source_close(source);
    assert_int_equal(stored.opened, stored.closed);
}

static void broken(void **state) {
    edge_span_t span;
    (void)state;
    for (size_t at = BLOCK; at < MOST; at += BLOCK / 2) {
        relay_source_t *source = opened(MOST);
        edge_source_t *bytes = used(source);
        stored.piece = 1000;
        stored.breaks = at;
        assert_int_equal(compare(bytes, 0, MOST), EDGE_SOURCE_BROKEN);
        assert_int_equal(look(bytes, &span), EDGE_SOURCE_BROKEN);
        closed(source);
    }
    stored.gone = true;
    assert_null(relay_source_open(&stored.queue, (edge_uuid_t){{0}}, 1, readers));
}

/* Gone when it is to be read again. */
static void gone(void **state) {
    edge_span_t span;
    (void)state;
    relay_source_t *source = opened(MOST);
    edge_source_t *bytes = used(source);
    compare(bytes, 0, MOST);
    stored.gone = true;
    assert_true(edge_source_rewind(bytes));
    assert_int_equal(look(bytes, &span), EDGE_SOURCE_BROKEN);
    assert_int_equal(look(bytes, &span), EDGE_SOURCE_BROKEN);
    closed(source);
}

static void without_an_octet(void **state) {
    edge_span_t span;
    (void)state;
    stored.opened = stored.closed = 0;
    relay_source_t *source = relay_source_nothing();
    edge_source_t *bytes = used(source);
    assert_int_equal(bytes->size, 0);
    assert_int_equal(edge_source_look(bytes, &span), EDGE_SOURCE_END);
    assert_true(edge_source_rewind(bytes));
    assert_int_equal(edge_source_look(bytes, &span), EDGE_SOURCE_END);
    closed(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole),      cmocka_unit_test(again),
                                       cmocka_unit_test(left_alone), cmocka_unit_test(broken),
                                       cmocka_unit_test(gone),       cmocka_unit_test(without_an_octet)};
    return cmocka_run_group_tests_name("relay_source", tests, start, stop);
}
