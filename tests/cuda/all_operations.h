#pragma once
#include <reel/array.h>
#include <reel/tape.h>

#include <memory>
#include <string>
#include <vector>

/// Every operation of the table, recorded.
namespace reel::test {

/// A tape with what is wanted of it, and values for its arguments.
struct OperationOnTape {
  std::string name;
  ElementType element;
  std::unique_ptr<Tape> tape;
  Tensors outputs;
  std::vector<Array> arguments;
};

/// Each operation on each of its samples, and the derivatives of the sum of its squares, in float32 and in
/// float64.
std::vector<OperationOnTape> all_operations();

}  // namespace reel::test
