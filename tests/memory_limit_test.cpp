// Memory that gives out while a function is recorded or run, or a file written: operator new gives no more
// than a test lets it. Sanitizers have one of their own.

#include <reel/reel.h>

#include <filesystem>
#include <optional>

#include <pugixml.hpp>

#include "catch.h"
#include "directory.h"
#include "live_bytes.h"
#include "memory_refusals.h"
#include "models.h"
#include "refusals.h"
#include "run/arenas.h"
#include "values.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using namespace reel;
using namespace reel::test;

namespace {

/// What the MemoryError says that `f` ends in where it may hold so many bytes more.
template <class F>
std::string refusal_within(std::size_t bytes, F&& f) {
  const MemoryLimit limit(bytes);
  try {
    f();
  } catch (const MemoryError& error) {
    return error.what();
  }
  return "nothing";
}

Array ramp(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7);
  return Array(values);
}

/// All of them 1.
Array ones_of(std::int64_t count) {
  return Array({count}, std::vector<std::int64_t>(static_cast<std::size_t>(count), 1));
}

constexpr std::int64_t many = 100000;

}  // namespace

TEST_CASE("a recording that finds no memory says what was recorded, whatever is kept of it") {
  for (const std::size_t bytes : {std::size_t{200} << 10, std::size_t{1} << 20, std::size_t{3} << 20}) {
    Model model(Seed{1});
    const auto w = make_parameter(model, "w", {2});
    Tensor kept;
    std::int64_t links = 1000000;
    Function f(model, [&](Tensor x) {
      const ScopeGuard outer("a scope whose name has to be kept elsewhere");
      (model / "inside").state(std::to_string(links), {1}, 0);
      const ScopeGuard inner("another of the kind, within the first of them");
      auto y = x * w;
      for (std::int64_t i = 0; i < links; ++i) y = kept = tanh(y);
      return y;
    });
    const auto before = values(model);
    CHECK(has(refusal_within(bytes, [&] { f(floats({1, 2})); }), {"[Function]", "(float32[2])"}));
    CHECK(values(model) == before);
    CHECK(f.program_count() == 0);
    // Where it came from is told as far as there was memory left for that.
    const auto said = message_of([&] { kept + 1; });
    CHECK(has(said, {"[add]", "Return it"}));
    const bool tells_origin =
        said.find("float32[2] made by [tanh] in scope another of the kind") != said.npos;
    CHECK((tells_origin || said.find("a tensor of a recording that is over") != said.npos));
    kept = {};
    links = 1;
    CHECK(f(floats({0, 0})) == floats({0, 0}));
    CHECK(model.states().size() == 1);
  }
}

TEST_CASE("where there is no memory to keep where a tensor came from, its errors do without") {
  Tensor kept;
  auto tape = std::make_unique<Tape>();
  {
    const Recording recording(*tape);
    kept = tanh(tape->argument({ElementType::float32, {2}}));
  }
  {
    const MemoryLimit limit(0);
    tape.reset();
  }
  CHECK(has(message_of([&] { kept + 1; }), {"[add]", "a tensor of a recording that is over", "Return it"}));
}

TEST_CASE("a derivative that finds no memory is refused likewise") {
  Model model(Seed{1});
  const auto w = make_parameter(model, "w", {2});
  Tensor kept;
  int links = 2000;
  Function f(model, [&](Tensor x) {
    const ScopeGuard guard("a scope whose name has to be kept elsewhere");
    Tensor y = x * w;
    for (int i = 0; i < links; ++i) y = kept = tanh(y);
    return gradients(sum(y), {w})[0];
  });
  std::size_t refused = 0;
  // Some of them end in the recording, others in the derivative or where it is compiled.
  for (std::size_t bytes = std::size_t{1} << 16; bytes < std::size_t{1} << 22;
       bytes += std::size_t{1} << 17) {
    const auto text = refusal_within(bytes, [&] { f(floats({0, 0})); });
    if (text == "nothing") break;
    INFO(text);
    const auto begins = [&](const std::string& beginning) { return text.rfind(beginning, 0) == 0; };
    CHECK((begins("[Function] of arguments (float32[2])") || begins("[compile] there is no memory") ||
           begins("[Program] of arguments (float32[2])")));
    CHECK(has(message_of([&] { kept + 1; }), {"[add]", "a tensor"}));
    ++refused;
  }
  CHECK(refused > 3);
  links = 1;
  CHECK(f(floats({1, 2})).at(0) > 0);
}

TEST_CASE("what errors need to know of a tensor that outlives its recording is little a node") {
  for (const std::size_t links : {1000, 20000}) {
    const auto before = live_bytes();
    Tensor kept;
    {
      Tape tape;
      const Recording recording(tape);
      const ScopeGuard guard("a scope whose name has to be kept elsewhere");
      kept = tape.argument({ElementType::float32, {2, 3}}, "a label that is as long as that");
      for (std::size_t i = 0; i < links; ++i) kept = tanh(kept);
    }
    CHECK(live_bytes() - before <= 16 * links + 10000);
    CHECK(has(message_of([&] { kept + 1; }),
              {"float32[2, 3] made by [tanh] in scope a scope whose name has to be kept elsewhere"}));
  }
}

TEST_CASE("an operation that finds no memory to work in is named, and the model is as it was") {
  struct Case {
    std::string name;
    std::function<Tensor(const Tensor&, const Tensor&)> run;  // of numbers and positions
    bool is_reference_only;
  };
  const std::vector<Case> cases{
      {"scatter_add", [](auto& x, auto& i) { return scatter_add(i, x, many); }, false},
      {"scatter_add_along_axis", [](auto& x, auto& i) { return scatter_add_along_axis(i, x, many); }, false},
      // Every value has memory of its own there: that of the operand as a matrix is the first.
      {"reshape", [](auto& x, auto&) { return matmul(x, x); }, true}};
  for (const auto& device : {Device::cpu(1), Device::cpu(2), Device::reference()})
    for (const auto& c : cases) {
      if (c.is_reference_only && device.name() != "reference") continue;
      INFO(c.name << " on " << device.name());
      Model model(Seed{1}, device);
      const auto w = make_parameter(model, "w", {1});
      Function f(model, [&](Tensor x, Tensor i) {
        update(w, w + 1);
        const ScopeGuard guard("net/head");
        return sum(c.run(x, i));
      });
      const auto x = ramp(many);
      const auto positions = ones_of(many);
      const auto result = f(x, positions);
      const auto text = refusal_within(std::size_t{100} << 10, [&] { f(x, positions); });
      INFO(text);
      CHECK(has(text, {"[Program]", "float32[100000]", c.name, "net/head"}));
      CHECK(w.value() == floats({2}));
      CHECK(f(x, positions) == result);
      CHECK(w.value() == floats({3}));
    }
}

TEST_CASE("attributes for which there is no memory are none, and nothing is destroyed that was not made") {
  const std::vector<Attribute> each{std::vector<std::int64_t>(1000, 1), std::string(10000, 'x')};
  for (const auto& attribute : each) {
    std::vector<Attribute> copies;
    copies.reserve(1);
    bool is_refused = false;
    {
      const MemoryLimit limit(100);
      try {
        copies.push_back(attribute);
      } catch (const std::bad_alloc&) {
        is_refused = true;
      }
    }
    CHECK(is_refused);
    CHECK(copies.empty());
  }
}

TEST_CASE("an expanded unroll and a split into more than there is memory for") {
  for (const std::int64_t steps : {std::int64_t{3000000}, std::int64_t{2000000000}}) {
    const auto count = std::to_string(steps);
    const std::size_t bytes = std::size_t{100} << 20;
    Model model(Seed{1});
    const auto w = make_parameter(model, "w", {2});
    Function expanded(model, [&](Tensor x) {
      return unroll([&](const Tensor& s) { return tanh(s * w); }, steps, x, Expanded).outputs;
    });
    CHECK(has(refusal_within(bytes, [&] { expanded(floats({1, 2})); }), {"[unroll]", "expanded", count}));
    Function parts(model, [&](Tensor x) { return split(broadcast_to(x, {steps}), steps, 0)[0]; });
    CHECK(has(refusal_within(bytes, [&] { parts(floats({1})); }),
              {"[split]", count, "float32[" + count + "]"}));
    Function none(model, [&](Tensor x) { return split(x, steps, 0)[0]; });
    CHECK(has(refusal_within(bytes, [&] { none(floats({})); }), {"[split]", count, "float32[0]"}));
  }
}

TEST_CASE("a file for which there is no memory leaves the place and the model as they were") {
  const Directory directory;
  const auto path = directory / "model.xml";
  Model model(Seed{1});
  const auto w = (model / "net").parameter("W", {many}, constant_init(1.0 / 3));
  for (const std::size_t bytes : {std::size_t{10} << 10, std::size_t{300} << 10, std::size_t{2} << 20}) {
    CHECK(has(refusal_within(bytes, [&] { save(model, path); }), {"[save]", path, "memory"}));
    CHECK(directory.names().empty());
  }
  save(model, path);
  w.assign(Array({many}, ElementType::float32));
  const auto before = values(model);
  for (const std::size_t bytes : {std::size_t{10} << 10, std::size_t{300} << 10, std::size_t{1600} << 10}) {
    CHECK(has(refusal_within(bytes, [&] { load(model, path); }), {"[load] " + path}));
  }
  CHECK(values(model) == before);
}

TEST_CASE("texts and bytes for which there is no memory are refused as that") {
  const Directory directory;
  const auto path = directory / "text";
  write(path, std::string(1000000, 'x'));
  CHECK(refusals_for_memory(path, [&] { read_whole(path); }) > 5);
  CHECK(refusals_for_memory(path, [&] { read_bytes(path); }) > 5);
  CHECK(has(refusal_within(100000, [&] { read_bytes(path); }),
            {"[load] " + path + " does not fit into memory: it has 1000000 bytes"}));
  // What is written needs no memory but for names: here for that to which a link leads.
  const auto link = directory / "link";
  std::filesystem::create_symlink((directory / "") + std::string(3500, '/') + "text", link);
  CHECK(refusals_for_memory(link, [&] { write_whole(link, "y"); }) > 0);
  CHECK(read(path) == "y");
  CHECK(refusals_for_memory(link, [&] { check_writable(link); }) > 0);
}

namespace {

/// Lets the parser of XML have no memory while it lives.
class NoMemoryForXml {
 public:
  NoMemoryForXml()
      : allocate_(pugi::get_memory_allocation_function()), free_(pugi::get_memory_deallocation_function()) {
    pugi::set_memory_management_functions([](std::size_t) -> void* { return nullptr; }, free_);
  }
  ~NoMemoryForXml() { pugi::set_memory_management_functions(allocate_, free_); }
  NoMemoryForXml(const NoMemoryForXml&) = delete;

 private:
  pugi::allocation_function allocate_;
  pugi::deallocation_function free_;
};

}  // namespace

TEST_CASE("where the parser of XML finds no memory that is said") {
  const Directory directory;
  const auto path = directory / "model.xml";
  Model model(Seed{1});
  // More than what a document holds in itself.
  const auto w = (model / "net").parameter("W", {many}, constant_init(1.0 / 3));
  save(model, path);
  const auto file = read(path);
  const NoMemoryForXml none;
  CHECK_THROWS_AS(load(model, path), MemoryError);
  CHECK_THROWS_WITH(load(model, path), ContainsSubstring("[load] " + path));
  CHECK_THROWS_AS(save(model, path), MemoryError);
  CHECK_THROWS_WITH(save(model, path), ContainsSubstring("[save] " + path));
  CHECK(read(path) == file);
}

TEST_CASE("to give arenas back takes no memory") {
  const auto allocate = [](std::size_t bytes) {
    return Block(new std::byte[bytes], [](std::byte* memory) { delete[] memory; });
  };
  const Arenas::Claim claim(std::make_shared<Arenas>(allocate), 64);
  std::optional<Arenas::Lease> first(claim), second(claim);
  const MemoryLimit limit(0);
  // Destructors do: an exception would end the program.
  first.reset();
  second.reset();
  // Both are there for the next runs.
  first.emplace(claim);
  second.emplace(claim);
  CHECK(first->memory() != second->memory());
}

#endif
