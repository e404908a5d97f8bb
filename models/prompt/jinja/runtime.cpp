#include "models/prompt/jinja/runtime.h"

#include <algorithm>

namespace quern::models::jinja {
namespace {

// Far above what a long conversation needs.
constexpr size_t maximum_values = 4'000'000;
constexpr size_t maximum_string_bytes = 64 << 20;

}  // namespace

Value Runtime::make_list(std::vector<Value> items) {
  reserve_values(items.size());
  return make<List>(std::move(items));
}

Value Runtime::make_tuple(std::vector<Value> items) {
  reserve_values(items.size());
  return make<Tuple>(std::move(items));
}

Value Runtime::make_iterator(std::vector<Value> items) {
  reserve_values(items.size());
  return make<Iterator>(std::move(items));
}

void Runtime::reserve_values(size_t count) {
  spend(count);
  values_ += count;
  if (values_ > maximum_values) {
    throw Failure("the template builds too many values: more than {}", maximum_values);
  }
}

void Runtime::check_bytes(size_t bytes) {
  if (bytes > maximum_string_bytes) {
    throw Failure("a string of {} bytes is more than the {} that a template may make", bytes,
                  maximum_string_bytes);
  }
}

void Runtime::reserve_bytes(size_t bytes) {
  check_bytes(bytes);
  charge(bytes);
}

void Runtime::reserve_bytes(size_t bytes, size_t count) {
  size_t total;
  if (__builtin_mul_overflow(bytes, count, &total)) total = static_cast<size_t>(-1);
  reserve_bytes(total);
}

Bound::Bound(std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> parameters)
    : function_(function), parameters_(parameters), values_(parameters.size()) {
  const std::string name(function);
  if (arguments.positional.size() > parameters_.size()) {
    throw Failure("{}() takes at most {} arguments, not {}", name, parameters_.size(),
                  arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [key, value] : arguments.named) {
    const auto found = std::find(parameters_.begin(), parameters_.end(), key);
    if (found == parameters_.end()) {
      throw Failure("{}() got an unexpected keyword argument '{}'", name, key);
    }
    const Value*& slot = values_[static_cast<size_t>(found - parameters_.begin())];
    if (slot) throw Failure("{}() got multiple values for argument '{}'", name, key);
    slot = &value;
  }
}

const Value& Bound::at(size_t index) const {
  if (!values_[index]) {
    throw Failure("{}() misses the argument '{}'", function_, parameters_[index]);
  }
  return *values_[index];
}

Value Bound::value_or(size_t index, Value fallback) const {
  return values_[index] ? *values_[index] : std::move(fallback);
}

int64_t Bound::integer_or(size_t index, int64_t fallback) const {
  if (!values_[index] || values_[index]->is_none()) return fallback;
  const Value& value = *values_[index];
  value.require_defined();
  if (!value.is_integral()) {
    throw Failure("{}(): '{}' must be an integer, not {}", function_, parameters_[index],
                  value.type_name());
  }
  return value.integer();
}

bool Bound::truth_or(size_t index, bool fallback) const {
  return values_[index] ? values_[index]->truth() : fallback;
}

const std::string& Bound::string_at(size_t index) const {
  const Value& value = at(index);
  value.require_defined();
  if (!value.is_string()) {
    throw Failure("{}(): '{}' must be a string, not {}", function_, parameters_[index],
                  value.type_name());
  }
  return value.string();
}

}  // namespace quern::models::jinja
