#pragma once
#include <reel/tensor.h>

#include <functional>
#include <map>
#include <set>
#include <string>

/// Values that another library computed: the files written by reference_files.py, which describes them.
namespace reel::test {

/// What follows the name of an operation: numbers, lists of integers, texts.
struct Parameters {
  std::vector<std::string> words;

  std::size_t size() const { return words.size(); }
  const std::string& text(std::size_t i) const { return words.at(i); }
  double real(std::size_t i) const { return std::stod(words.at(i)); }
  std::int64_t integer(std::size_t i) const { return std::stoll(words.at(i)); }
  Axes list(std::size_t i) const;
  ElementType element(std::size_t i) const;
};

struct ReferenceCase {
  /// "numpy/maps.txt:12: slice 1 0 5 2"
  std::string where;
  std::string name;
  Parameters parameters;
  /// "bits", "own" or "largest", and how many times epsilon.
  std::string scale;
  double tolerance = 0;
  std::vector<Array> inputs, outputs;
  /// Of the weighted sum of all outputs, and of the weighted sum of those gradients again, for each floating
  /// input; none where they are not tested. Element i of an array has the weight cos(i + 1).
  std::vector<Array> gradients, seconds;
};

/// The cases of a file, named from tests/. Throws Error where it cannot be read.
std::vector<ReferenceCase> read_references(const std::string& file);

/// Runs the operation of a case. Returns what differs from the references, "" where nothing does. Names of
/// the recorded operations are added to `recorded`.
std::string check_reference(const ReferenceCase& reference, std::set<std::string>& recorded);

/// The public functions by the names the files call them.
using NamedFunction = std::function<Tensors(const Tensors&, const Parameters&)>;
const std::map<std::string, NamedFunction>& functions_by_name();

}  // namespace reel::test
