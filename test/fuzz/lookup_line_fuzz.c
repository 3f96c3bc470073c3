/* Arbitrary lines of a list: parts lie inside the line; a key that is sound alone is so with a value; and what a table takes it
 * finds again. */
#include "core/lookup_table.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth) {
    if (!truth)
        abort();
}

static void check_inside(edge_span_t text, edge_span_t part) {
    check(!part.at || (part.at >= text.at && part.at + part.len <= text.at + text.len));
}

static edge_lookup_key_t key_of(const edge_lookup_line_t *line, char *room) {
    size_t len = 0;
    switch (line->form) {
    case EDGE_LOOKUP_FORM_NETWORK:
    case EDGE_LOOKUP_FORM_LITERAL: return edge_lookup_key_address(line->address);
    case EDGE_LOOKUP_FORM_BELOW:
        room[len++] = 'x';
        room[len++] = '.';
        break;
    case EDGE_LOOKUP_FORM_MAILBOX:
    case EDGE_LOOKUP_FORM_LOCAL:
        memcpy(room, line->local.at, line->local.len);
        len = line->local.len;
        room[len++] = '@';
        break;
    default: break;
    }
    if (line->form == EDGE_LOOKUP_FORM_LOCAL)
        room[len++] = 'x';
    if (line->name.len > 0)
        memcpy(room + len, line->name.at, line->name.len);
    len += line->name.len;
    edge_span_t text = edge_span(room, len);
    bool name = line->form == EDGE_LOOKUP_FORM_NAME || line->form == EDGE_LOOKUP_FORM_BELOW;
    return name ? edge_lookup_key_name(text) : edge_lookup_key_mailbox(text);
}

static void check_found(const edge_lookup_line_t *line) {
    char why[EDGE_LOOKUP_WHY], *room = malloc(EDGE_LOOKUP_LINE_MOST + 8);
    edge_lookup_table_t *table = edge_lookup_table_make();
    edge_span_t value;
    if (edge_lookup_table_add(table, line, why)) {
        edge_lookup_key_t key = key_of(line, room);
        check(edge_lookup_table_count(table) == 1);
        check(edge_lookup_table_ask(table, &key, EDGE_LOOKUP_ALL, &value) == EDGE_LOOKUP_YES);
        check(line->value.at ? edge_span_equal(value, line->value) : !value.at);
    }
    edge_lookup_table_drop(table);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t text = edge_span((const char *)data, size);
    edge_lookup_line_t line;
    if (edge_lookup_line(text, &line)) {
        check(line.form == EDGE_LOOKUP_FORM_NOTHING);
        return 0;
    }
    check_inside(text, line.name);
    check_inside(text, line.local);
    check_inside(text, line.regex);
    check_inside(text, line.value);
    check(!line.value.at || line.value.len > 0);
    if (line.form != EDGE_LOOKUP_FORM_NOTHING && line.form != EDGE_LOOKUP_FORM_PATTERN)
        check_found(&line);
    return 0;
}
