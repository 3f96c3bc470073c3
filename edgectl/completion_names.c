/* Asks the running server for the names a place takes. */
#include "completion_names.h"

#include <apr_strings.h>
#include <string.h>

#include "control_client.h"

#define ANY_ARGUMENT 1000 /* "ID...": each of them */

typedef struct source {
    const char *group, *name; /* of the command; group NULL: one word; name NULL: every command of the group */
    const char *flag;         /* NULL: an argument */
    unsigned argument;
    const char *list;           /* of the API */
    const char *items;          /* its member with the items; NULL: "items" */
    const char *inner, *member; /* the name is a member of the items, or of the items of their array `inner` */
} source_t;

static const source_t sources[] = {
    {"listeners", NULL, NULL, 0, "listeners", NULL, NULL, "name"},
    {NULL, "banner", NULL, 0, "listeners", NULL, NULL, "name"},
    {NULL, "limits", NULL, 0, "listeners", NULL, NULL, "name"},
    {"sessions", NULL, "--listener", 0, "listeners", NULL, NULL, "name"},
    {NULL, "sessions", "--listener", 0, "listeners", NULL, NULL, "name"},
    {"sessions", NULL, NULL, ANY_ARGUMENT, "sessions", NULL, NULL, "id"},
    {"queue", NULL, "--queue", 0, "queue/stat", "queues", NULL, "name"},
    {"queue", NULL, NULL, ANY_ARGUMENT, "queue", NULL, NULL, "id"},
    {"validators", NULL, NULL, 0, "validators", NULL, NULL, "name"},
    {"validators", "mode", NULL, 1, "validators", NULL, "bindings", "listener"},
    {"validators", "mode", NULL, 2, "validators", NULL, "bindings", "command"},
    {"rates", NULL, "--validator", 0, "validators", NULL, NULL, "name"},
    {NULL, "rates", "--validator", 0, "validators", NULL, NULL, "name"},
    {"config", "show", NULL, 0, "config/settings", NULL, NULL, "key"},
    {"config", "get", NULL, 0, "config/settings", NULL, NULL, "key"},
    {"config", "set", NULL, 0, "config/settings", NULL, NULL, "key"},
    {"config", "revert", NULL, ANY_ARGUMENT, "config/settings?origin=override", NULL, NULL, "key"},
    {"token", "revoke", NULL, 0, "tokens", NULL, NULL, "name"},
    {"bans", "lift", NULL, ANY_ARGUMENT, "bans", NULL, NULL, "address"},
    {"rates", "forget", NULL, ANY_ARGUMENT, "rates", NULL, NULL, "id"},
    {"handoff", "probe", NULL, 0, "handoff", NULL, NULL, "name"},
    {"holds", "lift", NULL, ANY_ARGUMENT, "queue/holds", NULL, NULL, "id"},
};

static bool is_same(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static bool is_of(const source_t *source, const ctl_completion_place_t *place) {
    const ctl_command_t *command = place->command;
    return is_same(source->group, command->group) &&
           (source->name == NULL || strcmp(source->name, command->name) == 0) && is_same(source->flag, place->flag) &&
           (source->flag != NULL || source->argument == ANY_ARGUMENT || source->argument == place->argument);
}

static void offer_each(apr_array_header_t *candidates, const source_t *source, const edge_json_value_t *items,
                       const char *inner, const char *last) {
    for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
        if (inner != NULL)
            offer_each(candidates, source, edge_json_in_member(item, inner), NULL, last);
        else if (edge_json_in_text(item, source->member).at != NULL)
            ctl_completion_offer(candidates, last, edge_json_in_text(item, source->member).at, "");
    }
}

void ctl_completion_names(ctl_t *ctl, const ctl_completion_place_t *place, const char *last,
                          apr_array_header_t *candidates) {
    for (unsigned i = 0; i < EDGE_COUNT(sources); i++) {
        ctl_answer_t answer = {0};
        if (!is_of(&sources[i], place))
            continue;
        const char *target = apr_pstrcat(ctl->pool, "/api/v1/", sources[i].list, NULL);
        const char *items = sources[i].items != NULL ? sources[i].items : "items";
        if (ctl_ask(ctl, "GET", target, NULL, &answer) == CTL_OK && answer.status == 200)
            offer_each(candidates, &sources[i], edge_json_in_member(answer.document, items), sources[i].inner, last);
        return;
    }
}
