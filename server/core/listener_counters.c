/* Registers and counts what belongs to a listener. */
#include "core/listener_counters.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/auth_figures.h"
#include "edge_obj.h"

#define SERIES_MOST 96
#define LABELS_MOST 320

/* Words of labels, in the order of their indices. */
static const char *const rejected[] = {
#define EDGE_REJECTED(name, reason, prose) reason,
#include "tbl/connections_refused.def"
#undef EDGE_REJECTED
    NULL};
static const char *const outcomes[] = {
#define EDGE_CLOSE(name, text, trouble, prose) text,
#include "tbl/close_reasons.def"
#undef EDGE_CLOSE
    NULL};
static const char *const timeouts[] = {"banner", "command", "auth", "data", "session", "tls", "write", "slow", NULL};
static const char *const classes[] = {"2xx", "3xx", "4xx", "5xx", NULL};
static const char *const violations[] = {
#define EDGE_VIOLATION(name, kind, prose) kind,
#include "tbl/violations.def"
#undef EDGE_VIOLATION
    NULL};
static const char *const versions[] = {"TLSv1.2", "TLSv1.3", "other", NULL};
static const char *const results[] = {"ok", "fail", "error", NULL};
static const char *const messages[] = {"accepted", "rejected", "tempfail", "aborted", "discarded", NULL};
static const char *const refused[] = {"MAIL", "RCPT", "DATA", NULL};
static const char *const refusal_classes[] = {"4xx", "5xx", NULL};
static const char *const sources[] = {"core", "limit", "validator", "queue", NULL};
static const char *const recipients[] = {"accepted", "rejected", "deferred", NULL};
static const char *const codes[] = {"200", "202", "204", "400", "401", "403", "404", "406", "408",
                                    "411", "413", "415", "429", "4xx", "501", "503", "5xx", NULL};

/* The series of one row, as they are made. */
typedef struct making {
    const edge_listener_t *listener;
    char who[LABELS_MOST / 2]; /* listener="mx" */
    char texts[SERIES_MOST][LABELS_MOST];
    const char *labels[SERIES_MOST];
    unsigned count;
} making_t;

static void add(making_t *making, const char *more) {
    EDGE_ASSERT(making->count < SERIES_MOST);
    snprintf(making->texts[making->count], LABELS_MOST, "%s%s%s", making->who, more[0] ? "," : "", more);
    making->labels[making->count] = making->texts[making->count];
    making->count++;
}

/* name="word" for each word, behind `before`. */
static void add_words(making_t *making, const char *before, const char *name, const char *const *words) {
    char more[LABELS_MOST / 2];
    for (unsigned i = 0; words[i]; i++) {
        snprintf(more, sizeof(more), "%s%s%s=\"%s\"", before, before[0] ? "," : "", name, words[i]);
        add(making, more);
    }
}

static bool is_http(const making_t *making) { return strcmp(making->listener->protocol->name, "http") == 0; }

/* Fills in the series of a row; none: the listener has nothing of the kind. */
typedef void series_fn(making_t *making);

static void series_one(making_t *making) { add(making, ""); }
static void series_rejected(making_t *making) { add_words(making, "", "reason", rejected); }
static void series_outcomes(making_t *making) { add_words(making, "", "outcome", outcomes); }
static void series_timeouts(making_t *making) { add_words(making, "", "phase", timeouts); }
static void series_recipients(making_t *making) { add_words(making, "", "result", recipients); }

static void upper(const char *word, char *out, size_t size) {
    size_t at = 0;
    for (; word[at] && at + 1 < size; at++)
        out[at] = (char)(word[at] >= 'a' && word[at] <= 'z' ? word[at] - 'a' + 'A' : word[at]);
    out[at] = '\0';
}

/* A protocol may end its verbs with a word of its own for what it does not know: that is ours too. */
static unsigned verb_count(const edge_listener_t *listener) {
    const char *const *verbs = listener->protocol->verbs;
    unsigned count = 0;
    while (count < EDGE_SESSION_VERBS && verbs && verbs[count] && strcmp(verbs[count], "other") != 0)
        count++;
    return count;
}

/* By verb, and at the end what is none: four classes each. */
static void series_commands(making_t *making) {
    char name[24], before[48];
    for (unsigned i = 0; i < verb_count(making->listener); i++) {
        upper(making->listener->protocol->verbs[i], name, sizeof(name));
        snprintf(before, sizeof(before), "command=\"%s\"", name);
        add_words(making, before, "class", classes);
    }
    add_words(making, "command=\"OTHER\"", "class", classes);
}

static void series_violations(making_t *making) {
    if (!is_http(making))
        add_words(making, "", "kind", violations);
}

/* A handshake that fails has no version. */
static void series_handshakes(making_t *making) {
    if (!making->listener->tls)
        return;
    for (unsigned i = 0; versions[i]; i++) {
        char more[64];
        snprintf(more, sizeof(more), "version=\"%s\",result=\"ok\"", versions[i]);
        add(making, more);
    }
    add(making, "version=\"none\",result=\"failed\"");
}

static void series_attempts(making_t *making) {
    for (unsigned i = 0; making->listener->auth && edge_auth_mechanism_words[i]; i++) {
        char before[48];
        snprintf(before, sizeof(before), "mechanism=\"%s\"", edge_auth_mechanism_words[i]);
        add_words(making, before, "result", results);
    }
}

static void series_messages(making_t *making) {
    char before[48];
    snprintf(before, sizeof(before), "protocol=\"%s\"", making->listener->protocol->name);
    add_words(making, before, "outcome", messages);
}

static void series_refusals(making_t *making) {
    for (unsigned command = 0; refused[command]; command++)
        for (unsigned class = 0; refusal_classes[class]; class ++) {
            char before[64];
            snprintf(before, sizeof(before), "command=\"%s\",class=\"%s\"", refused[command], refusal_classes[class]);
            add_words(making, before, "source", sources);
        }
}

static void series_codes(making_t *making) {
    if (is_http(making))
        add_words(making, "", "code", codes);
}

static const struct {
    edge_counter_row_t row;
    series_fn *series;
} rows[] = {
#define EDGE_LISTENER_COUNTER(name, text, kind, series, prose) {{text, kind, prose}, series_##series},
#include "tbl/listener_counters.def"
#undef EDGE_LISTENER_COUNTER
};

static const edge_histogram_row_t histograms[EDGE_LH_COUNT] = {
    [EDGE_LH_SESSION] = {"session_duration_seconds", EDGE_BOUNDS_SESSION, "How long sessions lasted."},
    [EDGE_LH_TLS] = {"tls_handshake_duration_seconds", EDGE_BOUNDS_OPERATION, "How long TLS handshakes took."},
    [EDGE_LH_SIZE] = {"message_size_bytes", EDGE_BOUNDS_SIZE, "Octets of an accepted message."},
    [EDGE_LH_RECIPIENTS] = {"message_recipients", EDGE_BOUNDS_COUNT, "Recipients of an accepted message."},
    [EDGE_LH_TRANSACTION] = {"transaction_duration_seconds", EDGE_BOUNDS_SESSION, "From MAIL to the final reply."},
    [EDGE_LH_DATA] = {"data_receive_duration_seconds", EDGE_BOUNDS_SESSION, "How long messages took to arrive."},
    [EDGE_LH_REQUEST] = {"http_request_duration_seconds", EDGE_BOUNDS_SESSION, "From a request's head to its answer."},
};

/* As it stands between the quotes of a label. */
static void put_name(edge_span_t name, char *out, size_t size) {
    size_t at = 0;
    for (size_t i = 0; i < name.len && at + 2 < size; i++) {
        if (name.at[i] == '"' || name.at[i] == '\\')
            out[at++] = '\\';
        out[at++] = name.at[i] == '\n' ? ' ' : name.at[i];
    }
    out[at] = '\0';
}

static apr_status_t make_row(making_t *making, unsigned counter, unsigned *first) {
    unsigned slot;
    making->count = 0;
    rows[counter].series(making);
    if (making->count == 0)
        return APR_SUCCESS;
    apr_status_t status =
        edge_counter_register_series("core", &rows[counter].row, making->labels, making->count, &slot);
    *first = status == APR_SUCCESS ? slot + 1 : 0;
    return status;
}

static bool wants_histogram(const edge_listener_t *listener, unsigned histogram) {
    if (histogram == EDGE_LH_TLS)
        return listener->tls != NULL;
    return histogram != EDGE_LH_REQUEST || strcmp(listener->protocol->name, "http") == 0;
}

/* By command alone: which listener is slow is told by what it waits for. */
static apr_status_t make_commands(const edge_listener_t *listener) {
    static const edge_histogram_row_t row = {
        "command_duration_seconds", EDGE_BOUNDS_OPERATION,
        "How long commands waited for validators, the queue and stores of credentials before they were answered."};
    unsigned verbs = verb_count(listener);
    apr_status_t status = APR_SUCCESS;
    for (unsigned i = 0; i <= verbs && status == APR_SUCCESS; i++) {
        char name[24], label[48];
        upper(i < verbs ? listener->protocol->verbs[i] : "OTHER", name, sizeof(name));
        snprintf(label, sizeof(label), "command=\"%s\"", name);
        status = edge_histogram_make(&listener->counters->commands[i], "core", &row, label);
    }
    return status;
}

static apr_status_t make(making_t *making, edge_listener_t *listener) {
    char name[LABELS_MOST / 2 - 16];
    apr_status_t status = APR_SUCCESS;
    making->listener = listener;
    put_name(listener->name, name, sizeof(name));
    snprintf(making->who, sizeof(making->who), "listener=\"%s\"", name);
    for (unsigned i = 0; i < EDGE_LC_COUNT && status == APR_SUCCESS; i++)
        status = make_row(making, i, &listener->counters->first[i]);
    for (unsigned i = 0; i < EDGE_LH_COUNT && status == APR_SUCCESS; i++)
        if (wants_histogram(listener, i))
            status = edge_histogram_make(&listener->counters->histograms[i], "core", &histograms[i], making->who);
    return status == APR_SUCCESS ? make_commands(listener) : status;
}

apr_status_t edge_listener_counters_register(const edge_snapshot_t *snapshot) {
    making_t *making = malloc(sizeof(*making));
    apr_status_t status = making ? APR_SUCCESS : APR_ENOMEM;
    bool auth = false;
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section && status == APR_SUCCESS;
         section = section->next) {
        edge_listener_t *listener = section->instance;
        if (section->scope == EDGE_SCOPE_LISTENER && listener && listener->counters && listener->protocol &&
            !listener->protocol->takes_no_mail) {
            status = make(making, listener);
            auth = auth || listener->auth;
        }
    }
    free(making);
    if (auth)
        edge_auth_figures_make();
    return status;
}

/* Counting */

void edge_listener_count(const edge_listener_t *listener, edge_listener_counter_t counter, unsigned index,
                         int64_t amount) {
    if (listener->counters && listener->counters->first[counter])
        edge_counter_add(listener->counters->first[counter] - 1 + index, amount);
}

void edge_listener_count_bytes_of(const edge_listener_t *listener, edge_conn_t *conn) {
    if (listener->counters)
        edge_conn_count_bytes(conn, listener->counters->first[EDGE_LC_BYTES_IN],
                              listener->counters->first[EDGE_LC_BYTES_OUT]);
}

void edge_listener_observe(const edge_listener_t *listener, edge_listener_histogram_t histogram, int64_t value) {
    if (listener->counters)
        edge_histogram_observe(&listener->counters->histograms[histogram], value);
}

/* Of all series whose labels hold `part`. */
static int64_t sum_of_family(const char *name, const char *part) {
    edge_counter_entry_t entry;
    int64_t sum = 0;
    for (unsigned slot = 0; edge_counter_at(slot, &entry); slot++)
        if (strcmp(entry.name, name) == 0 && strstr(entry.labels, part) && strcmp(entry.module, "core") == 0)
            sum += edge_counter_sum(slot);
    return sum;
}

/* outcome="accepted" */
static const char *part_of(edge_listener_counter_t counter, int index, char *part, size_t size) {
    static const struct {
        edge_listener_counter_t counter;
        const char *label, *const *words;
    } simple[] = {{EDGE_LC_MESSAGES, "outcome", messages}, {EDGE_LC_RECIPIENTS, "result", recipients}};
    part[0] = '\0';
    for (unsigned i = 0; i < EDGE_COUNT(simple); i++)
        if (simple[i].counter == counter && index >= 0)
            snprintf(part, size, "%s=\"%s\"", simple[i].label, simple[i].words[index]);
    return part;
}

int64_t edge_listener_refused_commands(void) {
    const char *name = rows[EDGE_LC_COMMANDS].row.name;
    return sum_of_family(name, "class=\"4xx\"") + sum_of_family(name, "class=\"5xx\"");
}

static unsigned series_of(const edge_listener_t *listener, edge_listener_counter_t counter) {
    making_t *making = calloc(1, sizeof(*making));
    EDGE_ASSERT(making != NULL);
    making->listener = listener;
    rows[counter].series(making);
    unsigned count = making->count;
    free(making);
    return count;
}

int64_t edge_listener_counted(const edge_listener_t *listener, edge_listener_counter_t counter, int index) {
    char part[64];
    if (!listener)
        return sum_of_family(rows[counter].row.name, part_of(counter, index, part, sizeof(part)));
    if (!listener->counters || !listener->counters->first[counter])
        return 0;
    unsigned first = listener->counters->first[counter] - 1;
    if (index >= 0)
        return edge_counter_sum(first + (unsigned)index);
    int64_t sum = 0;
    for (unsigned i = 0, count = series_of(listener, counter); i < count; i++)
        sum += edge_counter_sum(first + i);
    return sum;
}

bool edge_listener_handshakes(const edge_listener_t *listener, unsigned index, edge_handshakes_t *handshakes) {
    const unsigned failed = EDGE_COUNT(versions) - 1; /* the series behind those of versions, as they are made */
    if (!listener->tls || index > failed)
        return false;
    *handshakes = (edge_handshakes_t){versions[index], edge_listener_counted(listener, EDGE_LC_TLS, (int)index)};
    return true;
}

int64_t edge_listener_taken(const edge_listener_t *listener) {
    return edge_listener_counted(listener, EDGE_LC_MESSAGES, EDGE_MESSAGES_ACCEPTED) +
           edge_listener_counted(listener, EDGE_LC_MESSAGES, EDGE_MESSAGES_DISCARDED);
}

/* Events */

void edge_listener_observe_command(const edge_listener_t *listener, unsigned verb, edge_mono_t took) {
    if (listener->counters) {
        unsigned verbs = verb_count(listener);
        edge_histogram_observe(&listener->counters->commands[verb < verbs ? verb : verbs], took);
    }
}

/* MAIL, RCPT, and all that speaks of the message; by HTTP everything does. */
static int refused_command(const edge_listener_t *listener, unsigned verb) {
    static const char *const verbs[] = {"mail", "rcpt", "data", "bdat", "post"};
    static const int commands[] = {0, 1, 2, 2, 2};
    for (unsigned i = 0; i < EDGE_COUNT(verbs); i++)
        if (strcmp(listener->protocol->verbs[verb], verbs[i]) == 0)
            return commands[i];
    return -1;
}

void edge_listener_count_reply(const edge_listener_t *listener, unsigned verb, const edge_reply_t *reply) {
    unsigned class = edge_reply_class(reply), verbs = verb_count(listener), known = verb < verbs ? verb : verbs;
    if (!listener->counters || class < 2 || class > 5)
        return;
    edge_listener_count(listener, EDGE_LC_COMMANDS, known * 4 + class - 2, 1);
    if (class < 4)
        return;
    int command = verb < verbs ? refused_command(listener, verb) : -1;
    if (command >= 0)
        edge_listener_count(listener, EDGE_LC_REFUSALS, ((unsigned)command * 2 + class - 4) * 4 + reply->source % 4u,
                            1);
}

void edge_listener_count_close(const edge_listener_t *listener, edge_close_reason_t reason) {
    static const edge_close_reason_t late[] = {
        EDGE_CLOSE_TIMEOUT_BANNER,  EDGE_CLOSE_TIMEOUT_COMMAND, EDGE_CLOSE_TIMEOUT_AUTH,  EDGE_CLOSE_TIMEOUT_DATA,
        EDGE_CLOSE_TIMEOUT_SESSION, EDGE_CLOSE_TIMEOUT_TLS,     EDGE_CLOSE_TIMEOUT_WRITE, EDGE_CLOSE_SLOW};
    edge_listener_count(listener, EDGE_LC_ACTIVE, 0, -1);
    edge_listener_count(listener, EDGE_LC_SESSIONS, (unsigned)reason, 1);
    for (unsigned i = 0; i < EDGE_COUNT(late); i++)
        if (reason == late[i])
            edge_listener_count(listener, EDGE_LC_TIMEOUTS, i, 1);
    if (reason == EDGE_CLOSE_TLS_FAILED || reason == EDGE_CLOSE_TIMEOUT_TLS)
        edge_listener_count(listener, EDGE_LC_TLS, EDGE_COUNT(versions) - 1, 1);
}

static unsigned index_of(const char *const *words, const char *word) {
    unsigned i = 0;
    while (words[i + 1] && (!word || strcmp(words[i], word) != 0))
        i++;
    return i; /* the last one stands for all others */
}

void edge_listener_count_handshake(const edge_listener_t *listener, const char *version) {
    edge_listener_count(listener, EDGE_LC_TLS, index_of(versions, version), 1);
}

void edge_listener_count_attempt(const edge_listener_t *listener, const char *mechanism, unsigned result) {
    edge_listener_count(listener, EDGE_LC_AUTH, edge_auth_mechanism_word(mechanism) * EDGE_ATTEMPT_RESULTS + result, 1);
}

void edge_listener_count_request(const edge_listener_t *listener, unsigned status) {
    char text[16];
    unsigned i = 0;
    snprintf(text, sizeof(text), "%u", status);
    while (codes[i] && strcmp(codes[i], text) != 0)
        i++;
    if (!codes[i])
        i = status < 300 ? 0 : index_of(codes, status < 500 ? "4xx" : "5xx");
    edge_listener_count(listener, EDGE_LC_REQUESTS, i, 1);
}
