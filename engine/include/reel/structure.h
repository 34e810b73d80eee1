#pragma once
#include <array>
#include <tuple>
#include <utility>

#include "tensor.h"

/// @addtogroup tensors
/// @{

/// Names the members of a struct, in one line inside it, so that it can be a state, an input, an argument or
/// a result: `struct State { Tensor h, c; REEL_MEMBERS(h, c) };`
#define REEL_MEMBERS(...)                                \
  auto members() { return std::tie(__VA_ARGS__); }       \
  auto members() const { return std::tie(__VA_ARGS__); } \
  static constexpr const char* member_names() { return #__VA_ARGS__; }
/// @}

/// @file
/// @ingroup tensors
/// Structures of tensors: a tensor, a tuple, pair, array or vector of structures, or a struct with
/// REEL_MEMBERS. The same walk serves structures of arrays on the host. A leaf is anything that is none of
/// these.
namespace REEL_PUBLIC reel {

namespace structure {

template <class S, class = void>
inline constexpr bool has_members = false;
template <class S>
inline constexpr bool has_members<S, std::void_t<decltype(std::declval<S&>().members())>> = true;

template <class S>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class S>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class T, std::size_t N>
inline constexpr bool is_tuple<std::array<T, N>> = true;

template <class S>
inline constexpr bool is_leaf = !has_members<S> && !is_vector<S> && !is_tuple<S>;

/// The types of the parts of a structure, as a tuple.
template <class S, class = void>
struct PartsOf {
  using type = std::tuple<>;
};
template <class... T>
struct PartsOf<std::tuple<T...>> {
  using type = std::tuple<std::decay_t<T>...>;
};
template <class A, class B>
struct PartsOf<std::pair<A, B>> {
  using type = std::tuple<A, B>;
};
template <class T, std::size_t N>
struct PartsOf<std::array<T, N>> {
  using type = decltype(std::tuple_cat(std::declval<std::array<T, N>>()));
};
template <class T>
struct PartsOf<std::vector<T>> {
  using type = std::tuple<T>;
};
template <class S>
struct PartsOf<S, std::enable_if_t<has_members<S>>> : PartsOf<decltype(std::declval<S&>().members())> {};

template <class S, template <class> class Allowed, class Parts = typename PartsOf<S>::type>
struct AllLeaves;
template <class S, template <class> class Allowed, class... Part>
struct AllLeaves<S, Allowed, std::tuple<Part...>> {
  static constexpr bool value = [] {
    if constexpr (is_leaf<S>)
      return Allowed<S>::value;
    else
      return (AllLeaves<Part, Allowed>::value && ...);
  }();
};

/// What becomes a tensor by itself: tensors, parameters, numbers.
template <class L>
struct IsTensor : std::is_convertible<const L&, Tensor> {};
/// What a recorded function is called with.
template <class L>
struct IsHost : std::bool_constant<std::is_same_v<L, Array> || std::is_arithmetic_v<L>> {};

template <class S>
inline constexpr bool is_of_tensors = AllLeaves<S, IsTensor>::value;
template <class S>
inline constexpr bool is_of_arrays = AllLeaves<S, IsHost>::value;

/// Whether `Declared`, a structure of tensors, has the structure of `Given`.
template <class Declared, class Given, class DeclaredParts = typename PartsOf<Declared>::type,
          class GivenParts = typename PartsOf<Given>::type>
struct Matches : std::false_type {};
template <class Declared, class Given, class... D, class... G>
struct Matches<Declared, Given, std::tuple<D...>, std::tuple<G...>> {
  static constexpr bool value = [] {
    if constexpr (is_leaf<Given> || is_leaf<Declared>)
      return is_leaf<Given> && is_leaf<Declared> && std::is_assignable_v<Declared&, Tensor>;
    else if constexpr (is_vector<Given> != is_vector<Declared> || sizeof...(D) != sizeof...(G))
      return false;
    else
      return (Matches<D, G>::value && ...);
  }();
};

/// Calls `f` with every leaf, in order.
template <class S, class F>
void for_each_leaf(S& s, F&& f) {
  using Plain = std::remove_const_t<S>;
  if constexpr (has_members<Plain>) {
    std::apply([&](auto&... member) { (for_each_leaf(member, f), ...); }, s.members());
  } else if constexpr (is_tuple<Plain>) {
    std::apply([&](auto&... element) { (for_each_leaf(element, f), ...); }, s);
  } else if constexpr (is_vector<Plain>) {
    for (auto& element : s) for_each_leaf(element, f);
  } else {
    f(s);
  }
}

/// Appends the length of every vector in `s`: what two structures of one type can differ in.
template <class S>
void append_lengths(const S& s, std::vector<std::int64_t>& lengths) {
  if constexpr (has_members<S>) {
    std::apply([&](auto&... member) { (append_lengths(member, lengths), ...); }, s.members());
  } else if constexpr (is_tuple<S>) {
    std::apply([&](auto&... element) { (append_lengths(element, lengths), ...); }, s);
  } else if constexpr (is_vector<S>) {
    lengths.push_back(static_cast<std::int64_t>(s.size()));
    for (const auto& element : s) append_lengths(element, lengths);
  }
}

/// Part `position` of the names "h, c" that REEL_MEMBERS was given.
std::string member_name(const std::string& names, std::size_t position);

template <class S, class = void>
inline constexpr bool has_member_names = false;
template <class S>
inline constexpr bool has_member_names<S, std::void_t<decltype(S::member_names())>> = true;

/// Appends where in `s` each leaf stands, in order: "h", "memory.c", "1", "layers.0"; `path` for a leaf.
template <class S>
void append_paths(const S& s, const std::string& path, std::vector<std::string>& paths) {
  [[maybe_unused]] const auto below = [&](const std::string& name) {
    return path.empty() ? name : path + "." + name;
  };
  [[maybe_unused]] std::size_t next = 0;
  if constexpr (has_members<S>) {
    const auto name = [&] {
      if constexpr (has_member_names<S>)
        return member_name(S::member_names(), next++);
      else
        return std::to_string(next++);
    };
    std::apply([&](const auto&... member) { (append_paths(member, below(name()), paths), ...); },
               s.members());
  } else if constexpr (is_tuple<S>) {
    std::apply(
        [&](const auto&... element) { (append_paths(element, below(std::to_string(next++)), paths), ...); },
        s);
  } else if constexpr (is_vector<S>) {
    for (const auto& element : s) append_paths(element, below(std::to_string(next++)), paths);
  } else {
    paths.push_back(path);
  }
}

template <class S>
std::vector<std::string> paths_of(const S& s) {
  std::vector<std::string> paths;
  append_paths(s, "", paths);
  return paths;
}

/// The structure S with leaves of type L: what `Rebound<S, L>::type` is.
template <class S, class L, class = void>
struct Rebound {
  using type = L;
};
template <class T, class L>
struct Rebound<std::vector<T>, L> {
  using type = std::vector<typename Rebound<T, L>::type>;
};
template <class... T, class L>
struct Rebound<std::tuple<T...>, L> {
  using type = std::tuple<typename Rebound<T, L>::type...>;
};
template <class A, class B, class L>
struct Rebound<std::pair<A, B>, L> {
  using type = std::pair<typename Rebound<A, L>::type, typename Rebound<B, L>::type>;
};
template <class T, std::size_t N, class L>
struct Rebound<std::array<T, N>, L> {
  using type = std::array<typename Rebound<T, L>::type, N>;
};
/// A struct template over its leaf, such as LSTMState<Tensor>.
template <template <class> class S, class T, class L>
struct Rebound<S<T>, L, std::enable_if_t<has_members<S<T>>>> {
  using type = S<L>;
};
/// Any other struct of tensors stays itself, and stands on the host as a tuple of its members.
template <class S>
struct Rebound<S, Tensor, std::enable_if_t<has_members<S>>> {
  using type = S;
};
template <template <class> class S, class T>
struct Rebound<S<T>, Tensor, std::enable_if_t<has_members<S<T>>>> {
  using type = S<Tensor>;
};
template <class Tie, class L>
struct ReboundMembers;
template <class... T, class L>
struct ReboundMembers<std::tuple<T&...>, L> {
  using type = std::tuple<typename Rebound<std::remove_const_t<T>, L>::type...>;
};
template <class S>
struct Rebound<S, Array, std::enable_if_t<has_members<S>>> {
  using type = typename ReboundMembers<decltype(std::declval<S&>().members()), Array>::type;
};
template <template <class> class S, class T>
struct Rebound<S<T>, Array, std::enable_if_t<has_members<S<T>>>> {
  using type = S<Array>;
};

template <class S, class L>
using rebound = typename Rebound<S, L>::type;

template <class To, class From, class F>
void convert(const From& from, To& to, F& f);

template <class From, class To, class F, std::size_t... I>
void convert_each(const From& from, To&& to, F& f, std::index_sequence<I...>) {
  (convert(std::get<I>(from), std::get<I>(to), f), ...);
}

/// The members of a struct, the elements of a tuple: what std::get works on.
template <class S>
decltype(auto) elements(S& s) {
  if constexpr (has_members<std::remove_const_t<S>>)
    return s.members();
  else
    return (s);
}

/// Fills the structure `to` with `f(leaf)` of the leaves of `from`, which has the same structure; vectors
/// take the length of those in `from`.
template <class To, class From, class F>
void convert(const From& from, To& to, F& f) {
  if constexpr (is_leaf<From>) {
    to = f(from);
  } else if constexpr (is_vector<From>) {
    to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) convert(from[i], to[i], f);
  } else {
    auto&& source = elements(from);
    auto&& target = elements(to);
    using Source = std::decay_t<decltype(source)>;
    convert_each(source, target, f, std::make_index_sequence<std::tuple_size_v<Source>>{});
  }
}

template <class To, class From, class F>
To converted(const From& from, F&& f) {
  To to{};
  convert(from, to, f);
  return to;
}

/// The same structure with every leaf turned into a tensor.
template <class S>
rebound<S, Tensor> tensors_of(const S& s) {
  return converted<rebound<S, Tensor>>(s, [](const auto& leaf) { return Tensor(leaf); });
}

[[noreturn]] void refuse_absent(const std::string& operation, const std::string& what,
                                const std::string& member);

template <class S>
Tensors flatten(const S& s) {
  Tensors leaves;
  for_each_leaf(s, [&](const Tensor& leaf) { leaves.push_back(leaf); });
  return leaves;
}

/// Throws RecordError where a tensor of `s`, which is `what` ("the state that the step returns"), is absent.
template <class S>
void check_present(const char* operation, const char* what, const S& s) {
  std::size_t position = 0;
  for_each_leaf(s, [&](const Tensor& leaf) {
    if (!leaf.defined()) refuse_absent(operation, what, paths_of(s)[position]);
    ++position;
  });
}

/// The structure of `prototype` with `leaves` in their order.
template <class S>
S unflatten(const S& prototype, const Tensors& leaves) {
  S s = prototype;
  std::size_t i = 0;
  for_each_leaf(s, [&](Tensor& leaf) { leaf = leaves[i++]; });
  return s;
}

}  // namespace structure

}  // namespace reel
