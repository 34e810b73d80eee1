// A program outside Reel's tree, built against an installed Reel.

#include <reel/map.h>
#include <reel/reel.h>
#include <reel/xtensor.h>

#include <cstdio>

using namespace reel;

/// A map of one's own.
struct Leak {
  static constexpr auto name = "leak";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0), x, x / 8);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {scaled_adjoint(dy, select(y[0] > 0, 1.0, 0.125))};
  }
};

int main() {
  Model model(Seed{1});
  const GRU cell(model / "cell", 2, 4);
  const Linear head(model / "head", 4, 1);
  TrainingStep step(model, Adam(0.05), [&](Tensor x, Tensor y) {
    return mean_squared_error(apply<Leak>(head(unroll(cell, x, cell.initial_state(3)).state)), y);
  });
  const xt::xarray<float> ones = xt::ones<float>({5, 3, 2});
  const Array x = to_array(0.5f * ones), y(Shape{3, 1}, std::vector<float>{1, 2, 3});
  const double first = step(x, y).item();
  double last = first;
  for (int i = 0; i < 50; ++i) last = step(x, y).item();
  const auto back = to_xtensor<float>(x);
  std::printf("loss %.3f -> %.3f\n", first, last);
  return check_operation(map_operation<Leak>()).empty() && last < first && back.shape(0) == 5 &&
                 back(4, 2, 1) == 0.5f
             ? 0
             : 1;
}
