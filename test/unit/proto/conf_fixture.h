/* Configurations in memory: a few files and variables in place of the machine's. */
#ifndef EDGE_TEST_CONF_FIXTURE_H
#define EDGE_TEST_CONF_FIXTURE_H

#include "proto/conf_parse.h"

/* Forgets all files; the pool of the test. */
void conf_fixture_start(apr_pool_t *pool);
void conf_fixture_file(const char *path, const char *text);
edge_conf_world_t conf_fixture_world(void);
/* Parses "/r/edge.conf" made of `text`; defines end with NULL. */
edge_conf_tree_t *conf_fixture_parse(const char *text, edge_conf_report_t *report, const char *define);
/* "Name a b;Section x{Name c;}" */
const char *conf_fixture_tree(const edge_conf_node_t *first);
/* "EDG10001@3:5 EDG..." */
const char *conf_fixture_codes(const edge_conf_report_t *report);

#endif
