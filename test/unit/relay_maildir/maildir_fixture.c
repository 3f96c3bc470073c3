#include "maildir_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char maildir_root[64];
static char text[65536];

int maildir_setup(void **state) {
    (void)state;
    strcpy(maildir_root, "/tmp/edge-maildir-XXXXXX");
    return mkdtemp(maildir_root) == NULL;
}

int maildir_teardown(void **state) {
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", maildir_root);
    return system(command);
}

const char *maildir_at(const char *name) {
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", maildir_root, name);
    return path;
}

const char *maildir_list(const char *directory) {
    struct dirent **entries;
    int count = scandir(maildir_at(directory), &entries, NULL, alphasort);
    text[0] = '\0';
    if (count < 0) {
        return "-";
    }
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            strcat(strcat(text, entries[i]->d_name), "\n");
        }
        free(entries[i]);
    }
    free(entries);
    return text;
}

const char *maildir_read(const char *directory) {
    char path[1024];
    const char *names = maildir_list(directory);
    snprintf(path, sizeof path, "%s/%.*s", maildir_at(directory), (int)strcspn(names, "\n"), names);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}
