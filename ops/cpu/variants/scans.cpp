#include <cpu/loops.h>
#include <cpu/vector.h>

#include <algorithm>
#include <type_traits>

namespace reel::cpu::REEL_VARIANT {

namespace {

/// What is handed from step to step: more exact than a float.
template <class T>
using Handed = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// Beside that of vectors.
template <class H>
H choose(bool condition, H a, H b) {
  return condition ? a : b;
}

/// x factor; of an adjoint 0 where x is 0, and nothing is multiplied by it.
template <bool of_adjoints, class H>
H product(H x, H factor) {
  if constexpr (of_adjoints)
    return x * choose(x == H(0), H(0), factor);
  else
    return x * factor;
}

/// What a step makes of what it is handed, and hands on.
template <bool after, bool of_adjoints, class H>
H stepped(H& handed, H factor, H term) {
  const H value = (after ? handed : product<of_adjoints>(handed, factor)) + term;
  handed = after ? product<of_adjoints>(value, factor) : value;
  return value;
}

template <class T>
void store(const Vector<Handed<T>>& x, T* to) {
  if constexpr (std::is_same_v<T, float>)
    store_rounded(x, to);
  else
    x.store(to);
}

/// One step of columns that are side by side in y; those of a and b as well, or the same for all.
template <class T, bool after, bool of_adjoints, bool a_varies, bool b_varies>
void step(const T* a, const T* b, Handed<T>* handed, T* y, std::int64_t columns) {
  using H = Handed<T>;
  std::int64_t j = 0;
  if constexpr (std::is_floating_point_v<T>) {
    using V = Vector<H>;
    const auto values = [&](const T* from, bool varies) {
      return varies ? load_doubles(from + j) : V(static_cast<H>(*from));
    };
    for (; j + V::size <= columns; j += V::size) {
      auto lanes = V::load(handed + j);
      const auto y_j = stepped<after, of_adjoints>(lanes, values(a, a_varies), values(b, b_varies));
      lanes.store(handed + j);
      store<T>(y_j, y + j);
    }
  }
  for (; j < columns; ++j)
    y[j] = static_cast<T>(stepped<after, of_adjoints>(handed[j], static_cast<H>(a[a_varies ? j : 0]),
                                                      static_cast<H>(b[b_varies ? j : 0])));
}

/// The steps from `from` on, all rows at each of them. Elsewhere than side by side each column is a row.
template <class T, bool after, bool of_adjoints, bool a_varies, bool b_varies>
void run_steps(const Scan& scan, Handed<T>* handed, bool side_by_side, std::int64_t from) {
  for (auto t = from; t < scan.steps; ++t) {
    auto* next = handed;
    for (const auto& row : scan.rows) {
      const auto* a = static_cast<const T*>(row.a) + t * scan.step.a;
      const auto* b = static_cast<const T*>(row.b) + t * scan.step.b;
      auto* y = static_cast<T*>(row.y) + t * scan.step.y;
      if (side_by_side)
        step<T, after, of_adjoints, a_varies, b_varies>(a, b, next, y, row.count);
      else
        for (std::int64_t j = 0; j < row.count; ++j)
          step<T, after, of_adjoints, false, false>(a + j * scan.column.a, b + j * scan.column.b, next + j,
                                                    y + j * scan.column.y, 1);
      next += row.count;
    }
  }
}

/// What the first step is handed, or, where that is nothing, the first step. The number of steps made.
template <class T, bool after, bool of_adjoints>
std::int64_t start(const Scan& scan, Handed<T>* handed) {
  using H = Handed<T>;
  for (const auto& row : scan.rows) {
    for (std::int64_t j = 0; j < row.count; ++j, ++handed) {
      if (row.first) {
        *handed = static_cast<H>(static_cast<const T*>(row.first)[j * scan.column.first]);
        continue;
      }
      const H value = static_cast<H>(static_cast<const T*>(row.b)[j * scan.column.b]);
      static_cast<T*>(row.y)[j * scan.column.y] = static_cast<T>(value);
      const H factor = static_cast<H>(static_cast<const T*>(row.a)[j * scan.column.a]);
      *handed = after ? product<of_adjoints>(value, factor) : value;
    }
  }
  return scan.rows[0].first ? 0 : 1;
}

template <class T, bool after, bool of_adjoints>
void run_scan(const Scan& scan) {
  Handed<T> handed[Scan::most_columns];
  const auto from = start<T, after, of_adjoints>(scan, handed);
  const auto is_near = [](std::int64_t stride) { return stride == 0 || stride == 1; };
  const auto& column = scan.column;
  const bool side_by_side = column.y == 1 && is_near(column.a) && is_near(column.b);
  if (column.a != 0)
    column.b != 0 ? run_steps<T, after, of_adjoints, true, true>(scan, handed, side_by_side, from)
                  : run_steps<T, after, of_adjoints, true, false>(scan, handed, side_by_side, from);
  else
    column.b != 0 ? run_steps<T, after, of_adjoints, false, true>(scan, handed, side_by_side, from)
                  : run_steps<T, after, of_adjoints, false, false>(scan, handed, side_by_side, from);
}

template <class T>
ScanLoop scan_of(bool after, bool of_adjoints) {
  return after         ? of_adjoints ? run_scan<T, true, true> : run_scan<T, true, false>
                 : of_adjoints ? run_scan<T, false, true>
                       : run_scan<T, false, false>;
}

}  // namespace

ScanLoop scan(ElementType element, bool after, bool of_adjoints) {
  switch (element) {
    case ElementType::float32:
      return scan_of<float>(after, of_adjoints);
    case ElementType::float64:
      return scan_of<double>(after, of_adjoints);
    default:
      return scan_of<std::int64_t>(after, of_adjoints);
  }
}

}  // namespace reel::cpu::REEL_VARIANT
