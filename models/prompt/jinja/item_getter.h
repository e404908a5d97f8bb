#pragma once

#include <string>
#include <vector>

#include "models/prompt/jinja/value.h"

namespace quern::models::jinja {

class Runtime;

/// What the `attribute` argument of a filter names: a dotted path of keys and positions ("a.b",
/// "0", 1), or nothing, which stands for the item itself.
class ItemGetter {
 public:
  /// `attribute` is a string, an integer or none. Where it leads nowhere, the result is `fallback`,
  /// unless that is none.
  explicit ItemGetter(const Value& attribute, Value fallback = Value::none());

  Value operator()(Runtime& runtime, const Value& item) const;

 private:
  std::vector<Value> path_;
  Value fallback_;
};

/// A string in lower case, any other value as it is: what filters sort and group by.
Value fold_case(const Value& value);

}  // namespace quern::models::jinja
