// Products on a CUDA device: in which precision, and with what is added to them.

#include <reel/program.h>
#include <reel/reel.h>

#include "catch.h"
#include "emulated_driver.h"
#include "recipe.h"
#include "run/cuda/cuda_backend.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("products are computed in TF32 or bfloat16 for programs that ask for it", "[cuda]") {
  const auto device = emulated_cuda();
  for (auto element : {ElementType::float32, ElementType::float64}) {
    Tape tape(element);
    const Recording recording(tape);
    const auto a = tape.argument({element, {3, 4}}), b = tape.argument({element, {4, 2}});
    std::mt19937_64 random(1);
    const std::vector<Array> arguments{random_array(a.type(), random), random_array(b.type(), random)};
    const auto product = [&](const auto&... option) {
      CompileOptions options;
      (option(options), ...);
      auto program = compile(tape, {matmul(a, b)}, device, options);
      return std::make_pair(program.run(arguments)[0], program.explain());
    };
    const auto exact = product().first;
    for (const auto& [found, how] : {product(TF32Products), product(BFloat16Products)}) {
      const auto rounding = how.find("TF32") != std::string::npos ? 0x1p-11 : 0x1p-8;
      if (element == ElementType::float32)
        CHECK((how.find("TF32") != std::string::npos || how.find("bfloat16") != std::string::npos));
      if (element == ElementType::float32) CHECK(difference(found, exact) > rounding / 20);
      CHECK(difference(found, exact) <= (element == ElementType::float32 ? 4 * 2 * rounding : 0));
    }
    // Devices that cannot choose do as ever.
    CompileOptions options;
    TF32Products(options);
    const auto same = compile(tape, {matmul(a, b)}, Device::cpu(1), options).run(arguments)[0];
    CHECK(difference(same, compile(tape, {matmul(a, b)}, Device::cpu(1)).run(arguments)[0]) == 0);
  }
}

TEST_CASE("what is added to a product is added by the library", "[cuda]") {
  struct Sum {
    Recipe recipe;
    std::uint64_t launches;  // beside the product
  };
  const std::vector<Sum> sums{
      {{"an array",
        {{3, 4}, {4, 5}, {3, 5}},
        [](const Tensors& x) { return Tensors{matmul(x[0], x[1]) + x[2]}; }},
       0},
      {{"on the left",
        {{3, 4}, {4, 5}, {3, 5}},
        [](const Tensors& x) { return Tensors{x[2] + matmul(x[0], x[1])}; }},
       0},
      {{"a batch",
        {{2, 3, 4}, {2, 4, 5}, {2, 3, 5}},
        [](const Tensors& x) { return Tensors{matmul(x[0], x[1]) + x[2]}; }},
       0},
      {{"part of another array",
        {{3, 4}, {4, 5}, {3, 9}},
        [](const Tensors& x) { return Tensors{matmul(x[0], x[1]) + slice(x[2], 1, 2, 7)}; }},
       0},
      // A row for all rows is no matrix to the library, and who else reads the product wants it as it is.
      {{"a bias", {{3, 4}, {4, 5}, {5}}, [](const Tensors& x) { return Tensors{matmul(x[0], x[1]) + x[2]}; }},
       1},
      {{"a product that is wanted",
        {{3, 4}, {4, 5}, {3, 5}},
        [](const Tensors& x) {
          const auto product = matmul(x[0], x[1]);
          return Tensors{product + x[2], product};
        }},
       1},
      {{"itself",
        {{3, 4}, {4, 5}, {3, 5}},
        [](const Tensors& x) {
          const auto product = matmul(x[0], x[1]);
          return Tensors{product + product};
        }},
       1},
  };
  for (const auto& [recipe, launches] : sums)
    for (auto element : {ElementType::float32, ElementType::float64}) {
      INFO(recipe.name << " " << name_of(element));
      const RecordedRecipe recorded(recipe, element);
      const auto driver = std::make_shared<EmulatedDriver>(EmulatedDriver::Options{});
      const auto run = [&](const Device& device) {
        return compile(*recorded.tape, recorded.outputs, device).run(recorded.values);
      };
      const auto found = run(Device(cuda::make_backend(driver))), expected = run(Device::reference());
      CHECK(driver->products() == 1);
      CHECK(driver->launches() == launches);
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(difference(found[i], expected[i]) < 1e-5);
    }
}
