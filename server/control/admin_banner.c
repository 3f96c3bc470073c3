/* Admin routes about the banner: a view of one setting, and of what a client reads of it. */
#include <apr_strings.h>
#include <strings.h>

#include "control/admin_setting_priv.h"
#include "core/conf_value.h"
#include "edge_session.h"
#include "proto/conf_words.h"

const edge_admin_argument_t edge_admin_banner_answer[] = {
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "As it is written, with %{ServerName} for the server's name."},
    {.name = "code", .kind = EDGE_ADMIN_NUMBER, .prose = "220, or what refuses everybody."},
    {.name = "reply", .kind = EDGE_ADMIN_TEXT, .prose = "What a client reads."},
    {.name = "etag", .kind = EDGE_ADMIN_TEXT, .prose = "Goes in quotes into If-Match."},
    {.name = "setting", .kind = EDGE_ADMIN_OBJECT, .rows = edge_setting_rows, .prose = "The setting it is a view of."},
    {.name = NULL},
};

static const char *server_name(const edge_admin_request_t *request, const edge_setting_view_t *view) {
    const edge_listener_t *listener =
        request->pieces[0].at != NULL ? edge_admin_setting_listener(request, view->current) : NULL;
    int index = edge_setting_view_find(view, "server_name");
    return listener != NULL ? listener->server_name.at : edge_setting_view_text(view, index);
}

static const char *filled(const char *text, const char *name, apr_pool_t *pool) {
    static const char mark[] = "%{ServerName}";
    const char *found, *out = "";
    while ((found = strstr(text, mark)) != NULL) {
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, text, (apr_size_t)(found - text)), name, NULL);
        text = found + sizeof mark - 1;
    }
    return apr_pstrcat(pool, out, text, NULL);
}

/* What is written of it: [CODE] "TEXT". */
static unsigned split_banner(const char *written, const char **text, apr_pool_t *pool) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    edge_conf_file_t file = {.path = "", .text = edge_span_of(written)};
    edge_conf_cursor_t cursor = {&file, 0, 1, 1};
    edge_conf_report_t report;
    uint64_t code = 220;
    unsigned count = 0;
    edge_conf_report_start(&report, pool);
    edge_conf_words_next(&cursor, words, &count, &report, pool);
    if (count == 2) {
        edge_span_number(words[0].text, &code);
    }
    *text = count > 0 ? words[count - 1].text.at : "";
    return (unsigned)code;
}

/* The line that a client reads. */
static const char *reply_of(const char *written, const char *name, apr_pool_t *pool) {
    const char *text;
    unsigned code = split_banner(written, &text, pool);
    return apr_psprintf(pool, "%u %s", code, filled(text, name, pool));
}

const char *edge_admin_banner_of(const apr_array_header_t *settings, const edge_section_t *section, apr_pool_t *pool) {
    const edge_listener_t *listener = section->instance;
    if (strcmp(listener->protocol->name, "smtp") != 0) {
        return NULL;
    }
    for (int i = 0; i < settings->nelts; i++) {
        const edge_setting_t *setting = &APR_ARRAY_IDX(settings, i, edge_setting_t);
        if (setting->section == section && strcmp(setting->row->name, "Banner") == 0) {
            return reply_of(edge_setting_text(setting, pool), listener->server_name.at, pool);
        }
    }
    return NULL;
}

static int banner_index(const edge_admin_request_t *request, edge_admin_answer_t *answer,
                        const edge_setting_view_t *view) {
    int index =
        edge_setting_view_find(view, apr_pstrcat(request->pool, edge_admin_setting_prefix(request), "banner", NULL));
    if (index < 0) {
        edge_admin_problem(answer, 404, "not-found", "There is no Banner: smtp_edge_module is not loaded.");
    }
    return index;
}

void edge_admin_banner_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_view_t view;
    const char *text;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    int index = banner_index(request, answer, &view);
    if (index >= 0) {
        edge_json_t *json = edge_admin_json(answer);
        unsigned code = split_banner(edge_setting_view_text(&view, index), &text, request->pool);
        answer->etag = edge_setting_view_etag(&view, index);
        edge_json_object(json);
        edge_json_put_string(json, "text", text);
        edge_json_put_number(json, "code", code);
        edge_json_put_string(
            json, "reply", reply_of(edge_setting_view_text(&view, index), server_name(request, &view), request->pool));
        edge_json_put_text(json, "etag", edge_span(answer->etag + 1, strlen(answer->etag) - 2), 0);
        edge_json_key(json, "setting");
        edge_setting_view_put(json, &view, index);
        edge_json_object_end(json);
    }
    edge_setting_view_close(&view);
}

enum { BANNER_TEXT, BANNER_CODE, BANNER_TAIL };
const edge_admin_argument_t edge_admin_banner_body[] = {
    [BANNER_TEXT] = {.name = "text",
                     .kind = EDGE_ADMIN_TEXT,
                     .required = true,
                     .min = 1,
                     .max = 506,
                     .prose = "One line; %{ServerName} stands for the server's name."},
    [BANNER_CODE] = {.name = "code",
                     .kind = EDGE_ADMIN_NUMBER,
                     .min = 220,
                     .max = 599,
                     .prose = "220 when not given; 400 to 599 refuse every client."},
    EDGE_ADMIN_SETTING_TAIL(BANNER_TAIL),
    {.name = NULL},
};

/* Old clients look for both (RFC 5321 3.1 asks for the name only). */
static void note_habits(edge_setting_changing_t *changing, const char *reply, const char *name) {
    apr_pool_t *pool = changing->request->pool;
    size_t len = strlen(name);
    changing->notes = apr_array_make(pool, 2, sizeof(const char *));
    bool named = strncasecmp(reply, name, len) == 0 && (reply[len] == ' ' || reply[len] == '\0');
    if (!named) {
        *(const char **)apr_array_push(changing->notes) =
            apr_psprintf(pool, "the first word is not the server's name, %s, as RFC 5321 wants it", name);
    } else if (strncmp(reply + len, " ESMTP", 6) != 0) {
        *(const char **)apr_array_push(changing->notes) =
            "the second word is not ESMTP: some old clients then say HELO and use no extension";
    }
}

void edge_admin_banner_change(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const edge_admin_value_t *text = &request->values[BANNER_TEXT], *code = &request->values[BANNER_CODE];
    edge_setting_changing_t changing;
    edge_setting_view_t view;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    int index = banner_index(request, answer, &view);
    const char *name = server_name(request, &view), *key = index >= 0 ? edge_setting_view_at(&view, index)->key : NULL;
    const char *kept_key = key != NULL ? apr_pstrdup(request->pool, key) : NULL;
    name = apr_pstrdup(request->pool, name);
    edge_setting_view_close(&view);
    if (kept_key == NULL) {
        return;
    }
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_changing_add(&changing, kept_key,
                              apr_psprintf(request->pool, "%u \"%s\"",
                                           code->json != NULL ? (unsigned)code->number : 220,
                                           edge_conf_escape(text->text, request->pool)),
                              "#/text");
    edge_admin_setting_tail(&changing, &request->values[BANNER_TAIL]);
    changing.tagged = kept_key;
    if (code->json == NULL || code->number == 220) {
        note_habits(&changing, filled(text->text.at, name, request->pool), name);
    }
    edge_setting_changing_finish(&changing);
}
