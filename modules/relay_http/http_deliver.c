/* A delivery by posts: which recipients go together, blocks for the courier, results of the answers. */
#include <apr_strings.h>

#include "proto/http_outcome.h"
#include "relay_http.h"

#define TURN_BLOCKS 16 /* signed in one go before others of this worker have their turn */

typedef struct run {
    http_post_t post;
    http_request_t request;
    http_signature_t *signature; /* while it is made */
    edge_chore_t chore;
    apr_pool_t *pool;
    edge_worker_t *worker;
    edge_delivery_t *delivery; /* NULL: cancelled */
    bool *settled;             /* of each recipient: has its result */
    bool *alone;               /* is posted by itself */
    unsigned *part;            /* those of the post that is under way */
    unsigned part_count;
    bool source_used; /* it must be rewound before it is read again */
    bool in_courier, signing;
    char block[HTTP_BLOCK_SIZE];
} run_t;

static void begin_part(run_t *run);

static void end_run(run_t *run) {
    if (run->signature != NULL) {
        http_request_unsign(run->signature);
    }
    edge_worker_give_pool(run->worker, run->pool);
}

static void finish(run_t *run) {
    edge_delivery_t *delivery = run->delivery;
    end_run(run);
    delivery->hop = NULL;
    delivery->finished(delivery);
}

/* Results */

static edge_relay_result_t own_result(edge_relay_blame_t blame, uint16_t detail, const char *text) {
    edge_relay_result_t result = {.outcome = EDGE_RELAY_DEFERRED, .blame = blame};
    result.reply =
        (edge_reply_t){.code = 451, .subject = 3, .detail = detail, .literal = true, .text = edge_span_of(text)};
    return result;
}

static void set_result(run_t *run, unsigned index, const edge_relay_result_t *result) {
    run->delivery->results[index] = *result;
    run->settled[index] = true;
}

static void finish_rest(run_t *run, edge_relay_result_t result) {
    for (unsigned i = 0; i < run->delivery->count; i++) {
        if (!run->settled[i]) {
            set_result(run, i, &result);
        }
    }
    finish(run);
}

static bool rewind_source(run_t *run) {
    bool good = !run->source_used || edge_source_rewind(run->delivery->source);
    run->source_used = false;
    http_request_restart(&run->request);
    return good;
}

static edge_relay_result_t cannot_be_read_again(void) {
    return own_result(EDGE_RELAY_MESSAGE, 0, "The message cannot be read once more");
}

/* Sending */

static void send_post(run_t *run) {
    http_post_t *post = &run->post;
    post->headers = run->request.headers;
    post->size = http_request_size(&run->request);
    post->len = post->at = 0;
    post->over = post->broken = false;
    run->in_courier = http_courier_begin(post);
    if (!run->in_courier) {
        finish_rest(run, own_result(EDGE_RELAY_HOST, 2, "No posts are taken at present"));
    }
}

/* Behind what is in the block already, when the source had to be waited for. */
static void feed(run_t *run) {
    http_post_t *post = &run->post;
    run->source_used = true;
    switch (http_request_produce(&run->request, run->delivery->source, run->block, &post->len)) {
    case HTTP_PRODUCED: break;
    case HTTP_PRODUCE_OVER: post->over = true; break;
    case HTTP_PRODUCE_BROKEN: post->broken = true; break;
    case HTTP_PRODUCE_WAIT: return;
    }
    http_courier_feed(post);
}

static void wanted(http_post_t *post) {
    run_t *run = EDGE_CONTAINER(post, run_t, post);
    post->at = post->len = 0;
    if (run->delivery != NULL) {
        feed(run);
    }
}

/* Signing: the body is read once for it, and once more to be sent. */

static void signature_is_made(run_t *run) {
    http_request_signed(&run->request, run->signature);
    run->signature = NULL;
    run->signing = false;
    if (rewind_source(run)) {
        send_post(run);
    } else {
        finish_rest(run, own_result(EDGE_RELAY_HOST, 5, "The message cannot be read twice, and so not be signed"));
    }
}

static void sign_more(run_t *run) {
    run->source_used = true;
    for (unsigned i = 0; i < TURN_BLOCKS; i++) {
        switch (http_request_produce(&run->request, run->delivery->source, run->block, &run->post.len)) {
        case HTTP_PRODUCED:
            http_request_sign_block(run->signature, edge_span(run->block, run->post.len));
            run->post.len = 0;
            break;
        case HTTP_PRODUCE_WAIT: return;
        case HTTP_PRODUCE_OVER: signature_is_made(run); return;
        case HTTP_PRODUCE_BROKEN:
            finish_rest(run, own_result(EDGE_RELAY_MESSAGE, 0, "The message cannot be read"));
            return;
        }
    }
    edge_worker_post(run->worker, &run->chore);
}

static void ready(void *owner) {
    run_t *run = owner;
    if (run->signing) {
        sign_more(run);
    } else {
        feed(run);
    }
}

/* Parts */

static unsigned choose_part(run_t *run) {
    run->part_count = 0;
    for (unsigned i = 0; i < run->delivery->count && run->part_count < HTTP_RECIPIENTS_MOST; i++) {
        if (!run->settled[i] && (run->part_count == 0 || !run->alone[i])) {
            run->part[run->part_count++] = i;
            if (run->alone[i]) {
                break;
            }
        }
    }
    return run->part_count;
}

static edge_envelope_t *envelope_of_part(run_t *run) {
    const edge_delivery_t *delivery = run->delivery;
    edge_envelope_t *envelope = apr_pmemdup(run->pool, delivery->envelope, sizeof *envelope);
    envelope->recipients = apr_palloc(run->pool, sizeof *envelope->recipients * run->part_count);
    envelope->recipient_count = envelope->recipient_room = run->part_count;
    for (unsigned i = 0; i < run->part_count; i++) {
        envelope->recipients[i] = delivery->envelope->recipients[delivery->recipients[run->part[i]]];
    }
    return envelope;
}

static void begin_part(run_t *run) {
    const edge_delivery_t *delivery = run->delivery;
    if (choose_part(run) == 0) {
        finish(run);
        return;
    }
    if (!rewind_source(run)) {
        finish_rest(run, cannot_be_read_again());
        return;
    }
    http_request_make(&run->request, run->post.conf, envelope_of_part(run), delivery->source->size,
                      edge_worker_clock(run->worker).wall, run->pool);
    run->post.fresh = false;
    if (run->post.conf->secret.len == 0) {
        send_post(run);
        return;
    }
    run->signature = http_request_sign(&run->request);
    run->signing = run->signature != NULL;
    run->post.len = 0;
    if (run->signing) {
        sign_more(run);
    } else {
        finish_rest(run, own_result(EDGE_RELAY_HOST, 0, "The message cannot be signed"));
    }
}

static edge_relay_result_t result_of(const run_t *run) {
    const http_post_t *post = &run->post;
    edge_relay_result_t result = post->trouble;
    edge_http_answer_t answer = {post->status, edge_span_of(post->reason), EDGE_NO_SPAN,
                                 edge_span(post->content, post->content_len)};
    if (post->status == 0) {
        result.reply.text = edge_span_copy(run->delivery->pool, edge_span_of(post->why));
        return result;
    }
    if (post->smtp_reply[0] != '\0') {
        answer.smtp_reply = edge_span_of(post->smtp_reply);
    }
    result.outcome = edge_http_outcome(&answer, run->delivery->pool, &result.reply, &result.blame);
    result.remote = edge_span_of(post->conf->remote);
    result.relayed_without = true;
    return result;
}

/* Refused for good together: one of them may be the reason, so each is asked for. */
static void part_over(run_t *run, const edge_relay_result_t *result) {
    bool apart = result->outcome == EDGE_RELAY_FAILED && run->part_count > 1;
    for (unsigned i = 0; i < run->part_count; i++) {
        if (apart) {
            run->alone[run->part[i]] = true;
        } else {
            set_result(run, run->part[i], result);
        }
    }
    if (result->outcome == EDGE_RELAY_DEFERRED && result->blame == EDGE_RELAY_HOST) {
        finish_rest(run, *result);
    } else {
        begin_part(run);
    }
}

/* A connection that had waited was closed by the other side, just when it was used. */
static void repeat(run_t *run) {
    run->post.fresh = true;
    if (rewind_source(run)) {
        send_post(run);
    } else {
        finish_rest(run, cannot_be_read_again());
    }
}

static void ended(http_post_t *post) {
    run_t *run = EDGE_CONTAINER(post, run_t, post);
    run->in_courier = false;
    if (run->delivery == NULL) {
        end_run(run);
    } else if (post->must_repeat && !post->fresh) {
        repeat(run);
    } else {
        edge_relay_result_t result = result_of(run);
        part_over(run, &result);
    }
}

static void run_chore(edge_chore_t *chore, edge_worker_t *worker) {
    run_t *run = EDGE_CONTAINER(chore, run_t, chore);
    (void)worker;
    if (run->delivery == NULL) {
        end_run(run);
    } else if (run->signing) {
        sign_more(run);
    } else {
        begin_part(run);
    }
}

void http_deliver(edge_delivery_t *delivery) {
    apr_pool_t *pool = edge_worker_take_pool(delivery->worker);
    run_t *run = apr_pcalloc(pool, sizeof *run);
    run->pool = pool;
    run->worker = delivery->worker;
    run->delivery = delivery;
    run->settled = apr_pcalloc(pool, sizeof *run->settled * delivery->count);
    run->alone = apr_pcalloc(pool, sizeof *run->alone * delivery->count);
    run->part = apr_pcalloc(pool, sizeof *run->part * delivery->count);
    run->post.worker = run->worker;
    run->post.conf = delivery->relay->settings;
    run->post.block = run->block;
    run->post.wanted = wanted;
    run->post.ended = ended;
    run->chore.run = run_chore;
    run->request.prefix = run->request.suffix = edge_span("", 0);
    delivery->hop = run;
    delivery->source->ready = ready;
    delivery->source->owner = run;
    edge_worker_post(run->worker, &run->chore);
}

void http_deliver_cancel(edge_delivery_t *delivery) {
    run_t *run = delivery->hop;
    run->delivery = NULL;
    delivery->hop = NULL;
    if (run->in_courier) {
        http_courier_cancel(&run->post);
    } else if (!run->chore.queued) {
        end_run(run);
    }
}
