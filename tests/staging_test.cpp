// Arguments that are handed in before their run.

#include <reel/reel.h>

#include <thread>

#include "catch.h"
#include "devices.h"
#include "refusals.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

const auto f = ElementType::float32;

std::vector<Array> batches(int count) {
  std::mt19937_64 random(5);
  std::vector<Array> all;
  for (int i = 0; i < count; ++i) all.push_back(random_array({f, {4, 3}}, random));
  return all;
}

/// The losses of a regression that is trained on batch after batch.
template <class Take>
std::vector<double> losses(const Device& device, const Take& take) {
  Model model(Seed{3}, device);
  const Linear layer(model / "layer", 3, 2);
  TrainingStep step(model, Adam(0.05), [&](const Tensor& x) { return mean(square(layer(x) - 1)); });
  return take(step);
}

}  // namespace

TEST_CASE("steps whose arguments were staged are those that get them when they run", "[devices]") {
  const auto data = batches(7);
  for (const auto& device : devices()) {
    INFO(describe(device));
    const auto expected = losses(device, [&](auto& step) {
      std::vector<double> all;
      for (const auto& batch : data) all.push_back(step(batch).item());
      return all;
    });
    const auto staged = losses(device, [&](auto& step) {
      std::vector<double> all;
      auto copy = data[0];
      auto next = step.stage(copy);
      for (std::size_t i = 1; i <= data.size(); ++i) {
        auto now = std::move(next);
        // What was handed in may change at once.
        for (std::int64_t k = 0; k < copy.size(); ++k) copy.template data<float>()[k] = -1e6f;
        if (i < data.size()) next = step.stage(copy = data[i]);
        all.push_back(now().item());
      }
      return all;
    });
    CHECK(staged == expected);
  }
}

TEST_CASE("what is staged can be run again, in any order, or not at all", "[devices]") {
  const auto data = batches(3);
  for (const auto& device : devices()) {
    INFO(describe(device));
    Model model(Seed{3}, device);
    Function doubled(model, [](const Tensor& x) { return x + x; });
    {
      const auto unused = doubled.stage(data[2]);
      static_cast<void>(unused);
    }
    auto first = doubled.stage(data[0]), second = doubled.stage(data[1]);
    for (int i = 0; i < 3; ++i) {
      CHECK(difference(second(), doubled(data[1])) == 0);
      CHECK(difference(first(), doubled(data[0])) == 0);
    }
    auto program = doubled.program(data[0]);
    Function halved(model, [](const Tensor& x) { return x / 2; });
    auto other = halved.program(data[0]);
    const auto staged = program.stage({&data[0]});
    CHECK_THAT(message_of([&] { other.run(*staged); }), ContainsSubstring("another program"));
    CHECK_THAT(message_of([&] { program.stage({}); }), ContainsSubstring("0 arguments"));
  }
}

TEST_CASE("arguments are staged by one thread while another one runs", "[threads]") {
#if defined(__SANITIZE_THREAD__)
  const auto data = batches(5);
#else
  const auto data = batches(40);
#endif
  for (const auto& device : {Device::cpu(1), Device::reference(), emulated_cuda()}) {
    Model model(Seed{3}, device);
    Function summed(model, [](const Tensor& x) { return sum(x); });
    auto program = summed.program(data[0]);
    std::vector<std::shared_ptr<StagedArguments>> staged(data.size());
    staged[0] = program.stage({&data[0]});
    for (std::size_t i = 0; i < data.size(); ++i) {
      std::thread ahead([&] {
        if (i + 1 < data.size()) staged[i + 1] = program.stage({&data[i + 1]});
      });
      const auto found = program.run(*staged[i])[0].item();
      ahead.join();
      staged[i].reset();
      CHECK(found == summed(data[i]).item());
    }
  }
}
