/* Counters of checks: results, differences of shadow mode, and a histogram of time. */
#include "core/check_counters.h"

#include <stdio.h>

/* "x",command="HAVE_DATA",mode="enforce",result="tempfail" and a name as long as the configuration lets it be */
#define LABELS_MOST 512

static const edge_counter_row_t rows[] = {
    {"validator_results_total", EDGE_COUNTER_TOTAL, "Answers of validators, by validator, command, mode and result."},
    {"validator_shadow_differences_total", EDGE_COUNTER_TOTAL,
     "Answers in shadow mode that would have changed the reply."},
};
enum { ROW_RESULTS, ROW_DIFFERENCES };

static const edge_histogram_row_t duration = {"validator_duration_seconds", EDGE_BOUNDS_OPERATION,
                                              "Time that validators took to answer, waiting included."};

const char *edge_binding_mode_name(edge_binding_mode_t mode) {
    static const char *const names[EDGE_MODE_COUNT] = {"enforce", "shadow", "off"};
    return names[mode];
}

const char *edge_check_result_name(edge_check_result_t result) {
    static const char *const names[EDGE_RESULT_COUNT] = {"pass", "change", "tempfail", "reject", "error", "timeout"};
    return names[result];
}

static apr_status_t make(unsigned row, const char *labels, unsigned *slot) {
    unsigned found;
    apr_status_t status = edge_counter_register_labelled("core", &rows[row], labels, &found);
    *slot = status == APR_SUCCESS ? found + 1 : 0;
    return status;
}

static apr_status_t make_result(const char *of, edge_binding_mode_t mode, const char *result, unsigned *slot) {
    char labels[LABELS_MOST];
    snprintf(labels, sizeof(labels), "%s,mode=\"%s\",result=\"%s\"", of, edge_binding_mode_name(mode), result);
    return make(ROW_RESULTS, labels, slot);
}

static apr_status_t make_results(edge_check_counters_t *counters, const char *of) {
    apr_status_t status = make_result(of, EDGE_MODE_OFF, "skipped", &counters->skipped);
    for (unsigned mode = 0; mode < 2; mode++)
        for (unsigned result = 0; result < EDGE_RESULT_COUNT && status == APR_SUCCESS; result++)
            status = make_result(of, (edge_binding_mode_t)mode, edge_check_result_name((edge_check_result_t)result),
                                 &counters->results[mode][result]);
    return status;
}

/* As it stands between the quotes of a label. */
static void put_name(const char *name, char *out, size_t size) {
    size_t at = 0;
    for (; *name && at + 2 < size; name++) {
        if (*name == '"' || *name == '\\')
            out[at++] = '\\';
        out[at++] = *name == '\n' ? ' ' : *name;
    }
    out[at] = '\0';
}

apr_status_t edge_check_counters_make(edge_check_counters_t *counters, const char *validator, const char *command) {
    char name[LABELS_MOST / 2 - 16], who[LABELS_MOST / 2], of[LABELS_MOST - 64];
    put_name(validator, name, sizeof(name));
    snprintf(who, sizeof(who), "validator=\"%s\"", name);
    snprintf(of, sizeof(of), "%s,command=\"%s\"", who, command);
    apr_status_t status = make_results(counters, of);
    if (status == APR_SUCCESS)
        status = make(ROW_DIFFERENCES, of, &counters->differences);
    if (status == APR_SUCCESS)
        status = edge_histogram_make(&counters->duration, "core", &duration, who);
    return status;
}

static void add(unsigned slot, int64_t amount) {
    if (slot)
        edge_counter_add(slot - 1, amount);
}

int64_t edge_check_counters_sum(unsigned slot) { return slot ? edge_counter_sum(slot - 1) : 0; }

void edge_check_counters_add(const edge_check_counters_t *counters, edge_binding_mode_t mode,
                             edge_check_result_t result, edge_mono_t took) {
    add(counters->results[mode == EDGE_MODE_SHADOW][result], 1);
    edge_histogram_observe(&counters->duration, took);
    if (mode == EDGE_MODE_SHADOW && result != EDGE_RESULT_PASS)
        add(counters->differences, 1);
}

void edge_check_counters_skip(const edge_check_counters_t *counters) { add(counters->skipped, 1); }
