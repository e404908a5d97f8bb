#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/verb.h"
#include "models/error.h"
#include "models/prompt/jinja.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::cli {

namespace {

using json = nlohmann::ordered_json;
using models::JinjaTemplate;
using models::ModelError;

struct Render {
  std::string source;
  std::string variables;

  int run(Output& output) const;
};

json read_variables(const std::string& file) {
  json variables;
  try {
    variables = json::parse(read_text(file));
  } catch (const json::exception& error) {
    throw ModelError(fmt::format("{}: {}", file, error.what()), "Write the variables as JSON.");
  }
  if (!variables.is_object()) {
    throw ModelError(fmt::format("{}: this is not a JSON object", file),
                     "Write an object from each variable's name to its value.");
  }
  return variables;
}

/// The template of a model's folder, and what it may expect of the tokenizer.
std::string read_model_template(const std::string& model, json& variables) {
  const auto tokenizer = models::Tokenizer::load(model_path(model));
  if (tokenizer.chat_template().empty()) {
    throw ModelError(fmt::format("{} has no chat template", model),
                     "Name a template file or a model that was made for chat.");
  }
  for (const auto& [name, token] : {std::pair{"bos_token", tokenizer.bos_token()},
                                    std::pair{"eos_token", tokenizer.eos_token()}}) {
    if (!variables.contains(name) && !token.empty()) variables[name] = token;
  }
  return tokenizer.chat_template();
}

int Render::run(Output& output) const {
  json values = read_variables(variables);
  const std::string text = std::filesystem::is_regular_file(source) && !source.ends_with(".gguf")
                               ? read_text(source)
                               : read_model_template(source, values);
  const std::string prompt = JinjaTemplate::parse(text).render(values);
  if (output.json()) {
    output.object({{"prompt", prompt}});
  } else {
    output.text(prompt);
  }
  return done;
}

}  // namespace

Action add_render(CLI::App& command) {
  const auto verb = std::make_shared<Render>();
  command.add_option("MODEL|TEMPLATE", verb->source, "Folder of a model, or a template file")
      ->required();
  command.add_option("--variables", verb->variables, "What the template reads, as a JSON object")
      ->required()
      ->type_name("FILE.json");
  return [verb](Output& output) { return verb->run(output); };
}

}  // namespace quern::cli
