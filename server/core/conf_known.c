/* Which module brings which directive, for those that are fixed. */
#include "core/conf_known.h"

static const struct {
    const char *module, *directive;
} known[] = {
    {"smtp_edge", "Banner"},
    {"smtp_edge", "MaxErrors"},
    {"smtp_edge", "BareNewline"},
    {"smtp_edge", "Extensions"},
    {"http_edge", "HttpPath"},
    {"http_edge", "HttpPartial"},
    {"http_edge", "HttpHeaders"},
    {"http_edge", "HttpAuth"},
    {"http_edge", "HttpBareNewline"},
    {"tls", "TLS"},
    {"tls", "Certificate"},
    {"tls", "CertificateKey"},
    {"tls", "MinVersion"},
    {"tls", "Ciphers"},
    {"tls", "CipherSuites"},
    {"tls", "Groups"},
    {"tls", "SessionTickets"},
    {"tls", "ClientCertificate"},
    {"tls", "ClientCA"},
    {"tls", "Staple"},
    {"auth_sasl", "Auth"},
    {"auth_sasl", "AuthInsecure"},
    {"auth_sasl", "AuthFailures"},
    {"queue_spool", "Spool"},
    {"queue_spool", "SpoolMax"},
    {"queue_spool", "SpoolMinFree"},
    {"queue_spool", "BodyMemory"},
    {"relay", "Relay"},
    {"relay", "Retry"},
    {"relay", "Expire"},
    {"lua", "LuaScript"},
    {"lua", "LuaQueue"},
    {"lua", "LuaMemory"},
    {"lua", "LuaInstructions"},
    {"require", "Require"},
    {"relay_domains", "Domains"},
    {"access", "Access"},
    {"admin", "AllowedHosts"},
    {"admin", "Console"},
    {"admin", "ConsoleFiles"},
    {"admin", "MaxStreams"},
    {"admin", "RequestRate"},
    {"admin", "CertificateRole"},
    {"admin", "Insecure"},
    {"rate", "Rate"},
};

const char *edge_conf_known_module(edge_span_t directive) {
    for (unsigned i = 0; i < EDGE_COUNT(known); i++)
        if (edge_span_equal_nocase(directive, edge_span_of(known[i].directive)))
            return known[i].module;
    return NULL;
}

const char *edge_conf_known_module_at(unsigned index) { return index < EDGE_COUNT(known) ? known[index].module : NULL; }

bool edge_conf_known_is_module(edge_span_t name) {
    for (unsigned i = 0; i < EDGE_COUNT(known); i++)
        if (edge_span_equal(name, edge_span_of(known[i].module)))
            return true;
    return false;
}
