#include <cpu/loops.h>
#include <cpu/vector.h>
#include <reduction_list.h>
#include <reductions.h>

#include <algorithm>
#include <cstring>

namespace reel::cpu::REEL_VARIANT {

namespace {

template <class V, class T>
V load(const T* from) {
  if constexpr (std::is_same_v<T, float> && std::is_same_v<V, Vector<double>>)
    return load_doubles(from);
  else
    return V::load(from);
}

/// Joins f(first) ... f(last - 1) in blocks, and those in pairs, so that no number is rounded often.
template <class Op, class Total, class F>
Total joined(std::int64_t first, std::int64_t last, std::int64_t block, F&& f) {
  if (last - first <= block) return f(first, last);
  const auto half = first + (last - first + block) / (2 * block) * block;
  const auto left = joined<Op, Total>(first, half, block, f);
  return Op::join(left, joined<Op, Total>(half, last, block, f));
}

/// One value of the lanes that stand `step` apart. Numbers alone: of a loop over few lanes GCC 12 makes
/// vectors that are half empty, and zeros times infinity raise an exception.
template <class Op, int size, int step = 1, class Total>
Total joined_lanes(const Total* lanes) {
  if constexpr (step == size)
    return *lanes;
  else
    return Op::join(joined_lanes<Op, size, 2 * step>(lanes), joined_lanes<Op, size, 2 * step>(lanes + step));
}

/// One value of elements that stand side by side.
template <class Op, class T>
auto block_total(const T* x, std::int64_t count) {
  using Total = typename Op::template Total<T>;
  auto total = Op::template start<Total>();
  std::int64_t i = 0;
  if constexpr (std::is_floating_point_v<T>) {
    using V = Vector<Total>;
    // Four, since the processor works on as many at a time.
    V a = total, b = total, c = total, d = total;
    for (; i + 4 * V::size <= count; i += 4 * V::size) {
      a = Op::join(a, load<V>(x + i));
      b = Op::join(b, load<V>(x + i + V::size));
      c = Op::join(c, load<V>(x + i + 2 * V::size));
      d = Op::join(d, load<V>(x + i + 3 * V::size));
    }
    for (; i + V::size <= count; i += V::size) a = Op::join(a, load<V>(x + i));
    if (i > 0) {
      Total lanes[V::size];
      Op::join(Op::join(a, b), Op::join(c, d)).store(lanes);
      total = joined_lanes<Op, V::size>(lanes);
    }
  }
  for (; i < count; ++i) total = Op::join(total, static_cast<Total>(x[i]));
  return total;
}

template <class Op, class T>
auto row_total(const T* x, std::int64_t count) {
  using Total = typename Op::template Total<T>;
  return joined<Op, Total>(0, count, 1024, [&](std::int64_t first, std::int64_t last) {
    return block_total<Op>(x + first, last - first);
  });
}

/// Joins columns of four rows.
template <class Op, class T, class Total = typename Op::template Total<T>>
void take_four(Total* totals, std::int64_t columns, const T* a, const T* b, const T* c, const T* d) {
  std::int64_t i = 0;
  if constexpr (std::is_floating_point_v<T>) {
    using V = Vector<Total>;
    for (; i + V::size <= columns; i += V::size) {
      const V ab = Op::join(load<V>(a + i), load<V>(b + i)), cd = Op::join(load<V>(c + i), load<V>(d + i));
      Op::join(V::load(totals + i), Op::join(ab, cd)).store(totals + i);
    }
  }
  for (; i < columns; ++i) {
    const Total ab = Op::join(Total(a[i]), Total(b[i])), cd = Op::join(Total(c[i]), Total(d[i]));
    totals[i] = Op::join(totals[i], Op::join(ab, cd));
  }
}

/// Joins columns of the rows first to last - 1, which start at x + row(i).
template <class Op, class T, class Row, class Total = typename Op::template Total<T>>
void take_rows(Total* totals, std::int64_t columns, const T* x, std::int64_t first, std::int64_t last,
               Row&& row) {
  auto i = first;
  for (; i + 4 <= last; i += 4)
    take_four<Op>(totals, columns, x + row(i), x + row(i + 1), x + row(i + 2), x + row(i + 3));
  for (; i < last; ++i) {
    const auto* one = x + row(i);
    for (std::int64_t j = 0; j < columns; ++j) totals[j] = Op::join(totals[j], static_cast<Total>(one[j]));
  }
}

/// Values of columns that stand side by side: of many, since the rows of a wide matrix lie on pages of their
/// own. They fit the first cache.
template <class Op, class T>
struct Run {
  using Total = typename Op::template Total<T>;
  static constexpr std::int64_t most = 1024;
  std::int64_t columns;
  Total values[most];

  static Run start(std::int64_t columns) {
    Run run;
    run.columns = columns;
    std::fill_n(run.values, columns, Op::template start<Total>());
    return run;
  }
  friend Run join_runs(const Run& a, const Run& b) {
    Run run;
    run.columns = a.columns;
    for (std::int64_t i = 0; i < a.columns; ++i) run.values[i] = Op::join(a.values[i], b.values[i]);
    return run;
  }
};

struct JoinRuns {
  template <class Run>
  static Run join(const Run& a, const Run& b) {
    return join_runs(a, b);
  }
};

/// Values of `columns` columns from the rows that start at x + row(i).
template <class Op, class T, class Row>
Run<Op, T> column_totals(const T* x, std::int64_t rows, std::int64_t columns, Row&& row) {
  return joined<JoinRuns, Run<Op, T>>(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    auto run = Run<Op, T>::start(columns);
    take_rows<Op>(run.values, columns, x, first, last, row);
    return run;
  });
}

template <class Op, class T>
void reduction_loop(const AxisGroups& groups, const void* input, void* output, std::int64_t first,
                    std::int64_t last) {
  using Total = typename Op::template Total<T>;
  const auto* x = static_cast<const T*>(input);
  auto* y = static_cast<T*>(output);
  const auto others = AxisGroups::count(groups.reduced), runs = groups.runs(), columns = groups.columns;
  const auto place = [&](std::int64_t i) { return AxisGroups::position(groups.reduced, i); };
  for (auto unit = first; unit < last;) {
    const auto* from = x + AxisGroups::position(groups.kept, unit / runs);
    if (groups.columns_reduced) {
      y[unit] = Op::template finish<T>(joined<Op, Total>(0, others, 1, [&](std::int64_t i, std::int64_t end) {
        return i == end ? Op::template start<Total>() : row_total<Op>(from + place(i), columns);
      }));
      ++unit;
    } else {
      // As many units as stand side by side.
      const auto column = unit % runs * AxisGroups::run;
      const auto count = std::min({Run<Op, T>::most, columns - column, (last - unit) * AxisGroups::run});
      const auto totals = column_totals<Op>(from + column, others, count, place);
      for (std::int64_t i = 0; i < count; ++i)
        y[unit / runs * columns + column + i] = Op::template finish<T>(totals.values[i]);
      unit += (count + AxisGroups::run - 1) / AxisGroups::run;
    }
  }
}

template <class Op, class T>
void row_loop(const void* input, void* output, std::int64_t rows, std::int64_t columns) {
  const auto* x = static_cast<const T*>(input);
  auto* y = static_cast<T*>(output);
  for (std::int64_t row = 0; row < rows; ++row)
    y[row] = Op::template finish<T>(row_total<Op>(x + row * columns, columns));
}

template <class Op, class T>
ColumnLoops column_loops() {
  using Total = typename Op::template Total<T>;
  ColumnLoops loops;
  loops.total_bytes = sizeof(Total);
  loops.start = [](void* totals, std::int64_t columns) {
    std::fill_n(static_cast<Total*>(totals), columns, Op::template start<Total>());
  };
  loops.take = [](void* totals, const void* input, std::int64_t rows, std::int64_t columns) {
    take_rows<Op>(static_cast<Total*>(totals), columns, static_cast<const T*>(input), 0, rows,
                  [columns](std::int64_t row) { return row * columns; });
  };
  loops.join = [](void* totals, const void* others, std::int64_t columns) {
    auto* a = static_cast<Total*>(totals);
    const auto* b = static_cast<const Total*>(others);
    for (std::int64_t i = 0; i < columns; ++i) a[i] = Op::join(a[i], b[i]);
  };
  loops.finish = [](const void* totals, void* output, std::int64_t columns) {
    const auto* from = static_cast<const Total*>(totals);
    auto* to = static_cast<T*>(output);
    for (std::int64_t i = 0; i < columns; ++i) to[i] = Op::template finish<T>(from[i]);
  };
  return loops;
}

/// Calls `f` with the reduction of that name and a zero of the element type.
template <class F>
auto with_reduction(const char* name, ElementType element, F&& f) {
  return with_type(element, [&](auto zero) -> decltype(f(reductions::Sum{}, 0)) {
    if constexpr (!std::is_same_v<decltype(zero), bool>) {
#define REEL_OF_NAME(function, R) \
  if (std::strcmp(name, reductions::R::name) == 0) return f(reductions::R{}, zero);
      REEL_REDUCTIONS(REEL_OF_NAME)
#undef REEL_OF_NAME
    }
    return {};
  });
}

}  // namespace

ReductionLoop reduction(const char* name, ElementType element) {
  return with_reduction(name, element, [](auto op, auto zero) -> ReductionLoop {
    return reduction_loop<decltype(op), decltype(zero)>;
  });
}

RowLoop rows(const char* name, ElementType element) {
  return with_reduction(name, element,
                        [](auto op, auto zero) -> RowLoop { return row_loop<decltype(op), decltype(zero)>; });
}

ColumnLoops columns(const char* name, ElementType element) {
  return with_reduction(name, element, [](auto op, auto zero) -> ColumnLoops {
    return column_loops<decltype(op), decltype(zero)>();
  });
}

}  // namespace reel::cpu::REEL_VARIANT
