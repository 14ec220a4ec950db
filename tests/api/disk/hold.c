/* Stands between a program and its disk: while a file `hold-NAME` is in the folder that DISK_FOLDER names, calls of that
 * kind on files of the database do not come back, and `held-NAME` says that one waits. `log-syncs` grows by a byte for
 * each sync of a write-ahead log. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int name_of(int fd, char *name, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, name, size - 1);
  if (length < 0) return 0;
  name[length] = 0;
  return strstr(name, ".db") != NULL && strstr(name, ".lock") == NULL;
}

static void path_of(char *path, size_t size, const char *prefix, const char *kind) {
  const char *folder = getenv("DISK_FOLDER");
  snprintf(path, size, "%s/%s%s", folder ? folder : "/nowhere", prefix, kind);
}

static void note(const char *prefix, const char *kind) {
  char path[PATH_MAX];
  path_of(path, sizeof path, prefix, kind);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write(fd, "x", 1) < 0) perror("hold");
  close(fd);
}

static void wait_for(int fd, const char *kind) {
  char path[PATH_MAX], name[PATH_MAX];
  path_of(path, sizeof path, "hold-", kind);
  if (access(path, F_OK) != 0 || !name_of(fd, name, sizeof name)) return;
  note("held-", kind);
  while (access(path, F_OK) == 0) usleep(2000);
}

static int sync_with(const char *function, int fd) {
  char name[PATH_MAX];
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, function);
  wait_for(fd, "sync");
  int result = next(fd);
  if (name_of(fd, name, sizeof name) && strstr(name, "-wal")) note("log-", "syncs");
  return result;
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }

typedef ssize_t (*reader)(int, void *, size_t, off_t);
typedef ssize_t (*writer)(int, const void *, size_t, off_t);

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset) {
  static reader next;
  if (!next) next = (reader)dlsym(RTLD_NEXT, "pread64");
  wait_for(fd, "read");
  return next(fd, buffer, size, offset);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset) {
  static reader next;
  if (!next) next = (reader)dlsym(RTLD_NEXT, "pread");
  wait_for(fd, "read");
  return next(fd, buffer, size, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t size, off_t offset) {
  static writer next;
  if (!next) next = (writer)dlsym(RTLD_NEXT, "pwrite64");
  wait_for(fd, "write");
  return next(fd, buffer, size, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset) {
  static writer next;
  if (!next) next = (writer)dlsym(RTLD_NEXT, "pwrite");
  wait_for(fd, "write");
  return next(fd, buffer, size, offset);
}
