/* The HTTP edge as a module: its struct, at the bottom, says what it offers. */
#include "http_edge.h"

EDGE_LOG_AREA(http_log, "http_edge")

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(http_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(http_conf_t)},
    {0, 0},
};

static const edge_provider_row_t providers[] = {
    {"protocol", "http", &http_protocol, "HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112): a message by one POST."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(http_edge) = {
    .summary = "takes mail in by HTTP",
    .structs = structs,
    .directives = http_directives,
    .providers = providers,
};
