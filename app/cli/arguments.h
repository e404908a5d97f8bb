#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/generate/generator.h"
#include "models/language_model.h"

namespace quern::cli {

// Arguments that several verbs take. Functions that add some keep a reference to where values go.

/// The MODEL argument.
void add_model(CLI::App& command, std::string& model);

/// Throws ModelError when MODEL is neither a folder nor a GGUF file; what it seems to be is named.
std::filesystem::path model_path(const std::string& model);

/// --adapter, which may be repeated: DIR or DIR:STRENGTH.
CLI::Option* add_adapters(CLI::App& command, std::vector<std::string>& adapters);

/// What --adapter names; strength: of those that say none. Throws ModelError for a strength that is
/// no finite number.
std::vector<models::AdapterInUse> read_adapters(const std::vector<std::string>& adapters,
                                                float strength = 1);

/// Reads the model that MODEL names, with what --adapter names beside it.
std::shared_ptr<const models::LanguageModel> load_model(
    const std::string& model, bool exact, const std::vector<std::string>& adapters = {});

/// "1,2,3" as token ids.
CLI::Option* add_ids(CLI::App& command, const std::string& flag, std::vector<int32_t>& ids,
                     const std::string& description);

/// --exact
void add_exact(CLI::App& command, bool& exact);

/// --max-tokens, --stop, --temp, --top-p and the other sampling options; what is in `request` is
/// the default.
void add_generation(CLI::App& command, models::GenerationRequest& request);

/// --kv-bits, --kv-group-size, --kv-start, --draft, --draft-tokens and --ngram.
struct RunOptions {
  std::optional<int> kv_bits, kv_group_size;
  int kv_start = 0;
  std::string draft;
  int draft_tokens = 4;
  bool ngram = false;

  /// Reads the draft model.
  models::BatchOptions read(bool exact) const;
};
void add_run_options(CLI::App& command, RunOptions& options);

/// The JSON in a file, or `text` itself when it begins with a brace or bracket. Throws ModelError
/// when it cannot be read or is not JSON.
nlohmann::ordered_json read_json(const std::string& text);

/// All of a file, or of standard input for "-". Throws ModelError when it cannot be read.
std::string read_text(const std::filesystem::path& file);

}  // namespace quern::cli
