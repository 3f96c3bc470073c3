/* tls and tls reload: the certificates of the running server. */
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
