/* Makes sessions of accepted connections and ends them. */
#include "core/session.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/auth.h"
#include "core/bans.h"
#include "core/closed_sessions.h"
#include "core/core_conf.h"
#include "core/listener_counters.h"
#include "core/places.h"
#include "core/policy.h"
#include "core/rejections.h"
#include "core/session_events.h"
#include "core/session_watch.h"
#include "core/trail.h"
#include "core/transaction.h"
#include "core/txlog.h"
#include "core/verdicts.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"

#define SESSION_MAGIC 0x73657373u
#define VISITS_MOST 512 /* of a listener that takes no mail, unless it says MaxConnections */
#define VISITS_FROM_ADDRESS_MOST 128

EDGE_LOG_AREA(edge_session_log, "session")

/* The sessions of one worker, the newest first. */
typedef struct roster {
    edge_session_t *first, *last;
    edge_sessions_walk_t *walks; /* that are under way */
    unsigned count;
    bool draining;
} roster_t;

static _Atomic unsigned open_sessions;
static unsigned seat;
static atomic_flag seat_taken = ATOMIC_FLAG_INIT;

static bool is_visit(const edge_session_t *session) { return session->listener->protocol->takes_no_mail; }

static roster_t *roster_of(edge_worker_t *worker) { return edge_worker_seat(worker, seat); }

void edge_sessions_worker_start(edge_worker_t *worker) {
    if (!atomic_flag_test_and_set(&seat_taken))
        seat = edge_worker_new_seat();
    edge_worker_set_seat(worker, seat, apr_pcalloc(edge_worker_pool(worker), sizeof(roster_t)));
}

void edge_sessions_worker_stop(edge_worker_t *worker) { edge_worker_set_seat(worker, seat, NULL); }

unsigned edge_sessions_of(edge_worker_t *worker) { return roster_of(worker)->count; }

unsigned edge_sessions_open(void) { return atomic_load_explicit(&open_sessions, memory_order_relaxed); }

static void roster_add(edge_worker_t *worker, edge_session_t *session) {
    roster_t *roster = roster_of(worker);
    session->all.next = roster->first;
    if (roster->first)
        roster->first->all.previous = session;
    else
        roster->last = session;
    roster->first = session;
    roster->count++;
    atomic_fetch_add_explicit(&open_sessions, 1, memory_order_relaxed);
}

static edge_session_t *neighbour(const edge_session_t *session, bool oldest_first) {
    return oldest_first ? session->all.previous : session->all.next;
}

static void roster_remove(edge_worker_t *worker, edge_session_t *session) {
    roster_t *roster = roster_of(worker);
    for (edge_sessions_walk_t *walk = roster->walks; walk; walk = walk->other)
        if (walk->next == session)
            walk->next = neighbour(session, walk->oldest_first);
    *(session->all.previous ? &session->all.previous->all.next : &roster->first) = session->all.next;
    *(session->all.next ? &session->all.next->all.previous : &roster->last) = session->all.previous;
    roster->count--;
    atomic_fetch_sub_explicit(&open_sessions, 1, memory_order_relaxed);
}

edge_session_t *edge_sessions_walk(edge_worker_t *worker, edge_sessions_walk_t *walk) {
    roster_t *roster = roster_of(worker);
    if (!walk->begun) {
        walk->begun = true;
        walk->next = walk->oldest_first ? roster->last : roster->first;
        walk->other = roster->walks;
        roster->walks = walk;
    }
    edge_session_t *session = walk->next;
    while (session && is_visit(session))
        session = neighbour(session, walk->oldest_first);
    walk->next = session ? neighbour(session, walk->oldest_first) : NULL;
    return session;
}

void edge_sessions_walk_end(edge_worker_t *worker, const edge_sessions_walk_t *walk) {
    for (edge_sessions_walk_t **at = &roster_of(worker)->walks; *at; at = &(*at)->other)
        if (*at == walk) {
            *at = walk->other;
            return;
        }
}

void edge_sessions_drain(edge_worker_t *worker, bool now) {
    roster_t *roster = roster_of(worker);
    roster->draining = true;
    for (edge_session_t *session = roster->first, *next; session; session = next) {
        next = session->all.next;
        session->listener->protocol->stop(session, now ? EDGE_STOP_NOW : EDGE_STOP_SOON, EDGE_R_SHUTDOWN,
                                          EDGE_CLOSE_DRAIN);
    }
}

static edge_reply_t refusal_of(edge_reply_row_t row, edge_close_reason_t reason, edge_close_reason_t *out) {
    *out = reason;
    return edge_reply_of(row);
}

static edge_ipaddr_t visitors_key(const edge_session_t *session) {
    char text[EDGE_IPADDR_TEXT + 9] = "visitor ";
    edge_ipaddr_format(session->from_ip, text + 8);
    return edge_places_key_of(edge_span_of(text));
}

/* Who comes for no mail has places of his own, of the listener and of his address. */
static bool visit_limit_hit(edge_session_t *session, edge_reply_t *reply, edge_close_reason_t *reason) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(session->listener->section);
    edge_ipaddr_t of_listener = edge_places_key_of(session->listener->name);
    *reply = refusal_of(EDGE_R_TOO_MANY_CONNECTIONS, EDGE_CLOSE_TOO_MANY_CONNECTIONS, reason);
    if (!edge_places_take_key(of_listener, conf->own_max_connections ? conf->max_connections : VISITS_MOST))
        return true;
    session->counted = edge_places_take_key(visitors_key(session), VISITS_FROM_ADDRESS_MOST);
    if (!session->counted)
        edge_places_give_key(of_listener);
    return !session->counted;
}

static void refuse_place(const edge_session_t *session, edge_place_t place, edge_reply_t *reply,
                         edge_close_reason_t *reason) {
    static const struct {
        unsigned counted;
        edge_reply_row_t row;
        edge_close_reason_t reason;
    } refusals[] = {
        [EDGE_PLACE_TOO_MANY] = {EDGE_REJECTED_TOTAL, EDGE_R_TOO_MANY_CONNECTIONS, EDGE_CLOSE_TOO_MANY_CONNECTIONS},
        [EDGE_PLACE_TOO_MANY_FOR_KEY] = {EDGE_REJECTED_PER_IP, EDGE_R_TOO_MANY_FROM_ADDRESS,
                                         EDGE_CLOSE_TOO_MANY_FROM_ADDRESS},
        [EDGE_PLACE_NO_ROOM] = {EDGE_REJECTED_MEMORY, EDGE_R_TOO_MANY_CONNECTIONS, EDGE_CLOSE_NO_MEMORY},
    };
    edge_listener_count(session->listener, EDGE_LC_REJECTED, refusals[place].counted, 1);
    *reply = refusal_of(refusals[place].row, refusals[place].reason, reason);
}

/* True: a limit is hit, and `reply` and `reason` say which. The listener's own bound counts only where it is written there. */
static bool limit_hit(edge_session_t *session, edge_reply_t *reply, edge_close_reason_t *reason) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(session->listener->section);
    const edge_core_server_conf_t *server = edge_core_server_conf(session->snapshot);

    if (edge_bans_hold(session->from_ip, session->opened.mono)) {
        edge_listener_count(session->listener, EDGE_LC_REJECTED, EDGE_REJECTED_BANNED, 1);
        *reply = refusal_of(EDGE_R_BANNED, EDGE_CLOSE_BANNED, reason);
        return true;
    }
    if (is_visit(session))
        return visit_limit_hit(session, reply, reason);
    if (conf->own_max_connections &&
        !edge_places_take_key(edge_places_key_of(session->listener->name), conf->max_connections)) {
        edge_listener_count(session->listener, EDGE_LC_REJECTED, EDGE_REJECTED_LISTENER, 1);
        *reply = refusal_of(EDGE_R_TOO_MANY_CONNECTIONS, EDGE_CLOSE_TOO_MANY_CONNECTIONS, reason);
        return true;
    }
    edge_place_t place = edge_places_take(session->from_ip, server->max_connections, conf->max_connections_per_ip);
    session->counted = place == EDGE_PLACE_TAKEN;
    if (session->counted)
        return false;
    if (conf->own_max_connections)
        edge_places_give_key(edge_places_key_of(session->listener->name));
    refuse_place(session, place, reply, reason);
    return true;
}

static void give_place(edge_session_t *session) {
    if (!session->counted)
        return;
    session->counted = false;
    if (is_visit(session)) {
        edge_places_give_key(edge_places_key_of(session->listener->name));
        edge_places_give_key(visitors_key(session));
        return;
    }
    edge_places_give(session->from_ip);
    if (edge_core_listener_conf(session->listener->section)->own_max_connections)
        edge_places_give_key(edge_places_key_of(session->listener->name));
}

static void facts_fill(edge_session_t *session, edge_conn_t *conn) {
    session->conn = conn;
    session->opened = edge_worker_clock(edge_conn_worker(conn));
    session->from_ip = edge_conn_peer(conn, &session->from_port);
    session->to_ip = edge_conn_local(conn, &session->to_port);
    edge_session_id_make(session->opened.wall, session->id);
}

void edge_session_accepted(edge_conn_t *conn, void *listener_name) {
    edge_worker_t *worker = edge_conn_worker(conn);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of(listener_name));
    EDGE_ASSERT(section != NULL);
    const edge_listener_t *listener = section->instance;

    edge_session_t *session = edge_worker_take(worker, listener->protocol->session_size);
    EDGE_OBJ_INIT(session, SESSION_MAGIC);
    session->snapshot = snapshot;
    session->listener = listener;
    facts_fill(session, conn);
    roster_add(worker, session);
    if (!is_visit(session)) {
        edge_listener_count(listener, EDGE_LC_CONNECTIONS, 0, 1);
        edge_listener_count(listener, EDGE_LC_ACTIVE, 0, 1);
        edge_listener_count_bytes_of(listener, conn);
        edge_session_tell_opened(session);
    }
    edge_conn_set_handler(conn, listener->protocol->handler, session);

    edge_reply_t reply;
    edge_close_reason_t reason = EDGE_CLOSE_DRAIN;
    bool refused = roster_of(worker)->draining;
    if (refused) {
        reply = edge_reply_of(EDGE_R_SHUTDOWN);
        edge_listener_count(listener, EDGE_LC_REJECTED, EDGE_REJECTED_DRAINING, 1);
    } else
        refused = limit_hit(session, &reply, &reason);
    listener->protocol->open(session, refused ? &reply : NULL, reason);
}

static uint16_t one_more(uint16_t count) { return (uint16_t)(count + (count < UINT16_MAX)); }

static const char *name_of_verb(const edge_session_t *session, unsigned verb) {
    const char *const *verbs = session->listener->protocol->verbs;
    for (unsigned i = 0; i < EDGE_SESSION_VERBS && verbs[i]; i++)
        if (i == verb)
            return verbs[i];
    return "";
}

/* What was waited for since the reply before, as it was measured already: no clock is read for it. The rest of a command is a
 * matter of microseconds. */
static void count_time(edge_session_t *session, unsigned verb) {
    edge_mono_t all = session->waited.validators + session->waited.queue + session->waited.credentials;
    edge_listener_observe_command(session->listener, verb, all - session->waited.told);
    session->waited.told = all;
}

void edge_session_count_reply(edge_session_t *session, unsigned verb, const edge_reply_t *reply) {
    bool refused = edge_reply_class(reply) == 4 || edge_reply_class(reply) == 5;
    session->counts.commands++;
    edge_listener_count_reply(session->listener, verb, reply);
    count_time(session, verb);
    if (refused) {
        session->counts.refused++;
        edge_rejections_note(session, name_of_verb(session, verb), reply);
    }
    if (verb < EDGE_COUNT(session->counts.by_verb)) {
        session->counts.by_verb[verb].total = one_more(session->counts.by_verb[verb].total);
        if (!refused)
            session->counts.by_verb[verb].ok = one_more(session->counts.by_verb[verb].ok);
    }
}

void edge_session_violated(edge_session_t *session, edge_violation_t violation) {
    edge_listener_count(session->listener, EDGE_LC_VIOLATIONS, violation, 1);
}

void edge_session_count_request(edge_session_t *session, unsigned status, edge_mono_t began) {
    edge_listener_count_request(session->listener, status);
    if (began)
        edge_listener_observe(session->listener, EDGE_LH_REQUEST,
                              edge_worker_clock(edge_conn_worker(session->conn)).mono - began);
}

static void note_line(edge_session_t *session, bool client, edge_span_t text, bool more) {
    edge_worker_t *worker = edge_conn_worker(session->conn);
    edge_mono_t age = edge_worker_clock(worker).mono - session->opened.mono;
    edge_trail_line_t line = {.at = (uint32_t)(age / 1000), .client = client, .more = more, .text = text};
    edge_trail_add(&session->trail, worker, &line);
    if (session->watched)
        edge_session_watch_tell(session, &line);
}

void edge_session_heard(edge_session_t *session, edge_span_t line, bool withheld) {
    note_line(session, true, line, withheld);
}

void edge_session_said(edge_session_t *session, edge_span_t text) {
    const char *end = memchr(text.at, '\n', text.len);
    size_t len = end ? (size_t)(end - text.at) : text.len;
    bool more = end && end + 1 < text.at + text.len;
    note_line(session, false, edge_span(text.at, len - (len > 0 && text.at[len - 1] == '\r')), more);
}

static void log_verbs(edge_json_t *json, const edge_session_t *session) {
    const char *const *verbs = session->listener->protocol->verbs;
    edge_json_key(json, "commands");
    edge_json_object(json);
    for (unsigned i = 0; i < EDGE_COUNT(session->counts.by_verb) && verbs[i]; i++) {
        if (session->counts.by_verb[i].total == 0)
            continue;
        edge_json_key(json, verbs[i]);
        edge_json_array(json);
        edge_json_number(json, session->counts.by_verb[i].ok);
        edge_json_number(json, session->counts.by_verb[i].total);
        edge_json_array_end(json);
    }
    edge_json_object_end(json);
}

static void log_session(const edge_session_t *session, edge_close_reason_t reason) {
    edge_worker_t *worker = edge_conn_worker(session->conn);
    edge_clock_t now = edge_worker_clock(worker);
    edge_json_t *json = edge_txlog_begin(worker, "session", now.wall);
    if (!json)
        return;
    edge_conn_bytes_t bytes = edge_conn_bytes(session->conn);
    edge_session_log_head(session, json);
    edge_json_put_string(json, "end", edge_close_reason_name(reason));
    edge_json_put_bool(json, "trouble", edge_close_reason_is_trouble(reason));
    edge_json_key(json, "duration");
    edge_json_seconds(json, now.mono - session->opened.mono);
    log_verbs(json, session);
    edge_json_put_number(json, "messages", session->counts.messages);
    edge_json_put_number(json, "recipients", session->counts.recipients);
    edge_json_put_number(json, "recipients_refused", session->counts.recipients_refused);
    edge_json_put_number(json, "bytes_in", (int64_t)bytes.in);
    edge_json_put_number(json, "bytes_out", (int64_t)bytes.out);
    edge_txlog_end(worker);
}

static void give_memory(edge_session_t *session, edge_worker_t *worker) {
    edge_trail_free(session->trail, worker);
    session->trail = NULL;
    edge_verdicts_free(session);
    edge_session_forget_client(session);
    edge_session_set_client_name(session, EDGE_NO_SPAN);
}

void edge_session_close(edge_session_t *session, edge_close_reason_t reason) {
    EDGE_OBJ_CHECK(session, SESSION_MAGIC);
    edge_worker_t *worker = edge_conn_worker(session->conn);
    if (!is_visit(session))
        edge_closed_sessions_add(session, reason);
    if (session->watched)
        edge_session_watch_close(session, reason);
    edge_policy_abandon(session);
    edge_session_auth_cancel(session);
    edge_session_kept_release(session);
    edge_transaction_forsake(session);
    if (!is_visit(session)) {
        log_session(session, reason);
        edge_session_tell_closed(session, reason);
    }

    char client[EDGE_IPADDR_TEXT + 8];
    edge_ipaddr_format(session->from_ip, client);
    size_t len = strlen(client);
    snprintf(client + len, sizeof(client) - len, ":%u", session->from_port);
    edge_log_about_t about = {session->id, client};
    EDGE_LOG_ABOUT(&edge_session_log, edge_close_reason_is_trouble(reason) ? EDGE_LOG_INFO : EDGE_LOG_DEBUG, 410,
                   &about, APR_SUCCESS, "closed: %s", edge_close_reason_name(reason));

    give_place(session);
    if (!is_visit(session)) {
        edge_listener_count_close(session->listener, reason);
        edge_listener_observe(session->listener, EDGE_LH_SESSION,
                              edge_worker_clock(worker).mono - session->opened.mono);
    }
    roster_remove(worker, session);
    give_memory(session, worker);
    /* The listener goes with the snapshot: what is needed of it is read before. */
    size_t size = session->listener->protocol->session_size;
    edge_snapshot_drop(session->snapshot);
    EDGE_OBJ_CLEAR(session);
    edge_worker_give(worker, session, size);
}
