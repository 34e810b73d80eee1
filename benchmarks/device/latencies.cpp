#include "latencies.h"

#include "../timing.h"
#include "run/cuda/cuda_driver.h"

namespace benchmarks {

using namespace reel;

namespace {

/// All blocks wait for one another, so many times: each adds one to a counter in memory and watches it. They
/// are few enough to be on the device at the same time. Words: counter, rounds.
const char* const barriers = R"(
  int* counter = words.pointer<int>(0);
  for (int round = 1; round <= words[1]; ++round) {
    sync_block();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(counter, 1);
      volatile int* seen = counter;
      while (*seen < round * int(gridDim.x)) {
      }
      __threadfence();
    }
    sync_block();
  }
)";

class Latencies {
 public:
  explicit Latencies(std::shared_ptr<cuda::Driver> driver) : driver_(std::move(driver)) {
    cuda::Source source;
    const auto empty = cuda::add_kernel(source, {{"device.cuh", ""}}, 2, "");
    const auto barrier = cuda::add_kernel(source, {{"device.cuh", ""}}, 2, barriers);
    module_ = driver_->load(source);
    empty_ = module_->function(empty);
    barrier_ = module_->function(barrier);
  }

  std::vector<Row> measure() {
    add("a kernel in a graph", in_graph(2000, [&] {
          driver_->launch(empty_, {1, 32, 0}, words(0, 0).data(), 2);
        }));
    for (int blocks : {8, 32, 128})
      add("a barrier of " + std::to_string(blocks) + " blocks", barrier_us(blocks));
    for (auto precision : {ProductPrecision::float32, ProductPrecision::tf32, ProductPrecision::bfloat16})
      add_product(precision);
    return rows_;
  }

 private:
  static std::vector<std::int64_t> words(std::int64_t a, std::int64_t b) { return {a, b}; }
  void add(const std::string& what, double us) { rows_.push_back({{"what", what}, {"us", us}}); }

  cuda::DeviceMemory memory(std::size_t bytes) const {
    cuda::DeviceMemory memory(driver_, bytes);
    if (!memory.get()) throw std::runtime_error("the device has no memory left");
    const std::vector<std::byte> zeros(bytes);
    driver_->upload(memory.get(), zeros.data(), bytes);
    driver_->finish();
    return memory;
  }

  /// Microseconds each of so many in one graph, that of launching the graph shared out among them.
  template <class Launch>
  double in_graph(int count, const Launch& launch) {
    driver_->begin_capture();
    for (int i = 0; i < count; ++i) launch();
    const auto graph = driver_->end_capture();
    const auto ms = median_ms({3, 20, 7, 0}, [&] {
      driver_->replay(*graph);
      driver_->finish();
    });
    return 1e3 * ms / count;
  }

  double barrier_us(int blocks) {
    constexpr int rounds = 1000;
    const auto counter = memory(sizeof(int));
    const int zero = 0;
    const auto at = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(counter.get()));
    return 1e3 / rounds * median_ms({3, 20, 7, 0}, [&] {
             driver_->upload(counter.get(), &zero, sizeof zero);
             driver_->launch(barrier_, {blocks, 256, 0}, words(at, rounds).data(), 2);
             driver_->finish();
           });
  }

  /// That of a step of an LSTM: a batch of 64, 512 units.
  void add_product(ProductPrecision precision) {
    constexpr std::int64_t batch = 64, hidden = 512, gates = 4 * hidden;
    CudaProduct product{ElementType::float32, batch,         gates,        hidden, 1,
                        {hidden, 1, 0},       {gates, 1, 0}, {gates, 1, 0}};
    product.precision = precision;
    const auto how = driver_->prepare(product);
    const auto a = memory(batch * hidden * sizeof(float)), b = memory(hidden * gates * sizeof(float)),
               c = memory(batch * gates * sizeof(float));
    const char* names[] = {"float32", "TF32", "bfloat16"};
    add(std::string("a product of [64, 512] and [512, 2048], ") + names[static_cast<int>(precision)],
        in_graph(200, [&] { driver_->multiply(*how, a.get(), b.get(), nullptr, c.get()); }));
  }

  const std::shared_ptr<cuda::Driver> driver_;
  std::shared_ptr<cuda::Module> module_;
  cuda::Function empty_ = nullptr, barrier_ = nullptr;
  std::vector<Row> rows_;
};

}  // namespace

namespace {

/// None for the processor.
std::shared_ptr<cuda::Driver> driver_of(const std::string& device) {
  if (device.rfind("cuda", 0) != 0) return nullptr;
  const auto colon = device.find(':');
  return cuda::open_driver(colon == std::string::npos ? 0 : std::stoi(device.substr(colon + 1)));
}

}  // namespace

std::vector<Row> latencies(const std::string& device) {
  const auto driver = driver_of(device);
  return driver ? Latencies(driver).measure() : std::vector<Row>();
}

}  // namespace benchmarks
