/*
 * permits and refuses by lists: clients, their names, greetings, senders, recipients.
 *
 *     LoadModule access_module modules/mod_access.so
 *     <Validator gate>
 *         Module access_module
 *         Access permit client      192.0.2.0/24 file:conf/friends
 *         Access refuse client-name .dynamic.example
 *         Access refuse sender      file:conf/senders 550 5.7.1 "Not from you"
 *     </Validator>
 *     <Listener mx>
 *         <On MAIL>
 *             Validate gate
 *         </On>
 *     </Listener>
 */
#include "access.h"

EDGE_LOG_AREA(access_log, "access")

/* Who may send anything is told by the client alone: senders and greetings are what anybody says. */
static bool guards(const void *data) {
    const access_conf_t *conf = data;
    for (unsigned i = 0; i < conf->count; i++)
        if (conf->rules[i].permits && conf->rules[i].what != ACCESS_CLIENT && conf->rules[i].what != ACCESS_CLIENT_NAME)
            return false;
    return conf->otherwise == ACCESS_DEFAULT_REFUSE;
}

static const char *const default_words[] = {
    [ACCESS_DEFAULT_PERMIT] = "permit", [ACCESS_DEFAULT_REFUSE] = "refuse", NULL};
static const char *const unknown_words[] = {
    [ACCESS_UNKNOWN_PASS] = "pass", [ACCESS_UNKNOWN_TEMPFAIL] = "tempfail", NULL};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(access_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Access",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = access_set,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage =
         "permit|refuse client|client-name|helo|sender|recipient ENTRY | file:PATH | table:NAME... [CODE [ENHANCED] "
         "[TEXT]]",
     .prose =
         "What becomes of those who are in a list; the first Access in the order written whose list holds what it is "
         "about decides. client is an address, client-name the name that DNS verifies of it (\"unknown\" when there is "
         "none), helo the name of the greeting, sender and recipient a mailbox: a list may hold it, its domain, what "
         "is above that, or its local part. permit passes this validator. refuse says the value of the entry, [CODE] "
         "[ENHANCED] TEXT, when it has one; else what stands here; else 550 5.7.1; in the banner 554 or 421."},
    {.name = "Default",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(access_conf_t, otherwise),
     .initial = "permit",
     .words = default_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "permit | refuse",
     .prose =
         "What becomes of those who are in no list. refuse keeps strangers from relaying when every permit is about "
         "client or client-name."},
    {.name = "WhenUnknown",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(access_conf_t, when_unknown),
     .initial = "pass",
     .words = unknown_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "pass | tempfail",
     .prose =
         "What a rule about client-name does when name servers do not answer: pass goes on to the next rule, and a "
         "refusal that a permit by name could have prevented becomes 451 4.7.25; tempfail says that at once."},
    {.name = "ExemptAuthenticated",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(access_conf_t, exempt_authenticated),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Whether authenticated clients pass whatever the lists say."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = access_judge,
     .resumed = access_resumed,
     .guards = guards,
     .prose = "Asks for the client and its name before the banner."},
    {.phase = EDGE_PHASE_EHLO,
     .name = "greeting",
     .kind = EDGE_CHECK_INLINE,
     .function = access_judge,
     .resumed = access_resumed,
     .guards = guards,
     .prose = "Asks for the client, its name and its greeting; at HELO too where nothing is bound to HELO."},
    {.phase = EDGE_PHASE_HELO,
     .name = "greeting",
     .kind = EDGE_CHECK_INLINE,
     .function = access_judge,
     .resumed = access_resumed,
     .guards = guards,
     .prose = "The same for HELO alone."},
    {.phase = EDGE_PHASE_MAIL,
     .name = "sender",
     .kind = EDGE_CHECK_INLINE,
     .function = access_judge,
     .resumed = access_resumed,
     .guards = guards,
     .prose = "Asks for all of these and the sender."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "recipient",
     .kind = EDGE_CHECK_INLINE,
     .function = access_judge,
     .resumed = access_resumed,
     .guards = guards,
     .prose = "Asks for all of these and the recipient."},
    {.name = NULL},
};

EDGE_MODULE(access) = {
    .summary = "permits and refuses by lists of clients, their names, greetings, senders and recipients",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = access_check_sections,
};
