#pragma once
#include <reel/joint_axes.h>

#include <functional>
#include <map>

#include "run/cuda/fusion/fusion_kernel.h"

namespace reel::cuda {

/// The text of a fusion while it is written: what all its forms have in common. In it `v3` is value 3 of the
/// fusion, `o3` the place of operand 3 where a row begins, `t3` the total of member 3.
class FusionText {
 public:
  /// Numbers are words of the kernel, or stand in the text.
  enum class Numbers : std::uint8_t { words, literals };
  FusionText(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
             std::size_t input_count, Numbers numbers = Numbers::words);

  const plan::Fusion& fusion() const { return fusion_; }
  std::size_t input_count() const { return input_count_; }
  std::size_t output_at(std::size_t output) const { return input_count_ + output; }
  int number_of(std::size_t member) const { return static_cast<int>(input_count_ + member); }
  /// Whether a value is one for each row.
  bool is_per_row(int number) const { return per_row_[static_cast<std::size_t>(number)]; }
  bool has_row_values() const;
  /// Members of a kind, by their positions.
  std::vector<std::size_t> members_of(plan::Member::Kind kind) const;

  // Lines.
  void line(const std::string& text);
  void open(const std::string& text);
  void close();
  /// How the text names a number.
  std::string word(std::int64_t number);
  std::string pointer(std::size_t operand, bool is_read) const;
  void launch(const Geometry& geometry) { made_.geometry = geometry; }
  FusionKernel take() { return std::move(made_); }

  // Places.
  /// The axes of the space but for the last ones. Where all values are row values the space is that of the
  /// rows, and they are ordinary values of it.
  JointAxes axes(int last_axes_left_out) const;
  void write_index_type(const JointAxes& axes);
  /// Defines `i0`, `i1`, ... for a position in these axes.
  void write_indices(const JointAxes& axes, const std::string& position);
  /// The sum of indices times strides of an operand.
  std::string offset(const JointAxes& axes, std::size_t operand);
  /// Defines `o0`, `o1`, ... for a row.
  void write_row_offsets(const JointAxes& rows);

  // Values.
  std::string element_type(int number) const;
  /// The name of a value.
  std::string value(int number) const;
  /// A value is another one under a second name.
  void rename(int number, int to) { renamed_[number] = value(to); }
  void write_map(std::size_t member);
  std::string total_type(std::size_t member);
  std::string reduction(std::size_t member);
  /// Begins `total`, or so many of them where there is a size.
  void write_start(std::size_t member, const std::string& total, const std::string& size = "");
  /// Joins the operand of a reduction to `total`.
  void write_join(std::size_t member, const std::string& total);

  /// What is read of an operand, or written, along a line of elements side by side.
  struct Along {
    /// Whether there is one number for all elements of the line.
    bool is_constant;
    std::string place;  // of the first element
  };
  /// Reads `size` neighbouring elements, makes of each what is `wanted`, does `each` with it, and stores the
  /// outputs: in one go where `size` says so. `along` tells where operands stand.
  void write_elements(std::int64_t size, const std::vector<int>& wanted,
                      const std::vector<std::size_t>& outputs,
                      const std::function<Along(std::size_t operand)>& along,
                      const std::function<void()>& each = nullptr);
  /// How many elements side by side are moved at once: as many as fill 16 bytes of the widest, where they lie
  /// side by side or are the same in all operands, and begin where so many can be moved at once. `axes` end
  /// with the one along which they lie.
  std::int64_t elements_at_once(const JointAxes& axes) const;

 private:
  std::string functor(const CudaFunctor& functor);
  std::vector<bool> needed_for(const std::vector<int>& wanted) const;
  bool is_aligned(std::size_t operand, const JointAxes& axes, std::int64_t size) const;

  const plan::Fusion& fusion_;
  const std::vector<const plan::Address*>& operands_;
  const std::size_t input_count_;
  const Numbers numbers_;
  std::vector<ElementType> elements_;  // of the values
  std::vector<bool> per_row_;
  bool is_of_rows_ = false;
  std::map<int, std::string> renamed_;
  std::size_t depth_ = 1;
  FusionKernel made_;
};

/// A thread for each element, or for a few side by side.
void write_by_elements(FusionText& text);
/// A warp or a block for each row; a block for several rows where there are totals of columns.
void write_by_rows(FusionText& text);
/// A thread for a few columns of a block of rows, of which it makes totals.
void write_by_columns(FusionText& text);

}  // namespace reel::cuda
