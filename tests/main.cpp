#if REEL_CATCH2 != 3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
