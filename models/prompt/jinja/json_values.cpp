#include "models/prompt/jinja/json_values.h"

#include "models/prompt/jinja/runtime.h"

namespace quern::models::jinja {

Value value_of_json(Runtime& runtime, const nlohmann::ordered_json& json, int nesting) {
  using Type = nlohmann::ordered_json::value_t;
  if (nesting > maximum_nesting) throw Failure("a variable is nested too deeply");
  switch (json.type()) {
    case Type::boolean:
      return json.get<bool>();
    case Type::number_integer:
      return json.get<int64_t>();
    case Type::number_unsigned: {
      const auto number = json.get<uint64_t>();
      if (number > INT64_MAX) throw Failure("the integer {} does not fit in 64 bits", json.dump());
      return static_cast<int64_t>(number);
    }
    case Type::number_float:
      return json.get<double>();
    case Type::string:
      return json.get_ref<const std::string&>();
    case Type::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(value_of_json(runtime, item, nesting + 1));
      return runtime.make_list(std::move(items));
    }
    case Type::object: {
      runtime.reserve_values(2 * json.size());
      Dict* dict = runtime.make<Dict>();
      for (const auto& [key, item] : json.items())
        dict->set(key, value_of_json(runtime, item, nesting + 1));
      return dict;
    }
    default:
      return Value::none();
  }
}

}  // namespace quern::models::jinja
