/* Server-sent events: whole ones come out, however they are cut; comments and what is too long do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "event_stream.h"

static ctl_event_stream_t stream;
static char got[1024];

static void take(void *context, const ctl_event_t *event) {
    size_t len = strlen(got);
    assert_ptr_equal(context, &stream);
    snprintf(got + len, sizeof got - len, "%.*s%s%.*s=%.*s;", (int)event->id.len,
             event->id.at != NULL ? event->id.at : "", event->id.at != NULL ? " " : "", (int)event->type.len,
             event->type.at, (int)event->data.len, event->data.at);
}

static int setup(void **state) {
    memset(&stream, 0, sizeof stream);
    stream.take = take;
    stream.context = &stream;
    got[0] = '\0';
    return 0;
}

static void feed(const char *text) { ctl_event_stream_feed(&stream, edge_span_of(text)); }

static const char some[] =
    "retry: 3000\n\nid: 7\nevent: line\ndata: {\"a\":1}\n\n: alive\n\nevent:end\r\ndata:{}\r\n\r\ndata: x\n\n";
static const char wanted[] = "7 line={\"a\":1};end={};message=x;";

static void whole_ones(void **state) {
    feed(some);
    assert_string_equal(got, wanted);
    feed("event: line\ndata: half\n");
    assert_string_equal(got, wanted);
}

static void octet_by_octet(void **state) {
    for (size_t i = 0; i + 1 < sizeof some; i++) {
        ctl_event_stream_feed(&stream, edge_span(some + i, 1));
    }
    assert_string_equal(got, wanted);
}

static void names_that_only_begin_so(void **state) {
    feed("events: x\ndatab: y\nevent\ndata\n\nevent: last\ndata: \n\n");
    assert_string_equal(got, "last=;");
}

static void one_that_is_too_long(void **state) {
    feed("data: ");
    for (unsigned i = 0; i < CTL_EVENT_MOST; i++) {
        feed("x");
    }
    feed("\nevent: line\n\ndata: next\n\n");
    assert_string_equal(got, "message=next;");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole_ones, setup),
        cmocka_unit_test_setup(octet_by_octet, setup),
        cmocka_unit_test_setup(names_that_only_begin_so, setup),
        cmocka_unit_test_setup(one_that_is_too_long, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
