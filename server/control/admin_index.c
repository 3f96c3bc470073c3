/* The index of the admin's routes: the rows themselves. */
#include "control/admin_priv.h"
#include "core/core_conf.h"

static const char *kind_name(edge_admin_kind_t kind) {
    static const char *const names[] = {"text", "number", "word", "switch", "seconds", "object",
                                        "any",  "time",   "list", "texts",  "numbers", "map"};
    return names[kind];
}

static void put_members(edge_json_t *json, const char *key, const edge_admin_argument_t *rows) {
    edge_json_key(json, key);
    edge_json_array(json);
    for (const edge_admin_argument_t *row = rows; row != NULL && row->name != NULL; row++) {
        edge_json_object(json);
        edge_json_put_string(json, "name", row->name);
        edge_json_put_string(json, "kind", kind_name(row->kind));
        edge_json_put_bool(json, "required", row->required);
        edge_json_put_string(json, "prose", row->prose);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_flags(edge_json_t *json, unsigned flags) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{EDGE_ADMIN_TAKES_REASON, "takes-reason"},
                 {EDGE_ADMIN_NEEDS_REASON, "needs-reason"},
                 {EDGE_ADMIN_NEEDS_MATCH, "needs-match"},
                 {EDGE_ADMIN_DRY_RUN, "dry-run"},
                 {EDGE_ADMIN_PUBLIC, "public"}};
    edge_json_key(json, "flags");
    edge_json_array(json);
    for (size_t i = 0; i < EDGE_COUNT(names); i++) {
        if ((flags & names[i].bit) != 0) {
            edge_json_text(json, edge_span_of(names[i].name), 0);
        }
    }
    edge_json_array_end(json);
}

static void put_route(edge_json_t *json, const edge_admin_route_t *route) {
    edge_json_object(json);
    edge_json_put_string(json, "method", route->method);
    edge_json_put_string(json, "path", route->path);
    edge_json_put_string(json, "role", edge_admin_role_name(route->role));
    edge_json_put_string(json, "prose", route->prose);
    put_members(json, "arguments", route->arguments);
    put_members(json, "body", route->body);
    put_flags(json, route->flags);
    edge_json_object_end(json);
}

void edge_admin_index(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    const edge_admin_route_t *route;
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_json_object(json);
    edge_json_put_string(json, "role", edge_admin_role_name(request->role));
    edge_json_put_string(json, "who", request->who);
    edge_json_put_string(json, "version", EDGE_VERSION);
    edge_json_put_text(json, "host", edge_core_server_conf(snapshot)->server_name, 0);
    edge_snapshot_drop(snapshot);
    edge_json_key(json, "routes");
    edge_json_array(json);
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++) {
        put_route(json, route);
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
}
