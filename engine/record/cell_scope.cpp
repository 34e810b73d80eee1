#include <reel/unroll_flat.h>

#include <cstdlib>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#endif

namespace reel {

namespace {

/// "networks::Gate<float>", of a type; empty where it cannot be told.
std::string readable_name(const std::type_info& type) {
#if __has_include(<cxxabi.h>)
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : "";
#else
  return type.name();
#endif
}

/// The name without what stands in brackets of this kind.
std::string without(const std::string& name, char open, char close) {
  std::string rest;
  int depth = 0;
  for (char letter : name) {
    depth += letter == open;
    if (depth == 0) rest += letter;
    depth -= letter == close;
  }
  return rest;
}

/// The name without namespaces and arguments; "cell" for what has none: a lambda, a function.
std::string short_name(const std::type_info& type) {
  const auto whole = readable_name(type);
  if (whole.rfind("std::", 0) == 0 || whole.find("lambda") != std::string::npos) return "cell";
  // A type that is local to a function stands behind the function's name and arguments.
  auto name = without(without(whole, '<', '>'), '(', ')');
  if (const auto colons = name.rfind("::"); colons != std::string::npos) name = name.substr(colons + 2);
  const bool is_plain = !name.empty() && name.find_first_of("{}[]()'# *&") == std::string::npos;
  return is_plain ? name : "cell";
}

std::string scope_of(const std::type_info& cell) {
  const auto* tape = Recording::innermost();
  const auto around = tape ? tape->current_scope() : "";
  return around.empty() ? short_name(cell) : around + "/" + short_name(cell);
}

}  // namespace

CellScope::CellScope(const std::type_info& cell) : guard_(scope_of(cell)) {}

}  // namespace reel
