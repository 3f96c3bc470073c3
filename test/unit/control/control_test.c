/* The control socket: requests in every form, refusals, streams, and who owns the path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/admin.h"
#include "control/control.h"
#include "edge_module.h"

/* Routes of the test in place of the core's. */

static void say(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "name", request->pieces[0], 0);
    edge_json_put_text(json, "text", request->arguments[0], 0);
    edge_json_put_number(json, "number", (int64_t)request->numbers[1]);
    edge_json_put_number(json, "word", (int64_t)request->numbers[2]);
    edge_json_put_text(json, "content", request->body != NULL ? request->body->raw : edge_span("", 0), 0);
    edge_json_object_end(json);
}

static void stream(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_admin_stream(answer, "text/plain");
    edge_admin_send(answer, edge_span_of("one "));
    edge_admin_send(answer, edge_span("", 0));
    edge_admin_send(answer, edge_span_of("two"));
    if (edge_span_equal(request->pieces[0], edge_span_of("broken"))) {
        edge_admin_break(answer);
    }
}

static void conflict(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_object(edge_admin_json(answer));
    edge_admin_problem(answer, 409, "conflict", "%s is \"busy\".", request->pieces[0].at);
}

static const char *const words[] = {"a", "b", NULL};
static const edge_admin_argument_t say_arguments[] = {
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "x"},
    {.name = "number", .kind = EDGE_ADMIN_NUMBER, .min = 1, .max = 9, .prose = "x"},
    {.name = "word", .kind = EDGE_ADMIN_WORD, .words = words, .prose = "x"},
    {.name = NULL},
};
const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "GET",
     .path = "/say/{name}",
     .role = EDGE_ADMIN_READ,
     .handler = say,
     .arguments = say_arguments,
     .prose = "x"},
    {.method = "POST", .path = "/say/{name}", .role = EDGE_ADMIN_OPERATE, .handler = say, .prose = "x"},
    {.method = "GET", .path = "/stream/{name}", .role = EDGE_ADMIN_ADMIN, .handler = stream, .prose = "x"},
    {.method = "DELETE", .path = "/fail/{name}", .role = EDGE_ADMIN_ADMIN, .handler = conflict, .prose = "x"},
    {.path = NULL},
};
static const edge_admin_route_t module_routes[] = {
    {.method = "GET", .path = "/module", .role = EDGE_ADMIN_READ, .handler = say, .prose = "x"},
    {.path = NULL},
};
static const edge_module_t module = {.name = "test", .routes = module_routes};
const edge_module_t *edge_module_at(unsigned index) { return index == 0 ? &module : NULL; }

static char path[64];

static int dial(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Sends the text, ends the output, returns all that comes back. */
static const char *ask(const char *text) {
    static char answer[65536];
    size_t have = 0;
    ssize_t got;
    int fd = dial();
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    shutdown(fd, SHUT_WR);
    while ((got = read(fd, answer + have, sizeof answer - 1 - have)) > 0) {
        have += (size_t)got;
    }
    answer[have] = '\0';
    close(fd);
    return answer;
}

static void starts_with(const char *text, const char *start) { assert_true(strncmp(text, start, strlen(start)) == 0); }
static void ends_with(const char *text, const char *end) {
    assert_true(strlen(text) >= strlen(end));
    assert_string_equal(text + strlen(text) - strlen(end), end);
}

#define H " HTTP/1.1\r\nHost: x\r\n"

static void answers_a_request(void **state) {
    (void)state;
    const char *answer = ask("GET /say/a%2Fb?text=%C3%A9&number=7&word=b" H "\r\n");
    starts_with(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
    ends_with(answer, "\r\n\r\n{\"name\":\"a/b\",\"text\":\"\xc3\xa9\",\"number\":7,\"word\":1,\"content\":\"\"}");
    ends_with(ask("POST /say/x" H "Content-Length: 2\r\n\r\n{}"), ",\"content\":\"{}\"}");
    starts_with(ask("GET /module" H "\r\n"), "HTTP/1.1 200 ");
}

static void answers_several_on_one_connection(void **state) {
    (void)state;
    const char *answer = ask("GET /say/one" H "\r\nPOST /say/two" H "Content-Length: 2\r\n\r\n{}DELETE /fail/three" H
                             "\r\nGET /say/four" H "Connection: close\r\n\r\nGET /say/five" H "\r\n");
    const char *one = strstr(answer, "\"one\""), *two = strstr(answer, "\"two\""), *three = strstr(answer, "three is"),
               *four = strstr(answer, "\"four\"");
    assert_true(one != NULL && two > one && three > two && four > three);
    assert_null(strstr(answer, "five"));
}

static void a_slow_request_is_read_to_its_end(void **state) {
    (void)state;
    static const char text[] = "POST /say/slow" H "Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    char answer[1024];
    ssize_t got;
    size_t have = 0;
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        assert_int_equal(write(fd, text + i, 1), 1);
    }
    while ((got = read(fd, answer + have, sizeof answer - 1 - have)) > 0) {
        have += (size_t)got;
    }
    answer[have] = '\0';
    close(fd);
    ends_with(answer, "\"content\":\"{}\"}");
}

static void streams(void **state) {
    (void)state;
    const char *answer = ask("GET /stream/x" H "\r\n");
    assert_non_null(strstr(answer, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(answer, "Transfer-Encoding: chunked\r\n"));
    ends_with(answer, "\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n");
    ends_with(ask("GET /stream/broken" H "\r\n"), "3\r\ntwo\r\n");
    answer = ask("GET /stream/x HTTP/1.0\r\n\r\n");
    assert_null(strstr(answer, "Transfer-Encoding"));
    ends_with(answer, "\r\n\r\none two");
    ends_with(ask("HEAD /stream/x" H "\r\n"), "\r\n\r\n");
}

static void head_has_no_content(void **state) {
    (void)state;
    const char *answer = ask("HEAD /say/x" H "\r\n");
    starts_with(answer, "HTTP/1.1 200 ");
    assert_null(strstr(answer, "Content-Length: 0"));
    ends_with(answer, "\r\n\r\n");
}

static void refuses(const char *request, const char *start, const char *part) {
    const char *answer = ask(request);
    starts_with(answer, start);
    assert_non_null(strstr(answer, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(answer, part));
}

static void problems(void **state) {
    (void)state;
    refuses("GET /nothing" H "\r\n", "HTTP/1.1 404 ", "\"code\":\"not-found\"");
    refuses("DELETE /say/x" H "\r\n", "HTTP/1.1 405 ", "\r\nAllow: GET, POST\r\n");
    refuses("DELETE /fail/x" H "\r\n", "HTTP/1.1 409 ", "\"detail\":\"x is \\\"busy\\\".\"");
    refuses("GET * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 ", "no path");
    refuses("GET /say/%zz" H "\r\n", "HTTP/1.1 400 ", "percent");
    refuses("GET /say/x?text=%00" H "\r\n", "HTTP/1.1 400 ", "percent");
    refuses("GET /say/x?txt=1" H "\r\n", "HTTP/1.1 422 ", "no argument \\\"txt\\\"");
    refuses("GET /say/x?number=10" H "\r\n", "HTTP/1.1 422 ", "from 1 to 9; got \\\"10\\\"");
    refuses("GET /say/x?number=x" H "\r\n", "HTTP/1.1 422 ", "out-of-range");
    refuses("GET /say/x?word=c" H "\r\n", "HTTP/1.1 422 ", "one of a, b; got");
    refuses("GET /say/x?word=a&word=b" H "\r\n", "HTTP/1.1 422 ", "twice");
    refuses("GET / HTTP/1.1\n", "HTTP/1.1 400 ", "LF without CR");
    refuses("GET /say/x HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "Host");
    refuses("POST /say/x" H "Content-Length: 99999\r\n\r\n", "HTTP/1.1 413 ", "too-large");
    refuses("POST /say/x" H "Transfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413 ", "Connection: close");
}

/* More clients at once than threads: all are served, since idle ones are left after a while and closed ones at once. */
static void serves_many_in_turn(void **state) {
    (void)state;
    int fds[12];
    static const char text[] = "GET /say/x" H "Connection: close\r\n\r\n";
    for (size_t i = 0; i < EDGE_COUNT(fds); i++) {
        fds[i] = dial();
        assert_int_equal(write(fds[i], text, sizeof text - 1), sizeof text - 1);
    }
    for (size_t i = 0; i < EDGE_COUNT(fds); i++) {
        char answer[512];
        assert_true(read(fds[i], answer, sizeof answer) > 0);
        close(fds[i]);
    }
}

static void the_socket_is_for_owner_and_group(void **state) {
    (void)state;
    struct stat stat;
    assert_int_equal(lstat(path, &stat), 0);
    assert_true(S_ISSOCK(stat.st_mode));
    assert_int_equal(stat.st_mode & 0777, 0660);
}

/* Last: another process's socket takes the path over; stopping leaves it alone. */
static void stop_leaves_a_newer_socket(void **state) {
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat stat;
    edge_control_stop();
    assert_int_equal(lstat(path, &stat), -1);
    edge_control_stop();
    assert_int_equal(edge_control_start(path), APR_SUCCESS);
    starts_with(ask("GET /say/again" H "\r\n"), "HTTP/1.1 200 ");
    int newer = socket(AF_UNIX, SOCK_STREAM, 0), open = dial();
    snprintf(address.sun_path, sizeof address.sun_path, "%s.new", path);
    assert_int_equal(bind(newer, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(rename(address.sun_path, path), 0);
    edge_control_stop();
    assert_int_equal(lstat(path, &stat), 0);
    char octet;
    assert_true(read(open, &octet, 1) <= 0);
    close(open);
    close(newer);
    unlink(path);
}

static void paths_that_cannot_be(void **state) {
    (void)state;
    char longest[300];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_not_equal(edge_control_start(longest), APR_SUCCESS);
    assert_int_not_equal(edge_control_start("/no/such/directory/x"), APR_SUCCESS);
    edge_control_stop();
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    snprintf(path, sizeof path, "/tmp/edge-control-%ld", (long)getpid());
    return edge_control_start(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_request),
        cmocka_unit_test(answers_several_on_one_connection),
        cmocka_unit_test(a_slow_request_is_read_to_its_end),
        cmocka_unit_test(streams),
        cmocka_unit_test(head_has_no_content),
        cmocka_unit_test(problems),
        cmocka_unit_test(serves_many_in_turn),
        cmocka_unit_test(the_socket_is_for_owner_and_group),
        cmocka_unit_test(stop_leaves_a_newer_socket),
        cmocka_unit_test(paths_that_cannot_be),
    };
    return cmocka_run_group_tests_name("control/control", tests, set_up, NULL);
}
