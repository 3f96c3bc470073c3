/* The child's end: what it opens itself, what it asks for, and a parent that answers wrongly, late by dying, or not at all.
 * Each case runs in a process of its own that has become nobody, when it was root; the parent has opened in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/reopen.h"

static char folder[] = "/tmp/edge-reopen-XXXXXX";
static char open_file[64], shut_file[64];
static int shut_fd; /* from before it was shut */

/* Answers as a parent does, or not quite; true: go on. */
typedef bool answer_fn(int channel, const char *packet);

static void send_answer(int channel, int trouble, int fd) {
    char beside[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec body = {&trouble, sizeof(trouble)};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = beside;
        message.msg_controllen = sizeof(beside);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    assert_int_equal(sendmsg(channel, &message, MSG_NOSIGNAL), sizeof(trouble));
}

/* Runs `child` as nobody at one end of a pair and `answer` at the other; the child's exit status. */
static int play(int (*child)(void), answer_fn *answer) {
    int pair[2], status;
    char packet[1 + EDGE_REOPEN_PATH_MOST + 1];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(99);
        edge_reopen_use(pair[1]);
        _exit(child());
    }
    close(pair[1]);
    for (;;) {
        ssize_t len = recv(pair[0], packet, sizeof(packet) - 1, 0);
        if (len <= 0)
            break;
        packet[len] = '\0';
        if (!answer(pair[0], packet))
            break;
    }
    close(pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool opens(int channel, const char *packet) {
    if (packet[0] == EDGE_REOPEN_OPEN)
        send_answer(channel, 0, shut_fd);
    return true;
}

static bool refuses(int channel, const char *packet) {
    if (packet[0] == EDGE_REOPEN_OPEN)
        send_answer(channel, ENFILE, -1);
    return true;
}

static bool forgets_the_descriptor(int channel, const char *packet) {
    if (packet[0] == EDGE_REOPEN_OPEN)
        send_answer(channel, 0, -1);
    return true;
}

static bool dies(int channel, const char *packet) {
    (void)channel;
    return packet[0] != EDGE_REOPEN_OPEN;
}

static bool reads_shut(void) {
    char text[8] = "";
    int fd = -1;
    bool good = edge_reopen(shut_file, &fd) == APR_SUCCESS && pread(fd, text, sizeof(text), 0) == 4 &&
                memcmp(text, "shut", 4) == 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    return good;
}

static int asks_for_what_is_shut(void) {
    edge_reopen_allow(shut_file);
    edge_reopen_seal();
    edge_reopen_allow(shut_file); /* too late: nothing is sent, which the parent would take for an attack */
    for (int i = 0; i < 20; i++)
        if (!reads_shut())
            return 1;
    return 0;
}

static void *read_often(void *failed) {
    for (int i = 0; i < 50; i++)
        if (!reads_shut())
            *(_Atomic int *)failed = 1;
    return NULL;
}

static int asks_from_many_threads(void) {
    static _Atomic int failed;
    pthread_t threads[8];
    edge_reopen_seal();
    for (unsigned i = 0; i < EDGE_COUNT(threads); i++)
        pthread_create(&threads[i], NULL, read_often, &failed);
    for (unsigned i = 0; i < EDGE_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    return failed;
}

static int takes_the_parents_errno(void) {
    int fd = 7;
    if (edge_reopen(shut_file, &fd) != APR_FROM_OS_ERROR(ENFILE))
        return 1;
    return edge_reopen(shut_file, &fd) == APR_FROM_OS_ERROR(ENFILE) ? 0 : 2; /* the channel is still good */
}

/* An answer that is none: nothing more is asked there. */
static int gives_up_the_channel(void) {
    int fd = -1;
    if (!APR_STATUS_IS_EOF(edge_reopen(shut_file, &fd)))
        return 1;
    if (!APR_STATUS_IS_EACCES(edge_reopen(shut_file, &fd)))
        return 2;
    return edge_reopen(open_file, &fd) == APR_SUCCESS ? 0 : 3;
}

static int opens_by_itself(void) {
    int fd = -1;
    struct stat facts;
    if (edge_reopen(open_file, &fd) != APR_SUCCESS || fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode))
        return 1;
    if (!APR_STATUS_IS_ENOENT(edge_reopen("/tmp/edge-reopen-nothing", &fd)))
        return 2;
    return edge_reopen("/dev/null", &fd) == APR_FROM_OS_ERROR(EINVAL) ? 0 : 3;
}

static bool is_never_asked(int channel, const char *packet) {
    (void)channel;
    (void)packet;
    fail();
    return false;
}

static int without_a_parent(void) {
    int fd = -1;
    edge_reopen_use(-1);
    edge_reopen_allow(shut_file);
    edge_reopen_seal();
    return APR_STATUS_IS_EACCES(edge_reopen(shut_file, &fd)) ? 0 : 1;
}

static int names_too_long_a_path(void) {
    char path[EDGE_REOPEN_PATH_MOST + 100];
    memset(path, '/', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    edge_reopen_allow(path); /* not sent cut off */
    return 0;
}

#define PLAYS(test, child, answer)                \
    static void test(void **state) {              \
        (void)state;                              \
        assert_int_equal(play(child, answer), 0); \
    }
PLAYS(what_is_shut_comes_from_the_parent, asks_for_what_is_shut, opens)
PLAYS(threads_do_not_take_each_others_answers, asks_from_many_threads, opens)
PLAYS(a_refusal_is_an_errno, takes_the_parents_errno, refuses)
PLAYS(an_answer_without_a_descriptor_is_none, gives_up_the_channel, forgets_the_descriptor)
PLAYS(a_parent_that_dies_is_no_parent, gives_up_the_channel, dies)
PLAYS(what_is_open_is_not_asked_for, opens_by_itself, is_never_asked)
PLAYS(without_a_parent_nothing_happens, without_a_parent, is_never_asked)
PLAYS(a_path_that_does_not_fit_is_not_named, names_too_long_a_path, is_never_asked)

static void stamps(void **state) {
    (void)state;
    edge_file_stamp_t none = edge_file_stamp("/nonexistent"), first = edge_file_stamp(open_file), again, zero = {0};
    assert_true(edge_file_stamp_equal(&none, &zero));
    assert_false(edge_file_stamp_equal(&first, &zero));
    again = edge_file_stamp(open_file);
    assert_true(edge_file_stamp_equal(&first, &again));
    assert_int_equal(chmod(open_file, 0640), 0);
    again = edge_file_stamp(open_file);
    assert_false(edge_file_stamp_equal(&first, &again)); /* who may read it counts */
    assert_int_equal(chmod(open_file, 0644), 0);
}

static void make(char *path, size_t size, const char *name, mode_t mode) {
    snprintf(path, size, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, mode);
    if (fd < 0 || write(fd, name, 4) != 4)
        exit(1);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shut_comes_from_the_parent),
        cmocka_unit_test(threads_do_not_take_each_others_answers),
        cmocka_unit_test(a_refusal_is_an_errno),
        cmocka_unit_test(an_answer_without_a_descriptor_is_none),
        cmocka_unit_test(a_parent_that_dies_is_no_parent),
        cmocka_unit_test(what_is_open_is_not_asked_for),
        cmocka_unit_test(without_a_parent_nothing_happens),
        cmocka_unit_test(a_path_that_does_not_fit_is_not_named),
        cmocka_unit_test(stamps),
    };
    if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
        return 1;
    make(open_file, sizeof(open_file), "open", 0644);
    make(shut_file, sizeof(shut_file), "shut", 0600);
    shut_fd = open(shut_file, O_RDONLY | O_CLOEXEC);
    if (shut_fd < 0 || chmod(shut_file, 0) < 0)
        return 1;
    int failed = cmocka_run_group_tests_name("core/reopen", tests, NULL, NULL);
    unlink(open_file);
    unlink(shut_file);
    rmdir(folder);
    return failed;
}
