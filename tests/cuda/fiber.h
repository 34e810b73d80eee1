#pragma once
// Fibers: stacks that one thread switches between, told to sanitizers.
#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <stdexcept>

#if defined(__SANITIZE_THREAD__)
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* at);
void __tsan_release(void* at);
void AnnotateIgnoreReadsBegin(const char*, int);
void AnnotateIgnoreReadsEnd(const char*, int);
void AnnotateIgnoreWritesBegin(const char*, int);
void AnnotateIgnoreWritesEnd(const char*, int);
}
#define REEL_TSAN(...) __VA_ARGS__
#else
#define REEL_TSAN(...)
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define REEL_ASAN(...) __VA_ARGS__
#else
#define REEL_ASAN(...)
#endif

namespace reel::device {

#if !defined(__x86_64__)
#error "fibers are for x86-64"
#endif
/// Saves the registers that a call keeps on this stack, and takes up the other one.
extern "C" void reel_switch_stack(void** save, void* to);
asm(R"(
.text
.weak reel_switch_stack
.type reel_switch_stack,@function
reel_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size reel_switch_stack,.-reel_switch_stack
)");

/// What the scheduler itself reads and writes is no access of a kernel's.
struct Unseen {
  Unseen() { REEL_TSAN(AnnotateIgnoreReadsBegin("", 0); AnnotateIgnoreWritesBegin("", 0);) }
  ~Unseen() { REEL_TSAN(AnnotateIgnoreReadsEnd("", 0); AnnotateIgnoreWritesEnd("", 0);) }
};

/// A stack, and what is on it.
class Fiber {
 public:
  static constexpr std::size_t stack_bytes = 64 * 1024;

  Fiber() {
    memory_ = static_cast<char*>(mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory_ == MAP_FAILED) throw std::runtime_error("no memory for a stack");
  }
  Fiber(const Fiber&) = delete;
  ~Fiber() {
    Unseen unseen;
    REEL_TSAN(if (tsan_) __tsan_destroy_fiber(tsan_);)
    munmap(memory_, stack_bytes);
  }

  /// Will begin with `entry`, which never returns.
  void begin_at(void (*entry)()) {
    auto** top = reinterpret_cast<void**>(memory_ + stack_bytes);
    *--top = nullptr;  // where entry() would return to
    *--top = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; ++i) *--top = nullptr;
    stack_ = top;
    REEL_ASAN(__asan_unpoison_memory_region(memory_, stack_bytes);)
    REEL_TSAN(if (tsan_) __tsan_destroy_fiber(tsan_); tsan_ = __tsan_create_fiber(0);)
  }

  /// Runs it until it leaves.
  void enter() {
    REEL_TSAN(home_fiber_ = __tsan_get_current_fiber();)
    REEL_ASAN(void* fake; __sanitizer_start_switch_fiber(&fake, memory_, stack_bytes);)
    REEL_TSAN(__tsan_switch_to_fiber(tsan_, 1);)
    reel_switch_stack(&home_, stack_);
    REEL_ASAN(__sanitizer_finish_switch_fiber(fake, nullptr, nullptr);)
  }
  /// The first thing it does.
  void entered() { REEL_ASAN(__sanitizer_finish_switch_fiber(nullptr, &home_bottom_, &home_size_);) }
  /// Back to who entered it.
  void leave(bool for_good) {
    REEL_ASAN(__sanitizer_start_switch_fiber(for_good ? nullptr : &fake_, home_bottom_, home_size_);)
    REEL_TSAN(__tsan_switch_to_fiber(home_fiber_, 1);)
    (void)for_good;
    reel_switch_stack(&stack_, home_);
    REEL_ASAN(__sanitizer_finish_switch_fiber(fake_, &home_bottom_, &home_size_);)
  }

 private:
  char* memory_ = nullptr;
  void *stack_ = nullptr, *home_ = nullptr;
  REEL_TSAN(void* tsan_ = nullptr, *home_fiber_ = nullptr;)
  REEL_ASAN(void* fake_ = nullptr; const void* home_bottom_ = nullptr; std::size_t home_size_ = 0;)
};

}  // namespace reel::device
