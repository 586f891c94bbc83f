/*
 * Preloaded into every process of a build, ld.so(8): it numbers the children of
 * loci-install itself, and one of them comes to grief.
 *
 *   FAULT_LOG     a line for each child: its number, milliseconds, its words
 *   FAULT_CHILD   the number of the child
 *   FAULT_KIND    what becomes of it: see `strike` and its callers
 *   FAULT_AFTER   milliseconds, for what happens while it runs
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *kind = "";
static int number;
static pid_t process;
static struct timespec start;

static int is(const char *name) { return strcmp(kind, name) == 0; }

/* Where it shall be found that the fault has happened. */
static void tell(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s.happened", getenv("FAULT_LOG"));
    close(open(path, O_WRONLY | O_CREAT, 0644));
}

static void strike(int signal) {
    (void)signal;
    tell();
    if (is("stopped")) {
        kill(getppid(), SIGTERM);
        return;
    }
    if (is("power"))
        kill(getppid(), SIGKILL);
    kill(is("power") ? 0 : getpid(), SIGKILL);
}

static void later(void) {
    const char *after = getenv("FAULT_AFTER");
    long milliseconds = after ? atol(after) : 0;
    struct sigaction action = {.sa_handler = strike, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX - 1};
    struct itimerspec when = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000000 + 1}};
    timer_t timer;
    sigaction(SIGRTMAX - 1, &action, NULL);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &when, NULL);
}

static int is_child(void) {
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", getppid());
    int file = open(path, O_RDONLY);
    if (file < 0)
        return 0;
    ssize_t length = read(file, name, sizeof name - 1);
    close(file);
    return length > 0 && strncmp(name, "loci-install", 12) == 0;
}

static void note(const char *what, long milliseconds) {
    char words[512] = "", line[640];
    int file = open("/proc/self/cmdline", O_RDONLY);
    ssize_t length = read(file, words, sizeof words - 1);
    close(file);
    for (ssize_t at = 0; at + 1 < length; at++)
        if (words[at] == 0 || words[at] == '\n')
            words[at] = ' ';
    snprintf(line, sizeof line, "%s %d %ld %s\n", what, number, milliseconds, words);
    int log = open(getenv("FAULT_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (write(log, line, strlen(line)) < 0)
        abort();
    close(log);
}

/* How many children the log has begun. */
static int begun(int log) {
    char text[1 << 16];
    int count = 0;
    ssize_t length = read(log, text, sizeof text);
    for (ssize_t at = 0; at < length; at++)
        if ((at == 0 || text[at - 1] == '\n') && text[at] == 'b')
            count++;
    return count;
}

/* Its number, also of what it has become by execve(2). */
static int numbered(const char *log) {
    char own[32];
    int before = 0, same = 0;
    const char *seen = getenv("FAULT_SEEN");
    if (seen && sscanf(seen, "%d %d", &before, &same) == 2 && before == getpid())
        return same;
    if (!is_child())
        return 0;
    int file = open(log, O_RDONLY | O_CREAT, 0644);
    flock(file, LOCK_EX);
    number = begun(file) + 1;
    note("begun", 0);
    close(file);
    snprintf(own, sizeof own, "%d %d", getpid(), number);
    setenv("FAULT_SEEN", own, 1);
    return number;
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("FAULT_LOG"), *child = getenv("FAULT_CHILD");
    if (!log)
        return;
    number = numbered(log);
    process = getpid();
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!number || !child || atoi(child) != number)
        return;
    kind = getenv("FAULT_KIND");
    if (is("refuses")) {
        tell();
        syscall(SYS_exit_group, 1);
    }
    if (is("killed"))
        strike(0);
    if (is("cut") || is("stopped") || is("power"))
        later();
}

static void end(void) {
    struct timespec now;
    /* Processes that it forks inherit all this. */
    if (!number || getpid() != process)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    note("ended", (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000);
    number = 0;
    if (!is("fails"))
        return;
    tell();
    fflush(NULL);
    syscall(SYS_exit_group, 1);
}

__attribute__((destructor)) static void finish(void) { end(); }

/* Shells end by it, past all destructors. */
void _exit(int status) {
    end();
    syscall(SYS_exit_group, status);
    __builtin_unreachable();
}
