/* Reads from the configuration where the server's files are. */
#include "configuration.h"

#include <apr_strings.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/conf_parse.h"

/* As the rows of the core say. */
#define PID_FILE "run/edged.pid"
#define CONTROL_SOCKET "run/edged.sock"
#define TOKEN_FILE "secrets/admin.tokens"
#define FILE_MOST (16u * 1024 * 1024)

static const char *read_file(void *context, const char *path, apr_pool_t *pool, edge_span_t *text) {
    (void)context;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return strerror(errno);
    }
    size_t size = 65536, have = 0, got;
    char *bytes = apr_palloc(pool, size);
    while ((got = fread(bytes + have, 1, size - have, file)) > 0 && have + got < FILE_MOST) {
        have += got;
        if (have == size) {
            char *larger = apr_palloc(pool, size * 2);
            memcpy(larger, bytes, have);
            bytes = larger;
            size *= 2;
        }
    }
    const char *why = ferror(file) ? strerror(errno) : NULL;
    fclose(file);
    bytes[have] = '\0';
    *text = edge_span(bytes, have);
    return why;
}

static apr_array_header_t *match_files(void *context, const char *pattern, apr_pool_t *pool) {
    apr_array_header_t *paths = apr_array_make(pool, 8, sizeof(const char *));
    glob_t found;
    (void)context;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            *(const char **)apr_array_push(paths) = apr_pstrdup(pool, found.gl_pathv[i]);
        }
        globfree(&found);
    }
    return paths;
}

static bool file_exists(void *context, const char *path) {
    (void)context;
    return access(path, F_OK) == 0;
}

static const char *environment(void *context, const char *name) {
    (void)context;
    return getenv(name);
}

/* The first argument of a directive directly below `parent`; NULL without one. */
static const char *value_of(const edge_conf_node_t *parent, const char *name) {
    for (const edge_conf_node_t *node = parent->first; node != NULL; node = node->next) {
        if (!node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of(name))) {
            return node->arguments[0].text.at;
        }
    }
    return NULL;
}

static const char *absolute(const char *server_root, const char *path, apr_pool_t *pool) {
    return path[0] == '/' ? path : apr_pstrcat(pool, server_root, "/", path, NULL);
}

static void find_queues(ctl_configuration_t *configuration, const edge_conf_node_t *root, const char *server_root,
                        apr_pool_t *pool) {
    ctl_queue_t **last = &configuration->queues;
    for (const edge_conf_node_t *node = root->first; node != NULL; node = node->next) {
        const char *spool =
            node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of("Queue"))
                ? value_of(node, "Spool")
                : NULL;
        if (spool != NULL) {
            ctl_queue_t *queue = apr_pcalloc(pool, sizeof *queue);
            queue->name = node->arguments[0].text.at;
            queue->directory = absolute(server_root, spool, pool);
            *last = queue;
            last = &queue->next;
        }
    }
}

static void find_backends(ctl_configuration_t *configuration, const edge_conf_node_t *root, const char *server_root,
                          apr_pool_t *pool) {
    ctl_backend_t **last = &configuration->backends;
    for (const edge_conf_node_t *node = root->first; node != NULL; node = node->next) {
        const char *file =
            node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of("AuthBackend"))
                ? value_of(node, "File")
                : NULL;
        if (file != NULL) {
            ctl_backend_t *backend = apr_pcalloc(pool, sizeof *backend);
            backend->name = node->arguments[0].text.at;
            backend->file = absolute(server_root, file, pool);
            *last = backend;
            last = &backend->next;
        }
    }
}

static const edge_conf_node_t *directive(const edge_conf_node_t *parent, const char *name) {
    for (const edge_conf_node_t *node = parent->first; node != NULL; node = node->next) {
        if (!node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of(name))) {
            return node;
        }
    }
    return NULL;
}

static bool says(const edge_conf_node_t *listener, const edge_conf_node_t *root, const char *name, const char *word) {
    const edge_conf_node_t *node = directive(listener, name);
    node = node != NULL ? node : directive(root, name);
    for (unsigned i = 0; node != NULL && i < node->count; i++) {
        if (edge_span_equal_nocase(node->arguments[i].text, edge_span_of(word))) {
            return true;
        }
    }
    return false;
}

/* "0.0.0.0:25", "[::]:25": where any address is meant, this host's own is. */
static bool read_address(const char *text, ctl_listener_t *listener, apr_pool_t *pool) {
    const char *colon = strrchr(text, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
    bool bracketed = text[0] == '[';
    if (port == 0 || port > 65535 || (bracketed && colon[-1] != ']')) {
        return false;
    }
    const char *host = apr_pstrmemdup(pool, text + bracketed, (apr_size_t)(colon - text) - 2u * bracketed);
    listener->host = strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
    listener->port = (unsigned short)port;
    return true;
}

static void find_listeners(ctl_configuration_t *configuration, const edge_conf_node_t *root, apr_pool_t *pool) {
    ctl_listener_t **last = &configuration->listeners;
    for (const edge_conf_node_t *node = root->first; node != NULL; node = node->next) {
        bool is_listener =
            node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of("Listener"));
        const char *address = is_listener ? value_of(node, "Listen") : NULL;
        const char *protocol = is_listener ? value_of(node, "Protocol") : NULL;
        ctl_listener_t *listener = apr_pcalloc(pool, sizeof *listener);
        if (address == NULL || (protocol != NULL && strcmp(protocol, "smtp") != 0) ||
            !read_address(address, listener, pool)) {
            continue;
        }
        listener->name = node->arguments[0].text.at;
        listener->open = !says(node, root, "TLS", "immediate") && !says(node, root, "TLS", "require=all") &&
                         !says(node, root, "Auth", "required");
        *last = listener;
        last = &listener->next;
    }
}

static const char *find_token_file(const edge_conf_node_t *root) {
    const char *file = NULL;
    for (const edge_conf_node_t *node = root->first; node != NULL; node = node->next) {
        if (node->is_section && edge_span_equal_nocase(node->name, edge_span_of("Admin"))) {
            file = value_of(node, "TokenFile");
        }
    }
    return file != NULL ? file : TOKEN_FILE;
}

const ctl_configuration_t *ctl_configuration_read(const char *path, const char *server_root,
                                                  const apr_array_header_t *defines, apr_pool_t *pool,
                                                  const char **why) {
    const edge_conf_world_t world = {.server_root = server_root,
                                     .read = read_file,
                                     .match = match_files,
                                     .exists = file_exists,
                                     .environment = environment};
    edge_span_t text;
    *why = read_file(NULL, path, pool, &text);
    if (*why != NULL) {
        return NULL;
    }
    edge_conf_report_t report;
    edge_conf_report_start(&report, pool);
    const edge_conf_tree_t *tree = edge_conf_parse(path, defines, &world, &report, pool);
    ctl_configuration_t *configuration = apr_pcalloc(pool, sizeof *configuration);
    const char *pid_file = value_of(&tree->root, "PidFile"), *socket = value_of(&tree->root, "ControlSocket");
    configuration->pid_file = absolute(server_root, pid_file != NULL ? pid_file : PID_FILE, pool);
    configuration->control_socket = absolute(server_root, socket != NULL ? socket : CONTROL_SOCKET, pool);
    find_queues(configuration, &tree->root, server_root, pool);
    find_backends(configuration, &tree->root, server_root, pool);
    find_listeners(configuration, &tree->root, pool);
    configuration->token_file = absolute(server_root, find_token_file(&tree->root), pool);
    configuration->server_name = value_of(&tree->root, "ServerName");
    return configuration;
}
