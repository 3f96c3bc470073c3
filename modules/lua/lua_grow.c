/* What a script has asked for becomes directives and sections. */
#include <apr_strings.h>

#include "lua_script.h"
#include "proto/conf_report.h"

static const char *const phase_names[] = {
#define EDGE_PHASE(name, success, prose) [EDGE_PHASE_##name] = #name,
#include "tbl/phases.def"
#undef EDGE_PHASE
};

/* Sections by the node they were made as. Made and asked for while loading, on one thread. */
typedef struct grown {
    struct grown *next;
    const edge_conf_node_t *node;
    elua_handler_t handler;
    elua_auth_t *auth;
} grown_t;

static grown_t *first;

static apr_status_t forget(void *memory) {
    grown_t **link = &first;
    while (*link && *link != memory)
        link = &(*link)->next;
    if (*link)
        *link = (*link)->next;
    return APR_SUCCESS;
}

static grown_t *remember(elua_record_t *record, const edge_conf_node_t *node) {
    grown_t *grown = apr_pcalloc(record->pool, sizeof(*grown));
    grown->node = node;
    grown->next = first;
    first = grown;
    apr_pool_cleanup_register(record->pool, grown, forget, apr_pool_cleanup_null);
    return grown;
}

static grown_t *find(const edge_conf_node_t *node) {
    grown_t *grown = first;
    while (grown && grown->node != node)
        grown = grown->next;
    return grown;
}

const elua_handler_t *elua_grown_handler(const edge_conf_node_t *node) {
    const grown_t *grown = find(node);
    return grown && grown->handler.script ? &grown->handler : NULL;
}

elua_auth_t *elua_grown_auth(const edge_conf_node_t *node) {
    const grown_t *grown = find(node);
    return grown ? grown->auth : NULL;
}

/* Directives of a listener */

void elua_grow_set(elua_record_t *record, elua_object_t *object, edge_conf_origin_t origin, const char *name,
                   const char *const *arguments, unsigned count) {
    for (edge_conf_node_t *before; (before = edge_conf_grow_directive(object->listener, NULL, name)) != NULL;) {
        edge_conf_origin_t old = edge_conf_grow_origin(before);
        if (old.file != record->file)
            edge_conf_grow_warn(record->check, old, "EDG20990",
                                "%s is set by the script, %s:%u: this line does nothing", name,
                                edge_conf_grow_file_path(origin.file), origin.line);
        edge_conf_grow_remove(before);
    }
    edge_conf_grow_add(record->check, object->listener, origin, name, arguments, count);
}

static void add_one(elua_record_t *record, edge_conf_node_t *section, edge_conf_origin_t origin, const char *name,
                    const char *argument) {
    edge_conf_grow_add(record->check, section, origin, name, &argument, 1);
}

/* Certificates */

static void grow_context(elua_record_t *record, const elua_context_t *context) {
    edge_conf_node_t *root = edge_conf_grow_root(record->check);
    edge_conf_node_t *section =
        edge_conf_grow_add_section(record->check, root, context->origin, "TLSContext", context->name);
    for (unsigned i = 0; i < context->count; i++) {
        add_one(record, section, context->loaded, "Certificate", context->certificates[i]);
        add_one(record, section, context->loaded, "CertificateKey", context->keys[i]);
    }
    if (context->authorities)
        add_one(record, section, context->origin, "ClientCA", context->authorities);
    if (context->client)
        add_one(record, section, context->origin, "ClientCertificate", context->client);
}

static void grow_tls(elua_record_t *record, elua_object_t *object) {
    const char *words[] = {object->immediate ? "immediate" : "starttls",
                           apr_pstrcat(record->pool, "context=", object->tls->name, NULL)};
    elua_grow_set(record, object, object->tls_origin, "TLS", words, EDGE_COUNT(words));
}

/* Authentication */

static void grow_backend(elua_record_t *record, elua_auth_t *auth) {
    edge_conf_node_t *root = edge_conf_grow_root(record->check);
    edge_conf_node_t *section =
        edge_conf_grow_add_section(record->check, root, auth->origin, "AuthBackend", auth->name);
    add_one(record, section, auth->origin, "Type", "lua");
    remember(record, section)->auth = auth;
}

/* A script says how clients may authenticate, not that they need not. */
static bool is_required(elua_record_t *record, const elua_object_t *object) {
    const edge_conf_node_t *written = edge_conf_grow_directive(object->listener, NULL, "Auth");
    if (!written)
        written = edge_conf_grow_directive(edge_conf_grow_root(record->check), NULL, "Auth");
    return written && edge_span_equal_nocase(edge_conf_grow_argument(written, 0), edge_span_of("required"));
}

static void grow_auth(elua_record_t *record, elua_object_t *object) {
    const elua_auth_t *auth = object->auth;
    const char *names = "";
    for (unsigned i = 0; i < auth->count; i++)
        names = apr_pstrcat(record->pool, names, i ? "," : "", auth->mechanisms[i].name, NULL);
    const char *words[] = {is_required(record, object) ? "required" : "on",
                           apr_pstrcat(record->pool, "backend=", auth->name, NULL),
                           apr_pstrcat(record->pool, "mechanisms=", names, NULL)};
    if (auth->count == 0)
        edge_conf_grow_error(record->check, auth->origin, "EDG10991",
                             "enable_authentication needs an object with a mechanism: call its add_mechanism");
    else
        elua_grow_set(record, object, object->auth_origin, "Auth", words, EDGE_COUNT(words));
}

/* Validators */

static edge_conf_node_t *on_section(elua_record_t *record, const elua_object_t *object, edge_conf_origin_t origin,
                                    const char *phase) {
    edge_conf_node_t *last = NULL;
    for (edge_conf_node_t *on = NULL; (on = edge_conf_grow_section(object->listener, on, "On")) != NULL;)
        if (edge_span_equal_nocase(edge_conf_grow_argument(on, 0), edge_span_of(phase)))
            last = on;
    return last ? last : edge_conf_grow_add_section(record->check, object->listener, origin, "On", phase);
}

/* Whoever wants it at another place, or in shadow, writes the Validate line. */
static bool is_bound(const elua_object_t *object, const char *phase, const char *validator) {
    for (edge_conf_node_t *on = NULL; (on = edge_conf_grow_section(object->listener, on, "On")) != NULL;)
        for (edge_conf_node_t *line = NULL; (line = edge_conf_grow_directive(on, line, "Validate")) != NULL;)
            if (edge_span_equal_nocase(edge_conf_grow_argument(on, 0), edge_span_of(phase)) &&
                edge_span_equal(edge_conf_grow_argument(line, 0), edge_span_of(validator)))
                return true;
    return false;
}

static void grow_validator(elua_record_t *record, elua_object_t *object, unsigned number, unsigned phase) {
    edge_conf_origin_t origin = object->validators[phase];
    const char *name = apr_psprintf(record->pool, "lua:%s:%s", object->name, phase_names[phase]);
    edge_conf_node_t *section =
        edge_conf_grow_add_section(record->check, edge_conf_grow_root(record->check), origin, "Validator", name);
    add_one(record, section, origin, "Module", "lua_module");
    remember(record, section)->handler = (elua_handler_t){.script = record->script, .object = number};
    if (!is_bound(object, phase_names[phase], name))
        add_one(record, on_section(record, object, origin, phase_names[phase]), origin, "Validate", name);
}

void elua_grow_all(elua_record_t *record) {
    for (unsigned i = 0; i < record->object_count; i++) {
        elua_object_t *object = record->objects[i];
        if (object->tls)
            grow_tls(record, object);
        if (object->auth)
            grow_auth(record, object);
        for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
            if (object->validators[phase].file)
                grow_validator(record, object, i, phase);
    }
    for (const elua_context_t *context = record->contexts; context; context = context->next)
        if (context->used)
            grow_context(record, context);
    for (elua_auth_t *auth = record->auths; auth; auth = auth->next)
        if (auth->used && auth->count > 0)
            grow_backend(record, auth);
}
