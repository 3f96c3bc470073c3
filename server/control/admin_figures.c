/* Answers of the API and of the console's files, counted by route and status, whoever has carried them. */
#include "control/admin.h"
#include "edge_counter.h"

#include <apr_strings.h>
#include <stdatomic.h>

#define PATHS_MOST 192

static const edge_counter_row_t requests_row = {
    "admin_requests_total", EDGE_COUNTER_TOTAL,
    "Requests of the API and for the console's files that were answered, by route and status."};
/* The last stands for every other status. */
static const char *const codes[] = {"200", "201", "202", "304", "400", "401", "403", "404", "405", "409",
                                    "410", "412", "413", "415", "422", "428", "429", "500", "503", "other"};

/* Slots are 1-based; 0: not made yet, or there was no room. */
typedef struct path {
    const char *name;
    _Atomic unsigned slots[EDGE_COUNT(codes)];
} path_t;

static path_t paths[PATHS_MOST];
static unsigned path_count;

/* Texts that stand where a route has its path. */
static const char files[] = "files", none[] = "none";

static unsigned code_index(unsigned status) {
    unsigned code = 0;
    char text[16];
    apr_snprintf(text, sizeof(text), "%u", status);
    while (code + 1 < EDGE_COUNT(codes) && strcmp(codes[code], text) != 0)
        code++;
    return code;
}

static path_t *find(const char *name) {
    for (unsigned i = 0; i < path_count; i++)
        if (paths[i].name == name || strcmp(paths[i].name, name) == 0)
            return &paths[i];
    return NULL;
}

/* Two threads that make the same one are given the same slot. */
static unsigned make(path_t *path, unsigned code) {
    char labels[256];
    unsigned slot;
    apr_snprintf(labels, sizeof(labels), "route=\"%s\",code=\"%s\"", path->name, codes[code]);
    if (edge_counter_register_labelled("core", &requests_row, labels, &slot) != APR_SUCCESS)
        return 0;
    atomic_store(&path->slots[code], slot + 1);
    return slot + 1;
}

static void make_all(const char *name, const unsigned *statuses, unsigned count) {
    path_t *path = find(name);
    if (!path && path_count == PATHS_MOST)
        return;
    if (!path) {
        path = &paths[path_count++];
        path->name = name;
    }
    for (unsigned i = 0; i < count; i++)
        make(path, code_index(statuses[i]));
}

static void make_route(const edge_admin_route_t *route) {
    unsigned usual = route->flags & EDGE_ADMIN_ACCEPTED ? 202 : route->flags & EDGE_ADMIN_CREATED ? 201 : 200;
    make_all(route->path, (const unsigned[]){usual, 401, 403}, 3);
}

void edge_admin_figures_make(void) {
    const edge_admin_route_t *route;
    path_count = 0;
    make_all(files, (const unsigned[]){200, 304, 404, 405}, 4);
    make_all(none, (const unsigned[]){400, 401, 403, 404, 405, 429}, 6);
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++)
        make_route(route);
}

/* What is usual stands there from the start; other statuses of a route are made when they come. */
static void count_one(const char *name, unsigned status) {
    unsigned code = code_index(status);
    path_t *path = find(name);
    unsigned slot = path ? atomic_load(&path->slots[code]) : 0;
    if (path && slot == 0)
        slot = make(path, code);
    if (slot)
        edge_counter_add(slot - 1, 1);
}

void edge_admin_count(const edge_admin_route_t *route, unsigned status) {
    count_one(route ? route->path : none, status);
}

void edge_admin_count_file(unsigned status) { count_one(files, status); }
