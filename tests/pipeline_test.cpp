// The passes by their names: left out, and looked at one after the other.

#include <reel/reel.h>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("a pass has a name and says what it does; another name is an error that lists them", "[passes]") {
  REQUIRE(all_passes().size() >= 5);
  for (const auto& pass : all_passes()) {
    INFO(pass.name);
    CHECK(std::string(pass.purpose).size() > 20);
    CompileOptions options;
    Without{pass.name}(options);
    CompileOptions none;
    AsRecorded(none);
    for (std::size_t i = 0; i < all_passes().size(); ++i) {
      CHECK(options.takes(i) == (all_passes()[i].name != std::string(pass.name)));
      CHECK(!none.takes(i));
    }
  }
  std::string names;
  for (const auto& pass : all_passes()) names += (names.empty() ? "" : ", ") + std::string(pass.name);
  CHECK_THROWS_WITH(Without("splits"), "there is no pass 'splits'; there are " + names);
}

TEST_CASE("a picture shows what its pass does, also where that is done in the walk of a later one",
          "[passes]") {
  Tape tape;
  const Recording recording(tape);
  const Tensors twice{transpose(transpose(tape.argument({ElementType::float32, {4, 3}})))};
  const auto permutes = [&](const char* pass) {
    const auto picture = to_dot_after(pass, tape, twice);
    int found = 0;
    for (auto at = picture.find("permute"); at != std::string::npos; at = picture.find("permute", at + 1))
      ++found;
    return found;
  };
  CHECK(permutes("residuals") == 2);
  // The first one stands there still, read by none.
  CHECK(permutes("simplify") == 1);
}

TEST_CASE("the tape is drawn after any pass", "[passes]") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {4, 3}}),
             w = tape.argument({ElementType::float32, {3}});
  const auto cell = [&](const Tensor& xt, const Tensor& h) { return tanh(h + xt * w); };
  const Tensors outputs{unroll(cell, x, zeros({3})).outputs};
  const auto count = [](const std::string& picture, const std::string& word) {
    int found = 0;
    for (auto at = picture.find(word); at != std::string::npos; at = picture.find(word, at + 1)) ++found;
    return found;
  };
  const auto simple = to_dot_after("simplify", tape, outputs), split = to_dot_after("split", tape, outputs);
  // The product goes out of the loop, the tanh stays.
  CHECK(count(simple, "cluster") == count(split, "cluster"));
  CHECK(split != simple);
  CHECK(to_dot_after("split", tape, outputs, [] {
          CompileOptions options;
          Without("split")(options);
          return options;
        }()) == to_dot_after("products", tape, outputs));
  Tape other;
  const Tensors elsewhere{other.argument({ElementType::float32, {3}})};
  CHECK_THROWS_WITH(to_dot_after("split", tape, elsewhere),
                    ContainsSubstring("[to_dot_after]") && ContainsSubstring("the tape it was recorded on"));
  CHECK_THROWS_AS(to_dot_after("split", tape, {Tensor()}), RecordError);
  CHECK_THROWS_WITH(to_dot_after("none", tape, outputs), ContainsSubstring("there is no pass 'none'"));
}
