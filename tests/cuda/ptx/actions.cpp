#include "actions.h"

#include <reel/error.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>

namespace reel::test::ptx {

namespace {

/// By their names without what changes nothing here: ".uni", ".ftz".
using Table = std::map<std::string, Action>;

void put(Thread& thread, const Operand& to, std::uint64_t value) {
  thread.frame().registers[to.index] = value;
}

template <class T, class F>
Action unary(F f) {
  return {[f](Machine& machine, Thread& thread, const Instruction& i) {
    put(thread, i.operands[0], bits(f(as<T>(bits_of(machine, thread, i.operands[1])))));
  }};
}
template <class T, class F>
Action binary(F f) {
  return {[f](Machine& machine, Thread& thread, const Instruction& i) {
    put(thread, i.operands[0],
        bits(f(as<T>(bits_of(machine, thread, i.operands[1])),
               as<T>(bits_of(machine, thread, i.operands[2])))));
  }};
}
template <class T, class F>
Action ternary(F f) {
  return {[f](Machine& machine, Thread& thread, const Instruction& i) {
    put(thread, i.operands[0],
        bits(f(as<T>(bits_of(machine, thread, i.operands[1])), as<T>(bits_of(machine, thread, i.operands[2])),
               as<T>(bits_of(machine, thread, i.operands[3])))));
  }};
}

/// Loads and stores of one number, or of several side by side.
template <class T>
void add_moves(Table& table, const std::string& type) {
  const Action load{[](Machine& machine, Thread& thread, const Instruction& i) {
    const auto& to = i.operands[0];
    const auto count = to.kind == Operand::Kind::several ? to.parts.size() : 1;
    const auto* from = machine.memory(thread, i, i.operands[1], count * sizeof(T), true);
    for (std::size_t k = 0; k < count; ++k) {
      T value;
      std::memcpy(&value, from + k * sizeof(T), sizeof value);
      put(thread, count > 1 ? to.parts[k] : to, bits(value));
    }
  }};
  const Action store{[](Machine& machine, Thread& thread, const Instruction& i) {
    const auto& from = i.operands[1];
    const auto count = from.kind == Operand::Kind::several ? from.parts.size() : 1;
    auto* to = machine.memory(thread, i, i.operands[0], count * sizeof(T), false);
    for (std::size_t k = 0; k < count; ++k) {
      const auto value = as<T>(bits_of(machine, thread, count > 1 ? from.parts[k] : from));
      std::memcpy(to + k * sizeof(T), &value, sizeof value);
    }
  }};
  for (const auto* several : {"", "v2.", "v4."}) {
    for (const auto* space :
         {"global.", "global.nc.", "volatile.global.", "shared.", "volatile.shared.", "local.", "param."})
      table["ld." + std::string(space) + several + type] = load;
    for (const auto* space :
         {"global.", "volatile.global.", "shared.", "volatile.shared.", "local.", "param."})
      table["st." + std::string(space) + several + type] = store;
  }
  table["mov." + type] = unary<T>([](T x) { return x; });
  table["selp." + type] = {[](Machine& machine, Thread& thread, const Instruction& i) {
    const bool first = bits_of(machine, thread, i.operands[3]) & 1;
    put(thread, i.operands[0], bits_of(machine, thread, i.operands[first ? 1 : 2]));
  }};
}

template <class T>
void add_comparisons(Table& table, const std::string& type) {
  const auto add = [&](const char* name, auto compare) {
    table["setp." + std::string(name) + "." + type] =
        binary<T>([compare](T a, T b) { return std::uint32_t{compare(a, b)}; });
  };
  add("eq", [](T a, T b) { return a == b; });
  add("lt", [](T a, T b) { return a < b; });
  add("le", [](T a, T b) { return a <= b; });
  add("gt", [](T a, T b) { return a > b; });
  add("ge", [](T a, T b) { return a >= b; });
  if constexpr (std::is_integral_v<T>) {
    add("ne", [](T a, T b) { return a != b; });
  } else {
    add("ne", [](T a, T b) { return a < b || a > b; });
    add("equ", [](T a, T b) { return !(a < b || a > b); });
    add("neu", [](T a, T b) { return a != b; });
    add("ltu", [](T a, T b) { return !(a >= b); });
    add("leu", [](T a, T b) { return !(a > b); });
    add("gtu", [](T a, T b) { return !(a <= b); });
    add("geu", [](T a, T b) { return !(a < b); });
    add("num", [](T a, T b) { return a == a && b == b; });
    add("nan", [](T a, T b) { return a != a || b != b; });
  }
}

/// Wraps around; a division by zero gives all ones.
template <class T, class Wide>
void add_integers(Table& table, const std::string& type) {
  using Bits = std::make_unsigned_t<T>;
  const auto wrapped = [](Bits x) { return static_cast<T>(x); };
  table["add." + type] = binary<T>([=](T a, T b) { return wrapped(Bits(a) + Bits(b)); });
  table["sub." + type] = binary<T>([=](T a, T b) { return wrapped(Bits(a) - Bits(b)); });
  const auto product = [=](T a, T b) {
    return wrapped(static_cast<Bits>(std::uint64_t(a) * std::uint64_t(b)));
  };
  table["mul.lo." + type] = binary<T>(product);
  table["mad.lo." + type] = ternary<T>([=](T a, T b, T c) { return wrapped(Bits(product(a, b)) + Bits(c)); });
  table["mul.hi." + type] =
      binary<T>([](T a, T b) { return static_cast<T>(Wide(a) * Wide(b) >> (8 * sizeof(T))); });
  if constexpr (sizeof(Wide) <= 8) {
    table["mul.wide." + type] = binary<T>([](T a, T b) { return static_cast<Wide>(Wide(a) * Wide(b)); });
    table["mad.wide." + type] = {[](Machine& machine, Thread& thread, const Instruction& i) {
      const auto a = as<T>(bits_of(machine, thread, i.operands[1])),
                 b = as<T>(bits_of(machine, thread, i.operands[2]));
      put(thread, i.operands[0],
          bits(static_cast<Wide>(Wide(a) * Wide(b))) + bits_of(machine, thread, i.operands[3]));
    }};
  }
  const auto is_minus_one = [](T x) { return std::is_signed_v<T> && x == static_cast<T>(-1); };
  table["div." + type] = binary<T>([=](T a, T b) {
    return b == 0 ? static_cast<T>(-1) : is_minus_one(b) ? wrapped(Bits(0) - Bits(a)) : static_cast<T>(a / b);
  });
  table["rem." + type] = binary<T>([=](T a, T b) {
    return b == 0 ? static_cast<T>(-1) : is_minus_one(b) ? T(0) : static_cast<T>(a % b);
  });
  table["min." + type] = binary<T>([](T a, T b) { return std::min(a, b); });
  table["max." + type] = binary<T>([](T a, T b) { return std::max(a, b); });
  table["neg." + type] = unary<T>([=](T a) { return wrapped(Bits(0) - Bits(a)); });
  table["abs." + type] = unary<T>([=](T a) { return a < T(0) ? wrapped(Bits(0) - Bits(a)) : a; });
  // What is shifted by more than there are bits is gone, but for the sign.
  table["shr." + type] = {[](Machine& machine, Thread& thread, const Instruction& i) {
    const auto by = as<std::uint32_t>(bits_of(machine, thread, i.operands[2]));
    const auto a = as<T>(bits_of(machine, thread, i.operands[1]));
    const unsigned most = 8 * sizeof(T) - 1;
    put(thread, i.operands[0], bits(by > most ? static_cast<T>(a < T(0) ? -1 : 0) : static_cast<T>(a >> by)));
  }};
}

template <class T>
void add_bits(Table& table, const std::string& type) {
  table["and." + type] = binary<T>([](T a, T b) { return static_cast<T>(a & b); });
  table["or." + type] = binary<T>([](T a, T b) { return static_cast<T>(a | b); });
  table["xor." + type] = binary<T>([](T a, T b) { return static_cast<T>(a ^ b); });
  table["not." + type] = unary<T>([](T a) { return static_cast<T>(~a); });
  table["shl." + type] = {[](Machine& machine, Thread& thread, const Instruction& i) {
    const auto by = as<std::uint32_t>(bits_of(machine, thread, i.operands[2]));
    const auto a = as<T>(bits_of(machine, thread, i.operands[1]));
    put(thread, i.operands[0], bits(by >= 8 * sizeof(T) ? T(0) : static_cast<T>(a << by)));
  }};
  table["brev." + type] = unary<T>([](T a) {
    T reversed = 0;
    for (unsigned k = 0; k < 8 * sizeof(T); ++k)
      reversed |= static_cast<T>((a >> k & 1) << (8 * sizeof(T) - 1 - k));
    return reversed;
  });
  table["popc." + type] = unary<T>([](T a) { return static_cast<std::uint32_t>(__builtin_popcountll(a)); });
  const auto clz = [](T a) {
    return static_cast<std::uint32_t>(a == 0 ? 8 * sizeof(T) : __builtin_clzll(a) - (64 - 8 * sizeof(T)));
  };
  table["clz." + type] = unary<T>(clz);
  // bfi d, a, b, position, length: `length` bits of a at `position` of b.
  table["bfi." + type] = {[](Machine& machine, Thread& thread, const Instruction& i) {
    std::uint64_t x[4];
    for (std::size_t k = 0; k < 4; ++k) x[k] = bits_of(machine, thread, i.operands[k + 1]);
    const auto length = x[3] & 0xff, position = x[2] & 0xff;
    const std::uint64_t ones = (length >= 64 ? ~0ull : (1ull << length) - 1) << position;
    put(thread, i.operands[0], bits(static_cast<T>((x[1] & ~ones) | (x[0] << position & ones))));
  }};
  if constexpr (sizeof(T) >= 4)
    table["bfind.shiftamt.u" + std::to_string(8 * sizeof(T))] =
        unary<T>([clz](T a) { return a == 0 ? 0xffffffffu : clz(a); });
}

/// One operation in a rounding of IEEE 754.
template <class F>
auto rounded(int rounding, F f) {
  if (rounding == FE_TONEAREST) return f();
  const auto before = std::fegetround();
  std::fesetround(rounding);
  volatile auto result = f();
  std::fesetround(before);
  return +result;
}

template <class T>
void add_floats(Table& table, const std::string& type) {
  const std::pair<const char*, int> roundings[] = {{"", FE_TONEAREST},
                                                   {"rn.", FE_TONEAREST},
                                                   {"rz.", FE_TOWARDZERO},
                                                   {"rm.", FE_DOWNWARD},
                                                   {"rp.", FE_UPWARD}};
  for (const auto& rounding : roundings) {
    const std::string name = rounding.first;
    const auto way = rounding.second;
    const auto add = [&](const char* operation, auto f) {
      table[operation + name + type] = binary<T>([way, f](T a, T b) {
        volatile T x = a, y = b;
        return rounded(way, [&] { return f(x, y); });
      });
    };
    add("add.", [](T a, T b) { return a + b; });
    add("sub.", [](T a, T b) { return a - b; });
    add("mul.", [](T a, T b) { return a * b; });
    add("div.", [](T a, T b) { return a / b; });
    table["fma." + name + type] = ternary<T>([way](T a, T b, T c) {
      volatile T x = a, y = b, z = c;
      return rounded(way, [&] { return std::fma(x, y, z); });
    });
    table["sqrt." + name + type] = unary<T>([](T a) { return std::sqrt(a); });
    table["rcp." + name + type] = unary<T>([](T a) { return 1 / a; });
  }
  table["neg." + type] = unary<T>([](T a) { return -a; });
  table["abs." + type] = unary<T>([](T a) { return std::fabs(a); });
  table["min." + type] = binary<T>([](T a, T b) { return std::fmin(a, b); });
  table["max." + type] = binary<T>([](T a, T b) { return std::fmax(a, b); });
  table["copysign." + type] = binary<T>([](T a, T b) { return std::copysign(b, a); });
  table["div.approx." + type] = binary<T>([](T a, T b) { return a / b; });
  table["div.full." + type] = binary<T>([](T a, T b) { return a / b; });
  table["sqrt.approx." + type] = unary<T>([](T a) { return std::sqrt(a); });
  table["rsqrt.approx." + type] = unary<T>([](T a) { return 1 / std::sqrt(a); });
  table["ex2.approx." + type] = unary<T>([](T a) { return std::exp2(a); });
  table["lg2.approx." + type] = unary<T>([](T a) { return std::log2(a); });
  table["rcp.approx." + type] = unary<T>([](T a) { return 1 / a; });
}

/// cvt, from any number to any: all of them are exact in a long double.
template <class To, class From>
To converted(From x, const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) return static_cast<To>(x);
  long double value = static_cast<long double>(x);
  if (has(".rni")) value = std::nearbyint(value);
  if (has(".rzi")) value = std::trunc(value);
  if (has(".rmi")) value = std::floor(value);
  if (has(".rpi")) value = std::ceil(value);
  if (has(".sat.") && std::is_floating_point_v<To>) value = value > 1 ? 1 : value > 0 ? value : 0;
  if constexpr (std::is_integral_v<To>) {
    using Limits = std::numeric_limits<To>;
    if (value != value) return sizeof(To) == 8 ? Limits::min() : 0;
    return static_cast<To>(std::clamp<long double>(value, Limits::min(), Limits::max()));
  } else {
    return static_cast<To>(value);
  }
}
template <class To, class From>
void add_conversion(Table& table, const std::string& types) {
  for (const auto* how : {"", ".rn", ".rni", ".rzi", ".rmi", ".rpi", ".sat", ".rni.sat", ".rn.sat"}) {
    const auto name = "cvt" + std::string(how) + "." + types;
    table[name] = unary<From>([name](From x) { return converted<To>(x, name); });
  }
}
template <class From>
void add_conversions(Table& table, const std::string& from) {
  add_conversion<std::int8_t, From>(table, "s8." + from);
  add_conversion<std::uint8_t, From>(table, "u8." + from);
  add_conversion<std::int16_t, From>(table, "s16." + from);
  add_conversion<std::uint16_t, From>(table, "u16." + from);
  add_conversion<std::int32_t, From>(table, "s32." + from);
  add_conversion<std::uint32_t, From>(table, "u32." + from);
  add_conversion<std::int64_t, From>(table, "s64." + from);
  add_conversion<std::uint64_t, From>(table, "u64." + from);
  add_conversion<float, From>(table, "f32." + from);
  add_conversion<double, From>(table, "f64." + from);
}

/// Two halves of a register, and what is made of two.
void add_halves(Table& table) {
  const auto move = table.at("mov.b64");
  table["mov.b64"] = {[move](Machine& machine, Thread& thread, const Instruction& i) {
    const auto &to = i.operands[0], &from = i.operands[1];
    if (to.kind == Operand::Kind::several) {
      const auto whole = bits_of(machine, thread, from);
      put(thread, to.parts[0], whole & 0xffffffff);
      put(thread, to.parts[1], whole >> 32);
    } else if (from.kind == Operand::Kind::several) {
      put(thread, to,
          (bits_of(machine, thread, from.parts[0]) & 0xffffffff) | bits_of(machine, thread, from.parts[1])
                                                                       << 32);
    } else {
      move.run(machine, thread, i);
    }
  }};
}

void add_control(Table& table) {
  table["bra"] = {[](Machine&, Thread& thread, const Instruction& i) { thread.frame().next = i.target; }};
  table["ret"] = {[](Machine& machine, Thread& thread, const Instruction&) { machine.leave(thread); }};
  table["call"] = {[](Machine& machine, Thread& thread, const Instruction& i) { machine.call(thread, i); }};
  const Action nothing{[](Machine&, Thread&, const Instruction&) {}};
  for (const auto* name : {"membar.gl", "membar.cta", "fence.sc.gpu", "fence.acq_rel.gpu"})
    table[name] = nothing;
  table["bar.sync"] = table["barrier.sync"] = {nothing.run, Action::Meets::block};
  for (const auto* name : {"bar.warp.sync", "shfl.sync.bfly.b32", "vote.sync.ballot.b32"})
    table[name] = {nothing.run, Action::Meets::warp};
  for (const auto* space : {"global", "local", "shared"}) {
    table["cvta." + std::string(space) + ".u64"] = table.at("mov.u64");
    table["cvta.to." + std::string(space) + ".u64"] = table.at("mov.u64");
  }
}

/// Sums of numbers longer than a register: of a and b, or of half of a product and c, and what was carried.
template <class T, class Wide>
void add_carries(Table& table, const std::string& type) {
  constexpr unsigned width = 8 * sizeof(T);
  const auto sum = [](bool takes, bool gives, auto term) -> Action {
    return {[=](Machine& machine, Thread& thread, const Instruction& i) {
      const auto last = as<T>(bits_of(machine, thread, i.operands.back()));
      const Wide total = Wide(term(machine, thread, i)) + last + (takes && thread.carry ? 1 : 0);
      if (gives) thread.carry = total >> width != 0;
      put(thread, i.operands[0], bits(static_cast<T>(total)));
    }};
  };
  const auto operand = [](Machine& machine, Thread& thread, const Instruction& i, std::size_t k) {
    return Wide(as<T>(bits_of(machine, thread, i.operands[k])));
  };
  const auto first = [=](Machine& m, Thread& t, const Instruction& i) { return T(operand(m, t, i, 1)); };
  const auto low = [=](Machine& m, Thread& t, const Instruction& i) {
    return T(operand(m, t, i, 1) * operand(m, t, i, 2));
  };
  const auto high = [=](Machine& m, Thread& t, const Instruction& i) {
    return T(operand(m, t, i, 1) * operand(m, t, i, 2) >> width);
  };
  for (const bool takes : {false, true})
    for (const bool gives : {false, true}) {
      if (!takes && !gives) continue;
      const std::string c = takes ? "c." : ".", cc = gives ? "cc." : "";
      table["add" + c + cc + type] = sum(takes, gives, first);
      table["mad" + c + "lo." + cc + type] = sum(takes, gives, low);
      table["mad" + c + "hi." + cc + type] = sum(takes, gives, high);
      table["sub" + c + cc + type] = {[=](Machine& m, Thread& t, const Instruction& i) {
        const Wide a = operand(m, t, i, 1), b = operand(m, t, i, 2) + (takes && t.carry ? 1 : 0);
        if (gives) t.carry = a < b;
        put(t, i.operands[0], bits(static_cast<T>(a - b)));
      }};
    }
}

/// Nobody runs between what they read and what they write.
void add_atomics(Table& table) {
  const auto change = [](auto f) -> Action {
    return {[f](Machine& machine, Thread& thread, const Instruction& i) {
      auto* at = machine.memory(thread, i, i.operands[1], sizeof(std::uint32_t), true);
      std::uint32_t before;
      std::memcpy(&before, at, sizeof before);
      const auto after = f(machine, thread, i, before);
      std::memcpy(at, &after, sizeof after);
      put(thread, i.operands[0], before);
    }};
  };
  table["atom.global.exch.b32"] =
      change([](Machine& machine, Thread& thread, const Instruction& i, std::uint32_t) {
        return as<std::uint32_t>(bits_of(machine, thread, i.operands[2]));
      });
  table["atom.global.cas.b32"] =
      change([](Machine& machine, Thread& thread, const Instruction& i, std::uint32_t before) {
        const bool same = before == as<std::uint32_t>(bits_of(machine, thread, i.operands[2]));
        return same ? as<std::uint32_t>(bits_of(machine, thread, i.operands[3])) : before;
      });
}

template <class T, class Wide>
void add_all(Table& table, const std::string& type) {
  add_moves<T>(table, type);
  add_comparisons<T>(table, type);
  add_integers<T, Wide>(table, type);
  add_conversions<T>(table, type);
}

Table all_actions() {
  Table table;
  add_all<std::int16_t, std::int32_t>(table, "s16");
  add_all<std::uint16_t, std::uint32_t>(table, "u16");
  add_all<std::int32_t, std::int64_t>(table, "s32");
  add_all<std::uint32_t, std::uint64_t>(table, "u32");
  add_all<std::int64_t, __int128>(table, "s64");
  add_all<std::uint64_t, unsigned __int128>(table, "u64");
  add_moves<std::int8_t>(table, "s8");
  add_moves<std::uint8_t>(table, "u8");
  add_conversions<std::int8_t>(table, "s8");
  add_conversions<std::uint8_t>(table, "u8");
  add_moves<std::uint8_t>(table, "b8");
  add_moves<std::uint16_t>(table, "b16");
  add_moves<std::uint32_t>(table, "b32");
  add_moves<std::uint64_t>(table, "b64");
  add_comparisons<std::uint16_t>(table, "b16");
  add_comparisons<std::uint32_t>(table, "b32");
  add_comparisons<std::uint64_t>(table, "b64");
  add_bits<std::uint16_t>(table, "b16");
  add_bits<std::uint32_t>(table, "b32");
  add_bits<std::uint64_t>(table, "b64");
  add_bits<std::uint32_t>(table, "pred");
  add_moves<std::uint32_t>(table, "pred");
  add_moves<float>(table, "f32");
  add_moves<double>(table, "f64");
  add_comparisons<float>(table, "f32");
  add_comparisons<double>(table, "f64");
  add_floats<float>(table, "f32");
  add_floats<double>(table, "f64");
  add_conversions<float>(table, "f32");
  add_conversions<double>(table, "f64");
  // The hardware gives the upper half alone.
  table["rcp.approx.f64"] =
      unary<double>([](double a) { return as<double>(bits(1 / a) & 0xffffffff00000000); });
  add_carries<std::uint32_t, std::uint64_t>(table, "u32");
  add_carries<std::uint64_t, unsigned __int128>(table, "u64");
  add_halves(table);
  add_control(table);
  add_atomics(table);
  return table;
}

}  // namespace

const Action& action_of(const std::string& name) {
  static const Table table = all_actions();
  auto plain = name;
  for (const std::string dropped : {".uni", ".ftz"}) {
    const auto at = plain.find(dropped);
    if (at != std::string::npos) plain.erase(at, dropped.size());
  }
  const auto found = table.find(plain);
  if (found == table.end()) throw InternalError("PTX is not understood: " + name);
  return found->second;
}

}  // namespace reel::test::ptx
