#include <reel/ops.h>
#include <reel/record.h>

#include <algorithm>
#include <map>
#include <set>

namespace reel {

namespace {

bool contains(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

struct Labelled {
  Tensor tensor;
  std::string letters;  // one for each axis
};

/// Sums over the axes whose letters nobody else needs.
Labelled without_lonely(const Labelled& x, const std::string& needed) {
  Axes lonely;
  std::string rest;
  for (std::size_t axis = 0; axis < x.letters.size(); ++axis)
    if (contains(needed, x.letters[axis]))
      rest += x.letters[axis];
    else
      lonely.push_back(static_cast<std::int64_t>(axis));
  return lonely.empty() ? x : Labelled{sum(x.tensor, lonely), rest};
}

/// Product of two operands, summed over the letters that neither the result nor a later operand needs.
Labelled product(const Labelled& left, const Labelled& right, const std::string& needed) {
  const auto a = without_lonely(left, right.letters + needed),
             b = without_lonely(right, left.letters + needed);
  std::string left_roles, right_roles, batch, mine, theirs;
  for (char letter : a.letters) {
    const bool shared = contains(b.letters, letter), kept = contains(needed, letter);
    left_roles += !shared ? 'm' : kept ? 'b' : 'k';
    if (!shared)
      mine += letter;
    else if (kept)
      batch += letter;
  }
  for (char letter : b.letters) {
    const bool shared = contains(a.letters, letter), kept = contains(needed, letter);
    right_roles += !shared ? 'n' : kept ? 'b' : 'k';
    if (!shared) theirs += letter;
  }
  // Axes of one role must come in one order on both sides: those of the right follow the left.
  std::string order;
  for (char letter : a.letters)
    if (contains(b.letters, letter)) order += letter;
  Axes axes;
  std::string roles;
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < b.letters.size(); ++axis) {
    const char letter = contains(a.letters, b.letters[axis]) ? order[next++] : b.letters[axis];
    const auto source = b.letters.find(letter);
    axes.push_back(static_cast<std::int64_t>(source));
    roles += right_roles[source];
  }
  const auto ordered = std::is_sorted(axes.begin(), axes.end()) ? b.tensor : permute(b.tensor, axes);
  return {contract(a.tensor, left_roles, ordered, roles), batch + mine + theirs};
}

}  // namespace

Tensor einsum(const std::string& formula, const Tensors& operands) {
  check_usable("einsum", operands);
  std::string text;
  for (char letter : formula)
    if (letter != ' ') text += letter;
  const auto arrow = text.find("->");
  if (arrow == std::string::npos || operands.empty())
    refuse("einsum", "the formula '" + formula + "' must be like 'ij,jk->ik'", operands);
  const auto result = text.substr(arrow + 2);
  std::vector<std::string> inputs{""};
  for (char letter : text.substr(0, arrow))
    if (letter == ',')
      inputs.emplace_back();
    else
      inputs.back() += letter;
  if (inputs.size() != operands.size())
    refuse("einsum", "the formula '" + formula + "' has " + std::to_string(inputs.size()) + " operands",
           operands);
  std::string known;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::set<char> letters(inputs[i].begin(), inputs[i].end());
    if (letters.size() != inputs[i].size() || static_cast<int>(inputs[i].size()) != operands[i].rank())
      refuse("einsum", "'" + inputs[i] + "' must name every axis of its operand by a letter of its own",
             operands);
    known += inputs[i];
  }
  const std::set<char> distinct(result.begin(), result.end());
  if (distinct.size() != result.size() || result.find_first_not_of(known) != std::string::npos)
    refuse("einsum", "'" + result + "' must name axes of the operands, each once", operands);

  std::map<char, std::int64_t> extents;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t axis = 0; axis < inputs[i].size(); ++axis) {
      const auto extent = operands[i].extent(static_cast<std::int64_t>(axis));
      const auto known_extent = extents.emplace(inputs[i][axis], extent).first->second;
      if (known_extent != extent)
        refuse("einsum",
               "'" + formula + "' gives the letter " + inputs[i][axis] + " the extents " +
                   std::to_string(known_extent) + " and " + std::to_string(extent),
               operands);
    }

  Labelled total{operands[0], inputs[0]};
  for (std::size_t i = 1; i < operands.size(); ++i) {
    std::string needed = result;
    for (std::size_t later = i + 1; later < inputs.size(); ++later) needed += inputs[later];
    total = product(total, {operands[i], inputs[i]}, needed);
  }
  total = without_lonely(total, result);
  Axes axes;
  for (char letter : result) axes.push_back(static_cast<std::int64_t>(total.letters.find(letter)));
  return total.letters == result ? total.tensor : permute(total.tensor, axes);
}

}  // namespace reel
