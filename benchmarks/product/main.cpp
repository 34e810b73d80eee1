// Times Reel's matrix product beside OpenBLAS, in GFLOP/s, at the sizes of recurrent networks; beside oneDNN
// (Debian's libdnnl-dev) and libxsmm (libxsmm-dev) too where they are there when this is built. Each figure
// is the best of many short runs, taken in turns; libxsmm has one thread.
//
//   product_benchmark [--isa avx2] [threads] [most multiply-adds of a product, in millions]

#include <cblas.h>
#include <cpu/product.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "isa.h"
#include "libraries.h"
#include "team.h"

extern "C" void openblas_set_num_threads(int threads);

namespace {

using namespace reel;

struct Size {
  const char* what;
  std::int64_t m, n, k;
  /// Whether the left operand lies [k, m], as in a gradient of weights.
  bool left_transposed = false;
};

const Size sizes[] = {{"streaming", 1, 32, 8},
                      {"streaming", 1, 128, 32},
                      {"streaming", 1, 256, 64},
                      {"streaming", 1, 512, 128},
                      {"step", 16, 256, 64},
                      {"step", 32, 40, 10},
                      {"step", 32, 10, 40},
                      {"step", 32, 48, 10},
                      {"step", 32, 512, 128},
                      {"step", 32, 128, 512},
                      {"step", 64, 1024, 256},
                      {"step", 64, 256, 1024},
                      {"step", 64, 2048, 512},
                      {"step", 64, 512, 2048},
                      {"step", 128, 2048, 512},
                      {"hoisted", 320, 40, 30},
                      {"hoisted", 1600, 256, 64},
                      {"hoisted", 1600, 512, 64},
                      {"hoisted", 3200, 1024, 128},
                      {"hoisted", 3200, 2048, 256},
                      {"hoisted", 3200, 256, 2048},
                      {"hoisted", 6400, 2048, 512},
                      {"weights", 30, 40, 320, true},
                      {"weights", 64, 256, 1600, true},
                      {"weights", 128, 512, 1600, true},
                      {"weights", 256, 1024, 3200, true},
                      {"weights", 256, 2048, 3200, true},
                      {"weights", 512, 2048, 3200, true},
                      {"weights", 512, 2048, 6400, true}};

/// Memory aligned to a cache line.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : data_(std::aligned_alloc(64, (bytes + 64) / 64 * 64)) {}
  ~Memory() { std::free(data_); }
  Memory(const Memory&) = delete;
  Memory(Memory&& other) : data_(std::exchange(other.data_, nullptr)) {}
  void* data() const { return data_; }

 private:
  void* data_;
};

Memory random_floats(std::int64_t count) {
  static std::mt19937 random;
  Memory memory(static_cast<std::size_t>(count) * sizeof(float));
  std::uniform_real_distribution<float> values(-1, 1);
  for (std::int64_t i = 0; i < count; ++i) static_cast<float*>(memory.data())[i] = values(random);
  return memory;
}

using Run = std::function<void()>;

/// The least time of a call of each, in nanoseconds.
std::vector<double> least_times(const std::vector<Run>& runs, double flops) {
  std::vector<double> least(runs.size(), 1e300);
  const auto repeats = std::max<std::int64_t>(1, static_cast<std::int64_t>(1e7 / flops));
  const int rounds = flops > 1e9 ? 5 : flops > 1e8 ? 12 : 40;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i]();
      const auto start = std::chrono::steady_clock::now();
      for (std::int64_t repeat = 0; repeat < repeats; ++repeat) runs[i]();
      const std::chrono::duration<double, std::nano> duration = std::chrono::steady_clock::now() - start;
      least[i] = std::min(least[i], duration.count() / static_cast<double>(repeats));
    }
  return least;
}

/// One kernel with the memory it needs.
class Kernel {
 public:
  Kernel(CpuKernel kernel, std::vector<const void*> inputs, void* output, benchmarks::Team& team)
      : kernel_(std::move(kernel)), inputs_(std::move(inputs)), output_(output), team_(&team) {
    for (int i = 0; i < team.size(); ++i) scratch_.emplace_back(kernel_.scratch_bytes);
  }
  void operator()() const {
    const auto part = [&](int rank) {
      kernel_.run({inputs_.data(), output_, scratch_[rank].data(), rank, team_->size(), {}});
    };
    if (team_->size() == 1) return part(0);
    team_->run(part);
  }

 private:
  CpuKernel kernel_;
  std::vector<const void*> inputs_;
  void* output_;
  benchmarks::Team* team_;
  std::vector<Memory> scratch_;
};

void measure(const Size& size, int threads) {
  const auto [what, m, n, k, transposed] = size;
  const auto a = random_floats(m * k), b = random_floats(k * n), c = random_floats(m * n);
  const Attributes attributes{{"left", std::string(transposed ? "km" : "mk")}, {"right", std::string("kn")}};
  const auto type = [](std::int64_t rows, std::int64_t columns) {
    return Layout::contiguous({ElementType::float32, {rows, columns}});
  };
  KernelRequest request{{transposed ? type(k, m) : type(m, k), type(k, n)}, type(m, n), attributes};
  std::vector<Run> runs;
  std::vector<Memory> packed;
  std::vector<std::unique_ptr<Kernel>> kernels;
  auto team = std::make_unique<benchmarks::Team>(threads);
  for (auto variant : cpu::usable_variants())
    for (bool prepared : {true, false}) {
      request.prepared = prepared;
      if (prepared) {
        packed.emplace_back(cpu::packed_bytes(request, variant));
        benchmarks::Team one(1);
        Kernel(cpu::packing_kernel(request, variant), {b.data()}, packed.back().data(), one)();
      }
      kernels.push_back(std::make_unique<Kernel>(
          cpu::product_kernel(request, variant),
          std::vector<const void*>{a.data(), prepared ? packed.back().data() : b.data()}, c.data(), *team));
      runs.push_back([kernel = kernels.back().get()] { (*kernel)(); });
    }
  const auto flops = 2.0 * static_cast<double>(m * n * k);
  auto times = least_times(runs, flops);
  team = nullptr;  // its threads spin
  const auto in_int = [](std::int64_t extent) { return static_cast<int>(extent); };
  times.push_back(least_times({[&, m = m, n = n, k = k, transposed = transposed] {
                                cblas_sgemm(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans,
                                            CblasNoTrans, in_int(m), in_int(n), in_int(k), 1,
                                            static_cast<const float*>(a.data()), in_int(transposed ? m : k),
                                            static_cast<const float*>(b.data()), in_int(n), 0,
                                            static_cast<float*>(c.data()), in_int(n));
                              }},
                              flops)[0]);
  const auto best = times[times.size() - 3];
  const ProductOfFloats product{m,
                                n,
                                k,
                                transposed,
                                static_cast<const float*>(a.data()),
                                static_cast<const float*>(b.data()),
                                static_cast<float*>(c.data())};
  for (const auto& run : {onednn_product(product), libxsmm_product(product)})
    times.push_back(run ? least_times({run}, flops)[0] : 0);
  std::printf("%-10s %5d %5d %5d ", what, in_int(m), in_int(n), in_int(k));
  for (double time : times) {
    if (time > 0)
      std::printf(" %9.1f", flops / time);
    else
      std::printf(" %9s", "-");
  }
  std::printf("  %10.0f\n", best);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const bool is_held = count > 2 && std::string(arguments[1]) == "--isa";
  if (is_held) {
    benchmarks::hold_to_isa(arguments[2], arguments);
    arguments += 2;
  }
  const int threads = arguments[1] ? std::atoi(arguments[1]) : 1;
  if (threads < 1) {
    std::fprintf(stderr,
                 "product_benchmark [--isa avx2] [threads] [most multiply-adds of a product, in millions]\n");
    return 1;
  }
  // Read when the libraries are loaded: oneDNN's number of threads, and what kernels OpenBLAS takes, of which
  // the version of Debian 12 does not know the newest processors.
  if (!std::getenv("OMP_NUM_THREADS")) {
    setenv("OMP_NUM_THREADS", arguments[1] ? arguments[1] : "1", 1);
    if (benchmarks::may_use_avx512()) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
    execv("/proc/self/exe", is_held ? arguments - 2 : arguments);
  }
  const double most = arguments[1] && arguments[2] ? std::atof(arguments[2]) * 1e6 : 1e300;
  openblas_set_num_threads(threads);
  std::printf("%-10s %5s %5s %5s ", "", "M", "N", "K");
  for (auto variant : cpu::usable_variants())
    std::printf(" %9s %9s", cpu::to_string(variant).c_str(), "unpacked");
  std::printf(" %9s %9s %9s  %10s\n", "OpenBLAS", "oneDNN", "libxsmm", "best, ns");
  for (const auto& size : sizes)
    if (static_cast<double>(size.m * size.n * size.k) <= most) measure(size, threads);
}
