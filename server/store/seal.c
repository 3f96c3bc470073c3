/*
 * The footer of a sealed segment: what is in it, so that a start need not read it.
 *
 * It stands at the end of the file: entries, the copy of the segment's header, the trailer.
 * Entries and trailer are written and synced together after the last record is durable; a
 * footer that is torn by a crash fails its check, and the segment is scanned.
 */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t entries_start(const edge_segment_t *segment, uint32_t count) {
    return segment->head.size - EDGE_SEGMENT_TAIL - (uint64_t)count * EDGE_FOOTER_ENTRY;
}

apr_status_t edge_seal_write(edge_spool_t *spool, edge_segment_t *segment) {
    size_t size = (size_t)segment->entry_count * EDGE_FOOTER_ENTRY;
    if (segment->tail > edge_segment_limit(segment, segment->entry_count) + EDGE_RECORD_ALIGN) {
        return APR_ENOSPC; /* one of foreign making: it is scanned at each start */
    }
    char *octets = malloc(size + 1), trailer_octets[64];
    if (octets == NULL) {
        return APR_ENOMEM;
    }
    for (uint32_t i = 0; i < segment->entry_count; i++) {
        edge_record_write_entry(&segment->entries[i], octets + (size_t)i * EDGE_FOOTER_ENTRY);
    }
    edge_segment_trailer_t trailer = {.number = segment->head.number,
                                      .count = segment->entry_count,
                                      .tail = segment->tail,
                                      .entries = entries_start(segment, segment->entry_count),
                                      .entries_crc = edge_crc32c(0, octets, size)};
    EDGE_ASSERT(trailer.entries >= segment->tail);
    edge_record_write_trailer(&trailer, segment->head.salt, trailer_octets);
    apr_status_t status = edge_files_write_one(spool->files, segment->fd, octets, size, trailer.entries);
    if (status == APR_SUCCESS) {
        status = edge_files_write_one(spool->files, segment->fd, trailer_octets, sizeof trailer_octets,
                                      segment->head.size - sizeof trailer_octets);
    }
    if (status == APR_SUCCESS && spool->files->fdatasync(segment->fd) < 0) {
        status = APR_FROM_OS_ERROR(errno);
    }
    free(octets);
    return status;
}

static bool is_plausible(const edge_segment_t *segment, const edge_segment_trailer_t *trailer) {
    return trailer->count <= segment->head.size / EDGE_FOOTER_ENTRY && trailer->tail >= EDGE_SEGMENT_HEAD &&
           trailer->tail <= trailer->entries && trailer->entries == entries_start(segment, trailer->count);
}

static apr_status_t decode(const edge_segment_t *segment, const edge_segment_trailer_t *trailer, const char *octets,
                           edge_footer_entry_t *entries) {
    if (edge_crc32c(0, octets, (size_t)trailer->count * EDGE_FOOTER_ENTRY) != trailer->entries_crc) {
        return APR_NOTFOUND;
    }
    for (uint32_t i = 0; i < trailer->count; i++) {
        edge_footer_entry_t *entry = &entries[i];
        if (!edge_record_read_entry(octets + (size_t)i * EDGE_FOOTER_ENTRY, entry) ||
            entry->offset < EDGE_SEGMENT_HEAD || entry->offset + entry->length > trailer->tail) {
            return APR_NOTFOUND;
        }
    }
    (void)segment;
    return APR_SUCCESS;
}

apr_status_t edge_seal_read(const edge_segment_t *segment, edge_footer_entry_t **entries, uint32_t *count) {
    char trailer_octets[64];
    edge_segment_trailer_t trailer;
    apr_status_t status = edge_files_read(segment->fd, trailer_octets, sizeof trailer_octets, segment->head.size - 64);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!edge_record_read_trailer(trailer_octets, segment->head.number, segment->head.salt, &trailer) ||
        !is_plausible(segment, &trailer)) {
        return APR_NOTFOUND;
    }
    size_t size = (size_t)trailer.count * EDGE_FOOTER_ENTRY;
    char *octets = malloc(size + 1);
    *entries = malloc((trailer.count + 1) * sizeof **entries);
    *count = trailer.count;
    status =
        octets == NULL || *entries == NULL ? APR_ENOMEM : edge_files_read(segment->fd, octets, size, trailer.entries);
    if (status == APR_SUCCESS) {
        status = decode(segment, &trailer, octets, *entries);
    }
    free(octets);
    if (status != APR_SUCCESS) {
        free(*entries);
        *entries = NULL;
    }
    return status;
}
