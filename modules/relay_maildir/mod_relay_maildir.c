/*
 * Maildirs as a next hop: directives and the provider.
 *
 *     LoadModule relay_maildir_module modules/mod_relay_maildir.so
 *     <Queue main>
 *         Spool spool/main
 *         <Handoff mailboxes>
 *             Protocol maildir
 *             Maildir  /var/mail/%{domain}/%{user}
 *         </Handoff>
 *     </Queue>
 */
#include "relay_maildir.h"

/* A run of a worker ends with its threads. */
static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    return maildir_deliver_start();
}

static void worker_stop(edge_worker_t *worker) {
    (void)worker;
    maildir_deliver_stop();
}

static bool set_maildir(const edge_conf_line_t *line, void *conf) {
    maildir_conf_t *settings = conf;
    const char *wrong;
    if (line->count != 1 || line->arguments[0].text.len == 0) {
        edge_conf_error(line, 0, "EDG11201", "Maildir needs one path, got %u words", line->count);
        return false;
    }
    settings->template = edge_conf_path(line, line->arguments[0].text);
    wrong = maildir_path_check(settings->template, line->pool);
    if (wrong != NULL) {
        edge_conf_error(line, 0, "EDG11202", "Maildir %s: %s", line->arguments[0].text.at, wrong);
        return false;
    }
    return true;
}

static void *prepare(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool) {
    maildir_conf_t *conf = edge_section_conf(handoff, &relay_maildir_module);
    (void)pool;
    if (conf->template.len == 0) {
        edge_conf_error_in(check, handoff, "Protocol", "EDG11203",
                           "<Handoff %s> is of Protocol maildir and has no Maildir: where do messages go?",
                           handoff->name.at);
        return NULL;
    }
    return conf;
}

static const edge_relay_provider_t provider = {
    .name = "maildir",
    .prose = "Writes each message into its recipient's Maildir, synced.",
    .prepare = prepare,
    .carries = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8 | EDGE_CARRIES_DSN | EDGE_CARRIES_REQUIRETLS,
    .final = true,
    .deliver = maildir_deliver,
    .cancel = maildir_deliver_cancel,
};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_HANDOFF, sizeof(maildir_conf_t)},
    {0, 0},
};

static const char *const of_maildir[] = {"maildir", NULL};

static const edge_directive_t directives[] = {
    {.name = "Maildir",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_maildir,
     .type = EDGE_CONF_CUSTOM,
     .set = set_maildir,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "The Maildir of a recipient, with %{address}, %{local}, %{user} (local without +detail), %{detail} and "
         "%{domain} filled in, in lower case. An address whose parts cannot stand in a path (a slash, a dot at the "
         "front) is answered 550 5.1.3."},
    {.name = "MaildirCreate",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_maildir,
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(maildir_conf_t, create),
     .initial = "on",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose =
         "Whether a Maildir that is not there is made, with the directories above it up to the first %{...}. With "
         "off its recipient is answered 550 5.1.1. What stands in front of the first %{...} is never made: while it "
         "is missing, as a disk that is not mounted, messages wait."},
    {.name = NULL},
};

static const edge_provider_row_t providers[] = {
    {"handoff", "maildir", &provider, "Maildirs on this machine, one for each recipient by a template."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(relay_maildir) = {
    .summary = "a next hop that writes messages into Maildirs",
    .structs = structs,
    .directives = directives,
    .providers = providers,
    .start = start,
    .worker_stop = worker_stop,
};
