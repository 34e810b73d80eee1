#pragma once
#include <array>
#include <tuple>
#include <utility>

#include "tensor.h"

/// Names the members of a struct, in one line inside it, so that it can be a state, an input, an argument or
/// a result: `struct State { Tensor h, c; REEL_MEMBERS(h, c) };`
#define REEL_MEMBERS(...)                          \
  auto members() { return std::tie(__VA_ARGS__); } \
  auto members() const { return std::tie(__VA_ARGS__); }

/// Structures of tensors: a tensor, a tuple, pair, array or vector of structures, or a struct with
/// REEL_MEMBERS. The same walk serves structures of arrays on the host. A leaf is anything that is none of
/// these.
namespace reel {

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
    static_assert(
        std::is_assignable_v<To&, decltype(f(from))>,
        "a recorded function gets a Tensor for an array or a number, and structures of them as they are");
    to = f(from);
  } else if constexpr (is_vector<From>) {
    to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) convert(from[i], to[i], f);
  } else {
    auto&& source = elements(from);
    auto&& target = elements(to);
    using Source = std::decay_t<decltype(source)>;
    static_assert(std::tuple_size_v<Source> == std::tuple_size_v<std::decay_t<decltype(target)>>,
                  "the structures have different numbers of members");
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

template <class S>
Tensors flatten(const S& s) {
  Tensors leaves;
  for_each_leaf(s, [&](const Tensor& leaf) { leaves.push_back(leaf); });
  return leaves;
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
