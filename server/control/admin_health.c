/* Admin routes that tell how the server does: livez, readyz, health, build, workers. */
#include "control/admin_priv.h"
#include "core/build_facts.h"
#include "core/health.h"
#include "core/session.h"
#include "core/visit.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_worker.h"

#include <apr_strings.h>
#include <apr_version.h>
#include <apu_version.h>
#include <ares.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A word for balancers; nothing else is told to who has no role. */
static void say(edge_admin_answer_t *answer, unsigned status, const char *text) {
    answer->status = status;
    edge_admin_stream(answer, "text/plain; charset=utf-8");
    edge_admin_send(answer, edge_span_of(apr_pstrcat(answer->pool, text, "\n", NULL)));
}

void edge_admin_livez(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    (void)request;
    say(answer, 200, "ok");
}

void edge_admin_readyz(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    char why[256];
    (void)request;
    bool ready = edge_health_ready(why, sizeof why);
    say(answer, ready ? 200 : 503, ready ? "ok" : apr_pstrcat(answer->pool, "not ready: ", why, NULL));
}

void edge_admin_health(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_health_check_t checks[EDGE_HEALTH_COUNT];
    edge_json_t *json = edge_admin_json(answer);
    edge_health_t worst = EDGE_HEALTH_OK;
    (void)request;
    edge_health_look(checks);
    for (unsigned i = 0; i < EDGE_HEALTH_COUNT; i++) {
        worst = checks[i].status > worst ? checks[i].status : worst;
    }
    edge_json_object(json);
    edge_json_put_string(json, "status", edge_health_word(worst));
    edge_json_key(json, "checks");
    edge_json_array(json);
    for (unsigned i = 0; i < EDGE_HEALTH_COUNT; i++) {
        edge_json_object(json);
        edge_json_put_string(json, "name", checks[i].name);
        edge_json_put_string(json, "status", edge_health_word(checks[i].status));
        edge_admin_put_time(json, "since", checks[i].since);
        edge_json_put_string(json, "detail", checks[i].detail);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
}

/* Build */

static void put_libraries(edge_json_t *json) {
    edge_json_key(json, "libraries");
    edge_json_object(json);
    edge_json_put_string(json, "apr", apr_version_string());
    edge_json_put_string(json, "apr-util", apu_version_string());
    edge_json_put_string(json, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    edge_json_put_string(json, "c-ares", ares_version(NULL));
    edge_json_object_end(json);
}

void edge_admin_build(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    const edge_module_t *module;
    (void)request;
    edge_json_object(json);
    edge_json_put_string(json, "version", EDGE_VERSION);
    edge_json_put_string(json, "revision", edge_build_revision());
    edge_json_put_string(json, "compiler", edge_build_compiler());
    put_libraries(json);
    edge_json_key(json, "modules");
    edge_json_array(json);
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++) {
        edge_json_text(json, edge_span_of(module->name), 0);
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
}

/* Workers */

/* Processor time of one thread, in seconds; 0 when the system does not tell. */
static double cpu_of(int thread) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "re");
    size_t len = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    text[len] = '\0';
    unsigned long long user = 0, system = 0;
    const char *at = strrchr(text, ')');
    if (at == NULL || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2) {
        return 0;
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

typedef struct counted {
    unsigned worker, sessions;
} counted_t;

static bool count_sessions(edge_worker_t *worker, const void *question, void *place) {
    (void)question;
    *(counted_t *)place = (counted_t){edge_worker_index(worker), edge_sessions_of(worker)};
    return false;
}

/* By worker; -1: it does not answer. */
static void ask_workers(int sessions[EDGE_WORKERS_MOST]) {
    edge_visit_plan_t plan = {count_sessions, NULL, sizeof(counted_t), NULL, 0};
    edge_visit_t *visit = edge_visit_start(&plan);
    edge_visit_wait(visit, EDGE_SECONDS(1));
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        sessions[i] = -1;
    }
    for (unsigned i = 0; i < edge_visit_count(visit); i++) {
        const counted_t *counted = edge_visit_place(visit, i);
        if (counted != NULL) {
            sessions[counted->worker] = (int)counted->sessions;
        }
    }
    edge_visit_end(visit);
}

static void put_worker(edge_json_t *json, const edge_worker_facts_t *facts, int sessions, uint64_t generation,
                       edge_mono_t now) {
    edge_mono_t busy = facts->busy_since != 0 && now > facts->busy_since ? now - facts->busy_since : 0;
    edge_json_object(json);
    edge_json_put_number(json, "worker", facts->index);
    edge_json_put_number(json, "pid", getpid());
    edge_json_put_number(json, "thread", facts->thread);
    edge_json_put_number(json, "generation", (int64_t)generation);
    edge_json_key(json, "sessions");
    sessions >= 0 ? edge_json_number(json, sessions) : edge_json_null(json);
    edge_json_put_number(json, "watched", facts->watched);
    edge_json_put_string(json, "state",
                         busy > EDGE_SECONDS(1) || sessions < 0 ? "hanging"
                         : busy > 0                             ? "busy"
                                                                : "idle");
    edge_json_key(json, "cpu");
    edge_json_seconds(json, (int64_t)(cpu_of(facts->thread) * 1e6));
    edge_json_key(json, "loop_lag");
    edge_json_seconds(json, busy > facts->busy_most ? busy : facts->busy_most);
    edge_json_put_number(json, "turns", (int64_t)facts->turns);
    edge_json_key(json, "uptime");
    edge_json_seconds(json, now - facts->started);
    edge_json_object_end(json);
}

void edge_admin_workers(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_worker_facts_t facts;
    int sessions[EDGE_WORKERS_MOST];
    unsigned count = 0;
    (void)request;
    ask_workers(sessions);
    edge_admin_list_start(answer);
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        if (edge_worker_look(i, &facts)) {
            put_worker(json, &facts, sessions[i], edge_snapshot_generation(snapshot), edge_clock_mono());
            count++;
        }
    }
    edge_admin_list_end(answer, NULL, count);
    edge_snapshot_drop(snapshot);
}

/* What they answer */

static const edge_admin_argument_t check_rows[] = {
    {"name", EDGE_ADMIN_TEXT, .prose = "What was looked at."},
    {"status", EDGE_ADMIN_TEXT, .prose = "ok, warn or fail."},
    {"since", EDGE_ADMIN_TIME, .prose = "Since when this process has seen it so."},
    {"detail", EDGE_ADMIN_TEXT, .prose = "Why."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_health_answer[] = {
    {"status", EDGE_ADMIN_TEXT, .prose = "The worst of all."},
    {"checks", EDGE_ADMIN_LIST, .rows = check_rows, .prose = "One after the other."},
    {.name = NULL},
};
static const edge_admin_argument_t library_map[] = {
    {"*", EDGE_ADMIN_TEXT, .prose = "By name: the version that runs."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_build_answer[] = {
    {"version", EDGE_ADMIN_TEXT, .prose = "Of edged."},
    {"revision", EDGE_ADMIN_TEXT, .prose = "Of its sources; unknown when built from an archive."},
    {"compiler", EDGE_ADMIN_TEXT, .prose = "Name and version."},
    {"libraries", EDGE_ADMIN_MAP, .rows = library_map, .prose = "Versions of libraries."},
    {"modules", EDGE_ADMIN_TEXTS, .prose = "That are loaded."},
    {.name = NULL},
};
static const edge_admin_argument_t worker_rows[] = {
    {"worker", EDGE_ADMIN_NUMBER, .prose = "Its number, from 0."},
    {"pid", EDGE_ADMIN_NUMBER, .prose = "The child."},
    {"thread", EDGE_ADMIN_NUMBER, .prose = "As the system numbers it."},
    {"generation", EDGE_ADMIN_NUMBER, .prose = "Of the configuration."},
    {"sessions", EDGE_ADMIN_NUMBER, .may = EDGE_ADMIN_NULL, .prose = "Open there; null: it does not answer."},
    {"watched", EDGE_ADMIN_NUMBER, .prose = "Descriptors that its loop watches: sessions and listening sockets."},
    {"state", EDGE_ADMIN_TEXT,
     .prose = "idle, busy; hanging: it does not answer, or one turn has taken more than a second."},
    {"cpu", EDGE_ADMIN_SECONDS, .prose = "Processor time so far."},
    {"loop_lag", EDGE_ADMIN_SECONDS, .prose = "The longest turn of its loop since this was asked last."},
    {"turns", EDGE_ADMIN_NUMBER, .prose = "Of its loop so far."},
    {"uptime", EDGE_ADMIN_SECONDS, .prose = "Since it was started."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_workers_answer[] = {
    {"items", EDGE_ADMIN_LIST, .rows = worker_rows, .prose = "The workers."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
