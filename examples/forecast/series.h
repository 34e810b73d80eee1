#pragma once
#include <string>
#include <vector>

namespace forecast {

/// A value for each month, from January of a year on.
struct Series {
  int first_year = 0;
  std::vector<double> values;

  /// The year and the part of it that month number `month` begins with.
  double year_at(std::size_t month) const { return first_year + static_cast<double>(month) / 12; }
  /// The first year that it does not have.
  int end_year() const { return first_year + static_cast<int>(values.size() / 12); }
  /// The number of January of a year, which is none before the first.
  std::size_t january(int year) const { return static_cast<std::size_t>(year - first_year) * 12; }
};

/// Reads a table of a row for each year, one after the other: the year, and its twelve months. Throws
/// reel::FileError for any other file.
Series read_series(const std::string& path);

/// The mean of each of the twelve months before month number `end`: what to expect of a month by the season
/// alone.
std::vector<double> monthly_means(const Series& series, std::size_t end);

}  // namespace forecast
