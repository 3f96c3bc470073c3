/* The audit trail and admin requests: each that changes something is written down, and who did what can be asked. */
#include "control/admin_priv.h"
#include "core/audit.h"
#include "edge_audit.h"

enum { LIST_LIMIT, LIST_CURSOR, LIST_WHO, LIST_ACTION, LIST_TARGET };
const edge_admin_argument_t edge_admin_audit_list_arguments[] = {
    [LIST_LIMIT] = {.name = "limit",
                    .kind = EDGE_ADMIN_NUMBER,
                    .min = 1,
                    .max = 1000,
                    .prose = "How many at most; 100 when not given."},
    [LIST_CURSOR] = {.name = "cursor", .kind = EDGE_ADMIN_TEXT, .prose = "The next_cursor of the page before."},
    [LIST_WHO] = {.name = "who",
                  .kind = EDGE_ADMIN_TEXT,
                  .prose = "Of whom: \"token:ops-1\", or what it begins with: \"token:*\"."},
    [LIST_ACTION] = {.name = "action", .kind = EDGE_ADMIN_TEXT, .prose = "What was done: \"ban.add\", or \"ban.*\"."},
    [LIST_TARGET] = {.name = "target", .kind = EDGE_ADMIN_TEXT, .prose = "To what: \"listener.mx.banner\"."},
    {.name = NULL},
};

#define TEXT_OR_NULL .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL
static const edge_admin_argument_t entry_rows[] = {
    {.name = "time", .kind = EDGE_ADMIN_TIME, .prose = "When."},
    {.name = "who",
     TEXT_OR_NULL,
     .prose = "Who: \"uid 0\" on the control socket, \"token:NAME\", \"console:NAME\"; \"edged\": the server itself."},
    {.name = "role", TEXT_OR_NULL, .prose = "What it might do."},
    {.name = "from", TEXT_OR_NULL, .prose = "The address it came from; \"local\" on the control socket."},
    {.name = "action", TEXT_OR_NULL, .prose = "What was done."},
    {.name = "target", TEXT_OR_NULL, .prose = "To what."},
    {.name = "before", TEXT_OR_NULL, .prose = "What was so before."},
    {.name = "after", TEXT_OR_NULL, .prose = "What is so now."},
    {.name = "reason", TEXT_OR_NULL, .prose = "Why, as it was given."},
    {.name = "request_id", TEXT_OR_NULL, .prose = "Of the request; in the answer and the log as well."},
    {.name = "result", TEXT_OR_NULL, .prose = "done, or the code of what went wrong."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_audit_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = entry_rows, .prose = "What was done, the newest first."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static void put_entry(edge_json_t *json, const edge_json_value_t *entry) {
    static const char *const members[] = {"time",   "who",   "role",   "from",       "action", "target",
                                          "before", "after", "reason", "request_id", "result"};
    edge_json_object(json);
    for (unsigned i = 0; i < EDGE_COUNT(members); i++) {
        edge_json_put_text(json, members[i], edge_json_in_text(entry, members[i]), 0);
    }
    edge_json_object_end(json);
}

void edge_admin_audit_put(edge_json_t *json, const edge_audit_page_t *page) {
    for (int i = 0; i < page->entries->nelts; i++) {
        put_entry(json, APR_ARRAY_IDX(page->entries, i, const edge_json_value_t *));
    }
}

static void audit_problem(edge_admin_answer_t *answer, apr_status_t status) {
    char text[128];
    if (status == APR_EINVAL) {
        edge_admin_problem(answer, 422, "bad-cursor", "This is no cursor of this list.");
    } else if (APR_STATUS_IS_EOF(status)) {
        edge_admin_problem(answer, 410, "gone", "The audit log has been rotated since: begin without a cursor.");
    } else {
        edge_admin_problem(answer, 500, "not-readable", "The audit log cannot be read: %s.",
                           apr_strerror(status, text, sizeof text));
    }
}

void edge_admin_audit_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_audit_query_t query = {
        .who = request->arguments[LIST_WHO],
        .action = request->arguments[LIST_ACTION],
        .target = request->arguments[LIST_TARGET],
        .cursor = request->arguments[LIST_CURSOR],
        .limit = request->arguments[LIST_LIMIT].at != NULL ? (unsigned)request->numbers[LIST_LIMIT] : 100,
        .count = !request->uncounted,
    };
    edge_audit_page_t page;
    apr_status_t status = edge_audit_read(&query, &page, request->pool);
    if (status != APR_SUCCESS) {
        audit_problem(answer, status);
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    edge_admin_list_start(answer);
    edge_admin_audit_put(json, &page);
    edge_admin_list_end(answer, page.next_cursor, (int64_t)page.matched);
}

void edge_audit(const edge_admin_request_t *request, const char *action, const char *target, const char *before,
                const char *after, const char *result) {
    edge_audit_entry_t entry = {.who = request->who,
                                .role = edge_admin_role_name(request->role),
                                .from = request->from,
                                .action = action,
                                .target = target,
                                .before = before,
                                .after = after,
                                .reason = request->reason.at,
                                .request_id = request->request_id,
                                .result = result};
    edge_audit_write(&entry);
}
