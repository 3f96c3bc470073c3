/* Lists as the configuration names them: words, files, tables; and asking them. */
#include "core/lookup.h"

#include <apr_strings.h>

#include "core/conf_apply.h"
#include "core/core_conf.h"
#include "core/lookup_file.h"
#include "core/lookup_table.h"
#include "edge_reopen.h"
#include "proto/conf_report.h"

#define COMPLAINTS_REPORTED 5

typedef enum part_kind { PART_WORDS, PART_FILE, PART_TABLE } part_kind_t;

/* What one word brings; words that stand for themselves share one part. */
typedef struct part {
    part_kind_t kind;
    edge_lookup_table_t *words;
    edge_lookup_file_t *file;
    const edge_lookup_t *table;
    struct part *next;
} part_t;

struct edge_lookup {
    unsigned kinds;
    part_t *first, **last;
    edge_lookup_table_t *words; /* NULL: none yet */
};

static apr_status_t drop_table(void *table) {
    edge_lookup_table_drop(table);
    return APR_SUCCESS;
}

static apr_status_t close_file(void *file) {
    edge_lookup_file_close(file);
    return APR_SUCCESS;
}

static edge_lookup_t *make(apr_pool_t *pool, unsigned kinds) {
    edge_lookup_t *lookup = apr_pcalloc(pool, sizeof(*lookup));
    lookup->kinds = kinds;
    lookup->last = &lookup->first;
    return lookup;
}

static part_t *add_part(edge_lookup_t *lookup, apr_pool_t *pool, part_kind_t kind) {
    part_t *part = apr_pcalloc(pool, sizeof(*part));
    part->kind = kind;
    *lookup->last = part;
    lookup->last = &part->next;
    return part;
}

static void add_file(edge_lookup_t *lookup, apr_pool_t *pool, edge_lookup_file_t *file) {
    apr_pool_cleanup_register(pool, file, close_file, apr_pool_cleanup_null);
    add_part(lookup, pool, PART_FILE)->file = file;
}

/* Kinds in words */

static const struct {
    unsigned kind;
    const char *text;
} kind_rows[] = {
    {EDGE_LOOKUP_ADDRESSES, "addresses, networks"}, {EDGE_LOOKUP_NAMES, "domains"},
    {EDGE_LOOKUP_MAILBOXES, "mailboxes"},           {EDGE_LOOKUP_LITERALS, "address literals"},
    {EDGE_LOOKUP_PATTERNS, "/patterns/"},
};

static const char *kinds_text(unsigned kinds, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; i < EDGE_COUNT(kind_rows); i++)
        if (kinds & kind_rows[i].kind)
            text = apr_pstrcat(pool, text, *text ? ", " : "", kind_rows[i].text, NULL);
    return text;
}

static unsigned kind_of(edge_lookup_form_t form) {
    switch (form) {
    case EDGE_LOOKUP_FORM_NETWORK: return EDGE_LOOKUP_ADDRESSES;
    case EDGE_LOOKUP_FORM_LITERAL: return EDGE_LOOKUP_LITERALS;
    case EDGE_LOOKUP_FORM_NAME:
    case EDGE_LOOKUP_FORM_BELOW: return EDGE_LOOKUP_NAMES;
    case EDGE_LOOKUP_FORM_MAILBOX:
    case EDGE_LOOKUP_FORM_LOCAL:
    case EDGE_LOOKUP_FORM_NULL_PATH: return EDGE_LOOKUP_MAILBOXES;
    case EDGE_LOOKUP_FORM_PATTERN: return EDGE_LOOKUP_PATTERNS;
    case EDGE_LOOKUP_FORM_NOTHING: break;
    }
    return 0;
}

/* One line of a directive that is being read */

typedef struct reading {
    const edge_conf_line_t *line;
    unsigned argument, complaints;
    edge_lookup_t *lookup;
    const char *path; /* of the file at hand */
} reading_t;

static bool read_word(reading_t *reading, edge_span_t text) {
    const edge_conf_line_t *line = reading->line;
    edge_lookup_t *lookup = reading->lookup;
    edge_lookup_line_t entry;
    char trouble[EDGE_LOOKUP_WHY];
    const char *why = edge_lookup_line_key(text, &entry);
    if (!why && !(kind_of(entry.form) & lookup->kinds)) {
        edge_conf_error(line, reading->argument, "EDG10371", "\"%s\" cannot be asked for here, only %s", text.at,
                        kinds_text(lookup->kinds, line->pool));
        return false;
    }
    if (!why && !lookup->words) {
        lookup->words = edge_lookup_table_make();
        apr_pool_cleanup_register(line->pool, lookup->words, drop_table, apr_pool_cleanup_null);
        add_part(lookup, line->pool, PART_WORDS)->words = lookup->words;
    }
    if (!why && edge_lookup_table_add(lookup->words, &entry, trouble))
        return true;
    edge_conf_error(line, reading->argument, "EDG10370", "\"%s\": %s", text.at, why ? why : trouble);
    return false;
}

static void report_complaint(void *context, unsigned number, const char *what) {
    reading_t *reading = context;
    if (reading->complaints++ >= COMPLAINTS_REPORTED)
        return;
    if (number > 0)
        edge_conf_error(reading->line, reading->argument, "EDG10372", "%s:%u: %s", reading->path, number, what);
    else
        edge_conf_error(reading->line, reading->argument, "EDG10373", "%s: %s", reading->path, what);
}

static void warn_of_kinds(const reading_t *reading, unsigned kinds, const char *what) {
    unsigned mute = kinds & ~reading->lookup->kinds;
    if (mute)
        edge_conf_warn(reading->line, reading->argument, "EDG20370",
                       "%s holds %s, which are not asked for here, only %s", what,
                       kinds_text(mute, reading->line->pool), kinds_text(reading->lookup->kinds, reading->line->pool));
}

static bool read_file(reading_t *reading, edge_span_t path) {
    const edge_conf_line_t *line = reading->line;
    if (path.len == 0) {
        edge_conf_error(line, reading->argument, "EDG10374", "file: needs a path behind it");
        return false;
    }
    reading->complaints = 0;
    reading->path = edge_conf_path(line, path).at;
    edge_lookup_file_t *file = edge_lookup_file_open(reading->path, report_complaint, reading);
    if (!file && reading->complaints > COMPLAINTS_REPORTED)
        edge_conf_error(line, reading->argument, "EDG10375", "%s: %u lines are wrong", reading->path,
                        reading->complaints);
    if (!file)
        return false;
    edge_lookup_table_t *table = edge_lookup_file_take(file);
    warn_of_kinds(reading, edge_lookup_table_kinds(table), reading->path);
    edge_lookup_table_drop(table);
    add_file(reading->lookup, line->pool, file);
    return true;
}

/* Tables */

static const edge_lookup_named_t *tables_of(const edge_section_t *section) {
    while (section->parent)
        section = section->parent;
    const edge_core_server_conf_t *conf = edge_section_conf(section, &edge_core_module);
    return conf->tables;
}

static const edge_lookup_named_t *find_table(const edge_lookup_named_t *tables, edge_span_t name) {
    while (tables && !edge_span_equal(tables->name, name))
        tables = tables->next;
    return tables;
}

static const char *table_name_at(const void *context, unsigned index) {
    const edge_lookup_named_t *table = context;
    while (table && index--)
        table = table->next;
    return table ? table->name.at : NULL;
}

static unsigned kinds_of(const edge_lookup_t *lookup) {
    unsigned kinds = 0;
    for (const part_t *part = lookup->first; part; part = part->next)
        if (part->kind == PART_WORDS)
            kinds |= edge_lookup_table_kinds(part->words);
        else if (part->kind == PART_FILE) {
            edge_lookup_table_t *table = edge_lookup_file_take(part->file);
            kinds |= edge_lookup_table_kinds(table);
            edge_lookup_table_drop(table);
        }
    return kinds;
}

static bool read_table(reading_t *reading, edge_span_t name) {
    const edge_conf_line_t *line = reading->line;
    const edge_lookup_named_t *tables = tables_of(line->section), *found = find_table(tables, name);
    if (!found) {
        const char *near = edge_conf_nearest(name, table_name_at, tables);
        edge_conf_error(line, reading->argument, "EDG10376", "there is no Table \"%s\"%s%s%s", name.at,
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return false;
    }
    warn_of_kinds(reading, kinds_of(found->lookup), apr_pstrcat(line->pool, "Table ", found->name.at, NULL));
    add_part(reading->lookup, line->pool, PART_TABLE)->table = found->lookup;
    return true;
}

bool edge_lookup_read_word(const edge_conf_line_t *line, unsigned argument, edge_span_t word, unsigned kinds,
                           edge_lookup_t **lookup) {
    static const edge_span_t file = EDGE_SPAN("file:"), table = EDGE_SPAN("table:");
    if (!*lookup)
        *lookup = make(line->pool, kinds);
    reading_t reading = {.line = line, .argument = argument, .lookup = *lookup};
    edge_span_t text = edge_span_copy(line->pool, word);
    if (edge_span_starts_nocase(text, file))
        return read_file(&reading, edge_span_after(text, file.len));
    if (edge_span_starts_nocase(text, table))
        return read_table(&reading, edge_span_after(text, table.len));
    return read_word(&reading, text);
}

bool edge_lookup_read(const edge_conf_line_t *line, unsigned first, unsigned count, unsigned kinds,
                      edge_lookup_t **lookup) {
    bool good = count > 0;
    if (!good)
        edge_conf_error(line, first < line->count ? first : 0, "EDG10377", "%s needs %s, file:PATH or table:NAME",
                        line->row->name, kinds_text(kinds, line->pool));
    for (unsigned i = first; i < first + count; i++)
        good &= edge_lookup_read_word(line, i, line->arguments[i].text, kinds, lookup);
    return good;
}

bool edge_lookup_set_table(const edge_conf_line_t *line, edge_lookup_named_t **tables) {
    if (line->check->core_only)
        return true; /* the parent asks nobody */
    if (line->count < 1 || line->arguments[0].text.len == 0 || strchr(line->arguments[0].text.at, ':')) {
        edge_conf_error(line, 0, "EDG10378", "Table needs a name without a colon, and what is in it");
        return false;
    }
    if (find_table(*tables, line->arguments[0].text)) {
        edge_conf_error(line, 0, "EDG10379", "there is a Table \"%s\" before this one", line->arguments[0].text.at);
        return false;
    }
    edge_lookup_named_t *named = apr_pcalloc(line->pool, sizeof(*named));
    named->name = edge_span_copy(line->pool, line->arguments[0].text);
    bool good = edge_lookup_read(line, 1, line->count - 1, EDGE_LOOKUP_ALL, &named->lookup);
    if (!named->lookup)
        return false;
    named->next = *tables;
    *tables = named;
    return good;
}

const edge_lookup_t *edge_lookup_named(const edge_snapshot_t *snapshot, edge_span_t name) {
    const edge_lookup_named_t *named = find_table(edge_core_server_conf(snapshot)->tables, name);
    return named ? named->lookup : NULL;
}

/* By path, for who reads no directive */

typedef struct opening {
    const char *path, *why;
    apr_pool_t *pool;
} opening_t;

static void keep_complaint(void *context, unsigned number, const char *what) {
    opening_t *opening = context;
    if (opening->why)
        return;
    opening->why = number > 0 ? apr_psprintf(opening->pool, "%s:%u: %s", opening->path, number, what)
                              : apr_psprintf(opening->pool, "%s: %s", opening->path, what);
}

edge_lookup_t *edge_lookup_open(const char *path, apr_pool_t *pool, const char **why) {
    opening_t opening = {.path = path, .pool = pool};
    edge_lookup_file_t *file = edge_lookup_file_open(path, keep_complaint, &opening);
    *why = opening.why;
    if (!file)
        return NULL;
    edge_lookup_t *lookup = make(pool, EDGE_LOOKUP_ALL);
    add_file(lookup, pool, file);
    return lookup;
}

/* Asking */

static edge_lookup_answer_t ask_table(const edge_lookup_table_t *table, unsigned kinds, const edge_lookup_key_t *key,
                                      apr_pool_t *pool, edge_span_t *value) {
    edge_span_t found;
    edge_lookup_answer_t answer = edge_lookup_table_ask(table, key, kinds, &found);
    if (answer == EDGE_LOOKUP_YES && value)
        *value = found.at ? edge_span_copy(pool, found) : EDGE_NO_SPAN;
    return answer;
}

static edge_lookup_answer_t ask_file(edge_lookup_file_t *file, unsigned kinds, const edge_lookup_key_t *key,
                                     apr_pool_t *pool, edge_span_t *value) {
    edge_lookup_table_t *table = edge_lookup_file_take(file);
    edge_lookup_answer_t answer = ask_table(table, kinds, key, pool, value);
    edge_lookup_table_drop(table);
    return answer;
}

/* Tables name tables before them only, so this ends. */
static edge_lookup_answer_t ask(const edge_lookup_t *lookup, unsigned kinds, const edge_lookup_key_t *key,
                                apr_pool_t *pool, edge_span_t *value) {
    edge_lookup_answer_t answer = EDGE_LOOKUP_NO;
    for (const part_t *part = lookup->first; part && answer == EDGE_LOOKUP_NO; part = part->next)
        switch (part->kind) {
        case PART_WORDS: answer = ask_table(part->words, kinds, key, pool, value); break;
        case PART_FILE: answer = ask_file(part->file, kinds, key, pool, value); break;
        case PART_TABLE: answer = ask(part->table, kinds, key, pool, value); break;
        }
    return answer;
}

edge_lookup_answer_t edge_lookup_find(const edge_lookup_t *lookup, const edge_lookup_key_t *key, apr_pool_t *pool,
                                      edge_span_t *value) {
    if (value)
        *value = EDGE_NO_SPAN;
    return lookup ? ask(lookup, lookup->kinds, key, pool, value) : EDGE_LOOKUP_NO;
}

edge_lookup_key_t edge_lookup_key(edge_span_t text) {
    edge_ipaddr_t address;
    if (edge_ipaddr_parse(text, &address))
        return edge_lookup_key_address(address);
    if (text.len == 0 || memchr(text.at, '@', text.len))
        return edge_lookup_key_mailbox(text);
    return edge_lookup_key_name(text);
}
