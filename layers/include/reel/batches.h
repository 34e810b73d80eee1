#pragma once
/// @file
/// @ingroup data
/// Batches of examples.
#include <reel/array.h>
#include <reel/model.h>

namespace REEL_PUBLIC reel {

/// Numbers of examples that are looked at together, one list for each batch.
using BatchList = std::vector<std::vector<std::size_t>>;

/// All of `count` examples in batches of `size`, the last one perhaps smaller, in an order that `seed` and
/// the epoch alone decide: a training that goes on later finds the same. Throws Error unless size is 1 or
/// more.
///
///     for (const auto& batch : shuffled_batches(data.size(), 100, Seed{1}, epoch))
///       step(rows(x, batch), rows(y, batch));
BatchList shuffled_batches(std::size_t count, std::size_t size, Seed seed, std::int64_t epoch);
/// In the order in which they are: for validation and prediction.
BatchList batches_in_order(std::size_t count, std::size_t size);
/// Batches of sequences that are about equally long, to some 5 %, so that little of them is padding. Which
/// ones meet in a batch differs from epoch to epoch, and so does the order of the batches; where one is
/// smaller, it is that of the longest. Throws Error for a negative length, and unless size is 1 or more.
BatchList batches_by_length(const std::vector<std::int64_t>& lengths, std::size_t size, Seed seed,
                            std::int64_t epoch);

/// Positions `which` of `data` along an axis: the examples of a batch. Throws Error for one that is not
/// there.
Array rows(const Array& data, const std::vector<std::size_t>& which, int axis = 0);

/// Sequences of different lengths side by side, as Lengths takes them.
struct Padded {
  Array x;        ///< [longest, sequences, ...]
  Array lengths;  ///< int64 [sequences]
};
/// Sequences [steps, ...] of one element type and one shape of a step, all or those of a batch, with zeros
/// behind their ends. Throws Error where they differ, where there is none, and for a number in `which` that
/// is none of theirs.
/// @{
Padded pad(const std::vector<Array>& sequences);
Padded pad(const std::vector<Array>& sequences, const std::vector<std::size_t>& which);
/// @}
/// The same with `value` behind their ends.
Padded pad_with(double value, const std::vector<Array>& sequences, const std::vector<std::size_t>& which);

}  // namespace reel
