/* fsync and fdatasync as on a disk that takes FLUSH_MS milliseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int flush(const char *name, int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    double ms = atof(getenv("FLUSH_MS"));
    struct timespec pause = {ms / 1000, (long)(ms * 1e6) % 1000000000};
    nanosleep(&pause, 0);
    return real(file);
}

int fsync(int file) { return flush("fsync", file); }
int fdatasync(int file) { return flush("fdatasync", file); }
