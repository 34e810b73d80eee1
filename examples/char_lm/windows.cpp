#include "windows.h"

#include <algorithm>

namespace char_lm {

using reel::Array;
using reel::ElementType;
using reel::Shape;

namespace {

/// So many symbols a scored stream reads before the first that counts.
constexpr std::int64_t symbols_before = 128;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

Window empty_window(std::int64_t time, std::int64_t batch) {
  const Array zeros(Shape{time, batch}, ElementType::int32);
  return {zeros, zeros};
}

/// Targets first <= position < last of a text are one stream's to count.
struct Part {
  std::int64_t first, last;
};

/// Writes one symbol and its target where they belong; positions outside the text read as separators.
void place(ScoredWindow& window, std::int64_t element, const std::vector<Symbol>& text, std::int64_t target,
           const Part& part) {
  const auto size = static_cast<std::int64_t>(text.size());
  const auto symbol_at = [&](std::int64_t i) { return i < 0 || i >= size ? Vocabulary::separator : text[i]; };
  const bool counts =
      target >= part.first && target < part.last && symbol_at(target) != Vocabulary::separator;
  window.window.symbols.data<std::int32_t>()[element] = symbol_at(target - 1);
  window.window.targets.data<std::int32_t>()[element] = symbol_at(target);
  window.counts.data<bool>()[element] = counts;
  window.characters += counts;
}

}  // namespace

TrainingStreams::TrainingStreams(const std::vector<Symbol>& text, std::int64_t time, std::int64_t batch)
    : text_(&text), time_(time) {
  for (std::int64_t i = 0; i < batch; ++i) positions_.push_back(text.size() * i / batch);
}

Window TrainingStreams::next() {
  const auto& text = *text_;
  const auto batch = static_cast<std::int64_t>(positions_.size());
  auto window = empty_window(time_, batch);
  auto* symbols = window.symbols.data<std::int32_t>();
  auto* targets = window.targets.data<std::int32_t>();
  for (std::int64_t t = 0; t < time_; ++t)
    for (std::int64_t stream = 0; stream < batch; ++stream) {
      auto& position = positions_[stream];
      symbols[t * batch + stream] = text[position];
      position = (position + 1) % text.size();
      targets[t * batch + stream] = text[position];
    }
  return window;
}

ScoredStreams::ScoredStreams(const std::vector<Symbol>& text, std::int64_t time, std::int64_t batch)
    : text_(&text),
      time_(time),
      batch_(batch),
      part_(divide_up(static_cast<std::int64_t>(text.size()) - 1, batch)),
      early_(divide_up(symbols_before, time)),
      counting_(divide_up(part_, time)) {}

ScoredWindow ScoredStreams::window(std::int64_t number) const {
  const auto size = static_cast<std::int64_t>(text_->size());
  ScoredWindow window{empty_window(time_, batch_), Array(Shape{time_, batch_}, ElementType::boolean)};
  for (std::int64_t t = 0; t < time_; ++t)
    for (std::int64_t stream = 0; stream < batch_; ++stream) {
      const auto first = 1 + stream * part_;
      const auto target = first + (number - early_) * time_ + t;
      place(window, t * batch_ + stream, *text_, target, {first, std::min(first + part_, size)});
    }
  return window;
}

}  // namespace char_lm
