#pragma once

/// Calls a macro with the name of every variant that the build compiles.
#if defined(REEL_HAS_AVX_VARIANTS)
#define REEL_EACH_VARIANT(entry) entry(baseline) entry(avx2) entry(avx512)
#else
#define REEL_EACH_VARIANT(entry) entry(baseline)
#endif
