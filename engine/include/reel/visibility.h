#pragma once
/// @file
/// What a shared library shows.

/// What a program can reach of Reel as a shared library: all that its headers declare in a
/// `namespace REEL_PUBLIC reel`. Everything else is compiled with hidden symbols.
#if defined(__GNUC__)
#define REEL_PUBLIC [[gnu::visibility("default")]]
#else
#define REEL_PUBLIC
#endif
