/* What the answers of the core's first routes hold: index, status, queues, bans, validators. */
#include "control/admin_priv.h"

#define TEXT(member, words) \
    { .name = member, .kind = EDGE_ADMIN_TEXT, .prose = words }
#define TEXT_OR_NULL(member, words) \
    { .name = member, .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = words }
#define NUMBER(member, words) \
    { .name = member, .kind = EDGE_ADMIN_NUMBER, .prose = words }
#define NUMBER_OR_NULL(member, words) \
    { .name = member, .kind = EDGE_ADMIN_NUMBER, .may = EDGE_ADMIN_NULL, .prose = words }
#define TIME_OR_NULL(member, words) \
    { .name = member, .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = words }
#define SECONDS_OR_NULL(member, words) \
    { .name = member, .kind = EDGE_ADMIN_SECONDS, .may = EDGE_ADMIN_NULL, .prose = words }

/* The index */

static const edge_admin_argument_t member_rows[] = {
    TEXT("name", "Of the member."),
    TEXT("kind", "Of its value."),
    {.name = "required", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether it must be given."},
    TEXT("prose", "What it means."),
    {.name = NULL},
};
static const edge_admin_argument_t route_rows[] = {
    TEXT("method", "Of the request."),
    TEXT("path", "With {name} where something is named."),
    TEXT("role", "The least that may call it."),
    TEXT("prose", "What it does."),
    {.name = "arguments", .kind = EDGE_ADMIN_LIST, .rows = member_rows, .prose = "Of the query."},
    {.name = "body", .kind = EDGE_ADMIN_LIST, .rows = member_rows, .prose = "Of the content."},
    {.name = "flags", .kind = EDGE_ADMIN_TEXTS, .prose = "needs-reason, needs-match, dry-run ..."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_index_answer[] = {
    TEXT("role", "Of the sender."),
    TEXT("who", "The sender."),
    TEXT("version", "Of the server."),
    TEXT("host", "ServerName."),
    {.name = "routes", .kind = EDGE_ADMIN_LIST, .rows = route_rows, .prose = "All there are."},
    {.name = NULL},
};

/* Queues */

static const edge_admin_argument_t figure_rows[] = {
    TEXT("name", "Of the <Queue>."),
    TEXT("provider", "What keeps it."),
#define FIGURE(member, words) \
    { .name = member, .kind = EDGE_ADMIN_NUMBER, .may = EDGE_ADMIN_MISSING, .prose = words }
    FIGURE("messages", "In the queue."),
    FIGURE("held", "Of them, kept until released."),
    FIGURE("deferred", "Of them, put off."),
    FIGURE("leased", "Of them, being handed on."),
    FIGURE("damaged", "That cannot be read."),
    FIGURE("bytes", "Of all messages."),
    FIGURE("disk_bytes", "That the queue takes."),
    FIGURE("disk_most", "That it may take; 0: no bound."),
    FIGURE("disk_free", "Left on the disk."),
    {.name = "oldest",
     .kind = EDGE_ADMIN_TIME,
     .may = EDGE_ADMIN_MISSING | EDGE_ADMIN_NULL,
     .prose = "When the oldest message came."},
    FIGURE("commits", "Messages taken since the start."),
    FIGURE("syncs", "Times the disk was waited for."),
    FIGURE("batches", "Groups of messages that shared a sync."),
    {.name = "accepting", .kind = EDGE_ADMIN_SWITCH, .may = EDGE_ADMIN_MISSING, .prose = "Whether it takes messages."},
    {.name = "trouble",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_MISSING | EDGE_ADMIN_NULL,
     .prose = "Why it does not."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_queue_stat_answer[] = {
    {.name = "queues", .kind = EDGE_ADMIN_LIST, .rows = figure_rows, .prose = "One for each <Queue>."},
    {.name = NULL},
};

static const edge_admin_argument_t tls_rows[] = {
    TEXT("version", "Of TLS."),
    TEXT_OR_NULL("cipher", "That was agreed on."),
    {.name = NULL},
};
static const edge_admin_argument_t client_rows[] = {
    TEXT_OR_NULL("protocol", "SMTP, ESMTPS ..."),
    TEXT_OR_NULL("ehlo", "What it called itself."),
    TEXT_OR_NULL("ip", "Its address."),
    NUMBER("port", "Its port."),
    TEXT_OR_NULL("security", "How the connection was protected."),
    {.name = "tls", .kind = EDGE_ADMIN_OBJECT, .rows = tls_rows, .may = EDGE_ADMIN_NULL, .prose = "null: none."},
    TEXT_OR_NULL("receiver", "The server it spoke to."),
    TEXT_OR_NULL("auth", "Who it was."),
    TEXT_OR_NULL("listener", "Where it came in."),
    TEXT_OR_NULL("session", "Its session's id."),
    {.name = NULL},
};
#define ENTRY_ROWS                                                                                          \
    TEXT("queue", "The <Queue>."), TEXT("state", "active, deferred, held, leased or damaged."),             \
        TEXT("id", "The message's id, as the client was told."), TIME_OR_NULL("received", "When it came."), \
        NUMBER_OR_NULL("size", "Octets."), TEXT_OR_NULL("protocol", "By which it came."),                   \
        TEXT_OR_NULL("sender", "The reverse-path; empty: none."),                                           \
        {.name = "recipients", .kind = EDGE_ADMIN_TEXTS, .prose = "Their addresses."},                      \
        {.name = "given_up",                                                                                \
         .kind = EDGE_ADMIN_SWITCH,                                                                         \
         .may = EDGE_ADMIN_MISSING,                                                                         \
         .prose = "true: by an operator; its sender will be told."},                                        \
    {                                                                                                       \
        .name = "client", .kind = EDGE_ADMIN_OBJECT, .rows = client_rows, .may = EDGE_ADMIN_NULL,           \
        .prose = "Who brought it."                                                                          \
    }
static const edge_admin_argument_t entry_rows[] = {ENTRY_ROWS, {.name = NULL}};
const edge_admin_argument_t edge_admin_queue_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = entry_rows, .prose = "Messages, the oldest first."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
static const edge_admin_argument_t parameter_rows[] = {
    TEXT("name", "Of the parameter."),
    TEXT_OR_NULL("value", "As the client wrote it."),
    {.name = NULL},
};
static const edge_admin_argument_t delivery_rows[] = {
    TEXT("recipient", "The address."),
    TEXT("state", "waiting, done or failed."),
    NUMBER("attempts", "So far."),
    TEXT_OR_NULL("last_reply", "Of the next hop."),
    {.name = "parameters", .kind = EDGE_ADMIN_LIST, .rows = parameter_rows, .prose = "Of RCPT."},
    {.name = NULL},
};
#define SOMETIMES(member, of_kind, words) \
    { .name = member, .kind = of_kind, .may = EDGE_ADMIN_MISSING, .prose = words }
const edge_admin_argument_t edge_admin_queue_show_answer[] = {
    ENTRY_ROWS,
    {.name = "parameters",
     .kind = EDGE_ADMIN_LIST,
     .rows = parameter_rows,
     .may = EDGE_ADMIN_MISSING,
     .prose = "Of MAIL."},
    {.name = "deliveries",
     .kind = EDGE_ADMIN_LIST,
     .rows = delivery_rows,
     .may = EDGE_ADMIN_MISSING,
     .prose = "One for each recipient."},
    SOMETIMES("needs", EDGE_ADMIN_TEXTS, "What a next hop must be able to carry."),
    SOMETIMES("attempts", EDGE_ADMIN_NUMBER, "To hand it on."),
    {.name = "next_attempt",
     .kind = EDGE_ADMIN_TIME,
     .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING,
     .prose = "When it is due."},
    {.name = "expires",
     .kind = EDGE_ADMIN_TIME,
     .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING,
     .prose = "Given up then."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_queue_change_answer[] = {
    TEXT("id", "The message."),
    TEXT("done", "What was done."),
    {.name = NULL},
};

/* Status */

static const edge_admin_argument_t listener_rows[] = {
    TEXT("name", "Of the <Listener>."),
    {.name = "addresses", .kind = EDGE_ADMIN_TEXTS, .prose = "Where it listens."},
    TEXT("protocol", "What it speaks."),
    TEXT("tls", "off, starttls or immediate."),
    TEXT_OR_NULL("queue", "Where its messages go."),
    TEXT_OR_NULL("server_name", "What it calls itself."),
    {.name = NULL},
};
static const edge_admin_argument_t counter_rows[] = {NUMBER("counter", "Its value."), {.name = NULL}};
const edge_admin_argument_t edge_admin_status_answer[] = {
    TEXT("version", "Of the server."),
    NUMBER("pid", "Of the parent."),
    NUMBER("child", "Of the process that answers."),
    NUMBER("generation", "Of the configuration."),
    {.name = "uptime", .kind = EDGE_ADMIN_SECONDS, .prose = "Of this child."},
    NUMBER("workers", "Of this child."),
    NUMBER("sessions", "Open now."),
    NUMBER("sessions_most", "MaxConnections."),
    NUMBER("bans", "That hold now."),
    {.name = "listeners", .kind = EDGE_ADMIN_LIST, .rows = listener_rows, .prose = "One for each <Listener>."},
    {.name = "queues", .kind = EDGE_ADMIN_LIST, .rows = figure_rows, .prose = "One for each <Queue>."},
    {.name = "counters", .kind = EDGE_ADMIN_MAP, .rows = counter_rows, .prose = "All, by name."},
    {.name = NULL},
};

/* Bans */

#define BAN_ROWS                                                                                                  \
    TEXT("address", "Address or network."), TEXT("source", "manual or auto."),                                    \
        {.name = "since", .kind = EDGE_ADMIN_TIME, .prose = "From then on."},                                     \
        TIME_OR_NULL("expires", "Until then; null: until lifted."), NUMBER("hits", "Connections refused by it."), \
        TEXT("reason", "Why.")
static const edge_admin_argument_t ban_rows[] = {BAN_ROWS, {.name = NULL}};
const edge_admin_argument_t edge_admin_bans_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = ban_rows, .prose = "The newest first."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_bans_add_answer[] = {BAN_ROWS, {.name = NULL}};
const edge_admin_argument_t edge_admin_bans_lift_answer[] = {
    TEXT("address", "What was lifted."),
    NUMBER("lifted", "How many."),
    {.name = NULL},
};

/* Validators */

static const edge_admin_argument_t count_rows[] = {NUMBER("result", "How often."), {.name = NULL}};
static const edge_admin_argument_t result_rows[] = {
    {.name = "enforce", .kind = EDGE_ADMIN_MAP, .rows = count_rows, .prose = "By result, while it counted."},
    {.name = "shadow", .kind = EDGE_ADMIN_MAP, .rows = count_rows, .prose = "By result, while it was only watched."},
    {.name = NULL},
};
static const edge_admin_argument_t binding_rows[] = {
    TEXT("listener", "Where it is bound."),
    TEXT("command", "To what."),
    NUMBER("order", "Among those bound there; 1: the first."),
    TEXT("mode", "As it holds: enforce, shadow or off."),
    TEXT("written", "As the configuration says."),
    TEXT("check", "The module's check."),
    TEXT_OR_NULL("file", "Where it is written."),
    NUMBER("line", "In that file."),
    {.name = "results",
     .kind = EDGE_ADMIN_OBJECT,
     .rows = result_rows,
     .prose = "What it answered to the command, at all listeners."},
    NUMBER("skipped", "Times it was not asked."),
    NUMBER("differences", "Times its answer in shadow differed from what was done."),
    {.name = NULL},
};
static const edge_admin_argument_t validator_rows[] = {
    TEXT("name", "Of the <Validator>."),
    TEXT("module", "That it is of."),
    TEXT_OR_NULL("file", "Where it is written."),
    NUMBER("line", "In that file."),
    TEXT("on_error", "pass or tempfail."),
    {.name = "timeout", .kind = EDGE_ADMIN_SECONDS, .prose = "That it may take."},
    {.name = "p50",
     .kind = EDGE_ADMIN_SECONDS,
     .may = EDGE_ADMIN_NULL,
     .prose =
         "Half of all its answers took no longer; null: there were none, or they took longer than what is told apart."},
    {.name = "p99", .kind = EDGE_ADMIN_SECONDS, .may = EDGE_ADMIN_NULL, .prose = "99 of 100 took no longer; the same."},
    {.name = "bindings", .kind = EDGE_ADMIN_LIST, .rows = binding_rows, .prose = "Where it is asked."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_validators_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = validator_rows, .prose = "In the order of the file."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
static const edge_admin_argument_t came_to_rows[] = {
    TEXT("command", "That it is bound to."),
    {.name = "results", .kind = EDGE_ADMIN_OBJECT, .rows = result_rows, .prose = "What it answered, at all listeners."},
    NUMBER("skipped", "Times it was not asked."),
    NUMBER("differences", "Times its answer in shadow differed from what was done."),
    {.name = NULL},
};
static const edge_admin_argument_t bucket_rows[] = {
    SECONDS_OR_NULL("most", "The upper bound; null: the last one has none."),
    NUMBER("count", "Answers that took longer than the bound before and not longer than this."),
    {.name = NULL},
};
static const edge_admin_argument_t took_rows[] = {
    NUMBER("count", "Answers."),
    {.name = "sum", .kind = EDGE_ADMIN_SECONDS, .prose = "That they took together."},
    SECONDS_OR_NULL("p50", "A bound that half of them kept; null: there are none, or it is above the last bound."),
    SECONDS_OR_NULL("p99", "A bound that 99 of 100 kept; null likewise."),
    {.name = "buckets", .kind = EDGE_ADMIN_LIST, .rows = bucket_rows, .prose = "Shortest first."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_validators_stats_answer[] = {
    TEXT("name", "Of the <Validator>."),
    {.name = "commands",
     .kind = EDGE_ADMIN_LIST,
     .rows = came_to_rows,
     .prose = "Those that it is bound to, in the order of a session."},
    {.name = "duration",
     .kind = EDGE_ADMIN_OBJECT,
     .rows = took_rows,
     .may = EDGE_ADMIN_NULL,
     .prose = "The time until it answered, waiting included; null: it is bound nowhere."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_validators_mode_answer[] = {
    TEXT("mode", "That holds from the next command on."),
    TEXT("before", "That held until now."),
    TEXT("written", "As the configuration says."),
    {.name = NULL},
};

/* The description: its form is OpenAPI's. */
const edge_admin_argument_t edge_admin_openapi_answer[] = {
    TEXT("openapi", "The version of its form."),
    {.name = "info", .kind = EDGE_ADMIN_OBJECT, .prose = "Of what."},
    {.name = "servers", .kind = EDGE_ADMIN_LIST, .prose = "Where."},
    {.name = "security", .kind = EDGE_ADMIN_LIST, .prose = "How the sender says who it is."},
    {.name = "paths", .kind = EDGE_ADMIN_OBJECT, .prose = "All routes."},
    {.name = "components", .kind = EDGE_ADMIN_OBJECT, .prose = "What they share."},
    {.name = NULL},
};
