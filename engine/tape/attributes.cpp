#include <reel/attributes.h>
#include <reel/variable.h>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace reel {

Attributes::Attributes(std::initializer_list<Entry> entries) { hold({entries.begin(), entries.size()}, {}); }

Attributes::Attributes(std::vector<Entry> entries) { hold({}, {entries.data(), entries.size()}); }

Attributes Attributes::joined(Span<const Entry> first, Span<Entry> more) {
  Attributes attributes;
  attributes.hold(first, more);
  return attributes;
}

Attributes typed(const TensorType& type, std::initializer_list<Attributes::Entry> more) {
  Attributes::Entry own[] = {{"element", static_cast<std::int64_t>(type.element)},
                             {"shape", type.shape.extents()}};
  return Attributes::joined({more.begin(), more.size()}, {own, 2});
}

TensorType type_from(const Attributes& attributes) {
  return {static_cast<ElementType>(attributes.integer("element")), Shape(attributes.integers("shape"))};
}

namespace {

std::uint64_t bits(double value) {
  std::uint64_t word;
  std::memcpy(&word, &value, sizeof word);
  return word;
}

struct Hash {
  std::size_t operator()(const NoAttribute&) const { return 0; }
  std::size_t operator()(double v) const { return std::hash<std::uint64_t>()(bits(v)); }
  std::size_t operator()(const std::vector<std::int64_t>& v) const {
    std::size_t hash = v.size();
    for (auto x : v) hash = hash * 1000003 + static_cast<std::size_t>(x);
    return hash;
  }
  template <class T>
  std::size_t operator()(const T& v) const {
    return std::hash<T>()(v);
  }
};

}  // namespace

bool identical(const Attribute& a, const Attribute& b) {
  const auto *x = std::get_if<double>(&a), *y = std::get_if<double>(&b);
  return x && y ? bits(*x) == bits(*y) : a == b;
}

void Attributes::hold(Span<const Entry> first, Span<Entry> more) {
  const auto held = std::make_shared<Held>();
  held->count = first.size() + more.size();
  if (held->count > held->few.size()) held->many.resize(held->count);
  auto* entry = held->many.empty() ? held->few.data() : held->many.data();
  for (const auto& each : first) *entry++ = each;
  for (auto& each : more) *entry++ = std::move(each);
  held_ = held;
  for (const auto& [name, value] : entries()) held->hash = held->hash * 1000003 + std::visit(Hash{}, value);
}

Span<const Attributes::Entry> Attributes::entries() const {
  if (!held_) return {};
  return {held_->many.empty() ? held_->few.data() : held_->many.data(), held_->count};
}

bool Attributes::operator==(const Attributes& other) const {
  if (held_ == other.held_) return true;
  if (hash() != other.hash()) return false;
  return std::equal(
      entries().begin(), entries().end(), other.entries().begin(), other.entries().end(),
      [](const auto& a, const auto& b) { return a.first == b.first && identical(a.second, b.second); });
}

const Attribute& Attributes::find(const char* name) const {
  for (const auto& entry : entries())
    if (entry.first.is(name)) return entry.second;
  throw InternalError(std::string("no attribute '") + name + "'");
}

namespace {
struct Printer {
  std::ostream& out;
  void operator()(std::int64_t v) const { out << v; }
  void operator()(double v) const { out << v; }
  void operator()(const std::vector<std::int64_t>& v) const {
    out << "[";
    for (std::size_t i = 0; i < v.size(); ++i) out << (i ? ", " : "") << v[i];
    out << "]";
  }
  void operator()(const std::string& v) const { out << v; }
  void operator()(const std::shared_ptr<const Array>& v) const { out << to_string(v->type()); }
  void operator()(const std::shared_ptr<Variable>& v) const { out << v->name(); }
  void operator()(const std::shared_ptr<Body>&) const { out << "..."; }
  void operator()(const NoAttribute&) const {}
};
}  // namespace

std::string to_string(const Attributes& attributes) {
  std::ostringstream text;
  const char* separator = "";
  for (const auto& [name, value] : attributes.entries()) {
    text << separator << name.text() << "=";
    std::visit(Printer{text}, value);
    separator = ", ";
  }
  return text.str();
}

}  // namespace reel
