/* Tests of server/store/recover.c, scan.c, seal.c and sweep.c: what a start makes of logs that a crash or a bad disk left. */
#include "spool_fixture.h"

#include "store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNT = 4 };
static fixture_message_t messages[COUNT];

/* One batch a message. */
static edge_queue_t *store_some(size_t size) {
    fixture_close(fixture_open()); /* leaves a segment that the next start uses, so that all stands in one */
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = fixture_store(queue, i + 1, size + i);
    }
    return queue;
}

static void take_crash_image(edge_queue_t *queue, fixture_image_t *image) {
    fixture_take_image(image);
    fixture_close(queue);
}

/* Nothing but the segment with the messages, which makes a start quick. */
static void keep_one_segment(fixture_image_t *image, const fixture_message_t *message) {
    const char *at = fixture_find(image, message);
    for (unsigned i = 0; i < image->count; i++) {
        if (at < image->files[i].octets || at >= image->files[i].octets + image->files[i].size) {
            free(image->files[i].octets);
            image->files[i--] = image->files[--image->count];
        }
    }
    assert_int_equal(image->count, 1);
}

/* Whatever the last octet was that reached the disk: what was whole before it is there, and nothing else. */
static void torn_at_every_octet(void **state) {
    fixture_image_t image;
    (void)state;
    take_crash_image(store_some(100), &image);
    keep_one_segment(&image, &messages[0]);
    for (unsigned i = 1; i < COUNT; i++) {
        fixture_find(&image, &messages[i]);
    }
    char *first = fixture_find(&image, &messages[0]),
         *last = fixture_find(&image, &messages[COUNT - 1]) + messages[COUNT - 1].size;
    fixture_options.tool = true;
    for (char *cut = last; cut > first; cut--) {
        memset(cut - 1, 0, 1);
        unsigned whole = 0;
        fixture_put_image(&image);
        edge_queue_t *queue = fixture_open();
        for (unsigned i = 0; i < COUNT; i++) {
            char *content;
            size_t size;
            apr_status_t status = fixture_read(queue, messages[i].id, &content, &size);
            free(content);
            if (status == APR_EOF) {
                fixture_check(queue, &messages[i]);
                assert_int_equal(whole, i); /* none behind a missing one */
                whole++;
            } else {
                assert_int_equal(status, APR_NOTFOUND);
            }
        }
        assert_int_equal(fixture_count(queue, -1), whole);
        fixture_close(queue);
    }
    fixture_free_image(&image);
    fixture_clear();
}

static void bad_body_in_the_middle(void **state) {
    fixture_image_t image;
    char *content;
    size_t size;
    (void)state;
    take_crash_image(store_some(1000), &image);
    fixture_find(&image, &messages[1])[500] ^= 1;
    fixture_put_image(&image);
    for (unsigned round = 0; round < 2; round++) {
        edge_queue_t *queue = fixture_open();
        edge_queue_stat_t stat;
        assert_int_equal(fixture_count(queue, -1), COUNT);
        assert_int_equal(fixture_count(queue, EDGE_MESSAGE_DAMAGED), 1);
        assert_int_equal(queue->provider->stat(queue, &stat), APR_SUCCESS);
        assert_int_equal(stat.damaged, 1);
        assert_int_equal(fixture_read(queue, messages[1].id, &content, &size), APR_EGENERAL);
        free(content);
        assert_int_equal(queue->provider->hold(queue, messages[1].id), APR_EGENERAL);
        fixture_check(queue, &messages[0]);
        fixture_check(queue, &messages[2]);
        fixture_check(queue, &messages[3]);
        fixture_close(queue);
    }
    edge_queue_t *queue = fixture_open();
    assert_int_equal(queue->provider->remove(queue, messages[1].id), APR_SUCCESS);
    fixture_close(queue);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), COUNT - 1);
    fixture_close(queue);
    fixture_free_image(&image);
    fixture_clear();
}

static bool keep_id(void *context, const edge_queue_entry_t *entry) {
    assert_null(entry->envelope);
    *(edge_uuid_t *)context = entry->id;
    return true;
}

static void bad_header_in_the_middle(void **state) {
    fixture_image_t image;
    edge_uuid_t id = {{0}};
    edge_queue_filter_t damaged = {.state = EDGE_MESSAGE_DAMAGED};
    (void)state;
    take_crash_image(store_some(1000), &image);
    /* The header of the second record: behind the first body, on the next multiple of eight. */
    keep_one_segment(&image, &messages[0]);
    char *file = image.files[0].octets;
    size_t at = edge_record_align((size_t)(fixture_find(&image, &messages[0]) - file) + messages[0].size);
    file[at + 30] ^= 1;
    fixture_put_image(&image);
    edge_queue_t *queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), COUNT);
    assert_int_equal(queue->provider->list(queue, &damaged, keep_id, &id), APR_SUCCESS);
    fixture_check(queue, &messages[0]);
    fixture_check(queue, &messages[2]);
    fixture_check(queue, &messages[3]);
    assert_false(fixture_listed(queue, messages[1].id));
    assert_int_equal(queue->provider->remove(queue, id), APR_SUCCESS);
    fixture_close(queue);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), COUNT - 1);
    fixture_close(queue);
    fixture_free_image(&image);
    fixture_clear();
}

static void a_bad_footer_is_no_loss(void **state) {
    fixture_image_t image;
    (void)state;
    fixture_close(store_some(1000));
    fixture_take_image(&image);
    for (unsigned i = 0; i < image.count; i++) {
        image.files[i].octets[image.files[i].size - 20] ^= 1;
    }
    fixture_put_image(&image);
    fixture_free_image(&image);
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        fixture_check(queue, &messages[i]);
    }
    fixture_close(queue);
    fixture_clear();
}

static void a_bad_header_has_a_copy(void **state) {
    fixture_image_t image;
    (void)state;
    take_crash_image(store_some(1000), &image);
    for (unsigned i = 0; i < image.count; i++) {
        memset(image.files[i].octets, 0, EDGE_SEGMENT_HEAD);
    }
    fixture_put_image(&image);
    fixture_free_image(&image);
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        fixture_check(queue, &messages[i]);
    }
    fixture_close(queue);
    fixture_clear();
}

static void a_file_that_is_no_segment_is_put_aside(void **state) {
    char path[FIXTURE_PATH], names[64][64];
    unsigned aside = 0;
    (void)state;
    fixture_close(store_some(100));
    fixture_path("log", "00000999.seg", path, sizeof path);
    FILE *file = fopen(path, "wb");
    fputs("nothing of ours", file);
    fclose(file);
    edge_queue_t *queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), COUNT);
    fixture_close(queue);
    unsigned count = fixture_files("log", names, 64);
    for (unsigned i = 0; i < count; i++) {
        aside += strcmp(names[i], "00000999.seg.damaged") == 0;
    }
    assert_int_equal(aside, 1);
    fixture_clear();
}

/* A segment is used again over its old contents: what was in it does not come back. */
static void old_records_stay_dead(void **state) {
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        edge_queue_t *queue = fixture_open();
        for (unsigned i = 0; i < 12; i++) {
            fixture_message_t gone = fixture_store(queue, i, 7000);
            assert_int_equal(queue->provider->remove(queue, gone.id), APR_SUCCESS);
        }
        fixture_message_t kept = fixture_store(queue, 77, 300);
        fixture_crash(queue);
        queue = fixture_open();
        assert_int_equal(fixture_count(queue, -1), 1);
        fixture_check(queue, &kept);
        assert_int_equal(queue->provider->remove(queue, kept.id), APR_SUCCESS);
        fixture_crash(queue);
    }
    edge_queue_t *queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), 0);
    fixture_close(queue);
    fixture_clear();
}

static void body_path(const fixture_message_t *message, char *path, size_t size) {
    char text[EDGE_UUID_TEXT], below[64];
    edge_uuid_format(message->id, text);
    snprintf(below, sizeof below, "body/%02x", message->id.bytes[15]);
    fixture_path(below, text, path, size);
}

static void body_files_and_records(void **state) {
    char path[FIXTURE_PATH], *content;
    size_t size;
    struct stat facts;
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t kept = fixture_store(queue, 1, 50000), lost = fixture_store(queue, 2, 50000),
                      removed = fixture_store(queue, 3, 50000);
    body_path(&removed, path, sizeof path);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(queue->provider->remove(queue, removed.id), APR_SUCCESS);
    assert_int_equal(stat(path, &facts), -1);
    fixture_close(queue);
    /* One that no record names, and one whose file is gone. */
    FILE *file = fopen(path, "wb");
    fputs("left over", file);
    fclose(file);
    char arriving[FIXTURE_PATH];
    fixture_path("body/new", "half", arriving, sizeof arriving);
    file = fopen(arriving, "wb");
    fclose(file);
    char gone[FIXTURE_PATH];
    body_path(&lost, gone, sizeof gone);
    assert_int_equal(unlink(gone), 0);
    queue = fixture_open();
    assert_int_equal(stat(path, &facts), -1);
    assert_int_equal(stat(arriving, &facts), -1);
    fixture_check(queue, &kept);
    assert_int_equal(fixture_read(queue, lost.id, &content, &size), APR_EGENERAL);
    free(content);
    assert_int_equal(fixture_count(queue, EDGE_MESSAGE_DAMAGED), 1);
    fixture_close(queue);
    fixture_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_at_every_octet),      cmocka_unit_test(bad_body_in_the_middle),
        cmocka_unit_test(bad_header_in_the_middle), cmocka_unit_test(a_bad_footer_is_no_loss),
        cmocka_unit_test(a_bad_header_has_a_copy),  cmocka_unit_test(a_file_that_is_no_segment_is_put_aside),
        cmocka_unit_test(old_records_stay_dead),    cmocka_unit_test(body_files_and_records),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
