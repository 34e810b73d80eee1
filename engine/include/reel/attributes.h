#pragma once
/// @file
/// @ingroup own_operations
/// The constants of recorded operations.
#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "array.h"
#include "span.h"

namespace REEL_PUBLIC reel {

struct Body;
class Variable;

/// No attribute is this. Of a variant of the others alone GCC's library holds that it always has a value:
/// where memory gives out while one is copied, it destroys what was never made.
struct NoAttribute {
  NoAttribute() = default;
  /// Nothing is copied.
  /// @{
  NoAttribute(const NoAttribute&) noexcept {}
  NoAttribute& operator=(const NoAttribute&) = default;
  /// @}
  /// True: one is as good as another.
  bool operator==(const NoAttribute&) const { return true; }
};

/// One constant of a recorded operation: a number, axes or extents, a name, data, a parameter, an unroll's
/// body.
using Attribute =
    std::variant<std::int64_t, double, std::vector<std::int64_t>, std::string, std::shared_ptr<const Array>,
                 std::shared_ptr<Variable>, std::shared_ptr<Body>, NoAttribute>;

/// The same bits: 0 and -0 differ, a NaN equals itself; data, parameters and bodies are the same object.
bool identical(const Attribute& a, const Attribute& b);

/// The name of an attribute: a literal, of which only the place is kept. (An array that goes would leave a
/// name without text.)
class AttributeName {
 public:
  constexpr AttributeName() = default;
  /// The name that the literal spells.
  template <std::size_t N>
  constexpr AttributeName(const char (&literal)[N]) : text_(literal) {}

  /// The name.
  const char* text() const { return text_; }
  /// Whether it is this name.
  bool is(const char* other) const { return text_ == other || std::strcmp(text_, other) == 0; }
  /// Whether both are the same name.
  /// @{
  bool operator==(const AttributeName& other) const { return is(other.text_); }
  bool operator!=(const AttributeName& other) const { return !is(other.text_); }
  /// @}

 private:
  const char* text_ = "";
};

/// The named constants of a recorded operation. Immutable, shared by copies.
class Attributes {
 public:
  /// An attribute by its name.
  using Entry = std::pair<AttributeName, Attribute>;

  Attributes() = default;
  /// Those of `entries`, in that order.
  /// @{
  Attributes(std::initializer_list<Entry> entries);
  explicit Attributes(std::vector<Entry> entries);
  /// @}
  /// Those of `first`, then those of `more`, which are moved from.
  static Attributes joined(Span<const Entry> first, Span<Entry> more);

  /// The attribute of that name. Throws InternalError where it is missing or of another type.
  template <class T>
  const T& get(const char* name) const {
    const T* value = std::get_if<T>(&find(name));
    if (!value) throw InternalError(std::string("attribute '") + name + "' has another type");
    return *value;
  }
  /// The attribute of that name, as get() of the type that the function is named for.
  /// @{
  std::int64_t integer(const char* name) const { return get<std::int64_t>(name); }
  double real(const char* name) const { return get<double>(name); }
  const std::vector<std::int64_t>& integers(const char* name) const {
    return get<std::vector<std::int64_t>>(name);
  }
  const std::string& text(const char* name) const { return get<std::string>(name); }
  /// @}

  /// All of them, in the order in which they were given.
  Span<const Entry> entries() const;
  /// The same names and the same bits: 0 and -0 differ, a NaN equals itself.
  bool operator==(const Attributes& other) const;
  /// A number that is the same for equal attributes.
  std::size_t hash() const { return held_ ? held_->hash : 0; }

 private:
  /// A tape holds very many of them, with few entries each: those take one piece of memory.
  struct Held {
    std::size_t count = 0, hash = 0;
    std::array<Entry, 4> few;
    std::vector<Entry> many;
  };
  const Attribute& find(const char* name) const;
  void hold(Span<const Entry> first, Span<Entry> more);

  std::shared_ptr<const Held> held_;
};

/// @cond
/// For unordered containers, with Attributes as keys.
struct AttributesHash {
  /// The attributes' own hash().
  std::size_t operator()(const Attributes& attributes) const { return attributes.hash(); }
};
/// @endcond

/// Attributes `element` and `shape`, for an operation whose operands do not tell its type, and `more`.
Attributes typed(const TensorType& type, std::initializer_list<Attributes::Entry> more = {});
/// The type that typed() put in.
TensorType type_from(const Attributes& attributes);

/// "axis=1, start=0"; empty where there are none.
std::string to_string(const Attributes& attributes);

}  // namespace reel
