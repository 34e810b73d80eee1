#include <reel/batches.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace reel {

namespace {

/// Of an epoch: the same on every platform, which std::shuffle is not.
template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

Random random_of(Seed seed, std::int64_t epoch) {
  std::seed_seq words{static_cast<std::uint32_t>(seed.value), static_cast<std::uint32_t>(seed.value >> 32),
                      static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(epoch >> 32)};
  return Random(words);
}

std::vector<std::size_t> numbers(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

BatchList cut(const char* function, const std::vector<std::size_t>& order, std::size_t size) {
  if (size < 1) throw Error("[" + std::string(function) + "] a batch is of 1 example or more");
  BatchList batches;
  for (std::size_t first = 0; first < order.size(); first += size)
    batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(first),
                         order.begin() + static_cast<std::ptrdiff_t>(std::min(first + size, order.size())));
  return batches;
}

}  // namespace

BatchList shuffled_batches(std::size_t count, std::size_t size, Seed seed, std::int64_t epoch) {
  auto order = numbers(count);
  auto random = random_of(seed, epoch);
  shuffle(order, random);
  return cut("shuffled_batches", order, size);
}

BatchList batches_in_order(std::size_t count, std::size_t size) {
  return cut("batches_in_order", numbers(count), size);
}

BatchList batches_by_length(const std::vector<std::int64_t>& lengths, std::size_t size, Seed seed,
                            std::int64_t epoch) {
  auto order = numbers(lengths.size());
  auto random = random_of(seed, epoch);
  // With a little noise, so that in each epoch others are together.
  std::vector<double> keys;
  for (const auto length : lengths) {
    if (length < 0) throw Error("[batches_by_length] a length is " + std::to_string(length));
    keys.push_back((static_cast<double>(length) + 1) *
                   (1 + 0.05 * static_cast<double>(random() >> 11) * 0x1p-53));
  }
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
  auto batches = cut("batches_by_length", order, size);
  shuffle(batches, random);
  return batches;
}

Array rows(const Array& data, const std::vector<std::size_t>& which, int axis) {
  const auto& shape = data.shape();
  if (axis < 0 || axis >= shape.rank())
    throw Error("[rows] " + to_string(data.type()) + " has no axis " + std::to_string(axis));
  std::size_t outer = 1, inner = size_of(data.element());
  for (int i = 0; i < shape.rank(); ++i)
    if (i != axis) (i < axis ? outer : inner) *= static_cast<std::size_t>(shape[i]);
  const auto count = static_cast<std::size_t>(shape[axis]);
  Array taken(shape.without_axis(axis).with_axis(axis, static_cast<std::int64_t>(which.size())),
              data.element());
  const auto* from = static_cast<const std::byte*>(data.raw());
  auto* to = static_cast<std::byte*>(taken.raw());
  for (std::size_t o = 0; o < outer; ++o)
    for (const auto row : which) {
      if (row >= count)
        throw Error("[rows] there is no " + std::to_string(row) + " along axis " + std::to_string(axis) +
                    " of " + to_string(data.type()));
      std::memcpy(to, from + (o * count + row) * inner, inner);
      to += inner;
    }
  return taken;
}

Padded pad_with(double value, const std::vector<Array>& sequences, const std::vector<std::size_t>& which) {
  std::vector<const Array*> chosen;
  for (const auto i : which) {
    if (i >= sequences.size())
      throw Error("[pad] there are " + std::to_string(sequences.size()) + " sequences and no " +
                  std::to_string(i));
    chosen.push_back(&sequences[i]);
  }
  if (chosen.empty()) throw Error("[pad] there is no sequence");
  std::int64_t longest = 0;
  for (const auto* sequence : chosen) {
    const auto& first = *chosen[0];
    if (sequence->shape().rank() == 0 || sequence->element() != first.element() ||
        sequence->shape().without_axis(0) != first.shape().without_axis(0))
      throw Error("[pad] sequences are [steps, ...] of one type, not " + to_string(first.type()) + " and " +
                  to_string(sequence->type()));
    longest = std::max(longest, sequence->shape()[0]);
  }
  if (!is_floating(chosen[0]->element()) && value != std::floor(value))
    throw Error("[pad] " + std::string(name_of(chosen[0]->element())) + " cannot be padded with " +
                std::to_string(value));
  const auto batch = static_cast<std::int64_t>(chosen.size());
  const auto step = chosen[0]->shape().without_axis(0);
  Padded padded{Array({chosen[0]->element(), step.with_axis(0, batch).with_axis(0, longest)}, value),
                Array({ElementType::int64, {batch}})};
  const auto bytes = static_cast<std::size_t>(step.size()) * size_of(chosen[0]->element());
  auto* to = static_cast<std::byte*>(padded.x.raw());
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto& sequence = *chosen[static_cast<std::size_t>(b)];
    padded.lengths.data<std::int64_t>()[b] = sequence.shape()[0];
    for (std::int64_t t = 0; t < sequence.shape()[0]; ++t)
      std::memcpy(to + static_cast<std::size_t>(t * batch + b) * bytes,
                  static_cast<const std::byte*>(sequence.raw()) + static_cast<std::size_t>(t) * bytes, bytes);
  }
  return padded;
}

Padded pad(const std::vector<Array>& sequences, const std::vector<std::size_t>& which) {
  return pad_with(0, sequences, which);
}

Padded pad(const std::vector<Array>& sequences) { return pad(sequences, numbers(sequences.size())); }

}  // namespace reel
