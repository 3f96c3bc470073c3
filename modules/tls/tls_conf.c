/* What may be written about TLS: directive rows and their setters. */
#include "tls.h"

#define SLOT(member) offsetof(tls_conf_t, member)
#define CONTEXT EDGE_IN(TLSCONTEXT)

static const char *const version_words[] = {"TLSv1.2", "TLSv1.3", NULL};
static const char *const client_words[] = {"off", "request", "require", NULL};
static const char *const listener_words[] = {"context", "require", NULL};
static const char *const mode_words[] = {"off", "starttls", "immediate", NULL};
static const char *const require_words[] = {"nothing", "auth", "all", NULL};

const char *tls_conf_min_version(const tls_conf_t *conf) { return version_words[conf->min_version]; }
const char *tls_conf_client(const tls_conf_t *conf) { return client_words[conf->client]; }
const char *tls_conf_require(edge_tls_require_t require) { return require_words[require]; }

static int index_of(edge_span_t text, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (edge_span_equal_nocase(text, edge_span_of(words[i])))
            return i;
    return -1;
}

/* Certificate, CertificateKey, ClientCA, Staple: one PATH a line, as many lines as are needed. */
static bool set_file(const edge_conf_line_t *line, void *conf) {
    tls_files_t *files = (tls_files_t *)(void *)((char *)conf + line->row->slot);
    if (line->count != 1 || line->arguments[0].text.len == 0) {
        edge_conf_error(line, 0, "EDG10819", "%s needs one path, got %u words", line->row->name, line->count);
        return false;
    }
    if (files->count == TLS_FILES_MOST) {
        edge_conf_error(line, 0, "EDG10818", "more than %d of %s in one <TLSContext>", TLS_FILES_MOST, line->row->name);
        return false;
    }
    files->at[files->count++] = (tls_file_t){edge_conf_path(line, line->arguments[0].text), line->node};
    return true;
}

static bool set_one_option(const edge_conf_line_t *line, unsigned argument, tls_listener_conf_t *listener) {
    edge_span_t key, value, text = line->arguments[argument].text;
    bool pair = edge_conf_split_pair(text, &key, &value);
    if (pair && edge_span_equal_nocase(key, edge_span_of("context")) && value.len > 0) {
        listener->context = edge_span_copy(line->pool, value);
        return true;
    }
    int require = pair && edge_span_equal_nocase(key, edge_span_of("require")) ? index_of(value, require_words) : -1;
    if (require <= 0) {
        edge_conf_error(line, argument, "EDG10800",
                        "TLS takes context=NAME, require=auth or require=all behind the mode, got \"%s\"", text.at);
        return false;
    }
    listener->require = (edge_tls_require_t)require;
    return true;
}

/* TLS off | starttls | immediate [context=NAME] [require=auth|all] */
static bool set_tls(const edge_conf_line_t *line, void *conf) {
    tls_listener_conf_t *listener = (tls_listener_conf_t *)conf;
    int mode = line->count > 0 ? index_of(line->arguments[0].text, mode_words) : -1;
    bool good = mode >= 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10800", "TLS is off, starttls or immediate, got \"%s\"",
                        line->count ? line->arguments[0].text.at : "");
    *listener = (tls_listener_conf_t){.context = edge_span_of("default"), .written = line->node != NULL};
    for (unsigned i = 1; i < line->count; i++)
        good &= set_one_option(line, i, listener);
    listener->mode = good ? (edge_tls_mode_t)mode : EDGE_TLS_OFF;
    return good;
}

const edge_directive_t tls_directives[] = {
    {.name = "TLS",
     .scopes = EDGE_IN(LISTENER),
     .type = EDGE_CONF_CUSTOM,
     .initial = "off",
     .words = listener_words,
     .set = set_tls,
     .when = EDGE_WHEN_RELOAD,
     .usage = "off | starttls | immediate [context=NAME] [require=auth|all]",
     .prose =
         "How connections of this listener are encrypted: not at all, when the client says STARTTLS, or from the "
         "first octet on, as on port 465. The certificates are those of the <TLSContext> NAME, default when none is "
         "named. Before STARTTLS, require=auth refuses AUTH and require=all refuses every command but EHLO, HELO, "
         "NOOP, STARTTLS and QUIT, with 530 5.7.0."},
    {.name = "Certificate",
     .scopes = CONTEXT,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(certificates),
     .set = set_file,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "A certificate in PEM form: the server's own, then those that lead to a root, in this order. It may be "
              "repeated: for one name with keys of several kinds (RSA and ECDSA), of which the client gets the one it "
              "understands, and for several names, of which the client says the one it wants; names and wildcards are "
              "taken from the certificates. The first one is for clients that say no name. Changed files are noticed "
              "within seconds and are put in force when all of them are good; edgectl tls reload does it at once."},
    {.name = "CertificateKey",
     .scopes = CONTEXT,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(keys),
     .set = set_file,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "The private key in PEM form, without a passphrase, of the certificate that stands at the same place: the "
         "first key belongs to the first certificate. Only root needs to be able to read it."},
    {.name = "MinVersion",
     .scopes = CONTEXT,
     .type = EDGE_CONF_WORD,
     .slot = SLOT(min_version),
     .initial = "TLSv1.2",
     .words = version_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "TLSv1.2 | TLSv1.3",
     .prose = "The oldest version of TLS that is spoken. Older ones than 1.2 are never spoken."},
    {.name = "Ciphers",
     .scopes = CONTEXT,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(ciphers),
     .initial = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305",
     .when = EDGE_WHEN_RELOAD,
     .usage = "LIST",
     .prose = "Ciphers of TLS 1.2, separated by colons, as OpenSSL names them, the preferred one first; a client that "
              "prefers ChaCha20 gets it."},
    {.name = "CipherSuites",
     .scopes = CONTEXT,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(suites),
     .initial = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
     .when = EDGE_WHEN_RELOAD,
     .usage = "LIST",
     .prose = "Cipher suites of TLS 1.3, separated by colons, the preferred one first; a client that prefers ChaCha20 "
              "gets it."},
    {.name = "Groups",
     .scopes = CONTEXT,
     .type = EDGE_CONF_TEXT,
     .slot = SLOT(groups),
     .initial = "X25519:P-256:P-384",
     .when = EDGE_WHEN_RELOAD,
     .usage = "LIST",
     .prose = "Groups for the exchange of keys, separated by colons, the preferred one first."},
    {.name = "SessionTickets",
     .scopes = CONTEXT,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(tickets),
     .initial = "on",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose =
         "Whether a client keeps its session itself, sealed under keys that live in this server's memory only: a key "
         "seals for one hour, opens for two more, and is never written anywhere, so a ticket opens nothing later. "
         "With off, up to 4096 sessions are kept here instead. Clients can resume either way, for two hours; a "
         "reload of the whole server ends that."},
    {.name = "ClientCertificate",
     .scopes = CONTEXT,
     .type = EDGE_CONF_WORD,
     .slot = SLOT(client),
     .initial = "off",
     .words = client_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "off | request | require",
     .prose = "Whether a client is asked for a certificate. With request, one that is missing or that ClientCA has not "
              "signed counts as none; with require, the handshake fails without a good one. The subject of a good one "
              "stands in the session and serves AUTH EXTERNAL."},
    {.name = "ClientCA",
     .scopes = CONTEXT,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(client_cas),
     .set = set_file,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "Certificates in PEM form of those who sign client certificates. Nobody else is believed, least of all the "
         "roots this machine knows."},
    {.name = "Staple",
     .scopes = CONTEXT,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(staples),
     .set = set_file,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "An OCSP response in DER form that is sent to clients that ask, as long as it is in date. It belongs to the "
         "certificate it speaks of; whoever renews the file needs to tell nobody."},
    {.name = NULL},
};
