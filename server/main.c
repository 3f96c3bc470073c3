/* edged: reads its command line and does what it says. */
#include <apr_file_info.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <apr_version.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/conf_dump.h"
#include "core/snapshot.h"
#include "edge_log.h"
#include "edge_module.h"
#include "manual.h"
#include "supervise.h"
#include "version.h"

typedef enum mode {
    MODE_SERVE,
    MODE_TEST,
    MODE_OVERVIEW,
    MODE_CONFIGURATION,
    MODE_MODULES,
    MODE_DIRECTIVES,
    MODE_VERSION
} run_mode_t;

typedef struct command_line {
    run_mode_t mode;
    bool foreground, strict, json, quiet, manual, verbose, anonymous;
    const char *topic; /* -L MODULE */
    edge_snapshot_source_t source;
} command_line_t;

enum { OPTION_STRICT = 256, OPTION_JSON, OPTION_MAN, OPTION_HELP, OPTION_VERBOSE, OPTION_ANON };

static const apr_getopt_option_t options[] = {
    {"file", 'f', 1, "read this configuration (default: " EDGE_DEFAULT_CONF ")"},
    {"root", 'd', 1, "ServerRoot: where relative paths begin (default: " EDGE_DEFAULT_ROOT ")"},
    {"define", 'D', 1, "NAME or NAME=VALUE, for ${NAME} and <IfDefine>; DUMP_INCLUDES lists the files read"},
    {"foreground", 'X', 0, "stay in the foreground; the error log goes to standard error"},
    {"test", 't', 0, "check the configuration, print every error, exit 0 or 1"},
    {"strict", OPTION_STRICT, 0, "with -t: warnings count as errors (exit 3)"},
    {"json", OPTION_JSON, 0, "with -t: diagnostics as JSON"},
    {"verbose", OPTION_VERBOSE, 0, "with -t: name each block that a condition skipped"},
    {"quiet", 'q', 0, "with -t: print nothing when all is well"},
    {"overview", 'S', 0, "print listeners, queues, paths and the validator matrix"},
    {"configuration", 'T', 0, "print the whole configuration in force, with the origin of each line"},
    {"anon", OPTION_ANON, 0, "with -T: hide host names, mail addresses and IP addresses, so that it can be shown"},
    {"modules", 'M', 0, "print the loaded modules"},
    {"directives", 'L', 0, "print every directive, or those of the module named behind it"},
    {"man", OPTION_MAN, 0, "print the source of edged(8); with -L, of edge.conf(5)"},
    {"version", 'v', 0, "print the version"},
    {"help", OPTION_HELP, 0, "print this"},
    {NULL, 0, 0, NULL},
};

static void print_usage(FILE *out) {
    fputs("usage: edged [-f FILE] [-d SERVERROOT] [-D NAME[=VALUE]] [-X] [-t|-S|-T|-M|-L [MODULE]|-v]\n\n", out);
    for (const apr_getopt_option_t *option = options; option->name; option++) {
        if (option->optch < 256)
            fprintf(out, "  -%c, --%-14s %s\n", option->optch, option->name, option->description);
        else
            fprintf(out, "      --%-14s %s\n", option->name, option->description);
    }
}

static void take_option(command_line_t *line, int option, const char *argument, apr_pool_t *pool) {
    switch (option) {
    case 'f': line->source.path = argument; break;
    case 'd': line->source.server_root = argument; break;
    case 'D': *(const char **)apr_array_push(line->source.defines) = apr_pstrdup(pool, argument); break;
    case 'X': line->foreground = true; break;
    case 'q': line->quiet = true; break;
    case 't': line->mode = MODE_TEST; break;
    case 'S': line->mode = MODE_OVERVIEW; break;
    case 'T': line->mode = MODE_CONFIGURATION; break;
    case 'M': line->mode = MODE_MODULES; break;
    case 'L': line->mode = MODE_DIRECTIVES; break;
    case 'v': line->mode = MODE_VERSION; break;
    case OPTION_STRICT: line->strict = true; break;
    case OPTION_JSON: line->json = true; break;
    case OPTION_ANON: line->anonymous = true; break;
    case OPTION_MAN: line->manual = true; break;
    case OPTION_VERBOSE: line->verbose = true; break;
    case OPTION_HELP: print_usage(stdout); exit(0);
    }
}

/* False after it has said what is wrong. */
static bool read_command_line(command_line_t *line, int argc, const char *const *argv, apr_pool_t *pool) {
    apr_getopt_t *walk;
    apr_status_t status;
    const char *argument;
    int option;
    *line = (command_line_t){.mode = MODE_SERVE, .source = {.path = NULL, .server_root = NULL}};
    line->source.defines = apr_array_make(pool, 4, sizeof(const char *));
    apr_getopt_init(&walk, pool, argc, argv);
    walk->interleave = 1; /* "-L smtp_edge -f FILE" */
    while ((status = apr_getopt_long(walk, options, &option, &argument)) == APR_SUCCESS)
        take_option(line, option, argument, pool);
    if (status == APR_EOF && walk->ind < argc && line->mode == MODE_DIRECTIVES)
        line->topic = walk->argv[walk->ind++];
    if (status == APR_EOF && walk->ind == argc)
        return true;
    if (status == APR_EOF)
        fprintf(stderr, "edged: unexpected argument \"%s\"\n", walk->argv[walk->ind]);
    print_usage(stderr);
    return false;
}

/* Relative names on the command line are seen from where it was typed, also after the move to ServerRoot. */
static bool settle_paths(edge_snapshot_source_t *source, apr_pool_t *pool) {
    char *absolute;
    if (!source->server_root)
        source->server_root = EDGE_DEFAULT_ROOT;
    apr_status_t status = apr_filepath_merge(&absolute, NULL, source->server_root, APR_FILEPATH_NATIVE, pool);
    if (status == APR_SUCCESS) {
        source->server_root = absolute;
        const char *path = source->path ? source->path : EDGE_DEFAULT_CONF;
        status = apr_filepath_merge(&absolute, NULL, path, APR_FILEPATH_NATIVE, pool);
    }
    if (status != APR_SUCCESS) {
        fprintf(stderr, "edged: \"%s\" is no usable path\n", source->server_root);
        return false;
    }
    source->path = absolute;
    return true;
}

/* The first process waits until the server serves, so that "edged" has failed or succeeded when it returns. */
static int wait_for_start(int descriptor) {
    char octet;
    ssize_t count;
    do
        count = read(descriptor, &octet, 1);
    while (count < 0 && errno == EINTR);
    return count == 1 ? 0 : 1;
}

static int serve_detached(edge_supervision_t *supervision, apr_pool_t *pool) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0)
        return 1;
    pid_t pid = fork();
    if (pid < 0) {
        perror("edged: fork");
        return 1;
    }
    if (pid > 0) {
        close(ready[1]);
        return wait_for_start(ready[0]);
    }
    close(ready[0]);
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    supervision->ready_descriptor = ready[1];
    return edge_supervise(supervision, pool);
}

static int serve(const command_line_t *line, apr_pool_t *pool) {
    edge_supervision_t supervision = {&line->source, line->foreground, -1};
    if (chdir(line->source.server_root) < 0) {
        fprintf(stderr, "edged: ServerRoot %s: %s\n", line->source.server_root, strerror(errno));
        return 1;
    }
    return line->foreground ? edge_supervise(&supervision, pool) : serve_detached(&supervision, pool);
}

static int run(const command_line_t *line, apr_pool_t *pool) {
    edge_conf_dump_t dump = {&line->source, line->strict, line->json,      line->quiet,
                             line->verbose, line->manual, line->anonymous, line->topic};
    switch (line->mode) {
    case MODE_SERVE:
        if (!line->manual)
            return serve(line, pool);
        edge_manual_print(options, stdout);
        return 0;
    case MODE_TEST: return edge_conf_dump_test(&dump, stdout, stderr, pool);
    case MODE_OVERVIEW: return edge_conf_dump_overview(&dump, stdout, stderr, pool);
    case MODE_CONFIGURATION: return edge_conf_dump_configuration(&dump, stdout, stderr, pool);
    case MODE_MODULES: return edge_conf_dump_modules(&dump, stdout, stderr, pool);
    case MODE_DIRECTIVES: return edge_conf_dump_directives(&dump, stdout, stderr, pool);
    case MODE_VERSION:
        printf("edged %s (module ABI %u, APR %s)\n", EDGE_VERSION, EDGE_MODULE_ABI, APR_VERSION_STRING);
        return 0;
    }
    return 2;
}

int main(int argc, const char *const *argv) {
    apr_pool_t *pool;
    command_line_t line;
    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS)
        return 1;
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    if (!read_command_line(&line, argc, argv, pool))
        return 2;
    if (!settle_paths(&line.source, pool))
        return 2;
    return run(&line, pool);
}
