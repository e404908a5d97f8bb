#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "engine/array/array.h"
#include "models/generate/structured/json_machine.h"
#include "models/generate/structured/machine.h"
#include "models/generate/structured/token_trie.h"
#include "models/generate/token_constraint.h"

namespace quern::models {

using structured::JsonLayout;

namespace structured {
class MaskCache;
}

/// The texts that an answer may be, bound to a vocabulary. Immutable but for what it has worked out
/// so far, which all its constraints share; any thread may use it.
class Grammar {
 public:
  /// Texts that a regular expression matches as a whole; see structured::parse_regex.
  /// These throw ModelError where the description is malformed or not supported, where nothing
  /// meets it, and where the vocabulary lacks the bytes to write what does.
  static std::shared_ptr<const Grammar> from_regex(std::string_view pattern,
                                                   std::shared_ptr<const TokenTrie> vocabulary);

  /// JSON texts that meet a JSON schema; see structured::make_schema_machine. `true` or {} stands
  /// for any JSON, {"type": "object"} for any object.
  static std::shared_ptr<const Grammar> from_json_schema(
      const nlohmann::ordered_json& schema, std::shared_ptr<const TokenTrie> vocabulary,
      const JsonLayout& layout = {});

  /// Whether the whole text is one of the grammar's.
  bool matches(std::string_view text) const;

  const TokenTrie& vocabulary() const { return *vocabulary_; }

 private:
  friend class Constraint;
  Grammar(structured::Machine machine, std::shared_ptr<const TokenTrie> vocabulary);

  /// The cache to work with; a new one when the last has grown too large.
  std::shared_ptr<structured::MaskCache> cache() const;

  structured::Machine machine_;
  std::shared_ptr<const TokenTrie> vocabulary_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<structured::MaskCache> cache_;
};

/// One answer on its way through a grammar: which tokens may come next. A value: a copy goes on by
/// itself. For one thread.
class Constraint final : public TokenConstraint {
 public:
  explicit Constraint(std::shared_ptr<const Grammar> grammar);

  /// The tokens that may come next: [vocab_size] bool, never all false. An end token may where the
  /// text may end; where it must, nothing else may. After an end token, end tokens alone.
  array allowed() override;

  /// The same for one token, without working out the others.
  bool allows(int32_t id);

  /// Takes the next token. Throws ModelError, and stays as it was, when it is not allowed.
  void advance(int32_t id) override;

  /// Whether the text so far is one of the grammar's.
  bool is_complete() const;

  /// Whether nothing but the end may follow.
  bool complete() const override;

  /// Whether an end token was taken.
  bool ended() const { return ended_; }

 private:
  /// The state after the token; structured::LazyAutomaton::dead when it is not allowed.
  uint32_t state_after(int32_t id);
  /// Moves on to the grammar's newest cache.
  void renew();

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<structured::MaskCache> cache_;
  uint32_t state_ = 0;
  bool at_start_ = true;
  bool ended_ = false;
};

/// Makes a constraint for each answer: what a GenerationRequest asks for.
std::function<std::unique_ptr<TokenConstraint>()> constraints_of(
    std::shared_ptr<const Grammar> grammar);

}  // namespace quern::models
