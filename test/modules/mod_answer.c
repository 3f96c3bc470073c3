/* A test module: a validator that answers what the configuration says, in any phase. */
#include <unistd.h>

#include "edge_module.h"

typedef enum answer_what { ANSWER_PASS, ANSWER_REPLY, ANSWER_ERROR, ANSWER_NEVER, ANSWER_EXIT } answer_what_t;

typedef struct answer_conf {
    answer_what_t what;
    uint32_t code;
    edge_span_t enhanced, text;
    edge_span_t only; /* the argument it is about; absent: all */
} answer_conf_t;

static edge_check_answer_t answer(const edge_check_call_t *call, edge_reply_t *reply) {
    const answer_conf_t *conf = call->conf;
    if (conf->only.len && !edge_span_equal(conf->only, call->argument))
        return EDGE_CHECK_PASS;
    switch (conf->what) {
    case ANSWER_REPLY:
        return edge_reply_set(reply, conf->code, conf->enhanced, conf->text) ? EDGE_CHECK_REPLY : EDGE_CHECK_ERROR;
    case ANSWER_ERROR: return EDGE_CHECK_ERROR;
    case ANSWER_NEVER: edge_check_wait(call); return EDGE_CHECK_WAIT;
    case ANSWER_EXIT: _exit(3);
    case ANSWER_PASS: break;
    }
    return EDGE_CHECK_PASS;
}

/* Answer error | never | exit | CODE [ENHANCED] "TEXT" */
static bool set_answer(const edge_conf_line_t *line, void *slot) {
    static const struct {
        const char *word;
        answer_what_t what;
    } words[] = {{"error", ANSWER_ERROR}, {"never", ANSWER_NEVER}, {"exit", ANSWER_EXIT}};
    answer_conf_t *conf = slot;
    uint64_t code = 0;
    for (unsigned i = 0; i < EDGE_COUNT(words) && line->count == 1; i++)
        if (edge_span_equal(line->arguments[0].text, edge_span_of(words[i].word))) {
            conf->what = words[i].what;
            return true;
        }
    if (line->count < 2 || line->count > 3 || !edge_span_number(line->arguments[0].text, &code)) {
        edge_conf_error(line, 0, "EDG19001", "Answer takes error, never, exit, or CODE [ENHANCED] \"TEXT\"");
        return false;
    }
    conf->what = ANSWER_REPLY;
    conf->code = (uint32_t)code;
    conf->enhanced = line->count == 3 ? edge_span_copy(line->pool, line->arguments[1].text) : EDGE_NO_SPAN;
    conf->text = edge_span_copy(line->pool, line->arguments[line->count - 1].text);
    return true;
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(answer_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Answer",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .slot = 0,
     .set = set_answer,
     .when = EDGE_WHEN_SESSION,
     .usage = "error | never | exit | CODE [ENHANCED] \"TEXT\"",
     .prose = "What is answered; exit ends the process, as a library may that knows no better."},
    {.name = "Only",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(answer_conf_t, only),
     .when = EDGE_WHEN_SESSION,
     .usage = "ARGUMENT",
     .prose = "The argument of the command it is about."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
#define EDGE_PHASE(NAME, success, words) \
    {.phase = EDGE_PHASE_##NAME,         \
     .name = "answer",                   \
     .kind = EDGE_CHECK_INLINE,          \
     .function = answer,                 \
     .prose = "Answers as configured."},
#include "tbl/phases.def"
#undef EDGE_PHASE
    {.name = NULL},
};

EDGE_MODULE(answer) = {
    .summary = "a validator that answers what the configuration says (for tests)",
    .structs = structs,
    .directives = directives,
    .checks = checks,
};
