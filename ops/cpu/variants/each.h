#pragma once

/// Calls a macro with the name of every variant that the build compiles.
#if defined(__x86_64__)
#define REEL_EACH_VARIANT(entry) entry(baseline) entry(avx2) entry(avx512)
#else
#define REEL_EACH_VARIANT(entry) entry(baseline)
#endif
