/* What the admin may ask about certificates. */
#include "tls.h"

#include "edge_audit.h"

static unsigned put_all(edge_json_t *json, apr_pool_t *pool) {
    unsigned count = 0;
    for (tls_context_t *context = tls_context_first(); context; context = context->next) {
        tls_set_t *set = tls_context_take(context);
        for (unsigned i = 0; i < set->pair_count; i++, count++)
            tls_certificate_put(json, set, &set->pairs[i], pool);
        tls_set_drop(set);
    }
    return count;
}

static void put_document(edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_admin_list_start(answer);
    edge_admin_list_end(answer, NULL, put_all(json, answer->pool));
}

static void list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    (void)request;
    put_document(answer);
}

static void reload(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const char *why = NULL;
    EDGE_LOG(&tls_log, EDGE_LOG_NOTICE, 820, "%s asks for the certificates to be loaded anew", request->who);
    bool loaded = tls_reload(answer->pool, &why) == APR_SUCCESS;
    edge_audit(request, "tls.reload", "certificates", NULL, why, loaded ? "done" : "certificates-refused");
    if (loaded)
        put_document(answer);
    else
        edge_admin_problem(answer, 409, "certificates-refused", "The old certificates stay in use: %s", why);
}

static const edge_admin_argument_t list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = tls_certificate_rows, .prose = "Certificates in use."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

const edge_admin_route_t tls_routes[] = {
    {.method = "GET",
     .path = "/api/v1/tls/certificates",
     .role = EDGE_ADMIN_READ,
     .handler = list,
     .answer = list_answer,
     .prose = "Lists the certificates in use: names, issuer, dates, key, files, when they were loaded."},
    {.method = "GET",
     .path = "/api/v1/listeners/{name}/tls",
     .role = EDGE_ADMIN_READ,
     .handler = tls_admin_listener,
     .answer = tls_admin_listener_answer,
     .prose = "The TLS of one listener as it is in force: when, with which settings and certificates, and what came of "
              "handshakes. All of it is written in the files and changed by a reload."},
    {.method = "POST",
     .path = "/api/v1/tls/reload",
     .role = EDGE_ADMIN_OPERATE,
     .handler = reload,
     .answer = list_answer,
     .prose = "Loads all certificates and keys anew and checks them; all are put in force, or none, and then the "
              "answer says "
              "which file is to blame. Open sessions keep what they began with."},
    {.path = NULL},
};
