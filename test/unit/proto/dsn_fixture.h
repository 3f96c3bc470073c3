/* A message that came to three recipients, and reports about it as text. */
#ifndef EDGE_TEST_DSN_FIXTURE_H
#define EDGE_TEST_DSN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/dsn.h"

typedef struct dsn_fixture {
    apr_pool_t *pool;
    edge_envelope_t envelope;
    edge_dsn_recipient_t results[8];
    edge_dsn_report_t report;
    edge_dsn_survey_t survey;
    edge_dsn_t dsn;
    edge_span_t original;
} dsn_fixture_t;

int dsn_fixture_setup(void **state);
int dsn_fixture_teardown(void **state);

/* A parameter of MAIL or RCPT. */
void dsn_fixture_add(dsn_fixture_t *fixture, edge_parameters_t *parameters, const char *name, const char *value);
/* A further recipient with what came of it. */
edge_dsn_recipient_t *dsn_fixture_recipient(dsn_fixture_t *fixture, const char *address, edge_dsn_action_t action,
                                            const char *reply, const char *remote);
/* The whole report, with a NUL behind it. */
const char *dsn_fixture_write(dsn_fixture_t *fixture);

#endif
