/* Regular expressions with limits, by PCRE2. */
#include "edge_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "edge_obj.h"

#include <pthread.h>
#include <stdlib.h>

static pcre2_code *code_of(const edge_pattern_t *pattern) { return (pcre2_code *)(uintptr_t)pattern; }

edge_pattern_t *edge_pattern_make(edge_span_t regex, bool nocase, char why[EDGE_PATTERN_WHY], size_t *at) {
    uint32_t options = PCRE2_NEVER_BACKSLASH_C | (nocase ? PCRE2_CASELESS : 0);
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex.at, regex.len, options, &error, &offset, NULL);
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)why, EDGE_PATTERN_WHY);
        *at = offset + 1;
    }
    return (edge_pattern_t *)code;
}

void edge_pattern_free(edge_pattern_t *pattern) { pcre2_code_free(code_of(pattern)); }

/* What a match works with: made once a thread, and freed with it. */
typedef struct scratch {
    pcre2_match_context *limits;
    pcre2_match_data *data;
} scratch_t;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_scratch(void *memory) {
    scratch_t *scratch = memory;
    pcre2_match_context_free(scratch->limits);
    pcre2_match_data_free(scratch->data);
    free(scratch);
}

static void make_key(void) { EDGE_ASSERT(pthread_key_create(&key, free_scratch) == 0); }

static scratch_t *scratch_here(void) {
    static _Thread_local scratch_t *here;
    if (here)
        return here;
    pthread_once(&once, make_key);
    scratch_t *scratch = calloc(1, sizeof(*scratch));
    EDGE_ASSERT(scratch != NULL);
    scratch->limits = pcre2_match_context_create(NULL);
    scratch->data = pcre2_match_data_create(1, NULL);
    EDGE_ASSERT(scratch->limits && scratch->data);
    pcre2_set_match_limit(scratch->limits, EDGE_PATTERN_TRIES);
    pcre2_set_depth_limit(scratch->limits, EDGE_PATTERN_DEPTH);
    pthread_setspecific(key, scratch);
    here = scratch;
    return here;
}

edge_pattern_match_t edge_pattern_match(const edge_pattern_t *pattern, edge_span_t text) {
    scratch_t *scratch = scratch_here();
    const char *at = text.at ? text.at : "";
    int result = pcre2_match(code_of(pattern), (PCRE2_SPTR)at, text.len, 0, 0, scratch->data, scratch->limits);
    if (result >= 0)
        return EDGE_PATTERN_YES;
    return result == PCRE2_ERROR_NOMATCH ? EDGE_PATTERN_NO : EDGE_PATTERN_GAVE_UP;
}
