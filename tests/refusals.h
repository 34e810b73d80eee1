#pragma once
#include <reel/error.h>

#include <functional>
#include <string>
#include <vector>

#include "catch.h"

/// What exceptions say.
namespace reel::test {

/// The message of the Error that `f` throws.
inline std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Whether all of `parts` are in `text`.
inline bool has(const std::string& text, const std::vector<std::string>& parts) {
  for (const auto& part : parts)
    if (text.find(part) == std::string::npos) {
      WARN("no '" << part << "' in: " << text);
      return false;
    }
  return true;
}

inline void require_parts(const std::string& text, const std::vector<std::string>& parts) {
  REQUIRE(has(text, parts));
}

}  // namespace reel::test
