/* Stands in for the fuzzer: gives a driver each file named on the command line once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A driver may have it. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    uint8_t *data = NULL;
    size_t size = 0, count;
    do {
        /* Exactly as long as what was read, so that a read behind the end is seen. */
        data = realloc(data, size + 4096);
        if (!data)
            abort();
        count = fread(data + size, 1, 4096, file);
        size += count;
    } while (count > 0);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    for (size_t at = 0; at < size; at++)
        exact[at] = data[at];
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv) {
    int failed = 0;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int at = 1; at < argc; at++)
        failed |= replay(argv[at]);
    return failed;
}
