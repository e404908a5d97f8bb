#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "models/generate/structured/machine.h"

namespace quern::models::structured {

/// A number by its decimal digits.
struct Decimal {
  bool negative = false;
  std::string whole = "0";  ///< without leading zeros, but at least one digit
  std::string fraction;     ///< without trailing zeros

  bool is_zero() const { return whole == "0" && fraction.empty(); }
};

/// The shortest decimal number that is this JSON number. None beyond 10^40 or below 10^-40.
std::optional<Decimal> to_decimal(const nlohmann::ordered_json& number);

/// A bound, which may itself be left out.
struct Bound {
  Decimal value;
  bool included = true;
};

/// The decimal numbers between two bounds, without an exponent, compared digit by digit and so
/// exactly: integers of at most 18 digits, or numbers of at most 15 digits, which no reader rounds
/// onto a bound that they do not reach.
NodeId add_number_range(MachineBuilder& builder, const std::optional<Bound>& minimum,
                        const std::optional<Bound>& maximum, bool only_integers, NodeId next);

}  // namespace quern::models::structured
