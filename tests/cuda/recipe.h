#pragma once
#include <reel/record.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "values.h"

namespace reel::test {

/// A computation of arrays of these shapes.
struct Recipe {
  std::string name;
  std::vector<Shape> arguments;
  std::function<Tensors(const Tensors& arguments)> record;
};

/// A recipe on a tape, with values for its arguments.
struct RecordedRecipe {
  RecordedRecipe(const Recipe& recipe, ElementType element) : tape(std::make_unique<Tape>(element)) {
    const Recording recording(*tape);
    std::mt19937_64 random(7);
    Tensors arguments;
    for (const auto& shape : recipe.arguments) {
      arguments.push_back(tape->argument({element, shape}));
      values.push_back(random_array({element, shape}, random));
    }
    outputs = recipe.record(arguments);
  }

  std::unique_ptr<Tape> tape;
  Tensors outputs;
  std::vector<Array> values;
};

}  // namespace reel::test
