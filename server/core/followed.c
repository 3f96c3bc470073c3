/* Looks at files that are followed. */
#include "edge_followed.h"

#define FAULTS_LOGGED 5u

void edge_followed_took(edge_followed_t *followed, edge_file_stamp_t stamp) {
    followed->loaded = followed->seen = stamp;
    followed->refusing = false;
}

edge_followed_look_t edge_followed_look(edge_followed_t *followed, const char *path,
                                        bool (*read)(void *context, edge_file_stamp_t *stamp), void *context) {
    edge_file_stamp_t now = edge_file_stamp(path), stamp = now;
    bool loaded = edge_file_stamp_equal(&now, &followed->loaded);
    if (loaded)
        followed->refusing = false; /* the old one is back */
    if (loaded || (followed->refusing && edge_file_stamp_equal(&now, &followed->refused))) {
        followed->seen = now;
        return EDGE_FOLLOWED_SAME;
    }
    if (!edge_file_stamp_equal(&now, &followed->seen)) {
        followed->seen = now;
        return EDGE_FOLLOWED_CHANGING; /* an editor may be writing it */
    }
    if (!read(context, &stamp)) {
        followed->refusing = true;
        followed->refused = now; /* said once; it is tried again when the file changes again */
        return EDGE_FOLLOWED_REFUSED;
    }
    edge_followed_took(followed, stamp);
    return EDGE_FOLLOWED_TAKEN;
}

void edge_file_fault(void *context, unsigned line, const char *what) {
    edge_file_faults_t *faults = context;
    if (faults->count++ >= FAULTS_LOGGED)
        return;
    if (line > 0)
        EDGE_LOG(faults->area, EDGE_LOG_ERROR, faults->number, "%s:%u: %s", faults->path, line, what);
    else
        EDGE_LOG(faults->area, EDGE_LOG_ERROR, faults->number + 1, "%s: %s", faults->path, what);
}
