#include "models/generate/structured/schema_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "models/generate/structured/number_range.h"
#include "models/generate/structured/schema_alternatives.h"
#include "models/generate/structured/schema_keywords.h"
#include "models/generate/structured/string_formats.h"

namespace quern::models::structured {
namespace {

constexpr int maximum_depth = 100;

uint32_t count_or(const Json& schema, std::string_view keyword, uint32_t otherwise) {
  const Json* value = member(schema, keyword);
  if (!value) return otherwise;
  return uint32_t(std::min(value->get<double>(), double(Node::unbounded)));
}

class Compiler {
 public:
  Compiler(const Json& schema, const JsonLayout& layout)
      : document_(schema), json_(builder_, layout) {}

  Machine compile() { return builder_.finish(add(document_.root(), "#", builder_.end())); }

 private:
  NodeId nothing() { return builder_.fork({}); }

  NodeId add(const Json& schema, const std::string& path, NodeId next) {
    if (schema == true) return json_.any_value(next);
    if (schema == false) return nothing();
    if (!schema.is_object()) refuse_schema(path, "a schema must be an object, true or false");
    if (depth_ == maximum_depth) refuse_schema(path, "the schema is nested too deeply");
    ++depth_;
    check_keywords(schema, path);
    const NodeId node = add_checked(schema, path, next);
    --depth_;
    return node;
  }

  NodeId add_checked(const Json& schema, const std::string& path, NodeId next) {
    const bool is_alone =
        std::count_if(schema.items().begin(), schema.items().end(),
                      [](const auto& entry) { return !is_annotation(entry.key()); }) == 1;
    if (is_alone) {
      if (const Json* reference = member(schema, "$ref")) {
        return builder_.call(rule(reference->get<std::string>(), path), next);
      }
      if (const Json* one = member(schema, "oneOf")) {
        document_.require_exclusive(*one, below(path, "oneOf"));
        return add_any(*one, below(path, "oneOf"), next);
      }
      if (const Json* any = member(schema, "anyOf")) {
        return add_any(*any, below(path, "anyOf"), next);
      }
    }
    std::vector<NodeId> branches;
    for (const Json& plain : document_.expand(schema, path)) {
      branches.push_back(add_plain(plain, path, next));
    }
    return builder_.fork(std::move(branches));
  }

  NodeId add_any(const Json& schemas, const std::string& path, NodeId next) {
    std::vector<NodeId> branches;
    for (size_t i = 0; i < schemas.size(); ++i) {
      branches.push_back(add(schemas[i], below(path, std::to_string(i)), next));
    }
    return builder_.fork(std::move(branches));
  }

  /// What a reference names, made once and called from everywhere, itself included.
  NodeId rule(const std::string& reference, const std::string& path) {
    const auto known = rules_.find(reference);
    if (known != rules_.end()) return known->second;
    const NodeId node = builder_.open_fork();
    rules_[reference] = node;
    const Json& target = document_.resolve(reference, path);
    builder_.set_fork(node, {add(target, reference, builder_.end())});
    return node;
  }

  /// A schema without $ref, anyOf, oneOf and allOf.
  NodeId add_plain(const Json& schema, const std::string& path, NodeId next) {
    const std::vector<std::string> types = types_of(schema);
    if (const auto values = listed_values(schema)) {
      return add_listed(schema, *values, path, next);
    }
    if (types.empty()) return json_.any_value(next);
    std::vector<NodeId> branches;
    for (const std::string& type : types) branches.push_back(add_type(type, schema, path, next));
    return builder_.fork(std::move(branches));
  }

  NodeId add_listed(const Json& schema, const std::vector<Json>& values, const std::string& path,
                    NodeId next) {
    for (const auto& entry : schema.items()) {
      const std::string& keyword = entry.key();
      if (is_annotation(keyword) || keyword == "enum" || keyword == "const" || keyword == "type") {
        continue;
      }
      refuse_schema(path, fmt::format("\"{}\" beside enum or const is not supported", keyword));
    }
    const std::vector<std::string> types = types_of(schema);
    std::vector<NodeId> branches;
    for (const Json& value : values) {
      const bool fits = types.empty() || std::any_of(types.begin(), types.end(), [&](auto& type) {
                          return is_of_type(type_of(value), type);
                        });
      if (fits) branches.push_back(json_.literal(value, next));
    }
    return builder_.fork(std::move(branches));
  }

  NodeId add_type(const std::string& type, const Json& schema, const std::string& path,
                  NodeId next) {
    if (type == "object") return add_object(schema, path, next);
    if (type == "array") return add_array(schema, path, next);
    if (type == "string") return add_string(schema, path, next);
    if (type == "boolean") {
      return builder_.fork({builder_.text("true", next), builder_.text("false", next)});
    }
    if (type == "null") return builder_.text("null", next);
    return add_number(schema, path, type == "integer", next);
  }

  NodeId add_number(const Json& schema, const std::string& path, bool only_integers, NodeId next) {
    std::optional<Bound> minimum, maximum;
    for (const auto& [keyword, bound, included] :
         {std::tuple("minimum", &minimum, true), std::tuple("exclusiveMinimum", &minimum, false),
          std::tuple("maximum", &maximum, true), std::tuple("exclusiveMaximum", &maximum, false)}) {
      const Json* value = member(schema, keyword);
      if (!value) continue;
      const auto decimal = to_decimal(*value);
      if (!decimal) {
        refuse_schema(path, fmt::format("\"{}\" is {}, but only numbers that are 0 or between "
                                        "1e-40 and 1e40 are supported",
                                        keyword, value->dump()));
      }
      // An exclusive bound comes second, and where both are equal it is the stricter one.
      const bool is_low = bound == &minimum;
      const Json* other = member(schema, is_low ? "minimum" : "maximum");
      if (!included && *bound && (is_low ? *value < *other : *value > *other)) continue;
      *bound = Bound{*decimal, included};
    }
    if (minimum || maximum) {
      return add_number_range(builder_, minimum, maximum, only_integers, next);
    }
    return only_integers ? json_.integer(next) : json_.number(next);
  }

  NodeId add_string(const Json& schema, const std::string& path, NodeId next) {
    const uint32_t minimum = count_or(schema, "minLength", 0);
    const uint32_t maximum = count_or(schema, "maxLength", Node::unbounded);
    const Json* pattern = member(schema, "pattern");
    const Json* format = member(schema, "format");
    if (minimum > maximum) return nothing();
    if (!pattern && !format) return json_.string(minimum, maximum, next);
    if (pattern && format) refuse_schema(path, "\"pattern\" beside \"format\" is not supported");
    Regex regex;
    if (pattern) {
      regex = parse_regex(pattern->get<std::string>(), Anchoring::search);
    } else {
      const auto known = format_pattern(format->get<std::string>());
      if (!known) {
        refuse_schema(
            path, fmt::format("the format \"{}\" is not supported", format->get<std::string>()));
      }
      regex = parse_regex(*known, Anchoring::implied);
    }
    limit_length(regex, minimum, maximum, path);
    return json_.string(regex, next);
  }

  /// Makes the matches of an expression meet a length, where it has one part that can.
  static void limit_length(Regex& regex, uint32_t minimum, uint32_t maximum,
                           const std::string& path) {
    const RegexLength length = length_of(regex);
    if (length.minimum >= minimum && length.maximum <= maximum) return;
    Regex* part = &regex;
    while (part->kind == Regex::Kind::sequence && part->parts.size() == 1) part = &part->parts[0];
    const bool is_simple =
        part->kind == Regex::Kind::repeat && part->parts[0].kind == Regex::Kind::character;
    if (!is_simple) {
      refuse_schema(path,
                    "minLength and maxLength beside a pattern or format are only supported "
                    "where it implies them, or repeats one character or class");
    }
    part->minimum = std::max(part->minimum, minimum);
    part->maximum = std::min(part->maximum, maximum);
    if (part->minimum > part->maximum) *part = {.kind = Regex::Kind::alternatives};
  }

  NodeId add_array(const Json& schema, const std::string& path, NodeId next) {
    const Json* prefix = member(schema, "prefixItems");
    const Json* items = member(schema, "items");
    const uint32_t minimum = count_or(schema, "minItems", 0);
    uint32_t maximum = count_or(schema, "maxItems", Node::unbounded);
    const auto fixed = uint32_t(prefix ? prefix->size() : 0);
    const bool is_open = items ? *items != false : fixed == 0 || minimum > fixed;
    if (!is_open) maximum = std::min(maximum, fixed);
    if (minimum > maximum) return nothing();
    NodeId item = builder_.end();
    if (is_open && maximum > fixed) {
      item = add(items ? *items : Json(true), below(path, "items"), builder_.end());
    }
    if (fixed == 0) return json_.array_of(item, minimum, maximum, next);

    const NodeId end = json_.close(']', next);
    const uint32_t chain = std::min(fixed, maximum);
    NodeId node = chain < minimum ? nothing() : end;
    if (maximum > fixed) {
      const uint32_t most = maximum == Node::unbounded ? maximum : maximum - fixed;
      node = builder_.repeat(json_.comma(item), minimum > fixed ? minimum - fixed : 0, most, end);
    }
    for (uint32_t i = chain; i-- > 0;) {
      node = add((*prefix)[i], below(path, "prefixItems", i), node);
      if (i > 0) node = json_.comma(node);
      if (i >= minimum) node = builder_.fork({node, end});
    }
    return json_.open('[', node);
  }

  struct Property {
    NodeId rule;
    bool is_required;
  };

  NodeId add_object(const Json& schema, const std::string& path, NodeId next) {
    const Json* declared = member(schema, "properties");
    const Json* others = member(schema, "additionalProperties");
    const Json* required = member(schema, "required");
    if (!declared && !required && (!others || *others == true)) return json_.any_object(next);

    std::vector<std::string> names;
    std::vector<Property> properties;
    const auto add_property = [&](const std::string& name, const Json& value,
                                  const std::string& value_path) {
      const bool is_required =
          required && std::find(required->begin(), required->end(), name) != required->end();
      names.push_back(name);
      const NodeId rule = json_.name(name, add(value, value_path, builder_.end()));
      properties.push_back({rule, is_required});
    };
    if (declared) {
      for (const auto& [name, value] : declared->items()) {
        add_property(name, value, below(below(path, "properties"), name));
      }
    }
    const std::string others_path = below(path, "additionalProperties");
    if (required) {
      for (const Json& name : *required) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        add_property(name.get<std::string>(), others ? *others : Json(true), others_path);
      }
    }
    const NodeId end = json_.close('}', next);
    NodeId none_yet = end, some = end;
    if (others && *others != false) {
      const NodeId other = json_.other_name(names, add(*others, others_path, builder_.end()));
      some = builder_.repeat(json_.comma(other), 0, Node::unbounded, end);
      none_yet = builder_.fork({builder_.call(other, some), end});
    }
    for (auto property = properties.rbegin(); property != properties.rend(); ++property) {
      const NodeId first = builder_.call(property->rule, some);
      const NodeId further = json_.comma(first);
      none_yet = property->is_required ? first : builder_.fork({first, none_yet});
      some = property->is_required ? further : builder_.fork({further, some});
    }
    return json_.open('{', none_yet);
  }

  SchemaDocument document_;
  MachineBuilder builder_;
  JsonMachine json_;
  std::map<std::string, NodeId> rules_;
  int depth_ = 0;
};

}  // namespace

Machine make_schema_machine(const nlohmann::ordered_json& schema, const JsonLayout& layout) {
  return Compiler(schema, layout).compile();
}

}  // namespace quern::models::structured
