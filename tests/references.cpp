#include "references.h"

#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

namespace reel::test {

namespace {

ElementType element_named(const std::string& name) {
  for (auto element : all_element_types)
    if (name_of(element) == name) return element;
  throw Error("no element type " + name);
}

/// "[2,3]"
std::vector<std::int64_t> list_of(const std::string& text) {
  std::vector<std::int64_t> list;
  std::istringstream numbers(text.substr(1));
  for (std::int64_t number; numbers >> number; numbers.get()) list.push_back(number);
  return list;
}

template <class T>
T number_of(const std::string& text) {
  if constexpr (std::is_same_v<T, float>) return std::strtof(text.c_str(), nullptr);
  if constexpr (std::is_same_v<T, double>) return std::strtod(text.c_str(), nullptr);
  return static_cast<T>(std::strtoll(text.c_str(), nullptr, 10));
}

Array array_of(std::istream& words) {
  std::string element, shape, word;
  words >> element >> shape;
  Array array(Shape(list_of(shape)), element_named(element));
  with_type(array.element(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < array.size(); ++i) {
      if (!(words >> word)) throw Error("too few elements for " + to_string(array.type()));
      array.data<T>()[i] = number_of<T>(word);
    }
  });
  if (words >> word) throw Error("too many elements for " + to_string(array.type()));
  return array;
}

double epsilon_of(ElementType element) {
  return element == ElementType::float32 ? std::numeric_limits<float>::epsilon()
                                         : std::numeric_limits<double>::epsilon();
}

bool agree(const Array& found, const Array& expected, const ReferenceCase& reference) {
  if (found.type() != expected.type()) return false;
  if (!is_floating(expected.element())) return found == expected;
  double largest = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i)
    if (std::isfinite(expected.at(i))) largest = std::max(largest, std::abs(expected.at(i)));
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    const double x = found.at(i), wanted = expected.at(i);
    if (std::isnan(x) && std::isnan(wanted)) continue;
    // Infinities are equal or wrong, whatever the tolerance.
    if (x == wanted && (reference.scale != "bits" || std::signbit(x) == std::signbit(wanted))) continue;
    const double size = reference.scale == "own" ? std::abs(wanted) : largest;
    const double allowed = reference.tolerance * epsilon_of(expected.element()) * size;
    if (!std::isfinite(wanted) || !(std::abs(x - wanted) <= allowed)) return false;
  }
  return true;
}

Tensor weighted_sum(const Tensors& tensors) {
  Tensor total = 0;
  for (const auto& tensor : tensors) {
    Array weights(tensor.shape(), ElementType::float64);
    for (std::int64_t i = 0; i < weights.size(); ++i)
      weights.data<double>()[i] = std::cos(static_cast<double>(i + 1));
    total = total + sum(cast(tensor, ElementType::float64) * constant(weights));
  }
  return total;
}

}  // namespace

Axes Parameters::list(std::size_t i) const { return list_of(words.at(i)); }

ElementType Parameters::element(std::size_t i) const { return element_named(words.at(i)); }

std::vector<ReferenceCase> read_references(const std::string& file) {
  std::ifstream lines(REEL_SOURCE_DIR "/tests/" + file);
  if (!lines) throw Error("cannot read " + file);
  std::vector<ReferenceCase> cases;
  int number = 0;
  for (std::string line, kind; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    words >> kind;
    if (kind == "case") {
      auto& next = cases.emplace_back();
      std::string tolerance, word;
      words >> tolerance >> next.name;
      const auto colon = tolerance.find(':');
      next.scale = tolerance.substr(0, colon);
      if (colon != std::string::npos) next.tolerance = std::stod(tolerance.substr(colon + 1));
      next.where = file + ":" + std::to_string(number) + ":" + line.substr(5 + tolerance.size());
      while (words >> word) next.parameters.words.push_back(word);
    } else {
      auto& arrays = kind == "in"         ? cases.back().inputs
                     : kind == "out"      ? cases.back().outputs
                     : kind == "gradient" ? cases.back().gradients
                                          : cases.back().seconds;
      arrays.push_back(array_of(words));
    }
  }
  return cases;
}

std::string check_reference(const ReferenceCase& reference, std::set<std::string>& recorded) {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  Tensors inputs, differentiated;
  for (const auto& input : reference.inputs) {
    inputs.push_back(tape.argument(input.type()));
    if (is_floating(input.element())) differentiated.push_back(inputs.back());
  }
  Tensors results;
  for (const auto& y : functions_by_name().at(reference.name)(inputs, reference.parameters))
    results.push_back(bring(tape, y, reference.name));
  for (NodeId id = 0; id < tape.size(); ++id) recorded.insert(tape.node(id).operation->name);
  auto expected = reference.outputs;
  const auto add = [&](const Tensors& tensors, const std::vector<Array>& arrays) {
    results.insert(results.end(), tensors.begin(), tensors.end());
    expected.insert(expected.end(), arrays.begin(), arrays.end());
  };
  if (!reference.gradients.empty()) {
    const auto first = gradients(weighted_sum(results), differentiated);
    add(first, reference.gradients);
    if (!reference.seconds.empty()) add(gradients(weighted_sum(first), differentiated), reference.seconds);
  }
  const auto found = compile(tape, results).run(reference.inputs);
  std::string failures;
  if (found.size() != expected.size()) failures += "\n" + std::to_string(found.size()) + " results";
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
    if (!agree(found[i], expected[i], reference))
      failures += "\nresult " + std::to_string(i) + ": " + to_string(found[i]) + "\nexpected " +
                  to_string(expected[i]);
  return failures.empty() ? "" : reference.where + failures;
}

}  // namespace reel::test
