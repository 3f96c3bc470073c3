/*
 * appends: the disk's own speed: 1 MiB appends, each followed by fdatasync, into a new file or over prewritten zeros.
 *
 *     appends FILE SECONDS [new|over]      prints mb_per_second=... appends=...
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1024 * 1024)
#define MOST 512 /* MiB; then from the beginning */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    static char piece[PIECE];
    unsigned long appends = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: appends FILE SECONDS [new|over]\n");
        return 2;
    }
    int over = argc > 3 && strcmp(argv[3], "over") == 0;
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    for (unsigned i = 0; over && i < MOST; i++)
        if (write(fd, piece, PIECE) != PIECE)
            return 1;
    fsync(fd);
    for (size_t i = 0; i < PIECE; i++)
        piece[i] = (char)rand();
    double start = now(), end = start + strtod(argv[2], NULL), last = start;
    while (last < end) {
        off_t at = (off_t)(appends % MOST) * PIECE;
        if (!over && at == 0 && appends > 0 && ftruncate(fd, 0) != 0)
            return 1;
        if (pwrite(fd, piece, PIECE, at) != PIECE || fdatasync(fd) != 0) {
            perror("appends");
            return 1;
        }
        appends++;
        last = now();
    }
    printf("mb_per_second=%.1f appends=%lu seconds=%.3f\n", (double)appends * PIECE / 1e6 / (last - start), appends,
           last - start);
    unlink(argv[1]);
    return 0;
}
