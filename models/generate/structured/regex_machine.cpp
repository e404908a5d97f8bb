#include "models/generate/structured/regex_machine.h"

#include "models/generate/structured/json_escape.h"

namespace quern::models::structured {

NodeId add_json_character(MachineBuilder& builder, const CharacterSet& set, NodeId next) {
  const CharacterSet plain = set.without(escaped_characters());
  std::vector<NodeId> branches;
  if (!plain.empty()) branches.push_back(builder.character(plain, next));
  for (const auto& range : escaped_characters().ranges()) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      if (set.contains(c)) branches.push_back(builder.text(json_escape(c), next));
    }
  }
  return builder.fork(std::move(branches));
}

NodeId add_regex(MachineBuilder& builder, const Regex& regex, Writing writing, NodeId next) {
  const auto add = [&](const Regex& part, NodeId then) {
    return add_regex(builder, part, writing, then);
  };
  switch (regex.kind) {
    case Regex::Kind::character:
      return writing == Writing::plain ? builder.character(regex.set, next)
                                       : add_json_character(builder, regex.set, next);
    case Regex::Kind::sequence:
      for (auto part = regex.parts.rbegin(); part != regex.parts.rend(); ++part) {
        next = add(*part, next);
      }
      return next;
    case Regex::Kind::alternatives: {
      std::vector<NodeId> branches;
      for (const Regex& part : regex.parts) branches.push_back(add(part, next));
      return builder.fork(std::move(branches));
    }
    case Regex::Kind::repeat:
      break;
  }
  const Regex& part = regex.parts[0];
  if (regex.minimum == 0 && regex.maximum == 1) return builder.fork({add(part, next), next});
  if (regex.minimum == 0 && regex.maximum == Node::unbounded) {
    const NodeId loop = builder.open_fork();
    builder.set_fork(loop, {add(part, loop), next});
    return loop;
  }
  return builder.repeat(add(part, builder.end()), regex.minimum, regex.maximum, next);
}

}  // namespace quern::models::structured
