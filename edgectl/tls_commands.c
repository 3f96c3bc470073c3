/* tls list, show and reload: certificates of the running server, and the TLS of a listener. */
#include <apr_strings.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

/* The first name, and how many more; of a certificate without names, its subject. */
static const char *names_of(const edge_json_value_t *entry, apr_pool_t *pool) {
    const edge_json_value_t *names = edge_json_in_member(entry, "names");
    if (names == NULL || names->count == 0) {
        return ctl_member_text(entry, "subject");
    }
    const char *first = names->first->text.at;
    return names->count == 1 ? first : apr_psprintf(pool, "%s and %u more", first, names->count - 1);
}

/* "2026-12-23" of a whole date. */
static const char *day_of(const edge_json_value_t *entry, const char *name, apr_pool_t *pool) {
    edge_span_t text = edge_json_in_text(entry, name);
    return text.len >= 10 ? apr_pstrmemdup(pool, text.at, 10) : NULL;
}

static const char *count_of(const edge_json_value_t *entry, const char *name, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(entry, name, 0));
}

static void print_certificates(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"CONTEXT", "NAMES", "KEY",    "ISSUER", ">DAYS LEFT",
                                        "UNTIL",   "OCSP",  "LOADED", "FILE",   NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *entry = items != NULL ? items->first : NULL; entry != NULL; entry = entry->next) {
        ctl_table_add(table, ctl_member_text(entry, "context"));
        ctl_table_add(table, names_of(entry, pool));
        ctl_table_add(table, ctl_member_text(entry, "key_type"));
        ctl_table_add(table, ctl_member_text(entry, "issuer"));
        ctl_table_add(table, count_of(entry, "days_left", pool));
        ctl_table_add(table, day_of(entry, "not_after", pool));
        ctl_table_add(table, ctl_member_text(entry, "staple"));
        ctl_table_add(table, day_of(entry, "loaded_at", pool));
        ctl_table_add(table, ctl_member_text(entry, "certificate_file"));
    }
    ctl_table_print(table, stdout);
}

/* One answer, whose list is printed, or its items as scripts take them. */
static ctl_exit_t ask(ctl_t *ctl, const char *method, const char *target, const edge_json_value_t **items) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_ask(ctl, method, target, NULL, &answer);
    if (code != CTL_OK) {
        return ctl_say_unreachable(ctl, code);
    }
    code = ctl_answer_exit(ctl, &answer);
    if (code == CTL_OK) {
        *items = edge_json_in_member(answer.document, "items");
    } else if (answer.status == 404) {
        ctl_say("tls_module is not loaded");
    }
    /* The files are what an operator has configured. */
    return answer.status == 409 ? CTL_BAD_CONFIGURATION : code;
}

ctl_exit_t ctl_tls_list(ctl_t *ctl) {
    const edge_json_value_t *items = NULL;
    ctl_exit_t code = ask(ctl, "GET", "/api/v1/tls/certificates", &items);
    if (code != CTL_OK) {
        return code;
    }
    if (!ctl_print_items(ctl, items)) {
        print_certificates(items, ctl->pool);
    }
    return CTL_OK;
}

static const char *texts_of(const edge_json_value_t *array, apr_pool_t *pool) {
    const char *all = NULL;
    for (const edge_json_value_t *item = array != NULL ? array->first : NULL; item != NULL; item = item->next) {
        all = all != NULL ? apr_pstrcat(pool, all, " ", item->text.at, NULL) : item->text.at;
    }
    return all;
}

static const char *switch_of(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *member = edge_json_in_member(value, name);
    return member == NULL ? NULL : member->truth ? "on" : "off";
}

static void add_fact(ctl_table_t *table, const char *name, const char *value) {
    ctl_table_add(table, name);
    ctl_table_add(table, value);
}

/* By the names of the directives: that is where they are changed. */
static void print_settings(const edge_json_value_t *listener, apr_pool_t *pool) {
    static const char *const heads[] = {"SETTING", "VALUE", NULL};
    const edge_json_value_t *context = edge_json_in_member(listener, "context");
    ctl_table_t *table = ctl_table_make(heads, pool);
    add_fact(table, "TLS", ctl_member_text(listener, "mode"));
    if (context != NULL && context->type == EDGE_JSON_OBJECT) {
        add_fact(table, "require=", ctl_member_text(listener, "require"));
        add_fact(table, "context=",
                 apr_psprintf(pool, "%s, %s:%s", ctl_member_text(context, "name"), ctl_member_text(context, "file"),
                              ctl_member_number(context, "line", pool)));
        add_fact(table, "MinVersion", ctl_member_text(context, "min_version"));
        add_fact(table, "Ciphers", ctl_member_text(context, "ciphers"));
        add_fact(table, "CipherSuites", ctl_member_text(context, "cipher_suites"));
        add_fact(table, "Groups", ctl_member_text(context, "groups"));
        add_fact(table, "SessionTickets", switch_of(context, "session_tickets"));
        add_fact(table, "ClientCertificate", ctl_member_text(context, "client_certificate"));
        add_fact(table, "ClientCA", texts_of(edge_json_in_member(context, "client_ca"), pool));
    }
    ctl_table_print(table, stdout);
}

static void print_handshakes(const edge_json_value_t *handshakes, apr_pool_t *pool) {
    static const char *const heads[] = {"VERSION", "RESULT", ">HANDSHAKES", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *row = handshakes != NULL ? handshakes->first : NULL; row != NULL; row = row->next) {
        ctl_table_add(table, ctl_member_text(row, "version"));
        ctl_table_add(table, ctl_member_text(row, "result"));
        ctl_table_add(table, ctl_member_number(row, "count", pool));
    }
    ctl_table_print(table, stdout);
}

/* LISTENER */
ctl_exit_t ctl_tls_show(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/listeners/", ctl_escape(ctl->arguments[0], ctl->pool), "/tls", NULL);
    ctl_exit_t code = ctl_demand(ctl, "GET", target, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const edge_json_value_t *certificates = edge_json_in_member(answer.document, "certificates");
        print_settings(answer.document, ctl->pool);
        if (certificates != NULL && certificates->count > 0) {
            print_certificates(certificates, ctl->pool);
            print_handshakes(edge_json_in_member(answer.document, "handshakes"), ctl->pool);
        }
    }
    return code;
}

ctl_exit_t ctl_tls_reload(ctl_t *ctl) {
    const edge_json_value_t *items = NULL;
    ctl_exit_t code = ask(ctl, "POST", "/api/v1/tls/reload", &items);
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output == CTL_TABLE) {
        printf("loaded, %u certificates\n", items != NULL ? items->count : 0);
    } else {
        ctl_print_json(items != NULL ? items->raw : edge_span("[]", 2));
    }
    return CTL_OK;
}
