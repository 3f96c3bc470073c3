/* Walks a phase's list of checks, by a cursor that survives waiting. */
#include "core/policy.h"

#include <stdio.h>

#include "core/listener_counters.h"
#include "core/policy_log.h"
#include "core/session.h"
#include "core/transaction.h"
#include "core/verdicts.h"
#include "edge_obj.h"
#include "edge_task.h"

#define ASKING_MAGIC 0x61736b31u

/* A question that is open: it exists only where a list is not empty. */
typedef struct edge_asking {
    uint32_t magic;
    edge_session_t *session;
    edge_worker_t *worker;
    const edge_policy_list_t *list;
    unsigned cursor;          /* the binding that is being asked */
    edge_reply_t reply;       /* as it stands after the checks so far */
    edge_reply_t proposed;    /* the check works on this copy */
    edge_binding_mode_t mode; /* of the binding, as its check was called */
    edge_mono_t called;       /* when */
    void *kept;               /* the check's own pointer */
    edge_check_call_t call;
    edge_client_facts_t client;
    char ip[EDGE_IPADDR_TEXT];
    unsigned changes;     /* of the session, as `client` shows it */
    edge_ticket_t ticket; /* while a check waits */
} edge_asking_t;

/* A blocking check on its way: owns its pool and all that the check sees. */
typedef struct blocking {
    edge_task_t task;
    edge_ticket_t ticket;
    apr_pool_t *pool;
    edge_check_fn *function;
    edge_check_call_t call;
    edge_client_facts_t client;
    edge_reply_t reply;
    edge_check_answer_t answer;
} blocking_t;

static edge_task_pool_t *checks;

apr_status_t edge_policy_start(unsigned threads, unsigned queue_most) {
    return edge_task_pool_start(&checks, "checks", threads, queue_most);
}

void edge_policy_stop(void) {
    if (checks)
        edge_task_pool_stop(checks);
    checks = NULL;
}

static edge_parameters_t *parameters_copy(apr_pool_t *pool, const edge_parameters_t *from) {
    edge_parameters_t *copy = apr_pcalloc(pool, sizeof(*copy));
    copy->list = apr_pcalloc(pool, (from->count + 1) * sizeof(edge_parameter_t));
    copy->count = from->count;
    for (unsigned i = 0; i < from->count; i++) {
        copy->list[i].name = edge_span_copy(pool, from->list[i].name);
        if (from->list[i].value.at)
            copy->list[i].value = edge_span_copy(pool, from->list[i].value);
    }
    return copy;
}

/* The reply's spans may point into input or into a pool that goes before the reply is sent. */
static void reply_keep(edge_reply_t *reply, apr_pool_t *pool) {
    reply->text = edge_span_copy(pool, reply->text);
    if (reply->argument.at)
        reply->argument = edge_span_copy(pool, reply->argument);
}

static void call_fill(edge_check_call_t *call, edge_session_t *session, edge_phase_t phase, edge_span_t argument,
                      const edge_parameters_t *parameters) {
    call->phase = phase;
    call->session = session;
    call->argument = argument.at ? edge_span_copy(call->pool, argument) : argument;
    if (parameters)
        call->parameters = parameters_copy(call->pool, parameters);
    if (session->transaction) {
        call->sender = session->transaction->envelope->sender;
        call->recipients = session->transaction->envelope->recipient_count;
    }
    if (phase == EDGE_PHASE_AUTH)
        call->mechanism = edge_span_of(session->auth_mechanism);
    if (phase == EDGE_PHASE_HAVE_DATA) {
        call->headers = edge_transaction_headers(session->transaction, &call->headers_cut);
        call->size = session->transaction->body->size;
    }
}

static edge_asking_t *asking_open(edge_session_t *session, edge_phase_t phase, edge_span_t argument,
                                  const edge_parameters_t *parameters, edge_reply_t reply,
                                  const edge_policy_list_t *list) {
    edge_worker_t *worker = edge_conn_worker(session->conn);
    edge_asking_t *asking = edge_worker_take(worker, sizeof(*asking));
    EDGE_OBJ_INIT(asking, ASKING_MAGIC);
    asking->session = session;
    asking->worker = worker;
    asking->list = list;
    asking->called = edge_clock_mono();
    asking->call.pool = edge_worker_take_pool(worker);
    edge_ipaddr_format(session->from_ip, asking->ip);
    asking->client.ip = edge_span_of(asking->ip);
    asking->changes = session->changes - 1;
    asking->call.client = &asking->client;
    asking->call.kept = &asking->kept;
    call_fill(&asking->call, session, phase, argument, parameters);
    asking->reply = reply;
    reply_keep(&asking->reply, asking->call.pool);
    session->asking = asking;
    return asking;
}

static void asking_free(edge_asking_t *asking) {
    edge_worker_give_pool(asking->worker, asking->call.pool);
    EDGE_OBJ_CLEAR(asking);
    edge_worker_give(asking->worker, asking, sizeof(*asking));
}

/* The facts are the session's own texts: a check that changed one (a script may) has freed what was shown. */
static void asking_look(edge_asking_t *asking) {
    if (asking->changes == asking->session->changes)
        return;
    asking->changes = asking->session->changes;
    edge_session_view(asking->session, &asking->client);
}

static const edge_binding_t *asking_binding(const edge_asking_t *asking) {
    return &asking->list->bindings[asking->cursor];
}

static bool is_refusal(const edge_reply_t *reply) {
    return edge_reply_class(reply) == 4 || edge_reply_class(reply) == 5;
}

static edge_check_result_t result_of(edge_check_answer_t answer, const edge_reply_t *reply) {
    if (answer != EDGE_CHECK_REPLY)
        return EDGE_RESULT_PASS;
    switch (edge_reply_class(reply)) {
    case 4: return EDGE_RESULT_TEMPFAIL;
    case 5: return EDGE_RESULT_REJECT;
    default: return EDGE_RESULT_CHANGE;
    }
}

/* The end of one check is the beginning of the next: the clock is read once for both. */
static void count_answer(edge_asking_t *asking, edge_check_result_t result) {
    edge_mono_t now = edge_clock_mono(), took = now - asking->called;
    edge_check_counters_add(&asking_binding(asking)->counters, asking->mode, result, took);
    edge_verdicts_note(asking->session, asking_binding(asking), asking->call.phase, asking->mode, result, took);
    asking->session->waited.validators += took;
    asking->called = now;
}

/* A check that could not tell. */
static void asking_fail(edge_asking_t *asking, bool late) {
    const edge_binding_t *binding = asking_binding(asking);
    count_answer(asking, late ? EDGE_RESULT_TIMEOUT : EDGE_RESULT_ERROR);
    edge_policy_log_failure(asking->session, binding, &asking->call, late);
}

/* A refusal as the client will read it, and as the log tells of it. */
static void asking_refuse(edge_asking_t *asking, bool failed) {
    const edge_binding_t *binding = asking_binding(asking);
    char reference[EDGE_REFERENCE_SIZE];
    snprintf(reference, sizeof(reference), "%s-%u", asking->session->id, ++asking->session->refusals);
    asking_look(asking);
    if (!failed && edge_refusal_replaces(binding->refusal, &asking->proposed))
        edge_refusal_apply(binding->refusal, &asking->call, &asking->proposed);
    edge_policy_log_refusal(asking->session, binding, asking->mode, &asking->call, &asking->proposed, reference);
    if (binding->refers)
        edge_refusal_refer(&asking->proposed, reference, asking->call.pool);
}

/* Takes one check's answer in. True: the list is at its end. */
static bool asking_settle(edge_asking_t *asking, edge_check_answer_t answer, bool late) {
    bool failed = answer == EDGE_CHECK_ERROR;
    if (failed) {
        asking_fail(asking, late);
        asking->proposed = edge_reply_of(EDGE_R_CHECK_FAILED);
        answer = asking_binding(asking)->error_passes ? EDGE_CHECK_PASS : EDGE_CHECK_REPLY;
    } else {
        count_answer(asking, result_of(answer, &asking->proposed));
    }
    if (answer == EDGE_CHECK_REPLY && is_refusal(&asking->proposed))
        asking_refuse(asking, failed);
    if (answer != EDGE_CHECK_REPLY || asking->mode == EDGE_MODE_SHADOW)
        return false;
    asking->reply = asking->proposed;
    reply_keep(&asking->reply, asking->call.pool);
    if (is_refusal(&asking->reply)) {
        if (asking_binding(asking)->row->is_rate && !failed)
            edge_listener_count(asking->session->listener, EDGE_LC_REJECTED, EDGE_REJECTED_RATE, 1);
        asking->reply.source = EDGE_REPLY_FROM_VALIDATOR;
        asking->session->refused_by = asking_binding(asking)->validator;
    }
    /* 221 is a success by its class, but it closes: nobody behind it is asked. */
    return is_refusal(&asking->reply) || asking->reply.code == 221;
}

static void asking_resumed(void *owner, edge_result_t result);

static edge_ticket_t asking_take_ticket(edge_asking_t *asking) {
    edge_mono_t timeout = asking_binding(asking)->timeout;
    edge_mono_t deadline = timeout ? edge_worker_clock(asking->worker).mono + timeout : 0;
    asking->ticket = edge_ticket_take(asking->worker, asking_resumed, asking, deadline);
    return asking->ticket;
}

edge_ticket_t edge_check_wait(const edge_check_call_t *call) {
    edge_asking_t *asking = EDGE_CONTAINER(call, edge_asking_t, call);
    EDGE_OBJ_CHECK(asking, ASKING_MAGIC);
    EDGE_ASSERT(asking->ticket == EDGE_NO_TICKET);
    return asking_take_ticket(asking);
}

static void blocking_run(edge_task_t *task) {
    blocking_t *job = EDGE_CONTAINER(task, blocking_t, task);
    job->answer = job->function(&job->call, &job->reply);
}

/* Also for an answer whose session goes while the letter is on its way. */
static void blocking_discard(void *data) {
    blocking_t *job = data;
    edge_worker_give_pool(job->task.worker, job->pool);
}

static void blocking_done(edge_task_t *task) {
    blocking_t *job = EDGE_CONTAINER(task, blocking_t, task);
    edge_result_t result = {APR_SUCCESS, 0, job};
    if (!edge_ticket_resume_owned(job->ticket, result, blocking_discard))
        blocking_discard(job);
}

/* The check sees copies only: the session may be gone before it ends. */
static edge_check_answer_t blocking_start(edge_asking_t *asking) {
    apr_pool_t *pool = edge_worker_take_pool(asking->worker);
    blocking_t *job = apr_pcalloc(pool, sizeof(*job));
    const edge_check_call_t *call = &asking->call;
    job->pool = pool;
    job->function = asking_binding(asking)->row->function;
    job->call.pool = pool;
    job->call.phase = call->phase;
    job->call.conf = call->conf;
    job->call.argument = call->argument.at ? edge_span_copy(pool, call->argument) : call->argument;
    job->call.sender = call->sender.at ? edge_span_copy(pool, call->sender) : call->sender;
    job->call.recipients = call->recipients;
    job->call.mechanism = call->mechanism.at ? edge_span_copy(pool, call->mechanism) : call->mechanism;
    job->call.headers = call->headers.at ? edge_span_copy(pool, call->headers) : call->headers;
    job->call.headers_cut = call->headers_cut;
    job->call.size = call->size;
    job->call.parameters = call->parameters ? parameters_copy(pool, call->parameters) : NULL;
    edge_session_facts(asking->session, pool, &job->client);
    job->call.client = &job->client;
    job->reply = asking->reply;
    reply_keep(&job->reply, pool);
    job->task.worker = asking->worker;
    job->task.run = blocking_run;
    job->task.done = blocking_done;
    job->ticket = asking_take_ticket(asking);
    if (edge_task_submit(checks, &job->task) == APR_SUCCESS)
        return EDGE_CHECK_WAIT;
    edge_ticket_drop(asking->worker, asking->ticket);
    asking->ticket = EDGE_NO_TICKET;
    edge_worker_give_pool(asking->worker, pool);
    return EDGE_CHECK_ERROR;
}

static edge_check_answer_t asking_call(edge_asking_t *asking) {
    const edge_binding_t *binding = asking_binding(asking);
    asking->call.conf = binding->conf;
    asking->kept = NULL;
    asking->proposed = asking->reply;
    if (binding->row->kind == EDGE_CHECK_BLOCKING)
        return blocking_start(asking);
    asking_look(asking);
    edge_check_answer_t answer = binding->row->function(&asking->call, &asking->proposed);
    EDGE_ASSERT((answer == EDGE_CHECK_WAIT) == (asking->ticket != EDGE_NO_TICKET));
    return answer;
}

/* Walks on from the cursor. True: through; false: a check waits. */
static bool asking_walk(edge_asking_t *asking) {
    for (; asking->cursor < asking->list->count; asking->cursor++) {
        asking->mode = edge_binding_mode(asking_binding(asking));
        if (asking->mode == EDGE_MODE_OFF) {
            edge_check_counters_skip(&asking_binding(asking)->counters);
            continue;
        }
        edge_check_answer_t answer = asking_call(asking);
        if (answer == EDGE_CHECK_WAIT)
            return false;
        if (asking_settle(asking, answer, false))
            break;
    }
    return true;
}

static void asking_finish(edge_asking_t *asking) {
    edge_session_t *session = asking->session;
    session->asking = NULL;
    /* The protocol may write the reply only when it has returned from its own call of edge_session_ask. */
    session->answered = asking;
    session->listener->protocol->verdict(session, asking->reply);
}

void edge_session_replied(edge_session_t *session) {
    if (!session->answered)
        return;
    asking_free(session->answered);
    session->answered = NULL;
}

static edge_check_answer_t answer_of_blocking(edge_asking_t *asking, edge_result_t result) {
    blocking_t *job = result.data;
    asking->proposed = job->reply;
    reply_keep(&asking->proposed, asking->call.pool);
    edge_check_answer_t answer = job->answer == EDGE_CHECK_WAIT ? EDGE_CHECK_ERROR : job->answer;
    edge_worker_give_pool(asking->worker, job->pool);
    return answer;
}

static edge_check_answer_t answer_of_inline(edge_asking_t *asking, edge_result_t result) {
    const edge_check_row_t *row = asking_binding(asking)->row;
    if (!row->resumed)
        return result.status == APR_SUCCESS ? EDGE_CHECK_PASS : EDGE_CHECK_ERROR;
    asking_look(asking);
    return row->resumed(&asking->call, result, &asking->proposed);
}

static void asking_resumed(void *owner, edge_result_t result) {
    edge_asking_t *asking = owner;
    EDGE_OBJ_CHECK(asking, ASKING_MAGIC);
    asking->ticket = EDGE_NO_TICKET;

    edge_check_answer_t answer;
    if (result.status == APR_TIMEUP)
        answer = EDGE_CHECK_ERROR;
    else if (asking_binding(asking)->row->kind == EDGE_CHECK_BLOCKING)
        answer = answer_of_blocking(asking, result);
    else
        answer = answer_of_inline(asking, result);
    if (answer == EDGE_CHECK_WAIT) {
        EDGE_ASSERT(asking->ticket != EDGE_NO_TICKET);
        return;
    }

    bool ended = asking_settle(asking, answer, result.status == APR_TIMEUP);
    asking->cursor++;
    if (ended || asking_walk(asking))
        asking_finish(asking);
}

static const edge_policy_list_t *list_of(const edge_session_t *session, edge_phase_t phase) {
    const edge_policy_t *policy = session->listener->policy;
    if (phase == EDGE_PHASE_HELO && policy->phases[EDGE_PHASE_HELO].count == 0)
        phase = EDGE_PHASE_EHLO;
    return &policy->phases[phase];
}

bool edge_session_ask(edge_session_t *session, edge_phase_t phase, edge_span_t argument,
                      const edge_parameters_t *parameters, edge_reply_t reply) {
    EDGE_ASSERT(session->asking == NULL);
    edge_session_replied(session);
    const edge_policy_list_t *list = list_of(session, phase);
    if (list->count == 0) {
        session->listener->protocol->verdict(session, reply);
        return true;
    }
    edge_asking_t *asking = asking_open(session, phase, argument, parameters, reply, list);
    if (!asking_walk(asking))
        return false;
    asking_finish(asking);
    return true;
}

const char *edge_policy_awaited(const edge_session_t *session, edge_mono_t *since) {
    const edge_asking_t *asking = session->asking;
    if (!asking)
        return NULL;
    *since = asking->called;
    return asking_binding(asking)->validator;
}

void edge_policy_abandon(edge_session_t *session) {
    edge_session_replied(session);
    edge_asking_t *asking = session->asking;
    if (!asking)
        return;
    session->asking = NULL;
    edge_ticket_drop(asking->worker, asking->ticket);
    asking_free(asking);
}
