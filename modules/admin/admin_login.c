/* Sessions of the console: login by token or by a link that works once, who one is, logout. */
#include "admin.h"

#include <apr_strings.h>

#include "edge_audit.h"
#include "edge_conf_grow.h"

#define SESSION_MOST APR_TIME_C(43200000000) /* 12 h */
#define TICKET_MOST APR_TIME_C(600000000)    /* 10 min */

/* The prefix makes a browser insist on Secure, Path=/ and no Domain. */
const char *admin_login_cookie_name(bool tls) { return tls ? "__Host-edge" : "edge"; }

const char *admin_login_cookie(const char *sealed, bool tls, apr_pool_t *pool) {
    return apr_pstrcat(pool, admin_login_cookie_name(tls), "=", sealed, "; Path=/; HttpOnly; SameSite=Strict",
                       tls ? "; Secure" : "", sealed[0] == '\0' ? "; Max-Age=0" : "", NULL);
}

static void put_session(edge_json_t *json, edge_admin_role_t role, const char *who, const char *csrf,
                        apr_time_t until) {
    edge_json_object(json);
    edge_json_put_string(json, "role", edge_admin_role_name(role));
    edge_json_put_string(json, "who", who);
    edge_json_put_string(json, "csrf", csrf);
    edge_admin_put_time(json, "expires", until);
    edge_json_object_end(json);
}

static const admin_exchange_t *exchange_of(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    if (!request->carrier)
        edge_admin_problem(answer, 409, "conflict", "The control socket knows who asks: sessions are for browsers.");
    return request->carrier;
}

/* Opening */

enum { LOGIN_TOKEN, LOGIN_TICKET };
static const edge_admin_argument_t login_body[] = {
    [LOGIN_TOKEN] = {.name = "token", .kind = EDGE_ADMIN_TEXT, .min = 1, .max = 100, .prose = "A token of a role."},
    [LOGIN_TICKET] = {.name = "ticket",
                      .kind = EDGE_ADMIN_TEXT,
                      .min = 1,
                      .max = 400,
                      .prose = "What stands in a login link; it counts once."},
    {.name = NULL},
};

static bool open_by_token(const admin_exchange_t *x, edge_span_t token, admin_seal_t *seal) {
    edge_token_facts_t facts;
    edge_token_verdict_t verdict = edge_token_check(token, x->origin.address, apr_time_now(), &facts);
    if (verdict != EDGE_TOKEN_OK || admin_who_role(facts.role) == EDGE_ADMIN_NOBODY) {
        admin_figures_failed(admin_who_failure(verdict));
        return false;
    }
    seal->role = admin_who_role(facts.role);
    seal->token_created = admin_who_token_stamp(&facts);
    apr_cpystrn(seal->name, facts.name, sizeof(seal->name));
    if (facts.expires != 0 && facts.expires < seal->until)
        seal->until = facts.expires;
    return true;
}

static bool open_by_ticket(edge_span_t text, admin_seal_t *seal, apr_pool_t *pool) {
    admin_seal_t ticket;
    if (!admin_seal_read(text, ADMIN_SEAL_TICKET, &ticket, pool) || apr_time_now() >= ticket.until ||
        !admin_pace_ticket(ticket.id)) {
        admin_figures_failed(ADMIN_FAILURE_TICKET);
        return false;
    }
    seal->role = ticket.role;
    memcpy(seal->name, ticket.name, sizeof(seal->name));
    return true;
}

static void refuse_login(const edge_admin_request_t *request, const admin_exchange_t *x, edge_admin_answer_t *answer) {
    unsigned wait = admin_pace_failure(x->origin.address);
    if (wait == 0) {
        /* Further ones are not told: whoever guesses shall not fill the trail. */
        edge_audit(request, "session.open", "console", NULL, NULL, "unauthenticated");
        edge_admin_problem(
            answer, 401, "unauthenticated",
            "This token is not known, or not any more, or not from here; a link works once, for 10 minutes.");
        return;
    }
    edge_admin_problem(answer, 429, "rate-limited", "Too many wrong tokens from this address; wait %u s.", wait);
    edge_admin_field(answer, "Retry-After", apr_itoa(request->pool, (int)wait));
}

static void log_in(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const admin_exchange_t *x = exchange_of(request, answer);
    const edge_admin_value_t *token = &request->values[LOGIN_TOKEN], *ticket = &request->values[LOGIN_TICKET];
    admin_seal_t seal = {.issued = apr_time_now(), .until = apr_time_now() + SESSION_MOST};
    if (!x)
        return;
    if (!token->json == !ticket->json) {
        edge_admin_error(answer, 422, "#/token", "missing", "Either \"token\" or \"ticket\" must be given.");
        return;
    }
    if (!(token->json ? open_by_token(x, token->text, &seal) : open_by_ticket(ticket->text, &seal, request->pool))) {
        refuse_login(request, x, answer);
        return;
    }
    admin_seal_new_id(&seal);
    edge_admin_request_t as = *request; /* for the trail: whom the session is for */
    as.who = apr_pstrcat(request->pool, "console:", seal.name, NULL);
    as.role = seal.role;
    edge_audit(&as, "session.open", "console", NULL, edge_admin_role_name(seal.role), "done");
    edge_admin_field(
        answer, "Set-Cookie",
        admin_login_cookie(admin_seal_write(&seal, ADMIN_SEAL_SESSION, request->pool), x->origin.tls, request->pool));
    put_session(edge_admin_json(answer), seal.role, as.who, admin_seal_csrf(&seal, request->pool), seal.until);
}

static void show_session(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const admin_exchange_t *x = request->carrier;
    bool session = x && x->who.cookie;
    put_session(edge_admin_json(answer), request->role, request->who,
                session ? admin_seal_csrf(&x->who.seal, request->pool) : NULL, session ? x->who.seal.until : 0);
}

static void log_out(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const admin_exchange_t *x = exchange_of(request, answer);
    if (!x)
        return;
    if (!x->who.cookie) {
        edge_admin_problem(answer, 409, "conflict", "There is no session to end: this request came by %s.",
                           request->who);
        return;
    }
    admin_pace_end_session(x->who.seal.id);
    edge_audit(request, "session.close", "console", NULL, NULL, "done");
    answer->field_count = 0; /* a session that was about to be renewed is not */
    edge_admin_field(answer, "Set-Cookie", admin_login_cookie("", x->origin.tls, request->pool));
    edge_json_object(edge_admin_json(answer));
    edge_json_put_bool(edge_admin_json(answer), "ended", true);
    edge_json_object_end(edge_admin_json(answer));
}

/* Links */

/* Where a browser on this machine reaches the console; NULL when nowhere. */
static const char *console_url(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const edge_section_t *section = admin_conf_listener(snapshot, 0);
    const edge_conf_node_t *listen = section ? edge_conf_grow_directive(section->node, NULL, "Listen") : NULL;
    const edge_listener_t *listener = section ? section->instance : NULL;
    edge_span_t at = listen ? edge_conf_grow_argument(listen, 0) : EDGE_NO_SPAN;
    return at.at ? apr_psprintf(pool, "%s://%.*s/", listener->tls ? "https" : "http", (int)at.len, at.at) : NULL;
}

/* Only for who is on this machine already: a link is as good as a token. */
static void make_link(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    admin_seal_t seal = {.role = EDGE_ADMIN_ADMIN, .issued = apr_time_now(), .until = apr_time_now() + TICKET_MOST};
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const char *url = console_url(snapshot, request->pool);
    edge_snapshot_drop(snapshot);
    if (request->carrier) {
        edge_admin_problem(answer, 403, "denied", "Login links are made by the control socket: edgectl console.");
        return;
    }
    if (!url) {
        edge_admin_problem(answer, 409, "conflict", "No listener speaks Protocol admin: write Listen in <Admin>.");
        return;
    }
    admin_seal_new_id(&seal);
    apr_cpystrn(seal.name, "link", sizeof(seal.name));
    const char *ticket = admin_seal_write(&seal, ADMIN_SEAL_TICKET, request->pool);
    edge_audit(request, "link.make", "console", NULL, NULL, "done");
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "url", apr_pstrcat(request->pool, url, "#ticket=", ticket, NULL));
    edge_json_put_string(json, "ticket", ticket);
    edge_admin_put_time(json, "expires", seal.until);
    edge_json_object_end(json);
}

static const edge_admin_argument_t session_answer[] = {
    {.name = "role", .kind = EDGE_ADMIN_TEXT, .prose = "What the sender may do."},
    {.name = "who", .kind = EDGE_ADMIN_TEXT, .prose = "Who it is, as in the audit trail."},
    {.name = "csrf",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_NULL,
     .prose = "Goes along in X-Edge-Csrf with every change; null without a session."},
    {.name = "expires", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When the session ends at last."},
    {.name = NULL},
};
static const edge_admin_argument_t logout_answer[] = {
    {.name = "ended", .kind = EDGE_ADMIN_SWITCH, .prose = "True."},
    {.name = NULL},
};
static const edge_admin_argument_t link_answer[] = {
    {.name = "url", .kind = EDGE_ADMIN_TEXT, .prose = "To open in a browser; it works once."},
    {.name = "ticket", .kind = EDGE_ADMIN_TEXT, .prose = "What stands in it."},
    {.name = "expires", .kind = EDGE_ADMIN_TIME, .prose = "Until then."},
    {.name = NULL},
};

const edge_admin_route_t admin_routes[] = {
    {.method = "POST",
     .path = "/api/v1/auth/session",
     .role = EDGE_ADMIN_NOBODY,
     .handler = log_in,
     .body = login_body,
     .answer = session_answer,
     .flags = EDGE_ADMIN_PUBLIC,
     .prose = "Opens a session of the console: a cookie that the browser keeps, and what must go along with changes."},
    {.method = "GET",
     .path = "/api/v1/auth/session",
     .role = EDGE_ADMIN_READ,
     .handler = show_session,
     .answer = session_answer,
     .prose = "Who the sender is, and what he may do."},
    {.method = "DELETE",
     .path = "/api/v1/auth/session",
     .role = EDGE_ADMIN_READ,
     .handler = log_out,
     .answer = logout_answer,
     .prose = "Ends the session of the console."},
    {.method = "POST",
     .path = "/api/v1/auth/link",
     .role = EDGE_ADMIN_ADMIN,
     .handler = make_link,
     .answer = link_answer,
     .flags = EDGE_ADMIN_SECRET,
     .prose = "Makes a login link for the console that works once, for 10 minutes; on the control socket only."},
    {.path = NULL},
};
