/* A password file as a table of users. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/password_file.h"
#include "store.h"

typedef struct making {
    store_table_t *table;
    store_complain_fn *complain;
    void *context;
    unsigned line, complaints;
} making_t;

static void complain(making_t *making, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(making_t *making, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    making->complaints++;
    making->complain(making->context, making->line, text);
}

/* Finding */

static uint32_t hash_of(edge_span_t name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* The place of the name in the index: where it is, or where it would be put. */
static uint32_t *place_of(const store_table_t *table, edge_span_t name) {
    uint32_t at = hash_of(name) & table->index_mask;
    while (table->index[at] && !edge_span_equal(table->users[table->index[at] - 1].name, name))
        at = (at + 1) & table->index_mask;
    return &table->index[at];
}

const store_user_t *store_table_find(const store_table_t *table, edge_span_t name) {
    uint32_t number = *place_of(table, name);
    return number ? &table->users[number - 1] : NULL;
}

const store_credential_t *store_user_credential(const store_user_t *user, edge_password_kind_t kind) {
    const store_credential_t *credential = user->first;
    while (credential && credential->kind != kind)
        credential = credential->next;
    return credential;
}

/* Making. Spans of a line stand in the table's own text, which may be written to. */

static edge_span_t ended(edge_span_t span) {
    ((char *)(uintptr_t)span.at)[span.len] = '\0';
    return span;
}

static store_user_t *take_user(making_t *making, const edge_password_line_t *line) {
    store_table_t *table = making->table;
    char *prepared = sasl_prepare(line->user);
    if (!prepared) {
        complain(making, "a name with characters that SASLprep does not allow");
        return NULL;
    }
    uint32_t *place = place_of(table, edge_span_of(prepared));
    if (*place) {
        edge_password_forget(prepared);
        return &table->users[*place - 1];
    }
    store_user_t *user = &table->users[table->user_count++];
    *place = table->user_count;
    user->prepared = prepared;
    user->name = edge_span_of(prepared);
    user->line = making->line;
    user->identity = line->identity.at ? line->identity : user->name;
    return user;
}

static bool agrees(making_t *making, const store_user_t *user, const edge_password_line_t *line) {
    edge_span_t identity = line->identity.at ? line->identity : user->name;
    if (store_user_credential(user, line->kind))
        complain(making, "user \"%s\" has a credential of this kind already, from line %u on", user->name.at,
                 user->line);
    else if (!edge_span_equal(identity, user->identity))
        complain(making, "user \"%s\" has another identity in line %u", user->name.at, user->line);
    else
        return true;
    return false;
}

static bool fill(making_t *making, store_credential_t *credential, const edge_password_line_t *line) {
    credential->kind = line->kind;
    credential->scram = line->scram;
    credential->text = line->credential;
    if (line->kind == EDGE_PASSWORD_PLAIN)
        credential->text =
            edge_span(line->secret.at, edge_password_file_unescape(line->secret, (char *)(uintptr_t)line->secret.at));
    ended(credential->text);
    if (line->kind != EDGE_PASSWORD_CRYPT || edge_password_crypt_known(credential->text.at))
        return true;
    complain(making, "a hash of a method that crypt(3) does not know here");
    return false;
}

static void add(making_t *making, const edge_password_line_t *line) {
    store_table_t *table = making->table;
    store_user_t *user = take_user(making, line);
    if (!user || !agrees(making, user, line))
        return;
    store_credential_t *credential = &table->credentials[table->credential_count++], **last = &user->first;
    if (line->identity.at)
        ended(line->identity);
    if (!fill(making, credential, line))
        return;
    while (*last)
        last = &(*last)->next;
    *last = credential;
}

static void read_lines(making_t *making) {
    edge_span_t rest = edge_span(making->table->text, making->table->size);
    while (rest.len > 0) {
        edge_password_line_t line;
        const char *end = memchr(rest.at, '\n', rest.len);
        edge_span_t text = edge_span(rest.at, end ? (size_t)(end - rest.at) : rest.len);
        rest = edge_span_after(rest, text.len + (end ? 1 : 0));
        making->line++;
        const char *why = edge_password_file_line(text, &line);
        if (why)
            complain(making, "%s", why);
        else if (line.user.at)
            add(making, &line);
    }
}

/* What most users have */

#define SORTS_MOST 32

typedef struct sort {
    const store_credential_t *example;
    size_t len; /* of what tells it from others */
    unsigned users;
} sort_t;

/* The part of a hash that says method and cost: "$y$j9T$", "$2b$12$", "$6$", "$6$rounds=9999$". */
static size_t method_length(const char *hash) {
    const char *second = strchr(hash + 1, '$');
    if (!second)
        return strlen(hash);
    bool costs = strchr("y2g7", hash[1]) || strncmp(second + 1, "rounds=", 7) == 0;
    const char *third = costs ? strchr(second + 1, '$') : NULL;
    return (size_t)((third ? third : second) - hash);
}

static bool is_sort(const sort_t *sort, const store_credential_t *credential, size_t len) {
    if (sort->example->kind != credential->kind)
        return false;
    if (credential->kind == EDGE_PASSWORD_SCRAM_SHA_256)
        return sort->example->scram.iterations == credential->scram.iterations;
    return credential->kind == EDGE_PASSWORD_PLAIN ||
           (sort->len == len && memcmp(sort->example->text.at, credential->text.at, len) == 0);
}

static void count(sort_t sorts[SORTS_MOST], const store_credential_t *credential) {
    size_t len = credential->kind == EDGE_PASSWORD_CRYPT ? method_length(credential->text.at) : 0;
    for (unsigned i = 0; i < SORTS_MOST; i++) {
        if (!sorts[i].example)
            sorts[i] = (sort_t){credential, len, 0};
        if (is_sort(&sorts[i], credential, len)) {
            sorts[i].users++;
            return;
        }
    }
}

static const store_credential_t *most(const sort_t sorts[SORTS_MOST]) {
    const sort_t *best = &sorts[0];
    for (unsigned i = 1; i < SORTS_MOST; i++)
        if (sorts[i].users > best->users)
            best = &sorts[i];
    return best->example;
}

static void find_usual(store_table_t *table) {
    sort_t first[SORTS_MOST] = {{0}}, scram[SORTS_MOST] = {{0}};
    bool plain = false;
    for (unsigned i = 0; i < table->user_count; i++) {
        const store_credential_t *verifier = store_user_credential(&table->users[i], EDGE_PASSWORD_SCRAM_SHA_256);
        count(first, table->users[i].first);
        if (verifier)
            count(scram, verifier);
        plain |= store_user_credential(&table->users[i], EDGE_PASSWORD_PLAIN) != NULL;
    }
    const store_credential_t *usual = most(scram);
    table->usual = most(first);
    table->usual_iterations = usual ? usual->scram.iterations : plain ? STORE_PLAIN_ITERATIONS : 0;
}

/* Lifetime */

static unsigned lines_in(const char *text, size_t size) {
    unsigned lines = 1;
    for (const char *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))) != NULL; at++)
        lines++;
    return lines;
}

static bool make_room(store_table_t *table) {
    unsigned lines = lines_in(table->text, table->size);
    table->index_mask = 15;
    while (table->index_mask < 2 * lines)
        table->index_mask = table->index_mask * 2 + 1;
    table->users = calloc(lines, sizeof(*table->users));
    table->credentials = calloc(lines, sizeof(*table->credentials));
    table->index = calloc((size_t)table->index_mask + 1, sizeof(*table->index));
    return table->users && table->credentials && table->index;
}

static void destroy(store_table_t *table) {
    for (unsigned i = 0; i < table->user_count; i++)
        edge_password_forget(table->users[i].prepared);
    if (table->credentials)
        edge_password_wipe(table->credentials, table->credential_count * sizeof(*table->credentials));
    edge_password_wipe(table->text, table->size);
    free(table->text);
    free(table->users);
    free(table->credentials);
    free(table->index);
    free(table);
}

store_table_t *store_table_make(char *text, size_t size, store_complain_fn *complain_by, void *context) {
    store_table_t *table = calloc(1, sizeof(*table));
    making_t making = {.table = table, .complain = complain_by, .context = context};
    if (!table) {
        edge_password_wipe(text, size);
        free(text);
        return NULL;
    }
    table->counts = 1;
    table->text = text;
    table->size = size;
    text[size] = '\0';
    if (!make_room(table))
        complain(&making, "no memory for it");
    else
        read_lines(&making);
    if (making.complaints > 0) {
        destroy(table);
        return NULL;
    }
    find_usual(table);
    return table;
}

store_table_t *store_table_hold(store_table_t *table) {
    atomic_fetch_add_explicit(&table->counts, 1, memory_order_relaxed);
    return table;
}

void store_table_drop(store_table_t *table) {
    if (atomic_fetch_sub_explicit(&table->counts, 1, memory_order_acq_rel) == 1)
        destroy(table);
}
