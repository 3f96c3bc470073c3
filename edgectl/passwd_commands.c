/* passwd add, del, list, verify. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "edge_json.h"
#include "human.h"
#include "passwd_file.h"
#include "passwd_input.h"
#include "passwd_make.h"

enum { ADD_METHOD, ADD_PLAIN, ADD_IDENTITY, ADD_ITERATIONS, ADD_STDIN };
const ctl_flag_t ctl_passwd_add_flags[] = {
    [ADD_METHOD] = {"--method", "LIST",
                    "scram (default: serves SCRAM, PLAIN, LOGIN), yescrypt, sha512, bcrypt, plain; or with commas"},
    [ADD_PLAIN] = {"--plain", NULL, "the same as --method plain: what CRAM-MD5 needs; everybody who reads it knows it"},
    [ADD_IDENTITY] = {"--identity", "NAME", "what the session is called; without it the user's name"},
    [ADD_ITERATIONS] = {"--iterations", "N", "cost of scram; 100000 when not given"},
    [ADD_STDIN] = {"--stdin", NULL, "the password is the first line of standard input"},
    {.name = NULL},
};
enum { VERIFY_STDIN };
const ctl_flag_t ctl_passwd_verify_flags[] = {
    [VERIFY_STDIN] = {"--stdin", NULL, "the password is the first line of standard input"},
    {.name = NULL},
};

/* Which file */

static const char *backends_text(const ctl_backend_t *backend, apr_pool_t *pool) {
    const char *text = "";
    for (; backend != NULL; backend = backend->next) {
        text = apr_pstrcat(pool, text, *text != '\0' ? ", " : "", backend->name, NULL);
    }
    return *text != '\0' ? text : "none";
}

/* What holds a slash is a path; anything else is an <AuthBackend>. NULL after it has said what is wrong. */
static const char *file_named(ctl_t *ctl, const char *name) {
    if (strchr(name, '/') != NULL) {
        return name;
    }
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    const ctl_backend_t *backend = configuration != NULL ? configuration->backends : NULL;
    while (backend != NULL && strcmp(backend->name, name) != 0) {
        backend = backend->next;
    }
    if (backend == NULL && configuration != NULL) {
        ctl_say("%s has no <AuthBackend %s> with a File; there are: %s. A file is named with a slash: ./%s", ctl->path,
                name, backends_text(configuration->backends, ctl->pool), name);
    }
    return backend != NULL ? backend->file : NULL;
}

static const char *only_file(ctl_t *ctl) {
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    if (configuration == NULL) {
        return NULL;
    }
    if (configuration->backends != NULL && configuration->backends->next == NULL) {
        return configuration->backends->file;
    }
    ctl_say("which file? %s has these <AuthBackend> sections with a File: %s", ctl->path,
            backends_text(configuration->backends, ctl->pool));
    return NULL;
}

/* The file is the argument before the last `others` ones, or that of the only backend. */
static const char *file_of(ctl_t *ctl, unsigned others) {
    return ctl->argument_count > others ? file_named(ctl, ctl->arguments[0]) : only_file(ctl);
}

/* The last argument, prepared; NULL after it has said what is wrong. What it becomes counts too: a wide colon is one then. */
static char *user_of(const ctl_t *ctl) {
    edge_span_t given = edge_span_of(ctl->arguments[ctl->argument_count - 1]);
    const char *why = edge_password_file_name(given);
    char *user = why == NULL ? ctl_passwd_prepare(given) : NULL;
    if (why == NULL) {
        why = user != NULL ? edge_password_file_name(edge_span_of(user))
                           : "a name with characters that SASLprep does not allow";
    }
    if (why != NULL) {
        ctl_say("\"%s\" cannot be a user: %s", ctl_human_clean(given, ctl->pool), why);
        edge_password_forget(user);
    }
    return why == NULL ? user : NULL;
}

/* [FILE] USER; what is wrong has been said when it is not CTL_OK. The user is to be forgotten in any case. */
static ctl_exit_t take_user(ctl_t *ctl, const char **path, char **user) {
    *path = file_of(ctl, 1);
    *user = *path != NULL ? user_of(ctl) : NULL;
    return *user != NULL ? CTL_OK : *path != NULL ? CTL_USAGE : CTL_NOT_FOUND;
}

/* Says what the server would refuse the file for. */
static void say_bad_lines(const ctl_passwd_file_t *file) {
    ctl_passwd_cursor_t cursor = {0};
    while (ctl_passwd_next(file, &cursor)) {
        if (cursor.why != NULL) {
            ctl_say("%s:%u: %s; the server refuses the file until it is mended", file->path, cursor.number, cursor.why);
        }
    }
}

/* add */

typedef struct addition {
    unsigned methods;
    uint32_t iterations;
    edge_span_t identity; /* absent: as it was */
} addition_t;

static bool read_flags(const ctl_t *ctl, addition_t *addition) {
    uint64_t iterations = EDGE_SCRAM_ITERATIONS_USUAL;
    const char *method = ctl->flags[ADD_PLAIN] != NULL ? "plain" : "scram";
    const char *why = NULL;
    addition->identity = edge_span_of(ctl->flags[ADD_IDENTITY]);
    if (ctl->flags[ADD_ITERATIONS] != NULL &&
        (!edge_span_number(edge_span_of(ctl->flags[ADD_ITERATIONS]), &iterations) ||
         iterations < EDGE_SCRAM_ITERATIONS_LEAST || iterations > EDGE_SCRAM_ITERATIONS_MOST)) {
        ctl_say("--iterations takes %u to %u", EDGE_SCRAM_ITERATIONS_LEAST, EDGE_SCRAM_ITERATIONS_MOST);
        return false;
    }
    if (addition->identity.at != NULL && (why = edge_password_file_name(addition->identity)) != NULL) {
        ctl_say("--identity got %s", why);
        return false;
    }
    addition->iterations = (uint32_t)iterations;
    return ctl_passwd_method_bits(ctl->flags[ADD_METHOD] != NULL ? ctl->flags[ADD_METHOD] : method, &addition->methods,
                                  ctl->pool);
}

/* A change of the password leaves the identity alone. */
static bool find_user(const ctl_passwd_file_t *file, const char *user, edge_span_t *identity) {
    ctl_passwd_cursor_t cursor = {0};
    while (ctl_passwd_next(file, &cursor)) {
        if (ctl_passwd_is(cursor.line.user, user)) {
            *identity = cursor.line.identity;
            return true;
        }
    }
    return false;
}

static ctl_exit_t put(ctl_t *ctl, ctl_passwd_file_t *file, const char *user, const char *password,
                      const addition_t *addition) {
    edge_span_t before = EDGE_NO_SPAN;
    bool known = find_user(file, user, &before);
    edge_span_t lines = ctl_passwd_lines(user, addition->identity.at != NULL ? addition->identity : before, password,
                                         addition->methods, addition->iterations, ctl->pool);
    ctl_exit_t code = lines.at != NULL ? ctl_passwd_replace(file, user, lines) : CTL_ERROR;
    edge_password_wipe((char *)(uintptr_t)lines.at, lines.len);
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        printf("%s %s\n", user, known ? "changed" : "added");
    }
    return code;
}

/* The password is asked for before the lock is taken: a person may take long. */
static ctl_exit_t add(ctl_t *ctl, const char *path, const char *user, const addition_t *addition) {
    ctl_passwd_file_t file;
    char *password = ctl_passwd_ask(user, true, ctl->flags[ADD_STDIN] != NULL);
    bool suits = password != NULL && ctl_passwd_suits(addition->methods, password);
    ctl_exit_t code = suits ? ctl_passwd_open(&file, path, true, true) : CTL_ERROR;
    if (code == CTL_OK) {
        code = put(ctl, &file, user, password, addition);
        say_bad_lines(&file);
        ctl_passwd_close(&file);
    }
    edge_password_forget(password);
    return code;
}

ctl_exit_t ctl_passwd_add(ctl_t *ctl) {
    addition_t addition;
    if (!read_flags(ctl, &addition)) {
        return CTL_USAGE;
    }
    const char *path;
    char *user;
    ctl_exit_t code = take_user(ctl, &path, &user);
    if (code == CTL_OK) {
        code = add(ctl, path, user, &addition);
    }
    edge_password_forget(user);
    return code;
}

/* del */

static ctl_exit_t del(ctl_t *ctl, const char *path, const char *user) {
    ctl_passwd_file_t file;
    edge_span_t identity;
    ctl_exit_t code = ctl_passwd_open(&file, path, true, false);
    if (code != CTL_OK) {
        return code;
    }
    if (!find_user(&file, user, &identity)) {
        ctl_say("%s: there is no user %s", file.path, user);
        code = CTL_NOT_FOUND;
    } else {
        code = ctl_passwd_replace(&file, user, edge_span_of(""));
    }
    ctl_passwd_close(&file);
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        printf("%s deleted\n", user);
    }
    return code;
}

ctl_exit_t ctl_passwd_del(ctl_t *ctl) {
    const char *path;
    char *user;
    ctl_exit_t code = take_user(ctl, &path, &user);
    if (code == CTL_OK) {
        code = del(ctl, path, user);
    }
    edge_password_forget(user);
    return code;
}

/* list: a row for each line */

static void list_table(ctl_t *ctl, const ctl_passwd_file_t *file) {
    static const char *const heads[] = {"USER", "CREDENTIAL", "IDENTITY", NULL};
    ctl_table_t *table = ctl_table_make(heads, ctl->pool);
    ctl_passwd_cursor_t cursor = {0};
    while (ctl_passwd_next(file, &cursor)) {
        const edge_password_line_t *line = &cursor.line;
        if (line->user.at != NULL) {
            ctl_table_add(table, edge_span_copy(ctl->pool, line->user).at);
            ctl_table_add(table, ctl_passwd_kind(line, ctl->pool));
            ctl_table_add(table, edge_span_copy(ctl->pool, line->identity.at != NULL ? line->identity : line->user).at);
        }
    }
    ctl_table_print(table, stdout);
}

static void put_line(edge_json_t *json, const edge_password_line_t *line, apr_pool_t *pool) {
    edge_json_object(json);
    edge_json_put_text(json, "user", line->user, 0);
    edge_json_put_string(json, "credential", ctl_passwd_kind(line, pool));
    edge_json_put_text(json, "identity", line->identity.at != NULL ? line->identity : line->user, 0);
    edge_json_object_end(json);
}

static void list_json(ctl_t *ctl, const ctl_passwd_file_t *file) {
    edge_json_t json;
    ctl_passwd_cursor_t cursor = {0};
    edge_json_start(&json, ctl->pool, 4096);
    edge_json_array(&json);
    while (ctl_passwd_next(file, &cursor)) {
        if (cursor.line.user.at != NULL) {
            put_line(&json, &cursor.line, ctl->pool);
        }
    }
    edge_json_array_end(&json);
    ctl_print_json(edge_span(json.text, json.len));
}

static void list_json_lines(ctl_t *ctl, const ctl_passwd_file_t *file) {
    ctl_passwd_cursor_t cursor = {0};
    while (ctl_passwd_next(file, &cursor)) {
        edge_json_t json;
        if (cursor.line.user.at != NULL) {
            edge_json_start(&json, ctl->pool, 512);
            put_line(&json, &cursor.line, ctl->pool);
            ctl_print_json(edge_span(json.text, json.len));
        }
    }
}

ctl_exit_t ctl_passwd_list(ctl_t *ctl) {
    ctl_passwd_file_t file;
    const char *path = file_of(ctl, 0);
    ctl_exit_t code = path != NULL ? ctl_passwd_open(&file, path, false, false) : CTL_NOT_FOUND;
    if (code != CTL_OK) {
        return code;
    }
    switch (ctl->output) {
    case CTL_TABLE: list_table(ctl, &file); break;
    case CTL_JSON: list_json(ctl, &file); break;
    case CTL_JSONL: list_json_lines(ctl, &file); break;
    }
    say_bad_lines(&file);
    ctl_passwd_close(&file);
    return CTL_OK;
}

/* verify */

/* All of a user's credentials are tried: one that was forgotten in a change is found so. */
static ctl_exit_t try_lines(ctl_t *ctl, const ctl_passwd_file_t *file, const char *user, const char *password) {
    ctl_passwd_cursor_t cursor = {0};
    unsigned tried = 0, wrong = 0;
    while (ctl_passwd_next(file, &cursor)) {
        if (ctl_passwd_is(cursor.line.user, user)) {
            bool fits = ctl_passwd_fits(&cursor.line, password, ctl->pool);
            tried++;
            wrong += fits ? 0 : 1;
            if (ctl->output == CTL_TABLE) {
                printf("%s %s: %s\n", user, ctl_passwd_kind(&cursor.line, ctl->pool), fits ? "right" : "wrong");
            }
        }
    }
    if (tried == 0) {
        ctl_say("%s: there is no user %s", file->path, user);
        return CTL_NOT_FOUND;
    }
    return wrong > 0 ? CTL_DENIED : CTL_OK;
}

static ctl_exit_t verify(ctl_t *ctl, const char *path, const char *user) {
    ctl_passwd_file_t file;
    char *password = ctl_passwd_ask(user, false, ctl->flags[VERIFY_STDIN] != NULL);
    ctl_exit_t code = password != NULL ? ctl_passwd_open(&file, path, false, false) : CTL_ERROR;
    if (code == CTL_OK) {
        code = try_lines(ctl, &file, user, password);
        ctl_passwd_close(&file);
    }
    edge_password_forget(password);
    return code;
}

ctl_exit_t ctl_passwd_verify(ctl_t *ctl) {
    const char *path;
    char *user;
    ctl_exit_t code = take_user(ctl, &path, &user);
    if (code == CTL_OK) {
        code = verify(ctl, path, user);
    }
    edge_password_forget(user);
    return code;
}
