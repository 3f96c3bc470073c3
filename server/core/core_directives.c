/* The core's own directives, as a module among modules. */
#include "core/core_conf.h"

#include <apr_strings.h>
#include <ctype.h>

#include "core/conf_apply.h"
#include "core/dns_settings.h"
#include "core/limits.h"
#include "core/log_levels.h"
#include "core/policy.h"
#include "core/snapshot.h"
#include "core/tokens.h"

#define SLOT(member) offsetof(struct edge_core_conf, member)
#define SERVER EDGE_IN(SERVER)
#define AUDIT_LOG "logs/audit.json"
#define OVERRIDES "state/overrides.conf"
#define TOKEN_FILE "secrets/admin.tokens"
#define LISTENER EDGE_IN(LISTENER)

static const char *const on_error_words[] = {"pass", "tempfail", NULL};
static const char *const mode_words[] = {"enforce", "shadow", "off", NULL};

static bool set_nothing(const edge_conf_line_t *line, void *conf) {
    (void)line;
    (void)conf;
    return true; /* done before rows are looked at: LoadModule by the loader, ServerRoot by the command line */
}

/* Workers auto | N */
static bool set_workers(const edge_conf_line_t *line, void *conf) {
    uint64_t number = 0;
    uint32_t *workers = &((edge_core_server_conf_t *)conf)->workers;
    bool is_auto = line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, edge_span_of("auto"));
    if (!is_auto && (line->count != 1 || !edge_span_number(line->arguments[0].text, &number) || number < 1 ||
                     number > EDGE_WORKERS_MOST)) {
        edge_conf_error(line, 0, "EDG10301", "Workers needs auto or 1 to %d, got \"%s\"", EDGE_WORKERS_MOST,
                        line->count ? line->arguments[0].text.at : "");
        return false;
    }
    *workers = (uint32_t)number;
    return true;
}

static edge_span_t show_workers(const void *conf, apr_pool_t *pool) {
    uint32_t workers = ((const edge_core_server_conf_t *)conf)->workers;
    return edge_span_of(workers ? apr_psprintf(pool, "%u", workers) : "auto");
}

/* ErrorLog PATH | - */
static bool set_error_log(const edge_conf_line_t *line, void *conf) {
    edge_span_t *log = &((edge_core_server_conf_t *)conf)->error_log;
    if (line->count != 1 || line->arguments[0].text.len == 0) {
        edge_conf_error(line, 0, "EDG10302", "ErrorLog needs one path, or - for standard error, got %u words",
                        line->count);
        return false;
    }
    bool to_stderr = edge_span_equal(line->arguments[0].text, edge_span_of("-"));
    *log = to_stderr ? edge_span_of("") : edge_conf_path(line, line->arguments[0].text);
    return true;
}

static edge_span_t show_error_log(const void *conf, apr_pool_t *pool) {
    const edge_core_server_conf_t *server = conf;
    (void)pool;
    return server->error_log.len ? server->error_log : edge_span_of("-");
}

/* TransactionLog PATH [json] */
static bool set_transaction_log(const edge_conf_line_t *line, void *conf) {
    edge_core_server_conf_t *server = conf;
    bool format_known = line->count < 2 || edge_span_equal_nocase(line->arguments[1].text, edge_span_of("json"));
    if (line->count < 1 || line->count > 2 || !format_known || line->arguments[0].text.len == 0) {
        edge_conf_error(line, format_known ? 0 : 1, "EDG10305",
                        "TransactionLog needs a path and the format json, got \"%s\"",
                        line->count > 1 ? line->arguments[1].text.at : "");
        return false;
    }
    if (server->transaction_log_count == EDGE_CORE_TRANSACTION_LOGS_MOST) {
        edge_conf_error(line, 0, "EDG10306", "more than %d transaction logs", EDGE_CORE_TRANSACTION_LOGS_MOST);
        return false;
    }
    server->transaction_logs[server->transaction_log_count++] = edge_conf_path(line, line->arguments[0].text);
    return true;
}

static bool set_timeout(const edge_conf_line_t *line, void *conf) {
    return edge_limits_set_timeout(line, &((edge_core_server_conf_t *)conf)->limits.timeouts);
}

static edge_span_t show_timeout(const void *conf, apr_pool_t *pool) {
    return edge_limits_show_timeout(&((const edge_core_server_conf_t *)conf)->limits.timeouts, pool);
}

static bool set_auth_failures(const edge_conf_line_t *line, void *conf) {
    return edge_failures_set(line, &((edge_core_server_conf_t *)conf)->auth_failures);
}

static edge_span_t show_auth_failures(const void *conf, apr_pool_t *pool) {
    return edge_failures_show(&((const edge_core_server_conf_t *)conf)->auth_failures, pool);
}

static bool set_reply(const edge_conf_line_t *line, void *conf) {
    return edge_refusal_set(line, &((edge_core_validator_conf_t *)conf)->refusal);
}

static edge_span_t show_reply(const void *conf, apr_pool_t *pool) {
    return edge_refusal_show(&((const edge_core_validator_conf_t *)conf)->refusal, pool);
}

static bool set_dns_servers(const edge_conf_line_t *line, void *conf) {
    return edge_dns_settings_set_servers(line, &((edge_core_server_conf_t *)conf)->dns.servers);
}

static edge_span_t show_dns_servers(const void *conf, apr_pool_t *pool) {
    return edge_dns_settings_show_servers(((const edge_core_server_conf_t *)conf)->dns.servers, pool);
}

/* Listen ADDRESS:PORT ...; [ADDRESS]:PORT for IPv6 */
bool edge_core_listen_parse(edge_span_t text, edge_core_listen_t *listen_on) {
    const char *colon = memrchr(text.at, ':', text.len);
    uint64_t port;
    if (!colon)
        return false;
    edge_span_t address = edge_span(text.at, (size_t)(colon - text.at));
    if (!edge_span_number(edge_span_after(text, address.len + 1), &port) || port < 1 || port > 65535)
        return false;
    bool bracketed = address.len > 2 && address.at[0] == '[' && address.at[address.len - 1] == ']';
    if (bracketed)
        address = edge_span(address.at + 1, address.len - 2);
    if (!edge_ipaddr_parse(address, &listen_on->address))
        return false;
    listen_on->port = (uint16_t)port;
    return edge_ipaddr_is_v4(listen_on->address) != bracketed;
}

static bool set_listen(const edge_conf_line_t *line, void *conf) {
    edge_core_listener_conf_t *listener = conf;
    bool good = line->count > 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10307", "Listen needs ADDRESS:PORT, for example 127.0.0.1:2525 or [::1]:2525");
    for (unsigned i = 0; i < line->count; i++) {
        if (listener->listen_count == EDGE_CORE_LISTENS_MOST) {
            edge_conf_error(line, i, "EDG10308", "more than %d addresses in one listener", EDGE_CORE_LISTENS_MOST);
            return false;
        }
        edge_core_listen_t *slot = &listener->listens[listener->listen_count];
        if (!edge_core_listen_parse(line->arguments[i].text, slot)) {
            edge_conf_error(line, i, "EDG10309",
                            "\"%s\" is no ADDRESS:PORT: an IPv4 address, or an IPv6 address in brackets, and a port "
                            "from 1 to 65535",
                            line->arguments[i].text.at);
            good = false;
            continue;
        }
        slot->text = edge_span_copy(line->pool, line->arguments[i].text);
        listener->listen_count++;
    }
    return good;
}

/* ServerName: what stands in the banner and in Received. */
static bool set_server_name(const edge_conf_line_t *line, void *conf) {
    edge_core_server_conf_t *server = conf;
    bool good = line->count == 1 && line->arguments[0].text.len > 0 && line->arguments[0].text.len <= 255;
    for (size_t i = 0; good && i < line->arguments[0].text.len; i++)
        good = isalnum((unsigned char)line->arguments[0].text.at[i]) || strchr(".-_", line->arguments[0].text.at[i]);
    if (!good) {
        edge_conf_error(line, 0, "EDG10310",
                        "ServerName needs a host name of letters, digits, dots and hyphens, got \"%s\"",
                        line->count ? line->arguments[0].text.at : "");
        return false;
    }
    server->server_name = edge_span_copy(line->pool, line->arguments[0].text);
    return true;
}

static edge_span_t show_server_name(const void *conf, apr_pool_t *pool) {
    (void)pool;
    return ((const edge_core_server_conf_t *)conf)->server_name;
}

/* Validate NAME [mode=enforce|shadow|off] */
static int mode_of(edge_span_t text) {
    edge_span_t key, value;
    if (edge_conf_split_pair(text, &key, &value) && edge_span_equal_nocase(key, edge_span_of("mode")))
        for (int i = 0; mode_words[i]; i++)
            if (edge_span_equal_nocase(value, edge_span_of(mode_words[i])))
                return i;
    return -1;
}

static bool set_validate(const edge_conf_line_t *line, void *conf) {
    edge_core_on_conf_t *on = conf;
    int mode = line->count == 2 ? mode_of(line->arguments[1].text) : EDGE_MODE_ENFORCE;
    if (line->count < 1 || line->count > 2 || mode < 0) {
        edge_conf_error(
            line, line->count == 2 ? 1 : 0, "EDG10311",
            "Validate needs a validator's name and may have mode=enforce, mode=shadow or mode=off, got \"%s\"",
            line->count > 1 ? line->arguments[1].text.at : "");
        return false;
    }
    if (on->count == EDGE_CORE_VALIDATES_MOST) {
        edge_conf_error(line, 0, "EDG10312", "more than %d validators at one command", EDGE_CORE_VALIDATES_MOST);
        return false;
    }
    on->validates[on->count++] = (edge_core_validate_t){edge_span_copy(line->pool, line->arguments[0].text),
                                                        mode,
                                                        line->node->file->path,
                                                        line->node->line,
                                                        line->arguments[0].column,
                                                        line->node};
    return true;
}

/* A path, or none: then it is empty. */
static bool set_path_or_none(const edge_conf_line_t *line, void *conf) {
    edge_span_t text = line->count == 1 ? line->arguments[0].text : EDGE_NO_SPAN;
    if (text.len == 0) {
        edge_conf_error(line, 0, "EDG10313", "%s needs one path, or none, got %u words", line->row->name, line->count);
        return false;
    }
    *(edge_span_t *)(void *)((char *)conf + line->row->slot) =
        edge_span_equal_nocase(text, edge_span_of("none")) ? edge_span_of("") : edge_conf_path(line, text);
    return true;
}

static edge_span_t show_audit_log(const void *conf, apr_pool_t *pool) {
    edge_span_t path = ((const edge_core_admin_conf_t *)conf)->audit_log;
    (void)pool;
    return path.len ? path : edge_span_of("none");
}

static edge_span_t show_overrides(const void *conf, apr_pool_t *pool) {
    edge_span_t path = ((const edge_core_admin_conf_t *)conf)->overrides;
    (void)pool;
    return path.len ? path : edge_span_of("none");
}

static bool set_table(const edge_conf_line_t *line, void *conf) {
    return edge_lookup_set_table(line, &((edge_core_server_conf_t *)conf)->tables);
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(struct edge_core_conf)},         {EDGE_SCOPE_LISTENER, sizeof(struct edge_core_conf)},
    {EDGE_SCOPE_VALIDATOR, sizeof(edge_core_validator_conf_t)}, {EDGE_SCOPE_ON, sizeof(edge_core_on_conf_t)},
    {EDGE_SCOPE_ADMIN, sizeof(edge_core_admin_conf_t)},         {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "ServerName",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(server_name),
     .initial = "localhost",
     .set = set_server_name,
     .show = show_server_name,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "The host name this server gives itself: in the banner, in Received and in the log."},
    {.name = "LoadModule",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .set = set_nothing,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME_module PATH",
     .prose = "Loads a module from a shared object; its directives are known in the whole configuration."},
    {.name = "User",
     .scopes = SERVER,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(user),
     .when = EDGE_WHEN_RESTART,
     .usage = "NAME",
     .prose =
         "The account that serves, when started by root: the child loads everything, then becomes this user for good."},
    {.name = "Group",
     .scopes = SERVER,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(group),
     .when = EDGE_WHEN_RESTART,
     .usage = "NAME",
     .prose = "The group that goes with User; the account's own when it is not set."},
    {.name = "Workers",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(workers),
     .initial = "auto",
     .set = set_workers,
     .show = show_workers,
     .when = EDGE_WHEN_RELOAD,
     .usage = "auto | NUMBER",
     .prose = "Worker threads, each with a loop of its own; auto makes one per processor."},
    {.name = "GracefulTimeout",
     .scopes = SERVER,
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(graceful_timeout),
     .initial = "120s",
     .min = 1000,
     .max = 86400000000LL,
     .when = EDGE_WHEN_NOW,
     .runtime = true,
     .usage = "DURATION",
     .prose = "How long open sessions may go on after a stop or reload; then they get 421 4.3.2."},
    {.name = "MaxConnections",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_connections),
     .initial = "2000",
     .min = 1,
     .max = 1000000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "Connections open at one time, over all listeners; written in a listener it bounds that listener "
              "besides. The next one "
              "gets 421 4.7.0."},
    {.name = "MaxConnectionsPerIP",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_connections_per_ip),
     .initial = "20",
     .min = 1,
     .max = 1000000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "Connections open at one time from one address. The next one gets 421 4.7.0."},
    {.name = "MaxMessageSize",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_SIZE,
     .slot = SLOT(limits.max_message_size),
     .initial = "78643200",
     .min = 0,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "SIZE | none",
     .prose = "The largest message taken, in octets as the client sends them after dot-unstuffing. It is announced as "
              "SIZE; none takes "
              "the announcement and the limit away."},
    {.name = "MaxRecipients",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(limits.max_recipients),
     .initial = "1000",
     .min = 1,
     .max = 100000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "Recipients accepted in one transaction; the next ones get 452 4.5.3 and are sent again by the client. "
              "RFC 5321 asks for at "
              "least 100."},
    {.name = "MaxHops",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(limits.max_hops),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "A message with this many Received fields goes in circles: 554 5.4.6."},
    {.name = "MinRate",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(limits.min_rate),
     .initial = "100",
     .min = 0,
     .max = 1000000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "OCTETS",
     .prose = "Octets per second that a message must bring, over each minute of its data; a slower client is timed "
              "out. 0 switches "
              "it off."},
    {.name = "Timeout",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(limits.timeouts),
     .initial = "command=300s data=180s tls=20s session=1h data-total=1h",
     .words = edge_limits_timeout_words,
     .set = set_timeout,
     .show = show_timeout,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "DURATION | none | command=D data=D tls=D session=D data-total=D",
     .prose = "How long a client may take: for a whole command line (HTTP: for the whole head of a request), for "
              "progress of a "
              "message's data, for the TLS "
              "handshake, for the "
              "session, for the data of one message. One DURATION sets command and data; none switches all off."},
    {.name = "AddMissingHeaders",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_WORD,
     .slot = SLOT(limits.add_missing),
     .initial = "auto",
     .words = edge_limits_add_missing_words,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "off | on | authenticated | auto",
     .prose = "Whether From, Date and Message-Id are put in front of a message that lacks them: never, always, for "
              "authenticated clients only, or as usual for the protocol (auto): by SMTP for authenticated clients, by "
              "HTTP always. From is never made of the null sender."},
    {.name = "AuthFailures",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(auth_failures),
     .initial = "10/10m ban=15m identity=50/10m delay=8s",
     .set = set_auth_failures,
     .show = show_auth_failures,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "COUNT/PERIOD [ban=DURATION] [identity=COUNT/PERIOD|off] [delay=DURATION] [except=NETWORK,...] | off",
     .prose =
         "Wrong credentials from one address (IPv6: its /64) in PERIOD of the first of them until it is banned for "
         "DURATION: connections and AUTH from it get 421 4.7.0. From the second on each answer comes later, 1 s, 2 s, "
         "4 s ... up to delay=. identity= counts by the name tried, from all addresses: behind that many even "
         "the right password is refused as a wrong one, but for addresses where the name has succeeded in the "
         "last 30 days. except= lists networks that are never banned or delayed for their address."},
    {.name = "OpenRelay",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(open_relay),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "A listener beyond loopback that neither a validator such as relay_domains nor Auth required keeps from "
              "taking mail to anywhere from anybody is an error, unless this says that it is meant."},
    {.name = "ReplyReference",
     .scopes = SERVER | LISTENER,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(reply_reference),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Refusals of validators end in [SESSION-NUMBER]: the reference of their line in the logs, by which a "
              "sender's complaint is found."},
    {.name = "DnsServers",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(dns.servers),
     .initial = "system",
     .set = set_dns_servers,
     .show = show_dns_servers,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS[:PORT]... | system",
     .prose = "The recursive name servers that validators ask; system takes those of /etc/resolv.conf, as they are at "
              "the start or reload."},
    {.name = "DnsTimeout",
     .scopes = SERVER,
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(dns.timeout),
     .initial = "4s",
     .min = 100000,
     .max = 60000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose = "How long a question may take in all, over all servers and tries. Behind it nobody knows the answer."},
    {.name = "DnsTries",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(dns.tries),
     .initial = "2",
     .min = 1,
     .max = 5,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "How often each name server is asked a question within DnsTimeout; each round waits twice as long as the "
              "one before."},
    {.name = "DnsInFlight",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(dns.in_flight),
     .initial = "2000",
     .min = 1,
     .max = 30000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Questions on their way at one time, in each worker. The next one is not asked: a temporary failure."},
    {.name = "DnsPerSession",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(dns.per_session),
     .initial = "500",
     .min = 0,
     .max = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Questions that go to a name server for one session, from its connection to its end; 0 is no bound. The "
              "next one is not asked: a temporary failure."},
    {.name = "DnsCache",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(dns.cached),
     .initial = "10000",
     .min = 0,
     .max = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Answers that each worker keeps, for as long as they may be kept; 0 keeps none."},
    {.name = "DnsCacheTime",
     .scopes = SERVER,
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(dns.longest),
     .initial = "1h",
     .min = 1000000,
     .max = 604800000000LL,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose = "The longest time for which an answer is kept, however long it may be by its own word; a no is kept for "
              "5 minutes at most."},
    {.name = "RateKeys",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(rate_keys),
     .initial = "65536",
     .min = 1024,
     .max = 16777216,
     .when = EDGE_WHEN_RESTART,
     .usage = "NUMBER",
     .prose = "Keys (addresses, networks, identities, senders) that rate limits can tell apart at one time; about 110 "
              "octets of memory for each that is not at rest. When there are more, those that are furthest from their "
              "limit are forgotten first: rate_keys_dropped_total counts them."},
    {.name = "Table",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .set = set_table,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME ADDRESS | NETWORK | DOMAIN | .DOMAIN | MAILBOX | /REGEX/[i] | file:PATH | table:NAME...",
     .prose = "A list with a name, for whoever asks lists: as table:NAME in a validator that is written below, by "
              "edge.lookup in a script. A file has an entry a line, a value may stand behind it; it is read again when "
              "it changes, and a change with a bad line is refused as a whole. docs/LISTS.md says how entries are "
              "compared."},
    {.name = "MaxOpenFiles",
     .scopes = SERVER,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_open_files),
     .min = 0,
     .max = 10000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Descriptors the child asks for; when it is not set, enough for MaxConnections."},
    {.name = "PidFile",
     .scopes = SERVER,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(pid_file),
     .initial = "run/edged.pid",
     .when = EDGE_WHEN_RESTART,
     .usage = "PATH",
     .prose = "Where the parent writes its process id once it serves."},
    {.name = "ControlSocket",
     .scopes = SERVER,
     .type = EDGE_CONF_PATH,
     .slot = SLOT(control_socket),
     .initial = "run/edged.sock",
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "The unix socket through which edgectl talks to the running server; root and User may use it."},
    {.name = "ErrorLog",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(error_log),
     .initial = "-",
     .set = set_error_log,
     .show = show_error_log,
     .when = EDGE_WHEN_RESTART,
     .usage = "PATH | -",
     .prose = "What the operator must know, one line each; - is standard error. SIGUSR1 reopens it."},
    {.name = "LogLevel",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(levels),
     .initial = "notice",
     .set = edge_log_levels_set,
     .show = edge_log_levels_show,
     .when = EDGE_WHEN_NOW,
     .runtime = true,
     .usage = "LEVEL [AREA:LEVEL]...",
     .prose = "How much goes to the error log: emerg, error, warn, notice, info, debug or trace, for all and for "
              "single areas."},
    {.name = "TransactionLog",
     .scopes = SERVER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(transaction_logs),
     .set = set_transaction_log,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH json",
     .prose = "One JSON line per transaction and per session. SIGUSR1 reopens it."},
    {.name = "Listen",
     .scopes = LISTENER,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(listens),
     .set = set_listen,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS:PORT...",
     .prose = "Where to accept connections: 0.0.0.0:25, [::]:25."},
    {.name = "Protocol",
     .scopes = LISTENER,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(protocol),
     .initial = "smtp",
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "What is spoken there; the name of a protocol that a loaded module provides."},
    {.name = "Queue",
     .scopes = LISTENER,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(queue),
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "The <Queue> that takes the messages of this listener."},
    {.name = "Module",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(edge_core_validator_conf_t, module),
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME_module",
     .prose = "The module whose checks this validator runs."},
    {.name = "Reply",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .slot = offsetof(edge_core_validator_conf_t, refusal),
     .set = set_reply,
     .show = show_reply,
     .when = EDGE_WHEN_RELOAD,
     .usage = "CODE [ENHANCED] TEXT",
     .prose = "What is said in the place of the validator's own refusal; %{address} %{sender} %{client} %{ehlo} "
              "%{identity} %{server} stand for facts, %{text} for what it would have said. A refusal for the time "
              "being (4xx) is replaced by another such only."},
    {.name = "OnError",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(edge_core_validator_conf_t, on_error),
     .initial = "tempfail",
     .words = on_error_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "pass | tempfail",
     .prose = "What a check means that failed or ran out of time."},
    {.name = "Timeout",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_DURATION,
     .slot = offsetof(edge_core_validator_conf_t, timeout),
     .initial = "10s",
     .min = 1000,
     .max = 600000000LL,
     .when = EDGE_WHEN_SESSION,
     .usage = "DURATION",
     .prose = "How long one check may take."},
    {.name = "Validate",
     .scopes = EDGE_IN(ON),
     .type = EDGE_CONF_CUSTOM,
     .set = set_validate,
     .many = true,
     .words = mode_words,
     .when = EDGE_WHEN_COMMAND,
     .runtime = true,
     .usage = "NAME [mode=enforce|shadow|off]",
     .prose = "Runs the validator at this command, behind those written before it. In shadow mode it runs and is "
              "logged, but its "
              "verdict is not applied."},
    {.name = "TokenFile",
     .scopes = EDGE_IN(ADMIN),
     .type = EDGE_CONF_PATH,
     .slot = offsetof(edge_core_admin_conf_t, token_file),
     .initial = TOKEN_FILE,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "The tokens that open the API, and those that HttpAuth bearer takes; edgectl token makes them. The file "
              "is read again when it changes. It need not be there; one that others may read is refused. Without "
              "<Admin> the default holds."},
    {.name = "AuditLog",
     .scopes = EDGE_IN(ADMIN),
     .type = EDGE_CONF_CUSTOM,
     .slot = offsetof(edge_core_admin_conf_t, audit_log),
     .initial = AUDIT_LOG,
     .set = set_path_or_none,
     .show = show_audit_log,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH | none",
     .prose = "One JSON line for each change that somebody made to the running server: who, from where, what, why, and "
              "what came of it. The server only appends, and syncs each line. SIGUSR1 reopens it. Without <Admin> the "
              "default holds."},
    {.name = "Overrides",
     .scopes = EDGE_IN(ADMIN),
     .type = EDGE_CONF_CUSTOM,
     .slot = offsetof(edge_core_admin_conf_t, overrides),
     .initial = OVERRIDES,
     .set = set_path_or_none,
     .show = show_overrides,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH | none",
     .prose = "Where settings are kept that were changed while running and are to outlive a restart: directives, each "
              "with who changed it, when and why. The server writes this file, and no other of the configuration; it "
              "is read behind them. none forbids such changes. Without <Admin> the default holds."},
    {.name = NULL},
};

const edge_section_t *edge_core_admin_section(const edge_snapshot_t *snapshot) {
    const edge_section_t *section = edge_snapshot_server(snapshot)->first;
    while (section && section->scope != EDGE_SCOPE_ADMIN)
        section = section->next;
    return section;
}

edge_core_admin_conf_t edge_core_admin_conf(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const edge_section_t *section = edge_core_admin_section(snapshot);
    if (section)
        return *(const edge_core_admin_conf_t *)edge_section_conf(section, &edge_core_module);
    const char *root = edge_snapshot_server_root(snapshot);
    return (edge_core_admin_conf_t){edge_span_of(apr_pstrcat(pool, root, "/" AUDIT_LOG, NULL)),
                                    edge_span_of(apr_pstrcat(pool, root, "/" OVERRIDES, NULL)),
                                    edge_span_of(apr_pstrcat(pool, root, "/" TOKEN_FILE, NULL))};
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)pool;
    edge_log_levels_apply(snapshot);
    return edge_tokens_start();
}

edge_module_t edge_core_module = {
    .name = "core",
    .summary = "the server itself",
    .structs = structs,
    .directives = directives,
    .check = edge_log_levels_check,
    .start = start,
    .stop = edge_tokens_stop,
};
