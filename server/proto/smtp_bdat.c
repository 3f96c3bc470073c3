/* Counts the octets of a chunk. */
#include "proto/smtp_bdat.h"

#include "edge_obj.h"

bool edge_smtp_bdat_parse(edge_span_t argument, edge_smtp_bdat_t *bdat) {
    size_t len = 0;
    while (len < argument.len && argument.at[len] != ' ' && argument.at[len] != '\t')
        len++;
    edge_span_t rest = edge_span_trim(edge_span_after(argument, len));
    bdat->last = rest.len > 0;
    if (bdat->last && !edge_span_equal_nocase(rest, (edge_span_t)EDGE_SPAN("LAST")))
        return false;
    if (!edge_span_number(edge_span(argument.at, len), &bdat->size))
        return false;
    bdat->left = bdat->size;
    return true;
}

edge_span_t edge_smtp_bdat_part(const edge_smtp_bdat_t *bdat, edge_span_t input) {
    return edge_span(input.at, input.len < bdat->left ? input.len : (size_t)bdat->left);
}

void edge_smtp_bdat_took(edge_smtp_bdat_t *bdat, size_t octets) {
    EDGE_ASSERT(octets <= bdat->left);
    bdat->left -= octets;
}
