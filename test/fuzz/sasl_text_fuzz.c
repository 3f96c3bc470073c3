/* Arbitrary bytes as messages of SASL: what is taken apart lies inside the message and is what the mechanism may rely on. */
#include "proto/sasl_text.h"

#include <stdlib.h>

#include "edge_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth) {
    if (!truth)
        abort();
}

static void check_text(edge_span_t message, edge_span_t part, size_t least, size_t most) {
    check(part.at >= message.at && part.at + part.len <= message.at + message.len);
    check(part.len >= least && part.len <= most);
    check(part.len == 0 || (!memchr(part.at, '\0', part.len) && edge_utf8_valid(part)));
}

static void try_plain(edge_span_t message) {
    edge_sasl_plain_t plain;
    if (!edge_sasl_text_plain(message, &plain))
        return;
    check_text(message, plain.authzid, 0, EDGE_SASL_NAME_MOST);
    check_text(message, plain.authcid, 1, EDGE_SASL_NAME_MOST);
    check_text(message, plain.password, 1, EDGE_SASL_PASSWORD_MOST);
    check(plain.authzid.len + plain.authcid.len + plain.password.len + 2 == message.len);
}

static void try_cram(edge_span_t message) {
    uint8_t digest[EDGE_SASL_CRAM_DIGEST];
    edge_span_t user;
    if (!edge_sasl_text_cram(message, &user, digest))
        return;
    check_text(message, user, 1, EDGE_SASL_NAME_MOST);
    check(user.len + 33 == message.len);
}

static void try_scram(edge_span_t message) {
    edge_sasl_scram_t scram;
    if (!edge_sasl_text_scram(message, &scram))
        return;
    check(scram.user[0] != '\0' && strlen(scram.user) <= EDGE_SASL_NAME_MOST);
    check(strlen(scram.authzid) <= EDGE_SASL_NAME_MOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t message = edge_span((const char *)data, size);
    char *decoded = malloc(size / 4 * 3 + 1);
    size_t len = 0;
    try_plain(message);
    try_cram(message);
    try_scram(message);
    if (edge_sasl_text_decode(message, size % 2 == 0, decoded, size / 4 * 3 + 1, &len)) {
        try_plain(edge_span(decoded, len));
        try_cram(edge_span(decoded, len));
        try_scram(edge_span(decoded, len));
    }
    free(decoded);
    return 0;
}
