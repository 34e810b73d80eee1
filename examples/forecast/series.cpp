#include "series.h"

#include <reel/csv.h>

namespace forecast {

Series read_series(const std::string& path) {
  reel::CsvOptions options;
  options.may_miss = false;
  const auto table = reel::read_csv(path, options);
  const auto rows = table.values.shape()[0], columns = table.values.shape()[1];
  if (columns != 13)
    throw reel::FileError(path + " has " + std::to_string(columns) +
                          " columns, not a year and twelve months");
  if (rows == 0) throw reel::FileError(path + " has no years");
  const auto cells = table.values.view<double, 2>();
  Series series{static_cast<int>(cells(0, 0)), {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    if (cells(row, 0) != series.first_year + static_cast<double>(row))
      throw reel::FileError(path + ": the years do not follow each other in row " + std::to_string(row + 1));
    for (std::int64_t month = 1; month <= 12; ++month) series.values.push_back(cells(row, month));
  }
  return series;
}

std::vector<double> monthly_means(const Series& series, std::size_t end) {
  std::vector<double> means(12);
  const auto years = end / 12;
  for (std::size_t month = 0; month < years * 12; ++month)
    means[month % 12] += series.values[month] / static_cast<double>(years);
  return means;
}

}  // namespace forecast
