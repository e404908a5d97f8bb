#include "models/generate/structured/number_range.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace quern::models::structured {
namespace {

constexpr size_t integer_digits = 18;
constexpr size_t number_digits = 15;

/// Numbers without a sign between two bounds, digit by digit. While all digits so far are those of
/// a bound, the number is `on` that bound, and the next digit must not pass it.
class MagnitudeRange {
 public:
  MagnitudeRange(MachineBuilder& builder, const Bound& low, const std::optional<Bound>& high,
                 bool only_integers, NodeId next)
      : builder_(builder),
        low_(low),
        high_(high),
        digits_(only_integers ? integer_digits : number_digits),
        only_integers_(only_integers),
        next_(next) {}

  NodeId add() {
    std::vector<NodeId> branches;
    for (length_ = 1; length_ <= digits_; ++length_) {
      if (low_.value.whole.size() > length_) continue;
      if (high_ && high_->value.whole.size() < length_) continue;
      known_.clear();
      branches.push_back(whole(
          {0, low_.value.whole.size() == length_, high_ && high_->value.whole.size() == length_}));
    }
    return builder_.fork(std::move(branches));
  }

 private:
  /// Before a digit.
  struct At {
    size_t digit;
    bool on_low, on_high;
    auto operator<=>(const At&) const = default;
  };

  NodeId whole(const At& at) {
    if (at.digit == length_) return point(at);
    const char least = at.digit == 0 && length_ > 1 ? '1' : '0';
    return digit(at, least, low_.value.whole, high_ ? high_->value.whole : "",
                 [this](const At& then) { return whole(then); });
  }

  /// Behind the last digit before the point.
  NodeId point(const At& at) {
    std::vector<NodeId> branches;
    const At begin{0, at.on_low, at.on_high};
    if (may_end(begin)) branches.push_back(next_);
    if (!only_integers_ && length_ < digits_) {
      branches.push_back(builder_.text(".", more_fraction(begin)));
    }
    return builder_.fork(std::move(branches));
  }

  NodeId fraction(const At& at) {
    std::vector<NodeId> branches;
    if (may_end(at)) branches.push_back(next_);
    if (length_ + at.digit < digits_) branches.push_back(more_fraction(at));
    return builder_.fork(std::move(branches));
  }

  NodeId more_fraction(const At& at) {
    return digit(at, '0', low_.value.fraction, high_ ? high_->value.fraction : "",
                 [this](const At& then) { return fraction(then); });
  }

  bool may_end(const At& at) const {
    const auto is_equal = [&](const Bound& bound) {
      return bound.value.fraction.size() <= at.digit;
    };
    if (at.on_low && !(is_equal(low_) && low_.included)) return false;
    return !at.on_high || !is_equal(*high_) || high_->included;
  }

  template <class Then>
  NodeId digit(const At& at, char least, const std::string& low, const std::string& high,
               Then then) {
    const auto key = std::pair(&low == &low_.value.whole, at);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    const auto digit_of = [&](const std::string& digits) {
      return at.digit < digits.size() ? digits[at.digit] : '0';
    };
    const char first = at.on_low ? std::max(least, digit_of(low)) : least;
    const char last = at.on_high ? digit_of(high) : '9';
    std::vector<NodeId> branches;
    for (char begin = first; begin <= last;) {
      const At after{at.digit + 1, at.on_low && begin == digit_of(low),
                     at.on_high && begin == last};
      char end = begin;
      if (!after.on_low && !after.on_high) end = at.on_high ? char(last - 1) : last;
      branches.push_back(builder_.range(uint8_t(begin), uint8_t(end), then(after)));
      begin = char(end + 1);
    }
    return known_[key] = builder_.fork(std::move(branches));
  }

  MachineBuilder& builder_;
  Bound low_;
  std::optional<Bound> high_;
  size_t digits_;
  bool only_integers_;
  NodeId next_;
  size_t length_ = 0;  ///< digits before the point
  std::map<std::pair<bool, At>, NodeId> known_;
};

std::string without_trailing_zeros(std::string digits) {
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

Bound magnitude(Bound bound) {
  bound.value.negative = false;
  return bound;
}

}  // namespace

std::optional<Decimal> to_decimal(const nlohmann::ordered_json& number) {
  Decimal out;
  std::string digits;
  int exponent = 0;
  if (number.is_number_float()) {
    char buffer[64];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number.get<double>(),
                                            std::chars_format::scientific);
    const std::string_view shortest(buffer, size_t(end - buffer));
    const size_t e = shortest.find('e');
    for (const char c : shortest.substr(0, e)) {
      if (c == '-') out.negative = true;
      if (c >= '0' && c <= '9') digits += c;
    }
    const std::string_view power = shortest.substr(e + (shortest[e + 1] == '+' ? 2 : 1));
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (exponent > 40 || exponent < -40) return std::nullopt;
  } else {
    digits = number.dump();
    if (digits[0] == '-') {
      out.negative = true;
      digits.erase(0, 1);
    }
    exponent = int(digits.size()) - 1;
  }
  if (exponent < 0) digits.insert(0, size_t(-exponent), '0'), exponent = 0;
  const size_t whole = size_t(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  out.whole = digits.substr(0, whole);
  out.whole.erase(0, std::min(out.whole.find_first_not_of('0'), whole - 1));
  out.fraction = without_trailing_zeros(digits.substr(whole));
  if (out.is_zero()) out.negative = false;
  return out;
}

NodeId add_number_range(MachineBuilder& builder, const std::optional<Bound>& minimum,
                        const std::optional<Bound>& maximum, bool only_integers, NodeId next) {
  const auto range = [&](const Bound& low, const std::optional<Bound>& high) {
    return MagnitudeRange(builder, low, high, only_integers, next).add();
  };
  std::vector<NodeId> branches;
  if (!maximum || !maximum->value.negative) {
    const bool from_zero = !minimum || minimum->value.negative;
    branches.push_back(range(from_zero ? Bound{} : *minimum, maximum));
  }
  if (!minimum || minimum->value.negative) {
    const bool to_zero = !maximum || !maximum->value.negative;
    const Bound low = to_zero ? Bound{{}, false} : magnitude(*maximum);
    std::optional<Bound> high;
    if (minimum) high = magnitude(*minimum);
    branches.push_back(builder.text("-", range(low, high)));
  }
  return builder.fork(std::move(branches));
}

}  // namespace quern::models::structured
