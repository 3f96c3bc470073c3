/* Tests a configuration aside. */
#include "parent_test.h"

#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "core/operations.h"
#include "edge_json.h"
#include "edge_log.h"
#include "proto/conf_report_json.h"

EDGE_LOG_AREA(edge_parent_test_log, "parent")

static _Noreturn void run(uint64_t operation, const edge_snapshot_source_t *source) {
    sigset_t none;
    edge_conf_report_t report;
    edge_json_t json;
    apr_pool_t *pool;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    apr_pool_create(&pool, NULL);
    edge_snapshot_build(source, 0, &report, pool, NULL);
    edge_json_start(&json, pool, 4096);
    edge_conf_report_json(&report, &json);
    edge_operation_end(operation, report.errors == 0, edge_span(json.text, json.len));
    _exit(0);
}

void edge_parent_test_start(edge_parent_test_t *test, uint64_t operation, const edge_snapshot_source_t *source) {
    pid_t pid = fork();
    if (pid == 0)
        run(operation, source);
    if (pid < 0) {
        EDGE_LOG_STATUS(&edge_parent_test_log, EDGE_LOG_ERROR, 1261, errno, "the configuration cannot be tested");
        edge_operation_end(operation, false, EDGE_NO_SPAN);
        return;
    }
    *test = (edge_parent_test_t){pid, operation};
}

bool edge_parent_test_ended(edge_parent_test_t *test, pid_t pid) {
    if (test->pid == 0 || test->pid != pid)
        return false;
    /* It has said what it found; if it died before, nobody need wait any longer. */
    edge_operation_end(test->operation, false, EDGE_NO_SPAN);
    *test = (edge_parent_test_t){0, 0};
    return true;
}
