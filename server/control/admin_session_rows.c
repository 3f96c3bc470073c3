/* What the routes about sessions answer, as rows. */
#include "control/admin_priv.h"

static const edge_admin_argument_t client_rows[] = {
    {"ip", EDGE_ADMIN_TEXT, .prose = "The address."},
    {"port", EDGE_ADMIN_NUMBER, .prose = "The port."},
    {"name", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL,
     .prose =
         "The name that the address has, and that leads back to it; null: it has none, or no validator has looked."},
    {.name = NULL},
};
static const edge_admin_argument_t address_rows[] = {
    {"ip", EDGE_ADMIN_TEXT, .prose = "The address."},
    {"port", EDGE_ADMIN_NUMBER, .prose = "The port."},
    {.name = NULL},
};
static const edge_admin_argument_t tls_rows[] = {
    {"version", EDGE_ADMIN_TEXT, .prose = "As TLSv1.3."},
    {"cipher", EDGE_ADMIN_TEXT, .prose = "The cipher suite."},
    {"resumed", EDGE_ADMIN_SWITCH, .prose = "Whether an earlier session was gone on with."},
    {"sni", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "The name that the client asked for."},
    {"client_subject", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Of the client's certificate."},
    {.name = NULL},
};
static const edge_admin_argument_t auth_rows[] = {
    {"mechanism", EDGE_ADMIN_TEXT, .prose = "How it was proved."},
    {"user", EDGE_ADMIN_TEXT, .prose = "Who the client is."},
    {.name = NULL},
};
static const edge_admin_argument_t verb_rows[] = {
    {"ok", EDGE_ADMIN_NUMBER, .prose = "Answered with 2xx."},
    {"bad", EDGE_ADMIN_NUMBER, .prose = "Answered with 4xx or 5xx."},
    {.name = NULL},
};
static const edge_admin_argument_t verb_map[] = {
    {"*", EDGE_ADMIN_OBJECT, .rows = verb_rows, .prose = "By verb."},
    {.name = NULL},
};
static const edge_admin_argument_t current_rows[] = {
    {"from", EDGE_ADMIN_TEXT, .prose = "The reverse-path."},
    {"recipients", EDGE_ADMIN_NUMBER, .prose = "Accepted so far."},
    {"bytes", EDGE_ADMIN_NUMBER, .prose = "Octets of the message so far."},
    {.name = NULL},
};
static const edge_admin_argument_t messages_rows[] = {
    {"accepted", EDGE_ADMIN_NUMBER, .prose = "The queue took them."},
    {"rejected", EDGE_ADMIN_NUMBER, .prose = "Refused behind their end, for good or for now."},
    {"current", EDGE_ADMIN_OBJECT, .rows = current_rows, .may = EDGE_ADMIN_NULL, .prose = "The open transaction."},
    {.name = NULL},
};
static const edge_admin_argument_t recipients_rows[] = {
    {"accepted", EDGE_ADMIN_NUMBER, .prose = "RCPT was answered with 2xx."},
    {"refused", EDGE_ADMIN_NUMBER, .prose = "RCPT was answered with 4xx or 5xx."},
    {.name = NULL},
};
static const edge_admin_argument_t waited_rows[] = {
    {"client", EDGE_ADMIN_SECONDS, .prose = "For the client, and for the network."},
    {"validators", EDGE_ADMIN_SECONDS, .prose = "For validators."},
    {"queue", EDGE_ADMIN_SECONDS, .prose = "For the queue: to store messages, and to have room for them."},
    {"credentials", EDGE_ADMIN_SECONDS, .prose = "For the credential store, and the delay of failures."},
    {.name = NULL},
};
static const edge_admin_argument_t verdict_rows[] = {
    {"name", EDGE_ADMIN_TEXT, .prose = "The validator."},
    {"command", EDGE_ADMIN_TEXT, .prose = "What it was asked about."},
    {"mode", EDGE_ADMIN_TEXT, .prose = "enforce or shadow."},
    {"result", EDGE_ADMIN_TEXT, .prose = "pass, change, tempfail, reject, error or timeout."},
    {"duration", EDGE_ADMIN_SECONDS, .prose = "How long it took."},
    {.name = NULL},
};

#define SESSION_ROWS                                                                                                  \
    {"id", EDGE_ADMIN_TEXT, .prose = "The session's name, as in the logs."},                                          \
        {"listener", EDGE_ADMIN_TEXT, .prose = "The <Listener>."},                                                    \
        {"protocol", EDGE_ADMIN_TEXT, .prose = "As in Received: ESMTP, ESMTPS, ESMTPSA, HTTP ..."},                   \
        {"state", EDGE_ADMIN_TEXT, .prose = "What it is in the middle of; closed when it has ended."},                \
        {"awaits", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL,                                                           \
         .prose = "What it waits for: client, tls, validator, credentials or queue."},                                \
        {"awaited", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "The validator that is waited for."},           \
        {"since", EDGE_ADMIN_TIME, .prose = "When the connection was accepted."},                                     \
        {"age", EDGE_ADMIN_SECONDS, .prose = "Since then, or until its end."},                                        \
        {"idle", EDGE_ADMIN_SECONDS, .prose = "Since something came from the client or went to it."},                 \
        {"client", EDGE_ADMIN_OBJECT, .rows = client_rows, .prose = "The client."},                                   \
        {"server", EDGE_ADMIN_OBJECT, .rows = address_rows, .prose = "Where it connected to."},                       \
        {"ehlo", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Its hello, once accepted."},                      \
        {"tls", EDGE_ADMIN_OBJECT, .rows = tls_rows, .may = EDGE_ADMIN_NULL, .prose = "What the handshake came to."}, \
        {"auth", EDGE_ADMIN_OBJECT, .rows = auth_rows, .may = EDGE_ADMIN_NULL,                                        \
         .prose = "Who the client proved to be."},                                                                    \
        {"bytes_in", EDGE_ADMIN_NUMBER, .prose = "Octets read."},                                                     \
        {"bytes_out", EDGE_ADMIN_NUMBER, .prose = "Octets written."},                                                 \
        {"commands", EDGE_ADMIN_MAP, .rows = verb_map, .prose = "Answered so far, by verb."},                         \
        {"errors", EDGE_ADMIN_NUMBER, .prose = "Commands answered with 4xx or 5xx."},                                 \
        {"messages", EDGE_ADMIN_OBJECT, .rows = messages_rows, .prose = "Messages."},                                 \
        {"recipients", EDGE_ADMIN_OBJECT, .rows = recipients_rows, .prose = "Recipients."},                           \
        {"waited", EDGE_ADMIN_OBJECT, .rows = waited_rows, .prose = "Where its time went."},                          \
        {"generation", EDGE_ADMIN_NUMBER, .prose = "Of the configuration it began with."},                            \
        {"worker", EDGE_ADMIN_NUMBER, .prose = "Where it lives."},                                                    \
        {"ended", EDGE_ADMIN_TIME, .may = EDGE_ADMIN_MISSING, .prose = "When it ended."},                             \
        {"end", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_MISSING, .prose = "Why: a reason to close, as in the logs."}, {    \
        "trouble", EDGE_ADMIN_SWITCH, .may = EDGE_ADMIN_MISSING, .prose = "Whether something went wrong."             \
    }

static const edge_admin_argument_t session_rows[] = {
    SESSION_ROWS,
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_sessions_list_answer[] = {
    {"items", EDGE_ADMIN_LIST, .rows = session_rows, .prose = "The sessions."},
    {"unanswered", EDGE_ADMIN_NUMBER,
     .prose = "Workers that did not answer in time: their sessions are missing. 0 as a rule."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_sessions_show_answer[] = {
    SESSION_ROWS,
    {"validators", EDGE_ADMIN_LIST, .rows = verdict_rows, .prose = "Their last answers, the oldest first."},
    {"last_reply", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "What was said to the client last."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_sessions_disconnect_answer[] = {
    {"id", EDGE_ADMIN_TEXT, .prose = "The session."},
    {"mode", EDGE_ADMIN_TEXT, .prose = "When it ends."},
    {.name = NULL},
};
