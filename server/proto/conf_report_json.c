/* Writes diagnostics as JSON. */
#include "proto/conf_report_json.h"

static void put_place(edge_json_t *json, edge_conf_place_t place) {
    edge_json_put_text(json, "file", edge_span_of(place.file ? place.file->path : NULL), 0);
    edge_json_key(json, "line");
    if (place.line)
        edge_json_number(json, place.line);
    else
        edge_json_null(json);
    edge_json_key(json, "column");
    if (place.column)
        edge_json_number(json, place.column);
    else
        edge_json_null(json);
}

static void put_chain(edge_json_t *json, const edge_conf_file_t *file) {
    edge_json_key(json, "include_chain");
    edge_json_array(json);
    for (; file && file->included_by; file = file->included_by) {
        edge_json_object(json);
        edge_json_put_string(json, "file", file->included_by->path);
        edge_json_put_number(json, "line", file->included_line);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_diagnostic(edge_json_t *json, const edge_conf_diagnostic_t *diagnostic) {
    edge_json_object(json);
    put_place(json, diagnostic->place);
    edge_json_put_string(json, "severity", diagnostic->error ? "error" : "warning");
    edge_json_put_string(json, "code", diagnostic->code);
    edge_json_put_string(json, "message", diagnostic->text);
    edge_json_put_text(json, "suggestion", edge_span_of(diagnostic->advice), 0);
    put_chain(json, diagnostic->place.file);
    edge_json_object_end(json);
}

void edge_conf_report_json(const edge_conf_report_t *report, edge_json_t *json) {
    edge_json_object(json);
    edge_json_put_number(json, "errors", report->errors);
    edge_json_put_number(json, "warnings", report->warnings);
    edge_json_put_number(json, "files", report->files);
    edge_json_key(json, "diagnostics");
    edge_json_array(json);
    for (const edge_conf_diagnostic_t *diagnostic = report->first; diagnostic; diagnostic = diagnostic->next)
        put_diagnostic(json, diagnostic);
    edge_json_array_end(json);
    edge_json_object_end(json);
}
