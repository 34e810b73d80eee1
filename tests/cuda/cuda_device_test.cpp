// What a CUDA device is beside its kernels: how programs are told apart, errors, memory, variables.

#include <reel/gradients.h>
#include <reel/map.h>
#include <reel/program.h>
#include <reel/reel.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "catch.h"
#include "directory.h"
#include "emulated_driver.h"
#include "plans.h"
#include "ptx/ptx_driver.h"
#include "refusals.h"
#include "run/cuda/compiler.h"
#include "run/cuda/cuda_backend.h"
#include "run/cuda/cuda_plan.h"
#include "run/cuda/cuda_target.h"
#include "run/cuda/kernel_cache.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

const auto f = ElementType::float32;

REEL_MAP(Doubled, {
  static constexpr auto name = "doubled";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return choose(x == T(0), T(0), x + x);
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {2 * dy}; }
});

struct Textless {
  static constexpr auto name = "textless";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return x;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy}; }
};

cuda::CudaPlan plan_for_cuda(const Tape& tape, const Tensors& outputs) {
  return cuda::make_cuda_plan(plan_of(tape, outputs, {}, cuda::CudaTarget()));
}

std::set<std::string> kernels_of(const cuda::CudaPlan& plan) {
  std::set<std::string> names;
  for (const auto& [name, text] : plan.source.kernels) names.insert(name);
  return names;
}

/// The kernels of a layer-normalised step with its gradients.
cuda::CudaPlan training_plan(std::int64_t steps, std::int64_t batch, std::int64_t hidden) {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {steps, batch, hidden}}), w = tape.argument({f, {hidden, hidden}});
  const auto cell = [&](const Tensor& x, const Tensor& h) { return tanh(layer_norm(matmul(h, w) + x)); };
  const auto loss = sum(unroll(cell, x, zeros({batch, hidden})).outputs);
  return plan_for_cuda(tape, gradients(loss, {x, w}));
}

}  // namespace

TEST_CASE("the text of kernels does not depend on extents", "[cuda]") {
  const auto one = training_plan(5, 32, 64), other = training_plan(7, 48, 128);
  CHECK(kernels_of(one) == kernels_of(other));
  CHECK(one.source.kernels.size() > 3);
  // Where elements cannot be moved four at a time it is another text.
  const auto of_columns = [](std::int64_t columns) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {2, columns}});
    return kernels_of(
        plan_for_cuda(tape, {tanh(x) * slice(tape.argument({f, {2, 2 * columns}}), 1, 0, columns)}));
  };
  CHECK(of_columns(64) == of_columns(32));
  CHECK(of_columns(63) == of_columns(7));
  CHECK(of_columns(63) != of_columns(64));
}

TEST_CASE("a user's map with a text is part of fusions on a CUDA device", "[cuda]") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {2, 3}});
  const auto y = tanh(apply<Doubled>(x));
  const Tensors outputs{y, gradients(sum(y), {x})[0]};
  CHECK(count_work(plan_for_cuda(tape, {y}).plan).fusions == 1);
  const std::vector<Array> arguments{Array({2, 3}, std::vector<float>{0, 1, -2, .5f, 3, -.25f})};
  const auto expected = compile(tape, outputs, Device::reference()).run(arguments);
  const auto found = compile(tape, outputs, emulated_cuda()).run(arguments);
  for (std::size_t i = 0; i < 2; ++i) CHECK(difference(found[i], expected[i]) < 1e-6);
}

TEST_CASE(
    "an operation without a kernel for CUDA devices is refused, or done by the host where that is asked "
    "for",
    "[cuda]") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {2}});
  const auto y = apply<Textless>(x) + 1;
  const auto text = message_of([&] { compile(tape, {y}, emulated_cuda()); });
  CHECK_THAT(text, ContainsSubstring("textless") && ContainsSubstring("cuda"));
  CompileOptions options;
  OnHost({"textless"})(options);
  const auto found = compile(tape, {y}, emulated_cuda(), options).run({Array(std::vector<float>{1, 2})});
  CHECK(found[0] == Array(std::vector<float>{2, 3}));
}

TEST_CASE("memory that a device does not have is refused, with what the program wanted", "[cuda]") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {1000, 1000}});
  const auto y = matmul(tanh(x), sin(x));
  EmulatedDriver::Options small;
  small.memory = 1 << 20;
  const auto text = message_of([&] { compile(tape, {y}, emulated_cuda(small)); });
  CHECK_THAT(text, ContainsSubstring("float32[1000, 1000]") && ContainsSubstring("tanh") &&
                       ContainsSubstring("are free"));
}

TEST_CASE(
    "a model on a CUDA device trains as on the processor, and its parameters are read where they are "
    "newest",
    "[cuda]") {
  const auto train = [](const Device& device) {
    Model model(Seed{1}, device);
    LSTM cell(model / "cell", 3, 4);
    const Linear head(model / "head", 4, 2);
    TrainingStep step(model, clip_by_global_norm(1, Adam(1e-2)), [&](Tensor x, Tensor target) {
      return cross_entropy(head(dropout(unroll(cell, x, cell.initial_state(x.extent(1))).outputs, 0.2)),
                           target);
    });
    std::mt19937_64 random(3);
    const auto x = random_array({f, {5, 2, 3}}, random);
    const auto target = random_array({ElementType::int64, {5, 2}}, random, 0, 2);
    std::vector<Array> seen;
    for (int i = 0; i < 4; ++i) {
      seen.push_back(step(x, target));
      if (i == 1) {
        // Read, changed by the host, and read again by the device.
        const auto weights = model.parameters()[0];
        seen.push_back(weights.value());
      }
    }
    for (const auto& parameter : model.parameters()) seen.push_back(parameter.value());
    return seen;
  };
  const auto expected = train(Device::cpu(1)), found = train(emulated_cuda());
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(difference(found[i], expected[i]) < 1e-5);
}

TEST_CASE("from the second run on what is launched is replayed, with the values of each run", "[cuda]") {
  const auto driver = std::make_shared<EmulatedDriver>(EmulatedDriver::Options{});
  const Device device(cuda::make_backend(driver));
  SECTION("a program, and an index out of range in a step") {
    Tape tape;
    const Recording recording(tape);
    const auto table = tape.argument({f, {3, 2}}), chosen = tape.argument({ElementType::int64, {4}});
    const auto cell = [&](const Tensor& i, const Tensor& h) {
      return tanh(h + gather(table, i + 0 * cast(sum(h), ElementType::int64)));
    };
    const auto y = unroll(cell, chosen, zeros({2})).outputs;
    const auto program = compile(tape, {y}, device), reference = compile(tape, {y}, Device::reference());
    auto run = program;
    const auto rows = Array({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
    for (std::int64_t i = 0; i < 5; ++i) {
      const Array which({4}, std::vector<std::int64_t>{i % 3, 1, (i + 1) % 3, 2});
      CHECK(difference(run.run({rows, which})[0], Program(reference).run({rows, which})[0]) < 1e-6);
    }
    CHECK(driver->replays() == 4);
    const auto wrong = Array({4}, std::vector<std::int64_t>{0, 1, 7, 9});
    const auto expected = message_of([&] { Program(reference).run({rows, wrong}); });
    CHECK_THAT(expected, ContainsSubstring("index 7") && ContainsSubstring("step 2"));
    CHECK(message_of([&] { run.run({rows, wrong}); }) == expected);
  }
  SECTION("training, where variables stand in two places by turns") {
    const auto losses = [](const Device& on) {
      Model model(Seed{1}, on);
      const Linear layer(model / "layer", 3, 2);
      TrainingStep step(model, Adam(1e-2), [&](Tensor x) { return mean(square(layer(x))); });
      std::vector<double> seen;
      for (int i = 0; i < 8; ++i) {
        seen.push_back(step(Array({1, 3}, std::vector<float>{1, float(i), 2})).at(0));
        // A value that the host writes in between is used.
        if (i == 5) {
          const auto& weights = model.parameters()[0];
          weights.assign(Array(weights.shape(),
                               std::vector<float>(static_cast<std::size_t>(weights.value().size()), 0.5f)));
        }
      }
      return seen;
    };
    const auto expected = losses(Device::cpu(1)), found = losses(device);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-4));
    CHECK(driver->replays() >= 4);
  }
}

TEST_CASE("where no graph can be made, all is launched one by one", "[cuda]") {
  for (int most : {0, 1, 2}) {
    EmulatedDriver::Options options;
    options.most_graphs = most;
    const auto driver = std::make_shared<EmulatedDriver>(options);
    Model model(Seed{1}, Device(cuda::make_backend(driver)));
    const Linear layer(model / "layer", 3, 2);
    TrainingStep step(model, Adam(1e-2), [&](Tensor x) { return mean(square(layer(x))); });
    Model same(Seed{1});
    const Linear same_layer(same / "layer", 3, 2);
    TrainingStep expected(same, Adam(1e-2), [&](Tensor x) { return mean(square(same_layer(x))); });
    for (int i = 0; i < 8; ++i) {
      const Array x({1, 3}, std::vector<float>{1, float(i), 2});
      CHECK(step(x).item() == Approx(expected(x).item()).epsilon(1e-4));
    }
    CHECK(driver->replays() <= 8);
    CHECK((driver->replays() > 0) == (most > 0));
  }
}

TEST_CASE("what a device without libraries lacks is named", "[cuda]") {
  const auto text = message_of([] { Device::cuda(0); });
  // Where there is a device there is nothing to say.
  if (text != "nothing was thrown")
    CHECK_THAT(text, ContainsSubstring("libcuda.so.1") || ContainsSubstring("CUDA device 0") ||
                         ContainsSubstring("built without CUDA"));
  CHECK_THAT(message_of([] { Device::cuda(1000); }), ContainsSubstring("[Device]"));
  CHECK(Device::named("cpu").name() == "cpu");
  CHECK(Device::named("reference").name() == "reference");
  for (const auto* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:99999", "cudax"})
    CHECK_THAT(message_of([&] { Device::named(name); }),
               ContainsSubstring("there is no device '" + std::string(name) + "'"));
}

TEST_CASE("NVIDIA's compiler takes kernels, for each kind of device that there is", "[cuda]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  const auto plan = training_plan(5, 32, 64);
  for (const auto* architecture : {"sm_80", "sm_90", "sm_100"})
    CHECK(cuda::compile(plan.source, architecture).machine_code.size() > 1000);
  cuda::Source wrong;
  cuda::add_kernel(wrong, {{"fusion.cuh", ""}}, 1, "  this is no text;\n");
  CHECK_THAT(message_of([&] { cuda::compile(wrong, "sm_90"); }), ContainsSubstring("do not compile"));
}

TEST_CASE("kept kernels are found again, whole or not at all, and the oldest go", "[cuda]") {
  const Directory directory;
  const auto folder = (directory.path / "kernels").string();
  const cuda::KernelCache cache(folder, 1000);
  CHECK(cache.find("a").empty());
  cache.keep("a", std::string(300, 'x'));
  CHECK(cache.find("a") == std::string(300, 'x'));
  CHECK(std::filesystem::status(folder).permissions() == std::filesystem::perms::owner_all);
  SECTION("damaged") {
    std::ofstream(folder + "/a.kernels", std::ios::app) << "more";
    CHECK(cache.find("a").empty());
    cache.keep("a", "again");
    CHECK(cache.find("a") == "again");
  }
  SECTION("too many") {
    cache.keep("b", std::string(300, 'y'));
    std::filesystem::last_write_time(folder + "/a.kernels", std::filesystem::file_time_type::min());
    cache.keep("c", std::string(400, 'z'));
    CHECK(cache.find("a").empty());
    CHECK(cache.find("c").size() == 400);
  }
  SECTION("a folder that others may read") {
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    const cuda::KernelCache open(folder);
    CHECK(open.find("a").empty());
  }
}

TEST_CASE("few and long lines are reduced by many blocks", "[cuda]") {
  for (const auto& [shape, axes] : {std::pair<Shape, std::vector<std::int64_t>>{{70000}, {0}},
                                    {{20000, 3}, {0}},
                                    {{2, 9000, 3}, {1, 2}}}) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, shape});
    const Tensors outputs{sum(x, axes), max(x, axes)};
    auto program = compile(tape, outputs, emulated_cuda(), [] {
      CompileOptions options;
      AsRecorded(options);
      return options;
    }());
    CHECK_THAT(program.explain(), ContainsSubstring("blocks of 256"));
    std::mt19937_64 random(4);
    const std::vector<Array> arguments{random_array({f, shape}, random)};
    const auto found = program.run(arguments);
    const auto expected = compile(tape, outputs, Device::reference()).run(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      CHECK(difference(found[i], expected[i]) <= 1e-6 * largest(expected[i]));
  }
}

TEST_CASE("a fusion whose numbers are more than a kernel's words may be has them in its text", "[cuda]") {
  Tape tape;
  const Recording recording(tape);
  Tensor total;
  std::vector<Array> arguments;
  std::mt19937_64 random(4);
  // Sixty operands that lie in strides of nine axes each.
  const auto turned = [&](ElementType element) {
    const auto x = tape.argument({element, {2, 2, 2, 2, 2, 2, 2, 2, 3}});
    arguments.push_back(random_array(x.type(), random, element == f ? -1 : 0, element == f ? 1 : 2));
    return permute(x, {8, 7, 6, 5, 4, 3, 2, 1, 0});
  };
  for (int i = 0; i < 20; ++i) {
    const auto chosen = select(turned(ElementType::boolean), turned(f), turned(f));
    total = i == 0 ? chosen : total + chosen;
  }
  const Tensors outputs{total};
  const auto plan = plan_for_cuda(tape, outputs);
  bool has_literals = false;
  for (const auto& launch : plan.launches) CHECK(launch.words.size() <= 512);
  for (const auto& [name, text] : plan.source.kernels)
    has_literals = has_literals || text.find("at < 768ll;") != std::string::npos;
  INFO(cuda::explain(plan));
  CHECK(has_literals);
  const auto found = compile(tape, outputs, emulated_cuda()).run(arguments)[0];
  CHECK(difference(found, compile(tape, outputs, Device::reference()).run(arguments)[0]) < 1e-5);
}

TEST_CASE("of a loop of very many steps nothing grows with them but the time", "[cuda]") {
  // One after the other: as graphs they would be more than are kept.
  const auto launches = [](std::int64_t steps) {
    const auto driver = std::make_shared<EmulatedDriver>(EmulatedDriver::Options{});
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {1}});
    // With a product, which is a launch of its own.
    const auto w = tape.argument({f, {1, 1}});
    const auto cell = [&](const Tensor& h) { return tanh(matmul(reshape(h, {1, 1}), w) + 1); };
    const auto y = unroll(cell, steps, reshape(x, {1, 1})).state;
    auto program = compile(tape, {y}, Device(cuda::make_backend(driver)));
    const std::vector<Array> arguments{Array({1}, std::vector<float>{0.5f}),
                                       Array({1, 1}, std::vector<float>{0.5f})};
    const auto first = program.run(arguments)[0].item();
    for (int i = 0; i < 2; ++i) CHECK(program.run(arguments)[0].item() == first);
    return std::make_tuple(driver->launches(), driver->replays(), program.arena_bytes(),
                           program.instruction_count());
  };
  const auto [few, few_replays, few_bytes, few_instructions] = launches(1000);
  const auto [many, many_replays, many_bytes, many_instructions] = launches(100000);
  CHECK(few_replays > 0);
  CHECK(many_replays == 0);
  CHECK(many > 50 * few);
  CHECK(many_bytes == few_bytes);
  CHECK(many_instructions == few_instructions);
}

TEST_CASE("programs of a device work in one piece of its memory, and keep weights but once", "[cuda]") {
  const auto driver = std::make_shared<EmulatedDriver>(EmulatedDriver::Options{});
  const auto held = [&] {
    const auto room = driver->room();
    return room.total - room.free;
  };
  const Device device(cuda::make_backend(driver));
  Model model(Seed{1}, device), same(Seed{1}, Device::reference());
  const GRU gru(model / "gru", 8, 16), reference(same / "gru", 8, 16);
  Function predict(model, [&](Tensor x) { return unroll(gru, x, gru.initial_state(4)).outputs; });
  Function expected(same, [&](Tensor x) { return unroll(reference, x, reference.initial_state(4)).outputs; });
  const auto input = [](std::int64_t steps) {
    Array x(Shape{steps, 4, 8}, f);
    for (std::int64_t i = 0; i < x.size(); ++i) x.data<float>()[i] = static_cast<float>(i % 5) - 2;
    return x;
  };
  predict(input(12));
  const auto one = held();
  for (int round = 0; round < 2; ++round) {
    for (const std::int64_t steps : {5, 12, 3, 7, 5}) {
      const auto x = input(steps);
      CHECK(difference(predict(x), expected(x)) < 1e-5);
    }
    // Constants alone are each program's own.
    CHECK(held() < one + 4 * 4096);
    for (auto* each : {&model, &same}) {
      const auto weight = each->parameter("gru/update/U");
      auto value = weight.value();
      value.data<float>()[3] += 1;
      weight.assign(value);
    }
  }
  predict.forget_programs();
  CHECK(held() < one / 2);
}

TEST_CASE("several devices, and several programs on each, run in one process at the same time",
          "[cuda][threads]") {
#if defined(__SANITIZE_THREAD__)  // each thread of each kernel takes its time
  constexpr int programs = 2, steps = 2;
#else
  constexpr int programs = 6, steps = 20;
#endif
  const auto train = [](const Device& device, std::uint64_t seed) {
    Model model(Seed{seed}, device);
    const Linear layer(model / "layer", 3, 2);
    TrainingStep step(model, Adam(1e-2), [&](Tensor x) { return mean(square(layer(x) - 1)); });
    double loss = 0;
    for (int i = 0; i < steps; ++i) loss = step(Array({1, 3}, std::vector<float>{1, float(i), 2})).item();
    return loss;
  };
  const Device first = emulated_cuda(), second = emulated_cuda();
  std::vector<double> found(programs), expected;
  for (std::uint64_t i = 0; i < found.size(); ++i) expected.push_back(train(first, i));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] { found[i] = train(i % 2 ? first : second, i); });
  for (auto& thread : threads) thread.join();
  CHECK(found == expected);
}

TEST_CASE("what is not finite is found, and the time of each launch told, on a CUDA device too", "[cuda]") {
  const auto message = [](const Device& device) {
    Model model(Seed{1}, device);
    const auto scale = (model / "in").parameter("scale", {2}, constant_init(2));
    TrainingStep step(
        model, Adam(1e-2), [&](Tensor x) { return sum(log(scale * x)); }, CheckFinite);
    step(Array({2}, std::vector<float>{1, 2}));
    return message_of([&] { step(Array({2}, std::vector<float>{1, 0})); });
  };
  CHECK_THAT(message(emulated_cuda()), ContainsSubstring("[log] gives -inf"));
  CHECK(message(emulated_cuda()) == message(Device::cpu(1)));

  Model model(Seed{1}, emulated_cuda());
  const LSTM cell(model / "cell", 2, 3);
  Function last(model, [&](Tensor x) { return unroll(cell, x, cell.initial_state(1)).outputs; });
  const auto profile = last.profile(Array({4, 1, 2}, std::vector<float>(8, 1.0f)));
  REQUIRE(profile.lines.size() > 2);
  std::int64_t most = 0;
  for (const auto& line : profile.lines) most = std::max(most, line.calls);
  CHECK(most == 4);
  CHECK_THAT(to_string(profile), ContainsSubstring("matmul") && ContainsSubstring("cell"));
}

TEST_CASE("bias gradients are summed once, and not at every step", "[cuda]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 3, 4);
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {6, 2, 3}});
  Tensors sources{x};
  sources.insert(sources.end(), model.parameters().begin(), model.parameters().end());
  const auto loss = sum(square(unroll(cell, x, cell.initial_state(2)).outputs));
  const auto plan = plan_of(tape, gradients(loss, sources), {}, cuda::CudaTarget());
  const auto loops = outer_loops(plan);
  REQUIRE(loops.size() == 2);
  // A product and a pass each way.
  for (auto loop : loops) {
    CHECK(count_work_in(plan, loop).all == 2);
    CHECK(count_work_in(plan, loop).kernels_of("matmul") == 1);
  }
}
