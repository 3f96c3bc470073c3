/*
 * Fuzzes the recovery scan: the input is a segment's records (the first octet even) or the whole file (odd). In records the
 * checksums of headers are mended, so that what stands behind them is reached.
 */
#include "edge_codec.h"
#include "edge_log.h"
#include "edge_spool.h"

#include "store/record.h"

#include <apr_general.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 16384u
#define SALT 12345u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char directory[64], path[128], lock_path[128];

static void clean(void) {
    char log[192];
    unlink(path);
    snprintf(log, sizeof log, "%s.damaged", path);
    unlink(log);
    unlink(lock_path);
    snprintf(log, sizeof log, "%s/log", directory);
    rmdir(log);
    rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    char log[192];
    (void)argc;
    (void)argv;
    apr_initialize();
    edge_log_area_level(NULL, EDGE_LOG_EMERG);
    snprintf(directory, sizeof directory, "%s/edge-fuzz-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(directory) == NULL) {
        abort();
    }
    snprintf(log, sizeof log, "%s/log", directory);
    mkdir(log, 0700);
    snprintf(path, sizeof path, "%s/log/00000001.seg", directory);
    snprintf(lock_path, sizeof lock_path, "%s/lock", directory);
    atexit(clean);
    return 0;
}

static void put32(char *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (char)(value >> 8 * i & 255);
    }
}

/* Where a record's magic stands, the header is made to fit its place. */
static void mend(char *file) {
    edge_segment_head_t head = {.number = 1, .salt = SALT, .size = SIZE, .made = 1};
    edge_record_write_head(&head, file);
    edge_record_write_head(&head, file + SIZE - EDGE_SEGMENT_TAIL);
    for (uint32_t at = EDGE_SEGMENT_HEAD; at + EDGE_RECORD_SIZE <= SIZE - EDGE_SEGMENT_TAIL; at += EDGE_RECORD_ALIGN) {
        if ((uint8_t)file[at] == 0x9e && (uint8_t)file[at + 1] == 0xed) {
            put32(file + at + 4, 1);
            put32(file + at + 8, at / EDGE_RECORD_ALIGN);
            put32(file + at + 60, edge_crc32c(SALT, file + at, 60));
        }
    }
}

static bool read_all(void *context, const edge_queue_entry_t *entry) {
    edge_queue_t *queue = context;
    edge_queue_reader_t *reader;
    apr_pool_t *pool;
    char block[512];
    size_t got;
    apr_pool_create_unmanaged(&pool);
    if (queue->provider->reader_open(queue, entry->id, pool, &reader) == APR_SUCCESS) {
        while (queue->provider->reader_read(reader, block, sizeof block, &got) == APR_SUCCESS) {
        }
        queue->provider->reader_close(reader);
    }
    apr_pool_destroy(pool);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char file[SIZE];
    edge_queue_t queue = {.provider = &edge_spool_tool, .name = "fuzz", .directory = directory};
    edge_queue_filter_t all = {.state = -1};
    const char *why;
    if (size < 1) {
        return 0;
    }
    memset(file, 0, sizeof file);
    if (data[0] & 1) {
        memcpy(file, data + 1, size - 1 < SIZE ? size - 1 : SIZE);
    } else {
        size_t most = SIZE - EDGE_SEGMENT_HEAD - EDGE_SEGMENT_TAIL;
        memcpy(file + EDGE_SEGMENT_HEAD, data + 1, size - 1 < most ? size - 1 : most);
        mend(file);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, file, SIZE) != SIZE) {
        abort();
    }
    close(fd);
    if (queue.provider->open(&queue, NULL, NULL, &why) == APR_SUCCESS) {
        queue.provider->list(&queue, &all, read_all, &queue);
        queue.provider->close(&queue);
    }
    return 0;
}
