/* A spool in a directory of its own, one worker, and messages whose contents follow from their number. */
#ifndef SPOOL_FIXTURE_H
#define SPOOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"
#include "edge_log.h"
#include "edge_spool.h"

#define FIXTURE_SEGMENT 65536u

typedef struct fixture_message {
    edge_uuid_t id;
    uint32_t number;
    size_t size; /* of the body */
    edge_outcome_t outcome;
} fixture_message_t;

/* Workers, and an empty directory: cmocka's group setup and teardown. */
int fixture_start(void **state);
int fixture_stop(void **state);
extern char fixture_directory[128];
/* Removes everything in the directory. */
void fixture_clear(void);

/* Small segments and bodies; change `fixture_options` before. */
extern edge_spool_options_t fixture_options;
void fixture_reset_options(void);
edge_queue_t *fixture_open(void);
/* The first segment of a new spool is not written ahead. It is left with the first batch that finds another one ready, and until
 * nothing lives in it the keeper has work, and commits. Afterwards every commit and every call to the disk is the test's own. */
void fixture_settle(edge_queue_t *queue);
/* Asserts that it opens or not. */
apr_status_t fixture_try_open(edge_queue_t *queue, const char **why);
void fixture_close(edge_queue_t *queue);

/* Submits `count` messages at once and waits for all. `sizes` are of the bodies. */
void fixture_submit(edge_queue_t *queue, fixture_message_t *messages, unsigned count);
/* One message; asserts that it is stored. */
fixture_message_t fixture_store(edge_queue_t *queue, uint32_t number, size_t size);
/* Starts a body of `size` octets and abandons it. */
void fixture_abandon(edge_queue_t *queue, size_t size);

/* Reads it back and compares each octet; asserts. */
void fixture_check(edge_queue_t *queue, const fixture_message_t *message);
/* Its status when it is read to the end. */
apr_status_t fixture_read(edge_queue_t *queue, edge_uuid_t id, char **content, size_t *size);
unsigned fixture_count(edge_queue_t *queue, int state);
bool fixture_listed(edge_queue_t *queue, edge_uuid_t id);

/* Files of the spool, in order of name. */
unsigned fixture_files(const char *below, char names[][64], unsigned most);
void fixture_path(const char *below, const char *name, char *out, size_t size);
#define FIXTURE_PATH 512

/* The log as a kill -9 would leave it now: kept, the spool closed, and put back. */
typedef struct fixture_image {
    struct {
        char name[64];
        char *octets;
        size_t size;
    } files[64];
    unsigned count;
} fixture_image_t;
void fixture_take_image(fixture_image_t *image);
void fixture_put_image(const fixture_image_t *image);
void fixture_free_image(fixture_image_t *image);
void fixture_crash(edge_queue_t *queue);
/* Where in the image the body of that message starts; asserts that it is there. */
char *fixture_find(fixture_image_t *image, const fixture_message_t *message);
/* A message to each octet of whose body this one belongs. */
char fixture_octet(uint32_t number, size_t at);

#endif
