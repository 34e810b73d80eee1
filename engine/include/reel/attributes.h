#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "array.h"

namespace reel {

struct Body;
class Variable;

/// No attribute is this. Of a variant of the others alone GCC's library holds that it always has a value:
/// where memory gives out while one is copied, it destroys what was never made.
struct NoAttribute {
  NoAttribute() = default;
  NoAttribute(const NoAttribute&) noexcept {}
  NoAttribute& operator=(const NoAttribute&) = default;
  bool operator==(const NoAttribute&) const { return true; }
};

/// One constant of a recorded operation: a number, axes or extents, a name, data, a parameter, an unroll's
/// body.
using Attribute =
    std::variant<std::int64_t, double, std::vector<std::int64_t>, std::string, std::shared_ptr<const Array>,
                 std::shared_ptr<Variable>, std::shared_ptr<Body>, NoAttribute>;

/// The same bits: 0 and -0 differ, a NaN equals itself; data, parameters and bodies are the same object.
bool identical(const Attribute& a, const Attribute& b);

/// The named constants of a recorded operation. Immutable, shared by copies.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries);
  explicit Attributes(std::vector<std::pair<std::string, Attribute>> entries);

  /// The attribute of that name. Throws InternalError where it is missing or of another type.
  template <class T>
  const T& get(const char* name) const {
    const T* value = std::get_if<T>(&find(name));
    if (!value) throw InternalError(std::string("attribute '") + name + "' has another type");
    return *value;
  }
  std::int64_t integer(const char* name) const { return get<std::int64_t>(name); }
  double real(const char* name) const { return get<double>(name); }
  const std::vector<std::int64_t>& integers(const char* name) const {
    return get<std::vector<std::int64_t>>(name);
  }
  const std::string& text(const char* name) const { return get<std::string>(name); }

  const std::vector<std::pair<std::string, Attribute>>& entries() const;
  /// The same names and the same bits: 0 and -0 differ, a NaN equals itself.
  bool operator==(const Attributes& other) const;
  std::size_t hash() const;

 private:
  const Attribute& find(const char* name) const;

  std::shared_ptr<const std::vector<std::pair<std::string, Attribute>>> entries_;
};

/// Attributes `element` and `shape`, for an operation whose operands do not tell its type, and `more`.
Attributes typed(const TensorType& type, std::initializer_list<std::pair<std::string, Attribute>> more = {});
/// The type that typed() put in.
TensorType type_from(const Attributes& attributes);

/// "axis=1, start=0"; empty where there are none.
std::string to_string(const Attributes& attributes);

}  // namespace reel
