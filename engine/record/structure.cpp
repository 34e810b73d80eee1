#include <reel/structure.h>

namespace reel::structure {

std::string member_name(const std::string& names, std::size_t position) {
  constexpr auto blank = " \t\n";
  std::size_t begin = 0;
  for (; position > 0; --position) begin = names.find(',', begin) + 1;
  begin = names.find_first_not_of(blank, begin);
  const auto end = names.find_last_not_of(blank, names.find(',', begin) - 1);
  return names.substr(begin, end - begin + 1);
}

void refuse_absent(const std::string& operation, const std::string& what, const std::string& member) {
  throw RecordError("[" + operation + "] " + (member.empty() ? "" : "member " + member + " of ") + what +
                    " is absent: a Tensor that was given no value");
}

}  // namespace reel::structure
