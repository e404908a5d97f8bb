#include "models/generate/structured/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/error.h"
#include "models/generate/structured/mask_cache.h"
#include "models/generate/structured/regex_machine.h"
#include "models/generate/structured/schema_machine.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using structured::LazyAutomaton;
using structured::MaskCache;

namespace {

constexpr size_t maximum_cache_bytes = size_t{96} << 20;

constexpr size_t maximum_schema_depth = 250;

/// Everything that works on a schema recurses, copies included; this does not.
void require_shallow(const nlohmann::ordered_json& schema) {
  std::vector<std::pair<const nlohmann::ordered_json*, size_t>> pending = {{&schema, 0}};
  while (!pending.empty()) {
    const auto [value, depth] = pending.back();
    pending.pop_back();
    if (depth > maximum_schema_depth) {
      throw ModelError(
          fmt::format("[grammar] the schema is nested more than {} deep", maximum_schema_depth),
          "Name its inner parts in \"$defs\" and refer to them by \"$ref\".");
    }
    if (!value->is_structured()) continue;
    for (const auto& part : *value) pending.emplace_back(&part, depth + 1);
  }
}

bool any(const structured::TokenMask& mask) {
  return std::any_of(mask.begin(), mask.end(), [](uint64_t word) { return word != 0; });
}

}  // namespace

Grammar::Grammar(structured::Machine machine, std::shared_ptr<const TokenTrie> vocabulary)
    : machine_(std::move(machine)), vocabulary_(std::move(vocabulary)) {
  const auto known = cache();
  LazyAutomaton& automaton = known->automaton();
  const LazyAutomaton::State start = automaton.start();
  if (start == LazyAutomaton::dead) {
    throw ModelError("[grammar] nothing can meet the schema or pattern",
                     "Look for demands in it that contradict each other.");
  }
  const bool can_write =
      automaton.is_safe(start) && (automaton.accepts(start) || any(known->mask(start, true)));
  if (!can_write) {
    throw ModelError(
        "[grammar] the model's vocabulary lacks characters that the schema or pattern "
        "demands",
        "Use other characters, or a model whose vocabulary has all bytes.");
  }
}

std::shared_ptr<const Grammar> Grammar::from_regex(std::string_view pattern,
                                                   std::shared_ptr<const TokenTrie> vocabulary) {
  structured::MachineBuilder builder;
  const auto regex = structured::parse_regex(pattern, structured::Anchoring::implied);
  const auto start =
      structured::add_regex(builder, regex, structured::Writing::plain, builder.end());
  return std::shared_ptr<const Grammar>(new Grammar(builder.finish(start), std::move(vocabulary)));
}

std::shared_ptr<const Grammar> Grammar::from_json_schema(
    const nlohmann::ordered_json& schema, std::shared_ptr<const TokenTrie> vocabulary,
    const JsonLayout& layout) {
  require_shallow(schema);
  try {
    schema.dump();
  } catch (const nlohmann::json::exception&) {
    throw ModelError("[grammar] the schema has a text that is not valid UTF-8");
  }
  return std::shared_ptr<const Grammar>(
      new Grammar(structured::make_schema_machine(schema, layout), std::move(vocabulary)));
}

bool Grammar::matches(std::string_view text) const {
  const auto known = cache();
  const std::lock_guard lock(known->mutex);
  LazyAutomaton& automaton = known->automaton();
  LazyAutomaton::State state = automaton.start();
  for (const char byte : text) state = automaton.next(state, uint8_t(byte));
  return automaton.accepts(state);
}

std::shared_ptr<MaskCache> Grammar::cache() const {
  const std::lock_guard lock(mutex_);
  bool is_full = false;
  if (cache_) {
    const std::lock_guard cache_lock(cache_->mutex);
    is_full = cache_->bytes() > maximum_cache_bytes;
  }
  if (!cache_ || is_full) cache_ = std::make_shared<MaskCache>(machine_, *vocabulary_);
  return cache_;
}

Constraint::Constraint(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)),
      cache_(grammar_->cache()),
      state_(cache_->automaton().start()) {}

void Constraint::renew() {
  const auto newest = grammar_->cache();
  if (newest == cache_) return;
  const std::scoped_lock lock(newest->mutex, cache_->mutex);
  state_ = newest->automaton().adopt(cache_->automaton(), state_);
  cache_ = newest;
}

array Constraint::allowed() {
  renew();
  const auto vocab_size = size_t(grammar_->vocabulary().vocab_size());
  const std::unique_ptr<bool[]> flags(new bool[vocab_size]());
  bool may_end = ended_;
  if (!ended_) {
    const std::lock_guard lock(cache_->mutex);
    const structured::TokenMask& mask = cache_->mask(state_, at_start_);
    for (size_t id = 0; id < vocab_size; ++id) flags[id] = mask[id / 64] >> (id % 64) & 1;
    may_end = cache_->automaton().accepts(state_);
  }
  if (may_end) {
    for (const int32_t id : grammar_->vocabulary().end_tokens()) flags[size_t(id)] = true;
  }
  return array(static_cast<const bool*>(flags.get()), {ShapeElem(vocab_size)}, bool_);
}

uint32_t Constraint::state_after(int32_t id) {
  const TokenTrie& vocabulary = grammar_->vocabulary();
  if (id < 0 || id >= vocabulary.vocab_size()) return LazyAutomaton::dead;
  const std::string_view bytes = at_start_ ? vocabulary.bytes_at_start(id) : vocabulary.bytes(id);
  if (bytes.empty()) return LazyAutomaton::dead;
  const std::lock_guard lock(cache_->mutex);
  return cache_->after(state_, bytes);
}

bool Constraint::allows(int32_t id) {
  if (grammar_->vocabulary().is_end_token(id)) return ended_ || is_complete();
  return !ended_ && state_after(id) != LazyAutomaton::dead;
}

void Constraint::advance(int32_t id) {
  renew();
  if (!allows(id)) {
    throw ModelError(fmt::format("[grammar] token {} is not allowed here", id));
  }
  if (grammar_->vocabulary().is_end_token(id)) {
    ended_ = true;
    return;
  }
  state_ = state_after(id);
  at_start_ = false;
}

bool Constraint::is_complete() const {
  const std::lock_guard lock(cache_->mutex);
  return cache_->automaton().accepts(state_);
}

bool Constraint::complete() const {
  if (ended_) return true;
  const std::lock_guard lock(cache_->mutex);
  return cache_->automaton().accepts(state_) && !any(cache_->mask(state_, at_start_));
}

std::function<std::unique_ptr<TokenConstraint>()> constraints_of(
    std::shared_ptr<const Grammar> grammar) {
  return [grammar = std::move(grammar)] { return std::make_unique<Constraint>(grammar); };
}

}  // namespace quern::models
