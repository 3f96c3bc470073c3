/* LogLevel: what is written, checked, shown and put in force. */
#include "core/log_levels.h"

#include <apr_strings.h>

#include "core/conf_apply.h"
#include "core/core_conf.h"
#include "core/snapshot.h"

/* LogLevel LEVEL [AREA:LEVEL]... */
static bool set_one_level(const edge_conf_line_t *line, unsigned argument, edge_core_server_conf_t *server) {
    edge_span_t text = line->arguments[argument].text;
    const char *colon = memchr(text.at, ':', text.len);
    edge_span_t area = colon ? edge_span(text.at, (size_t)(colon - text.at)) : EDGE_NO_SPAN;
    edge_span_t level = colon ? edge_span_after(text, area.len + 1) : text;
    edge_core_level_t *slot = &server->levels[server->level_count];
    if (server->level_count == EDGE_CORE_LEVELS_MOST || !edge_log_level_parse(level, &slot->level)) {
        edge_conf_error(line, argument, "EDG10303",
                        "\"%s\" is no log level; allowed: emerg, error, warn, notice, info, debug, trace", text.at);
        return false;
    }
    slot->area = area.at ? edge_span_copy(line->pool, area) : EDGE_NO_SPAN;
    server->level_count++;
    return true;
}

bool edge_log_levels_set(const edge_conf_line_t *line, void *conf) {
    edge_core_server_conf_t *server = conf;
    bool good = line->count > 0;
    server->level_count = 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10304", "LogLevel needs a level, for example notice");
    for (unsigned i = 0; i < line->count; i++)
        good &= set_one_level(line, i, server);
    return good;
}

edge_span_t edge_log_levels_show(const void *conf, apr_pool_t *pool) {
    const edge_core_server_conf_t *server = conf;
    const char *text = "";
    for (unsigned i = 0; i < server->level_count; i++)
        text = apr_pstrcat(pool, text, i ? " " : "", server->levels[i].area.at ? server->levels[i].area.at : "",
                           server->levels[i].area.at ? ":" : "", edge_log_level_name(server->levels[i].level), NULL);
    return edge_span_of(text);
}

/* Areas of the log are known when all modules are loaded. */
static const char *area_at(const void *context, unsigned index) {
    const edge_log_area_t *area = edge_log_area_at(index);
    (void)context;
    return area ? area->name : NULL;
}

static bool is_area(edge_span_t name) {
    const edge_log_area_t *area;
    for (unsigned i = 0; (area = edge_log_area_at(i)) != NULL; i++)
        if (edge_span_equal(name, edge_span_of(area->name)))
            return true;
    return false;
}

/* Levels and words of the line stand in the same order. */
void edge_log_levels_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    const edge_conf_node_t *node = edge_section_written(edge_snapshot_server(snapshot), "LogLevel");
    for (unsigned i = 0; node && i < conf->level_count; i++) {
        edge_span_t area = conf->levels[i].area;
        if (!area.at || is_area(area))
            continue;
        const char *near = edge_conf_nearest(area, area_at, NULL);
        edge_conf_report_add(check->report, false, edge_conf_place_of_argument(node, i), "EDG20011",
                             near ? apr_psprintf(check->pool, "did you mean \"%s\"?", near) : NULL,
                             "there is no log area \"%s\"", area.at);
    }
}

edge_log_level_t edge_core_log_level(const edge_core_server_conf_t *conf, const char *area) {
    edge_log_level_t level = EDGE_LOG_NOTICE;
    bool own = false;
    for (unsigned i = 0; i < conf->level_count; i++) {
        bool is_own = area && conf->levels[i].area.at && edge_span_equal(conf->levels[i].area, edge_span_of(area));
        if (is_own || (!own && !conf->levels[i].area.at))
            level = conf->levels[i].level;
        own |= is_own;
    }
    return level;
}

void edge_log_levels_apply(const edge_snapshot_t *snapshot) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    const edge_log_area_t *area;
    edge_log_area_level(NULL, edge_core_log_level(conf, NULL));
    for (unsigned i = 0; (area = edge_log_area_at(i)) != NULL; i++)
        edge_log_area_level(area->name, edge_core_log_level(conf, area->name));
}
