#include "models/prompt/jinja/filters.h"

namespace quern::models::jinja {

Filter find_filter(std::string_view name) {
  static const Filters all = [] {
    Filters filters;
    for (const Filters* table :
         {&text_filters(), &sequence_filters(), &selection_filters(), &value_filters()}) {
      filters.insert(table->begin(), table->end());
    }
    return filters;
  }();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace quern::models::jinja
