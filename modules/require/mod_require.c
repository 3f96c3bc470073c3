/* A validator that asks for encryption, an identity or a client certificate before it lets a command through. */
#include "edge_module.h"
#include "edge_session.h"

/* In the order of what a client can do about it: TLS comes first. */
enum { NEED_TLS, NEED_CERTIFICATE, NEED_AUTH };
#define NEEDS(conf, what) ((conf)->needs & (1u << (what)))

typedef struct require_conf {
    uint32_t needs;
} require_conf_t;

static const char *const need_words[] = {
    [NEED_TLS] = "tls", [NEED_CERTIFICATE] = "client_certificate", [NEED_AUTH] = "auth", NULL};

extern edge_module_t require_module;

static bool refuse(edge_reply_t *reply, const char *text) {
    return edge_reply_set(reply, 530, edge_span_of("5.7.0"), edge_span_of(text));
}

static edge_check_answer_t check(const edge_check_call_t *call, edge_reply_t *reply) {
    const require_conf_t *conf = call->conf;
    const edge_session_t *session = call->session;
    bool refused = false;
    if (NEEDS(conf, NEED_TLS) && !session->tls)
        refused = refuse(reply, "Must issue a STARTTLS command first");
    else if (NEEDS(conf, NEED_CERTIFICATE) && !session->secured.client_subject)
        refused = refuse(reply, "A verified client certificate is required");
    else if (NEEDS(conf, NEED_AUTH) && !session->authed)
        refused = refuse(reply, "Authentication required");
    return refused ? EDGE_CHECK_REPLY : EDGE_CHECK_PASS;
}

/* Nobody who has shown neither a password nor a certificate comes through. */
static bool guards(const void *conf) {
    const require_conf_t *require = conf;
    return NEEDS(require, NEED_AUTH) || NEEDS(require, NEED_CERTIFICATE);
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(require_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Require",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORDS,
     .slot = offsetof(require_conf_t, needs),
     .words = need_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "tls | auth | client_certificate...",
     .prose = "What a session must have: encryption, an identity proved by AUTH, a client certificate that was "
              "verified. All that is named must be there."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_MAIL,
     .name = "require",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .guards = guards,
     .prose = "Refuses senders, with 530 5.7.0, from sessions that lack what Require names."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "require",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .guards = guards,
     .prose = "The same for each recipient."},
    {.phase = EDGE_PHASE_DATA,
     .name = "require",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .prose = "The same before the message."},
    {.phase = EDGE_PHASE_HAVE_DATA,
     .name = "require",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .prose = "The same when the message is complete."},
    {.phase = EDGE_PHASE_VRFY,
     .name = "require",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .prose = "The same for VRFY."},
    {.name = NULL},
};

/* A validator that asks for nothing would look like one that guards something. */
static void check_sections(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const require_conf_t *conf = edge_section_conf(section, &require_module);
        if (edge_validator_is_of(section, &require_module) && conf->needs == 0)
            edge_conf_error_in(check, section, "Module", "EDG10940",
                               "<Validator %s> requires nothing: write Require tls, auth or client_certificate",
                               section->name.at);
    }
}

EDGE_MODULE(require) = {
    .summary = "lets through only sessions with encryption, an identity or a client certificate",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = check_sections,
};
