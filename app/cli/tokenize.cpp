#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::cli {

namespace {

using json = nlohmann::ordered_json;
using models::ModelError;
using models::Tokenizer;

struct Tokenize {
  std::string model;
  std::string text;
  std::string file;
  std::vector<int32_t> ids;
  std::string batch;
  bool special = false;

  CLI::Option* text_given = nullptr;
  CLI::Option* file_given = nullptr;
  CLI::Option* ids_given = nullptr;

  int run(Output& output) const;

 private:
  json encoded(const Tokenizer& tokenizer, const std::string& source) const {
    return {{"ids", tokenizer.encode(source, special)}};
  }
  json decoded(const Tokenizer& tokenizer, const std::vector<int32_t>& source) const {
    return {{"text", tokenizer.decode(source, !special)}};
  }
  json answer(const Tokenizer& tokenizer, const json& line) const;
  void run_batch(const Tokenizer& tokenizer, Output& output) const;
};

json Tokenize::answer(const Tokenizer& tokenizer, const json& line) const {
  if (line.is_object() && line.contains("text")) {
    return encoded(tokenizer, line["text"].get<std::string>());
  }
  if (line.is_object() && line.contains("ids")) {
    return decoded(tokenizer, line["ids"].get<std::vector<int32_t>>());
  }
  throw std::invalid_argument("neither \"text\" nor \"ids\"");
}

void Tokenize::run_batch(const Tokenizer& tokenizer, Output& output) const {
  const std::string lines = read_text(batch);
  size_t number = 0;
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    const std::string_view line(lines.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    json result;
    try {
      result = answer(tokenizer, json::parse(line));
    } catch (const ModelError&) {
      throw;
    } catch (const std::exception& error) {
      throw ModelError(fmt::format("{}:{}: {}", batch, number, error.what()),
                       "Write a line {\"text\":..} or {\"ids\":[..]} each.");
    }
    output.object(result);
  }
}

int Tokenize::run(Output& output) const {
  const Tokenizer tokenizer = Tokenizer::load(model_path(model));
  if (!batch.empty()) {
    run_batch(tokenizer, output);
    return done;
  }
  const json result = *ids_given ? decoded(tokenizer, ids)
                                 : encoded(tokenizer, *file_given ? read_text(file) : text);
  if (output.json()) {
    output.object(result);
  } else if (*ids_given) {
    output.text(result["text"].get<std::string>() + "\n");
  } else {
    output.text(fmt::format("{}\n", fmt::join(result["ids"].get<std::vector<int32_t>>(), ",")));
  }
  return done;
}

}  // namespace

Action add_tokenize(CLI::App& command) {
  const auto verb = std::make_shared<Tokenize>();
  add_model(command, verb->model);
  CLI::Option_group* source = command.add_option_group("What to convert");
  verb->text_given = source->add_option("--text", verb->text, "Text to turn into ids");
  verb->file_given =
      source->add_option("--file", verb->file, "File with the text; - is standard input");
  verb->ids_given = add_ids(*source, "--decode", verb->ids, "Ids to turn into text");
  source->add_option(
      "--batch", verb->batch,
      "File with a line {\"text\":..} or {\"ids\":[..]} each, answered by a line each");
  source->require_option(1);
  command.add_flag("--special", verb->special,
                   "Add special tokens around a text; keep them in the text of ids");
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
