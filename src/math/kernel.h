/*
 * kernel.h: marks the few hot loops that are compiled twice, for plain x86-64 and for AVX2; the machine picks one when
 * the library is loaded. Both give the same bits: nothing is reassociated and no multiply-add is fused.
 * SEGMENT_NO_CLONES leaves it out (sanitizers can't run the selection code).
 */
#ifndef SEGMENT_MATH_KERNEL_H
#define SEGMENT_MATH_KERNEL_H

#if defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && !defined(__clang__) && !defined(SEGMENT_NO_CLONES)
#define SEGMENT_KERNEL __attribute__((optimize("O3"), target_clones("avx2", "default")))
#else
#define SEGMENT_KERNEL
#endif

#endif
