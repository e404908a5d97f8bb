#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace quern::models::tests {

/// Schemas of many kinds, all of which something meets.
inline std::vector<nlohmann::ordered_json> sample_schemas() {
  using Json = nlohmann::ordered_json;
  const char* texts[] = {
      R"({"type":"object"})",
      R"({"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":130},
          "tags":{"type":"array","items":{"enum":["a","b","a longer one"]},"maxItems":4}},"required":["name","age"]})",
      R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"null"},"c":{"const":{"x":[1,"two",null]}}}})",
      R"({"type":["string","null","integer"],"minLength":2,"maxLength":5,"minimum":-12,"exclusiveMaximum":7})",
      R"({"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"value":{"type":"integer"},
          "children":{"type":"array","items":{"$ref":"#/$defs/tree"},"maxItems":2}},"required":["value"],"additionalProperties":false}}})",
      R"({"anyOf":[{"type":"string","pattern":"^[a-c]{2,4}\"?$"},{"type":"array","prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":false,"minItems":1}]})",
      R"({"oneOf":[{"type":"object","properties":{"kind":{"const":"circle"},"radius":{"type":"number","exclusiveMinimum":0}},"required":["kind","radius"]},
          {"type":"object","properties":{"kind":{"const":"square"},"side":{"type":"number","minimum":0.5,"maximum":1.25}},"required":["kind","side"]}]})",
      R"({"allOf":[{"type":"object","properties":{"a":{"type":"number","minimum":1}},"required":["a"]},
          {"properties":{"a":{"maximum":2},"b":{"type":"string","format":"date"}},"required":["b"]}]})",
      R"({"type":"object","properties":{"id":{"type":"string","format":"uuid"},"at":{"type":"string","format":"date-time"},
          "t":{"type":"string","format":"time"},"mail":{"type":"string","format":"email"}},"required":["id","at","t","mail"]})",
      R"({"type":"object","additionalProperties":{"type":"integer"},"properties":{"name":{"type":"string"},"né":{"type":"null"}},"required":["other"]})",
      R"({"type":"array","items":{"type":"number"},"minItems":2,"maxItems":3})",
      R"({"type":"array","prefixItems":[{"type":"string","maxLength":3}],"items":{"type":"boolean"},"minItems":3,"maxItems":5})",
      R"({"type":"number","minimum":-1.5,"exclusiveMaximum":20.25})",
      R"({"type":"string","minLength":3,"maxLength":3})",
      R"({"type":"object","properties":{"x":{"anyOf":[{"type":"string","maxLength":4},{"type":"null"}],"default":null,"title":"X"}},
          "anyOf":[{"required":["x"]},{"required":["y"],"properties":{"y":{"type":"integer"}}}]})",
      R"({"definitions":{"list":{"anyOf":[{"type":"null"},{"type":"object","properties":{"head":{"type":"integer"},"tail":{"$ref":"#/definitions/list"}},
          "required":["head","tail"]}]}},"$ref":"#/definitions/list"})",
      R"({"enum":[1,"1",null,true,[1,2],{"a":{}}, "é\n\"\\"]})",
      R"({"type":"string","pattern":"^[ab]{1,6}[c-z]c"})",
      "true",
  };
  std::vector<Json> schemas;
  for (const char* text : texts) schemas.push_back(Json::parse(text));
  return schemas;
}

}  // namespace quern::models::tests
