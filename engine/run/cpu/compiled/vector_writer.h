#pragma once
#include <xbyak/xbyak.h>

#include <map>
#include <optional>

#include "run/cpu/compiled/compiled_pass.h"
#include "run/cpu/compiled/registers.h"

namespace reel::cpu {

/// Writes machine code for what a pass does at once, to one vector or to two: one sequence, whose values are
/// in registers, and on the stack where these do not suffice.
class VectorWriter : public Xbyak::CodeGenerator {
 protected:
  /// What is done at once: to one vector, or to two.
  struct Body {
    PassCode code;
    Schedule schedule;
    Registers registers;

    Body(PassCode given, bool orders, VectorWriter& writer)
        : code(std::move(given)),
          schedule(code, orders),
          registers(code, schedule, writer.is_wide_,
                    [&writer](int value, const Registers::Home& home) { writer.spill(value, home); }) {}
    Body(const Body&) = delete;
  };
  using Call = CompiledPass::Call;

  explicit VectorWriter(const PassCode& code)
      : CodeGenerator(Xbyak::DEFAULT_MAX_CODE_SIZE, Xbyak::AutoGrow),
        code_(code),
        is_wide_(code.vector_bytes == 64),
        is_double_(code.element == ElementType::float64) {}

  // ---- Registers of addresses.

  // rdi: the call; rax: where in the row, in bytes; r11: for a moment; rbp: the caller's stack.
  const std::vector<Xbyak::Reg64> pointers_{rsi, rdx, rcx, r8, r9, r10, rbx, r12, r13, r14, r15};

  int place_count() const { return static_cast<int>(code_.operands.size() + code_.results.size()); }
  static int offset_of_place(int place) {
    return static_cast<int>(offsetof(Call, places)) + place * static_cast<int>(sizeof(CompiledPass::Place));
  }
  Xbyak::Address first_of(int place) { return qword[rdi + offset_of_place(place)]; }
  Xbyak::Address pitch_of(int place) { return qword[rdi + offset_of_place(place) + 8]; }
  bool is_kept(int place) const { return place < static_cast<int>(pointers_.size()); }
  Xbyak::Reg64 pointer_to(int place) {
    if (is_kept(place)) return pointers_[static_cast<std::size_t>(place)];
    mov(r11, first_of(place));
    return r11;
  }

  // ---- What is done at once.

  void write_vectors(Body& body, bool is_rest) {
    body_ = &body;
    is_rest_ = is_rest;
    registers().start(is_wide_ ? 32 : is_rest ? 14 : 16);  // two are for the lanes of the rest
    if (is_rest && !is_wide_) {
      mov(r11, qword[rdi + static_cast<int>(offsetof(Call, rest_lanes))]);
      vmovups(rest_lanes_, ptr[r11]);
    }
    const auto& items = body.schedule.items();
    for (int number = 0; number < static_cast<int>(items.size()); ++number) {
      const auto& item = items[static_cast<std::size_t>(number)];
      registers().begin(number);
      if (item.kind == Item::Kind::load)
        load(item.value);
      else if (item.kind == Item::Kind::store)
        store(item);
      else
        compute(item.value);
    }
  }

  /// Behind the code.
  void write_numbers() {
    align(32);
    for (bool whole : {true, false})
      for (auto& [number, label] : numbers_) {
        if (number.second != whole) continue;
        L(label);
        const int lanes = whole ? code_.vector_bytes / (is_double_ ? 8 : 4) : 1;
        for (int lane = 0; lane < lanes; ++lane)
          is_double_ ? dq(number.first) : dd(static_cast<std::uint32_t>(number.first));
      }
  }

  const PassCode& code_;
  const bool is_wide_, is_double_;
  const Xbyak::Opmask rest_mask_{1};

 private:
  using Op = VectorOp;
  using Item = Schedule::Item;

  const VectorInstruction& instruction(int value) const {
    return body_->code.instructions[static_cast<std::size_t>(value)];
  }
  Registers& registers() const { return body_->registers; }
  const Registers::Home& home(int value) const { return registers().home(value); }
  bool is_number(int value) const { return instruction(value).op == Op::number; }
  Xbyak::Xmm vector(int number) const {
    if (is_wide_) return Xbyak::Zmm(number);
    return Xbyak::Ymm(number);
  }
  Xbyak::Opmask mask(int number) const { return Xbyak::Opmask(number); }

  // ---- Registers.

  void spill(int value, const Registers::Home& home) {
    if (registers().is_mask(value))
      kmovq(slot(home.slot), mask(home.number));
    else
      vmovaps(slot(home.slot), vector(home.number));
  }

  Xbyak::Address slot(int number) { return ptr[rsp + number * 64]; }

  /// The register of a value that the present item takes; it is loaded where it has none.
  int register_of(int value) {
    const auto& at = home(value);
    if (at.in_register()) {
      registers().hold(value);
      return at.number;
    }
    registers().take(value);
    if (at.slot >= 0 && registers().is_mask(value))
      kmovq(mask(at.number), slot(at.slot));
    else if (at.slot >= 0)
      vmovaps(vector(at.number), slot(at.slot));
    else if (is_number(value))
      broadcast(vector(at.number), ptr[rip + number_label(value, false)]);
    else
      read_operand(value);
    return at.number;
  }
  Xbyak::Xmm vector_of(int value) { return vector(register_of(value)); }
  Xbyak::Opmask mask_of(int value) { return mask(register_of(value)); }

  /// The same, or its memory where it is no register.
  const Xbyak::Operand& any_of(int value) {
    const auto& at = home(value);
    if (!at.in_register() && is_number(value) && is_wide_)
      return keep(ptr_b[rip + number_label(value, false)]);
    if (!at.in_register() && is_number(value)) return keep(ptr[rip + number_label(value, true)]);
    if (!at.in_register() && at.slot >= 0 && !registers().is_mask(value)) return keep(slot(at.slot));
    return keep(vector_of(value));
  }
  const Xbyak::Operand& keep(const Xbyak::Address& address) { return *(kept_address_ = address); }
  const Xbyak::Operand& keep(const Xbyak::Xmm& reg) { return *(kept_register_ = reg); }

  // ---- Loads and stores.

  void broadcast(const Xbyak::Xmm& to, const Xbyak::Address& from) {
    if (is_double_ && is_wide_)
      vbroadcastsd(Xbyak::Zmm(to.getIdx()), from);
    else if (is_double_)
      vbroadcastsd(Xbyak::Ymm(to.getIdx()), from);
    else
      vbroadcastss(to, from);
  }

  void load(int value) {
    registers().take(value);
    read_operand(value);
  }

  void read_operand(int value) {
    const auto count = static_cast<int>(code_.operands.size()),
               number = static_cast<int>(instruction(value).bits);
    const auto to = vector(home(value).number);
    const auto pointer = pointer_to(number % count);
    if (code_.operands[static_cast<std::size_t>(number % count)].per_row) return broadcast(to, ptr[pointer]);
    if (!is_rest_) {
      vmovups(to, ptr[pointer + rax + number / count * code_.vector_bytes]);
      return;
    }
    // Lanes without an element repeat the first one: nothing becomes of them that does not become of it.
    broadcast(to, ptr[pointer + rax]);
    if (is_wide_ && is_double_) {
      vmovupd(to | rest_mask_, ptr[pointer + rax]);
    } else if (is_wide_) {
      vmovups(to | rest_mask_, ptr[pointer + rax]);
    } else if (is_double_) {
      vmaskmovpd(moment_, rest_lanes_, ptr[pointer + rax]);
      vblendvpd(to, to, moment_, rest_lanes_);
    } else {
      vmaskmovps(moment_, rest_lanes_, ptr[pointer + rax]);
      vblendvps(to, to, moment_, rest_lanes_);
    }
  }

  void store(const Item& item) {
    const auto from = vector_of(item.value);
    const auto count = static_cast<int>(code_.results.size());
    const auto pointer = pointer_to(static_cast<int>(code_.operands.size()) + item.result % count);
    if (!is_rest_)
      vmovups(ptr[pointer + rax + item.result / count * code_.vector_bytes], from);
    else if (is_wide_ && is_double_)
      vmovupd(ptr[pointer + rax] | rest_mask_, from);
    else if (is_wide_)
      vmovups(ptr[pointer + rax] | rest_mask_, from);
    else
      store_rest(pointer, Xbyak::Ymm(from.getIdx()));
    registers().release(item.value);
  }

  /// Masked stores of AVX2 take AMD's processors tens of cycles: halves of what is left instead.
  void store_rest(const Xbyak::Reg64& pointer, const Xbyak::Ymm& from) {
    const auto rest = dword[rdi + static_cast<int>(offsetof(Call, rest))];
    const Xbyak::Xmm low(moment_.getIdx());
    Xbyak::Label two, one, end;
    vmovaps(moment_, from);
    lea(r11, ptr[pointer + rax]);
    const int four = is_double_ ? 2 : 4;  // elements of 16 bytes
    test(rest, four);
    je(two);
    vmovups(ptr[r11], low);
    vextractf128(low, moment_, 1);
    add(r11, 16);
    L(two);
    if (!is_double_) {
      test(rest, 2);
      je(one);
      vmovlps(ptr[r11], low);
      vpermilps(low, low, 0xe);
      add(r11, 8);
      L(one);
    }
    test(rest, 1);
    je(end);
    if (is_double_)
      vmovsd(ptr[r11], low);
    else
      vmovss(ptr[r11], low);
    L(end);
  }

  // ---- Instructions.

  void compute(int value) {
    const auto& made = instruction(value);
    switch (made.op) {
      case Op::multiply_add:
        return multiply_add(value);
      case Op::choose:
        return choose(value);
      case Op::mask_not:
        return mask_not(value);
      case Op::mask_and:
      case Op::mask_or:
      case Op::mask_xor:
        if (is_wide_) return combine_masks(value);
        break;
      case Op::square_root: {
        const auto& from = any_of(made.a);
        const auto to = result_of(value);
        is_double_ ? vsqrtpd(to, from) : vsqrtps(to, from);
        return;
      }
      case Op::shift_left:
      case Op::shift_right:
        return shift(value);
      default:
        break;
    }
    binary(value);
  }

  /// A register for the result, after all that the item takes has one.
  int result_register(int value) {
    registers().release_operands_of(value);
    return registers().take(value);
  }
  Xbyak::Xmm result_of(int value) { return vector(result_register(value)); }

  static bool commutes(Op op) {
    return op == Op::add || op == Op::multiply || op == Op::bit_and || op == Op::bit_or ||
           op == Op::bit_xor || op == Op::add_bits || op == Op::equal || op == Op::mask_and ||
           op == Op::mask_or || op == Op::mask_xor;
  }

  void binary(int value) {
    const auto& made = instruction(value);
    int a = made.a, b = made.b;
    if (commutes(made.op) && !home(a).in_register() && home(b).in_register()) std::swap(a, b);
    const auto left = vector_of(a);
    // Rounding that raises no exceptions is of registers alone.
    const bool is_quiet = made.op == Op::minimum || made.op == Op::maximum || made.op == Op::scale;
    const Xbyak::Operand& right = is_quiet ? keep(vector_of(b)) : any_of(b);
    if (is_wide_ && is_mask(made.op)) {
      const auto to = mask(result_register(value));
      is_double_ ? vcmppd(to, left, right, predicate_of(made.op))
                 : vcmpps(to, left, right, predicate_of(made.op));
      return;
    }
    write_binary(made.op, result_of(value), left, right);
  }

  static std::uint8_t predicate_of(Op op) {  // ordered, raising nothing for quiet NaN
    return op == Op::less ? 0x11 : op == Op::less_equal ? 0x12 : 0x00;
  }

  void write_binary(Op op, const Xbyak::Xmm& to, const Xbyak::Xmm& a, const Xbyak::Operand& b) {
    switch (op) {
      case Op::add:
        return is_double_ ? vaddpd(to, a, b) : vaddps(to, a, b);
      case Op::subtract:
        return is_double_ ? vsubpd(to, a, b) : vsubps(to, a, b);
      case Op::multiply:
        return is_double_ ? vmulpd(to, a, b) : vmulps(to, a, b);
      case Op::divide:
        return is_double_ ? vdivpd(to, a, b) : vdivps(to, a, b);
      case Op::bit_and:
      case Op::mask_and:
        return is_double_ ? vandpd(to, a, b) : vandps(to, a, b);
      case Op::bit_or:
      case Op::mask_or:
        return is_double_ ? vorpd(to, a, b) : vorps(to, a, b);
      case Op::bit_xor:
      case Op::mask_xor:
        return is_double_ ? vxorpd(to, a, b) : vxorps(to, a, b);
      case Op::add_bits:
        return is_double_ ? vpaddq(to, a, b) : vpaddd(to, a, b);
      case Op::subtract_bits:
        return is_double_ ? vpsubq(to, a, b) : vpsubd(to, a, b);
      case Op::minimum:
        return is_double_ ? vminpd(to, a, Xbyak::Zmm(b.getIdx()) | T_rn_sae)
                          : vminps(to, a, Xbyak::Zmm(b.getIdx()) | T_rn_sae);
      case Op::maximum:
        return is_double_ ? vmaxpd(to, a, Xbyak::Zmm(b.getIdx()) | T_rn_sae)
                          : vmaxps(to, a, Xbyak::Zmm(b.getIdx()) | T_rn_sae);
      case Op::scale:
        return is_double_ ? vscalefpd(Xbyak::Zmm(to.getIdx()), Xbyak::Zmm(a.getIdx()),
                                      Xbyak::Zmm(b.getIdx()) | T_rn_sae)
                          : vscalefps(Xbyak::Zmm(to.getIdx()), Xbyak::Zmm(a.getIdx()),
                                      Xbyak::Zmm(b.getIdx()) | T_rn_sae);
      default:  // comparisons, whose results are lanes of ones
        is_double_ ? vcmppd(to, a, b, predicate_of(op)) : vcmpps(to, a, b, predicate_of(op));
    }
  }

  void shift(int value) {
    const auto& made = instruction(value);
    const auto from = vector_of(made.a);
    const auto to = result_of(value);
    const auto by = static_cast<std::uint8_t>(made.bits);
    if (made.op == Op::shift_left)
      is_double_ ? vpsllq(to, from, by) : vpslld(to, from, by);
    else
      is_double_ ? vpsrlq(to, from, by) : vpsrld(to, from, by);
  }

  void mask_not(int value) {
    const auto from = instruction(value).a;
    if (is_wide_) {
      const auto a = mask_of(from);
      knotw(mask(result_register(value)), a);
    } else {
      const auto a = vector_of(from);
      vxorps(result_of(value), a, ptr[rip + ones_label()]);
    }
  }

  void combine_masks(int value) {
    const auto& made = instruction(value);
    const auto a = mask_of(made.a), b = mask_of(made.b);
    const auto to = mask(result_register(value));
    if (made.op == Op::mask_and)
      kandw(to, a, b);
    else if (made.op == Op::mask_or)
      korw(to, a, b);
    else
      kxorw(to, a, b);
  }

  bool is_zero(int value) const { return is_number(value) && instruction(value).bits == 0; }

  void choose(int value) {
    const auto& made = instruction(value);
    if (is_wide_) {
      const auto condition = mask_of(made.c);
      if (is_zero(made.b)) {
        const auto from = vector_of(made.a);
        const auto to = result_of(value);
        is_double_ ? vmovapd(to | condition | T_z, from) : vmovaps(to | condition | T_z, from);
        return;
      }
      const auto other = vector_of(made.b);
      const auto& chosen = any_of(made.a);
      const auto to = result_of(value);
      is_double_ ? vblendmpd(to | condition, other, chosen) : vblendmps(to | condition, other, chosen);
      return;
    }
    const auto condition = vector_of(made.c);
    if (is_zero(made.a) || is_zero(made.b)) {
      const auto& chosen = any_of(is_zero(made.a) ? made.b : made.a);
      const auto to = result_of(value);
      if (is_zero(made.a))
        vandnps(to, condition, chosen);
      else
        vandps(to, condition, chosen);
      return;
    }
    const auto other = vector_of(made.b);
    const auto& chosen = any_of(made.a);
    const auto to = result_of(value);
    is_double_ ? vblendvpd(to, other, chosen, condition) : vblendvps(to, other, chosen, condition);
  }

  /// The result takes over the register of what is read here for the last time, if there is one.
  void multiply_add(int value) {
    const auto& made = instruction(value);
    int a = made.a, b = made.b;
    const int c = made.c;
    if (is_number(a) && !home(a).in_register()) std::swap(a, b);
    const auto is_last = [&](int x) {
      return !registers().is_used_later(x) && home(x).in_register() && !is_number(x);
    };
    if (!is_last(a) && is_last(b)) std::swap(a, b);
    if (is_last(c) && !is_last(a) && c != a && c != b) {
      const auto first = vector_of(a), sum = vector_of(c);
      const auto& second = any_of(b);
      is_double_ ? vfmadd231pd(sum, first, second) : vfmadd231ps(sum, first, second);
      return registers().hand_over(c, value);
    }
    auto product = vector_of(a);
    const bool is_handed = is_last(a) && a != b && a != c;
    if (!is_handed) {
      // The result has a register of its own, which none of the operands leaves.
      const auto to = vector(registers().take(value));
      vmovaps(to, product);
      product = to;
    }
    // Of the two others one may be in memory.
    if (!home(b).in_register() && (home(c).in_register() || b != c)) {
      const auto sum = vector_of(c);
      const auto& factor = any_of(b);
      is_double_ ? vfmadd132pd(product, sum, factor) : vfmadd132ps(product, sum, factor);
    } else {
      const auto factor = vector_of(b);
      const auto& sum = any_of(c);
      is_double_ ? vfmadd213pd(product, factor, sum) : vfmadd213ps(product, factor, sum);
    }
    if (is_handed) return registers().hand_over(a, value);
    registers().release_operands_of(value);
  }

  // ---- Numbers.

  /// Of one lane, or of all lanes of a vector.
  Xbyak::Label& number_label(int value, bool whole) { return numbers_[{instruction(value).bits, whole}]; }
  Xbyak::Label& ones_label() { return numbers_[{is_double_ ? ~std::uint64_t{0} : 0xffffffff, true}]; }

  const Xbyak::Ymm moment_{14}, rest_lanes_{15};  // of 32-byte vectors, in the rest
  Body* body_ = nullptr;                          // that is written
  bool is_rest_ = false;
  std::optional<Xbyak::Address> kept_address_;
  std::optional<Xbyak::Xmm> kept_register_;
  std::map<std::pair<std::uint64_t, bool>, Xbyak::Label> numbers_;
};

}  // namespace reel::cpu
