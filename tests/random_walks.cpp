#include "random_walks.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "catch.h"
#include "values.h"
#include "walk.h"

namespace reel::test {

namespace {

constexpr std::int64_t steps = 6, batch = 3;

/// What is asked of an unroll.
struct WalkOptions {
  bool reverse, expanded, recompute, has_lengths, has_restarts, are_restarts_shared;
  std::int64_t truncate, checkpoint;  // 0: not
  std::vector<std::int64_t> ends;
  std::vector<std::vector<bool>> restarts;  // [steps][batch]
  double padding;

  explicit WalkOptions(std::mt19937_64& random) {
    const auto chance = [&](int one_in) { return random() % static_cast<unsigned>(one_in) == 0; };
    reverse = chance(2);
    expanded = chance(5);
    recompute = chance(4);
    has_lengths = !chance(4);
    has_restarts = chance(2);
    are_restarts_shared = chance(3);
    truncate = chance(2) ? 1 + static_cast<std::int64_t>(random() % 3) : 0;
    checkpoint = chance(3) ? static_cast<std::int64_t>(random() % 5) : 0;
    if (checkpoint == 0 && chance(5)) checkpoint = CheckpointOption::by_itself;
    for (std::int64_t b = 0; b < batch; ++b)
      ends.push_back(has_lengths ? static_cast<std::int64_t>(random() % (steps + 1)) : steps);
    for (std::int64_t t = 0; t < steps; ++t) {
      restarts.emplace_back();
      for (std::int64_t b = 0; b < batch; ++b)
        restarts.back().push_back(are_restarts_shared && b > 0 ? bool(restarts.back()[0])
                                                               : has_restarts && chance(4));
    }
    const double paddings[] = {NAN, INFINITY, -INFINITY, 0, -1, 1};
    padding = paddings[random() % 6];
  }

  std::int64_t longest() const { return *std::max_element(ends.begin(), ends.end()); }

  std::string text() const {
    std::string said = reverse ? "reverse" : "forward";
    if (has_lengths) {
      said += ", lengths";
      for (auto end : ends) said += " " + std::to_string(end);
    }
    if (has_restarts) said += are_restarts_shared ? ", restarts of all" : ", restarts";
    if (truncate > 0) said += ", truncated to " + std::to_string(truncate);
    if (checkpoint != 0) said += ", checkpointed by " + std::to_string(checkpoint);
    return said + (expanded ? ", expanded" : "") + (recompute ? ", recomputed" : "") + ", padded with " +
           std::to_string(padding);
  }
};

/// x, weight, h before the first step, lengths, flags.
std::vector<Array> inputs_of(const WalkOptions& options, std::mt19937_64& random) {
  auto x = random_array({ElementType::float64, {steps, batch, 2}}, random, 0.5, 2);
  Array flags(Shape{steps, batch}, ElementType::boolean);
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t b = 0; b < batch; ++b) {
      flags.data<bool>()[t * batch + b] = options.restarts[t][b];
      if (t >= options.ends[b])
        for (int i = 0; i < 2; ++i) x.data<double>()[(t * batch + b) * 2 + i] = options.padding;
    }
  return {x, random_array({ElementType::float64, {4, 2}}, random),
          random_array({ElementType::float64, {batch, 2}}, random), Array(options.ends), flags};
}

Walk::State start_of(const Walk& walk, const Tensor& h, std::int64_t sequences) {
  auto start = walk.start(sequences);
  start.h = h;
  return start;
}

/// Outputs and last state, gradients by input, weight and first h, and those of the squares of the latter
/// two.
Tensors results_of(const Walk::Output& out, const Walk::State& last, const Tensors& in) {
  const auto d = gradients(total(out.y, last.h), {in[0], in[1], in[2]});
  const auto second = gradients(sum(square(d[1])) + sum(square(d[2])), {in[0], in[1], in[2]});
  return {out.y, out.seen, last.h, last.seen, last.count, last.all,
          d[0],  d[1],     d[2],   second[0], second[1],  second[2]};
}

Tensors unrolled(const WalkOptions& asked, const Tensors& in) {
  const Walk walk{in[1]};
  const auto with = [&](UnrollOptions& options) {
    options.reverse = asked.reverse;
    options.expanded = asked.expanded;
    options.recompute = asked.recompute;
    options.checkpoint = asked.checkpoint;
    if (asked.has_restarts) RestartWhere{asked.are_restarts_shared ? index(in[4], 1, 0) : in[4]}(options);
    if (asked.truncate > 0) Truncate{asked.truncate}(options);
    if (asked.has_lengths) Lengths{in[3]}(options);
  };
  const auto [out, last] = unroll(walk, in[0], start_of(walk, in[2], batch), with);
  return results_of(out, last, in);
}

/// One sequence, as far as it goes.
std::pair<std::vector<Walk::Output>, Walk::State> walked(const WalkOptions& asked, const Tensors& in,
                                                         std::int64_t b) {
  const Walk walk{in[1]};
  const auto start = start_of(walk, slice(in[2], 0, b, b + 1), 1);
  auto state = start;
  std::vector<Walk::Output> outputs(steps, {zeros({1, 2}), full({1}, 0, ElementType::boolean)});
  std::int64_t since_start = 0;
  for (std::int64_t i = 0; i < asked.ends[b]; ++i, ++since_start) {
    const auto t = asked.reverse ? asked.ends[b] - 1 - i : i;
    if (asked.reverse ? i > 0 && asked.restarts[t + 1][b] : bool(asked.restarts[t][b])) {
      state = start;
      since_start = 0;
    }
    if (asked.truncate > 0 && since_start > 0 && since_start % asked.truncate == 0)
      state.h = stop_gradient(state.h);
    std::tie(outputs[t], state) = walk(slice(index(in[0], 0, t), 0, b, b + 1), state);
  }
  return {outputs, state};
}

/// The counter of all sequences after the last step of the longest; flags of all start it again.
std::int64_t counted(const WalkOptions& asked) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < asked.longest(); ++i, ++count) {
    const auto t = asked.reverse ? asked.longest() - 1 - i : i;
    const bool starts = asked.reverse ? i > 0 && asked.restarts[t + 1][0] : bool(asked.restarts[t][0]);
    if (asked.are_restarts_shared && starts) count = 0;
  }
  return count;
}

Tensors by_loops(const WalkOptions& asked, const Tensors& in) {
  Tensors y, seen, last_h, last_seen, last_count;
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto [outputs, state] = walked(asked, in, b);
    Tensors y_b, seen_b;
    for (const auto& out : outputs) {
      y_b.push_back(out.y);
      seen_b.push_back(out.seen);
    }
    y.push_back(stack(y_b));
    seen.push_back(stack(seen_b));
    last_h.push_back(state.h);
    last_seen.push_back(state.seen);
    last_count.push_back(state.count);
  }
  const Walk::State last{concat(last_h, 0), concat(last_seen, 0), concat(last_count, 0),
                         full({}, static_cast<double>(counted(asked)), ElementType::int64)};
  return results_of({concat(y, 1), concat(seen, 1)}, last, in);
}

template <class Record>
std::vector<Array> run_on(const Device& device, const std::vector<Array>& inputs, const Record& record) {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  Tensors arguments, outputs;
  for (const auto& input : inputs) arguments.push_back(tape.argument(input.type()));
  for (const auto& output : record(arguments)) outputs.push_back(bring(tape, output, "test"));
  return compile(tape, outputs, device).run(inputs);
}

}  // namespace

void check_random_walk(std::uint64_t seed, const Device& device) {
  std::mt19937_64 random(seed);
  const WalkOptions asked(random);
  INFO("seed " << seed << ": " << asked.text());
  const auto inputs = inputs_of(asked, random);
  const auto found = run_on(device, inputs, [&](const Tensors&in) { return unrolled(asked, in); }),
             expected =
                 run_on(Device::reference(), inputs, [&](const Tensors&in) { return by_loops(asked, in); });
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("result " << i << ": " << to_string(found[i]) << " and " << to_string(expected[i]));
    REQUIRE(difference(found[i], expected[i]) <= 1e-10 * std::max(1.0, largest(expected[i])));
  }
}

}  // namespace reel::test
