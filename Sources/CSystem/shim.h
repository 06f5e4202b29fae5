// System calls whose C library functions need _GNU_SOURCE, which Swift's Glibc module is not built with.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

/// Bytes of the mask written, or -1 with errno set.
static inline long csystem_get_affinity(int process, unsigned long size, void *mask) { return syscall(SYS_sched_getaffinity, process, size, mask); }
static inline long csystem_set_affinity(int process, unsigned long size, const void *mask) { return syscall(SYS_sched_setaffinity, process, size, mask); }
