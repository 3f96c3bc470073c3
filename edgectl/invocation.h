/*
 * What every part of edgectl knows: the invocation, the exit codes, what a row of a command is.
 *
 * Concept:  a command is a row with its words, flags, function and prose; dispatch,
 *           help and suggestions all read the rows.
 * Owner:    main's pool, for the life of the process.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   a command says its trouble on standard error and returns an exit code.
 */
#ifndef CTL_INVOCATION_H
#define CTL_INVOCATION_H

#include <apr_tables.h>

#include "configuration.h"

/* Stable: scripts rely on them. */
typedef enum ctl_exit {
    CTL_OK = 0,
    CTL_ERROR = 1,
    CTL_USAGE = 2,
    CTL_NOT_FOUND = 3,
    CTL_DENIED = 4,
    CTL_UNREACHABLE = 5,
    CTL_BAD_CONFIGURATION = 6
} ctl_exit_t;

typedef enum ctl_output { CTL_TABLE, CTL_JSON, CTL_JSONL } ctl_output_t;

typedef struct ctl ctl_t;

/* A flag of one command. */
typedef struct ctl_flag {
    const char *name;  /* "--limit" */
    const char *value; /* what its value is called; NULL: it takes none */
    const char *prose;
} ctl_flag_t;

typedef struct ctl_command {
    const char *group, *name; /* "queue", "list"; group NULL: one word */
    const char *arguments;    /* "ID..."; NULL: none */
    unsigned least, most;     /* how many arguments */
    const ctl_flag_t *flags;  /* ends with name NULL; NULL: none */
    ctl_exit_t (*run)(ctl_t *ctl);
    const char *prose;
} ctl_command_t;

#define CTL_FLAGS_MOST 8

/* Where --url leads (control_peer.h). */
typedef struct ctl_remote {
    const char *url, *token_file, *ca_file; /* NULL: not given */
    bool tls;
    const char *authority, *host, *port, *prefix;
    const char *token; /* NULL: none */
} ctl_remote_t;

struct ctl {
    apr_pool_t *pool;
    const char *path, *server_root; /* of the configuration; absolute */
    apr_array_header_t *defines;
    ctl_remote_t remote;
    const char *once; /* --once; NULL: not given */
    unsigned changes; /* asked for under it */
    ctl_output_t output;
    const ctl_command_t *rows; /* all commands; ends with name NULL */
    const ctl_command_t *command;
    const char *const *arguments; /* behind the command's words */
    unsigned argument_count;
    const char *flags[CTL_FLAGS_MOST];        /* by row: the value, "" for one without, NULL when not given */
    const ctl_configuration_t *configuration; /* by ctl_configuration */
};

/* "edgectl: text" on standard error. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The configuration's part that edgectl needs, read when first asked for; NULL after it has said why it cannot be read. */
const ctl_configuration_t *ctl_configuration(ctl_t *ctl);
/* Prints one JSON document as `-o` wants it: both forms end in a line end. */
void ctl_print_json(edge_span_t document);

#endif
