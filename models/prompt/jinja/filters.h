#pragma once

#include <map>
#include <string_view>

#include "models/prompt/jinja/value.h"

/// The filters, by the names and with the arguments of Jinja2's built-in ones.
///
/// Those that give a generator there give an Iterator here, already computed. tojson is that of
/// chat templates: its first argument is ensure_ascii, and HTML is not escaped.
namespace quern::models::jinja {

class Runtime;

using Filter = Value (*)(Runtime& runtime, const Value& subject, const Arguments& arguments);
using Filters = std::map<std::string_view, Filter>;

/// The filter, or null where there is none of that name.
Filter find_filter(std::string_view name);

const Filters& text_filters();
const Filters& sequence_filters();
const Filters& selection_filters();
const Filters& value_filters();

}  // namespace quern::models::jinja
