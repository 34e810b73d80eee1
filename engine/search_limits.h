#pragma once
#include <cstddef>
#include <cstdint>

/// Where Reel stops looking for something better, and why. What a program met of these, explain() says in its
/// last lines, but for most_comparisons and longest_recipe, which cost a little time or memory alone. (What
/// cannot be at all is refused: Shape::max_rank, Tape::most_nodes, most_bytes.)
namespace reel::limits {

/// How often each edge of a step's graph may be looked at, where there are many, to choose what derivatives
/// read of it, or what loops read. Those of cells take two to fifteen; there are graphs that take as many as
/// they have nodes. Beyond it all that is read is kept.
constexpr std::size_t most_looks_at_an_edge = 20, many_edges = 1000;

/// How often the unrolls of a tape are looked at for such a choice: each time a derivative is freed of what
/// it reads of one unroll. It mostly reads of one or two.
constexpr int most_cuts_in_turn = 4;

/// How often sums behind loops are taken into them: each time maps that were kept outside for a sum may
/// follow it, and another sum these. Once or twice are common.
constexpr int most_raises_in_turn = 8;

/// Scans of small states in one unroll. More than that are better off in one loop, which is one pass a step
/// however many they are.
constexpr std::size_t most_small_scans = 8;
constexpr std::size_t least_bytes_of_many_scans = 4096;

/// How often a rule rewrites the products of a tape, everywhere at once: each time it makes something that it
/// applies to again, as a scaling that moves on to the product before. Two or three times are common.
constexpr int most_rewrites_in_turn = 32;

/// Values in one buffer, reads of it by the steps of a loop, or parts that are joined in it, of which each is
/// looked at to find memory to write over: a value is compared with all others there. Gates are four.
constexpr std::size_t most_in_a_buffer = 256;

/// Operands of a map that is fused with others: the processor's loops over a tile hold their addresses in an
/// array of this size. Reel's own maps have at most three.
constexpr int most_map_operands = 3;

/// Elements of a row that is reduced within a fusion on the processor: a tile holds a whole row of every
/// value, and longer ones no longer fit the second cache together. Longer rows have a kernel of their own.
constexpr std::int64_t widest_row = 8192;

/// Instructions in a loop of which it is tried whether threads can go through its steps without waiting: each
/// is compared with those before it, twice.
constexpr std::size_t longest_divided_loop = 1000;

/// How often, for each operand of two instructions, one of them is compared with one of the other, where they
/// have many: those that stand side by side in one array, row by row, are all compared with one another.
/// Beyond it threads wait.
constexpr std::size_t most_comparisons = 64;

/// Bytes in which what a program keeps of its weights is told, to be found among what others keep. Weights
/// joined from more than a thousand parts take more, and every program keeps its own.
constexpr std::size_t longest_recipe = std::size_t{1} << 18;

/// Instructions that may still be worked on, with which the next one is compared. Beyond them threads wait.
constexpr std::size_t most_pending = 256;

}  // namespace reel::limits
