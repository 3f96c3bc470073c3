/* token create, list, revoke: on the token file itself, with or without a running server. */
#include <apr_strings.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "edge_clock.h"
#include "edge_json.h"
#include "edge_password.h"
#include "human.h"
#include "proto/token_file.h"
#include "secret_file.h"

enum { CREATE_ROLE, CREATE_NAME, CREATE_EXPIRES, CREATE_FROM, CREATE_FILE };
const ctl_flag_t ctl_token_create_flags[] = {
    [CREATE_ROLE] = {"--role", "ROLE", "submit (hands in mail), read, operate or admin (the API)"},
    [CREATE_NAME] = {"--name", "NAME", "what logs and lists call it"},
    [CREATE_EXPIRES] = {"--expires", "WHEN", "90d, 12h, 30m, a day such as 2027-01-31, or never (default)"},
    [CREATE_FROM] = {"--from", "NETWORK", "good from this address or network only: 192.0.2.0/24"},
    [CREATE_FILE] = {"--file", "FILE", "instead of the configuration's TokenFile"},
    {.name = NULL},
};
enum { OTHER_FILE };
const ctl_flag_t ctl_token_file_flags[] = {
    [OTHER_FILE] = {"--file", "FILE", "instead of the configuration's TokenFile"},
    {.name = NULL},
};

#define MINUTE (60 * APR_USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define EXPIRES_MOST (36500 * DAY)

/* Which file; NULL after it has said that the configuration cannot be read. */
static const char *file_of(ctl_t *ctl, unsigned flag) {
    if (ctl->flags[flag] != NULL) {
        return ctl->flags[flag];
    }
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    return configuration != NULL ? configuration->token_file : NULL;
}

static edge_span_t text_of(const edge_locked_file_t *file) { return edge_span(file->text, file->size); }

/* Says what the server would refuse the file for. */
static bool say_bad_lines(const edge_locked_file_t *file) {
    edge_token_cursor_t cursor = {0};
    bool good = true;
    while (edge_token_file_next(text_of(file), &cursor)) {
        if (cursor.why != NULL) {
            ctl_say("%s:%u: %s; the server refuses the file until it is mended", file->path, cursor.number, cursor.why);
            good = false;
        }
    }
    return good;
}

/* create */

static bool take_distance(edge_span_t text, apr_time_t *distance) {
    static const struct {
        char unit;
        apr_time_t length;
    } units[] = {{'m', MINUTE}, {'h', HOUR}, {'d', DAY}, {'w', 7 * DAY}, {'y', 365 * DAY}};
    uint64_t number;
    for (unsigned i = 0; i < EDGE_COUNT(units); i++) {
        if (text.len > 1 && text.at[text.len - 1] == units[i].unit &&
            edge_span_number(edge_span(text.at, text.len - 1), &number) && number > 0 &&
            number <= (uint64_t)(EXPIRES_MOST / units[i].length)) {
            *distance = (apr_time_t)number * units[i].length;
            return true;
        }
    }
    return false;
}

static bool take_expires(const char *given, apr_time_t now, apr_time_t *expires) {
    *expires = 0;
    if (given == NULL || strcmp(given, "never") == 0) {
        return true;
    }
    apr_time_t distance, time;
    if (take_distance(edge_span_of(given), &distance)) {
        *expires = now + distance;
        return true;
    }
    if (edge_clock_rfc3339_parse(edge_span_of(given), &time) && time > now) {
        *expires = time;
        return true;
    }
    ctl_say("--expires takes 90d, 12h, 30m, a day to come such as 2027-01-31, or never, not \"%s\"", given);
    return false;
}

static bool take_from(const char *given, edge_token_line_t *line) {
    line->bound = given != NULL;
    if (given == NULL || edge_ipaddr_parse_network(edge_span_of(given), &line->network, &line->bits)) {
        return true;
    }
    ctl_say("--from takes an address, or a network such as 192.0.2.0/24 or 2001:db8::/32, not \"%s\"", given);
    return false;
}

/* In whole seconds, as the file has them. */
static bool read_flags(const ctl_t *ctl, edge_token_line_t *line) {
    *line = (edge_token_line_t){.name = edge_span_of(ctl->flags[CREATE_NAME]), .used = -1};
    line->created = edge_clock_read().wall / APR_USEC_PER_SEC * APR_USEC_PER_SEC;
    if (ctl->flags[CREATE_ROLE] == NULL || ctl->flags[CREATE_NAME] == NULL) {
        ctl_say("usage: edgectl token create --role submit|read|operate|admin --name NAME [--expires 90d] [--from "
                "NETWORK]");
        return false;
    }
    if (!edge_token_role_parse(edge_span_of(ctl->flags[CREATE_ROLE]), &line->role)) {
        ctl_say("--role takes submit, read, operate or admin, not \"%s\"", ctl->flags[CREATE_ROLE]);
        return false;
    }
    const char *why = edge_token_file_name(line->name);
    if (why != NULL) {
        ctl_say("--name got %s", why);
        return false;
    }
    return take_expires(ctl->flags[CREATE_EXPIRES], line->created, &line->expires) &&
           take_from(ctl->flags[CREATE_FROM], line);
}

/* A default installation has none yet. Whether it could be made is seen when the file is opened. */
static void make_directory(const char *path, apr_pool_t *pool) {
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path) {
        mkdir(apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)), 0750);
    }
}

static void print_created(const ctl_t *ctl, const edge_token_line_t *line, const char *token) {
    edge_json_t json;
    if (ctl->output == CTL_TABLE) {
        printf("%s, role %s; this is shown only once:\n%s\n", ctl->flags[CREATE_NAME], edge_token_role_name(line->role),
               token);
        return;
    }
    edge_json_start(&json, ctl->pool, 512);
    edge_json_object(&json);
    edge_json_put_text(&json, "name", line->name, 0);
    edge_json_put_string(&json, "role", edge_token_role_name(line->role));
    edge_json_put_string(&json, "token", token);
    edge_json_object_end(&json);
    ctl_print_json(edge_span(json.text, json.len));
}

static ctl_exit_t add(ctl_t *ctl, edge_locked_file_t *file, edge_token_line_t *line) {
    edge_token_line_t before;
    char token[EDGE_TOKEN_TEXT];
    if (edge_token_file_find(text_of(file), line->name, &before)) {
        ctl_say("%s: there is a token %s already; revoke it first, or take another name", file->path,
                ctl->flags[CREATE_NAME]);
        return CTL_ERROR;
    }
    if (!edge_token_make(line->role, token) || !edge_token_digest(edge_span_of(token), line->digest)) {
        ctl_say("no token can be made here: there is no randomness");
        return CTL_ERROR;
    }
    ctl_exit_t code = ctl_secret_file_said(
        file->path, edge_locked_file_replace_text(file, edge_token_file_add(text_of(file), line, ctl->pool)));
    if (code == CTL_OK) {
        print_created(ctl, line, token);
    }
    edge_password_wipe(token, sizeof token);
    return code;
}

ctl_exit_t ctl_token_create(ctl_t *ctl) {
    edge_locked_file_t file;
    edge_token_line_t line;
    if (!read_flags(ctl, &line)) {
        return CTL_USAGE;
    }
    const char *path = file_of(ctl, CREATE_FILE);
    if (path == NULL) {
        return CTL_NOT_FOUND;
    }
    make_directory(path, ctl->pool);
    ctl_exit_t code = ctl_secret_file_open(&file, path, EDGE_LOCKED_FILE_MAKE);
    if (code != CTL_OK) {
        return code;
    }
    code = say_bad_lines(&file) ? add(ctl, &file, &line) : CTL_ERROR;
    edge_locked_file_close(&file);
    return code;
}

/* list */

static const char *expires_in(const edge_token_line_t *line, apr_time_t now, apr_pool_t *pool) {
    if (line->expires == 0) {
        return "never";
    }
    return line->expires > now ? ctl_human_duration(line->expires - now, pool) : "has expired";
}

static const char *network_of(const edge_token_line_t *line, apr_pool_t *pool) {
    char text[EDGE_IPADDR_NETWORK_TEXT];
    if (!line->bound) {
        return NULL;
    }
    edge_ipaddr_format_network(line->network, line->bits, text);
    return apr_pstrdup(pool, text);
}

static const char *time_of(apr_time_t when, size_t len, apr_pool_t *pool) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    return apr_pstrmemdup(pool, text, len);
}

static const char *day_of(int32_t used, apr_pool_t *pool) { return used >= 0 ? time_of(used * DAY, 10, pool) : NULL; }

static void add_row(ctl_table_t *table, const edge_token_line_t *line, apr_pool_t *pool) {
    ctl_table_add(table, edge_span_copy(pool, line->name).at);
    ctl_table_add(table, edge_token_role_name(line->role));
    ctl_table_add(table, line->created > 0 ? time_of(line->created, 10, pool) : NULL);
    ctl_table_add(table, expires_in(line, edge_clock_read().wall, pool));
    ctl_table_add(table, network_of(line, pool));
    ctl_table_add(table, day_of(line->used, pool));
}

static void list_table(const edge_locked_file_t *file, apr_pool_t *pool) {
    static const char *const heads[] = {"NAME", "ROLE", "CREATED", ">EXPIRES IN", "FROM", "LAST USED", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    edge_token_cursor_t cursor = {0};
    while (edge_token_file_next(text_of(file), &cursor)) {
        if (cursor.line.name.at != NULL) {
            add_row(table, &cursor.line, pool);
        }
    }
    ctl_table_print(table, stdout);
}

/* An absent text is null. */
static const char *full_time(apr_time_t when, apr_pool_t *pool) {
    return when > 0 ? time_of(when, EDGE_CLOCK_RFC3339_SIZE - 1, pool) : NULL;
}

static void put_token(edge_json_t *json, const edge_token_line_t *line, apr_pool_t *pool) {
    edge_json_object(json);
    edge_json_put_text(json, "name", line->name, 0);
    edge_json_put_string(json, "role", edge_token_role_name(line->role));
    edge_json_put_string(json, "created", full_time(line->created, pool));
    edge_json_put_string(json, "expires", full_time(line->expires, pool));
    edge_json_put_string(json, "last_used", day_of(line->used, pool));
    edge_json_put_string(json, "source", network_of(line, pool));
    edge_json_object_end(json);
}

static void list_json(ctl_t *ctl, const edge_locked_file_t *file) {
    edge_json_t json;
    edge_token_cursor_t cursor = {0};
    edge_json_start(&json, ctl->pool, 4096);
    edge_json_array(&json);
    while (edge_token_file_next(text_of(file), &cursor)) {
        if (cursor.line.name.at != NULL) {
            put_token(&json, &cursor.line, ctl->pool);
        }
    }
    edge_json_array_end(&json);
    ctl_print_json(edge_span(json.text, json.len));
}

static void list_json_lines(ctl_t *ctl, const edge_locked_file_t *file) {
    edge_token_cursor_t cursor = {0};
    while (edge_token_file_next(text_of(file), &cursor)) {
        edge_json_t json;
        if (cursor.line.name.at != NULL) {
            edge_json_start(&json, ctl->pool, 512);
            put_token(&json, &cursor.line, ctl->pool);
            ctl_print_json(edge_span(json.text, json.len));
        }
    }
}

/* One that is not there holds no tokens. */
static ctl_exit_t open_to_list(edge_locked_file_t *file, const char *path) {
    *file = (edge_locked_file_t){.fd = -1};
    return access(path, F_OK) != 0 && errno == ENOENT ? CTL_OK
                                                      : ctl_secret_file_open(file, path, EDGE_LOCKED_FILE_READ);
}

ctl_exit_t ctl_token_list(ctl_t *ctl) {
    edge_locked_file_t file;
    const char *path = file_of(ctl, OTHER_FILE);
    ctl_exit_t code = path != NULL ? open_to_list(&file, path) : CTL_NOT_FOUND;
    if (code != CTL_OK) {
        return code;
    }
    switch (ctl->output) {
    case CTL_TABLE: list_table(&file, ctl->pool); break;
    case CTL_JSON: list_json(ctl, &file); break;
    case CTL_JSONL: list_json_lines(ctl, &file); break;
    }
    code = say_bad_lines(&file) ? CTL_OK : CTL_ERROR;
    edge_locked_file_close(&file);
    return code;
}

/* revoke */

static ctl_exit_t take_away(ctl_t *ctl, edge_locked_file_t *file, const char *name) {
    edge_token_line_t line;
    edge_span_t given = edge_span_of(name);
    if (!edge_token_file_find(text_of(file), given, &line)) {
        ctl_say("%s: there is no token %s", file->path, ctl_human_clean(given, ctl->pool));
        return CTL_NOT_FOUND;
    }
    ctl_exit_t code = ctl_secret_file_said(
        file->path, edge_locked_file_replace_text(file, edge_token_file_remove(text_of(file), given, ctl->pool)));
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        printf("%s revoked\n", edge_span_copy(ctl->pool, line.name).at);
    }
    return code;
}

ctl_exit_t ctl_token_revoke(ctl_t *ctl) {
    edge_locked_file_t file;
    const char *path = file_of(ctl, OTHER_FILE);
    ctl_exit_t code = path != NULL ? ctl_secret_file_open(&file, path, EDGE_LOCKED_FILE_CHANGE) : CTL_NOT_FOUND;
    if (code != CTL_OK) {
        return code;
    }
    code = take_away(ctl, &file, ctl->arguments[0]);
    say_bad_lines(&file);
    edge_locked_file_close(&file);
    return code;
}
