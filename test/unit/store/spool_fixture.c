/* A spool in a directory of its own, one worker, and messages whose contents follow from their number. */
#include "spool_fixture.h"

#include "event/worker.h"
#include "store/spool_priv.h"

#include <apr_general.h>
#include <dirent.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char fixture_directory[128];
edge_spool_options_t fixture_options;
static edge_queue_t queue_struct;
static const edge_queue_provider_t provider = {.name = "spool", EDGE_SPOOL_QUEUE_FUNCTIONS};
static const char prelude_text[] = "Received: by fixture\r\n";

static void worker_stopping(edge_worker_t *worker, void *context) {
    (void)context;
    edge_spool_worker_stop(worker);
}

int fixture_start(void **state) {
    (void)state;
    edge_workers_plan_t plan = {.count = 2, .stopping = worker_stopping};
    const char *base = getenv("TMPDIR");
    apr_initialize();
    edge_log_level_t level = getenv("FIXTURE_LOG") != NULL ? EDGE_LOG_DEBUG : EDGE_LOG_EMERG;
    edge_log_area_level(NULL, level);
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    snprintf(fixture_directory, sizeof fixture_directory, "%s/edge-spool-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(fixture_directory));
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    fixture_reset_options();
    return 0;
}

static void remove_tree(const char *path) {
    DIR *directory = opendir(path);
    struct dirent *found;
    while (directory != NULL && (found = readdir(directory)) != NULL) {
        char below[FIXTURE_PATH];
        snprintf(below, sizeof below, "%s/%s", path, found->d_name);
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0 && unlink(below) < 0) {
            remove_tree(below);
        }
    }
    if (directory != NULL) {
        closedir(directory);
        rmdir(path);
    }
}

void fixture_clear(void) {
    char path[FIXTURE_PATH];
    fixture_path("log", "", path, sizeof path);
    remove_tree(path);
    fixture_path("body", "", path, sizeof path);
    remove_tree(path);
    fixture_reset_options();
}

int fixture_stop(void **state) {
    (void)state;
    edge_workers_stop();
#ifndef __SANITIZE_THREAD__
    /* A committer that fixture_crash left behind is never joined: nothing orders its last look at a worker before this. */
    edge_workers_forget();
#endif
    remove_tree(fixture_directory);
    apr_terminate();
    return 0;
}

void fixture_reset_options(void) {
    fixture_options = (edge_spool_options_t){.directory = fixture_directory,
                                             .name = "test",
                                             .body_most = 8192,
                                             .segment_size = FIXTURE_SEGMENT,
                                             .counters = EDGE_SPOOL_UNCOUNTED};
}

apr_status_t fixture_try_open(edge_queue_t *queue, const char **why) {
    edge_spool_t *spool = NULL;
    apr_status_t status = edge_spool_open(&spool, &fixture_options, why);
    *queue = (edge_queue_t){.provider = &provider, .name = "test", .directory = fixture_directory, .state = spool};
    return status;
}

edge_queue_t *fixture_open(void) {
    const char *why = NULL;
    assert_int_equal(fixture_try_open(&queue_struct, &why), APR_SUCCESS);
    return &queue_struct;
}

void fixture_close(edge_queue_t *queue) { queue->provider->close(queue); }

/* Submitting */

typedef struct sending {
    edge_letter_t letter;
    edge_submission_t submission;
    edge_queue_t *queue;
    edge_body_t *body;
    fixture_message_t *message;
    size_t sent;
    bool abandon;
    sem_t *done;
} sending_t;

char fixture_octet(uint32_t number, size_t at) { return (char)('a' + (number * 7 + at + at / 251) % 26); }

static void submitted(edge_submission_t *submission) {
    sending_t *sending = EDGE_CONTAINER(submission, sending_t, submission);
    sending->message->outcome = submission->outcome;
    edge_worker_give_pool(submission->worker, submission->pool);
    sem_post(sending->done);
}

static void finish(sending_t *sending) {
    edge_worker_t *worker = edge_worker_self();
    if (sending->abandon) {
        edge_body_abandon(sending->body);
        sem_post(sending->done);
        return;
    }
    apr_pool_t *pool = edge_worker_take_pool(worker);
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    char *address = apr_palloc(pool, 64);
    snprintf(address, 64, "n%u@sender.example", sending->message->number);
    envelope->id = edge_uuid_make(apr_time_now());
    envelope->received = apr_time_now();
    envelope->sender = edge_span_of(address);
    edge_envelope_add(envelope, pool, edge_span_of("a@receiver.example"));
    edge_envelope_add(envelope, pool, edge_span_of("b@receiver.example"));
    envelope->size = sending->message->size + sizeof prelude_text - 1;
    sending->message->id = envelope->id;
    sending->submission = (edge_submission_t){.worker = worker,
                                              .pool = pool,
                                              .envelope = envelope,
                                              .prelude = edge_span_of(prelude_text),
                                              .body = sending->body,
                                              .done = submitted};
    sending->queue->provider->submit(sending->queue, &sending->submission);
}

static void send_on(void *owner) {
    sending_t *sending = owner;
    char piece[3000];
    while (sending->sent < sending->message->size) {
        size_t len = sending->message->size - sending->sent;
        len = len < sizeof piece ? len : sizeof piece;
        for (size_t i = 0; i < len; i++) {
            piece[i] = fixture_octet(sending->message->number, sending->sent + i);
        }
        sending->sent += len;
        if (edge_body_write(sending->body, edge_span(piece, len)) == EDGE_BODY_WAIT) {
            if (sending->abandon) {
                break;
            }
            return;
        }
    }
    finish(sending);
}

static void begin(edge_letter_t *letter, edge_worker_t *worker) {
    sending_t *sending = EDGE_CONTAINER(letter, sending_t, letter);
    sending->body = sending->queue->provider->body_open(sending->queue, worker, send_on, sending);
    send_on(sending);
}

static void send_all(edge_queue_t *queue, fixture_message_t *messages, unsigned count, bool abandon) {
    sending_t *list = calloc(count, sizeof *list);
    sem_t done;
    sem_init(&done, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        list[i] = (sending_t){
            .letter = {.deliver = begin}, .queue = queue, .message = &messages[i], .abandon = abandon, .done = &done};
        edge_worker_send(edge_worker_at(i % edge_worker_count()), &list[i].letter);
    }
    for (unsigned i = 0; i < count; i++) {
        while (sem_wait(&done) < 0) {
        }
    }
    sem_destroy(&done);
    free(list);
}

void fixture_submit(edge_queue_t *queue, fixture_message_t *messages, unsigned count) {
    send_all(queue, messages, count, false);
}

fixture_message_t fixture_store(edge_queue_t *queue, uint32_t number, size_t size) {
    fixture_message_t message = {.number = number, .size = size};
    fixture_submit(queue, &message, 1);
    assert_int_equal(message.outcome, EDGE_OUTCOME_STORED);
    return message;
}

void fixture_abandon(edge_queue_t *queue, size_t size) {
    fixture_message_t message = {.size = size};
    send_all(queue, &message, 1, true);
}

/* Reading */

apr_status_t fixture_read(edge_queue_t *queue, edge_uuid_t id, char **content, size_t *size) {
    edge_queue_reader_t *reader;
    apr_pool_t *pool;
    size_t room = 0, got;
    *content = NULL;
    *size = 0;
    apr_pool_create_unmanaged(&pool);
    apr_status_t status = queue->provider->reader_open(queue, id, pool, &reader);
    bool opened = status == APR_SUCCESS;
    while (status == APR_SUCCESS) {
        if (room < *size + 7000) {
            room = (room + 7000) * 2;
            *content = realloc(*content, room);
        }
        status = queue->provider->reader_read(reader, *content + *size, 7000, &got);
        *size += got;
    }
    if (opened) {
        queue->provider->reader_close(reader);
    }
    apr_pool_destroy(pool);
    return status;
}

void fixture_check(edge_queue_t *queue, const fixture_message_t *message) {
    char *content;
    size_t size, head = sizeof prelude_text - 1;
    assert_int_equal(fixture_read(queue, message->id, &content, &size), APR_EOF);
    assert_int_equal(size, message->size + head);
    assert_memory_equal(content, prelude_text, head);
    for (size_t i = 0; i < message->size; i++) {
        if (content[head + i] != fixture_octet(message->number, i)) {
            fail_msg("message %u differs at %zu", message->number, i);
        }
    }
    free(content);
}

static bool count_one(void *context, const edge_queue_entry_t *entry) {
    (void)entry;
    ++*(unsigned *)context;
    return true;
}

unsigned fixture_count(edge_queue_t *queue, int state) {
    edge_queue_filter_t filter = {.state = state};
    unsigned count = 0;
    assert_int_equal(queue->provider->list(queue, &filter, count_one, &count), APR_SUCCESS);
    return count;
}

typedef struct search {
    edge_uuid_t id;
    bool found;
} search_t;

static bool find_one(void *context, const edge_queue_entry_t *entry) {
    search_t *search = context;
    search->found = edge_uuid_equal(entry->id, search->id);
    return !search->found;
}

bool fixture_listed(edge_queue_t *queue, edge_uuid_t id) {
    edge_queue_filter_t filter = {.state = -1};
    search_t search = {.id = id};
    assert_int_equal(queue->provider->list(queue, &filter, find_one, &search), APR_SUCCESS);
    return search.found;
}

/* Files */

void fixture_path(const char *below, const char *name, char *out, size_t size) {
    int len = snprintf(out, size, "%s/%s%s%s", fixture_directory, below, name[0] != 0 ? "/" : "", name);
    assert_true(len > 0 && (size_t)len < size);
}

static int compare_names(const void *a, const void *b) { return strcmp(a, b); }

unsigned fixture_files(const char *below, char names[][64], unsigned most) {
    char path[FIXTURE_PATH];
    unsigned count = 0;
    struct dirent *found;
    fixture_path(below, "", path, sizeof path);
    DIR *directory = opendir(path);
    while (directory != NULL && (found = readdir(directory)) != NULL) {
        if (found->d_name[0] != '.' && count < most) {
            snprintf(names[count++], 64, "%.63s", found->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    qsort(names, count, sizeof names[0], compare_names);
    return count;
}

/* Images */

/* Half-made segments and such as vanish meanwhile are left out. */
static void read_image(fixture_image_t *image) {
    char names[64][64], path[FIXTURE_PATH];
    unsigned count = fixture_files("log", names, 64);
    image->count = 0;
    for (unsigned i = 0; i < count; i++) {
        fixture_path("log", names[i], path, sizeof path);
        FILE *file = strstr(names[i], ".seg") != NULL ? fopen(path, "rb") : NULL;
        if (file == NULL) {
            continue;
        }
        fseek(file, 0, SEEK_END);
        size_t size = (size_t)ftell(file);
        image->files[image->count].size = size;
        image->files[image->count].octets = malloc(size + 1);
        rewind(file);
        assert_int_equal(fread(image->files[image->count].octets, 1, size, file), size);
        fclose(file);
        memcpy(image->files[image->count++].name, names[i], 64);
    }
}

static bool same_image(const fixture_image_t *a, const fixture_image_t *b) {
    bool same = a->count == b->count;
    for (unsigned i = 0; i < a->count && same; i++) {
        same = strcmp(a->files[i].name, b->files[i].name) == 0 && a->files[i].size == b->files[i].size &&
               memcmp(a->files[i].octets, b->files[i].octets, a->files[i].size) == 0;
    }
    return same;
}

/* The spool goes on meanwhile, and a kill has one moment for all files: read until nothing has changed between two readings.
 * Otherwise a message could be in the image from before it was done, and its done record's segment from after it was freed. */
void fixture_take_image(fixture_image_t *image) {
    fixture_image_t before;
    bool same = false;
    read_image(image);
    for (unsigned tries = 0; tries < 60000 && !same; tries++) {
        before = *image;
        usleep(1000);
        read_image(image);
        same = same_image(&before, image);
        fixture_free_image(&before);
    }
    assert_true(same);
}

void fixture_put_image(const fixture_image_t *image) {
    char path[FIXTURE_PATH];
    fixture_path("log", "", path, sizeof path);
    remove_tree(path);
    assert_int_equal(mkdir(path, 0700), 0);
    for (unsigned i = 0; i < image->count; i++) {
        fixture_path("log", image->files[i].name, path, sizeof path);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(image->files[i].octets, 1, image->files[i].size, file), image->files[i].size);
        fclose(file);
    }
}

void fixture_free_image(fixture_image_t *image) {
    for (unsigned i = 0; i < image->count; i++) {
        free(image->files[i].octets);
    }
    image->count = 0;
}

void fixture_crash(edge_queue_t *queue) {
    fixture_image_t image;
    fixture_take_image(&image);
    fixture_close(queue);
    fixture_put_image(&image);
    fixture_free_image(&image);
}

char *fixture_find(fixture_image_t *image, const fixture_message_t *message) {
    char *start = malloc(message->size + 1), *found = NULL;
    for (size_t i = 0; i < message->size; i++) {
        start[i] = fixture_octet(message->number, i);
    }
    for (unsigned i = 0; i < image->count && found == NULL; i++) {
        found = memmem(image->files[i].octets, image->files[i].size, start, message->size);
    }
    free(start);
    assert_non_null(found);
    return found;
}

/* Every segment was written ahead, and one more is ready. */
static bool is_settled(edge_spool_t *spool) {
    unsigned ready = 0, others = 0;
    pthread_mutex_lock(&spool->lock);
    for (const edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        ready += segment->role == EDGE_SEGMENT_READY;
        others += segment->role != EDGE_SEGMENT_READY && (segment->role != EDGE_SEGMENT_OPEN || segment->slow);
    }
    pthread_mutex_unlock(&spool->lock);
    return ready > 0 && others == 0;
}

void fixture_settle(edge_queue_t *queue) {
    for (unsigned tries = 0; tries < 60000 && !is_settled(queue->state); tries++) {
        fixture_message_t message = fixture_store(queue, 90, 10);
        assert_int_equal(queue->provider->remove(queue, message.id), APR_SUCCESS);
        edge_keeper_wake(queue->state);
        usleep(1000);
    }
    assert_true(is_settled(queue->state));
}
