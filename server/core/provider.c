/* Finds what the loaded modules provide, by kind and name. */
#include "edge_module.h"

static const edge_provider_row_t *row_at(const char *kind, unsigned index) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = edge_module_at(m)) != NULL; m++)
        for (const edge_provider_row_t *row = module->providers; row && row->kind; row++)
            if (strcmp(row->kind, kind) == 0 && index-- == 0)
                return row;
    return NULL;
}

const void *edge_provider_find(const char *kind, edge_span_t name) {
    const edge_provider_row_t *row;
    for (unsigned i = 0; (row = row_at(kind, i)) != NULL; i++)
        if (edge_span_equal_nocase(name, edge_span_of(row->name)))
            return row->table;
    return NULL;
}

const char *edge_provider_at(const char *kind, unsigned index) {
    const edge_provider_row_t *row = row_at(kind, index);
    return row ? row->name : NULL;
}
