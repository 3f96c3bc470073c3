/* Arbitrary lines of a password file: parts lie inside the line, and what is sound is written again as it was read. */
#include "proto/password_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth) {
    if (!truth)
        abort();
}

static void check_inside(edge_span_t text, edge_span_t part) {
    check(!part.at || (part.at >= text.at && part.at + part.len <= text.at + text.len));
}

/* The number may have been written with zeros in front. */
static void check_scram(const edge_password_line_t *line) {
    char again[2 + EDGE_PASSWORD_FILE_SCRAM_SIZE] = "u:";
    edge_password_line_t back;
    edge_password_file_scram(&line->scram, again + 2, EDGE_PASSWORD_FILE_SCRAM_SIZE);
    check(!edge_password_file_line(edge_span_of(again), &back));
    check(back.scram.iterations == line->scram.iterations && back.scram.salt_len == line->scram.salt_len);
    check(memcmp(back.scram.salt, line->scram.salt, line->scram.salt_len) == 0);
    check(memcmp(back.scram.stored_key, line->scram.stored_key, EDGE_SCRAM_KEY_SIZE) == 0);
    check(memcmp(back.scram.server_key, line->scram.server_key, EDGE_SCRAM_KEY_SIZE) == 0);
}

static void check_plain(const edge_password_line_t *line) {
    char *secret = malloc(line->secret.len + 1), *again = malloc(2 * line->secret.len + 1);
    size_t len = edge_password_file_unescape(line->secret, secret);
    check(len > 0 && len <= line->secret.len);
    len = edge_password_file_escape(edge_span(secret, len), again);
    check(edge_span_equal(edge_span(again, len), line->secret));
    free(secret);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t text = edge_span((const char *)data, size);
    edge_password_line_t line;
    const char *why = edge_password_file_line(text, &line);
    if (why) {
        check(!line.user.at);
        return 0;
    }
    if (!line.user.at)
        return 0;
    check_inside(text, line.user);
    check_inside(text, line.credential);
    check_inside(text, line.identity);
    check(!edge_password_file_name(line.user));
    check(!line.identity.at || !edge_password_file_name(line.identity));
    if (line.kind == EDGE_PASSWORD_SCRAM_SHA_256)
        check_scram(&line);
    if (line.kind == EDGE_PASSWORD_PLAIN)
        check_plain(&line);
    return 0;
}
