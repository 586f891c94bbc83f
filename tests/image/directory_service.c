/* A directory service that takes a second for each question, knows nobody, and notes who
   asks: what LDAP is to a build, less the waiting. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum nss_status answer(const char *question, int *error)
{
    char who[32] = "?\n", line[256];
    int comm = open("/proc/self/comm", O_RDONLY);
    if (comm >= 0) {
        ssize_t length = read(comm, who, sizeof who - 1);
        who[length > 0 ? length - 1 : 0] = 0;
        close(comm);
    }
    int log = open("/var/log/asked", O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (log >= 0) {
        int length = snprintf(line, sizeof line, "%s %s\n", who, question);
        if (write(log, line, length) < 0)
            return NSS_STATUS_UNAVAIL;
        close(log);
    }
    nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    *error = ENOENT;
    return NSS_STATUS_NOTFOUND;
}

#define IGNORE (void)result, (void)buffer, (void)length

enum nss_status _nss_slow_getpwnam_r(const char *name, struct passwd *result, char *buffer, size_t length, int *error)
{
    (void)name, IGNORE;
    return answer("getpwnam", error);
}

enum nss_status _nss_slow_getpwuid_r(uid_t id, struct passwd *result, char *buffer, size_t length, int *error)
{
    (void)id, IGNORE;
    return answer("getpwuid", error);
}

enum nss_status _nss_slow_getpwent_r(struct passwd *result, char *buffer, size_t length, int *error)
{
    IGNORE;
    return answer("getpwent", error);
}

enum nss_status _nss_slow_getgrnam_r(const char *name, struct group *result, char *buffer, size_t length, int *error)
{
    (void)name, IGNORE;
    return answer("getgrnam", error);
}

enum nss_status _nss_slow_getgrgid_r(gid_t id, struct group *result, char *buffer, size_t length, int *error)
{
    (void)id, IGNORE;
    return answer("getgrgid", error);
}

enum nss_status _nss_slow_getgrent_r(struct group *result, char *buffer, size_t length, int *error)
{
    IGNORE;
    return answer("getgrent", error);
}

enum nss_status _nss_slow_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups, long limit, int *error)
{
    (void)name, (void)group, (void)start, (void)size, (void)groups, (void)limit;
    return answer("initgroups", error);
}
