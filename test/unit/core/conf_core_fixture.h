/*
 * Configurations for the tests of the core: a file in a directory of its own, and a module with rows of every type
 * that stands in the test program itself.
 */
#ifndef EDGE_TEST_CONF_CORE_FIXTURE_H
#define EDGE_TEST_CONF_CORE_FIXTURE_H

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/conf_apply.h"
#include "core/module.h"
#include "core/snapshot.h"
#include "edge_session.h"

typedef struct probe_conf {
    bool flag;
    uint32_t number, words;
    uint64_t size;
    edge_mono_t duration;
    edge_span_t text, path, custom, secret;
    int word;
    unsigned customs;
} probe_conf_t;

#define PROBE_BOTH (EDGE_IN(SERVER) | EDGE_IN(LISTENER))
#define PROBE_SLOT(member) offsetof(probe_conf_t, member)

static const char *const probe_words[] = {"red", "green", "blue", NULL};

static bool probe_set_custom(const edge_conf_line_t *line, void *conf) {
    probe_conf_t *probe = conf;
    if (line->count == 1 && edge_span_equal(line->arguments[0].text, edge_span_of("bad"))) {
        edge_conf_error(line, 0, "EDG10999", "a bad custom");
        return false;
    }
    probe->custom = line->count ? edge_span_copy(line->pool, line->arguments[line->count - 1].text) : EDGE_NO_SPAN;
    probe->customs++;
    return true;
}

static const edge_directive_t probe_directives[] = {
    {.name = "Flag",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_SWITCH,
     .slot = PROBE_SLOT(flag),
     .initial = "on",
     .usage = "on | off",
     .prose = "A switch."},
    {.name = "Number",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_NUMBER,
     .slot = PROBE_SLOT(number),
     .initial = "7",
     .min = 1,
     .max = 100,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "A number."},
    {.name = "Size",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_SIZE,
     .slot = PROBE_SLOT(size),
     .initial = "64K",
     .max = 1 << 30,
     .usage = "SIZE | none",
     .prose = "A size."},
    {.name = "Duration",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_DURATION,
     .slot = PROBE_SLOT(duration),
     .initial = "30s",
     .min = 1000000,
     .max = 3600000000LL,
     .usage = "DURATION",
     .prose = "A duration."},
    {.name = "Text",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_TEXT,
     .slot = PROBE_SLOT(text),
     .usage = "TEXT",
     .prose = "A text."},
    {.name = "Path",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_PATH,
     .slot = PROBE_SLOT(path),
     .usage = "PATH",
     .prose = "A path."},
    {.name = "Word",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_WORD,
     .slot = PROBE_SLOT(word),
     .initial = "green",
     .words = probe_words,
     .usage = "red | green | blue",
     .prose = "A word."},
    {.name = "Words",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_WORDS,
     .slot = PROBE_SLOT(words),
     .initial = "all",
     .words = probe_words,
     .runtime = true,
     .usage = "WORD...",
     .prose = "Words."},
    {.name = "Custom",
     .scopes = PROBE_BOTH,
     .type = EDGE_CONF_CUSTOM,
     .set = probe_set_custom,
     .usage = "ANY...",
     .many = true,
     .prose = "Anything; -dashes and \\slashes."},
    {.name = "Secret",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_TEXT,
     .slot = PROBE_SLOT(secret),
     .secret = true,
     .usage = "TEXT",
     .prose = "A secret."},
    {.name = "Spool",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_PATH,
     .slot = PROBE_SLOT(path),
     .usage = "PATH",
     .prose = "Where."},
    {.name = NULL},
};

static const edge_conf_struct_t probe_structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(probe_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(probe_conf_t)},
    {EDGE_SCOPE_QUEUE, sizeof(probe_conf_t)},
    {0, 0},
};

static uint32_t probe_carries;
static unsigned probe_prepared;
static void *probe_prepare(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries,
                           apr_pool_t *pool) {
    (void)check;
    (void)pool;
    probe_carries = carries;
    probe_prepared++;
    return (void *)(uintptr_t)listener->name.at;
}

static const edge_protocol_t probe_protocol = {.name = "probe", .prepare = probe_prepare};
static const edge_queue_provider_t probe_queue = {.name = "spool", .carries = EDGE_CARRIES_8BITMIME};
static const edge_provider_row_t probe_providers[] = {
    {"protocol", "probe", &probe_protocol, "A protocol of the test."},
    {"queue", "spool", &probe_queue, "A queue of the test."},
    {NULL, NULL, NULL, NULL},
};

static edge_check_answer_t probe_pass(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    (void)reply;
    return EDGE_CHECK_PASS;
}
static const edge_check_row_t probe_checks[] = {
    {.phase = EDGE_PHASE_MAIL,
     .name = "sender",
     .kind = EDGE_CHECK_INLINE,
     .function = probe_pass,
     .prose = "Passes every sender."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "recipient",
     .kind = EDGE_CHECK_BLOCKING,
     .function = probe_pass,
     .prose = "Passes every recipient."},
    {.name = NULL},
};
static const edge_counter_row_t probe_counters[] = {
    {"probe_total", EDGE_COUNTER_TOTAL, "Probes."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static unsigned probe_checked;
static void probe_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    const edge_section_t *server = edge_snapshot_server(snapshot);
    probe_checked++;
    if (edge_section_wrote(server, "Text", NULL, NULL) && !edge_section_wrote(server, "Path", NULL, NULL))
        edge_conf_warn_in(check, server, "Text", "EDG20999", "a Text without a Path");
}

EDGE_MODULE(probe) = {
    .summary = "rows of every type, for the tests",
    .structs = probe_structs,
    .directives = probe_directives,
    .checks = probe_checks,
    .counters = probe_counters,
    .providers = probe_providers,
    .check = probe_check,
};

/* A complete server around what a test is about. */
#define PROBE_LOAD "LoadModule probe_module x\n"
#define PROBE_REST                                                                                           \
    "<Queue main>\nSpool spool/main\n</Queue>\n<Listener mx>\nListen 127.0.0.1:2525\nProtocol probe\nQueue " \
    "main\n</Listener>\n"

static apr_pool_t *fixture_pool;
static char fixture_root[] = "/tmp/edged_conf_XXXXXX";
static edge_conf_report_t fixture_report;
static edge_conf_tree_t *fixture_tree_of;

static inline void fixture_file(const char *name, const char *text) {
    FILE *file = fopen(apr_pstrcat(fixture_pool, fixture_root, "/", name, NULL), "w");
    fputs(text, file);
    fclose(file);
}

static inline edge_snapshot_source_t fixture_source(const char *text) {
    fixture_file("edge.conf", text);
    return (edge_snapshot_source_t){.path = apr_pstrcat(fixture_pool, fixture_root, "/edge.conf", NULL),
                                    .server_root = fixture_root,
                                    .defines = apr_array_make(fixture_pool, 1, sizeof(const char *))};
}

static inline edge_snapshot_t *fixture_build(const char *text) {
    edge_snapshot_source_t source = fixture_source(text);
    return edge_snapshot_build(&source, 7, &fixture_report, fixture_pool, &fixture_tree_of);
}

/* "EDG10001@3:5 EDG..." */
static inline const char *fixture_codes(void) {
    const char *text = "";
    for (const edge_conf_diagnostic_t *diagnostic = fixture_report.first; diagnostic; diagnostic = diagnostic->next)
        text = apr_psprintf(fixture_pool, "%s%s%s@%u:%u", text, *text ? " " : "", diagnostic->code,
                            diagnostic->place.line, diagnostic->place.column);
    return text;
}

static inline const probe_conf_t *fixture_probe(const edge_section_t *section) {
    return edge_section_conf(section, &probe_module);
}

/* The program itself is the shared object of its module. */
static inline int fixture_set_up(void **state) {
    const char *why = NULL;
    (void)state;
    apr_initialize();
    apr_pool_create(&fixture_pool, NULL);
    if (!mkdtemp(fixture_root))
        return 1;
    edge_modules_begin();
    if (edge_module_load("probe_module", "", fixture_pool, &why) != APR_SUCCESS) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    return 0;
}

static inline int fixture_tear_down(void **state) {
    (void)state;
    return system(apr_pstrcat(fixture_pool, "rm -rf ", fixture_root, NULL));
}

#endif
