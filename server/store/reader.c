/* Reading a stored message: prelude, then the body from the log or from its file, checked on the way. */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct edge_queue_reader {
    edge_spool_t *spool;
    edge_place_t place;
    edge_queue_entry_t entry;
    edge_span_t prelude; /* what is left of it */
    int fd;              /* of the body's file; -1: it is in the log */
    uint64_t offset, left;
    uint32_t crc;
    apr_status_t status; /* what every further read answers */
};

/* Of a body that is not in the log. */
static apr_status_t open_file(edge_queue_reader_t *reader) {
    char path[EDGE_SPOOL_PATH];
    if (reader->place.record.type != EDGE_RECORD_FILED) {
        return APR_SUCCESS;
    }
    edge_body_file_path(reader->spool, reader->place.id, path, sizeof path);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    reader->offset = 0;
    return reader->fd < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

static void prepare(edge_queue_reader_t *reader, apr_pool_t *pool) {
    edge_envelope_t *envelope = NULL;
    const char *what = "its envelope";
    apr_status_t status = edge_place_read(&reader->place, pool, &envelope, &reader->prelude);
    if (status == APR_SUCCESS) {
        reader->entry.envelope = envelope;
        reader->left = reader->place.record.body_len;
        reader->offset = reader->place.offset + EDGE_RECORD_SIZE + reader->place.record.head_len;
        what = "its body's file";
        status = open_file(reader);
    }
    if (status == APR_EGENERAL || APR_STATUS_IS_EOF(status) || APR_STATUS_IS_ENOENT(status)) {
        edge_place_damaged(reader->spool, &reader->place, what);
        status = APR_EGENERAL;
    }
    reader->status = status;
    reader->entry.state = reader->place.state;
}

apr_status_t edge_spool_reader_open(edge_spool_t *spool, edge_uuid_t id, apr_pool_t *pool,
                                    edge_queue_reader_t **opened) {
    apr_status_t status = edge_recover_wait(spool);
    if (status != APR_SUCCESS) {
        return status;
    }
    edge_queue_reader_t *reader = apr_pcalloc(pool, sizeof *reader);
    reader->spool = spool;
    reader->fd = -1;
    reader->entry.id = id;
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    if (entry != NULL) {
        edge_place_take(entry, &reader->place);
    }
    pthread_mutex_unlock(&spool->lock);
    if (entry == NULL) {
        return APR_NOTFOUND;
    }
    prepare(reader, pool);
    *opened = reader;
    return APR_SUCCESS;
}

const edge_queue_entry_t *edge_spool_queue_reader_entry(edge_queue_reader_t *reader) { return &reader->entry; }

static apr_status_t finish(edge_queue_reader_t *reader) {
    reader->status = APR_EOF;
    if (reader->crc != reader->place.record.body_crc) {
        edge_place_damaged(reader->spool, &reader->place, "its body");
        reader->status = APR_EGENERAL;
    }
    return reader->status;
}

apr_status_t edge_spool_queue_reader_read(edge_queue_reader_t *reader, char *into, size_t size, size_t *got) {
    *got = 0;
    if (reader->status != APR_SUCCESS) {
        return reader->status;
    }
    if (reader->prelude.len > 0) {
        *got = size < reader->prelude.len ? size : reader->prelude.len;
        memcpy(into, reader->prelude.at, *got);
        reader->prelude = edge_span_after(reader->prelude, *got);
        return APR_SUCCESS;
    }
    if (reader->left == 0) {
        return finish(reader);
    }
    size_t len = size < reader->left ? size : (size_t)reader->left;
    apr_status_t status =
        edge_files_read(reader->fd >= 0 ? reader->fd : reader->place.segment->fd, into, len, reader->offset);
    if (APR_STATUS_IS_EOF(status)) {
        edge_place_damaged(reader->spool, &reader->place, "its body's length");
        status = APR_EGENERAL;
    }
    if (status != APR_SUCCESS) {
        return reader->status = status;
    }
    reader->crc = edge_crc32c(reader->crc, into, len);
    reader->offset += len;
    reader->left -= len;
    *got = len;
    return APR_SUCCESS;
}

void edge_spool_queue_reader_close(edge_queue_reader_t *reader) {
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    edge_place_release(reader->spool, &reader->place);
}
