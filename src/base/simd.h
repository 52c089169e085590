#pragma once

// A function of plain loops over lanes, compiled twice: for any x86-64 processor and for those with AVX2, chosen when
// the program starts. Without fused multiply-add both give the same bits. Sanitizers start too late for the choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define GENBID_SIMD_CLONES [[gnu::target_clones("avx2", "default")]]
#else
#define GENBID_SIMD_CLONES
#endif
