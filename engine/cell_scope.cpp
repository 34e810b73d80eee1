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

/// The name without namespaces and template arguments; "cell" for what has none, such as a lambda.
std::string short_name(const std::type_info& type) {
  auto name = readable_name(type);
  name = name.substr(0, name.find('<'));
  // A type that is local to a function, as a lambda is, stands behind the function's name and arguments.
  if (const auto colons = name.rfind("::"); colons != std::string::npos) name = name.substr(colons + 2);
  const bool is_plain = !name.empty() && name.find_first_of("{}()'# *&") == std::string::npos;
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
