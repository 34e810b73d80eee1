#include "machine.h"

#include <reel/error.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "actions.h"

namespace reel::test::ptx {

namespace {

std::vector<unsigned> in_order(unsigned count, std::uint64_t seed) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (seed != 0) std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  return order;
}

bool has(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

}  // namespace

void Machine::fail(const Thread& thread, const Instruction& instruction, const std::string& what) const {
  throw InternalError("a kernel fails: " + what + " (block " + std::to_string(block_) + ", thread " +
                      std::to_string(thread.index) + "): " + instruction.text);
}

void Machine::run(const Routine& kernel) {
  for (auto block : in_order(launch_.blocks, launch_.seed)) run_block(kernel, block);
}

void Machine::run_block(const Routine& kernel, unsigned block) {
  block_ = block;
  shared_.assign(launch_.shared_bytes, 0xff);
  uses_.assign(launch_.shared_bytes, {});
  epoch_ = 0;
  threads_.resize(launch_.threads);
  const auto order = in_order(launch_.threads, launch_.seed + block + (launch_.seed != 0));
  for (unsigned t = 0; t < launch_.threads; ++t) {
    threads_[t].index = t;
    begin(threads_[t], kernel);
  }
  do {
    for (auto t : order) run(threads_[t]);
  } while (meet());
  for (const auto& thread : threads_)
    if (!thread.frames.empty()) fail(thread, *thread.waits_at, "threads wait for ever");
}

void Machine::begin(Thread& thread, const Routine& kernel) {
  thread.waits_at = nullptr;
  thread.frames.resize(1);
  auto& frame = thread.frame();
  frame.routine = &kernel;
  frame.next = 0;
  frame.registers.assign(kernel.registers.size(), 0xdeadbeefdeadbeef);
  frame.parameters.assign(std::max(kernel.parameter_bytes, launch_.count * sizeof(std::int64_t)), 0);
  frame.locals.assign(kernel.local_bytes, 0xff);
  std::memcpy(frame.parameters.data(), launch_.words, launch_.count * sizeof(std::int64_t));
}

void Machine::run(Thread& thread) {
  while (!thread.frames.empty() && !thread.waits_at) {
    auto& frame = thread.frame();
    const auto& instruction = frame.routine->code[frame.next++];
    if (instruction.guard >= 0) {
      const bool holds = frame.registers[static_cast<std::size_t>(instruction.guard)] & 1;
      if (holds == instruction.guard_is_negated) continue;
    }
    if (instruction.action->meets != Action::Meets::nobody)
      thread.waits_at = &instruction;
    else
      instruction.action->run(*this, thread, instruction);
  }
}

bool Machine::meet() {
  bool go_on = false;
  for (std::size_t first = 0; first < threads_.size(); first += 32)
    go_on = meet_warp(first, std::min(first + 32, threads_.size())) || go_on;
  const auto* at = threads_[0].waits_at;
  if (!go_on && at && at->action->meets == Action::Meets::block) {
    for (const auto& thread : threads_)
      if (thread.waits_at != at) fail(thread, *at, "not all threads come to the same barrier");
    for (auto& thread : threads_) thread.waits_at = nullptr;
    ++epoch_;
    go_on = true;
  }
  return go_on;
}

bool Machine::meet_warp(std::size_t first, std::size_t end) {
  const auto* at = threads_[first].waits_at;
  if (!at || at->action->meets != Action::Meets::warp) return false;
  for (auto t = first; t < end; ++t)
    if (threads_[t].waits_at != at) return false;
  exchange(first, end, *at);
  for (auto t = first; t < end; ++t) threads_[t].waits_at = nullptr;
  return true;
}

/// shfl.sync.bfly, vote.sync.ballot, and bar.warp.sync, which passes nothing on.
void Machine::exchange(std::size_t first, std::size_t end, const Instruction& instruction) {
  if (has(instruction.name, "bar.warp")) return;
  const bool is_vote = has(instruction.name, "vote");
  std::uint64_t given[32] = {}, votes = 0;
  for (auto t = first; t < end; ++t) {
    given[t - first] = bits_of(*this, threads_[t], instruction.operands[1]);
    votes |= (given[t - first] & 1) << (t - first);
  }
  for (auto t = first; t < end; ++t) {
    const auto& to = instruction.operands[0];
    const auto& result = to.kind == Operand::Kind::several ? to.parts[0] : to;
    const auto from = is_vote ? 0 : (t - first) ^ bits_of(*this, threads_[t], instruction.operands[2]);
    threads_[t].frame().registers[result.index] = is_vote ? votes : given[from & 31];
  }
}

std::uint64_t Machine::special(const Thread& thread, const std::string& name) const {
  if (name == "%tid.x") return thread.index;
  if (name == "%ctaid.x") return block_;
  if (name == "%ntid.x") return launch_.threads;
  if (name == "%nctaid.x") return launch_.blocks;
  throw InternalError("PTX is not understood: " + name);
}

std::uint64_t Machine::symbol(const Thread& thread, const std::string& name) const {
  const auto& frame = thread.frames.back();
  const auto local = frame.routine->locals.find(name);
  if (local != frame.routine->locals.end())
    return reinterpret_cast<std::uintptr_t>(frame.locals.data() + local->second);
  const auto parameter = frame.routine->parameters.find(name);
  if (parameter != frame.routine->parameters.end())
    return reinterpret_cast<std::uintptr_t>(frame.parameters.data() + parameter->second);
  const auto table = text_.tables.find(name);
  if (table != text_.tables.end()) return reinterpret_cast<std::uintptr_t>(table->second.data());
  return 0;  // shared memory, of which there is one piece
}

unsigned char* Machine::memory(Thread& thread, const Instruction& instruction, const Operand& operand,
                               std::size_t bytes, bool is_read) {
  auto& frame = thread.frame();
  const auto base = operand.name.empty() ? frame.registers[operand.index] : symbol(thread, operand.name);
  const auto address = base + operand.bits;
  if (address % bytes != 0) fail(thread, instruction, "an address is no multiple of what is moved at once");
  if (has(instruction.name, ".shared"))
    return shared(thread, instruction, address & 0xffffffff, bytes, is_read);
  if (has(instruction.name, ".local")) return local(thread, instruction, address, bytes);
  auto* at = reinterpret_cast<unsigned char*>(address);
  if (has(instruction.name, ".param")) {
    const auto* end = frame.parameters.data() + frame.parameters.size();
    if (at < frame.parameters.data() || at + bytes > end)
      fail(thread, instruction, "there are not so many parameters");
    return at;
  }
  for (const auto& [name, table] : text_.tables)
    if (is_read && at >= table.data() && at + bytes <= table.data() + table.size()) return at;
  if (!launch_.is_memory(at, bytes)) fail(thread, instruction, "it uses memory that is nobody's");
  return at;
}

unsigned char* Machine::shared(Thread& thread, const Instruction& instruction, std::uint64_t address,
                               std::size_t bytes, bool is_read) {
  if (address + bytes > shared_.size()) fail(thread, instruction, "it uses shared memory past its end");
  const int me = static_cast<int>(thread.index);
  for (auto i = address; i < address + bytes; ++i) {
    auto& use = uses_[i];
    if (use.epoch != epoch_) use = {use.is_written, Use::nobody, Use::nobody, epoch_};
    const auto is_others = [&](int user) { return user != Use::nobody && user != me; };
    if (is_others(use.writer) || (!is_read && is_others(use.reader)))
      fail(thread, instruction, "another thread uses the same shared memory, with no barrier between");
    if (is_read && !use.is_written)
      fail(thread, instruction, "it reads shared memory that nobody has written");
    use.is_written = true;
    if (is_read)
      use.reader = is_others(use.reader) ? Use::several : me;
    else
      use.writer = me;
  }
  return shared_.data() + address;
}

unsigned char* Machine::local(Thread& thread, const Instruction& instruction, std::uint64_t address,
                              std::size_t bytes) {
  auto* at = reinterpret_cast<unsigned char*>(address);
  for (auto& frame : thread.frames)
    if (at >= frame.locals.data() && at + bytes <= frame.locals.data() + frame.locals.size()) return at;
  fail(thread, instruction, "it uses memory of its own past its end");
}

/// call.uni (result), routine, (arguments)
void Machine::call(Thread& thread, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const auto& called = text_.routines.at(operands.at(1).name);
  Frame frame;
  frame.routine = &called;
  frame.registers.assign(called.registers.size(), 0xdeadbeefdeadbeef);
  frame.parameters.assign(called.parameter_bytes, 0);
  frame.locals.assign(called.local_bytes, 0xff);
  const auto& caller = thread.frame();
  for (std::size_t i = 0; i < called.parameter_order.size(); ++i)
    std::memcpy(&frame.parameters[called.parameters.at(called.parameter_order[i])],
                &caller.parameters[caller.routine->parameters.at(operands.at(2).parts.at(i).name)],
                sizeof(std::uint64_t));
  thread.frames.push_back(std::move(frame));
}

void Machine::leave(Thread& thread) {
  if (thread.frames.size() > 1) {
    const auto& left = thread.frame();
    auto& caller = thread.frames[thread.frames.size() - 2];
    const auto& call = caller.routine->code[caller.next - 1];
    std::memcpy(&caller.parameters[caller.routine->parameters.at(call.operands.at(0).parts.at(0).name)],
                &left.parameters[left.routine->parameters.at(left.routine->result)],
                2 * sizeof(std::uint64_t));
  }
  thread.frames.pop_back();
}

}  // namespace reel::test::ptx
