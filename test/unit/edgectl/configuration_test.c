/* What edgectl reads from a configuration: paths, defaults, queues, through Include and Define. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "configuration.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edgectl-conf-XXXXXX";

static const char *put_file(const char *name, const char *text) {
    const char *path = apr_pstrcat(pool, root, "/", name, NULL);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static const ctl_configuration_t *read_it(const char *text, const char *define) {
    const char *why = NULL;
    apr_array_header_t *defines = apr_array_make(pool, 1, sizeof(const char *));
    if (define != NULL) {
        *(const char **)apr_array_push(defines) = define;
    }
    const ctl_configuration_t *configuration =
        ctl_configuration_read(put_file("edge.conf", text), "/srv/edge", defines, pool, &why);
    assert_non_null(configuration);
    return configuration;
}

static void defaults(void **state) {
    (void)state;
    const ctl_configuration_t *configuration = read_it("ServerName x\n", NULL);
    assert_string_equal(configuration->pid_file, "/srv/edge/run/edged.pid");
    assert_string_equal(configuration->control_socket, "/srv/edge/run/edged.sock");
    assert_null(configuration->queues);
}

static void written_ones(void **state) {
    (void)state;
    put_file("more.conf", "controlsocket \"/run/my edge.sock\"\n");
    const ctl_configuration_t *configuration = read_it(
        apr_pstrcat(pool, "PidFile ${NAME}.pid\nInclude ", root,
                    "/more.conf\n<Queue one>\n  Spool spool/one\n</Queue>\n<Listener x>\n  Queue one\n</Listener>\n"
                    "<Queue straight>\n  Relay y\n</Queue>\n<IfDefine NAME>\n<Queue two>\n  Spool "
                    "/var/two\n</Queue>\n</IfDefine>\n",
                    NULL),
        "NAME=x");
    assert_string_equal(configuration->pid_file, "/srv/edge/x.pid");
    assert_string_equal(configuration->control_socket, "/run/my edge.sock");
    assert_string_equal(configuration->queues->name, "one");
    assert_string_equal(configuration->queues->directory, "/srv/edge/spool/one");
    assert_string_equal(configuration->queues->next->name, "two");
    assert_string_equal(configuration->queues->next->directory, "/var/two");
    assert_null(configuration->queues->next->next);
}

static void password_files(void **state) {
    (void)state;
    const ctl_configuration_t *configuration =
        read_it("<AuthBackend staff>\n  Type file\n  File secrets/users\n</AuthBackend>\n<AuthBackend elsewhere>\n  "
                "Type other\n"
                "</AuthBackend>\n<authbackend guests>\n  file /etc/guests\n</authbackend>\nFile misplaced\n",
                NULL);
    assert_string_equal(configuration->backends->name, "staff");
    assert_string_equal(configuration->backends->file, "/srv/edge/secrets/users");
    assert_string_equal(configuration->backends->next->name, "guests");
    assert_string_equal(configuration->backends->next->file, "/etc/guests");
    assert_null(configuration->backends->next->next);
    assert_null(read_it("ServerName x\n", NULL)->backends);
}

static void errors_do_not_stop_it(void **state) {
    (void)state;
    const ctl_configuration_t *configuration =
        read_it("Nonsense\n<Queue a>\nSpool s\n</Listener>\nPidFile /p\n<Open>\n", NULL);
    assert_string_equal(configuration->pid_file, "/p");
}

static void a_missing_file_does(void **state) {
    (void)state;
    const char *why = NULL;
    assert_null(
        ctl_configuration_read("/no/such/edge.conf", "/", apr_array_make(pool, 1, sizeof(const char *)), pool, &why));
    assert_string_equal(why, "No such file or directory");
    assert_null(ctl_configuration_read(root, "/", apr_array_make(pool, 1, sizeof(const char *)), pool, &why));
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return mkdtemp(root) == NULL || apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int tidy(void **state) {
    (void)state;
    unlink(apr_pstrcat(pool, root, "/edge.conf", NULL));
    unlink(apr_pstrcat(pool, root, "/more.conf", NULL));
    return rmdir(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(written_ones),
                                       cmocka_unit_test(password_files), cmocka_unit_test(errors_do_not_stop_it),
                                       cmocka_unit_test(a_missing_file_does)};
    return cmocka_run_group_tests_name("edgectl/configuration", tests, set_up, tidy);
}
