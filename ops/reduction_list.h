#pragma once

// Every reduction: the function users call and the struct that defines it. The list makes the functions, the
// table of operations and the loops of the CPU runner.
// clang-format off
#define REEL_REDUCTIONS(entry) entry(sum, Sum) entry(prod, Prod) entry(max, Max) entry(min, Min)
// clang-format on
