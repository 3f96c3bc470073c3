/* Builds the tree: sections, conditions, Define, Include, Error and Warning. */
#include "proto/conf_parse.h"

#include <apr_strings.h>

#include "proto/conf_variables.h"
#include "proto/conf_words.h"

#define INCLUDE_DEPTH_MOST 32
#define FILES_MOST 1000

typedef struct parsing {
    edge_conf_tree_t *tree;
    const edge_conf_world_t *world;
    edge_conf_report_t *report;
    apr_pool_t *pool;
    apr_table_t *from_command_line;
    edge_conf_file_t **last_file;
    edge_conf_node_t *open;     /* the innermost open section */
    edge_conf_node_t *outer;    /* what was open where the current file began: not its own to close */
    edge_conf_node_t *skipping; /* the condition that does not hold; inside it lines are only matched for nesting */
    unsigned skipped_depth;
    unsigned depth; /* of Include */
} parsing_t;

static void parse_file(parsing_t *parsing, const char *path, const edge_conf_file_t *from, edge_conf_place_t place);

edge_conf_place_t edge_conf_place_of(const edge_conf_node_t *node) {
    return (edge_conf_place_t){node->file, node->line, node->column,
                               (unsigned)node->name.len + (node->is_section ? 1 : 0)};
}

edge_conf_place_t edge_conf_place_of_argument(const edge_conf_node_t *node, unsigned argument) {
    if (argument >= node->count)
        return edge_conf_place_of(node);
    const edge_conf_argument_t *word = &node->arguments[argument];
    return (edge_conf_place_t){node->file, word->line, word->column, word->width};
}

static edge_conf_place_t place_of_word(const edge_conf_file_t *file, const edge_conf_argument_t *word) {
    return (edge_conf_place_t){file, word->line, word->column, word->width};
}

static bool is(edge_span_t name, const char *text) { return edge_span_equal_nocase(name, edge_span_of(text)); }

static const char *absolute(const parsing_t *parsing, const char *path) {
    return path[0] == '/' ? path : apr_pstrcat(parsing->pool, parsing->world->server_root, "/", path, NULL);
}

static edge_conf_node_t *make_node(parsing_t *parsing, const edge_conf_file_t *file, const edge_conf_argument_t *words,
                                   unsigned count) {
    edge_conf_node_t *node = apr_pcalloc(parsing->pool, sizeof(*node));
    node->name = words[0].text;
    node->file = file;
    node->line = words[0].line;
    node->column = words[0].column;
    node->count = count - 1;
    node->arguments = apr_palloc(parsing->pool, count * sizeof(*words));
    memcpy(node->arguments, words + 1, node->count * sizeof(*words));
    node->last = &node->first;
    node->parent = parsing->open;
    return node;
}

static void append(parsing_t *parsing, edge_conf_node_t *node) {
    *parsing->open->last = node;
    parsing->open->last = &node->next;
}

/* Define NAME [VALUE] */
static void define(parsing_t *parsing, const edge_conf_node_t *node) {
    if (node->count < 1 || node->count > 2) {
        edge_conf_report_add(parsing->report, true, edge_conf_place_of(node), "EDG10006", "write Define NAME VALUE",
                             "Define takes a name and a value, got %u words", node->count);
        return;
    }
    const char *name = node->arguments[0].text.at, *value = node->count == 2 ? node->arguments[1].text.at : "";
    if (apr_table_get(parsing->from_command_line, name))
        return; /* -D wins: that is what it is for */
    if (apr_table_get(parsing->tree->variables, name))
        edge_conf_report_add(parsing->report, false, edge_conf_place_of_argument(node, 0), "EDG20001", NULL,
                             "\"%s\" was defined before; this value replaces it", name);
    apr_table_set(parsing->tree->variables, name, value);
}

/* Include PATTERN, IncludeOptional PATTERN */
static bool has_wildcard(const char *path) { return strpbrk(path, "*?[") != NULL; }

static void include_one(parsing_t *parsing, const edge_conf_node_t *node, const char *path, bool optional) {
    if (optional && !parsing->world->exists(parsing->world->context, path))
        return;
    parse_file(parsing, path, node->file, edge_conf_place_of_argument(node, 0));
}

static void include(parsing_t *parsing, const edge_conf_node_t *node, bool optional) {
    if (node->count != 1) {
        edge_conf_report_add(parsing->report, true, edge_conf_place_of(node), "EDG10007", "write one path or pattern",
                             "%s takes one path, got %u", node->name.at, node->count);
        return;
    }
    const char *pattern = absolute(parsing, node->arguments[0].text.at);
    if (!has_wildcard(pattern)) {
        include_one(parsing, node, pattern, optional);
        return;
    }
    apr_array_header_t *paths = parsing->world->match(parsing->world->context, pattern, parsing->pool);
    if (paths->nelts == 0 && !optional)
        edge_conf_report_add(parsing->report, true, edge_conf_place_of_argument(node, 0), "EDG10008",
                             "IncludeOptional may match nothing", "no file matches \"%s\"", pattern);
    for (int i = 0; i < paths->nelts; i++)
        include_one(parsing, node, APR_ARRAY_IDX(paths, i, const char *), true);
}

/* Error TEXT, Warning TEXT */
static void speak(parsing_t *parsing, const edge_conf_node_t *node, bool error) {
    edge_conf_report_add(parsing->report, error, edge_conf_place_of(node), error ? "EDG10009" : "EDG20002", NULL, "%s",
                         node->count ? node->arguments[0].text.at : "");
}

/* Conditions */

static bool module_is_loaded(const parsing_t *parsing, const char *name) {
    for (const edge_conf_node_t *node = parsing->tree->root.first; node; node = node->next)
        if (!node->is_section && is(node->name, "LoadModule") && node->count > 0 &&
            strcmp(node->arguments[0].text.at, name) == 0)
            return true;
    return false;
}

static bool condition_holds(parsing_t *parsing, const edge_conf_node_t *node) {
    const char *what = node->arguments[0].text.at;
    bool negated = what[0] == '!';
    what += negated;
    bool holds;
    if (is(node->name, "IfDefine"))
        holds = apr_table_get(parsing->tree->variables, what) != NULL;
    else if (is(node->name, "IfModule"))
        holds = module_is_loaded(parsing, what);
    else
        holds = parsing->world->exists(parsing->world->context, absolute(parsing, what));
    return holds != negated;
}

static bool is_condition(edge_span_t name) {
    return is(name, "IfDefine") || is(name, "IfModule") || is(name, "IfFile");
}

static void open_condition(parsing_t *parsing, edge_conf_node_t *node) {
    if (node->count != 1) {
        edge_conf_report_add(parsing->report, true, edge_conf_place_of(node), "EDG10010",
                             "write <IfDefine NAME> or <IfDefine !NAME>", "<%s> takes one name, got %u", node->name.at,
                             node->count);
        node->count = 0;
    } else if (!condition_holds(parsing, node)) {
        edge_conf_skipped_t *skipped = apr_array_push(parsing->tree->skipped);
        skipped->node = node;
        skipped->place = edge_conf_place_of(node);
        skipped->why = apr_psprintf(parsing->pool, "<%s %s> does not hold", node->name.at, node->arguments[0].text.at);
        parsing->skipping = node;
        parsing->skipped_depth = 1;
    }
    /* What is inside a condition that holds belongs to the section around it. */
    parsing->open = node;
}

/* Sections */

static edge_conf_node_t *home_of(edge_conf_node_t *node) {
    while (node->parent && is_condition(node->name))
        node = node->parent;
    return node;
}

static void open_section(parsing_t *parsing, edge_conf_node_t *node) {
    node->is_section = true;
    if (is_condition(node->name)) {
        open_condition(parsing, node);
        return;
    }
    edge_conf_node_t *home = home_of(parsing->open);
    *home->last = node;
    home->last = &node->next;
    parsing->open = node;
}

static const char *section_line(const parsing_t *parsing, const edge_conf_node_t *node) {
    return node->count ? apr_psprintf(parsing->pool, "<%s %s>", node->name.at, node->arguments[0].text.at)
                       : apr_psprintf(parsing->pool, "<%s>", node->name.at);
}

static void report_left_open(parsing_t *parsing, const edge_conf_node_t *node, const char *before) {
    edge_conf_report_add(parsing->report, true, edge_conf_place_of(node), "EDG10003",
                         apr_psprintf(parsing->pool, "write </%s>", node->name.at),
                         "%s is not closed before %s (opened here)", section_line(parsing, node), before);
}

/* The innermost open section of that name that this file has opened; NULL when there is none. */
static edge_conf_node_t *find_open(const parsing_t *parsing, edge_span_t name) {
    for (edge_conf_node_t *node = parsing->open; node != parsing->outer; node = node->parent)
        if (edge_span_equal_nocase(node->name, name))
            return node;
    return NULL;
}

static void close_section(parsing_t *parsing, const edge_conf_file_t *file, const edge_conf_argument_t *word,
                          edge_span_t name) {
    edge_conf_node_t *open = parsing->open, *meant = find_open(parsing, name);
    if (open == parsing->outer) {
        edge_conf_report_add(parsing->report, true, place_of_word(file, word), "EDG10011", NULL, "</%s> closes nothing",
                             name.at);
        return;
    }
    if (!meant) {
        edge_conf_report_add(parsing->report, true, place_of_word(file, word), "EDG10012",
                             apr_psprintf(parsing->pool, "write </%s>", open->name.at),
                             "</%s> cannot close <%s>, opened in line %u", name.at, open->name.at, open->line);
        meant = open;
    }
    for (; open != meant; open = open->parent)
        report_left_open(parsing, open, apr_psprintf(parsing->pool, "</%s>", name.at));
    parsing->open = meant->parent;
}

/* "<Name" ... ">" -> words without the brackets; a missing bracket is reported, then taken as written. */
static void unbracket(parsing_t *parsing, const edge_conf_file_t *file, edge_conf_argument_t *words, unsigned *count) {
    edge_conf_argument_t *last = &words[*count - 1];
    if (last->text.len == 0 || last->text.at[last->text.len - 1] != '>')
        edge_conf_report_add(parsing->report, true, place_of_word(file, last), "EDG10013", "end the line with >",
                             "a section's line must end with >");
    else
        last->text = edge_span(apr_pstrmemdup(parsing->pool, last->text.at, last->text.len - 1), last->text.len - 1);
    words[0].text = edge_span_after(words[0].text, 1);
    if (last->text.len == 0 && *count > 1)
        --*count;
}

static void skip_line(parsing_t *parsing, const edge_conf_argument_t *words) {
    edge_span_t first = words[0].text;
    if (first.len > 1 && first.at[0] == '<' && first.at[1] == '/') {
        if (--parsing->skipped_depth == 0) {
            parsing->open = parsing->skipping->parent;
            parsing->skipping = NULL;
        }
    } else if (first.len > 0 && first.at[0] == '<') {
        parsing->skipped_depth++;
    }
}

static void fill_words(parsing_t *parsing, const edge_conf_file_t *file, edge_conf_argument_t *words, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (strstr(words[i].text.at, "${"))
            words[i].text = edge_conf_variables_fill(words[i].text, parsing->tree->variables, parsing->world,
                                                     place_of_word(file, &words[i]), parsing->report, parsing->pool);
}

static void take_directive(parsing_t *parsing, edge_conf_node_t *node) {
    if (is(node->name, "Define"))
        define(parsing, node);
    else if (is(node->name, "Include"))
        include(parsing, node, false);
    else if (is(node->name, "IncludeOptional"))
        include(parsing, node, true);
    else if (is(node->name, "Error") || is(node->name, "Warning"))
        speak(parsing, node, is(node->name, "Error"));
    else {
        edge_conf_node_t *inner = parsing->open;
        parsing->open = home_of(inner);
        append(parsing, node);
        parsing->open = inner;
    }
}

static void take_line(parsing_t *parsing, const edge_conf_file_t *file, edge_conf_argument_t *words, unsigned count) {
    if (parsing->skipping) {
        skip_line(parsing, words);
        return;
    }
    fill_words(parsing, file, words, count);
    edge_span_t first = words[0].text;
    if (first.len == 0 || first.at[0] != '<') {
        take_directive(parsing, make_node(parsing, file, words, count));
        return;
    }
    edge_conf_argument_t opening = words[0];
    unbracket(parsing, file, words, &count);
    if (words[0].text.len > 0 && words[0].text.at[0] == '/')
        close_section(parsing, file, &opening, edge_span_after(words[0].text, 1));
    else
        open_section(parsing, make_node(parsing, file, words, count));
}

/* Files */

static bool in_cycle(parsing_t *parsing, const char *path, const edge_conf_file_t *from, edge_conf_place_t place) {
    const char *chain = path;
    for (const edge_conf_file_t *file = from; file; file = file->included_by) {
        chain = apr_psprintf(parsing->pool, "%s -> %s", file->path, chain);
        if (strcmp(file->path, path) == 0) {
            edge_conf_report_add(parsing->report, true, place, "EDG10014", NULL, "a file includes itself: %s", chain);
            return true;
        }
    }
    return false;
}

static edge_conf_file_t *open_file(parsing_t *parsing, const char *path, const edge_conf_file_t *from,
                                   edge_conf_place_t place) {
    edge_span_t text = EDGE_NO_SPAN;
    const char *trouble = parsing->world->read(parsing->world->context, path, parsing->pool, &text);
    if (trouble) {
        edge_conf_report_add(parsing->report, true, place, "EDG10015", NULL, "cannot read \"%s\": %s", path, trouble);
        return NULL;
    }
    edge_conf_file_t *file = apr_pcalloc(parsing->pool, sizeof(*file));
    file->path = path;
    file->text = text;
    file->included_by = from;
    file->included_line = place.line;
    *parsing->last_file = file;
    parsing->last_file = &file->next;
    parsing->report->files++;
    if (text.len && memchr(text.at, '\0', text.len)) {
        const edge_conf_place_t whole = {file, 1, 0, 0};
        edge_conf_report_add(parsing->report, true, whole, "EDG10016", NULL,
                             "the file holds a NUL octet: it is no text");
        return NULL;
    }
    return file;
}

static void close_left_open(parsing_t *parsing) {
    for (; parsing->open != parsing->outer; parsing->open = parsing->open->parent)
        report_left_open(parsing, parsing->open, "the end of the file");
    parsing->skipping = NULL;
}

static void parse_lines(parsing_t *parsing, const edge_conf_file_t *file) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    edge_conf_cursor_t cursor = {file, 0, 1, 1};
    edge_conf_node_t *outer = parsing->outer;
    unsigned count;
    parsing->outer = parsing->open;
    while (edge_conf_words_next(&cursor, words, &count, parsing->report, parsing->pool))
        take_line(parsing, file, words, count);
    close_left_open(parsing);
    parsing->outer = outer;
}

static void parse_file(parsing_t *parsing, const char *path, const edge_conf_file_t *from, edge_conf_place_t place) {
    if (in_cycle(parsing, path, from, place))
        return;
    if (++parsing->depth > INCLUDE_DEPTH_MOST) {
        edge_conf_report_add(parsing->report, true, place, "EDG10017", NULL, "files are included more than %d deep",
                             INCLUDE_DEPTH_MOST);
    } else if (parsing->report->files == FILES_MOST) {
        edge_conf_report_add(parsing->report, true, place, "EDG10018", NULL, "more than %d files", FILES_MOST);
    } else {
        const edge_conf_file_t *file = open_file(parsing, path, from, place);
        if (file)
            parse_lines(parsing, file);
    }
    parsing->depth--;
}

static void take_command_line(parsing_t *parsing, const apr_array_header_t *defines) {
    for (int i = 0; i < defines->nelts; i++) {
        char *name = apr_pstrdup(parsing->pool, APR_ARRAY_IDX(defines, i, const char *)), *value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        apr_table_set(parsing->tree->variables, name, value ? value : "");
        apr_table_set(parsing->from_command_line, name, "");
    }
}

edge_conf_tree_t *edge_conf_parse(const char *path, const apr_array_header_t *defines, const edge_conf_world_t *world,
                                  edge_conf_report_t *report, apr_pool_t *pool) {
    edge_conf_tree_t *tree = apr_pcalloc(pool, sizeof(*tree));
    tree->root.last = &tree->root.first;
    tree->root.is_section = true;
    tree->variables = apr_table_make(pool, 8);
    tree->skipped = apr_array_make(pool, 4, sizeof(edge_conf_skipped_t));
    parsing_t parsing = {
        .tree = tree, .world = world, .report = report, .pool = pool, .open = &tree->root, .outer = &tree->root};
    parsing.from_command_line = apr_table_make(pool, 8);
    parsing.last_file = &tree->files;
    take_command_line(&parsing, defines);
    parse_file(&parsing, path, NULL, (edge_conf_place_t){0});
    return tree;
}
