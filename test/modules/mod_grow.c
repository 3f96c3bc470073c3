/* A test module: adds a listener for each line of a file, ADDRESS:PORT, to the configuration. */
#include <apr_strings.h>

#include "edge_conf_grow.h"
#include "edge_module.h"

static void add_listener(edge_conf_check_t *check, edge_conf_origin_t origin, edge_span_t address) {
    apr_pool_t *pool = edge_conf_grow_pool(check);
    const char *words[] = {edge_span_copy(pool, address).at};
    edge_conf_node_t *listener = edge_conf_grow_add_section(check, edge_conf_grow_root(check), origin, "Listener",
                                                            apr_psprintf(pool, "grown%u", origin.line));
    edge_conf_grow_add(check, listener, origin, "Listen", words, 1);
    edge_conf_grow_add(check, listener, origin, "Protocol", (const char *const[]){"smtp"}, 1);
    edge_conf_grow_add(check, listener, origin, "Queue", (const char *const[]){"main"}, 1);
}

static void expand(edge_conf_check_t *check) {
    const edge_conf_node_t *named = edge_conf_grow_directive(edge_conf_grow_root(check), NULL, "GrowListeners");
    const edge_conf_file_t *file = named ? edge_conf_grow_read(check, named) : NULL;
    edge_span_t rest = file ? edge_conf_grow_file_text(file) : edge_span_of("");
    for (unsigned line = 1; rest.len > 0; line++) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.at) : rest.len;
        if (len > 0)
            add_listener(check, (edge_conf_origin_t){file, line}, edge_span(rest.at, len));
        rest = edge_span_after(rest, end ? len + 1 : len);
    }
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(edge_span_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "GrowListeners",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_PATH,
     .slot = 0,
     .usage = "PATH",
     .prose = "A file with an ADDRESS:PORT in each line."},
    {.name = NULL},
};

EDGE_MODULE(grow) = {
    .summary = "adds listeners, for the tests",
    .structs = structs,
    .directives = directives,
    .expand = expand,
};
