/* Makes credentials of a password, and tests a password against them. */
#include "passwd_make.h"

#include <apr_strings.h>

#include "invocation.h"
#include "passwd_input.h"
#include "proto/conf_report.h"
#include "proto/password_file.h"

static const struct {
    const char *name;
    edge_password_kind_t kind;
    const char *prefix; /* of crypt(3) */
} methods[] = {
    {"scram", EDGE_PASSWORD_SCRAM_SHA_256, NULL}, {"yescrypt", EDGE_PASSWORD_CRYPT, "$y$"},
    {"sha512", EDGE_PASSWORD_CRYPT, "$6$"},       {"bcrypt", EDGE_PASSWORD_CRYPT, "$2b$"},
    {"plain", EDGE_PASSWORD_PLAIN, NULL},
};

#define BCRYPT_LOOKS_AT 72 /* octets; it is silent about the rest */

static const char *method_at(const void *context, unsigned index) {
    (void)context;
    return index < EDGE_COUNT(methods) ? methods[index].name : NULL;
}

const char *ctl_passwd_methods(apr_pool_t *pool) {
    const char *all = "";
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        all = apr_pstrcat(pool, all, i > 0 ? ", " : "", methods[i].name, NULL);
    }
    return all;
}

static bool add_method(edge_span_t name, unsigned *bits, apr_pool_t *pool) {
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        if (edge_span_equal_nocase(name, edge_span_of(methods[i].name))) {
            *bits |= 1u << i;
            return true;
        }
    }
    const char *near = edge_conf_nearest(name, method_at, NULL);
    ctl_say("there is no method \"%s\"%s%s%s; there are %s", edge_span_copy(pool, name).at,
            near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "",
            ctl_passwd_methods(pool));
    return false;
}

/* A second hash of crypt(3) would never be looked at. */
static bool is_sensible(unsigned bits) {
    unsigned hashes = 0;
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        hashes += (bits & (1u << i)) != 0 && methods[i].kind == EDGE_PASSWORD_CRYPT;
    }
    if (hashes > 1) {
        ctl_say("--method takes one of yescrypt, sha512 and bcrypt, beside scram and plain");
    }
    return hashes <= 1;
}

bool ctl_passwd_method_bits(const char *list, unsigned *bits, apr_pool_t *pool) {
    edge_span_t rest = edge_span_of(list);
    *bits = 0;
    for (;;) {
        const char *comma = rest.len > 0 ? memchr(rest.at, ',', rest.len) : NULL;
        edge_span_t name = comma != NULL ? edge_span(rest.at, (size_t)(comma - rest.at)) : rest;
        if (!add_method(name, bits, pool)) {
            return false;
        }
        if (comma == NULL) {
            return is_sensible(*bits);
        }
        rest = edge_span_after(rest, name.len + 1);
    }
}

bool ctl_passwd_suits(unsigned bits, const char *password) {
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        if ((bits & (1u << i)) != 0 && strcmp(methods[i].name, "bcrypt") == 0 && strlen(password) > BCRYPT_LOOKS_AT) {
            ctl_say("bcrypt looks at the first %d octets only; this password is longer", BCRYPT_LOOKS_AT);
            return false;
        }
    }
    return true;
}

static const char *make(unsigned method, const char *password, uint32_t iterations, apr_pool_t *pool) {
    char text[EDGE_PASSWORD_HASH_MOST + 1 + EDGE_PASSWORD_FILE_SCRAM_SIZE];
    edge_span_t secret = edge_span_of(password);
    edge_scram_t scram;
    if (methods[method].kind == EDGE_PASSWORD_CRYPT) {
        return edge_password_crypt_make(methods[method].prefix, secret, text) ? apr_pstrdup(pool, text) : NULL;
    }
    if (methods[method].kind == EDGE_PASSWORD_SCRAM_SHA_256) {
        bool good = edge_password_scram_make(&scram, iterations, secret);
        if (good) {
            edge_password_file_scram(&scram, text, sizeof text);
        }
        return good ? apr_pstrdup(pool, text) : NULL;
    }
    char *escaped = apr_pcalloc(pool, 2 * secret.len + 1);
    edge_password_file_escape(secret, escaped);
    return apr_pstrcat(pool, "{PLAIN}", escaped, NULL);
}

edge_span_t ctl_passwd_lines(const char *user, edge_span_t identity, const char *password, unsigned bits,
                             uint32_t iterations, apr_pool_t *pool) {
    const char *lines = "", *behind = identity.at != NULL ? edge_span_copy(pool, identity).at : "";
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        if ((bits & (1u << i)) == 0) {
            continue;
        }
        const char *credential = make(i, password, iterations, pool);
        if (credential == NULL) {
            ctl_say("no credential by %s can be made here", methods[i].name);
            return EDGE_NO_SPAN;
        }
        lines = apr_pstrcat(pool, lines, user, ":", credential, identity.at != NULL ? ":" : "", behind, "\n", NULL);
    }
    return edge_span_of(lines);
}

bool ctl_passwd_fits(const edge_password_line_t *line, const char *password, apr_pool_t *pool) {
    edge_span_t given = edge_span_of(password);
    if (line->kind == EDGE_PASSWORD_CRYPT) {
        return edge_password_crypt_verify(edge_span_copy(pool, line->credential).at, given);
    }
    if (line->kind == EDGE_PASSWORD_SCRAM_SHA_256) {
        return edge_password_scram_verify(&line->scram, given);
    }
    char secret[EDGE_PASSWORD_FILE_LINE_MOST];
    size_t len = edge_password_file_unescape(line->secret, secret);
    char *prepared = ctl_passwd_prepare(edge_span(secret, len));
    bool fits = prepared != NULL && edge_password_equal(edge_span_of(prepared), given);
    edge_password_wipe(secret, sizeof secret);
    edge_password_forget(prepared);
    return fits;
}

const char *ctl_passwd_kind(const edge_password_line_t *line, apr_pool_t *pool) {
    if (line->kind != EDGE_PASSWORD_CRYPT) {
        return line->kind == EDGE_PASSWORD_PLAIN ? "plain" : "scram";
    }
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++) {
        if (methods[i].prefix != NULL && edge_span_starts_nocase(line->credential, edge_span_of(methods[i].prefix))) {
            return methods[i].name;
        }
    }
    const char *end = memchr(line->credential.at + 1, '$', line->credential.len - 1);
    return end != NULL ? apr_pstrndup(pool, line->credential.at, (size_t)(end - line->credential.at) + 1) : "crypt";
}
