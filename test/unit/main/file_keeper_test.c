/* A child's end and the parent's end of the channel for files, in one process; the child's thinks it may open nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "file_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/reopen.h"

static edge_file_keeper_t keeper;
static int childs;
static char folder[] = "/root/edge-file-keeper-XXXXXX";
static char path[128];

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof(path), "%s/key", folder);
    assert_int_equal(edge_file_keeper_open(&keeper, &childs), APR_SUCCESS);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    edge_file_keeper_close(&keeper);
    close(childs);
    return 0;
}

static void say(char what, const char *text) {
    char packet[5000];
    int len = snprintf(packet, sizeof(packet), "%c%s", what, text);
    assert_int_equal(send(childs, packet, (size_t)len, 0), len);
    edge_file_keeper_serve(&keeper);
}

/* The answer to OPEN: an errno, or 0 and a descriptor. */
static int heard(int *fd) {
    char beside[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    int trouble = -1;
    struct iovec body = {&trouble, sizeof(trouble)};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = beside, .msg_controllen = sizeof(beside)};
    *fd = -1;
    assert_int_equal(recvmsg(childs, &message, MSG_DONTWAIT), sizeof(trouble));
    if (CMSG_FIRSTHDR(&message))
        memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
    return trouble;
}

static void only_what_was_named(void **state) {
    (void)state;
    int fd;
    char text[8] = "";
    say(EDGE_REOPEN_ALLOW, path);
    say(EDGE_REOPEN_OPEN, path); /* still root: it can do that by itself */
    assert_int_equal(heard(&fd), EACCES);
    say(EDGE_REOPEN_SEAL, "");
    say(EDGE_REOPEN_OPEN, path);
    assert_int_equal(heard(&fd), 0);
    assert_int_equal(read(fd, text, sizeof(text)), 3);
    assert_string_equal(text, "key");
    close(fd);
    say(EDGE_REOPEN_OPEN, "/etc/shadow");
    assert_int_equal(heard(&fd), EACCES);
    assert_int_equal(fd, -1);
    say(EDGE_REOPEN_ALLOW, "/etc/shadow"); /* too late: nothing is heard any more */
    assert_int_equal(keeper.channel, -1);
}

static void names_are_whole_paths(void **state) {
    (void)state;
    say(EDGE_REOPEN_ALLOW, "key");
    assert_int_equal(keeper.channel, -1);
}

static void nonsense_ends_the_channel(void **state) {
    (void)state;
    say('?', path);
    assert_int_equal(keeper.channel, -1);
    edge_file_keeper_serve(&keeper);
}

/* What User could change leads anywhere. */
static void unsafe_ways(void **state) {
    (void)state;
    int fd;
    char open_folder[160], below[200], link[160];
    snprintf(open_folder, sizeof(open_folder), "%s/open", folder);
    snprintf(below, sizeof(below), "%s/link", open_folder);
    snprintf(link, sizeof(link), "%s/good", folder);
    assert_int_equal(mkdir(open_folder, 0777), 0);
    assert_int_equal(chmod(open_folder, 0777), 0);
    assert_int_equal(symlink(path, below), 0);
    assert_int_equal(symlink(path, link), 0);
    say(EDGE_REOPEN_ALLOW, below);
    say(EDGE_REOPEN_ALLOW, link);
    say(EDGE_REOPEN_ALLOW, folder);
    say(EDGE_REOPEN_SEAL, "");
    say(EDGE_REOPEN_OPEN, below);
    assert_int_equal(heard(&fd), EACCES);
    say(EDGE_REOPEN_OPEN, folder);
    assert_int_equal(heard(&fd), EINVAL); /* no regular file */
    say(EDGE_REOPEN_OPEN, link);          /* as certificate tools make them */
    assert_int_equal(heard(&fd), 0);
    close(fd);
    unlink(below);
    unlink(link);
    rmdir(open_folder);
}

/* Sockets */

static void *serve(void *argument) {
    (void)argument;
    while (keeper.channel >= 0) {
        edge_file_keeper_serve(&keeper);
        usleep(1000);
    }
    return NULL;
}

static int pipe_ends[2];
static const char *asked_for;

static int listen_here(void *context, const char *address, int *fd) {
    asked_for = strcmp(address, context) == 0 ? context : "another";
    *fd = pipe_ends[1];
    return strcmp(address, "127.0.0.1:1") == 0 ? EACCES : 0;
}

static void sockets_while_loading_only(void **state) {
    int fd;
    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    keeper.listen = listen_here;
    keeper.context = (void *)(uintptr_t) "127.0.0.1:2525";
    say(EDGE_REOPEN_LISTEN, "127.0.0.1:2525");
    assert_int_equal(heard(&fd), 0);
    assert_string_equal(asked_for, "127.0.0.1:2525");
    assert_int_equal(write(fd, "x", 1), 1); /* another number for the same thing, which stays open here */
    close(fd);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    say(EDGE_REOPEN_SEAL, "");
    say(EDGE_REOPEN_LISTEN, "127.0.0.1:2525");
    assert_int_equal(keeper.channel, -1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void troubles_of_sockets_are_told(void **state) {
    int fd;
    (void)state;
    pipe_ends[1] = -1;
    keeper.listen = listen_here;
    keeper.context = (void *)(uintptr_t) "";
    say(EDGE_REOPEN_LISTEN, "127.0.0.1:1");
    assert_int_equal(heard(&fd), EACCES);
    assert_int_equal(fd, -1);
}

static void without_a_binder_nothing_is_bound(void **state) {
    (void)state;
    say(EDGE_REOPEN_LISTEN, "127.0.0.1:2525");
    assert_int_equal(keeper.channel, -1);
}

static void both_ends_of_a_socket(void **state) {
    pthread_t thread;
    int fd = -1;
    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    keeper.listen = listen_here;
    keeper.context = (void *)(uintptr_t) "[::1]:25";
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    edge_reopen_use(dup(childs));
    assert_int_equal(edge_reopen_listen("127.0.0.1:1", &fd), EACCES);
    assert_int_equal(edge_reopen_listen("[::1]:25", &fd), APR_SUCCESS);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    edge_reopen_use(-1);
    assert_int_equal(edge_reopen_listen("[::1]:25", &fd), APR_EACCES);
    shutdown(childs, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* The two ends together */

/* In a process of another user, as the child is. */
static int read_as_nobody(void) {
    int fd = -1;
    char text[8] = "";
    edge_reopen_use(childs);
    edge_reopen_allow(path);
    edge_reopen_seal();
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 1;
    if (open(path, O_RDONLY) >= 0)
        return 2;
    if (edge_reopen(path, &fd) != APR_SUCCESS || read(fd, text, sizeof(text)) != 3 || strcmp(text, "key") != 0)
        return 3;
    close(fd);
    if (!APR_STATUS_IS_EACCES(edge_reopen("/etc/shadow", &fd)))
        return 4;
    if (!APR_STATUS_IS_ENOENT(edge_reopen("/nonexistent", &fd)))
        return 5;
    return edge_reopen(path, &fd) == APR_SUCCESS ? 0 : 6;
}

static void both_ends(void **state) {
    (void)state;
    pthread_t thread;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        close(keeper.channel);
        _exit(read_as_nobody());
    }
    close(childs);
    childs = -1;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    pthread_join(thread, NULL); /* the child's end is closed: so is ours */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_was_named, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_whole_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_ends_the_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(unsafe_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(both_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_while_loading_only, setup, teardown),
        cmocka_unit_test_setup_teardown(troubles_of_sockets_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_binder_nothing_is_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(both_ends_of_a_socket, setup, teardown),
    };
    if (geteuid() != 0 || !mkdtemp(folder)) {
        printf("1..1\nok 1 - skipped: it needs root # SKIP\n");
        return 0;
    }
    chmod(folder, 0700);
    snprintf(path, sizeof(path), "%s/key", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || write(fd, "key", 3) != 3)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
