/* The SMTP edge as a module: its struct, at the bottom, says what it offers. */
#include "smtp_edge.h"

EDGE_LOG_AREA(smtp_log, "smtp_edge")

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(smtp_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(smtp_conf_t)},
    {0, 0},
};

static const edge_provider_row_t providers[] = {
    {"protocol", "smtp", &smtp_protocol, "SMTP (RFC 5321) with the extensions that the listener's queue can carry."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(smtp_edge) = {
    .summary = "takes mail in by SMTP",
    .structs = structs,
    .directives = smtp_directives,
    .providers = providers,
};
