#include <reel/attributes.h>
#include <reel/variable.h>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace reel {

Attributes::Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries)
    : entries_(std::make_shared<const std::vector<std::pair<std::string, Attribute>>>(entries)) {}

Attributes::Attributes(std::vector<std::pair<std::string, Attribute>> entries)
    : entries_(std::make_shared<const std::vector<std::pair<std::string, Attribute>>>(std::move(entries))) {}

Attributes typed(const TensorType& type, std::initializer_list<std::pair<std::string, Attribute>> more) {
  std::vector<std::pair<std::string, Attribute>> entries;
  entries.reserve(more.size() + 2);
  entries.insert(entries.end(), more.begin(), more.end());
  entries.emplace_back("element", static_cast<std::int64_t>(type.element));
  entries.emplace_back("shape", type.shape.extents());
  return Attributes(std::move(entries));
}

TensorType type_from(const Attributes& attributes) {
  return {static_cast<ElementType>(attributes.integer("element")), Shape(attributes.integers("shape"))};
}

const std::vector<std::pair<std::string, Attribute>>& Attributes::entries() const {
  static const std::vector<std::pair<std::string, Attribute>> none;
  return entries_ ? *entries_ : none;
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

bool Attributes::operator==(const Attributes& other) const {
  return std::equal(
      entries().begin(), entries().end(), other.entries().begin(), other.entries().end(),
      [](const auto& a, const auto& b) { return a.first == b.first && identical(a.second, b.second); });
}

std::size_t Attributes::hash() const {
  std::size_t hash = 0;
  for (const auto& [name, value] : entries()) hash = hash * 1000003 + std::visit(Hash{}, value);
  return hash;
}

const Attribute& Attributes::find(const char* name) const {
  for (const auto& entry : entries())
    if (entry.first == name) return entry.second;
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
    text << separator << name << "=";
    std::visit(Printer{text}, value);
    separator = ", ";
  }
  return text.str();
}

}  // namespace reel
