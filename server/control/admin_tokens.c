/* Admin routes about tokens: list, make, revoke. */
#include "control/admin_priv.h"
#include "edge_audit.h"
#include "edge_tokens.h"
#include "proto/token_file.h"

#include <apr_strings.h>

static const char *const role_words[] = {"submit", "read", "operate", "admin", NULL};

enum { CREATE_NAME, CREATE_ROLE, CREATE_EXPIRES, CREATE_FROM };
const edge_admin_argument_t edge_admin_tokens_create_body[] = {
    [CREATE_NAME] = {.name = "name",
                     .kind = EDGE_ADMIN_TEXT,
                     .min = 1,
                     .max = 64,
                     .required = true,
                     .prose = "Whose it is: letters, digits and . _ @ + -, the first a letter or digit."},
    [CREATE_ROLE] = {.name = "role",
                     .kind = EDGE_ADMIN_WORD,
                     .words = role_words,
                     .required = true,
                     .prose = "What its holder may do; submit: hand in mail by HTTP, and nothing else."},
    [CREATE_EXPIRES] = {.name = "expires",
                        .kind = EDGE_ADMIN_TEXT,
                        .may = EDGE_ADMIN_NULL,
                        .prose = "A time to come, as 2027-01-31T12:00:00Z or 2027-01-31; never when not given."},
    [CREATE_FROM] = {.name = "from",
                     .kind = EDGE_ADMIN_TEXT,
                     .may = EDGE_ADMIN_NULL,
                     .prose = "Good only from this address or network."},
    {.name = NULL},
};

static const edge_admin_argument_t token_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Whose it is."},
    {.name = "role", .kind = EDGE_ADMIN_WORD, .words = role_words, .prose = "What its holder may do."},
    {.name = "created", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When it was made."},
    {.name = "expires", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Until when; null: for ever."},
    {.name = "last_used", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "The day; null: never."},
    {.name = "source",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_NULL,
     .prose = "From where it is good; null: anywhere."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_tokens_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = token_rows, .prose = "In the order of the file."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_tokens_create_answer[] = {
    {.name = "token", .kind = EDGE_ADMIN_TEXT, .prose = "The token itself; it can never be shown again."},
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Whose it is."},
    {.name = "role", .kind = EDGE_ADMIN_WORD, .words = role_words, .prose = "What its holder may do."},
    {.name = "expires", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Until when; null: for ever."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_tokens_revoke_answer[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Whose it was."},
    {.name = "revoked", .kind = EDGE_ADMIN_SWITCH, .prose = "True."},
    {.name = NULL},
};

static void put_used(edge_json_t *json, int32_t day) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    if (day < 0) {
        edge_json_put_string(json, "last_used", NULL);
        return;
    }
    edge_clock_rfc3339((apr_time_t)day * 86400 * APR_USEC_PER_SEC, text);
    edge_json_put_text(json, "last_used", edge_span(text, 10), 0);
}

void edge_admin_tokens_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    const apr_array_header_t *tokens = edge_tokens_list(request->pool);
    edge_admin_list_start(answer);
    for (int i = 0; i < tokens->nelts; i++) {
        const edge_token_facts_t *facts = &APR_ARRAY_IDX(tokens, i, edge_token_facts_t);
        char network[EDGE_IPADDR_NETWORK_TEXT];
        edge_ipaddr_format_network(facts->network, facts->bits, network);
        edge_json_object(json);
        edge_json_put_string(json, "name", facts->name);
        edge_json_put_string(json, "role", edge_token_role_name(facts->role));
        edge_admin_put_time(json, "created", facts->created);
        edge_admin_put_time(json, "expires", facts->expires);
        put_used(json, facts->used);
        edge_json_put_string(json, "source", facts->bound ? network : NULL);
        edge_json_object_end(json);
    }
    edge_admin_list_end(answer, NULL, tokens->nelts);
}

static bool is_given(const edge_admin_value_t *value) {
    return value->json != NULL && value->json->type != EDGE_JSON_NULL;
}

static bool read_wish(const edge_admin_request_t *request, edge_token_facts_t *facts, edge_admin_answer_t *answer) {
    const edge_admin_value_t *values = request->values;
    const char *wrong = edge_token_file_name(values[CREATE_NAME].text);
    if (wrong != NULL) {
        edge_admin_error(answer, 422, "#/name", "bad-name", "\"name\" cannot be \"%s\": %s",
                         values[CREATE_NAME].text.at, wrong);
        return false;
    }
    apr_cpystrn(facts->name, values[CREATE_NAME].text.at, sizeof facts->name);
    facts->role = (edge_token_role_t)values[CREATE_ROLE].number;
    if (is_given(&values[CREATE_EXPIRES]) && (!edge_clock_rfc3339_parse(values[CREATE_EXPIRES].text, &facts->expires) ||
                                              facts->expires <= edge_clock_read().wall)) {
        edge_admin_error(answer, 422, "#/expires", "bad-time",
                         "\"expires\" must be a time to come, as 2027-01-31T12:00:00Z or 2027-01-31; got \"%.100s\".",
                         values[CREATE_EXPIRES].text.at);
        return false;
    }
    facts->bound = is_given(&values[CREATE_FROM]);
    if (facts->bound && !edge_ipaddr_parse_network(values[CREATE_FROM].text, &facts->network, &facts->bits)) {
        edge_admin_error(answer, 422, "#/from", "bad-address", "\"%.100s\" is no address and no network.",
                         values[CREATE_FROM].text.at);
        return false;
    }
    return true;
}

static void tokens_problem(edge_admin_answer_t *answer, apr_status_t status, const char *name) {
    char text[120];
    if (APR_STATUS_IS_EEXIST(status)) {
        edge_admin_problem(answer, 409, "conflict", "There is a token of the name %s.", name);
    } else if (APR_STATUS_IS_NOTFOUND(status)) {
        edge_admin_problem(answer, 404, "not-found", "There is no token of the name %s.", name);
    } else if (APR_STATUS_IS_ENOENT(status)) {
        edge_admin_problem(answer, 409, "conflict", "There is no TokenFile, or no directory for it.");
    } else if (APR_STATUS_IS_EACCES(status)) {
        edge_admin_problem(answer, 409, "conflict",
                           "TokenFile belongs to somebody else than the server: use edgectl token there.");
    } else if (APR_STATUS_IS_ENOSPC(status)) {
        edge_admin_problem(answer, 507, "no-room", "A file has %d tokens at most; revoke another.", EDGE_TOKENS_MOST);
    } else {
        edge_admin_problem(answer, 500, "tokens-failed", "TokenFile cannot be changed: %s",
                           apr_strerror(status, text, sizeof text));
    }
}

void edge_admin_tokens_create(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_token_facts_t facts = {.used = -1};
    char token[EDGE_TOKEN_TEXT];
    if (!read_wish(request, &facts, answer)) {
        return;
    }
    apr_status_t status = edge_tokens_create(&facts, token);
    edge_audit(request, "token.create", facts.name, NULL, edge_token_role_name(facts.role),
               status == APR_SUCCESS ? "done" : "failed");
    if (status != APR_SUCCESS) {
        tokens_problem(answer, status, facts.name);
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    answer->location = apr_pstrcat(request->pool, "/api/v1/tokens/", facts.name, NULL);
    edge_json_object(json);
    edge_json_put_string(json, "token", token);
    edge_json_put_string(json, "name", facts.name);
    edge_json_put_string(json, "role", edge_token_role_name(facts.role));
    edge_admin_put_time(json, "expires", facts.expires);
    edge_json_object_end(json);
}

void edge_admin_tokens_revoke(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    apr_status_t status = edge_tokens_revoke(request->pieces[0]);
    edge_audit(request, "token.revoke", request->pieces[0].at, NULL, NULL, status == APR_SUCCESS ? "done" : "failed");
    if (status != APR_SUCCESS) {
        tokens_problem(answer, status,
                       apr_pstrmemdup(request->pool, request->pieces[0].at,
                                      request->pieces[0].len < 64 ? request->pieces[0].len : 64));
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "name", request->pieces[0], 0);
    edge_json_put_bool(json, "revoked", true);
    edge_json_object_end(json);
}
