#pragma once
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include <reel/device.h>

#include "run/cuda/driver.h"

/// A device that is none: kernels are compiled as C++ and run on the processor, thread after thread.
namespace reel::test {

class EmulatedDriver : public cuda::Driver {
 public:
  struct Options {
    /// Of the order in which blocks and threads run; 0: in their order.
    std::uint64_t seed = 0;
    /// Of the device.
    std::size_t memory = std::size_t{1} << 34;
    /// Kernels are noted and not compiled; such a device runs nothing. What is noted is compiled, many at a
    /// time, by the next one that is asked for any of it.
    bool only_notes = false;
    /// Graphs that can be made; the next one fails.
    int most_graphs = 1 << 30;
  };
  explicit EmulatedDriver(const Options& options);

  std::string name() const override { return "emulated"; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) override;
  Room room() override;
  void upload(void* to, const void* from, std::size_t bytes) override;
  void* allocate_pinned(std::size_t bytes) override { return std::malloc(bytes); }
  void release_pinned(void* memory) override { std::free(memory); }
  /// Copied as late as may be: when something waits for it.
  std::shared_ptr<cuda::Event> upload_beside(void* to, const void* pinned, std::size_t bytes) override;
  void wait_for(const cuda::Event& event) override { finish(event); }
  void finish(const cuda::Event& event) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  std::shared_ptr<cuda::Module> load(const cuda::Source& source) override;
  void launch(cuda::Function function, const cuda::Geometry& geometry, const std::int64_t* words,
              std::size_t count) override;
  std::shared_ptr<cuda::Multiplication> prepare(const CudaProduct& product) override;
  void multiply(const cuda::Multiplication& product, const void* a, const void* b, const void* addend,
                void* c) override;
  void begin_capture() override;
  std::shared_ptr<cuda::Graph> end_capture() override;
  void abandon_capture() noexcept override { captures_ = false; }
  void replay(const cuda::Graph& graph) override;
  /// Throws InternalError where a kernel has written beside its memory.
  void finish() override;

  std::uint64_t launches() const { return launches_; }
  std::uint64_t products() const { return products_; }
  std::uint64_t replays() const { return replays_; }

 protected:
  const Options& options() const { return options_; }
  /// Whether so many bytes are of one piece of the device's memory.
  bool holds(const void* memory, std::size_t bytes);
  /// Runs a kernel; `seed` is that of the order of blocks and threads.
  virtual void start(cuda::Function function, const cuda::Geometry& geometry, const std::int64_t* words,
                     std::size_t count, std::uint64_t seed);

 private:
  const Options options_;
  std::uint64_t launches_ = 0, products_ = 0, replays_ = 0;
  /// What is being captured.
  std::vector<std::function<void()>> captured_;
  bool captures_ = false;
  int graphs_ = 0;
  std::mutex mutex_;
  std::size_t held_ = 0;
  std::set<const std::byte*> pieces_;
};

Device emulated_cuda(const EmulatedDriver::Options& options = {});

}  // namespace reel::test
