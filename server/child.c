/* One generation of the server: loads, serves, drains, ends. */
#include "child.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/admin.h"
#include "control/admin_stream.h"
#include "core/audit.h"
#include "core/conf_listen.h"
#include "control/control.h"
#include "core/core_conf.h"
#include "core/dns_settings.h"
#include "core/drift.h"
#include "core/listening.h"
#include "core/module.h"
#include "core/lookup_file.h"
#include "core/operations.h"
#include "core/overrides.h"
#include "core/places.h"
#include "core/policy.h"
#include "control/pulse.h"
#include "core/reopen.h"
#include "core/session.h"
#include "core/transaction.h"
#include "core/txlog.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "event/listener.h"
#include "event/worker.h"
#include "heartbeat.h"
#include "io/conn.h"
#include "io/dns.h"
#include "priv.h"
#include "standard_error.h"

EDGE_LOG_AREA(edge_child_log, "child")

#define CHECK_THREADS 4
#define CHECK_QUEUE 1024
#define DESCRIPTORS_BESIDE 512    /* files, pipes and sockets that are no client's */
#define FAREWELL EDGE_SECONDS(5)  /* for replies of 421 to leave */
#define HANDOVER EDGE_SECONDS(10) /* for deliveries that are under way when another child takes the queues */

typedef struct child {
    const edge_child_seed_t *seed;
    edge_snapshot_t *snapshot;
    apr_pool_t *pool;
    int own_log;                    /* the new ErrorLog, from when it was opened until it is used; -1: none */
    bool draining, closed, leaving; /* closed: no worker accepts any more */
    bool replaced, retired;         /* another child serves; it has the queues */
    edge_mono_t drain_until, leave_at, beat_at, retire_at;
} child_t;

static _Noreturn void refuse(const char *what, apr_status_t status) {
    EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 530, status, "%s", what);
    _exit(1);
}

/* Workers */

static edge_conn_listener_t *listener_of(apr_pool_t *pool, const edge_section_t *section) {
    edge_conn_listener_t *listener = apr_pcalloc(pool, sizeof(*listener));
    listener->listener = (void *)(uintptr_t)edge_span_copy(pool, section->name).at;
    listener->accepted = edge_session_accepted;
    return listener;
}

static void connection_came(edge_worker_t *worker, int fd, void *user) { edge_conn_accept(worker, fd, user); }

static apr_status_t worker_started(edge_worker_t *worker, void *context) {
    (void)context;
    edge_sessions_worker_start(worker);
    edge_txlog_worker_start(worker);
    apr_status_t status = edge_dns_worker_start(worker);
    return status == APR_SUCCESS ? edge_modules_worker_start(worker) : status;
}

static void worker_stopping(edge_worker_t *worker, void *context) {
    (void)context;
    edge_conn_abort_all(worker, EDGE_CLOSE_DRAIN);
    edge_worker_settle(worker);
    edge_modules_worker_stop(worker);
    edge_txlog_worker_stop(worker);
    edge_sessions_worker_stop(worker);
    edge_dns_worker_stop(worker);
}

/* Every listening socket on every worker, but for those that are shut; whoever is free accepts. */
static void listen_everywhere(child_t *child) {
    for (const edge_section_t *section = edge_snapshot_server(child->snapshot)->first; section;
         section = section->next) {
        if (section->scope != EDGE_SCOPE_LISTENER)
            continue;
        const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
        edge_conn_listener_t *listener = listener_of(child->pool, section);
        for (unsigned i = 0; i < conf->listen_count; i++) {
            int fd = edge_sockets_find(child->seed->sockets, conf->listens[i].address, conf->listens[i].port);
            if (fd < 0)
                refuse("a listener has no socket", APR_EGENERAL);
            edge_listening_add(edge_span_of(listener->listener), fd, connection_came, listener,
                               ((const edge_listener_t *)section->instance)->protocol->takes_no_mail);
        }
    }
    edge_listening_begin();
}

/* Orders that workers have not yet taken: until they have, one may still be accepting. */
static _Atomic unsigned orders_pending;

/* What the sessions of a worker are to do. */
typedef enum order { ORDER_DRAIN, ORDER_DRAIN_NOW, ORDER_ABORT } order_t;

/* A letter to each worker; it frees itself. */
typedef struct order_letter {
    edge_letter_t letter;
    order_t order;
} order_letter_t;

static void order_delivered(edge_letter_t *letter, edge_worker_t *worker) {
    order_letter_t *message = EDGE_CONTAINER(letter, order_letter_t, letter);
    if (message->order == ORDER_ABORT)
        edge_conn_abort_all(worker, EDGE_CLOSE_DRAIN);
    else
        edge_sessions_drain(worker, message->order == ORDER_DRAIN_NOW);
    atomic_fetch_sub(&orders_pending, 1);
    free(message);
}

static void order_sessions(order_t order) {
    for (unsigned i = 0; i < edge_worker_count(); i++) {
        order_letter_t *message = calloc(1, sizeof(*message));
        EDGE_ASSERT(message != NULL);
        message->letter.deliver = order_delivered;
        message->order = order;
        atomic_fetch_add(&orders_pending, 1);
        edge_worker_send(edge_worker_at(i), &message->letter);
    }
}

/* No session may reach a queue that is closed: those still open end now. */
static void abort_sessions(void) {
    order_sessions(ORDER_ABORT);
    while (atomic_load(&orders_pending) > 0 || edge_sessions_open() > 0)
        usleep(1000);
}

/* Queues */

static void each_queue(child_t *child,
                       void (*act)(child_t *child, const edge_section_t *section, edge_queue_t *queue)) {
    for (const edge_section_t *section = edge_snapshot_server(child->snapshot)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_QUEUE && section->instance)
            act(child, section, section->instance);
}

static void open_queue(child_t *child, const edge_section_t *section, edge_queue_t *queue) {
    const char *why = "it did not say why";
    apr_status_t status = queue->provider->open(queue, section, child->pool, &why);
    if (status == APR_SUCCESS)
        return;
    EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 531, status, "queue %s (%s:%u) does not open: %s", queue->name,
                    section->file, section->line, why);
    _exit(1);
}

static void retire_queue(child_t *child, const edge_section_t *section, edge_queue_t *queue) {
    (void)child;
    (void)section;
    if (queue->provider->retire)
        queue->provider->retire(queue);
}

static void close_queue(child_t *child, const edge_section_t *section, edge_queue_t *queue) {
    (void)child;
    (void)section;
    queue->provider->close(queue);
}

/* Starting */

static void prepare_directories(const child_t *child, const edge_identity_t *identity) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    if (conf->control_socket.len)
        edge_priv_directory_of(conf->control_socket.at, identity);
    for (unsigned i = 0; i < conf->transaction_log_count; i++)
        edge_priv_directory_of(conf->transaction_logs[i].at, identity);
    const edge_core_admin_conf_t admin = edge_core_admin_conf(child->snapshot, child->pool);
    if (admin.audit_log.len)
        edge_priv_directory_of(admin.audit_log.at, identity);
    if (admin.overrides.len)
        edge_priv_directory_of(admin.overrides.at, identity);
    for (const edge_section_t *section = edge_snapshot_server(child->snapshot)->first; section;
         section = section->next) {
        edge_queue_t *queue = section->instance;
        if (section->scope == EDGE_SCOPE_QUEUE && queue && queue->directory)
            edge_priv_directory(queue->directory, identity);
    }
}

static void become_user(const child_t *child) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    edge_identity_t identity;
    uint64_t descriptors = 0, wanted = conf->max_open_files;
    apr_status_t status = edge_priv_find(conf->user, conf->group, &identity);
    if (status != APR_SUCCESS)
        refuse("User or Group does not exist", status);
    if (wanted == 0)
        wanted = (uint64_t)conf->max_connections + DESCRIPTORS_BESIDE;
    status = edge_priv_descriptors(wanted, &descriptors);
    if (status != APR_SUCCESS || descriptors < wanted)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_WARN, 532, status,
                        "only %llu descriptors are to be had, %llu are wanted for MaxConnections",
                        (unsigned long long)descriptors, (unsigned long long)wanted);
    uint64_t beside = descriptors / 2 < DESCRIPTORS_BESIDE / 2 ? descriptors / 2 : DESCRIPTORS_BESIDE / 2;
    edge_listener_watched_most((unsigned)(descriptors - beside));
    prepare_directories(child, &identity);
    if (!identity.change && geteuid() == 0)
        EDGE_LOG(&edge_child_log, EDGE_LOG_WARN, 533, "no User is set: the server stays root");
    status = edge_priv_drop(&identity);
    if (status != APR_SUCCESS)
        refuse("cannot become User", status);
}

/* The parent has bound what the files name; it binds the rest when it is asked. */
static const char *want_socket(void *context, const edge_core_listen_t *listen_on, apr_pool_t *pool) {
    const child_t *child = context;
    int fd = -1;
    if (edge_sockets_wanted(child->seed->sockets, listen_on->address, listen_on->port))
        return NULL;
    apr_status_t status = edge_reopen_listen(listen_on->text.at, &fd);
    if (status == APR_SUCCESS)
        status = edge_sockets_put(child->seed->sockets, listen_on->address, listen_on->port, fd);
    return status == APR_SUCCESS ? NULL : edge_sockets_trouble(listen_on, status, pool);
}

static void load(child_t *child) {
    edge_snapshot_t *snapshot = NULL;
    edge_conf_listening_t listening = {child, want_socket};
    edge_snapshot_source_t source = *child->seed->source;
    source.listening = &listening;
    apr_status_t status = edge_snapshot_load(&source, child->seed->generation, &snapshot, stderr);
    if (status != APR_SUCCESS)
        _exit(1); /* the report has said all */
    child->snapshot = snapshot;
}

/* What is written until this child serves belongs into the log that the operator looks at now. The new one is
 * opened while that is allowed. */
static void open_own_log(child_t *child) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    edge_identity_t identity;
    if (child->seed->foreground || conf->error_log.len == 0 ||
        edge_span_equal(conf->error_log, child->seed->error_log) ||
        edge_priv_find(conf->user, conf->group, &identity) != APR_SUCCESS)
        return;
    edge_priv_directory_of(conf->error_log.at, &identity);
    apr_status_t status = edge_log_descriptor(conf->error_log.at, &child->own_log);
    if (status != APR_SUCCESS)
        refuse(apr_psprintf(child->pool, "cannot open ErrorLog %s", conf->error_log.at), status);
    edge_priv_file(conf->error_log.at, &identity);
}

static void let_go_of_standard_error(const child_t *child) {
    if (!child->seed->foreground)
        edge_standard_error_follow();
}

static void use_own_log(child_t *child) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    if (child->own_log >= 0)
        edge_log_take(child->own_log, conf->error_log.at);
    else if (!child->seed->foreground && conf->error_log.len == 0)
        edge_log_open(NULL);
    child->own_log = -1;
    let_go_of_standard_error(child);
}

static void open_transaction_logs(const child_t *child) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    const char *paths[16], *failed = NULL;
    unsigned count = 0;
    for (; count < conf->transaction_log_count && count < EDGE_COUNT(paths); count++)
        paths[count] = conf->transaction_logs[count].at;
    apr_status_t status = edge_txlog_open(paths, count, &failed);
    if (status == APR_SUCCESS)
        return;
    EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 534, status, "cannot open TransactionLog %s", failed);
    _exit(1);
}

/* A trail that was asked for must be kept; the one that nobody wrote down may fail where the server's directory is read-only. */
static void open_audit_log(const child_t *child) {
    const edge_core_admin_conf_t conf = edge_core_admin_conf(child->snapshot, child->pool);
    apr_status_t status = edge_audit_open(conf.audit_log.len ? conf.audit_log.at : NULL);
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 538, status, "cannot open AuditLog %s", conf.audit_log.at);
    if (status != APR_SUCCESS && edge_core_admin_section(child->snapshot))
        _exit(1);
}

static void start_workers(child_t *child) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    edge_workers_plan_t plan = {conf->workers, worker_started, worker_stopping, child};
    if (plan.count == 0)
        plan.count = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    if (plan.count > EDGE_WORKERS_MOST)
        plan.count = EDGE_WORKERS_MOST;
    apr_status_t status = edge_workers_start(&plan);
    if (status != APR_SUCCESS)
        refuse("workers do not start", status);
}

/* What the files say, with what was changed while a server ran. */
static void publish(const child_t *child) {
    edge_core_admin_conf_t conf = edge_core_admin_conf(child->snapshot, child->pool);
    edge_snapshot_t *snapshot = edge_overrides_take_up(child->snapshot, conf.overrides.len ? conf.overrides.at : NULL);
    edge_snapshot_publish(snapshot);
    edge_snapshot_drop(snapshot);
}

/* As it is set now. */
static edge_mono_t graceful_timeout(void) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_mono_t timeout = edge_core_server_conf(snapshot)->graceful_timeout;
    edge_snapshot_drop(snapshot);
    return timeout;
}

static void start(child_t *child) {
    apr_status_t status;
    edge_reopen_use(child->seed->files_descriptor);
    load(child);
    edge_reopen_seal();
    open_own_log(child);
    become_user(child);
    open_transaction_logs(child);
    open_audit_log(child);
    each_queue(child, open_queue);
    edge_dns_settings_t dns = edge_dns_settings_of(child->snapshot);
    if ((status = edge_dns_start(&dns)) != APR_SUCCESS)
        refuse("the asking of name servers does not start", status);
    edge_admin_figures_make();
    if ((status = edge_modules_start(child->snapshot, child->pool)) != APR_SUCCESS)
        refuse("a module does not start", status);
    if ((status = edge_policy_start(CHECK_THREADS, CHECK_QUEUE)) != APR_SUCCESS)
        refuse("the pool of checks does not start", status);
    if ((status = edge_lookup_files_start()) != APR_SUCCESS)
        refuse("the thread that looks at lists does not start", status);
    publish(child);
    start_workers(child);
    const edge_core_server_conf_t *conf = edge_core_server_conf(child->snapshot);
    if (conf->control_socket.len && (status = edge_control_start(conf->control_socket.at)) != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 535, status, "cannot serve ControlSocket %s",
                        conf->control_socket.at);
    edge_overrides_take_over();
    edge_sockets_commit(child->seed->sockets);
    listen_everywhere(child);
    if ((status = edge_pulse_start()) != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 541, status,
                        "nobody looks on: no history, no deadline of a drain");
}

/* Ending */

static void drain(child_t *child, bool replaced) {
    if (child->draining)
        return;
    edge_admin_streams_stop();
    edge_pulse_stop();
    edge_listening_end();
    edge_sockets_close(child->seed->sockets);
    order_sessions(ORDER_DRAIN);
    child->draining = true;
    child->replaced = replaced;
    child->retire_at = edge_clock_read().mono + HANDOVER;
    child->drain_until = edge_clock_read().mono + graceful_timeout();
}

static void leave(child_t *child) {
    if (child->leaving)
        return;
    drain(child, false);
    order_sessions(ORDER_DRAIN_NOW);
    child->leaving = true;
    child->leave_at = edge_clock_read().mono + FAREWELL;
}

/* What modules have under way uses the queues, so those are given up to the new child behind it. False: it still does. */
static bool drain_modules(child_t *child, edge_mono_t now) {
    bool idle = edge_modules_drain(child->leaving || (child->replaced && now >= child->retire_at));
    if (idle && child->replaced && !child->retired) {
        each_queue(child, retire_queue);
        child->retired = true;
    }
    return idle;
}

/* Whoever sends to workers ends before them: control, checks, queues; then the workers. */
static _Noreturn void end(child_t *child) {
    abort_sessions();
    while (!edge_modules_drain(true))
        usleep(1000);
    edge_control_stop();
    edge_policy_stop();
    each_queue(child, close_queue);
    edge_workers_stop();
    edge_dns_stop();
    edge_modules_stop();
    edge_lookup_files_stop();
    edge_workers_forget();
    edge_txlog_close();
    edge_audit_close();
    EDGE_LOG(&edge_child_log, EDGE_LOG_INFO, 536, "generation %llu has ended",
             (unsigned long long)child->seed->generation);
    exit(0);
}

static void reopen_logs(const child_t *child) {
    apr_status_t status = edge_log_reopen();
    apr_status_t transactions = edge_txlog_reopen(), audit = edge_audit_reopen();
    if (status != APR_SUCCESS || transactions != APR_SUCCESS || audit != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_ERROR, 537,
                        status         ? status
                        : transactions ? transactions
                                       : audit,
                        "a log cannot be reopened; the old file goes on");
    let_go_of_standard_error(child);
}

static void obey(child_t *child, char command) {
    switch (command) {
    case EDGE_CHILD_RETIRE: drain(child, true); break;
    case EDGE_CHILD_STOP: drain(child, false); break;
    case EDGE_CHILD_NOW: leave(child); break;
    case EDGE_CHILD_REOPEN: reopen_logs(child); break;
    }
}

/* A pipe that is full has its reader hanging: nothing is to be said then. */
static void beat(child_t *child, edge_mono_t now) {
    char alive = EDGE_CHILD_ALIVE;
    if (child->seed->heartbeat == 0 || now < child->beat_at || !edge_heartbeat())
        return;
    child->beat_at = now + child->seed->heartbeat;
    if (write(child->seed->status_descriptor, &alive, 1) < 0)
        EDGE_LOG_STATUS(&edge_child_log, EDGE_LOG_DEBUG, 521, errno, "the parent takes no sign of life");
}

static int poll_timeout(const child_t *child) {
    edge_mono_t heartbeat = child->seed->heartbeat / 1000;
    if (child->draining)
        return 20;
    return heartbeat > 0 && heartbeat < 1000 ? (int)heartbeat : 1000;
}

/* Said when it is true of every worker: until then a client may still come to this generation. */
static void say_closed(child_t *child) {
    if (child->closed || !child->draining || atomic_load(&orders_pending) > 0)
        return;
    child->closed = true;
    EDGE_LOG(&edge_child_log, EDGE_LOG_NOTICE, 539, "generation %llu takes no more connections",
             (unsigned long long)child->seed->generation);
}

static void turn(child_t *child) {
    char commands[16];
    struct pollfd polled = {child->seed->command_descriptor, POLLIN, 0};
    poll(&polled, 1, poll_timeout(child));
    if (polled.revents) {
        ssize_t count = read(child->seed->command_descriptor, commands, sizeof(commands));
        if (count == 0)
            _exit(2); /* the parent is gone: nobody would ever stop us */
        for (ssize_t i = 0; i < count; i++)
            obey(child, commands[i]);
    }
    edge_clock_t clock = edge_clock_read();
    edge_mono_t now = clock.mono;
    edge_overrides_turn(clock.wall);
    beat(child, now);
    say_closed(child);
    bool idle = atomic_load(&orders_pending) == 0 && edge_sessions_open() == 0 && edge_transactions_submitted() == 0;
    if (child->draining)
        idle = drain_modules(child, now) && idle;
    if (child->draining && (idle || (child->leaving && now >= child->leave_at)))
        end(child);
    if (child->draining && !child->leaving && now >= child->drain_until)
        leave(child);
}

static void quiet_signals(void) {
    signal(SIGPIPE, SIG_IGN);
    /* They belong to the parent; at a terminal the whole group gets the interrupt. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
}

void edge_child_run(const edge_child_seed_t *seed) {
    child_t child = {.seed = seed, .own_log = -1};
    char ready = EDGE_CHILD_READY;
    quiet_signals();
    apr_pool_create(&child.pool, NULL);
    edge_places_use_child(seed->slot);
    edge_counter_use_child(seed->slot);
    edge_operations_use(seed->status_descriptor);
    edge_drift_use(edge_conf_record_of(seed->source->world));
    start(&child);
    use_own_log(&child);
    if (write(seed->status_descriptor, &ready, 1) < 0)
        _exit(2);
    fcntl(seed->status_descriptor, F_SETFL, O_NONBLOCK);
    for (;;)
        turn(&child);
}
