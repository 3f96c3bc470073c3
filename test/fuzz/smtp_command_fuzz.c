/* Arbitrary bytes as command lines: results lie in the line, lines are the same in every cut. */
#include <stdlib.h>

#include "proto/smtp_bdat.h"
#include "proto/smtp_command.h"
#include "proto/smtp_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static void inside(edge_span_t part, edge_span_t whole) {
    MUST(!part.at || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

static void check(edge_reply_row_t row, const edge_smtp_envelope_command_t *command, edge_span_t line) {
    MUST(row < EDGE_R_COUNT);
    inside(command->about, line);
    MUST(command->parameters.count <= EDGE_SMTP_PARAMETERS_MOST);
    if (row != EDGE_R_OK)
        return;
    inside(command->address.mailbox, line);
    for (unsigned i = 0; i < command->parameters.count; i++) {
        inside(command->parameters.list[i].value, line);
        for (unsigned j = 0; j < i; j++)
            MUST(!edge_span_equal(command->parameters.list[i].name, command->parameters.list[j].name));
    }
}

static void arguments(edge_span_t line) {
    edge_parameter_t room[EDGE_SMTP_PARAMETERS_MOST];
    edge_smtp_envelope_command_t out;
    edge_smtp_bdat_t bdat;
    edge_smtp_command_t command = edge_smtp_command_split(line);
    inside(command.verb, line);
    inside(command.argument, line);
    edge_smtp_verb_index(command.verb);
    check(edge_smtp_command_mail(command.argument, EDGE_X_ALL, room, &out), &out, line);
    check(edge_smtp_command_rcpt(command.argument, EDGE_X_ALL, room, &out), &out, line);
    check(edge_smtp_command_mail(command.argument, EDGE_X_BIT(SIZE), room, &out), &out, line);
    if (edge_smtp_bdat_parse(command.argument, &bdat))
        MUST(bdat.left == bdat.size && edge_smtp_bdat_part(&bdat, line).len <= bdat.left);
    if (edge_smtp_command_hello_name(command.argument))
        MUST(command.argument.len >= 1 && command.argument.len <= 255);
}

#define MOST 40

/* What a reader in pieces of `cut` finds: lines and their kinds as one number. */
static uint64_t lines(edge_span_t text, size_t cut) {
    uint64_t digest = 0;
    bool skipping = false, after_cr = false;
    size_t shown = 0;
    while (shown < text.len) {
        shown = text.len - shown < cut ? text.len : shown + cut;
        edge_span_t input = edge_span(text.at, shown), line;
        for (;;) {
            if (skipping && !edge_smtp_line_skip(&input, &after_cr))
                break;
            if (skipping)
                digest = digest * 31 + 7;
            skipping = false;
            edge_smtp_line_result_t result = edge_smtp_line_take(&input, MOST, &line);
            if (result == EDGE_SMTP_LINE_PARTIAL)
                break;
            skipping = result == EDGE_SMTP_LINE_TOO_LONG;
            after_cr = false;
            digest = digest * 31 + (unsigned)result;
            if (skipping)
                continue;
            MUST(line.len + 2 <= MOST && line.at[line.len] == '\r' && line.at[line.len + 1] == '\n');
            digest = digest * 31 + line.len;
        }
        size_t eaten = shown - input.len;
        text = edge_span_after(text, eaten);
        shown -= eaten;
    }
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1);
    if (size)
        memcpy(copy, data, size);
    edge_span_t text = edge_span(copy, size);
    arguments(text);
    uint64_t whole = lines(text, size + 1);
    MUST(lines(text, 1) == whole && lines(text, 7) == whole);
    free(copy);
    return 0;
}
