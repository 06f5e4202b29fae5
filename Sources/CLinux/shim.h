// System calls whose C library functions need _GNU_SOURCE, which Swift's Glibc module is not built with.
#pragma once
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Bytes of the mask written, or -1 with errno set.
static inline long clinux_get_affinity(int process, unsigned long size, void *mask) { return syscall(SYS_sched_getaffinity, process, size, mask); }
static inline long clinux_set_affinity(int process, unsigned long size, const void *mask) { return syscall(SYS_sched_setaffinity, process, size, mask); }

/// Has the calling thread run only where no other thread wants the core (SCHED_IDLE). 0, or -1 with errno set.
static inline int clinux_give_way(void) {
    struct sched_param none = {0};
    return sched_setscheduler(0, 5, &none);
}

/// O_DIRECT, which only _GNU_SOURCE names: transfers past the page cache.
static const int clinux_direct = __O_DIRECT;

/// The version of the C library in use.
static inline const char *clinux_libc_version(void) { return gnu_get_libc_version(); }

/// Brings a cache line near that will soon be written.
static inline void clinux_prefetch_for_writing(const void *address) { __builtin_prefetch(address, 1, 3); }

/// The instruction sets that a target including this header is compiled for, as /proc/cpuinfo spells them, separated by spaces.
static inline const char *clinux_compiled_instruction_sets(void) {
    return ""
#ifdef __AVX__
        "avx "
#endif
#ifdef __FMA__
        "fma "
#endif
#ifdef __AVX2__
        "avx2 "
#endif
#ifdef __F16C__
        "f16c "
#endif
#ifdef __AVX512F__
        "avx512f "
#endif
#ifdef __AVX512BW__
        "avx512bw "
#endif
#ifdef __AVX512DQ__
        "avx512dq "
#endif
#ifdef __AVX512VL__
        "avx512vl "
#endif
#ifdef __AVX512VNNI__
        "avx512_vnni "
#endif
#ifdef __AVX512BF16__
        "avx512_bf16 "
#endif
        ;
}
