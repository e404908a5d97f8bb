#include "models/generate/structured/json_machine.h"

#include <map>
#include <string>
#include <utility>

#include "models/generate/structured/json_escape.h"
#include "models/generate/structured/regex_machine.h"
#include "models/tokenizer/utf8.h"

namespace quern::models::structured {
namespace {

constexpr int maximum_depth = 16;

/// Names as a tree of characters, to tell all others from them.
struct NameTree {
  std::map<char32_t, NameTree> children;
  bool is_name = false;

  void add(std::string_view name) {
    NameTree* node = this;
    for (size_t i = 0; i < name.size();) node = &node->children[next_code_point(name, i)];
    node->is_name = true;
  }
};

CharacterSet plain_characters() { return escaped_characters().complement(); }

/// Any text without escapes that is not in the tree, up to the quote.
NodeId other_text(MachineBuilder& builder, const NameTree& tree, NodeId free_text, NodeId quote) {
  std::vector<NodeId> branches;
  CharacterSet others = plain_characters();
  CharacterSet known;
  for (const auto& [character, child] : tree.children) {
    if (!others.contains(character)) continue;
    const CharacterSet single = {{character, character}};
    known.add(single);
    branches.push_back(builder.character(single, other_text(builder, child, free_text, quote)));
  }
  branches.push_back(builder.character(others.without(known), free_text));
  if (!tree.is_name) branches.push_back(quote);
  return builder.fork(std::move(branches));
}

/// One character of a string in any of its writings, as a callee.
NodeId make_string_character(MachineBuilder& b) {
  const NodeId end = b.end();
  const CharacterSet hex = {{'0', '9'}, {'a', 'f'}, {'A', 'F'}};
  const auto any_of = [&](std::string_view ascii, NodeId next) {
    return b.character(CharacterSet::of(ascii), next);
  };
  const NodeId one = b.character(hex, end);
  const NodeId two = b.character(hex, one);
  const NodeId three = b.character(hex, two);
  const NodeId outside_surrogates =
      b.fork({any_of("0123456789abcefABCEF", three), any_of("dD", any_of("01234567", two))});
  const NodeId low = b.text("\\u", any_of("dD", any_of("cdefCDEF", two)));
  const NodeId low_digits = b.character(hex, b.character(hex, low));
  const NodeId pair = any_of("dD", any_of("89abAB", low_digits));
  const NodeId escape =
      b.fork({any_of("\"\\/bfnrt", end), b.text("u", b.fork({outside_surrogates, pair}))});
  return b.fork({b.character(plain_characters(), end), b.text("\\", escape)});
}

}  // namespace

NodeId JsonMachine::white_space(NodeId next) {
  if (!layout_.free_white_space) return next;
  const NodeId one = builder_.character(CharacterSet::of(" \n\t\r"), builder_.end());
  return builder_.repeat(one, 0, layout_.maximum_white_space, next);
}

NodeId JsonMachine::open(char bracket, NodeId next) {
  return builder_.text({&bracket, 1}, white_space(next));
}

NodeId JsonMachine::close(char bracket, NodeId next) {
  return white_space(builder_.text({&bracket, 1}, next));
}

NodeId JsonMachine::comma(NodeId next) {
  if (layout_.free_white_space) return white_space(builder_.text(",", white_space(next)));
  return builder_.text(",", builder_.fork({builder_.text(" ", next), next}));
}

NodeId JsonMachine::colon(NodeId next) {
  if (layout_.free_white_space) return white_space(builder_.text(":", white_space(next)));
  return builder_.text(":", builder_.fork({builder_.text(" ", next), next}));
}

NodeId JsonMachine::name(std::string_view name, NodeId next) {
  return builder_.text('"' + json_escape(name) + '"', colon(next));
}

NodeId JsonMachine::other_name(const std::vector<std::string>& names, NodeId next) {
  NameTree tree;
  for (const std::string& name : names) tree.add(name);
  const NodeId quote = builder_.text("\"", colon(next));
  const NodeId free_text = builder_.open_fork();
  builder_.set_fork(free_text, {builder_.character(plain_characters(), free_text), quote});
  return builder_.text("\"", other_text(builder_, tree, free_text, quote));
}

NodeId JsonMachine::any_string_rule() {
  if (!any_string_) {
    const NodeId loop = builder_.open_fork();
    if (!string_character_) string_character_ = make_string_character(builder_);
    builder_.set_fork(
        loop, {builder_.call(*string_character_, loop), builder_.text("\"", builder_.end())});
    any_string_ = builder_.text("\"", loop);
  }
  return *any_string_;
}

NodeId JsonMachine::string(uint32_t minimum, uint32_t maximum, NodeId next) {
  const NodeId any = any_string_rule();
  if (minimum == 0 && maximum == Node::unbounded) return builder_.call(any, next);
  return builder_.text(
      "\"", builder_.repeat(*string_character_, minimum, maximum, builder_.text("\"", next)));
}

NodeId JsonMachine::string(const Regex& regex, NodeId next) {
  return builder_.text("\"",
                       add_regex(builder_, regex, Writing::json_string, builder_.text("\"", next)));
}

NodeId JsonMachine::integer(NodeId next) {
  static const Regex regex = parse_regex("0|-?[1-9][0-9]{0,17}", Anchoring::implied);
  return add_regex(builder_, regex, Writing::plain, next);
}

NodeId JsonMachine::number(NodeId next) {
  static const Regex regex = parse_regex(
      "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", Anchoring::implied);
  return add_regex(builder_, regex, Writing::plain, next);
}

NodeId JsonMachine::literal(const nlohmann::ordered_json& value, NodeId next) {
  if (!value.is_structured()) return builder_.text(value.dump(), next);
  const bool is_object = value.is_object();
  NodeId node = close(is_object ? '}' : ']', next);
  for (auto item = value.end(); item != value.begin();) {
    --item;
    node = literal(*item, node);
    if (is_object) node = name(item.key(), node);
    if (item != value.begin()) node = comma(node);
  }
  return open(is_object ? '{' : '[', node);
}

NodeId JsonMachine::object_of(NodeId member, NodeId next) {
  const NodeId end = close('}', next);
  const NodeId more = builder_.repeat(comma(member), 0, Node::unbounded, end);
  return open('{', builder_.fork({builder_.call(member, more), end}));
}

NodeId JsonMachine::array_of(NodeId item, uint32_t minimum, uint32_t maximum, NodeId next) {
  const NodeId end = close(']', next);
  std::vector<NodeId> branches;
  if (minimum == 0) branches.push_back(end);
  if (maximum > 0) {
    const uint32_t more = maximum == Node::unbounded ? maximum : maximum - 1;
    branches.push_back(builder_.call(
        item, builder_.repeat(comma(item), minimum > 0 ? minimum - 1 : 0, more, end)));
  }
  return open('[', builder_.fork(std::move(branches)));
}

const JsonMachine::AnyRules& JsonMachine::any_rules() {
  if (any_) return *any_;
  const NodeId end = builder_.end();
  const NodeId scalar = builder_.fork({any_string_rule(), number(end), builder_.text("true", end),
                                       builder_.text("false", end), builder_.text("null", end)});
  AnyRules rules{scalar, scalar, scalar};
  for (int depth = 0; depth < maximum_depth; ++depth) {
    const NodeId member = builder_.call(any_string_rule(), colon(rules.value));
    rules.object = object_of(member, end);
    rules.array = array_of(rules.value, 0, Node::unbounded, end);
    rules.value = builder_.fork({scalar, rules.object, rules.array});
  }
  any_ = rules;
  return *any_;
}

NodeId JsonMachine::any_value(NodeId next) { return builder_.call(any_rules().value, next); }

NodeId JsonMachine::any_object(NodeId next) { return builder_.call(any_rules().object, next); }

NodeId JsonMachine::any_array(NodeId next) { return builder_.call(any_rules().array, next); }

}  // namespace quern::models::structured
