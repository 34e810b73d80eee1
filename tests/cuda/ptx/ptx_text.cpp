#include "ptx_text.h"

#include <reel/error.h>

#include <algorithm>
#include <cctype>
#include <regex>

namespace reel::test::ptx {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw InternalError("PTX is not understood: " + what); }

std::string trimmed(const std::string& text) {
  const auto* blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// At commas that stand in no brackets.
std::vector<std::string> split(const std::string& list, char by = ',') {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : list) {
    depth += (c == '{' || c == '(' || c == '[') - (c == '}' || c == ')' || c == ']');
    if (c == by && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (auto& part : parts) part = trimmed(part);
  if (parts.size() == 1 && parts[0].empty()) parts.clear();
  return parts;
}

std::size_t size_of_type(const std::string& type) {  // "u32"
  return std::stoul(type.substr(1)) / 8;
}

class RoutineReader {
 public:
  explicit RoutineReader(Routine& to) : to_(to) {}

  /// `.param .u64 name`, `.param .align 8 .b8 name[40]`, in a list.
  std::vector<std::string> declare_parameters(const std::string& list) {
    static const std::regex form(R"(\.param\s+(?:\.align\s+(\d+)\s+)?\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?)");
    std::vector<std::string> names;
    for (std::sregex_iterator found(list.begin(), list.end(), form), end; found != end; ++found) {
      const auto& one = *found;
      const auto size = size_of_type(one[2]), count = one[4].matched ? std::stoul(one[4]) : 1ul;
      declare(to_.parameters, to_.parameter_bytes, one[3], size * count,
              one[1].matched ? std::stoul(one[1]) : size);
      names.push_back(one[3]);
    }
    return names;
  }

  void read_body(const std::string& body) {
    std::size_t at = 0;
    while ((at = body.find_first_not_of(" \t\r\n{}", at)) != std::string::npos) {
      const auto end = body.find(';', at), colon = body.find(':', at);
      if (body[at] == '$' && colon < end) {
        labels_[body.substr(at, colon - at)] = to_.code.size();
        at = colon + 1;
        continue;
      }
      if (end == std::string::npos) refuse(body.substr(at, 80));
      read_statement(trimmed(body.substr(at, end - at)));
      at = end + 1;
    }
    for (auto& instruction : to_.code) {
      if (instruction.name.rfind("bra", 0) != 0) continue;
      const auto label = labels_.find(instruction.operands.at(0).name);
      if (label == labels_.end()) refuse(instruction.text);
      instruction.target = label->second;
    }
  }

 private:
  static void declare(std::map<std::string, std::size_t>& places, std::size_t& bytes, const std::string& name,
                      std::size_t size, std::size_t alignment) {
    constexpr std::size_t largest_passed = 16;  // what is passed is declared anew for each call
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (places.emplace(name, bytes).second) bytes += std::max(size, largest_passed);
  }

  void read_statement(const std::string& text) {
    if (text[0] != '.') return read_instruction(text);
    if (text.rfind(".reg", 0) == 0) return declare_registers(text);
    if (text.rfind(".param", 0) == 0) return static_cast<void>(declare_parameters(text));
    if (text.rfind(".local", 0) == 0) return declare_local(text);
    if (text.rfind(".pragma", 0) != 0) refuse(text);
  }

  void declare_registers(const std::string& text) {
    static const std::regex form(R"(\.reg\s+\.\w+\s+(.*))");
    std::smatch found;
    if (!std::regex_match(text, found, form)) refuse(text);
    for (const auto& name : split(found[1])) {
      const auto bracket = name.find('<');
      if (bracket == std::string::npos) {
        register_of(name);
        continue;
      }
      const auto count = std::stoul(name.substr(bracket + 1));
      for (std::size_t i = 0; i < count; ++i) register_of(name.substr(0, bracket) + std::to_string(i));
    }
  }
  std::uint32_t register_of(const std::string& name) {
    return to_.registers.emplace(name, static_cast<std::uint32_t>(to_.registers.size())).first->second;
  }

  void declare_local(const std::string& text) {
    static const std::regex form(R"(\.local\s+\.align\s+(\d+)\s+\.b8\s+([\w$]+)\[(\d+)\])");
    std::smatch found;
    if (!std::regex_match(text, found, form)) refuse(text);
    declare(to_.locals, to_.local_bytes, found[2], std::stoul(found[3]), std::stoul(found[1]));
  }

  void read_instruction(std::string text) {
    Instruction instruction;
    instruction.text = text;
    if (text[0] == '@') {
      const auto end = text.find_first_of(" \t");
      instruction.guard_is_negated = text[1] == '!';
      instruction.guard = static_cast<int>(register_of(
          text.substr(instruction.guard_is_negated ? 2 : 1, end - (instruction.guard_is_negated ? 2 : 1))));
      text = trimmed(text.substr(end));
    }
    const auto end = text.find_first_of(" \t\r\n");
    instruction.name = text.substr(0, end);
    if (end != std::string::npos)
      for (const auto& operand : split(text.substr(end)))
        instruction.operands.push_back(read_operand(operand));
    to_.code.push_back(std::move(instruction));
  }

  Operand read_operand(const std::string& text) {
    Operand operand;
    const auto several = [&](const std::vector<std::string>& parts) {
      operand.kind = Operand::Kind::several;
      for (const auto& part : parts) operand.parts.push_back(read_operand(part));
      return operand;
    };
    if (text[0] == '{' || text[0] == '(') return several(split(text.substr(1, text.size() - 2)));
    if (text.find('|') != std::string::npos) return several(split(text, '|'));
    if (text[0] == '[') return read_address(text.substr(1, text.size() - 2));
    const auto known = to_.registers.find(text);
    if (known != to_.registers.end()) {
      operand.kind = Operand::Kind::register_;
      operand.index = known->second;
    } else if (text[0] == '%') {
      operand.kind = Operand::Kind::special;
      operand.name = text;
    } else if (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '-') {
      operand.bits = read_number(text);
    } else {
      operand.kind = Operand::Kind::symbol;
      operand.name = text;
    }
    return operand;
  }

  Operand read_address(const std::string& text) {
    Operand operand;
    operand.kind = Operand::Kind::address;
    const auto plus = text.find('+');
    const auto base = text.substr(0, plus);
    const auto known = to_.registers.find(base);
    if (known != to_.registers.end())
      operand.index = known->second;
    else
      operand.name = base;
    if (plus != std::string::npos) operand.bits = read_number(text.substr(plus + 1));
    return operand;
  }

  /// 12, -3, 0x1F, 0f3F800000, 0d3FF0000000000000
  static std::uint64_t read_number(const std::string& text) {
    const bool is_bits = text.rfind("0f", 0) == 0 || text.rfind("0d", 0) == 0;
    if (is_bits) return std::stoull(text.substr(2), nullptr, 16);
    return text[0] == '-' ? static_cast<std::uint64_t>(std::stoll(text)) : std::stoull(text, nullptr, 0);
  }

  Routine& to_;
  std::map<std::string, std::size_t> labels_;
};

/// The places at which a word begins.
std::vector<std::size_t> places_of(const std::string& text, const std::string& word) {
  std::vector<std::size_t> places;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) places.push_back(at);
  return places;
}

/// `.global .align 4 .b8 name[24] = {1, 2, ...};` What has no values, and single numbers, nobody reads.
void read_table(const std::string& text, Text& to) {
  static const std::regex form(R"(\.\w+\s+\.align\s+\d+\s+\.(\w+)\s+([\w$]+)\[(\d+)\]\s*=\s*\{([^}]*)\})");
  std::smatch found;
  if (!std::regex_match(text, found, form)) return;
  const auto size = size_of_type(found[1]);
  auto& table = to.tables[found[2]];
  for (const auto& number : split(found[4])) {
    const auto bits = std::stoull(number, nullptr, 0);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&bits);
    table.insert(table.end(), bytes, bytes + size);
  }
  table.resize(size * std::stoul(found[3]));
}

/// Behind the brace that closes the one at `at`.
std::size_t end_of_block(const std::string& text, std::size_t at) {
  int depth = 0;
  do {
    depth += (text[at] == '{') - (text[at] == '}');
  } while (++at < text.size() && depth > 0);
  return at;
}

void read_routine(const std::string& text, std::size_t at, Text& to) {
  static const std::regex form(R"(\.\w+\s+(?:\(([^)]*)\)\s*)?([\w$]+)\s*\(([^)]*)\)[^]*)");
  const auto begin = text.find_first_of(";{", at);
  if (begin == std::string::npos || text[begin] == ';') return;  // told before it comes
  const auto head = text.substr(at, begin - at);
  std::smatch found;
  if (!std::regex_match(head, found, form)) refuse(head);
  auto& routine = to.routines[found[2]];
  routine.name = found[2];
  RoutineReader reader(routine);
  const auto results = reader.declare_parameters(found[1]);
  if (!results.empty()) routine.result = results[0];
  routine.parameter_order = reader.declare_parameters(found[3]);
  reader.read_body(text.substr(begin, end_of_block(text, begin) - begin));
}

}  // namespace

Text read(const std::string& ptx) {
  Text result;
  std::string text;
  for (std::size_t at = 0; at < ptx.size();) {
    const auto comment = ptx.find("//", at);
    text += ptx.substr(at, comment - at);
    at = comment == std::string::npos ? ptx.size() : ptx.find('\n', comment);
  }
  for (const auto* space : {".global .align", ".const .align"})
    for (auto at : places_of(text, space)) read_table(text.substr(at, text.find(';', at) - at), result);
  for (const auto* kind : {".entry ", ".func "})
    for (auto at : places_of(text, kind)) read_routine(text, at, result);
  return result;
}

}  // namespace reel::test::ptx
