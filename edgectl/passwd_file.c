/* Looks at and changes the lines of a password file. */
#include "passwd_file.h"

#include "passwd_input.h"
#include "secret_file.h"

ctl_exit_t ctl_passwd_open(ctl_passwd_file_t *file, const char *path, bool change, bool make) {
    edge_locked_file_use_t use = make     ? EDGE_LOCKED_FILE_MAKE
                                 : change ? EDGE_LOCKED_FILE_CHANGE
                                          : EDGE_LOCKED_FILE_READ;
    return ctl_secret_file_open(file, path, use);
}

void ctl_passwd_close(ctl_passwd_file_t *file) { edge_locked_file_close(file); }

/* Lines */

bool ctl_passwd_next(const ctl_passwd_file_t *file, ctl_passwd_cursor_t *cursor) {
    if (cursor->at >= file->size) {
        return false;
    }
    const char *from = file->text + cursor->at;
    const char *end = memchr(from, '\n', file->size - cursor->at);
    size_t len = end != NULL ? (size_t)(end - from) : file->size - cursor->at;
    cursor->text = edge_span(from, end != NULL ? len + 1 : len);
    cursor->at += cursor->text.len;
    cursor->number++;
    cursor->why = edge_password_file_line(edge_span(from, len), &cursor->line);
    return true;
}

bool ctl_passwd_is(edge_span_t name, const char *user) {
    char *prepared = name.len > 0 ? ctl_passwd_prepare(name) : NULL;
    bool same = prepared != NULL && strcmp(prepared, user) == 0;
    edge_password_forget(prepared);
    return same;
}

/* Replacing */

typedef struct change {
    const ctl_passwd_file_t *file;
    const char *user;
    edge_span_t lines;
} change_t;

/* The new lines stand where the user's first one stood, or at the end. */
static bool write_lines(int fd, void *context) {
    const change_t *change = context;
    ctl_passwd_cursor_t cursor = {0};
    bool good = true, written = change->lines.len == 0, ended = true;
    while (good && ctl_passwd_next(change->file, &cursor)) {
        if (ctl_passwd_is(cursor.line.user, change->user)) {
            good = written || edge_locked_file_write(fd, change->lines);
            written = true;
        } else {
            good = edge_locked_file_write(fd, cursor.text);
            ended = cursor.text.at[cursor.text.len - 1] == '\n';
        }
    }
    if (good && !written) {
        good = (ended || edge_locked_file_write(fd, edge_span_of("\n"))) && edge_locked_file_write(fd, change->lines);
    }
    return good;
}

ctl_exit_t ctl_passwd_replace(ctl_passwd_file_t *file, const char *user, edge_span_t lines) {
    change_t change = {file, user, lines};
    return ctl_secret_file_said(file->path, edge_locked_file_replace(file, write_lines, &change));
}
