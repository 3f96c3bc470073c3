/*
 * The files that the parent itself writes: ErrorLog and PidFile.
 *
 * Concept:  they follow the configuration in force. A reload that was accepted moves
 *           them: the new one is there before the old one is let go.
 * Owner:    supervise.c.
 * Threads:  the parent's only one.
 * Lifetime: of the parent.
 * Errors:   logged here; the parent goes on, except when it starts and cannot open its log.
 */
#ifndef EDGE_PARENT_FILES_H
#define EDGE_PARENT_FILES_H

#include "parent_conf.h"

/* In the foreground the log is standard error, whatever ErrorLog says. */
typedef struct edge_parent_files {
    const edge_parent_conf_t *conf;
    bool foreground;
} edge_parent_files_t;

/* At the start: makes the directories, opens the log, gives it to User. */
apr_status_t edge_parent_files_open(const edge_parent_files_t *files);
/* When the first child serves: whoever started the server has read all. */
void edge_parent_files_settle(const edge_parent_files_t *files);
/* To the files of another configuration. */
void edge_parent_files_move(edge_parent_files_t *files, const edge_parent_conf_t *conf);
/* After rotation. */
void edge_parent_files_reopen(const edge_parent_files_t *files);
/* At the end. */
void edge_parent_files_remove(const edge_parent_files_t *files);

#endif
