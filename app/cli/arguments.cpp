#include "app/cli/arguments.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <system_error>

#include "models/error.h"

namespace quern::cli {

namespace fs = std::filesystem;
using models::ModelError;

namespace {

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool looks_like_hub_id(const std::string& model) {
  static const std::regex pattern(R"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)");
  return std::regex_match(model, pattern);
}

void parse_ids(const std::string& flag, const std::string& text, std::vector<int32_t>& ids) {
  ids.clear();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string_view part(text.data() + begin, end - begin);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const auto id = parse_number<int32_t>(part);
    if (!id) throw CLI::ValidationError(flag, fmt::format("\"{}\" is not a token id", part));
    ids.push_back(*id);
    begin = end + 1;
  }
}

void add_bias(models::SamplingOptions& options, const std::string& text) {
  const size_t equals = text.find('=');
  const auto id = parse_number<int32_t>(std::string_view(text).substr(0, equals));
  const auto bias = equals == std::string::npos
                        ? std::nullopt
                        : parse_number<float>(std::string_view(text).substr(equals + 1));
  if (!id || !bias) {
    throw CLI::ValidationError("--logit-bias", fmt::format("\"{}\" is not ID=VALUE", text));
  }
  options.logit_bias[*id] = *bias;
}

void add_sampling(CLI::App& command, models::SamplingOptions& options) {
  models::SamplingOptions& o = options;
  const std::string group = "Sampling";
  const auto number = [&](const char* flag, auto& value, const char* description) {
    command.add_option(flag, value, description)->capture_default_str()->group(group);
  };
  number("--temp", o.temperature, "Temperature; 0 takes the most likely token");
  number("--top-p", o.top_p, "Keep the most likely tokens up to this total probability");
  number("--min-p", o.min_p, "Keep tokens at least this likely relative to the best one");
  number("--top-k", o.top_k, "Keep this many of the most likely tokens; 0 keeps all");
  number("--xtc-probability", o.xtc_probability, "How often to exclude the top choices");
  number("--xtc-threshold", o.xtc_threshold, "How likely a top choice is at least");
  number("--repetition-penalty", o.repetition_penalty,
         "Divide the logits of recent tokens; 1 is off");
  number("--presence-penalty", o.presence_penalty, "Subtract from the logits of recent tokens");
  number("--frequency-penalty", o.frequency_penalty,
         "Subtract from the logits of recent tokens, once per occurrence");
  number("--penalty-window", o.penalty_window, "How many tokens are recent; 0: all");
  command
      .add_option_function<std::vector<std::string>>(
          "--logit-bias",
          [&o](const std::vector<std::string>& biases) {
            for (const std::string& bias : biases) add_bias(o, bias);
          },
          "Add VALUE to the logit of token ID; may be repeated")
      ->type_name("ID=VALUE")
      ->expected(1)
      ->take_all()
      ->group(group);
  command
      .add_option_function<uint64_t>(
          "--seed", [&o](uint64_t seed) { o.seed = seed; }, "The same seed gives the same text")
      ->group(group);
}

}  // namespace

void add_model(CLI::App& command, std::string& model) {
  command.add_option("MODEL", model, "Folder of a model, or a .gguf file")->required();
}

fs::path model_path(const std::string& model) {
  std::error_code ignored;
  if (fs::is_directory(model, ignored)) return model;
  if (fs::exists(model, ignored)) {
    if (fs::path(model).extension() == ".gguf") return model;
    throw ModelError(fmt::format("{} is a file", model),
                     "Name the folder that holds the model, or a .gguf file.");
  }
  if (fs::path(model).extension() != ".gguf" && looks_like_hub_id(model)) {
    throw ModelError(fmt::format("there is no folder {}, and ids of the Hugging Face Hub are not "
                                 "supported yet",
                                 model),
                     "Download the model and name its folder.");
  }
  throw ModelError(fmt::format("there is no folder {}", model), "Check the path.");
}

CLI::Option* add_adapters(CLI::App& command, std::vector<std::string>& adapters) {
  return command
      .add_option("--adapter", adapters,
                  "Folder of an adapter that mlx-lm, PEFT or this program trained, and how much of "
                  "it is heard (1: all); may be repeated")
      ->type_name("DIR[:STRENGTH]")
      ->allow_extra_args(false);
}

std::vector<models::AdapterInUse> read_adapters(const std::vector<std::string>& adapters,
                                                float strength) {
  std::vector<models::AdapterInUse> out;
  for (const std::string& text : adapters) {
    const size_t colon = text.rfind(':');
    std::error_code ignored;
    const auto own = colon == std::string::npos || fs::exists(text, ignored)
                         ? std::nullopt
                         : parse_number<float>(std::string_view(text).substr(colon + 1));
    const float value = own.value_or(strength);
    if (!std::isfinite(value)) {
      throw ModelError(fmt::format("[adapter] {}: the strength is {}", text, value),
                       "Write DIR:STRENGTH with a number, 1 for all of the adapter.");
    }
    out.push_back(
        {own ? text.substr(0, colon) : text, std::make_shared<models::AdapterStrength>(value)});
  }
  return out;
}

std::shared_ptr<const models::LanguageModel> load_model(const std::string& model, bool exact,
                                                        const std::vector<std::string>& adapters) {
  return models::LanguageModel::load(model_path(model),
                                     {.exact = exact, .adapters = read_adapters(adapters)});
}

CLI::Option* add_ids(CLI::App& command, const std::string& flag, std::vector<int32_t>& ids,
                     const std::string& description) {
  return command
      .add_option_function<std::string>(
          flag, [flag, &ids](const std::string& text) { parse_ids(flag, text, ids); }, description)
      ->type_name("1,2,3");
}

void add_exact(CLI::App& command, bool& exact) {
  command.add_flag("--exact", exact, "Compute in float32 without trades of accuracy for speed");
}

void add_generation(CLI::App& command, models::GenerationRequest& request) {
  command
      .add_option("--max-tokens", request.max_tokens,
                  "Tokens to generate at most; -1: until the answer ends or the context is full")
      ->capture_default_str();
  command.add_option("--stop", request.stop, "Text that ends the answer; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("TEXT");
  add_sampling(command, request.sampling);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  CLI::Option* bits = command.add_option("--kv-bits", options.kv_bits,
                                         "Hold keys and values in so many bits: 4 or 8");
  command
      .add_option("--kv-group-size", options.kv_group_size,
                  "Elements of keys and values that share a scale: 32, 64 or 128")
      ->needs(bits);
  command
      .add_option("--kv-start", options.kv_start,
                  "Tokens up to which keys and values stay as they are")
      ->needs(bits)
      ->capture_default_str();
  command.add_option("--draft", options.draft,
                     "Folder of a smaller model that guesses ahead; the answer stays the same");
  command.add_flag("--ngram", options.ngram, "Guess ahead by what stands earlier in the text");
  command.add_option("--draft-tokens", options.draft_tokens, "Tokens to guess at a time, at most")
      ->capture_default_str();
}

models::BatchOptions RunOptions::read(bool exact) const {
  models::BatchOptions out;
  if (kv_bits)
    out.quantization = {.bits = *kv_bits, .group_size = kv_group_size, .start = kv_start};
  if (!draft.empty()) out.draft_model = load_model(draft, exact);
  out.draft_from_text = ngram;
  out.draft_tokens = draft_tokens;
  return out;
}

nlohmann::ordered_json read_json(const std::string& text) {
  const bool is_file = text.empty() || (text[0] != '{' && text[0] != '[');
  try {
    return nlohmann::ordered_json::parse(is_file ? read_text(text) : text);
  } catch (const nlohmann::json::parse_error& e) {
    const std::string why = e.what();
    const size_t at = why.find("at line ");
    throw ModelError(fmt::format("{} is not valid JSON {}", is_file ? text : "the schema",
                                 at == std::string::npos ? "" : why.substr(at)),
                     "Correct the JSON.");
  }
}

std::string read_text(const fs::path& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || fs::is_directory(file) || (in.peek() != EOF && !(text << in.rdbuf()))) {
    throw ModelError(
        fmt::format("{} cannot be read: {}", file.string(), std::generic_category().message(errno)),
        "Check the path and its permissions.");
  }
  return std::move(text).str();
}

}  // namespace quern::cli
