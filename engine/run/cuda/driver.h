#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "run/cuda/texts.h"

namespace reel::cuda {

/// Where a launch of a kernel runs.
struct Geometry {
  std::int64_t blocks = 1;
  int threads = 1;  // of a block
  std::size_t shared_bytes = 0;
};

/// A kernel that is loaded; belongs to its module.
using Function = const void*;

/// Compiled kernels in a device's memory.
class Module {
 public:
  virtual ~Module() = default;
  virtual Function function(const std::string& name) = 0;
};

/// How a product is done that a library was asked about.
class Multiplication {
 public:
  virtual ~Multiplication() = default;
};

/// Launches and products that can be done again as one.
class Graph {
 public:
  virtual ~Graph() = default;
};

/// Something that was begun beside the launches.
class Event {
 public:
  virtual ~Event() = default;
};

/// What is asked of a device and its driver. Launches and copies run one after the other, in their order;
/// finish() waits for them. One thread at a time; but any may ask for memory, release it, load kernels,
/// prepare products, download, and copy beside the launches, while another one captures, too.
class Driver {
 public:
  virtual ~Driver() = default;
  /// "NVIDIA H100 80GB HBM3"
  virtual std::string name() const = 0;

  /// Null where there is none left. Addresses are multiples of 256.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) = 0;
  struct Room {
    std::size_t free, total;  // bytes
  };
  virtual Room room() = 0;
  /// What is copied may change as soon as it returns.
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  /// Memory of the host from which a device copies by itself; null where there is none left.
  virtual void* allocate_pinned(std::size_t bytes) = 0;
  virtual void release_pinned(void* memory) = 0;
  /// Copies from pinned memory beside what is launched, in the order of such copies; any thread may ask for
  /// it.
  virtual std::shared_ptr<Event> upload_beside(void* to, const void* pinned, std::size_t bytes) = 0;
  /// What is launched from here on comes after it.
  virtual void wait_for(const Event& event) = 0;
  /// The host waits for it; any thread may.
  virtual void finish(const Event& event) = 0;
  /// Waits for all that was begun before.
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;

  /// Throws Error with the compiler's words where a kernel is none.
  virtual std::shared_ptr<Module> load(const Source& source) = 0;
  virtual void launch(Function function, const Geometry& geometry, const std::int64_t* words,
                      std::size_t count) = 0;
  /// How the library for products does it.
  virtual std::shared_ptr<Multiplication> prepare(const CudaProduct& product) = 0;
  /// `addend` is read where the product has one.
  virtual void multiply(const Multiplication& product, const void* a, const void* b, const void* addend,
                        void* c) = 0;

  /// What is launched and multiplied from here on is noted, and not done.
  virtual void begin_capture() = 0;
  virtual std::shared_ptr<Graph> end_capture() = 0;
  /// Forgets what was noted. Does nothing where nothing was begun.
  virtual void abandon_capture() noexcept = 0;
  virtual void replay(const Graph& graph) = 0;

  virtual void finish() = 0;
};

/// Memory of a device.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(std::shared_ptr<Driver> driver, std::size_t bytes)
      : driver_(std::move(driver)), memory_(driver_->allocate(bytes), [driver = driver_](void* memory) {
          if (memory) driver->release(memory);
        }) {}
  /// Null where there was none.
  std::byte* get() const { return static_cast<std::byte*>(memory_.get()); }

 private:
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<void> memory_;
};

}  // namespace reel::cuda
