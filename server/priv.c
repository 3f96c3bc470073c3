/* Becomes another user, raises limits, prepares directories for that user. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool text_of(edge_span_t span, char *out, size_t size) {
    if (span.len >= size)
        return false;
    if (span.len)
        memcpy(out, span.at, span.len);
    out[span.len] = '\0';
    return true;
}

apr_status_t edge_priv_find(edge_span_t user, edge_span_t group, edge_identity_t *identity) {
    char group_name[sizeof(identity->name)];
    memset(identity, 0, sizeof(*identity));
    if (user.len == 0)
        return APR_SUCCESS;
    if (!text_of(user, identity->name, sizeof(identity->name)) || !text_of(group, group_name, sizeof(group_name)))
        return APR_NOTFOUND;
    const struct passwd *account = getpwnam(identity->name);
    if (!account)
        return APR_NOTFOUND;
    identity->uid = account->pw_uid;
    identity->gid = account->pw_gid;
    if (group.len) {
        const struct group *entry = getgrnam(group_name);
        if (!entry)
            return APR_NOTFOUND;
        identity->gid = entry->gr_gid;
    }
    identity->change = geteuid() == 0 && identity->uid != 0;
    return APR_SUCCESS;
}

apr_status_t edge_priv_drop(const edge_identity_t *identity) {
    if (!identity->change)
        return APR_SUCCESS;
    if (initgroups(identity->name, identity->gid) < 0 || setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0)
        return errno;
    if (setuid(0) == 0)
        return APR_EGENERAL;
    /* A change of user switches dumps off; a crash must still be explicable. */
    prctl(PR_SET_DUMPABLE, 1);
    return APR_SUCCESS;
}

apr_status_t edge_priv_descriptors(uint64_t wanted, uint64_t *got) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return errno;
    *got = limit.rlim_cur;
    if (limit.rlim_cur >= wanted)
        return APR_SUCCESS;
    struct rlimit raised = {wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
        raised.rlim_cur = raised.rlim_max = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
            return errno;
    }
    *got = raised.rlim_cur;
    return APR_SUCCESS;
}

static apr_status_t make_one(const char *path) {
    struct stat facts;
    if (stat(path, &facts) == 0)
        return S_ISDIR(facts.st_mode) ? APR_SUCCESS : ENOTDIR;
    return mkdir(path, 0750) < 0 && errno != EEXIST ? errno : APR_SUCCESS;
}

/* Only a directory that was made here is given away: an operator's own choice of owner stays. */
apr_status_t edge_priv_directory(const char *path, const edge_identity_t *identity) {
    char part[4096];
    struct stat facts;
    size_t len = strlen(path);
    if (len >= sizeof(part))
        return ENAMETOOLONG;
    if (stat(path, &facts) == 0)
        return S_ISDIR(facts.st_mode) ? APR_SUCCESS : ENOTDIR;
    memcpy(part, path, len + 1);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = stat(part, &facts) == 0;
        apr_status_t status = make_one(part);
        if (status == APR_SUCCESS && !there && identity->change && chown(part, identity->uid, identity->gid) < 0)
            status = errno;
        if (status != APR_SUCCESS)
            return status;
        *slash = '/';
    }
    apr_status_t status = make_one(path);
    if (status == APR_SUCCESS && identity->change && chown(path, identity->uid, identity->gid) < 0)
        status = errno;
    return status;
}

apr_status_t edge_priv_directory_of(const char *path, const edge_identity_t *identity) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return APR_SUCCESS;
    if ((size_t)(slash - path) >= sizeof(directory))
        return ENAMETOOLONG;
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    return edge_priv_directory(directory, identity);
}

/* The directory may belong to the identity already: a link that leads elsewhere must not give away what it leads to. */
apr_status_t edge_priv_file(const char *path, const edge_identity_t *identity) {
    struct stat facts;
    apr_status_t status = APR_SUCCESS;
    if (!identity->change)
        return APR_SUCCESS;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fstat(fd, &facts) < 0)
        status = errno;
    else if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1)
        status = EPERM;
    else if (fchown(fd, identity->uid, identity->gid) < 0)
        status = errno;
    close(fd);
    return status;
}
