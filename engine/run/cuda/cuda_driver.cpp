#include "run/cuda/cuda_driver.h"

#include <reel/error.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "run/cuda/compiler.h"
#include "run/cuda/kernel_cache.h"
#include "run/cuda/library.h"
#include "run/cuda/products.h"

#if !defined(REEL_HAS_CUDA)

namespace reel::cuda {

std::shared_ptr<Driver> open_driver(int) {
  throw Error(
      "[Device] this Reel was built without CUDA: REEL_CUDA was OFF, or the headers of a toolkit from 12 on "
      "were not to be found");
}

}  // namespace reel::cuda

#else

#include <cuda.h>

namespace reel::cuda {

namespace {

/// The functions of the driver that are called, by the versions that the toolkit's header declares.
struct DriverFunctions {
  Library library{"NVIDIA's driver", {"libcuda.so.1"}};
#define REEL_TEXT(name) #name
#define REEL_NAME(name) REEL_TEXT(name)
#define REEL_FUNCTION(member, name) \
  decltype(::name)* member = library.find<decltype(::name)>(REEL_NAME(name));
  REEL_FUNCTION(error_string, cuGetErrorString)
  REEL_FUNCTION(init, cuInit)
  REEL_FUNCTION(device_count, cuDeviceGetCount)
  REEL_FUNCTION(device, cuDeviceGet)
  REEL_FUNCTION(device_name, cuDeviceGetName)
  REEL_FUNCTION(attribute, cuDeviceGetAttribute)
  REEL_FUNCTION(retain, cuDevicePrimaryCtxRetain)
  REEL_FUNCTION(release, cuDevicePrimaryCtxRelease)
  REEL_FUNCTION(set_current, cuCtxSetCurrent)
  REEL_FUNCTION(create_stream, cuStreamCreate)
  REEL_FUNCTION(destroy_stream, cuStreamDestroy)
  REEL_FUNCTION(synchronize, cuStreamSynchronize)
  REEL_FUNCTION(allocate, cuMemAlloc)
  REEL_FUNCTION(free, cuMemFree)
  REEL_FUNCTION(room, cuMemGetInfo)
  REEL_FUNCTION(upload, cuMemcpyHtoDAsync)
  REEL_FUNCTION(download, cuMemcpyDtoHAsync)
  REEL_FUNCTION(allocate_pinned, cuMemHostAlloc)
  REEL_FUNCTION(free_pinned, cuMemFreeHost)
  REEL_FUNCTION(create_event, cuEventCreate)
  REEL_FUNCTION(record_event, cuEventRecord)
  REEL_FUNCTION(wait_for_event, cuStreamWaitEvent)
  REEL_FUNCTION(synchronize_event, cuEventSynchronize)
  REEL_FUNCTION(destroy_event, cuEventDestroy)
  REEL_FUNCTION(load, cuModuleLoadData)
  REEL_FUNCTION(unload, cuModuleUnload)
  REEL_FUNCTION(function, cuModuleGetFunction)
  REEL_FUNCTION(launch, cuLaunchKernel)
  REEL_FUNCTION(begin_capture, cuStreamBeginCapture)
  REEL_FUNCTION(end_capture, cuStreamEndCapture)
  REEL_FUNCTION(instantiate, cuGraphInstantiate)
  REEL_FUNCTION(destroy_graph, cuGraphDestroy)
  REEL_FUNCTION(destroy_executable, cuGraphExecDestroy)
  REEL_FUNCTION(launch_graph, cuGraphLaunch)
#undef REEL_FUNCTION
#undef REEL_NAME
#undef REEL_TEXT

  void check(CUresult result, const std::string& what) const {
    if (result == CUDA_SUCCESS) return;
    const char* reason = nullptr;
    error_string(result, &reason);
    throw Error("[Device] " + what + ": " + (reason ? reason : "error " + std::to_string(result)));
  }
};

const DriverFunctions& cu() {
  static const DriverFunctions functions;
  return functions;
}

CUdeviceptr address_of(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

class CudaModule : public Module {
 public:
  /// The context is current.
  CudaModule(CUcontext context, const std::string& code) : context_(context) {
    cu().check(cu().load(&module_, code.data()), "kernels cannot be loaded");
  }
  CudaModule(const CudaModule&) = delete;
  ~CudaModule() override {
    cu().set_current(context_);
    cu().unload(module_);
  }
  Function function(const std::string& name) override {
    CUfunction found = nullptr;
    cu().check(cu().function(&found, module_, name.c_str()), "there is no kernel " + name);
    return found;
  }

 private:
  const CUcontext context_;
  CUmodule module_ = nullptr;
};

class CudaGraph : public Graph {
 public:
  /// The context is current. The graph is no longer needed.
  CudaGraph(CUcontext context, CUgraph graph) : context_(context) {
    const auto result = cu().instantiate(&executable_, graph, 0);
    cu().destroy_graph(graph);
    cu().check(result, "a graph cannot be made");
  }
  CudaGraph(const CudaGraph&) = delete;
  ~CudaGraph() override {
    cu().set_current(context_);
    cu().destroy_executable(executable_);
  }
  CUgraphExec get() const { return executable_; }

 private:
  const CUcontext context_;
  CUgraphExec executable_ = nullptr;
};

class CudaEvent : public Event {
 public:
  CudaEvent(CUcontext context, CUstream stream) : context_(context) {
    cu().check(cu().create_event(&event_, CU_EVENT_DISABLE_TIMING), "an event cannot be made");
    const auto result = cu().record_event(event_, stream);
    if (result != CUDA_SUCCESS) cu().destroy_event(event_);
    cu().check(result, "an event cannot be recorded");
  }
  CudaEvent(const CudaEvent&) = delete;
  ~CudaEvent() override {
    cu().set_current(context_);
    cu().destroy_event(event_);
  }
  CUevent get() const { return event_; }

 private:
  const CUcontext context_;
  CUevent event_ = nullptr;
};

class CudaDriver : public Driver {
 public:
  // What fails in here is given up by the destructor.
  explicit CudaDriver(int number) : CudaDriver() {
    cu().check(cu().init(0), "NVIDIA's driver does not start");
    int count = 0;
    cu().check(cu().device_count(&count), "devices cannot be counted");
    if (number < 0 || number >= count)
      throw Error("[Device] there is no CUDA device " + std::to_string(number) + ": there are " +
                  std::to_string(count));
    cu().check(cu().device(&device_, number), "device " + std::to_string(number));
    char name[256] = "";
    cu().check(cu().device_name(name, sizeof name, device_), "the device has no name");
    name_ = name;
    architecture_ = architecture_for(10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                                     attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
    cu().check(cu().retain(&context_, device_), name_ + " cannot be used");
    use();
    for (auto* stream : {&stream_, &beside_, &noted_})
      cu().check(cu().create_stream(stream, CU_STREAM_NON_BLOCKING), name_ + " gives no stream");
    products_ = std::make_unique<Products>();
    workspace_ = allocate(Products::workspace_bytes);
    if (!workspace_) throw MemoryError("[Device] " + name_ + " has no memory for products to work in");
  }
  CudaDriver(const CudaDriver&) = delete;
  ~CudaDriver() override {
    if (!context_) return;
    cu().set_current(context_);
    products_.reset();
    if (workspace_) release(workspace_);
    if (bounce_) release_pinned(bounce_);
    for (auto stream : {stream_, beside_, noted_})
      if (stream) cu().destroy_stream(stream);
    cu().release(device_);
  }

  std::string name() const override { return name_; }

  void* allocate(std::size_t bytes) override {
    use();
    CUdeviceptr memory = 0;
    const auto result = cu().allocate(&memory, bytes);
    if (result == CUDA_ERROR_OUT_OF_MEMORY) return nullptr;
    cu().check(result, name_ + " gives no memory");
    return reinterpret_cast<void*>(memory);
  }
  Room room() override {
    use();
    Room room{};
    cu().check(cu().room(&room.free, &room.total), name_ + " does not say how much memory it has");
    return room;
  }
  void release(void* memory) override {
    cu().set_current(context_);
    cu().free(address_of(memory));
  }
  void upload(void* to, const void* from, std::size_t bytes) override {
    if (bytes == 0) return;
    use();
    const bool bounces = bytes <= most_bounced;
    if (bounces) from = std::memcpy(bounced(bytes), from, bytes);
    cu().check(cu().upload(address_of(to), from, bytes, stream_), "data cannot be copied to " + name_);
    if (!bounces) finish();
  }
  void* allocate_pinned(std::size_t bytes) override {
    use();
    void* memory = nullptr;
    return cu().allocate_pinned(&memory, bytes, CU_MEMHOSTALLOC_PORTABLE) == CUDA_SUCCESS ? memory : nullptr;
  }
  void release_pinned(void* memory) override {
    cu().set_current(context_);
    cu().free_pinned(memory);
  }
  std::shared_ptr<Event> upload_beside(void* to, const void* pinned, std::size_t bytes) override {
    use();
    if (bytes > 0)
      cu().check(cu().upload(address_of(to), pinned, bytes, beside_), "data cannot be copied to " + name_);
    return std::make_shared<CudaEvent>(context_, beside_);
  }
  void wait_for(const Event& event) override {
    use();
    cu().check(cu().wait_for_event(stream_, static_cast<const CudaEvent&>(event).get(), 0), name_ + " fails");
  }
  void finish(const Event& event) override {
    use();
    cu().check(cu().synchronize_event(static_cast<const CudaEvent&>(event).get()), name_ + " fails");
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    if (bytes == 0) return;
    use();
    cu().check(cu().download(to, address_of(from), bytes, stream_), "data cannot be copied from " + name_);
    cu().check(cu().synchronize(stream_), name_ + " fails");
  }

  std::shared_ptr<Module> load(const Source& source) override {
    use();
    return std::make_shared<CudaModule>(context_, cached_code(source, architecture_));
  }

  void launch(Function function, const Geometry& geometry, const std::int64_t* words,
              std::size_t count) override {
    use();
    auto size = count * sizeof *words;
    void* packed[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, const_cast<std::int64_t*>(words),
                      CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
    cu().check(
        cu().launch(static_cast<CUfunction>(const_cast<void*>(function)),
                    static_cast<unsigned>(geometry.blocks), 1, 1, static_cast<unsigned>(geometry.threads), 1,
                    1, static_cast<unsigned>(geometry.shared_bytes), stream(), nullptr, packed),
        "a kernel cannot be launched on " + name_);
  }
  std::shared_ptr<Multiplication> prepare(const CudaProduct& product) override {
    use();
    return products_->prepare(product);
  }
  void multiply(const Multiplication& product, const void* a, const void* b, const void* addend,
                void* c) override {
    use();
    products_->multiply(product, a, b, addend, c, workspace_, stream());
  }

  // On a stream of its own, since others may download meanwhile.
  void begin_capture() override {
    use();
    cu().check(cu().begin_capture(noted_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
               "launches cannot be captured");
    captures_ = true;
  }
  std::shared_ptr<Graph> end_capture() override {
    use();
    captures_ = false;
    CUgraph graph = nullptr;
    cu().check(cu().end_capture(noted_, &graph), "launches cannot be captured");
    return std::make_shared<CudaGraph>(context_, graph);
  }
  void abandon_capture() noexcept override {
    if (!std::exchange(captures_, false)) return;
    CUgraph graph = nullptr;
    cu().end_capture(noted_, &graph);
    if (graph) cu().destroy_graph(graph);
  }
  void replay(const Graph& graph) override {
    use();
    cu().check(cu().launch_graph(static_cast<const CudaGraph&>(graph).get(), stream_),
               "a graph cannot be launched");
  }

  void finish() override {
    use();
    cu().check(cu().synchronize(stream_), name_ + " fails");
    bounced_ = 0;
  }

 private:
  CudaDriver() = default;

  static constexpr std::size_t most_bounced = std::size_t{32} << 20;

  CUstream stream() const { return captures_ ? noted_ : stream_; }

  /// Pinned memory that nothing is copied from at the moment.
  void* bounced(std::size_t bytes) {
    constexpr std::size_t alignment = 64;
    if (bounced_ + bytes > bounce_bytes_) {
      finish();  // then all of it is free
      if (bytes > bounce_bytes_) {
        if (bounce_) release_pinned(std::exchange(bounce_, nullptr));
        bounce_bytes_ = std::max(2 * bytes, std::size_t{1} << 20);
        bounce_ = static_cast<std::byte*>(allocate_pinned(bounce_bytes_));
        if (!bounce_) {
          bounce_bytes_ = 0;
          throw MemoryError("[Device] there is no memory of the host to copy to " + name_ + " from");
        }
      }
    }
    auto* place = bounce_ + bounced_;
    bounced_ += (bytes + alignment - 1) / alignment * alignment;
    return place;
  }

  void use() const { cu().check(cu().set_current(context_), name_ + " cannot be used"); }
  int attribute(CUdevice_attribute which) const {
    int value = 0;
    cu().check(cu().attribute(&value, which, device_), name_ + " does not say what it is");
    return value;
  }

  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  CUstream stream_ = nullptr;
  CUstream beside_ = nullptr;  // of copies beside the launches
  CUstream noted_ = nullptr;   // of launches that are noted
  bool captures_ = false;
  std::string name_, architecture_;
  std::unique_ptr<Products> products_;
  void* workspace_ = nullptr;
  std::byte* bounce_ = nullptr;  // pinned
  std::size_t bounce_bytes_ = 0, bounced_ = 0;
};

}  // namespace

std::shared_ptr<Driver> open_driver(int device) { return std::make_shared<CudaDriver>(device); }

}  // namespace reel::cuda

#endif
