/* Choosing a media type by Accept. */
#include "proto/http_accept.h"

/* Takes what stands before `separator` off the front, trimmed; quoted texts hold no separators. */
static edge_span_t take(edge_span_t *rest, char separator) {
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->at[i] != separator); i++) {
        if (quoted && rest->at[i] == '\\' && i + 1 < rest->len) {
            i++;
        } else if (rest->at[i] == '"') {
            quoted = !quoted;
        }
    }
    edge_span_t piece = edge_span_trim(edge_span(rest->at, i));
    *rest = edge_span_after(*rest, i < rest->len ? i + 1 : i);
    return piece;
}

/* "0.75" as 750; -1: malformed. */
static int read_weight(edge_span_t text) {
    int weight = 0, unit = 1000;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 ? text.at[i] != '.' : text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        if (i != 1) {
            weight += (text.at[i] - '0') * unit;
            unit /= 10;
        }
    }
    return text.len > 0 && text.len <= 5 && weight <= 1000 ? weight : -1;
}

/* Of a range's parameters. */
static int weight_of(edge_span_t parameters) {
    while (parameters.len > 0) {
        edge_span_t one = take(&parameters, ';');
        if (one.len >= 2 && (one.at[0] | 0x20) == 'q' && one.at[1] == '=') {
            return read_weight(edge_span_after(one, 2));
        }
    }
    return 1000;
}

/* How closely a range names a type: 0 not at all, 1 by all types, 2 by its kind, 3 itself. */
static unsigned closeness(edge_span_t range, const char *type) {
    size_t kind = strcspn(type, "/") + 1;
    if (edge_span_equal_nocase(range, edge_span_of(type))) {
        return 3;
    }
    if (range.len == kind + 1 && range.at[kind] == '*' && edge_span_starts_nocase(range, edge_span(type, kind))) {
        return 2;
    }
    return edge_span_equal(range, edge_span_of("*/*")) ? 1 : 0;
}

static int weight_for(edge_span_t accept, const char *type) {
    unsigned closest = 0;
    int weight = 0;
    while (accept.len > 0) {
        edge_span_t rest = take(&accept, ','), range = take(&rest, ';');
        unsigned close = closeness(range, type);
        int own = weight_of(rest);
        if (close > closest && own >= 0) {
            closest = close;
            weight = own;
        }
    }
    return weight;
}

int edge_http_accept_best(edge_span_t accept, const char *const *types, unsigned count) {
    int best = -1, most = 0;
    if (edge_span_trim(accept).len == 0) {
        return 0;
    }
    for (unsigned i = 0; i < count; i++) {
        int weight = weight_for(accept, types[i]);
        if (weight > most) {
            most = weight;
            best = (int)i;
        }
    }
    return best;
}
