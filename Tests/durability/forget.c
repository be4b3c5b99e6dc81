/* A disk that forgets: preloaded into a process, it keeps a shadow of what would survive a loss of power.
 *
 * A file's content reaches the shadow only with fsync or fdatasync of the file, its name only with fsync of its folder.
 * FORGET_DATA    the folder whose files are watched (absolute, no trailing slash)
 * FORGET_SHADOW  where content/NAME and names/NAME are kept
 * FORGET_ROOM    a file: while it exists, writes beyond the number of bytes it holds (text) fail with ENOSPC
 * FORGET_STUCK   a file: while it exists, a sync does not end, like that of a disk that hangs
 *
 * Built by the tests: cc -shared -fPIC -O1 -o forget.so forget.c -ldl
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *data_folder, *shadow_folder, *room_file, *stuck_file;
static int (*real_fsync)(int), (*real_fdatasync)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_posix_fallocate)(int, off_t, off_t);
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long long written;

__attribute__((constructor)) static void begin(void) {
    data_folder = getenv("FORGET_DATA");
    shadow_folder = getenv("FORGET_SHADOW");
    room_file = getenv("FORGET_ROOM");
    stuck_file = getenv("FORGET_STUCK");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fallocate = dlsym(RTLD_NEXT, "fallocate64");
    real_posix_fallocate = dlsym(RTLD_NEXT, "posix_fallocate64");
}

/* The path behind a descriptor when it lies in the watched folder (or is it), else 0. */
static int watched(int fd, char path[PATH_MAX]) {
    if (!data_folder) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    size_t folder = strlen(data_folder);
    return strncmp(path, data_folder, folder) == 0 && (path[folder] == 0 || path[folder] == '/');
}

static void touch(const char *kind, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", shadow_folder, kind, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
}

/* The whole file, under a temporary name first: a kill during the copy leaves the state of the sync before. */
static void remember_content(const char *path) {
    const char *name = strrchr(path, '/') + 1;
    char temporary[PATH_MAX], final[PATH_MAX];
    snprintf(temporary, sizeof temporary, "%s/%s.copy", shadow_folder, name);
    snprintf(final, sizeof final, "%s/content/%s", shadow_folder, name);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) abort();
    static char buffer[1 << 16];
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) > 0)
        if (real_write(to, buffer, count) != count) abort();
    close(from);
    close(to);
    if (rename(temporary, final) != 0) abort();
}

/* The names as they are now: new ones last, and so does the removal of others. */
static void remember_names(const char *folder) {
    char path[PATH_MAX];
    struct dirent *entry;
    snprintf(path, sizeof path, "%s/names", shadow_folder);
    DIR *entries = opendir(path);
    while (entries && (entry = readdir(entries))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (access(path, F_OK) == 0) continue;
        snprintf(path, sizeof path, "%s/names/%s", shadow_folder, entry->d_name);
        unlink(path);
    }
    if (entries) closedir(entries);
    entries = opendir(folder);
    while (entries && (entry = readdir(entries)))
        if (entry->d_name[0] != '.') touch("names", entry->d_name);
    if (entries) closedir(entries);
}

static int synced(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    while (stuck_file && access(stuck_file, F_OK) == 0 && watched(fd, path)) usleep(20000);
    int result = real(fd);
    if (result == 0 && shadow_folder && watched(fd, path)) {
        pthread_mutex_lock(&mutex);
        struct stat status;
        if (fstat(fd, &status) == 0) {
            if (S_ISDIR(status.st_mode)) remember_names(path);
            else remember_content(path);
        }
        pthread_mutex_unlock(&mutex);
    }
    return result;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

/* 1 when `bytes` more do not fit. */
static int is_full(int fd, size_t bytes) {
    char path[PATH_MAX], text[32] = {0};
    if (!room_file || !watched(fd, path)) return 0;
    int room = open(room_file, O_RDONLY | O_CLOEXEC);
    if (room < 0) return 0;
    ssize_t length = read(room, text, sizeof text - 1);
    close(room);
    if (length <= 0) return 0;
    pthread_mutex_lock(&mutex);
    int full = written + (long long)bytes > atoll(text);
    if (!full) written += bytes;
    pthread_mutex_unlock(&mutex);
    if (full) errno = ENOSPC;
    return full;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
    return is_full(fd, count) ? -1 : real_pwrite(fd, bytes, count, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }
ssize_t write(int fd, const void *bytes, size_t count) {
    return is_full(fd, count) ? -1 : real_write(fd, bytes, count);
}
int fallocate64(int fd, int mode, off_t offset, off_t length) {
    return is_full(fd, 0) ? -1 : real_fallocate(fd, mode, offset, length);
}
int posix_fallocate64(int fd, off_t offset, off_t length) {
    return is_full(fd, 0) ? ENOSPC : real_posix_fallocate(fd, offset, length);
}
