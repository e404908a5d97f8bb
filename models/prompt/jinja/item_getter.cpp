#include "models/prompt/jinja/item_getter.h"

#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {

ItemGetter::ItemGetter(const Value& attribute, Value fallback) : fallback_(std::move(fallback)) {
  if (attribute.is_none()) return;
  if (!attribute.is_string()) {
    path_.push_back(attribute);
    return;
  }
  for (const std::string_view part : text::split(attribute.string(), ".", -1, false)) {
    const bool is_position =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    path_.push_back(is_position ? Value(std::stoi(std::string(part))) : Value(part));
  }
}

Value ItemGetter::operator()(Runtime& runtime, const Value& item) const {
  Value result = item;
  for (const Value& part : path_) {
    result = get_item(runtime, result, part);
    if (result.is_undefined() && !fallback_.is_none()) result = fallback_;
  }
  return result;
}

Value fold_case(const Value& value) {
  return value.is_string() ? Value(text::lower(value.string())) : value;
}

}  // namespace quern::models::jinja
