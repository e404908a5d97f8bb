#include "engine/array/print.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace quern {

namespace {

constexpr int shown_at_each_end = 3;
constexpr int usual_precision = 6;
constexpr int max_precision = 100;
constexpr size_t indentation = 7;  // of "array([": how far nested rows are moved in

std::atomic<int> precision = PrintOptions::default_precision;

class Printer {
 public:
  explicit Printer(const array& a) : array_(a), digits_(precision) {
    if (digits_ == PrintOptions::default_precision) digits_ = usual_precision;
  }

  std::string text() {
    out_ = "array(";
    if (array_.size() == 0) {
      out_ += "[]";
    } else {
      dispatch(array_.dtype(),
               [&]<typename T>(std::type_identity<T>) { axis(0, array_.data<T>()); });
    }
    fmt::format_to(std::back_inserter(out_), ", dtype={})", dtype_name(array_.dtype()));
    return std::move(out_);
  }

 private:
  template <typename T>
  void axis(size_t i, const T* first) {
    if (i == array_.ndim()) {
      element(*first);
      return;
    }
    const bool is_last = i + 1 == array_.ndim();
    const ShapeElem n = array_.shape()[i];
    const bool is_shortened = n > 2 * shown_at_each_end;
    const std::string separator = is_last ? ", " : ",\n" + std::string(indentation + i, ' ');
    out_ += '[';
    for (ShapeElem k = 0; k < n; ++k) {
      if (k != 0) out_ += separator;
      if (is_shortened && k == shown_at_each_end) {
        out_ += "..." + separator;
        k = n - shown_at_each_end;
      }
      axis(i + 1, first + k * array_.strides()[i]);
    }
    out_ += ']';
  }

  template <typename T>
  void element(const T& x) {
    if constexpr (std::is_same_v<T, bool>) {
      out_ += x ? "true" : "false";
    } else if constexpr (std::is_same_v<T, complex64_t>) {
      fmt::format_to(std::back_inserter(out_), "{:.{}g}{:+.{}g}j", x.real(), digits_, x.imag(),
                     digits_);
    } else if constexpr (std::is_integral_v<T>) {
      fmt::format_to(std::back_inserter(out_), "{}", std::conditional_t<sizeof(T) == 1, int, T>(x));
    } else if constexpr (std::is_same_v<T, double>) {
      fmt::format_to(std::back_inserter(out_), "{:.{}g}", x, digits_);
    } else {
      fmt::format_to(std::back_inserter(out_), "{:.{}g}", float(x), digits_);
    }
  }

  const array& array_;
  int digits_;
  std::string out_;
};

}  // namespace

void set_printoptions(PrintOptions options) {
  if (options.precision < PrintOptions::default_precision || options.precision > max_precision) {
    throw std::invalid_argument(
        fmt::format("[set_printoptions] precision is {}; -1 to {} are possible", options.precision,
                    max_precision));
  }
  precision = options.precision;
}

PrintOptions get_printoptions() { return {precision}; }

std::ostream& operator<<(std::ostream& os, array a) {
  a.eval();
  return os << Printer(a).text();
}

}  // namespace quern
