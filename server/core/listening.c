/* Attaches and detaches the listening sockets of this child. */
#include "core/listening.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include "edge_log.h"
#include "edge_obj.h"

EDGE_LOG_AREA(edge_listening_log, "listen")

#define SOCKETS_MOST 256
#define BACKLOG 4096 /* the system's own limit holds */

typedef struct listening {
    edge_span_t name;
    int fd;
    edge_listener_fn *accepted;
    void *user;
    bool always, attached;
} listening_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static listening_t sockets[SOCKETS_MOST];
static unsigned count;
static bool begun;

void edge_listening_add(edge_span_t name, int fd, edge_listener_fn *accepted, void *user, bool always) {
    EDGE_ASSERT(count < SOCKETS_MOST);
    sockets[count++] = (listening_t){.name = name, .fd = fd, .accepted = accepted, .user = user, .always = always};
}

static bool listens(int fd) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

static void attach(listening_t *each) {
    if (!listens(each->fd) && listen(each->fd, BACKLOG) < 0) {
        EDGE_LOG_STATUS(&edge_listening_log, EDGE_LOG_ERROR, 540, errno,
                        "a socket of listener %s does not listen again", each->name.at);
        return;
    }
    edge_listener_attach_everywhere(each->fd, each->accepted, each->user);
    each->attached = true;
}

/* Connections that wait in the backlog are reset: nobody has promised them anything. */
static void detach(listening_t *each) {
    if (each->attached)
        edge_listener_detach_one_everywhere(each->fd);
    each->attached = false;
    if (listens(each->fd))
        shutdown(each->fd, SHUT_RD);
}

static void obey(listening_t *each) {
    bool open = each->always || (!edge_draining() && edge_openness_of(each->name).state == EDGE_OPEN);
    if (open && !each->attached)
        attach(each);
    else if (!open)
        detach(each);
}

void edge_listening_obey(edge_span_t name) {
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; begun && i < count; i++)
        if (!name.at || edge_span_equal(name, sockets[i].name))
            obey(&sockets[i]);
    pthread_mutex_unlock(&lock);
}

void edge_listening_begin(void) {
    begun = true;
    edge_listening_obey(EDGE_NO_SPAN);
}

void edge_listening_end(void) {
    pthread_mutex_lock(&lock);
    begun = false;
    edge_listener_detach_everywhere();
    pthread_mutex_unlock(&lock);
}
