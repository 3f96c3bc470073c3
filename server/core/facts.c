/* What is known of a session, as facts for checks, logs, trace headers and the envelope. */
#include "core/auth.h"
#include "core/listener_counters.h"
#include "core/session.h"
#include "edge_obj.h"

#include <stdlib.h>

/* RFC 3848 and, with SMTPUTF8, RFC 6531 4.3: by state, never by history, so that a refused hello or STARTTLS cannot
 * leave a wrong name behind. */
const char *edge_session_protocol(const edge_session_t *session) {
    static const char *const smtp[2][2] = {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}};
    static const char *const utf8[2][2] = {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}};
    bool authed = session->authed != NULL;
    if (strcmp(session->listener->protocol->name, "smtp") != 0)
        return session->tls ? "HTTPS" : "HTTP";
    if (session->used_utf8)
        return utf8[session->tls][authed];
    if (session->greeted_esmtp)
        return smtp[session->tls][authed];
    return session->tls ? "SMTPS" : "SMTP";
}

bool edge_session_set_ehlo(edge_session_t *session, edge_span_t name, bool esmtp) {
    char *copy = name.at ? malloc(name.len + 1) : NULL;
    if (name.at && !copy)
        return false;
    if (copy) {
        memcpy(copy, name.at, name.len);
        copy[name.len] = '\0';
    }
    session->changes++;
    free(session->ehlo_as);
    session->ehlo_as = copy;
    session->greeted_esmtp = copy && esmtp;
    return true;
}

void edge_session_set_client_name(edge_session_t *session, edge_span_t verified) {
    free(session->client_name);
    session->client_name = verified.len ? strndup(verified.at, verified.len) : NULL;
}

static const char *keep(const char *text) { return text ? strdup(text) : NULL; }

static void forget_secured(edge_session_t *session) {
    session->changes++;
    free((void *)(uintptr_t)session->secured.sni);
    free((void *)(uintptr_t)session->secured.client_subject);
    free((void *)(uintptr_t)session->secured.client_name);
    memset(&session->secured, 0, sizeof(session->secured));
}

static void forget_authed(edge_session_t *session) {
    session->changes++;
    free(session->authed);
    session->authed = NULL;
    session->auth_mechanism[0] = '\0';
}

static edge_mono_t now_of(const edge_session_t *session) {
    return edge_worker_clock(edge_conn_worker(session->conn)).mono;
}

void edge_session_shake_hands(edge_session_t *session) {
    const edge_tls_listener_t *tls = session->listener->tls;
    session->handshake_since = now_of(session);
    edge_conn_set_transport(session->conn, tls->transport, tls->settings);
}

static void count_handshake(edge_session_t *session) {
    edge_listener_count_handshake(session->listener, session->secured.version);
    if (session->handshake_since)
        edge_listener_observe(session->listener, EDGE_LH_TLS, now_of(session) - session->handshake_since);
    session->handshake_since = 0;
}

void edge_session_secured(edge_session_t *session) {
    const edge_tls_provider_t *provider = edge_tls_provider();
    edge_session_forget_client(session);
    session->tls = true;
    if (!provider)
        return;
    provider->facts(edge_conn_transport_state(session->conn), &session->secured);
    count_handshake(session);
    session->secured.sni = keep(session->secured.sni);
    session->secured.client_subject = keep(session->secured.client_subject);
    session->secured.client_name = keep(session->secured.client_name);
}

bool edge_session_set_authed(edge_session_t *session, edge_span_t identity) {
    if (!identity.at) {
        forget_authed(session);
        return true;
    }
    char *copy = strndup(identity.len ? identity.at : "", identity.len);
    if (!copy)
        return false;
    session->changes++;
    free(session->authed);
    session->authed = copy;
    return true;
}

void edge_session_forget_client(edge_session_t *session) {
    edge_session_set_ehlo(session, EDGE_NO_SPAN, false);
    forget_authed(session);
    forget_secured(session);
}

static edge_span_t text_of(const char *text) { return text ? edge_span_of(text) : EDGE_NO_SPAN; }

void edge_session_view(const edge_session_t *session, edge_client_facts_t *facts) {
    edge_span_t ip = facts->ip;
    memset(facts, 0, sizeof(*facts));
    facts->protocol = edge_span_of(edge_session_protocol(session));
    facts->ehlo = text_of(session->ehlo_as);
    facts->ip = ip;
    facts->port = session->from_port;
    facts->security = edge_span_of(session->tls ? "TLS" : "none");
    facts->tls_version = text_of(session->secured.version);
    facts->tls_cipher = text_of(session->secured.cipher);
    facts->receiver = session->listener->server_name;
    facts->auth = text_of(session->authed);
    facts->listener = session->listener->name;
    facts->session = edge_span_of(session->id);
}

static void keep_span(apr_pool_t *pool, edge_span_t *span) {
    if (span->at)
        *span = edge_span_copy(pool, *span);
}

void edge_session_facts(const edge_session_t *session, apr_pool_t *pool, edge_client_facts_t *facts) {
    char ip[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(session->from_ip, ip);
    facts->ip = edge_span_of(ip);
    edge_session_view(session, facts);
    keep_span(pool, &facts->ehlo);
    keep_span(pool, &facts->ip);
    keep_span(pool, &facts->tls_version);
    keep_span(pool, &facts->tls_cipher);
    keep_span(pool, &facts->receiver);
    keep_span(pool, &facts->auth);
    keep_span(pool, &facts->listener);
    keep_span(pool, &facts->session);
}
