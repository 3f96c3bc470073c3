/* The entries of a list: filled once, then asked by anybody. */
#include "core/lookup_table.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/lookup_entries.h"
#include "core/lookup_key.h"
#include "edge_obj.h"
#include "edge_pattern.h"
#include "edge_secret.h"
#include "proto/address.h"

#define TABLE_MAGIC 0x6c6f6f6bu

typedef struct pattern_entry {
    edge_pattern_t *pattern;
    char *value; /* NULL: none */
} pattern_entry_t;

struct edge_lookup_table {
    uint32_t magic;
    _Atomic unsigned counts;
    edge_lookup_entries_t entries;
    pattern_entry_t *patterns;
    unsigned pattern_count, kinds;
    bool below, local; /* there are entries of that form */
};

/* Its life */

edge_lookup_table_t *edge_lookup_table_make(void) {
    static const edge_span_t purpose = EDGE_SPAN("lists");
    edge_lookup_table_t *table = calloc(1, sizeof(*table));
    EDGE_ASSERT(table != NULL);
    EDGE_OBJ_INIT(table, TABLE_MAGIC);
    atomic_store(&table->counts, 1);
    edge_keyed_hash_t secret;
    memcpy(secret.bits, edge_secret(), sizeof(secret.bits));
    table->entries.key = edge_keyed_hash(secret, purpose);
    return table;
}

edge_lookup_table_t *edge_lookup_table_hold(edge_lookup_table_t *table) {
    EDGE_OBJ_CHECK(table, TABLE_MAGIC);
    atomic_fetch_add_explicit(&table->counts, 1, memory_order_relaxed);
    return table;
}

void edge_lookup_table_drop(edge_lookup_table_t *table) {
    EDGE_OBJ_CHECK(table, TABLE_MAGIC);
    if (atomic_fetch_sub_explicit(&table->counts, 1, memory_order_acq_rel) != 1)
        return;
    EDGE_OBJ_CLEAR(table);
    edge_lookup_entries_free(&table->entries);
    for (unsigned i = 0; i < table->pattern_count; i++) {
        edge_pattern_free(table->patterns[i].pattern);
        free(table->patterns[i].value);
    }
    free(table->patterns);
    free(table);
}

unsigned edge_lookup_table_count(const edge_lookup_table_t *table) {
    return table->entries.text_count + table->entries.network_count + table->pattern_count;
}

unsigned edge_lookup_table_kinds(const edge_lookup_table_t *table) { return table->kinds; }

/* Filling */

static bool no_memory(char why[EDGE_LOOKUP_WHY]) {
    apr_cpystrn(why, "there is no memory for so many entries", EDGE_LOOKUP_WHY);
    return false;
}

static bool add_text(edge_lookup_table_t *table, edge_span_t text, edge_span_t value, char why[EDGE_LOOKUP_WHY]) {
    return edge_lookup_entries_add_text(&table->entries, text, value) || no_memory(why);
}

static bool add_plain(edge_lookup_table_t *table, const edge_lookup_line_t *line, bool good,
                      const edge_lookup_plain_t *plain, char why[EDGE_LOOKUP_WHY]) {
    if (good)
        return add_text(table, edge_span(plain->text, plain->len), line->value, why);
    apr_cpystrn(why, "a domain that IDNA does not know", EDGE_LOOKUP_WHY);
    return false;
}

static bool add_name(edge_lookup_table_t *table, const edge_lookup_line_t *line, char why[EDGE_LOOKUP_WHY]) {
    edge_lookup_plain_t plain;
    bool good = edge_lookup_plain_name(line->name, &plain);
    table->kinds |= EDGE_LOOKUP_NAMES;
    if (good && line->form == EDGE_LOOKUP_FORM_BELOW) {
        memmove(plain.text + 1, plain.text, plain.len);
        plain.text[0] = '.';
        plain.len++;
        table->below = true;
    }
    return add_plain(table, line, good, &plain, why);
}

static bool add_mailbox(edge_lookup_table_t *table, const edge_lookup_line_t *line, char why[EDGE_LOOKUP_WHY]) {
    edge_lookup_plain_t plain;
    bool local = line->form == EDGE_LOOKUP_FORM_LOCAL;
    table->kinds |= EDGE_LOOKUP_MAILBOXES;
    table->local |= local;
    return add_plain(table, line, edge_lookup_plain_mailbox(line->local, local ? EDGE_NO_SPAN : line->name, &plain),
                     &plain, why);
}

static bool add_pattern(edge_lookup_table_t *table, const edge_lookup_line_t *line, char why[EDGE_LOOKUP_WHY]) {
    char text[EDGE_PATTERN_WHY];
    size_t at;
    if (table->pattern_count == EDGE_LOOKUP_PATTERNS_MOST) {
        apr_snprintf(why, EDGE_LOOKUP_WHY, "more than %d patterns in one list: each question would try them all",
                     EDGE_LOOKUP_PATTERNS_MOST);
        return false;
    }
    pattern_entry_t *larger = realloc(table->patterns, (table->pattern_count + 1) * sizeof(*larger));
    if (!larger)
        return no_memory(why);
    table->patterns = larger;
    pattern_entry_t *entry = &larger[table->pattern_count];
    *entry = (pattern_entry_t){.pattern = edge_pattern_make(line->regex, line->nocase, text, &at)};
    if (!entry->pattern) {
        apr_snprintf(why, EDGE_LOOKUP_WHY, "the pattern is wrong at its character %" APR_SIZE_T_FMT ": %s", at, text);
        return false;
    }
    table->pattern_count++;
    table->kinds |= EDGE_LOOKUP_PATTERNS;
    if (!line->value.at)
        return true;
    entry->value = strndup(line->value.at, line->value.len);
    return entry->value || no_memory(why);
}

bool edge_lookup_table_add(edge_lookup_table_t *table, const edge_lookup_line_t *line, char why[EDGE_LOOKUP_WHY]) {
    switch (line->form) {
    case EDGE_LOOKUP_FORM_NOTHING: return true;
    case EDGE_LOOKUP_FORM_NETWORK:
    case EDGE_LOOKUP_FORM_LITERAL:
        table->kinds |= line->form == EDGE_LOOKUP_FORM_LITERAL ? EDGE_LOOKUP_LITERALS : EDGE_LOOKUP_ADDRESSES;
        return edge_lookup_entries_add_network(&table->entries, line->address, line->bits, line->value) ||
               no_memory(why);
    case EDGE_LOOKUP_FORM_NAME:
    case EDGE_LOOKUP_FORM_BELOW: return add_name(table, line, why);
    case EDGE_LOOKUP_FORM_MAILBOX:
    case EDGE_LOOKUP_FORM_LOCAL: return add_mailbox(table, line, why);
    case EDGE_LOOKUP_FORM_NULL_PATH:
        table->kinds |= EDGE_LOOKUP_MAILBOXES;
        return add_text(table, edge_span_of("<>"), line->value, why);
    case EDGE_LOOKUP_FORM_PATTERN: return add_pattern(table, line, why);
    }
    return false;
}

bool edge_lookup_table_fill(edge_lookup_table_t *table, edge_span_t text, edge_lookup_complain_fn *complain,
                            void *context) {
    char why[EDGE_LOOKUP_WHY];
    bool good = true;
    for (unsigned number = 1; text.len > 0; number++) {
        const char *end = memchr(text.at, '\n', text.len);
        edge_span_t one = edge_span(text.at, end ? (size_t)(end - text.at) : text.len);
        edge_lookup_line_t line;
        const char *wrong = edge_lookup_line(one, &line);
        if (!wrong && !edge_lookup_table_add(table, &line, why))
            wrong = why;
        if (wrong)
            complain(context, number, wrong);
        good &= wrong == NULL;
        text = edge_span_after(text, one.len + (end ? 1 : 0));
    }
    edge_lookup_entries_settle(&table->entries);
    return good;
}

/* Asking */

static bool has(const edge_lookup_table_t *table, const char *at, size_t len, edge_span_t *value) {
    return edge_lookup_entries_find_text(&table->entries, edge_span(at, len), value);
}

static bool find_address(const edge_lookup_table_t *table, edge_ipaddr_t address, unsigned kinds, edge_span_t *value) {
    return (kinds & (EDGE_LOOKUP_ADDRESSES | EDGE_LOOKUP_LITERALS)) &&
           edge_lookup_entries_find_address(&table->entries, address, value);
}

/* The name itself, then what is above it, the nearest first. */
static bool find_name(const edge_lookup_table_t *table, const edge_lookup_plain_t *plain, unsigned kinds,
                      edge_span_t *value) {
    const char *name = plain->text + plain->domain;
    size_t len = plain->len - plain->domain;
    if (plain->literal)
        return find_address(table, plain->address, kinds, value);
    if (len == 0 || !(kinds & table->kinds & EDGE_LOOKUP_NAMES))
        return false;
    if (has(table, name, len, value))
        return true;
    for (size_t at = 1; table->below && at < len; at++)
        if (name[at] == '.' && has(table, name + at, len - at, value))
            return true;
    return false;
}

static bool find_mailbox(const edge_lookup_table_t *table, const edge_lookup_plain_t *plain, unsigned kinds,
                         edge_span_t *value) {
    bool mailboxes = kinds & table->kinds & EDGE_LOOKUP_MAILBOXES;
    if (mailboxes && has(table, plain->text, plain->len, value))
        return true;
    if (find_name(table, plain, kinds, value))
        return true;
    return mailboxes && table->local && has(table, plain->text, plain->domain, value);
}

static edge_lookup_answer_t find_pattern(const edge_lookup_table_t *table, edge_span_t text, unsigned kinds,
                                         edge_span_t *value) {
    for (unsigned i = 0; (kinds & EDGE_LOOKUP_PATTERNS) && i < table->pattern_count; i++)
        switch (edge_pattern_match(table->patterns[i].pattern, text)) {
        case EDGE_PATTERN_YES: *value = edge_span_of(table->patterns[i].value); return EDGE_LOOKUP_YES;
        case EDGE_PATTERN_GAVE_UP: return EDGE_LOOKUP_FAILED;
        case EDGE_PATTERN_NO: break;
        }
    return EDGE_LOOKUP_NO;
}

static edge_lookup_answer_t ask_address(const edge_lookup_table_t *table, const edge_lookup_key_t *key, unsigned kinds,
                                        edge_span_t *value) {
    char text[EDGE_IPADDR_TEXT];
    if (find_address(table, key->address, kinds, value))
        return EDGE_LOOKUP_YES;
    if (table->pattern_count == 0)
        return EDGE_LOOKUP_NO;
    edge_ipaddr_format(key->address, text);
    return find_pattern(table, edge_span_of(text), kinds, value);
}

static edge_lookup_answer_t ask_name(const edge_lookup_table_t *table, const edge_lookup_key_t *key, unsigned kinds,
                                     edge_span_t *value) {
    edge_lookup_plain_t plain;
    if (!edge_lookup_plain_name(key->text, &plain))
        return find_pattern(table, key->text, kinds, value);
    if (find_name(table, &plain, kinds, value))
        return EDGE_LOOKUP_YES;
    return find_pattern(table, edge_span(plain.text, plain.len), kinds, value);
}

static edge_lookup_answer_t ask_null_path(const edge_lookup_table_t *table, unsigned kinds, edge_span_t *value) {
    if ((kinds & EDGE_LOOKUP_MAILBOXES) && has(table, "<>", 2, value))
        return EDGE_LOOKUP_YES;
    return find_pattern(table, edge_span_of("<>"), kinds, value);
}

static edge_lookup_answer_t ask_mailbox(const edge_lookup_table_t *table, const edge_lookup_key_t *key, unsigned kinds,
                                        edge_span_t *value) {
    edge_lookup_plain_t plain;
    edge_address_t address;
    if (key->text.len == 0)
        return ask_null_path(table, kinds, value);
    if (!edge_address_mailbox(key->text, &address))
        address = (edge_address_t){.local = key->text};
    if (!edge_lookup_plain_mailbox(address.local, address.domain, &plain))
        return find_pattern(table, key->text, kinds, value);
    if (find_mailbox(table, &plain, kinds, value))
        return EDGE_LOOKUP_YES;
    /* <Postmaster> is a local part without anything behind it. */
    return find_pattern(table, edge_span(plain.text, plain.len - (address.domain.at ? 0 : 1)), kinds, value);
}

edge_lookup_answer_t edge_lookup_table_ask(const edge_lookup_table_t *table, const edge_lookup_key_t *key,
                                           unsigned kinds, edge_span_t *value) {
    *value = EDGE_NO_SPAN;
    switch (key->ask) {
    case EDGE_LOOKUP_ASK_ADDRESS: return ask_address(table, key, kinds, value);
    case EDGE_LOOKUP_ASK_NAME: return ask_name(table, key, kinds, value);
    case EDGE_LOOKUP_ASK_MAILBOX: return ask_mailbox(table, key, kinds, value);
    }
    return EDGE_LOOKUP_NO;
}
