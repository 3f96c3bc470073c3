/* Who we are to a next hop that asks for AUTH: a name, and a password from a file. */
#include <apr_strings.h>
#include <errno.h>
#include <unistd.h>

#include "edge_reopen.h"
#include "relay_smtp.h"

#define PASSWORD_MOST 1024

static bool refuse(edge_conf_check_t *check, const edge_section_t *handoff, const char *why) {
    edge_conf_error_in(check, handoff, "AuthPasswordFile", "EDG10959", "the password cannot be read: %s", why);
    return false;
}

/* The only line of the file. */
static bool take_line(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff, edge_span_t line,
                      apr_pool_t *pool) {
    if (line.len > 0 && line.at[line.len - 1] == '\n') {
        line.len--;
        line.len -= line.len > 0 && line.at[line.len - 1] == '\r'; /* of an editor elsewhere */
    }
    if (line.len == 0 || line.len > PASSWORD_MOST || memchr(line.at, '\n', line.len) || memchr(line.at, '\0', line.len))
        return refuse(check, handoff, "the file has to hold one line of 1 to 1024 octets, which is the password");
    smtp->password = edge_span_copy(pool, line);
    return true;
}

static bool read_password(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff,
                          apr_pool_t *pool) {
    const char *path = smtp->conf->password_file.at;
    char text[PASSWORD_MOST + 3]; /* one octet more than a whole line may have */
    int fd;
    apr_status_t status = edge_reopen(path, &fd);
    if (status != APR_SUCCESS)
        return refuse(check, handoff, apr_strerror(status, text, sizeof(text)));
    ssize_t got = read(fd, text, sizeof(text));
    int error = errno;
    close(fd);
    if (got < 0)
        return refuse(check, handoff, apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
    edge_reopen_allow(path);
    return take_line(smtp, check, handoff, edge_span(text, (size_t)got), pool);
}

bool relay_password_prepare(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff,
                            apr_pool_t *pool) {
    const relay_conf_t *conf = smtp->conf;
    if (conf->user.len == 0 && conf->password_file.len == 0)
        return true;
    if (conf->user.len == 0 || conf->password_file.len == 0 || conf->address_count == 0) {
        edge_conf_error_in(check, handoff, conf->user.len > 0 ? "AuthUser" : "AuthPasswordFile", "EDG10958",
                           "AUTH towards a next hop needs all three of Address, AuthUser and AuthPasswordFile");
        return false;
    }
    return read_password(smtp, check, handoff, pool);
}
