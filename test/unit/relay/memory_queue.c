/* Says what it is told, in turns of the loop of their own. */
#include "memory_queue.h"

memory_queue_t memory;

static void say_room(edge_chore_t *chore, edge_worker_t *worker) {
    (void)chore;
    (void)worker;
    memory.closed = false;
    memory.body.room(memory.body.owner);
}

static edge_body_flow_t write_body(edge_body_t *body, edge_span_t bytes) {
    assert_false(memory.closed);
    assert_true(body->size < sizeof memory.text);
    memcpy(memory.text + body->size - bytes.len, bytes.at, bytes.len);
    memory.text[body->size] = '\0';
    if (memory.waits > 0 && memory.waits-- % 2 == 0) {
        memory.closed = true;
        edge_worker_post(hop_worker, &memory.room);
        return EDGE_BODY_WAIT;
    }
    return EDGE_BODY_MORE;
}

static void abandon(edge_body_t *body) {
    (void)body;
    memory.abandoned++;
}

static const edge_body_kind_t body_kind = {write_body, abandon};

static edge_body_t *body_open(edge_queue_t *queue, edge_worker_t *worker, void (*room)(void *owner), void *owner) {
    (void)queue;
    memory.opened++;
    memory.body = (edge_body_t){.kind = &body_kind, .worker = worker, .room = room, .owner = owner};
    return &memory.body;
}

static void say_answer(edge_chore_t *chore, edge_worker_t *worker) {
    (void)chore;
    (void)worker;
    memory.submission->outcome = memory.outcome;
    memory.submission->done(memory.submission);
}

static void submit(edge_queue_t *queue, edge_submission_t *submission) {
    assert_ptr_equal(queue, &memory.queue);
    assert_ptr_equal(submission->body, &memory.body);
    assert_false(memory.closed);
    memory.submission = submission;
    edge_worker_post(hop_worker, &memory.answer);
}

static const edge_queue_provider_t queue_provider = {.name = "memory", .body_open = body_open, .submit = submit};

void memory_queue_make(void) {
    memset(&memory, 0, sizeof memory);
    memory.queue.provider = &queue_provider;
    memory.room.run = say_room;
    memory.answer.run = say_answer;
    memory.outcome = EDGE_OUTCOME_STORED;
}
