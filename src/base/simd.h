#pragma once

// In front of a function of plain loops over lanes: compiles it twice, for any x86-64 processor and for those with
// AVX2, and the program chooses when it starts. Without fused multiply-add both give the same bits. A sanitizer's
// runtime starts only after that choice, so with one there is a single version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define GENBID_SIMD_CLONES [[gnu::target_clones("avx2", "default")]]
#else
#define GENBID_SIMD_CLONES
#endif
