/* What is known of a session, as facts for checks, logs, trace headers and the envelope. */
#include "edge_obj.h"
#include "edge_session.h"

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
    free(session->ehlo_as);
    session->ehlo_as = copy;
    session->greeted_esmtp = copy && esmtp;
    return true;
}

static edge_span_t copy_of(apr_pool_t *pool, const char *text) {
    return text ? edge_span_copy(pool, edge_span_of(text)) : EDGE_NO_SPAN;
}

void edge_session_facts(const edge_session_t *session, apr_pool_t *pool, edge_client_facts_t *facts) {
    char ip[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(session->from_ip, ip);
    memset(facts, 0, sizeof(*facts));
    facts->protocol = edge_span_of(edge_session_protocol(session));
    facts->ehlo = copy_of(pool, session->ehlo_as);
    facts->ip = copy_of(pool, ip);
    facts->port = session->from_port;
    facts->security = edge_span_of(session->tls ? "TLS" : "none");
    facts->tls_version = copy_of(pool, session->tls_version);
    facts->tls_cipher = copy_of(pool, session->tls_cipher);
    facts->receiver = edge_span_copy(pool, session->listener->server_name);
    facts->auth = copy_of(pool, session->authed);
    facts->listener = edge_span_copy(pool, session->listener->name);
    facts->session = copy_of(pool, session->id);
}
