/* Tables of queues and messages. */
#include "queue_table.h"
#include "member.h"

#include <apr_strings.h>

static const char *count_of(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    int64_t number = edge_json_in_number(value, name, -1);
    return number >= 0 ? apr_psprintf(pool, "%" APR_INT64_T_FMT, number) : NULL;
}

static const char *size_of(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    int64_t number = edge_json_in_number(value, name, -1);
    return number >= 0 ? ctl_human_size((uint64_t)number, pool) : NULL;
}

static const char *condition_of(const edge_json_value_t *queue) {
    const edge_json_value_t *accepting = edge_json_in_member(queue, "accepting");
    if (accepting == NULL || accepting->truth) {
        return "accepting";
    }
    return ctl_member_text(queue, "trouble") != NULL ? ctl_member_text(queue, "trouble") : "not accepting";
}

void ctl_queue_table_stat(const edge_json_value_t *queues, apr_pool_t *pool) {
    static const char *const heads[] = {"QUEUE",    ">MESSAGES", ">HELD",   ">DEFERRED", ">DAMAGED", ">SIZE",
                                        ">ON DISK", ">FREE",     ">OLDEST", "STATE",     NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *queue = queues != NULL ? queues->first : NULL; queue != NULL; queue = queue->next) {
        ctl_table_add(table, ctl_member_text(queue, "name"));
        ctl_table_add(table, count_of(queue, "messages", pool));
        ctl_table_add(table, count_of(queue, "held", pool));
        ctl_table_add(table, count_of(queue, "deferred", pool));
        ctl_table_add(table, count_of(queue, "damaged", pool));
        ctl_table_add(table, size_of(queue, "bytes", pool));
        ctl_table_add(table, size_of(queue, "disk_bytes", pool));
        ctl_table_add(table, size_of(queue, "disk_free", pool));
        ctl_table_add(table, ctl_member_age(queue, "oldest", pool));
        ctl_table_add(table, condition_of(queue));
    }
    ctl_table_print(table, stdout);
}

ctl_table_t *ctl_queue_table_list(apr_pool_t *pool) {
    static const char *const heads[] = {"ID",     "QUEUE",  "STATE",      ">AGE", ">SIZE",
                                        "CLIENT", "SENDER", "RECIPIENTS", NULL};
    return ctl_table_make(heads, pool);
}

/* The first recipient, and how many more. */
static const char *recipients_of(const edge_json_value_t *entry, apr_pool_t *pool) {
    const edge_json_value_t *recipients = edge_json_in_member(entry, "recipients");
    if (recipients == NULL || recipients->count == 0 || recipients->first->text.at == NULL) {
        return NULL;
    }
    const char *first = recipients->first->text.at;
    return recipients->count == 1 ? first : apr_psprintf(pool, "%s and %u more", first, recipients->count - 1);
}

/* The null reverse-path is written as it is said. */
static const char *sender_of(const edge_json_value_t *entry) {
    edge_span_t sender = edge_json_in_text(entry, "sender");
    return sender.at != NULL && sender.len == 0 ? "<>" : sender.at;
}

bool ctl_queue_is_given_up(const edge_json_value_t *entry) {
    const edge_json_value_t *given_up = edge_json_in_member(entry, "given_up");
    return given_up != NULL && given_up->truth;
}

void ctl_queue_table_add(ctl_table_t *table, const edge_json_value_t *entry, apr_pool_t *pool) {
    ctl_table_add(table, ctl_member_text(entry, "id"));
    ctl_table_add(table, ctl_member_text(entry, "queue"));
    const char *state = ctl_member_text(entry, "state");
    ctl_table_add(table, ctl_queue_is_given_up(entry) ? apr_pstrcat(pool, state, ", given up", NULL) : state);
    ctl_table_add(table, ctl_member_age(entry, "received", pool));
    ctl_table_add(table, size_of(entry, "size", pool));
    ctl_table_add(table, ctl_member_text(edge_json_in_member(entry, "client"), "ip"));
    ctl_table_add(table, sender_of(entry));
    ctl_table_add(table, recipients_of(entry, pool));
}

static void fact(const char *name, const char *value, apr_pool_t *pool) {
    if (value != NULL) {
        printf("%-12s %s\n", name, ctl_human_clean(edge_span_of(value), pool));
    }
}

/* "SIZE=100 BODY=8BITMIME"; NULL: there are none. */
static const char *parameters_of(const edge_json_value_t *value, apr_pool_t *pool) {
    const edge_json_value_t *list = edge_json_in_member(value, "parameters");
    const char *all = NULL;
    for (const edge_json_value_t *row = list != NULL ? list->first : NULL; row != NULL; row = row->next) {
        const char *name = ctl_member_text(row, "name"), *text = ctl_member_text(row, "value");
        const char *one = text != NULL ? apr_pstrcat(pool, name, "=", text, NULL) : name;
        all = all != NULL ? apr_pstrcat(pool, all, " ", one, NULL) : one;
    }
    return all;
}

/* "8BITMIME, DSN" */
static const char *words_of(const edge_json_value_t *list, apr_pool_t *pool) {
    const char *all = NULL;
    for (const edge_json_value_t *word = list != NULL ? list->first : NULL; word != NULL; word = word->next) {
        all = all != NULL ? apr_pstrcat(pool, all, ", ", word->text.at, NULL) : word->text.at;
    }
    return all;
}

/* "one@x.example, waiting, tried 2 times: mx said: 450 4.2.1 Later (NOTIFY=NEVER)" */
static void show_deliveries(const edge_json_value_t *deliveries, apr_pool_t *pool) {
    for (const edge_json_value_t *row = deliveries != NULL ? deliveries->first : NULL; row != NULL; row = row->next) {
        const char *reply = ctl_member_text(row, "last_reply"), *state = ctl_member_text(row, "state"),
                   *parameters = parameters_of(row, pool);
        int64_t attempts = edge_json_in_number(row, "attempts", 0);
        const char *tried =
            attempts > 0 ? apr_psprintf(pool, ", tried %" APR_INT64_T_FMT " time%s", attempts, attempts == 1 ? "" : "s")
                         : "";
        fact("recipient",
             apr_pstrcat(pool, ctl_member_text(row, "recipient"), ", ", state != NULL ? state : "?", tried,
                         reply != NULL ? ": " : "", reply != NULL ? reply : "", parameters != NULL ? " (" : "",
                         parameters != NULL ? parameters : "", parameters != NULL ? ")" : "", NULL),
             pool);
    }
}

/* `entry` is a line of the audit trail; NULL: nobody knows any more. */
static void show_given_up(const edge_json_value_t *entry, apr_pool_t *pool) {
    const char *who = ctl_member_text(entry, "who"), *time = ctl_member_text(entry, "time"),
               *reason = ctl_member_text(entry, "reason");
    fact("given up",
         who != NULL && time != NULL ? apr_pstrcat(pool, "by ", who, ", ", time, reason != NULL ? ", for: " : "",
                                                   reason != NULL ? reason : "", NULL)
                                     : "by an operator",
         pool);
    fact("", "its sender will be told", pool);
}

static void show_client(const edge_json_value_t *client, apr_pool_t *pool) {
    const edge_json_value_t *tls = edge_json_in_member(client, "tls");
    const char *ehlo = ctl_member_text(client, "ehlo"), *ip = ctl_member_text(client, "ip"),
               *port = count_of(client, "port", pool);
    if (ip != NULL) {
        fact("client",
             apr_psprintf(pool, "%s port %s, %s, said %s", ip, port != NULL ? port : "?",
                          ctl_member_text(client, "protocol"), ehlo != NULL ? ehlo : "nothing"),
             pool);
    }
    if (ctl_member_text(tls, "version") != NULL) {
        fact("tls",
             apr_psprintf(pool, "%s %s", ctl_member_text(tls, "version"),
                          ctl_member_text(tls, "cipher") != NULL ? ctl_member_text(tls, "cipher") : ""),
             pool);
    }
    fact("security", ctl_member_text(client, "security"), pool);
    fact("auth", ctl_member_text(client, "auth"), pool);
    fact("receiver", ctl_member_text(client, "receiver"), pool);
    fact("listener", ctl_member_text(client, "listener"), pool);
    fact("session", ctl_member_text(client, "session"), pool);
}

void ctl_queue_table_show(const edge_json_value_t *entry, const edge_json_value_t *giver, apr_pool_t *pool) {
    const char *received = ctl_member_text(entry, "received"), *age = ctl_member_age(entry, "received", pool);
    int64_t size = edge_json_in_number(entry, "size", -1);
    fact("id", ctl_member_text(entry, "id"), pool);
    fact("queue", ctl_member_text(entry, "queue"), pool);
    fact("state", ctl_member_text(entry, "state"), pool);
    if (ctl_queue_is_given_up(entry)) {
        show_given_up(giver, pool);
    }
    if (received != NULL) {
        fact("received", apr_psprintf(pool, "%s, %s ago", received, age != NULL ? age : "?"), pool);
    }
    if (size >= 0) {
        fact("size", apr_psprintf(pool, "%s (%" APR_INT64_T_FMT ")", ctl_human_size((uint64_t)size, pool), size), pool);
    }
    fact("sender", sender_of(entry), pool);
    fact("parameters", parameters_of(entry, pool), pool);
    fact("needs", words_of(edge_json_in_member(entry, "needs"), pool), pool);
    show_deliveries(edge_json_in_member(entry, "deliveries"), pool);
    show_client(edge_json_in_member(entry, "client"), pool);
    if (edge_json_in_number(entry, "attempts", 0) > 0) {
        fact("attempts", count_of(entry, "attempts", pool), pool);
    }
    fact("next attempt", ctl_member_text(entry, "next_attempt"), pool);
    fact("expires", ctl_member_text(entry, "expires"), pool);
}

/* "5", "10" ... in minutes, and "older": as many columns as there are classes. */
static const char **shape_heads(const edge_json_value_t *shape, bool several, apr_pool_t *pool) {
    const edge_json_value_t *classes = edge_json_in_member(shape, "classes");
    const char **heads = apr_pcalloc(pool, (CTL_COLUMNS_MOST + 1) * sizeof *heads);
    unsigned count = 0;
    if (several) {
        heads[count++] = "QUEUE";
    }
    heads[count++] = "DOMAIN";
    heads[count++] = ">WAITING";
    for (const edge_json_value_t *bound = classes != NULL ? classes->first : NULL;
         bound != NULL && count < CTL_COLUMNS_MOST - 1; bound = bound->next) {
        heads[count++] = apr_psprintf(pool, ">%" APR_INT64_T_FMT, apr_atoi64(bound->raw.at) / 60);
    }
    heads[count] = ">OLDER";
    return heads;
}

static void add_shape(ctl_table_t *table, const edge_json_value_t *row, apr_pool_t *pool) {
    const edge_json_value_t *ages = edge_json_in_member(row, "ages");
    ctl_table_add(table, count_of(row, "waiting", pool));
    for (const edge_json_value_t *age = ages != NULL ? ages->first : NULL; age != NULL; age = age->next) {
        ctl_table_add(table, apr_pstrmemdup(pool, age->raw.at, age->raw.len));
    }
}

static void add_sum(ctl_table_t *table, const char *name, const edge_json_value_t *row, bool several,
                    apr_pool_t *pool) {
    if (several) {
        ctl_table_add(table, "");
    }
    ctl_table_add(table, name);
    add_shape(table, row, pool);
}

static bool of_several_queues(const edge_json_value_t *domains) {
    const edge_json_value_t *first = domains != NULL ? domains->first : NULL;
    for (const edge_json_value_t *row = first; row != NULL; row = row->next) {
        if (!edge_span_equal(edge_json_in_text(row, "queue"), edge_json_in_text(first, "queue"))) {
            return true;
        }
    }
    return false;
}

/* Domains are in lower case: no sum looks like one. */
void ctl_queue_table_shape(const edge_json_value_t *shape, apr_pool_t *pool) {
    const edge_json_value_t *domains = edge_json_in_member(shape, "domains"),
                            *other = edge_json_in_member(shape, "other");
    bool several = of_several_queues(domains);
    ctl_table_t *table = ctl_table_make(shape_heads(shape, several, pool), pool);
    add_sum(table, "TOTAL", edge_json_in_member(shape, "total"), several, pool);
    for (const edge_json_value_t *row = domains != NULL ? domains->first : NULL; row != NULL; row = row->next) {
        edge_span_t domain = edge_json_in_text(row, "domain");
        if (several) {
            ctl_table_add(table, ctl_member_text(row, "queue"));
        }
        ctl_table_add(table, domain.len > 0 ? domain.at : NULL);
        add_shape(table, row, pool);
    }
    if (edge_json_in_number(other, "waiting", 0) > 0) {
        add_sum(table, "OTHER", other, several, pool);
    }
    ctl_table_print(table, stdout);
    int64_t messages = edge_json_in_number(shape, "messages", 0), read = edge_json_in_number(shape, "read", 0);
    if (read < messages) {
        printf("\nestimated: %" APR_INT64_T_FMT " of %" APR_INT64_T_FMT " messages were read\n", read, messages);
    }
}
