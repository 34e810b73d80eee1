#include "run/cpu/compiled/compiled_pass.h"

#if defined(REEL_HAS_XBYAK)

#include <algorithm>

#include "run/cpu/compiled/vector_writer.h"

// Machine code of a pass: rows, in each pairs of whole vectors, one where it is left over, and the elements
// behind them.

namespace reel::cpu {

namespace {

class PassAssembler : public VectorWriter {
 public:
  PassAssembler(const PassCode& code, bool orders) : VectorWriter(code), one_(code, orders, *this) {
    if (orders && code.instructions.size() <= most_for_two) two_.emplace(code.twice(), orders, *this);
    write();
    ready(PROTECT_RW);
  }

 private:
  /// Of more instructions one vector is enough to keep a processor busy.
  static constexpr std::size_t most_for_two = 400;

  void write() {
    const std::vector<Xbyak::Reg64> callers{rbx, rbp, r12, r13, r14, r15};
    for (const auto& reg : callers) push(reg);
    mov(rbp, rsp);
    and_(rsp, -64);
    lea(rsp, ptr[rsp - 0x7fffffff]);  // the size is known when all is written
    const auto stack_size = getSize() - 4;
    for (int place = 0; place < place_count() && is_kept(place); ++place)
      mov(pointers_[static_cast<std::size_t>(place)], first_of(place));
    if (is_wide_) kmovq(rest_mask_, qword[rdi + static_cast<int>(offsetof(Call, rest_mask))]);
    write_rows();
    rewrite(stack_size, static_cast<std::uint32_t>(-slots() * 64), 4);
    mov(rsp, rbp);
    for (auto reg = callers.rbegin(); reg != callers.rend(); ++reg) pop(*reg);
    vzeroupper();
    ret();
    write_numbers();
  }

  int slots() const { return std::max(one_.registers.slots(), two_ ? two_->registers.slots() : 0); }

  /// Pairs of vectors, as long as there are two.
  void write_pairs(const Xbyak::Address& whole_bytes) {
    Xbyak::Label pairs, test;
    const int bytes = 2 * code_.vector_bytes;
    jmp(test, T_NEAR);
    align(16);
    L(pairs);
    write_vectors(*two_, false);
    add(rax, bytes);
    L(test);
    mov(r11, whole_bytes);
    and_(r11, -bytes);
    cmp(rax, r11);
    jb(pairs, T_NEAR);
  }

  void write_rows() {
    Xbyak::Label row, vectors, rest, next, end;
    const auto whole_bytes = qword[rdi + static_cast<int>(offsetof(Call, whole_bytes))];
    L(row);
    xor_(eax, eax);
    if (two_) write_pairs(whole_bytes);
    cmp(rax, whole_bytes);
    jae(rest, T_NEAR);
    align(16);
    L(vectors);
    write_vectors(one_, false);
    add(rax, code_.vector_bytes);
    cmp(rax, whole_bytes);
    jb(vectors, T_NEAR);
    L(rest);
    cmp(qword[rdi + static_cast<int>(offsetof(Call, rest))], 0);
    je(next, T_NEAR);
    write_vectors(one_, true);
    L(next);
    dec(qword[rdi + static_cast<int>(offsetof(Call, rows))]);
    je(end, T_NEAR);
    for (int place = 0; place < place_count(); ++place) {
      if (is_kept(place)) {
        add(pointers_[static_cast<std::size_t>(place)], pitch_of(place));
      } else {
        mov(r11, pitch_of(place));
        add(first_of(place), r11);
      }
    }
    jmp(row, T_NEAR);
    L(end);
  }

  Body one_;
  std::optional<Body> two_;
};

/// The code by itself, which holds no addresses of its own memory, and nobody writes any more.
class AssembledPass : public CompiledPass {
 public:
  AssembledPass(const PassCode& code, const PassAssembler& assembled)
      : CompiledPass(static_cast<std::int64_t>(reel::size_of(code.element)), code.vector_bytes),
        memory_(assembled.getSize(), Xbyak::DontSetProtectRWE) {
    memory_.db(assembled.getCode(), assembled.getSize());
    memory_.setProtectModeRE();
    code_ = memory_.getCode<Code>();
  }

 private:
  Xbyak::CodeArray memory_;
};

}  // namespace

std::shared_ptr<const CompiledPass> compile_pass(const PassCode& code, bool orders) {
  try {
    return std::make_shared<AssembledPass>(code, PassAssembler(code, orders));
  } catch (const Xbyak::Error&) {
    return nullptr;
  }
}

}  // namespace reel::cpu

#else

namespace reel::cpu {

std::shared_ptr<const CompiledPass> compile_pass(const PassCode&, bool) { return nullptr; }

}  // namespace reel::cpu

#endif
