/* Values of requests as configuration would have them. */
#include <apr_strings.h>
#include <stdlib.h>

#include "core/conf_value.h"
#include "control/setting_change.h"

/* Seconds, with a fraction or without; what is no time is left as it is, for the row to refuse. */
static const char *duration(edge_span_t number, apr_pool_t *pool) {
    const char *text = apr_pstrmemdup(pool, number.at, number.len);
    double seconds = strtod(text, NULL);
    if (seconds < 0 || seconds > 1e12)
        return text;
    return edge_conf_show_duration((edge_mono_t)(seconds * 1000 + 0.5) * 1000, pool);
}

static const char *string(const edge_setting_t *setting, edge_span_t text, apr_pool_t *pool) {
    bool one_word = setting->kind == EDGE_SETTING_DIRECTIVE &&
                    (setting->row->type == EDGE_CONF_TEXT || setting->row->type == EDGE_CONF_PATH);
    return one_word ? edge_conf_quote(text, pool) : text.at;
}

const char *edge_setting_value(const edge_setting_t *setting, const edge_json_value_t *json, apr_pool_t *pool) {
    bool directive = setting->kind == EDGE_SETTING_DIRECTIVE;
    switch (json->type) {
    case EDGE_JSON_STRING: return string(setting, json->text, pool);
    case EDGE_JSON_NUMBER:
        return directive && setting->row->type == EDGE_CONF_DURATION
                   ? duration(json->text, pool)
                   : apr_pstrmemdup(pool, json->text.at, json->text.len);
    case EDGE_JSON_BOOL: return json->truth ? "on" : "off";
    case EDGE_JSON_NULL: return "none";
    default: return NULL;
    }
}
