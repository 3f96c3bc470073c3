/* A validator of header fields: required ones, forbidden ones, doubled ones, patterns, sizes, loops. */
#include "headers.h"

#define SLOT(member) offsetof(headers_conf_t, member)

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(headers_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Header",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = headers_set_rule,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "required FIELD... | forbidden FIELD... | once FIELD... | match FIELD /REGEX/[i] [CODE [ENHANCED] TEXT]",
     .prose = "A rule, judged in the order written. required: each field must be there. forbidden: none may be. once: "
              "none may be there twice (RFC 5322 3.6 wants that of From, Sender, Reply-To, To, Cc, Bcc, Message-Id, "
              "In-Reply-To, References, Subject and Date). match: a field whose value, folds taken out, matches the "
              "pattern is refused, by 550 5.7.1 or in the words behind it. The others refuse by 550 5.6.0. A "
              "pattern that takes too long is an error of the validator."},
    {.name = "HeaderCount",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(count_most),
     .initial = "0",
     .max = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "More fields than that are refused with 550 5.6.0; 0 is no bound."},
    {.name = "HeaderSize",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SIZE,
     .slot = SLOT(size_most),
     .initial = "none",
     .max = EDGE_HEADERS_MOST,
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE | none",
     .prose = "A larger header block is refused with 552 5.3.4; one of over 256 KiB always is."},
    {.name = "HeaderLine",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(line_most),
     .initial = "0",
     .max = 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose =
         "A longer line in the header, without its line end, is refused with 550 5.6.0; RFC 5322 2.1.1 allows 998. 0 "
         "is no bound."},
    {.name = "ReceivedLoop",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(loop_most),
     .initial = "0",
     .max = 1000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "A message that more Received fields than that say to have come to our ServerName before is refused with "
              "554 5.4.6; 0 does not look."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_HAVE_DATA,
     .name = "fields",
     .kind = EDGE_CHECK_INLINE,
     .function = headers_check,
     .prose = "Judges the header block of a message that is complete."},
    {.name = NULL},
};

static void check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const headers_conf_t *conf = edge_section_conf(section, &headers_module);
        if (edge_validator_is_of(section, &headers_module) && conf->rule_count == 0 && !conf->count_most &&
            !conf->size_most && !conf->line_most && !conf->loop_most)
            edge_conf_error_in(check, section, "Module", "EDG10947",
                               "<Validator %s> has no rule: write Header, HeaderCount, HeaderSize, HeaderLine or "
                               "ReceivedLoop",
                               section->name.at);
    }
}

EDGE_MODULE(headers) = {
    .summary = "refuses messages by their header fields",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = check,
};
