#include "emulated_driver.h"

#include <reel/error.h>

#include <cstdlib>
#include <cstring>

#include "emulated_kernels.h"
#include "run/cuda/cuda_backend.h"

namespace reel::test {

namespace {

class EmulatedModule : public cuda::Module {
 public:
  explicit EmulatedModule(bool is_noted) : is_noted_(is_noted) {}
  cuda::Function function(const std::string& name) override {
    return is_noted_ ? nullptr : reinterpret_cast<cuda::Function>(compiled_kernel(name));
  }

 private:
  const bool is_noted_;
};

/// Before each piece of memory stands how large it is, and behind it bytes that nobody may touch.
constexpr std::size_t alignment = 256, guard = 64;
constexpr int untouched = 0xa5;

}  // namespace

EmulatedDriver::EmulatedDriver(const Options& options) : options_(options) {}

void* EmulatedDriver::allocate(std::size_t bytes) {
  if (options_.only_notes) bytes = 1;
  if (bytes > room().free) return nullptr;
  const auto whole = alignment + bytes + guard;
  auto* memory =
      static_cast<std::byte*>(std::aligned_alloc(alignment, (whole + alignment - 1) / alignment * alignment));
  if (!memory) return nullptr;
  std::memcpy(memory, &bytes, sizeof bytes);
  std::memset(memory + alignment, 0xcd, bytes);
  std::memset(memory + alignment + bytes, untouched, guard);
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ += bytes;
  pieces_.insert(memory);
  return memory + alignment;
}

cuda::Driver::Room EmulatedDriver::room() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {options_.memory - held_, options_.memory};
}

void EmulatedDriver::release(void* memory) {
  auto* begin = static_cast<std::byte*>(memory) - alignment;
  std::size_t bytes;
  std::memcpy(&bytes, begin, sizeof bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ -= bytes;
  pieces_.erase(begin);
  std::free(begin);
}

bool EmulatedDriver::holds(const void* memory, std::size_t bytes) {
  const auto* at = static_cast<const std::byte*>(memory);
  const std::lock_guard<std::mutex> lock(mutex_);
  auto piece = pieces_.upper_bound(at);
  if (piece == pieces_.begin()) return false;
  const auto* begin = *--piece;
  std::size_t size;
  std::memcpy(&size, begin, sizeof size);
  return at >= begin + alignment && at + bytes <= begin + alignment + size;
}

void EmulatedDriver::finish() {
  if (captures_) throw InternalError("it waits while launches are noted");
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto* begin : pieces_) {
    std::size_t bytes;
    std::memcpy(&bytes, begin, sizeof bytes);
    for (std::size_t i = 0; i < guard; ++i)
      if (begin[alignment + bytes + i] != std::byte{untouched})
        throw InternalError("a kernel writes past the end of memory of " + std::to_string(bytes) + " bytes");
  }
}

void EmulatedDriver::upload(void* to, const void* from, std::size_t bytes) {
  if (captures_) throw InternalError("it copies while launches are noted");
  if (!options_.only_notes) std::memcpy(to, from, bytes);
}
namespace {

struct EmulatedUpload : cuda::Event {
  std::function<void()> copy;
  mutable std::once_flag done;
};

}  // namespace

std::shared_ptr<cuda::Event> EmulatedDriver::upload_beside(void* to, const void* pinned, std::size_t bytes) {
  auto upload = std::make_shared<EmulatedUpload>();
  upload->copy = [=] { std::memcpy(to, pinned, bytes); };
  return upload;
}
void EmulatedDriver::finish(const cuda::Event& event) {
  const auto& upload = static_cast<const EmulatedUpload&>(event);
  std::call_once(upload.done, upload.copy);
}

void EmulatedDriver::download(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

std::shared_ptr<cuda::Module> EmulatedDriver::load(const cuda::Source& source) {
  options_.only_notes ? note_kernels(source) : compile_kernels(source);
  return std::make_shared<EmulatedModule>(options_.only_notes);
}

void EmulatedDriver::launch(cuda::Function function, const cuda::Geometry& geometry,
                            const std::int64_t* words, std::size_t count) {
  if (options_.only_notes) throw InternalError("this device runs nothing");
  if (captures_) {
    const std::vector<std::int64_t> kept(words, words + count);
    return captured_.push_back(
        [this, function, geometry, kept] { launch(function, geometry, kept.data(), kept.size()); });
  }
  ++launches_;
  start(function, geometry, words, count, options_.seed == 0 ? 0 : options_.seed + launches_);
}

void EmulatedDriver::start(cuda::Function function, const cuda::Geometry& geometry, const std::int64_t* words,
                           std::size_t /*count*/, std::uint64_t seed) {
  char failure[200];
  const device::LaunchOrder order{static_cast<unsigned>(geometry.blocks),
                                  static_cast<unsigned>(geometry.threads), geometry.shared_bytes, seed};
  const auto kernel = reinterpret_cast<device::EmulatedKernel>(const_cast<void*>(function));
  static_assert(sizeof(long long) == sizeof(std::int64_t));
  kernel(order, reinterpret_cast<const long long*>(words), failure, sizeof failure);
  if (failure[0] != '\0') throw InternalError(std::string("a kernel fails: ") + failure);
}

namespace {

/// A factor as a product reads it: rounded to so many bits behind the point, halves to even.
double factor(float x, ProductPrecision precision) {
  if (precision == ProductPrecision::float32 || x - x != 0) return x;
  const unsigned dropped = precision == ProductPrecision::tf32 ? 13 : 16;
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
  bits = bits >> dropped << dropped;
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}
double factor(double x, ProductPrecision) { return x; }

struct EmulatedProduct : cuda::Multiplication {
  explicit EmulatedProduct(const CudaProduct& product) : product(product) {}
  const CudaProduct product;

  template <class T>
  void run(const T* a, const T* b, const T* addend, T* c) const {
    const auto& p = product;
    for (std::int64_t i = 0; i < p.batches * p.rows * p.columns; ++i) {
      const auto column = i % p.columns, row = i / p.columns % p.rows, batch = i / (p.columns * p.rows);
      double sum = 0;
      if (p.addend) sum = addend[batch * p.addend->batch + row * p.addend->row + column * p.addend->column];
      for (std::int64_t k = 0; k < p.inner; ++k)
        sum += factor(a[batch * p.a.batch + row * p.a.row + k * p.a.column], p.precision) *
               factor(b[batch * p.b.batch + k * p.b.row + column * p.b.column], p.precision);
      c[batch * p.c.batch + row * p.c.row + column * p.c.column] = static_cast<T>(sum);
    }
  }
};

}  // namespace

std::shared_ptr<cuda::Multiplication> EmulatedDriver::prepare(const CudaProduct& product) {
  return std::make_shared<EmulatedProduct>(product);
}

void EmulatedDriver::multiply(const cuda::Multiplication& product, const void* a, const void* b,
                              const void* addend, void* c) {
  const auto& own = static_cast<const EmulatedProduct&>(product);
  const auto& how = own.product;
  const auto is_multiple = [](const void* address, int bytes) {
    return reinterpret_cast<std::uintptr_t>(address) % static_cast<std::uintptr_t>(bytes) == 0;
  };
  if (!is_multiple(a, how.a.alignment) || !is_multiple(b, how.b.alignment) ||
      !is_multiple(c, how.c.alignment) || (how.addend && !is_multiple(addend, how.addend->alignment)))
    throw InternalError("an operand of a product stands where it was not to");
  if (captures_)
    return captured_.push_back([this, &product, a, b, addend, c] { multiply(product, a, b, addend, c); });
  ++products_;
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    own.run(static_cast<const T*>(a), static_cast<const T*>(b), static_cast<const T*>(addend),
            static_cast<T*>(c));
  };
  how.element == ElementType::float32 ? run(0.0f) : run(0.0);
}

namespace {

struct EmulatedGraph : cuda::Graph {
  std::vector<std::function<void()>> launches;
};

}  // namespace

void EmulatedDriver::begin_capture() {
  captures_ = true;
  captured_.clear();
}

std::shared_ptr<cuda::Graph> EmulatedDriver::end_capture() {
  captures_ = false;
  if (graphs_++ == options_.most_graphs) throw Error("a graph cannot be made");
  auto graph = std::make_shared<EmulatedGraph>();
  graph->launches = std::move(captured_);
  return graph;
}

void EmulatedDriver::replay(const cuda::Graph& graph) {
  ++replays_;
  for (const auto& launch : static_cast<const EmulatedGraph&>(graph).launches) launch();
}

Device emulated_cuda(const EmulatedDriver::Options& options) {
  return Device(cuda::make_backend(std::make_shared<EmulatedDriver>(options)));
}

}  // namespace reel::test
